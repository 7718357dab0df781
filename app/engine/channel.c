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
    channel->belief = (struct belief){.has_heard = false};
    if (channel->entries != NULL && channel->entries->count > 0) {
        channel->entries->count = 0;
    }
    channel->quality = QUALITY_NEVER;
    channel->source = (uint8_t)channel->config->vital;
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
    if (o->value_milli < config->low_milli || o->value_milli > config->high_milli) {
        return QUALITY_IMPLAUSIBLE;
    }
    return config->episodic ? QUALITY_VALID : belief_judge(&channel->belief, config, o->at_ms, o->value_milli);
}

/* A journal that is fed again was counted by the run that wrote it. */
static void count_rejected(struct engine *engine, struct channel *channel, enum quality quality)
{
    if (engine->restoring) {
        return;
    }
    channel->rejected[quality] += channel->rejected[quality] < UINT32_MAX;
    channel->reasons |= UINT32_C(1) << quality;
    engine->counts.rejected[quality]++;
}

void channel_count_late(struct engine *engine, struct channel *channel)
{
    count_rejected(engine, channel, QUALITY_LATE);
}

static bool has_stand_in(const struct channel *channel)
{
    return channel->source != channel->config->vital;
}

static void reject(struct engine *engine, struct channel *channel, const struct observation *o, enum quality quality)
{
    count_rejected(engine, channel, quality);
    if (channel->config->episodic && quality == QUALITY_ABSENT) {
        return; /* a measurement that failed says nothing about the one before */
    }
    if (!channel->config->episodic) {
        belief_reject(&channel->belief, channel->config, o->at_ms, o->value_milli, quality);
    }
    if (!has_stand_in(channel) && !series_put_invalid(channel->series, o->at_ms)) {
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

/* What a believed observation is in the series: its own value, or the median that cuts off a spike. */
static int32_t filtered(struct engine *engine, struct channel *channel, const struct observation *o)
{
    bool spike = false;
    if (channel->config->episodic) {
        return o->value_milli;
    }
    const int32_t milli = belief_accept(&channel->belief, channel->config, o->at_ms, o->value_milli, &spike);
    if (spike) {
        count_rejected(engine, channel, QUALITY_SPIKE);
    }
    return milli;
}

/* False when it replaces a value of this instant that came from the same source. */
static bool put(struct channel *channel, int64_t at_ms, int32_t value_milli, enum vital source)
{
    const bool other = channel->source != source;
    note_gap(channel, at_ms);
    const bool first = series_put(channel->series, at_ms, value_milli);
    channel->source = (uint8_t)source;
    channel->has_come = true;
    if (channel->first_at_ms == INSTANT_NONE) {
        channel->first_at_ms = at_ms;
    }
    return first || other;
}

static void accept(struct engine *engine, struct channel *channel, const struct observation *o)
{
    if (!put(channel, o->at_ms, filtered(engine, channel, o), channel->config->vital)) {
        engine->counts.replaced++;
    }
    channel->quality = QUALITY_VALID;
    channel->raw_milli = o->value_milli;
    channel->lost_at_ms = INSTANT_NONE;
    channel->was_valid = true;
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

/* A journal that is fed again brings what was measured before something that somebody entered. */
static bool is_between_entries(const struct channel *channel, int64_t at_ms)
{
    return channel->entries != NULL && channel->entries->list[0].at_ms > at_ms;
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
    if (!found) { /* else nobody knows when it was: it stands for none that is kept */
        entry_measured(channel, o->at_ms, o->value_milli);
    }
    if (is_between_entries(channel, o->at_ms)) {
        channel_rebuild(bed, channel);
        return;
    }
    accept(engine, channel, o);
    channel->age_unknown = found;
    bed->measured |= UINT32_C(1) << channel->config->vital;
}

void channel_rebuild(struct bed *bed, struct channel *channel)
{
    const struct entries *entries = channel->entries;
    series_reset(channel->series, bed->state.stay_start_ms);
    for (unsigned i = entries->count; i > 0; i--) {
        (void)series_put(channel->series, entries->list[i - 1].at_ms, entries->list[i - 1].value_milli);
    }
    channel->quality = entries->count > 0 ? QUALITY_VALID : QUALITY_NEVER;
    channel->raw_milli = entries->count > 0 ? entries->list[0].value_milli : 0;
    channel->first_at_ms = entries->count > 0 ? entries->list[entries->count - 1].at_ms : INSTANT_NONE;
    channel->lost_at_ms = INSTANT_NONE;
    channel->age_unknown = false;
    channel->was_valid = entries->count > 0;
    channel->has_come = channel->has_come || entries->count > 0;
}

/* The channel that values of this one stand in for when it has none of its own; NULL: none. */
static struct channel *backed_up(const struct engine *engine, const struct bed *bed, enum vital source)
{
    const struct pulse_config *pulse = &engine->config->pulse;
    if (source == VITAL_pulse && pulse->hr_from_pulse) {
        return bed_channel(bed, VITAL_hr);
    }
    return source == VITAL_hr && pulse->pulse_from_hr ? bed_channel(bed, VITAL_pulse) : NULL;
}

static bool has_own(const struct channel *channel, int64_t at_ms)
{
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    return channel->quality == QUALITY_VALID && at_ms - channel->belief.believed_at_ms < standing_ms;
}

/* A value of this channel, as its own series has it, or the end of what it stood in with, is the other's, too. What the
 * other gives itself is judged and told as ever: its sensor stays off. */
static void back_up(const struct engine *engine, struct bed *bed, const struct channel *channel, int64_t at_ms)
{
    const enum vital source = channel->config->vital;
    struct channel *other = backed_up(engine, bed, source);
    int64_t value_at_ms = 0;
    int32_t value_milli = 0;
    if (other == NULL) {
        return;
    }
    if (channel->quality != QUALITY_VALID) {
        if (other->source == source) {
            other->source = (uint8_t)other->config->vital;
            (void)series_put_invalid(other->series, at_ms);
            bed->changed |= UINT32_C(1) << other->config->vital;
        }
    } else if (!has_own(other, at_ms) && series_last(channel->series, &value_at_ms, &value_milli)) {
        (void)put(other, at_ms, value_milli, source);
        bed->changed |= UINT32_C(1) << other->config->vital;
    }
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
    back_up(engine, bed, channel, o->at_ms);
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
    const bool is_shown = channel->quality == QUALITY_VALID || has_stand_in(channel);
    if (!is_shown || !series_last(channel->series, &at_ms, &value_milli)) {
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
                               .quality = (uint8_t)(has_stand_in(channel) ? QUALITY_VALID : channel->quality),
                               .source = channel->source,
                               .age_unknown = channel->age_unknown,
                               .episodic = channel->config->episodic,
                               .value_milli = channel->raw_milli};
    (void)series_last(channel->series, &out->at_ms, &out->value_milli);
    if (out->quality == QUALITY_VALID && now_ms >= stale_at(channel)) {
        out->quality = (uint8_t)(channel->quality == QUALITY_VALID ? QUALITY_STALE : channel->quality);
    }
    if (monitor_silent && (out->quality == QUALITY_STALE || out->quality == QUALITY_NEVER)) {
        out->quality = QUALITY_NO_ANSWER;
    }
}
