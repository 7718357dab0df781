/*
 * Alarms that no rules file defines: what is wrong with monitors, sensors and the gateway, and those that bits of a monitor are.
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
    enum priority priority; /* NONE: the alarm's usual one */
    enum vital vital;
    bool has_value;
    int32_t value_milli;
    uint32_t about; /* bit per vital that detail names: others make another text, a mere value does not */
    char detail[ALERT_DETAIL_MAX];
};

#define CONDITION_NONE ((struct condition){.next_ms = SERIES_NEVER, .vital = VITAL_NONE})

static void add_word(char *detail, const char *word)
{
    const size_t length = strlen(detail);
    (void)snprintf(detail + length, ALERT_DETAIL_MAX - length, "%s%s", length > 0 ? ", " : "", word);
}

/* A restored alarm whose condition has not shown again yet waits: monitors need time to speak. */
static void settle_gone(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    const int64_t settle_until_ms = bed != NULL ? bed->settle_until_ms : engine->settle_until_ms;
    if (alarm->raised && (!alarm->from_before || engine->now_ms >= settle_until_ms)) {
        alarm_end(engine, bed, alarm);
    }
}

static void settle(struct engine *engine, struct bed *bed, struct alarm *alarm, const struct condition *c)
{
    struct alert *last = &alarm->last;
    if (!c->holds) {
        settle_gone(engine, bed, alarm);
        return;
    }
    const bool other = c->about != 0 ? alarm->about != c->about : strcmp(last->detail, c->detail) != 0;
    const enum alarm_phase phase =
        alarm_take_priority(alarm, c->priority != PRIORITY_NONE ? c->priority : (enum priority)alarm->priority);
    alarm->from_before = false;
    if (alarm->raised && !other && phase == PHASE_UPDATE && last->reason == c->reason && !last->unverified) {
        return;
    }
    alarm->about = c->about;
    memcpy(last->detail, c->detail, sizeof last->detail);
    last->reason = (uint8_t)c->reason;
    last->vital = (uint8_t)c->vital;
    last->has_value = c->has_value;
    last->value_milli = c->value_milli;
    last->unverified = false;
    if (alarm->raised) {
        alarm_update(engine, bed, alarm, phase);
    } else {
        alarm_start(engine, bed, alarm, c->since_ms, engine->now_ms);
    }
}

static int64_t silent_at(const struct bed *bed, unsigned monitor, int64_t since_ms)
{
    const int64_t patience_ms = (int64_t)bed->config->monitor_period_ms[monitor] * 3;
    return since_ms + (patience_ms > ENGINE_SILENT_AFTER_MS ? patience_ms : ENGINE_SILENT_AFTER_MS);
}

bool monitor_is_silent(const struct engine *engine, const struct bed *bed, unsigned monitor)
{
    return !engine->config->replay && engine->now_ms >= silent_at(bed, monitor, bed->monitors[monitor].heard_at_ms);
}

void monitor_note_heard(struct engine *engine, struct bed *bed, unsigned monitor)
{
    struct monitor_state *state = &bed->monitors[monitor];
    if (state->back_at_ms == INSTANT_NONE || monitor_is_silent(engine, bed, monitor)) {
        state->back_at_ms = engine->now_ms;
    }
    state->heard_at_ms = engine->now_ms;
}

void monitor_note_outdated(struct engine *engine, struct bed *bed, unsigned monitor)
{
    struct monitor_state *state = &bed->monitors[monitor];
    state->outdated_at_ms = state->outdated_at_ms == INSTANT_NONE ? engine->now_ms : state->outdated_at_ms;
}

/* Silence counts from here, or from the newest word if all were heard. After a restart, what rests on nobody having spoken meanwhile waits as long as a silence. */
void technical_begin(struct engine *engine, struct bed *bed)
{
    bed->settle_until_ms = engine->now_ms + ENGINE_SILENT_AFTER_MS;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        struct monitor_state *monitor = &bed->monitors[m];
        if (!engine->unbroken || monitor->back_at_ms == INSTANT_NONE) {
            monitor->heard_at_ms = engine->now_ms;
            monitor->back_at_ms = INSTANT_NONE;
            monitor->outdated_at_ms = INSTANT_NONE;
        }
        const int64_t at_ms = silent_at(bed, m, engine->now_ms);
        bed->settle_until_ms = at_ms > bed->settle_until_ms ? at_ms : bed->settle_until_ms;
    }
    if (!engine->begun || !engine->restored) {
        bed->settle_until_ms = INSTANT_NONE;
    }
    reported_begin(bed, engine->now_ms);
}

/* Where there are several, which. */
static void add_monitor(struct condition *c, const struct bed *bed, unsigned monitor)
{
    if (bed->config->monitor_count > 1) {
        char word[24];
        (void)snprintf(word, sizeof word, "monitor %u", monitor + 1);
        add_word(c->detail, word);
    }
}

/* Since when it has said nothing that counts. Its alarms are heard also while its values are old. */
static int64_t unheard_since(const struct monitor_state *monitor)
{
    const bool is_outdated = monitor->outdated_at_ms != INSTANT_NONE;
    return is_outdated && monitor->outdated_at_ms < monitor->heard_at_ms ? monitor->outdated_at_ms
                                                                         : monitor->heard_at_ms;
}

static struct condition judge_silence(const struct engine *engine, const struct bed *bed)
{
    struct condition c = CONDITION_NONE;
    c.reason = REASON_NO_ANSWER;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        const int64_t heard_ms = unheard_since(&bed->monitors[m]);
        const int64_t at_ms = silent_at(bed, m, away_counts_from(bed, heard_ms));
        if (engine->now_ms < at_ms) {
            c.next_ms = at_ms < c.next_ms ? at_ms : c.next_ms;
            continue;
        }
        c.since_ms = !c.holds || heard_ms < c.since_ms ? heard_ms : c.since_ms;
        c.holds = true;
        add_monitor(&c, bed, m);
        if (bed->monitors[m].outdated_at_ms != INSTANT_NONE) {
            add_word(c.detail, "its values are not current, check its clock and the gateway's");
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
    c->about |= UINT32_C(1) << channel->config->vital;
    c->since_ms = !c->holds || channel->lost_at_ms < c->since_ms ? channel->lost_at_ms : c->since_ms;
    if (!c->holds) {
        c->vital = channel->config->vital;
        c->has_value = show_raw;
        c->value_milli = show_raw ? channel->raw_milli : 0;
    }
    c->holds = true;
}

/*
 * Rejected for 10 s, for a reason that `concerns`. A value that is not believed is one from the first on; a sensor is
 * missed only when it gave a value in this stay.
 */
static struct condition judge_rejection(const struct bed *bed, enum builtin_alarm alarm, bool (*concerns)(enum quality),
                                        int64_t now_ms)
{
    const bool show_raw = alarm == BUILTIN_implausible;
    struct condition c = CONDITION_NONE;
    for (unsigned i = 0; i < bed->config->channel_count && bed->state.stay != 0; i++) {
        const struct channel *channel = &bed->channels[i];
        const bool heard = bed->monitors[channel->config->monitor].back_at_ms != INSTANT_NONE;
        if (channel->lost_at_ms == INSTANT_NONE || !concerns(channel->quality) || !(channel->was_valid || show_raw) ||
            !(heard || bed->technical[alarm].raised)) {
            continue;
        }
        const int64_t at_ms = away_counts_from(bed, channel->lost_at_ms) + ENGINE_SILENT_AFTER_MS;
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

static struct condition judge_identity(const struct engine *engine, const struct bed *bed)
{
    struct condition c = CONDITION_NONE;
    c.reason = REASON_IDENTITY;
    c.since_ms = engine->now_ms;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        const struct monitor_state *monitor = &bed->monitors[m];
        if (!monitor->foreign) {
            continue;
        }
        c.holds = true;
        add_monitor(&c, bed, m);
        if (monitor->also_at != BED_NONE) {
            char word[64];
            (void)snprintf(word, sizeof word, "also at %s", engine->config->beds[monitor->also_at].id);
            add_word(c.detail, word);
        }
    }
    return c;
}

static struct condition judge_refused(const struct engine *engine, const struct bed *bed)
{
    struct condition c = CONDITION_NONE;
    c.holds = bed->refused != 0;
    c.since_ms = engine->now_ms;
    c.about = bed->refused;
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        if ((bed->refused >> v & 1U) != 0) {
            add_word(c.detail, vital_info((enum vital)v)->name);
        }
    }
    return c;
}

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
    if (!engine->config->replay && unheard_since(monitor) < pulse.since_ms) {
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
    const int64_t standing_ms = (int64_t)channel->config->period_ms * 3 / 2;
    const int64_t at_ms = last_ms + (standing_ms > ENGINE_SILENT_AFTER_MS ? standing_ms : ENGINE_SILENT_AFTER_MS);
    return at_ms > now_ms ? at_ms : now_ms + 1;
}

/* Lost when no source is there and none explains itself. Once raised, only a value or an explanation takes it back. */
static struct condition judge_pulse(const struct engine *engine, const struct bed *bed)
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

enum priority signal_priority(enum signal_meaning means)
{
    if (means == SIGNAL_monitor_alarm_high) {
        return PRIORITY_HIGH;
    }
    return means == SIGNAL_monitor_alarm_medium ? PRIORITY_MEDIUM : PRIORITY_LOW;
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

/* What of the built-in alarms holds at this bed. */
static struct condition judge(const struct engine *engine, const struct bed *bed, enum builtin_alarm alarm)
{
    if (alarm == BUILTIN_identity_changed) {
        return judge_identity(engine, bed);
    }
    if (alarm == BUILTIN_register_refused) {
        return judge_refused(engine, bed);
    }
    if (bed_is_away(bed)) {
        return CONDITION_NONE; /* nobody is there to be missed */
    }
    if (alarm == BUILTIN_monitor_silent) {
        return engine->config->replay ? CONDITION_NONE : judge_silence(engine, bed);
    }
    if (alarm == BUILTIN_no_pulse_signal) {
        return judge_pulse(engine, bed);
    }
    return judge_rejection(bed, alarm, alarm == BUILTIN_sensor_off ? is_sensor_loss : is_disbelief, engine->now_ms);
}

int64_t technical_step(struct engine *engine, struct bed *bed)
{
    static const enum builtin_alarm judged[] = {BUILTIN_monitor_silent,   BUILTIN_sensor_off,
                                                BUILTIN_implausible,      BUILTIN_no_pulse_signal,
                                                BUILTIN_identity_changed, BUILTIN_register_refused};
    int64_t next_ms = bed->settle_until_ms > engine->now_ms ? bed->settle_until_ms : SERIES_NEVER;
    for (unsigned i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        const struct condition c = judge(engine, bed, judged[i]);
        settle(engine, bed, &bed->technical[judged[i]], &c);
        next_ms = c.next_ms < next_ms ? c.next_ms : next_ms;
    }
    step_signals(engine, bed);
    return next_ms;
}

void technical_gateway_step(struct engine *engine)
{
    const bool settling = engine->now_ms < engine->settle_until_ms;
    engine->gateway_deadline_ms = settling ? engine->settle_until_ms : SERIES_NEVER;
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        struct gateway_condition *g = &engine->gateway[i];
        if (!g->changed) {
            continue;
        }
        g->changed = settling && !g->on; /* looked at again */
        struct condition c = CONDITION_NONE;
        c.holds = g->on;
        c.priority = g->priority;
        c.since_ms = engine->now_ms;
        memcpy(c.detail, g->detail, sizeof c.detail);
        settle(engine, NULL, &g->alarm, &c);
    }
}
