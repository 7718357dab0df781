/*
 * staffing.h: how many nurses the patients of a ward need, and which beds each nurse could look after.
 *
 * Need: each patient counts for so many whole-time equivalents (WTE), by multipliers that the ward gives. A multiplier
 * of that kind (Safer Nursing Care Tool and others) is an establishment: it holds weekends, nights and leave. So the
 * nurses needed at any one time are WTE * hours of a week's work / 168 h / (1 + leave).
 *
 * Assignment, a suggestion: beds in order of falling load, each to the nurse with the least so far who has room (LPT;
 * without the bound on patients at most 4/3 - 1/(3m) of the best possible: R. L. Graham, SIAM J. Appl. Math. 17, 1969).
 * When nobody has room, everybody takes one more: no patient is left without a nurse. Beds of the same load are the same
 * to that, so they are then handed out in order of the ward: neighbours go to one nurse.
 *
 * Pure: integers only. The caller's storage. Thread: any.
 */
#ifndef WARDGATE_STAFFING_H
#define WARDGATE_STAFFING_H

#include <stdbool.h>
#include <stdint.h>

#define STAFFING_BEDS_MAX   256U
#define STAFFING_NURSES_MAX 99U

/* What a patient's multiplier goes by: the band of the score, in the words of NEWS2. */
#define CARE_BAND_LIST(X) X(low) X(low_medium) X(medium) X(high) X(unscored)

enum care_band {
#define CARE_BAND_ENUM(name) CARE_##name,
    CARE_BAND_LIST(CARE_BAND_ENUM)
#undef CARE_BAND_ENUM
        CARE_BAND_COUNT
};

const char *care_band_word(enum care_band band);
enum care_band care_band_by_word(const char *word); /* CARE_unscored: it is none of these */

/* Hours in thousandths, leave (sickness and training with it) in millionths of the time at work; half up. */
uint32_t staffing_nurses_milli(uint32_t wte_milli, uint32_t week_hours_milli, uint32_t leave_micro);

struct staffing_nurse {
    uint16_t patients;
    uint32_t load_milli;
};

struct staffing {
    uint8_t nurse_of[STAFFING_BEDS_MAX]; /* from 1; 0: nobody lies there, or there is no nurse */
    struct staffing_nurse nurses[STAFFING_NURSES_MAX];
};

/* How many are on duty, as somebody told (the command set_staff); kept in the store as it is. All zeros: nobody did. */
#define STAFFING_TOLD_MS_MAX     (24 * 60 * 60 * 1000) /* ahead */
#define STAFFING_TOLD_MS_DEFAULT (12 * 60 * 60 * 1000) /* where nothing is said and there are no shifts */

struct staffing_told {
    int64_t at_ms, until_ms; /* wall time; until 0: the next shift */
    uint8_t nurses;
    bool is_told;
};

/* Whether it holds at now_ms. shift_ms: when the shift of then began, 0: there are none. A clock set back before at_ms ends nothing. */
bool staffing_told_holds(const struct staffing_told *told, int64_t shift_ms, int64_t now_ms);

/* load_milli of each bed, 0: nobody lies there. patients_max of one nurse; 0: any number. */
void staffing_assign(const uint32_t *load_milli, uint16_t bed_count, uint8_t nurse_count, uint16_t patients_max,
                     struct staffing *out);

#endif
