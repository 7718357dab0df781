/*
 * requests.h: from a profile to the fewest read requests that the limits allow, and how long they take on the wire.
 * Pure.
 *
 * A profile becomes spans: the registers of one channel, a counter, a status word, the identity. A run of
 * neighbouring spans of one table and one poll interval is read by one request, across holes of at most
 * REQUEST_HOLE_MAX registers; a counter and the channels whose measurements it counts are read together across any
 * hole, so that they fit each other. A run that a monitor refuses is cut in two, down to single spans. Spans are
 * never cut: a 32-bit value is read in one piece. The caller owns all storage. Registers of a profile end at 65535
 * (the settings see to it). Thread: any.
 */
#ifndef WARDGATE_REQUESTS_H
#define WARDGATE_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/monitor/driver.h"
#include "drivers/monitor/profile.h"

#define REQUEST_HOLE_MAX             8
#define REQUEST_REGISTERS_MAX        125
#define REQUEST_BITS_MAX             2000
#define REQUEST_IDENTITY_INTERVAL_MS 10000
#define REQUEST_SPANS_MAX            (2 * PROFILE_CHANNELS_MAX + PROFILE_BITS_MAX + 1)

/* Where channels, bits and identity stand; `first` of at most 65535 and `end` one past the last register. */
struct span {
    uint32_t interval_ms;
    uint32_t first, end;
    uint32_t reach; /* the farthest end that must be read together with it */
    enum register_table table;
};

/* The spans [from, to) of a list. */
struct run {
    uint8_t from, to;
};

struct request_plan {
    struct span spans[REQUEST_SPANS_MAX]; /* by table, interval, first, end; no two alike */
    struct run runs[REQUEST_SPANS_MAX];
    uint8_t span_count, run_count;
};

/* What goes over the wire. */
struct request {
    enum register_table table;
    uint32_t interval_ms;
    uint16_t first, count;
};

bool table_is_bits(enum register_table table);

/* 2 for a 32-bit value, else 1. */
uint32_t channel_registers(const struct profile_channel *channel);

void requests_plan(const struct profile *profile, struct request_plan *out);
struct request request_of_run(const struct span *spans, struct run run);

/* Cuts a run at its widest hole, or in the middle when it has none; false when it is a single span. */
bool run_cut(const struct span *spans, struct run run, struct run *out_left, struct run *out_right);

/* True when the registers [first, first + count) of the table are among those the request reads. */
bool request_covers(const struct request *request, enum register_table table, uint32_t first, uint32_t count);

/* True when alarm rules wait for something it reads, or it reads bits or the identity, which say how to take the values and whose
 * they are. */
bool request_is_urgent(const struct request *request, const struct monitor_config *monitor);
bool request_reads_bits(const struct request *request, const struct profile *profile);
bool request_reads_identity(const struct request *request, const struct profile *profile);

uint8_t request_function(const struct request *request);
uint8_t request_data_bytes(const struct request *request); /* of the answer: at most 250 */

/* How fast bytes go over a line; all 0 for a network. */
struct wire {
    uint32_t char_ns;
    uint32_t gap_us; /* silence before each request: 3.5 characters of 11 bits, 1.75 ms above 19200 baud */
};

struct wire wire_of(uint32_t baud, enum parity parity, uint8_t stop_bits);

/* Of a bus: its line's; behind a converter whose line is known (baud), the quickest such one; else none. */
struct wire wire_of_bus(const struct bus_config *config);
uint32_t wire_us(const struct wire *wire, uint32_t bytes); /* rounded up */

#define WIRE_REQUEST_BYTES 8U /* address, function, first, count, CRC */
uint32_t wire_answer_bytes(const struct request *request);

/* What one poll takes of a line whose monitor thinks for turnaround_us: gap, request, turnaround, answer. */
uint32_t wire_poll_us(const struct wire *wire, const struct request *request, uint32_t turnaround_us);

#endif
