/*
 * Whose a monitor's values are: known monitors, others, and those that are known elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

/* Two live beds with a heart rate a second, and a rule `r` on it. */
static struct ward *start(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_rule("r", "hr > limit", NULL, 120, PRIORITY_LOW)->unknown_after_ms = 3600000;
    ward_add_second_bed();
    return ward_start();
}

static void admit(struct ward *ward, double seconds, uint16_t bed)
{
    const struct bed_command command = {.kind = COMMAND_admit, .bed = bed, .stay = ward_stay(ward, bed)};
    assert_int_equal(ward_command(ward, seconds, &command), VERDICT_ACCEPTED);
}

static enum command_verdict assign(struct ward *ward, double seconds, uint16_t bed)
{
    const struct bed_command command = {.kind = COMMAND_assign, .bed = bed, .stay = ward_stay(ward, bed)};
    return ward_command(ward, seconds, &command);
}

/* One poll of a bed's monitor. */
static void poll(struct ward *ward, double seconds, uint16_t bed, int32_t identity, double number)
{
    const struct observation o = {
        .kind = OBSERVATION_VALUE, .bed = bed, .vital = VITAL_hr, .value_milli = (int32_t)(number * 1000)};
    ward_identity(ward, seconds, bed, identity);
    ward_observe(ward, seconds, &o);
    ward_until(ward, seconds);
}

static void polls(struct ward *ward, int from_s, int to_s, uint16_t bed, int32_t identity)
{
    for (int t = from_s; t <= to_s; t++) {
        poll(ward, t, bed, identity, 80);
    }
}

static enum quality quality_at(const struct ward *ward, uint16_t bed)
{
    struct bed_view view;
    engine_view_bed(ward->engine, bed, &view);
    return (enum quality)view.vitals[0].quality;
}

static int32_t known_at(const struct ward *ward, uint16_t bed)
{
    for (unsigned i = ward->record_count; i > 0; i--) {
        if (ward->records[i - 1].bed == bed) {
            return ward->records[i - 1].bed_state.identity[0];
        }
    }
    return 0;
}

/* The first one to say who it is is known; at a vacant bed the newest. Both are kept. */
static void test_the_first_one_is_taken(void **state)
{
    (void)state;
    struct ward *ward = start();
    poll(ward, 1, 0, 7, 80);
    assert_int_equal(known_at(ward, 0), 7);
    const unsigned records = ward->record_count;
    poll(ward, 2, 0, 7, 80);
    assert_int_equal(ward->record_count, records); /* no news */
    poll(ward, 3, 0, 8, 80);
    assert_int_equal(known_at(ward, 0), 8);
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    admit(ward, 4, 1);
    poll(ward, 5, 1, 9, 80); /* an occupied bed whose monitor never said so before */
    assert_int_equal(known_at(ward, 1), 9);
    ward_expect(ward, "");
    ward_close(ward);
}

/* Another one at an occupied bed: its values are nobody's, at once and until it is confirmed. */
static void test_another_one_answers(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 0);
    polls(ward, 2, 4, 0, 7);
    poll(ward, 5, 0, 8, 130);
    assert_int_equal(quality_at(ward, 0), QUALITY_IDENTITY);
    polls(ward, 6, 9, 0, 8);
    ward_expect(ward, "5 identity_changed start active high -1\n"); /* and no `r` */
    assert_int_equal(ward_newest(ward)->reason, REASON_IDENTITY);
    assert_string_equal(ward_newest(ward)->detail, "");
    assert_int_equal(known_at(ward, 0), 7);
    assert_int_equal(assign(ward, 9.5, 0), VERDICT_ACCEPTED);
    poll(ward, 10, 0, 8, 130);
    ward_expect(ward,
                "9.5 identity_changed end ended high -1\n10 r start active low 130\n10 monitor_silent start active "
                "medium -1\n");
    assert_int_equal(known_at(ward, 0), 8);
    assert_int_equal(assign(ward, 11, 0), VERDICT_NOTHING);
    ward_close(ward);
}

/* Of several monitors it says which. */
static void test_which_one(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_monitor();
    struct ward *ward = ward_start();
    struct observation o = {.kind = OBSERVATION_IDENTITY, .monitor = 1, .value_milli = 7};
    admit(ward, 1, 0);
    ward_observe(ward, 2, &o);
    o.value_milli = 8;
    ward_observe(ward, 3, &o);
    ward_value(ward, 3, VITAL_hr, 80); /* of the other one */
    ward_until(ward, 3);
    ward_expect(ward, "3 identity_changed start active high -1\n");
    assert_string_equal(ward_newest(ward)->detail, "monitor 2");
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    ward_close(ward);
}

/* A monitor that an occupied bed has, and that was heard there lately, is in doubt elsewhere: vacant or not. */
static void test_a_monitor_of_another_bed(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 1);
    polls(ward, 2, 3, 1, 7);
    poll(ward, 4, 0, 7, 80);
    ward_expect(ward, "4 identity_changed start active high -1\n");
    assert_string_equal(ward_newest(ward)->detail, "also at b2");
    assert_int_equal(quality_at(ward, 0), QUALITY_IDENTITY);
    assert_int_equal(quality_at(ward, 1), QUALITY_VALID);
    polls(ward, 5, 60, 0, 7); /* no stay begins by itself, though nothing is heard of the other bed any more */
    ward_expect(ward, "13 monitor_silent start active medium -1\n");
    assert_int_equal(ward_stay(ward, 0), 0);
    assert_int_equal(assign(ward, 60.5, 0), VERDICT_ACCEPTED);
    assert_int_equal(known_at(ward, 0), 7);
    polls(ward, 61, 62, 0, 7);
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    ward_close(ward);
}

/* The other bed may be empty, or silent for long: then it is no doubt. */
static void test_a_monitor_that_moved(void **state)
{
    (void)state;
    struct ward *ward = start();
    polls(ward, 1, 3, 1, 7);
    poll(ward, 4, 0, 7, 80); /* from a vacant bed */
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    poll(ward, 5, 0, 8, 80);
    admit(ward, 6, 1);
    poll(ward, 7, 1, 7, 80);
    ward_until(ward, 30);
    ward->text[0] = '\0';
    poll(ward, 31, 0, 7, 80);
    ward_until(ward, 31);
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    assert_null(strstr(ward->text, "identity_changed"));
    ward_close(ward);
}

/* It is no doubt any more when the other bed's patient has gone. */
static void test_the_other_bed_gives_it_up(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 1);
    polls(ward, 2, 3, 1, 7);
    poll(ward, 4, 0, 7, 80);
    const struct bed_command discharge = {.kind = COMMAND_discharge, .bed = 1, .stay = ward_stay(ward, 1)};
    assert_int_equal(ward_command(ward, 5, &discharge), VERDICT_ACCEPTED);
    ward_expect(ward, "4 identity_changed start active high -1\n5 identity_changed end ended high -1\n");
    poll(ward, 6, 0, 7, 80);
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    assert_int_equal(known_at(ward, 0), 7);
    ward_close(ward);
}

/* The next patient of the other bed keeps it: the doubt stays. */
static void test_the_other_bed_keeps_it(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 1);
    polls(ward, 2, 3, 1, 7);
    poll(ward, 4, 0, 7, 80);
    polls(ward, 5, 31, 1, 7);
    admit(ward, 32, 1);
    poll(ward, 33, 1, 7, 80);
    poll(ward, 33, 0, 7, 80);
    assert_int_equal(quality_at(ward, 0), QUALITY_IDENTITY);
    assert_int_equal(quality_at(ward, 1), QUALITY_VALID);
    ward_close(ward);
}

/* Who is confirmed at both beds is believed at both. */
static void test_two_monitors_with_one_identity(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 0);
    poll(ward, 2, 0, 7, 80);
    admit(ward, 2, 1);
    poll(ward, 3, 1, 7, 80);
    assert_int_equal(quality_at(ward, 1), QUALITY_IDENTITY);
    assert_int_equal(assign(ward, 4, 1), VERDICT_ACCEPTED);
    for (int t = 5; t <= 30; t++) {
        poll(ward, t, 0, 7, 80);
        poll(ward, t, 1, 7, 80);
        assert_true(quality_at(ward, 0) == QUALITY_VALID && quality_at(ward, 1) == QUALITY_VALID);
    }
    ward_close(ward);
}

/* A new stay begins with who answers then; but one that is known elsewhere needs its confirmation still. */
static void test_a_stay_begins(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 0);
    poll(ward, 2, 0, 7, 80);
    poll(ward, 3, 0, 8, 80);
    assert_int_equal(quality_at(ward, 0), QUALITY_IDENTITY);
    for (int t = 4; t <= 31; t++) {
        poll(ward, t, 0, 8, 80);
        if (t % 9 == 8) {
            poll(ward, t, 1, 9, 80); /* too seldom for a stay, often enough not to be missed */
        }
    }
    admit(ward, 32, 0);
    poll(ward, 33, 0, 8, 80);
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    assert_int_equal(known_at(ward, 0), 8);
    ward_expect(ward, "3 identity_changed start active high -1\n32 identity_changed end ended high -1\n");
    poll(ward, 34, 1, 8, 80);
    admit(ward, 35, 1);
    poll(ward, 36, 1, 8, 80);
    assert_int_equal(quality_at(ward, 1), QUALITY_IDENTITY);
    ward_expect(ward, "34 identity_changed start active high -1\n35 identity_changed end ended high -1\n"
                      "35 identity_changed start active high -1\n");
    ward_close(ward);
}

/* With the stay its doubt goes: at a vacant bed who answers is taken. */
static void test_a_stay_ends(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 0);
    poll(ward, 2, 0, 7, 80);
    poll(ward, 3, 0, 8, 80);
    assert_int_equal(ward_tell(ward, 3.5, COMMAND_discharge), VERDICT_ACCEPTED);
    ward_expect(ward, "3 identity_changed start active high -1\n3.5 identity_changed end ended high -1\n");
    assert_int_equal(known_at(ward, 0), 8);
    polls(ward, 5, 9, 0, 8);
    assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
    ward_close(ward);
}

/* What it says beside values, it says: rather at the wrong bed than nowhere. */
static void test_its_alarms_are_told(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_config.beds[0].reports_alarms = true;
    struct ward *ward = ward_start();
    admit(ward, 1, 0);
    ward_identity(ward, 2, 0, 7);
    ward_identity(ward, 3, 0, 8);
    ward_signal(ward, 4, 0, 0, true);
    ward_say(ward, 5, "apnoea", PRIORITY_HIGH);
    ward_until(ward, 5);
    ward_expect(ward, "3 identity_changed start active high -1\n4 monitor.vtach start active high -1\n"
                      "5 monitor.apnoea start active high -1\n");
    ward_close(ward);
}

/* --- over restarts ------------------------------------------------------------------------------------------------ */

/* In doubt it stays in doubt, whether it says who it is again or not; with its old windows, without its new values. */
static void test_a_restart_in_doubt(void **state)
{
    (void)state;
    for (int unverified = 0; unverified < 2; unverified++) {
        struct ward *ward = start();
        ward_config.rules[0].delay_ms = 4000;
        admit(ward, 1, 0);
        polls(ward, 2, 3, 0, 7);
        for (int t = 4; t <= 8; t++) {
            poll(ward, t, 0, 8, 130);
        }
        ward->text[0] = '\0';
        ward = ward_restart_at(ward, 8.5, unverified != 0);
        poll(ward, 9, 0, 8, 130);
        assert_int_equal(quality_at(ward, 0), QUALITY_IDENTITY);
        assert_null(strstr(ward->text, "r start"));
        poll(ward, 10, 0, 7, 80); /* the known one answers again */
        assert_int_equal(quality_at(ward, 0), QUALITY_VALID);
        assert_non_null(strstr(ward->text, "10 identity_changed end ended high -1\n"));
        ward_close(ward);
    }
}

/* A reload leaves a bus alone: nobody says again who it is. */
static void test_a_reload_in_doubt(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 0);
    polls(ward, 2, 3, 0, 7);
    polls(ward, 4, 8, 0, 8);
    unsigned values = 0;
    for (unsigned i = 0; i < ward->journal_count; i++) {
        if (ward->journal[i].kind == OBSERVATION_VALUE) {
            ward->journal[values++] = ward->journal[i];
        }
    }
    ward->journal_count = values;
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 8500, .journal_from_ms = 5500};
    struct ward *after = ward_restart(ward, &lost);
    ward_value(after, 9, VITAL_hr, 80);
    ward_until(after, 9);
    assert_int_equal(quality_at(after, 0), QUALITY_IDENTITY);
    assert_int_equal(assign(after, 9.5, 0), VERDICT_ACCEPTED);
    ward_value(after, 10, VITAL_hr, 80);
    ward_until(after, 10);
    assert_int_equal(quality_at(after, 0), QUALITY_VALID);
    poll(after, 11, 0, 8, 80);
    assert_int_equal(known_at(after, 0), 8);
    ward_close(ward);
    ward_close(after);
}

/* Confirmed it stays confirmed, though the journal shows that it was in doubt; its values of then stay out of windows. */
static void test_a_restart_after_the_confirmation(void **state)
{
    (void)state;
    struct ward *ward = start();
    ward_config.rules[0].delay_ms = 4000;
    admit(ward, 1, 0);
    polls(ward, 2, 3, 0, 7);
    for (int t = 4; t <= 8; t++) {
        poll(ward, t, 0, 8, 130);
    }
    assert_int_equal(assign(ward, 8.2, 0), VERDICT_ACCEPTED);
    ward->text[0] = '\0';
    ward = ward_restart_at(ward, 8.5, false);
    for (int t = 9; t <= 13; t++) {
        poll(ward, t, 0, 8, 130);
    }
    ward_expect(ward, "13 r start active low 130\n"); /* the delay began at 9 */
    ward_close(ward);
}

/* Known elsewhere it stays in doubt: over a restart, too, with the same words, and told once. */
static void test_a_restart_while_known_elsewhere(void **state)
{
    (void)state;
    struct ward *ward = start();
    admit(ward, 1, 1);
    polls(ward, 2, 5, 1, 7);
    poll(ward, 6, 0, 7, 80);
    ward->text[0] = '\0';
    ward = ward_restart_at(ward, 7, false);
    poll(ward, 8, 0, 7, 80);
    assert_int_equal(quality_at(ward, 0), QUALITY_IDENTITY);
    ward_expect(ward, "");
    ward_close(ward);
}

/* --- refused registers -------------------------------------------------------------------------------------------- */

static void refuse(struct ward *ward, double seconds, enum vital vital, bool refused)
{
    const struct observation o = {.kind = OBSERVATION_REFUSED, .vital = (uint8_t)vital, .value_milli = refused};
    ward_observe(ward, seconds, &o);
    ward_until(ward, seconds);
}

/* An advisory that names them; it ends when all answer. What the bed does not have concerns nobody. */
static void test_refused_registers(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_resp, 1000);
    struct ward *ward = ward_start();
    refuse(ward, 1, VITAL_etco2, true);
    ward_expect(ward, "");
    refuse(ward, 2, VITAL_resp, true);
    refuse(ward, 3, VITAL_resp, true);
    refuse(ward, 4, VITAL_hr, true);
    ward_expect(ward, "2 register_refused start active none -1\n4 register_refused update active none -1\n");
    assert_string_equal(ward_newest(ward)->detail, "hr, resp");
    assert_int_equal(ward_newest(ward)->kind, KIND_ADVISORY);
    ward_value(ward, 5, VITAL_hr, 80); /* it answers after all */
    ward_until(ward, 5);
    assert_string_equal(ward_newest(ward)->detail, "resp");
    refuse(ward, 6, VITAL_resp, false);
    ward_expect(ward, "5 register_refused update active none -1\n6 register_refused end ended none -1\n");
    ward_close(ward);
}

/* Said once, long ago: after a restart it is known still. */
static void test_refused_over_a_restart(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_resp, 1000);
    struct ward *ward = ward_start();
    refuse(ward, 1, VITAL_resp, true);
    ward->text[0] = '\0';
    ward = ward_restart_at(ward, 2, true);
    for (int t = 3; t <= 40; t++) {
        ward_heard(ward, t, 0);
    }
    ward_expect(ward, "2 register_refused update active none -1\n"); /* verified at once: nothing else says so */
    refuse(ward, 41, VITAL_resp, false);
    ward_expect(ward, "41 register_refused end ended none -1\n");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_one_is_taken),
        cmocka_unit_test(test_another_one_answers),
        cmocka_unit_test(test_which_one),
        cmocka_unit_test(test_a_monitor_of_another_bed),
        cmocka_unit_test(test_a_monitor_that_moved),
        cmocka_unit_test(test_the_other_bed_gives_it_up),
        cmocka_unit_test(test_the_other_bed_keeps_it),
        cmocka_unit_test(test_two_monitors_with_one_identity),
        cmocka_unit_test(test_a_stay_begins),
        cmocka_unit_test(test_a_stay_ends),
        cmocka_unit_test(test_its_alarms_are_told),
        cmocka_unit_test(test_a_restart_in_doubt),
        cmocka_unit_test(test_a_reload_in_doubt),
        cmocka_unit_test(test_a_restart_after_the_confirmation),
        cmocka_unit_test(test_a_restart_while_known_elsewhere),
        cmocka_unit_test(test_refused_registers),
        cmocka_unit_test(test_refused_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
