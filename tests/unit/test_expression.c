/* Compiling expressions: grammar, precedence, windows, and what is known of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/expression.h"
#include "app/engine/expression_code.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct parameter_names names = {.names = {"limit", "low", "high"}, .count = 3};

static struct expression compiled(const char *text)
{
    struct expression expression;
    struct expression_fault fault;
    if (!expression_compile(text, &names, 700, &expression, &fault)) {
        fail_msg("%s: at %zu: %s", text, fault.offset, fault.message);
    }
    return expression;
}

/* --- the steps, as words: numbers as written, parameters by name, `w0` a window, `w0<` its comparison --- */

static const char *comparison_word(unsigned comparison)
{
    static const char *const words[] = {"<", "<=", ">", ">=", "==", "!="};
    return words[comparison];
}

static void write_step(const struct expression_op *op, char *text, size_t size)
{
    static const char *const words[] = {
        [CODE_OR] = "or",      [CODE_AND] = "and",    [CODE_NOT] = "not",  [CODE_ADD] = "+",
        [CODE_SUBTRACT] = "-", [CODE_MULTIPLY] = "*", [CODE_DIVIDE] = "/", [CODE_NEGATE] = "neg"};
    switch ((int)op->code) {
    case CODE_CONSTANT:
        snprintf(text, size, "%.12g", (double)op->constant_micro / 1e6);
        break;
    case CODE_PARAMETER:
        snprintf(text, size, "%s", names.names[op->index]);
        break;
    case CODE_WINDOW:
        snprintf(text, size, "w%u", op->index);
        break;
    case CODE_COMPARE_WINDOW:
        snprintf(text, size, "w%u%s", op->index, comparison_word(op->comparison));
        break;
    case CODE_COMPARE:
        snprintf(text, size, "%s", comparison_word(op->comparison));
        break;
    default:
        snprintf(text, size, "%s", words[op->code]);
        break;
    }
}

static const char *write_steps(const struct expression_op *ops, unsigned count)
{
    static char text[1024];
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        const size_t length = strlen(text);
        if (i > 0) {
            text[length] = ' ';
            text[length + 1] = '\0';
        }
        write_step(&ops[i], text + strlen(text), sizeof text - strlen(text));
    }
    return text;
}

struct steps_case {
    const char *text, *steps;
};

static void check_steps(const struct steps_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct expression expression = compiled(cases[i].text);
        assert_string_equal(write_steps(expression.ops, expression.op_count), cases[i].steps);
    }
}

static void test_precedence(void **state)
{
    (void)state;
    static const struct steps_case cases[] = {
        {"hr > 1 or hr > 2 and hr > 3", "1 w0> 2 w0> 3 w0> and or"},
        {"hr > 1 and hr > 2 or hr > 3", "1 w0> 2 w0> and 3 w0> or"},
        {"hr > 1 or hr > 2 or hr > 3", "1 w0> 2 w0> or 3 w0> or"},
        {"(hr > 1 or hr > 2) and hr > 3", "1 w0> 2 w0> or 3 w0> and"},
        {"not hr > 1 and hr > 2", "1 w0> not 2 w0> and"},
        {"not (hr > 1 and hr > 2)", "1 w0> 2 w0> and not"},
        {"not not hr > 1", "1 w0> not not"},
        {"hr > 1 and not hr > 2", "1 w0> 2 w0> not and"},
        {"hr > 1 + 2 * 3", "1 2 3 * + w0>"},
        {"hr > 1 * 2 + 3", "1 2 * 3 + w0>"},
        {"hr > 1 - 2 - 3", "1 2 - 3 - w0>"},
        {"hr > 8 / 4 / 2 * 3", "8 4 / 2 / 3 * w0>"},
        {"hr > (1 + 2) * 3", "1 2 + 3 * w0>"},
        {"hr > -1", "1 neg w0>"},
        {"hr > - -1", "1 neg neg w0>"},
        {"hr > 2 - -1", "2 1 neg - w0>"},
        {"hr > -1 * 2", "1 neg 2 * w0>"},
        {"hr > 2 * -1 + 3", "2 1 neg * 3 + w0>"},
        {"hr > -(1 + 2)", "1 2 + neg w0>"},
        {"((hr)) > ((90))", "90 w0>"},
        {"hr>1 and(hr<2)", "1 w0> 2 w0< and"},
        {"  hr\t>\n1  ", "1 w0>"},
    };
    check_steps(cases, LENGTH_OF(cases));
}

static void test_numbers_and_durations(void **state)
{
    (void)state;
    static const struct steps_case cases[] = {
        {"hr > 0", "0 w0>"},
        {"hr > 0.000001", "1e-06 w0>"},
        {"hr > 36.85", "36.85 w0>"},
        {"hr > 007.5", "7.5 w0>"},
        {"hr > 999999999999", "999999999999 w0>"},
        {"age(hr) > 500ms", "0.5 w0>"},
        {"age(hr) > 5s", "5 w0>"},
        {"age(hr) > 30min", "1800 w0>"},
        {"age(hr) > 2h", "7200 w0>"},
        {"age(hr) > 1d", "86400 w0>"},
        {"age(hr) > 1.5min", "90 w0>"},
        {"age(hr) > 0.001s + 1ms", "0.001 0.001 + w0>"},
    };
    check_steps(cases, LENGTH_OF(cases));
}

static void test_comparisons_that_a_window_decides(void **state)
{
    (void)state;
    static const struct steps_case cases[] = {
        {"mean(hr, 1min) < limit", "limit w0<"},
        {"mean(hr, 1min) <= limit", "limit w0<="},
        {"mean(hr, 1min) > limit", "limit w0>"},
        {"mean(hr, 1min) >= limit", "limit w0>="},
        {"mean(hr, 1min) == limit", "limit w0=="},
        {"mean(hr, 1min) != limit", "limit w0!="},
        {"limit < mean(hr, 1min)", "limit w0>"},
        {"limit <= mean(hr, 1min)", "limit w0>="},
        {"limit > mean(hr, 1min)", "limit w0<"},
        {"limit >= mean(hr, 1min)", "limit w0<="},
        {"limit == mean(hr, 1min)", "limit w0=="},
        {"limit != mean(hr, 1min)", "limit w0!="},
        {"(limit + 1) * 2 > mean(hr, 1min)", "limit 1 + 2 * w0<"},
        {"(min(spo2, 5s)) >= limit + 1", "limit 1 + w0>="},
        {"share(spo2 < limit, 15s) >= 0.8", "0.8 w0>="},
        /* anything else is arithmetic */
        {"mean(hr, 1min) + 0 > limit", "w0 0 + limit >"},
        {"-mean(hr, 1min) > limit", "w0 neg limit >"},
        {"hr > pulse", "w0 w1 >"},
        {"hr - pulse > limit", "w0 w1 - limit >"},
        {"limit > hr - pulse", "limit w0 w1 - >"},
        {"hr > pulse + limit", "w0 w1 limit + >"},
        {"hr > 1 and pulse - hr > 2 and 3 > hr", "1 w0> w1 w0 - 2 > and 3 w0< and"},
        {"1 < 2 and hr > 3", "1 2 < 3 w0> and"},
    };
    check_steps(cases, LENGTH_OF(cases));
}

/* --- windows --- */

static void check_window(const char *text, struct window_spec wanted)
{
    const struct expression expression = compiled(text);
    assert_int_equal(expression.window_count, 1);
    const struct window_spec *spec = &expression.windows[0];
    assert_int_equal(spec->vital, wanted.vital);
    assert_int_equal(spec->aggregate, wanted.aggregate);
    assert_int_equal(spec->bare, wanted.bare);
    assert_int_equal(spec->span_ms, wanted.span_ms);
    assert_int_equal(spec->count, wanted.count);
    assert_int_equal(spec->coverage_permille, 700);
}

static void test_windows(void **state)
{
    (void)state;
    check_window("hr > 1", (struct window_spec){VITAL_hr, AGGREGATE_LAST, true, 0, 0, 0});
    check_window("last(hr) > 1", (struct window_spec){VITAL_hr, AGGREGATE_LAST, false, 0, 0, 0});
    check_window("last(hr, 5s) > 1", (struct window_spec){VITAL_hr, AGGREGATE_LAST, false, 5000, 0, 0});
    check_window("age(nibp_sys) > 1", (struct window_spec){VITAL_nibp_sys, AGGREGATE_AGE, false, 0, 0, 0});
    check_window("mean(hr, 16) > 1", (struct window_spec){VITAL_hr, AGGREGATE_MEAN, false, 0, 16, 0});
    check_window("max(hr, 4096) > 1", (struct window_spec){VITAL_hr, AGGREGATE_MAX, false, 0, 4096, 0});
    check_window("min(hr, 24h) > 1", (struct window_spec){VITAL_hr, AGGREGATE_MIN, false, 86400000, 0, 0});
    check_window("stddev(hr, 1ms) > 1", (struct window_spec){VITAL_hr, AGGREGATE_STDDEV, false, 1, 0, 0});
    check_window("slope(hr, 5min) > 1", (struct window_spec){VITAL_hr, AGGREGATE_SLOPE, false, 300000, 0, 0});
    check_window("delta(hr, 1.5s) > 1", (struct window_spec){VITAL_hr, AGGREGATE_DELTA, false, 1500, 0, 0});
    check_window("count(hr, 1min) > 1", (struct window_spec){VITAL_hr, AGGREGATE_COUNT, false, 60000, 0, 0});
    check_window("count(hr, 3) > 1", (struct window_spec){VITAL_hr, AGGREGATE_COUNT, false, 0, 3, 0});
    check_window("share(hr > 1, 16) > 1", (struct window_spec){VITAL_hr, AGGREGATE_SHARE, false, 0, 16, 0});
}

static void test_coverage_goes_into_every_window(void **state)
{
    (void)state;
    struct expression expression;
    struct expression_fault fault;
    assert_true(expression_compile("mean(hr, 5s) > max(hr, 5s)", &names, 500, &expression, &fault));
    assert_int_equal(expression.windows[0].coverage_permille, 500);
    assert_int_equal(expression.windows[1].coverage_permille, 500);
}

static void test_equal_windows_are_one_but_shares_are_not(void **state)
{
    (void)state;
    assert_int_equal(compiled("mean(hr, 1min) > 1 or mean(hr, 60s) < 0").window_count, 1);
    assert_int_equal(compiled("mean(hr, 1min) > 1 or mean(hr, 61s) < 0").window_count, 2);
    assert_int_equal(compiled("mean(hr, 60) > 1 or mean(hr, 60s) < 0").window_count, 2);
    assert_int_equal(compiled("hr > 1 or last(hr) < 0").window_count, 2);
    const struct expression shares = compiled("share(hr > 1, 5s) > 0.5 or share(hr > 2, 5s) > 0.1");
    assert_int_equal(shares.window_count, 2);
    assert_int_equal(shares.share_count, 2);
}

static void test_share_thresholds(void **state)
{
    (void)state;
    const struct expression e =
        compiled("share(spo2 < limit + 1, 15s) >= 0.8 and share(2 * low >= hr, 5s) > share((pulse) != 3, 5s)");
    assert_int_equal(e.share_count, 3);
    assert_int_equal(e.shares[0].window, 0);
    assert_int_equal(e.shares[0].comparison, COMPARISON_LT);
    assert_string_equal(write_steps(&e.threshold_ops[e.shares[0].first_op], e.shares[0].op_count), "limit 1 +");
    assert_int_equal(e.shares[1].comparison, COMPARISON_LE); /* hr <= 2 * low */
    assert_string_equal(write_steps(&e.threshold_ops[e.shares[1].first_op], e.shares[1].op_count), "2 low *");
    assert_int_equal(e.shares[2].comparison, COMPARISON_NE);
    assert_string_equal(write_steps(&e.threshold_ops[e.shares[2].first_op], e.shares[2].op_count), "3");
    assert_string_equal(write_steps(e.ops, e.op_count), "0.8 w0>= w1 w2 > and");
}

static void test_what_an_expression_asks_for(void **state)
{
    (void)state;
    const struct expression e = compiled("share(spo2 < limit, 15s) >= 0.8 and mean(hr, 1min) > high");
    assert_int_equal(e.vitals, 1U << VITAL_spo2 | 1U << VITAL_hr);
    assert_int_equal(e.first_vital, VITAL_spo2);
    assert_int_equal(e.parameters, 1U << 0 | 1U << 2);
    assert_int_equal(compiled("3 < low + hr - pulse").first_vital, VITAL_hr);
}

static void test_demand_is_what_the_windows_of_a_vital_ask(void **state)
{
    (void)state;
    const struct expression e = compiled("max(spo2, 15s) > 1 and mean(hr, 2min) > 90 and share(spo2 < 90, 16) > 0.5");
    struct series_demand asked, wanted;
    memset(&asked, 0, sizeof asked);
    memset(&wanted, 0, sizeof wanted);
    expression_demand(&e, VITAL_spo2, &asked);
    series_demand_add(&wanted, &e.windows[0]);
    series_demand_add(&wanted, &e.windows[2]);
    assert_memory_equal(&asked, &wanted, sizeof asked);
    expression_demand(&e, VITAL_hr, &asked);
    assert_memory_not_equal(&asked, &wanted, sizeof asked);
    expression_demand(&e, VITAL_pulse, &wanted);
    series_demand_add(&wanted, &e.windows[1]);
    assert_memory_equal(&asked, &wanted, sizeof asked);
}

/* --- limit --- */

static void test_limit_direction(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int direction;
    } cases[] = {
        {"spo2 < limit", 1},
        {"spo2 <= limit", 1},
        {"spo2 > limit", -1},
        {"spo2 >= limit", -1},
        {"limit > spo2", 1},
        {"limit < spo2", -1},
        {"spo2 == limit", 0},
        {"spo2 != limit", 0},
        {"spo2 < low", 0},
        {"spo2 < limit + 1", 1},
        {"spo2 < 1 + limit", 1},
        {"spo2 < 100 - limit", -1},
        {"spo2 < -limit", -1},
        {"spo2 < -(1 - limit)", 1},
        {"spo2 < limit * 0.9", 1},
        {"spo2 < 0.9 * limit", 1},
        {"spo2 < limit / 2", 1},
        {"spo2 < 100 / limit", 0},
        {"spo2 < limit * low", 0},
        {"spo2 < limit * limit", 0},
        {"spo2 < limit * 0", 0},
        {"spo2 < limit * -1", 0},
        {"spo2 - limit < 3", 1},
        {"spo2 - limit > 3", -1},
        {"spo2 + limit > 3", 1},
        {"limit - limit < spo2", 0},
        {"share(spo2 < limit, 15s) >= 0.8", 1},
        {"share(spo2 < limit, 15s) > 0.8", 1},
        {"share(spo2 < limit, 15s) < 0.8", -1},
        {"share(spo2 < limit, 15s) <= 0.8", -1},
        {"share(spo2 > limit, 15s) >= 0.8", -1},
        {"share(limit > spo2, 15s) >= 0.8", 1},
        {"0.8 <= share(spo2 < limit, 15s)", 1},
        {"share(spo2 == limit, 15s) >= 0.8", 0},
        {"1 - share(spo2 < limit, 15s) <= 0.2", 1},
        {"not spo2 < limit", -1},
        {"not not spo2 < limit", 1},
        {"not share(spo2 < limit, 15s) >= 0.8", -1},
        {"spo2 < limit and hr > high", 1},
        {"hr < limit and pulse < limit", 1},
        {"spo2 < limit or spo2 > limit", 0},
        {"spo2 < limit and not spo2 > limit + 5", 1},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        if (compiled(cases[i].text).limit_direction != cases[i].direction) {
            fail_msg("%s: not %d", cases[i].text, cases[i].direction);
        }
    }
}

/* --- episodic vitals --- */

static void test_wrong_for_vitals_that_a_profile_makes_episodic(void **state)
{
    (void)state;
    const uint32_t temp = 1U << VITAL_temp;
    const struct expression mean = compiled("hr > 1 and mean(temp, 1h) > 39");
    assert_true(expression_is_wrong_for_episodic(&mean, temp));
    assert_false(expression_is_wrong_for_episodic(&mean, 1U << VITAL_hr));
    assert_false(expression_is_wrong_for_episodic(&mean, 0));
    const struct expression plain =
        compiled("temp > 39 and age(temp) < 1h and count(temp, 1h) > 1 and last(temp, 1h) > 1 "
                 "and max(temp, 3) > 39");
    assert_false(expression_is_wrong_for_episodic(&plain, temp));
    const struct expression share = compiled("share(temp > 39, 1h) > 0.5");
    assert_true(expression_is_wrong_for_episodic(&share, temp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_numbers_and_durations),
        cmocka_unit_test(test_comparisons_that_a_window_decides),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_coverage_goes_into_every_window),
        cmocka_unit_test(test_equal_windows_are_one_but_shares_are_not),
        cmocka_unit_test(test_share_thresholds),
        cmocka_unit_test(test_what_an_expression_asks_for),
        cmocka_unit_test(test_demand_is_what_the_windows_of_a_vital_ask),
        cmocka_unit_test(test_limit_direction),
        cmocka_unit_test(test_wrong_for_vitals_that_a_profile_makes_episodic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
