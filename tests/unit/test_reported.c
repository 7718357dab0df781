/*
 * Alarms that monitors tell by name: from the first word to the last, what silence means, and what is kept when there are
 * too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static void reporting_bed(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_config.beds[0].reports_alarms = true;
    ward_config.beds[0].monitor_period_ms[0] = 3600000; /* its silence is not what these tests are about */
}

/* A bed with a patient since 0. */
static struct ward *start_admitted(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_until(ward, 0);
    return ward;
}

static uint64_t dropped(const struct ward *ward)
{
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    return counts.reported_dropped;
}

static struct monitor_alarm lead_off(void)
{
    return (struct monitor_alarm){
        .priority = PRIORITY_LOW, .kind = KIND_TECHNICAL, .vital = VITAL_hr, .name = "lead_off", .text = "Lead RA off"};
}

/* --- its life ------------------------------------------------------------------------------------------------------ */

/* It says what the monitor says, and of the monitor; a repetition is no news. */
static void test_a_life(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    struct monitor_alarm alarm = lead_off();
    ward_say_alarm(ward, 1, &alarm);
    ward_say_alarm(ward, 5, &alarm);
    ward_until(ward, 5);
    ward_expect(ward, "1 monitor.lead_off start active low -1\n");
    const struct alert *a = ward_newest(ward);
    assert_true(a->kind == KIND_TECHNICAL && a->source == SOURCE_MONITOR && a->reason == REASON_NONE);
    assert_int_equal(a->vital, VITAL_hr);
    assert_string_equal(a->detail, "Lead RA off");
    assert_string_equal(a->reported, "lead_off");
    (void)snprintf(alarm.text, sizeof alarm.text, "Lead LA off");
    ward_say_alarm(ward, 6, &alarm);
    alarm.priority = PRIORITY_HIGH;
    ward_say_alarm(ward, 7, &alarm);
    alarm.priority = PRIORITY_MEDIUM;
    ward_say_alarm(ward, 8, &alarm);
    alarm.inactivation = INACTIVATION_AUDIO_PAUSED;
    ward_say_alarm(ward, 9, &alarm);
    ward_until(ward, 9);
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_AUDIO_PAUSED);
    assert_string_equal(ward_newest(ward)->detail, "Lead LA off");
    ward_until(ward, 1000); /* not said again, for it is not of those that are */
    alarm.phase = MONITOR_ALARM_ENDED;
    ward_say_alarm(ward, 1001, &alarm);
    ward_say_alarm(ward, 1002, &alarm);
    ward_until(ward, 1002);
    ward_expect(ward, "6 monitor.lead_off update active low -1\n7 monitor.lead_off escalate active high -1\n"
                      "8 monitor.lead_off deescalate active medium -1\n9 monitor.lead_off update active medium -1\n"
                      "1001 monitor.lead_off end ended medium -1\n");
    ward_say(ward, 1003, "lead_off", PRIORITY_LOW); /* without words its name stands for them */
    ward_until(ward, 1003);
    assert_string_equal(ward_newest(ward)->detail, "lead_off");
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

/* An advisory without priority is one. */
static void test_an_advisory(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    struct monitor_alarm alarm = {.kind = KIND_ADVISORY, .vital = VITAL_NONE, .name = "check_electrodes"};
    ward_say_alarm(ward, 1, &alarm);
    ward_until(ward, 1);
    ward_expect(ward, "1 monitor.check_electrodes start active none -1\n");
    assert_int_equal(ward_newest(ward)->kind, KIND_ADVISORY);
    ward_close(ward);
}

/* All words of an instant are heard before it is told; what came or went in between is told, too. */
static void test_within_an_instant(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "a", PRIORITY_LOW);
    ward_say_end(ward, 1, "a");
    ward_until(ward, 1);
    ward_expect(ward, "1 monitor.a start active low -1\n1 monitor.a end ended low -1\n");
    ward_say(ward, 2, "a", PRIORITY_LOW);
    ward_until(ward, 2);
    ward_say_end(ward, 3, "a");
    ward_say(ward, 3, "a", PRIORITY_MEDIUM);
    ward_until(ward, 3);
    ward_expect(ward, "2 monitor.a start active low -1\n3 monitor.a end ended low -1\n"
                      "3 monitor.a start active medium -1\n");
    ward_say_end(ward, 4, "a");
    ward_say(ward, 4, "a", PRIORITY_LOW);
    ward_say_end(ward, 4, "a");
    ward_until(ward, 4);
    ward_expect(ward, "4 monitor.a end ended medium -1\n");
    ward_close(ward);
}

/* Its own acknowledgement holds whatever is repeated; another priority needs one anew. So does the monitor's word for it. */
static void test_acknowledged(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_MEDIUM);
    ward_until(ward, 1);
    assert_int_equal(ward_acknowledge(ward, 2, ward_newest(ward)), VERDICT_ACCEPTED);
    ward_say(ward, 3, "vtach", PRIORITY_MEDIUM);
    ward_until(ward, 3);
    ward_expect(ward, "1 monitor.vtach start active medium -1\n2 monitor.vtach acknowledge active medium -1\n");
    ward_say(ward, 4, "vtach", PRIORITY_HIGH);
    ward_until(ward, 4);
    ward_expect(ward, "4 monitor.vtach escalate active high -1\n");
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_NONE);
    struct monitor_alarm alarm = {.priority = PRIORITY_HIGH,
                                  .inactivation = INACTIVATION_ACKNOWLEDGED,
                                  .vital = VITAL_NONE,
                                  .is_repeated = true,
                                  .name = "vtach"};
    ward_say_alarm(ward, 5, &alarm);
    ward_until(ward, 5);
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_ACKNOWLEDGED);
    alarm.inactivation = INACTIVATION_NONE;
    ward_say_alarm(ward, 6, &alarm);
    ward_until(ward, 6);
    ward_expect(ward, "5 monitor.vtach update active high -1\n6 monitor.vtach update active high -1\n");
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

/* What is less urgent than it was when somebody acknowledged it is no news. */
static void test_acknowledged_it_comes_down(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_until(ward, 1);
    assert_int_equal(ward_acknowledge(ward, 2, ward_newest(ward)), VERDICT_ACCEPTED);
    ward_say(ward, 3, "vtach", PRIORITY_LOW);
    ward_until(ward, 3);
    assert_int_equal(ward_newest(ward)->phase, PHASE_DEESCALATE);
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_ACKNOWLEDGED);
    ward_say(ward, 4, "vtach", PRIORITY_MEDIUM);
    ward_until(ward, 4);
    assert_int_equal(ward_newest(ward)->phase, PHASE_ESCALATE);
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

/* One whose name a bit of this bed has, too, is another alarm. */
static void test_a_name_that_a_bit_has(void **state)
{
    (void)state;
    reporting_bed();
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    ward_add_signal("a_name_that_is_as_long_as_a_name_can_be", SIGNAL_monitor_alarm_low, 0, 1);
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_LOW);
    ward_say(ward, 2, "a_name_that_is_as_long_as_a_name_can_be", PRIORITY_LOW);
    ward_signal(ward, 3, 0, 0, true);
    ward_say_end(ward, 4, "vtach");
    ward_until(ward, 4);
    ward_expect(ward, "1 monitor.vtach_reported start active low -1\n"
                      "2 monitor.a_name_that_is_as_long_as_a_na_reported start active low -1\n"
                      "3 monitor.vtach start active high -1\n4 monitor.vtach_reported end ended low -1\n");
    ward_close(ward);
}

/* --- silence --------------------------------------------------------------------------------------------------------- */

/* One that is said again at intervals, and is not: nobody knows. It ends nothing, and ends with the next word. */
static void test_silence(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_say(ward, 20, "vtach", PRIORITY_HIGH);
    ward_until(ward, 54.999);
    ward_expect(ward, "1 monitor.vtach start active high -1\n");
    ward_until(ward, 200);
    ward_expect(ward, "55 monitor.vtach.not_monitored start active high -1\n");
    const struct alert *a = ward_newest(ward);
    assert_true(a->kind == KIND_TECHNICAL && a->reason == REASON_NOT_MONITORED && a->violated_at_ms == 20000);
    ward_say(ward, 201, "vtach", PRIORITY_HIGH);
    ward_until(ward, 201);
    ward_expect(ward, "201 monitor.vtach.not_monitored end ended high -1\n");
    ward_until(ward, 236);
    ward_say_end(ward, 240, "vtach");
    ward_until(ward, 300);
    ward_expect(ward, "236 monitor.vtach.not_monitored start active high -1\n"
                      "240 monitor.vtach.not_monitored end ended high -1\n240 monitor.vtach end ended high -1\n");
    ward_close(ward);
}

/* Not while the patient is away; from the return on it counts anew. */
static void test_silence_while_away(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_until(ward, 36);
    struct bed_command away = {.kind = COMMAND_away, .stay = ward_stay(ward, 0), .duration_ms = 60000};
    assert_int_equal(ward_command(ward, 40, &away), VERDICT_ACCEPTED);
    ward_until(ward, 200);
    ward_expect(ward, "1 monitor.vtach start active high -1\n36 monitor.vtach.not_monitored start active high -1\n"
                      "40 patient_away start active none -1\n40 monitor.vtach.not_monitored end ended high -1\n"
                      "100 patient_away end ended none -1\n135 monitor.vtach.not_monitored start active high -1\n");
    ward_close(ward);
}

/* --- too many -------------------------------------------------------------------------------------------------------- */

static void say_number(struct ward *ward, double seconds, unsigned number, enum priority priority)
{
    char name[16];
    (void)snprintf(name, sizeof name, "n%u", number);
    ward_say(ward, seconds, name, priority);
}

/* The most urgent ones are kept, what gives way ends with its alert, and all is counted. */
static void test_too_many(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        say_number(ward, 1, i, i == 5 ? PRIORITY_LOW : PRIORITY_MEDIUM);
    }
    ward_until(ward, 1);
    ward->text[0] = '\0';
    say_number(ward, 2, 20, PRIORITY_LOW);
    ward_until(ward, 2);
    ward_expect(ward, "");
    assert_int_equal(dropped(ward), 1);
    say_number(ward, 3, 21, PRIORITY_HIGH);
    ward_until(ward, 3);
    ward_expect(ward, "3 monitor.n5 end ended low -1\n3 monitor.n21 start active high -1\n");
    assert_int_equal(dropped(ward), 2);
    say_number(ward, 4, 22, PRIORITY_MEDIUM);
    ward_until(ward, 4);
    assert_int_equal(dropped(ward), 3);
    ward_say_end(ward, 5, "n0"); /* room: what is said again begins */
    ward_until(ward, 5);
    say_number(ward, 6, 20, PRIORITY_LOW);
    ward_until(ward, 6);
    ward_expect(ward, "5 monitor.n0 end ended medium -1\n6 monitor.n20 start active low -1\n");
    ward_close(ward);
}

/* In one instant, too: the place of one that ends, and of one that was not told yet. */
static void test_too_many_at_once(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        say_number(ward, 1, i, PRIORITY_MEDIUM);
    }
    ward_until(ward, 1);
    ward->text[0] = '\0';
    ward_say_end(ward, 2, "n3");
    say_number(ward, 2, 20, PRIORITY_NONE);
    say_number(ward, 2, 21, PRIORITY_LOW);
    say_number(ward, 2, 22, PRIORITY_LOW);
    ward_until(ward, 2);
    ward_expect(ward, "2 monitor.n3 end ended medium -1\n2 monitor.n21 start active low -1\n");
    assert_int_equal(dropped(ward), 2);
    ward_close(ward);
}

/* What is no alarm, or comes from where nobody reports, is not taken, and counted. */
static void test_what_is_none(void **state)
{
    (void)state;
    reporting_bed();
    ward_add_second_bed();
    ward_config.beds[1].reports_alarms = false;
    struct ward *ward = start_admitted();
    struct monitor_alarm bad[10];
    for (unsigned i = 0; i < 10; i++) {
        bad[i] = lead_off();
        bad[i].at_ms = 1000;
    }
    bad[0].name[0] = '\0';
    bad[1].name[4] = '/';
    memset(bad[2].name, 'a', sizeof bad[2].name);
    memset(bad[3].text, 'a', sizeof bad[3].text);
    bad[4].priority = PRIORITY_HIGH + 1;
    bad[5].kind = KIND_ADVISORY + 1;
    bad[6].inactivation = INACTIVATION_ALARM_PAUSED + 1;
    bad[7].bed = 1;
    bad[8].phase = MONITOR_ALARM_ENDED + 1;
    bad[9].vital = VITAL_NONE + 1;
    for (unsigned i = 0; i < 10; i++) {
        assert_false(engine_observe_alarm(ward->engine, &bad[i]));
        assert_int_equal(dropped(ward), i + 1);
    }
    ward_until(ward, 2);
    ward_expect(ward, "");
    struct monitor_alarm late = lead_off();
    late.at_ms = 999;
    assert_false(engine_observe_alarm(ward->engine, &late));
    late = (struct monitor_alarm){.at_ms = 3000, .bed = 2, .name = "a"};
    assert_false(engine_observe_alarm(ward->engine, &late));
    late = lead_off();
    late.at_ms = 3000;
    late.monitor = ENGINE_MONITORS_PER_BED_MAX;
    assert_false(engine_observe_alarm(ward->engine, &late));
    struct engine_counts counts;
    engine_count(ward->engine, &counts);
    assert_int_equal(counts.late, 3);
    ward_close(ward);
}

/* --- stays ----------------------------------------------------------------------------------------------------------- */

/* At a vacant bed it is nobody's; the stay that begins finds it there, and it goes on under another id. */
static void test_before_the_stay(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = ward_start();
    ward_values(ward, 0, 9, VITAL_hr, 80);
    ward_say(ward, 10, "vtach", PRIORITY_HIGH);
    ward_until(ward, 10);
    assert_int_equal(ward_newest(ward)->stay, 0);
    const uint64_t id = ward_newest(ward)->id;
    ward_values(ward, 10, 30, VITAL_hr, 80);
    ward_until(ward, 30);
    ward_expect(ward, "10 monitor.vtach start active high -1\n30 monitor.vtach end ended high -1\n"
                      "30 admission_not_entered start active none -1\n30 monitor.vtach start active high -1\n");
    assert_true(ward_newest(ward)->id != id && ward_newest(ward)->stay == ward_stay(ward, 0));
    assert_int_equal(ward_newest(ward)->violated_at_ms, 10000);
    assert_int_equal(ward_tell(ward, 31, COMMAND_admit), VERDICT_ACCEPTED); /* the same patient */
    ward_expect(ward, "31 admission_not_entered end ended none -1\n");
    ward_close(ward);
}

/* All of them, not said again for long, when somebody is admitted: each ends and begins with its not_monitored. */
static void test_the_most_of_an_instant(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = ward_start();
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX; i++) {
        struct monitor_alarm said = lead_off();
        said.is_repeated = true;
        (void)snprintf(said.name, sizeof said.name, "a%u", i);
        ward_say_alarm(ward, 1, &said);
    }
    ward_until(ward, 40);
    const unsigned records = ward->record_count;
    assert_int_equal(ward_tell(ward, 41, COMMAND_admit), VERDICT_ACCEPTED);
    unsigned reported = 0;
    for (unsigned i = records; i < ward->record_count; i++) {
        const struct record *r = &ward->records[i];
        reported += r->kind == RECORD_ALERT && r->alert.key.family >= ALARM_REPORTED ? 1 : 0;
    }
    assert_int_equal(reported, 4 * ENGINE_REPORTED_PER_BED_MAX); /* make.c counts on no more */
    ward_close(ward);
}

/* A discharge ends it; the next patient has it when it is said again, at that very instant or later. */
static void test_after_the_stay(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_until(ward, 40);
    ward_say(ward, 41, "other", PRIORITY_LOW); /* said at the instant of the command */
    assert_int_equal(ward_tell(ward, 41, COMMAND_admit), VERDICT_ACCEPTED);
    ward_until(ward, 100);
    ward_expect(ward, "1 monitor.vtach start active high -1\n36 monitor.vtach.not_monitored start active high -1\n"
                      "41 monitor.vtach end ended high -1\n41 monitor.vtach.not_monitored end ended high -1\n");
    ward_say(ward, 101, "vtach", PRIORITY_HIGH);
    ward_until(ward, 101);
    ward_expect(ward, "101 monitor.vtach start active high -1\n");
    assert_int_equal(ward_newest(ward)->stay, ward_stay(ward, 0));
    ward_close(ward);
}

/* --- over restarts --------------------------------------------------------------------------------------------------- */

/* It goes on under its id and is found by its name, whatever its slot; not said again, nobody knows. */
static void test_over_a_restart(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "first", PRIORITY_LOW);
    ward_say(ward, 2, "vtach", PRIORITY_HIGH);
    ward_say_end(ward, 3, "first");
    ward_until(ward, 3);
    const struct alert before = *ward_newest_of(ward, "monitor.vtach");
    ward = ward_restart_at(ward, 10, false);
    ward_say(ward, 11, "new", PRIORITY_LOW);
    ward_say(ward, 12, "vtach", PRIORITY_HIGH);
    ward_until(ward, 46);
    ward_expect(ward, "11 monitor.new start active low -1\n46 monitor.new.not_monitored start active low -1\n");
    ward_until(ward, 47);
    ward_expect(ward, "47 monitor.vtach.not_monitored start active high -1\n");
    ward = ward_restart_at(ward, 50, false);
    ward_say_end(ward, 51, "vtach");
    ward_until(ward, 51);
    ward_expect(ward, "51 monitor.vtach.not_monitored end ended high -1\n51 monitor.vtach end ended high -1\n");
    assert_int_equal(ward_newest(ward)->id, before.id);
    ward_close(ward);
}

/* A monitor that says nothing after a restart is missed as any other. */
static void test_silence_over_a_restart(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_until(ward, 1);
    struct monitor_alarm once = lead_off();
    ward_say_alarm(ward, 2, &once);
    ward_until(ward, 2);
    ward = ward_restart_at(ward, 10, false);
    ward_until(ward, 1000);
    ward_expect(ward, "45 monitor.vtach.not_monitored start active high -1\n");
    ward_close(ward);
}

/* Nobody was deaf at a reload: the time since the newest word counts on. */
static void test_silence_over_a_reload(void **state)
{
    (void)state;
    reporting_bed();
    for (int reload = 0; reload < 2; reload++) {
        struct ward *before = start_admitted();
        ward_say(before, 1, "vtach", PRIORITY_HIGH);
        ward_say(before, 2, "over", PRIORITY_LOW);
        ward_say(before, 20, "vtach", PRIORITY_HIGH);
        ward_say_end(before, 21, "over");
        ward_until(before, 30);
        const struct ward_break lost = {.committed = before->record_count, .begin_ms = 30000, .none = reload == 1};
        struct ward *ward = ward_restart(before, &lost);
        ward_close(before);
        ward_until(ward, reload == 1 ? 54.999 : 64.999);
        assert_null(strstr(ward->text, "not_monitored"));
        ward_until(ward, reload == 1 ? 55 : 65);
        assert_non_null(strstr(ward->text, reload == 1 ? "55 monitor.vtach.not_monitored start active high"
                                                       : "65 monitor.vtach.not_monitored start active high"));
        ward_close(ward);
    }
}

/* After a break of unknown length it is marked, until it is said again. */
static void test_over_a_boot(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_until(ward, 1);
    ward = ward_restart_at(ward, 1000, true);
    ward_expect(ward, "1000 monitor.vtach update active high -1\n");
    assert_true(ward_newest(ward)->unverified && ward_newest(ward)->reason == REASON_UNVERIFIED);
    ward_say(ward, 1001, "vtach", PRIORITY_HIGH);
    ward_until(ward, 1001);
    ward_expect(ward, "1001 monitor.vtach update active high -1\n");
    assert_true(!ward_newest(ward)->unverified && ward_newest(ward)->reason == REASON_NONE);
    ward_close(ward);
}

/* Acknowledged it stays so, though the monitor knows nothing of that. */
static void test_acknowledged_over_a_restart(void **state)
{
    (void)state;
    reporting_bed();
    struct ward *ward = start_admitted();
    ward_say(ward, 1, "vtach", PRIORITY_HIGH);
    ward_until(ward, 1);
    assert_int_equal(ward_acknowledge(ward, 2, ward_newest(ward)), VERDICT_ACCEPTED);
    ward = ward_restart_at(ward, 3, false);
    ward_say(ward, 4, "vtach", PRIORITY_HIGH);
    ward_until(ward, 4);
    ward_expect(ward, "");
    assert_int_equal(ward_acknowledge(ward, 5, ward_newest(ward)), VERDICT_NOTHING);
    ward_close(ward);
}

/* Names are found in the store by what they are; a bed that no longer reports has none. */
static void test_names(void **state)
{
    (void)state;
    reporting_bed();
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    struct alarm_key key;
    assert_true(alarm_find(&ward_config.engine, 0, "monitor.lead_off", &key));
    assert_true(key.bed == 0 && key.family == ALARM_REPORTED);
    assert_true(alarm_find(&ward_config.engine, 0, "monitor.lead_off.not_monitored", &key));
    assert_int_equal(key.family, ALARM_REPORTED_NOT_MONITORED);
    assert_true(alarm_find(&ward_config.engine, 0, "monitor.vtach", &key));
    assert_int_equal(key.family, ALARM_OF_MONITOR);
    assert_false(alarm_find(&ward_config.engine, 0, "monitor.lead_off.other", &key));
    assert_false(alarm_find(&ward_config.engine, 0, "lead_off", &key));
    assert_false(alarm_find(&ward_config.engine, BED_NONE, "monitor.lead_off", &key));
    ward_config.beds[0].reports_alarms = false;
    assert_false(alarm_find(&ward_config.engine, 0, "monitor.lead_off", &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_life),
        cmocka_unit_test(test_an_advisory),
        cmocka_unit_test(test_within_an_instant),
        cmocka_unit_test(test_acknowledged),
        cmocka_unit_test(test_acknowledged_it_comes_down),
        cmocka_unit_test(test_a_name_that_a_bit_has),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_silence_while_away),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_too_many_at_once),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_before_the_stay),
        cmocka_unit_test(test_the_most_of_an_instant),
        cmocka_unit_test(test_after_the_stay),
        cmocka_unit_test(test_over_a_restart),
        cmocka_unit_test(test_silence_over_a_restart),
        cmocka_unit_test(test_silence_over_a_reload),
        cmocka_unit_test(test_over_a_boot),
        cmocka_unit_test(test_acknowledged_over_a_restart),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
