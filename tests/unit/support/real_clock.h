/* The kernel's own clock, for tests that have put theirs in its place. */
#ifndef WARDGATE_TESTS_REAL_CLOCK_H
#define WARDGATE_TESTS_REAL_CLOCK_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Where time is of 64 bits by choice (armhf), the call that has it. */
static inline int real_clock_gettime(clockid_t clock, struct timespec *now)
{
#if defined SYS_clock_gettime64 && !defined __LP64__
    return (int)syscall(SYS_clock_gettime64, clock, now);
#else
    return (int)syscall(SYS_clock_gettime, clock, now);
#endif
}

#endif
