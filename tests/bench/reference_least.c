/*
 * reference_least: the least that polls can cost a program on this machine: it sends a request, sleeps until the answer
 * must be whole, reads it at once, looks at nothing but its length, and sleeps until the next. Two wake-ups a poll.
 *
 *     reference_least DEVICE BAUD MONITORS SECONDS [PERIOD_US [PORT]]
 *
 * 8E1, 12 holding registers of the units 1..MONITORS in turn, whose answers begin 2 ms after the request. Without a
 * period the line's silence is kept and no longer; with one, a request goes out each PERIOD_US. With a port, 300 bytes
 * go to 127.0.0.1:PORT after each answer: what a message costs in the least.
 *
 * Prints {"answered":N,"failed":N,"seconds":S,"cpu_ms":C,"switches":N}.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/monitor/modbus/frame.h"
#include "hal/serial.h"
#include "tests/bench/reference_line.h"

enum { ANSWER = 5 + 2 * REFERENCE_REGISTERS, TURNAROUND_NS = 2000000, LATE_NS = 500000, MESSAGE = 300 };

struct loop {
    long baud, period_us;
    int monitors;
    int line, sink; /* sink: -1: none */
};

/* Of the sink nothing is read. */
static int dial(long port)
{
    const struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&there, sizeof there) == 0 ? fd : -1;
}

/* True when the answer was there, all of it and nothing else. */
static bool poll_once(const struct loop *loop, uint8_t unit)
{
    uint8_t bytes[FRAME_MAX] = {unit, 3, 0, 0, 0, REFERENCE_REGISTERS};
    frame_seal(bytes, FRAME_REQUEST - 2);
    const int64_t silence_ns = reference_silence_ns(loop->baud);
    const int64_t pause_ns = silence_ns > TURNAROUND_NS ? silence_ns : TURNAROUND_NS;
    const int64_t sent_ns = reference_now_ns();
    if (write(loop->line, bytes, FRAME_REQUEST) != FRAME_REQUEST) {
        return false;
    }
    reference_sleep_until(sent_ns + reference_wire_ns(loop->baud, FRAME_REQUEST + ANSWER) + pause_ns + LATE_NS);
    return read(loop->line, bytes, sizeof bytes) == ANSWER;
}

static void poll_line(const struct loop *loop, int64_t end_ns, struct reference_tally *tally)
{
    static const uint8_t message[MESSAGE];
    int unit = 1;
    for (int64_t next_ns = tally->start_ns; next_ns < end_ns; unit = unit % loop->monitors + 1) {
        const bool answered = poll_once(loop, (uint8_t)unit);
        tally->answered += answered;
        tally->failed += !answered;
        if (loop->sink >= 0 && answered) {
            (void)send(loop->sink, message, sizeof message, MSG_NOSIGNAL);
        }
        next_ns = loop->period_us > 0 ? next_ns + loop->period_us * INT64_C(1000)
                                      : reference_now_ns() + reference_silence_ns(loop->baud);
        reference_sleep_until(next_ns);
    }
}

int main(int argc, char **argv)
{
    struct loop loop = {.sink = -1};
    struct reference_tally tally;
    const bool told = argc >= 5 && argc <= 7;
    loop.baud = told ? strtol(argv[2], NULL, 10) : 0;
    loop.monitors = told ? (int)strtol(argv[3], NULL, 10) : 0;
    loop.period_us = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
    const struct serial_settings settings = {
        .device = argv[1], .baud = (uint32_t)loop.baud, .parity = 'E', .stop_bits = 1};
    if (loop.baud <= 0 || loop.monitors <= 0 || serial_open(&settings, &loop.line) != STATUS_OK ||
        (argc == 7 && (loop.sink = dial(strtol(argv[6], NULL, 10))) < 0)) {
        (void)fprintf(stderr, "usage: reference_least DEVICE BAUD MONITORS SECONDS [PERIOD_US [PORT]] (not there?)\n");
        return 2;
    }
    reference_begin(&tally);
    poll_line(&loop, tally.start_ns + strtol(argv[4], NULL, 10) * REFERENCE_SECOND_NS, &tally);
    reference_print(&tally);
    serial_close(loop.line);
    return 0;
}
