/*
 * The core: takes observations, commands and conditions, and steps through instants.
 *
 * Only what changed is looked at again: an observation marks its bed and its vital, a rule is evaluated when one of its
 * vitals is marked or its own deadline has come. An instant is stepped in pieces of one bed:
 *
 *     NONE --begin_instant: the gateway's alarms, the command--> STAYS --step_stays--> BEDS --all looked at-->
 *     (WARD, when a vote of a bed changed or a rule of the ward is due) --end_instant--> NONE
 */
#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define GATEWAY_SETTLE_MS 12000 /* its own conditions take 10 s to show, and are looked at now and then */

void engine_seed(struct engine *engine, uint64_t seed)
{
    input_tell(engine, (struct engine_input){.kind = INPUT_SEED, .number = seed});
    engine->seed = seed;
}

uint32_t engine_records_max(const struct engine *engine)
{
    return engine->records_max;
}

int64_t engine_now(const struct engine *engine)
{
    return engine->now_ms;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

int64_t engine_next(const struct engine *engine)
{
    if (engine->retired) {
        return SERIES_NEVER;
    }
    if (engine->stage != STAGE_NONE || engine->dirty.count > 0 || engine->gateway_dirty || engine->command_due ||
        engine->next != NULL) {
        return engine->now_ms;
    }
    uint32_t bed = 0;
    return sooner(sooner(deadlines_next(&engine->deadlines, &bed), engine->gateway_deadline_ms),
                  engine->ward_deadline_ms);
}

bool engine_is_amid(const struct engine *engine)
{
    return engine->stage != STAGE_NONE;
}

void bed_make_dirty(struct engine *engine, const struct bed *bed)
{
    marks_add(&engine->dirty, bed->index);
}

void bed_has_news(struct engine *engine, const struct bed *bed)
{
    marks_add(&engine->news, bed->index);
}

static void record_measurements(struct engine *engine, struct bed *bed)
{
    for (unsigned i = 0; i < bed->config->channel_count && bed->measured != 0; i++) {
        if ((bed->measured >> bed->channels[i].config->vital & 1U) != 0) {
            record_measurement(engine, bed, &bed->channels[i]);
        }
    }
    bed->measured = 0;
}

static int64_t step_rules(struct engine *engine, struct bed *bed)
{
    const int64_t began_ms = bed->state.stay_began_ms;
    int64_t deadline_ms = began_ms > engine->now_ms ? began_ms : SERIES_NEVER;
    const bool counts = bed->state.stay != 0 || bed->valid_since_ms != INSTANT_NONE;
    if (bed->state.stay != 0 && engine->now_ms < bed->state.stay_start_ms) {
        return bed->state.stay_start_ms; /* a command's instant, or a journal that reaches back further */
    }
    bed->evaluate_all |= engine->now_ms == began_ms;
    for (unsigned i = 0; i < bed->rule_count && counts; i++) {
        struct rule_alarm *r = &bed->rules[i];
        if (bed->evaluate_all || (bed->changed & rule_vitals(r->rule)) != 0 ||
            (bed->scored && rule_scores(r->rule) != 0) || r->deadline_ms <= engine->now_ms) {
            (r->rule->is_of_ward ? ward_rule_judge : rule_alarm_step)(engine, bed, r);
        }
        deadline_ms = r->deadline_ms < deadline_ms ? r->deadline_ms : deadline_ms;
    }
    return deadline_ms;
}

static int64_t step_channels(struct bed *bed, int64_t now_ms)
{
    int64_t deadline_ms = SERIES_NEVER;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const int64_t at_ms = channel_next_change(&bed->channels[i], now_ms);
        deadline_ms = at_ms < deadline_ms ? at_ms : deadline_ms;
    }
    return deadline_ms;
}

/* What is part of another cause from now on may have that one take its priority over. */
static int64_t step_causes(struct engine *engine, struct bed *bed)
{
    int64_t deadline_ms = SERIES_NEVER;
    if (bed->may_fold && cause_step(engine, bed, &deadline_ms)) {
        deadline_ms = sooner(deadline_ms, technical_step(engine, bed));
    }
    return deadline_ms;
}

static void step_bed(struct engine *engine, struct bed *bed)
{
    if (bed->changed != 0 || bed->deadline_ms <= engine->now_ms) {
        bed_has_news(engine, bed);
    }
    if (bed->state_changed) {
        record_bed(engine, bed);
    }
    record_measurements(engine, bed);
    pause_expire(engine, bed);
    bed->deadline_ms = away_step(engine, bed);
    bed->deadline_ms = sooner(bed->deadline_ms, scoring_step(engine, bed));
    bed->deadline_ms = sooner(bed->deadline_ms, estimating_step(engine, bed));
    bed->deadline_ms = sooner(bed->deadline_ms, step_rules(engine, bed));
    ward_rules_count(engine, bed);
    bed->deadline_ms = sooner(bed->deadline_ms, technical_step(engine, bed));
    bed->deadline_ms = sooner(bed->deadline_ms, step_causes(engine, bed));
    bed->deadline_ms = sooner(bed->deadline_ms, reported_step(engine, bed));
    bed->deadline_ms = sooner(bed->deadline_ms, pause_step(engine, bed));
    bed->deadline_ms = sooner(bed->deadline_ms, step_channels(bed, engine->now_ms));
    anew_tell_bed(engine, bed);
    bed->evaluate_all = false;
    bed->changed = 0;
    bed->scored = false;
    assert(bed->deadline_ms > engine->now_ms);
    deadlines_set(&engine->deadlines, bed->index, bed->deadline_ms);
    marks_remove(&engine->dirty, bed->index);
}

/* Every bed whose deadline has come is dirty from here on. */
static void take_deadlines(struct engine *engine)
{
    uint32_t bed = 0;
    while (deadlines_next(&engine->deadlines, &bed) <= engine->now_ms) {
        deadlines_set(&engine->deadlines, bed, DEADLINES_NEVER);
        marks_add(&engine->dirty, bed);
    }
}

static void begin_instant(struct engine *engine)
{
    engine->next_bed = 0;
    if (engine->next != NULL) {
        engine->stage = STAGE_BEDS;
        return;
    }
    engine->stage = STAGE_STAYS;
    take_deadlines(engine);
    if (engine->gateway_dirty || engine->gateway_deadline_ms <= engine->now_ms) {
        engine->gateway_dirty = false;
        technical_gateway_step(engine);
        anew_tell_ward(engine);
    }
    if (engine->command_due) {
        command_step(engine);
    }
}

/* Before any bed is looked at: whose an identity is hangs on who is in the other beds. True: one began, there may be more. */
static bool step_stays(struct engine *engine)
{
    for (uint32_t b = engine->next_bed; (b = marks_first(&engine->dirty, b)) != MARKS_NONE; b++) {
        if (engine->beds[b].begin_due) {
            stay_begin_due(engine, &engine->beds[b]);
            engine->next_bed = b + 1;
            return true;
        }
    }
    engine->stage = STAGE_BEDS;
    engine->next_bed = 0;
    return false;
}

static void end_instant(struct engine *engine)
{
    engine->stage = STAGE_NONE;
    if (engine->command_due) {
        engine->command_due = false;
        const bool known = engine->command.bed < engine->config->bed_count;
        record_command(engine, known ? &engine->beds[engine->command.bed] : NULL, &engine->command);
    }
}

/* One that is made dirty behind this one's back waits for the same instant's next round. */
static void step_next_bed(struct engine *engine)
{
    const uint32_t bed = marks_first(&engine->dirty, engine->next_bed);
    if (bed != MARKS_NONE) {
        step_bed(engine, &engine->beds[bed]);
        engine->next_bed = bed + 1;
    }
    if (marks_first(&engine->dirty, engine->next_bed) != MARKS_NONE) {
        return;
    }
    if (ward_rules_are_due(engine)) {
        engine->stage = STAGE_WARD;
    } else {
        end_instant(engine);
    }
}

static void step_ward(struct engine *engine)
{
    ward_rules_step(engine);
    end_instant(engine);
}

static void retire_next_bed(struct engine *engine)
{
    if (engine->next_bed < engine->config->bed_count) {
        retire_bed(engine, (uint16_t)engine->next_bed++);
    }
    if (engine->next_bed == engine->config->bed_count) {
        retire_ward_rules(engine);
        engine->stage = STAGE_NONE;
        engine->retired = true;
    }
}

void engine_step(struct engine *engine, int64_t until_ms, struct record_sink *sink)
{
    const int64_t at_ms = engine_next(engine);
    if (at_ms > until_ms && engine->stage == STAGE_NONE) {
        return;
    }
    assert(at_ms >= engine->now_ms);
    engine->now_ms = engine->stepped_ms = at_ms;
    engine->sink = sink;
    if (engine->stage == STAGE_NONE) {
        begin_instant(engine);
    }
    if (engine->next != NULL) {
        retire_next_bed(engine);
    } else if (engine->stage == STAGE_WARD) {
        step_ward(engine);
    } else if (engine->stage == STAGE_BEDS || !step_stays(engine)) {
        step_next_bed(engine);
    }
    engine->sink = NULL;
}

static void set_signal(struct bed *bed, const struct observation *o)
{
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        const struct signal_config *signal = &bed->config->signals[i];
        if (signal->monitor == o->monitor && signal->number == o->signal) {
            bed->signal_on[i] = o->value_milli != 0;
        }
    }
}

/* The channel that an observation is about; NULL when another monitor gives that vital here, or none. */
static struct channel *channel_of(const struct bed *bed, const struct observation *o)
{
    struct channel *channel = o->vital < VITAL_COUNT ? bed_channel(bed, (enum vital)o->vital) : NULL;
    const bool gives = channel != NULL && channel->config->monitor == o->monitor && !channel->config->entered;
    return gives ? channel : NULL;
}

static void observe_refused(struct bed *bed, const struct observation *o)
{
    const uint32_t vital = channel_of(bed, o) != NULL ? UINT32_C(1) << o->vital : 0;
    bed->refused = o->value_milli != 0 ? bed->refused | vital : bed->refused & ~vital;
}

/* By itself, then beside the other source of a rate. */
static enum quality judge(const struct bed *bed, const struct channel *channel, const struct observation *o)
{
    const enum quality quality = channel_judge(channel, o);
    return quality == QUALITY_VALID && pulse_denies(bed, o) ? QUALITY_IMPLAUSIBLE : quality;
}

static void observe_value(struct engine *engine, struct bed *bed, const struct observation *o)
{
    struct channel *channel = channel_of(bed, o);
    if (engine->restoring) {
        bed->monitors[o->monitor].foreign = o->quality == QUALITY_IDENTITY; /* as it was judged then */
    }
    if (channel == NULL || o->at_ms < bed->state.stay_start_ms) {
        return; /* nobody's here, or the patient's before */
    }
    if (o->quality == QUALITY_VALID) {
        bed->refused &= ~(UINT32_C(1) << o->vital); /* it answers after all */
    }
    if (o->quality == QUALITY_LATE) {
        channel_count_late(engine, channel);
        return;
    }
    const bool foreign = bed->monitors[o->monitor].foreign;
    const enum quality quality = foreign ? QUALITY_IDENTITY : judge(bed, channel, o);
    if (quality == QUALITY_VALID && !channel->config->episodic) {
        stay_note_valid(engine, bed, channel, o->at_ms);
    }
    channel_take(engine, bed, channel, o, quality);
}

/* Observations of this monitor were dropped: what its channels had no longer stands. */
static void observe_lost(struct bed *bed, const struct observation *o)
{
    if (o->at_ms < bed->state.stay_start_ms) {
        return;
    }
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        if (bed->channels[i].config->monitor == o->monitor && !bed->channels[i].config->episodic) {
            (void)series_put_invalid(bed->channels[i].series, o->at_ms);
        }
    }
    bed->evaluate_all = true;
}

bool engine_observe(struct engine *engine, const struct observation *o)
{
    if (engine->retired || o->at_ms < engine->now_ms || o->bed >= engine->config->bed_count ||
        o->monitor >= ENGINE_MONITORS_PER_BED_MAX) {
        engine->counts.late++;
        return false;
    }
    assert(engine->stage == STAGE_NONE &&
           engine_next(engine) >= o->at_ms); /* everything due before it has been stepped */
    struct bed *bed = &engine->beds[o->bed];
    if (engine->witness != NULL) {
        input_tell(engine, (struct engine_input){.kind = INPUT_OBSERVATION, .at_ms = o->at_ms, .observation = o});
    }
    engine->now_ms = o->at_ms;
    engine->counts.observations++;
    bed_make_dirty(engine, bed);
    if ((o->flags & OBSERVATION_ENTERED) != 0) {
        entry_restore(bed, o);
        return true;
    }
    if (o->kind == OBSERVATION_OUTDATED) {
        monitor_note_outdated(engine, bed, o->monitor);
        return true;
    }
    monitor_note_heard(engine, bed, o->monitor);
    switch ((enum observation_kind)o->kind) {
    case OBSERVATION_VALUE:
        observe_value(engine, bed, o);
        break;
    case OBSERVATION_SIGNAL:
        set_signal(bed, o);
        break;
    case OBSERVATION_LOST:
        observe_lost(bed, o);
        break;
    case OBSERVATION_IDENTITY:
        identity_note(engine, bed, o);
        break;
    case OBSERVATION_REFUSED:
        observe_refused(bed, o);
        break;
    case OBSERVATION_HEARD:
        bed->monitors[o->monitor].outdated_at_ms = INSTANT_NONE;
        break;
    case OBSERVATION_OUTDATED:
        break;
    }
    return true;
}

void engine_journal(const struct engine *engine, struct observation *o)
{
    if (o->kind == OBSERVATION_VALUE && engine->beds[o->bed].monitors[o->monitor].foreign) {
        o->quality = QUALITY_IDENTITY;
    }
}

void engine_command(struct engine *engine, int64_t at_ms, const struct bed_command *command)
{
    assert(at_ms >= engine->now_ms && !engine->command_due && !engine->retired && engine->stage == STAGE_NONE);
    assert(engine_next(engine) >= at_ms);
    input_tell(engine, (struct engine_input){.kind = INPUT_COMMAND, .at_ms = at_ms, .command = command});
    engine->now_ms = at_ms;
    engine->command = *command;
    engine->command_due = true;
}

void engine_retire(struct engine *engine, int64_t at_ms, const struct engine_config *next)
{
    assert(engine->next == next || (at_ms >= engine->now_ms && engine_next(engine) > at_ms));
    input_tell(engine, (struct engine_input){.kind = INPUT_RETIRE, .at_ms = at_ms});
    engine->now_ms = at_ms;
    engine->next = next;
}

void engine_condition(struct engine *engine, int64_t at_ms, enum builtin_alarm alarm, bool on, enum priority priority,
                      const char *detail)
{
    assert((unsigned)alarm >= BUILTIN_BED_COUNT && alarm < BUILTIN_COUNT && at_ms >= engine->now_ms);
    assert(engine->stage == STAGE_NONE);
    struct gateway_condition *g = &engine->gateway[(unsigned)alarm - BUILTIN_BED_COUNT];
    const bool is_first =
        g->alarm.raised && !g->said; /* of one from before a restart: it is news that it still holds */
    g->said = true;
    if (!is_first && g->on == on && g->priority == priority && strncmp(g->detail, detail, sizeof g->detail - 1) == 0) {
        return;
    }
    input_tell(engine, (struct engine_input){.kind = INPUT_CONDITION,
                                             .at_ms = at_ms,
                                             .number = (uint64_t)alarm,
                                             .flag = on,
                                             .priority = priority,
                                             .detail = detail});
    engine->now_ms = at_ms;
    if (alarm == BUILTIN_store_replaced && on && !is_first && strcmp(detail, CONDITION_TRENDS_ONLY) != 0) {
        anew_begin(engine);
    }
    g->on = on;
    g->priority = priority;
    g->changed = true;
    (void)snprintf(g->detail, sizeof g->detail, "%s", detail);
    engine->gateway_dirty = true;
}

void engine_line(struct engine *engine, int64_t at_ms, uint16_t line, enum line_state state)
{
    assert(line < engine->config->line_count && at_ms >= engine->now_ms && engine->stage == STAGE_NONE);
    if (engine->lines[line] == (uint8_t)state) {
        return;
    }
    input_tell(engine,
               (struct engine_input){.kind = INPUT_LINE, .at_ms = at_ms, .number = line, .number_2 = (uint64_t)state});
    engine->now_ms = at_ms;
    engine->lines[line] = (uint8_t)state;
    engine->gateway[BUILTIN_bus_down - BUILTIN_BED_COUNT].changed = true;
    engine->gateway_dirty = true;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        for (unsigned m = 0; m < engine->beds[b].config->monitor_count; m++) {
            if (engine->beds[b].config->monitor_line[m] == line) {
                bed_make_dirty(engine, &engine->beds[b]);
            }
        }
    }
}

void engine_clock_synced(struct engine *engine, bool synced)
{
    if (synced != engine->clock_synced) {
        input_tell(engine, (struct engine_input){.kind = INPUT_CLOCK, .at_ms = engine->now_ms, .flag = synced});
    }
    engine->clock_synced = synced;
}

void engine_admit(struct engine *engine, uint16_t bed_index, int64_t at_ms)
{
    assert(at_ms >= engine->now_ms);
    struct bed *bed = &engine->beds[bed_index];
    engine->now_ms = at_ms;
    bed->begin_due = true;
    bed->admitted = true;
    bed->admitted_at_ms = at_ms;
    bed_make_dirty(engine, bed);
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        channel_reset(&bed->channels[i], at_ms);
    }
}

void engine_begin(struct engine *engine, int64_t now_ms)
{
    assert(!engine->begun && now_ms >= engine->now_ms);
    input_tell(engine, (struct engine_input){.kind = engine->unbroken ? INPUT_CONTINUE : INPUT_BEGIN, .at_ms = now_ms});
    engine->begun = true;
    engine->now_ms = now_ms;
    engine->settle_until_ms = engine->restored ? now_ms + GATEWAY_SETTLE_MS : INSTANT_NONE;
    engine->gateway_dirty = true;
    ward_rules_begin(engine);
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        struct bed *bed = &engine->beds[b];
        technical_begin(engine, bed);
        bed_make_dirty(engine, bed);
        bed_has_news(engine, bed);
        bed->pause_due = true;
        bed->pause_deadline_ms = now_ms;
        bed->evaluate_all = true;
    }
}

void engine_continue(struct engine *engine, int64_t now_ms)
{
    engine->unbroken = engine->restored;
    engine_begin(engine, now_ms);
}

uint16_t engine_take_news(struct engine *engine)
{
    const uint32_t bed = marks_first(&engine->news, 0);
    if (bed == MARKS_NONE) {
        return BED_NONE;
    }
    marks_remove(&engine->news, bed);
    return (uint16_t)bed;
}

void engine_count(const struct engine *engine, struct engine_counts *out)
{
    *out = engine->counts;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const struct bed *bed = &engine->beds[b];
        for (unsigned i = 0; i < bed->config->channel_count; i++) {
            out->overruns += series_overruns(bed->channels[i].series);
        }
    }
}
