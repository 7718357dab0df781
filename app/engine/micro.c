#include "app/engine/micro.h"

#include <assert.h>
#include <stddef.h>

enum { MICRO_ONE_BITS = 20 };
_Static_assert(MICRO_ONE < 1 << MICRO_ONE_BITS, "scale_fraction walks all bits of a million");

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static bool with_sign(uint64_t size, bool negative, int64_t *out)
{
    if (size > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *out = !negative || size == 0 ? (int64_t)size : -(int64_t)(size - 1) - 1;
    return true;
}

/*
 * With left = a million + b and right = c million + d, the product in millionths is
 * a * right + b * c + b * d / million: only the last term has a fraction, and neither b * c nor b * d can overflow.
 */
bool micro_multiply(int64_t left_micro, int64_t right_micro, int64_t *out_micro)
{
    assert(out_micro != NULL);
    const uint64_t left = magnitude(left_micro), right = magnitude(right_micro);
    const uint64_t a = left / MICRO_ONE, b = left % MICRO_ONE, c = right / MICRO_ONE, d = right % MICRO_ONE;
    uint64_t size;
    if (__builtin_mul_overflow(a, right, &size) || __builtin_add_overflow(size, b * c, &size) ||
        __builtin_add_overflow(size, (b * d + MICRO_ONE / 2) / MICRO_ONE, &size)) {
        return false;
    }
    return with_sign(size, (left_micro < 0) != (right_micro < 0), out_micro);
}

/* Takes a divisor out of *rest, if it holds one, into *quotient. */
static void take_out(uint64_t *rest, uint64_t divisor, uint64_t *quotient)
{
    if (*rest >= divisor) {
        *rest -= divisor;
        *quotient += 1;
    }
}

/* remainder * million / divisor, rounded half up, for remainder < divisor <= 2^63: doubling and adding, one bit of the
 * million at a time, so that nothing passes 64 bits. */
static uint64_t scale_fraction(uint64_t remainder, uint64_t divisor)
{
    uint64_t quotient = 0, rest = 0;
    for (unsigned bit = MICRO_ONE_BITS; bit-- > 0;) {
        quotient *= 2;
        rest *= 2;
        take_out(&rest, divisor, &quotient);
        if ((MICRO_ONE >> bit & 1) != 0) {
            rest += remainder;
            take_out(&rest, divisor, &quotient);
        }
    }
    return rest >= divisor - rest ? quotient + 1 : quotient;
}

bool micro_divide(int64_t dividend_micro, int64_t divisor_micro, int64_t *out_micro)
{
    assert(out_micro != NULL);
    if (divisor_micro == 0) {
        return false;
    }
    const uint64_t dividend = magnitude(dividend_micro), divisor = magnitude(divisor_micro);
    uint64_t size;
    if (__builtin_mul_overflow(dividend / divisor, (uint64_t)MICRO_ONE, &size) ||
        __builtin_add_overflow(size, scale_fraction(dividend % divisor, divisor), &size)) {
        return false;
    }
    return with_sign(size, (dividend_micro < 0) != (divisor_micro < 0), out_micro);
}
