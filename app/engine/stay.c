/*
 * One patient's time in one bed.
 *
 *     vacant --valid vitals for stay_after (stay_note_valid), engine_admit, or a command--> occupied (begin)
 *     occupied --command--> vacant (stay_discharge), or occupied by the next (stay_admit)
 *
 * A stay that begins by itself counts from the first of its seconds: series collect and delays run while the bed is
 * still vacant, and start anew whenever the vitals break off. One that a command begins counts from the instant after
 * the command's: what was observed at that instant belongs to nobody any more, now and when a journal is fed again. (A journal
 * is fed with its stay on from the first of its seconds, so it is known beside when it began.)
 */
#include "app/engine/engine_internal.h"

#define BREAK_MS       10000 /* without a valid value for longer, the time starts over */
#define AWAY_RETURN_MS 5000  /* valid values for this long: the patient is back */

static void reset_channels(struct bed *bed, int64_t start_ms)
{
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        channel_reset(&bed->channels[i], start_ms);
    }
    bed->measured = 0;
}

static void reset_rules(struct bed *bed, int64_t start_ms)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        rule_alarm_reset(&bed->rules[i], start_ms);
    }
}

void stay_note_valid(const struct engine *engine, struct bed *bed, const struct channel *channel, int64_t at_ms)
{
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    const int64_t break_ms = standing_ms > BREAK_MS ? standing_ms : BREAK_MS;
    const bool vacant = bed->state.stay == 0 && !bed->begin_due;
    if (bed->valid_since_ms == INSTANT_NONE || at_ms - bed->valid_last_ms > break_ms) {
        bed->valid_since_ms = at_ms;
        if (vacant) {
            reset_channels(bed, at_ms);
            reset_rules(bed, at_ms);
        }
    }
    bed->valid_last_ms = at_ms;
    bed->begin_due |= vacant && at_ms - bed->valid_since_ms >= (int64_t)engine->config->stay_after_ms;
    bed->return_due |= bed_is_away(bed) && bed->valid_since_ms > bed->state.away_at_ms &&
                       at_ms - bed->valid_since_ms >= AWAY_RETURN_MS;
}

bool stay_is_on(const struct engine *engine, const struct bed *bed)
{
    return bed->state.stay != 0 && engine->now_ms >= bed->state.stay_began_ms;
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

struct ending {
    struct engine *engine;
    struct bed *bed;
};

static void end_alarm(void *context, struct alarm *alarm)
{
    const struct ending *ending = context;
    alarm_end_if_raised(ending->engine, ending->bed, alarm);
}

/* Every alarm belongs to one stay: what still holds begins anew in the next, under another id. */
static void end_alarms(struct engine *engine, struct bed *bed)
{
    struct ending ending = {.engine = engine, .bed = bed};
    bed_each_alarm(bed, end_alarm, &ending);
}

/* Nothing of this stay is left for the next one. */
static void end(struct engine *engine, struct bed *bed)
{
    end_alarms(engine, bed);
    reported_forget(bed);
    bed->state.stay = 0;
    bed->state.stay_began_ms = 0;
    bed->state.admission_ms = 0;
    bed->state.away_until_ms = 0;
    bed->state.away_at_ms = 0;
    bed->state.spo2_scale = 0;
    pause_forget(engine, bed);
    bed->state.attributes = (struct attributes){.known = 0};
    bed->scoring.came = 0;
    limit_reset_all(bed);
}

static void begin(struct engine *engine, struct bed *bed, int64_t start_ms, int64_t admission_ms)
{
    if (bed->state.stay != 0) {
        end(engine, bed);
    }
    end_alarms(engine, bed);
    identity_anew(engine, bed);
    bed->state.stay = opaque_id(engine->seed, engine->next_id++);
    bed->state.stay_start_ms = start_ms;
    bed->state.stay_began_ms = start_ms > engine->now_ms ? start_ms : engine->now_ms;
    bed->state.admission_ms = admission_ms;
    bed->begin_due = false;
    bed->admitted = false;
    bed_make_dirty(engine, bed);
    bed->evaluate_all = true;
    bed->pause_due = true;
    record_bed(engine, bed);
}

void stay_begin_due(struct engine *engine, struct bed *bed)
{
    if (bed->admitted) {
        begin(engine, bed, bed->admitted_at_ms, bed->admitted_at_ms);
        reset_rules(bed, bed->admitted_at_ms);
        return;
    }
    begin(engine, bed, bed->valid_since_ms, 0);
    alarm_start(engine, bed, &bed->technical[BUILTIN_admission_not_entered], bed->valid_since_ms, engine->now_ms);
}

void stay_admit(struct engine *engine, struct bed *bed)
{
    const int64_t start_ms = engine->now_ms + 1;
    begin(engine, bed, start_ms, engine->now_ms);
    reset_channels(bed, start_ms);
    reset_rules(bed, start_ms);
}

void stay_discharge(struct engine *engine, struct bed *bed)
{
    end(engine, bed);
    bed->state.stay_start_ms = engine->now_ms + 1;
    bed->valid_since_ms = INSTANT_NONE;
    bed->begin_due = false;
    bed->admitted = false;
    bed_make_dirty(engine, bed);
    bed->evaluate_all = true; /* scores and estimates were the patient's, too */
    reset_channels(bed, bed->state.stay_start_ms);
    reset_rules(bed, bed->state.stay_start_ms);
    identity_anew(engine, bed);
    identity_release(engine, bed);
    record_bed(engine, bed);
}
