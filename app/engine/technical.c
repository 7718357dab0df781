/*
 * Alarms that no rules file defines: what is wrong with monitors, sensors and the gateway, and the monitors' own alarms.
 *
 * Each function that judges says which condition holds now, what to show of it, and when it may change; `settle` turns
 * that into starts, updates and ends.
 */
#include "app/engine/engine_internal.h"

#include <stdio.h>
#include <string.h>

struct condition {
    bool holds;
    int64_t since_ms; /* when it was first violated */
    int64_t next_ms;  /* when it may begin although nothing arrives; SERIES_NEVER: only by an observation */
    enum alarm_reason reason;
    enum vital vital;
    bool has_value;
    int32_t value_milli;
    char detail[ALERT_DETAIL_MAX];
};

#define CONDITION_NONE ((struct condition){.next_ms = SERIES_NEVER, .vital = VITAL_NONE})

static void add_word(char *detail, const char *word)
{
    const size_t length = strlen(detail);
    (void)snprintf(detail + length, ALERT_DETAIL_MAX - length, "%s%s", length > 0 ? ", " : "", word);
}

static void settle(struct engine *engine, struct bed *bed, struct alarm *alarm, const struct condition *c)
{
    struct alert *last = &alarm->last;
    if (!c->holds) {
        if (alarm->raised && (bed == NULL || engine->now_ms >= engine->settle_until_ms)) {
            alarm_end(engine, bed, alarm);
        }
        return;
    }
    const bool changed = strcmp(last->detail, c->detail) != 0 || last->reason != c->reason;
    if (alarm->raised && !changed && !last->unverified) {
        return;
    }
    memcpy(last->detail, c->detail, sizeof last->detail);
    last->reason = (uint8_t)c->reason;
    last->vital = (uint8_t)c->vital;
    last->has_value = c->has_value;
    last->value_milli = c->value_milli;
    last->unverified = false;
    if (alarm->raised) {
        alarm_update(engine, bed, alarm, PHASE_UPDATE);
    } else {
        alarm_start(engine, bed, alarm, c->since_ms);
    }
}

static int64_t silent_at(const struct bed *bed, unsigned monitor)
{
    const int64_t patience_ms = (int64_t)bed->config->monitor_period_ms[monitor] * 3;
    return bed->monitors[monitor].heard_at_ms +
           (patience_ms > ENGINE_SILENT_AFTER_MS ? patience_ms : ENGINE_SILENT_AFTER_MS);
}

bool monitor_is_silent(const struct engine *engine, const struct bed *bed, unsigned monitor)
{
    return !engine->config->replay && engine->now_ms >= silent_at(bed, monitor);
}

static struct condition judge_silence(const struct engine *engine, const struct bed *bed)
{
    struct condition c = CONDITION_NONE;
    c.reason = REASON_NO_ANSWER;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        if (!monitor_is_silent(engine, bed, m)) {
            const int64_t at_ms = silent_at(bed, m);
            c.next_ms = at_ms < c.next_ms ? at_ms : c.next_ms;
            continue;
        }
        const int64_t heard_ms = bed->monitors[m].heard_at_ms;
        c.since_ms = !c.holds || heard_ms < c.since_ms ? heard_ms : c.since_ms;
        c.holds = true;
        if (bed->config->monitor_count > 1) {
            char word[24];
            (void)snprintf(word, sizeof word, "monitor %u", m + 1);
            add_word(c.detail, word);
        }
    }
    return c;
}

static bool is_sensor_loss(enum quality quality)
{
    return quality == QUALITY_ABSENT || quality == QUALITY_SENSOR_OFF;
}

static bool is_disbelief(enum quality quality)
{
    return quality == QUALITY_IMPLAUSIBLE || quality == QUALITY_RATE || quality == QUALITY_SPIKE ||
           quality == QUALITY_FROZEN;
}

/* A thousandth as people write it, without trailing zeros. */
static void value_text(char *text, size_t size, int32_t value_milli)
{
    const int64_t magnitude = value_milli < 0 ? -(int64_t)value_milli : value_milli;
    int length = snprintf(text, size, "%s%lld.%03lld", value_milli < 0 ? "-" : "", (long long)(magnitude / 1000),
                          (long long)(magnitude % 1000));
    while (length > 0 && text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (length > 0 && text[length - 1] == '.') {
        text[length - 1] = '\0';
    }
}

static void add_channel(struct condition *c, const struct channel *channel, bool show_raw)
{
    const struct vital_info *info = vital_info(channel->config->vital);
    char word[64];
    char number[24];
    value_text(number, sizeof number, channel->raw_milli);
    (void)snprintf(word, sizeof word, show_raw ? "%s %s %s" : "%s", info->name, number, info->unit);
    add_word(c->detail, word);
    c->since_ms = !c->holds || channel->lost_at_ms < c->since_ms ? channel->lost_at_ms : c->since_ms;
    if (!c->holds) {
        c->vital = channel->config->vital;
        c->has_value = show_raw;
        c->value_milli = show_raw ? channel->raw_milli : 0;
    }
    c->holds = true;
}

/* Rejected for 10 s, for a reason that `concerns`. */
static struct condition judge_rejection(const struct bed *bed, bool (*concerns)(enum quality), bool show_raw,
                                        int64_t now_ms)
{
    struct condition c = CONDITION_NONE;
    for (unsigned i = 0; i < bed->config->channel_count && bed->state.stay != 0; i++) {
        const struct channel *channel = &bed->channels[i];
        if (channel->lost_at_ms == INSTANT_NONE || !concerns(channel->quality)) {
            continue;
        }
        const int64_t at_ms = channel->lost_at_ms + ENGINE_SILENT_AFTER_MS;
        if (at_ms > now_ms) {
            c.next_ms = at_ms < c.next_ms ? at_ms : c.next_ms;
            continue;
        }
        if (show_raw) {
            c.reason = REASON_IMPLAUSIBLE;
        } else if (c.reason != REASON_SENSOR_OFF) {
            c.reason = channel->quality == QUALITY_SENSOR_OFF ? REASON_SENSOR_OFF : REASON_ABSENT;
        }
        add_channel(&c, channel, show_raw);
    }
    return c;
}

static struct condition judge_identity(const struct bed *bed, int64_t now_ms)
{
    struct condition c = CONDITION_NONE;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        if (bed->channels[i].quality == QUALITY_IDENTITY) {
            c.holds = true;
            c.since_ms = now_ms;
            c.reason = REASON_IDENTITY;
        }
    }
    return c;
}

/* Since when this source of a pulse has been gone without a reason that explains it; INSTANT_NONE: it is there, or explained. A monitor that
 * falls silent has an alarm of its own, but it takes back no lost pulse. */
static int64_t pulse_lost_at(const struct engine *engine, const struct bed *bed, const struct channel *channel)
{
    const int64_t now_ms = engine->now_ms;
    const bool silent =
        !bed->technical[BUILTIN_no_pulse_signal].raised && monitor_is_silent(engine, bed, channel->config->monitor);
    int64_t last_ms = 0;
    int32_t value_milli = 0;
    const enum quality quality = channel->quality;
    const bool explained = quality == QUALITY_SENSOR_OFF || quality == QUALITY_STANDBY || quality == QUALITY_DEMO ||
                           quality == QUALITY_IDENTITY || silent;
    const int64_t lost_ms = channel_lost_at(channel, now_ms);
    if (explained || lost_ms == INSTANT_NONE || !series_last(channel->series, &last_ms, &value_milli)) {
        return INSTANT_NONE;
    }
    return lost_ms > last_ms + ENGINE_SILENT_AFTER_MS ? lost_ms : last_ms + ENGINE_SILENT_AFTER_MS;
}

/* When a pulse that is there now would count as lost if nothing more came. */
static int64_t pulse_may_be_lost_at(const struct channel *channel, int64_t now_ms)
{
    int64_t last_ms = 0;
    int32_t value_milli = 0;
    if (!series_stands(channel->series, now_ms) || !series_last(channel->series, &last_ms, &value_milli)) {
        return SERIES_NEVER;
    }
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    const int64_t at_ms = last_ms + (standing_ms > ENGINE_SILENT_AFTER_MS ? standing_ms : ENGINE_SILENT_AFTER_MS);
    return at_ms > now_ms ? at_ms : now_ms + 1;
}

static struct condition judge_pulse(const struct engine *engine, const struct bed *bed)
{
    const int64_t now_ms = engine->now_ms;
    struct condition c = CONDITION_NONE;
    static const enum vital sources[] = {VITAL_hr, VITAL_pulse};
    int64_t at_ms = INSTANT_NONE;
    for (unsigned i = 0; i < 2 && bed->state.stay != 0; i++) {
        const struct channel *channel = bed_channel(bed, sources[i]);
        if (channel == NULL || (!channel->was_valid && channel->quality != QUALITY_SENSOR_OFF)) {
            continue; /* this bed does not have it, or never had it in this stay */
        }
        const int64_t lost_ms = pulse_lost_at(engine, bed, channel);
        if (lost_ms == INSTANT_NONE) {
            c.next_ms = pulse_may_be_lost_at(channel, now_ms);
            return c;
        }
        at_ms = lost_ms > at_ms ? lost_ms : at_ms;
    }
    c.holds = at_ms != INSTANT_NONE && at_ms <= now_ms;
    c.since_ms = at_ms;
    c.next_ms = at_ms != INSTANT_NONE && at_ms > now_ms ? at_ms : SERIES_NEVER;
    return c;
}

static bool is_monitor_alarm(enum signal_meaning means)
{
    return means == SIGNAL_monitor_alarm_high || means == SIGNAL_monitor_alarm_medium ||
           means == SIGNAL_monitor_alarm_low;
}

/* The first signal of the bed with this one's name: two monitors that say the same are one alarm. */
static unsigned first_namesake(const struct bed_config *config, unsigned signal)
{
    unsigned first = 0;
    while (strcmp(config->signals[first].name, config->signals[signal].name) != 0) {
        first++;
    }
    return first;
}

static bool any_namesake_on(const struct bed *bed, unsigned first)
{
    bool on = false;
    for (unsigned i = first; i < bed->config->signal_count; i++) {
        on |= bed->signal_on[i] && first_namesake(bed->config, i) == first;
    }
    return on;
}

static void step_signals(struct engine *engine, struct bed *bed)
{
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        if (!is_monitor_alarm(bed->config->signals[i].means) || first_namesake(bed->config, i) != i) {
            continue;
        }
        struct condition c = CONDITION_NONE;
        c.holds = any_namesake_on(bed, i);
        c.since_ms = engine->now_ms;
        settle(engine, bed, &bed->signals[i], &c);
    }
}

int64_t technical_step(struct engine *engine, struct bed *bed)
{
    const int64_t now_ms = engine->now_ms;
    int64_t next_ms = engine->settle_until_ms > now_ms ? engine->settle_until_ms : SERIES_NEVER;
    const struct condition judged[] = {
        [BUILTIN_monitor_silent] = engine->config->replay ? CONDITION_NONE : judge_silence(engine, bed),
        [BUILTIN_sensor_off] = judge_rejection(bed, is_sensor_loss, false, now_ms),
        [BUILTIN_implausible] = judge_rejection(bed, is_disbelief, true, now_ms),
        [BUILTIN_no_pulse_signal] = judge_pulse(engine, bed),
        [BUILTIN_identity_changed] = judge_identity(bed, now_ms),
    };
    for (unsigned i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        settle(engine, bed, &bed->technical[i], &judged[i]);
        next_ms = judged[i].next_ms < next_ms ? judged[i].next_ms : next_ms;
    }
    step_signals(engine, bed);
    return next_ms;
}

void technical_gateway_step(struct engine *engine)
{
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        struct gateway_condition *g = &engine->gateway[i];
        if (!g->changed) {
            continue;
        }
        g->changed = false;
        struct condition c = CONDITION_NONE;
        c.holds = g->on;
        c.since_ms = engine->now_ms;
        memcpy(c.detail, g->detail, sizeof c.detail);
        settle(engine, NULL, &g->alarm, &c);
    }
}
