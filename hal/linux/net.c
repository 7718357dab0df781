#include "hal/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum status parse_address(const char *host, uint16_t port, union address *out, socklen_t *out_size)
{
    union address address;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        *out_size = sizeof address.v4;
    } else if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        *out_size = sizeof address.v6;
    } else {
        errno = EINVAL;
        return STATUS_INVALID;
    }
    *out = address;
    return STATUS_OK;
}

enum status net_connect_start(const char *host, uint16_t port, int *out_fd)
{
    union address address;
    socklen_t size = 0;
    const enum status status = parse_address(host, port, &address, &size);
    if (status != STATUS_OK) {
        return status;
    }
    const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return STATUS_IO;
    }
    const int on = 1; /* a request is one small segment: do not wait for more */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &address.any, size) != 0 && errno != EINPROGRESS) {
        net_close(fd);
        return STATUS_IO;
    }
    *out_fd = fd;
    return STATUS_OK;
}

enum status net_connect_finish(int fd)
{
    int fault = 0;
    socklen_t size = sizeof fault;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) != 0) {
        return STATUS_IO;
    }
    if (fault != 0) {
        errno = fault;
        return STATUS_IO;
    }
    return STATUS_OK;
}

void net_close(int fd)
{
    const int saved_errno = errno;
    (void)close(fd);
    errno = saved_errno;
}

enum status net_peek(int fd, void *bytes, size_t size, size_t *out_length)
{
    const ssize_t got = recv(fd, bytes, size, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0) {
        return STATUS_CLOSED;
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        return STATUS_IO;
    }
    *out_length = got > 0 ? (size_t)got : 0;
    return STATUS_OK;
}
