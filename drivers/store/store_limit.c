/*
 * store_limit.c: how far a store may be brought forward: a number in a file of its folder, beside what it is about, so that whoever opens the store sees it.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/store/store_internal.h"

#define LIMIT_NAME   "schema-most"
#define LIMIT_STAGE  LIMIT_NAME ".next"
#define LIMIT_DIGITS 16

struct store_limit store_read_limit(int folder_fd)
{
    char text[LIMIT_DIGITS], *end = text;
    const int fd = openat(folder_fd, LIMIT_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return (struct store_limit){.is_set = errno != ENOENT};
    }
    const ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length < 0 ? 0 : length] = '\0';
    const unsigned long long schema = strtoull(text, &end, 10); /* long has 32 bits on some boxes */
    const bool is_number = end != text && *end == '\n' && schema <= UINT32_MAX;
    return (struct store_limit){.is_set = true, .schema = is_number ? (uint32_t)schema : 0};
}

/* Made anew, never followed: the folder is the gateway's, and whoever sets a limit may be root. */
static enum status write_stage(int folder_fd, uint32_t newest)
{
    char text[LIMIT_DIGITS];
    const int length = snprintf(text, sizeof text, "%" PRIu32 "\n", newest);
    if (unlinkat(folder_fd, LIMIT_STAGE, 0) != 0 && errno != ENOENT) {
        return folder_status(errno);
    }
    const int fd = openat(folder_fd, LIMIT_STAGE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return folder_status(errno);
    }
    enum status status = fchmod(fd, 0644) == 0 ? STATUS_OK : folder_status(errno);
    if (status == STATUS_OK && write(fd, text, (size_t)length) != length) {
        status = folder_status(errno);
    }
    if (status == STATUS_OK && fsync(fd) != 0) {
        status = folder_status(errno);
    }
    close(fd);
    return status;
}

enum status store_limit_schema(const char *path, uint32_t newest)
{
    int folder_fd = -1;
    assert(path != NULL && newest > 0);
    enum status status = folder_open_existing(path, &folder_fd);
    if (status != STATUS_OK) {
        return status;
    }
    status = write_stage(folder_fd, newest);
    if (status == STATUS_OK &&
        (renameat(folder_fd, LIMIT_STAGE, folder_fd, LIMIT_NAME) != 0 || fsync(folder_fd) != 0)) {
        status = folder_status(errno);
    }
    close(folder_fd);
    return status;
}

uint32_t store_limit_of(const char *path)
{
    int folder_fd = -1;
    if (folder_open_existing(path, &folder_fd) != STATUS_OK) {
        return 0;
    }
    const struct store_limit limit = store_read_limit(folder_fd);
    close(folder_fd);
    return limit.schema;
}
