/* Evaluating expressions over real windows: logic of three values, exact numbers, and when to look again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/expression_bench.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static struct bench bench;

static void expect(const char *text, int64_t now_ms, enum verdict wanted)
{
    const enum verdict verdict = bench_verdict(&bench, now_ms);
    if (verdict != wanted) {
        fail_msg("%s at %lld: verdict %d, not %d", text, (long long)now_ms, verdict, wanted);
    }
}

static int64_t next_change(int64_t now_ms)
{
    return expression_next_change(&bench.bound, bench.parameters_micro, now_ms);
}

/* --- logic: hr is 100 and stands, resp was never seen --- */

static void expect_logic(const char *text, enum verdict wanted)
{
    bench_make(&bench, text);
    if (bench.series[VITAL_hr] != NULL) {
        bench_put(&bench, VITAL_hr, 1000, 100000);
    }
    expect(text, 1000, wanted);
}

struct truth_row {
    const char *left, *right;
    enum verdict both, either;
};

static void test_kleene_truth_tables(void **state)
{
    (void)state;
    static const char met[] = "hr == 100", clear[] = "hr < 100", unknown[] = "resp > 0";
    static const struct truth_row rows[] = {
        {met, met, VERDICT_MET, VERDICT_MET},
        {met, clear, VERDICT_CLEAR, VERDICT_MET},
        {met, unknown, VERDICT_UNKNOWN, VERDICT_MET},
        {clear, met, VERDICT_CLEAR, VERDICT_MET},
        {clear, clear, VERDICT_CLEAR, VERDICT_CLEAR},
        {clear, unknown, VERDICT_CLEAR, VERDICT_UNKNOWN},
        {unknown, met, VERDICT_UNKNOWN, VERDICT_MET},
        {unknown, clear, VERDICT_CLEAR, VERDICT_UNKNOWN},
        {unknown, unknown, VERDICT_UNKNOWN, VERDICT_UNKNOWN},
    };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s and %s", rows[i].left, rows[i].right);
        expect_logic(text, rows[i].both);
        snprintf(text, sizeof text, "%s or %s", rows[i].left, rows[i].right);
        expect_logic(text, rows[i].either);
    }
    expect_logic("not hr == 100", VERDICT_CLEAR);
    expect_logic("not hr < 100", VERDICT_MET);
    expect_logic("not resp > 0", VERDICT_UNKNOWN);
}

static void test_comparisons_of_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *sign;
        bool below, equal, above;
    } cases[] = {
        {"<", true, false, false}, {"<=", true, true, false},  {">", false, false, true},
        {">=", false, true, true}, {"==", false, true, false}, {"!=", true, false, true},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char text[64];
        static const char *const lefts[] = {"hr", "hr + 0"}; /* decided by the window, and as a number */
        for (size_t left = 0; left < LENGTH_OF(lefts); left++) {
            snprintf(text, sizeof text, "%s %s %d", lefts[left], cases[i].sign, 101);
            expect_logic(text, cases[i].below ? VERDICT_MET : VERDICT_CLEAR);
            snprintf(text, sizeof text, "%s %s %d", lefts[left], cases[i].sign, 100);
            expect_logic(text, cases[i].equal ? VERDICT_MET : VERDICT_CLEAR);
            snprintf(text, sizeof text, "%s %s %d", lefts[left], cases[i].sign, 99);
            expect_logic(text, cases[i].above ? VERDICT_MET : VERDICT_CLEAR);
        }
    }
}

/* --- numbers; `hr == 100 and` gives each a vital --- */

static void expect_numbers(const char *comparison, enum verdict wanted)
{
    char text[EXPRESSION_TEXT_MAX + 1];
    snprintf(text, sizeof text, "%s and hr == 100", comparison);
    expect_logic(text, wanted);
}

static void test_precedence_in_numbers(void **state)
{
    (void)state;
    expect_numbers("1 + 2 * 3 == 7", VERDICT_MET);
    expect_numbers("(1 + 2) * 3 == 9", VERDICT_MET);
    expect_numbers("10 - 3 - 2 == 5", VERDICT_MET);
    expect_numbers("24 / 4 / 2 == 3", VERDICT_MET);
    expect_numbers("-2 * -3 == 6", VERDICT_MET);
    expect_numbers("1 - -1 == 2", VERDICT_MET);
    expect_numbers("limit + 2 * low == 190", VERDICT_MET);
    expect_numbers("2min == 120 and 500ms == 0.5", VERDICT_MET);
}

static void test_rounding_is_half_away_from_zero(void **state)
{
    (void)state;
    expect_numbers("0.000001 * 0.5 == 0.000001", VERDICT_MET);
    expect_numbers("0.000001 * 0.499999 == 0", VERDICT_MET);
    expect_numbers("-0.000001 * 0.5 == -0.000001", VERDICT_MET);
    expect_numbers("-0.000001 * 0.499999 == 0", VERDICT_MET);
    expect_numbers("0.000003 * 0.5 == 0.000002", VERDICT_MET);
    expect_numbers("1 / 3 == 0.333333", VERDICT_MET);
    expect_numbers("2 / 3 == 0.666667", VERDICT_MET);
    expect_numbers("-2 / 3 == -0.666667", VERDICT_MET);
    expect_numbers("2 / -3 == -0.666667", VERDICT_MET);
    expect_numbers("1 / 2000000 == 0.000001", VERDICT_MET);
    expect_numbers("-1 / 2000000 == -0.000001", VERDICT_MET);
    expect_numbers("2 / 3 * 3 == 2.000001", VERDICT_MET); /* every operation rounds */
}

static void test_overflow_and_division_by_zero_are_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "1 / 0 > 0",
        "not 1 / 0 > 0",
        "0 / 0 == 0",
        "1 / (hr - 100) > 0",
        "999999999999 * 999999999999 > 0",
        "-999999999999 * 999999999999 < 0",
        "999999999999 / 0.000001 > 0",
        "999999999999 * 9 + 999999999999 > 0",
        "-999999999999 * 9 - 999999999999 < 0",
    };
    for (size_t i = 0; i < LENGTH_OF(unknown); i++) {
        expect_numbers(unknown[i], VERDICT_UNKNOWN);
    }
    expect_numbers("-(0 - 922337203685 * 10 - 4.775807 - 0.000001) > 0", VERDICT_UNKNOWN); /* minus the least */
    expect_numbers("0 - 922337203685 * 10 - 4.775807 - 0.000001 < 0", VERDICT_MET);
    expect_numbers("1 / 0 > 0 or hr == 100", VERDICT_MET); /* it poisons nothing else */
    expect_logic("hr > 1 / 0", VERDICT_UNKNOWN);
    expect_logic("max(hr, 5s) > 1 / 0", VERDICT_UNKNOWN); /* no witness against an unknown number */
}

static void test_unknown_vital_makes_arithmetic_unknown(void **state)
{
    (void)state;
    expect_logic("hr + resp > 0", VERDICT_UNKNOWN);
    expect_logic("-resp < 0", VERDICT_UNKNOWN);
    expect_logic("resp * 0 == 0", VERDICT_UNKNOWN);
    expect_logic("hr > 1 or hr + resp > 0", VERDICT_MET);
}

/* --- windows --- */

static void put_each_second(enum vital vital, int64_t from_ms, const int32_t *values_milli, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bench_put(&bench, vital, from_ms + (int64_t)i * 1000, values_milli[i]);
    }
}

/* Sum 300.001 over 3: the mean is 100.000333..., rounded 100.000333, and a limit may lie between. */
static void test_mean_is_compared_exactly(void **state)
{
    (void)state;
    static const int32_t values[] = {100000, 100000, 100001};
    static const struct {
        const char *text;
        enum verdict verdict;
    } cases[] = {
        {"mean(hr, 3) > 100.000333", VERDICT_MET},
        {"mean(hr, 3) <= 100.000333", VERDICT_CLEAR},
        {"mean(hr, 3) == 100.000333", VERDICT_CLEAR},
        {"mean(hr, 3) != 100.000333", VERDICT_MET},
        {"100.000333 < mean(hr, 3)", VERDICT_MET},
        {"100.000333 >= mean(hr, 3)", VERDICT_CLEAR},
        {"mean(hr, 3) < 100.000334", VERDICT_MET},
        {"mean(hr, 3) + 0 > 100.000333", VERDICT_CLEAR}, /* arithmetic sees the rounded mean */
        {"mean(hr, 3) + 0 == 100.000333", VERDICT_MET},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        bench_make(&bench, cases[i].text);
        put_each_second(VITAL_hr, 1000, values, LENGTH_OF(values));
        expect(cases[i].text, 3000, cases[i].verdict);
    }
}

/* Two observations in a span of 10 s: no coverage, but one alone may decide. */
static void test_min_and_max_are_decided_by_a_witness(void **state)
{
    (void)state;
    static const int32_t values[] = {85000, 95000};
    static const struct {
        const char *text;
        enum verdict verdict;
    } cases[] = {
        {"min(spo2, 10s) < 90", VERDICT_MET},        {"min(spo2, 10s) >= 90", VERDICT_CLEAR},
        {"min(spo2, 10s) < 85", VERDICT_UNKNOWN},    {"min(spo2, 10s) >= 85", VERDICT_UNKNOWN},
        {"90 > min(spo2, 10s)", VERDICT_MET},        {"90 <= min(spo2, 10s)", VERDICT_CLEAR},
        {"max(spo2, 10s) > 90", VERDICT_MET},        {"max(spo2, 10s) <= 90", VERDICT_CLEAR},
        {"max(spo2, 10s) > 95", VERDICT_UNKNOWN},    {"max(spo2, 10s) <= 95", VERDICT_UNKNOWN},
        {"limit < max(spo2, 10s)", VERDICT_MET},     {"limit >= max(spo2, 10s)", VERDICT_CLEAR},
        {"min(spo2, 10s) < limit", VERDICT_MET},     {"min(spo2, 10s) + 0 < 90", VERDICT_UNKNOWN},
        {"mean(spo2, 10s) < 1000", VERDICT_UNKNOWN},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        bench_make(&bench, cases[i].text);
        put_each_second(VITAL_spo2, 1000, values, LENGTH_OF(values));
        expect(cases[i].text, 2000, cases[i].verdict);
    }
}

static void test_share_follows_its_parameter(void **state)
{
    (void)state;
    static const int32_t values[] = {89000, 88000, 91000, 87000, 86000};
    bench_make(&bench, "share(spo2 < limit, 5) >= 0.8");
    put_each_second(VITAL_spo2, 1000, values, LENGTH_OF(values));
    expect("limit 90", 5000, VERDICT_MET); /* 4 of 5 */
    bench.parameters_micro[PARAMETER_LIMIT] = 89000000;
    expression_set_parameters(&bench.bound, bench.parameters_micro);
    put_each_second(VITAL_spo2, 6000, values, LENGTH_OF(values));
    expect("limit 89", 10000, VERDICT_CLEAR); /* 3 of 5 */
    bench.parameters_micro[PARAMETER_LIMIT] = 92000000;
    expression_set_parameters(&bench.bound, bench.parameters_micro);
    put_each_second(VITAL_spo2, 11000, values, LENGTH_OF(values));
    expect("limit 92", 15000, VERDICT_MET); /* 5 of 5 */
}

static void test_share_with_a_threshold_that_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "share(spo2 < 90 / (limit - 90), 2) >= 0",
        "share(spo2 < 90 / (limit - 90), 2) + 0 >= 0",
        "share(spo2 < 90 / (limit - 90), 2) >= 0 or share(spo2 > 1 / (limit - 90), 2) >= 0",
        "share(spo2 < 90, 2) < 0.5 or share(spo2 < 90 / (limit - 90), 2) >= 0",
    };
    static const int32_t values[] = {89000, 88000};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        bench_make(&bench, texts[i]);
        put_each_second(VITAL_spo2, 1000, values, LENGTH_OF(values));
        expect(texts[i], 2000, VERDICT_UNKNOWN);
        bench.parameters_micro[PARAMETER_LIMIT] = 91000000;
        expression_set_parameters(&bench.bound, bench.parameters_micro);
        put_each_second(VITAL_spo2, 3000, values, LENGTH_OF(values));
        expect(texts[i], 4000, VERDICT_MET);
    }
}

static void test_bare_vital_is_known_while_it_stands(void **state)
{
    (void)state;
    bench_make(&bench, "hr > 90");
    expect("never seen", 500, VERDICT_UNKNOWN);
    bench_put(&bench, VITAL_hr, 1000, 100000);
    expect("new", 1000, VERDICT_MET);
    expect("stands for 1.5 periods", 2499, VERDICT_MET);
    const int64_t next_ms = next_change(1000);
    assert_true(next_ms > 1000 && next_ms <= 2501);
    expect("no longer", 2501, VERDICT_UNKNOWN);
    assert_int_equal(next_change(2501), SERIES_NEVER);
    bench_make(&bench, "last(hr) > 90");
    bench_put(&bench, VITAL_hr, 1000, 100000);
    expect("last holds", 3600000, VERDICT_MET);
}

/* --- ages; a cuff at 1000 ms --- */

static void expect_age(const char *text, int64_t now_ms, enum verdict wanted, int64_t next_ms)
{
    bench_make(&bench, text);
    bench_put(&bench, VITAL_nibp_sys, 1000, 120000);
    expect(text, now_ms, wanted);
    if (next_change(now_ms) != next_ms) {
        fail_msg("%s at %lld: next change at %lld, not %lld", text, (long long)now_ms, (long long)next_change(now_ms),
                 (long long)next_ms);
    }
}

static void test_age_next_change_is_exact(void **state)
{
    (void)state;
    expect_age("age(nibp_sys) >= 2s", 1000, VERDICT_CLEAR, 3000);
    expect_age("age(nibp_sys) >= 2s", 2999, VERDICT_CLEAR, 3000);
    expect_age("age(nibp_sys) >= 2s", 3000, VERDICT_MET, SERIES_NEVER);
    expect_age("age(nibp_sys) < 2s", 2999, VERDICT_MET, 3000);
    expect_age("age(nibp_sys) < 2s", 3000, VERDICT_CLEAR, SERIES_NEVER);
    expect_age("age(nibp_sys) > 2s", 2999, VERDICT_CLEAR, 3001);
    expect_age("age(nibp_sys) > 2s", 3000, VERDICT_CLEAR, 3001);
    expect_age("age(nibp_sys) > 2s", 3001, VERDICT_MET, SERIES_NEVER);
    expect_age("age(nibp_sys) <= 2s", 2999, VERDICT_MET, 3001);
    expect_age("age(nibp_sys) <= 2s", 3000, VERDICT_MET, 3001);
    expect_age("age(nibp_sys) <= 2s", 3001, VERDICT_CLEAR, SERIES_NEVER);
    expect_age("age(nibp_sys) == 2s", 2999, VERDICT_CLEAR, 3000);
    expect_age("age(nibp_sys) == 2s", 3000, VERDICT_MET, 3001);
    expect_age("age(nibp_sys) != 2s", 3001, VERDICT_MET, SERIES_NEVER);
    expect_age("2s <= age(nibp_sys)", 2999, VERDICT_CLEAR, 3000);
    expect_age("2s < age(nibp_sys)", 3000, VERDICT_CLEAR, 3001);
}

static void test_age_between_milliseconds_and_below_zero(void **state)
{
    (void)state;
    expect_age("age(nibp_sys) > 1.9995", 2999, VERDICT_CLEAR, 3000);
    expect_age("age(nibp_sys) >= 1.9995", 2999, VERDICT_CLEAR, 3000);
    expect_age("age(nibp_sys) >= 0.000001", 1000, VERDICT_CLEAR, 1001);
    expect_age("age(nibp_sys) > 0", 1000, VERDICT_CLEAR, 1001);
    expect_age("age(nibp_sys) >= 0", 1000, VERDICT_MET, SERIES_NEVER);
    expect_age("age(nibp_sys) > -0.000001", 1000, VERDICT_MET, SERIES_NEVER);
    expect_age("age(nibp_sys) < -5", 1000, VERDICT_CLEAR, SERIES_NEVER);
}

static void test_age_next_change_takes_the_earliest(void **state)
{
    (void)state;
    expect_age("age(nibp_sys) > 30min or age(nibp_sys) >= low", 1000, VERDICT_CLEAR, 51000);
    expect_age("age(nibp_sys) > 30min or age(nibp_sys) >= low", 51000, VERDICT_MET, 1801001);
    expect_age("age(nibp_sys) > 1 / 0", 1000, VERDICT_UNKNOWN, SERIES_NEVER);
}

static void test_age_in_arithmetic_is_looked_at_every_second(void **state)
{
    (void)state;
    expect_age("age(nibp_sys) / 60 > 1", 1000, VERDICT_CLEAR, 2000);
    expect_age("age(nibp_sys) / 60 > 1", 1001, VERDICT_CLEAR, 2000);
    expect_age("age(nibp_sys) / 60 > 1", 1999, VERDICT_CLEAR, 2000);
    expect_age("age(nibp_sys) / 60 > 1", 2000, VERDICT_CLEAR, 3000);
}

static void test_age_of_what_was_never_seen(void **state)
{
    (void)state;
    bench_make(&bench, "age(nibp_sys) > 30min or age(nibp_sys) + 1 > 3");
    expect("never seen", 3600000, VERDICT_UNKNOWN);
    assert_int_equal(next_change(3600000), SERIES_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kleene_truth_tables),
        cmocka_unit_test(test_comparisons_of_numbers),
        cmocka_unit_test(test_precedence_in_numbers),
        cmocka_unit_test(test_rounding_is_half_away_from_zero),
        cmocka_unit_test(test_overflow_and_division_by_zero_are_unknown),
        cmocka_unit_test(test_unknown_vital_makes_arithmetic_unknown),
        cmocka_unit_test(test_mean_is_compared_exactly),
        cmocka_unit_test(test_min_and_max_are_decided_by_a_witness),
        cmocka_unit_test(test_share_follows_its_parameter),
        cmocka_unit_test(test_share_with_a_threshold_that_is_no_number),
        cmocka_unit_test(test_bare_vital_is_known_while_it_stands),
        cmocka_unit_test(test_age_next_change_is_exact),
        cmocka_unit_test(test_age_between_milliseconds_and_below_zero),
        cmocka_unit_test(test_age_next_change_takes_the_earliest),
        cmocka_unit_test(test_age_in_arithmetic_is_looked_at_every_second),
        cmocka_unit_test(test_age_of_what_was_never_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
