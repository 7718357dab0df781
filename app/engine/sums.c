#include "app/engine/sums.h"

#include <assert.h>

#include "app/engine/vital.h"

#define MICRO_PER_MILLI 1000
#define MICRO_PER_UNIT  1000000

struct sums sums_add(const struct sums *left, const struct sums *right)
{
    return (struct sums){.count = left->count + right->count,
                         .values = left->values + right->values,
                         .instants = left->instants + right->instants,
                         .squares = wide_add(left->squares, right->squares),
                         .instant_squares = wide_add(left->instant_squares, right->instant_squares),
                         .products = wide_add(left->products, right->products)};
}

struct sums sums_subtract(const struct sums *left, const struct sums *right)
{
    return (struct sums){.count = left->count - right->count,
                         .values = left->values - right->values,
                         .instants = left->instants - right->instants,
                         .squares = wide_subtract(left->squares, right->squares),
                         .instant_squares = wide_subtract(left->instant_squares, right->instant_squares),
                         .products = wide_subtract(left->products, right->products)};
}

/* size * scale / divisor, rounded half up; size split first, so that nothing overflows while divisor * scale fits. */
static uint64_t scale_ratio(uint64_t size, uint64_t scale, uint64_t divisor)
{
    const uint64_t whole = size / divisor, rest = size % divisor * scale;
    return whole * scale + rest / divisor + (rest % divisor >= divisor - rest % divisor ? 1 : 0);
}

int64_t sums_long_mean_micro(uint64_t values, uint32_t count)
{
    assert(count > 0);
    const bool negative = (int64_t)values < 0;
    const int64_t mean = (int64_t)scale_ratio(negative ? 0 - values : values, MICRO_PER_MILLI, count);
    return negative ? -mean : mean;
}

int sums_compare_mean(uint64_t values, uint32_t count, int64_t threshold_micro)
{
    int64_t left, right;
    if (!__builtin_mul_overflow((int64_t)values, MICRO_PER_MILLI, &left) &&
        !__builtin_mul_overflow(threshold_micro, count, &right)) {
        return left < right ? -1 : left > right ? 1 : 0;
    }
    return wide_compare(wide_product((int64_t)values, MICRO_PER_MILLI), wide_product(threshold_micro, count));
}

int64_t sums_share_micro(uint32_t part, uint32_t whole)
{
    assert(whole > 0);
    return (int64_t)scale_ratio(part, MICRO_PER_UNIT, whole);
}

/*
 * The variance is (n * sum of y * y - (sum of y)^2) / n^2. A root rounded to the nearest is (floor(root of 4 *
 * variance) + 1) / 2, and the floor of a root is the root of the floor: whole numbers all the way.
 */
int64_t sums_stddev_micro(const struct sums *sums)
{
    assert(sums->count > 0);
    const uint64_t four_in_micro = 4ULL * MICRO_PER_MILLI * MICRO_PER_MILLI;
    const int64_t sum = (int64_t)sums->values;
    const struct wide divisor = wide_product(sums->count, sums->count);
    const struct wide dividend = wide_subtract(wide_multiply(sums->squares, sums->count), wide_product(sum, sum));
    struct wide rest;
    const struct wide whole = wide_divide(dividend, divisor, &rest);
    const struct wide fraction = wide_divide(wide_multiply(rest, four_in_micro), divisor, &rest);
    return (int64_t)((wide_square_root(wide_add(wide_multiply(whole, four_in_micro), fraction)) + 1) / 2);
}

/*
 * The slope is (n * sum of t * y - sum of t * sum of y) / (n * sum of t * t - (sum of t)^2), the same from whatever
 * origin t counts. It lies between the steepest two neighbours, so it fits; scaled in two steps, each remainder fits
 * as well.
 */
int64_t sums_slope_micro(const struct sums *sums)
{
    assert(sums->count > 1);
    static const uint32_t scales[] = {VITAL_MINUTE_MS / 10, MICRO_PER_MILLI * 10};
    const int64_t instants = (int64_t)sums->instants, values = (int64_t)sums->values;
    const struct wide divisor =
        wide_subtract(wide_multiply(sums->instant_squares, sums->count), wide_product(instants, instants));
    struct wide rest = wide_subtract(wide_multiply(sums->products, sums->count), wide_product(instants, values));
    const bool negative = wide_is_negative(rest);
    if (negative) {
        rest = wide_subtract(wide_of(0), rest);
    }
    uint64_t slope = wide_divide(rest, divisor, &rest).low;
    for (unsigned step = 0; step < sizeof(scales) / sizeof(scales[0]); step++) {
        slope *= scales[step];
        slope += wide_divide(wide_multiply(rest, scales[step]), divisor, &rest).low;
    }
    if (wide_compare(rest, wide_subtract(divisor, rest)) >= 0) {
        slope++;
    }
    return negative ? -(int64_t)slope : (int64_t)slope;
}
