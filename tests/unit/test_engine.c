/*
 * The engine as the ward sees it: observations in, alerts out, written as lines "seconds alarm phase state priority value".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

/* The rule of the design: share over 15 s, clear by the minimum of 5 s. */
static void test_desaturation(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("spo2_low", "share(spo2 < limit, 15s) >= 0.8", "min(spo2, 5s) >= limit + 1", 90, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 19, VITAL_spo2, 97);
    ward_values(ward, 20, 40, VITAL_spo2, 85);
    /* (17, 32] holds 97 at 18, 19 and 85 from 20: at 31 s 12 of 15 are low */
    ward_until(ward, 40);
    ward_expect(ward, "31 spo2_low start active medium 85\n");
    ward_values(ward, 41, 50, VITAL_spo2, 92);
    ward_until(ward, 50);
    ward_expect(ward, "45 spo2_low end ended medium 92\n");
    ward_close(ward);
}

static void test_monitor_alarm(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 3);
    struct ward *ward = ward_start();
    ward_signal(ward, 1, 0, 3, true);
    ward_signal(ward, 5, 0, 3, false);
    ward_until(ward, 6);
    ward_expect(ward, "1 monitor.vtach start active high -1\n5 monitor.vtach end ended high -1\n");
    ward_close(ward);
}

static void test_two_monitors_with_one_alarm(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_monitor();
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 1, 0);
    struct ward *ward = ward_start();
    ward_signal(ward, 1, 1, 0, true);
    ward_signal(ward, 2, 0, 0, true);
    ward_signal(ward, 3, 0, 0, false);
    ward_signal(ward, 4, 1, 0, false);
    ward_until(ward, 5);
    ward_expect(ward, "1 monitor.vtach start active high -1\n4 monitor.vtach end ended high -1\n");
    ward_close(ward);
}

static void test_episodic_found_values_count_for_nothing(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_nibp_sys, 1000);
    ward_add_rule("nibp_low", "nibp_sys < limit", NULL, 90, PRIORITY_MEDIUM)->unknown_after_ms = 3600000;
    struct ward *ward = ward_start();
    struct observation found = {
        .kind = OBSERVATION_VALUE, .vital = VITAL_nibp_sys, .value_milli = 60000, .flags = OBSERVATION_AGE_UNKNOWN};
    ward_observe(ward, 0, &found); /* the patient before */
    ward_values(ward, 1, 40, VITAL_hr, 80);
    found.at_ms = 0;
    ward_observe(ward, 41, &found); /* after a reconnect: still the same */
    ward_until(ward, 41);
    ward_expect(ward, "31 admission_not_entered start active none -1\n");
    ward_value(ward, 42, VITAL_nibp_sys, 60); /* the counter changed: measured now */
    ward_until(ward, 42);
    ward_expect(ward, "42 nibp_low start active medium 60\n");
    assert_int_equal(ward->records[ward->record_count - 2].kind, RECORD_MEASUREMENT);
    ward_close(ward);
}

static void test_gateway_conditions(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = ward_start();
    ward_until(ward, 1);
    engine_condition(ward->engine, 1000, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    ward_until(ward, 1);
    engine_condition(ward->engine, 2000, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    engine_condition(ward->engine, 2000, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a, line-b");
    ward_until(ward, 2);
    engine_condition(ward->engine, 3000, BUILTIN_bus_down, false, PRIORITY_NONE, "");
    ward_until(ward, 3);
    ward_expect(
        ward,
        "1 bus_down start active medium -1\n2 bus_down update active medium -1\n3 bus_down end ended medium -1\n");
    ward_close(ward);
}

/* A condition may get more urgent while it holds, and less; told with its words, and to be acknowledged anew. */
static void test_the_priority_of_a_condition(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = ward_start();
    static const struct {
        int64_t at_ms;
        enum priority priority;
        const char *detail;
    } told[] = {{1000, PRIORITY_NONE, "30 d"},
                {2000, PRIORITY_LOW, "30 d"},
                {3000, PRIORITY_MEDIUM, "7 d"},
                {4000, PRIORITY_MEDIUM, "7 d"},
                {5000, PRIORITY_NONE, "7 d"}};
    ward_until(ward, 0);
    for (unsigned i = 0; i < sizeof told / sizeof told[0]; i++) {
        engine_condition(ward->engine, told[i].at_ms, BUILTIN_certificate_expiring, true, told[i].priority,
                         told[i].detail);
        ward_until_ms(ward, told[i].at_ms);
    }
    ward_expect(ward, "1 certificate_expiring start active low -1\n3 certificate_expiring escalate active medium -1\n"
                      "5 certificate_expiring deescalate active low -1\n");
    assert_string_equal(ward_newest(ward)->detail, "7 d");
    engine_condition(ward->engine, 6000, BUILTIN_certificate_expiring, false, PRIORITY_MEDIUM, "");
    engine_condition(ward->engine, 7000, BUILTIN_certificate_expiring, true, PRIORITY_MEDIUM, "");
    ward_until(ward, 7);
    ward->text[0] = '\0';
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 8000};
    struct ward *after = ward_restart(ward, &lost);
    engine_condition(after->engine, 9000, BUILTIN_certificate_expiring, true, PRIORITY_MEDIUM, "");
    ward_until(after, 30);
    ward_expect(after, ""); /* as before */
    ward_close(ward);
    ward_close(after);
}

static void test_late_observation_is_counted(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 5, VITAL_hr, 80);
    const struct observation late = {.at_ms = 4999, .kind = OBSERVATION_VALUE, .vital = VITAL_hr};
    assert_false(engine_observe(ward->engine, &late));
    const struct observation nowhere = {.at_ms = 5000, .bed = 7, .kind = OBSERVATION_VALUE};
    assert_false(engine_observe(ward->engine, &nowhere));
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    assert_int_equal(counts.late, 2);
    ward_close(ward);
}

static void test_names_are_found_again(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    static const char *const at_bed[] = {"hr_high", "hr_high.not_monitored", "sensor_off", "monitor.vtach"};
    struct alarm_key key;
    char name[ALARM_NAME_MAX];
    for (unsigned i = 0; i < 4; i++) {
        assert_true(alarm_find(&ward_config.engine, 0, at_bed[i], &key));
        alarm_name(&ward_config.engine, &(struct alert){.key = key}, name);
        assert_string_equal(name, at_bed[i]);
    }
    assert_true(alarm_find(&ward_config.engine, BED_NONE, "bus_down", &key));
    assert_false(alarm_find(&ward_config.engine, 0, "bus_down", &key));
    assert_false(alarm_find(&ward_config.engine, BED_NONE, "sensor_off", &key));
    assert_false(alarm_find(&ward_config.engine, 0, "gone", &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_desaturation),
        cmocka_unit_test(test_monitor_alarm),
        cmocka_unit_test(test_two_monitors_with_one_alarm),
        cmocka_unit_test(test_episodic_found_values_count_for_nothing),
        cmocka_unit_test(test_gateway_conditions),
        cmocka_unit_test(test_the_priority_of_a_condition),
        cmocka_unit_test(test_late_observation_is_counted),
        cmocka_unit_test(test_names_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
