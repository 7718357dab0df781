#include "hal/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_PIECE 128
#define TURN_LOOK_NS   1000000
#define TURN_LOOKS     100

/* Whoever looks whether there is room for what would wait, and then writes. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_stuck; /* somebody has waited in vain: until one has the turn again nobody waits */

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

/* A terminal takes of a line what it has room for. */
static enum status status_of(ssize_t written, size_t size)
{
    if (written >= 0) {
        return (size_t)written == size ? STATUS_OK : STATUS_FULL;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? STATUS_FULL : STATUS_IO;
}

/* As write, for what waits when there is no room: there is some before each piece. A pipe has room for PIPE_BUF bytes then, a terminal for a piece: Linux gives
 * the room of a pseudo-terminal in steps of 256 bytes, and a line end may take two. */
static ssize_t write_with_room(int fd, const char *bytes, size_t size)
{
    const size_t piece_max = isatty(fd) == 1 ? TERMINAL_PIECE : size;
    size_t done = 0;
    while (done < size) {
        const size_t piece = size - done < piece_max ? size - done : piece_max;
        const bool has_room = poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 0) != 0;
        const ssize_t written = has_room ? write(fd, bytes + done, piece) : 0;
        if (written <= 0) {
            errno = has_room ? errno : EAGAIN;
            return done > 0 ? (ssize_t)done : -1;
        }
        done += (size_t)written;
    }
    return (ssize_t)done;
}

/* Who keeps it all this time waits for another program that took the room. */
static bool take_turn(void)
{
    for (unsigned i = 0; i < TURN_LOOKS; ++i) {
        if (pthread_mutex_trylock(&turn) == 0) {
            atomic_store(&is_stuck, false);
            return true;
        }
        if (atomic_load(&is_stuck)) {
            return false;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = TURN_LOOK_NS}, NULL);
    }
    atomic_store(&is_stuck, true);
    return false;
}

/* Else a second thread would find the same last room. */
static enum status put_in_turn(int fd, const char *bytes, size_t size)
{
    if (!take_turn()) {
        return STATUS_FULL;
    }
    const enum status status = status_of(write_with_room(fd, bytes, size), size);
    (void)pthread_mutex_unlock(&turn);
    return status;
}

enum status outlet_put(int fd, const char *bytes, size_t size)
{
    const ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK) {
        return status_of(sent, size);
    }
    const int again = outlet_reopen(fd);
    if (again < 0) {
        return put_in_turn(fd, bytes, size);
    }
    const enum status status = status_of(write(again, bytes, size), size);
    (void)close(again);
    return status;
}
