/*
 * entry.h: what people enter of a patient, and what is kept of it.
 *
 * Some vitals only people can give (consciousness, oxygen device and flow, capillary refill, effort, white cells): each
 * bed has a channel for them. Others they may give beside a monitor, or where no monitor does. An entry has an instant of its own
 * (when it was observed), which lies before that of the command. The newest ENTRY_KEPT measurements of each such vital
 * are kept, entered or measured, so that one that was wrong can be taken back and the one before counts again.
 *
 * Where the channel is episodic, entries are its measurements, in order of their instants. Where a monitor measures all
 * the time they stand beside the channel, for scores alone: what was entered is no part of a monitor's curve.
 *
 * Coded vitals: consciousness by ACVPU 0 alert, 1 new confusion, 2 voice, 3 pain, 4 unresponsive; effort 0 normal,
 * 1 mild, 2 moderate, 3 severe or apnoea; oxygen_device by what the NEWS2 chart of the Royal College of Physicians (2017)
 * has letters for (in brackets) and what wards have besides:
 *
 *     0 air (A)                4 reservoir_mask (RM, RES)    8 cpap (CP)
 *     1 nasal_cannula (N)      5 tracheostomy_mask (TM)      9 niv (NIV)
 *     2 simple_mask (SM)       6 humidified (H)             10 invasive_ventilation
 *     3 venturi_mask (V)       7 high_flow_nasal            11 other (OTH)
 * Pure. Thread: any (the kept ones: the engine's).
 */
#ifndef WARDGATE_ENTRY_H
#define WARDGATE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/vital.h"

#define ENTRY_KEPT       4
#define ENTRY_AGE_MS_MAX (12 * 60 * 60 * 1000) /* an entry is of the last 12 h */
#define ENTRY_SLACK_MS   100 /* two entries closer than this are of one instant: the box's clock moves a little */

#define ENTRY_AIR_MILLI 0 /* oxygen_device: none */

#define ENTRY_BIT(name) (UINT32_C(1) << VITAL_##name)
/* What only people give. */
#define ENTRY_ONLY                                                                                                    \
    (ENTRY_BIT(consciousness) | ENTRY_BIT(oxygen_flow) | ENTRY_BIT(cap_refill) | ENTRY_BIT(effort) | ENTRY_BIT(wbc) | \
     ENTRY_BIT(oxygen_device))
/* What they may give, too. */
#define ENTRY_VITALS                                                                                   \
    (ENTRY_ONLY | ENTRY_BIT(resp) | ENTRY_BIT(nibp_sys) | ENTRY_BIT(nibp_dia) | ENTRY_BIT(nibp_mean) | \
     ENTRY_BIT(temp) | ENTRY_BIT(fio2) | ENTRY_BIT(glucose))

struct kept_value {
    int64_t at_ms;
    int32_t value_milli;
    bool entered; /* by a person */
};

/* Newest first. */
struct entries {
    struct kept_value list[ENTRY_KEPT];
    uint8_t count;
};

/* At its place by its instant, in place of another of that instant; one older than all that are kept is forgotten. */
void entries_put(struct entries *entries, const struct kept_value *entry);
/* What somebody entered of that instant, or within ENTRY_SLACK_MS of it, and what it would correct. */
bool entries_find(const struct entries *entries, int64_t at_ms, int32_t *out_milli);
/* The newest, if somebody entered it, at that instant or within ENTRY_SLACK_MS of it. */
bool entries_take_back(struct entries *entries, int64_t at_ms);
/* The one of this very instant, which is there, was entered. */
bool entries_is_entered(const struct entries *entries, int64_t at_ms);

/* The word of a coded value; NULL where the vital is not coded, or has no such value. */
const char *entry_word(enum vital vital, int32_t value_milli);
/* False: the vital has no such word. */
bool entry_value(enum vital vital, const char *word, int32_t *out_milli);
/* All of its words, for a message; "" where it is not coded. */
const char *entry_words(enum vital vital);

/* Whether a person may enter this value: a whole code, or any number that is believable for the class. */
bool entry_is_sound(enum vital vital, enum patient_class patient_class, int32_t value_milli);

#endif
