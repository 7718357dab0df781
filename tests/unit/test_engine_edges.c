/*
 * What the engine is told and can do nothing with, and what seldom comes: it holds on to what it knows, and says nothing
 * that nobody asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

/* One bed with a heart rate that alarms above 120, and a temperature that people enter. */
static void configure(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_entered(VITAL_temp);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
}

static void test_observations_of_what_the_bed_has_not(void **state)
{
    (void)state;
    configure();
    struct ward *ward = ward_start();
    ward_values(ward, 1, 5, VITAL_hr, 80);
    const struct observation none[] = {
        {.kind = OBSERVATION_VALUE, .vital = VITAL_NONE, .value_milli = 200000},
        {.kind = OBSERVATION_VALUE, .vital = VITAL_spo2, .value_milli = 200000},
        {.kind = OBSERVATION_VALUE, .vital = VITAL_hr, .value_milli = 200000, .monitor = 1},
        {.kind = OBSERVATION_VALUE, .vital = VITAL_temp, .value_milli = 200000},
        {.vital = VITAL_hr, .value_milli = 200000, .flags = OBSERVATION_ENTERED},
        {.vital = VITAL_NONE, .value_milli = 200000, .flags = OBSERVATION_ENTERED},
    };
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        ward_observe(ward, 6, &none[i]);
        ward_until(ward, 6);
    }
    struct engine_counts before, after;
    engine_count(ward->engine, &before);
    const struct observation beyond = {.at_ms = 6000, .vital = VITAL_hr, .monitor = ENGINE_MONITORS_PER_BED_MAX};
    const struct observation nowhere = {.at_ms = 6000, .vital = VITAL_hr, .bed = 1};
    assert_false(engine_observe(ward->engine, &beyond));
    assert_false(engine_observe(ward->engine, &nowhere));
    engine_count(ward->engine, &after);
    assert_int_equal(after.late, before.late + 2);
    ward_expect(ward, "");
    ward_value(ward, 7, VITAL_hr, 121);
    ward_until(ward, 7);
    ward_expect(ward, "7 hr_high start active medium 121\n");
    ward_close(ward);
}

/* Of a bed that is vacant by now, what was entered for the patient before. */
static void test_an_entry_for_nobody(void **state)
{
    (void)state;
    configure();
    ward_config.engine.replay = false;
    struct ward *ward = ward_start();
    const struct observation entry = {.vital = VITAL_temp, .value_milli = 41000, .flags = OBSERVATION_ENTERED};
    ward_observe(ward, 1, &entry);
    ward_until(ward, 1);
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.stay, 0);
    for (unsigned i = 0; i < view.vital_count; i++) {
        assert_int_not_equal(view.vitals[i].quality, QUALITY_VALID);
    }
    ward_close(ward);
}

static void test_a_step_before_its_time_is_none(void **state)
{
    (void)state;
    configure();
    struct ward *ward = ward_start();
    ward_values(ward, 1, 5, VITAL_hr, 80);
    ward_until(ward, 5);
    const int64_t next_ms = engine_next(ward->engine);
    assert_true(next_ms > 5000);
    engine_step(ward->engine, next_ms - 1, &ward->sink);
    assert_int_equal(engine_next(ward->engine), next_ms);
    ward_close(ward);
}

/* ---- what a store brings back ---- */

static void test_an_alarm_that_had_ended_is_not_raised(void **state)
{
    (void)state;
    configure();
    struct ward *ward = ward_open();
    static const struct alarm_key keys[] = {
        {.bed = 0, .family = ALARM_OF_RULE, .index = 0},
        {.bed = 0, .family = ALARM_BUILTIN, .index = BUILTIN_monitor_silent},
        {.bed = BED_NONE, .family = ALARM_BUILTIN, .index = BUILTIN_store_failing},
    };
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct alarm_snapshot ended = {.last = {.key = keys[i], .id = 70 + i, .rev = 2, .state = ALARM_ENDED}};
        assert_true(engine_restore_alarm(ward->engine, &keys[i], &ended, true));
    }
    engine_begin(ward->engine, 0);
    ward_until(ward, 1);
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.alarm_count, 0);
    ward_expect(ward, "");
    ward_close(ward);
}

static bool restore_reported(struct ward *ward, const char *name, size_t length)
{
    const struct alarm_key key = {.bed = 0, .family = ALARM_REPORTED};
    struct alarm_snapshot kept = {.last = {.key = key, .id = 80, .rev = 1, .state = ALARM_ACTIVE}};
    memcpy(kept.last.reported, name, length);
    return engine_restore_alarm(ward->engine, &key, &kept, true);
}

static void test_alarms_of_monitors_that_cannot_come_back(void **state)
{
    (void)state;
    configure();
    ward_config.beds[0].reports_alarms = true;
    struct ward *ward = ward_open();
    char endless[sizeof((struct alert *)0)->reported];
    memset(endless, 'a', sizeof endless);
    assert_false(restore_reported(ward, endless, sizeof endless));
    assert_false(restore_reported(ward, "", 1));
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        const char name[] = {'a', (char)('a' + i), '\0'};
        assert_true(restore_reported(ward, name, sizeof name));
    }
    assert_false(restore_reported(ward, "one_more", sizeof "one_more"));
    ward_close(ward);
}

/* The seed and counter for which the mixing gives 0, which stands for nobody. */
static void test_an_id_is_never_that_of_nobody(void **state)
{
    (void)state;
    configure();
    for (uint64_t counter = 0; counter < 3; counter++) {
        struct ward *ward = ward_open();
        engine_seed(ward->engine, 0 - (counter + 1) * UINT64_C(0x9E3779B97F4A7C15));
        engine_begin(ward->engine, 0);
        engine_admit(ward->engine, 0, 0);
        ward_until(ward, 0);
        assert_int_not_equal(ward_stay(ward, 0), 0);
        ward_close(ward);
    }
    assert_int_equal(identity_hash("\xcc\x24\x31\xc4", 4), 1); /* FNV-1a of these is 0 */
}

/* ---- rules that few have ---- */

/* A continuous vital has an age from the first moment on: it is no measurement that nobody has made. */
static void test_the_age_of_a_continuous_vital(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_old", "age(hr) > limit", NULL, 5, PRIORITY_LOW);
    struct ward *ward = ward_start();
    ward_values(ward, 1, 3, VITAL_hr, 80);
    ward_until(ward, 9);
    ward_expect(ward, "8.001 hr_old start active low 80\n");
    ward_close(ward);
}

/* A ratio has no part that is sure: unknown until both are there, and the alert shows the ratio. */
static void test_a_rule_over_a_ratio(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_abp_sys, 1000);
    ward_config.beds[0].scores = 1U << SCORE_shock_index;
    ward_add_rule("shock", "shock_index > limit", NULL, 1, PRIORITY_MEDIUM);
    ward_add_rule("never", "shock_index > limit / (limit - limit)", NULL, 1, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_values(ward, 1, 5, VITAL_hr, 120);
    ward_expect(ward, "");
    ward_value(ward, 6, VITAL_hr, 120);
    ward_value(ward, 6, VITAL_abp_sys, 100);
    ward_until(ward, 6);
    ward_expect(ward, "6 shock start active medium 1.2\n");
    ward_close(ward);
}

/* A rule without `limit` has its first place empty; what was set of its other parameter comes back. */
static void test_a_limit_of_a_rule_without_limit(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct rule *rule = ward_add_rule("hr_high", "hr > 3", NULL, 0, PRIORITY_MEDIUM);
    static const struct parameter_names names = {.names = {NULL, "high"}, .count = 2};
    struct expression_fault fault;
    assert_true(expression_compile("hr > high", &names, 700, &rule->when, &fault));
    rule->parameters[1] = rule->parameters[0];
    rule->parameters[0] = (struct rule_parameter){.name = NULL};
    rule->parameters[1].name = "high";
    rule->parameters[1].settable = true;
    rule->parameters[1].settable_low_milli = 100000;
    rule->parameters[1].settable_high_milli = 150000;
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[1].value_milli[c] = 120000;
    }
    rule->parameter_count = 2;
    struct ward *before = ward_start();
    ward_until(before, 0);
    const struct bed_command set = {
        .kind = COMMAND_set_limit, .stay = ward_stay(before, 0), .parameter = 1, .value_milli = 140000};
    assert_int_equal(ward_command(before, 1, &set), VERDICT_ACCEPTED);
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 2000, .none = true};
    struct ward *after = ward_restart(before, &lost);
    ward_value(after, 3, VITAL_hr, 130);
    ward_value(after, 4, VITAL_hr, 141);
    ward_until(after, 4);
    ward_expect(after, "4 hr_high start active medium 141\n");
    ward_close(after);
    ward_close(before);
}

/* Over a reload a monitor that has never been heard is as silent as before: it has its time from there on. */
static void test_a_reload_before_the_first_word(void **state)
{
    (void)state;
    configure();
    ward_config.engine.replay = false;
    struct ward *before = ward_start();
    ward_until(before, 5);
    ward_expect(before, "");
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 6000, .none = true};
    struct ward *after = ward_restart(before, &lost);
    ward_until(after, 15);
    ward_expect(after, "");
    ward_until(after, 30);
    ward_expect(after, "16 monitor_silent start active medium -1\n");
    ward_close(after);
    ward_close(before);
}

/* ---- lines of several beds ---- */

static void line_of_three(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_config.engine.line_count = 1;
    ward_config.engine.stay_after_ms = 1000;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_beds(3);
}

/* Every second of [from_s, to_s] from `first` to the third bed. */
static void heard(struct ward *ward, int from_s, int to_s, uint16_t first)
{
    for (int t = from_s; t <= to_s; t++) {
        for (uint16_t b = first; b < 3; b++) {
            ward_bed_value(ward, t, b, VITAL_hr, 80);
        }
    }
    ward_until(ward, to_s);
}

/* As long as one is heard, the line is well: each of the others is told by itself, at once. */
static void test_two_of_three_are_silent(void **state)
{
    (void)state;
    line_of_three();
    struct ward *ward = ward_start();
    heard(ward, 1, 25, 0);
    heard(ward, 26, 30, 2);
    const struct observation old = {.kind = OBSERVATION_OUTDATED, .monitor = 0};
    ward_observe(ward, 31, &old);
    struct line_silence silence;
    engine_hear_lines(ward->engine, 31000, 0, 1, &silence);
    assert_int_equal(silence.missed, 2);
    assert_int_equal(silence.outdated, 1);
    assert_false(line_is_quiet(&silence));
    ward->text[0] = '\0';
    heard(ward, 31, 36, 2);
    ward_expect(ward, "35 monitor_silent start active medium -1\n35 monitor_silent start active medium -1\n");
    ward_close(ward);
}

/* All are part of one line's alarm. After a restart in which nobody says that it is down, they wait once, together, and are told. */
static void test_a_dead_line_of_three_over_a_restart(void **state)
{
    (void)state;
    line_of_three();
    struct ward *before = ward_start();
    heard(before, 1, 25, 0);
    ward_until(before, 30);
    engine_line(before->engine, 30500, 0, LINE_DOWN);
    engine_condition(before->engine, 30500, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    ward_until(before, 40);
    assert_non_null(strstr(before->text, "monitor_silent start active medium -1 in bus_down"));
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 50000};
    struct ward *after = ward_restart(before, &lost);
    ward_until(after, 62);
    ward_expect(after, "");
    ward_until(after, 80);
    ward_expect(after, "72 monitor_silent start active medium -1\n"
                       "72 monitor_silent start active medium -1\n"
                       "72 monitor_silent start active medium -1\n"
                       "72 bus_down update active medium -1\n");
    ward_close(after);
    ward_close(before);
}

/* ---- pieces ---- */

static void test_what_is_seldom_used_comes_from_the_reserve(void **state)
{
    (void)state;
    struct arena reserve = {.base = NULL}, daily = {.reserve = &reserve};
    assert_ptr_equal(arena_reserve(&daily), &reserve);
    assert_ptr_equal(arena_reserve(&reserve), &reserve);
}

static void test_an_alert_stands_for_so_many_at_most(void **state)
{
    (void)state;
    struct alert alert = {.id = 1};
    memset(alert.stands_for, 0xFF, sizeof alert.stands_for);
    assert_true(alert_stands_for(&alert, STANDS_FOR_MAX - 1));
    assert_false(alert_stands_for(&alert, STANDS_FOR_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_observations_of_what_the_bed_has_not),
        cmocka_unit_test(test_an_entry_for_nobody),
        cmocka_unit_test(test_a_step_before_its_time_is_none),
        cmocka_unit_test(test_an_alarm_that_had_ended_is_not_raised),
        cmocka_unit_test(test_alarms_of_monitors_that_cannot_come_back),
        cmocka_unit_test(test_an_id_is_never_that_of_nobody),
        cmocka_unit_test(test_the_age_of_a_continuous_vital),
        cmocka_unit_test(test_a_rule_over_a_ratio),
        cmocka_unit_test(test_a_limit_of_a_rule_without_limit),
        cmocka_unit_test(test_a_reload_before_the_first_word),
        cmocka_unit_test(test_two_of_three_are_silent),
        cmocka_unit_test(test_a_dead_line_of_three_over_a_restart),
        cmocka_unit_test(test_what_is_seldom_used_comes_from_the_reserve),
        cmocka_unit_test(test_an_alert_stands_for_so_many_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
