/*
 * score.h: early-warning scores as published: tables in, points and a band out.
 *
 * A score is a sum of points, one step function a part, or a ratio of two or three parts. It bears its name only when
 * every part is known. Else there is a lower bound (what the known parts give already: points are never negative) and
 * the list of what is missing; a ratio has no lower bound.
 *
 * Inputs are rounded first where the chart is in whole numbers: rates, saturation and pressures half up to integers,
 * temperature to tenths. SIRS, ROX and the shock indices take values as they are, and their bands are decided on the
 * exact ratio, not on the thousandths shown.
 *
 * Sources stand with each table in score_tables.c. NEWS2 is reproduced from: Royal College of Physicians. National
 * Early Warning Score (NEWS) 2. London: RCP, 2017.
 * Pure: integers only, no state. Values in thousandths of the vital's unit. Thread: any.
 */
#ifndef WARDGATE_SCORE_H
#define WARDGATE_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/vital.h"

/*  name, title */
#define SCORE_LIST(X)                                          \
    X(news2, "National Early Warning Score 2")                 \
    X(mews, "Modified Early Warning Score (Subbe)")            \
    X(qsofa, "quick SOFA")                                     \
    X(sirs, "SIRS criteria")                                   \
    X(shock_index, "Shock index")                              \
    X(modified_shock_index, "Modified shock index")            \
    X(bedside_pews, "Bedside Paediatric Early Warning System") \
    X(rox, "ROX index")

enum score {
#define SCORE_ENUM(name, title) SCORE_##name,
    SCORE_LIST(SCORE_ENUM)
#undef SCORE_ENUM
        SCORE_COUNT
};

/* What scores are made of. `oxygen` is not a vital: how much oxygen the patient is given, see score_oxygen. */
#define SCORE_PART_LIST(X) \
    X(resp)                \
    X(spo2)                \
    X(oxygen)              \
    X(sys)                 \
    X(pulse)               \
    X(consciousness)       \
    X(temp)                \
    X(cap_refill)          \
    X(effort)              \
    X(wbc)                 \
    X(mean)                \
    X(fio2)

enum score_part {
#define SCORE_PART_ENUM(name) SCORE_PART_##name,
    SCORE_PART_LIST(SCORE_PART_ENUM)
#undef SCORE_PART_ENUM
        SCORE_PART_COUNT
};

/* Values of the part `oxygen`. Of some oxygen nobody has said how much: NEWS2 needs no more, to Bedside PEWS it is missing. */
enum { SCORE_AIR_MILLI = 0, SCORE_SOME_OXYGEN_MILLI = 500, SCORE_OXYGEN_MILLI = 1000, SCORE_HIGH_OXYGEN_MILLI = 2000 };

struct score_inputs {
    enum patient_class patient_class;
    uint8_t spo2_scale; /* NEWS2: 1 or 2 */
    uint16_t known;     /* bit per enum score_part */
    int32_t value_milli[SCORE_PART_COUNT];
};

struct score_result {
    bool complete;
    bool has_least;
    uint8_t band;                    /* complete: index of its word */
    uint8_t least_band;              /* has_least: the one that the lower bound has reached already */
    uint16_t missing;                /* bit per enum score_part */
    int32_t total_milli;             /* complete; points are whole numbers */
    int32_t least_milli;             /* has_least; the total, when complete */
    int8_t points[SCORE_PART_COUNT]; /* of the parts of a sum that are not missing */
};

const char *score_name(enum score score);
const char *score_title(enum score score);
enum score score_by_name(const char *name, size_t length); /* SCORE_COUNT: none */
const char *score_part_name(enum score_part part);
const char *score_band_word(enum score score, unsigned band);

/* Bit per enum score_part. */
uint16_t score_parts(enum score score);

/* True for a ratio: its total has decimal places, its parts no points. */
bool score_is_ratio(enum score score);

/*
 * Whether it was made for this class. Bedside PEWS is for every class below adult; its five ages (under 3 months, under
 * 12, under 60, under 156, older) are those of neonate, infant, toddler, child and adolescent. All others are for
 * adults: an adolescent may be under 16, for whom NEWS2 must not be used.
 */
bool score_is_for(enum score score, enum patient_class patient_class);

/* The part `oxygen`: flow in L/min (0 is air), fraction in % (over 21 is oxygen) and device (entry.h; all but air is some
 * oxygen), NULL where unknown; the most counts. From 4 L/min or 50 % on it is high. False: none is known, which is never
 * air. */
struct score_oxygen {
    const int32_t *flow_milli, *fio2_milli, *device_milli;
};
bool score_oxygen(const struct score_oxygen *told, int32_t *out_milli);

/* Mean pressure out of the other two: diastolic + (systolic - diastolic) / 3, half away from zero. */
int32_t score_mean_pressure_milli(int32_t sys_milli, int32_t dia_milli);

/* score_is_for(score, inputs->patient_class) must hold. */
void score_compute(enum score score, const struct score_inputs *inputs, struct score_result *out);

#endif
