/*
 * fake_clock.h: the kernel's clocks below hal/clock.h, in the hands of a test: the wall clock may be set, leap, lose its time source.
 *
 * For the one file of a test: its clock_gettime and adjtimex take the place of the C library's in the whole program. CLOCK_REALTIME and CLOCK_BOOTTIME are
 * what the test says; other clocks stay the real ones. Any thread.
 */
#ifndef WARDGATE_TESTS_FAKE_CLOCK_H
#define WARDGATE_TESTS_FAKE_CLOCK_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/support/real_clock.h"

static struct {
    atomic_llong boot_us, wall_us;
    atomic_int result, status;
    atomic_long maxerror_us;
} fake_clock;

static inline void fake_clock_set(int64_t boot_us, int64_t wall_ms)
{
    atomic_store(&fake_clock.boot_us, boot_us);
    atomic_store(&fake_clock.wall_us, wall_ms * 1000);
}

/* Both go on, at the same rate. */
static inline void fake_clock_pass(int64_t us)
{
    (void)atomic_fetch_add(&fake_clock.boot_us, us);
    (void)atomic_fetch_add(&fake_clock.wall_us, us);
}

static inline void fake_clock_step(int64_t ms)
{
    (void)atomic_fetch_add(&fake_clock.wall_us, ms * 1000);
}

/* As adjtimex tells: its result (-1: it may not be asked), the status bits, the largest error. */
static inline void fake_clock_kernel(int result, int status, long maxerror_us)
{
    atomic_store(&fake_clock.result, result);
    atomic_store(&fake_clock.status, status);
    atomic_store(&fake_clock.maxerror_us, maxerror_us);
}

static inline void fake_clock_synced(bool synced)
{
    fake_clock_kernel(synced ? TIME_OK : TIME_ERROR, synced ? 0 : STA_UNSYNC, synced ? 1000 : 16000000);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name,misc-definitions-in-headers): in place of the C library's */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME) {
        return real_clock_gettime(clock, now);
    }
    const long long us = atomic_load(clock == CLOCK_REALTIME ? &fake_clock.wall_us : &fake_clock.boot_us);
    const long long rest_us = (us % 1000000 + 1000000) % 1000000;
    *now = (struct timespec){.tv_sec = (time_t)((us - rest_us) / 1000000), .tv_nsec = (long)rest_us * 1000};
    return 0;
}

int adjtimex(struct timex *state)
{
    const int result = atomic_load(&fake_clock.result);
    memset(state, 0, sizeof *state);
    if (result < 0) {
        errno = EPERM;
        return result;
    }
    state->status = atomic_load(&fake_clock.status);
    state->maxerror = atomic_load(&fake_clock.maxerror_us);
    return result;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name,misc-definitions-in-headers) */

#endif
