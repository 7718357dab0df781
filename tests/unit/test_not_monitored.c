/*
 * A rule that cannot see: when `not_monitored` begins and ends, and what it leaves alone. A test a sentence of DESIGN.md.
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

/* 30 s for high, 60 s for medium, 120 s for low, or what the rule says; the alarm is technical and named after its rule. */
static void test_how_long_unknown_is_borne(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 200, PRIORITY_HIGH);
    ward_add_rule("medium", "abp_sys > limit", NULL, 200, PRIORITY_MEDIUM);
    ward_add_rule("low", "abp_sys > limit", NULL, 200, PRIORITY_LOW);
    ward_add_rule("own", "abp_sys > limit", NULL, 200, PRIORITY_HIGH)->unknown_after_ms = 200000;
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_abp_sys, 120); /* stands until 1.5 */
    ward_until(ward, 300);
    ward_expect(ward, "31.5 r.not_monitored start active high 120\n61.5 medium.not_monitored start active medium 120\n"
                      "121.5 low.not_monitored start active low 120\n201.5 own.not_monitored start active high 120\n");
    const struct alert *a = ward_newest(ward);
    assert_true(a->kind == KIND_TECHNICAL && a->source == SOURCE_RULE && a->reason == REASON_NOT_MONITORED);
    assert_int_equal(a->violated_at_ms, 1500);
    ward_close(ward);
}

/* Of a monitor that may give a vital or not: rules wait for the first value, but not at a bed where nothing comes at all. */
static void test_what_may_never_come_is_waited_for(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 200, PRIORITY_HIGH);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("s", "spo2 < limit", NULL, 90, PRIORITY_HIGH);
    ward_config.channels[0].optional = ward_config.channels[1].optional = true;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 99, VITAL_spo2, 97);
    ward_expect(ward, "");
    ward_value(ward, 100, VITAL_spo2, 97);
    ward_value(ward, 100, VITAL_abp_sys, 120);
    ward_values(ward, 101, 140, VITAL_spo2, 97);
    ward_expect(ward, "131.5 r.not_monitored start active high 120\n"); /* it has come, and is missed */
    ward_close(ward);

    ward = ward_start();
    ward_until(ward, 40);
    ward_expect(ward, "30 r.not_monitored start active high -1\n30 s.not_monitored start active high -1\n");
    ward_value(ward, 41, VITAL_spo2, 97);
    ward_until(ward, 42);
    ward_expect(ward, "41 r.not_monitored end ended high -1\n41 s.not_monitored end ended high 97\n");
    ward_close(ward);
}

/* It goes on being missed after a restart, though the journal does not reach back to its last value. */
static void test_what_came_once_is_missed_after_a_restart(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 200, PRIORITY_HIGH);
    ward_add_channel(VITAL_spo2, 1000);
    ward_config.channels[0].optional = ward_config.channels[1].optional = true;
    struct ward *before = ward_start();
    ward_value(before, 0, VITAL_abp_sys, 120);
    ward_values(before, 1, 400, VITAL_spo2, 97);
    const struct ward_break lost = {.committed = before->record_count, .journal_from_ms = 300000, .begin_ms = 400500};
    struct ward *ward = ward_restart(before, &lost);
    ward_values(ward, 401, 440, VITAL_spo2, 97);
    ward_expect(ward, "");
    ward_close(before);
    ward_close(ward);
}

/* A rejected value does not stand, so the time runs from its instant. */
static void test_rejection_is_unknown_at_once(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_abp_sys, 120);
    ward_invalids(ward, 1, 40, VITAL_abp_sys, QUALITY_STANDBY);
    ward_expect(ward, "31 r.not_monitored start active high 120\n");
    ward_close(ward);
}

/* It ends at the first known value, and any known value before makes the time start over. */
static void test_it_ends_at_the_first_known_value(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_abp_sys, 120);
    ward_value(ward, 31, VITAL_abp_sys, 120);
    ward_until(ward, 70);
    ward_expect(ward, "62.5 r.not_monitored start active high 120\n");
    ward_value(ward, 71, VITAL_abp_sys, 121);
    ward_until(ward, 71);
    ward_expect(ward, "71 r.not_monitored end ended high 121\n");
    ward_close(ward);
}

/* The first whole span does not count while observations arrive ... */
static void test_the_first_span_is_excused(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 3min) > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 180, VITAL_abp_sys, 120);
    ward_until(ward, 180);
    ward_expect(ward, "");
    ward_close(ward);
}

/* ... wherever in the stay it begins ... */
static void test_a_late_first_span_is_excused(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 3min) > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 2, 200, VITAL_abp_sys, 120); /* admitted at 0 */
    ward_expect(ward, "");
    ward_close(ward);
}

/* ... but counts from its end on when it was not enough: one value in 4 s covers three eighths. */
static void test_after_the_first_span_unknown_counts(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 1min) > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    for (int t = 0; t <= 100; t += 4) {
        ward_value(ward, t, VITAL_abp_sys, 120);
    }
    ward_expect(ward, "90 r.not_monitored start active high 120\n");
    ward_close(ward);
}

/* Values that are too far apart to fill a window once are not excused again and again. */
static void test_gaps_are_not_first_spans(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 10s) > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    for (int t = 0; t <= 60; t += 10) {
        ward_value(ward, t, VITAL_abp_sys, 120);
    }
    ward_expect(ward, "40 r.not_monitored start active high 120\n"); /* the first span ends at 10 */
    ward_close(ward);
}

/* What has stopped arriving is not excused by a window that still fills. */
static void test_a_loss_within_the_first_span_counts(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 3min) > limit or spo2 < 80", NULL, 200, PRIORITY_HIGH);
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_spo2, 97);
    ward_values(ward, 0, 40, VITAL_abp_sys, 120);
    ward_expect(ward, "31.5 r.not_monitored start active high 120\n");
    ward_close(ward);
}

/* By number, too: the first N observations are excused. */
static void test_the_first_number_is_excused(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 60) > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 1, 100, VITAL_abp_sys, 120);
    ward_expect(ward, "");
    ward_until(ward, 140);
    ward_expect(ward, "131.5 r.not_monitored start active high 120\n");
    ward_close(ward);
}

/* If none ever came it counts from the stay's start. */
static void test_none_ever_came(void **state)
{
    (void)state;
    rule_on_pressure("mean(abp_sys, 3min) > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_until(ward, 60);
    ward_expect(ward, "30 r.not_monitored start active high -1\n");
    ward_values(ward, 61, 240, VITAL_abp_sys, 120);
    ward_expect(ward, "");
    ward_value(ward, 241, VITAL_abp_sys, 120); /* the first whole span */
    ward_until(ward, 241);
    ward_expect(ward, "241 r.not_monitored end ended high 120\n");
    ward_close(ward);
}

/* Not so when the rule was known in between: here it was clear as long as the pressure was. */
static void test_unknown_counts_from_when_it_began(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit and spo2 < 90", NULL, 200, PRIORITY_HIGH);
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 99, VITAL_abp_sys, 120);
    ward_values(ward, 100, 140, VITAL_abp_sys, 210);
    ward_expect(ward, "130 r.not_monitored start active high 210\n");
    ward_close(ward);
}

/* If none ever came it counts from the stay's start, which for a stay that begins by itself is the first of
 * its 30 seconds. */
static void test_none_ever_came_to_a_stay_begun_by_itself(void **state)
{
    (void)state;
    rule_on_pressure("spo2 < limit", NULL, 90, PRIORITY_MEDIUM);
    ward_add_channel(VITAL_spo2, 1000);
    ward_config.engine.replay = false;
    struct ward *ward = ward_start();
    ward_values(ward, 5, 80, VITAL_abp_sys, 120);
    ward_expect(ward, "35 admission_not_entered start active none -1\n65 r.not_monitored start active medium -1\n");
    ward_close(ward);
}

/* A witness is known: not monitored ends although the window stays thin. */
static void test_a_witness_is_known(void **state)
{
    (void)state;
    rule_on_pressure("min(abp_sys, 10s) < limit", NULL, 60, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_abp_sys, 120);
    ward_until(ward, 40);
    ward_expect(ward, "31.5 r.not_monitored start active high 120\n");
    ward_value(ward, 50, VITAL_abp_sys, 59);
    ward_until(ward, 50);
    ward_expect(ward, "50 r start active high 59\n50 r.not_monitored end ended high 59\n");
    ward_close(ward);
}

/* While the alarm is active what counts is whether `clear` is unknown; the alarm itself stays, and ends by its own clear. */
static void test_clear_that_cannot_see(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", "spo2 > 95", 200, PRIORITY_HIGH);
    ward_add_channel(VITAL_spo2, 1000);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_spo2, 90);
    ward_values(ward, 0, 100, VITAL_abp_sys, 210);
    ward_expect(ward, "0 r start active high 210\n31.5 r.not_monitored start active high 210\n");
    ward_value(ward, 101, VITAL_spo2, 94);
    ward_value(ward, 102, VITAL_abp_sys, 190);
    ward_value(ward, 103, VITAL_spo2, 96);
    ward_until(ward, 103);
    ward_expect(ward, "101 r.not_monitored end ended high 210\n103 r end ended high 190\n");
    ward_close(ward);
}

/* The first whole span of `clear` is as good an excuse. */
static void test_the_first_span_of_clear_is_excused(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", "mean(abp_sys, 2min) < 150", 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_abp_sys, 210);
    ward_values(ward, 1, 120, VITAL_abp_sys, 120);
    ward_until(ward, 120);
    ward_expect(ward, "0 r start active high 210\n120 r end ended high 120\n");
    ward_close(ward);
}

/* Alarm and not_monitored are two, with ids of their own; the first keeps its own through the second. */
static void test_two_alarms_with_two_ids(void **state)
{
    (void)state;
    rule_on_pressure("abp_sys > limit", NULL, 200, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_value(ward, 0, VITAL_abp_sys, 210);
    ward_until(ward, 60);
    ward_expect(ward, "0 r start active high 210\n31.5 r.not_monitored start active high 210\n");
    const uint64_t id = ward_newest_of(ward, "r")->id;
    assert_int_not_equal(ward_newest_of(ward, "r.not_monitored")->id, id);
    ward_value(ward, 61, VITAL_abp_sys, 190);
    ward_until(ward, 61);
    ward_expect(ward, "61 r end ended high 190\n61 r.not_monitored end ended high 190\n");
    assert_int_equal(ward_newest_of(ward, "r")->id, id);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_long_unknown_is_borne),
        cmocka_unit_test(test_what_may_never_come_is_waited_for),
        cmocka_unit_test(test_what_came_once_is_missed_after_a_restart),
        cmocka_unit_test(test_rejection_is_unknown_at_once),
        cmocka_unit_test(test_it_ends_at_the_first_known_value),
        cmocka_unit_test(test_the_first_span_is_excused),
        cmocka_unit_test(test_a_late_first_span_is_excused),
        cmocka_unit_test(test_after_the_first_span_unknown_counts),
        cmocka_unit_test(test_gaps_are_not_first_spans),
        cmocka_unit_test(test_a_loss_within_the_first_span_counts),
        cmocka_unit_test(test_the_first_number_is_excused),
        cmocka_unit_test(test_none_ever_came),
        cmocka_unit_test(test_unknown_counts_from_when_it_began),
        cmocka_unit_test(test_none_ever_came_to_a_stay_begun_by_itself),
        cmocka_unit_test(test_a_witness_is_known),
        cmocka_unit_test(test_clear_that_cannot_see),
        cmocka_unit_test(test_the_first_span_of_clear_is_excused),
        cmocka_unit_test(test_two_alarms_with_two_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
