#include "app/update/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER   "update"
#define TEXT_MAX 4096

struct field {
    const char *key;
    size_t at;
};
static const struct field fields[] = {
    {"version", offsetof(struct record_of_update, version)}, {"bundle", offsetof(struct record_of_update, bundle)},
    {"slot", offsetof(struct record_of_update, slot)},       {"boot", offsetof(struct record_of_update, boot)},
    {"state", offsetof(struct record_of_update, state)},     {"reason", offsetof(struct record_of_update, reason)}};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static enum status status_of(int error)
{
    return error == ENOENT || error == ENOTDIR                   ? STATUS_NOT_FOUND
           : error == EACCES || error == EPERM || error == EROFS ? STATUS_DENIED
           : error == ENOSPC || error == EDQUOT                  ? STATUS_FULL
                                                                 : STATUS_IO;
}

static enum status open_folder(const char *data, bool make, int *out_fd)
{
    char path[RECORD_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/" FOLDER, data);
    if (make && mkdir(path, 0755) != 0 && errno != EEXIST) {
        return status_of(errno);
    }
    *out_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out_fd >= 0 ? STATUS_OK : status_of(errno);
}

enum status record_make_folder(const char *data)
{
    int folder = -1;
    const enum status status = open_folder(data, true, &folder);
    if (status == STATUS_OK) {
        (void)close(folder);
    }
    return status;
}

size_t record_read_text(const char *data, const char *name, char *out, size_t size)
{
    int folder = -1;
    ssize_t length = 0;
    out[0] = '\0';
    if (open_folder(data, false, &folder) != STATUS_OK) {
        return 0;
    }
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        length = read(fd, out, size - 1);
        (void)close(fd);
    }
    (void)close(folder);
    out[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

static void take_line(const char *line, size_t length, struct record_of_update *out)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        const size_t key = strlen(fields[i].key);
        if (length > key && memcmp(line, fields[i].key, key) == 0 && line[key] == '=') {
            const size_t size = length - key - 1;
            char *to = (char *)out + fields[i].at;
            (void)snprintf(to, RECORD_VALUE_MAX, "%.*s", (int)size, line + key + 1);
        }
    }
}

bool record_read(const char *data, const char *name, struct record_of_update *out)
{
    char text[TEXT_MAX];
    *out = (struct record_of_update){.version = ""};
    const size_t length = record_read_text(data, name, text, sizeof text);
    for (const char *line = text; line < text + length;) {
        const size_t count = strcspn(line, "\n");
        take_line(line, count, out);
        line += count + 1;
    }
    return out->version[0] != '\0';
}

bool record_is_of(const struct record_of_update *record, const char *version, const char *slot)
{
    assert(record != NULL && version != NULL && slot != NULL);
    return strcmp(record->version, version) == 0 && strcmp(record->slot, slot) == 0;
}

static enum status fill(int folder, const char *stage, const char *text, size_t length)
{
    const int fd = openat(folder, stage, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return status_of(errno);
    }
    errno = 0;
    const bool good = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    const int error = errno;
    (void)close(fd);
    return good ? STATUS_OK : error == 0 ? STATUS_FULL : status_of(error);
}

enum status record_write_text(const char *data, const char *name, const char *text, size_t length)
{
    char stage[64];
    int folder = -1;
    assert(strlen(name) < sizeof stage - 8);
    (void)snprintf(stage, sizeof stage, "%s.next", name);
    enum status status = open_folder(data, true, &folder);
    if (status != STATUS_OK) {
        return status;
    }
    status = fill(folder, stage, text, length);
    if (status == STATUS_OK && (renameat(folder, stage, folder, name) != 0 || fsync(folder) != 0)) {
        status = status_of(errno);
    }
    (void)close(folder);
    return status;
}

enum status record_write(const char *data, const char *name, const struct record_of_update *record)
{
    char text[TEXT_MAX];
    size_t length = 0;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        const char *value = (const char *)record + fields[i].at;
        if (value[0] != '\0') {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s=%.*s\n", fields[i].key,
                                       (int)strcspn(value, "\n"), value);
        }
    }
    return record_write_text(data, name, text, length);
}

enum status record_remove(const char *data, const char *name)
{
    int folder = -1;
    enum status status = open_folder(data, false, &folder);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if ((unlinkat(folder, name, 0) != 0 && errno != ENOENT) || fsync(folder) != 0) {
        status = status_of(errno);
    }
    (void)close(folder);
    return status;
}
