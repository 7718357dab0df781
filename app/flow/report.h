/*
 * report.h: how the gateway is doing, for the health topic (JSON) and for `wardgate status` (text for 80 columns).
 *
 * Reads atomics, copies of bed views and the store's own figures: any thread but the store's, never waiting for another thread's work.
 */
#ifndef WARDGATE_REPORT_H
#define WARDGATE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/flow/acquire.h"
#include "app/flow/board.h"
#include "app/flow/commit.h"
#include "app/flow/metrics_file.h"
#include "app/flow/payload.h"
#include "app/flow/recorder.h"
#include "app/flow/timebase.h"
#include "app/flow/vigil.h"
#include "drivers/store/store.h"

#define REPORT_TEXT_MAX 131072

struct report {
    const struct payload_context *payloads;
    const struct timebase *timebase;
    struct board *board;
    _Atomic(struct store *) *store; /* NULL while it is not open */
    const struct store_state *store_state;
    const struct trend_keeper *trends; /* NULL: there are none */
    const struct bus_config *configs;  /* one a bus */
    const struct acquire_bus *buses;
    const struct runner *const *runners;
    const struct recorder *recorder;    /* NULL: nothing was to be recorded */
    const struct vigil *vigil;          /* NULL: nobody watches (a test) */
    struct annunciator *annunciator;    /* NULL: there is no local alarm */
    const struct metrics_file *metrics; /* NULL: none is written */
    const char *const *brokers;         /* their urls */
    uint16_t bus_count, runner_count, bed_count;
    uint8_t broker_count;
    uint8_t boards_expected;
    size_t arena_bytes;
    int64_t started_us; /* CLOCK_BOOTTIME */
};

/* The ward as a whole, `beds` having room for SETTINGS_BEDS_MAX; false: the configuration does not tell it. */
bool report_ward(const struct report *report, int64_t wall_ms, struct ward_bed *beds, struct ward_figures *out);

/* Observations that full rings have dropped. */
uint64_t report_dropped(const struct report *report);

/* The health payload. Where a large ward does not fit, the counts of what was not used are left out, then its monitors, then its buses, and `left_out` says so; 0 when even that does not fit. */
size_t report_json(const struct report *report, int64_t wall_ms, char *out, size_t size);

/* The same, the beds' values and alarms and the ward as a whole, for `wardgate status --json`; of those the values are the first to be left out, then the alarms. */
size_t report_json_with_alarms(const struct report *report, int64_t wall_ms, char *out, size_t size);

/* One screen: beds, buses, queue, store, alarms, what was not used. Always ends whole lines; cut when it does not fit. */
size_t report_text(const struct report *report, char *out, size_t size);

#endif
