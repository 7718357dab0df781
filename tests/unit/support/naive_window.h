/*
 * naive_window.h: windows as the header series.h words them, worked out anew from the whole history at every
 * question.
 *
 * Slow, and as plain as can be: a list of events in order of time and loops over it. What the fast one is compared
 * with. The caller owns the list. Standard deviation and slope need a compiler with 128-bit integers
 * (NAIVE_HAS_WIDE).
 */
#ifndef WARDGATE_NAIVE_WINDOW_H
#define WARDGATE_NAIVE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/series.h"

#ifdef __SIZEOF_INT128__
#define NAIVE_HAS_WIDE 1
#else
#define NAIVE_HAS_WIDE 0
#endif

#define NAIVE_EVENTS_MAX 4096

struct naive_event {
    int64_t at_ms;
    int32_t value_milli;
    bool valid;
};

struct naive_series {
    uint32_t period_ms, stale_ms;
    bool episodic;
    int64_t start_ms;
    size_t count;
    struct naive_event events[NAIVE_EVENTS_MAX];
};

struct naive_window {
    struct window_spec spec;
    enum comparison comparison; /* of a share */
    int64_t threshold_micro;
    int64_t changed_ms; /* the newest valid observation when the threshold of a share changed; INT64_MIN before */
};

void naive_reset(struct naive_series *series, int64_t start_ms);

/* False when an event of the same instant was replaced. */
bool naive_put(struct naive_series *series, int64_t at_ms, int32_t value_milli, bool valid);

bool naive_last(const struct naive_series *series, struct naive_event *out);
bool naive_stands(const struct naive_series *series, int64_t now_ms);
struct answer naive_answer(const struct naive_series *series, const struct naive_window *window, int64_t now_ms);
enum verdict naive_compare(const struct naive_series *series, const struct naive_window *window,
                           enum comparison comparison, int64_t threshold_micro, int64_t now_ms);

#endif
