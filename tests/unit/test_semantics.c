/*
 * What rules mean, a test a sentence of DESIGN.md ("Rules", "Windows in time"). What happens when a rule cannot see is in
 * test_not_monitored.c, technical alarms and stays are in test_technical.c, restarts in test_restart.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

/* A bed with a pressure a second, and a rule `r` on it. */
static struct rule *rule_on_pressure(const char *when, const char *clear, int limit, enum priority priority)
{
    ward_clear_config();
    ward_add_channel(VITAL_abp_sys, 1000);
    return ward_add_rule("r", when, clear, limit, priority);
}

/* --- delay --------------------------------------------------------------------------------------------------- */

/* Clear resets a delay. */
static void test_clear_resets_a_delay(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 4, VITAL_abp_sys, 130);
    ward_value(ward, 5, VITAL_abp_sys, 110);
    ward_values(ward, 6, 15, VITAL_abp_sys, 130);
    ward_until(ward, 15.999);
    ward_expect(ward, "");
    ward_until(ward, 16);
    ward_expect(ward, "16 r start active medium 130\n");
    ward_close(ward);
}

/* Unknown freezes it: what ran before counts. */
static void test_unknown_freezes_a_delay(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 4, VITAL_abp_sys, 130); /* 4 s, and 1.5 s of standing */
    ward_values(ward, 20, 40, VITAL_abp_sys, 130);
    ward_expect(ward, "24.5 r start active medium 130\n");
    ward_close(ward);
}

/* A hole shorter than the window only freezes (its coverage is low from 10.701 to 13.8) ... */
static void test_a_short_hole_freezes_a_delay(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 4s) > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 8, VITAL_abp_sys, 130);
    ward_values(ward, 11, 30, VITAL_abp_sys, 130);
    ward_expect(ward, "17.099 r start active medium 130\n");
    ward_close(ward);
}

/* ... a gap, as long as the window, resets: windows and delay begin anew. */
static void test_a_gap_resets_a_delay(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 4s) > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 8, VITAL_abp_sys, 130);
    ward_values(ward, 12, 30, VITAL_abp_sys, 130);
    ward_expect(ward, "26 r start active medium 130\n");
    assert_int_equal(ward_newest(ward)->violated_at_ms, 16000);
    ward_close(ward);
}

/* By number a gap is that many periods. */
static void test_a_gap_by_number_resets_a_delay(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 4) > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 8, VITAL_abp_sys, 130);
    ward_values(ward, 12, 30, VITAL_abp_sys, 130); /* the fourth since the gap comes at 15 */
    ward_expect(ward, "25 r start active medium 130\n");
    ward_close(ward);
}

/* A gap of a vital that the condition does not hang on now breaks nothing: it was met all the time. */
static void test_a_gap_elsewhere_breaks_no_delay(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit or mean(spo2, 4s) < 85", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    for (int t = 0; t <= 12; t++) {
        ward_value(ward, t, VITAL_abp_sys, 130);
        if (t % 6 == 0) {
            ward_value(ward, t, VITAL_spo2, 97);
        }
    }
    ward_expect(ward, "10 r start active medium 130\n");
    ward_close(ward);
}

/* Unknown for unknown_after resets it, too. */
static void test_a_long_unknown_resets_a_delay(void **state)
{
    (void)state;
    struct rule *rule = rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM);
    rule->delay_ms = 10000;
    rule->unknown_after_ms = 5000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 4, VITAL_abp_sys, 130); /* known until 5.5 */
    ward_values(ward, 12, 30, VITAL_abp_sys, 130);
    ward_expect(ward, "10.5 r.not_monitored start active medium 130\n"
                      "12 r.not_monitored end ended medium 130\n"
                      "22 r start active medium 130\n");
    ward_close(ward);
}

/* A delay that ends at an instant fires only if the condition still holds then, with that instant's values. */
static void test_a_delay_ends_with_the_condition(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 9, VITAL_abp_sys, 130);
    ward_value(ward, 10, VITAL_abp_sys, 110);
    ward_values(ward, 11, 20, VITAL_abp_sys, 130);
    ward_value(ward, 21, VITAL_abp_sys, 131);
    ward_until(ward, 21);
    ward_expect(ward, "21 r start active medium 131\n");
    ward_close(ward);
}

/* Met at one instant only counts as met: both values are in the second at 1 s, a millisecond later one has left. */
static void test_met_at_one_instant_is_met(void **state)
{
    (void)state;
    rule_on_pressure("count(abp_sys, 1s) >= 2", NULL, 0, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_value(ward, 0.001, VITAL_abp_sys, 80);
    ward_value(ward, 1, VITAL_abp_sys, 81);
    ward_until(ward, 5);
    ward_expect(ward, "1 r start active medium 81\n1.001 r end ended medium 81\n");
    ward_close(ward);
}

/* Of two observations of a channel at one instant the last wins, and it is counted. */
static void test_the_last_of_one_instant_wins(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130);
    ward_value(ward, 1, VITAL_abp_sys, 90);
    ward_value(ward, 2, VITAL_abp_sys, 130);
    ward_invalid(ward, 2, VITAL_abp_sys, QUALITY_ABSENT);
    ward_value(ward, 3, VITAL_abp_sys, 90);
    ward_value(ward, 3, VITAL_abp_sys, 130);
    ward_until(ward, 3);
    ward_expect(ward, "3 r start active medium 130\n");
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    assert_int_equal(counts.replaced, 3);
    ward_close(ward);
}

/* All observations of an instant are applied before rules are evaluated: no state between them is seen. */
static void test_an_instant_is_evaluated_once(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit and spo2 < 90", NULL, 120, PRIORITY_MEDIUM);
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130);
    ward_value(ward, 1, VITAL_spo2, 97);
    ward_value(ward, 2, VITAL_spo2, 85);
    ward_value(ward, 2, VITAL_abp_sys, 100);
    ward_value(ward, 2.5, VITAL_abp_sys, 100);
    ward_value(ward, 3.5, VITAL_abp_sys, 130); /* the saturation stands until this very instant */
    ward_until(ward, 10);
    ward_expect(ward, "");
    ward_close(ward);
}

/* violated_at: first met in this run, frozen time included; condition_at: the delay was over; raised_at: it was started. */
static void test_the_instants_of_an_alarm(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 5000;
    struct ward *ward = ward_start();
    ward_value(ward, 2, VITAL_abp_sys, 130);
    ward_values(ward, 10, 14, VITAL_abp_sys, 130); /* frozen from 3.5 to 10 */
    ward_expect(ward, "13.5 r start active medium 130\n");
    ward_value(ward, 15, VITAL_abp_sys, 100);
    ward_until(ward, 15);
    const struct alert *end = ward_newest(ward);
    assert_int_equal(end->violated_at_ms, 2000);
    assert_int_equal(end->condition_at_ms, 13500);
    assert_int_equal(end->raised_at_ms, 13500);
    assert_int_equal(end->at_ms, 15000);
    ward_close(ward);
}

/* --- what is shown, and whom it concerns ---------------------------------------------------------------------- */

/* `value` is the newest observation of the first vital in `when`, `limit` the parameter of that name, else null. */
static void test_value_and_limit(void **state)
{
    (void)state;
    rule_on_pressure("spo2 < limit and abp_sys > 100", NULL, 90, PRIORITY_MEDIUM);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("no_limit", "abp_sys > 100", NULL, 0, PRIORITY_LOW)->parameters[0].name = NULL;
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_spo2, 85);
    ward_value(ward, 2, VITAL_abp_sys, 120);
    ward_until(ward, 40);
    ward_expect(ward, "2 r start active medium 85\n2 no_limit start active low 120\n");
    const struct alert *r = ward_newest_of(ward, "r");
    assert_true(r->vital == VITAL_spo2 && r->has_limit && r->limit_milli == 90000);
    assert_false(ward_newest_of(ward, "no_limit")->has_limit);
    ward_until(ward, 70);
    ward_expect(ward, "62.5 r.not_monitored start active medium 85\n");
    const struct alert *blind = ward_newest(ward);
    assert_true(blind->vital == VITAL_spo2 && blind->has_limit && blind->limit_milli == 90000);
    ward_close(ward);
}

/* A parameter's value is its class's, unless the bed overrides it. */
static void test_class_and_override(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM)->parameters[0].value_milli[CLASS_neonate] = 180000;
    ward_add_second_bed();
    ward_config.beds[0].patient_class = CLASS_neonate;
    ward_config.overrides[0] = (struct override_config){.rule = 0, .parameter = PARAMETER_LIMIT, .value_milli = 140000};
    ward_config.beds[1].override_count = 1;
    struct ward *ward = ward_start();
    struct observation o = {.kind = OBSERVATION_VALUE, .vital = VITAL_abp_sys, .value_milli = 141000, .bed = 1};
    ward_value(ward, 1, VITAL_abp_sys, 180);
    ward_observe(ward, 1, &o);
    ward_until(ward, 1);
    ward_expect(ward, "1 r start active medium 141\n");
    assert_int_equal(ward_newest(ward)->key.bed, 1);
    assert_int_equal(ward_newest(ward)->limit_milli, 140000);
    ward_value(ward, 2, VITAL_abp_sys, 181);
    ward_until(ward, 2);
    assert_int_equal(ward_newest(ward)->limit_milli, 180000);
    ward_close(ward);
}

/* A rule that names a vital which the bed does not have, in `clear` too, is not evaluated: not even as not monitored. */
static void test_a_missing_vital_silences_a_rule(void **state)
{
    (void)state;
    rule_on_pressure("etco2 > limit", NULL, 30, PRIORITY_HIGH);
    ward_add_rule("half", "abp_sys > limit", "spo2 > 90", 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 100, VITAL_abp_sys, 130);
    ward_until(ward, 100);
    ward_expect(ward, "");
    ward_close(ward);
}

/* --- the end of an alarm -------------------------------------------------------------------------------------- */

/* With `clear`, it ends when that is met and `when` is not. */
static void test_clear_ends(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", "abp_sys < limit + 20 and abp_sys != 110", 120, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130); /* clear is met, but so is when */
    ward_value(ward, 2, VITAL_abp_sys, 110); /* neither is */
    ward_value(ward, 3, VITAL_abp_sys, 115);
    ward_until(ward, 3);
    ward_expect(ward, "1 r start active medium 130\n3 r end ended medium 115\n");
    ward_close(ward);
}

/* `when` need not be known for that: unknown is not met. */
static void test_clear_ends_while_when_is_unknown(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", "spo2 > 95", 120, PRIORITY_MEDIUM);
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130);
    ward_value(ward, 2, VITAL_spo2, 97); /* hr stands until 2.5 */
    ward_until(ward, 3);
    ward_expect(ward, "1 r start active medium 130\n2.5 r end ended medium 130\n");
    ward_close(ward);
}

/* With hysteresis, when `when` with its limit moved to the safe side is not met. */
static void test_hysteresis_ends(void **state)
{
    (void)state;
    struct rule *high = rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM);
    struct rule *low = ward_add_rule("low", "abp_sys < limit", NULL, 50, PRIORITY_MEDIUM);
    high->has_hysteresis = low->has_hysteresis = true;
    high->hysteresis_milli = low->hysteresis_milli = 3000;
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 121);
    ward_value(ward, 2, VITAL_abp_sys, 118);
    ward_value(ward, 3, VITAL_abp_sys, 117);
    ward_value(ward, 4, VITAL_abp_sys, 49);
    ward_value(ward, 5, VITAL_abp_sys, 52);
    ward_value(ward, 6, VITAL_abp_sys, 53);
    ward_until(ward, 6);
    ward_expect(ward, "1 r start active medium 121\n3 r end ended medium 117\n"
                      "4 low start active medium 49\n6 low end ended medium 53\n");
    ward_close(ward);
}

/* With neither, when `when` is clear; unknown ends nothing. */
static void test_unknown_ends_nothing(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130);
    ward_value(ward, 9, VITAL_abp_sys, 131); /* unknown from 2.5 */
    ward_value(ward, 10, VITAL_abp_sys, 120);
    ward_until(ward, 10);
    ward_expect(ward, "1 r start active medium 130\n10 r end ended medium 120\n");
    ward_close(ward);
}

/* clear_delay holds the end: it must last without a break, and unknown is a break. */
static void test_clear_delay_holds_the_end(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_MEDIUM)->clear_delay_ms = 3000;
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130);
    ward_values(ward, 2, 3, VITAL_abp_sys, 110);
    ward_value(ward, 4, VITAL_abp_sys, 130);
    ward_values(ward, 5, 6, VITAL_abp_sys, 110);
    ward_value(ward, 8, VITAL_abp_sys, 110); /* unknown from 7.5 */
    ward_values(ward, 9, 12, VITAL_abp_sys, 110);
    ward_expect(ward, "1 r start active medium 130\n11 r end ended medium 110\n");
    ward_close(ward);
}

/* A latching alarm stays latched when its condition ends, and is active again when that comes back. */
static void test_latching(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 120, PRIORITY_HIGH)->latching = true;
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 130);
    ward_values(ward, 2, 4, VITAL_abp_sys, 100);
    ward_value(ward, 5, VITAL_abp_sys, 135);
    ward_value(ward, 6, VITAL_abp_sys, 100);
    ward_until(ward, 6);
    ward_expect(ward, "1 r start active high 130\n2 r update latched high 100\n"
                      "5 r update active high 135\n6 r update latched high 100\n");
    ward_close(ward);
}

/* One value decides min and max against a limit, whatever the coverage: it starts an alarm ... */
static void test_a_witness_starts_an_alarm(void **state)
{
    (void)state;
    rule_on_pressure("min(abp_sys, 10s) < limit", "max(abp_sys, 10s) > 70", 50, PRIORITY_MEDIUM);
    struct ward *ward = ward_start();
    ward_value(ward, 1, VITAL_abp_sys, 49);
    ward_until(ward, 5);
    ward_expect(ward, "1 r start active medium 49\n");
    ward_value(ward, 12, VITAL_abp_sys, 72); /* ... and ends one: 49 has left at 11 */
    ward_until(ward, 12);
    ward_expect(ward, "12 r end ended medium 72\n");
    ward_close(ward);
}

/* --- episodic vitals ------------------------------------------------------------------------------------------ */

/* A measurement stands until it is stale; then the rule is unknown, and the alarm is not ended by that. */
static void test_episodic_until_stale(void **state)
{
    (void)state;
    rule_on_pressure("nibp_sys < limit", NULL, 90, PRIORITY_MEDIUM);
    ward_add_channel(VITAL_nibp_sys, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 10, VITAL_nibp_sys, 80);
    ward_until(ward, 5000);
    ward_expect(ward, "10 r start active medium 80\n4570 r.not_monitored start active medium 80\n"); /* 75 min + 60 s */
    ward_value(ward, 5001, VITAL_nibp_sys, 120);
    ward_until(ward, 5001);
    ward_expect(ward, "5001 r end ended medium 120\n5001 r.not_monitored end ended medium 120\n");
    ward_close(ward);
}

/* Any aggregate by number; and age, which moves by itself. */
static void test_episodic_by_number_and_age(void **state)
{
    (void)state;
    rule_on_pressure("mean(nibp_sys, 3) < limit", NULL, 90, PRIORITY_MEDIUM);
    ward_add_rule("old", "age(nibp_sys) > 30min", NULL, 0, PRIORITY_LOW);
    ward_add_channel(VITAL_nibp_sys, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_nibp_sys, 80);
    ward_value(ward, 1000, VITAL_nibp_sys, 85);
    ward_value(ward, 2000, VITAL_nibp_sys, 95);
    ward_until(ward, 4000);
    ward_expect(ward, "2000 r start active medium 95\n3800 old start active low 95\n"); /* 1800.001 s */
    assert_int_equal(ward_newest(ward)->at_ms, 3800001);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear_resets_a_delay),
        cmocka_unit_test(test_unknown_freezes_a_delay),
        cmocka_unit_test(test_a_short_hole_freezes_a_delay),
        cmocka_unit_test(test_a_gap_resets_a_delay),
        cmocka_unit_test(test_a_gap_by_number_resets_a_delay),
        cmocka_unit_test(test_a_gap_elsewhere_breaks_no_delay),
        cmocka_unit_test(test_a_long_unknown_resets_a_delay),
        cmocka_unit_test(test_a_delay_ends_with_the_condition),
        cmocka_unit_test(test_met_at_one_instant_is_met),
        cmocka_unit_test(test_the_last_of_one_instant_wins),
        cmocka_unit_test(test_an_instant_is_evaluated_once),
        cmocka_unit_test(test_the_instants_of_an_alarm),
        cmocka_unit_test(test_value_and_limit),
        cmocka_unit_test(test_class_and_override),
        cmocka_unit_test(test_a_missing_vital_silences_a_rule),
        cmocka_unit_test(test_clear_ends),
        cmocka_unit_test(test_clear_ends_while_when_is_unknown),
        cmocka_unit_test(test_hysteresis_ends),
        cmocka_unit_test(test_unknown_ends_nothing),
        cmocka_unit_test(test_clear_delay_holds_the_end),
        cmocka_unit_test(test_latching),
        cmocka_unit_test(test_a_witness_starts_an_alarm),
        cmocka_unit_test(test_episodic_until_stale),
        cmocka_unit_test(test_episodic_by_number_and_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
