/*
 * Alarms that no rules file defines: what is wrong with monitors, sensors and the gateway, and those that bits of a monitor are.
 *
 * Each function that judges says which condition holds now, what to show of it, and when it may change; `settle` turns
 * that into starts, updates and ends.
 */
#include "app/engine/builtin_delay.h"
#include "app/engine/condition.h"
#include "app/engine/engine_internal.h"

#include <stdio.h>
#include <string.h>

/* Of the gateway's own. */
static int64_t settles_ms(const struct engine *engine, const struct alarm *alarm)
{
    const bool of_lines = alarm->last.key.index == BUILTIN_bus_down;
    return of_lines ? cause_lines_settle_ms(engine) : engine->settle_until_ms;
}

/* A restored alarm whose condition has not shown again yet waits: monitors need time to speak. */
static void settle_gone(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    const int64_t settle_until_ms = bed != NULL ? bed->settle_until_ms : settles_ms(engine, alarm);
    if (alarm->raised && (!alarm->from_before || engine->now_ms >= settle_until_ms)) {
        alarm_end(engine, bed, alarm);
    }
}

static bool has_more(const uint8_t before[STANDS_FOR_MAX / 8], const uint8_t now[STANDS_FOR_MAX / 8])
{
    bool more = false;
    for (unsigned i = 0; i < STANDS_FOR_MAX / 8; i++) {
        more |= (now[i] & ~before[i]) != 0;
    }
    return more;
}

/*
 * What it stands for; true when that is to be told anew. As long as it is about the same vitals, rules that come and go
 * with a stand-in or a stray value are no news: only one that is folded and has not been listed is. (After a restart the
 * same names may have other places.)
 */
static bool take_list(const struct engine *engine, const struct bed *bed, struct alarm *alarm, uint32_t gone)
{
    struct alert_words *words = alarm->words;
    uint8_t stands_for[STANDS_FOR_MAX / 8] = {0};
    const bool known = alarm->raised && !alarm->from_before;
    if (known && gone != 0 && gone == alarm->gone && cause_has_listed(bed, alarm)) {
        return false;
    }
    cause_list(engine, bed, alarm, gone, stands_for);
    const bool equal = memcmp(stands_for, words->stands_for, sizeof stands_for) == 0;
    const bool same = !alarm->from_before && equal;
    const uint32_t key = same ? words->stands_for_key : cause_list_key(engine, bed, stands_for);
    const bool other = key != words->stands_for_key;
    if (bed == NULL && alarm->raised && (known ? has_more(words->stands_for, stands_for) : other)) {
        alarm_see_anew(engine, alarm); /* beds that nobody has acknowledged */
    }
    if (!equal || other) {
        memcpy(words->stands_for, stands_for, sizeof stands_for);
        words->stands_for_key = key;
    }
    alarm->gone = gone;
    return other;
}

/* More vitals are gone because of it than were. (After a restart: than it named, or other monitors.) */
static bool is_wider(const struct alarm *alarm, const struct condition *c)
{
    if (!alarm->raised || c->gone == 0) {
        return false;
    }
    if (!alarm->from_before) {
        return (c->gone & ~alarm->gone) != 0;
    }
    return c->about != 0 ? (c->about & ~alarm->about) != 0 : strcmp(alarm->words->detail, c->detail) != 0;
}

static void settle(struct engine *engine, struct bed *bed, struct alarm *alarm, const struct condition *c)
{
    struct alert_head *last = &alarm->last;
    if (!c->holds) {
        settle_gone(engine, bed, alarm);
        return;
    }
    bool other = c->about != 0 ? alarm->about != c->about : strcmp(alarm->words->detail, c->detail) != 0;
    if (is_wider(alarm, c)) {
        alarm_see_anew(engine, alarm);
    }
    other |= take_list(engine, bed, alarm, c->gone);
    enum priority usual = c->priority != PRIORITY_NONE ? c->priority : (enum priority)alarm->priority;
    usual = bed == NULL ? escalate_gateway_priority(engine, alarm, usual) : usual;
    const enum priority priority = cause_priority(engine, bed, alarm, usual);
    if (bed == NULL && priority > (enum priority)last->priority) {
        alarm_see_anew(engine, alarm);
    }
    const enum alarm_phase phase = alarm_take_priority(alarm, priority);
    alarm->from_before = false;
    if (alarm->raised && !other && phase == PHASE_UPDATE && last->reason == c->reason && !last->unverified) {
        return;
    }
    alarm->about = c->about;
    alarm_set_detail(alarm, c->detail);
    last->reason = (uint8_t)c->reason;
    last->vital = (uint8_t)c->vital;
    last->has_value = c->has_value;
    last->value_milli = c->value_milli;
    last->unverified = false;
    if (alarm->raised) {
        alarm_update(engine, bed, alarm, phase);
    } else {
        alarm_start(engine, bed, alarm, c->since_ms, engine->now_ms - c->overdue_ms);
    }
}

int64_t monitor_patience_ms(const struct bed *bed, unsigned monitor)
{
    return builtin_patience_ms(bed->config, monitor);
}

/* Those that it gives. */
static uint32_t monitor_vitals(const struct bed *bed, unsigned monitor)
{
    uint32_t vitals = 0;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const struct channel_config *channel = &bed->config->channels[i];
        vitals |= channel->monitor == monitor && !channel->entered ? UINT32_C(1) << channel->vital : 0;
    }
    return vitals;
}

static int64_t silent_at(const struct bed *bed, unsigned monitor, int64_t since_ms)
{
    return since_ms + monitor_patience_ms(bed, monitor);
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
        condition_add_word(c, word);
    }
}

/* Since when it has said nothing that counts. Its alarms are heard also while its values are old. */
int64_t monitor_unheard_since(const struct monitor_state *monitor)
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
        const int64_t heard_ms = monitor_unheard_since(&bed->monitors[m]);
        const int64_t due_ms = silent_at(bed, m, away_counts_from(bed, heard_ms));
        const int64_t overdue_ms = engine->now_ms - due_ms;
        const int64_t at_ms = overdue_ms >= 0 ? cause_line_awaited_ms(engine, bed, m, due_ms) : due_ms;
        if (engine->now_ms < at_ms) {
            c.next_ms = at_ms < c.next_ms ? at_ms : c.next_ms;
            continue;
        }
        if (overdue_ms <= ENGINE_LINE_WAIT_MS && overdue_ms > c.overdue_ms) {
            c.overdue_ms = overdue_ms;
        }
        c.since_ms = !c.holds || heard_ms < c.since_ms ? heard_ms : c.since_ms;
        c.holds = true;
        c.gone |= monitor_vitals(bed, m);
        add_monitor(&c, bed, m);
        if (bed->monitors[m].outdated_at_ms != INSTANT_NONE) {
            condition_add_word(&c, "its values are not current, check its clock and the gateway's");
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

static void add_channel(struct condition *c, const struct channel *channel, bool show_raw)
{
    const struct vital_info *info = vital_info(channel->config->vital);
    if (show_raw) {
        condition_add_value(c, channel->config->vital, channel->raw_milli);
    } else {
        condition_add_word(c, info->name);
    }
    c->about |= UINT32_C(1) << channel->config->vital;
    c->gone |= UINT32_C(1) << channel->config->vital;
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
static struct condition judge_rejection(const struct engine *engine, const struct bed *bed, enum builtin_alarm alarm,
                                        bool (*concerns)(enum quality))
{
    const bool show_raw = alarm == BUILTIN_implausible;
    struct condition c = CONDITION_NONE;
    for (unsigned i = 0; i < bed->config->channel_count && bed->state.stay != 0; i++) {
        const struct channel *channel = &bed->channels[i];
        if (channel->lost_at_ms == INSTANT_NONE || !concerns(channel->quality)) {
            continue;
        }
        const bool heard = bed->monitors[channel->config->monitor].back_at_ms != INSTANT_NONE;
        if (!(channel->was_valid || show_raw) || !(heard || bed->technical[alarm].raised)) {
            continue;
        }
        const int64_t at_ms =
            away_counts_from(bed, channel->lost_at_ms) + builtin_delay_ms(engine->config, bed->config, alarm);
        if (at_ms > engine->now_ms) {
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
        c.gone |= monitor_vitals(bed, m);
        add_monitor(&c, bed, m);
        if (monitor->also_at != BED_NONE) {
            char word[64];
            (void)snprintf(word, sizeof word, "also at %s", engine->config->beds[monitor->also_at].id);
            condition_add_word(&c, word);
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
    for (uint32_t left = bed->refused; left != 0; left &= left - 1) {
        condition_add_word(&c, vital_info((enum vital)__builtin_ctz(left))->name);
    }
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
static struct condition judge(const struct engine *engine, struct bed *bed, enum builtin_alarm alarm)
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
        return pulse_judge_lost(engine, bed);
    }
    if (alarm == BUILTIN_pulse_disagrees) {
        return pulse_judge_disagreement(engine, bed);
    }
    return judge_rejection(engine, bed, alarm, alarm == BUILTIN_sensor_off ? is_sensor_loss : is_disbelief);
}

void technical_judge_causes(const struct engine *engine, struct bed *bed)
{
    static const enum builtin_alarm causes[] = {BUILTIN_monitor_silent, BUILTIN_sensor_off, BUILTIN_implausible,
                                                BUILTIN_identity_changed};
    for (unsigned i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        const struct condition c = judge(engine, bed, causes[i]);
        bed->technical[causes[i]].gone_now = c.holds ? c.gone : 0;
    }
}

int64_t technical_step(struct engine *engine, struct bed *bed)
{
    static const enum builtin_alarm judged[] = {
        BUILTIN_monitor_silent,   BUILTIN_sensor_off,       BUILTIN_implausible,    BUILTIN_no_pulse_signal,
        BUILTIN_identity_changed, BUILTIN_register_refused, BUILTIN_pulse_disagrees};
    int64_t next_ms = bed->settle_until_ms > engine->now_ms ? bed->settle_until_ms : SERIES_NEVER;
    if (bed->may_fold) {
        technical_judge_causes(engine, bed);
    }
    for (unsigned i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        const struct condition c = judge(engine, bed, judged[i]);
        if (judged[i] == BUILTIN_monitor_silent && c.holds && !bed->technical[judged[i]].raised) {
            cause_take_silence(engine, bed);
        }
        settle(engine, bed, &bed->technical[judged[i]], &c);
        next_ms = c.next_ms < next_ms ? c.next_ms : next_ms;
    }
    step_signals(engine, bed);
    return next_ms;
}

static void look_at_beds(struct engine *engine)
{
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        bed_make_dirty(engine, &engine->beds[b]);
    }
}

static void step_condition(struct engine *engine, struct gateway_condition *g)
{
    struct condition c = CONDITION_NONE;
    const bool raised = g->alarm.raised;
    c.holds = g->on;
    escalate_gateway_step(engine, &g->alarm);
    c.priority = g->priority;
    c.since_ms = engine->now_ms;
    memcpy(c.detail, g->detail, sizeof c.detail);
    settle(engine, NULL, &g->alarm, &c);
    anew_tell_condition(engine, g);
    if (raised != g->alarm.raised && g->alarm.last.key.index == BUILTIN_bus_down) {
        look_at_beds(engine); /* what is or was part of it */
    }
}

/* Looked at when something was said of it, and when nobody has acknowledged it for too long. */
static void look_at_condition(struct engine *engine, struct gateway_condition *g)
{
    const bool escalates = escalate_gateway_at(engine, &g->alarm) <= engine->now_ms;
    const int64_t settles_at_ms = g->changed || escalates ? settles_ms(engine, &g->alarm) : INSTANT_NONE;
    const bool settling = engine->now_ms < settles_at_ms;
    if (settling && settles_at_ms < engine->gateway_deadline_ms) {
        engine->gateway_deadline_ms = settles_at_ms;
    }
    if ((!g->changed && !escalates) || (settling && g->alarm.raised && !g->said)) {
        return; /* of one that is restored nothing but its alert is known, until somebody says more */
    }
    g->changed = settling && !g->on; /* looked at again */
    step_condition(engine, g);
}

void technical_gateway_step(struct engine *engine)
{
    const bool begins = engine->now_ms < engine->settle_until_ms;
    engine->gateway_deadline_ms = begins ? engine->settle_until_ms : SERIES_NEVER;
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        struct gateway_condition *g = &engine->gateway[i];
        look_at_condition(engine, g);
        const int64_t escalate_ms = escalate_gateway_at(engine, &g->alarm);
        if (escalate_ms > engine->now_ms && escalate_ms < engine->gateway_deadline_ms) {
            engine->gateway_deadline_ms = escalate_ms;
        }
    }
}
