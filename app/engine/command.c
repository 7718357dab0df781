/*
 * What people tell, once it has come through: does it mean something here and now? Then do it. Each kind has its function;
 * what all have in common is checked before.
 *
 * A command must name the stay that it is meant for (0: the bed is vacant), so that nothing is done to the next patient. A
 * stay that began by itself and whose admission nobody entered is confirmed by `admit`: its patient is the one admitted. Told
 * once more it means the next patient, but not as long as it may have been told before the first one was seen: two nurses
 * confirm, or one does twice.
 */
#include "app/engine/engine_internal.h"
#include "app/engine/staffing.h"
#include "app/engine/ward_rule.h"

#define ADMITTED_SEEN_MS 30000 /* no command is told for longer */

typedef enum command_verdict command_action(struct engine *engine, struct bed *bed, struct bed_command *command);

static enum command_verdict admit(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    (void)command;
    struct alarm *unconfirmed = &bed->technical[BUILTIN_admission_not_entered];
    const bool is_on = bed->state.stay != 0;
    if (is_on && unconfirmed->raised) {
        bed->state.admission_ms = engine->now_ms;
        alarm_end(engine, bed, unconfirmed);
        return VERDICT_ACCEPTED;
    }
    if (is_on && engine->now_ms - bed->state.admission_ms < ADMITTED_SEEN_MS) {
        return VERDICT_NOTHING;
    }
    stay_admit(engine, bed);
    return VERDICT_ACCEPTED;
}

static enum command_verdict discharge(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    (void)command;
    stay_discharge(engine, bed);
    return VERDICT_ACCEPTED;
}

static enum command_verdict transfer(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    if (command->to_bed >= engine->config->bed_count) {
        return VERDICT_UNKNOWN_BED;
    }
    struct bed *to = &engine->beds[command->to_bed];
    if (to->state.stay != 0) {
        return VERDICT_OCCUPIED;
    }
    stay_discharge(engine, bed);
    stay_admit(engine, to);
    return VERDICT_ACCEPTED;
}

static enum command_verdict away(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    if (command->duration_ms > AWAY_MS_MAX) {
        return VERDICT_BOUNDS;
    }
    const uint32_t duration_ms = command->duration_ms != 0 ? command->duration_ms : AWAY_MS_DEFAULT;
    away_begin(engine, bed, engine->now_ms + (int64_t)duration_ms);
    return VERDICT_ACCEPTED;
}

static enum command_verdict back(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    (void)command;
    if (!bed_is_away(bed)) {
        return VERDICT_NOTHING;
    }
    away_end(engine, bed);
    return VERDICT_ACCEPTED;
}

static enum command_verdict assign(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    (void)command;
    return identity_assign(engine, bed) ? VERDICT_ACCEPTED : VERDICT_NOTHING;
}

struct search {
    uint64_t id;
    struct alarm *found;
};

static void look_at(void *context, struct alarm *alarm)
{
    struct search *search = context;
    if (alarm->raised && alarm->last.id == search->id) {
        search->found = alarm;
    }
}

/* One of the whole ward, or of the gateway itself: somebody at any of its beds may have seen it. */
static void search_beyond_beds(struct engine *engine, struct search *search)
{
    ward_rules_each_alarm(engine, look_at, search);
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        look_at(search, &engine->gateway[i].alarm);
    }
}

static enum command_verdict acknowledge(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    struct search search = {.id = command->alarm_id};
    bed_each_alarm(bed, look_at, &search);
    if (search.found == NULL) {
        search_beyond_beds(engine, &search);
        bed = NULL;
    }
    struct alarm *alarm = search.found;
    if (alarm == NULL) {
        return VERDICT_UNKNOWN_ALARM;
    }
    if (alarm->last.rev != command->rev) {
        return VERDICT_REVISION;
    }
    if (alarm->last.state == ALARM_LATCHED) {
        const unsigned rule = alarm->last.key.index; /* only a rule's alarm latches */
        alarm_end(engine, bed, alarm);
        rule_alarm_reset_delay(bed != NULL ? bed_rule(bed, rule) : ward_rule_life(engine, rule));
        return VERDICT_ACCEPTED;
    }
    if (alarm->last.unpaused == INACTIVATION_ACKNOWLEDGED) {
        return VERDICT_NOTHING;
    }
    alarm_acknowledge(engine, bed, alarm);
    return VERDICT_ACCEPTED;
}

/* Of NEWS2, which is not for anybody who may be under 16. */
static enum command_verdict set_scale(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    if (!score_is_for(SCORE_news2, bed->config->patient_class)) {
        return VERDICT_CLASS;
    }
    if ((bed->scoring.scores >> SCORE_news2 & 1U) == 0) {
        return VERDICT_NOT_SETTABLE;
    }
    const uint8_t before = bed->state.spo2_scale != 0 ? bed->state.spo2_scale : SCORING_SPO2_SCALE_1;
    if (command->scale == before) {
        return VERDICT_NOTHING;
    }
    bed->state.spo2_scale = command->scale;
    bed->evaluate_all = true;
    record_bed(engine, bed);
    return VERDICT_ACCEPTED;
}

static enum command_verdict test_alert(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    if (command->priority > PRIORITY_HIGH) {
        return VERDICT_BOUNDS;
    }
    const enum priority usual = builtin_alarm_info(BUILTIN_test_alert)->priority;
    alarm_test(engine, bed, command->priority != PRIORITY_NONE ? (enum priority)command->priority : usual);
    return VERDICT_ACCEPTED;
}

/* Of the whole ward, whichever bed it came by. No alarm goes by it: what it means there is for whoever shows the ward. */
static enum command_verdict set_staff(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    (void)bed;
    const int64_t ahead_ms = command->until_ms - engine->now_ms;
    const bool is_long = command->has_until && (ahead_ms <= 0 || ahead_ms > STAFFING_TOLD_MS_MAX);
    return command->nurses > STAFFING_NURSES_MAX || is_long ? VERDICT_BOUNDS : VERDICT_ACCEPTED;
}

/* Of the whole gateway. What the command left open, or asks for beyond the newest alert, is filled in, for its row in the audit log. */
static enum command_verdict resend(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    (void)bed;
    const uint64_t from = command->from_seq;
    if (from == 0 || (command->through_seq != 0 && command->through_seq < from) ||
        (command->through_seq != 0 && command->through_seq - from >= RESEND_ALERTS_MAX)) {
        return VERDICT_BOUNDS;
    }
    if (from > engine->seq) {
        return VERDICT_NOTHING;
    }
    const uint64_t most = engine->seq - from < RESEND_ALERTS_MAX ? engine->seq : from + RESEND_ALERTS_MAX - 1;
    command->through_seq = command->through_seq != 0 && command->through_seq < most ? command->through_seq : most;
    return VERDICT_ACCEPTED;
}

static const struct {
    command_action *act;
    bool needs_patient;
    bool any_stay; /* whoever is there */
} kinds[COMMAND_KIND_COUNT] = {
    [COMMAND_admit] = {admit, false, false},
    [COMMAND_discharge] = {discharge, true, false},
    [COMMAND_transfer] = {transfer, true, false},
    [COMMAND_away] = {away, true, false},
    [COMMAND_back] = {back, true, false},
    [COMMAND_assign] = {assign, false, false},
    [COMMAND_acknowledge] = {acknowledge, false, false},
    [COMMAND_set_limit] = {limit_set, true, false},
    [COMMAND_reset_limit] = {limit_reset, true, false},
    [COMMAND_observe] = {entry_observe, true, false},
    [COMMAND_retract] = {entry_retract, true, false},
    [COMMAND_set_scale] = {set_scale, true, false},
    [COMMAND_describe] = {estimating_describe, true, false},
    [COMMAND_test_alert] = {test_alert, false, true},
    [COMMAND_pause] = {pause_set, true, false},
    [COMMAND_resume] = {pause_resume, true, false},
    [COMMAND_set_staff] = {set_staff, false, true},
    [COMMAND_resend] = {resend, false, true},
};

static enum command_verdict check(const struct engine *engine, const struct bed_command *command)
{
    if (command->kind >= COMMAND_KIND_COUNT) {
        return VERDICT_UNKNOWN_COMMAND;
    }
    if (command->bed >= engine->config->bed_count) {
        return VERDICT_UNKNOWN_BED;
    }
    const uint64_t stay = engine->beds[command->bed].state.stay;
    if (stay == 0 && (kinds[command->kind].needs_patient || (command->stay != 0 && !kinds[command->kind].any_stay))) {
        return VERDICT_VACANT;
    }
    return stay == command->stay || kinds[command->kind].any_stay ? VERDICT_ACCEPTED : VERDICT_STAY;
}

void command_step(struct engine *engine)
{
    struct bed_command *command = &engine->command;
    if (command->verdict == VERDICT_ACCEPTED) {
        command->verdict = (uint8_t)check(engine, command);
    }
    if (command->verdict == VERDICT_ACCEPTED) {
        struct bed *bed = &engine->beds[command->bed];
        bed_make_dirty(engine, bed);
        command->verdict = (uint8_t)kinds[command->kind].act(engine, bed, command);
    }
}
