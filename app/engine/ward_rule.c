#include "app/engine/ward_rule.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* --- what a bed says ------------------------------------------------------------------------------------------ */

/* What would end the alarm, the other way round. */
static enum verdict judge_held(const struct rule_alarm *r, enum verdict when, int64_t now_ms)
{
    const enum verdict ends = rule_alarm_clear(r, when, now_ms);
    if (ends == VERDICT_UNKNOWN) {
        return VERDICT_UNKNOWN;
    }
    return ends == VERDICT_MET ? VERDICT_CLEAR : VERDICT_MET;
}

static bool fills(const struct bed *bed, const struct bound_expression *bound, enum verdict verdict, int64_t now_ms,
                  int64_t *deadline_ms)
{
    if (verdict != VERDICT_UNKNOWN) {
        return false;
    }
    const int64_t until_ms = rule_alarm_excused_until(bed, bound, now_ms);
    if (until_ms > now_ms && until_ms < *deadline_ms) {
        *deadline_ms = until_ms;
    }
    return until_ms > now_ms;
}

void ward_rule_judge(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    const int64_t now_ms = engine->now_ms;
    const struct bound_expression *ending = r->ending;
    const enum verdict when = expression_verdict(&r->when, r->parameters_micro, now_ms);
    const enum verdict held = judge_held(r, when, now_ms);
    r->deadline_ms = rule_alarm_next_change(r, true, now_ms);
    r->vote = (struct ward_vote){.counts = !rule_alarm_waits_for_first(bed, r),
                                 .when = (uint8_t)when,
                                 .held = (uint8_t)held,
                                 .when_fills = fills(bed, &r->when, when, now_ms, &r->deadline_ms),
                                 .held_fills = fills(bed, ending, held, now_ms, &r->deadline_ms)};
}

/* --- counting -------------------------------------------------------------------------------------------------- */

static void count(struct ward_tally *tally, uint8_t verdict, bool is_filling, int by)
{
    tally->met = (uint16_t)(tally->met + (verdict == VERDICT_MET ? by : 0));
    tally->unknown = (uint16_t)(tally->unknown + (verdict == VERDICT_UNKNOWN ? by : 0));
    tally->filling = (uint16_t)(tally->filling + (is_filling ? by : 0));
}

static void count_vote(struct ward_rule *w, const struct ward_vote *vote, int by)
{
    if (vote->counts) {
        count(&w->when, vote->when, vote->when_fills, by);
        count(&w->held, vote->held, vote->held_fills, by);
    }
}

static bool is_same_vote(const struct ward_vote *a, const struct ward_vote *b)
{
    return a->counts == b->counts && a->when == b->when && a->held == b->held && a->when_fills == b->when_fills &&
           a->held_fills == b->held_fills;
}

static bool may_vote(const struct engine *engine, const struct bed *bed)
{
    return stay_is_on(engine, bed) && !bed_is_away(bed);
}

void ward_rules_count(struct engine *engine, const struct bed *bed)
{
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        struct ward_rule *w = &engine->ward_rules[i];
        const struct rule_alarm *r = w->at[bed->index];
        const struct ward_vote none = {.counts = false};
        const struct ward_vote *vote = r != NULL && r->vote.counts && may_vote(engine, bed) ? &r->vote : &none;
        struct ward_vote *counted = &w->votes[bed->index];
        if (!is_same_vote(vote, counted)) {
            count_vote(w, counted, -1);
            count_vote(w, vote, 1);
            *counted = *vote;
            w->is_due = true;
        }
    }
}

/* --- the verdict of the ward ------------------------------------------------------------------------------------ */

static enum verdict judge(const struct ward_tally *tally, uint16_t beds)
{
    if (tally->met >= beds) {
        return VERDICT_MET;
    }
    return tally->met + tally->unknown < beds ? VERDICT_CLEAR : VERDICT_UNKNOWN;
}

/* Without the beds whose windows fill for the first time it would be known. */
static bool is_excused(const struct ward_tally *tally, uint16_t beds)
{
    return tally->met + tally->unknown - tally->filling < beds;
}

/* "b01, b02, b03 and 4 more" */
static void list_beds(const struct engine *engine, const struct ward_rule *w, char detail[ALERT_DETAIL_MAX])
{
    static const char more[] = " and 256 more";
    unsigned left = 0;
    size_t used = 0;
    detail[0] = '\0';
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const char *id = engine->config->beds[b].id;
        if (!w->named[b]) {
            continue;
        }
        if (left == 0 && used + 2 + strlen(id) + sizeof more <= ALERT_DETAIL_MAX) {
            used += (size_t)snprintf(detail + used, ALERT_DETAIL_MAX - used, "%s%s", used > 0 ? ", " : "", id);
        } else {
            left++;
        }
    }
    if (left > 0) {
        (void)snprintf(detail + used, ALERT_DETAIL_MAX - used, " and %u more", left);
    }
}

/* The beds where it holds, and in an active alarm those where it held since it began. True: there is another one. */
static bool name_beds(const struct engine *engine, struct ward_rule *w)
{
    bool is_another = false;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const bool holds = w->votes[b].counts && w->votes[b].when == VERDICT_MET;
        is_another = is_another || (holds && !w->named[b]);
        w->named[b] = holds || (w->life.alarm.raised && w->named[b]);
    }
    return is_another;
}

/* As many as the rule says, or the fewest that somebody has set at a bed. */
static uint16_t beds_in_force(const struct engine *engine, const struct ward_rule *w)
{
    const struct rule *rule = w->life.rule;
    uint16_t fewest = 0;
    for (unsigned b = 0; rule->beds_parameter != 0 && b < engine->config->bed_count; b++) {
        const struct rule_alarm *at = w->at[b];
        const int32_t milli = at != NULL ? at->alarm.last.parameters_milli[rule->beds_parameter] : 0;
        const uint16_t beds = (uint16_t)(milli / 1000);
        if (beds != 0 && beds != rule->beds && (fewest == 0 || beds < fewest)) {
            fewest = beds;
        }
    }
    return fewest != 0 ? fewest : rule->beds;
}

/* A pause of it has begun or is over. */
static void tell_pause(struct engine *engine, struct alarm *alarm)
{
    if (alarm->raised && pause_ward_inactivation(engine, &alarm->last) != alarm->last.inactivation) {
        alarm_update(engine, NULL, alarm, PHASE_UPDATE);
    }
}

static void step_rule(struct engine *engine, struct ward_rule *w)
{
    struct rule_alarm *r = &w->life;
    const uint16_t beds = beds_in_force(engine, w);
    if (engine->restoring) {
        past_follow(r, engine->now_ms);
    }
    const enum verdict when = judge(&w->when, beds), held = judge(&w->held, beds);
    const bool was_raised = r->alarm.raised;
    const uint32_t rev = r->alarm.last.rev;
    const bool joined = when == VERDICT_MET && name_beds(engine, w);
    if (joined || (when == VERDICT_MET && !was_raised)) {
        list_beds(engine, w, r->alarm.words->detail);
    }
    if (joined && was_raised && !engine->restoring) {
        alarm_see_anew(engine, &r->alarm);
    }
    const enum verdict ends = held == VERDICT_UNKNOWN ? held : held == VERDICT_MET ? VERDICT_CLEAR : VERDICT_MET;
    const enum verdict seen = rule_alarm_live(engine, NULL, r, when, ends);
    escalate_step(engine, NULL, r);
    if (was_raised && r->alarm.raised && joined && r->alarm.last.rev == rev) {
        alarm_update(engine, NULL, &r->alarm, PHASE_UPDATE);
    }
    const bool excused = is_excused(was_raised ? &w->held : &w->when, beds);
    rule_alarm_note_seen(engine, NULL, r, seen, excused ? SERIES_NEVER : INSTANT_NONE);
    r->deadline_ms = SERIES_NEVER;
    rule_alarm_life_deadline(engine, NULL, r, &r->deadline_ms);
    const int64_t escalate_ms = escalate_at(r);
    if (escalate_ms > engine->now_ms && escalate_ms < r->deadline_ms) {
        r->deadline_ms = escalate_ms;
    }
    tell_pause(engine, &r->alarm);
    tell_pause(engine, &r->not_monitored);
    w->is_due = false;
}

bool ward_rules_are_due(const struct engine *engine)
{
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        if (engine->ward_rules[i].is_due) {
            return true;
        }
    }
    return engine->ward_deadline_ms <= engine->now_ms;
}

void ward_rules_step(struct engine *engine)
{
    engine->ward_deadline_ms = SERIES_NEVER;
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        struct ward_rule *w = &engine->ward_rules[i];
        if (w->is_due || w->life.deadline_ms <= engine->now_ms) {
            step_rule(engine, w);
        }
        if (w->life.deadline_ms < engine->ward_deadline_ms) {
            engine->ward_deadline_ms = w->life.deadline_ms;
        }
    }
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static void prepare(struct ward_rule *w, const struct rule *rule, uint16_t index)
{
    memset(&w->life, 0, sizeof w->life);
    w->life.rule = rule;
    rule_alarm_prepare(&w->life, BED_NONE, index);
    rule_alarm_reset(&w->life, INSTANT_NONE);
    w->is_due = true; /* also a ward without any vote has a verdict */
}

void ward_rules_make(struct arena *arena, const struct engine_config *config, struct engine *out)
{
    for (uint16_t r = 0; r < config->rule_count; r++) {
        out->ward_rule_count = (uint16_t)(out->ward_rule_count + (config->rules[r].is_of_ward ? 1 : 0));
    }
    out->ward_rules = ARENA_TAKE(arena, struct ward_rule, out->ward_rule_count);
    out->ward_deadline_ms = SERIES_NEVER;
    unsigned next = 0;
    for (uint16_t r = 0; r < config->rule_count; r++) {
        if (!config->rules[r].is_of_ward) {
            continue;
        }
        struct rule_alarm **at = ARENA_TAKE(arena, struct rule_alarm *, config->bed_count);
        struct ward_vote *votes = ARENA_TAKE(arena, struct ward_vote, config->bed_count);
        bool *named = ARENA_TAKE(arena, bool, config->bed_count);
        struct alert_words *words = ARENA_TAKE(arena_reserve(arena), struct alert_words, 1);
        if (out->ward_rules != NULL && at != NULL && votes != NULL && named != NULL) {
            struct ward_rule *w = &out->ward_rules[next++];
            *w = (struct ward_rule){.at = at, .votes = votes, .named = named};
            prepare(w, &config->rules[r], r);
            w->life.alarm.words = words;
            for (uint16_t b = 0; b < config->bed_count; b++) {
                at[b] = bed_rule(&out->beds[b], r);
            }
        }
    }
}

struct rule_alarm *ward_rule_life(const struct engine *engine, unsigned rule)
{
    unsigned i = 0;
    while (i < engine->ward_rule_count && engine->ward_rules[i].life.alarm.last.key.index != rule) {
        i++;
    }
    assert(i < engine->ward_rule_count);
    return &engine->ward_rules[i].life;
}

/* A word of the list that list_beds wrote. */
static bool is_listed(const char *list, const char *id)
{
    const size_t length = strlen(id);
    for (const char *at = list; *at != '\0'; at += strcspn(at, ", "), at += strspn(at, ", ")) {
        if (strcspn(at, ", ") == length && memcmp(at, id, length) == 0) {
            return true;
        }
    }
    return false;
}

struct rule_alarm *ward_rule_restore(struct engine *engine, unsigned rule, const struct alert *last)
{
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        struct ward_rule *w = &engine->ward_rules[i];
        if (w->life.alarm.last.key.index != rule) {
            continue;
        }
        for (unsigned b = 0; b < engine->config->bed_count && last->key.family == ALARM_OF_RULE; b++) {
            w->named[b] = is_listed(last->detail, engine->config->beds[b].id);
        }
        return &w->life;
    }
    return NULL;
}

void ward_rules_each_alarm(const struct engine *engine, alarm_visitor *visit, void *context)
{
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        visit(context, &engine->ward_rules[i].life.alarm);
        visit(context, &engine->ward_rules[i].life.not_monitored);
    }
}

void ward_rules_look(struct engine *engine)
{
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        engine->ward_rules[i].is_due = true;
    }
}

void ward_rules_begin(struct engine *engine)
{
    ward_rules_look(engine);
}

void ward_rules_reset(struct engine *engine)
{
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        rule_alarm_reset(&engine->ward_rules[i].life, INSTANT_NONE);
        engine->ward_rules[i].is_due = true;
    }
}
