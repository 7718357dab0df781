/*
 * score_tables.h: what score.c reads: each score as a constant table. Private to app/engine/score*.c.
 */
#ifndef WARDGATE_SCORE_TABLES_H
#define WARDGATE_SCORE_TABLES_H

#include "app/engine/score.h"

enum score_rounding { ROUND_NOT, ROUND_TENTH, ROUND_UNIT };

/* Values up to this one, included, and above that of the row before. The last row has no end. */
struct score_step {
    int32_t upto_milli;
    int8_t points;
};
#define SCORE_STEPS_MAX 7
#define ABOVE           INT32_MAX

struct score_steps {
    enum score_rounding rounding;
    struct score_step rows[SCORE_STEPS_MAX];
};

/* The first one begins at nothing; `above`: its own value does not belong to it. */
struct score_band {
    const char *word;
    int32_t from_milli;
    bool above;
};
#define SCORE_BANDS_MAX 4

enum score_kind { SCORE_SUM, SCORE_RATIO };

struct score_table {
    enum score_kind kind;
    uint16_t parts;                             /* bit per enum score_part */
    struct score_steps steps[SCORE_PART_COUNT]; /* SCORE_SUM */
    struct score_band bands[SCORE_BANDS_MAX];   /* ended by one without a word */
};

extern const struct score_table score_tables[SCORE_COUNT];

/* NEWS2, SpO2 on scale 2, and from where on oxygen makes a difference. */
extern const struct score_steps score_spo2_scale_2_air, score_spo2_scale_2_oxygen;
#define SCORE_SCALE_2_OXYGEN_COUNTS_MILLI 93000

/* Bedside PEWS: what depends on age; NULL when the part does not. */
const struct score_steps *score_pews_steps(enum score_part part, enum patient_class patient_class);

#endif
