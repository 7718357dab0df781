/*
 * belief.h: what of a continuous channel can be believed beside what it gave just before: changes that are too fast,
 * values that never change, spikes. Episodic vitals have none of this: their measurements stand for themselves.
 *
 * What is compared hangs together: a hole of more than 1.5 expected periods, or an observation that is no number (no
 * value, sensor off, standby ...), and everything before it is forgotten; what comes next is believed as the first is.
 *
 * - Rate: a value is too fast (QUALITY_RATE) when it is farther from the newest believed one than the largest
 *   believable change of the vital allows for the time between, at least a second: a monitor shows a new number about
 *   once a second, however often it is asked. Nothing is shut out for ever: the second in a row is believed when it
 *   lies within reach of the first, and whatever comes as soon as the time since the newest believed one allows any
 *   value of the vital's range (2 s for a heart rate, 8 s for a skin temperature).
 * - Frozen: the very same number as the one before, and that for frozen_ms already (QUALITY_FROZEN), until another one
 *   comes. Only where the configuration says so: a paced heart beats 70 times every minute.
 * - Spikes, only where the configuration says so: what stands for an observation is the median of it and the two
 *   believed before it. A number that stands out alone never shows; a new level shows with its second observation, that
 *   is one later, under that one's instant. Nothing is kept back: each observation gives one value at its own instant,
 *   and the newest, not seconded when its channel falls silent, has never been used. With fewer than three to compare
 *   each stands for itself. One that stood neither at its own instant nor with the next was cut off: a spike.
 *
 * Pure, fixed size; values are thousandths. Thread: the engine's.
 */
#ifndef WARDGATE_BELIEF_H
#define WARDGATE_BELIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"

struct belief {
    int64_t heard_at_ms;    /* the newest number, believed or not */
    int64_t same_since_ms;  /* since when it is that very number */
    int64_t believed_at_ms; /* the newest that was believed */
    int32_t heard_milli;
    int32_t believed_milli[3]; /* the newest first */
    int32_t stands_milli;      /* what stands for the newest */
    uint8_t believed_count;
    bool has_heard; /* false: nothing to compare with */
    bool doubts;    /* the newest number was too fast */
};

/* Of a number within the plausible range, at an instant not before the newest: VALID, RATE or FROZEN. */
enum quality belief_judge(const struct belief *belief, const struct channel_config *config, int64_t at_ms,
                          int32_t value_milli);

/* A believed number. Returns what stands for it; *out_spike: the one before was cut off. */
int32_t belief_accept(struct belief *belief, const struct channel_config *config, int64_t at_ms, int32_t value_milli,
                      bool *out_spike);

/* An observation that was rejected, for that reason. */
void belief_reject(struct belief *belief, const struct channel_config *config, int64_t at_ms, int32_t value_milli,
                   enum quality quality);

#endif
