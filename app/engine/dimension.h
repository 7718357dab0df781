/*
 * dimension.h: in which unit a number of an expression is, so that what cannot be meant is found when a rule is read.
 *
 * A unit is a product of powers of the canonical units of vitals (vital.h) and of seconds. Two sides of a sum, a
 * difference or a comparison need the same one; products and quotients make others. A written number, and a parameter
 * until it has met something, is in any. Rates per minute (`/min`) and seconds are not converted into one another. Pure.
 */
#ifndef WARDGATE_DIMENSION_H
#define WARDGATE_DIMENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/series.h"

#define DIMENSION_TEXT_MAX 40

struct dimension {
    bool is_any;
    int8_t powers[VITAL_COUNT + 1]; /* of a unit, at the first vital that has it; last: of seconds */
};

#define DIMENSION_ANY  ((struct dimension){.is_any = true})
#define DIMENSION_NONE ((struct dimension){.is_any = false}) /* a fraction, a count, a score */

struct dimension dimension_of_time(void);
struct dimension dimension_of_vital(enum vital vital);
struct dimension dimension_of_aggregate(enum aggregate aggregate, enum vital vital);

bool dimension_is_same(const struct dimension *a, const struct dimension *b); /* any is only the same as any */
bool dimension_is_time(const struct dimension *dimension);

/* What a product or a quotient is in. A number times a value in one unit, or that divided by it, keeps the unit; with
 * any other dimension it may be in any: what it converts to nobody said. */
struct dimension dimension_product(const struct dimension *left, const struct dimension *right, bool quotient);

/* As people write it: "%", "/min", "mm[Hg]/min", "s", "a plain number"; into text of DIMENSION_TEXT_MAX. */
void dimension_text(const struct dimension *dimension, char *text);

/* Bit per enum vital that is measured in it; 0 for what no vital is in. */
uint32_t dimension_vitals(const struct dimension *dimension);

#endif
