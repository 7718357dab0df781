/*
 * ask: sends standard input to a unix socket, then prints what is answered until the end, or for half a second without a word.
 *
 *     echo 'b01 silence' | ask ward.sock
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 65536, PATIENCE_MS = 500 };

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    static char chunk[CHUNK];
    const int fd = argc == 2 ? dial(argv[1]) : -1;
    if (fd < 0) {
        (void)fprintf(stderr, "usage: ask SOCKET <question (nobody listens there?)\n");
        return 2;
    }
    const ssize_t asked = read(STDIN_FILENO, chunk, sizeof chunk);
    if (asked < 0 || send(fd, chunk, (size_t)asked, MSG_NOSIGNAL) != asked) {
        return 1;
    }
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    while (poll(&waiting, 1, PATIENCE_MS) > 0) {
        const ssize_t got = read(fd, chunk, sizeof chunk);
        if (got <= 0) {
            break;
        }
        (void)fwrite(chunk, 1, (size_t)got, stdout);
    }
    (void)close(fd);
    return 0;
}
