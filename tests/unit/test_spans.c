/*
 * Sets of numbers as spans: against a plain set, then what becomes of one that is larger than its room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/spans.h"

#define NUMBERS 60U /* at most 30 spans: all fit */

static void expect_text(const struct spans *set, const char *wanted)
{
    char text[256];
    assert_int_equal(spans_write(set, text, sizeof text), strlen(wanted));
    assert_string_equal(text, wanted);
}

static void test_numbers_side_by_side(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {5, 7, 6, 12, 4, 1, 13, 2, 3, 12, 5, UINT64_MAX};
    struct spans set = {.count = 0};
    expect_text(&set, "");
    assert_false(spans_have(&set, 0));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
        spans_put(&set, numbers[i]);
        assert_true(spans_have(&set, numbers[i]));
    }
    expect_text(&set, "1-7 12-13 18446744073709551615");
    assert_false(spans_have(&set, 8));
    assert_false(spans_have(&set, 11));
    assert_false(spans_have(&set, 14));
}

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 33;
}

static void test_as_a_plain_set(void **state)
{
    (void)state;
    const char *given = getenv("WARDGATE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 1;
    print_message("WARDGATE_SEED=%llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 2000; ++round) {
        bool plain[NUMBERS] = {false};
        struct spans set = {.count = 0};
        const unsigned count = (unsigned)(draw(&seed) % NUMBERS);
        for (unsigned i = 0; i < count; ++i) {
            const uint64_t number = draw(&seed) % NUMBERS;
            plain[number] = true;
            spans_put(&set, number);
        }
        for (unsigned number = 0; number < NUMBERS; ++number) {
            assert_int_equal(spans_have(&set, number), plain[number]);
        }
        for (uint32_t i = 1; i < set.count; ++i) {
            assert_true(set.spans[i - 1].last + 1 < set.spans[i].first);
        }
    }
}

static void test_a_full_one_joins_what_is_closest(void **state)
{
    (void)state;
    struct spans set = {.count = 0};
    for (uint64_t i = 0; i < SPANS_MAX; ++i) {
        spans_put(&set, 100 * (i + 1));
    }
    assert_int_equal(set.count, SPANS_MAX);
    assert_false(spans_have(&set, 150));
    spans_put(&set, 1210); /* behind 1200 */
    assert_int_equal(set.count, SPANS_MAX);
    assert_true(spans_have(&set, 1205)); /* never put in */
    for (uint64_t i = 0; i < SPANS_MAX; ++i) {
        assert_true(spans_have(&set, 100 * (i + 1)));
    }
    spans_put(&set, 2);
    assert_true(spans_have(&set, 2) && spans_have(&set, 1210));
    for (uint64_t i = 0; i < 500; ++i) {
        spans_put(&set, i * 7919 % 100000);
    }
    assert_int_equal(set.count, SPANS_MAX);
    for (uint64_t i = 0; i < 500; ++i) {
        assert_true(spans_have(&set, i * 7919 % 100000));
    }
}

static void test_a_text_that_does_not_fit_says_so(void **state)
{
    (void)state;
    struct spans set = {.count = 0};
    char text[16];
    for (uint64_t i = 1; i < 9; ++i) {
        spans_put(&set, 10 * i);
    }
    assert_int_equal(spans_write(&set, text, sizeof text), strlen("10 20 30 40 ..."));
    assert_string_equal(text, "10 20 30 40 ...");
    set.count = 5;
    assert_int_equal(spans_write(&set, text, sizeof text), strlen("10 20 30 40 50"));
    assert_string_equal(text, "10 20 30 40 50");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_side_by_side),
        cmocka_unit_test(test_as_a_plain_set),
        cmocka_unit_test(test_a_full_one_joins_what_is_closest),
        cmocka_unit_test(test_a_text_that_does_not_fit_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
