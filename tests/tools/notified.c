/*
 * notified.c: a service manager to tests: binds the datagram socket that its argument names (a path, or @ and an abstract name) and prints each line that it is told,
 * with the ms since it began in front, until it is killed.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hal/clock.h"

static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(name);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || length >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, name, length);
    const bool is_abstract = name[0] == '@';
    address.sun_path[0] = is_abstract ? '\0' : name[0];
    const size_t size = offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1);
    return bind(fd, (const struct sockaddr *)&address, (socklen_t)size) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    const int fd = argc == 2 ? listen_at(argv[1]) : -1;
    const int64_t begin_us = clock_boot_us();
    char lines[1024];
    if (fd < 0) {
        (void)fprintf(stderr, "usage: notified SOCKET, which is free\n");
        return 2;
    }
    for (ssize_t length; (length = recv(fd, lines, sizeof lines - 1, 0)) >= 0;) {
        lines[length] = '\0';
        for (char *line = lines, *rest = NULL; (line = strtok_r(line, "\n", &rest)) != NULL; line = NULL) {
            (void)printf("%lld %s\n", (long long)(clock_boot_us() - begin_us) / 1000, line);
        }
        (void)fflush(stdout);
    }
    return 1;
}
