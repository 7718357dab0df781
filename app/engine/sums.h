/*
 * sums.h: answers out of the sums of a window, in exact integers.
 *
 * Values go in as thousandths, instants as milliseconds from any origin; answers come out as millionths of the
 * vital's unit, rounded half away from zero. Sums may have wrapped: all that is asked of the caller is that the true
 * sums over the window fit. Pure; thread: any.
 */
#ifndef WARDGATE_SUMS_H
#define WARDGATE_SUMS_H

#include <stdint.h>

#include "app/engine/wide.h"

/* Sums over observations (value y at instant t), in two's complement. Those that nobody asked for are 0. */
struct sums {
    uint32_t count;
    uint64_t values;             /* y */
    uint64_t instants;           /* t */
    struct wide squares;         /* y * y */
    struct wide instant_squares; /* t * t */
    struct wide products;        /* t * y */
};

struct sums sums_add(const struct sums *left, const struct sums *right);
struct sums sums_subtract(const struct sums *left, const struct sums *right);

/* The mean of `count` values, which is not 0, and their sum; the second, for any number of them, divides in two steps. */
#define SUMS_SHORT_COUNT_MAX (1U << 20)
int64_t sums_long_mean_micro(uint64_t values, uint32_t count);

/* Division rounds towards 0: half a divisor more rounds half away from it. */
static inline int64_t sums_mean_micro(uint64_t values, uint32_t count)
{
    if (count > SUMS_SHORT_COUNT_MAX) {
        return sums_long_mean_micro(values, count);
    }
    const int64_t sum_micro = (int64_t)values * 1000, half = count / 2;
    return (sum_micro + (sum_micro < 0 ? -half : half)) / (int64_t)count;
}

/* The exact mean against a threshold: negative, 0 or positive as it is below, equal or above. */
int sums_compare_mean(uint64_t values, uint32_t count, int64_t threshold_micro);

/* Standard deviation of the population; count > 0. */
int64_t sums_stddev_micro(const struct sums *sums);

/* Slope of the least-squares line per minute; count > 1 and the instants differ. */
int64_t sums_slope_micro(const struct sums *sums);

/* part / whole; whole > 0. */
int64_t sums_share_micro(uint32_t part, uint32_t whole);

#endif
