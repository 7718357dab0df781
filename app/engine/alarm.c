/*
 * One alarm's alerts. Every function here that takes the engine ends in exactly one record.
 *
 *     inactive --alarm_start--> active --alarm_update--> active or latched --alarm_end--> inactive
 *
 * Somebody who acknowledges an active alarm (alarm_acknowledge) silences it: until it ends, its priority rises, or it becomes more than was seen
 * (alarm_see_anew). What
 * an alert bears as its inactivation is that, or the pause that holds for it (pause.c), whichever is stronger.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <string.h>

void alarm_prepare(struct alarm *alarm, const struct alarm_key *key, enum alarm_kind kind, enum alarm_source source,
                   enum priority priority, enum alarm_reason reason)
{
    memset(alarm, 0, sizeof *alarm);
    alarm->last.key = *key;
    alarm->last.kind = (uint8_t)kind;
    alarm->last.source = (uint8_t)source;
    alarm->last.priority = (uint8_t)priority;
    alarm->priority = (uint8_t)priority;
    alarm->last.reason = (uint8_t)reason;
    alarm->last.vital = VITAL_NONE;
}

void alarm_alert(const struct alarm *alarm, struct alert *out)
{
    const struct alert_words *words = alarm->words;
    memset(out, 0, sizeof *out);
    memcpy(out, &alarm->last, sizeof alarm->last);
    if (words != NULL) {
        memcpy(out->stands_for, words->stands_for, sizeof out->stands_for);
        out->stands_for_key = words->stands_for_key;
        memcpy(out->detail, words->detail, sizeof out->detail);
        memcpy(out->reported, words->reported, sizeof out->reported);
    }
}

void alarm_take_alert(struct alarm *alarm, const struct alert *last)
{
    struct alert_words *words = alarm->words;
    memcpy(&alarm->last, last, sizeof alarm->last);
    if (words != NULL) {
        memcpy(words->stands_for, last->stands_for, sizeof words->stands_for);
        words->stands_for_key = last->stands_for_key;
        memcpy(words->detail, last->detail, sizeof words->detail);
        memcpy(words->reported, last->reported, sizeof words->reported);
    }
}

/* Most have none, and memory of theirs that was never written need not be there. */
void alarm_set_detail(struct alarm *alarm, const char detail[ALERT_DETAIL_MAX])
{
    if (strcmp(alarm->words->detail, detail) != 0) {
        memcpy(alarm->words->detail, detail, sizeof alarm->words->detail);
    }
}

static void put(struct engine *engine, struct bed *bed, struct record *record)
{
    record->bed = bed != NULL ? bed->index : BED_NONE;
    if (bed != NULL) {
        record->bed_state = bed->state;
    }
    record->of_command = engine->command_due;
    record->seq = engine->seq;
    record->next_id = engine->next_id;
    engine->sink->put(engine->sink, record);
    if (engine->witness != NULL) {
        engine->witness->gives(engine->witness, record);
    }
}

/* What it is part of may have to take its priority over, or to give it back. */
static void note_folded(struct engine *engine, struct bed *bed, const struct alarm *alarm)
{
    assert(bed != NULL); /* the gateway's own are never folded */
    bed->may_fold = true;
    if (alarm->last.part_of_index >= BUILTIN_BED_COUNT) {
        engine->gateway[alarm->last.part_of_index - BUILTIN_BED_COUNT].changed = true;
        engine->gateway_dirty = true;
    }
}

static void emit(struct engine *engine, struct bed *bed, struct alarm *alarm, enum alarm_phase phase)
{
    struct alert_head *alert = &alarm->last;
    alert->phase = (uint8_t)phase;
    alert->at_ms = engine->now_ms;
    if (phase == PHASE_START || phase == PHASE_ESCALATE || phase == PHASE_DEESCALATE) {
        alert->pressing_at_ms = engine->now_ms;
    }
    alert->inactivation =
        (uint8_t)(bed != NULL ? pause_inactivation(bed, alert) : pause_ward_inactivation(engine, alert));
    alert->clock_synced = engine->clock_synced;
    alert->rev++;
    const bool folded = alarm_is_folded(alarm);
    engine->seq += folded ? 0 : 1;
    alert->seq = engine->seq;
    if (bed != NULL) {
        bed->state.bed_seq += folded ? 0 : 1;
        alert->bed_seq = bed->state.bed_seq;
        alert->stay = bed->state.stay;
        bed->pause_due = true;
        bed_has_news(engine, bed);
    }
    if (folded) {
        note_folded(engine, bed, alarm);
    }
    struct record record = {.kind = folded ? RECORD_FOLDED : RECORD_ALERT};
    alarm_alert(alarm, &record.alert);
    put(engine, bed, &record);
}

void alarm_start(struct engine *engine, struct bed *bed, struct alarm *alarm, int64_t violated_at_ms,
                 int64_t condition_at_ms)
{
    assert(!alarm->raised);
    struct alert_head *alert = &alarm->last;
    alarm->raised = true;
    alarm->from_before = false;
    alarm->alone_since_ms = INSTANT_NONE;
    alert->id = engine->next_id++;
    alert->rev = 0;
    alert->state = ALARM_ACTIVE;
    alert->unverified = false;
    alert->violated_at_ms = violated_at_ms;
    alert->condition_at_ms = condition_at_ms;
    alert->raised_at_ms = engine->now_ms;
    alert->unseen_since_ms = engine->now_ms;
    emit(engine, bed, alarm, PHASE_START);
}

void alarm_tell(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    assert(alarm->raised && alarm_is_folded(alarm));
    note_folded(engine, bed, alarm); /* what it leaves */
    alarm->last.part_of = 0;
    alarm->last.part_of_index = 0;
    alarm->last.unpaused = INACTIVATION_NONE; /* what was acknowledged was part of something else */
    emit(engine, bed, alarm, PHASE_START);
}

void alarm_fold(struct engine *engine, struct bed *bed, struct alarm *alarm, const struct alert_head *cause)
{
    assert(alarm->raised && alarm_is_folded(alarm));
    note_folded(engine, bed, alarm); /* what it leaves */
    alarm->last.part_of = cause->id;
    alarm->last.part_of_index = cause->key.index;
    emit(engine, bed, alarm, PHASE_UPDATE);
}

void alarm_update(struct engine *engine, struct bed *bed, struct alarm *alarm, enum alarm_phase phase)
{
    assert(alarm->raised);
    emit(engine, bed, alarm, phase);
}

void alarm_end(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    assert(alarm->raised);
    alarm->raised = false;
    alarm->announce = false;
    alarm->last.state = ALARM_ENDED;
    alarm->last.unverified = false;
    emit(engine, bed, alarm, PHASE_END);
    alarm->last.unpaused = INACTIVATION_NONE; /* the next one is to be acknowledged anew */
    alarm->last.part_of = 0;
    alarm->last.part_of_index = 0;
}

void alarm_end_if_raised(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    if (alarm->raised) {
        alarm_end(engine, bed, alarm);
    }
}

enum alarm_phase alarm_take_priority(struct alarm *alarm, enum priority priority)
{
    const enum priority before = (enum priority)alarm->last.priority;
    if (priority == before) {
        return PHASE_UPDATE;
    }
    alarm->last.priority = (uint8_t)priority;
    if (priority < before) {
        return PHASE_DEESCALATE; /* somebody has seen worse */
    }
    alarm->last.unpaused = INACTIVATION_NONE;
    return PHASE_ESCALATE;
}

void alarm_see_anew(const struct engine *engine, struct alarm *alarm)
{
    alarm->last.pressing_at_ms = engine->now_ms;
    if (alarm->last.unpaused == INACTIVATION_ACKNOWLEDGED) {
        alarm->last.unpaused = INACTIVATION_NONE;
        alarm->last.unseen_since_ms = engine->now_ms;
    }
}

void alarm_acknowledge(struct engine *engine, struct bed *bed, struct alarm *alarm)
{
    assert(alarm->raised && alarm->last.state == ALARM_ACTIVE);
    alarm->last.unpaused = INACTIVATION_ACKNOWLEDGED;
    emit(engine, bed, alarm, PHASE_ACKNOWLEDGE);
}

void alarm_test(struct engine *engine, struct bed *bed, enum priority priority)
{
    struct alarm test = bed->technical[BUILTIN_test_alert];
    test.last.priority = (uint8_t)priority;
    test.last.test = true;
    alarm_start(engine, bed, &test, engine->now_ms, engine->now_ms);
}

void record_command(struct engine *engine, struct bed *bed, const struct bed_command *command)
{
    struct record record = {.kind = RECORD_COMMAND, .command = *command};
    put(engine, bed, &record);
}

void record_bed(struct engine *engine, struct bed *bed)
{
    struct record record = {.kind = RECORD_BED};
    bed_has_news(engine, bed);
    bed->state_changed = false;
    put(engine, bed, &record);
}

void record_measurement(struct engine *engine, struct bed *bed, const struct channel *channel)
{
    struct record record = {.kind = RECORD_MEASUREMENT};
    struct observation *o = &record.measurement;
    if (!series_last(channel->series, &o->at_ms, &o->value_milli)) {
        return;
    }
    o->bed = bed->index;
    o->monitor = channel->config->monitor;
    o->kind = OBSERVATION_VALUE;
    o->vital = (uint8_t)channel->config->vital;
    o->quality = QUALITY_VALID;
    put(engine, bed, &record);
}

void record_entries(struct engine *engine, struct bed *bed, const struct channel *channel)
{
    struct record record = {.kind = RECORD_ENTRIES,
                            .entries = {.vital = (uint8_t)channel->config->vital, .entries = *channel->entries}};
    put(engine, bed, &record);
}
