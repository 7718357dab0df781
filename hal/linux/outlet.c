#include "hal/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int outlet_reopen(int fd)
{
    char path[32];
    struct stat about;
    if (fstat(fd, &about) != 0 || (!S_ISFIFO(about.st_mode) && !S_ISCHR(about.st_mode))) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static enum status status_of(ssize_t written)
{
    return written >= 0 ? STATUS_OK : errno == EAGAIN || errno == EWOULDBLOCK ? STATUS_FULL : STATUS_IO;
}

enum status outlet_put(int fd, const char *bytes, size_t size)
{
    const ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK) {
        return status_of(sent);
    }
    const int again = outlet_reopen(fd);
    const enum status status = status_of(write(again >= 0 ? again : fd, bytes, size));
    if (again >= 0) {
        (void)close(again);
    }
    return status;
}
