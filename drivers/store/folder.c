#include "drivers/store/folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGE_MARK      ".new-"
#define STAGE_DIGITS    8U
#define SET_ASIDE_MARK  ".damaged-"
#define SET_ASIDE_COUNT 1000U /* more than fit on any disk */
#define LOCK_NAME       "lock"

enum status folder_status(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return STATUS_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    case ENOENT:
        return STATUS_NOT_FOUND;
    case ENOTDIR:
    case ENAMETOOLONG:
        return STATUS_INVALID;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_IO;
    }
}

/* The status of errno after a call that returned `result`. */
static enum status status_of(int result)
{
    return result >= 0 ? STATUS_OK : folder_status(errno);
}

static enum status sync_path(int folder_fd, const char *path, int flags)
{
    const int fd = openat(folder_fd, path, flags | O_CLOEXEC);
    if (fd < 0) {
        return folder_status(errno);
    }
    const enum status status = status_of(fsync(fd));
    close(fd);
    return status;
}

enum status folder_open(const char *path, int *out_fd)
{
    assert(path != NULL && out_fd != NULL);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return folder_status(errno);
    }
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return folder_status(errno);
    }
    enum status status = sync_path(fd, "..", O_RDONLY | O_DIRECTORY);
    if (status == STATUS_OK) {
        status = status_of(fsync(fd));
    }
    if (status != STATUS_OK) {
        close(fd);
        return status;
    }
    *out_fd = fd;
    return STATUS_OK;
}

enum status folder_open_existing(const char *path, int *out_fd)
{
    assert(path != NULL && out_fd != NULL);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return folder_status(errno);
    }
    *out_fd = fd;
    return STATUS_OK;
}

/* A gateway's lock on the whole file; asking for it takes nothing that would keep one out that starts at this moment. */
static struct flock whole_file(short kind)
{
    return (struct flock){.l_type = kind, .l_whence = SEEK_SET};
}

bool folder_is_held(int folder_fd)
{
    struct flock lock = whole_file(F_RDLCK);
    const int fd = openat(folder_fd, LOCK_NAME, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return held;
}

static enum status take_lock(int folder_fd, int flags, int *out_fd)
{
    assert(out_fd != NULL);
    const int fd = openat(folder_fd, LOCK_NAME, O_RDWR | O_CLOEXEC | flags, 0600);
    if (fd < 0) {
        return folder_status(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const enum status status = errno == EWOULDBLOCK ? STATUS_BUSY : folder_status(errno);
        close(fd);
        return status;
    }
    struct flock lock = whole_file(F_WRLCK);
    (void)fcntl(fd, F_OFD_SETLK,
                &lock); /* what can be asked for; a file system without it is read as if nobody were there */
    *out_fd = fd;
    return STATUS_OK;
}

enum status folder_lock(int folder_fd, int *out_fd)
{
    return take_lock(folder_fd, O_CREAT, out_fd);
}

enum status folder_lock_existing(int folder_fd, int *out_fd)
{
    return take_lock(folder_fd, 0, out_fd);
}

enum status folder_random_hex(char *out, size_t count)
{
    assert(out != NULL);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = 0;
        if (getrandom(&byte, sizeof byte, 0) != sizeof byte) {
            return STATUS_IO;
        }
        out[i] = digits[byte % 16];
    }
    out[count] = '\0';
    return STATUS_OK;
}

enum status folder_stage(int folder_fd, const char *name, char out_stage[FOLDER_NAME_MAX])
{
    assert(name != NULL && out_stage != NULL);
    char digits[STAGE_DIGITS + 1];
    const enum status status = folder_random_hex(digits, STAGE_DIGITS);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(out_stage, FOLDER_NAME_MAX, "%s" STAGE_MARK "%s", name, digits);
    return status_of(mkdirat(folder_fd, out_stage, 0700));
}

enum status folder_sync_data(int folder_fd, const char *name)
{
    assert(name != NULL);
    char data[2 * FOLDER_NAME_MAX];
    (void)snprintf(data, sizeof data, "%s/" FOLDER_DATA, name);
    return sync_path(folder_fd, data, O_RDONLY);
}

enum status folder_publish(int folder_fd, const char *stage, const char *name)
{
    assert(stage != NULL && name != NULL);
    enum status status = folder_sync_data(folder_fd, stage);
    if (status == STATUS_OK) {
        status = sync_path(folder_fd, stage, O_RDONLY | O_DIRECTORY);
    }
    if (status == STATUS_OK) {
        status = status_of(renameat(folder_fd, stage, folder_fd, name));
    }
    return status == STATUS_OK ? status_of(fsync(folder_fd)) : status;
}

void folder_sweep(int folder_fd)
{
    const int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    if (listing == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return; /* what is left over only takes room: the next start tries again */
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (strstr(entry->d_name, STAGE_MARK) != NULL) {
            folder_remove(folder_fd, entry->d_name);
        }
    }
    closedir(listing);
}

bool folder_has(int folder_fd, const char *name)
{
    assert(name != NULL);
    return fstatat(folder_fd, name, &(struct stat){0}, AT_SYMLINK_NOFOLLOW) == 0;
}

void folder_remove(int folder_fd, const char *name)
{
    assert(name != NULL);
    const int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        (void)unlinkat(folder_fd, name, 0);
        return;
    }
    (void)unlinkat(fd, FOLDER_DATA, 0);
    (void)unlinkat(fd, FOLDER_LOCK, 0);
    close(fd);
    (void)unlinkat(folder_fd, name, AT_REMOVEDIR);
}

enum status folder_set_aside(int folder_fd, const char *name, char out_name[FOLDER_NAME_MAX])
{
    assert(name != NULL && out_name != NULL);
    char aside[FOLDER_NAME_MAX];
    for (unsigned n = 1; n <= SET_ASIDE_COUNT; n++) {
        (void)snprintf(aside, sizeof aside, "%s" SET_ASIDE_MARK "%u", name, n);
        if (folder_has(folder_fd, aside)) {
            continue;
        }
        if (renameat(folder_fd, name, folder_fd, aside) != 0) {
            return folder_status(errno);
        }
        memcpy(out_name, aside, sizeof aside);
        return status_of(fsync(folder_fd));
    }
    return STATUS_FULL;
}

static bool is_later(const struct timespec *left, const struct timespec *right)
{
    return left->tv_sec != right->tv_sec ? left->tv_sec > right->tv_sec : left->tv_nsec > right->tv_nsec;
}

/* A folder's change is that of its name: nobody writes into it any more. */
bool folder_find_aside(int folder_fd, const char *name, char out_name[FOLDER_NAME_MAX])
{
    assert(name != NULL && out_name != NULL);
    char aside[FOLDER_NAME_MAX];
    struct stat info, newest = {.st_size = 0};
    bool found = false;
    for (unsigned n = 1; n <= SET_ASIDE_COUNT; n++) {
        (void)snprintf(aside, sizeof aside, "%s" SET_ASIDE_MARK "%u", name, n);
        if (fstatat(folder_fd, aside, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            (!found || is_later(&info.st_ctim, &newest.st_ctim))) {
            memcpy(out_name, aside, sizeof aside);
            newest = info;
            found = true;
        }
    }
    return found;
}

enum status folder_reserve(int folder_fd, const char *name, const char *file, uint64_t bytes)
{
    assert(name != NULL && file != NULL);
    char path[2 * FOLDER_NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", name, file);
    const int fd = openat(folder_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return folder_status(errno);
    }
    enum status status = status_of(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes));
    if (status != STATUS_OK && (errno == EOPNOTSUPP || errno == ENOSYS)) {
        status = STATUS_OK;
    }
    close(fd);
    return status;
}
