/*
 * window.h: a window from within, for those who ask so often that a call would cost as much as the answer.
 *
 * What a window is and means stands in series.h. Thread: the engine's.
 */
#ifndef WARDGATE_WINDOW_H
#define WARDGATE_WINDOW_H

#include <stddef.h>

#include "app/engine/extent.h"
#include "app/engine/sums.h"

#define WINDOW_MICRO_PER_MILLI 1000

struct window {
    struct series *series;
    struct extent *extent;         /* shared by all windows of its length: its own, or that of the first of them */
    const struct extreme *extreme; /* of the extent, where that is what is asked for; NULL otherwise */
    uint8_t aggregate;             /* enum aggregate */
    bool bare, newest_only;
    uint16_t tally;
    struct extent own;
};

/* Windows are many: two cache lines each. */
_Static_assert(sizeof(struct window) <= 128, "the arena hands out cache lines");

/* Whatever is asked, at whatever instant. */
struct answer window_work_out(const struct window *window, int64_t now_ms);

/* window_answer. What is asked most, and as a rule when something has just arrived, is at hand. */
static inline struct answer window_answer_inline(const struct window *window, int64_t now_ms)
{
    const struct extent *extent = window->extent;
    if (extent->known_ms == now_ms) {
        if (window->extreme != NULL) {
            const int64_t value_milli = window->extreme->value_milli;
            return (struct answer){.known = true, .value_micro = value_milli * WINDOW_MICRO_PER_MILLI};
        }
        if (window->aggregate == AGGREGATE_MEAN) {
            return (struct answer){.known = true, .value_micro = sums_mean_micro(extent->values, extent->held)};
        }
    }
    return window_work_out(window, now_ms);
}

#endif
