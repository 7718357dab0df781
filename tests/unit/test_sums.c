/*
 * A mean out of its sum, where one division does and where it does not; and the exact comparison of a mean, in 64 bits
 * and beyond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/engine/sums.h"

/* Half away from zero, in steps that cannot overflow for what is asked here. */
static int64_t mean_by_hand(int64_t sum, int64_t count)
{
    const int64_t size = sum < 0 ? -sum : sum, whole = size / count, rest = size % count * 1000;
    const int64_t mean = whole * 1000 + rest / count + (2 * (rest % count) >= count ? 1 : 0);
    return sum < 0 ? -mean : mean;
}

static void a_mean_is_rounded_half_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(sums_mean_micro(1, 16), 63); /* 62.5 */
    assert_int_equal(sums_mean_micro((uint64_t)-1, 16), -63);
    assert_int_equal(sums_mean_micro(1, 3), 333);
    assert_int_equal(sums_mean_micro((uint64_t)-2, 3), -667);
    assert_int_equal(sums_mean_micro(0, 7), 0);
    assert_int_equal(sums_mean_micro((uint64_t)INT32_MIN, 1), (int64_t)INT32_MIN * 1000);
}

static void a_mean_is_the_same_in_one_division_and_in_two(void **state)
{
    (void)state;
    static const uint32_t counts[] = {
        1, 2, 3, 16, 60, 299, 300, 3600, 86400, SUMS_SHORT_COUNT_MAX, SUMS_SHORT_COUNT_MAX + 1, 30000000};
    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const int64_t count = counts[i], largest = count * INT32_MAX, step = largest / 501 + 1;
        for (int64_t sum = -largest - count; sum <= largest; sum += step) {
            const int64_t wanted = mean_by_hand(sum, count);
            assert_int_equal(sums_mean_micro((uint64_t)sum, counts[i]), wanted);
            assert_int_equal(sums_long_mean_micro((uint64_t)sum, counts[i]), wanted);
        }
        assert_int_equal(sums_mean_micro((uint64_t)largest, counts[i]), (int64_t)INT32_MAX * 1000);
    }
}

static void assert_order(int64_t sum, uint32_t count, int64_t threshold_micro, int wanted)
{
    const int order = sums_compare_mean((uint64_t)sum, count, threshold_micro);
    assert_int_equal((order > 0) - (order < 0), wanted);
}

static void a_mean_is_compared_exactly(void **state)
{
    (void)state;
    assert_order(3, 3, 1000, 0);
    assert_order(1, 3, 333, 1); /* a third is more than it rounds to */
    assert_order(1, 3, 334, -1);
    assert_order(-1, 3, -333, -1);
    assert_order(-1, 3, -334, 1);
}

static void a_mean_is_compared_where_64_bits_do_not_do(void **state)
{
    (void)state;
    const uint32_t count = 2000000000;
    const int64_t sum = (int64_t)count * INT32_MAX; /* times 1000: beyond 64 bits */
    assert_order(sum, count, (int64_t)INT32_MAX * 1000, 0);
    assert_order(sum, count, (int64_t)INT32_MAX * 1000 + 1, -1);
    assert_order(sum - 1, count, (int64_t)INT32_MAX * 1000, -1);
    assert_order(sum, count, (int64_t)INT32_MAX * 1000 - 1, 1);
    assert_order(5, count, INT64_MAX, -1); /* only the threshold is large */
    assert_order(5, count, INT64_MIN, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_is_rounded_half_away_from_zero),
        cmocka_unit_test(a_mean_is_the_same_in_one_division_and_in_two),
        cmocka_unit_test(a_mean_is_compared_exactly),
        cmocka_unit_test(a_mean_is_compared_where_64_bits_do_not_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
