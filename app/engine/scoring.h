/*
 * scoring.h: the scores of a bed: where their parts come from, how old they are, when the next round is due.
 *
 * A part that a monitor gives all the time is its last valid value, for 5 minutes. One that is measured or entered now
 * and then counts for the bed's observation interval and an hour more: a round of observations is not over all at once.
 * What is entered while a monitor measures the same counts when the monitor has had nothing valid for 5 minutes. The
 * next round is due when the oldest part of that kind is as old as the interval, or an hour where the band asks for that.
 *
 *     resp, spo2, consciousness, cap_refill, effort, wbc, fio2   the vital of that name
 *     pulse    hr, else pulse             sys    abp_sys, else nibp_sys
 *     temp     temp, else temp_core       mean   abp_mean, else nibp_mean, else out of nibp_sys and nibp_dia
 *     oxygen   oxygen_flow, fio2 and oxygen_device, whichever is more (score_oxygen); unknown is never air. Air as the
 *              device ends what was entered of the other two before (a flow: entered.c), not what is measured
 *
 * Computed again when a part changes or grows too old. Plain data. Thread: the engine's.
 */
#ifndef WARDGATE_SCORING_H
#define WARDGATE_SCORING_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/score.h"

#define SCORING_CURRENT_MS   (5 * 60 * 1000)
#define SCORING_GRACE_MS     (60 * 60 * 1000)
#define SCORING_URGENT_MS    (60 * 60 * 1000)
#define SCORING_SPO2_SCALE_1 1
#define SCORING_SPO2_SCALE_2 2

struct scored_part {
    bool known;
    bool entered;      /* by a person */
    bool now_and_then; /* measured or entered so */
    uint8_t source;    /* enum vital; where it takes two, the first of them */
    int32_t value_milli;
    int64_t at_ms;
};

/* Newest values, and what each score makes of them. */
struct scoring {
    uint16_t scores; /* bit per enum score that is kept here */
    uint16_t came;   /* bit per enum score that was complete in this stay */
    bool has_stay;
    struct scored_part parts[SCORE_PART_COUNT];
    struct score_result results[SCORE_COUNT];
};

/* The oldest of its known parts; false when none is known. */
bool scoring_oldest(const struct scoring *scoring, enum score score, int64_t *out_ms);

/* When its parts are to be observed again; false: nothing that is observed now and then is known of it. */
bool scoring_due(const struct scoring *scoring, enum score score, uint32_t interval_ms, int64_t *out_ms);

#endif
