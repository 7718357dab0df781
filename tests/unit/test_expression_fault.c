/* Expressions that do not compile: what is said, and where it points; and the bounds, reached and passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/expression.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct parameter_names names = {.names = {"limit", "low", "high"}, .count = 3};
static const struct parameter_names no_limit = {.names = {NULL, "low"}, .count = 2};

static struct expression compiled(const char *text)
{
    struct expression expression;
    struct expression_fault fault;
    if (!expression_compile(text, &names, 700, &expression, &fault)) {
        fail_msg("%s: at %zu: %s", text, fault.offset, fault.message);
    }
    return expression;
}

struct fault_case {
    const char *text;
    size_t offset, length;
    const char *says;
};

static void check_fault(const struct parameter_names *parameters, const struct fault_case *wanted)
{
    struct expression expression, untouched;
    struct expression_fault fault;
    memset(&expression, 0x5a, sizeof expression);
    untouched = expression;
    if (expression_compile(wanted->text, parameters, 700, &expression, &fault)) {
        fail_msg("%s: compiles", wanted->text);
    }
    assert_memory_equal(&expression, &untouched, sizeof expression);
    if (fault.offset != wanted->offset || fault.length != wanted->length ||
        strstr(fault.message, wanted->says) == NULL) {
        fail_msg("%s: at %zu, %zu long: %s", wanted->text, fault.offset, fault.length, fault.message);
    }
}

static void check_faults(const struct fault_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_fault(&names, &cases[i]);
    }
}

static void test_faults_of_characters(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"hr > 90 %", 8, 1, "unexpected \"%\""},
        {"hr = 90", 3, 1, "equality is =="},
        {"!hr > 3", 0, 1, "write not"},
        {"hr > 3 && hr < 4", 7, 1, "and, or"},
        {"hr > 3 || hr < 4", 7, 1, "and, or"},
        {"hr > .5", 5, 1, "both sides of the point"},
        {"hr > 5.", 5, 2, "both sides of the point"},
        {"hr > 0.1234567", 5, 9, "6 decimal places"},
        {"hr > 1000000000000", 5, 13, "12 digits"},
        {"hr > 99999999999999999999999999999999", 5, 32, "12 digits"},
        {"hr > 1e5", 6, 2, "unknown unit \"e5\""},
        {"mean(hr, 5m) > 1", 10, 1, "ms, s, min, h or d"},
        {"mean(hr, 5sec) > 1", 10, 3, "unknown unit \"sec\""},
        {"age(hr) > 0.0001s", 10, 7, "whole number of milliseconds"},
        {"age(hr) > 999999999999d", 10, 13, "at most 100000 d"},
        {"hr \xe2\x89\xa4 3", 3, 1, "byte 0xE2"},
        {"hr > 3\x01", 6, 1, "byte 0x01"},
    };
    check_faults(cases, LENGTH_OF(cases));
}

static void test_faults_of_shape(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"", 0, 0, "empty"},
        {"   ", 3, 0, "empty"},
        {"hr >", 4, 0, "ends where a value"},
        {"hr > 3 and", 10, 0, "ends where a value"},
        {"(", 1, 0, "ends where a value"},
        {"> 3", 0, 1, "expected a value"},
        {"hr > > 3", 5, 1, "expected a value"},
        {"hr > * 3", 5, 1, "expected a value"},
        {"hr > and 3", 5, 3, "expected a value"},
        {"()", 1, 1, "expected a value"},
        {"hr > 3,", 6, 1, "a comma stands only"},
        {"(hr > 3, 5s)", 7, 1, "a comma stands only"},
        {", hr > 3", 0, 1, "expected a value"},
        {"(hr > 3", 0, 1, "never closed"},
        {"hr > (3 + (4)", 5, 1, "never closed"},
        {"hr > 3)", 6, 1, "closes nothing"},
        {"hr > 3 4", 7, 1, "an operator such as"},
        {"hr > 3 (4)", 7, 1, "an operator such as"},
        {"hr > 3 pulse", 7, 5, "an operator such as"},
        {"hr > 3 AND pulse > 3", 7, 3, "did you mean \"and\"?"},
        {"hr > 3 not pulse > 3", 7, 3, "\"and\" or \"or\" before \"not\""},
        {"hr > not 3", 5, 3, "expected a number"},
        {"-not hr > 3", 1, 3, "expected a number"},
        {"hr > 5 s", 7, 1, "an operator such as"},
    };
    check_faults(cases, LENGTH_OF(cases));
}

static void test_faults_of_types(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"hr", 0, 2, "needs a condition"},
        {"hr + 3", 0, 6, "needs a condition"},
        {"hr and 3", 0, 2, "\"and\" needs a condition"},
        {"hr > 3 and (pulse + 3)", 11, 11, "\"and\" needs a condition"},
        {"hr > 3 or 3", 10, 1, "\"or\" needs a condition"},
        {"not 3", 4, 1, "\"not\" needs a condition"},
        {"not hr and hr > 3", 4, 2, "\"not\" needs a condition"},
        {"(hr and 3)", 1, 2, "\"and\" needs a condition"},
        {"(hr > 3) + 1 > 2", 0, 8, "\"+\" needs a number"},
        {"-(hr > 3) > 2", 1, 8, "\"-\" needs a number"},
        {"2 * (hr > 3) > 2", 4, 8, "\"*\" needs a number"},
        {"(hr > 3) > 2", 0, 8, "\">\" needs a number"},
        {"2 == (hr > 3)", 5, 8, "\"==\" needs a number"},
        {"3 > 2", 0, 5, "no vital"},
        {"limit > 85", 0, 10, "no vital"},
    };
    check_faults(cases, LENGTH_OF(cases));
}

/* What is in different units cannot be added or compared. */
static void test_faults_of_units(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"hr < spo2", 0, 9, "\"<\" has /min on its left and % on its right, both sides need the same unit"},
        {"hr > 3 and (temp == nibp_sys)", 12, 16, "\"==\" has Cel on its left and mm[Hg] on its right"},
        {"hr + spo2 > 90", 0, 9, "\"+\" has /min on its left and % on its right"},
        {"3 > hr - spo2", 4, 9, "\"-\" has /min on its left and % on its right"},
        {"max(hr, 1min) - min(temp, 1min) > 3", 0, 31, "\"-\" has /min on its left and Cel on its right"},
        {"2 * hr + spo2 / 2 > 9", 0, 17, "\"+\" has /min"},
        {"hr / nibp_sys > spo2", 0, 20, "has /min/mm[Hg] on its left and % on its right"},
        {"hr * nibp_sys > nibp_dia", 0, 24, "has mm[Hg]/min on its left and mm[Hg] on its right"},
        {"slope(spo2, 1min) < spo2", 0, 24, "has %/min on its left and % on its right"},
        {"slope(hr, 1min) * slope(hr, 1min) < hr", 0, 38, "has /min/min/min/min on its left"},
        {"spo2 / (hr * hr) > spo2", 0, 23, "has %.min.min on its left"},
        {"share(hr > 3, 5s) > hr", 0, 22, "has a plain number on its left and /min on its right"},
        {"count(hr, 5s) > hr", 0, 18, "has a plain number on its left and /min on its right"},
        {"news2 > hr", 0, 10, "has a plain number on its left and /min on its right"},
        {"spo2 / fio2 > resp", 0, 18, "has a plain number on its left and /min on its right"},
        {"hr > 30min", 0, 10, "has /min on its left and s on its right: a duration is compared with age only"},
        {"5s < spo2", 0, 9, "has s on its left and % on its right: a duration"},
        {"age(hr) > hr", 0, 12, "has s on its left and /min on its right: a duration"},
        {"mean(hr, 5s) > 90s", 0, 18, "has /min on its left and s on its right: a duration"},
        {"share(spo2 < 30min, 15s) > 0.8", 6, 12, "has % on its left and s on its right: a duration"},
        {"share(hr > 3, 5s) > 5s", 0, 22, "has a plain number on its left and s on its right"},
        {"hr > limit and spo2 < limit", 15, 12, "has % on its left and /min on its right"},
        {"share(spo2 < limit, 5s) > 0.5 and hr > limit", 34, 10, "has /min on its left and % on its right"},
        {"hr > limit + 3 and spo2 < limit", 19, 12, "has % on its left and /min on its right"},
        {"hr > 2 * limit and spo2 < limit / 3", 19, 16, "has % on its left and /min on its right"},
        {"limit + low > hr and spo2 > low", 21, 10, "has % on its left and /min on its right"},
        {"age(hr) > limit and hr > limit", 20, 10, "has /min on its left and s on its right: a duration"},
        {"hr / nibp_sys > limit and hr > limit", 26, 10, "has /min on its left and /min/mm[Hg] on its right"},
    };
    check_faults(cases, LENGTH_OF(cases));
    const struct dimension before[PARAMETERS_MAX] = {dimension_of_vital(VITAL_hr), DIMENSION_ANY, DIMENSION_ANY};
    const struct parameter_names later = {.names = {"limit", "low"}, .count = 2, .dimensions = before};
    check_fault(&later, &(struct fault_case){"spo2 > limit", 0, 12, "has % on its left and /min on its right"});
}

static void test_units_that_fit(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "hr > pulse",
        "hr - pulse > 3 and nibp_sys - nibp_dia < 20",
        "(nibp_sys + 2 * nibp_dia) / 3 < 65",
        "hr / nibp_sys > 0.9",
        "spo2 / fio2 / resp * 100 < 4.88",
        "spo2 / fio2 < share(hr > 3, 5s)",
        "hr * nibp_sys > limit and limit < hr * nibp_sys",
        "spo2 + 10 * slope(spo2, 1min) < spo2 - 3",
        "60 / hr > 0.5 or 60 / hr > limit",
        "age(nibp_sys) > 30min and age(temp) > 1800 and age(hr) > 2 * 30min",
        "age(nibp_sys) - age(temp) > 5min and age(hr) > limit",
        "mean(hr, 90) > 1 and mean(hr, 90s) > 1",
        "news2 + qsofa > 7 and consciousness > 0 and news2 > consciousness",
        "limit * low > hr and limit > spo2 and low > resp",
        "high / limit > hr and high > spo2",
        "cap_refill > 2s and cap_refill > 2",
        "-hr < 3 - pulse",
    };
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        (void)compiled(texts[i]);
    }
}

static void test_parameters_take_the_unit_they_meet(void **state)
{
    (void)state;
    const struct dimension percent = dimension_of_vital(VITAL_spo2), rate = dimension_of_vital(VITAL_hr);
    const struct expression e = compiled("spo2 < limit + 1 and share(low >= hr, 5s) > 0.5 and 3 > high");
    assert_true(dimension_is_same(&e.dimensions[0], &percent));
    assert_true(dimension_is_same(&e.dimensions[1], &rate));
    assert_true(e.dimensions[2].is_any);
    const struct expression of_time = compiled("age(hr) > limit");
    assert_true(dimension_is_time(&of_time.dimensions[0]));
    assert_int_equal(dimension_vitals(&percent) >> VITAL_spo2 & 1U, 1);
    assert_int_equal(dimension_vitals(&percent) >> VITAL_hr & 1U, 0);
}

static void test_chained_comparison_says_how_to_write_it(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"85 < spo2 < 95", 10, 1, "write \"85 < spo2 and spo2 < ...\""},
        {"85 <= mean(spo2, 5s) != 95 or hr > 3", 21, 2, "write \"85 <= mean(spo2, 5s) and mean(spo2, 5s) != ...\""},
        {"hr > 3 and 1 < 1 + hr < 3", 22, 1, "write \"1 < 1 + hr and 1 + hr < ...\""},
        {"1 < mean(spo2,                  5s) < 3", 36, 1, "write \"1 < mean(spo2,            "},
        {"share(1 < spo2 < 3, 5s) > 1", 15, 1, "write \"1 < spo2 and spo2 < ...\""},
    };
    check_faults(cases, LENGTH_OF(cases));
}

static void test_faults_of_names(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"sp02 < 90", 0, 4, "unknown name \"sp02\", did you mean \"spo2\"?"},
        {"SpO2 < 90", 0, 4, "did you mean \"spo2\"?"},
        {"spo2 < limti", 7, 5, "did you mean \"limit\"?"},
        {"hr > hihg", 5, 4, "did you mean \"high\"?"},
        {"maen(hr, 5s) > 3", 0, 4, "did you mean \"mean\"?"},
        {"wibblewobble < 90", 0, 12, "unknown name \"wibblewobble\", it is no vital"},
        {"mean(puls, 5s) > 3", 5, 4, "did you mean \"pulse\"?"},
        {"mean(wibblewobble, 5s) > 3", 5, 12, "a vital from the list"},
        {"mean(limit, 5s) > 3", 5, 5, "a vital from the list"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0, 72,
         "unknown name \"aaaaaaaaaaaaaaaaaaaaaaaa\", it is no"},
    };
    check_faults(cases, LENGTH_OF(cases));
    check_fault(&no_limit, &(struct fault_case){"hr > limit", 5, 5, "give it the key \"limit\""});
    check_fault(&no_limit, &(struct fault_case){"hr > high", 5, 4, "unknown name \"high\""});
    const struct parameter_names shadow = {.names = {NULL, "pulse"}, .count = 2};
    check_fault(&shadow, &(struct fault_case){"hr > pulse", 5, 5, "rename the parameter"});
}

static void test_faults_of_functions(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"mean > 3", 0, 4, "needs parentheses, as in mean(hr, 15s)"},
        {"share > 3", 0, 5, "needs parentheses, as in share(spo2 < 90, 15s)"},
        {"age > 3", 0, 3, "needs parentheses, as in age(hr)"},
        {"mean() > 3", 5, 1, "name of one vital"},
        {"mean(3, 5s) > 3", 5, 1, "name of one vital"},
        {"mean(", 5, 0, "name of one vital"},
        {"mean(hr", 7, 0, "a comma or \")\""},
        {"mean(hr) > 3", 0, 8, "mean needs a window, as in mean(hr, 15s)"},
        {"mean(nibp_sys) > 3", 0, 14, "mean needs a window, as in mean(nibp_sys, 3)"},
        {"count(hr) > 3", 0, 9, "count needs a window"},
        {"age(hr, 5s) > 3", 6, 1, "age takes no window"},
        {"mean(hr < 3, 5s) > 1", 8, 1, "only share takes a comparison"},
        {"mean(hr + 3, 5s) > 1", 8, 1, "arithmetic outside"},
        {"mean(hr pulse) > 1", 8, 5, "a comma or \")\""},
        {"mean((hr), 5s) > 1", 5, 1, "name of one vital"},
        {"mean(hr, ) > 1", 9, 1, "a duration or a number"},
        {"mean(hr, limit) > 1", 9, 5, "a duration or a number"},
        {"mean(hr, -5s) > 1", 9, 1, "a duration or a number"},
        {"mean(hr, 5s > 1", 12, 1, "expected \")\""},
        {"mean(hr, 5s, 5s) > 1", 11, 1, "expected \")\""},
        {"mean(hr, 5 s) > 1", 11, 1, "expected \")\""},
        {"mean(hr, 0s) > 1", 9, 2, "1 ms to 24 h"},
        {"mean(hr, 1441min) > 1", 9, 7, "1 ms to 24 h"},
        {"mean(hr, 0) > 1", 9, 1, "1 to 4096"},
        {"mean(hr, 4097) > 1", 9, 4, "1 to 4096"},
        {"mean(hr, 1.5) > 1", 9, 3, "1 to 4096"},
        {"hr(5s) > 1", 2, 1, "an operator such as"},
        {"mean %", 5, 1, "unexpected \"%\""},
        {"mean(%", 5, 1, "unexpected \"%\""},
        {"mean(hr %", 8, 1, "unexpected \"%\""},
        {"mean(hr, %", 9, 1, "unexpected \"%\""},
        {"mean(hr, 5s %", 12, 1, "unexpected \"%\""},
    };
    check_faults(cases, LENGTH_OF(cases));
}

static void test_faults_of_shares(void **state)
{
    (void)state;
    static const char form[] = "one comparison of one vital with a value";
    static const struct fault_case cases[] = {
        {"share(spo2, 15s) > 0.8", 6, 4, form},
        {"share(90, 15s) > 0.8", 6, 2, form},
        {"share(80 < 90, 15s) > 0.8", 6, 7, form},
        {"share(spo2 < hr, 15s) > 0.8", 6, 9, form},
        {"share(spo2 + 1 < 90, 15s) > 0.8", 6, 4, form},
        {"share(90 > -spo2, 15s) > 0.8", 12, 4, form},
        {"share(spo2 < 90 and spo2 > 80, 15s) > 0.8", 6, 9, form},
        {"share(not spo2 < 90, 15s) > 0.8", 10, 9, form},
        {"share(spo2 < (80 < 90), 15s) > 0.8", 6, 16, form},
        {"share(spo2 < 90) > 0.8", 0, 16, "share needs a window"},
        {"share(spo2 < 90, ) > 0.8", 17, 1, "a duration or a number"},
        {"share(spo2 < 90", 0, 5, "never closed"},
        {"share((spo2 < 90, 15s) > 0.8", 16, 1, "a comma stands only"},
        {"share(spo2 < mean(hr, 5s), 15s) > 0.8", 13, 4, "numbers and parameters only"},
        {"share(share(spo2 < 90, 5s) < 90, 15s) > 0.8", 6, 5, "numbers and parameters only"},
        {"share(spo2 < 90, 15s)", 0, 21, "needs a condition"},
        {"share() > 1", 6, 1, "expected a value"},
    };
    check_faults(cases, LENGTH_OF(cases));
}

/* --- episodic vitals --- */

static void test_episodic_vitals_have_no_windows_in_time(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        {"hr > 3 and mean(nibp_sys, 1h) > 3", 11, 18, "nibp_sys is measured only now and then"},
        {"max(glucose, 1h) > 3", 0, 16, "glucose is measured"},
        {"share(glucose > 7, 1h) > 0.5", 0, 22, "glucose is measured"},
    };
    check_faults(cases, LENGTH_OF(cases));
    (void)compiled("nibp_sys > 1 and age(nibp_sys) < 30min and count(nibp_sys, 1h) > 1 and last(nibp_sys, 1h) > 1");
    (void)compiled("mean(nibp_sys, 3) > 1 and share(glucose > 7, 3) > 0.5 and delta(glucose, 2) > 1");
}

/* --- bounds --- */

static void repeat(char *text, size_t size, const char *first, const char *again, int times, const char *last)
{
    size_t length = (size_t)snprintf(text, size, "%s", first);
    for (int i = 0; i < times; i++) {
        length += (size_t)snprintf(text + length, size - length, "%s", again);
    }
    length += (size_t)snprintf(text + length, size - length, "%s", last);
    assert_true(length < size);
}

static void test_depth_bound(void **state)
{
    (void)state;
    char text[600];
    repeat(text, sizeof text, "", "(", EXPRESSION_DEPTH_MAX, "hr > 1");
    const size_t length = strlen(text);
    memset(text + length, ')', EXPRESSION_DEPTH_MAX - 1);
    text[length + EXPRESSION_DEPTH_MAX - 1] = '\0';
    check_fault(&names, &(struct fault_case){text, EXPRESSION_DEPTH_MAX + 3, 1, "nested too deeply"});
    text[0] = ' '; /* one less: the parentheses and the comparison fit */
    (void)compiled(text);
    repeat(text, sizeof text, "hr > ", "-", 30, "1");
    check_fault(&names, &(struct fault_case){text, 5 + EXPRESSION_DEPTH_MAX - 1, 1, "nested too deeply"});
    /* as many operands wait as operators are open: each 1 is below a parenthesis */
    repeat(text, sizeof text, "hr > ", "1 - (", 7, "1 - 1)))))))");
    (void)compiled(text);
}

static void test_step_bound(void **state)
{
    (void)state;
    char text[600];
    repeat(text, sizeof text, "hr > 1", "+1", 31, ""); /* 32 numbers, 31 sums, one comparison */
    assert_int_equal(compiled(text).op_count, EXPRESSION_OPS_MAX);
    repeat(text, sizeof text, "hr > 1", "+1", 32, "");
    check_fault(&names, &(struct fault_case){text, 69, 1, "more than 64 steps"});
    repeat(text, sizeof text, "share(hr>1", "+1", 30, ",5s)>0 or share(hr>1+1,5s)>0");
    assert_int_equal(compiled(text).threshold_op_count, EXPRESSION_OPS_MAX);
    repeat(text, sizeof text, "share(hr>1", "+1", 30, ",5s)>0 or share(hr>1+1+1,5s)>0");
    check_fault(&names, &(struct fault_case){text, 86, 8, "64 steps in shares"});
}

/* Puts `tail` behind the first `length` characters. */
static void append(char *text, size_t size, size_t length, const char *tail)
{
    assert_true((size_t)snprintf(text + length, size - length, "%s", tail) < size - length);
}

static void test_window_bound(void **state)
{
    (void)state;
    char text[EXPRESSION_TEXT_MAX + 1] = "max(hr,1s)";
    for (int i = 2; i <= EXPRESSION_WINDOWS_MAX; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "+max(hr,%ds)", i);
    }
    const size_t length = strlen(text);
    append(text, sizeof text, length, ">1");
    assert_int_equal(compiled(text).window_count, EXPRESSION_WINDOWS_MAX);
    append(text, sizeof text, length, "+max(hr,1s)>1"); /* the same again */
    assert_int_equal(compiled(text).window_count, EXPRESSION_WINDOWS_MAX);
    append(text, sizeof text, length, "+hr>1");
    check_fault(&names, &(struct fault_case){text, length + 1, 2, "more than 12 windows"});
    append(text, sizeof text, length, "+share(hr>1,5s)>1");
    check_fault(&names, &(struct fault_case){text, length + 1, 14, "more than 12 windows"});
}

static void test_text_bound(void **state)
{
    (void)state;
    char text[EXPRESSION_TEXT_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, "hr > 3", 6);
    text[EXPRESSION_TEXT_MAX] = '\0';
    (void)compiled(text);
    text[EXPRESSION_TEXT_MAX] = ' ';
    text[EXPRESSION_TEXT_MAX + 1] = '\0';
    check_fault(&names, &(struct fault_case){text, EXPRESSION_TEXT_MAX, 0, "longer than 512"});
}

static void test_an_operator_too_deep(void **state)
{
    (void)state;
    check_fault(&names, &(struct fault_case){"((((((((((((((((hr + 1", 19, 1, "nested too deeply"});
}

static void test_long_names_are_cut(void **state)
{
    (void)state;
    static const struct parameter_names long_names = {.names = {NULL, "what_the_ward_has_agreed_upon"}, .count = 2};
    check_fault(&long_names,
                &(struct fault_case){"hr > what_the_ward_has_agreed_on", 5, 27,
                                     "unknown name \"what_the_ward_has_agreed\", did you mean \"what_the"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_an_operator_too_deep),
        cmocka_unit_test(test_faults_of_characters),
        cmocka_unit_test(test_faults_of_shape),
        cmocka_unit_test(test_faults_of_types),
        cmocka_unit_test(test_faults_of_units),
        cmocka_unit_test(test_units_that_fit),
        cmocka_unit_test(test_parameters_take_the_unit_they_meet),
        cmocka_unit_test(test_chained_comparison_says_how_to_write_it),
        cmocka_unit_test(test_faults_of_names),
        cmocka_unit_test(test_faults_of_functions),
        cmocka_unit_test(test_faults_of_shares),
        cmocka_unit_test(test_episodic_vitals_have_no_windows_in_time),
        cmocka_unit_test(test_depth_bound),
        cmocka_unit_test(test_step_bound),
        cmocka_unit_test(test_window_bound),
        cmocka_unit_test(test_text_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
