/* The words of ward descriptions: durations, decimals, variables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ward/ward_text.h"

static void test_durations(void **state)
{
    (void)state;
    int64_t ns = 0;
    assert_true(ward_text_duration("250us", &ns));
    assert_int_equal(ns, 250000);
    assert_true(ward_text_duration("20", &ns));
    assert_int_equal(ns, 20 * WARD_MS);
    assert_true(ward_text_duration("2min", &ns));
    assert_int_equal(ns, 120 * WARD_S);
    static const char *const bad[] = {"", "s", "-1s", "1x", "1 s", "1.5s", "25h", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(ward_text_duration(bad[i], &ns));
    }
    assert_int_equal(ns, 120 * WARD_S);
}

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t milli;
    } good[] = {{"0", 0},           {"72", 72000},          {"36.85", 36850}, {"36.8504", 36850},
                {"36.8505", 36851}, {"-1.5", -1500},        {"5.", 5000},     {"0.0004999", 0},
                {"-0.0005", -1},    {"100.123456", 100123}, {"007.5", 7500}};
    int32_t milli = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(ward_text_milli(good[i].text, &milli));
        assert_int_equal(milli, good[i].milli);
    }
    static const char *const bad[] = {"",    "-", ".5", "1.2.3",   "1e3",
                                      "nan", "x", "1 ", "3000000", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(ward_text_milli(bad[i], &milli));
    }
}

static void test_variables(void **state)
{
    (void)state;
    char out[40];
    setenv("WARD_TEST_PORT", "15020", 1);
    setenv("WARD_TEST_DIR", "/tmp/w", 1);
    unsetenv("WARD_TEST_NOT");
    assert_true(ward_text_expand("a ${WARD_TEST_DIR}/x :${WARD_TEST_PORT+2}", out, sizeof out));
    assert_string_equal(out, "a /tmp/w/x :15022");
    assert_true(ward_text_expand("no $ {variable} ${", out, sizeof out));
    assert_string_equal(out, "no $ {variable} ${");
    assert_false(ward_text_expand("${WARD_TEST_NOT}", out, sizeof out));
    assert_false(ward_text_expand("${WARD_TEST_DIR+1}", out, sizeof out));
    assert_false(ward_text_expand("${}", out, sizeof out));
    assert_false(ward_text_expand("${WARD_TEST_DIR}${WARD_TEST_DIR}${WARD_TEST_DIR}${WARD_TEST_DIR}"
                                  "${WARD_TEST_DIR}${WARD_TEST_DIR}${WARD_TEST_DIR}",
                                  out, sizeof out));
    assert_false(ward_text_expand("0123456789012345678901234567890123456789", out, sizeof out));
    assert_true(ward_text_expand("012345678901234567890123456789012345678", out, sizeof out));
}

static void test_words(void **state)
{
    (void)state;
    char line[] = "  at 12s\tb02 desaturation # the first\n";
    char *words[3];
    assert_int_equal(ward_text_split(line, words, 3), 4);
    assert_string_equal(words[2], "b02");
    char empty[] = " # nothing";
    assert_int_equal(ward_text_split(empty, words, 3), 0);
    assert_true(ward_text_is_name("line-a_1"));
    assert_false(ward_text_is_name("1line"));
    assert_false(ward_text_is_name("line a"));
    assert_false(ward_text_is_name("a2345678901234567890123456789012"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
