/* Alarms that are no bed's: the gateway's own and those of rules over the ward. Who acknowledges them, when they escalate, what pauses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/support/supply_ward.h"

enum { BEDS = 3 };

/* SpO2 once a second at three beds, each on a line of its own; two of them below 90 at once are the condition. */
static int set_up(void **state)
{
    (void)state;
    supply_configure(BEDS, 2, PRIORITY_MEDIUM);
    rule->unknown_after_ms = 3600000;
    ward_config.engine.line_count = BEDS;
    for (unsigned b = 0; b < BEDS; b++) {
        ward_config.beds[b].monitor_line[0] = (uint16_t)b;
    }
    ward_config.engine.pause = (struct pause_config){
        .audio_ms = 60000, .audio_ms_max = 300000, .alarm_ms = 60000, .alarm_ms_max = 300000, .alarm_roles = 255};
    return 0;
}

static void lines(struct ward *ward, double seconds, unsigned down)
{
    const int64_t at_ms = (int64_t)(seconds * 1000);
    ward_until_ms(ward, at_ms - 1);
    for (uint16_t l = 0; l < (uint16_t)BEDS; l++) {
        engine_line(ward->engine, at_ms, l, (down >> l & 1U) != 0 ? LINE_DOWN : LINE_OPEN);
    }
    engine_condition(ward->engine, at_ms, BUILTIN_bus_down, down != 0, PRIORITY_NONE, down != 0 ? "lines" : "");
    ward_until_ms(ward, at_ms);
}

static enum command_verdict tell(struct ward *ward, double seconds, uint16_t bed, struct bed_command command)
{
    command.bed = bed;
    command.stay = ward_stay(ward, bed);
    command.role = ROLE_nurse;
    return ward_command(ward, seconds, &command);
}

static enum command_verdict acknowledge(struct ward *ward, double seconds, uint16_t bed, const struct alert *alert)
{
    return tell(ward, seconds, bed,
                (struct bed_command){.kind = COMMAND_acknowledge, .alarm_id = alert->id, .rev = alert->rev});
}

static enum command_verdict pause(struct ward *ward, double seconds, uint16_t bed, enum pause_what what)
{
    return tell(ward, seconds, bed, (struct bed_command){.kind = COMMAND_pause, .what = (uint8_t)what, .rule = 0});
}

static struct alert newest_of_gateway(const struct ward *ward)
{
    unsigned i = ward->record_count;
    while (i > 0 && (ward->records[i - 1].kind != RECORD_ALERT || ward->records[i - 1].bed != BED_NONE)) {
        i--;
    }
    assert_true(i > 0);
    return ward->records[i - 1].alert;
}

static struct ward *restart_at(struct ward *before, int64_t begin_ms)
{
    struct ward *after =
        ward_restart(before, &(struct ward_break){.committed = before->record_count, .begin_ms = begin_ms});
    ward_close(before);
    return after;
}

/* Of a dead line, from any bed of the ward; one bed more on the list is one that nobody has acknowledged. */
static void test_a_dead_line_is_acknowledged(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    lines(ward, 5, 1);
    const struct alert told = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 6, 2, &told), VERDICT_ACCEPTED);
    const struct alert seen = newest_of_gateway(ward);
    assert_int_equal(seen.phase, PHASE_ACKNOWLEDGE);
    assert_int_equal(seen.inactivation, INACTIVATION_ACKNOWLEDGED);
    assert_int_equal(acknowledge(ward, 7, 1, &told), VERDICT_REVISION);
    assert_int_equal(acknowledge(ward, 8, 1, &seen), VERDICT_NOTHING);
    lines(ward, 9, 3);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    const struct alert again = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 10, 1, &again), VERDICT_ACCEPTED);
    lines(ward, 11, 2); /* one less is no reason */
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_ACKNOWLEDGED);
    ward = restart_at(ward, 12000);
    lines(ward, 12.5, 2);
    lines(ward, 30, 3);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    lines(ward, 31, 0);
    assert_int_equal(acknowledge(ward, 32, 1, &again), VERDICT_UNKNOWN_ALARM);
    ward_close(ward);
}

static void test_a_dead_line_escalates(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    lines(ward, 5, 1);
    ward_until(ward, 64.999);
    ward_expect(ward, "5 bus_down start active medium -1\n");
    ward_until(ward, 66);
    ward_expect(ward, "65 bus_down escalate active high -1\n");
    lines(ward, 70, 3); /* it stays so */
    ward_expect(ward, "70 bus_down update active high -1\n");
    lines(ward, 71, 0);
    lines(ward, 72, 1); /* another occurrence begins anew */
    ward_expect(ward, "71 bus_down end ended high -1\n72 bus_down start active medium -1\n");
    const struct alert told = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 80, 0, &told), VERDICT_ACCEPTED);
    ward_until(ward, 200);
    ward_expect(ward, "80 bus_down acknowledge active medium -1\n");
    ward_close(ward);
}

/* A line that comes and goes, and beds that join, do not put it off: nobody has acknowledged anything of it. */
static void test_what_joins_does_not_put_it_off(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    for (int s = 5; s < 65; s += 10) {
        lines(ward, s, 1);
        lines(ward, s + 5, 3);
    }
    ward->text[0] = '\0';
    ward_until(ward, 66);
    ward_expect(ward, "65 bus_down escalate active high -1\n");
    ward_close(ward);
}

static void certificate(struct ward *ward, double seconds, enum priority priority)
{
    const int64_t at_ms = (int64_t)(seconds * 1000);
    ward_until_ms(ward, at_ms - 1);
    engine_condition(ward->engine, at_ms, BUILTIN_certificate_expiring, true, priority, "tls");
    ward_until_ms(ward, at_ms);
}

/* What was acknowledged and becomes more urgent by itself is to be seen anew, and has its time for that. What comes down
 * without anybody having seen it is as late as it was. */
static void test_another_priority_by_itself_escalates(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    certificate(ward, 5, PRIORITY_LOW);
    const struct alert told = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 10, 0, &told), VERDICT_ACCEPTED);
    certificate(ward, 100, PRIORITY_MEDIUM);
    ward_until(ward, 159.999);
    ward_expect(ward, "5 certificate_expiring start active low -1\n"
                      "10 certificate_expiring acknowledge active low -1\n"
                      "100 certificate_expiring escalate active medium -1\n");
    ward_until(ward, 200);
    ward_expect(ward, "160 certificate_expiring escalate active high -1\n");
    ward_close(ward);

    ward = ward_start();
    certificate(ward, 5, PRIORITY_HIGH);
    certificate(ward, 100, PRIORITY_LOW);
    ward_until(ward, 200);
    ward_expect(ward, "5 certificate_expiring start active high -1\n");
    ward_close(ward);
}

/* Below the bound it rises to that, at it and above it stays as it is; neither comes below it before anybody has seen it. */
static void test_the_bound_of_what_escalates(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_MEDIUM;
    struct ward *ward = ward_start();
    certificate(ward, 5, PRIORITY_LOW);
    ward_until(ward, 200);
    ward_expect(ward,
                "5 certificate_expiring start active low -1\n65 certificate_expiring escalate active medium -1\n");
    ward_close(ward);
    ward = ward_start();
    certificate(ward, 5, PRIORITY_MEDIUM);
    ward_until(ward, 70);
    certificate(ward, 100, PRIORITY_LOW);
    ward_until(ward, 200);
    ward_expect(ward, "5 certificate_expiring start active medium -1\n");
    ward_close(ward);
    ward = ward_start();
    certificate(ward, 5, PRIORITY_HIGH);
    ward_until(ward, 70);
    certificate(ward, 100, PRIORITY_LOW);
    ward_until(ward, 200);
    ward_expect(ward,
                "5 certificate_expiring start active high -1\n100 certificate_expiring deescalate active medium -1\n");
    ward_close(ward);
}

/* Due while the gateway was away: it takes it at the first word that it still holds, or as soon as one had time to come. */
static void test_what_was_due_while_away(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    certificate(ward, 5, PRIORITY_LOW);
    ward_until(ward, 20);
    ward = restart_at(ward, 90000);
    ward_until(ward, 92);
    ward_expect(ward, "");
    certificate(ward, 93, PRIORITY_LOW);
    ward_expect(ward, "93 certificate_expiring escalate active high -1\n");
    ward_close(ward);
    ward = ward_start();
    certificate(ward, 5, PRIORITY_LOW);
    ward_until(ward, 20);
    ward = restart_at(ward, 90000);
    ward_until(ward, 300);
    ward_expect(ward, "102 certificate_expiring escalate active high -1\n");
    ward_close(ward);
}

/* The first word after a restart is one, also when it says what was known: today's configuration holds from then on. */
static void test_the_same_word_after_a_restart(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    certificate(ward, 5, PRIORITY_NONE);
    ward_until(ward, 70);
    ward_expect(ward, "5 certificate_expiring start active low -1\n65 certificate_expiring escalate active high -1\n");
    ward_config.engine.escalate_ms = 0;
    ward = restart_at(ward, 80000);
    certificate(ward, 80.5, PRIORITY_NONE);
    certificate(ward, 81, PRIORITY_NONE);
    ward_until(ward, 120);
    ward_expect(ward, "80.5 certificate_expiring deescalate active low -1\n");
    ward_close(ward);
}

/* A restart neither forgets nor repeats it, and a configuration without gives the priority back. */
static void test_a_dead_line_escalates_over_a_restart(void **state)
{
    (void)state;
    ward_config.engine.escalate_ms = 60000;
    ward_config.engine.escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    lines(ward, 5, 1);
    ward_until(ward, 20);
    ward = restart_at(ward, 30000);
    lines(ward, 30.5, 1);
    ward_until(ward, 66);
    ward_expect(ward, "65 bus_down escalate active high -1\n");
    ward = restart_at(ward, 70000);
    lines(ward, 70.5, 1);
    ward_until(ward, 140);
    ward_expect(ward, "");
    ward_config.engine.escalate_ms = 0;
    ward = restart_at(ward, 150000);
    lines(ward, 150.5, 3);
    ward_expect(ward, "150.5 bus_down deescalate active medium -1\n");
    ward_close(ward);
}

/* As a rule of a bed does. */
static void test_a_rule_of_the_ward_escalates(void **state)
{
    (void)state;
    rule->escalate_ms = 30000;
    rule->escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    all(ward, 0, 4, 0);
    all(ward, 5, 34, 3);
    ward_expect(ward, "5 supply start active medium -1\n");
    all(ward, 35, 40, 3);
    ward_expect(ward, "35 supply escalate active high -1\n");
    ward = restart_at(ward, 41000);
    all(ward, 42, 43, 7); /* and who joins is told under it */
    ward_expect(ward, "42 supply update active high -1\n");
    all(ward, 44, 44, 0);
    all(ward, 45, 46, 3);
    ward_expect(ward, "44 supply end ended high -1\n45 supply start active medium -1\n");
    const struct alert told = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 46.5, 2, &told), VERDICT_ACCEPTED);
    all(ward, 47, 100, 3);
    ward_expect(ward, "46.5 supply acknowledge active medium -1\n");
    ward_close(ward);
}

/* Whoever acknowledged it, or paused it before, did not know of a bed that joins; each joins once. */
static void test_who_joins_is_not_acknowledged(void **state)
{
    (void)state;
    rule->priority = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    all(ward, 0, 4, 0);
    all(ward, 5, 6, 3);
    const struct alert told = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 6.5, 0, &told), VERDICT_ACCEPTED);
    all(ward, 7, 8, 7);
    const struct alert joined = newest_of_gateway(ward);
    assert_int_equal(joined.phase, PHASE_UPDATE);
    assert_int_equal(joined.inactivation, INACTIVATION_NONE);
    assert_int_equal(joined.pressing_at_ms, 7000);
    assert_int_equal(acknowledge(ward, 8.5, 0, &joined), VERDICT_ACCEPTED);
    all(ward, 9, 10, 3);
    all(ward, 11, 12, 7);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_ACKNOWLEDGED);
    ward = restart_at(ward, 13000);
    all(ward, 14, 15, 7);
    all(ward, 16, 17, 0);
    assert_int_equal(newest_of_gateway(ward).phase, PHASE_END);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_ACKNOWLEDGED);
    ward_close(ward);
}

/* Audio is paused by the command of a bed, kept with that bed, and ends by its time; alarms are not. */
static void test_a_rule_of_the_ward_is_paused(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 0, 4, 0);
    all(ward, 5, 6, 3);
    assert_int_equal(pause(ward, 6.5, 2, PAUSE_ALARM), VERDICT_UNKNOWN_RULE);
    assert_int_equal(tell(ward, 6.6, 2, (struct bed_command){.kind = COMMAND_pause, .what = PAUSE_AUDIO, .rule = 1}),
                     VERDICT_UNKNOWN_RULE);
    assert_int_equal(pause(ward, 7, 0, PAUSE_AUDIO), VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_AUDIO_PAUSED);
    assert_string_equal(ward_newest_of(ward, "alarms_paused")->detail, "supply audio paused 60 s more");
    ward = restart_at(ward, 10000);
    all(ward, 11, 66, 3);
    ward_expect(ward, "10 alarms_paused update active none -1\n"); /* nothing of the alarm itself */
    all(ward, 67, 68, 3);
    ward_expect(ward, "67 alarms_paused end ended none -1\n67 supply update active medium -1\n");
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

/* By several beds: over with the last of them; acknowledged is more than paused, and says nothing at the end of either. */
static void test_a_rule_of_the_ward_is_paused_by_several_beds(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 0, 4, 0);
    all(ward, 5, 6, 3);
    assert_int_equal(pause(ward, 7, 0, PAUSE_AUDIO), VERDICT_ACCEPTED);
    assert_int_equal(pause(ward, 20, 2, PAUSE_AUDIO), VERDICT_ACCEPTED);
    all(ward, 21, 79, 3);
    assert_int_equal(newest_of_gateway(ward).at_ms, 7000);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_AUDIO_PAUSED);
    all(ward, 80, 80, 3);
    assert_int_equal(newest_of_gateway(ward).at_ms, 80000);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    assert_int_equal(pause(ward, 81, 0, PAUSE_AUDIO), VERDICT_ACCEPTED);
    const struct alert paused = newest_of_gateway(ward);
    assert_int_equal(acknowledge(ward, 82, 1, &paused), VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_ACKNOWLEDGED);
    all(ward, 83, 150, 3);
    assert_int_equal(newest_of_gateway(ward).at_ms, 82000);
    ward_close(ward);
}

/* One bed's own pause is of its own alarms; resumed, or with the patient gone, audio is back; what is pressing breaks through. */
static void test_what_ends_a_pause_of_the_ward(void **state)
{
    (void)state;
    rule->escalate_ms = 30000;
    rule->escalate_to = PRIORITY_HIGH;
    struct ward *ward = ward_start();
    all(ward, 0, 4, 0);
    all(ward, 5, 6, 3);
    assert_int_equal(
        tell(ward, 6.5, 0, (struct bed_command){.kind = COMMAND_pause, .what = PAUSE_AUDIO, .rule = RULE_NONE}),
        VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    assert_int_equal(pause(ward, 7, 0, PAUSE_AUDIO), VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_AUDIO_PAUSED);
    assert_int_equal(tell(ward, 8, 0, (struct bed_command){.kind = COMMAND_resume, .what = PAUSE_AUDIO, .rule = 0}),
                     VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    assert_int_equal(pause(ward, 9, 2, PAUSE_AUDIO), VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_AUDIO_PAUSED);
    assert_int_equal(tell(ward, 10, 2, (struct bed_command){.kind = COMMAND_discharge}), VERDICT_ACCEPTED);
    assert_int_equal(newest_of_gateway(ward).inactivation, INACTIVATION_NONE);
    assert_int_equal(pause(ward, 11, 1, PAUSE_AUDIO), VERDICT_ACCEPTED);
    for (int t = 12; t <= 36; t++) {
        ward_bed_value(ward, t, 0, VITAL_spo2, BELOW);
        ward_bed_value(ward, t, 1, VITAL_spo2, BELOW);
    }
    const struct alert escalated = newest_of_gateway(ward);
    assert_int_equal(escalated.priority, PRIORITY_HIGH);
    assert_int_equal(escalated.inactivation, INACTIVATION_NONE);
    ward_close(ward);
}

static enum command_verdict set_beds(struct ward *ward, double seconds, uint16_t bed, int beds)
{
    return tell(ward, seconds, bed,
                (struct bed_command){.kind = beds != 0 ? COMMAND_set_limit : COMMAND_reset_limit,
                                     .rule = 0,
                                     .parameter = 1,
                                     .value_milli = beds * 1000});
}

/* `beds` from 1 to 3, the limit from 80 % to 95 %. */
static void make_settable(void)
{
    rule->beds_parameter = 1;
    rule->parameter_count = 2;
    rule->parameters[1] = (struct rule_parameter){
        .name = "beds", .settable = true, .settable_low_milli = 1000, .settable_high_milli = 3000};
    rule->parameters[PARAMETER_LIMIT].settable = true;
    rule->parameters[PARAMETER_LIMIT].settable_low_milli = 80000;
    rule->parameters[PARAMETER_LIMIT].settable_high_milli = 95000;
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[1].has[c] = true;
        rule->parameters[1].value_milli[c] = 2000;
    }
}

/* How many beds make the condition, and from which limit on, by command: within what is settable, over a restart, for the stay. */
static void test_beds_and_limit_are_set(void **state)
{
    (void)state;
    make_settable();
    struct ward *ward = ward_start();
    all(ward, 0, 4, 1);
    assert_int_equal(set_beds(ward, 4.1, 0, 4), VERDICT_BOUNDS);
    assert_int_equal(set_beds(ward, 4.2, 0, 2), VERDICT_NOTHING);
    assert_int_equal(set_beds(ward, 4.3, 2, 3), VERDICT_ACCEPTED);
    all(ward, 5, 6, 3); /* two are not enough any more */
    ward_expect(ward, "");
    assert_int_equal(set_beds(ward, 6.5, 0, 1), VERDICT_ACCEPTED); /* the fewest that anybody has set */
    ward_expect(ward, "6.5 supply start active medium -1\n");
    ward = restart_at(ward, 8000);
    all(ward, 8, 9, 1);
    ward_expect(ward, "");
    assert_int_equal(tell(ward, 9.5, 0, (struct bed_command){.kind = COMMAND_discharge}), VERDICT_ACCEPTED);
    ward_expect(ward, "9.5 supply end ended medium -1\n"); /* of three again, and two are left */
    assert_int_equal(set_beds(ward, 9.6, 2, 0), VERDICT_ACCEPTED);
    all(ward, 10, 11, 6);
    ward_expect(ward, "10 supply start active medium -1\n");
    assert_int_equal(
        tell(ward, 11.5, 1, (struct bed_command){.kind = COMMAND_set_limit, .rule = 0, .value_milli = 84000}),
        VERDICT_ACCEPTED); /* there 85 is well now */
    ward_expect(ward, "11.5 supply end ended medium -1\n");
    ward_close(ward);
}

/* At several beds: the fewest of those set, whichever bed comes first; a bed that lacks the vital has none to set. */
static void test_beds_are_set_at_several_beds(void **state)
{
    (void)state;
    static struct channel_config heart = {.vital = VITAL_hr, .period_ms = 1000, .high_milli = 300000};
    make_settable();
    ward_config.beds[1].channels = &heart;
    struct ward *ward = ward_start();
    ward_bed_value(ward, 1, 0, VITAL_spo2, BELOW);
    ward_bed_value(ward, 1, 2, VITAL_spo2, ABOVE);
    ward_until(ward, 1);
    ward_expect(ward, "");
    assert_int_equal(set_beds(ward, 1.1, 1, 1), VERDICT_UNKNOWN_RULE);
    assert_int_equal(set_beds(ward, 1.2, 0, 3), VERDICT_ACCEPTED);
    assert_int_equal(set_beds(ward, 1.3, 2, 1), VERDICT_ACCEPTED);
    ward_expect(ward, "1.3 supply start active medium -1\n");
    assert_int_equal(set_beds(ward, 1.4, 2, 0), VERDICT_ACCEPTED); /* three again, and only two have the vital */
    ward_expect(ward, "1.4 supply end ended medium -1\n");
    ward_bed_value(ward, 2, 2, VITAL_spo2, BELOW);
    ward_until(ward, 2);
    ward_expect(ward, "");
    assert_int_equal(set_beds(ward, 2.1, 0, 0), VERDICT_ACCEPTED); /* two, as the rule says */
    ward_expect(ward, "2.1 supply start active medium -1\n");
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_dead_line_is_acknowledged, set_up),
        cmocka_unit_test_setup(test_a_dead_line_escalates, set_up),
        cmocka_unit_test_setup(test_what_joins_does_not_put_it_off, set_up),
        cmocka_unit_test_setup(test_another_priority_by_itself_escalates, set_up),
        cmocka_unit_test_setup(test_the_bound_of_what_escalates, set_up),
        cmocka_unit_test_setup(test_what_was_due_while_away, set_up),
        cmocka_unit_test_setup(test_the_same_word_after_a_restart, set_up),
        cmocka_unit_test_setup(test_a_dead_line_escalates_over_a_restart, set_up),
        cmocka_unit_test_setup(test_a_rule_of_the_ward_escalates, set_up),
        cmocka_unit_test_setup(test_who_joins_is_not_acknowledged, set_up),
        cmocka_unit_test_setup(test_a_rule_of_the_ward_is_paused, set_up),
        cmocka_unit_test_setup(test_a_rule_of_the_ward_is_paused_by_several_beds, set_up),
        cmocka_unit_test_setup(test_what_ends_a_pause_of_the_ward, set_up),
        cmocka_unit_test_setup(test_beds_and_limit_are_set, set_up),
        cmocka_unit_test_setup(test_beds_are_set_at_several_beds, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
