/*
 * Going on after a restart: numbers and stays as committed, windows by feeding the journal again in silence, and over
 * what that gives the alarms as committed.
 */
#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"

#include <assert.h>
#include <string.h>

void engine_restore_numbers(struct engine *engine, uint64_t seq, uint64_t next_id)
{
    assert(!engine->begun && next_id > 0);
    input_tell(engine, (struct engine_input){.kind = INPUT_NUMBERS, .number = seq, .number_2 = next_id});
    engine->seq = seq;
    engine->next_id = next_id;
}

uint64_t engine_seq(const struct engine *engine)
{
    return engine->seq;
}

void engine_skip_ids(struct engine *engine, uint64_t count)
{
    engine_restore_numbers(engine, engine->seq, engine->next_id + count);
}

void engine_restore_bed(struct engine *engine, uint16_t bed_index, const struct bed_snapshot *snapshot)
{
    assert(!engine->begun);
    struct bed *bed = &engine->beds[bed_index];
    input_tell(engine, (struct engine_input){.kind = INPUT_STAY, .bed = bed_index, .stay = snapshot});
    bed->state = *snapshot;
    limit_restore(bed);
    for (unsigned i = 0; i < bed->config->channel_count && snapshot->stay != 0; i++) {
        channel_reset(&bed->channels[i], snapshot->stay_start_ms);
    }
}

void engine_restore_begin(struct engine *engine, int64_t from_ms)
{
    assert(!engine->begun && !engine->restoring);
    input_tell(engine, (struct engine_input){.kind = INPUT_RESTORE_BEGIN, .at_ms = from_ms});
    engine->restoring = true;
    engine->restored = true;
    engine->saved_seq = engine->seq;
    engine->saved_next_id = engine->next_id;
    engine->now_ms = from_ms;
    ward_rules_reset(engine);
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        struct bed *bed = &engine->beds[b];
        bed->saved = bed->state;
        bed->saved_changed = bed->state_changed;
        bed_make_dirty(engine, bed);
        technical_begin(engine, bed);
        for (unsigned i = 0; i < bed->rule_count && bed->state.stay != 0; i++) {
            const int64_t start_ms = bed->state.stay_start_ms;
            rule_alarm_reset(&bed->rules[i], start_ms > from_ms ? start_ms : from_ms);
        }
    }
}

bool engine_restore_past(struct engine *engine, const struct alarm_key *key, const struct alarm_snapshot *snapshot)
{
    assert(!engine->begun && !engine->restoring);
    const struct bed *bed = key->bed != BED_NONE ? &engine->beds[key->bed] : NULL;
    if (key->family != ALARM_OF_RULE || (bed != NULL && snapshot->last.stay != bed->state.stay)) {
        return false;
    }
    struct rule_alarm *r =
        bed != NULL ? bed_rule(bed, key->index) : ward_rule_restore(engine, key->index, &snapshot->last);
    if (r == NULL || r->rule->is_of_ward != (bed == NULL)) {
        return false;
    }
    input_tell(engine, (struct engine_input){.kind = INPUT_PAST, .key = key, .alarm = snapshot});
    past_take(r, &snapshot->last);
    return true;
}

/* What the silent run raised was either committed (and is laid over now) or is still to come: its delay went on, so it
 * starts at the first step that finds it met. */
static void forget_alarm(void *context, struct alarm *alarm)
{
    (void)context;
    alarm->raised = false;
}

static void forget_bed(struct bed *bed)
{
    if (bed->saved.stay == 0 && bed->state.stay != 0) {
        bed->valid_since_ms = bed->state.stay_start_ms; /* its seconds count when the next value comes */
    }
    bed->state = bed->saved;
    bed->state_changed = bed->saved_changed;
    bed->measured = 0;
    for (unsigned i = 0; i < bed->rule_count; i++) {
        past_leave(&bed->rules[i]);
    }
    bed_each_alarm(bed, forget_alarm, NULL);
}

void engine_restore_end(struct engine *engine)
{
    assert(engine->restoring);
    input_tell(engine, (struct engine_input){.kind = INPUT_RESTORE_END, .at_ms = engine->now_ms});
    engine->restoring = false;
    engine->seq = engine->saved_seq;
    engine->next_id = engine->saved_next_id;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        forget_bed(&engine->beds[b]);
    }
    for (unsigned i = 0; i < engine->ward_rule_count; i++) {
        past_leave(&engine->ward_rules[i].life);
    }
    ward_rules_each_alarm(engine, forget_alarm, NULL);
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        identity_restored(engine, &engine->beds[b]);
    }
}

/* A rule that has had an alarm has had its vitals, in this stay. */
static void note_come(const struct bed *bed, const struct rule *rule)
{
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        bed->channels[i].has_come =
            bed->channels[i].has_come || (rule_vitals(rule) >> bed->channels[i].config->vital & 1U) != 0;
    }
}

/* The committed state of a rule's alarm replaces what the silent run made of its delay. How long the rule has been unknown or clear stays as
 * the silent run found it. */
static struct alarm *take_rule(struct bed *bed, const struct alarm_key *key)
{
    struct rule_alarm *r = bed_rule(bed, key->index);
    if (r == NULL || r->rule->is_of_ward) {
        return NULL;
    }
    if (key->family == ALARM_FORESEEN) {
        return r->foreseen != NULL ? &r->foreseen->alarm : NULL;
    }
    rule_alarm_reset_delay(r);
    note_come(bed, r->rule);
    return key->family == ALARM_OF_RULE ? &r->alarm : &r->not_monitored;
}

static struct alarm *take_ward_rule(struct engine *engine, const struct alarm_key *key, const struct alert *last)
{
    struct rule_alarm *r = ward_rule_restore(engine, key->index, last);
    if (r == NULL || key->family == ALARM_FORESEEN) {
        return NULL;
    }
    rule_alarm_reset_delay(r);
    return key->family == ALARM_OF_RULE ? &r->alarm : &r->not_monitored;
}

static struct alarm *find_alarm(struct engine *engine, const struct alarm_key *key, const struct alert *last)
{
    if (key->bed == BED_NONE && key->family != ALARM_BUILTIN) {
        return take_ward_rule(engine, key, last);
    }
    if (key->bed == BED_NONE) {
        return &engine->gateway[key->index - BUILTIN_BED_COUNT].alarm;
    }
    struct bed *bed = &engine->beds[key->bed];
    switch ((enum alarm_family)key->family) {
    case ALARM_BUILTIN:
        return &bed->technical[key->index];
    case ALARM_OF_MONITOR:
        return &bed->signals[key->index];
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        return reported_restore(bed, key, last);
    case ALARM_OF_RULE:
    case ALARM_NOT_MONITORED:
    case ALARM_FORESEEN:
        break;
    }
    return take_rule(bed, key);
}

/* The vitals that a technical alarm names. */
static void note_about(const struct bed *bed, struct alarm *alarm)
{
    for (const char *at = alarm->words->detail; *at != '\0'; at += strspn(at, ", ")) {
        const enum vital vital = vital_by_name(at, strcspn(at, " ,"));
        if (vital != VITAL_NONE && bed_channel(bed, vital) != NULL) {
            alarm->about |= UINT32_C(1) << vital;
        }
        at += strcspn(at, ",");
    }
}

/* They were valid in this stay, though the journal may not reach back so far. */
static void note_lost(struct bed *bed, const struct alarm *alarm)
{
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        struct channel *channel = &bed->channels[i];
        if ((alarm->about >> channel->config->vital & 1U) == 0) {
            continue;
        }
        channel->was_valid = true;
        if (channel->lost_at_ms == INSTANT_NONE && channel->quality != QUALITY_VALID) {
            channel->lost_at_ms = alarm->last.violated_at_ms;
        }
    }
}

/* What a technical alarm says is known again, as if it had just been observed. */
static void note_technical(struct bed *bed, struct alarm *alarm)
{
    note_about(bed, alarm);
    if (alarm->last.key.index == BUILTIN_register_refused) {
        bed->refused |= alarm->about; /* a monitor may have said so long ago, once */
    } else if (alarm->last.key.index != BUILTIN_pulse_disagrees &&
               alarm->last.key.index != BUILTIN_alarms_paused) { /* those it names are not lost, or rules */
        note_lost(bed, alarm);
    }
}

/* What configuration says of an alarm comes from today's. (Another priority is told when the alarm is looked at.) */
static void keep_prepared(const struct alert_head *prepared, struct alert_head *last)
{
    last->key = prepared->key;
    last->has_limit = prepared->has_limit;
    if (last->key.family != ALARM_FORESEEN) { /* which told when it will be at the limit of then */
        last->limit_milli = prepared->limit_milli;
        memcpy(last->parameters_milli, prepared->parameters_milli, sizeof last->parameters_milli);
    }
    if (last->key.family == ALARM_OF_RULE || last->key.family == ALARM_NOT_MONITORED ||
        last->key.family == ALARM_FORESEEN) {
        last->vital = prepared->vital;
    }
}

bool engine_restore_alarm(struct engine *engine, const struct alarm_key *key, const struct alarm_snapshot *snapshot,
                          bool unverified)
{
    assert(!engine->begun && !engine->restoring);
    struct alarm *alarm = find_alarm(engine, key, &snapshot->last);
    if (alarm == NULL) {
        return false;
    }
    input_tell(engine, (struct engine_input){.kind = INPUT_ALARM, .key = key, .alarm = snapshot, .flag = unverified});
    const struct alert_head prepared = alarm->last;
    alarm_take_alert(alarm, &snapshot->last);
    keep_prepared(&prepared, &alarm->last);
    alarm->last.unverified = snapshot->last.unverified || unverified;
    alarm->raised = snapshot->last.state != ALARM_ENDED;
    alarm->announce = alarm->raised && unverified && (key->family == ALARM_OF_RULE || key->family == ALARM_REPORTED);
    alarm->from_before = true;
    alarm->alone_since_ms = INSTANT_NONE;
    engine->restored = true;
    if (key->family == ALARM_OF_RULE) {
        escalate_restore(key->bed != BED_NONE ? bed_rule(&engine->beds[key->bed], key->index)
                                              : ward_rule_life(engine, key->index));
    }
    if (alarm->raised && key->bed == BED_NONE && key->family == ALARM_BUILTIN) {
        struct gateway_condition *g = &engine->gateway[key->index - BUILTIN_BED_COUNT];
        g->on = true;
        memcpy(g->detail, alarm->words->detail, sizeof g->detail);
    } else if (alarm->raised && key->family == ALARM_BUILTIN) {
        note_technical(&engine->beds[key->bed], alarm);
    }
    if (key->bed != BED_NONE) {
        engine->beds[key->bed].may_fold |= alarm_is_folded(alarm);
    }
    return true;
}
