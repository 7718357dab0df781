#include "hal/wake.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "hal/clock.h"

enum status wake_open(struct wake *wake)
{
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return STATUS_IO;
    }
    wake->fd = fd;
    return STATUS_OK;
}

void wake_close(struct wake *wake)
{
    if (wake->fd >= 0) {
        (void)close(wake->fd);
        wake->fd = -1;
    }
}

void wake_raise(struct wake *wake)
{
    /* A full counter (EAGAIN) is raised already; a signal handler must leave errno as it was. */
    const int saved_errno = errno;
    const uint64_t one = 1;
    const ssize_t put = write(wake->fd, &one, sizeof one);
    (void)put;
    errno = saved_errno;
}

void wake_clear(struct wake *wake)
{
    uint64_t count;
    const ssize_t got = read(wake->fd, &count, sizeof count);
    (void)got; /* EAGAIN: was not raised */
}

bool wake_wait_until(struct wake *wake, int64_t boot_us)
{
    const int64_t left_us = boot_us - clock_boot_us();
    const int64_t wait_us = left_us > 0 ? left_us : 0;
    const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
    struct pollfd descriptor = {.fd = wake->fd, .events = POLLIN};
    if (ppoll(&descriptor, 1, &wait, NULL) <= 0) {
        return false;
    }
    wake_clear(wake);
    return true;
}
