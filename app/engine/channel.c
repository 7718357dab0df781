/*
 * One vital of one bed: judges each observation before it may enter the series. Nothing is rejected without a reason
 * that is counted and shown.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>

void channel_reset(struct channel *channel, int64_t start_ms)
{
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    if (channel->config->episodic && series_last(channel->series, &at_ms, &value_milli)) {
        channel->has_baseline = true;
        channel->baseline_milli = value_milli;
    }
    series_reset(channel->series, start_ms);
    channel->quality = QUALITY_NEVER;
    channel->lost_at_ms = INSTANT_NONE;
    channel->resumed_at_ms = INSTANT_NONE;
    channel->first_at_ms = INSTANT_NONE;
    channel->was_valid = false;
    channel->has_come = false;
    channel->age_unknown = false;
}

enum quality channel_judge(const struct channel *channel, const struct observation *o)
{
    if (o->quality != QUALITY_VALID) {
        return (enum quality)o->quality;
    }
    const struct channel_config *config = channel->config;
    const bool plausible = o->value_milli >= config->low_milli && o->value_milli <= config->high_milli;
    return plausible ? QUALITY_VALID : QUALITY_IMPLAUSIBLE;
}

static void reject(struct engine *engine, struct channel *channel, const struct observation *o, enum quality quality)
{
    channel->rejected++;
    engine->counts.rejected[quality]++;
    if (channel->config->episodic && quality == QUALITY_ABSENT) {
        return; /* a measurement that failed says nothing about the one before */
    }
    if (!series_put_invalid(channel->series, o->at_ms)) {
        engine->counts.replaced++;
    }
    if (channel->lost_at_ms == INSTANT_NONE) {
        channel->lost_at_ms = o->at_ms;
    }
    channel->quality = quality;
    channel->raw_milli = o->value_milli;
}

/* Windows count anew after a stretch without a valid observation that is as long as they are. */
static void note_gap(struct channel *channel, int64_t at_ms)
{
    int64_t before_ms = 0;
    int32_t value_milli = 0;
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    if (series_last(channel->series, &before_ms, &value_milli) && at_ms - before_ms > standing_ms) {
        channel->resumed_at_ms = at_ms;
        channel->resumed_after_ms = at_ms - before_ms;
    }
}

static void accept(struct engine *engine, struct channel *channel, const struct observation *o)
{
    note_gap(channel, o->at_ms);
    if (!series_put(channel->series, o->at_ms, o->value_milli)) {
        engine->counts.replaced++;
    }
    channel->quality = QUALITY_VALID;
    channel->raw_milli = o->value_milli;
    channel->lost_at_ms = INSTANT_NONE;
    channel->was_valid = true;
    channel->has_come = true;
    if (channel->first_at_ms == INSTANT_NONE) {
        channel->first_at_ms = o->at_ms;
    }
}

/* A value that was found in a register, not seen to change: what is already known, or what stood there before the
 * stay, is no news; a value that nothing is known of may be an earlier patient's. */
static bool is_old_news(struct channel *channel, const struct observation *o)
{
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    if (series_last(channel->series, &at_ms, &value_milli)) {
        return value_milli == o->value_milli;
    }
    const bool known = channel->has_baseline;
    const bool same = channel->baseline_milli == o->value_milli;
    channel->has_baseline = true;
    channel->baseline_milli = o->value_milli;
    return !known || same;
}

/* Nothing was measured. What kept earlier values from being used is over, but whose they were nobody can say. */
static void pass_over(struct channel *channel)
{
    if (channel->quality != QUALITY_VALID) {
        channel->quality = channel->was_valid ? QUALITY_STALE : QUALITY_NEVER;
        channel->lost_at_ms = INSTANT_NONE;
    }
}

static void measure(struct engine *engine, struct bed *bed, struct channel *channel, const struct observation *o)
{
    const bool found = (o->flags & OBSERVATION_AGE_UNKNOWN) != 0;
    const bool nobody = bed->state.stay == 0 && bed->valid_since_ms == INSTANT_NONE && !bed->begin_due;
    if (nobody) {
        channel->has_baseline = true;
        channel->baseline_milli = o->value_milli;
        pass_over(channel);
        return;
    }
    if (found && is_old_news(channel, o)) {
        pass_over(channel);
        return;
    }
    accept(engine, channel, o);
    channel->age_unknown = found;
    bed->measured |= UINT32_C(1) << channel->config->vital;
}

void channel_take(struct engine *engine, struct bed *bed, struct channel *channel, const struct observation *o,
                  enum quality quality)
{
    assert(channel->config->vital == o->vital);
    const enum quality before = channel->quality;
    if (quality != QUALITY_VALID) {
        reject(engine, channel, o, quality);
    } else if (channel->config->episodic) {
        measure(engine, bed, channel, o);
    } else {
        accept(engine, channel, o);
    }
    bed->changed |= UINT32_C(1) << channel->config->vital;
    bed->evaluate_all |= channel->quality != before;
}

int64_t channel_lost_at(const struct channel *channel, int64_t now_ms)
{
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    if (channel->lost_at_ms != INSTANT_NONE || !channel->was_valid || channel->config->episodic) {
        return channel->lost_at_ms;
    }
    if (series_stands(channel->series, now_ms) || !series_last(channel->series, &at_ms, &value_milli)) {
        return INSTANT_NONE;
    }
    return at_ms + channel->config->period_ms + channel->config->period_ms / 2;
}

static int64_t stale_at(const struct channel *channel)
{
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    if (channel->quality != QUALITY_VALID || !series_last(channel->series, &at_ms, &value_milli)) {
        return SERIES_NEVER;
    }
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    const int64_t stale_ms = channel->config->stale_ms;
    return at_ms + (stale_ms > standing_ms ? stale_ms : standing_ms);
}

int64_t channel_next_change(const struct channel *channel, int64_t now_ms)
{
    const int64_t at_ms = stale_at(channel);
    return at_ms > now_ms ? at_ms : SERIES_NEVER;
}

void channel_view(const struct channel *channel, bool monitor_silent, int64_t now_ms, struct vital_view *out)
{
    *out = (struct vital_view){.vital = (uint8_t)channel->config->vital,
                               .quality = (uint8_t)channel->quality,
                               .age_unknown = channel->age_unknown,
                               .episodic = channel->config->episodic,
                               .value_milli = channel->raw_milli};
    (void)series_last(channel->series, &out->at_ms, &out->value_milli);
    if (channel->quality == QUALITY_VALID && now_ms >= stale_at(channel)) {
        out->quality = QUALITY_STALE;
    }
    if (monitor_silent && (out->quality == QUALITY_STALE || out->quality == QUALITY_NEVER)) {
        out->quality = QUALITY_NO_ANSWER;
    }
}
