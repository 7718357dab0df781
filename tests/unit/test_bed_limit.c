/*
 * Limits set by command: what may be set, what it changes at once, how long it stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static struct rule *rule_on_spo2(const char *when, const char *clear)
{
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_spo2, 1000);
    struct rule *rule = ward_add_rule("r", when, clear, 90, PRIORITY_MEDIUM);
    rule->parameters[0].settable = true;
    rule->parameters[0].settable_low_milli = 85000;
    rule->parameters[0].settable_high_milli = 95000;
    return rule;
}

static struct ward *start_admitted(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    ward_value(ward, 0, VITAL_spo2, 97);
    ward_until(ward, 0);
    return ward;
}

static enum command_verdict set_limit(struct ward *ward, double seconds, int32_t value_milli)
{
    const struct bed_command command = {
        .kind = COMMAND_set_limit, .stay = ward_stay(ward, 0), .value_milli = value_milli};
    return ward_command(ward, seconds, &command);
}

static const struct record *newest_record(const struct ward *ward)
{
    return &ward->records[ward->record_count - 1];
}

static void test_what_there_is_no_limit_of(void **state)
{
    (void)state;
    rule_on_spo2("spo2 < limit", NULL);
    struct ward *ward = start_admitted();
    struct bed_command command = {.kind = COMMAND_reset_limit, .stay = ward_stay(ward, 0), .rule = UINT16_MAX};
    assert_int_equal(ward_command(ward, 1, &command), VERDICT_UNKNOWN_RULE);
    command.rule = 0;
    command.parameter = PARAMETERS_MAX - 1;
    assert_int_equal(ward_command(ward, 2, &command), VERDICT_UNKNOWN_RULE);
    command.kind = COMMAND_set_limit;
    assert_int_equal(ward_command(ward, 3, &command), VERDICT_UNKNOWN_RULE);
    command.rule = UINT16_MAX;
    assert_int_equal(ward_command(ward, 4, &command), VERDICT_UNKNOWN_RULE);
    ward_close(ward);
}

/* A bed's own limits are each of one rule and one parameter. */
static void test_overrides_of_others(void **state)
{
    (void)state;
    rule_on_spo2("spo2 < limit", NULL);
    ward_add_rule("other", "spo2 < limit", NULL, 50, PRIORITY_LOW);
    ward_config.overrides[0] = (struct override_config){.rule = 1, .parameter = 0, .value_milli = 60000};
    ward_config.overrides[1] = (struct override_config){.rule = 0, .parameter = 1, .value_milli = 70000};
    ward_config.overrides[2] = (struct override_config){.rule = 0, .parameter = 0, .value_milli = 88000};
    ward_config.beds[0].overrides = ward_config.overrides;
    ward_config.beds[0].override_count = 3;
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_spo2, 88);
    ward_until(ward, 1);
    ward_expect(ward, "");
    ward_value(ward, 2, VITAL_spo2, 87);
    ward_until(ward, 2);
    ward_expect(ward, "2 r start active medium 87\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 88000);
    ward_close(ward);
}

/* At once, at the instant of the command: starts what it makes met, ends what it makes clear; alerts show it. */
static void test_a_limit_takes_effect_at_once(void **state)
{
    (void)state;
    rule_on_spo2("spo2 < limit", NULL);
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_spo2, 92);
    assert_int_equal(set_limit(ward, 1.5, 94000), VERDICT_ACCEPTED);
    ward_expect(ward, "1.5 r start active medium 92\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 94000);
    assert_int_equal(ward_newest(ward)->parameters_milli[PARAMETER_LIMIT], 94000);
    assert_int_equal(newest_record(ward)->command.was_milli, 90000);
    assert_int_equal(newest_record(ward)->bed_state.limits[0].key, limit_key("r", "limit"));
    assert_int_equal(newest_record(ward)->bed_state.limits[0].value_milli, 94000);
    struct bed_view view;
    engine_view_bed(ward->engine, 0, &view);
    assert_int_equal(view.limits[0].value_milli, 94000);
    ward_value(ward, 2, VITAL_spo2, 92);
    assert_int_equal(set_limit(ward, 2, 91000), VERDICT_ACCEPTED);
    ward_expect(ward, "2 r update active medium 92\n2 r end ended medium 92\n"); /* shown under the new limit first */
    ward_close(ward);
}

/* It is told, if the alarm goes on, and stays acknowledged. */
static void test_an_alarm_shows_its_limit(void **state)
{
    (void)state;
    rule_on_spo2("spo2 < limit", NULL);
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_spo2, 86);
    ward_until(ward, 1);
    assert_int_equal(ward_acknowledge(ward, 1, ward_newest(ward)), VERDICT_ACCEPTED);
    assert_int_equal(set_limit(ward, 2, 88000), VERDICT_ACCEPTED);
    ward_expect(ward, "1 r start active medium 86\n1 r acknowledge active medium 86\n2 r update active medium 86\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 88000);
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_ACKNOWLEDGED);
    ward_close(ward);
}

/* A delay whose condition still holds goes on. */
static void test_a_delay_goes_on(void **state)
{
    (void)state;
    rule_on_spo2("spo2 < limit", NULL)->delay_ms = 10000;
    struct ward *ward = start_admitted();
    ward_values(ward, 1, 5, VITAL_spo2, 86);
    assert_int_equal(set_limit(ward, 5, 88000), VERDICT_ACCEPTED);
    ward_values(ward, 6, 11, VITAL_spo2, 86);
    ward_until(ward, 11);
    ward_expect(ward, "11 r start active medium 86\n");
    ward_close(ward);
}

/* `clear`, the limit that hysteresis moves, and the share's threshold follow. */
static void test_all_that_asks_for_it_follows(void **state)
{
    (void)state;
    struct rule *rule = rule_on_spo2("spo2 < limit", NULL);
    rule->has_hysteresis = true;
    rule->hysteresis_milli = 2000;
    struct ward *ward = start_admitted();
    ward_value(ward, 1, VITAL_spo2, 86);
    assert_int_equal(set_limit(ward, 1, 88000), VERDICT_ACCEPTED);
    ward_value(ward, 2, VITAL_spo2, 89);
    ward_value(ward, 3, VITAL_spo2, 90);
    ward_until(ward, 3);
    ward_expect(ward, "1 r start active medium 86\n3 r end ended medium 90\n");
    ward_close(ward);

    rule_on_spo2("share(spo2 < limit, 10s) >= 0.8", "min(spo2, 3s) >= limit + 1");
    ward = start_admitted();
    ward_values(ward, 1, 20, VITAL_spo2, 92);
    ward_until(ward, 20);
    ward_expect(ward, "");
    assert_int_equal(set_limit(ward, 20.5, 93000), VERDICT_ACCEPTED); /* what is in the window is counted again */
    ward_values(ward, 21, 23, VITAL_spo2, 94);
    ward_until(ward, 23);
    ward_expect(ward, "20.5 r start active medium 92\n23 r end ended medium 94\n");
    ward_close(ward);
}

static void test_what_may_not_be_set(void **state)
{
    (void)state;
    struct rule *rule = rule_on_spo2("spo2 < limit", NULL);
    ward_add_rule("fixed", "spo2 < limit", NULL, 80, PRIORITY_HIGH);
    ward_add_rule("elsewhere", "hr > limit", NULL, 120, PRIORITY_HIGH); /* of a vital that this bed does not have */
    rule->parameter_count = 2;                                          /* the second is an empty place */
    struct ward *ward = start_admitted();
    struct bed_command set = {.kind = COMMAND_set_limit, .stay = ward_stay(ward, 0), .value_milli = 88000};
    set.rule = 1;
    assert_int_equal(ward_command(ward, 1, &set), VERDICT_NOT_SETTABLE);
    set.rule = 2;
    assert_int_equal(ward_command(ward, 1, &set), VERDICT_UNKNOWN_RULE);
    set.rule = 3;
    assert_int_equal(ward_command(ward, 1, &set), VERDICT_UNKNOWN_RULE);
    set.rule = 0;
    set.parameter = 1;
    assert_int_equal(ward_command(ward, 1, &set), VERDICT_UNKNOWN_RULE);
    set.parameter = PARAMETERS_MAX;
    assert_int_equal(ward_command(ward, 1, &set), VERDICT_UNKNOWN_RULE);
    assert_int_equal(set_limit(ward, 2, 84999), VERDICT_BOUNDS);
    assert_int_equal(set_limit(ward, 2, 95001), VERDICT_BOUNDS);
    assert_int_equal(set_limit(ward, 2, 90000), VERDICT_NOTHING);
    assert_int_equal(set_limit(ward, 2, 85000), VERDICT_ACCEPTED);
    assert_int_equal(set_limit(ward, 2, 95000), VERDICT_ACCEPTED);
    assert_int_equal(set_limit(ward, 2, 95000), VERDICT_NOTHING);
    ward_close(ward);
}

/* Back to the configuration's: the bed's override, where there is one. */
static void test_reset(void **state)
{
    (void)state;
    rule_on_spo2("spo2 < limit", NULL);
    ward_config.overrides[0] = (struct override_config){.rule = 0, .parameter = 0, .value_milli = 87000};
    ward_config.beds[0].override_count = 1;
    struct ward *ward = start_admitted();
    assert_int_equal(ward_tell(ward, 1, COMMAND_reset_limit), VERDICT_NOTHING);
    assert_int_equal(set_limit(ward, 1, 94000), VERDICT_ACCEPTED);
    ward_value(ward, 2, VITAL_spo2, 88);
    assert_int_equal(ward_tell(ward, 2, COMMAND_reset_limit), VERDICT_ACCEPTED);
    assert_int_equal(newest_record(ward)->command.was_milli, 94000);
    assert_int_equal(newest_record(ward)->bed_state.limits[0].key, 0);
    ward_value(ward, 3, VITAL_spo2, 86);
    ward_until(ward, 3);
    ward_expect(ward, "3 r start active medium 86\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 87000);
    ward_close(ward);
}

/* There is room for so many; one that is there can be changed, and one that is reset makes room. */
static void test_no_room(void **state)
{
    (void)state;
    static char names[WARD_RULES_MAX][4];
    rule_on_spo2("spo2 < limit", NULL);
    ward_config.rules[0].parameter_count = 6;
    for (unsigned i = 0; i < 3; i++) {
        if (i > 0) {
            (void)snprintf(names[i], sizeof names[i], "r%u", i);
            *ward_add_rule(names[i], "spo2 < limit", NULL, 90, PRIORITY_LOW) = ward_config.rules[0];
            ward_config.rules[i].name = names[i];
        }
        static const char *const parameters[] = {"limit", "a", "b", "c", "d", "e"};
        for (unsigned p = 0; p < 6; p++) {
            ward_config.rules[i].parameters[p] = ward_config.rules[0].parameters[0];
            ward_config.rules[i].parameters[p].name = parameters[p];
        }
    }
    struct ward *ward = start_admitted();
    struct bed_command set = {.kind = COMMAND_set_limit, .stay = ward_stay(ward, 0), .value_milli = 88000};
    for (unsigned i = 0; i < 18; i++) {
        set.rule = (uint16_t)(i / 6);
        set.parameter = (uint8_t)(i % 6);
        assert_int_equal(ward_command(ward, 1, &set), i < ENGINE_LIMITS_PER_BED_MAX ? VERDICT_ACCEPTED : VERDICT_FULL);
    }
    set = (struct bed_command){.kind = COMMAND_set_limit, .stay = set.stay, .value_milli = 89000};
    assert_int_equal(ward_command(ward, 2, &set), VERDICT_ACCEPTED);
    set.kind = COMMAND_reset_limit;
    assert_int_equal(ward_command(ward, 3, &set), VERDICT_ACCEPTED);
    set.kind = COMMAND_set_limit;
    set.rule = 2;
    set.parameter = 5;
    assert_int_equal(ward_command(ward, 4, &set), VERDICT_ACCEPTED);
    ward_close(ward);
}

/* --- how long --------------------------------------------------------------------------------------------------- */

/* It holds over restarts, for windows of the time before as well. */
static void test_a_limit_outlives_a_restart(void **state)
{
    (void)state;
    rule_on_spo2("share(spo2 < limit, 10s) >= 0.8", "min(spo2, 3s) >= limit + 1");
    struct ward *ward = start_admitted();
    assert_int_equal(set_limit(ward, 1, 94000), VERDICT_ACCEPTED);
    ward_values(ward, 1, 8, VITAL_spo2, 92);
    ward_until(ward, 8);
    ward = ward_restart_at(ward, 8.5, false);
    ward_values(ward, 9, 10, VITAL_spo2, 92);
    ward_until(ward, 10);
    ward_expect(ward, "10 r start active medium 92\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 94000);
    ward = ward_restart_at(ward, 11, false);
    ward_values(ward, 12, 13, VITAL_spo2, 94);
    ward_until(ward, 13);
    ward_expect(ward, "");
    ward_values(ward, 14, 17, VITAL_spo2, 95);
    ward_until(ward, 17);
    ward_expect(ward, "16 r end ended medium 95\n");
    ward_close(ward);
}

/* Rules in another order are found by their names; what today's configuration does not let be set is given up, and told. */
static void test_a_limit_and_another_configuration(void **state)
{
    (void)state;
    struct rule *rule = rule_on_spo2("spo2 < limit", NULL);
    struct rule *second = ward_add_rule("other", "spo2 < limit", NULL, 80, PRIORITY_HIGH);
    second->parameters[0].settable = true;
    second->parameters[0].settable_high_milli = 100000;
    struct ward *ward = start_admitted();
    assert_int_equal(set_limit(ward, 1, 94000), VERDICT_ACCEPTED);
    const struct rule swapped = *rule;
    *rule = *second;
    *second = swapped;
    ward = ward_restart_at(ward, 2, false);
    ward_value(ward, 3, VITAL_spo2, 92);
    ward_until(ward, 3);
    ward_expect(ward, "3 r start active medium 92\n");
    second->parameters[0].settable_high_milli = 93000;
    ward = ward_restart_at(ward, 4, false);
    assert_int_equal(ward->records[ward->record_count - 2].kind, RECORD_BED);
    assert_int_equal(newest_record(ward)->bed_state.limits[0].key, 0);
    ward_expect(ward, "4 r end ended medium 92\n");
    assert_int_equal(ward_newest(ward)->limit_milli, 90000);
    ward_close(ward);
}

/* A rule that is gone takes the limit of its own along; so does one whose parameter may not be set any more. */
static void test_a_limit_of_what_is_gone(void **state)
{
    (void)state;
    for (int gone = 0; gone < 2; gone++) {
        struct rule *rule = rule_on_spo2("spo2 < limit", NULL);
        struct ward *ward = start_admitted();
        assert_int_equal(set_limit(ward, 1, 94000), VERDICT_ACCEPTED);
        rule->parameters[0].settable = false;
        ward_config.engine.rule_count = gone ? 0 : 1;
        ward = ward_restart_at(ward, 2, false);
        assert_int_equal(newest_record(ward)->kind, RECORD_BED);
        assert_int_equal(newest_record(ward)->bed_state.limits[0].key, 0);
        ward_value(ward, 3, VITAL_spo2, 92);
        ward_until(ward, 3);
        ward_expect(ward, "");
        ward_close(ward);
    }
}

/* Of two words a key: other words, another key. */
static void test_keys(void **state)
{
    (void)state;
    assert_int_not_equal(limit_key("a", "bc"), limit_key("ab", "c"));
    assert_int_not_equal(limit_key("r", "limit"), limit_key("limit", "r"));
    assert_int_not_equal(limit_key("", ""), 0);
    assert_int_equal(limit_key("r", "limit"), limit_key("r", "limit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_there_is_no_limit_of),
        cmocka_unit_test(test_overrides_of_others),
        cmocka_unit_test(test_a_limit_takes_effect_at_once),
        cmocka_unit_test(test_an_alarm_shows_its_limit),
        cmocka_unit_test(test_a_delay_goes_on),
        cmocka_unit_test(test_all_that_asks_for_it_follows),
        cmocka_unit_test(test_what_may_not_be_set),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_a_limit_outlives_a_restart),
        cmocka_unit_test(test_a_limit_and_another_configuration),
        cmocka_unit_test(test_a_limit_of_what_is_gone),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
