/*
 * What people enter: what is taken, which value counts, how it is taken back, what comes back after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

#define HOUR 3600.0

static void configure(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_nibp_sys, 1000);
    ward_add_channel(VITAL_temp, 1000);
    ward_add_entered(VITAL_glucose);
    ward_add_entered(VITAL_consciousness);
}

static struct ward *start(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_value(ward, 0, VITAL_hr, 80);
    ward_until(ward, 0);
    return ward;
}

static enum command_verdict observe(struct ward *ward, double seconds, enum vital vital, double value,
                                    double observed_s)
{
    const struct bed_command command = {.kind = COMMAND_observe,
                                        .stay = ward_stay(ward, 0),
                                        .vital = (uint8_t)vital,
                                        .value_milli = (int32_t)(value * 1000 + 0.5),
                                        .has_observed = true,
                                        .observed_ms = (int64_t)(observed_s * 1000)};
    return ward_command(ward, seconds, &command);
}

static enum command_verdict retract(struct ward *ward, double seconds, enum vital vital, double observed_s)
{
    const struct bed_command command = {.kind = COMMAND_retract,
                                        .stay = ward_stay(ward, 0),
                                        .vital = (uint8_t)vital,
                                        .has_observed = true,
                                        .observed_ms = (int64_t)(observed_s * 1000)};
    return ward_command(ward, seconds, &command);
}

/* Of VITAL_NONE: the screen does not have it. */
static struct vital_view view_of(const struct ward *ward, enum vital vital)
{
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    for (unsigned i = 0; i < view.vital_count; i++) {
        if (view.vitals[i].vital == vital) {
            return view.vitals[i];
        }
    }
    return (struct vital_view){.vital = VITAL_NONE};
}

static void expect_none(const struct ward *ward, enum vital vital)
{
    assert_int_equal(view_of(ward, vital).vital, VITAL_NONE);
}

static void expect_newest(const struct ward *ward, enum vital vital, int32_t milli, double at_s)
{
    const struct vital_view v = view_of(ward, vital);
    assert_int_equal(v.vital, vital);
    assert_int_equal(v.quality, QUALITY_VALID);
    assert_int_equal(v.value_milli, milli);
    assert_int_equal(v.at_ms, (int64_t)(at_s * 1000));
}

/* Without a time of its own an entry is of now, and the newest one is taken back. */
static void test_entries_of_now(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    struct bed_command command = {
        .kind = COMMAND_observe, .stay = ward_stay(ward, 0), .vital = VITAL_glucose, .value_milli = 6000};
    assert_int_equal(ward_command(ward, 5, &command), VERDICT_ACCEPTED);
    assert_int_equal(view_of(ward, VITAL_glucose).at_ms, 5000);
    assert_int_equal(view_of(ward, VITAL_glucose).value_milli, 6000);
    command.kind = COMMAND_retract;
    assert_int_equal(ward_command(ward, 6, &command), VERDICT_ACCEPTED);
    expect_none(ward, VITAL_glucose);
    assert_int_equal(ward_command(ward, 7, &command), VERDICT_NOTHING);
    command.vital = VITAL_hr; /* nobody enters it */
    assert_int_equal(ward_command(ward, 8, &command), VERDICT_NOT_ENTERED);
    ward_close(ward);
}

static void test_an_entry_has_its_own_instant(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    expect_none(ward, VITAL_consciousness); /* nobody has to enter it */
    assert_int_equal(observe(ward, 600, VITAL_consciousness, 2, 300), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_consciousness, 2000, 300);
    const struct record *record = &ward->records[ward->record_count - 2];
    assert_int_equal(record->kind, RECORD_ENTRIES);
    assert_true(record->of_command);
    assert_int_equal(record->entries.vital, VITAL_consciousness);
    assert_int_equal(record->entries.entries.count, 1);
    ward_until(ward, 300 + 12 * HOUR);
    assert_int_equal(view_of(ward, VITAL_consciousness).quality, QUALITY_STALE);
    ward_close(ward);
}

static void test_an_entry_is_of_this_patient_and_of_late(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    const double now = 13 * HOUR;
    assert_int_equal(observe(ward, now, VITAL_consciousness, 0, now + 0.001), VERDICT_OBSERVED_AT);
    assert_int_equal(observe(ward, now, VITAL_consciousness, 0, HOUR - 0.001), VERDICT_OBSERVED_AT);
    assert_int_equal(observe(ward, now, VITAL_consciousness, 0, HOUR), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, now, VITAL_consciousness, 0, now), VERDICT_ACCEPTED);
    assert_int_equal(ward_tell(ward, now + 1, COMMAND_discharge), VERDICT_ACCEPTED);
    expect_none(ward, VITAL_consciousness);
    assert_int_equal(observe(ward, now + 2, VITAL_consciousness, 0, now + 2), VERDICT_VACANT);
    assert_int_equal(ward_tell(ward, now + 3, COMMAND_admit), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, now + 4, VITAL_consciousness, 0, now + 3), VERDICT_OBSERVED_AT);
    assert_int_equal(observe(ward, now + 4, VITAL_consciousness, 0, now + 3.001), VERDICT_ACCEPTED);
    ward_close(ward);
}

static void test_only_what_people_enter_is_taken(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    const unsigned records = ward->record_count;
    assert_int_equal(observe(ward, 1, VITAL_hr, 80, 1), VERDICT_NOT_ENTERED);
    assert_int_equal(observe(ward, 1, VITAL_spo2, 97, 1), VERDICT_NOT_ENTERED); /* nothing of it here */
    assert_int_equal(observe(ward, 1, VITAL_NONE, 97, 1), VERDICT_NOT_ENTERED);
    assert_int_equal(retract(ward, 1, VITAL_hr, 0), VERDICT_NOT_ENTERED);
    assert_int_equal(observe(ward, 1, VITAL_consciousness, 5, 1), VERDICT_BOUNDS);
    assert_int_equal(observe(ward, 1, VITAL_consciousness, 1.5, 1), VERDICT_BOUNDS);
    assert_int_equal(observe(ward, 1, VITAL_temp, 368, 1), VERDICT_BOUNDS);
    assert_int_equal(retract(ward, 1, VITAL_consciousness, 1), VERDICT_NOTHING);
    assert_int_equal(ward->record_count, records + 8); /* a row of the audit log each, and nothing else */
    ward_close(ward);
}

static void test_the_newest_is_taken_back(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    assert_int_equal(observe(ward, 100, VITAL_glucose, 5, 60), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 200, VITAL_glucose, 15, 180), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_glucose, 15000, 180);
    assert_int_equal(retract(ward, 210, VITAL_glucose, 60), VERDICT_NOTHING); /* not the newest */
    assert_int_equal(retract(ward, 210, VITAL_glucose, 180.05), VERDICT_ACCEPTED);
    assert_int_equal(ward->records[ward->record_count - 1].command.value_milli, 15000);
    expect_newest(ward, VITAL_glucose, 5000, 60);
    assert_int_equal(retract(ward, 220, VITAL_glucose, 60), VERDICT_ACCEPTED);
    expect_none(ward, VITAL_glucose);
    assert_int_equal(retract(ward, 230, VITAL_glucose, 60), VERDICT_NOTHING);
    ward_close(ward);
}

/* Whoever enters the same instant again corrects it, though the box's clock has moved a little. */
static void test_the_same_instant_again_corrects(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    assert_int_equal(observe(ward, 100, VITAL_glucose, 5, 60), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 101, VITAL_glucose, 6, 59.998), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_glucose, 6000, 60);
    assert_int_equal(retract(ward, 102, VITAL_glucose, 60), VERDICT_ACCEPTED);
    expect_none(ward, VITAL_glucose);
    ward_close(ward);
}

/* The newest by its instant counts, not the one that was told last; a monitor's measurement is one of them. */
static void test_entries_and_measurements_are_in_order(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    ward_value(ward, 100, VITAL_nibp_sys, 120);
    assert_int_equal(observe(ward, 200, VITAL_nibp_sys, 90, 50), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_nibp_sys, 120000, 100);
    assert_int_equal(observe(ward, 210, VITAL_nibp_sys, 95, 150), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_nibp_sys, 95000, 150);
    assert_int_equal(retract(ward, 220, VITAL_nibp_sys, 150), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_nibp_sys, 120000, 100);
    assert_int_equal(retract(ward, 230, VITAL_nibp_sys, 100), VERDICT_NOTHING); /* nobody entered that one */
    ward_value(ward, 300, VITAL_nibp_sys, 130);
    ward_until(ward, 300);
    expect_newest(ward, VITAL_nibp_sys, 130000, 300);
    ward_close(ward);
}

static void test_no_more_are_kept_than_there_is_room_for(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    for (int i = 1; i <= ENTRY_KEPT + 1; i++) {
        assert_int_equal(observe(ward, 1000 + i, VITAL_glucose, i, 100 * i), VERDICT_ACCEPTED);
    }
    assert_int_equal(observe(ward, 1010, VITAL_glucose, 9, 50), VERDICT_NOTHING);
    for (int i = ENTRY_KEPT + 1; i > 1; i--) {
        expect_newest(ward, VITAL_glucose, i * 1000, 100 * i);
        assert_int_equal(retract(ward, 1020, VITAL_glucose, 100 * i), VERDICT_ACCEPTED);
    }
    expect_none(ward, VITAL_glucose);
    ward_close(ward);
}

/* It is no part of the curve of a monitor that measures all the time. */
static void test_an_entry_stands_beside_a_monitor(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    ward_value(ward, 1, VITAL_temp, 37);
    assert_int_equal(observe(ward, 2, VITAL_temp, 39, 2), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_temp, 37000, 1);
    ward_close(ward);
}

/* A rule asks for what only people give as for any vital; it waits for the first entry, and a retraction clears it. */
static void test_rules_watch_what_only_people_give(void **state)
{
    (void)state;
    configure();
    ward_add_rule("drowsy", "consciousness >= 2", NULL, 0, PRIORITY_MEDIUM);
    ward_add_rule("sugar", "glucose > 10", NULL, 0, PRIORITY_MEDIUM); /* where a monitor may be, rules watch that */
    assert_true(rule_applies(&ward_config.beds[0], &ward_config.rules[0]));
    assert_false(rule_applies(&ward_config.beds[0], &ward_config.rules[1]));
    struct ward *ward = start();
    ward_values(ward, 1, 200, VITAL_hr, 80);
    ward_expect(ward, "");
    assert_int_equal(observe(ward, 200, VITAL_consciousness, 3, 190), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 200, VITAL_glucose, 20, 190), VERDICT_ACCEPTED);
    ward_expect(ward, "200 drowsy start active medium 3\n");
    ward_values(ward, 201, 210, VITAL_hr, 80);
    assert_int_equal(observe(ward, 210, VITAL_consciousness, 0, 205), VERDICT_ACCEPTED);
    ward_expect(ward, "210 drowsy end ended medium 0\n");
    ward_values(ward, 211, 220, VITAL_hr, 80);
    assert_int_equal(retract(ward, 220, VITAL_consciousness, 205), VERDICT_ACCEPTED);
    ward_expect(ward, "220 drowsy start active medium 3\n");
    ward_close(ward);
}

static struct ward *restart_at(struct ward *before, double journal_s, double begin_s)
{
    const struct ward_break lost = {.committed = before->record_count,
                                    .journal_from_ms = (int64_t)(journal_s * 1000),
                                    .begin_ms = (int64_t)(begin_s * 1000)};
    struct ward *after = ward_restart(before, &lost);
    ward_close(before);
    ward_until(after, begin_s);
    return after;
}

/* What is kept comes back, with what was before it; what was taken back does not. Older and younger than the journal. */
static void test_entries_outlive_a_restart(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    assert_int_equal(observe(ward, 100, VITAL_glucose, 5, 60), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 200, VITAL_glucose, 15, 180), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 201, VITAL_consciousness, 4, 200), VERDICT_ACCEPTED);
    assert_int_equal(retract(ward, 202, VITAL_consciousness, 200), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 203, VITAL_temp, 39, 70), VERDICT_ACCEPTED);
    ward_values(ward, 204, 300, VITAL_hr, 80);
    ward_until(ward, 300);
    ward = restart_at(ward, 100, 301);
    expect_newest(ward, VITAL_glucose, 15000, 180);
    expect_none(ward, VITAL_consciousness);
    assert_int_equal(retract(ward, 310, VITAL_glucose, 180), VERDICT_ACCEPTED);
    ward = restart_at(ward, 100, 320);
    expect_newest(ward, VITAL_glucose, 5000, 60);
    assert_int_equal(retract(ward, 330, VITAL_temp, 70), VERDICT_ACCEPTED); /* it was there */
    ward_close(ward);
}

enum { DEVICE_AIR = 0, DEVICE_NASAL = 1 };

static struct ward *start_with_flow(void)
{
    configure();
    ward_add_entered(VITAL_oxygen_flow);
    ward_add_entered(VITAL_oxygen_device);
    struct ward *ward = start();
    assert_int_equal(observe(ward, 100, VITAL_oxygen_flow, 4, 90), VERDICT_ACCEPTED);
    return ward;
}

/* Air as the device is no flow from then on, until it is taken back or corrected; also over a restart. */
static void test_air_ends_the_flow(void **state)
{
    (void)state;
    struct ward *ward = start_with_flow();
    assert_int_equal(observe(ward, 110, VITAL_oxygen_device, DEVICE_AIR, 105), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_flow, 0, 105);
    assert_int_equal(retract(ward, 120, VITAL_oxygen_device, 105), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_flow, 4000, 90);
    expect_none(ward, VITAL_oxygen_device);
    assert_int_equal(observe(ward, 130, VITAL_oxygen_device, DEVICE_AIR, 125), VERDICT_ACCEPTED);
    ward = restart_at(ward, 100, 140);
    expect_newest(ward, VITAL_oxygen_flow, 0, 125);
    assert_int_equal(observe(ward, 150, VITAL_oxygen_device, DEVICE_NASAL, 125), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_device, DEVICE_NASAL * 1000, 125);
    expect_newest(ward, VITAL_oxygen_flow, 4000, 90);
    ward_close(ward);
}

/* What was told of the same instant, or is of after it, is not over; none is invented where there was none. */
static void test_air_and_another_flow(void **state)
{
    (void)state;
    struct ward *ward = start_with_flow();
    assert_int_equal(observe(ward, 110, VITAL_oxygen_device, DEVICE_AIR, 80), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_flow, 4000, 90);
    assert_int_equal(observe(ward, 120, VITAL_oxygen_device, DEVICE_AIR, 90.05), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_flow, 4000, 90);
    assert_int_equal(observe(ward, 121, VITAL_oxygen_device, DEVICE_AIR, 90.1), VERDICT_ACCEPTED); /* corrects that */
    expect_newest(ward, VITAL_oxygen_flow, 0, 90.1);
    assert_int_equal(observe(ward, 130, VITAL_oxygen_flow, 6, 125), VERDICT_ACCEPTED);
    assert_int_equal(retract(ward, 140, VITAL_oxygen_device, 90.05), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_flow, 6000, 125);
    ward_close(ward);
    configure();
    ward_add_entered(VITAL_oxygen_device);
    ward = start();
    assert_int_equal(observe(ward, 1, VITAL_oxygen_device, DEVICE_AIR, 1), VERDICT_ACCEPTED);
    assert_int_equal(retract(ward, 2, VITAL_oxygen_device, 1), VERDICT_ACCEPTED);
    ward_close(ward);
    configure();
    ward_add_entered(VITAL_oxygen_flow);
    ward_add_entered(VITAL_oxygen_device);
    ward = start();
    assert_int_equal(observe(ward, 1, VITAL_oxygen_device, DEVICE_AIR, 1), VERDICT_ACCEPTED);
    expect_none(ward, VITAL_oxygen_flow);
    assert_int_equal(retract(ward, 2, VITAL_oxygen_device, 1), VERDICT_ACCEPTED);
    expect_none(ward, VITAL_oxygen_flow);
    assert_int_equal(observe(ward, 3, VITAL_oxygen_flow, 0, 3), VERDICT_ACCEPTED);
    assert_int_equal(observe(ward, 5, VITAL_oxygen_device, DEVICE_AIR, 5), VERDICT_ACCEPTED);
    assert_int_equal(retract(ward, 6, VITAL_oxygen_device, 5), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_oxygen_flow, 0, 3); /* told by itself */
    ward_close(ward);
}

/* The journal brings a measurement from before an entry that the store has already. */
static void test_a_measurement_from_before_an_entry_comes_back(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start();
    ward_value(ward, 100, VITAL_nibp_sys, 120);
    assert_int_equal(observe(ward, 200, VITAL_nibp_sys, 95, 150), VERDICT_ACCEPTED);
    ward = restart_at(ward, 0, 250);
    expect_newest(ward, VITAL_nibp_sys, 95000, 150);
    assert_int_equal(retract(ward, 260, VITAL_nibp_sys, 150), VERDICT_ACCEPTED);
    expect_newest(ward, VITAL_nibp_sys, 120000, 100);
    ward_close(ward);
}

static void test_words(void **state)
{
    (void)state;
    int32_t milli = -1;
    assert_string_equal(entry_word(VITAL_consciousness, 4000), "unresponsive");
    assert_null(entry_word(VITAL_consciousness, 5000));
    assert_null(entry_word(VITAL_consciousness, 500));
    assert_null(entry_word(VITAL_consciousness, -1000));
    assert_null(entry_word(VITAL_effort, 4000));
    assert_null(entry_word(VITAL_temp, 0));
    assert_true(entry_value(VITAL_effort, "severe", &milli));
    assert_int_equal(milli, 3000);
    assert_string_equal(entry_word(VITAL_oxygen_device, 11000), "other");
    assert_null(entry_word(VITAL_oxygen_device, 12000));
    assert_true(entry_value(VITAL_oxygen_device, "air", &milli) && milli == ENTRY_AIR_MILLI);
    assert_false(entry_value(VITAL_effort, "sever", &milli));
    assert_false(entry_value(VITAL_oxygen_device, "others", &milli));
    assert_false(entry_value(VITAL_temp, "alert", &milli));
    assert_string_equal(entry_words(VITAL_temp), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_of_now),
        cmocka_unit_test(test_an_entry_has_its_own_instant),
        cmocka_unit_test(test_an_entry_is_of_this_patient_and_of_late),
        cmocka_unit_test(test_only_what_people_enter_is_taken),
        cmocka_unit_test(test_the_newest_is_taken_back),
        cmocka_unit_test(test_the_same_instant_again_corrects),
        cmocka_unit_test(test_entries_and_measurements_are_in_order),
        cmocka_unit_test(test_no_more_are_kept_than_there_is_room_for),
        cmocka_unit_test(test_an_entry_stands_beside_a_monitor),
        cmocka_unit_test(test_rules_watch_what_only_people_give),
        cmocka_unit_test(test_entries_outlive_a_restart),
        cmocka_unit_test(test_air_ends_the_flow),
        cmocka_unit_test(test_air_and_another_flow),
        cmocka_unit_test(test_a_measurement_from_before_an_entry_comes_back),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
