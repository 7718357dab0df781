#include "app/engine/wide.h"

#include <assert.h>
#include <stddef.h>

/* Schoolbook product of two 64-bit numbers in 32-bit digits. */
static struct wide product_unsigned(uint64_t left, uint64_t right)
{
    const uint64_t left_low = left & UINT32_MAX, left_high = left >> 32;
    const uint64_t right_low = right & UINT32_MAX, right_high = right >> 32;
    const uint64_t lowest = left_low * right_low;
    const uint64_t inner = left_high * right_low + (lowest >> 32);
    const uint64_t outer = left_low * right_high + (inner & UINT32_MAX);
    return (struct wide){left_high * right_high + (inner >> 32) + (outer >> 32), outer << 32 | (lowest & UINT32_MAX)};
}

/* Read as unsigned, a negative number is 2^64 too large: its partner, times 2^64, is taken off again. */
struct wide wide_product(int64_t left, int64_t right)
{
    struct wide product = product_unsigned((uint64_t)left, (uint64_t)right);
    product.high -= left < 0 ? (uint64_t)right : 0;
    product.high -= right < 0 ? (uint64_t)left : 0;
    return product;
}

struct wide wide_multiply(struct wide left, uint64_t right)
{
    struct wide product = product_unsigned(left.low, right);
    product.high += left.high * right;
    return product;
}

static bool is_below(struct wide left, struct wide right)
{
    return left.high != right.high ? left.high < right.high : left.low < right.low;
}

int wide_compare(struct wide left, struct wide right)
{
    const uint64_t sign = (uint64_t)1 << 63; /* flipped, signed order is unsigned order */
    left.high ^= sign;
    right.high ^= sign;
    return is_below(left, right) ? -1 : is_below(right, left) ? 1 : 0;
}

static unsigned bit_length(struct wide value)
{
    if (value.high != 0) {
        return 128 - (unsigned)__builtin_clzll(value.high);
    }
    return value.low != 0 ? 64 - (unsigned)__builtin_clzll(value.low) : 0;
}

static struct wide shift_left(struct wide value, unsigned bits)
{
    if (bits >= 64) {
        return (struct wide){value.low << (bits - 64), 0};
    }
    return bits == 0 ? value : (struct wide){value.high << bits | value.low >> (64 - bits), value.low << bits};
}

static struct wide halve(struct wide value)
{
    return (struct wide){value.high >> 1, value.high << 63 | value.low >> 1};
}

/* Long division in binary: the divisor is lined up with the dividend's first bit and taken out where it fits. */
static struct wide divide_long(struct wide dividend, struct wide divisor, struct wide *remainder)
{
    struct wide quotient = {0, 0};
    const unsigned dividend_bits = bit_length(dividend), divisor_bits = bit_length(divisor);
    if (dividend_bits >= divisor_bits) {
        divisor = shift_left(divisor, dividend_bits - divisor_bits);
        for (unsigned steps = dividend_bits - divisor_bits + 1; steps > 0; steps--) {
            quotient = shift_left(quotient, 1);
            if (!is_below(dividend, divisor)) {
                dividend = wide_subtract(dividend, divisor);
                quotient.low |= 1;
            }
            divisor = halve(divisor);
        }
    }
    *remainder = dividend;
    return quotient;
}

struct wide wide_divide(struct wide dividend, struct wide divisor, struct wide *remainder)
{
    assert(!wide_is_negative(dividend) && !wide_is_negative(divisor) && (divisor.high | divisor.low) != 0);
    assert(remainder != NULL);
    if ((dividend.high | divisor.high) != 0) {
        return divide_long(dividend, divisor, remainder);
    }
    *remainder = (struct wide){0, dividend.low % divisor.low};
    return (struct wide){0, dividend.low / divisor.low};
}

uint64_t wide_square_root(struct wide value)
{
    assert(!wide_is_negative(value));
    uint64_t root = 0;
    for (unsigned bit = (bit_length(value) + 1) / 2; bit-- > 0;) {
        const uint64_t larger = root | (uint64_t)1 << bit;
        if (!is_below(value, product_unsigned(larger, larger))) {
            root = larger;
        }
    }
    return root;
}
