/*
 * Whose windows, delays, alarms and limits: stays that people begin and end, and that nothing of one is left in the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

/* A live bed with a heart rate a second, and a rule `r` on it. */
static struct rule *rule_on_hr(const char *when, int limit, enum priority priority)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    struct rule *rule = ward_add_rule("r", when, NULL, limit, priority);
    rule->parameters[0].settable = true;
    rule->parameters[0].settable_high_milli = 300000;
    return rule;
}

/* Occupied at 30 s by itself, its patient since 0. */
static struct ward *start_by_itself(double number)
{
    struct ward *ward = ward_start();
    ward_values(ward, 0, 30, VITAL_hr, number);
    ward_until(ward, 30);
    return ward;
}

static struct bed_view view_of(const struct ward *ward, uint16_t bed)
{
    struct bed_view view;
    engine_view_bed(ward->engine, bed, &view);
    return view;
}

static const struct record *newest_record(const struct ward *ward)
{
    return &ward->records[ward->record_count - 1];
}

/* --- admission ------------------------------------------------------------------------------------------------ */

/* What began by itself is the patient whose admission is entered a minute later: the advisory ends, all else stays. */
static void test_admission_of_who_is_there(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_MEDIUM);
    struct ward *ward = start_by_itself(130);
    const uint64_t stay = ward_stay(ward, 0);
    ward_values(ward, 31, 90, VITAL_hr, 130);
    assert_int_equal(ward_tell(ward, 90, COMMAND_admit), VERDICT_ACCEPTED);
    ward_value(ward, 91, VITAL_hr, 130);
    ward_until(ward, 91);
    ward_expect(ward, "30 admission_not_entered start active none -1\n30 r start active medium 130\n"
                      "90 admission_not_entered end ended none -1\n");
    assert_int_equal(ward_stay(ward, 0), stay);
    assert_int_equal(view_of(ward, 0).stay_start_ms, 0);
    ward_close(ward);
}

/* Once more, in the name of that stay, it is the next patient, as soon as whoever tells it can have seen that the one who is there was
 * entered. */
static void test_admission_of_the_next(void **state)
{
    (void)state;
    rule_on_hr("mean(hr, 10s) > limit", 120, PRIORITY_MEDIUM)->delay_ms = 3000;
    struct ward *ward = start_by_itself(130);
    assert_int_equal(ward_tell(ward, 31, COMMAND_admit), VERDICT_ACCEPTED);
    const uint64_t before = ward_stay(ward, 0);
    ward->text[0] = '\0';
    ward_values(ward, 32, 60, VITAL_hr, 130);
    assert_int_equal(ward_tell(ward, 60.999, COMMAND_admit), VERDICT_NOTHING);
    assert_int_equal(ward_stay(ward, 0), before);
    ward_expect(ward, "");
    assert_int_equal(ward_tell(ward, 61, COMMAND_admit), VERDICT_ACCEPTED);
    assert_int_not_equal(ward_stay(ward, 0), before);
    assert_int_equal(newest_record(ward)->bed_state.stay, ward_stay(ward, 0));
    assert_int_equal(newest_record(ward)->bed_state.stay_start_ms, 61001);
    assert_int_equal(ward_tell(ward, 61.5, COMMAND_admit), VERDICT_NOTHING); /* this one was entered, too */
    ward_values(ward, 62, 76, VITAL_hr, 131); /* a whole window from 62 to 72, then the delay */
    ward_expect(ward, "61 r end ended medium 130\n75 r start active medium 131\n");
    assert_int_equal(ward_newest(ward)->violated_at_ms, 72000);
    ward_close(ward);
}

/* At a vacant bed a stay begins now; what was seen on the way to one that begins by itself counts for nothing. */
static void test_admission_to_a_vacant_bed(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_MEDIUM)->delay_ms = 10000;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 19, VITAL_hr, 130);
    assert_int_equal(ward_tell(ward, 20, COMMAND_admit), VERDICT_ACCEPTED);
    ward_values(ward, 21, 31, VITAL_hr, 130);
    ward_until(ward, 31);
    ward_expect(ward, "31 r start active medium 130\n");
    assert_int_equal(ward_newest(ward)->violated_at_ms, 21000);
    assert_true(view_of(ward, 0).monitored);
    ward_close(ward);
}

/* Nobody is connected yet: a rule is not monitored as in any stay, counted from its start. */
static void test_admission_before_the_monitor(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    assert_int_equal(ward_tell(ward, 5, COMMAND_admit), VERDICT_ACCEPTED);
    ward_until(ward, 60);
    ward_expect(ward, "10 monitor_silent start active medium -1\n"
                      "35.001 r.not_monitored start active high -1 in monitor_silent\n"
                      "35.001 monitor_silent escalate active high -1\n");
    ward_close(ward);
}

/* --- discharge ------------------------------------------------------------------------------------------------ */

/* All alarms end with the stay; limits, being away, windows and delays with it. */
static void test_discharge_leaves_nothing(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_MEDIUM)->latching = true;
    struct rule *delayed = ward_add_rule("delayed", "mean(hr, 20s) > limit", NULL, 120, PRIORITY_LOW);
    delayed->delay_ms = 40000;
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    struct ward *ward = start_by_itself(140);
    ward_signal(ward, 31, 0, 0, true);
    struct bed_command limit = {.kind = COMMAND_set_limit, .stay = ward_stay(ward, 0), .value_milli = 100000};
    assert_int_equal(ward_command(ward, 31, &limit), VERDICT_ACCEPTED);
    assert_int_equal(ward_tell(ward, 32, COMMAND_away), VERDICT_ACCEPTED);
    ward->text[0] = '\0';
    ward_values(ward, 33, 40, VITAL_hr, 140);
    assert_int_equal(ward_tell(ward, 40, COMMAND_discharge), VERDICT_ACCEPTED);
    ward_expect(ward, "40 r end ended medium 140\n40 admission_not_entered end ended none -1\n"
                      "40 patient_away end ended none -1\n40 monitor.vtach end ended high -1\n"
                      "40 monitor.vtach start active high -1\n"); /* of nobody: the monitor says it still */
    const struct bed_snapshot *vacant = &newest_record(ward)->bed_state;
    assert_true(vacant->stay == 0 && vacant->away_until_ms == 0 && vacant->limits[0].key == 0);
    assert_false(view_of(ward, 0).monitored);
    /* Vitals go on: another stay, 30 s later, under the configuration's limit and with windows of its own */
    ward_values(ward, 41, 80, VITAL_hr, 110);
    ward_until(ward, 80);
    ward_expect(ward, "71 monitor.vtach end ended high -1\n71 admission_not_entered start active none -1\n"
                      "71 monitor.vtach start active high -1\n");
    assert_int_equal(view_of(ward, 0).stay_start_ms, 41000);
    ward_close(ward);
}

/* What was observed at the instant of the command belongs to nobody; the next instant begins anew. */
static void test_an_admission_at_the_instant_of_a_value(void **state)
{
    (void)state;
    rule_on_hr("count(hr, 1min) > limit", 2, PRIORITY_MEDIUM);
    struct ward *ward = start_by_itself(80);
    const uint64_t stay = ward_stay(ward, 0);
    assert_int_equal(ward_tell(ward, 35, COMMAND_admit), VERDICT_ACCEPTED); /* it began by itself */
    ward->text[0] = '\0';
    ward_values(ward, 36, 65, VITAL_hr, 80);
    engine_command(ward->engine, 65000, &(struct bed_command){.kind = COMMAND_admit, .stay = stay});
    ward_value(ward, 65, VITAL_hr, 81);
    ward_until(ward, 65);
    assert_int_not_equal(ward_stay(ward, 0), stay);
    ward_value(ward, 65, VITAL_hr, 82); /* a clamped one of the same instant */
    ward_values(ward, 66, 67, VITAL_hr, 83);
    ward_until(ward, 67);
    ward_expect(ward, "65 r end ended medium 80\n");
    ward_value(ward, 68, VITAL_hr, 84);
    ward_until(ward, 68);
    ward_expect(ward, "68 r start active medium 84\n");
    ward_close(ward);
}

/* A monitor's episodic register still holds the last patient's value: it counts for nothing. */
static void test_discharge_and_a_register(void **state)
{
    (void)state;
    rule_on_hr("nibp_sys < limit", 90, PRIORITY_LOW)->unknown_after_ms = 3600000;
    ward_add_channel(VITAL_nibp_sys, 1000);
    struct ward *ward = start_by_itself(80);
    ward_value(ward, 31, VITAL_nibp_sys, 70);
    assert_int_equal(ward_tell(ward, 32, COMMAND_discharge), VERDICT_ACCEPTED);
    assert_int_equal(ward_tell(ward, 33, COMMAND_admit), VERDICT_ACCEPTED);
    ward->text[0] = '\0';
    const struct observation found = {
        .kind = OBSERVATION_VALUE, .vital = VITAL_nibp_sys, .value_milli = 70000, .flags = OBSERVATION_AGE_UNKNOWN};
    ward_observe(ward, 34, &found);
    ward_until(ward, 35);
    ward_expect(ward, "");
    ward_close(ward);
}

/* --- transfer ------------------------------------------------------------------------------------------------- */

/* The stay ends here and another begins there; alarms, limits and windows of the one are not in the other. */
static void test_transfer(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_MEDIUM);
    ward_add_second_bed();
    struct ward *ward = ward_start();
    for (int t = 0; t <= 30; t++) {
        ward_heard(ward, t, 0);
        const struct observation o = {.kind = OBSERVATION_VALUE, .bed = 1, .vital = VITAL_hr, .value_milli = 130000};
        ward_observe(ward, t, &o);
    }
    ward_until(ward, 30);
    ward_expect(ward, "30 admission_not_entered start active none -1\n30 r start active medium 130\n");
    const uint64_t before = ward_stay(ward, 1);
    struct bed_command limit = {.kind = COMMAND_set_limit, .bed = 1, .stay = before, .value_milli = 125000};
    assert_int_equal(ward_command(ward, 30, &limit), VERDICT_ACCEPTED);
    ward->text[0] = '\0';
    const struct bed_command transfer = {.kind = COMMAND_transfer, .bed = 1, .to_bed = 0, .stay = before};
    assert_int_equal(ward_command(ward, 31, &transfer), VERDICT_ACCEPTED);
    ward_expect(ward, "31 r end ended medium 130\n31 admission_not_entered end ended none -1\n");
    assert_int_equal(newest_record(ward)->bed, 1);
    assert_int_equal(newest_record(ward)->bed_state.stay, 0);
    assert_true(ward_stay(ward, 0) != 0 && ward_stay(ward, 0) != before);
    ward_value(ward, 32, VITAL_hr, 122);
    ward_until(ward, 32);
    ward_expect(ward, "32 r start active medium 122\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 120000);
    assert_int_equal(ward_newest(ward)->key.bed, 0);
    ward_close(ward);
}

static void test_transfer_to_nowhere(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_MEDIUM);
    ward_add_second_bed();
    struct ward *ward = start_by_itself(80);
    const uint64_t stay = ward_stay(ward, 0);
    struct bed_command transfer = {.kind = COMMAND_transfer, .stay = stay, .to_bed = 2};
    assert_int_equal(ward_command(ward, 31, &transfer), VERDICT_UNKNOWN_BED);
    transfer.to_bed = BED_NONE;
    assert_int_equal(ward_command(ward, 31, &transfer), VERDICT_UNKNOWN_BED);
    transfer.to_bed = 0;
    assert_int_equal(ward_command(ward, 31, &transfer), VERDICT_OCCUPIED); /* by the patient itself */
    const struct bed_command admit = {.kind = COMMAND_admit, .bed = 1};
    assert_int_equal(ward_command(ward, 32, &admit), VERDICT_ACCEPTED);
    transfer.to_bed = 1;
    assert_int_equal(ward_command(ward, 33, &transfer), VERDICT_OCCUPIED);
    assert_int_equal(ward_stay(ward, 0), stay);
    ward_close(ward);
}

/* --- over restarts ---------------------------------------------------------------------------------------------- */

/* After a discharge the journal still holds the last patient's values: they begin no stay, and are in no window. */
static void test_a_restart_after_a_discharge(void **state)
{
    (void)state;
    rule_on_hr("mean(hr, 20s) > limit", 120, PRIORITY_MEDIUM);
    struct ward *ward = start_by_itself(130);
    ward_values(ward, 31, 50, VITAL_hr, 130);
    assert_int_equal(ward_tell(ward, 50, COMMAND_discharge), VERDICT_ACCEPTED);
    ward_values(ward, 51, 53, VITAL_hr, 90);
    ward_until(ward, 53);
    ward = ward_restart_at(ward, 54, false);
    assert_false(view_of(ward, 0).monitored);
    ward_values(ward, 55, 80, VITAL_hr, 90);
    ward_expect(ward, "");
    ward_value(ward, 81, VITAL_hr, 90);
    ward_until(ward, 81);
    ward_expect(ward, "81 admission_not_entered start active none -1\n");
    assert_int_equal(view_of(ward, 0).stay_start_ms, 51000);
    ward_close(ward);
}

/* After an admission, too. */
static void test_a_restart_after_an_admission(void **state)
{
    (void)state;
    rule_on_hr("count(hr, 1min) > limit", 2, PRIORITY_MEDIUM);
    struct ward *ward = start_by_itself(130);
    assert_int_equal(ward_tell(ward, 31, COMMAND_admit), VERDICT_ACCEPTED);
    ward_values(ward, 32, 62, VITAL_hr, 80);
    assert_int_equal(ward_tell(ward, 62, COMMAND_admit), VERDICT_ACCEPTED);
    const uint64_t stay = ward_stay(ward, 0);
    ward_value(ward, 63, VITAL_hr, 80);
    ward_until(ward, 63);
    ward = ward_restart_at(ward, 64, false);
    assert_int_equal(ward_stay(ward, 0), stay);
    ward_value(ward, 64.5, VITAL_hr, 80);
    ward_until(ward, 64.5);
    ward_expect(ward, "");
    ward_value(ward, 65, VITAL_hr, 80); /* the third of this stay */
    ward_until(ward, 65);
    ward_expect(ward, "65 r start active medium 80\n");
    ward_close(ward);
}

/* A stay that was confirmed stays so, and one that was not can be. */
static void test_a_restart_and_a_confirmation(void **state)
{
    (void)state;
    rule_on_hr("hr > limit", 120, PRIORITY_MEDIUM);
    struct ward *ward = start_by_itself(80);
    const uint64_t stay = ward_stay(ward, 0);
    ward = ward_restart_at(ward, 32, false);
    assert_int_equal(ward_tell(ward, 33, COMMAND_admit), VERDICT_ACCEPTED);
    ward_expect(ward, "33 admission_not_entered end ended none -1\n");
    assert_int_equal(ward_stay(ward, 0), stay);
    ward = ward_restart_at(ward, 34, false);
    assert_int_equal(ward_tell(ward, 35, COMMAND_admit), VERDICT_NOTHING); /* somebody else did so just before */
    assert_int_equal(ward_stay(ward, 0), stay);
    assert_int_equal(ward_tell(ward, 63, COMMAND_admit), VERDICT_ACCEPTED);
    assert_int_not_equal(ward_stay(ward, 0), stay);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admission_of_who_is_there),
        cmocka_unit_test(test_admission_of_the_next),
        cmocka_unit_test(test_admission_to_a_vacant_bed),
        cmocka_unit_test(test_admission_before_the_monitor),
        cmocka_unit_test(test_discharge_leaves_nothing),
        cmocka_unit_test(test_an_admission_at_the_instant_of_a_value),
        cmocka_unit_test(test_discharge_and_a_register),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_transfer_to_nowhere),
        cmocka_unit_test(test_a_restart_after_a_discharge),
        cmocka_unit_test(test_a_restart_after_an_admission),
        cmocka_unit_test(test_a_restart_and_a_confirmation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
