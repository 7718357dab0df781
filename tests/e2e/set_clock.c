/*
 * Preloaded into a program: its wall clock, and what the kernel says of a time source, are what the file CLOCK_FILE says, at once when that
 * changes: 64 bytes of text, how many ms to add to the real wall clock, and 1 or 0: synchronised or not. No other clock is touched. Built by clock.sh.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE 64

/* Where time is of 64 bits by choice (armhf), the call that has it. */
#if defined SYS_clock_gettime64 && !defined __LP64__
#define CLOCK_CALL SYS_clock_gettime64
#else
#define CLOCK_CALL SYS_clock_gettime
#endif

static const char *said;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_FILE");
    const int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd >= 0 ? mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED) {
        abort();
    }
    said = map;
    (void)close(fd);
}

/* A copy, so that a number never runs on behind the file. */
static long long read_said(long *out_synced)
{
    char text[FILE_SIZE + 1] = "";
    char *end = text;
    memcpy(text, said, FILE_SIZE);
    const long long offset_ms = strtoll(text, &end, 10);
    *out_synced = strtol(end, NULL, 10);
    return offset_ms;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): in place of the C library's */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    long synced = 0;
    if (syscall(CLOCK_CALL, clock, now) != 0) {
        return -1;
    }
    if (clock == CLOCK_REALTIME && said != NULL) {
        const long long ms = read_said(&synced) + now->tv_nsec / 1000000;
        const long long rest_ms = (ms % 1000 + 1000) % 1000;
        now->tv_sec += (time_t)((ms - rest_ms) / 1000);
        now->tv_nsec = (long)rest_ms * 1000000 + now->tv_nsec % 1000000;
    }
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec at;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &at);
    *now = (struct timeval){.tv_sec = at.tv_sec, .tv_usec = at.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_REALTIME, &at);
    if (out != NULL) {
        *out = at.tv_sec;
    }
    return at.tv_sec;
}

#if defined _TIME_BITS && !defined __LP64__
/* By the old name, whose time has 32 bits: Debian 12's OpenSSL on armhf, of certificates. */
long old_time(long *out) __asm__("time");
long old_time(long *out)
{
    const long now = (long)time(NULL);
    if (out != NULL) {
        *out = now;
    }
    return now;
}
#endif

int adjtimex(struct timex *state)
{
    long synced = 0;
    (void)read_said(&synced);
    memset(state, 0, sizeof *state);
    state->status = synced != 0 ? 0 : STA_UNSYNC;
    return synced != 0 ? TIME_OK : TIME_ERROR;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
