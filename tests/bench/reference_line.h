/*
 * reference_line.h: what the reference loops share: when to ask on a line, and what asking cost this process.
 */
#ifndef REFERENCE_LINE_H
#define REFERENCE_LINE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define REFERENCE_SECOND_NS   INT64_C(1000000000)
#define REFERENCE_REGISTERS   12
#define REFERENCE_CHAR_BITS   11 /* 8E1 */
#define REFERENCE_FAST_BAUD   19200
#define REFERENCE_FAST_GAP_NS 1750000

struct reference_tally {
    unsigned long answered, failed;
    int64_t start_ns;
    struct rusage before;
};

static inline int64_t reference_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * REFERENCE_SECOND_NS + now.tv_nsec;
}

static inline void reference_sleep_until(int64_t at_ns)
{
    const struct timespec at = {.tv_sec = at_ns / REFERENCE_SECOND_NS, .tv_nsec = at_ns % REFERENCE_SECOND_NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

static inline int64_t reference_wire_ns(long baud, int characters)
{
    return characters * REFERENCE_CHAR_BITS * REFERENCE_SECOND_NS / baud;
}

/* 3.5 characters, or as much as the standard allows a fast line. */
static inline int64_t reference_silence_ns(long baud)
{
    return baud > REFERENCE_FAST_BAUD ? REFERENCE_FAST_GAP_NS : reference_wire_ns(baud, 7) / 2;
}

static inline void reference_begin(struct reference_tally *tally)
{
    *tally = (struct reference_tally){.start_ns = reference_now_ns()};
    (void)getrusage(RUSAGE_SELF, &tally->before);
}

static inline double reference_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static inline void reference_print(const struct reference_tally *tally)
{
    struct rusage after;
    const struct rusage *before = &tally->before;
    (void)getrusage(RUSAGE_SELF, &after);
    const double cpu_ms = reference_ms(after.ru_utime) + reference_ms(after.ru_stime) - reference_ms(before->ru_utime) -
                          reference_ms(before->ru_stime);
    (void)printf("{\"answered\":%lu,\"failed\":%lu,\"seconds\":%.3f,\"cpu_ms\":%.3f,\"switches\":%ld}\n",
                 tally->answered, tally->failed,
                 (double)(reference_now_ns() - tally->start_ns) / (double)REFERENCE_SECOND_NS, cpu_ms,
                 after.ru_nvcsw + after.ru_nivcsw - before->ru_nvcsw - before->ru_nivcsw);
}

#endif
