/*
 * One patient's time in one bed.
 *
 *     vacant --valid vitals for stay_after (stay_note_valid), or engine_admit--> occupied (stay_begin)
 *
 * A stay that begins by itself counts from the first of its seconds: the series collect while the bed is still
 * vacant, and start anew whenever the vitals break off.
 */
#include "app/engine/engine_internal.h"

#define CANDIDATE_BREAK_MS 10000 /* without a valid value for longer, the time starts over */

static void reset_channels(struct bed *bed, int64_t start_ms)
{
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        channel_reset(&bed->channels[i], start_ms);
    }
}

void stay_note_valid(const struct engine *engine, struct bed *bed, const struct channel *channel, int64_t at_ms)
{
    if (bed->state.stay != 0 || bed->begin_due) {
        return;
    }
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    const int64_t break_ms = standing_ms > CANDIDATE_BREAK_MS ? standing_ms : CANDIDATE_BREAK_MS;
    if (bed->candidate_since_ms == INSTANT_NONE || at_ms - bed->candidate_last_ms > break_ms) {
        bed->candidate_since_ms = at_ms;
        reset_channels(bed, at_ms);
    }
    bed->candidate_last_ms = at_ms;
    bed->begin_due = at_ms - bed->candidate_since_ms >= (int64_t)engine->config->stay_after_ms;
}

/* splitmix64 (Vigna): every seed and counter give another id that tells nothing of its neighbours. */
static uint64_t opaque_id(uint64_t seed, uint64_t counter)
{
    uint64_t z = seed + (counter + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return z != 0 ? z : 1;
}

void stay_begin(struct engine *engine, struct bed *bed, int64_t start_ms)
{
    bed->state.stay = opaque_id(engine->seed, engine->next_id++);
    bed->state.stay_start_ms = start_ms;
    bed->candidate_since_ms = INSTANT_NONE;
    bed->begin_due = false;
    for (unsigned i = 0; i < bed->rule_count; i++) {
        rule_alarm_reset(&bed->rules[i]);
    }
    bed->evaluate_all = true;
    record_bed(engine, bed);
    struct alarm *advisory = &bed->technical[BUILTIN_admission_not_entered];
    if (!engine->config->replay && !advisory->raised) {
        alarm_start(engine, bed, advisory, start_ms);
    }
}
