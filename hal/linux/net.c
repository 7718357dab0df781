#include "hal/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
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

void net_abort(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

enum status net_send_whole(int fd, const void *bytes, size_t length)
{
    const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)length ? STATUS_OK : STATUS_IO;
}

enum status net_listen(const char *host, uint16_t port, int *out_fd)
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
    const int on = 1; /* connections of the run before may still be ending at this port */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address.any, size) != 0 || listen(fd, SOMAXCONN) != 0) {
        net_close(fd);
        return errno == EADDRINUSE ? STATUS_BUSY : errno == EACCES ? STATUS_DENIED : STATUS_IO;
    }
    *out_fd = fd;
    return STATUS_OK;
}

static void set_number(int fd, int level, int option, int number)
{
    (void)setsockopt(fd, level, option, &number, sizeof number);
}

enum status net_accept(int listening, int *out_fd)
{
    const int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        const bool none = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
        return none ? STATUS_EMPTY : STATUS_IO;
    }
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
    *out_fd = fd;
    return STATUS_OK;
}

enum status net_receive(int fd, void *bytes, size_t size, size_t *out_length)
{
    const ssize_t got = recv(fd, bytes, size, MSG_DONTWAIT);
    if (got == 0) {
        return STATUS_CLOSED;
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        return STATUS_IO;
    }
    *out_length = got > 0 ? (size_t)got : 0;
    return STATUS_OK;
}

enum status net_send_some(int fd, const void *bytes, size_t size, size_t *out_length)
{
    const ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        return STATUS_IO;
    }
    *out_length = sent > 0 ? (size_t)sent : 0;
    return STATUS_OK;
}

bool net_leads_to(int fd, uint16_t port)
{
    union address peer = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    if (getpeername(fd, &peer.any, &size) != 0) {
        return false; /* no socket, or not connected */
    }
    return (peer.any.sa_family == AF_INET && peer.v4.sin_port == htons(port)) ||
           (peer.any.sa_family == AF_INET6 && peer.v6.sin6_port == htons(port));
}

int net_send_at_once(uint16_t port)
{
    const int on = 1;
    int found = -1;
    unsigned count = 0;
    const struct dirent *entry;
    DIR *const listing = opendir("/proc/self/fd");
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        char *end = NULL;
        const int fd = (int)strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && net_leads_to(fd, port) &&
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) {
            found = fd;
            count++;
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
    return count == 1 ? found : -1;
}

void net_hold(int fd, bool held)
{
    set_number(fd, IPPROTO_TCP, TCP_CORK, held);
}
