#include "app/settings/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status status_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
        return STATUS_DENIED;
    default:
        return STATUS_IO;
    }
}

struct stand_in {
    const char *path, *stage;
};
static struct stand_in stand_ins[FILE_STAND_INS_MAX];
static unsigned stand_in_count;

bool file_stand_in(const char *path, const char *stage)
{
    assert(path != NULL && stage != NULL);
    if (stand_in_count == FILE_STAND_INS_MAX) {
        return false;
    }
    stand_ins[stand_in_count++] = (struct stand_in){path, stage};
    return true;
}

/* Where it is read from; too long a name is none that is there. */
static const char *read_from(const char *path, char place[PATH_MAX])
{
    for (unsigned i = 0; i < stand_in_count; i++) {
        const size_t length = strlen(stand_ins[i].path);
        if (strncmp(path, stand_ins[i].path, length) == 0 && (path[length] == '\0' || path[length] == '/')) {
            const int printed = snprintf(place, PATH_MAX, "%s%s", stand_ins[i].stage, path + length);
            return printed < PATH_MAX ? place : "";
        }
    }
    return path;
}

/* Reads until `size` bytes are there or the file ends, which it may do sooner than its size said. */
static enum status read_all(int descriptor, unsigned char *bytes, size_t size, size_t *out_read)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t got = read(descriptor, bytes + done, size - done);
        if (got < 0 && errno != EINTR) {
            return status_of_errno(errno);
        }
        if (got == 0) {
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    *out_read = done;
    return STATUS_OK;
}

static enum status read_open(int descriptor, struct pool *pool, struct file_bytes *out)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) {
        return status_of_errno(errno);
    }
    if (!S_ISREG(about.st_mode)) {
        return STATUS_INVALID;
    }
    if (about.st_size > FILE_BYTES_MAX) {
        return STATUS_TOO_LARGE;
    }
    unsigned char *bytes = pool_take(pool, (size_t)about.st_size, 1);
    if (bytes == NULL) {
        return STATUS_NO_MEMORY;
    }
    size_t size = 0;
    const enum status status = read_all(descriptor, bytes, (size_t)about.st_size, &size);
    if (status == STATUS_OK) {
        *out = (struct file_bytes){bytes, size};
    }
    return status;
}

enum status file_read(const char *path, struct pool *pool, struct file_bytes *out)
{
    assert(path != NULL && pool != NULL && out != NULL);
    /* Not blocking: a pipe under this name must not hold us. */
    char place[PATH_MAX];
    const int descriptor = open(read_from(path, place), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return status_of_errno(errno);
    }
    const enum status status = read_open(descriptor, pool, out);
    (void)close(descriptor);
    return status;
}

bool file_is_there(const char *path)
{
    assert(path != NULL);
    char place[PATH_MAX];
    return access(read_from(path, place), F_OK) == 0;
}

enum status file_look(const char *path, unsigned *out_mode, bool *out_is_roots)
{
    assert(path != NULL && out_mode != NULL && out_is_roots != NULL);
    struct stat about;
    char place[PATH_MAX];
    if (stat(read_from(path, place), &about) != 0) {
        return status_of_errno(errno);
    }
    if (!S_ISREG(about.st_mode)) {
        return STATUS_INVALID;
    }
    *out_mode = about.st_mode & 07777U;
    *out_is_roots = about.st_uid == 0;
    return STATUS_OK;
}

const char *file_folder(const char *path, struct pool *pool)
{
    const char *name = file_name(path);
    if (name == path) {
        return pool_text(pool, ".", 1);
    }
    return pool_text(pool, path, name - path > 1 ? (size_t)(name - path - 1) : 1);
}

const char *file_path(const char *folder, const char *path, struct pool *pool)
{
    assert(folder != NULL && path != NULL);
    if (path[0] == '/' || strcmp(folder, ".") == 0) {
        return pool_text(pool, path, strlen(path));
    }
    return pool_format(pool, "%s/%s", folder, path);
}

const char *file_name(const char *path)
{
    assert(path != NULL);
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t file_list(const char *folder, const char *ending, struct pool *pool, const char **out, size_t most)
{
    assert(folder != NULL && ending != NULL && out != NULL);
    size_t count = 0;
    char place[PATH_MAX];
    DIR *directory = opendir(read_from(folder, place));
    const struct dirent *entry = NULL;
    while (directory != NULL && count < most && (entry = readdir(directory)) != NULL) {
        const size_t length = strlen(entry->d_name), end = strlen(ending);
        const bool fits = length > end && strcmp(entry->d_name + length - end, ending) == 0;
        const char *name = fits ? pool_text(pool, entry->d_name, length - end) : NULL;
        if (name != NULL) {
            out[count++] = name;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    qsort(out, count, sizeof out[0], compare_names);
    return count;
}
