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

static void test_delay_is_kept_frozen_and_reset(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 4, VITAL_hr, 130);
    ward_value(ward, 5, VITAL_hr, 110); /* clear: starts over */
    ward_values(ward, 6, 15, VITAL_hr, 130);
    ward_until(ward, 15.999);
    ward_expect(ward, "");
    ward_value(ward, 16, VITAL_hr, 131);
    ward_until(ward, 16);
    ward_expect(ward, "16 hr_high start active medium 131\n");
    assert_int_equal(ward->records[ward->record_count - 1].alert.violated_at_ms, 6000);
    assert_int_equal(ward->records[ward->record_count - 1].alert.condition_at_ms, 16000);
    ward_value(ward, 17, VITAL_hr, 100);
    ward_until(ward, 17);
    ward_expect(ward, "17 hr_high end ended medium 100\n");

    ward_values(ward, 18, 22, VITAL_hr, 130); /* 4 s and 1.5 s of standing */
    ward_until(ward, 30);                  /* unknown from 23.5: frozen with 5.5 s */
    ward_values(ward, 30, 40, VITAL_hr, 130);
    ward_until(ward, 40);
    ward_expect(ward, "34.5 hr_high start active medium 130\n");
    ward_close(ward);
}

static void test_hysteresis(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    struct rule *rule = ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
    rule->has_hysteresis = true;
    rule->hysteresis_milli = 3000;
    rule->clear_delay_ms = 2000;
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_hr, 121);
    ward_value(ward, 2, VITAL_hr, 118); /* above 117: still on */
    ward_value(ward, 3, VITAL_hr, 117);
    ward_value(ward, 4, VITAL_hr, 119); /* the end is taken back */
    ward_value(ward, 5, VITAL_hr, 117);
    ward_value(ward, 6, VITAL_hr, 116);
    ward_value(ward, 7, VITAL_hr, 115);
    ward_until(ward, 7);
    ward_expect(ward, "1 hr_high start active medium 121\n7 hr_high end ended medium 115\n");
    ward_close(ward);
}

static void test_not_monitored_takes_over(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 1, 3, VITAL_hr, 130);
    ward_invalid(ward, 4, VITAL_hr, QUALITY_SENSOR_OFF);
    ward_until(ward, 40);
    ward_expect(ward, "1 hr_high start active high 130\n"
                 "14 sensor_off start active low -1\n"
                 "34 hr_high.not_monitored start active high 130\n");
    ward_value(ward, 50, VITAL_hr, 131);
    ward_value(ward, 51, VITAL_hr, 90);
    ward_until(ward, 51);
    ward_expect(ward, "50 hr_high.not_monitored end ended high 131\n"
                 "50 sensor_off end ended low -1\n"
                 "51 hr_high end ended high 90\n");
    ward_close(ward);
}

static void test_not_monitored_from_the_start_of_the_stay(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "mean(hr, 10s) > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_until(ward, 70);
    ward_expect(ward, "60 hr_high.not_monitored start active medium -1\n");
    ward_values(ward, 71, 80, VITAL_hr, 80);
    ward_until(ward, 80);
    ward_expect(ward, "");
    ward_value(ward, 81, VITAL_hr, 80); /* the first whole span */
    ward_until(ward, 81);
    ward_expect(ward, "81 hr_high.not_monitored end ended medium 80\n");
    ward_close(ward);
}

static void test_no_pulse_signal(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_pulse, 1000);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 5, VITAL_hr, 80);
    ward_value(ward, 5, VITAL_pulse, 80);
    ward_invalid(ward, 6, VITAL_hr, QUALITY_ABSENT);
    for (int t = 6; t <= 20; t++) {
        ward_value(ward, t, VITAL_pulse, 80);
    }
    ward_until(ward, 20);
    ward_expect(ward, "16 sensor_off start active low -1\n"); /* the pulse goes on */
    ward_invalid(ward, 21, VITAL_pulse, QUALITY_ABSENT);
    ward_until(ward, 35);
    ward_expect(ward, "30 no_pulse_signal start active high -1\n31 sensor_off update active low -1\n");
    ward_value(ward, 36, VITAL_pulse, 50);
    ward_until(ward, 36);
    ward_expect(ward, "36 sensor_off update active low -1\n36 no_pulse_signal end ended high -1\n");
    ward_close(ward);
}

static void test_probe_off_is_no_lost_pulse(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_pulse, 1000);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 5, VITAL_pulse, 80);
    ward_invalid(ward, 6, VITAL_pulse, QUALITY_SENSOR_OFF);
    ward_until(ward, 60);
    ward_expect(ward, "16 sensor_off start active low -1\n");
    ward_close(ward);
}

static void test_implausible_shows_the_raw_value(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_config.channels[0].high_milli = 100000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 3, VITAL_spo2, 97);
    ward_values(ward, 4, 20, VITAL_spo2, 127);
    ward_until(ward, 20);
    ward_expect(ward, "14 implausible start active medium 127\n");
    assert_string_equal(ward->records[ward->record_count - 1].alert.detail, "spo2 127 %");
    ward_close(ward);
}

static void test_stay_begins_by_itself(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("hr_high", "mean(hr, 30s) > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 20, VITAL_hr, 140);
    ward_values(ward, 40, 69, VITAL_hr, 140); /* broken off: counts anew from 40 */
    ward_until(ward, 69);
    ward_expect(ward, "30 monitor_silent start active medium -1\n40 monitor_silent end ended medium -1\n");
    ward_value(ward, 70, VITAL_hr, 140);
    ward_until(ward, 70);
    /* windows count from the first of the 30 seconds */
    ward_expect(ward, "70 admission_not_entered start active none -1\n70 hr_high start active medium 140\n");
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_true(view.monitored && view.stay != 0);
    assert_int_equal(view.stay_start_ms, 40000);
    ward_close(ward);
}

static void test_silent_monitor(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    struct ward *ward = ward_start();
    ward_until(ward, 9.999);
    ward_expect(ward, "");
    ward_until(ward, 12);
    ward_expect(ward, "10 monitor_silent start active medium -1\n");
    ward_heard(ward, 13, 0);
    ward_until(ward, 13);
    ward_expect(ward, "13 monitor_silent end ended medium -1\n");
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
    engine_condition(ward->engine, 1000, BUILTIN_bus_down, true, "line-a");
    ward_until(ward, 1);
    engine_condition(ward->engine, 2000, BUILTIN_bus_down, true, "line-a");
    engine_condition(ward->engine, 2000, BUILTIN_bus_down, true, "line-a, line-b");
    ward_until(ward, 2);
    engine_condition(ward->engine, 3000, BUILTIN_bus_down, false, "");
    ward_until(ward, 3);
    ward_expect(ward,
           "1 bus_down start active medium -1\n2 bus_down update active medium -1\n3 bus_down end ended medium -1\n");
    ward_close(ward);
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
        alarm_name(&ward_config.engine, &key, name);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
