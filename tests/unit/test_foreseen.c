/* The advisory that a rule's limit will be reached: when it begins and ends, and what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/support/engine_ward.h"

static struct ward *ward_that_foresees(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    struct rule *rule = ward_add_rule("low", "spo2 < limit", NULL, 88, PRIORITY_MEDIUM);
    rule->foresee_ms = 15 * 60000;
    rule->parameters[PARAMETER_LIMIT].settable = true;
    rule->parameters[PARAMETER_LIMIT].settable_low_milli = 80000;
    rule->parameters[PARAMETER_LIMIT].settable_high_milli = 95000;
    return ward_start();
}

/* One a second, on a line. */
static void fall(struct ward *ward, int from_s, int to_s, double from, double per_minute)
{
    for (int s = from_s; s <= to_s; s++) {
        ward_value(ward, s, VITAL_spo2, from + per_minute * (s - from_s) / 60);
    }
}

/* Two estimates in a row: eight bins are closed at 240 s, nine at 270 s; then 93.75 is 11.5 min from 88. */
static void test_it_begins_and_says_when(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 269, 96, -0.5);
    ward_expect(ward, "");
    fall(ward, 270, 300, 93.75, -0.5);
    ward_expect(ward, "270 low.foreseen start active none 93.75\n");
    const struct alert *a = ward_newest(ward);
    assert_string_equal(a->detail, "spo2 reaches 88 % in about 12 min (100 % of slopes agree)");
    assert_true(a->kind == KIND_ADVISORY && a->priority == PRIORITY_NONE && a->reason == REASON_FORESEEN);
    assert_true(a->has_limit && a->limit_milli == 88000 && a->vital == VITAL_spo2);
    fall(ward, 301, 600, 93.49, -0.5);
    ward_expect(ward, ""); /* never an update for a mere value */
    ward_close(ward);
}

/* Half a minute and less are told as one. */
static void test_soon_is_a_minute(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 270, 97, -1.955);
    ward_until(ward, 270);
    ward_expect(ward, "270 low.foreseen start active none 88.202\n");
    assert_string_equal(ward_newest(ward)->detail, "spo2 reaches 88 % in about 1 min (100 % of slopes agree)");
    ward_close(ward);
}

/* A vital that is measured now and then has no trend from value to value. */
static void test_a_vital_measured_now_and_then(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_nibp_sys, 1000);
    ward_add_rule("low", "nibp_sys < limit", NULL, 90, PRIORITY_MEDIUM)->foresee_ms = 15 * 60000;
    struct ward *ward = ward_start();
    for (int s = 0; s <= 400; s++) {
        ward_value(ward, s, VITAL_nibp_sys, 120 - s * 0.06);
    }
    ward_expect(ward, "");
    ward_value(ward, 401, VITAL_nibp_sys, 80);
    ward_until(ward, 401);
    ward_expect(ward, "401 low start active medium 80\n");
    ward_close(ward);
}

static void test_it_ends_when_the_alarm_begins(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 959, 96, -0.5);
    ward_expect(ward, "270 low.foreseen start active none 93.75\n");
    ward_value(ward, 960, VITAL_spo2, 88);
    ward_expect(ward, ""); /* at the limit there is no alarm yet */
    ward_value(ward, 961, VITAL_spo2, 87.5);
    ward_until(ward, 961.5);
    ward_expect(ward, "961 low start active medium 87.5\n961 low.foreseen end ended none 93.75\n");
    ward_close(ward);
}

static void test_it_ends_when_the_trend_is_gone(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 300, 96, -0.5);
    ward_expect(ward, "270 low.foreseen start active none 93.75\n");
    fall(ward, 301, 900, 93.5, 0.5);
    const struct alert *a = ward_newest(ward);
    assert_true(a->phase == PHASE_END && a->reason == REASON_FORESEEN);
    assert_in_range(a->at_ms, 330000, 600000);
    ward_close(ward);
}

/* A minute without a value; the trend begins anew. */
static void test_it_ends_when_data_stop(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 300, 96, -0.5);
    ward_expect(ward, "270 low.foreseen start active none 93.75\n");
    ward_until(ward, 355);
    ward_expect(ward, "");
    ward_until(ward, 361);
    ward_expect(ward, "360 low.foreseen end ended none 93.75\n");
    fall(ward, 400, 669, 93, -0.5);
    ward_until(ward, 669.5);
    assert_true(ward_newest_of(ward, "low.foreseen")->phase == PHASE_END);
    ward_until(ward, 670.5);
    assert_true(ward_newest(ward)->reason == REASON_FORESEEN && ward_newest(ward)->phase == PHASE_START);
    ward_close(ward);
}

/* It spoke of another limit, and of another patient. */
static void test_it_ends_with_the_limit_and_with_the_stay(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 280, 96, -0.5);
    ward_expect(ward, "270 low.foreseen start active none 93.75\n");
    const struct bed_command set = {
        .kind = COMMAND_set_limit, .parameter = PARAMETER_LIMIT, .value_milli = 90000, .stay = ward_stay(ward, 0)};
    assert_int_equal(ward_command(ward, 281, &set), VERDICT_ACCEPTED);
    ward_expect(ward, "281 low.foreseen end ended none 93.75\n");
    fall(ward, 282, 340, 93.6, -0.5);
    ward_expect(ward, "330 low.foreseen start active none 93.199\n");
    assert_non_null(strstr(ward_newest(ward)->detail, "reaches 90 %"));
    assert_int_equal(ward_tell(ward, 341, COMMAND_discharge), VERDICT_ACCEPTED);
    ward_expect(ward, "341 low.foreseen end ended none 93.199\n");
    ward_close(ward);
}

static void test_away_ends_it(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 280, 96, -0.5);
    ward_expect(ward, "270 low.foreseen start active none 93.75\n");
    assert_int_equal(ward_tell(ward, 281, COMMAND_away), VERDICT_ACCEPTED);
    ward_expect(ward, "281 low.foreseen end ended none 93.75\n281 patient_away start active none -1\n");
    ward_close(ward);
}

/* The journal gives the trend again: what was told stays told. Without it, it ends and is to be seen anew. */
static void test_a_restart(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 300, 96, -0.5);
    struct ward *next = ward_restart(
        ward, &(struct ward_break){.committed = ward->record_count, .journal_from_ms = 0, .begin_ms = 301000});
    ward_expect(next, "");
    fall(next, 302, 400, 93.5, -0.5);
    ward_expect(next, "");
    ward_close(next);
    next = ward_restart(
        ward, &(struct ward_break){
                  .committed = ward->record_count, .journal_from_ms = 300000, .begin_ms = 301000, .unverified = true});
    fall(next, 302, 330, 93.5, -0.5);
    assert_true(ward_newest(next)->phase == PHASE_END && ward_newest(next)->reason == REASON_FORESEEN);
    ward_close(next);
    ward_close(ward);
}

/* A configuration where the rule no longer foresees takes it along; one where it does leaves it. */
static void test_a_reload(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct ward *ward = ward_that_foresees();
        fall(ward, 0, 280, 96, -0.5);
        ward_expect(ward, "270 low.foreseen start active none 93.75\n");
        ward_until(ward, 280);
        static struct ward_config next;
        next = ward_config;
        next.rules[0].foresee_ms = on ? next.rules[0].foresee_ms : 0;
        next.engine.rules = next.rules;
        engine_retire(ward->engine, 281000, &next.engine);
        ward_until(ward, 281);
        ward_expect(ward, on ? "" : "281 low.foreseen end ended none 93.75\n");
        ward_close(ward);
    }
}

/* Where the next configuration has the vital measured now and then, nobody foresees it any more. */
static void test_a_reload_without_a_course(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 280, 96, -0.5);
    ward_until(ward, 280);
    ward->text[0] = '\0';
    static struct ward_config next;
    next = ward_config;
    next.channels[0].episodic = true;
    next.beds[0].channels = next.channels;
    next.engine.beds = next.beds;
    engine_retire(ward->engine, 281000, &next.engine);
    ward_until(ward, 281);
    ward_expect(ward, "281 low.foreseen end ended none 93.75\n");
    ward_close(ward);
}

/* Another limit now: what was told of the one before ends, with that one, and the next is told of this one. */
static void test_a_reload_with_another_limit(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 280, 96, -0.5);
    ward_config.rules[0].parameters[PARAMETER_LIMIT].value_milli[CLASS_adult] = 89000;
    struct ward *next = ward_restart(
        ward, &(struct ward_break){.committed = ward->record_count, .journal_from_ms = 0, .begin_ms = 281000});
    ward_until(next, 281);
    ward_expect(next, "281 low.foreseen end ended none 93.75\n");
    assert_int_equal(ward_newest(next)->limit_milli, 88000);
    fall(next, 282, 370, 93.65, -0.5);
    assert_int_equal(ward_newest(next)->phase, PHASE_START);
    assert_int_equal(ward_newest(next)->limit_milli, 89000);
    assert_non_null(strstr(ward_newest(next)->detail, "reaches 89 %"));
    ward_close(next);
    ward_close(ward);
}

/* What cannot be foreseen: anything but one vital's own level against limit. */
static void test_which_rules_may(void **state)
{
    (void)state;
    static const char *const may[] = {
        "spo2 < limit",           "mean(spo2, 30s) < limit", "share(spo2 < limit, 15s) >= 0.8",
        "min(spo2, 5s) <= limit", "max(spo2, 16) > limit",   "limit > spo2"};
    static const char *const may_not[] = {"spo2 < 90",
                                          "spo2 < limit and hr > 100",
                                          "spo2 - fio2 < limit",
                                          "2 * spo2 < limit",
                                          "slope(spo2, 1min) < limit",
                                          "stddev(spo2, 1min) > limit",
                                          "count(spo2, 1min) < limit",
                                          "age(spo2) > limit",
                                          "delta(spo2, 1min) < limit",
                                          "share(spo2 < limit + 1, 15s) >= 0.8",
                                          "share(spo2 < 90, 15s) >= limit",
                                          "share(spo2 < limit, 15s) + 0.1 >= 0.8",
                                          "news2 >= limit",
                                          "not spo2 < limit",
                                          "spo2 == limit",
                                          "spo2 < limit + 2"};
    for (unsigned i = 0; i < sizeof may / sizeof may[0]; i++) {
        ward_clear_config();
        assert_true(rule_may_foresee(ward_add_rule("r", may[i], NULL, 90, PRIORITY_LOW)));
    }
    for (unsigned i = 0; i < sizeof may_not / sizeof may_not[0]; i++) {
        ward_clear_config();
        assert_false(rule_may_foresee(ward_add_rule("r", may_not[i], NULL, 90, PRIORITY_LOW)));
    }
}

/* Of a share it is the threshold of the vital that must be limit, and of the share a number. */
static void test_which_shares_may(void **state)
{
    (void)state;
    static const struct parameter_names names = {.names = {"limit", "low"}, .count = 2};
    static const struct {
        const char *when;
        bool may;
    } shares[] = {{"share(spo2 < limit, 15s) >= 0.8", true},
                  {"share(spo2 < limit, 15s) >= low", false},
                  {"share(spo2 < low, 15s) >= limit", false},
                  {"share(spo2 < low, 15s) >= 0.8", false}};
    for (unsigned i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct rule rule = {.name = "r"};
        struct expression_fault fault;
        assert_true(expression_compile(shares[i].when, &names, 700, &rule.when, &fault));
        assert_int_equal(rule_may_foresee(&rule), shares[i].may);
    }
}

/* Values that go on while the patient is said to be away are not foreseen: nobody watches them. */
static void test_none_while_the_patient_is_away(void **state)
{
    (void)state;
    struct ward *ward = ward_that_foresees();
    fall(ward, 0, 10, 96, 0);
    assert_int_equal(ward_tell(ward, 10.5, COMMAND_away), VERDICT_ACCEPTED);
    ward->text[0] = '\0';
    fall(ward, 11, 400, 96, -0.5);
    ward_expect(ward, "");
    assert_int_equal(ward_tell(ward, 400.5, COMMAND_back), VERDICT_ACCEPTED);
    fall(ward, 401, 430, 92.75, -0.5);
    assert_true(ward_newest_of(ward, "low.foreseen")->phase == PHASE_START);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_shares_may),
        cmocka_unit_test(test_none_while_the_patient_is_away),
        cmocka_unit_test(test_it_begins_and_says_when),
        cmocka_unit_test(test_soon_is_a_minute),
        cmocka_unit_test(test_a_vital_measured_now_and_then),
        cmocka_unit_test(test_it_ends_when_the_alarm_begins),
        cmocka_unit_test(test_it_ends_when_the_trend_is_gone),
        cmocka_unit_test(test_it_ends_when_data_stop),
        cmocka_unit_test(test_it_ends_with_the_limit_and_with_the_stay),
        cmocka_unit_test(test_away_ends_it),
        cmocka_unit_test(test_a_restart),
        cmocka_unit_test(test_a_reload),
        cmocka_unit_test(test_a_reload_without_a_course),
        cmocka_unit_test(test_a_reload_with_another_limit),
        cmocka_unit_test(test_which_rules_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
