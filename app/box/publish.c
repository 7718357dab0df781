#include "app/box/publish.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE     ".new"
#define WALK_DEPTH 16 /* folders open at a time */

static enum status status_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    case ENOSPC:
    case EDQUOT:
        return STATUS_FULL;
    case ENAMETOOLONG:
        return STATUS_TOO_LARGE;
    default:
        return STATUS_IO;
    }
}

bool publish_path(char out[PUBLISH_PATH_MAX], const char *folder, const char *name)
{
    const int length = snprintf(out, PUBLISH_PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < PUBLISH_PATH_MAX;
}

/* The folder that `path` stands in. */
static bool find_folder(char out[PUBLISH_PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    const int length = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    const int written = snprintf(out, PUBLISH_PATH_MAX, "%.*s", length, slash == NULL ? "." : path);
    return written > 0 && written < PUBLISH_PATH_MAX;
}

static enum status sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    const enum status status = fsync(fd) == 0 || errno == EINVAL ? STATUS_OK : status_of_errno(errno);
    (void)close(fd);
    return status;
}

static enum status write_whole(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno != EINTR) {
            return status_of_errno(errno);
        }
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return STATUS_OK;
}

/* FAT has neither modes nor owners, and says EPERM. */
static enum status set_mode(int fd, const struct publish_mode *mode)
{
    const bool is_set =
        fchmod(fd, mode->file) == 0 && (mode->group == (gid_t)-1 || fchown(fd, (uid_t)-1, mode->group) == 0);
    return is_set || errno == EPERM ? STATUS_OK : status_of_errno(errno);
}

static enum status write_synced(const char *path, const struct publish_mode *mode, const void *bytes, size_t size)
{
    (void)unlink(path); /* of a run that was cut */
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    enum status status = write_whole(fd, bytes, size);
    status = status == STATUS_OK ? set_mode(fd, mode) : status;
    if (status == STATUS_OK && fsync(fd) != 0) {
        status = status_of_errno(errno);
    }
    if (close(fd) != 0 && status == STATUS_OK) {
        status = status_of_errno(errno);
    }
    return status;
}

bool publish_is_there(const char *path, const void *bytes, size_t size)
{
    char piece[4096];
    size_t done = 0;
    FILE *stream = fopen(path, "re");
    bool is_same = stream != NULL;
    for (size_t got = 1; is_same && got > 0; done += got) {
        got = fread(piece, 1, sizeof piece, stream);
        is_same = got <= size - done && memcmp(piece, (const char *)bytes + done, got) == 0;
    }
    is_same = is_same && done == size && ferror(stream) == 0;
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return is_same;
}

enum status publish_file(const char *path, const struct publish_mode *mode, const void *bytes, size_t size)
{
    assert(path != NULL && mode != NULL && bytes != NULL);
    char beside[PUBLISH_PATH_MAX], folder[PUBLISH_PATH_MAX];
    const int length = snprintf(beside, sizeof beside, "%s" BESIDE, path);
    if (length < 0 || (size_t)length >= sizeof beside || !find_folder(folder, path)) {
        return STATUS_TOO_LARGE;
    }
    if (publish_is_there(path, bytes, size)) {
        return STATUS_OK;
    }
    enum status status = write_synced(beside, mode, bytes, size);
    if (status == STATUS_OK && rename(beside, path) != 0) {
        status = status_of_errno(errno);
    }
    if (status != STATUS_OK) {
        (void)unlink(beside);
        return status;
    }
    return sync_folder(folder);
}

enum status publish_text(const char *path, const struct publish_mode *mode, const char *text)
{
    return publish_file(path, mode, text, strlen(text));
}

static enum status make_folder(const char *path, const struct publish_mode *mode)
{
    if (mkdir(path, mode->folder) != 0) {
        return errno == EEXIST ? STATUS_OK : status_of_errno(errno);
    }
    char above[PUBLISH_PATH_MAX];
    const bool is_set =
        chmod(path, mode->folder) == 0 && (mode->group == (gid_t)-1 || chown(path, (uid_t)-1, mode->group) == 0);
    if (!is_set && errno != EPERM) {
        return status_of_errno(errno);
    }
    return find_folder(above, path) ? sync_folder(above) : STATUS_TOO_LARGE;
}

enum status publish_folder(const char *path, const struct publish_mode *mode)
{
    assert(path != NULL && mode != NULL);
    char part[PUBLISH_PATH_MAX];
    enum status status = strlen(path) < sizeof part ? STATUS_OK : STATUS_TOO_LARGE;
    for (const char *end = path; status == STATUS_OK && *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        (void)snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
        status = make_folder(part, mode);
    }
    return status;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

/*
 * Not by fts: on a 32-bit machine Debian 12's reads folders with the old readdir, which fails, and tells nobody, where the number of an inode or
 * a place in a folder does not fit into 32 bits.
 */
enum status publish_remove(const char *path)
{
    assert(path != NULL);
    struct stat about;
    if (lstat(path, &about) != 0) {
        return errno == ENOENT ? STATUS_OK : status_of_errno(errno);
    }
    const bool is_gone = nftw(path, remove_entry, WALK_DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0;
    return is_gone ? STATUS_OK : status_of_errno(errno);
}

enum status publish_exchange(const char *from, const char *to)
{
    assert(from != NULL && to != NULL);
    char folder[PUBLISH_PATH_MAX];
    const bool is_first = access(to, F_OK) != 0;
    if (!find_folder(folder, to)) {
        return STATUS_TOO_LARGE;
    }
    if (is_first ? rename(from, to) != 0 : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0) {
        return status_of_errno(errno);
    }
    return sync_folder(folder);
}
