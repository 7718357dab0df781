#include "hal/wake.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "hal/clock.h"

enum { WAKE_SLEEPING, WAKE_RAISED, WAKE_AWAKE };

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler raises, too");

enum status wake_open(struct wake *wake)
{
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return STATUS_IO;
    }
    wake->fd = fd;
    wake->armed = true;
    atomic_init(&wake->state, WAKE_SLEEPING);
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
    /* Sequentially consistent, like all of them here: either we see it asleep, or it sees that it is raised. */
    if (atomic_exchange(&wake->state, WAKE_RAISED) != WAKE_SLEEPING) {
        return;
    }
    const int saved_errno = errno; /* a signal handler must leave it as it was */
    const uint64_t one = 1;
    const ssize_t put = write(wake->fd, &one, sizeof one);
    (void)put;
    errno = saved_errno;
}

static void drain(const struct wake *wake)
{
    uint64_t count;
    const ssize_t got = read(wake->fd, &count, sizeof count);
    (void)got; /* EAGAIN: was not raised */
}

/* First the descriptor: what is raised in between is not written, and seen by who looks after this. */
void wake_clear(struct wake *wake)
{
    drain(wake);
    wake->armed = true;
    (void)atomic_exchange(&wake->state, WAKE_SLEEPING);
}

/* True when the descriptor was written. */
static bool sleep_until(const struct wake *wake, int64_t boot_us)
{
    const int64_t left_us = boot_us - clock_boot_us();
    const int64_t wait_us = left_us > 0 ? left_us : 0;
    const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
    struct pollfd descriptor = {.fd = wake->fd, .events = POLLIN};
    return ppoll(&descriptor, 1, &wait, NULL) > 0;
}

bool wake_wait_until(struct wake *wake, int64_t boot_us)
{
    int before = WAKE_AWAKE;
    wake->armed |= atomic_compare_exchange_strong(&wake->state, &before, WAKE_SLEEPING);
    const bool written = before != WAKE_RAISED && sleep_until(wake, boot_us);
    const bool raised = atomic_exchange(&wake->state, WAKE_AWAKE) == WAKE_RAISED;
    if (written || (raised && wake->armed)) {
        drain(wake); /* who raised it may not have written yet: then a later wait comes back early, once */
    }
    wake->armed = false;
    return raised;
}
