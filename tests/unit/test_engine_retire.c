/*
 * The last step before a reload: what the next configuration does not have ends with its alert, the rest is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static struct ward_config next;

/* Two occupied beds where all is wrong: rules, a rule that cannot see, a bit, a reported alarm, a silent monitor. */
static struct ward *start(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("high", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
    ward_add_rule("blind", "spo2 < limit", NULL, 90, PRIORITY_HIGH);
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_config.beds[0].reports_alarms = true;
    ward_add_second_bed();
    struct ward *ward = ward_start();
    for (uint16_t bed = 0; bed < 2; bed++) {
        engine_admit(ward->engine, bed, 0);
    }
    ward_until(ward, 29);
    for (uint16_t bed = 0; bed < 2; bed++) {
        struct observation o = {.kind = OBSERVATION_VALUE, .bed = bed, .vital = VITAL_hr, .value_milli = 130000};
        ward_observe(ward, 30, &o);
        o = (struct observation){.kind = OBSERVATION_SIGNAL, .bed = bed, .value_milli = 1};
        ward_observe(ward, 30, &o);
        const struct monitor_alarm said = {
            .bed = bed, .priority = PRIORITY_LOW, .vital = VITAL_NONE, .name = "lead_off"};
        ward_say_alarm(ward, 30, &said);
    }
    ward_until(ward, 30);
    engine_condition(ward->engine, 30000, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    ward_until(ward, 30);
    assert_non_null(strstr(ward->text, "30 high start"));
    assert_non_null(strstr(ward->text, "30 blind.not_monitored start"));
    ward->text[0] = '\0';
    next = ward_config;
    next.beds[0].channels = next.beds[1].channels = next.channels;
    next.beds[0].signals = next.beds[1].signals = next.signals;
    next.engine.beds = next.beds;
    next.engine.rules = next.rules;
    return ward;
}

static void retire(struct ward *ward)
{
    engine_retire(ward->engine, 31000, &next.engine);
    ward_until(ward, 31);
}

static void test_nothing_goes(void **state)
{
    (void)state;
    struct ward *ward = start();
    retire(ward);
    ward_expect(ward, "");
    ward_close(ward);
}

/* Found by name, at whatever place; one that is gone takes its not_monitored along. */
static void test_a_rule_goes(void **state)
{
    (void)state;
    struct ward *ward = start();
    next.rules[0] = ward_config.rules[1];
    next.engine.rule_count = 1;
    retire(ward);
    ward_expect(ward, "31 high end ended medium 130\n31 high end ended medium 130\n");
    ward_close(ward);

    ward = start();
    next.engine.rule_count = 1;
    retire(ward);
    ward_expect(ward, "31 blind.not_monitored end ended high -1\n31 blind.not_monitored end ended high -1\n");
    ward_close(ward);
}

/* A rule that stays, but not at this bed: it has no such vital any more. */
static void test_a_vital_goes(void **state)
{
    (void)state;
    struct ward *ward = start();
    next.beds[1].channel_count = 1;
    retire(ward);
    ward_expect(ward, "31 blind.not_monitored end ended high -1\n");
    assert_int_equal(ward_newest(ward)->key.bed, 1);
    ward_close(ward);
}

/* A rule that stays, but is off at this bed from now on. */
static void test_a_rule_goes_off(void **state)
{
    (void)state;
    static const struct override_config off = {.rule = 0, .parameter = OVERRIDE_OFF, .value_milli = 1};
    struct ward *ward = start();
    next.beds[1].overrides = &off;
    next.beds[1].override_count = 1;
    retire(ward);
    ward_expect(ward, "31 high end ended medium 130\n");
    assert_int_equal(ward_newest(ward)->key.bed, 1);
    ward_close(ward);
}

static void test_a_monitor_goes(void **state)
{
    (void)state;
    struct ward *ward = start();
    next.beds[0].signal_count = 0;
    retire(ward);
    ward_expect(ward, "31 monitor.vtach end ended high -1\n");
    ward_close(ward);

    ward = start();
    next.beds[0].reports_alarms = false;
    retire(ward);
    ward_expect(ward, "31 monitor.lead_off end ended low -1\n");
    ward_close(ward);
}

/* With a bed all goes, whatever it is; the other one has another index now. */
static void test_a_bed_goes(void **state)
{
    (void)state;
    struct ward *ward = start();
    next.engine.beds = &next.beds[1];
    next.engine.bed_count = 1;
    retire(ward);
    ward_expect(ward, "31 high end ended medium 130\n31 blind.not_monitored end ended high -1\n"
                      "31 monitor.vtach end ended high -1\n31 monitor.lead_off end ended low -1\n");
    assert_int_equal(ward_newest(ward)->key.bed, 0);
    ward_close(ward);
}

/* It is the last step: nothing starts again, nothing is taken. */
static void test_nothing_comes_after(void **state)
{
    (void)state;
    struct ward *ward = start();
    next.engine.rule_count = 0;
    retire(ward);
    ward->text[0] = '\0';
    assert_true(engine_next(ward->engine) == SERIES_NEVER);
    const struct observation o = {.at_ms = 32000, .kind = OBSERVATION_VALUE, .vital = VITAL_hr, .value_milli = 140000};
    assert_false(engine_observe(ward->engine, &o));
    const struct monitor_alarm alarm = {.at_ms = 32000, .name = "a", .vital = VITAL_NONE};
    assert_false(engine_observe_alarm(ward->engine, &alarm));
    ward_until(ward, 1000);
    ward_expect(ward, "");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_goes),        cmocka_unit_test(test_a_rule_goes),
        cmocka_unit_test(test_a_vital_goes),        cmocka_unit_test(test_a_rule_goes_off),
        cmocka_unit_test(test_a_monitor_goes),      cmocka_unit_test(test_a_bed_goes),
        cmocka_unit_test(test_nothing_comes_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
