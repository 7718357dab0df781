/*
 * first_request: how long from the start of the gateway's process to the first byte of its first request on the wire.
 *
 *     first_request LINK PROGRAM ARGUMENT...     prints milliseconds; LINK becomes a symlink to a pty
 *
 * The configuration of the gateway must have a line whose device is LINK.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int open_line(const char *link)
{
    const int line = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0 || tcgetattr(line, &raw) != 0) {
        return -1;
    }
    cfmakeraw(&raw);
    (void)tcsetattr(line, TCSANOW, &raw);
    (void)unlink(link);
    return symlink(ptsname(line), link) == 0 ? line : -1;
}

int main(int argc, char **argv)
{
    const int line = argc >= 3 ? open_line(argv[1]) : -1;
    if (line < 0) {
        (void)fprintf(stderr, "usage: first_request LINK PROGRAM ARGUMENT...\n");
        return 2;
    }
    const int64_t started_us = now_us();
    const pid_t child = fork();
    if (child == 0) {
        (void)execv(argv[2], argv + 2);
        _exit(127);
    }
    struct pollfd waiting = {.fd = line, .events = POLLIN};
    int ready = 0;
    /* Until the gateway opens the other end, the pty may hang up. */
    while (now_us() - started_us < PATIENCE_MS * 1000 && ready != POLLIN) {
        (void)poll(&waiting, 1, 1);
        ready = waiting.revents & POLLIN;
    }
    const int64_t took_us = now_us() - started_us;
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
    (void)unlink(argv[1]);
    (void)printf("%.1f\n", (double)took_us / 1000.0);
    return ready == POLLIN ? 0 : 1;
}
