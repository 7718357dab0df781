/*
 * Two sources of one rate, the ECG (hr) and the oximeter (pulse): no pulse signal when both are gone, and the alarm
 * that tells that they disagree. A heart rate of zero beside a pulse is not believed. (One stands in for the other: channel.c.)
 */
#include "app/engine/builtin_delay.h"
#include "app/engine/condition.h"
#include "app/engine/engine_internal.h"

#define PULSE_GOES_ON_MILLI 30000 /* an oximeter that counts fewer beats a minute may be counting none */

enum pulse_state { PULSE_NONE, PULSE_THERE, PULSE_EXPLAINED, PULSE_LOST };

/* What a source of a pulse says. */
struct pulse {
    enum pulse_state state;
    int64_t since_ms, at_ms; /* lost: since when, and from when on it counts */
};

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

/* A monitor that has not spoken since its values stopped standing is silent, which has an alarm of its own; one that
 * speaks again gets the time of a value to give one. */
static struct pulse judge_lost_pulse(const struct engine *engine, const struct bed *bed, const struct channel *channel)
{
    const struct monitor_state *monitor = &bed->monitors[channel->config->monitor];
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    struct pulse pulse = {.state = PULSE_LOST, .since_ms = channel_lost_at(channel, engine->now_ms)};
    int64_t last_ms = 0;
    int32_t value_milli = 0;
    if (monitor->back_at_ms == INSTANT_NONE || !series_last(channel->series, &last_ms, &value_milli)) {
        return (struct pulse){.state = PULSE_NONE};
    }
    if (channel->lost_at_ms == INSTANT_NONE) {
        pulse.since_ms = later(pulse.since_ms, monitor->back_at_ms + standing_ms);
    }
    pulse.at_ms = later(pulse.since_ms, last_ms + ENGINE_SILENT_AFTER_MS);
    if (!engine->config->replay && monitor_unheard_since(monitor) < pulse.since_ms) {
        pulse.state = PULSE_NONE;
    }
    return pulse;
}

static struct pulse judge_source(const struct engine *engine, const struct bed *bed, const struct channel *channel)
{
    const enum quality quality = channel != NULL ? channel->quality : QUALITY_NEVER;
    if (channel == NULL || (!channel->was_valid && quality != QUALITY_SENSOR_OFF)) {
        return (struct pulse){.state = PULSE_NONE}; /* this bed does not have it, or never had it in this stay */
    }
    if (quality == QUALITY_SENSOR_OFF || quality == QUALITY_STANDBY || quality == QUALITY_DEMO ||
        quality == QUALITY_IDENTITY) {
        return (struct pulse){.state = PULSE_EXPLAINED};
    }
    if (channel_lost_at(channel, engine->now_ms) == INSTANT_NONE) {
        return (struct pulse){.state = PULSE_THERE};
    }
    return judge_lost_pulse(engine, bed, channel);
}

/* When a pulse that is there now would count as lost if nothing more came. */
static int64_t pulse_may_be_lost_at(const struct channel *channel, int64_t now_ms)
{
    int64_t last_ms = 0;
    int32_t value_milli = 0;
    if (!series_stands(channel->series, now_ms) || !series_last(channel->series, &last_ms, &value_milli)) {
        return SERIES_NEVER;
    }
    const int64_t at_ms = last_ms + builtin_pulse_lost_ms(channel->config);
    return at_ms > now_ms ? at_ms : now_ms + 1;
}

/* Lost when no source is there and none explains itself. Once raised, only a value or an explanation takes it back. */
struct condition pulse_judge_lost(const struct engine *engine, const struct bed *bed)
{
    static const enum vital sources[] = {VITAL_hr, VITAL_pulse};
    struct condition c = CONDITION_NONE;
    int64_t at_ms = c.since_ms = INSTANT_NONE;
    for (unsigned i = 0; i < 2 && bed->state.stay != 0; i++) {
        const struct channel *channel = bed_channel(bed, sources[i]);
        const struct pulse pulse = judge_source(engine, bed, channel);
        if (pulse.state == PULSE_THERE) {
            return (struct condition){.next_ms = pulse_may_be_lost_at(channel, engine->now_ms), .vital = VITAL_NONE};
        }
        if (pulse.state == PULSE_EXPLAINED) {
            return CONDITION_NONE;
        }
        if (pulse.state == PULSE_LOST) {
            at_ms = later(at_ms, pulse.at_ms);
            c.since_ms = later(c.since_ms, pulse.since_ms);
        }
    }
    at_ms = at_ms != INSTANT_NONE ? later(at_ms, bed->state.away_at_ms + ENGINE_SILENT_AFTER_MS) : at_ms;
    c.holds = bed->technical[BUILTIN_no_pulse_signal].raised || (at_ms != INSTANT_NONE && at_ms <= engine->now_ms);
    c.next_ms = at_ms > engine->now_ms ? at_ms : SERIES_NEVER;
    return c;
}

/* From when on a source of a pulse, if nothing more comes, has nothing to be compared with. */
static int64_t own_pulse_gone_at(const struct channel *channel)
{
    return channel->was_valid ? channel->belief.believed_at_ms + builtin_pulse_lost_ms(channel->config) : INSTANT_NONE;
}

/* Its newest own value; false while none stands. */
static bool own_pulse(const struct channel *channel, int64_t now_ms, int32_t *out_milli)
{
    int64_t at_ms = 0;
    return channel->source == channel->config->vital && channel->quality == QUALITY_VALID &&
           series_stands(channel->series, now_ms) && series_last(channel->series, &at_ms, out_milli);
}

/* No heart that stands still moves blood: a rate of zero beside a pulse is the leads'. Whoever has no pulse that stands,
 * or one that is no better than none, is believed. */
bool pulse_denies(const struct bed *bed, const struct observation *o)
{
    int32_t pulse_milli = 0;
    if (o->vital != VITAL_hr || o->value_milli != 0) {
        return false;
    }
    const struct channel *pulse = bed_channel(bed, VITAL_pulse);
    return pulse != NULL && own_pulse(pulse, o->at_ms, &pulse_milli) && pulse_milli >= PULSE_GOES_ON_MILLI;
}

static void add_pulses(struct condition *c, int32_t hr_milli, int32_t pulse_milli)
{
    condition_add_value(c, VITAL_hr, hr_milli);
    condition_add_value(c, VITAL_pulse, pulse_milli);
    c->about = UINT32_C(1) << VITAL_hr | UINT32_C(1) << VITAL_pulse;
    c->vital = VITAL_hr;
    c->has_value = true;
    c->value_milli = hr_milli;
}

/* Since when they are the other way than the alarm says: apart before it begins, together before it ends. */
static void note_pulses(const struct engine *engine, struct bed *bed, bool apart)
{
    if (apart == bed->technical[BUILTIN_pulse_disagrees].raised) {
        bed->pulse_turned_ms = INSTANT_NONE;
    } else if (bed->pulse_turned_ms == INSTANT_NONE) {
        bed->pulse_turned_ms = engine->now_ms;
    }
}

/* It begins and ends only while both are there; a short hole in one makes no difference. */
static struct condition compare_pulses(const struct engine *engine, struct bed *bed, const struct channel *hr,
                                       const struct channel *pulse)
{
    struct condition c = CONDITION_NONE;
    int32_t hr_milli = 0, pulse_milli = 0;
    const bool known = own_pulse(hr, engine->now_ms, &hr_milli) && own_pulse(pulse, engine->now_ms, &pulse_milli);
    c.holds = bed->technical[BUILTIN_pulse_disagrees].raised;
    if (known) {
        const int64_t apart_milli = (int64_t)hr_milli - pulse_milli;
        const int64_t most_milli = engine->config->pulse.disagree_milli;
        note_pulses(engine, bed, apart_milli > most_milli || -apart_milli > most_milli);
    }
    if (bed->pulse_turned_ms != INSTANT_NONE) {
        const int64_t at_ms = bed->pulse_turned_ms + engine->config->pulse.disagree_ms;
        c.since_ms = bed->pulse_turned_ms;
        c.holds ^= known && at_ms <= engine->now_ms;
        c.next_ms = at_ms > engine->now_ms ? at_ms : SERIES_NEVER;
    }
    if (c.holds || bed->technical[BUILTIN_pulse_disagrees].raised) {
        add_pulses(&c, hr_milli, pulse_milli); /* words take long: only those that somebody reads */
    }
    return c;
}

struct condition pulse_judge_disagreement(const struct engine *engine, struct bed *bed)
{
    const struct channel *hr = bed_channel(bed, VITAL_hr), *pulse = bed_channel(bed, VITAL_pulse);
    int64_t gone_ms = INSTANT_NONE;
    if (engine->config->pulse.disagree_ms > 0 && hr != NULL && pulse != NULL && bed->state.stay != 0) {
        gone_ms = own_pulse_gone_at(hr) < own_pulse_gone_at(pulse) ? own_pulse_gone_at(hr) : own_pulse_gone_at(pulse);
    }
    if (gone_ms <= engine->now_ms) {
        bed->pulse_turned_ms = INSTANT_NONE;
        return CONDITION_NONE;
    }
    struct condition c = compare_pulses(engine, bed, hr, pulse);
    if (c.holds || bed->pulse_turned_ms != INSTANT_NONE) {
        c.next_ms = gone_ms < c.next_ms ? gone_ms : c.next_ms;
    }
    return c;
}
