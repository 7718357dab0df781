/*
 * Pauses by command: what they silence and what breaks through, how they end, what reminds of them; rules that are off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

#define LOUD   INACTIVATION_NONE
#define AUDIO  INACTIVATION_AUDIO_PAUSED
#define ALARM  INACTIVATION_ALARM_PAUSED
#define SEEN   INACTIVATION_ACKNOWLEDGED
#define MEDIUM 0 /* rules by index */
#define HIGH   1

/* A live bed: `m` above 120/min (medium), `h` below 80 % (high). */
static void configure(void)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("m", "last(hr) > limit", NULL, 120, PRIORITY_MEDIUM);
    ward_add_rule("h", "last(spo2) < limit", NULL, 80, PRIORITY_HIGH);
    ward_config.engine.pause = (struct pause_config){.audio_ms = 120000,
                                                     .audio_ms_max = 300000,
                                                     .alarm_ms = 180000,
                                                     .alarm_ms_max = 200000,
                                                     .alarm_roles = 1U << ROLE_charge};
}

static struct ward *start_admitted(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_values(ward, 0, 1, VITAL_hr, 80);
    ward_value(ward, 1, VITAL_spo2, 97);
    ward_until(ward, 1);
    return ward;
}

static struct bed_command command_of(const struct ward *ward, enum command_kind kind, enum pause_what what, int seconds)
{
    return (struct bed_command){.kind = (uint8_t)kind,
                                .role = ROLE_charge,
                                .what = (uint8_t)what,
                                .rule = RULE_NONE,
                                .stay = ward_stay(ward, 0),
                                .duration_ms = (uint32_t)seconds * 1000};
}

static enum command_verdict pause_for(struct ward *ward, double at_s, enum pause_what what, int seconds)
{
    const struct bed_command command = command_of(ward, COMMAND_pause, what, seconds);
    return ward_command(ward, at_s, &command);
}

static enum command_verdict pause_rule(struct ward *ward, double at_s, enum pause_what what, uint16_t rule)
{
    struct bed_command command = command_of(ward, COMMAND_pause, what, 60);
    command.rule = rule;
    return ward_command(ward, at_s, &command);
}

static enum command_verdict resume(struct ward *ward, double at_s, enum pause_what what, uint16_t rule)
{
    struct bed_command command = command_of(ward, COMMAND_resume, what, 0);
    command.rule = rule;
    return ward_command(ward, at_s, &command);
}

static void assert_is(const struct ward *ward, const char *name, enum alarm_phase phase, double at_s,
                      enum alarm_inactivation inactivation)
{
    const struct alert *alert = ward_newest_of(ward, name);
    assert_non_null(alert);
    assert_int_equal(alert->phase, phase);
    assert_int_equal(alert->at_ms, (int64_t)(at_s * 1000));
    assert_int_equal(alert->inactivation, inactivation);
}

static bool has_told(const struct ward *ward, const char *name)
{
    char other[ALARM_NAME_MAX];
    for (unsigned i = 0; i < ward->record_count; i++) {
        if (ward->records[i].kind != RECORD_ALERT) {
            continue;
        }
        alarm_name(&ward_config.engine, &ward->records[i].alert, other);
        if (strcmp(other, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What is active and what begins is silenced, for as long as was asked; then what is still there says so. */
static void test_an_audio_pause(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_hr, 130);
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 10), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_UPDATE, 3, AUDIO);
    assert_is(ward, "alarms_paused", PHASE_START, 3, LOUD);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "audio paused 10 s more");
    ward_value(ward, 4, VITAL_hr, 80);
    ward_value(ward, 5, VITAL_hr, 131);
    ward_until(ward, 5);
    assert_is(ward, "m", PHASE_START, 5, AUDIO);
    ward_until(ward, 12.999);
    assert_is(ward, "m", PHASE_START, 5, AUDIO);
    ward_until(ward, 13);
    assert_is(ward, "m", PHASE_UPDATE, 13, LOUD);
    assert_is(ward, "alarms_paused", PHASE_END, 13, LOUD);
    ward_expect(ward,
                "2 m start active medium 130\n3 m update active medium 130\n"
                "3 alarms_paused start active none -1\n4 m end ended medium 80\n"
                "5 m start active medium 131\n13 m update active medium 131\n13 alarms_paused end ended none -1\n");
    ward_close(ward);
}

/* One that ends at the very instant a pause does needs no word of the pause; one that begins then is not silenced. */
static void test_the_instant_of_its_end(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 10), VERDICT_ACCEPTED);
    ward_value(ward, 13, VITAL_hr, 130);
    ward_until(ward, 13);
    assert_is(ward, "m", PHASE_START, 13, LOUD);
    ward_close(ward);
}

/* High breaks through an audio pause when it begins, at its very instant, too; one that was there before is silenced,
 * and another pause silences what broke through. */
static void test_high_breaks_through_audio(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_spo2, 70);
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 60), VERDICT_ACCEPTED);
    assert_is(ward, "h", PHASE_UPDATE, 3, AUDIO);
    ward_value(ward, 4, VITAL_spo2, 95);
    ward_value(ward, 5, VITAL_spo2, 71);
    ward_until(ward, 5);
    assert_is(ward, "h", PHASE_START, 5, LOUD);
    assert_int_equal(pause_for(ward, 6, PAUSE_AUDIO, 60), VERDICT_ACCEPTED);
    assert_is(ward, "h", PHASE_UPDATE, 6, AUDIO);
    ward_value(ward, 7, VITAL_spo2, 95);
    ward_value(ward, 8, VITAL_spo2, 71);
    assert_int_equal(pause_for(ward, 8, PAUSE_AUDIO, 60), VERDICT_ACCEPTED);
    assert_is(ward, "h", PHASE_START, 8, LOUD);
    ward_close(ward);
}

/* A latched one of high priority that is met again is as good as a new one. */
static void test_latched_and_met_again(void **state)
{
    (void)state;
    configure();
    ward_config.rules[HIGH].latching = true;
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_spo2, 70);
    ward_value(ward, 3, VITAL_spo2, 95);
    assert_int_equal(pause_for(ward, 4, PAUSE_AUDIO, 60), VERDICT_ACCEPTED);
    assert_is(ward, "h", PHASE_UPDATE, 4, AUDIO);
    ward_value(ward, 5, VITAL_spo2, 70);
    ward_until(ward, 5);
    assert_is(ward, "h", PHASE_UPDATE, 5, LOUD);
    ward_close(ward);
}

/* No signals at all, of high priority neither; but that is told at once. */
static void test_an_alarm_pause(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_for(ward, 2, PAUSE_ALARM, 0), VERDICT_ACCEPTED);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "alarm paused 180 s more");
    ward_value(ward, 5, VITAL_spo2, 70);
    ward_until(ward, 5);
    assert_is(ward, "h", PHASE_START, 5, ALARM);
    assert_is(ward, "alarms_paused", PHASE_UPDATE, 5, LOUD);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "HIGH h, alarm paused 177 s more");
    ward_value(ward, 6, VITAL_spo2, 95);
    ward_until(ward, 6);
    assert_is(ward, "h", PHASE_END, 6, ALARM);
    assert_is(ward, "alarms_paused", PHASE_UPDATE, 6, LOUD);
    ward_close(ward);
}

/* Of what holds for an alarm the strongest counts, and what is weaker comes back behind it. */
static void test_which_of_them_counts(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_hr, 130);
    ward_until(ward, 2);
    const struct alert start = *ward_newest_of(ward, "m");
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 60), VERDICT_ACCEPTED);
    assert_int_equal(pause_for(ward, 4, PAUSE_ALARM, 10), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_UPDATE, 4, ALARM);
    ward_until(ward, 14);
    assert_is(ward, "m", PHASE_UPDATE, 14, AUDIO);
    assert_int_equal(ward_acknowledge(ward, 15, &start), VERDICT_REVISION);
    assert_int_equal(ward_acknowledge(ward, 16, ward_newest_of(ward, "m")), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_ACKNOWLEDGE, 16, SEEN);
    assert_int_equal(pause_for(ward, 17, PAUSE_ALARM, 10), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_UPDATE, 17, ALARM);
    assert_int_equal(ward_acknowledge(ward, 18, ward_newest_of(ward, "m")), VERDICT_NOTHING);
    ward_until(ward, 27);
    assert_is(ward, "m", PHASE_UPDATE, 27, SEEN);
    assert_int_equal(resume(ward, 28, PAUSE_NONE, RULE_NONE), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_UPDATE, 27, SEEN); /* nothing new for it */
    ward_close(ward);
}

/* Of one rule: no other is silenced. Its not_monitored is. */
static void test_one_rule(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_rule(ward, 2, PAUSE_ALARM, HIGH), VERDICT_ACCEPTED);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "h alarm paused 60 s more");
    ward_value(ward, 3, VITAL_hr, 130);
    ward_value(ward, 3, VITAL_spo2, 70);
    ward_until(ward, 3);
    assert_is(ward, "m", PHASE_START, 3, LOUD);
    assert_is(ward, "h", PHASE_START, 3, ALARM);
    assert_int_equal(resume(ward, 4, PAUSE_NONE, MEDIUM), VERDICT_NOTHING);
    assert_int_equal(resume(ward, 4, PAUSE_AUDIO, HIGH), VERDICT_NOTHING);
    assert_int_equal(resume(ward, 4, PAUSE_ALARM, HIGH), VERDICT_ACCEPTED);
    assert_is(ward, "h", PHASE_UPDATE, 4, LOUD);
    assert_is(ward, "alarms_paused", PHASE_END, 4, LOUD);
    ward_close(ward);
}

/* A pause of a rule that today's configuration lacks runs on and says so; a rule of the ward is paused at no bed. */
static void test_a_rule_that_is_gone(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_rule(ward, 2, PAUSE_ALARM, HIGH), VERDICT_ACCEPTED);
    ward_config.engine.rule_count = 1;
    ward = ward_restart_at(ward, 12, false);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "a rule that is gone alarm paused 50 s more");
    ward_until(ward, 62);
    assert_is(ward, "alarms_paused", PHASE_END, 62, LOUD);
    ward_close(ward);
    configure();
    ward_add_ward_rule("supply", "spo2 < limit", 1, 90, PRIORITY_HIGH);
    ward = start_admitted();
    assert_int_equal(pause_rule(ward, 2, PAUSE_ALARM, 2), VERDICT_UNKNOWN_RULE);
    ward_close(ward);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(resume(ward, 2, PAUSE_NONE, RULE_NONE), VERDICT_NOTHING);
    assert_int_equal(pause_for(ward, 2, PAUSE_NONE, 10), VERDICT_NOTHING);
    assert_int_equal(pause_for(ward, 2, PAUSE_WHAT_COUNT, 10), VERDICT_NOTHING);
    assert_int_equal(pause_for(ward, 2, PAUSE_AUDIO, 301), VERDICT_BOUNDS);
    assert_int_equal(pause_for(ward, 2, PAUSE_ALARM, 201), VERDICT_BOUNDS);
    assert_int_equal(pause_rule(ward, 2, PAUSE_AUDIO, 2), VERDICT_UNKNOWN_RULE);
    assert_int_equal(resume(ward, 2, PAUSE_AUDIO, 2), VERDICT_UNKNOWN_RULE);
    struct bed_command command = command_of(ward, COMMAND_pause, PAUSE_ALARM, 10);
    command.role = ROLE_nurse;
    assert_int_equal(ward_command(ward, 3, &command), VERDICT_ROLE);
    command.what = PAUSE_AUDIO;
    assert_int_equal(ward_command(ward, 4, &command), VERDICT_ACCEPTED);
    command.what = PAUSE_ALARM;
    command.role = ROLE_local;
    assert_int_equal(ward_command(ward, 5, &command), VERDICT_ACCEPTED);
    command.stay++;
    assert_int_equal(ward_command(ward, 6, &command), VERDICT_STAY);
    ward_close(ward);
}

/* The longest is allowed; what nobody allows is refused. */
static void test_bounds(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_for(ward, 2, PAUSE_AUDIO, 300), VERDICT_ACCEPTED);
    assert_int_equal(ward->records[ward->record_count - 1].command.duration_ms, 300000);
    assert_int_equal(pause_for(ward, 2, PAUSE_ALARM, 0), VERDICT_ACCEPTED);
    assert_int_equal(ward->records[ward->record_count - 1].command.duration_ms, 180000);
    ward_close(ward);
    ward_config.engine.pause = (struct pause_config){.alarm_roles = 3};
    ward = start_admitted();
    assert_int_equal(pause_for(ward, 2, PAUSE_AUDIO, 0), VERDICT_BOUNDS);
    ward_close(ward);
}

/* One for each rule and for the bed, of each kind; the same again takes the place of the one before. */
static void test_as_many_as_there_is_room_for(void **state)
{
    (void)state;
    static const char *const names[] = {"r2", "r3", "r4", "r5", "r6", "r7"};
    configure();
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        ward_add_rule(names[i], "last(hr) > limit", NULL, 200, PRIORITY_LOW);
    }
    struct ward *ward = start_admitted();
    for (uint16_t rule = 0; rule < 8; rule++) {
        assert_int_equal(pause_rule(ward, 2 + rule, PAUSE_AUDIO, rule), VERDICT_ACCEPTED);
    }
    assert_int_equal(pause_rule(ward, 11, PAUSE_ALARM, 0), VERDICT_FULL);
    assert_int_equal(pause_rule(ward, 12, PAUSE_AUDIO, 3), VERDICT_ACCEPTED);
    assert_int_equal(resume(ward, 13, PAUSE_NONE, 5), VERDICT_ACCEPTED);
    assert_int_equal(pause_rule(ward, 14, PAUSE_ALARM, 0), VERDICT_ACCEPTED);
    assert_int_equal(resume(ward, 15, PAUSE_NONE, RULE_NONE), VERDICT_ACCEPTED);
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        assert_int_equal(view.pauses[i].what, PAUSE_NONE);
    }
    ward_close(ward);
}

/* The next patient has none of it. */
static void test_the_stay_ends(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_for(ward, 2, PAUSE_ALARM, 100), VERDICT_ACCEPTED);
    assert_int_equal(ward_tell(ward, 3, COMMAND_discharge), VERDICT_ACCEPTED);
    assert_is(ward, "alarms_paused", PHASE_END, 3, LOUD);
    assert_int_equal(ward_tell(ward, 4, COMMAND_admit), VERDICT_ACCEPTED);
    ward_value(ward, 5, VITAL_hr, 130);
    ward_until(ward, 5);
    assert_is(ward, "m", PHASE_START, 5, LOUD);
    ward_close(ward);
}

/* A restart midway: time that passed counts, and what it has ended is told. */
static void test_a_restart(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_hr, 130);
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 30), VERDICT_ACCEPTED);
    ward = ward_restart_at(ward, 20, false);
    assert_is(ward, "m", PHASE_UPDATE, 3, AUDIO);
    ward_until(ward, 33);
    assert_is(ward, "m", PHASE_UPDATE, 33, LOUD);
    assert_int_equal(pause_for(ward, 34, PAUSE_AUDIO, 30), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_UPDATE, 34, AUDIO);
    ward = ward_restart_at(ward, 80, false);
    assert_is(ward, "m", PHASE_UPDATE, 80, LOUD);
    assert_is(ward, "alarms_paused", PHASE_END, 80, LOUD);
    ward_close(ward);
}

/* Acknowledged under an alarm pause, it is acknowledged after a restart and the pause, too. */
static void test_a_restart_keeps_what_is_behind_a_pause(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_hr, 130);
    ward_until(ward, 2);
    assert_int_equal(ward_acknowledge(ward, 3, ward_newest_of(ward, "m")), VERDICT_ACCEPTED);
    assert_int_equal(pause_for(ward, 4, PAUSE_ALARM, 30), VERDICT_ACCEPTED);
    assert_is(ward, "m", PHASE_UPDATE, 4, ALARM);
    ward = ward_restart_at(ward, 50, false);
    assert_is(ward, "m", PHASE_UPDATE, 50, SEEN);
    ward_close(ward);
}

static const struct monitor_alarm asystole = {.kind = KIND_PHYSIOLOGICAL,
                                              .priority = PRIORITY_MEDIUM,
                                              .vital = VITAL_NONE,
                                              .name = "asystole",
                                              .text = "Asystole"};

/* What the monitor says of its own alarm stands beside a pause, and comes back behind it. */
static void test_a_monitors_own_alarm(void **state)
{
    (void)state;
    configure();
    ward_config.beds[0].reports_alarms = true;
    struct ward *ward = start_admitted();
    struct monitor_alarm alarm = asystole;
    alarm.inactivation = AUDIO;
    ward_say_alarm(ward, 2, &alarm);
    ward_until(ward, 2);
    assert_is(ward, "monitor.asystole", PHASE_START, 2, AUDIO);
    assert_int_equal(pause_for(ward, 3, PAUSE_ALARM, 10), VERDICT_ACCEPTED);
    assert_is(ward, "monitor.asystole", PHASE_UPDATE, 3, ALARM);
    ward = ward_restart_at(ward, 5, false);
    ward_until(ward, 13);
    assert_is(ward, "monitor.asystole", PHASE_UPDATE, 13, AUDIO);
    alarm.inactivation = LOUD;
    ward_say_alarm(ward, 14, &alarm);
    ward_until(ward, 14);
    assert_is(ward, "monitor.asystole", PHASE_UPDATE, 14, LOUD);
    ward_close(ward);
}

/* While a pause is on it says so again and again, with what is left of it. */
static void test_the_reminder(void **state)
{
    (void)state;
    configure();
    ward_config.engine.pause.reminder_ms = 20000;
    struct ward *ward = start_admitted();
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 50), VERDICT_ACCEPTED);
    ward_until(ward, 23);
    assert_is(ward, "alarms_paused", PHASE_UPDATE, 23, LOUD);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "audio paused 30 s more");
    ward = ward_restart_at(ward, 30, false);
    ward_until(ward, 53);
    assert_is(ward, "alarms_paused", PHASE_END, 53, LOUD);
    ward_close(ward);
}

/* Somebody knows of an alarm that was acknowledged; long after nobody may remember. */
static void test_the_reminder_of_what_is_acknowledged(void **state)
{
    (void)state;
    configure();
    ward_config.engine.pause.reminder_off_ms = 60000;
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_hr, 130);
    ward_until(ward, 2);
    assert_int_equal(ward_acknowledge(ward, 3, ward_newest_of(ward, "m")), VERDICT_ACCEPTED);
    ward_until(ward, 62.999);
    assert_false(has_told(ward, "alarms_paused"));
    ward_until(ward, 63);
    assert_is(ward, "alarms_paused", PHASE_START, 63, LOUD);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "1 acknowledged");
    ward_until(ward, 123);
    assert_is(ward, "alarms_paused", PHASE_UPDATE, 123, LOUD);
    ward_value(ward, 130, VITAL_hr, 80);
    ward_until(ward, 130);
    assert_is(ward, "alarms_paused", PHASE_END, 130, LOUD);
    ward_close(ward);
}

/* A rule that the configuration switches off at a bed raises nothing, and is never forgotten. */
static void test_a_rule_that_is_off(void **state)
{
    (void)state;
    configure();
    ward_config.engine.pause.reminder_off_ms = 60000;
    ward_config.overrides[0] = (struct override_config){.rule = HIGH, .parameter = OVERRIDE_OFF, .value_milli = 1};
    ward_config.beds[0].override_count = 1;
    assert_true(rule_is_off(&ward_config.beds[0], HIGH));
    assert_false(rule_is_off(&ward_config.beds[0], MEDIUM));
    struct ward *ward = start_admitted();
    ward_value(ward, 2, VITAL_spo2, 40);
    ward_until(ward, 200);
    assert_false(has_told(ward, "h") || has_told(ward, "h.not_monitored"));
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "h is off");
    assert_is(ward, "alarms_paused", PHASE_UPDATE, 180, LOUD);
    assert_int_equal(pause_rule(ward, 201, PAUSE_AUDIO, HIGH), VERDICT_UNKNOWN_RULE);
    assert_int_equal(ward_tell(ward, 202, COMMAND_discharge), VERDICT_ACCEPTED);
    assert_is(ward, "alarms_paused", PHASE_END, 202, LOUD);
    ward_close(ward);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(pause_word(PAUSE_AUDIO), "audio");
    assert_string_equal(pause_word(PAUSE_ALARM), "alarm");
    assert_string_equal(pause_word(PAUSE_NONE), "none");
    assert_string_equal(pause_word(99), "unknown");
    assert_int_not_equal(pause_key("spo2_low"), pause_key("spo2_desat"));
    assert_int_not_equal(pause_key("spo2_low"), limit_key("spo2_low", "limit"));
}

/* Who has seen the reminder does not keep it up: it ends with what it reminds of. */
static void test_an_acknowledged_reminder_ends(void **state)
{
    (void)state;
    configure();
    struct ward *ward = start_admitted();
    assert_int_equal(pause_for(ward, 3, PAUSE_AUDIO, 10), VERDICT_ACCEPTED);
    assert_int_equal(ward_acknowledge(ward, 4, ward_newest_of(ward, "alarms_paused")), VERDICT_ACCEPTED);
    ward_values(ward, 5, 20, VITAL_hr, 80);
    assert_is(ward, "alarms_paused", PHASE_END, 13, SEEN);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_acknowledged_reminder_ends),
        cmocka_unit_test(test_an_audio_pause),
        cmocka_unit_test(test_the_instant_of_its_end),
        cmocka_unit_test(test_high_breaks_through_audio),
        cmocka_unit_test(test_latched_and_met_again),
        cmocka_unit_test(test_an_alarm_pause),
        cmocka_unit_test(test_which_of_them_counts),
        cmocka_unit_test(test_one_rule),
        cmocka_unit_test(test_a_rule_that_is_gone),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_as_many_as_there_is_room_for),
        cmocka_unit_test(test_the_stay_ends),
        cmocka_unit_test(test_a_restart),
        cmocka_unit_test(test_a_restart_keeps_what_is_behind_a_pause),
        cmocka_unit_test(test_a_monitors_own_alarm),
        cmocka_unit_test(test_the_reminder),
        cmocka_unit_test(test_the_reminder_of_what_is_acknowledged),
        cmocka_unit_test(test_a_rule_that_is_off),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
