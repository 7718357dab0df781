/*
 * The engine as the ward sees it: observations in, alerts out, written as lines "seconds alarm phase state priority value".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/engine.h"

#define TEXT_MAX 16384

static struct rule rules[8];
static struct channel_config channels[VITAL_COUNT];
static struct signal_config signals[4];
static struct bed_config beds[2];
static struct engine_config config;

struct ward {
    struct record_sink sink; /* first */
    struct engine *engine;
    struct arena arena;
    char text[TEXT_MAX];
    struct record records[256];
    unsigned record_count;
    uint64_t seq;
};

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct ward *ward = (struct ward *)(void *)sink;
    assert_true(ward->record_count < 256);
    ward->records[ward->record_count++] = *record;
    if (record->kind != RECORD_ALERT) {
        return;
    }
    const struct alert *a = &record->alert;
    char name[ALARM_NAME_MAX];
    alarm_name(&config, &a->key, name);
    const size_t length = strlen(ward->text);
    (void)snprintf(ward->text + length, TEXT_MAX - length, "%g %s %s %s %s %g\n", (double)a->at_ms / 1000, name,
                   alarm_phase_word(a->phase), alarm_state_word(a->state), priority_word((enum priority)a->priority),
                   a->has_value ? (double)a->value_milli / 1000 : -1.0);
    assert_int_equal(a->seq, ++ward->seq); /* no gap */
}

static void clear_config(void)
{
    memset(rules, 0, sizeof rules);
    memset(channels, 0, sizeof channels);
    memset(signals, 0, sizeof signals);
    memset(beds, 0, sizeof beds);
    memset(&config, 0, sizeof config);
    config.beds = beds;
    config.rules = rules;
    config.bed_count = 1;
    config.replay = true;
    config.stay_after_ms = ENGINE_STAY_AFTER_MS;
    beds[0] = (struct bed_config){.id = "b1",
                                  .patient_class = CLASS_adult,
                                  .channels = channels,
                                  .signals = signals,
                                  .monitor_count = 1,
                                  .monitor_period_ms = {1000}};
}

static void add_channel(enum vital vital, uint32_t period_ms)
{
    channels[beds[0].channel_count++] = (struct channel_config){.vital = vital,
                                                                .period_ms = period_ms,
                                                                .episodic = vital_info(vital)->kind == VITAL_EPISODIC,
                                                                .stale_ms = vital_info(vital)->stale_ms,
                                                                .low_milli = 0,
                                                                .high_milli = 300000};
}

static struct rule *add_rule(const char *name, const char *when, const char *clear, int limit, enum priority priority)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    struct rule *rule = &rules[config.rule_count++];
    rule->name = name;
    rule->text = "";
    rule->advice = "";
    rule->priority = priority;
    rule->unknown_after_ms = rule_unknown_after_ms(priority);
    rule->parameters[0].name = "limit";
    rule->parameter_count = 1;
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[0].has[c] = true;
        rule->parameters[0].value_milli[c] = limit * 1000;
    }
    if (!expression_compile(when, &names, 700, &rule->when, &fault)) {
        fail_msg("%s: %s", when, fault.message);
    }
    rule->has_clear = clear != NULL;
    if (clear != NULL && !expression_compile(clear, &names, 700, &rule->clear, &fault)) {
        fail_msg("%s: %s", clear, fault.message);
    }
    return rule;
}

static struct ward *open_ward(void)
{
    struct ward *ward = calloc(1, sizeof *ward);
    assert_non_null(ward);
    (void)engine_make(&ward->arena, &config);
    ward->arena.size = (ward->arena.used + 63) / 64 * 64;
    ward->arena.used = 0;
    ward->arena.base = aligned_alloc(64, ward->arena.size);
    assert_non_null(ward->arena.base);
    memset(ward->arena.base, 0, ward->arena.size);
    ward->engine = engine_make(&ward->arena, &config);
    assert_non_null(ward->engine);
    assert_int_equal((ward->arena.used + 63) / 64 * 64, ward->arena.size); /* measured is what is taken */
    ward->sink.put = put_record;
    return ward;
}

static struct ward *start_ward(void)
{
    struct ward *ward = open_ward();
    engine_begin(ward->engine, 0);
    if (config.replay) {
        engine_admit(ward->engine, 0, 0);
    }
    return ward;
}

static void close_ward(struct ward *ward)
{
    free(ward->arena.base);
    free(ward);
}

static void until(struct ward *ward, int64_t ms)
{
    while (engine_next(ward->engine) <= ms) {
        engine_step(ward->engine, ms, &ward->sink);
    }
}

static void observe(struct ward *ward, int64_t at_ms, const struct observation *o)
{
    struct observation stamped = *o;
    stamped.at_ms = at_ms;
    until(ward, at_ms - 1);
    assert_true(engine_observe(ward->engine, &stamped));
}

static void value(struct ward *ward, double seconds, enum vital vital, double number)
{
    const struct observation o = {
        .kind = OBSERVATION_VALUE, .vital = (uint8_t)vital, .value_milli = (int32_t)(number * 1000)};
    observe(ward, (int64_t)(seconds * 1000), &o);
}

static void invalid(struct ward *ward, double seconds, enum vital vital, enum quality quality)
{
    const struct observation o = {.kind = OBSERVATION_VALUE, .vital = (uint8_t)vital, .quality = (uint8_t)quality};
    observe(ward, (int64_t)(seconds * 1000), &o);
}

static void values(struct ward *ward, int from_s, int to_s, enum vital vital, double number)
{
    for (int t = from_s; t <= to_s; t++) {
        value(ward, t, vital, number);
    }
}

static void expect(struct ward *ward, const char *lines)
{
    assert_string_equal(ward->text, lines);
    ward->text[0] = '\0';
}

/* The rule of the design: share over 15 s, clear by the minimum of 5 s. */
static void test_desaturation(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_spo2, 1000);
    add_rule("spo2_low", "share(spo2 < limit, 15s) >= 0.8", "min(spo2, 5s) >= limit + 1", 90, PRIORITY_MEDIUM);
    struct ward *ward = start_ward();
    values(ward, 0, 19, VITAL_spo2, 97);
    values(ward, 20, 40, VITAL_spo2, 85);
    /* (17, 32] holds 97 at 18, 19 and 85 from 20: at 31 s 12 of 15 are low */
    until(ward, 40000);
    expect(ward, "31 spo2_low start active medium 85\n");
    values(ward, 41, 50, VITAL_spo2, 92);
    until(ward, 50000);
    expect(ward, "45 spo2_low end ended medium 92\n");
    close_ward(ward);
}

static void test_delay_is_kept_frozen_and_reset(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = start_ward();
    values(ward, 0, 4, VITAL_hr, 130);
    value(ward, 5, VITAL_hr, 110); /* clear: starts over */
    values(ward, 6, 15, VITAL_hr, 130);
    until(ward, 15999);
    expect(ward, "");
    value(ward, 16, VITAL_hr, 131);
    until(ward, 16000);
    expect(ward, "16 hr_high start active medium 131\n");
    assert_int_equal(ward->records[ward->record_count - 1].alert.violated_at_ms, 6000);
    assert_int_equal(ward->records[ward->record_count - 1].alert.condition_at_ms, 16000);
    value(ward, 17, VITAL_hr, 100);
    until(ward, 17000);
    expect(ward, "17 hr_high end ended medium 100\n");

    values(ward, 18, 22, VITAL_hr, 130); /* 4 s and 1.5 s of standing */
    until(ward, 30000);                  /* unknown from 23.5: frozen with 5.5 s */
    values(ward, 30, 40, VITAL_hr, 130);
    until(ward, 40000);
    expect(ward, "34.5 hr_high start active medium 130\n");
    close_ward(ward);
}

static void test_hysteresis(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    struct rule *rule = add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
    rule->has_hysteresis = true;
    rule->hysteresis_milli = 3000;
    rule->clear_delay_ms = 2000;
    struct ward *ward = start_ward();
    value(ward, 1, VITAL_hr, 121);
    value(ward, 2, VITAL_hr, 118); /* above 117: still on */
    value(ward, 3, VITAL_hr, 117);
    value(ward, 4, VITAL_hr, 119); /* the end is taken back */
    value(ward, 5, VITAL_hr, 117);
    value(ward, 6, VITAL_hr, 116);
    value(ward, 7, VITAL_hr, 115);
    until(ward, 7000);
    expect(ward, "1 hr_high start active medium 121\n7 hr_high end ended medium 115\n");
    close_ward(ward);
}

static void test_not_monitored_takes_over(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    struct ward *ward = start_ward();
    values(ward, 1, 3, VITAL_hr, 130);
    invalid(ward, 4, VITAL_hr, QUALITY_SENSOR_OFF);
    until(ward, 40000);
    expect(ward, "1 hr_high start active high 130\n"
                 "14 sensor_off start active low -1\n"
                 "34 hr_high.not_monitored start active high 130\n");
    value(ward, 50, VITAL_hr, 131);
    value(ward, 51, VITAL_hr, 90);
    until(ward, 51000);
    expect(ward, "50 hr_high.not_monitored end ended high 131\n"
                 "50 sensor_off end ended low -1\n"
                 "51 hr_high end ended high 90\n");
    close_ward(ward);
}

static void test_not_monitored_from_the_start_of_the_stay(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "mean(hr, 10s) > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = start_ward();
    until(ward, 70000);
    expect(ward, "60 hr_high.not_monitored start active medium -1\n");
    values(ward, 71, 80, VITAL_hr, 80);
    until(ward, 80000);
    expect(ward, "");
    value(ward, 81, VITAL_hr, 80); /* the first whole span */
    until(ward, 81000);
    expect(ward, "81 hr_high.not_monitored end ended medium 80\n");
    close_ward(ward);
}

static void test_no_pulse_signal(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    add_channel(VITAL_pulse, 1000);
    struct ward *ward = start_ward();
    values(ward, 0, 5, VITAL_hr, 80);
    value(ward, 5, VITAL_pulse, 80);
    invalid(ward, 6, VITAL_hr, QUALITY_ABSENT);
    for (int t = 6; t <= 20; t++) {
        value(ward, t, VITAL_pulse, 80);
    }
    until(ward, 20000);
    expect(ward, "16 sensor_off start active low -1\n"); /* the pulse goes on */
    invalid(ward, 21, VITAL_pulse, QUALITY_ABSENT);
    until(ward, 35000);
    expect(ward, "30 no_pulse_signal start active high -1\n31 sensor_off update active low -1\n");
    value(ward, 36, VITAL_pulse, 50);
    until(ward, 36000);
    expect(ward, "36 sensor_off update active low -1\n36 no_pulse_signal end ended high -1\n");
    close_ward(ward);
}

static void test_probe_off_is_no_lost_pulse(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_pulse, 1000);
    struct ward *ward = start_ward();
    values(ward, 0, 5, VITAL_pulse, 80);
    invalid(ward, 6, VITAL_pulse, QUALITY_SENSOR_OFF);
    until(ward, 60000);
    expect(ward, "16 sensor_off start active low -1\n");
    close_ward(ward);
}

static void test_implausible_shows_the_raw_value(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_spo2, 1000);
    channels[0].high_milli = 100000;
    struct ward *ward = start_ward();
    values(ward, 0, 3, VITAL_spo2, 97);
    values(ward, 4, 20, VITAL_spo2, 127);
    until(ward, 20000);
    expect(ward, "14 implausible start active medium 127\n");
    assert_string_equal(ward->records[ward->record_count - 1].alert.detail, "spo2 127 %");
    close_ward(ward);
}

static void test_stay_begins_by_itself(void **state)
{
    (void)state;
    clear_config();
    config.replay = false;
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "mean(hr, 30s) > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = start_ward();
    values(ward, 0, 20, VITAL_hr, 140);
    values(ward, 40, 69, VITAL_hr, 140); /* broken off: counts anew from 40 */
    until(ward, 69000);
    expect(ward, "30 monitor_silent start active medium -1\n40 monitor_silent end ended medium -1\n");
    value(ward, 70, VITAL_hr, 140);
    until(ward, 70000);
    /* windows count from the first of the 30 seconds */
    expect(ward, "70 admission_not_entered start active none -1\n70 hr_high start active medium 140\n");
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_true(view.monitored && view.stay != 0);
    assert_int_equal(view.stay_start_ms, 40000);
    close_ward(ward);
}

static void test_silent_monitor(void **state)
{
    (void)state;
    clear_config();
    config.replay = false;
    add_channel(VITAL_hr, 1000);
    struct ward *ward = start_ward();
    until(ward, 9999);
    expect(ward, "");
    until(ward, 12000);
    expect(ward, "10 monitor_silent start active medium -1\n");
    const struct observation heard = {.kind = OBSERVATION_HEARD};
    observe(ward, 13000, &heard);
    until(ward, 13000);
    expect(ward, "13 monitor_silent end ended medium -1\n");
    close_ward(ward);
}

static void test_monitor_alarm(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    signals[0] = (struct signal_config){.name = "vtach", .text = "VT", .means = SIGNAL_monitor_alarm_high, .number = 3};
    beds[0].signal_count = 1;
    struct ward *ward = start_ward();
    struct observation o = {.kind = OBSERVATION_SIGNAL, .signal = 3, .value_milli = 1};
    observe(ward, 1000, &o);
    o.value_milli = 0;
    observe(ward, 5000, &o);
    until(ward, 6000);
    expect(ward, "1 monitor.vtach start active high -1\n5 monitor.vtach end ended high -1\n");
    close_ward(ward);
}

static void test_two_monitors_with_one_alarm(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    signals[0] = (struct signal_config){.name = "vtach", .means = SIGNAL_monitor_alarm_high};
    signals[1] = (struct signal_config){.name = "vtach", .means = SIGNAL_monitor_alarm_high, .monitor = 1};
    beds[0].signal_count = 2;
    beds[0].monitor_count = 2;
    beds[0].monitor_period_ms[1] = 1000;
    struct ward *ward = start_ward();
    struct observation o = {.kind = OBSERVATION_SIGNAL, .monitor = 1, .value_milli = 1};
    observe(ward, 1000, &o);
    o.monitor = 0;
    observe(ward, 2000, &o);
    o.value_milli = 0;
    observe(ward, 3000, &o);
    o.monitor = 1;
    observe(ward, 4000, &o);
    until(ward, 5000);
    expect(ward, "1 monitor.vtach start active high -1\n4 monitor.vtach end ended high -1\n");
    close_ward(ward);
}

static void test_episodic_found_values_count_for_nothing(void **state)
{
    (void)state;
    clear_config();
    config.replay = false;
    add_channel(VITAL_hr, 1000);
    add_channel(VITAL_nibp_sys, 1000);
    add_rule("nibp_low", "nibp_sys < limit", NULL, 90, PRIORITY_MEDIUM)->unknown_after_ms = 3600000;
    struct ward *ward = start_ward();
    struct observation found = {
        .kind = OBSERVATION_VALUE, .vital = VITAL_nibp_sys, .value_milli = 60000, .flags = OBSERVATION_AGE_UNKNOWN};
    observe(ward, 0, &found); /* the patient before */
    values(ward, 1, 40, VITAL_hr, 80);
    found.at_ms = 0;
    observe(ward, 41000, &found); /* after a reconnect: still the same */
    until(ward, 41000);
    expect(ward, "31 admission_not_entered start active none -1\n");
    value(ward, 42, VITAL_nibp_sys, 60); /* the counter changed: measured now */
    until(ward, 42000);
    expect(ward, "42 nibp_low start active medium 60\n");
    assert_int_equal(ward->records[ward->record_count - 2].kind, RECORD_MEASUREMENT);
    close_ward(ward);
}

static void test_gateway_conditions(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    struct ward *ward = start_ward();
    until(ward, 1000);
    engine_condition(ward->engine, 1000, BUILTIN_bus_down, true, "line-a");
    until(ward, 1000);
    engine_condition(ward->engine, 2000, BUILTIN_bus_down, true, "line-a");
    engine_condition(ward->engine, 2000, BUILTIN_bus_down, true, "line-a, line-b");
    until(ward, 2000);
    engine_condition(ward->engine, 3000, BUILTIN_bus_down, false, "");
    until(ward, 3000);
    expect(ward,
           "1 bus_down start active medium -1\n2 bus_down update active medium -1\n3 bus_down end ended medium -1\n");
    close_ward(ward);
}

static void test_late_observation_is_counted(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    struct ward *ward = start_ward();
    value(ward, 5, VITAL_hr, 80);
    const struct observation late = {.at_ms = 4999, .kind = OBSERVATION_VALUE, .vital = VITAL_hr};
    assert_false(engine_observe(ward->engine, &late));
    const struct observation nowhere = {.at_ms = 5000, .bed = 7, .kind = OBSERVATION_VALUE};
    assert_false(engine_observe(ward->engine, &nowhere));
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    assert_int_equal(counts.late, 2);
    close_ward(ward);
}

static void test_names_are_found_again(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
    signals[0] = (struct signal_config){.name = "vtach", .means = SIGNAL_monitor_alarm_high};
    beds[0].signal_count = 1;
    static const char *const at_bed[] = {"hr_high", "hr_high.not_monitored", "sensor_off", "monitor.vtach"};
    struct alarm_key key;
    char name[ALARM_NAME_MAX];
    for (unsigned i = 0; i < 4; i++) {
        assert_true(alarm_find(&config, 0, at_bed[i], &key));
        alarm_name(&config, &key, name);
        assert_string_equal(name, at_bed[i]);
    }
    assert_true(alarm_find(&config, BED_NONE, "bus_down", &key));
    assert_false(alarm_find(&config, 0, "bus_down", &key));
    assert_false(alarm_find(&config, BED_NONE, "sensor_off", &key));
    assert_false(alarm_find(&config, 0, "gone", &key));
}

/* What was committed before a restart, laid over what the journal gives. */
static void test_restart_goes_on(void **state)
{
    (void)state;
    clear_config();
    config.replay = false;
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *before = start_ward();
    values(before, 0, 49, VITAL_hr, 130);
    until(before, 49000);
    expect(before, "30 admission_not_entered start active none -1\n40 hr_high start active medium 130\n");
    const struct record last = before->records[before->record_count - 1];

    struct ward *after = open_ward();
    after->seq = last.seq;
    engine_restore_numbers(after->engine, last.seq, last.next_id);
    engine_restore_bed(after->engine, 0, &last.bed_state);
    engine_restore_begin(after->engine, 0);
    const uint64_t seq = after->seq;
    values(after, 0, 49, VITAL_hr, 130); /* the journal */
    until(after, 52000);
    engine_restore_end(after->engine);
    after->text[0] = '\0';
    after->seq = seq;
    const struct alarm_snapshot snapshot = {.last = last.alert};
    assert_true(engine_restore_alarm(after->engine, &last.alert.key, &snapshot, false));
    engine_begin(after->engine, 52000);
    values(after, 53, 54, VITAL_hr, 130);
    value(after, 55, VITAL_hr, 100);
    until(after, 55000);
    expect(after, "55 hr_high end ended medium 100\n");
    const struct alert *end = &after->records[after->record_count - 1].alert;
    assert_int_equal(end->id, last.alert.id);
    assert_int_equal(end->rev, 2);
    assert_int_equal(end->stay, last.alert.stay);
    close_ward(before);
    close_ward(after);
}

static void test_unverified_after_another_boot(void **state)
{
    (void)state;
    clear_config();
    config.replay = false;
    add_channel(VITAL_hr, 1000);
    add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = open_ward();
    struct alarm_snapshot snapshot = {.last = {.rev = 1, .id = 7, .state = ALARM_ACTIVE, .priority = PRIORITY_MEDIUM}};
    const struct alarm_key key = {.bed = 0, .family = ALARM_OF_RULE, .index = 0};
    const struct bed_snapshot bed = {.stay = 99, .bed_seq = 4};
    ward->seq = 10;
    engine_restore_numbers(ward->engine, 10, 8);
    engine_restore_bed(ward->engine, 0, &bed);
    assert_true(engine_restore_alarm(ward->engine, &key, &snapshot, true));
    engine_begin(ward->engine, 1000);
    until(ward, 1000);
    expect(ward, "1 hr_high update active medium -1\n");
    assert_true(ward->records[0].alert.unverified);
    assert_int_equal(ward->records[0].alert.reason, REASON_UNVERIFIED);
    value(ward, 2, VITAL_hr, 130);
    until(ward, 2000);
    expect(ward, "2 hr_high update active medium 130\n");
    assert_false(ward->records[1].alert.unverified);
    close_ward(ward);
}

/* Two engines, one fed instant by instant, the other in one sweep: the records are the same bytes. */
static void test_same_input_same_records(void **state)
{
    (void)state;
    clear_config();
    add_channel(VITAL_hr, 1000);
    add_channel(VITAL_spo2, 1000);
    add_rule("hr_high", "mean(hr, 10s) > limit", "max(hr, 5s) < limit", 120, PRIORITY_MEDIUM)->delay_ms = 3000;
    add_rule("spo2_low", "share(spo2 < limit, 15s) >= 0.8", NULL, 90, PRIORITY_HIGH);
    struct ward *fine = start_ward();
    struct ward *coarse = start_ward();
    uint32_t random = 12345;
    for (int t = 0; t < 600; t++) {
        random = random * 1664525U + 1013904223U;
        const double hr = 100 + (double)(random >> 24) / 5;
        const double spo2 = 85 + (double)(random >> 16 & 15U);
        value(fine, t, VITAL_hr, hr);
        value(fine, t, VITAL_spo2, spo2);
        for (int64_t ms = t * 1000; ms < t * 1000 + 1000; ms += 100) {
            until(fine, ms);
        }
        value(coarse, t, VITAL_hr, hr);
        value(coarse, t, VITAL_spo2, spo2);
    }
    until(coarse, 600000);
    until(fine, 600000);
    assert_true(coarse->record_count > 3);
    assert_int_equal(fine->record_count, coarse->record_count);
    assert_string_equal(fine->text, coarse->text);
    close_ward(fine);
    close_ward(coarse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_desaturation),
        cmocka_unit_test(test_delay_is_kept_frozen_and_reset),
        cmocka_unit_test(test_hysteresis),
        cmocka_unit_test(test_not_monitored_takes_over),
        cmocka_unit_test(test_not_monitored_from_the_start_of_the_stay),
        cmocka_unit_test(test_no_pulse_signal),
        cmocka_unit_test(test_probe_off_is_no_lost_pulse),
        cmocka_unit_test(test_implausible_shows_the_raw_value),
        cmocka_unit_test(test_stay_begins_by_itself),
        cmocka_unit_test(test_silent_monitor),
        cmocka_unit_test(test_monitor_alarm),
        cmocka_unit_test(test_two_monitors_with_one_alarm),
        cmocka_unit_test(test_episodic_found_values_count_for_nothing),
        cmocka_unit_test(test_gateway_conditions),
        cmocka_unit_test(test_late_observation_is_counted),
        cmocka_unit_test(test_names_are_found_again),
        cmocka_unit_test(test_restart_goes_on),
        cmocka_unit_test(test_unverified_after_another_boot),
        cmocka_unit_test(test_same_input_same_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
