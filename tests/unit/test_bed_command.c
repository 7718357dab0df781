/*
 * What people tell: whether it means something here and now, and what becomes of it. Stays are in test_stay.c, limits in
 * test_bed_limit.c, identities in test_identity.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

/* A live bed with a heart rate a second, a rule `r` on it, and a patient since 0. */
static struct rule *rule_on_hr(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    return ward_add_rule("r", "hr > limit", NULL, 120, PRIORITY_MEDIUM);
}

static struct ward *start_admitted(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_value(ward, 0, VITAL_hr, 80);
    ward_until(ward, 0);
    return ward;
}

static const struct record *newest_record(const struct ward *ward)
{
    return &ward->records[ward->record_count - 1];
}

/* --- for whom --------------------------------------------------------------------------------------------------- */

/* Every command is recorded, as it came, with its bed's state and without numbers of an alert. */
static void test_every_command_is_recorded(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    const unsigned records = ward->record_count;
    const uint64_t seq = ward->seq;
    const struct bed_command refused = {.kind = COMMAND_discharge,
                                        .verdict = VERDICT_EXPIRED,
                                        .stay = ward_stay(ward, 0),
                                        .origin = 5,
                                        .id = "c-1",
                                        .by = "nurse-7"};
    assert_int_equal(ward_command(ward, 1, &refused), VERDICT_EXPIRED);
    assert_int_equal(ward->record_count, records + 1);
    const struct record *record = newest_record(ward);
    assert_memory_equal(&record->command, &refused, sizeof refused);
    assert_int_equal(record->bed, 0);
    assert_int_equal(record->bed_state.stay, ward_stay(ward, 0)); /* still there */
    assert_int_equal(record->seq, seq);
    ward_close(ward);
}

/* What it caused is told apart from what is there anyway: the store keeps it with the command, or not at all. */
static void test_what_it_caused_belongs_to_it(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_hr, 150);
    ward_until(ward, 1);
    unsigned i = 0;
    for (; i < ward->record_count; i++) {
        assert_false(ward->records[i].of_command);
    }
    assert_int_equal(ward_tell(ward, 2, COMMAND_discharge), VERDICT_ACCEPTED);
    assert_true(ward->record_count >= i + 3); /* the alarm ends, the stay ends */
    for (; i + 1 < ward->record_count; i++) {
        assert_true(ward->records[i].of_command);
    }
    assert_false(newest_record(ward)->of_command);
    ward_close(ward);
}

static void test_what_is_no_command_or_no_bed(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    struct bed_command command = {.kind = COMMAND_KIND_COUNT, .stay = ward_stay(ward, 0)};
    assert_int_equal(ward_command(ward, 1, &command), VERDICT_UNKNOWN_COMMAND);
    command = (struct bed_command){.kind = COMMAND_admit, .bed = BED_NONE};
    assert_int_equal(ward_command(ward, 2, &command), VERDICT_UNKNOWN_BED);
    assert_int_equal(newest_record(ward)->bed, BED_NONE);
    command.bed = 1;
    assert_int_equal(ward_command(ward, 3, &command), VERDICT_UNKNOWN_BED);
    assert_int_equal(newest_record(ward)->bed, BED_NONE);
    ward_close(ward);
}

/* Meant for another patient, or for nobody: refused, whatever it is, but for a test and the staff of the ward. */
static void test_another_patient(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    const uint64_t stay = ward_stay(ward, 0);
    for (unsigned kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        struct bed_command command = {.kind = (uint8_t)kind, .stay = stay + 1, .to_bed = 1};
        const bool is_for_any = kind == COMMAND_test_alert || kind == COMMAND_set_staff;
        const enum command_verdict expected = is_for_any               ? VERDICT_ACCEPTED
                                              : kind == COMMAND_resend ? VERDICT_BOUNDS /* it names no alert */
                                                                       : VERDICT_STAY;
        assert_int_equal(ward_command(ward, 1, &command), expected);
        command.stay = 0; /* "the bed was vacant" */
        assert_int_equal(ward_command(ward, 1, &command), expected);
    }
    assert_int_equal(ward_stay(ward, 0), stay);
    ward_close(ward);
}

/* At a vacant bed only some make sense, and none of them in the name of somebody. */
static void test_nobody(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = ward_start();
    static const struct {
        enum command_kind kind;
        enum command_verdict verdict;
    } cases[] = {{COMMAND_discharge, VERDICT_VACANT}, {COMMAND_transfer, VERDICT_VACANT},
                 {COMMAND_away, VERDICT_VACANT},      {COMMAND_back, VERDICT_VACANT},
                 {COMMAND_assign, VERDICT_NOTHING},   {COMMAND_acknowledge, VERDICT_UNKNOWN_ALARM},
                 {COMMAND_set_limit, VERDICT_VACANT}, {COMMAND_reset_limit, VERDICT_VACANT},
                 {COMMAND_observe, VERDICT_VACANT},   {COMMAND_retract, VERDICT_VACANT},
                 {COMMAND_set_scale, VERDICT_VACANT}, {COMMAND_test_alert, VERDICT_ACCEPTED},
                 {COMMAND_pause, VERDICT_VACANT},     {COMMAND_resume, VERDICT_VACANT},
                 {COMMAND_describe, VERDICT_VACANT},  {COMMAND_set_staff, VERDICT_ACCEPTED},
                 {COMMAND_resend, VERDICT_BOUNDS},    {COMMAND_admit, VERDICT_ACCEPTED}};
    assert_int_equal(sizeof cases / sizeof cases[0], COMMAND_KIND_COUNT);
    for (unsigned i = 0; i < COMMAND_KIND_COUNT; i++) {
        struct bed_command command = {.kind = (uint8_t)cases[i].kind, .stay = 99};
        if (command.kind != COMMAND_test_alert && command.kind != COMMAND_set_staff && command.kind != COMMAND_resend) {
            assert_int_equal(ward_command(ward, 1, &command), VERDICT_VACANT);
        }
        command.stay = 0;
        assert_int_equal(ward_command(ward, 1, &command), cases[i].verdict);
    }
    ward_close(ward);
}

/* Up to 99 nurses, up to a day ahead; nothing of the bed changes. */
static void test_staff_has_bounds(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    static const struct {
        uint8_t nurses;
        bool has_until;
        int64_t ahead_ms;
        enum command_verdict verdict;
    } cases[] = {{0, false, 0, VERDICT_ACCEPTED},     {99, false, 0, VERDICT_ACCEPTED},
                 {100, false, 0, VERDICT_BOUNDS},     {3, true, 0, VERDICT_BOUNDS},
                 {3, true, 1, VERDICT_ACCEPTED},      {3, true, 86400000, VERDICT_ACCEPTED},
                 {3, true, 86400001, VERDICT_BOUNDS}, {3, true, -1, VERDICT_BOUNDS}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bed_command command = {.kind = COMMAND_set_staff,
                                            .nurses = cases[i].nurses,
                                            .has_until = cases[i].has_until,
                                            .until_ms = 5000 + cases[i].ahead_ms};
        const unsigned before = ward->record_count;
        assert_int_equal(ward_command(ward, 5, &command), cases[i].verdict);
        assert_int_equal(ward->record_count, before + 1); /* its own */
    }
    ward_close(ward);
}

/* Up to 1,000 alerts, from the first on to the newest; nothing comes of it here but the row of the command itself. */
static void test_resend_has_bounds(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    struct bed_command test = {.kind = COMMAND_test_alert, .priority = PRIORITY_LOW};
    uint64_t newest = newest_record(ward)->seq;
    while (newest < 5) {
        assert_int_equal(ward_command(ward, 2, &test), VERDICT_ACCEPTED);
        newest = newest_record(ward)->seq;
    }
    const struct {
        uint64_t from, through, filled_in;
        enum command_verdict verdict;
    } cases[] = {{1, 1, 1, VERDICT_ACCEPTED},
                 {2, 4, 4, VERDICT_ACCEPTED},
                 {1, 0, newest, VERDICT_ACCEPTED},
                 {3, 1002, newest, VERDICT_ACCEPTED},
                 {newest, 0, newest, VERDICT_ACCEPTED},
                 {3, 1003, 1003, VERDICT_BOUNDS},
                 {3, 2, 2, VERDICT_BOUNDS},
                 {0, 2, 2, VERDICT_BOUNDS},
                 {1, UINT64_MAX, UINT64_MAX, VERDICT_BOUNDS},
                 {newest + 1, 0, 0, VERDICT_NOTHING},
                 {UINT64_MAX, 0, 0, VERDICT_NOTHING}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bed_command command = {
            .kind = COMMAND_resend, .from_seq = cases[i].from, .through_seq = cases[i].through};
        const unsigned before = ward->record_count;
        assert_int_equal(ward_command(ward, 5, &command), cases[i].verdict);
        assert_int_equal(ward->record_count, before + 1);
        assert_true(newest_record(ward)->command.through_seq == cases[i].filled_in);
    }
    ward_close(ward);
}

/* --- acknowledge -------------------------------------------------------------------------------------------------- */

/* An active alarm stays active, acknowledged, until it ends; the next occurrence is to be acknowledged anew. */
static void test_acknowledge_an_active_alarm(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_hr, 130);
    ward_until(ward, 1);
    const struct alert start = *ward_newest(ward);
    assert_int_equal(ward_acknowledge(ward, 2, &start), VERDICT_ACCEPTED);
    ward_expect(ward, "1 r start active medium 130\n2 r acknowledge active medium 130\n");
    const struct alert seen = *ward_newest(ward);
    assert_int_equal(seen.inactivation, INACTIVATION_ACKNOWLEDGED);
    assert_true(seen.id == start.id && seen.rev == 2 && seen.raised_at_ms == start.raised_at_ms);
    assert_int_equal(ward_acknowledge(ward, 2, &start), VERDICT_REVISION);
    assert_int_equal(ward_acknowledge(ward, 2, &seen), VERDICT_NOTHING);
    ward_value(ward, 3, VITAL_hr, 100);
    ward_until(ward, 3);
    assert_int_equal(ward_acknowledge(ward, 3, ward_newest(ward)), VERDICT_UNKNOWN_ALARM);
    ward_value(ward, 4, VITAL_hr, 131);
    ward_until(ward, 4);
    ward_expect(ward, "3 r end ended medium 100\n4 r start active medium 131\n");
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

/* A latched alarm ends; one acknowledged while active does not latch. */
static void test_acknowledge_a_latching_alarm(void **state)
{
    (void)state;
    rule_on_hr()->latching = true;
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_hr, 130);
    ward_value(ward, 2, VITAL_hr, 100);
    ward_until(ward, 2);
    assert_int_equal(ward_acknowledge(ward, 3, ward_newest(ward)), VERDICT_ACCEPTED);
    ward_expect(ward, "1 r start active medium 130\n2 r update latched medium 100\n3 r end ended medium 100\n");
    ward_value(ward, 4, VITAL_hr, 130);
    ward_until(ward, 4);
    assert_int_equal(ward_acknowledge(ward, 5, ward_newest(ward)), VERDICT_ACCEPTED);
    ward_value(ward, 6, VITAL_hr, 100);
    ward_until(ward, 6);
    ward_expect(ward, "4 r start active medium 130\n5 r acknowledge active medium 130\n6 r end ended medium 100\n");
    ward_close(ward);
}

/* Released at an instant at which it is met again: that is another alarm. */
static void test_acknowledge_what_begins_again(void **state)
{
    (void)state;
    rule_on_hr()->latching = true;
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_hr, 130);
    ward_value(ward, 2, VITAL_hr, 100);
    ward_until(ward, 2);
    const struct alert latched = *ward_newest(ward);
    ward_value(ward, 3, VITAL_hr, 140);
    assert_int_equal(ward_acknowledge(ward, 3, &latched), VERDICT_ACCEPTED);
    ward_expect(ward, "1 r start active medium 130\n2 r update latched medium 100\n3 r end ended medium 100\n"
                      "3 r start active medium 140\n");
    assert_int_not_equal(ward_newest(ward)->id, latched.id);
    ward_close(ward);
}

/* Alarms of every family: technical, not monitored, a monitor's bit, an advisory. */
static void test_acknowledge_any_alarm(void **state)
{
    (void)state;
    rule_on_hr();
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_config.beds[0].reports_alarms = true;
    struct ward *ward = ward_start();
    ward_values(ward, 0, 30, VITAL_hr, 80);
    ward_invalids(ward, 31, 120, VITAL_hr, QUALITY_ABSENT);
    ward_signal(ward, 120, 0, 0, true);
    ward_say(ward, 120, "asystole", PRIORITY_HIGH);
    ward_until(ward, 156); /* not said again */
    static const char *const names[] = {
        "admission_not_entered", "no_pulse_signal", "sensor_off",       "r.not_monitored",
        "monitor.vtach",         "monitor_silent",  "monitor.asystole", "monitor.asystole.not_monitored"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(ward_acknowledge(ward, 156, ward_newest_of(ward, names[i])), VERDICT_ACCEPTED);
        assert_int_equal(ward_newest_of(ward, names[i])->phase, PHASE_ACKNOWLEDGE);
    }
    ward_close(ward);
}

/* It survives a restart, and what is told of the alarm meanwhile. */
static void test_acknowledged_over_a_restart(void **state)
{
    (void)state;
    rule_on_hr()->latching = true;
    struct ward *before = start_admitted();
    ward_value(before, 1, VITAL_hr, 130);
    ward_until(before, 1);
    assert_int_equal(ward_acknowledge(before, 2, ward_newest(before)), VERDICT_ACCEPTED);
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 5000};
    struct ward *after = ward_restart(before, &lost);
    ward_value(after, 6, VITAL_hr, 130);
    ward_until(after, 6);
    assert_int_equal(ward_acknowledge(after, 6, ward_newest(after)), VERDICT_NOTHING);
    ward_value(after, 7, VITAL_hr, 100);
    ward_until(after, 7);
    ward_expect(after, "7 r end ended medium 100\n");
    ward_close(before);
    ward_close(after);
}

/* A latched one does, too, and is released afterwards. */
static void test_latched_over_a_restart(void **state)
{
    (void)state;
    rule_on_hr()->latching = true;
    struct ward *before = start_admitted();
    ward_value(before, 1, VITAL_hr, 130);
    ward_value(before, 2, VITAL_hr, 100);
    ward_until(before, 2);
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 5000};
    struct ward *after = ward_restart(before, &lost);
    ward_value(after, 6, VITAL_hr, 100);
    assert_int_equal(ward_acknowledge(after, 7, ward_newest(after)), VERDICT_ACCEPTED);
    ward_expect(after, "7 r end ended medium 100\n");
    ward_close(before);
    ward_close(after);
}

/* One that was released is over, though the journal does not tell: its delay is not that of the next. */
static void test_released_before_a_restart(void **state)
{
    (void)state;
    rule_on_hr();
    ward_add_channel(VITAL_spo2, 1000);
    struct rule *rule = ward_add_rule("released", "hr > limit", "spo2 > 95", 120, PRIORITY_LOW);
    rule->latching = true;
    rule->delay_ms = 10000;
    struct ward *before = start_admitted();
    ward_values(before, 1, 12, VITAL_hr, 130);
    ward_value(before, 14, VITAL_spo2, 97); /* clear; the condition itself is unknown */
    ward_until(before, 14);
    assert_int_equal(ward_newest_of(before, "released")->state, ALARM_LATCHED);
    assert_int_equal(ward_acknowledge(before, 15, ward_newest_of(before, "released")), VERDICT_ACCEPTED);
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 16000};
    struct ward *after = ward_restart(before, &lost);
    ward_values(after, 17, 27, VITAL_hr, 130);
    ward_until(after, 27);
    ward_expect(after, "27 released start active low 130\n");
    assert_int_equal(ward_newest(after)->violated_at_ms, 17000);
    ward_close(before);
    ward_close(after);
}

/* Another priority of its rule is told after a restart; a higher one is to be acknowledged anew. */
static void another_priority(enum priority priority, const char *told, enum alarm_inactivation inactivation)
{
    struct rule *rule = rule_on_hr();
    struct ward *before = start_admitted();
    ward_value(before, 1, VITAL_hr, 130);
    ward_until(before, 1);
    assert_int_equal(ward_acknowledge(before, 2, ward_newest(before)), VERDICT_ACCEPTED);
    rule->priority = priority;
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 3000};
    struct ward *after = ward_restart(before, &lost);
    ward_until(after, 3);
    ward_expect(after, told);
    assert_int_equal(ward_newest(after)->inactivation, inactivation);
    ward_close(before);
    ward_close(after);
}

static void test_a_higher_priority_is_acknowledged_anew(void **state)
{
    (void)state;
    another_priority(PRIORITY_HIGH, "3 r escalate active high 130\n", INACTIVATION_NONE);
    another_priority(PRIORITY_LOW, "3 r deescalate active low 130\n", INACTIVATION_ACKNOWLEDGED);
}

/* --- test alerts -------------------------------------------------------------------------------------------------- */

/* One alert, marked, with numbers of its own; no alarm is there, not even when it is told twice. */
/* What screens need to acknowledge: the most urgent first, and those that have no place are counted. */
static void test_alarms_in_view(void **state)
{
    (void)state;
    static const char *const names[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"};
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    for (unsigned i = 0; i < 10; i++) {
        ward_add_rule(names[i], "hr > limit", NULL, 120, i == 3 || i == 9 ? PRIORITY_HIGH : PRIORITY_MEDIUM);
    }
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_hr, 150);
    ward_until(ward, 1);
    const struct alert newest = *ward_newest(ward); /* r9's */
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.alarm_count, 10);
    static const char *const shown[ENGINE_ALARMS_VIEWED] = {"r3", "r9", "r0", "r1", "r2", "r4", "r5", "r6"};
    for (unsigned i = 0; i < ENGINE_ALARMS_VIEWED; i++) {
        assert_string_equal(view.alarms[i].name, shown[i]);
        assert_int_equal(view.alarms[i].priority, i < 2 ? PRIORITY_HIGH : PRIORITY_MEDIUM);
        assert_int_equal(view.alarms[i].state, ALARM_ACTIVE);
    }
    assert_int_equal(view.alarms[1].id, newest.id);
    assert_int_equal(view.alarms[1].rev, 1);
    assert_int_equal(view.alarms[1].inactivation, INACTIVATION_NONE);
    assert_int_equal(ward_acknowledge(ward, 2, &newest), VERDICT_ACCEPTED);
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.alarms[1].rev, 2);
    assert_int_equal(view.alarms[1].inactivation, INACTIVATION_ACKNOWLEDGED);
    ward_close(ward);
}

static void test_a_test_alert(void **state)
{
    (void)state;
    rule_on_hr();
    struct ward *ward = start_admitted();
    struct bed_command test = {.kind = COMMAND_test_alert, .priority = PRIORITY_HIGH};
    assert_int_equal(ward_command(ward, 1, &test), VERDICT_ACCEPTED);
    const struct alert first = *ward_newest(ward);
    assert_true(first.test && first.phase == PHASE_START && first.rev == 1 && first.kind == KIND_ADVISORY);
    assert_int_equal(first.stay, ward_stay(ward, 0));
    test.priority = PRIORITY_NONE;
    assert_int_equal(ward_command(ward, 1, &test), VERDICT_ACCEPTED);
    ward_expect(ward, "1 test_alert start active high -1\n1 test_alert start active low -1\n");
    assert_int_not_equal(ward_newest(ward)->id, first.id);
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.alarm_count, 0);
    assert_int_equal(ward_acknowledge(ward, 2, ward_newest(ward)), VERDICT_UNKNOWN_ALARM);
    test.priority = PRIORITY_HIGH + 1;
    assert_int_equal(ward_command(ward, 2, &test), VERDICT_BOUNDS);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_command_is_recorded),
        cmocka_unit_test(test_what_it_caused_belongs_to_it),
        cmocka_unit_test(test_what_is_no_command_or_no_bed),
        cmocka_unit_test(test_another_patient),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_staff_has_bounds),
        cmocka_unit_test(test_resend_has_bounds),
        cmocka_unit_test(test_acknowledge_an_active_alarm),
        cmocka_unit_test(test_acknowledge_a_latching_alarm),
        cmocka_unit_test(test_acknowledge_what_begins_again),
        cmocka_unit_test(test_acknowledge_any_alarm),
        cmocka_unit_test(test_acknowledged_over_a_restart),
        cmocka_unit_test(test_latched_over_a_restart),
        cmocka_unit_test(test_released_before_a_restart),
        cmocka_unit_test(test_a_higher_priority_is_acknowledged_anew),
        cmocka_unit_test(test_alarms_in_view),
        cmocka_unit_test(test_a_test_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
