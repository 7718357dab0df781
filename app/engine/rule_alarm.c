/*
 * The life of one rule's alarm at one bed, and of the technical alarm that takes over when the rule cannot see.
 *
 *     normal --met (step_delay)--> pending --delay over (step_inactive)--> active --ended (step_active)--> normal
 *                                    |  ^                                    |  ^  latching
 *                                    v  | unknown freezes, met resumes       v  | met again
 *                                    pending, frozen                        latched
 *       clear, a gap of what froze it, or unknown for unknown_after: back to normal
 *
 * Latched, it stays until somebody acknowledges it (command.c): then it goes back to normal. One that was acknowledged while
 * it was active has been seen, and does not latch.
 *
 * A gap that another part of the rule bridges breaks no delay: the condition was met all the time. What ends an alarm
 * must last for clear_delay without a break; unknown is one.
 *
 * not_monitored starts after unknown_after of being continuously unknown and ends at the first known value. It ends
 * nothing: the physiological alarm beside it stays active until its own clear. It ends, too, while the patient is away. While observations arrive the first
 * whole span does not count, that of `clear` neither; if none ever came the time runs from the stay's start.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void bind(struct arena *arena, const struct bed *bed, const struct expression *expression,
                 struct bound_expression *out)
{
    out->expression = expression;
    out->scoring = &bed->scoring;
    out->windows = ARENA_TAKE(arena, struct window *, expression->window_count);
    for (unsigned i = 0; i < expression->window_count; i++) {
        const struct window_spec *spec = &expression->windows[i];
        struct channel *channel = bed_channel(bed, spec->vital);
        struct window *window = window_make(arena, channel != NULL ? channel->series : NULL, spec);
        if (out->windows != NULL) {
            out->windows[i] = window;
        }
    }
}

/* Of `clear`, or of `when` with a limit of its own; else it is that of `when` itself. */
static struct bound_expression *make_ending(struct arena *arena, const struct bed *bed, const struct rule *rule,
                                            struct bound_expression *when)
{
    assert(!rule->has_clear || !rule->has_hysteresis);
    if (!rule->has_clear && !rule->has_hysteresis) {
        return when;
    }
    struct bound_expression *ending = ARENA_TAKE(arena, struct bound_expression, 1);
    struct bound_expression made = {.windows = NULL};
    bind(arena, bed, rule->has_clear ? &rule->clear : &rule->when, &made);
    if (ending != NULL) {
        *ending = made;
    }
    return ending;
}

/* Also a rule without parameters has the place of `limit`. */
static unsigned kept_parameters(const struct rule *rule)
{
    return rule->parameter_count > PARAMETER_LIMIT ? rule->parameter_count : PARAMETER_LIMIT + 1U;
}

static void take_parameters(const struct bed *bed, struct rule_alarm *out)
{
    const struct rule *rule = out->rule;
    struct alert_head *last = &out->alarm.last;
    for (unsigned p = 0; p < rule->parameter_count; p++) {
        last->parameters_milli[p] = limit_in_force(bed, rule, last->key.index, p);
    }
    for (unsigned p = 0; p < kept_parameters(rule); p++) {
        out->parameters_micro[p] = (int64_t)last->parameters_milli[p] * 1000;
        out->ending_micro[p] = out->parameters_micro[p];
    }
    if (rule->has_hysteresis) {
        out->ending_micro[PARAMETER_LIMIT] += (int64_t)rule->hysteresis_milli * 1000 * rule->when.limit_direction;
    }
    last->limit_milli = last->parameters_milli[PARAMETER_LIMIT];
    memcpy(out->not_monitored.last.parameters_milli, last->parameters_milli, sizeof last->parameters_milli);
    out->not_monitored.last.limit_milli = last->limit_milli;
    if (out->foreseen != NULL) {
        memcpy(out->foreseen->alarm.last.parameters_milli, last->parameters_milli, sizeof last->parameters_milli);
        out->foreseen->alarm.last.limit_milli = last->limit_milli;
    }
}

void rule_alarm_set_parameters(const struct bed *bed, struct rule_alarm *r)
{
    take_parameters(bed, r);
    expression_set_parameters(&r->when, r->parameters_micro);
    if (r->ending != &r->when) {
        expression_set_parameters(r->ending, r->ending_micro);
    }
    r->deadline_ms = INSTANT_NONE;
}

void rule_alarm_prepare(struct rule_alarm *out, uint16_t bed, uint16_t rule_index)
{
    const struct rule *rule = out->rule;
    struct alarm_key key = {.bed = bed, .family = ALARM_OF_RULE, .index = rule_index};
    alarm_prepare(&out->alarm, &key, KIND_PHYSIOLOGICAL, SOURCE_RULE, rule->priority, REASON_NONE);
    out->alarm.last.vital = rule->when.first_vital;
    out->alarm.last.has_limit = bed != BED_NONE && rule->parameters[PARAMETER_LIMIT].name != NULL;

    key.family = ALARM_NOT_MONITORED;
    alarm_prepare(&out->not_monitored, &key, KIND_TECHNICAL, SOURCE_RULE, rule->priority, REASON_NOT_MONITORED);
    out->not_monitored.last.vital = rule->when.first_vital;
    out->not_monitored.last.has_limit = out->alarm.last.has_limit;
}

void rule_alarm_make(struct arena *arena, struct bed *bed, struct rule_alarm *out, const struct rule *rule,
                     uint16_t rule_index)
{
    memset(out, 0, sizeof *out);
    out->rule = rule;
    bind(arena, bed, &rule->when, &out->when);
    out->ending = make_ending(arena, bed, rule, &out->when);
    rule_alarm_prepare(out, bed->index, rule_index);
    out->alarm.words = ARENA_TAKE(arena_reserve(arena), struct alert_words, 1);
    out->parameters_micro = ARENA_TAKE(arena, int64_t, kept_parameters(rule));
    out->ending_micro =
        rule->has_hysteresis ? ARENA_TAKE(arena, int64_t, kept_parameters(rule)) : out->parameters_micro;
    foreseen_make(arena, bed, out);
    if (arena->base != NULL) {
        rule_alarm_set_parameters(bed, out);
    }
    rule_alarm_reset(out, INSTANT_NONE);
}

void rule_alarm_reset_delay(struct rule_alarm *r)
{
    r->violated_at_ms = INSTANT_NONE;
    r->delay_resumed_ms = INSTANT_NONE;
    r->delay_elapsed_ms = 0;
    r->condition_at_ms = INSTANT_NONE;
}

void rule_alarm_reset(struct rule_alarm *r, int64_t unknown_since_ms)
{
    rule_alarm_reset_delay(r);
    r->clear_since_ms = INSTANT_NONE;
    r->unknown_since_ms = unknown_since_ms;
    r->deadline_ms = INSTANT_NONE;
    r->vote = (struct ward_vote){.counts = false};
    foreseen_reset(r);
}

/* "hr from pulse" */
static void name_stand_in(const struct channel *channel, char detail[ALERT_DETAIL_MAX])
{
    if (channel != NULL && channel->source != channel->config->vital) {
        (void)snprintf(detail, ALERT_DETAIL_MAX, "%s from %s", vital_info(channel->config->vital)->name,
                       vital_info((enum vital)channel->source)->name);
    } else if (detail[0] != '\0') { /* memory that was never written need not be there */
        detail[0] = '\0';
    }
}

/* Of a rule that asks for scores alone: the first one, or what is sure of it. */
static bool find_score(const struct bed *bed, const struct rule *rule, int32_t *out_milli)
{
    enum score score = 0;
    while (score < SCORE_COUNT && (rule->when.scores >> score & 1U) == 0) {
        score++;
    }
    const struct score_result *result = &bed->scoring.results[score < SCORE_COUNT ? score : 0];
    *out_milli = result->complete ? result->total_milli : result->least_milli;
    return score < SCORE_COUNT && (result->complete || result->has_least);
}

/* The newest observation of the rule's first vital, as every alert shows it. */
static void describe(const struct bed *bed, struct rule_alarm *r)
{
    const enum vital first = (enum vital)r->rule->when.first_vital;
    const struct channel *channel = first != VITAL_NONE ? bed_channel(bed, first) : NULL;
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    const bool known = first == VITAL_NONE ? find_score(bed, r->rule, &value_milli)
                                           : channel != NULL && series_last(channel->series, &at_ms, &value_milli);
    r->alarm.last.has_value = known;
    r->alarm.last.value_milli = known ? value_milli : 0;
    name_stand_in(channel, r->alarm.words->detail);
    r->not_monitored.last.has_value = known;
    r->not_monitored.last.value_milli = r->alarm.last.value_milli;
}

/* The span of a window, or what its number of observations takes; 0 where no gap can be. */
static int64_t span_of(const struct channel *channel, const struct window_spec *spec)
{
    if (spec->span_ms > 0) {
        return spec->span_ms;
    }
    return channel->config->episodic ? 0 : (int64_t)spec->count * channel->config->period_ms;
}

static int64_t longest_span(const struct bed *bed, const struct expression *expression)
{
    int64_t longest_ms = 0;
    for (unsigned i = 0; i < expression->window_count; i++) {
        const struct channel *channel = bed_channel(bed, expression->windows[i].vital);
        const int64_t span_ms = span_of(channel, &expression->windows[i]);
        longest_ms = span_ms > longest_ms ? span_ms : longest_ms;
    }
    return longest_ms;
}

int64_t rule_alarm_span_ms(const struct bed *bed, const struct rule_alarm *r)
{
    const int64_t when_ms = longest_span(bed, &r->rule->when);
    const int64_t clear_ms = r->rule->has_clear ? longest_span(bed, &r->rule->clear) : 0;
    return when_ms > clear_ms ? when_ms : clear_ms;
}

/* An observation of this instant ends a gap of one of the rule's windows. */
static bool ends_gap(const struct bed *bed, const struct rule_alarm *r, int64_t now_ms)
{
    for (unsigned i = 0; i < r->rule->when.window_count; i++) {
        const struct window_spec *spec = &r->rule->when.windows[i];
        const struct channel *channel = bed_channel(bed, spec->vital);
        const int64_t span_ms = span_of(channel, spec);
        if (span_ms > 0 && channel->resumed_at_ms == now_ms && channel->resumed_after_ms >= span_ms) {
            return true;
        }
    }
    return false;
}

/* A gap resets a delay that it has frozen; one that ran on was met by the rest of the rule. */
static void run_delay(const struct bed *bed, struct rule_alarm *r, enum verdict verdict, int64_t now_ms)
{
    if (bed != NULL && r->delay_resumed_ms == INSTANT_NONE && ends_gap(bed, r, now_ms)) {
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

static void step_delay(const struct bed *bed, struct rule_alarm *r, enum verdict when, int64_t now_ms)
{
    run_delay(bed, r, when, now_ms);
    if (r->condition_at_ms == INSTANT_NONE && delay_over_at(r) <= now_ms) {
        r->condition_at_ms = now_ms;
    }
}

/* Before the stay alarms are off, and a journal that is fed starts none: it may still have to start when the run begins. */
static void step_inactive(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    if (engine->restoring || delay_over_at(r) > engine->now_ms || (bed != NULL && !stay_is_on(engine, bed))) {
        return;
    }
    r->alarm.last.reason = REASON_NONE;
    escalate_reset(r);
    alarm_start(engine, bed, &r->alarm, r->violated_at_ms, r->condition_at_ms);
    r->clear_since_ms = INSTANT_NONE;
    rule_alarm_reset_delay(r);
}

enum verdict rule_alarm_clear(const struct rule_alarm *r, enum verdict when, int64_t now_ms)
{
    if (r->rule->has_clear) {
        const enum verdict clear = expression_verdict(r->ending, r->ending_micro, now_ms);
        return clear == VERDICT_MET && when == VERDICT_MET ? VERDICT_CLEAR : clear;
    }
    const enum verdict held = r->ending != &r->when ? expression_verdict(r->ending, r->ending_micro, now_ms) : when;
    if (held == VERDICT_UNKNOWN) {
        return VERDICT_UNKNOWN;
    }
    return held == VERDICT_MET ? VERDICT_CLEAR : VERDICT_MET;
}

static void settle(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    const bool seen = r->alarm.last.unpaused == INACTIVATION_ACKNOWLEDGED;
    if (!r->rule->latching || seen) {
        alarm_end(engine, bed, &r->alarm);
        rule_alarm_reset_delay(r);
    } else if (r->alarm.last.state == ALARM_ACTIVE || r->alarm.last.unverified) {
        r->alarm.last.state = ALARM_LATCHED;
        r->alarm.last.unverified = false;
        alarm_update(engine, bed, &r->alarm, PHASE_UPDATE);
    }
    r->clear_since_ms = INSTANT_NONE;
}

static void step_active(struct engine *engine, struct bed *bed, struct rule_alarm *r, enum verdict when,
                        enum verdict clear)
{
    const bool again = r->alarm.last.state == ALARM_LATCHED && when == VERDICT_MET;
    if (!engine->restoring && (again || (r->alarm.last.unverified && when == VERDICT_MET))) {
        r->alarm.last.state = ALARM_ACTIVE;
        r->alarm.last.unverified = false;
        r->alarm.last.pressing_at_ms = again ? engine->now_ms : r->alarm.last.pressing_at_ms;
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
    if (!engine->restoring && engine->now_ms - r->clear_since_ms >= (int64_t)r->rule->clear_delay_ms) {
        r->alarm.last.reason = REASON_NONE;
        settle(engine, bed, r);
    }
}

/*
 * The end of the first whole span, where nothing but windows that fill for the first time is at fault, and observations
 * arrive. INSTANT_NONE: something else is.
 */
int64_t rule_alarm_excused_until(const struct bed *bed, const struct bound_expression *bound, int64_t now_ms)
{
    int64_t until_ms = INSTANT_NONE;
    for (unsigned i = 0; i < bound->expression->window_count; i++) {
        const struct window_spec *spec = &bound->expression->windows[i];
        const struct channel *channel = bed_channel(bed, spec->vital);
        if (window_answer(bound->windows[i], now_ms).known) {
            continue;
        }
        if (!series_stands(channel->series, now_ms)) {
            return INSTANT_NONE;
        }
        const int64_t end_ms = channel->config->episodic ? now_ms : channel->first_at_ms + span_of(channel, spec);
        until_ms = end_ms > until_ms ? end_ms : until_ms;
    }
    return until_ms;
}

/* When it is told: not while the patient is away, and after a restart monitors get time to speak first. */
static int64_t not_monitored_at(const struct engine *engine, const struct bed *bed, const struct rule_alarm *r)
{
    if (bed == NULL) {
        const int64_t ward_ms = r->unknown_since_ms + (int64_t)r->rule->unknown_after_ms;
        return ward_ms > engine->settle_until_ms ? ward_ms : engine->settle_until_ms;
    }
    if (bed_is_away(bed)) {
        return SERIES_NEVER;
    }
    const int64_t at_ms = away_counts_from(bed, r->unknown_since_ms) + (int64_t)r->rule->unknown_after_ms;
    return at_ms > bed->settle_until_ms ? at_ms : bed->settle_until_ms;
}

bool rule_alarm_goes_blind(const struct engine *engine, const struct bed *bed, const struct rule_alarm *r)
{
    const bool is_watched = bed == NULL || bed->state.stay != 0;
    return is_watched && !r->not_monitored.raised && r->unknown_since_ms != INSTANT_NONE &&
           engine->now_ms >= not_monitored_at(engine, bed, r);
}

static void step_known(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    r->unknown_since_ms = INSTANT_NONE;
    if (r->not_monitored.raised) {
        alarm_end(engine, bed, &r->not_monitored);
    }
}

/* How old a measurement is that nobody has made in this stay: none is overdue either. */
static bool asks_age_of_none(const struct bed *bed, const struct rule *rule)
{
    for (unsigned i = 0; i < rule->when.window_count; i++) {
        const struct window_spec *spec = &rule->when.windows[i];
        const struct channel *channel = bed_channel(bed, spec->vital);
        if (spec->aggregate == AGGREGATE_AGE && channel->config->episodic && !channel->has_come) {
            return true;
        }
    }
    return false;
}

/* Nobody can say whether a monitor that may give a vital or not ever will, or when people will have entered all that a
 * score asks. As long as it gives others, its rules wait
 * for the first value; a bed that gives nothing at all is not watched, and every rule says so. */
bool rule_alarm_waits_for_first(const struct bed *bed, const struct rule_alarm *r)
{
    const uint32_t vitals = rule_vitals(r->rule);
    bool any_came = false;
    bool waits = (rule_scores(r->rule) & ~bed->scoring.came) != 0 || asks_age_of_none(bed, r->rule);
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const struct channel *channel = &bed->channels[i];
        any_came = any_came || channel->has_come;
        waits =
            waits || ((vitals >> channel->config->vital & 1U) != 0 && channel->config->optional && !channel->has_come);
    }
    return waits && any_came;
}

/* Of a bed it starts once this instant's causes are known: cause.c. */
static void start_not_monitored(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    if (bed == NULL) {
        alarm_start(engine, bed, &r->not_monitored, r->unknown_since_ms, engine->now_ms);
    } else {
        r->blind_due = true;
        bed->may_fold = true;
    }
}

static void step_unknown(struct engine *engine, struct bed *bed, struct rule_alarm *r, int64_t excused_until_ms)
{
    const int64_t now_ms = engine->now_ms;
    if (now_ms < excused_until_ms) {
        r->unknown_since_ms = INSTANT_NONE;
        return;
    }
    if (r->unknown_since_ms == INSTANT_NONE) {
        r->unknown_since_ms = now_ms;
    }
    if (r->unknown_since_ms < excused_until_ms) {
        r->unknown_since_ms = excused_until_ms;
    }
    if (!r->alarm.raised && now_ms - r->unknown_since_ms >= (int64_t)r->rule->unknown_after_ms) {
        rule_alarm_reset_delay(r);
    }
    if (rule_alarm_goes_blind(engine, bed, r)) {
        start_not_monitored(engine, bed, r);
    }
}

static void earliest(int64_t *deadline_ms, int64_t candidate_ms, int64_t now_ms)
{
    if (candidate_ms > now_ms && candidate_ms < *deadline_ms) {
        *deadline_ms = candidate_ms;
    }
}

int64_t rule_alarm_next_change(const struct rule_alarm *r, bool all, int64_t now_ms)
{
    int64_t deadline_ms = expression_next_change(&r->when, r->parameters_micro, now_ms);
    if (all && r->ending != &r->when) {
        earliest(&deadline_ms, expression_next_change(r->ending, r->ending_micro, now_ms), now_ms);
    }
    return deadline_ms;
}

void rule_alarm_life_deadline(const struct engine *engine, const struct bed *bed, const struct rule_alarm *r,
                              int64_t *deadline_ms)
{
    const int64_t now_ms = engine->now_ms;
    earliest(deadline_ms, delay_over_at(r), now_ms);
    if (r->clear_since_ms != INSTANT_NONE) {
        earliest(deadline_ms, r->clear_since_ms + r->rule->clear_delay_ms, now_ms);
    }
    if (r->unknown_since_ms != INSTANT_NONE) {
        earliest(deadline_ms, r->unknown_since_ms + r->rule->unknown_after_ms, now_ms);
        earliest(deadline_ms, not_monitored_at(engine, bed, r), now_ms);
    }
}

/* What a restart changed: an alarm that nobody can vouch for, another priority. */
static void announce(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    if (!alarm->raised || engine->restoring) {
        return;
    }
    const enum alarm_phase phase = alarm_take_priority(alarm, (enum priority)alarm->priority);
    if (phase != PHASE_UPDATE) {
        alarm->last.unseen_since_ms = engine->now_ms;
    }
    if (alarm->announce) {
        alarm->announce = false;
        alarm->last.reason = REASON_UNVERIFIED;
    } else if (phase == PHASE_UPDATE) {
        return;
    }
    alarm_update(engine, bed, alarm, phase);
}

enum verdict rule_alarm_live(struct engine *engine, struct bed *bed, struct rule_alarm *r, enum verdict when,
                             enum verdict clear)
{
    announce(engine, bed, &r->alarm);
    announce(engine, bed, &r->not_monitored);
    if (!r->alarm.raised) {
        step_delay(bed, r, when, engine->now_ms);
    }
    const bool was_raised = r->alarm.raised;
    if (was_raised) {
        step_active(engine, bed, r, when, clear);
    } else {
        step_inactive(engine, bed, r);
    }
    if (engine->restoring) {
        past_follow_instant(r, engine->now_ms);
    }
    return was_raised ? clear : when;
}

void rule_alarm_note_seen(struct engine *engine, struct bed *bed, struct rule_alarm *r, enum verdict seen,
                          int64_t excused_until_ms)
{
    if (seen == VERDICT_UNKNOWN) {
        step_unknown(engine, bed, r, excused_until_ms);
    } else {
        step_known(engine, bed, r);
    }
}

void rule_alarm_step(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    const int64_t now_ms = engine->now_ms;
    if (engine->restoring) {
        past_follow(r, engine->now_ms);
    }
    const enum verdict when = expression_verdict(&r->when, r->parameters_micro, now_ms);
    const struct bound_expression *asked = r->alarm.raised ? r->ending : &r->when;
    const enum verdict clear = r->alarm.raised ? rule_alarm_clear(r, when, now_ms) : when;
    describe(bed, r);
    const enum verdict seen = rule_alarm_live(engine, bed, r, when, clear);
    escalate_step(engine, bed, r);
    if (seen == VERDICT_UNKNOWN && !rule_alarm_waits_for_first(bed, r)) {
        step_unknown(engine, bed, r, rule_alarm_excused_until(bed, asked, now_ms));
    } else {
        step_known(engine, bed, r);
    }
    foreseen_step(engine, bed, r);
    r->deadline_ms = rule_alarm_next_change(r, r->alarm.raised, now_ms);
    rule_alarm_life_deadline(engine, bed, r, &r->deadline_ms);
    earliest(&r->deadline_ms, escalate_at(r), now_ms);
    earliest(&r->deadline_ms, foreseen_next_ms(r), now_ms);
}
