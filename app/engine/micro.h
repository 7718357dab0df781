/*
 * micro.h: arithmetic on numbers held as millionths in int64.
 *
 * Products and quotients are exact before they are rounded once, half away from zero. No 128-bit type: 32-bit ARM has
 * none. False, and *out untouched, when the result does not fit (or the divisor is zero). Pure; thread: any.
 */
#ifndef WARDGATE_MICRO_H
#define WARDGATE_MICRO_H

#include <stdbool.h>
#include <stdint.h>

#define MICRO_ONE 1000000 /* the number one */

bool micro_multiply(int64_t left_micro, int64_t right_micro, int64_t *out_micro);
bool micro_divide(int64_t dividend_micro, int64_t divisor_micro, int64_t *out_micro);

#endif
