/*
 * A patient who is elsewhere for a while: what is not missed meanwhile, what goes on, and how it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static struct rule *rule_on_hr(const char *when, int limit, enum priority priority)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    return ward_add_rule("r", when, NULL, limit, priority);
}

/* Admitted at 0, with a heart rate until to_s. */
static struct ward *start_admitted(int to_s, double number)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_values(ward, 0, to_s, VITAL_hr, number);
    ward_until(ward, to_s);
    return ward;
}

static enum command_verdict tell_away(struct ward *ward, double seconds, uint32_t duration_ms)
{
    const struct bed_command away = {.kind = COMMAND_away, .stay = ward_stay(ward, 0), .duration_ms = duration_ms};
    return ward_command(ward, seconds, &away);
}

static int64_t away_until_ms(const struct ward *ward)
{
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    return view.away_until_ms;
}

static void heard(struct ward *ward, int from_s, int to_s)
{
    for (int t = from_s; t <= to_s; t++) {
        ward_heard(ward, t, 0);
    }
}

/* Silence, lost sensors and unknown rules are not told; when the time is over they count from there. */
static void test_nothing_is_missed_meanwhile(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 80);
    assert_int_equal(tell_away(ward, 10, 100000), VERDICT_ACCEPTED);
    assert_int_equal(away_until_ms(ward), 110000);
    ward_until(ward, 109);
    ward_expect(ward, "10 patient_away start active none -1\n");
    ward_until(ward, 300);
    ward_expect(ward, "110 patient_away end ended none -1\n120 monitor_silent start active medium -1\n"
                      "140 r.not_monitored start active high 80 in monitor_silent\n"
                      "140 monitor_silent escalate active high -1\n");
    assert_int_equal(away_until_ms(ward), 0);
    ward_close(ward);
}

/* The same of a monitor that goes on speaking, without a patient. */
static void test_lost_signals_are_not_missed(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_LOW)->unknown_after_ms = 3600000;
    struct ward *ward = start_admitted(10, 80);
    assert_int_equal(tell_away(ward, 10, 60000), VERDICT_ACCEPTED);
    ward_invalids(ward, 11, 90, VITAL_hr, QUALITY_ABSENT);
    ward_expect(ward, "10 patient_away start active none -1\n70 patient_away end ended none -1\n"
                      "80 sensor_off start active low -1\n80 no_pulse_signal start active high -1\n");
    ward_close(ward);
}

/* What was raised already ends: nobody is there to be missed. It is told anew, with its usual delay, at the return. */
static void test_what_was_missed_ends(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 80);
    ward_invalids(ward, 11, 50, VITAL_hr, QUALITY_ABSENT);
    ward_expect(ward, "20 no_pulse_signal start active high -1\n21 sensor_off start active low -1\n"
                      "41 r.not_monitored start active high 80 in sensor_off\n"
                      "41 sensor_off escalate active high -1\n");
    assert_int_equal(tell_away(ward, 51, 3600000), VERDICT_ACCEPTED);
    ward_expect(ward, "51 r.not_monitored end ended high 80 in sensor_off\n51 patient_away start active none -1\n"
                      "51 sensor_off end ended high -1\n51 no_pulse_signal end ended high -1\n");
    ward_invalids(ward, 52, 60, VITAL_hr, QUALITY_ABSENT);
    assert_int_equal(ward_tell(ward, 60, COMMAND_back), VERDICT_ACCEPTED);
    ward_invalids(ward, 61, 100, VITAL_hr, QUALITY_ABSENT);
    ward_expect(ward, "60 patient_away end ended none -1\n70 sensor_off start active low -1\n"
                      "70 no_pulse_signal start active high -1\n90 r.not_monitored start active high 80 in sensor_off\n"
                      "90 sensor_off escalate active high -1\n");
    ward_close(ward);
}

/* Valid values for 5 s are the return. Those that go on before the patient is unplugged are none. */
static void test_data_return(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 80);
    assert_int_equal(tell_away(ward, 10, 3600000), VERDICT_ACCEPTED);
    ward_values(ward, 11, 40, VITAL_hr, 80); /* still here */
    ward_values(ward, 100, 103, VITAL_hr, 80);
    heard(ward, 104, 120);
    ward_expect(ward, "10 patient_away start active none -1\n"); /* too short */
    ward_values(ward, 121, 130, VITAL_hr, 80);
    ward_until(ward, 130);
    ward_expect(ward, "126 patient_away end ended none -1\n");
    ward_close(ward);
}

/* A return that comes at the instant at which the patient is sent away again, or leaves, is of before. */
static void test_a_return_at_the_instant_of_a_command(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 80);
    assert_int_equal(tell_away(ward, 10, 3600000), VERDICT_ACCEPTED);
    ward_values(ward, 50, 55, VITAL_hr, 80);
    assert_int_equal(tell_away(ward, 55, 3600000), VERDICT_ACCEPTED);
    ward_values(ward, 56, 59, VITAL_hr, 80);
    ward_values(ward, 80, 85, VITAL_hr, 80);
    assert_int_equal(ward_tell(ward, 85, COMMAND_admit), VERDICT_ACCEPTED);
    ward_expect(ward, "10 patient_away start active none -1\n85 patient_away end ended none -1\n");
    assert_int_equal(tell_away(ward, 86, 3600000), VERDICT_ACCEPTED);
    ward_until(ward, 200);
    ward_expect(ward, "86 patient_away start active none -1\n");
    ward_close(ward);
}

/* Rules judge what a monitor shows all the time: one alarm stays, another starts. */
static void test_rules_go_on(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    ward_add_rule("low", "hr < limit", NULL, 40, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 130);
    assert_int_equal(tell_away(ward, 10, 3600000), VERDICT_ACCEPTED);
    ward_until(ward, 40);
    ward_expect(ward, "0 r start active high 130\n10 patient_away start active none -1\n");
    ward_value(ward, 41, VITAL_hr, 30);
    ward_until(ward, 41);
    ward_expect(ward, "41 r end ended high 30\n41 low start active high 30\n");
    ward_close(ward);
}

/* Going away again moves the end, and is no other alarm; too long, from a vacant bed, or back from nowhere is refused. */
static void test_how_long(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    assert_int_equal(tell_away(ward, 1, 1000), VERDICT_VACANT);
    engine_admit(ward->engine, 0, 2000);
    ward_heard(ward, 3, 0);
    ward_until(ward, 3);
    assert_int_equal(ward_tell(ward, 4, COMMAND_back), VERDICT_NOTHING);
    assert_int_equal(tell_away(ward, 4, AWAY_MS_MAX + 1), VERDICT_BOUNDS);
    assert_int_equal(tell_away(ward, 5, 20000), VERDICT_ACCEPTED);
    assert_int_equal(tell_away(ward, 20, AWAY_MS_MAX), VERDICT_ACCEPTED);
    assert_int_equal(away_until_ms(ward), 20000 + AWAY_MS_MAX);
    assert_int_equal(tell_away(ward, 21, 0), VERDICT_ACCEPTED);
    assert_int_equal(away_until_ms(ward), 21000 + AWAY_MS_DEFAULT);
    ward_until(ward, 3620);
    ward_expect(ward, "5 patient_away start active none -1\n");
    ward_until(ward, 3621);
    ward_expect(ward, "3621 patient_away end ended none -1\n");
    ward_close(ward);
}

/* --- over restarts ---------------------------------------------------------------------------------------------- */

/* Still away, with or without a journal; over at the same instant, or by returning. */
static void test_a_restart_while_away(void **state)
{
    (void)state;
    for (int unverified = 0; unverified < 2; unverified++) {
        rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
        struct ward *ward = start_admitted(10, 80);
        assert_int_equal(tell_away(ward, 10, 200000), VERDICT_ACCEPTED);
        ward_until(ward, 50);
        ward = ward_restart_at(ward, 100, unverified != 0);
        ward_until(ward, 209);
        ward_expect(ward, "");
        ward_until(ward, 300);
        ward_expect(ward, unverified != 0
                              ? "210 patient_away end ended none -1\n220 monitor_silent start active medium -1\n"
                                "240 r.not_monitored start active high -1 in monitor_silent\n"
                                "240 monitor_silent escalate active high -1\n"
                              : "210 patient_away end ended none -1\n220 monitor_silent start active medium -1\n"
                                "240 r.not_monitored start active high 80 in monitor_silent\n"
                                "240 monitor_silent escalate active high -1\n");
        ward_close(ward);
    }
}

static void test_a_return_over_a_restart(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 80);
    assert_int_equal(tell_away(ward, 10, 200000), VERDICT_ACCEPTED);
    ward_values(ward, 50, 53, VITAL_hr, 80);
    ward_until(ward, 53);
    ward = ward_restart_at(ward, 54, false);
    ward_values(ward, 55, 56, VITAL_hr, 80);
    ward_until(ward, 56);
    ward_expect(ward, "55 patient_away end ended none -1\n");
    ward_close(ward);
}

/* The time was over while nobody ran; and one that ended just before: what is missing counts from there. */
static void test_an_end_over_a_restart(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = start_admitted(10, 80);
    assert_int_equal(tell_away(ward, 10, 50000), VERDICT_ACCEPTED);
    ward_until(ward, 50);
    ward = ward_restart_at(ward, 70, false);
    ward_expect(ward, "70 patient_away end ended none -1\n");
    ward_until(ward, 75);
    ward = ward_restart_at(ward, 76, false);
    ward_until(ward, 200);
    ward_expect(ward, "86 monitor_silent start active medium -1\n"
                      "100 r.not_monitored start active high 80 in monitor_silent\n"
                      "100 monitor_silent escalate active high -1\n");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_missed_meanwhile),
        cmocka_unit_test(test_lost_signals_are_not_missed),
        cmocka_unit_test(test_what_was_missed_ends),
        cmocka_unit_test(test_data_return),
        cmocka_unit_test(test_a_return_at_the_instant_of_a_command),
        cmocka_unit_test(test_rules_go_on),
        cmocka_unit_test(test_how_long),
        cmocka_unit_test(test_a_restart_while_away),
        cmocka_unit_test(test_a_return_over_a_restart),
        cmocka_unit_test(test_an_end_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
