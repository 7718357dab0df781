/*
 * quantity.h: a value that may carry a unit: `90`, `"180 mg/dL"`, `"38.5 Cel"`.
 *
 * The result is in thousandths, rounded half away from zero. Thread: that which loads.
 */
#ifndef WARDGATE_QUANTITY_H
#define WARDGATE_QUANTITY_H

#include "app/engine/vital.h"
#include "app/settings/schema.h"

/* Whether a unit's zero counts: 2 [degF] are -16.7 Cel as a temperature, but 1.1 Cel as a distance between two. */
enum quantity_kind {
    QUANTITY_VALUE,
    QUANTITY_DIFFERENCE,
    QUANTITY_EITHER /* so a unit with a zero of its own is refused */
};

/* What a value is compared with. */
struct quantity_use {
    uint32_t vitals; /* bit per enum vital: a unit must mean the same for all of them that can have it */
    enum quantity_kind kind;
    bool is_time;                       /* it may be written as a duration (`30min`), too; a plain number is seconds */
    const struct unit_conversion *unit; /* of a number without a unit; NULL: the canonical one */
};

/* False: reported at `node`. */
bool quantity_read(const struct reader *reader, const struct node *node, struct quantity_use use,
                   int32_t *out_milli) MUST_CHECK;

/* Two of them as a list [low, high]. */
bool quantity_read_range(const struct reader *reader, const struct node *node, struct quantity_use use,
                         int32_t *out_low_milli, int32_t *out_high_milli) MUST_CHECK;

#endif
