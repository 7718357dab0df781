/*
 * emulated.h: tests of what qemu-user does not do as a kernel does. `make TARGET=aarch64 unit` sets EMULATOR where it is in use.
 */
#ifndef WARDGATE_TEST_EMULATED_H
#define WARDGATE_TEST_EMULATED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline bool is_emulated(void)
{
    return getenv("EMULATOR") != NULL;
}

/* How much is drawn at random: there it takes twenty times as long, and what chance finds this machine's own run has found. */
static inline unsigned emulated_share(unsigned whole)
{
    return is_emulated() ? whole / 6 : whole;
}

static inline int64_t emulated_clock_us(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * For a program whose tests hold a line to its milliseconds: an emulator takes so much of the processors that it keeps them only where nobody
 * else works. Uses the processor for 0.2 s; true, and said, if that took half as long again.
 */
static inline bool emulated_is_too_busy(void)
{
    const int64_t begin_us = emulated_clock_us(CLOCK_MONOTONIC), used_us = emulated_clock_us(CLOCK_THREAD_CPUTIME_ID);
    while (is_emulated() && emulated_clock_us(CLOCK_THREAD_CPUTIME_ID) - used_us < 200000) {
    }
    const int64_t took_ms = (emulated_clock_us(CLOCK_MONOTONIC) - begin_us) / 1000;
    if (is_emulated() && took_ms > 300) {
        printf("skipped: emulated on a busy machine, which gave it 200 ms in %d ms: no line's milliseconds are told\n",
               (int)took_ms);
        return true;
    }
    return false;
}

/* To be put in front of such a test; what is missing is said beside it. */
#define NOT_EMULATED()       \
    do {                     \
        if (is_emulated()) { \
            skip();          \
        }                    \
    } while (0)

#endif
