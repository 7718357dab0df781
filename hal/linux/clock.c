#include "hal/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_MOST 253402300799LL /* the year 9999 */

enum { BOOT_ID_LENGTH = 36, ERROR_US_MOST = 4000000, SECONDS_TEXT_MAX = 24 };

int64_t clock_boot_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int32_t clock_utc_offset_s(int64_t wall_ms)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    return localtime_r(&seconds, &local) != NULL ? (int32_t)local.tm_gmtoff : 0;
}

bool clock_is_synchronised(void)
{
    struct timex state;
    memset(&state, 0, sizeof state);
    const int result = adjtimex(&state);
    return result >= 0 && result != TIME_ERROR && (state.status & STA_UNSYNC) == 0 && state.maxerror < ERROR_US_MOST;
}

bool clock_hardware_ms(const char *file, int64_t *out_ms)
{
    char text[SECONDS_TEXT_MAX + 1];
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got <= 0) {
        return false;
    }
    text[got] = '\0';
    char *end = NULL;
    const long long seconds = strtoll(text, &end, 10);
    if (end == text || (*end != '\n' && *end != '\0') || seconds < 0 || seconds > SECONDS_MOST) {
        return false;
    }
    *out_ms = seconds * 1000 + 500;
    return true;
}

void clock_sleep_until_us(int64_t boot_us)
{
    const int64_t until_us = boot_us > 0 ? boot_us : 0;
    const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                   .tv_nsec = (long)(until_us % 1000000) * 1000};
    (void)clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL);
}

void clock_boot_id(char text[37])
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd >= 0 ? read(fd, text, BOOT_ID_LENGTH) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got != BOOT_ID_LENGTH) {
        memcpy(text, "00000000-0000-0000-0000-000000000000", BOOT_ID_LENGTH);
    }
    text[BOOT_ID_LENGTH] = '\0';
}
