#include "drivers/uplink/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who may read it ---- */

static bool say_unread(const char *path, int error, struct credential_text *why)
{
    (void)snprintf(why->text, sizeof why->text, "%s cannot be read (%s)", path, strerror(error));
    return false;
}

static bool is_fit(const char *path, const struct stat *about, bool is_private, struct credential_text *why)
{
    if (!S_ISREG(about->st_mode)) {
        (void)snprintf(why->text, sizeof why->text, "%s is no file", path);
        return false;
    }
    const mode_t group = about->st_uid == 0 ? S_IWGRP | S_IXGRP : S_IRWXG;
    if (is_private && (about->st_mode & (group | S_IRWXO)) != 0) {
        (void)snprintf(why->text, sizeof why->text, "%s is open to others (mode %04o), chmod 600 it, or 640 if root's",
                       path, (unsigned)(about->st_mode & 07777));
        return false;
    }
    if (is_private && about->st_uid != 0 && about->st_uid != geteuid()) {
        (void)snprintf(why->text, sizeof why->text, "%s belongs to another user, chown it to the one wardgate runs as",
                       path);
        return false;
    }
    return true;
}

bool credential_is_for_us(const char *path)
{
    struct stat about;
    const bool is_seen = stat(path, &about) == 0;
    const bool is_anothers = is_seen && about.st_uid != 0 && about.st_uid != geteuid();
    return !is_anothers && !(access(path, R_OK) != 0 && errno == EACCES);
}

/* Not blocking: a pipe under this name must not hold us. */
int credential_open(const char *path, bool is_private, struct credential_text *why)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &about) != 0) {
        (void)say_unread(path, errno, why);
    } else if (is_fit(path, &about, is_private, why)) {
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

bool credential_read_password(const char *path, char password[CREDENTIAL_PASSWORD_MAX], struct credential_text *why)
{
    char line[CREDENTIAL_PASSWORD_MAX];
    const int fd = credential_open(path, true, why);
    if (fd < 0) {
        return false;
    }
    const ssize_t got = read(fd, line, sizeof line - 1);
    const int error = errno;
    (void)close(fd);
    if (got < 0) {
        return say_unread(path, error, why);
    }
    line[got] = '\0';
    const size_t length = strcspn(line, "\r\n");
    const bool fits = length > 0 && length < sizeof line - 1;
    if (fits) {
        memcpy(password, line, length);
        password[length] = '\0';
    } else {
        (void)snprintf(why->text, sizeof why->text, "%s holds no password of 1 to %d characters in its first line",
                       path, CREDENTIAL_PASSWORD_MAX - 2);
    }
    explicit_bzero(line, sizeof line);
    return fits;
}

/* ---- whether it is the same ---- */

static struct credential_mark mark_of(const char *path)
{
    struct stat about;
    if (path == NULL || stat(path, &about) != 0) {
        return (struct credential_mark){.inode = 0};
    }
    return (struct credential_mark){.device = about.st_dev,
                                    .inode = about.st_ino,
                                    .size = about.st_size,
                                    .changed_s = about.st_ctim.tv_sec, /* of mode and owner too */
                                    .changed_ns = about.st_ctim.tv_nsec};
}

void credential_look(const struct uplink_broker *broker, struct credential_marks *out)
{
    *out = (struct credential_marks){
        {mark_of(broker->ca), mark_of(broker->cert), mark_of(broker->key), mark_of(broker->password_file)}};
}

static bool mark_equals(const struct credential_mark *a, const struct credential_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed_s == b->changed_s &&
           a->changed_ns == b->changed_ns;
}

bool credential_marks_equal(const struct credential_marks *a, const struct credential_marks *b)
{
    bool equal = true;
    for (size_t i = 0; i < CREDENTIAL_FILES; ++i) {
        equal = equal && mark_equals(&a->files[i], &b->files[i]);
    }
    return equal;
}
