#include "app/engine/dimension.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { SECONDS = VITAL_COUNT, POWERS = VITAL_COUNT + 1 };

/* The place of a unit's power: that of the first vital which has the unit. POWERS: it is none ("1"). */
static unsigned place_of(const char *unit)
{
    if (strcmp(unit, "1") == 0) {
        return POWERS;
    }
    if (strcmp(unit, "s") == 0) {
        return SECONDS;
    }
    unsigned place = 0;
    while (place < VITAL_COUNT && strcmp(vital_info((enum vital)place)->unit, unit) != 0) {
        place++;
    }
    assert(place < VITAL_COUNT);
    return place;
}

static struct dimension times_unit(struct dimension dimension, const char *unit)
{
    const unsigned place = place_of(unit);
    if (place < POWERS) {
        dimension.powers[place]++;
    }
    return dimension;
}

struct dimension dimension_of_time(void)
{
    return times_unit(DIMENSION_NONE, "s");
}

struct dimension dimension_of_vital(enum vital vital)
{
    return times_unit(DIMENSION_NONE, vital_info(vital)->unit);
}

struct dimension dimension_of_aggregate(enum aggregate aggregate, enum vital vital)
{
    switch (aggregate) {
    case AGGREGATE_SHARE:
    case AGGREGATE_COUNT:
        return DIMENSION_NONE;
    case AGGREGATE_AGE:
        return dimension_of_time();
    case AGGREGATE_SLOPE:
        return times_unit(dimension_of_vital(vital), "/min");
    case AGGREGATE_MEAN:
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
    case AGGREGATE_STDDEV:
    case AGGREGATE_DELTA:
    case AGGREGATE_LAST:
        break;
    }
    return dimension_of_vital(vital);
}

bool dimension_is_same(const struct dimension *a, const struct dimension *b)
{
    return a->is_any == b->is_any && memcmp(a->powers, b->powers, sizeof a->powers) == 0;
}

bool dimension_is_time(const struct dimension *dimension)
{
    const struct dimension time = dimension_of_time();
    return dimension_is_same(dimension, &time);
}

/* The place of the one unit that it is, to the power of one; POWERS: it is another thing. */
static unsigned only_unit(const struct dimension *dimension)
{
    unsigned found = POWERS;
    for (unsigned i = 0; i < POWERS; i++) {
        if (dimension->powers[i] != 0 && (found != POWERS || dimension->powers[i] != 1)) {
            return POWERS;
        }
        found = dimension->powers[i] != 0 ? i : found;
    }
    return dimension->is_any ? POWERS : found;
}

struct dimension dimension_product(const struct dimension *left, const struct dimension *right, bool quotient)
{
    if (left->is_any || right->is_any) {
        const struct dimension *known = left->is_any ? right : left;
        const bool keeps = only_unit(known) != POWERS && !(quotient && left->is_any);
        return keeps ? *known : DIMENSION_ANY;
    }
    struct dimension product = *left;
    for (unsigned i = 0; i < POWERS; i++) {
        const int power = left->powers[i] + (quotient ? -right->powers[i] : right->powers[i]);
        assert(power >= INT8_MIN && power <= INT8_MAX); /* an expression has fewer values */
        product.powers[i] = (int8_t)power;
    }
    return product;
}

static const char *unit_at(unsigned place)
{
    return place == SECONDS ? "s" : vital_info((enum vital)place)->unit;
}

static size_t add(char *text, size_t used, const char *sign, const char *unit)
{
    const size_t room = DIMENSION_TEXT_MAX - used;
    const int length = snprintf(text + used, room, "%s%s", sign, unit);
    return length < 0 || (size_t)length >= room ? DIMENSION_TEXT_MAX - 1 : used + (size_t)length;
}

void dimension_text(const struct dimension *dimension, char *text)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned rates = 0; rates <= 1; rates++) { /* what begins with a slash comes behind */
        for (unsigned i = 0; i < POWERS; i++) {
            for (int8_t p = 0; p < dimension->powers[i] && (unit_at(i)[0] == '/') == (rates == 1); p++) {
                used = add(text, used, used > 0 && rates == 0 ? "." : "", unit_at(i));
            }
        }
    }
    for (unsigned i = 0; i < POWERS; i++) {
        for (int8_t p = 0; p > dimension->powers[i]; p--) {
            used = unit_at(i)[0] == '/' ? add(text, used, ".", unit_at(i) + 1) : add(text, used, "/", unit_at(i));
        }
    }
    if (used == 0) {
        (void)add(text, 0, "", dimension->is_any ? "any unit" : "a plain number");
    }
}

uint32_t dimension_vitals(const struct dimension *dimension)
{
    uint32_t vitals = 0;
    const unsigned place = only_unit(dimension);
    for (unsigned v = 0; v < VITAL_COUNT && place != POWERS; v++) {
        vitals |= (place_of(vital_info((enum vital)v)->unit) == place ? UINT32_C(1) : 0) << v;
    }
    return vitals;
}
