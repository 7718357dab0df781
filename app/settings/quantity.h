/*
 * quantity.h: a value that may carry a unit: `90`, `"180 mg/dL"`, `"38.5 Cel"`.
 *
 * The result is in thousandths, rounded half away from zero. Thread: that which loads.
 */
#ifndef WARDGATE_QUANTITY_H
#define WARDGATE_QUANTITY_H

#include "app/engine/vital.h"
#include "app/settings/schema.h"

/* What a value is compared with. */
struct quantity_use {
    uint32_t vitals;    /* bit per enum vital: a unit must mean the same for all of them that can have it */
    bool is_difference; /* a distance between two values: 2 [degF] are 1.11 Cel */
    const struct unit_conversion *unit; /* of a number without a unit; NULL: the canonical one */
};

/* False: reported at `node`. */
bool quantity_read(const struct reader *reader, const struct node *node, struct quantity_use use,
                   int32_t *out_milli) MUST_CHECK;

/* Two of them as a list [low, high]. */
bool quantity_read_range(const struct reader *reader, const struct node *node, struct quantity_use use,
                         int32_t *out_low_milli, int32_t *out_high_milli) MUST_CHECK;

#endif
