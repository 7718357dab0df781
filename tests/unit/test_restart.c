/*
 * Going on after a restart: what was told goes on under its name, what was not is told, and nothing flaps.
 *
 * A live bed with a heart rate a second. The gateway dies at 50 s unless said, and comes back later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static struct ward *before, *after;

static struct rule *rule_on_hr(const char *when, const char *clear, int limit, enum priority priority)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    return ward_add_rule("r", when, clear, limit, priority);
}

/* Occupied by itself from 0, known from 30 on; `number` from 30 to to_s. */
static void run_before(int to_s, double number)
{
    before = ward_start();
    ward_values(before, 0, 29, VITAL_hr, 80);
    ward_values(before, 30, to_s, VITAL_hr, number);
    ward_until(before, to_s);
}

/* The next run begins at begin_s with the last `uncommitted` records missing. */
static void restart(unsigned uncommitted, double begin_s, bool unverified)
{
    const struct ward_break lost = {.committed = before->record_count - uncommitted,
                                    .begin_ms = (int64_t)(begin_s * 1000),
                                    .unverified = unverified};
    before->text[0] = '\0';
    after = ward_restart(before, &lost);
    ward_until(after, begin_s);
}

static void close_both(void)
{
    ward_close(before);
    ward_close(after);
}

/* An active alarm goes on under its id, stay and numbers, and ends with the next value that ends it. */
static void test_an_alarm_goes_on(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    run_before(50, 130);
    ward_expect(before, "30 admission_not_entered start active none -1\n40 r start active medium 130\n");
    restart(0, 52, false);
    ward_values(after, 53, 54, VITAL_hr, 130);
    ward_value(after, 55, VITAL_hr, 100);
    ward_until(after, 55);
    ward_expect(after, "55 r end ended medium 100\n");
    assert_int_equal(ward_newest(after)->stay, ward_newest(before)->stay);
    close_both();
}

/* A delay runs on: frozen from where values no longer stood to where they come again. */
static void test_a_delay_runs_on(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    run_before(34, 130); /* 4 s and 1.5 s of it */
    restart(0, 37, false);
    ward_values(after, 38, 50, VITAL_hr, 130);
    ward_expect(after, "42.5 r start active medium 130\n");
    assert_int_equal(ward_newest(after)->violated_at_ms, 30000);
    close_both();
}

/* What was raised and not committed is raised again, with the instants of the first time, if it still holds. */
static void test_an_uncommitted_alarm_is_told(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    run_before(40, 130);
    ward_expect(before, "30 admission_not_entered start active none -1\n40 r start active medium 130\n");
    restart(1, 45, false);
    ward_expect(after, ""); /* unknown: nobody has spoken yet */
    ward_value(after, 46, VITAL_hr, 131);
    ward_until(after, 46);
    ward_expect(after, "46 r start active medium 131\n");
    const struct alert *a = ward_newest(after);
    assert_int_equal(a->violated_at_ms, 30000);
    assert_int_equal(a->condition_at_ms, 40000);
    assert_int_equal(a->raised_at_ms, 46000);
    assert_true(a->id > ward_newest(before)->id); /* somebody may have heard of that one all the same */
    assert_int_equal(a->seq, ward_newest(before)->seq);
    close_both();
}

static void test_an_uncommitted_alarm_is_over(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    run_before(40, 130);
    restart(1, 45, false);
    ward_value(after, 46, VITAL_hr, 100);
    ward_values(after, 47, 56, VITAL_hr, 130);
    ward_expect(after, ""); /* the delay began anew at 47 */
    ward_until(after, 57);
    ward_expect(after, "57 r start active medium 130\n");
    close_both();
}

/* An alarm whose end comes by time alone ends at the first step. */
static void test_an_alarm_that_ended_in_between(void **state)
{
    (void)state;
    rule_on_hr("count(hr, 10s) >= limit", NULL, 5, PRIORITY_MEDIUM);
    run_before(50, 80);
    restart(0, 58, false);
    ward_expect(after, "58 r end ended medium 80\n");
    close_both();
}

/* An end that was not committed comes again under the same name. */
static void test_an_uncommitted_end_is_told(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM);
    run_before(49, 130);
    ward_value(before, 50, VITAL_hr, 100);
    ward_until(before, 50);
    restart(1, 51, false);
    ward_expect(after, "51 r end ended medium 100\n");
    close_both();
}

/* What was unknown stays so: the downtime counts, but nothing is said before monitors had time to speak. */
static void test_downtime_counts_as_unknown(void **state)
{
    (void)state;
    rule_on_hr("mean(hr, 10s) > limit", NULL, 120, PRIORITY_HIGH);
    run_before(50, 80);
    restart(0, 110, false); /* a boot */
    ward_values(after, 111, 120, VITAL_hr, 80);
    ward_expect(after, "");
    ward_value(after, 121, VITAL_hr, 80); /* the window is whole again just in time: 120 would have been too late */
    ward_until(after, 130);
    ward_expect(after, "120 r.not_monitored start active high 80\n121 r.not_monitored end ended high 80\n");
    close_both();
}

static void test_nobody_speaks_after_the_restart(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_HIGH);
    run_before(50, 80);
    restart(0, 110, false);
    ward_until(after, 200);
    ward_expect(after, "120 monitor_silent start active high -1\n"
                       "120 r.not_monitored start active high 80 in monitor_silent\n");
    assert_int_equal(ward_newest_of(after, "r.not_monitored")->violated_at_ms, 51500);
    close_both();
}

/* Unknown since before the restart: it does not start over. */
static void test_unknown_goes_on(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM);
    run_before(50, 130);
    ward_invalids(before, 51, 90, VITAL_hr, QUALITY_SENSOR_OFF);
    restart(0, 92, false);
    ward_invalids(after, 93, 120, VITAL_hr, QUALITY_SENSOR_OFF);
    ward_expect(after, "111 r.not_monitored start active medium 130 in sensor_off\n"
                       "111 sensor_off escalate active medium -1\n");
    close_both();
}

/* A restart longer than 10 s loses nobody's pulse. */
static void test_downtime_is_no_lost_pulse(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM);
    run_before(50, 80);
    restart(0, 75, false);
    ward_heard(after, 75.5, 0); /* the half of the poll without it */
    ward_values(after, 76, 100, VITAL_hr, 80);
    ward_expect(after, "");
    close_both();
}

/* A pulse that was lost stays lost, however long ago: only a value takes that back. */
static void test_a_lost_pulse_stays_lost(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW)->unknown_after_ms = 10000000;
    run_before(50, 80);
    ward_invalids(before, 51, 1000, VITAL_hr, QUALITY_ABSENT);
    ward_expect(before, "30 admission_not_entered start active none -1\n"
                        "60 no_pulse_signal start active high -1\n61 sensor_off start active low -1\n");
    const struct ward_break lost = {
        .committed = before->record_count, .journal_from_ms = 400000, .begin_ms = 1001000}; /* it had no value since */
    after = ward_restart(before, &lost);
    ward_invalids(after, 1002, 1030, VITAL_hr, QUALITY_ABSENT);
    ward_expect(after, "");
    ward_value(after, 1031, VITAL_hr, 80);
    ward_until(after, 1031);
    ward_expect(after, "1031 sensor_off end ended low -1\n1031 no_pulse_signal end ended high -1\n");
    close_both();
}

/* After a break of unknown length, too. */
static void test_lost_signals_without_a_journal(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW)->unknown_after_ms = 10000000;
    run_before(50, 80);
    ward_invalids(before, 51, 70, VITAL_hr, QUALITY_ABSENT);
    restart(0, 1000, true);
    ward_invalids(after, 1002, 1030, VITAL_hr, QUALITY_ABSENT);
    ward_expect(after, "1000 no_pulse_signal update active high -1\n1002 sensor_off update active low -1\n");
    ward_value(after, 1031, VITAL_hr, 80);
    ward_until(after, 1031);
    ward_expect(after, "1031 sensor_off end ended low -1\n1031 no_pulse_signal end ended high -1\n");
    close_both();
}

/* A silent monitor is silent until it speaks, with a slow poll, too; it is not told twice. */
static void test_silence_goes_on(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW)->unknown_after_ms = 10000000;
    ward_config.beds[0].monitor_period_ms[0] = 5000;
    run_before(50, 80);
    ward_until(before, 70);
    restart(0, 80, false);
    ward_until(after, 120);
    ward_expect(after, "");
    ward_heard(after, 121, 0);
    ward_until(after, 121);
    ward_expect(after, "121 monitor_silent end ended medium -1\n");
    close_both();
}

/* A reload is no break: who was silent before it is no less so after it. */
static void test_silence_counts_through_a_reload(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW)->unknown_after_ms = 10000000;
    run_before(50, 80);
    ward_until(before, 57);
    const struct ward_break none = {.committed = before->record_count, .begin_ms = 57000, .none = true};
    after = ward_restart(before, &none);
    ward_until(after, 70);
    ward_expect(after, "60 monitor_silent start active medium -1\n");
    close_both();
}

/* A restored alarm that does not show again ends when monitors had their time; one that shows and goes ends at once. */
static void test_restored_alarms_wait_for_monitors(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW)->unknown_after_ms = 10000000;
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_add_signal("brady", SIGNAL_monitor_alarm_low, 0, 1);
    run_before(50, 80);
    ward_signal(before, 51, 0, 0, true);
    ward_signal(before, 51, 0, 1, true);
    ward_until(before, 51);
    restart(0, 1000, true);
    ward_signal(after, 1001, 0, 0, true);
    ward_signal(after, 1003, 0, 0, false);
    for (int t = 1004; t <= 1020; t++) {
        ward_heard(after, t, 0);
    }
    ward_expect(after, "1001 monitor.vtach update active high -1\n1003 monitor.vtach end ended high -1\n"
                       "1010 monitor.brady end ended low -1\n");
    close_both();
}

/* The gateway's own: they show 10 s after the start at the earliest, and are looked at now and then. */
static void test_restored_alarms_of_the_gateway(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW);
    before = ward_start();
    ward_until(before, 0);
    engine_condition(before->engine, 1000, BUILTIN_uplink_down, true, PRIORITY_NONE, "");
    engine_condition(before->engine, 1000, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    ward_until(before, 1);
    restart(0, 5, false);
    engine_condition(after->engine, 5500, BUILTIN_uplink_down, false, PRIORITY_NONE, "");
    engine_condition(after->engine, 5500, BUILTIN_bus_down, false, PRIORITY_NONE, "");
    ward_heard(after, 10, 0);
    ward_until(after, 15.4);
    engine_condition(after->engine, 15400, BUILTIN_uplink_down, true, PRIORITY_NONE, "");
    ward_until(after, 18);
    ward_expect(after, "17 bus_down end ended medium -1\n");
    engine_condition(after->engine, 19000, BUILTIN_uplink_down, false, PRIORITY_NONE, "");
    ward_until(after, 19);
    ward_expect(after, "19 uplink_down end ended medium -1\n");
    close_both();
}

/* After a break of unknown length an active alarm stays active, marked, until data confirm it ... */
static void test_unverified_until_confirmed(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM);
    run_before(50, 130);
    restart(0, 1000, true);
    ward_expect(after, "1000 r update active medium -1\n");
    assert_true(ward_newest(after)->unverified && ward_newest(after)->reason == REASON_UNVERIFIED);
    ward_value(after, 1001, VITAL_hr, 131);
    ward_until(after, 1001);
    ward_expect(after, "1001 r update active medium 131\n");
    assert_true(!ward_newest(after)->unverified && ward_newest(after)->reason == REASON_NONE);
    close_both();
}

/* ... or clear it; the next one is not marked any more. A latched one is unmarked, too. */
static void test_unverified_until_cleared(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM);
    ward_add_rule("latching", "hr > limit", NULL, 120, PRIORITY_LOW)->latching = true;
    run_before(49, 130);
    ward_value(before, 50, VITAL_hr, 131);
    ward_value(before, 51, VITAL_hr, 90);
    ward_until(before, 51);
    ward_expect(before,
                "30 admission_not_entered start active none -1\n30 r start active medium 130\n"
                "30 latching start active low 130\n51 r end ended medium 90\n51 latching update latched low 90\n");
    restart(2, 1000, true); /* both were active for all that the store knows */
    after->text[0] = '\0';
    ward_value(after, 1001, VITAL_hr, 100);
    ward_value(after, 1002, VITAL_hr, 140);
    ward_until(after, 1002);
    ward_expect(after, "1001 r end ended medium 100\n1001 latching update latched low 100\n"
                       "1002 r start active medium 140\n1002 latching update active low 140\n");
    assert_true(!ward_newest_of(after, "r")->unverified && ward_newest_of(after, "r")->reason == REASON_NONE);
    assert_false(ward_newest_of(after, "latching")->unverified);
    close_both();
}

/* A latched alarm whose data clear it stays latched; that it is verified now is told. */
static void test_unverified_and_latched(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", NULL, 120, PRIORITY_MEDIUM)->latching = true;
    run_before(49, 130);
    ward_value(before, 50, VITAL_hr, 90);
    ward_until(before, 50);
    restart(0, 1000, true);
    ward_expect(after, "1000 r update latched medium -1\n");
    ward_value(after, 1001, VITAL_hr, 95);
    ward_until(after, 1005);
    ward_expect(after, "1001 r update latched medium 95\n");
    assert_true(!ward_newest(after)->unverified && ward_newest(after)->reason == REASON_NONE);
    close_both();
}

/* Priority and limit are those of today's rules; another priority is told. */
static void test_the_rules_have_changed(void **state)
{
    (void)state;
    struct rule *rule = rule_on_hr("hr > limit", NULL, 120, PRIORITY_LOW);
    run_before(50, 130);
    rule->priority = PRIORITY_HIGH;
    rule->parameters[0].value_milli[CLASS_adult] = 125000;
    restart(0, 51, false);
    ward_value(after, 52, VITAL_hr, 124);
    ward_value(after, 53, VITAL_hr, 126);
    ward_until(after, 53);
    ward_expect(after, "51 r escalate active high 130\n52 r end ended high 124\n53 r start active high 126\n");
    assert_int_equal(ward_newest(after)->limit_milli, 125000);
    close_both();
}

/* A stay that was begun and not committed begins with the next value, counted from the same second. */
static void test_an_uncommitted_stay(void **state)
{
    (void)state;
    rule_on_hr("mean(hr, 30s) > limit", NULL, 120, PRIORITY_MEDIUM);
    before = ward_start();
    ward_values(before, 0, 30, VITAL_hr, 130);
    ward_until(before, 30);
    assert_int_equal(before->record_count, 3); /* the stay, its advisory, the alarm */
    restart(3, 32, false);
    ward_value(after, 33, VITAL_hr, 130);
    ward_until(after, 33);
    ward_expect(after, "33 admission_not_entered start active none -1\n33 r start active medium 130\n");
    assert_true(ward_newest(after)->stay != ward_newest(before)->stay);
    struct bed_view view;
    engine_view_bed(after->engine, 0, &view);
    assert_int_equal(view.stay_start_ms, 0);
    close_both();
}

/* What the journal holds of before the stay is not held against it. */
static void test_a_journal_from_before_the_stay(void **state)
{
    (void)state;
    rule_on_hr("spo2 < limit", NULL, 90, PRIORITY_MEDIUM);
    ward_add_channel(VITAL_spo2, 1000);
    before = ward_start();
    ward_invalids(before, 0, 299, VITAL_hr, QUALITY_ABSENT);
    ward_values(before, 300, 340, VITAL_hr, 80);
    ward_until(before, 340);
    restart(0, 342, false);
    ward_values(after, 343, 365, VITAL_hr, 80);
    ward_expect(after, "360 r.not_monitored start active medium -1\n"); /* 60 s from the stay's start */
    close_both();
}

/* The seconds before a stay that begins by itself count for its delays, but no alarm begins in them, which could end in them,
 * too: neither in the run that sees them nor in one that is fed them again. */
static void test_a_condition_from_before_the_stay_began(void **state)
{
    (void)state;
    static const int64_t restarts_s[] = {0, 30, 31, 36};
    for (unsigned i = 0; i < sizeof restarts_s / sizeof restarts_s[0]; i++) {
        rule_on_hr("spo2 < limit", "hr > 50", 90, PRIORITY_MEDIUM);
        ward_add_channel(VITAL_spo2, 1000);
        before = after = ward_start();
        for (int s = 0; s <= 39; s++) {
            if (s > 0 && s == restarts_s[i]) {
                ward_until(before, s - 0.5);
                restart(0, s - 0.4, false);
            }
            if (s <= 5) {
                ward_value(after, s, VITAL_spo2, 80); /* met for a while, then nobody can say */
            }
            ward_value(after, s, VITAL_hr, 80);
        }
        ward_until(after, 39);
        after->text[0] = '\0';
        ward_value(after, 40, VITAL_spo2, 79);
        ward_until(after, 40);
        ward_expect(after, "40 r start active medium 79\n");
        assert_int_equal(ward_newest(after)->violated_at_ms, 0);
        assert_int_equal(ward_newest(after)->condition_at_ms, 0);
        ward_close(after);
        if (before != after) {
            ward_close(before);
        }
    }
}

/* Somebody released it, which no journal tells: the next delay is what it would be without the restart. */
static void test_a_delay_after_a_release(void **state)
{
    (void)state;
    for (int restarts = 0; restarts < 2; restarts++) {
        struct rule *rule = rule_on_hr("spo2 < limit", "hr > 50", 90, PRIORITY_MEDIUM);
        ward_add_channel(VITAL_spo2, 1000);
        rule->latching = true;
        rule->delay_ms = 10000;
        before = after = ward_start();
        for (int s = 0; s <= 70; s++) {
            ward_value(after, s, VITAL_hr, 80);
            if (s <= 68) {
                ward_value(after, s, VITAL_spo2, (s > 30 && s <= 43) || s > 60 ? 85 : 97);
            }
            if (s == 50) {
                assert_int_equal(ward_newest_of(after, "r")->state, ALARM_LATCHED);
                assert_int_equal(ward_acknowledge(after, 50.5, ward_newest_of(after, "r")), VERDICT_ACCEPTED);
                assert_int_equal(ward_newest_of(after, "r")->phase, PHASE_END);
            }
        }
        ward_until(after, 71); /* met from 61 to 69.5, then nobody can say */
        if (restarts == 1) {
            restart(0, 71, false);
        }
        ward_values(after, 72, 80, VITAL_hr, 80);
        after->text[0] = '\0';
        ward_value(after, 81, VITAL_spo2, 85);
        ward_value(after, 82, VITAL_spo2, 85);
        ward_until(after, 82.5);
        ward_expect(after, "82.5 r start active medium 85\n");
        assert_int_equal(ward_newest(after)->violated_at_ms, 61000);
        ward_close(after);
        if (before != after) {
            ward_close(before);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_alarm_goes_on),
        cmocka_unit_test(test_a_delay_runs_on),
        cmocka_unit_test(test_an_uncommitted_alarm_is_told),
        cmocka_unit_test(test_an_uncommitted_alarm_is_over),
        cmocka_unit_test(test_an_alarm_that_ended_in_between),
        cmocka_unit_test(test_an_uncommitted_end_is_told),
        cmocka_unit_test(test_downtime_counts_as_unknown),
        cmocka_unit_test(test_nobody_speaks_after_the_restart),
        cmocka_unit_test(test_unknown_goes_on),
        cmocka_unit_test(test_downtime_is_no_lost_pulse),
        cmocka_unit_test(test_a_lost_pulse_stays_lost),
        cmocka_unit_test(test_lost_signals_without_a_journal),
        cmocka_unit_test(test_silence_goes_on),
        cmocka_unit_test(test_silence_counts_through_a_reload),
        cmocka_unit_test(test_restored_alarms_wait_for_monitors),
        cmocka_unit_test(test_restored_alarms_of_the_gateway),
        cmocka_unit_test(test_unverified_until_confirmed),
        cmocka_unit_test(test_unverified_until_cleared),
        cmocka_unit_test(test_unverified_and_latched),
        cmocka_unit_test(test_the_rules_have_changed),
        cmocka_unit_test(test_an_uncommitted_stay),
        cmocka_unit_test(test_a_journal_from_before_the_stay),
        cmocka_unit_test(test_a_condition_from_before_the_stay_began),
        cmocka_unit_test(test_a_delay_after_a_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
