/*
 * What a digest and a line must know: each field of a configuration that the engine obeys, of a record's bed and alert, and of what is restored. One that is left
 * out would let a recording be replayed under another configuration, or begin from something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/flow/input_line.h"
#include "tests/unit/support/engine_ward.h"

enum { DIGESTS_MAX = 400 };

static struct {
    uint64_t digests[DIGESTS_MAX];
    const char *names[DIGESTS_MAX];
    unsigned count;
} seen;

/* None is as another one was. */
static void expect_new(const char *name, uint64_t digest)
{
    for (unsigned i = 0; i < seen.count; i++) {
        if (seen.digests[i] == digest) {
            fail_msg("%s makes no difference beside %s", name, seen.names[i]);
        }
    }
    assert_true(seen.count < DIGESTS_MAX);
    seen.names[seen.count] = name;
    seen.digests[seen.count++] = digest;
}

static struct estimate_model model = {.name = "risk", .inputs = 3};

static void configure(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct rule *rule = ward_add_rule("hr_high", "share(hr > limit, 15s) >= 0.8", "max(hr, 5s) <= limit", 120, 1);
    rule->parameters[PARAMETER_LIMIT].settable = true;
    ward_add_ward_rule("all", "hr > limit", 2, 130, PRIORITY_LOW);
    ward_add_signal("probe_off", SIGNAL_sensor_off, 0, 3);
    ward_add_beds(2);
    ward_config.beds[0].override_count = 1;
    ward_config.beds[0].overrides = ward_config.overrides;
    ward_config.engine.models = &model;
    ward_config.engine.model_count = 1;
}

/* Sets a field to something else, digests, and puts it back. */
#define CHANGE(digest, field, value)      \
    do {                                  \
        __typeof__(field) was_ = (field); \
        (field) = (value);                \
        expect_new(#field, digest);       \
        (field) = was_;                   \
    } while (0)

#define CHANGE_CONFIG(field, value) CHANGE(input_digest_configuration(&ward_config.engine), field, value)

static void change_gateway(struct engine_config *c)
{
    CHANGE_CONFIG(c->stay_after_ms, c->stay_after_ms + 1);
    CHANGE_CONFIG(c->line_count, 7);
    CHANGE_CONFIG(c->bed_count, 1);
    CHANGE_CONFIG(c->rule_count, 1);
    CHANGE_CONFIG(c->model_count, 0);
    CHANGE_CONFIG(c->pressure_scheme, PRESSURE_esc_2018);
    CHANGE_CONFIG(c->pulse.hr_from_pulse, !c->pulse.hr_from_pulse);
    CHANGE_CONFIG(c->pulse.pulse_from_hr, !c->pulse.pulse_from_hr);
    CHANGE_CONFIG(c->pulse.disagree_milli, 1);
    CHANGE_CONFIG(c->pulse.disagree_ms, 1);
    CHANGE_CONFIG(c->pause.audio_ms, 1);
    CHANGE_CONFIG(c->pause.audio_ms_max, 1);
    CHANGE_CONFIG(c->pause.alarm_ms, 1);
    CHANGE_CONFIG(c->pause.alarm_ms_max, 1);
    CHANGE_CONFIG(c->pause.reminder_ms, 1);
    CHANGE_CONFIG(c->pause.reminder_off_ms, 1);
    CHANGE_CONFIG(c->pause.alarm_roles, 1);
}

static void change_model(void)
{
    CHANGE_CONFIG(model.name, "other");
    CHANGE_CONFIG(model.intercept_micro, 1);
    CHANGE_CONFIG(model.threshold_micro, 1);
    CHANGE_CONFIG(model.inputs, 1);
    CHANGE_CONFIG(model.glucose_mg_dl, true);
    CHANGE_CONFIG(model.hdl_mg_dl, true);
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        CHANGE_CONFIG(model.coefficient_micro[i], 1);
    }
}

static void change_bed(struct bed_config *b)
{
    struct channel_config *ch = &ward_config.channels[0];
    struct signal_config *s = &ward_config.signals[0];
    CHANGE_CONFIG(b->id, "b9");
    CHANGE_CONFIG(b->patient_class, CLASS_child);
    CHANGE_CONFIG(b->scores, 1);
    CHANGE_CONFIG(b->observation_interval_ms, 1);
    CHANGE_CONFIG(b->reports_alarms, !b->reports_alarms);
    CHANGE_CONFIG(b->monitor_period_ms[0], b->monitor_period_ms[0] + 1);
    CHANGE_CONFIG(b->monitor_line[0], 5);
    CHANGE_CONFIG(b->override_count, 0);
    CHANGE_CONFIG(ward_config.overrides[0].rule, 1);
    CHANGE_CONFIG(ward_config.overrides[0].parameter, OVERRIDE_OFF);
    CHANGE_CONFIG(ward_config.overrides[0].value_milli, 1);
    CHANGE_CONFIG(ch->vital, VITAL_spo2);
    CHANGE_CONFIG(ch->monitor, 1);
    CHANGE_CONFIG(ch->episodic, true);
    CHANGE_CONFIG(ch->entered, true);
    CHANGE_CONFIG(ch->optional, true);
    CHANGE_CONFIG(ch->polled, !ch->polled);
    CHANGE_CONFIG(ch->period_ms, 2000);
    CHANGE_CONFIG(ch->stale_ms, 1);
    CHANGE_CONFIG(ch->low_milli, 1);
    CHANGE_CONFIG(ch->high_milli, 1);
    CHANGE_CONFIG(ch->rate_milli_per_s, 1);
    CHANGE_CONFIG(ch->frozen_ms, 1);
    CHANGE_CONFIG(ch->median, true);
    CHANGE_CONFIG(s->name, "lead_off");
    CHANGE_CONFIG(s->means, SIGNAL_monitor_alarm_high);
    CHANGE_CONFIG(s->vitals, 1U << VITAL_resp);
    CHANGE_CONFIG(s->monitor, 1);
    CHANGE_CONFIG(s->number, 4);
}

static void change_rule(struct rule *r)
{
    struct rule_parameter *p = &r->parameters[PARAMETER_LIMIT];
    CHANGE_CONFIG(r->name, "hr_other");
    CHANGE_CONFIG(r->priority, PRIORITY_HIGH);
    CHANGE_CONFIG(r->latching, true);
    CHANGE_CONFIG(r->has_clear, false);
    CHANGE_CONFIG(r->has_hysteresis, true);
    CHANGE_CONFIG(r->hysteresis_milli, 1);
    CHANGE_CONFIG(r->delay_ms, 1);
    CHANGE_CONFIG(r->clear_delay_ms, 1);
    CHANGE_CONFIG(r->unknown_after_ms, 1);
    CHANGE_CONFIG(r->escalate_ms, 1);
    CHANGE_CONFIG(r->escalate_to, PRIORITY_HIGH);
    CHANGE_CONFIG(r->foresee_ms, 1);
    CHANGE_CONFIG(r->is_of_ward, true);
    CHANGE_CONFIG(r->parameter_count, 0);
    CHANGE_CONFIG(p->name, "other");
    CHANGE_CONFIG(p->settable, false);
    CHANGE_CONFIG(p->settable_low_milli, 1);
    CHANGE_CONFIG(p->settable_high_milli, 1);
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        CHANGE_CONFIG(p->has[c], false);
        CHANGE_CONFIG(p->value_milli[c], 1);
    }
    CHANGE_CONFIG(r->when.windows[0].span_ms, 1);
    CHANGE_CONFIG(r->when.windows[0].count, 1);
    CHANGE_CONFIG(r->when.windows[0].coverage_permille, 1);
    CHANGE_CONFIG(r->when.shares[0].comparison, 9);
    CHANGE_CONFIG(r->when.ops[0].code, 99);
    CHANGE_CONFIG(r->when.ops[1].constant_micro, 1);
    CHANGE_CONFIG(r->when.threshold_ops[0].index, 5);
    CHANGE_CONFIG(r->clear.windows[0].aggregate, 0);
    CHANGE_CONFIG(ward_config.rules[1].beds, 1);
}

static void test_the_configuration(void **state)
{
    (void)state;
    configure();
    seen.count = 0;
    expect_new("nothing", input_digest_configuration(&ward_config.engine));
    change_gateway(&ward_config.engine);
    change_model();
    change_bed(&ward_config.beds[0]);
    change_rule(&ward_config.rules[0]);
    assert_int_equal(input_digest_configuration(&ward_config.engine), seen.digests[0]);
}

/* ---- records ---- */

#define CHANGE_RECORD(field, value) CHANGE(input_digest_record(INPUT_DIGEST_BEGIN, &record), field, value)

static struct record record;

static void change_state(struct bed_snapshot *s)
{
    CHANGE_RECORD(s->stay, 1);
    CHANGE_RECORD(s->stay_start_ms, 1);
    CHANGE_RECORD(s->stay_began_ms, 1);
    CHANGE_RECORD(s->admission_ms, 1);
    CHANGE_RECORD(s->bed_seq, 1);
    CHANGE_RECORD(s->away_until_ms, 1);
    CHANGE_RECORD(s->away_at_ms, 1);
    CHANGE_RECORD(s->spo2_scale, 2);
    CHANGE_RECORD(s->attributes.known, 1);
    CHANGE_RECORD(s->attributes.fed_at_ms, 1);
    for (unsigned i = 0; i < ENGINE_MONITORS_PER_BED_MAX; i++) {
        CHANGE_RECORD(s->identity[i], 1);
    }
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        CHANGE_RECORD(s->limits[i].key, 1);
        CHANGE_RECORD(s->limits[i].value_milli, 1);
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        CHANGE_RECORD(s->pauses[i].from_ms, 1);
        CHANGE_RECORD(s->pauses[i].until_ms, 1);
        CHANGE_RECORD(s->pauses[i].what, PAUSE_ALARM);
        CHANGE_RECORD(s->pauses[i].rule_key, 1);
    }
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        CHANGE_RECORD(s->attributes.value_milli[i], 1);
    }
}

static void change_alert(struct alert *a)
{
    uint8_t *const bytes[] = {&a->phase, &a->state,  &a->inactivation, &a->unpaused, &a->priority,
                              &a->kind,  &a->source, &a->reason,       &a->vital};
    bool *const flags[] = {&a->clock_synced, &a->test,      &a->unverified, &a->has_value,
                           &a->has_limit,    &a->escalated, &a->is_repeated};
    int64_t *const times[] = {&a->at_ms,        &a->violated_at_ms, &a->condition_at_ms,
                              &a->raised_at_ms, &a->pressing_at_ms, &a->unseen_since_ms};
    uint64_t *const numbers[] = {&a->id, &a->seq, &a->bed_seq, &a->stay, &a->part_of};
    for (unsigned i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        CHANGE_RECORD(*bytes[i], 3);
    }
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        CHANGE_RECORD(*flags[i], !*flags[i]);
    }
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        CHANGE_RECORD(*times[i], 1);
    }
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHANGE_RECORD(*numbers[i], 1);
    }
    a->has_value = a->has_limit = true;
    CHANGE_RECORD(a->value_milli, 1);
    CHANGE_RECORD(a->limit_milli, 1);
    CHANGE_RECORD(a->rev, 1);
    CHANGE_RECORD(a->key.family, a->key.family + 1);
    CHANGE_RECORD(a->key.index, 1);
    CHANGE_RECORD(a->key.bed, 1);
    CHANGE_RECORD(a->part_of_index, 1);
    CHANGE_RECORD(a->stands_for_key, 1);
    CHANGE_RECORD(a->detail[0], 'd');
    CHANGE_RECORD(a->reported[0], 'r');
    for (unsigned i = 0; i < PARAMETERS_MAX; i++) {
        CHANGE_RECORD(a->parameters_milli[i], 1);
    }
    for (unsigned i = 0; i < sizeof a->stands_for; i++) {
        CHANGE_RECORD(a->stands_for[i], 1);
    }
}

static void test_records(void **state)
{
    (void)state;
    memset(&record, 0, sizeof record);
    seen.count = 0;
    expect_new("nothing", input_digest_record(INPUT_DIGEST_BEGIN, &record));
    CHANGE_RECORD(record.kind, RECORD_FOLDED);
    CHANGE_RECORD(record.of_command, true);
    CHANGE_RECORD(record.seq, 1);
    CHANGE_RECORD(record.next_id, 1);
    change_state(&record.bed_state);
    change_alert(&record.alert);
}

/* ---- what is restored ---- */

static struct input_line line;

/* There and back. */
static void pass(const struct engine_input *input)
{
    static char text[INPUT_LINE_MAX];
    char fault[200] = "";
    const size_t length = input_line_other(&ward_config.engine, input, text, sizeof text);
    assert_true(length > 0);
    if (!input_line_read(&ward_config.engine, text, length, &line, fault, sizeof fault)) {
        fail_msg("%s: %s", fault, text);
    }
    assert_int_equal(line.count, 1);
    assert_int_equal(line.inputs[0].kind, input->kind);
}

static void test_a_bed_comes_back(void **state)
{
    (void)state;
    static struct record there, back;
    struct bed_snapshot *s = &there.bed_state;
    configure();
    memset(&there, 0, sizeof there);
    memset(&back, 0, sizeof back);
    *s = (struct bed_snapshot){.stay = UINT64_MAX,
                               .stay_start_ms = -1,
                               .stay_began_ms = 29999,
                               .admission_ms = 43210,
                               .bed_seq = 77,
                               .away_until_ms = 900001,
                               .away_at_ms = -900001,
                               .spo2_scale = 2};
    s->attributes.known = (uint16_t)((1U << ATTRIBUTE_COUNT) - 1);
    s->attributes.fed_at_ms = -7200001;
    for (unsigned i = 0; i < ENGINE_MONITORS_PER_BED_MAX; i++) {
        s->identity[i] = i % 2 == 0 ? INT32_MIN + (int32_t)i : INT32_MAX - (int32_t)i;
    }
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        s->limits[i] = (struct set_limit){UINT32_MAX - i, INT32_MIN + (int32_t)i};
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        s->pauses[i] = (struct pause){INT64_MIN + i, INT64_MAX - i, i % 2 == 0 ? PAUSE_AUDIO : PAUSE_ALARM, i << 28};
    }
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        s->attributes.value_milli[i] = i % 2 == 0 ? INT32_MIN : INT32_MAX;
    }
    pass(&(struct engine_input){.kind = INPUT_STAY, .bed = 1, .stay = s});
    assert_int_equal(line.inputs[0].bed, 1);
    there.kind = back.kind = RECORD_BED;
    back.bed_state = line.stay;
    assert_int_equal(input_digest_record(INPUT_DIGEST_BEGIN, &back), input_digest_record(INPUT_DIGEST_BEGIN, &there));
}

/* What is known of an alarm beside its newest alert: when it came and went, and when a monitor last said it. */
static void test_the_past_of_alarms_comes_back(void **state)
{
    (void)state;
    configure();
    const struct alarm_key key = {.bed = 1, .family = ALARM_OF_RULE, .index = 0};
    const struct alarm_snapshot past = {.last = {.key = key,
                                                 .state = ALARM_ENDED,
                                                 .unpaused = INACTIVATION_ACKNOWLEDGED,
                                                 .vital = VITAL_NONE,
                                                 .stay = 7,
                                                 .at_ms = 90001,
                                                 .raised_at_ms = -90001,
                                                 .unseen_since_ms = 4711}};
    pass(&(struct engine_input){.kind = INPUT_PAST, .key = &key, .alarm = &past});
    assert_memory_equal(line.inputs[0].key, &key, sizeof key);
    const struct alert *back = &line.inputs[0].alarm->last;
    assert_true(back->state == ALARM_ENDED && back->unpaused == INACTIVATION_ACKNOWLEDGED && back->stay == 7);
    assert_true(back->at_ms == 90001 && back->raised_at_ms == -90001 && back->unseen_since_ms == 4711);

    pass(&(struct engine_input){.kind = INPUT_SAID, .at_ms = 12345, .bed = 1, .detail = "lead_off"});
    assert_int_equal(line.inputs[0].at_ms, 12345);
    assert_int_equal(line.inputs[0].bed, 1);
    assert_string_equal(line.inputs[0].detail, "lead_off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_configuration),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_a_bed_comes_back),
        cmocka_unit_test(test_the_past_of_alarms_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
