/* Comparisons whose outcome is sure before anything is measured, at the ends of what can be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/expression_range.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct parameter_names names = {.names = {"limit"}, .count = 1};

struct sure_case {
    const char *text;
    enum verdict sure; /* UNKNOWN: it is not */
    size_t offset, length;
};

static enum verdict find(const char *text, int64_t limit_micro, enum patient_class patient_class,
                         struct expression_sure *out)
{
    const int64_t parameters_micro[PARAMETERS_MAX] = {limit_micro};
    static struct expression expression; /* the answer points into it */
    struct expression_fault fault;
    if (!expression_compile(text, &names, 700, &expression, &fault)) {
        fail_msg("%s: at %zu: %s", text, fault.offset, fault.message);
    }
    if (!expression_find_sure(&expression, parameters_micro, patient_class, out)) {
        return VERDICT_UNKNOWN;
    }
    return out->is_met ? VERDICT_MET : VERDICT_CLEAR;
}

static void test_ends_of_ranges(void **state)
{
    (void)state;
    static const struct sure_case cases[] = {
        {"spo2 > 100", VERDICT_UNKNOWN, 0, 0}, /* turned off */
        {"spo2 > 100.001", VERDICT_CLEAR, 0, 14},
        {"spo2 > 99.999", VERDICT_UNKNOWN, 0, 0},
        {"spo2 >= 100", VERDICT_UNKNOWN, 0, 0},
        {"spo2 >= 100.001", VERDICT_CLEAR, 0, 15},
        {"spo2 <= 100", VERDICT_MET, 0, 11},
        {"spo2 < 100", VERDICT_UNKNOWN, 0, 0},
        {"spo2 < 100.1", VERDICT_MET, 0, 12},
        {"spo2 < 0", VERDICT_UNKNOWN, 0, 0},
        {"spo2 < -0.001", VERDICT_CLEAR, 0, 13},
        {"spo2 <= 0", VERDICT_UNKNOWN, 0, 0},
        {"spo2 <= -0.1", VERDICT_CLEAR, 0, 12},
        {"spo2 >= 0", VERDICT_MET, 0, 9},
        {"spo2 > 0", VERDICT_UNKNOWN, 0, 0},
        {"spo2 > -1", VERDICT_MET, 0, 9},
        {"spo2 == 101", VERDICT_CLEAR, 0, 11},
        {"spo2 == 100", VERDICT_UNKNOWN, 0, 0},
        {"spo2 == -1", VERDICT_CLEAR, 0, 10},
        {"spo2 != 101", VERDICT_MET, 0, 11},
        {"spo2 != -1", VERDICT_MET, 0, 10},
        {"spo2 != 0", VERDICT_UNKNOWN, 0, 0},
        {"hr > 3 and 101 < max(spo2, 15s)", VERDICT_CLEAR, 11, 20},
        {"hr > 101 + 2 * 100", VERDICT_CLEAR, 0, 18},
        {"hr > 100 + 2 * 100", VERDICT_UNKNOWN, 0, 0},
        {"hr > 1 / 0", VERDICT_UNKNOWN, 0, 0},
        {"share(spo2 < 120, 15s) > 0.5", VERDICT_MET, 6, 10},
        {"share(spo2 < 1 / 0, 15s) > 0.5", VERDICT_UNKNOWN, 0, 0},
        {"share(spo2 < 90, 15s) > 1.1", VERDICT_CLEAR, 0, 27},
        {"share(spo2 < 90, 15s) >= 1", VERDICT_UNKNOWN, 0, 0},
        {"share(spo2 < 90, 15s) >= 80", VERDICT_CLEAR, 0, 27}, /* per cent where a fraction is meant */
        {"count(hr, 16) > 17", VERDICT_CLEAR, 0, 18},
        {"count(hr, 16s) > 16", VERDICT_UNKNOWN, 0, 0},
        {"count(hr, 16s) >= 0", VERDICT_MET, 0, 19},
        {"stddev(spo2, 1min) < -1", VERDICT_CLEAR, 0, 23},
        {"delta(spo2, 1min) < -101", VERDICT_CLEAR, 0, 24},
        {"delta(spo2, 1min) < -100", VERDICT_UNKNOWN, 0, 0},
        {"slope(spo2, 1min) < -1000", VERDICT_UNKNOWN, 0, 0},
        {"age(hr) < -1", VERDICT_CLEAR, 0, 12},
        {"age(hr) > 1000000", VERDICT_UNKNOWN, 0, 0},
        {"hr + 1 > 1000", VERDICT_UNKNOWN, 0, 0},
        {"news2 > 1000", VERDICT_UNKNOWN, 0, 0},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct expression_sure sure;
        const enum verdict found = find(cases[i].text, 0, CLASS_adult, &sure);
        if (found != cases[i].sure) {
            fail_msg("%s: %d", cases[i].text, found);
        }
        if (found != VERDICT_UNKNOWN && (sure.offset != cases[i].offset || sure.length != cases[i].length)) {
            fail_msg("%s: at %zu, %zu long", cases[i].text, sure.offset, sure.length);
        }
    }
}

static void test_range_is_that_of_the_class(void **state)
{
    (void)state;
    struct expression_sure sure;
    assert_int_equal(find("hr > limit", 320000000, CLASS_adult, &sure), VERDICT_CLEAR);
    assert_int_equal(sure.low_micro, 0);
    assert_int_equal(sure.high_micro, 300000000);
    assert_int_equal(sure.window->vital, VITAL_hr);
    assert_int_equal(find("hr > limit", 320000000, CLASS_neonate, &sure), VERDICT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_of_ranges),
        cmocka_unit_test(test_range_is_that_of_the_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
