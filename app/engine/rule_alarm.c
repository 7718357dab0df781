/*
 * The life of one rule's alarm at one bed, and of the technical alarm that takes over when the rule cannot see.
 *
 *     normal --met (begin_delay)--> pending --delay over (rule_alarm_step)--> active --ended (step_active)--> normal
 *                                     |  ^                                      | latching
 *                                     v  | unknown freezes, met resumes         v
 *                                     pending, frozen                          latched
 *       clear, or unknown for longer than unknown_after: back to normal
 *
 * not_monitored starts after unknown_after of being continuously unknown and ends at the first known value. It ends
 * nothing: the physiological alarm beside it stays active until its own clear.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <string.h>

static void bind(struct arena *arena, const struct bed *bed, const struct expression *expression,
                 struct bound_expression *out)
{
    out->expression = expression;
    for (unsigned i = 0; i < expression->window_count; i++) {
        const struct window_spec *spec = &expression->windows[i];
        struct channel *channel = bed_channel(bed, spec->vital);
        out->windows[i] = window_make(arena, channel != NULL ? channel->series : NULL, spec);
    }
}

static void take_parameters(const struct bed *bed, struct rule_alarm *out, uint16_t rule_index)
{
    const struct rule *rule = out->rule;
    for (unsigned p = 0; p < rule->parameter_count; p++) {
        out->alarm.last.parameters_milli[p] = rule->parameters[p].value_milli[bed->config->patient_class];
    }
    for (unsigned i = 0; i < bed->config->override_count; i++) {
        const struct override_config *override = &bed->config->overrides[i];
        if (override->rule == rule_index) {
            out->alarm.last.parameters_milli[override->parameter] = override->value_milli;
        }
    }
    for (unsigned p = 0; p < PARAMETERS_MAX; p++) {
        out->parameters_micro[p] = (int64_t)out->alarm.last.parameters_milli[p] * 1000;
        out->moved_micro[p] = out->parameters_micro[p];
    }
    out->moved_micro[PARAMETER_LIMIT] += (int64_t)rule->hysteresis_milli * 1000 * rule->when.limit_direction;
}

static void prepare_alarms(const struct bed *bed, struct rule_alarm *out, uint16_t rule_index)
{
    const struct rule *rule = out->rule;
    struct alarm_key key = {.bed = bed->index, .family = ALARM_OF_RULE, .index = rule_index};
    alarm_prepare(&out->alarm, &key, KIND_PHYSIOLOGICAL, SOURCE_RULE, rule->priority, REASON_NONE);
    take_parameters(bed, out, rule_index);
    out->alarm.last.vital = rule->when.first_vital;
    out->alarm.last.has_limit = rule->parameters[PARAMETER_LIMIT].name != NULL;
    out->alarm.last.limit_milli = out->alarm.last.parameters_milli[PARAMETER_LIMIT];

    key.family = ALARM_NOT_MONITORED;
    alarm_prepare(&out->not_monitored, &key, KIND_TECHNICAL, SOURCE_RULE, rule->priority, REASON_NOT_MONITORED);
    memcpy(out->not_monitored.last.parameters_milli, out->alarm.last.parameters_milli,
           sizeof out->alarm.last.parameters_milli);
    out->not_monitored.last.vital = rule->when.first_vital;
}

void rule_alarm_make(struct arena *arena, struct bed *bed, struct rule_alarm *out, const struct rule *rule,
                     uint16_t rule_index)
{
    memset(out, 0, sizeof *out);
    out->rule = rule;
    bind(arena, bed, &rule->when, &out->when);
    if (rule->has_clear) {
        bind(arena, bed, &rule->clear, &out->clear);
    }
    if (rule->has_hysteresis) {
        bind(arena, bed, &rule->when, &out->moved);
    }
    prepare_alarms(bed, out, rule_index);
    if (arena->base != NULL) {
        expression_set_parameters(&out->when, out->parameters_micro);
        if (rule->has_clear) {
            expression_set_parameters(&out->clear, out->parameters_micro);
        }
        if (rule->has_hysteresis) {
            expression_set_parameters(&out->moved, out->moved_micro);
        }
    }
    rule_alarm_reset(out);
}

void rule_alarm_reset_delay(struct rule_alarm *r)
{
    r->violated_at_ms = INSTANT_NONE;
    r->delay_resumed_ms = INSTANT_NONE;
    r->delay_elapsed_ms = 0;
}

void rule_alarm_reset(struct rule_alarm *r)
{
    rule_alarm_reset_delay(r);
    r->clear_since_ms = INSTANT_NONE;
    r->unknown_since_ms = INSTANT_NONE;
    r->deadline_ms = INSTANT_NONE;
}

/* The newest observation of the rule's first vital, as every alert shows it. */
static void describe(const struct bed *bed, struct rule_alarm *r)
{
    const struct channel *channel = bed_channel(bed, (enum vital)r->rule->when.first_vital);
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    const bool known = channel != NULL && series_last(channel->series, &at_ms, &value_milli);
    r->alarm.last.has_value = known;
    r->alarm.last.value_milli = known ? value_milli : 0;
    r->not_monitored.last.has_value = known;
    r->not_monitored.last.value_milli = r->alarm.last.value_milli;
}

/* An observation that came after a gap of one of the rule's windows breaks a delay that began before it. */
static bool gap_since(const struct bed *bed, const struct rule_alarm *r, int64_t instant_ms)
{
    for (unsigned i = 0; i < r->rule->when.window_count; i++) {
        const struct window_spec *spec = &r->rule->when.windows[i];
        const struct channel *channel = bed_channel(bed, spec->vital);
        if (spec->span_ms > 0 && channel->resumed_at_ms > instant_ms && channel->resumed_after_ms >= spec->span_ms) {
            return true;
        }
    }
    return false;
}

static void run_delay(const struct bed *bed, struct rule_alarm *r, enum verdict verdict, int64_t now_ms)
{
    if (r->violated_at_ms != INSTANT_NONE && gap_since(bed, r, r->violated_at_ms)) {
        rule_alarm_reset_delay(r);
    }
    if (verdict == VERDICT_CLEAR) {
        rule_alarm_reset_delay(r);
    } else if (verdict == VERDICT_UNKNOWN) {
        if (r->delay_resumed_ms != INSTANT_NONE) {
            r->delay_elapsed_ms += now_ms - r->delay_resumed_ms;
            r->delay_resumed_ms = INSTANT_NONE;
        }
    } else {
        if (r->violated_at_ms == INSTANT_NONE) {
            r->violated_at_ms = now_ms;
        }
        if (r->delay_resumed_ms == INSTANT_NONE) {
            r->delay_resumed_ms = now_ms;
        }
    }
}

static int64_t delay_over_at(const struct rule_alarm *r)
{
    if (r->violated_at_ms == INSTANT_NONE || r->delay_resumed_ms == INSTANT_NONE) {
        return SERIES_NEVER;
    }
    return r->delay_resumed_ms + (int64_t)r->rule->delay_ms - r->delay_elapsed_ms;
}

static void step_inactive(struct engine *engine, struct bed *bed, struct rule_alarm *r, enum verdict when)
{
    run_delay(bed, r, when, engine->now_ms);
    if (delay_over_at(r) <= engine->now_ms) {
        alarm_start(engine, bed, &r->alarm, r->violated_at_ms);
        rule_alarm_reset_delay(r);
        r->clear_since_ms = INSTANT_NONE;
    }
}

/* Met: the alarm may end. */
static enum verdict clear_verdict(const struct rule_alarm *r, enum verdict when, int64_t now_ms)
{
    if (r->rule->has_clear) {
        const enum verdict clear = expression_verdict(&r->clear, r->parameters_micro, now_ms);
        return clear == VERDICT_MET && when == VERDICT_MET ? VERDICT_CLEAR : clear;
    }
    const enum verdict held = r->rule->has_hysteresis ? expression_verdict(&r->moved, r->moved_micro, now_ms) : when;
    if (held == VERDICT_UNKNOWN) {
        return VERDICT_UNKNOWN;
    }
    return held == VERDICT_MET ? VERDICT_CLEAR : VERDICT_MET;
}

static void settle(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    if (!r->rule->latching) {
        alarm_end(engine, bed, &r->alarm);
    } else if (r->alarm.last.state == ALARM_ACTIVE) {
        r->alarm.last.state = ALARM_LATCHED;
        alarm_update(engine, bed, &r->alarm, PHASE_UPDATE);
    }
    r->clear_since_ms = INSTANT_NONE;
}

static void step_active(struct engine *engine, struct bed *bed, struct rule_alarm *r, enum verdict when,
                        enum verdict clear)
{
    const bool again = r->alarm.last.state == ALARM_LATCHED && when == VERDICT_MET;
    if (again || (r->alarm.last.unverified && when == VERDICT_MET)) {
        r->alarm.last.state = ALARM_ACTIVE;
        r->alarm.last.unverified = false;
        r->alarm.last.reason = REASON_NONE;
        alarm_update(engine, bed, &r->alarm, PHASE_UPDATE);
    }
    if (clear != VERDICT_MET) {
        r->clear_since_ms = INSTANT_NONE;
        return;
    }
    if (r->clear_since_ms == INSTANT_NONE) {
        r->clear_since_ms = engine->now_ms;
    }
    if (engine->now_ms - r->clear_since_ms >= (int64_t)r->rule->clear_delay_ms) {
        r->alarm.last.reason = REASON_NONE;
        settle(engine, bed, r);
    }
}

/* The stay's start; after a restart, that of the engine. */
static int64_t watched_since(const struct engine *engine, const struct bed *bed)
{
    return bed->state.stay_start_ms > engine->begun_ms ? bed->state.stay_start_ms : engine->begun_ms;
}

/* One of its vitals has had no valid observation in this stay: it has been unknown all the time. */
static bool never_came(const struct bed *bed, const struct rule_alarm *r)
{
    for (unsigned i = 0; i < r->rule->when.window_count; i++) {
        if (!bed_channel(bed, r->rule->when.windows[i].vital)->was_valid) {
            return true;
        }
    }
    return false;
}

/* Until the first whole span since the first observation an unknown is no fault. */
static bool is_first_span(const struct rule_alarm *r, int64_t now_ms)
{
    return r->unknown_since_ms == INSTANT_NONE && expression_is_filling(&r->when, now_ms);
}

static void step_unknown(struct engine *engine, struct bed *bed, struct rule_alarm *r, bool unknown)
{
    const int64_t now_ms = engine->now_ms;
    if (!unknown) {
        r->unknown_since_ms = INSTANT_NONE;
        if (r->not_monitored.raised) {
            alarm_end(engine, bed, &r->not_monitored);
        }
        return;
    }
    if (is_first_span(r, now_ms)) {
        return;
    }
    if (r->unknown_since_ms == INSTANT_NONE) {
        r->unknown_since_ms = never_came(bed, r) ? watched_since(engine, bed) : now_ms;
    }
    if (now_ms - r->unknown_since_ms < (int64_t)r->rule->unknown_after_ms) {
        return;
    }
    rule_alarm_reset_delay(r);
    if (!r->not_monitored.raised) {
        alarm_start(engine, bed, &r->not_monitored, r->unknown_since_ms);
    }
}

static void earliest(int64_t *deadline_ms, int64_t candidate_ms, int64_t now_ms)
{
    if (candidate_ms > now_ms && candidate_ms < *deadline_ms) {
        *deadline_ms = candidate_ms;
    }
}

static int64_t next_deadline(const struct rule_alarm *r, int64_t now_ms)
{
    int64_t deadline_ms = expression_next_change(&r->when, r->parameters_micro, now_ms);
    earliest(&deadline_ms, delay_over_at(r), now_ms);
    if (r->alarm.raised && r->rule->has_clear) {
        earliest(&deadline_ms, expression_next_change(&r->clear, r->parameters_micro, now_ms), now_ms);
    }
    if (r->alarm.raised && r->rule->has_hysteresis) {
        earliest(&deadline_ms, expression_next_change(&r->moved, r->moved_micro, now_ms), now_ms);
    }
    if (r->clear_since_ms != INSTANT_NONE) {
        earliest(&deadline_ms, r->clear_since_ms + r->rule->clear_delay_ms, now_ms);
    }
    if (r->unknown_since_ms != INSTANT_NONE) {
        earliest(&deadline_ms, r->unknown_since_ms + r->rule->unknown_after_ms, now_ms);
    }
    return deadline_ms;
}

void rule_alarm_step(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    const int64_t now_ms = engine->now_ms;
    const enum verdict when = expression_verdict(&r->when, r->parameters_micro, now_ms);
    enum verdict seen = when;
    describe(bed, r);
    if (r->alarm.announce) {
        r->alarm.announce = false;
        r->alarm.last.reason = REASON_UNVERIFIED;
        alarm_update(engine, bed, &r->alarm, PHASE_UPDATE);
    }
    if (!r->alarm.raised) {
        step_inactive(engine, bed, r, when);
    } else {
        seen = clear_verdict(r, when, now_ms);
        step_active(engine, bed, r, when, seen);
    }
    step_unknown(engine, bed, r, seen == VERDICT_UNKNOWN);
    r->deadline_ms = next_deadline(r, now_ms);
}
