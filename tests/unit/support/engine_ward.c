#include "tests/unit/support/engine_ward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/engine_internal.h"

struct ward_config ward_config;

/* --- the configuration --------------------------------------------------------------------------------------- */

void ward_clear_config(void)
{
    memset(&ward_config, 0, sizeof ward_config);
    ward_config.beds[0] = (struct bed_config){.id = "b1",
                                              .patient_class = CLASS_adult,
                                              .channels = ward_config.channels,
                                              .signals = ward_config.signals,
                                              .overrides = ward_config.overrides,
                                              .monitor_count = 1,
                                              .monitor_period_ms = {1000}};
    ward_config.engine = (struct engine_config){.beds = ward_config.beds,
                                                .rules = ward_config.rules,
                                                .bed_count = 1,
                                                .replay = true,
                                                .stay_after_ms = ENGINE_STAY_AFTER_MS};
}

void ward_add_channel(enum vital vital, uint32_t period_ms)
{
    ward_config.channels[ward_config.beds[0].channel_count++] =
        (struct channel_config){.vital = vital,
                                .period_ms = period_ms,
                                .episodic = vital_info(vital)->kind == VITAL_EPISODIC,
                                .stale_ms = vital_info(vital)->stale_ms,
                                .low_milli = 0,
                                .high_milli = 300000};
}

void ward_add_entered(enum vital vital)
{
    ward_add_channel(vital, 3600000);
    struct channel_config *channel = &ward_config.channels[ward_config.beds[0].channel_count - 1];
    channel->episodic = channel->entered = channel->optional = true;
}

static void compile(const char *text, struct expression *out)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    if (!expression_compile(text, &names, 700, out, &fault)) {
        fail_msg("%s: %s", text, fault.message);
    }
}

struct rule *ward_add_rule(const char *name, const char *when, const char *clear, int limit, enum priority priority)
{
    assert_true(ward_config.engine.rule_count < WARD_RULES_MAX);
    struct rule *rule = &ward_config.rules[ward_config.engine.rule_count++];
    *rule = (struct rule){.name = name,
                          .text = "",
                          .advice = "",
                          .priority = priority,
                          .has_clear = clear != NULL,
                          .unknown_after_ms = rule_unknown_after_ms(priority),
                          .parameters = {{.name = "limit"}},
                          .parameter_count = 1};
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[0].has[c] = true;
        rule->parameters[0].value_milli[c] = limit * 1000;
    }
    compile(when, &rule->when);
    if (clear != NULL) {
        compile(clear, &rule->clear);
    }
    return rule;
}

void ward_add_signal(const char *name, enum signal_meaning means, uint8_t monitor, uint8_t number)
{
    assert_true(ward_config.beds[0].signal_count < WARD_SIGNALS_MAX);
    ward_config.signals[ward_config.beds[0].signal_count++] =
        (struct signal_config){.name = name, .text = "", .means = means, .monitor = monitor, .number = number};
}

void ward_add_monitor(void)
{
    ward_config.beds[0].monitor_period_ms[ward_config.beds[0].monitor_count++] = 1000;
}

void ward_add_second_bed(void)
{
    ward_config.beds[1] = ward_config.beds[0];
    ward_config.beds[1].id = "b2";
    ward_config.engine.bed_count = 2;
}

void ward_add_beds(uint16_t count)
{
    static const char *const ids[WARD_BEDS_MAX] = {"b1", "b2", "b3", "b4"};
    assert_true(count <= WARD_BEDS_MAX);
    for (uint16_t b = 1; b < count && b < WARD_BEDS_MAX; b++) {
        ward_config.beds[b] = ward_config.beds[0];
        ward_config.beds[b].id = ids[b];
    }
    ward_config.engine.bed_count = count;
}

struct rule *ward_add_ward_rule(const char *name, const char *each, uint16_t beds, int limit, enum priority priority)
{
    struct rule *rule = ward_add_rule(name, each, NULL, limit, priority);
    rule->is_of_ward = true;
    rule->beds = beds;
    return rule;
}

/* --- records ------------------------------------------------------------------------------------------------- */

static bool has_alert(const struct record *record)
{
    return record->kind == RECORD_ALERT || record->kind == RECORD_FOLDED;
}

/* An alarm that a monitor reports is known by its name. */
static bool same_alarm(const struct record *record, const struct alert *alert)
{
    if (!has_alert(record)) {
        return false;
    }
    const struct alarm_key *key = &record->alert.key;
    const struct alarm_key *other = &alert->key;
    const bool reported = key->family == ALARM_REPORTED || key->family == ALARM_REPORTED_NOT_MONITORED;
    const bool same = reported ? strcmp(record->alert.reported, alert->reported) == 0 : key->index == other->index;
    return !record->alert.test && key->bed == other->bed && key->family == other->family && same;
}

/* The newest alert of an alarm among the first `count` records; NULL when it had none. */
static const struct alert *find_newest(const struct ward *ward, unsigned count, const struct alert *alert)
{
    while (count > 0) {
        if (same_alarm(&ward->records[--count], alert)) {
            return &ward->records[count].alert;
        }
    }
    return NULL;
}

/* The alarm that it becomes part of was told by itself, and is there. */
static void check_cause(const struct ward *ward, const struct alert *a)
{
    static const struct alert none = {.state = ALARM_ENDED};
    const struct alert *cause = &none;
    for (unsigned i = ward->record_count; i > 0 && cause == &none; i--) {
        const struct record *record = &ward->records[i - 1];
        cause = has_alert(record) && record->alert.id == a->part_of ? &record->alert : &none;
    }
    assert_false(alert_is_folded(cause));
    assert_int_equal(cause->kind, KIND_TECHNICAL);
    assert_int_not_equal(cause->state, ALARM_ENDED);
    assert_int_equal(cause->key.family, ALARM_BUILTIN);
    assert_int_equal(cause->key.index, a->part_of_index);
    assert_true(cause->key.bed == BED_NONE || cause->key.bed == a->key.bed);
}

/* Nothing but what follows from something else is folded, from its start on or never. */
static void check_folded(const struct ward *ward, const struct alert *a, const struct alert *before)
{
    const bool silence = a->key.family == ALARM_BUILTIN && a->key.index == BUILTIN_monitor_silent;
    assert_true(silence || a->key.family == ALARM_NOT_MONITORED);
    assert_int_equal(a->kind, KIND_TECHNICAL);
    assert_true(a->phase == PHASE_START || alert_is_folded(before));
    if (a->phase == PHASE_START || a->part_of != before->part_of) {
        check_cause(ward, a);
    }
}

static void check_numbers(struct ward *ward, const struct alert *a)
{
    static const struct alert none = {.state = ALARM_ENDED};
    const struct alert *found = find_newest(ward, ward->record_count, a);
    const struct alert *before = found != NULL ? found : &none;
    const bool folded = alert_is_folded(a);
    const bool was_folded = alert_is_folded(before) && before->state != ALARM_ENDED && !a->test;
    ward->seq += folded ? 0 : 1;
    assert_int_equal(a->seq, ward->seq);
    if (a->key.bed != BED_NONE) {
        ward->bed_seq[a->key.bed] += folded ? 0 : 1;
        assert_int_equal(a->bed_seq, ward->bed_seq[a->key.bed]);
    }
    if (folded) {
        check_folded(ward, a, before);
    } else if (was_folded) {
        assert_int_equal(a->phase, PHASE_START); /* told by itself from now on */
    }
    if (a->phase == PHASE_START && !was_folded) {
        assert_int_equal(a->rev, 1);
        assert_true(a->id > ward->newest_id);
        assert_true(before->state == ALARM_ENDED || a->test);
        ward->newest_id = a->id;
    } else {
        assert_int_equal(a->rev, before->rev + 1);
        assert_int_equal(a->id, before->id);
        assert_int_equal(a->stay, before->stay); /* no alarm passes from one patient to the next */
        assert_int_not_equal(before->state, ALARM_ENDED);
    }
    assert_int_equal(a->at_ms, engine_now(ward->engine));
    assert_true(a->violated_at_ms <= a->condition_at_ms && a->condition_at_ms <= a->raised_at_ms);
    assert_true(a->raised_at_ms <= a->at_ms);
}

static bool has_pause(const struct bed_snapshot *bed, enum pause_what what)
{
    bool found = false;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        found = found || bed->pauses[i].what == what;
    }
    return found;
}

/* Nothing is silenced but by a pause that is on, and an alarm of high priority that begins not by one of audio. */
static void check_silence(const struct record *record)
{
    const struct alert *a = &record->alert;
    assert_false(a->phase == PHASE_START && a->source == SOURCE_RULE && a->unpaused != INACTIVATION_NONE);
    if (a->inactivation == a->unpaused) {
        return;
    }
    assert_int_not_equal(a->kind, KIND_ADVISORY);
    const bool audio = a->inactivation == INACTIVATION_AUDIO_PAUSED;
    const bool of_ward = record->bed == BED_NONE && a->key.family != ALARM_BUILTIN; /* kept at some bed */
    assert_true(audio || (!of_ward && a->inactivation == INACTIVATION_ALARM_PAUSED));
    assert_true(of_ward || has_pause(&record->bed_state, audio ? PAUSE_AUDIO : PAUSE_ALARM));
    assert_false(audio && a->priority == PRIORITY_HIGH && (a->phase == PHASE_START || a->phase == PHASE_ESCALATE));
}

static void add_line(struct ward *ward, const struct alert *a)
{
    char name[ALARM_NAME_MAX];
    alarm_name(&ward_config.engine, a, name);
    const size_t length = strlen(ward->text);
    (void)snprintf(ward->text + length, WARD_TEXT_MAX - length, "%g %s %s %s %s %g%s%s\n", (double)a->at_ms / 1000,
                   name, alarm_phase_word(a->phase), alarm_state_word(a->state),
                   priority_word((enum priority)a->priority), a->has_value ? (double)a->value_milli / 1000 : -1.0,
                   alert_is_folded(a) ? " in " : "",
                   alert_is_folded(a) ? builtin_alarm_info((enum builtin_alarm)a->part_of_index)->name : "");
}

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct ward *ward = (struct ward *)(void *)sink; /* its first member */
    ward->in_step++;
    if (ward->silent) {
        return;
    }
    assert_true(ward->record_count < WARD_RECORDS_MAX);
    assert_false(ward->answered); /* what became of a command comes last */
    if (has_alert(record)) {
        assert_int_equal(record->kind == RECORD_FOLDED, alert_is_folded(&record->alert));
        check_numbers(ward, &record->alert);
        check_silence(record);
        assert_true(record->bed == BED_NONE || record->alert.stay == record->bed_state.stay);
        add_line(ward, &record->alert);
    } else if (record->kind == RECORD_COMMAND) {
        ward->answered = true;
    }
    ward->records[ward->record_count++] = *record;
}

void ward_describe(const struct record *record, char text[WARD_RECORD_TEXT_MAX])
{
    static const struct alert no_alert;
    static const struct observation no_measurement;
    static const struct bed_command no_command;
    const struct alert *a = has_alert(record) ? &record->alert : &no_alert;
    const struct observation *m = record->kind == RECORD_MEASUREMENT ? &record->measurement : &no_measurement;
    const struct bed_snapshot *b = &record->bed_state;
    const struct bed_command *c = record->kind == RECORD_COMMAND ? &record->command : &no_command;
    const int length = snprintf(
        text, WARD_RECORD_TEXT_MAX,
        "%d %u %u/%u/%u %u%u%u%u%u%u%u %d%d%d%d%d %u %d %d %u %llu %llu %llu %llu %lld %lld %lld %lld %d %s | "
        "%lld %d %u %u %u | %llu %lld %llu %llu %llu",
        record->kind, record->bed, a->key.bed, a->key.family, a->key.index, a->phase, a->state, a->inactivation,
        a->priority, a->kind, a->source, a->reason, a->clock_synced, a->test, a->unverified, a->has_value, a->has_limit,
        a->vital, a->value_milli, a->limit_milli, a->rev, (unsigned long long)a->id, (unsigned long long)a->seq,
        (unsigned long long)a->bed_seq, (unsigned long long)a->stay, (long long)a->at_ms, (long long)a->violated_at_ms,
        (long long)a->condition_at_ms, (long long)a->raised_at_ms, a->parameters_milli[0], a->detail,
        (long long)m->at_ms, m->value_milli, m->bed, m->vital, m->flags, (unsigned long long)b->stay,
        (long long)b->stay_start_ms, (unsigned long long)b->bed_seq, (unsigned long long)record->seq,
        (unsigned long long)record->next_id);
    (void)snprintf(text + length, WARD_RECORD_TEXT_MAX - (size_t)length,
                   " | %d %d %lld %lld | %u %x %lld %lld | %lld %lld %d %d | %x %d %x %d | %s %d | %u %u %u %llu %u %s "
                   "| %llu %u %x",
                   a->unpaused, a->escalated, (long long)a->pressing_at_ms, (long long)a->unseen_since_ms,
                   (unsigned)b->pauses[0].what, (unsigned)b->pauses[0].rule_key, (long long)b->pauses[0].from_ms,
                   (long long)b->pauses[0].until_ms, (long long)b->away_until_ms, (long long)b->away_at_ms,
                   b->identity[0], b->identity[1], b->limits[0].key, b->limits[0].value_milli, b->limits[1].key,
                   b->limits[1].value_milli, a->reported, a->is_repeated, c->kind, c->verdict, c->bed,
                   (unsigned long long)c->stay, c->rev, c->id, (unsigned long long)a->part_of, a->part_of_index,
                   a->stands_for_key);
}

/* Rounded: a whole number of them may not be one of seconds. */
static int64_t milliseconds(double seconds)
{
    return (int64_t)(seconds * 1000 + 0.5);
}

/* --- life ---------------------------------------------------------------------------------------------------- */

struct ward *ward_open(void)
{
    struct ward *ward = calloc(1, sizeof *ward);
    assert_non_null(ward);
    ward->records = calloc(WARD_RECORDS_MAX, sizeof *ward->records);
    ward->journal = calloc(WARD_JOURNAL_MAX, sizeof *ward->journal);
    (void)engine_make(&ward->arena, &ward_config.engine);
    ward->arena.size = (ward->arena.used + 63) / 64 * 64;
    ward->arena.used = 0;
    ward->arena.base = aligned_alloc(64, ward->arena.size);
    assert_true(ward->arena.base != NULL && ward->records != NULL && ward->journal != NULL);
    memset(ward->arena.base, 0, ward->arena.size);
    ward->engine = engine_make(&ward->arena, &ward_config.engine);
    assert_non_null(ward->engine);
    assert_int_equal((ward->arena.used + 63) / 64 * 64, ward->arena.size); /* measured is what is taken */
    ward->sink.put = put_record;
    return ward;
}

struct ward *ward_start(void)
{
    struct ward *ward = ward_open();
    engine_begin(ward->engine, 0);
    for (uint16_t b = 0; b < ward_config.engine.bed_count && ward_config.engine.replay; b++) {
        engine_admit(ward->engine, b, 0);
    }
    return ward;
}

void ward_close(struct ward *ward)
{
    free(ward->journal);
    free(ward->records);
    free(ward->arena.base);
    free(ward);
}

static void check_stay(void *context, const struct alert *alert)
{
    const struct ward *ward = context;
    if (alert->key.bed != BED_NONE) {
        assert_int_equal(alert->stay, ward_stay(ward, alert->key.bed));
    }
}

/* What engine_next finds out of its heap and its marks, by looking at all beds. */
static int64_t plain_next(const struct engine *engine)
{
    int64_t next_ms = engine->gateway_dirty || engine->command_due ? engine->now_ms : engine->gateway_deadline_ms;
    next_ms = engine->ward_deadline_ms < next_ms ? engine->ward_deadline_ms : next_ms;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const int64_t bed_ms = marks_has(&engine->dirty, b) ? engine->now_ms : engine->beds[b].deadline_ms;
        next_ms = bed_ms < next_ms ? bed_ms : next_ms;
    }
    return engine->gateway_dirty ? engine->now_ms : next_ms;
}

void ward_until_ms(struct ward *ward, int64_t until_ms)
{
    while (engine_next(ward->engine) <= until_ms) {
        ward->answered = false;
        do {
            ward->in_step = 0;
            engine_step(ward->engine, until_ms, &ward->sink);
            assert_true(ward->in_step <= engine_records_max(ward->engine));
        } while (engine_is_amid(ward->engine));
        /* What a bed folds into a line's alarm may have that one change at this instant. */
        assert_true(engine_next(ward->engine) > engine_now(ward->engine) || ward->engine->gateway_dirty);
        assert_true(ward->engine->next != NULL || engine_next(ward->engine) == plain_next(ward->engine));
        engine_each_alarm(ward->engine, check_stay, ward);
    }
    ward->answered = false;
}

void ward_feed(struct ward *ward, const struct observation *o)
{
    ward_until_ms(ward, o->at_ms - 1);
    assert_true(engine_observe(ward->engine, o));
    if (!ward->silent) {
        assert_true(ward->journal_count < WARD_JOURNAL_MAX);
        ward->journal[ward->journal_count] = *o;
        engine_journal(ward->engine, &ward->journal[ward->journal_count++]);
    }
}

static void restore_states(struct ward *ward, const struct ward *before, unsigned committed)
{
    struct bed_snapshot beds[WARD_BEDS_MAX] = {{.stay = 0}};
    memcpy(ward->records, before->records, committed * sizeof *before->records);
    ward->record_count = committed;
    for (unsigned i = 0; i < committed; i++) {
        const struct record *record = &before->records[i];
        if (record->bed != BED_NONE) {
            beds[record->bed] = record->bed_state;
        }
        if (has_alert(record) && record->alert.id > ward->newest_id) {
            ward->newest_id = record->alert.id;
        }
    }
    if (committed > 0) {
        ward->seq = before->records[committed - 1].seq;
        engine_restore_numbers(ward->engine, ward->seq, before->records[committed - 1].next_id);
    }
    for (uint16_t b = 0; b < ward_config.engine.bed_count; b++) {
        ward->bed_seq[b] = beds[b].bed_seq;
        engine_restore_bed(ward->engine, b, &beds[b]);
    }
}

/* What people have entered, as the store has it: the newest word on each vital. In order of time. */
struct entered {
    struct observation list[ENTRY_KEPT * VITAL_COUNT];
    unsigned count, fed;
};

static void add_entered(struct entered *entered, const struct record *record)
{
    for (unsigned i = 0; i < record->entries.entries.count; i++) {
        const struct kept_value *kept = &record->entries.entries.list[i];
        unsigned at = entered->count++;
        while (at > 0 && entered->list[at - 1].at_ms > kept->at_ms) {
            entered->list[at] = entered->list[at - 1];
            at--;
        }
        entered->list[at] = (struct observation){.at_ms = kept->at_ms,
                                                 .value_milli = kept->value_milli,
                                                 .bed = record->bed,
                                                 .vital = record->entries.vital,
                                                 .flags = kept->entered ? OBSERVATION_ENTERED : 0};
    }
}

static void collect_entered(struct entered *entered, const struct ward *before, unsigned committed)
{
    uint32_t seen[WARD_BEDS_MAX] = {0};
    for (unsigned i = committed; i > 0; i--) {
        const struct record *record = &before->records[i - 1];
        if (record->kind == RECORD_ENTRIES && (seen[record->bed] >> record->entries.vital & 1U) == 0) {
            seen[record->bed] |= UINT32_C(1) << record->entries.vital;
            add_entered(entered, record);
        }
    }
}

static void feed_entered(struct ward *ward, struct entered *entered, int64_t until_ms)
{
    for (; entered->fed < entered->count && entered->list[entered->fed].at_ms <= until_ms; entered->fed++) {
        ward_feed(ward, &entered->list[entered->fed]);
    }
}

static void restore_past(struct ward *ward, unsigned committed)
{
    for (unsigned i = 0; i < committed; i++) {
        const struct record *record = &ward->records[i];
        if (has_alert(record) && record->alert.key.family == ALARM_OF_RULE &&
            find_newest(ward, committed, &record->alert) == &record->alert) {
            const struct alarm_snapshot snapshot = {.last = record->alert};
            (void)engine_restore_past(ward->engine, &record->alert.key, &snapshot); /* one of another stay is refused */
        }
    }
}

static void restore_windows(struct ward *ward, const struct ward *before, const struct ward_break *lost)
{
    struct entered entered = {.count = 0};
    restore_past(ward, lost->committed);
    collect_entered(&entered, before, lost->committed);
    const bool older = entered.count > 0 && entered.list[0].at_ms < lost->journal_from_ms;
    ward->silent = true;
    engine_restore_begin(ward->engine, older ? entered.list[0].at_ms : lost->journal_from_ms);
    for (unsigned i = 0; i < before->journal_count; i++) {
        const struct observation *o = &before->journal[i];
        if (o->at_ms >= lost->journal_from_ms) {
            feed_entered(ward, &entered, o->at_ms - 1);
            ward_feed(ward, o);
        }
    }
    feed_entered(ward, &entered, lost->begin_ms);
    ward_until_ms(ward, lost->begin_ms);
    engine_restore_end(ward->engine);
    ward->silent = false;
}

static void restore_alarms(struct ward *ward, const struct ward_break *lost)
{
    for (unsigned i = 0; i < lost->committed; i++) {
        const struct record *record = &ward->records[i];
        const struct alert *newest = find_newest(ward, lost->committed, &record->alert);
        if (has_alert(record) && newest == &record->alert && newest->state != ALARM_ENDED) {
            const struct alarm_snapshot snapshot = {.last = *newest};
            assert_true(engine_restore_alarm(ward->engine, &newest->key, &snapshot, lost->unverified));
        }
    }
}

static void carry_word(void *context, uint16_t bed, const char *name, int64_t at_ms)
{
    const struct ward *ward = context;
    (void)engine_restore_said(ward->engine, bed, name, at_ms);
}

struct ward *ward_restart(const struct ward *before, const struct ward_break *lost)
{
    struct ward *ward = ward_open();
    memcpy(ward->journal, before->journal, before->journal_count * sizeof *before->journal);
    ward->journal_count = before->journal_count;
    restore_states(ward, before, lost->committed);
    if (!lost->unverified) {
        restore_windows(ward, before, lost);
    }
    restore_alarms(ward, lost);
    if (lost->none) {
        engine_each_said(before->engine, carry_word, ward);
    } else {
        engine_skip_ids(ward->engine, WARD_IDS_SKIPPED);
    }
    (lost->none ? engine_continue : engine_begin)(ward->engine, lost->begin_ms);
    return ward;
}

struct ward *ward_restart_at(struct ward *before, double begin_s, bool unverified)
{
    const struct ward_break lost = {
        .committed = before->record_count, .begin_ms = (int64_t)(begin_s * 1000), .unverified = unverified};
    struct ward *after = ward_restart(before, &lost);
    ward_close(before);
    ward_until(after, begin_s);
    return after;
}

/* --- what happens -------------------------------------------------------------------------------------------- */

void ward_until(struct ward *ward, double seconds)
{
    ward_until_ms(ward, milliseconds(seconds));
}

void ward_observe(struct ward *ward, double seconds, const struct observation *o)
{
    struct observation stamped = *o;
    stamped.at_ms = milliseconds(seconds);
    ward_feed(ward, &stamped);
}

void ward_value(struct ward *ward, double seconds, enum vital vital, double number)
{
    const struct observation o = {
        .kind = OBSERVATION_VALUE, .vital = (uint8_t)vital, .value_milli = (int32_t)(number * 1000)};
    ward_observe(ward, seconds, &o);
}

void ward_bed_value(struct ward *ward, double seconds, uint16_t bed, enum vital vital, double number)
{
    const struct observation o = {
        .kind = OBSERVATION_VALUE, .bed = bed, .vital = (uint8_t)vital, .value_milli = (int32_t)(number * 1000)};
    ward_observe(ward, seconds, &o);
}

void ward_values(struct ward *ward, int from_s, int to_s, enum vital vital, double number)
{
    for (int t = from_s; t <= to_s; t++) {
        ward_value(ward, t, vital, number);
    }
}

void ward_invalid(struct ward *ward, double seconds, enum vital vital, enum quality quality)
{
    const struct observation o = {.kind = OBSERVATION_VALUE, .vital = (uint8_t)vital, .quality = (uint8_t)quality};
    ward_observe(ward, seconds, &o);
}

void ward_invalids(struct ward *ward, int from_s, int to_s, enum vital vital, enum quality quality)
{
    for (int t = from_s; t <= to_s; t++) {
        ward_invalid(ward, t, vital, quality);
    }
}

void ward_heard(struct ward *ward, double seconds, uint8_t monitor)
{
    const struct observation o = {.kind = OBSERVATION_HEARD, .monitor = monitor};
    ward_observe(ward, seconds, &o);
}

void ward_signal(struct ward *ward, double seconds, uint8_t monitor, uint8_t signal, bool on)
{
    const struct observation o = {
        .kind = OBSERVATION_SIGNAL, .monitor = monitor, .signal = signal, .value_milli = on ? 1 : 0};
    ward_observe(ward, seconds, &o);
}

void ward_identity(struct ward *ward, double seconds, uint16_t bed, int32_t identity)
{
    const struct observation o = {.kind = OBSERVATION_IDENTITY, .bed = bed, .value_milli = identity};
    ward_observe(ward, seconds, &o);
}

void ward_say_alarm(struct ward *ward, double seconds, const struct monitor_alarm *alarm)
{
    struct monitor_alarm stamped = *alarm;
    stamped.at_ms = milliseconds(seconds);
    ward_until_ms(ward, stamped.at_ms - 1);
    (void)engine_observe_alarm(ward->engine, &stamped);
}

static struct monitor_alarm alarm_of(const char *name)
{
    struct monitor_alarm alarm = {.kind = KIND_PHYSIOLOGICAL, .vital = VITAL_NONE, .is_repeated = true};
    (void)snprintf(alarm.name, sizeof alarm.name, "%s", name);
    return alarm;
}

void ward_say(struct ward *ward, double seconds, const char *name, enum priority priority)
{
    struct monitor_alarm alarm = alarm_of(name);
    alarm.priority = (uint8_t)priority;
    ward_say_alarm(ward, seconds, &alarm);
}

void ward_say_end(struct ward *ward, double seconds, const char *name)
{
    struct monitor_alarm alarm = alarm_of(name);
    alarm.phase = MONITOR_ALARM_ENDED;
    ward_say_alarm(ward, seconds, &alarm);
}

uint64_t ward_stay(const struct ward *ward, uint16_t bed)
{
    struct bed_view view;
    engine_view_bed(ward->engine, bed, &view);
    return view.stay;
}

enum command_verdict ward_command(struct ward *ward, double seconds, const struct bed_command *command)
{
    const int64_t at_ms = milliseconds(seconds);
    ward_until_ms(ward, at_ms - 1);
    engine_command(ward->engine, at_ms, command);
    ward->commands++;
    ward_until_ms(ward, at_ms);
    const struct record *record = &ward->records[ward->record_count - 1];
    assert_int_equal(record->kind, RECORD_COMMAND);
    assert_string_equal(record->command.id, command->id);
    return (enum command_verdict)record->command.verdict;
}

enum command_verdict ward_tell(struct ward *ward, double seconds, enum command_kind kind)
{
    ward_until_ms(ward, milliseconds(seconds) - 1);
    const struct bed_command command = {.kind = (uint8_t)kind, .stay = ward_stay(ward, 0)};
    return ward_command(ward, seconds, &command);
}

enum command_verdict ward_acknowledge(struct ward *ward, double seconds, const struct alert *alert)
{
    const struct bed_command command = {.kind = COMMAND_acknowledge,
                                        .bed = alert->key.bed,
                                        .stay = alert->stay,
                                        .alarm_id = alert->id,
                                        .rev = alert->rev};
    return ward_command(ward, seconds, &command);
}

/* --- what came of it ----------------------------------------------------------------------------------------- */

void ward_expect(struct ward *ward, const char *lines)
{
    assert_string_equal(ward->text, lines);
    ward->text[0] = '\0';
}

const struct alert *ward_newest(const struct ward *ward)
{
    unsigned i = ward->record_count;
    while (i > 0 && !has_alert(&ward->records[i - 1])) {
        i--;
    }
    assert_true(i > 0);
    return &ward->records[i - 1].alert;
}

const struct alert *ward_newest_of(const struct ward *ward, const char *name)
{
    for (unsigned i = ward->record_count; i > 0; i--) {
        const struct record *record = &ward->records[i - 1];
        char text[ALARM_NAME_MAX];
        alarm_name(&ward_config.engine, &record->alert, text);
        if (has_alert(record) && record->bed == 0 && strcmp(text, name) == 0) {
            return &record->alert;
        }
    }
    fail_msg("%s: no alert", name);
    return NULL;
}
