/*
 * hl7_bench.h: HL7 messages on one side, what was put on the other, without any network; for tests.
 *
 * There is one bench at a time. The wall clock and CLOCK_BOOTTIME stand still until a test moves them.
 */
#ifndef WARDGATE_TESTS_HL7_BENCH_H
#define WARDGATE_TESTS_HL7_BENCH_H

#include "drivers/monitor/hl7/hl7_profile.h"
#include "drivers/monitor/hl7/intake.h"

#define BENCH_MONITORS_MAX 8
#define BENCH_SEEN_MAX     4096

/* 2026-11-21T12:00:00Z */
#define BENCH_WALL_MS INT64_C(1795262400000)

enum { BENCH_BEDSIDE, BENCH_FAST, BENCH_SPOT }; /* places in hl7_profiles */

struct bench {
    struct observation_sink sink; /* first */
    struct monitor_config monitors[BENCH_MONITORS_MAX];
    struct bus_config config;
    struct bus_health health;
    struct monitor_health monitor_health[BENCH_MONITORS_MAX];
    struct intake intake;
    struct moment now;
    /* of the newest message */
    bool read; /* its header could be */
    enum ack_result result;
    const char *reason;
    char ack[2 * ACK_BYTES_MAX + 1]; /* both, if there are two */
    size_t ack_length;
    /* since bench_forget */
    unsigned count, alarm_count;
    struct observation seen[BENCH_SEEN_MAX];
    struct monitor_alarm alarms[BENCH_SEEN_MAX];
};

extern struct bench bench;

/* Monitors at beds from 0 on; their addresses, ended by NULL. */
void bench_open(unsigned profile, const char *const *places);

/* Whole messages. `text` has '\r' or '\n' between segments. */
void bench_take(const char *bytes, size_t length);
void bench_say(const char *text);

/* The same, after printf. */
void bench_sayf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Moves both clocks. */
void bench_pass_ms(int64_t ms);
void bench_forget(void);

/* A file of tests/data/hl7; returns its length. */
size_t bench_read_sample(const char *name, char *bytes, size_t size);

/* "20261121120000.000+0000" for now + ms. Good until the fourth call after. */
const char *bench_time(int64_t ms);

/* The newest value of a bed, NULL: none since bench_forget. */
const struct observation *bench_value(uint16_t bed, enum vital vital);
unsigned bench_count(enum observation_kind kind);
unsigned bench_values(uint16_t bed);

/* A message of one monitor at ICU^1^A with one observation: OBX-3, OBX-5, OBX-6. Its MSH-10 is new. */
void bench_say_value(const char *identifier, const char *value, const char *unit);

#define HEADER_R01 "MSH|^~\\&|MON^00A0^EUI-64|VENDOR|||%s||ORU^R01^ORU_R01|%u|P|2.6|||AL|NE||UNICODE UTF-8\r"

#endif
