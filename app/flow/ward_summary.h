/*
 * ward_summary.h: what there is to say of the ward as a whole: its beds, its staff, its capacity.
 *
 * Each bed's view is boiled down to a few words (ward_bed); the figures are made of those, the settings, the local time
 * of day, the admissions counted and the staff that somebody told (board.h). Information, never an alarm: nothing here decides anything.
 *
 * A patient who is away keeps bed and nurse. `not_monitored`: somebody is in the bed, not away, and no continuous vital
 * is valid. Alarms count by the highest priority of each bed, vacant ones, too. A patient's band is that of NEWS2, or of
 * Bedside PEWS where that is kept instead; of an incomplete score only a lower bound above `low` says something.
 * Pure but for the time zone. Thread: any; the caller's storage.
 */
#ifndef WARDGATE_WARD_SUMMARY_H
#define WARDGATE_WARD_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "app/settings/settings.h"

#define WARD_STATE_LIST(X) X(vacant) X(occupied) X(away) X(not_monitored)

enum ward_state {
#define WARD_STATE_ENUM(name) WARD_##name,
    WARD_STATE_LIST(WARD_STATE_ENUM)
#undef WARD_STATE_ENUM
        WARD_STATE_COUNT
};

struct ward_bed {
    uint8_t state;    /* enum ward_state; occupied: and monitored */
    uint8_t priority; /* enum priority: the highest of its alarms */
    uint8_t score;    /* enum score; SCORE_COUNT: none is kept, or nobody is there */
    uint8_t band;     /* enum care_band */
};

struct ward_figures {
    uint16_t total, states[WARD_STATE_COUNT], priorities[PRIORITY_HIGH + 1], bands[CARE_BAND_COUNT];
    uint16_t patients;                  /* in all states but vacant */
    bool has_staff;                     /* something is known of it; the next five are of that */
    const struct shift_settings *shift; /* NULL: none are configured */
    bool is_told;                       /* by command, else as the shift has it */
    uint8_t nurses;                     /* on duty ... */
    int64_t until_ms;                   /* ... till then, as far as is known; wall time */
    bool over_ratio;                    /* more patients a nurse than configured, or patients and no nurse */
    uint32_t wte_milli, needed_milli;   /* where the settings have a need */
    struct staffing staffing;
    struct capacity capacity; /* where the settings have one */
};

const char *ward_state_word(enum ward_state state);

void ward_bed_of(const struct bed_view *view, struct ward_bed *out);
bool ward_bed_is_same(const struct ward_bed *a, const struct ward_bed *b);

void ward_figures_make(const struct ward_settings *settings, const struct ward_bed *beds, uint16_t bed_count,
                       const struct admissions *admissions, const struct staffing_told *staff, int64_t wall_ms,
                       struct ward_figures *out);

/* Patients of each nurse on duty, in thousandths; nurses > 0. */
uint32_t ward_patients_per_nurse_milli(const struct ward_figures *figures);

#endif
