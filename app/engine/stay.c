/*
 * One patient's time in one bed.
 *
 *     vacant --valid vitals for stay_after (stay_note_valid), or engine_admit--> occupied (stay_begin)
 *
 * A stay that begins by itself counts from the first of its seconds: series collect and delays run while the bed is
 * still vacant, and start anew whenever the vitals break off.
 */
#include "app/engine/engine_internal.h"

#define CANDIDATE_BREAK_MS 10000 /* without a valid value for longer, the time starts over */

static void reset_rules(struct bed *bed, int64_t start_ms)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        rule_alarm_reset(&bed->rules[i], start_ms);
    }
}

static void begin_candidate(struct bed *bed, int64_t start_ms)
{
    bed->candidate_since_ms = start_ms;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        channel_reset(&bed->channels[i], start_ms);
    }
    reset_rules(bed, start_ms);
}

void stay_note_valid(const struct engine *engine, struct bed *bed, const struct channel *channel, int64_t at_ms)
{
    if (bed->state.stay != 0 || bed->begin_due) {
        return;
    }
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    const int64_t break_ms = standing_ms > CANDIDATE_BREAK_MS ? standing_ms : CANDIDATE_BREAK_MS;
    if (bed->candidate_since_ms == INSTANT_NONE || at_ms - bed->candidate_last_ms > break_ms) {
        begin_candidate(bed, at_ms);
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

static void end_if_raised(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    if (alarm->raised) {
        alarm_end(engine, bed, alarm);
    }
}

/* Every alarm belongs to one stay: what still holds begins anew in the next, under another id. */
static void end_alarms(struct engine *engine, struct bed *bed)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        end_if_raised(engine, bed, &bed->rules[i].alarm);
        end_if_raised(engine, bed, &bed->rules[i].not_monitored);
    }
    for (unsigned i = 0; i < BUILTIN_BED_COUNT; i++) {
        end_if_raised(engine, bed, &bed->technical[i]);
    }
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        end_if_raised(engine, bed, &bed->signals[i]);
    }
}

void stay_begin(struct engine *engine, struct bed *bed)
{
    const int64_t start_ms = bed->candidate_since_ms;
    end_alarms(engine, bed);
    bed->state.stay = opaque_id(engine->seed, engine->next_id++);
    bed->state.stay_start_ms = start_ms;
    bed->candidate_since_ms = INSTANT_NONE;
    bed->begin_due = false;
    bed->evaluate_all = true;
    record_bed(engine, bed);
    if (bed->admitted) {
        reset_rules(bed, start_ms);
    } else {
        alarm_start(engine, bed, &bed->technical[BUILTIN_admission_not_entered], start_ms, engine->now_ms);
    }
    bed->admitted = false;
}
