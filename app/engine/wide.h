/*
 * wide.h: 128-bit integers for sums that outgrow 64 bits (squares, instants times values).
 *
 * Two's complement and modular: additions, subtractions and products wrap at 2^128 without harm, so that a difference
 * of two running sums is exact whenever the true difference fits. No compiler's 128-bit type: 32-bit ARM has none.
 * Pure; thread: any.
 */
#ifndef WARDGATE_WIDE_H
#define WARDGATE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

struct wide {
    uint64_t high, low;
};

static inline struct wide wide_of(int64_t value)
{
    return (struct wide){value < 0 ? UINT64_MAX : 0, (uint64_t)value};
}

static inline bool wide_is_negative(struct wide value)
{
    return value.high >> 63 != 0;
}

static inline struct wide wide_add(struct wide left, struct wide right)
{
    const uint64_t low = left.low + right.low;
    return (struct wide){left.high + right.high + (low < left.low ? 1 : 0), low};
}

static inline struct wide wide_subtract(struct wide left, struct wide right)
{
    return (struct wide){left.high - right.high - (left.low < right.low ? 1 : 0), left.low - right.low};
}

struct wide wide_product(int64_t left, int64_t right);
struct wide wide_multiply(struct wide left, uint64_t right);

/* Negative, 0 or positive as left is below, equal to or above right; both signed. */
int wide_compare(struct wide left, struct wide right);

/* Quotient rounded down; neither is negative, the divisor is not zero. */
struct wide wide_divide(struct wide dividend, struct wide divisor, struct wide *remainder);

/* The largest integer whose square is not above value, which is not negative. */
uint64_t wide_square_root(struct wide value);

#endif
