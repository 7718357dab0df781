#include "app/flow/local_connection.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "hal/clock.h"

enum { BACKLOG = 8, DIAL_MS = 1000 };

static bool make_address(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    const int length = snprintf(out->sun_path, sizeof out->sun_path, "%s", path);
    return length > 0 && (size_t)length < sizeof out->sun_path;
}

static enum status from_errno(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    case ENOENT:
    case ECONNREFUSED:
        return STATUS_NOT_FOUND;
    case EADDRINUSE:
        return STATUS_BUSY;
    case EAGAIN:
    case ETIMEDOUT:
        return STATUS_TIMEOUT;
    default:
        return STATUS_IO;
    }
}

static void bound_waits(int fd, int wait_ms)
{
    const struct timeval patience = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static enum status dial(const char *path, int wait_ms, int *out_fd)
{
    struct sockaddr_un address;
    if (!make_address(path, &address)) {
        return STATUS_TOO_LARGE;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return from_errno(errno);
    }
    bound_waits(fd, wait_ms);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        const enum status status = from_errno(errno);
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    return STATUS_OK;
}

static enum status listen_at(const struct sockaddr_un *address, int *out_fd)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return from_errno(errno);
    }
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 || chmod(address->sun_path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0) {
        const enum status status = from_errno(errno);
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    return STATUS_OK;
}

enum status connection_listen(const char *path, int *out_fd)
{
    struct sockaddr_un address;
    struct stat found;
    int other = -1;
    if (!make_address(path, &address)) {
        return STATUS_TOO_LARGE;
    }
    const enum status dialled = dial(path, DIAL_MS, &other);
    if (dialled == STATUS_OK) {
        (void)close(other);
    }
    if (dialled == STATUS_OK || dialled == STATUS_TIMEOUT) {
        return STATUS_BUSY; /* somebody listens, if only just */
    }
    if (dialled != STATUS_NOT_FOUND) {
        return dialled; /* somebody's: who may not ask cannot know whether he listens */
    }
    if (lstat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
        (void)unlink(path);
    }
    return listen_at(&address, out_fd);
}

void connection_close(const char *path, int fd)
{
    if (fd >= 0) {
        (void)unlink(path);
        (void)close(fd);
    }
}

bool connection_accept(int fd, int wait_ms, int *out_client)
{
    *out_client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (*out_client >= 0) {
        bound_waits(*out_client, wait_ms);
    }
    return *out_client >= 0;
}

unsigned connection_user(int client)
{
    struct ucred user = {.uid = (uid_t)-1};
    socklen_t size = sizeof user;
    (void)getsockopt(client, SOL_SOCKET, SO_PEERCRED, &user, &size);
    return user.uid;
}

bool connection_read_line(int client, int wait_ms, char *out, size_t size)
{
    const int64_t until_us = clock_boot_us() + wait_ms * INT64_C(1000);
    size_t length = 0;
    while (length < size - 1 && clock_boot_us() < until_us) {
        const ssize_t got = recv(client, out + length, size - 1 - length, 0);
        if (got <= 0) {
            return false;
        }
        char *const end = memchr(out + length, '\n', (size_t)got);
        length += (size_t)got;
        if (end != NULL) {
            *end = '\0';
            return true;
        }
    }
    return false;
}

bool connection_send(int client, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t sent = send(client, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

enum status connection_ask(const char *path, const char *request, int wait_ms, char *out, size_t size,
                           size_t *out_length)
{
    int fd = -1;
    const enum status status = dial(path, wait_ms, &fd);
    if (status != STATUS_OK) {
        return status;
    }
    size_t length = 0;
    ssize_t got = 1;
    (void)(connection_send(fd, request, strlen(request)) && connection_send(fd, "\n", 1));
    while (got > 0 && length < size - 1) {
        got = recv(fd, out + length, size - 1 - length, 0);
        length += got > 0 ? (size_t)got : 0;
    }
    const bool late = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    (void)close(fd);
    if (late || length == 0) {
        return late ? STATUS_TIMEOUT : STATUS_CLOSED;
    }
    out[length] = '\0';
    *out_length = length;
    return STATUS_OK;
}

enum status connection_begin(const char *path, const char *request, int *out_fd)
{
    struct sockaddr_un address;
    if (!make_address(path, &address)) {
        return STATUS_TOO_LARGE;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return from_errno(errno);
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) { /* at once, or not at all */
        const enum status status = from_errno(errno);
        (void)close(fd);
        return status;
    }
    (void)(connection_send(fd, request, strlen(request)) && connection_send(fd, "\n", 1));
    *out_fd = fd;
    return STATUS_OK;
}
