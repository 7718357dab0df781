/*
 * clock_record.h: by how much instants that people were shown turned out to be off, and which: kept in the store, told on the
 * broker (payload_clock), used by `wardgate history`.
 *
 * Alerts are shown in wall time as it is known when they are committed. When the wall clock is set (a time source is found after a start in 1970, or it
 * was wrong), all that was shown in this boot of the box was off: engine time does not step, so the difference of the two clocks says by how
 * much. A span is a range of numbers (seq) with one such offset, and spans do not overlap: what is true of an alert in one is what it shows plus off_ms. One
 * that the clock confirms without moving has 0. What a boot showed in which the clock never was set right stays as it was, in no span.
 *
 * CLOCK_REALTIME and CLOCK_BOOTTIME run at the same rate also while a time source slews them, so their difference moves by steps only. A step of
 * CLOCK_STEP_MS or less (a leap second) is none; several of them add up to one.
 *
 * Pure: clocks are arguments. The caller's memory. Bound: CLOCK_SPANS_MAX spans, then the oldest is dropped.
 */
#ifndef WARDGATE_CLOCK_RECORD_H
#define WARDGATE_CLOCK_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/store/store.h"

#define CLOCK_STEP_MS   2000
#define CLOCK_SPANS_MAX 32

struct clock_span {
    uint64_t from_seq, through_seq;
    int64_t off_ms;
    uint8_t synced; /* the clock that says so had a time source */
};

/* As it stands in the store (STATE_CLOCK_RECORD). */
struct clock_record {
    char boot_id[40]; /* of the kernel */
    char epoch[STORE_EPOCH_MAX];
    uint8_t synced; /* at the newest look */
    uint8_t
        unconfirmed; /* in this boot something was shown by a clock without a time source, and none has confirmed it since */
    uint32_t count, older; /* spans; the first `older` of them are of earlier boots */
    int64_t correction_ms; /* wall time - engine time, as shown since open_seq */
    uint64_t open_seq, newest_seq;
    struct clock_span spans[CLOCK_SPANS_MAX];
};

_Static_assert(sizeof(struct clock_record) <= STORE_VALUE_MAX - STORE_KEY_MAX, "it fits a page of the store");

/* Goes on with what the store had (zeroed: nothing): in the same boot and epoch it waits for the first look, else it begins here. newest_seq: the
 * newest number given before. */
void clock_record_begin(struct clock_record *record, const char *boot_id, const char *epoch, uint64_t newest_seq,
                        int64_t correction_ms, bool synced);

/* This alert is shown by the correction of the newest look. */
void clock_record_shown(struct clock_record *record, uint64_t seq, bool synced);

/* What is shown from now on is turned by this correction. *out_step_ms: by how much the clock was set, 0 when it was not. True when the record has
 * changed and is to be stored with the next alert, or before it. */
bool clock_record_look(struct clock_record *record, int64_t correction_ms, bool synced, int64_t *out_step_ms);

/* The span of that number; NULL: nothing is known to be wrong with it. */
const struct clock_span *clock_record_find(const struct clock_record *record, uint64_t seq);

#endif
