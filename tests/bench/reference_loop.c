/*
 * reference_loop: the polls that a bare libmodbus loop gets through a line, which keeps the silence of 3.5 characters
 * before each request and does nothing else: no decoding, no rules, no broker.
 *
 *     reference_loop DEVICE BAUD MONITORS SECONDS     8E1, 12 holding registers of the units 1..MONITORS in turn
 *
 * Prints {"answered":N,"failed":N,"seconds":S,"cpu_ms":C,"switches":N}.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <modbus.h>

enum { REGISTERS = 12, CHARACTER_BITS = 11, FAST_BAUD = 19200, FAST_SILENCE_NS = 1750000 };

#define SECOND_NS INT64_C(1000000000)

struct tally {
    unsigned long answered, failed;
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
    const struct timespec at = {.tv_sec = at_ns / SECOND_NS, .tv_nsec = at_ns % SECOND_NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

static int64_t silence_ns(long baud)
{
    return baud > FAST_BAUD ? FAST_SILENCE_NS : CHARACTER_BITS * SECOND_NS * 7 / 2 / baud;
}

static struct tally poll_line(modbus_t *line, long baud, int monitors, int64_t end_ns)
{
    struct tally tally = {0, 0};
    uint16_t registers[REGISTERS];
    for (int unit = 1; now_ns() < end_ns; unit = unit % monitors + 1) {
        (void)modbus_set_slave(line, unit);
        if (modbus_read_registers(line, 0, REGISTERS, registers) == REGISTERS) {
            tally.answered++;
        } else {
            tally.failed++;
        }
        sleep_until(now_ns() + silence_ns(baud));
    }
    return tally;
}

static double cpu_ms(const struct rusage *usage)
{
    const struct timeval user = usage->ru_utime;
    const struct timeval system = usage->ru_stime;
    return (double)(user.tv_sec + system.tv_sec) * 1e3 + (double)(user.tv_usec + system.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
    const long baud = argc == 5 ? strtol(argv[2], NULL, 10) : 0;
    const int monitors = argc == 5 ? (int)strtol(argv[3], NULL, 10) : 0;
    modbus_t *line = baud > 0 && monitors > 0 ? modbus_new_rtu(argv[1], (int)baud, 'E', 8, 1) : NULL;
    if (line == NULL || modbus_connect(line) != 0) {
        (void)fprintf(stderr, "usage: reference_loop DEVICE BAUD MONITORS SECONDS (no such device?)\n");
        return 2;
    }
    struct rusage before;
    struct rusage after;
    (void)getrusage(RUSAGE_SELF, &before);
    const int64_t start_ns = now_ns();
    const struct tally tally = poll_line(line, baud, monitors, start_ns + strtol(argv[4], NULL, 10) * SECOND_NS);
    const int64_t took_ns = now_ns() - start_ns;
    (void)getrusage(RUSAGE_SELF, &after);
    (void)printf("{\"answered\":%lu,\"failed\":%lu,\"seconds\":%.3f,\"cpu_ms\":%.3f,\"switches\":%ld}\n",
                 tally.answered, tally.failed, (double)took_ns / (double)SECOND_NS, cpu_ms(&after) - cpu_ms(&before),
                 after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw);
    modbus_close(line);
    modbus_free(line);
    return 0;
}
