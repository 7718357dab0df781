/*
 * supply_ward.h: beds with a saturation each, and a rule over them. Included by one file of a program.
 */
#ifndef WARDGATE_TESTS_SUPPLY_WARD_H
#define WARDGATE_TESTS_SUPPLY_WARD_H

#include "tests/unit/support/engine_ward.h"

enum { BELOW = 85, ABOVE = 97 };

static struct rule *rule;

/* SpO2 once a second; at so many beds below 90 at once is the condition. */
static inline void supply_configure(uint16_t bed_count, uint16_t enough, enum priority priority)
{
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    rule = ward_add_ward_rule("supply", "spo2 < limit", enough, 90, priority);
    ward_add_beds(bed_count);
}

/* Every second of [from_s, to_s] at the beds in `there`; bit b of `below`: bed b is below the limit. */
static inline void some(struct ward *ward, int from_s, int to_s, unsigned there, unsigned below)
{
    for (int t = from_s; t <= to_s; t++) {
        for (uint16_t b = 0; b < ward_config.engine.bed_count; b++) {
            if ((there >> b & 1U) != 0) {
                ward_bed_value(ward, t, b, VITAL_spo2, (below >> b & 1U) != 0 ? BELOW : ABOVE);
            }
        }
    }
    ward_until(ward, to_s);
}

/* The same, of all beds. */
static inline void all(struct ward *ward, int from_s, int to_s, unsigned below)
{
    some(ward, from_s, to_s, ~0U, below);
}

#endif
