/*
 * Alarms that nobody acknowledges: when they take a higher priority, what stops it, what stays of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static struct rule *rule_that_escalates(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_config.engine.pause =
        (struct pause_config){.audio_ms = 120000, .audio_ms_max = 300000, .alarm_ms = 180000, .alarm_ms_max = 300000};
    struct rule *rule = ward_add_rule("r", "last(hr) > limit", NULL, 120, PRIORITY_MEDIUM);
    rule->escalate_ms = 60000;
    rule->escalate_to = PRIORITY_HIGH;
    return rule;
}

/* At 2 s it is met. */
static struct ward *start_alarm(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_values(ward, 0, 1, VITAL_hr, 80);
    ward_value(ward, 2, VITAL_hr, 130);
    ward_until(ward, 2);
    ward_expect(ward, "2 r start active medium 130\n");
    return ward;
}

static enum command_verdict pause_all(struct ward *ward, double at_s, enum pause_what what)
{
    const struct bed_command command = {.kind = COMMAND_pause,
                                        .role = ROLE_local,
                                        .what = (uint8_t)what,
                                        .rule = RULE_NONE,
                                        .stay = ward_stay(ward, 0),
                                        .duration_ms = 200000};
    return ward_command(ward, at_s, &command);
}

/* The same alarm, once, at its instant; the next occurrence begins where the rule does. */
static void test_it_escalates(void **state)
{
    (void)state;
    rule_that_escalates();
    struct ward *ward = start_alarm();
    const uint64_t id = ward_newest(ward)->id;
    ward_until(ward, 61.999);
    assert_int_equal(ward_newest_of(ward, "r")->rev, 1);
    ward_until(ward, 62);
    const struct alert *alert = ward_newest_of(ward, "r");
    assert_int_equal(alert->phase, PHASE_ESCALATE);
    assert_int_equal(alert->priority, PRIORITY_HIGH);
    assert_int_equal(alert->id, id);
    assert_int_equal(alert->rev, 2);
    ward_until(ward, 200);
    assert_int_equal(ward_newest_of(ward, "r")->rev, 2);
    ward_value(ward, 201, VITAL_hr, 80);
    ward_until(ward, 201);
    assert_int_equal(ward_newest_of(ward, "r")->priority, PRIORITY_HIGH);
    ward_value(ward, 202, VITAL_hr, 140);
    ward_until(ward, 202);
    alert = ward_newest_of(ward, "r");
    assert_int_equal(alert->phase, PHASE_START);
    assert_int_equal(alert->priority, PRIORITY_MEDIUM);
    assert_false(alert->escalated);
    ward_until(ward, 262);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    ward_close(ward);
}

/* Acknowledged in time, it stays as it is; escalated, it is to be acknowledged, and stays escalated. */
static void test_acknowledged(void **state)
{
    (void)state;
    rule_that_escalates();
    struct ward *ward = start_alarm();
    assert_int_equal(ward_acknowledge(ward, 61, ward_newest_of(ward, "r")), VERDICT_ACCEPTED);
    ward_until(ward, 300);
    assert_int_equal(ward_newest_of(ward, "r")->priority, PRIORITY_MEDIUM);
    ward_close(ward);

    ward = start_alarm();
    ward_until(ward, 62);
    assert_int_equal(ward_acknowledge(ward, 63, ward_newest_of(ward, "r")), VERDICT_ACCEPTED);
    ward = ward_restart_at(ward, 70, false);
    ward_value(ward, 71, VITAL_hr, 131);
    ward_until(ward, 80);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ACKNOWLEDGE);
    assert_int_equal(ward_newest_of(ward, "r")->priority, PRIORITY_HIGH);
    ward_close(ward);
}

/* Latched, nobody has seen it either. */
static void test_latched(void **state)
{
    (void)state;
    rule_that_escalates()->latching = true;
    struct ward *ward = start_alarm();
    ward_value(ward, 10, VITAL_hr, 80);
    ward_until(ward, 62);
    const struct alert *alert = ward_newest_of(ward, "r");
    assert_int_equal(alert->phase, PHASE_ESCALATE);
    assert_int_equal(alert->state, ALARM_LATCHED);
    assert_int_equal(alert->priority, PRIORITY_HIGH);
    ward_close(ward);
}

/* The time of a restart counts, also when it ends within it; one that has escalated stays so. */
static void test_a_restart(void **state)
{
    (void)state;
    rule_that_escalates();
    struct ward *ward = start_alarm();
    ward = ward_restart_at(ward, 30, false);
    ward_until(ward, 62);
    assert_int_equal(ward_newest_of(ward, "r")->at_ms, 62000);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    ward = ward_restart_at(ward, 80, false);
    ward_until(ward, 90);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    ward_close(ward);
    ward = ward_restart_at(start_alarm(), 90, false);
    assert_int_equal(ward_newest_of(ward, "r")->at_ms, 90000);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    ward_close(ward);
}

/* What the configuration no longer lets escalate goes back. */
static void test_a_rule_that_escalates_no_more(void **state)
{
    (void)state;
    struct rule *rule = rule_that_escalates();
    struct ward *ward = start_alarm();
    ward_until(ward, 62);
    rule->escalate_ms = 0;
    ward = ward_restart_at(ward, 70, false);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_DEESCALATE);
    assert_int_equal(ward_newest_of(ward, "r")->priority, PRIORITY_MEDIUM);
    ward_close(ward);
}

/* Another configuration gives it another priority: acknowledged, it stays so unless that is a higher one; the time starts anew,
 * and goes on through the next restart. */
static void test_another_priority(void **state)
{
    (void)state;
    struct rule *rule = rule_that_escalates();
    struct ward *ward = start_alarm();
    rule->priority = PRIORITY_LOW;
    ward = ward_restart_at(ward, 50, false);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_DEESCALATE);
    ward = ward_restart_at(ward, 80, false);
    ward_until(ward, 109.999);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_DEESCALATE);
    ward_until(ward, 110);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    ward_close(ward);

    rule->priority = PRIORITY_MEDIUM;
    ward = start_alarm();
    assert_int_equal(ward_acknowledge(ward, 10, ward_newest_of(ward, "r")), VERDICT_ACCEPTED);
    rule->priority = PRIORITY_LOW;
    ward = ward_restart_at(ward, 90, false);
    const struct alert *alert = ward_newest_of(ward, "r");
    assert_int_equal(alert->phase, PHASE_DEESCALATE);
    assert_int_equal(alert->inactivation, INACTIVATION_ACKNOWLEDGED);
    ward_until(ward, 300);
    assert_int_equal(ward_newest_of(ward, "r")->rev, 3);

    rule->priority = PRIORITY_MEDIUM;
    ward = ward_restart_at(ward, 310, false);
    alert = ward_newest_of(ward, "r");
    assert_int_equal(alert->phase, PHASE_ESCALATE);
    assert_int_equal(alert->priority, PRIORITY_MEDIUM);
    assert_int_equal(alert->inactivation, INACTIVATION_NONE);
    ward_until(ward, 369.999);
    assert_int_equal(ward_newest_of(ward, "r")->rev, 4);
    ward_until(ward, 370);
    assert_int_equal(ward_newest_of(ward, "r")->priority, PRIORITY_HIGH);
    ward_close(ward);
}

/* A pause does not stop it. What rises to high breaks through an audio pause, and is told of under an alarm pause. */
static void test_during_a_pause(void **state)
{
    (void)state;
    rule_that_escalates();
    struct ward *ward = start_alarm();
    assert_int_equal(pause_all(ward, 5, PAUSE_AUDIO), VERDICT_ACCEPTED);
    assert_int_equal(ward_newest_of(ward, "r")->inactivation, INACTIVATION_AUDIO_PAUSED);
    ward_until(ward, 62);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    assert_int_equal(ward_newest_of(ward, "r")->inactivation, INACTIVATION_NONE);
    ward_close(ward);

    ward = start_alarm();
    assert_int_equal(pause_all(ward, 5, PAUSE_ALARM), VERDICT_ACCEPTED);
    ward_until(ward, 62);
    assert_int_equal(ward_newest_of(ward, "r")->phase, PHASE_ESCALATE);
    assert_int_equal(ward_newest_of(ward, "r")->inactivation, INACTIVATION_ALARM_PAUSED);
    assert_int_equal(ward_newest_of(ward, "alarms_paused")->at_ms, 62000);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_escalates),
        cmocka_unit_test(test_acknowledged),
        cmocka_unit_test(test_latched),
        cmocka_unit_test(test_a_restart),
        cmocka_unit_test(test_a_rule_that_escalates_no_more),
        cmocka_unit_test(test_another_priority),
        cmocka_unit_test(test_during_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
