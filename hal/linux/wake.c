#include "hal/wake.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hal/clock.h"

#define LONGEST_US INT64_C(3600000000) /* of one wait: what the call can take everywhere */

enum { WAKE_WATCHED, WAKE_RAISED, WAKE_AWAKE, WAKE_SLEEPING, WAKE_LENT };

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && sizeof(atomic_int) == sizeof(int),
               "the kernel looks at the state, and a signal handler raises, too");

enum status wake_open(struct wake *wake)
{
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return STATUS_IO;
    }
    wake->fd = fd;
    atomic_init(&wake->state, WAKE_WATCHED);
    return STATUS_OK;
}

void wake_close(struct wake *wake)
{
    if (wake->fd >= 0) {
        (void)close(wake->fd);
        wake->fd = -1;
    }
}

/* Sequentially consistent, like all of them here: either we see it asleep, or it sees that it is raised. */
void wake_raise(struct wake *wake)
{
    int before = atomic_exchange(&wake->state, WAKE_RAISED);
    if (before == WAKE_LENT) {
        wake = wake->lent_to;
        before = atomic_exchange(&wake->state, WAKE_RAISED);
    }
    const int saved_errno = errno; /* a signal handler must leave it as it was */
    if (before == WAKE_SLEEPING) {
        (void)syscall(SYS_futex, &wake->state, FUTEX_WAKE_PRIVATE, 1);
    } else if (before == WAKE_WATCHED) {
        const uint64_t one = 1;
        const ssize_t put = write(wake->fd, &one, sizeof one);
        (void)put;
    }
    errno = saved_errno;
}

/* First the descriptor: what is raised in between is not written, and seen by who looks after this. */
void wake_clear(struct wake *wake)
{
    uint64_t count;
    const ssize_t got = read(wake->fd, &count, sizeof count);
    (void)got; /* EAGAIN: was not raised */
    (void)atomic_exchange(&wake->state, WAKE_WATCHED);
}

/* The kernel looks once more before it puts us to sleep: who raises after that wakes us. */
static void sleep_until(struct wake *wake, int64_t boot_us)
{
    const int64_t left_us = boot_us - clock_boot_us();
    const int64_t wait_us = left_us < 0 ? 0 : left_us < LONGEST_US ? left_us : LONGEST_US;
    const struct {
        long s, ns;
    } wait = {(long)(wait_us / 1000000), (long)(wait_us % 1000000) * 1000}; /* this call's own, whatever time_t is */
    (void)syscall(SYS_futex, &wake->state, FUTEX_WAIT_PRIVATE, WAKE_SLEEPING, &wait, NULL, 0);
}

bool wake_wait_until(struct wake *wake, int64_t boot_us)
{
    int before = atomic_load(&wake->state);
    if (before != WAKE_RAISED && atomic_compare_exchange_strong(&wake->state, &before, WAKE_SLEEPING)) {
        sleep_until(wake, boot_us);
    }
    return atomic_exchange(&wake->state, WAKE_AWAKE) == WAKE_RAISED;
}

void wake_lend(struct wake *wake, struct wake *other)
{
    assert(other != wake);
    wake->lent_to = other;
    atomic_store(&wake->state, WAKE_LENT);
    wake_raise(wake); /* what it was raised for before */
}

bool wake_take(struct wake *wake)
{
    return atomic_exchange(&wake->state, WAKE_LENT) == WAKE_RAISED;
}

void wake_reclaim(struct wake *wake)
{
    int lent = WAKE_LENT;
    (void)atomic_compare_exchange_strong(&wake->state, &lent, WAKE_AWAKE);
}
