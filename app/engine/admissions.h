/*
 * admissions.h: how many patients came and left, and how long they stayed, over the last weeks in fixed memory.
 *
 * Slots of 6 h of the wall clock, in a ring that reaches back for the longest window and a week before it, so that what
 * was said a week ago can be said again. A stay is counted when it begins and, with its length, when it ends. A transfer
 * within the ward is an end and a beginning: it makes more stays that are shorter, and the load, their product, the same.
 * A wall clock that steps moves what comes next into another slot; what stands there of another time is forgotten.
 *
 * Plain data, kept in the store as it is. Pure. Thread: the caller's.
 */
#ifndef WARDGATE_ADMISSIONS_H
#define WARDGATE_ADMISSIONS_H

#include <stdbool.h>
#include <stdint.h>

#define ADMISSIONS_SLOT_MS       (INT64_C(6) * 3600 * 1000)
#define ADMISSIONS_DAY_MS        (INT64_C(24) * 3600 * 1000)
#define ADMISSIONS_WINDOW_MS_MAX (28 * ADMISSIONS_DAY_MS)
#define ADMISSIONS_BACK_MS_MAX   (7 * ADMISSIONS_DAY_MS)
#define ADMISSIONS_SLOTS         ((unsigned)((ADMISSIONS_WINDOW_MS_MAX + ADMISSIONS_BACK_MS_MAX) / ADMISSIONS_SLOT_MS))
#define ADMISSIONS_STAYS_LEAST   20 /* ended in the window, before a mean length means anything ... */
#define ADMISSIONS_MS_LEAST      (7 * ADMISSIONS_DAY_MS) /* ... and so long, for weekends are other days */
#define ADMISSIONS_STAY_S_MAX    (UINT32_C(1) << 28)     /* a longer one, of eight years, counts as this */

struct admissions_slot {
    uint32_t number; /* slots since 1970 */
    uint16_t came, left;
    uint32_t stayed_s; /* of those who left, together; saturates */
};

/* All zeros: nothing is known yet. */
struct admissions {
    int64_t since_ms; /* wall time from which on it has been counting; 0: never */
    struct admissions_slot slots[ADMISSIONS_SLOTS];
};

/* Counting begins, unless it has; a clock that fell behind it begins anew. */
void admissions_begin(struct admissions *admissions, int64_t wall_ms);
void admissions_note_came(struct admissions *admissions, int64_t wall_ms);
void admissions_note_left(struct admissions *admissions, int64_t wall_ms, int64_t stayed_ms);

/* Of a window that ends at an instant. */
struct admissions_sum {
    uint32_t came, left;
    uint64_t stayed_s;
    int64_t counted_ms; /* of the window, as far as it was counted */
};

/* at_ms: now, or up to ADMISSIONS_BACK_MS_MAX ago. The window begins with a slot: it may be up to 6 h longer. */
void admissions_sum(const struct admissions *admissions, int64_t at_ms, int64_t window_ms, struct admissions_sum *out);

bool admissions_is_enough(const struct admissions_sum *sum);

/* Of a sum that is enough: arrivals a day (thousandths), mean stay, and their product, the load (thousandths). */
uint32_t admissions_arrivals_milli(const struct admissions_sum *sum);
uint32_t admissions_stay_s(const struct admissions_sum *sum);
uint32_t admissions_load_milli(uint32_t arrivals_milli, uint32_t stay_s);

#endif
