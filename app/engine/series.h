/*
 * series.h: a channel's fixed-memory history, and every window asked over it.
 *
 * One ring of observations holds running sums before each value (wrap-around is harmless), and two rings of positions
 * hold the suffix maxima and minima. A window of any length is then a start position: mean is a difference of two
 * sums, max the first suffix maximum at or after the start. Inserting cuts a suffix ring at a place found by
 * galloping search, never element by element: O(log n) at worst. Windows over 5 minutes are made of a second such
 * ring, of panes. Windows of one length share what they find (extent.h): of mean, max and min of a minute the first
 * asked does the work.
 *
 * Meaning (binding):
 * - The span is (t-w, t]. Over 5 minutes it begins with a pane: panes of 10 s count from the stay's start and are
 *   closed at their end, so the span is (t-w rounded down to start + k * 10 s, t]: the pane cut by t-w is included.
 * - An observation stands from its instant for 1.5 expected periods, the end excluded, or until the next one; an
 *   invalid one ends the standing of the one before at once. Of two observations at one instant, valid or not, the
 *   last wins.
 * - Coverage is the time stood in the span, divided by w; known at exactly coverage_permille. An observation from
 *   before the span still stands for its first part, but is never in the aggregate.
 * - An aggregate in time is unknown before a whole span has passed since start: the first valid observation of the
 *   stay, or after a gap, which is a stretch of at least w without a valid one. (An observation that comes while the
 *   one before still stands ends no gap: a span of one expected period is known.) Never known: a span shorter than
 *   the expected period, a span that holds no observation, a slope of fewer than two.
 * - count over time is never unknown; last(v, w) only when w holds none; last(v) and age(v) need no window.
 * - By number: unknown before N observations since start; on a continuous vital also once the newest no longer
 *   stands, and never across a gap, which here is a stretch of at least N expected periods without a valid
 *   observation: counting starts anew.
 * - A full ring (a monitor faster than it was said to be) leaves a window unknown, count included, until what was
 *   pushed out has passed; it is counted, and no answer is ever wrong.
 *
 * Instants are engine milliseconds and never fall between calls (asserted). Values are thousandths, answers
 * millionths. Pure: no clock, no I/O, no allocation; storage from an arena at start. Thread: the engine's.
 */
#ifndef WARDGATE_SERIES_H
#define WARDGATE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/comparison.h"
#include "app/engine/vital.h"

#define SERIES_PANE_MS         10000
#define SERIES_RAW_SPAN_MS_MAX (5 * 60 * 1000)
#define SERIES_SPAN_MS_MAX     (24 * 60 * 60 * 1000)
#define SERIES_COUNT_MAX       4096
#define SERIES_NEVER           INT64_MAX /* no deadline */

enum aggregate {
    AGGREGATE_MEAN,
    AGGREGATE_MAX,
    AGGREGATE_MIN,
    AGGREGATE_SHARE,
    AGGREGATE_STDDEV,
    AGGREGATE_SLOPE,
    AGGREGATE_DELTA,
    AGGREGATE_COUNT,
    AGGREGATE_LAST,
    AGGREGATE_AGE
};

/*
 * What a rule asks. span_ms and count are never both set; both 0: the newest value (`last`, `age`, or the vital
 * itself).
 */
struct window_spec {
    enum vital vital;
    enum aggregate aggregate;
    bool bare; /* the vital by its name alone: `last`, but known only while it stands / until stale */
    uint32_t span_ms;
    uint32_t count;
    uint16_t coverage_permille; /* 700 unless the rule says otherwise */
};

/* Result of an aggregate; value_micro means nothing unless known. */
struct answer {
    bool known;
    int64_t value_micro;
};

/* Three-valued logic is Kleene's. */
enum verdict { VERDICT_CLEAR, VERDICT_MET, VERDICT_UNKNOWN };

/* What one ring of a series, of observations or of panes, must be able to answer. */
struct series_demand_part {
    uint32_t span_ms; /* longest window in time */
    uint32_t count;   /* longest window by number */
    bool firsts, maxima, minima, stddev, slope;
    uint16_t tallies; /* shares: each keeps its own running count */
};

/* What a series must be able to answer: collected from all windows over a channel before it is built. */
struct series_demand {
    struct series_demand_part observations, panes;
};

struct series;
struct window; /* one window_spec over one series, with its cursors */

void series_demand_add(struct series_demand *demand, const struct window_spec *spec);

/* period_ms: the expected period. episodic: an observation stands until stale_ms. polled: no more come than one a period. NULL while the arena measures. */
struct series_config {
    uint32_t period_ms;
    uint32_t stale_ms;
    bool episodic;
    bool polled;
    struct series_demand demand;
};
struct series *series_make(struct arena *arena, const struct series_config *config);

/* A window over `series`, which was made with its demand. NULL while the arena measures. */
struct window *window_make(struct arena *arena, struct series *series, const struct window_spec *spec);

/*
 * A share takes its comparison and threshold here, and another threshold later: observations are counted again. Panes
 * cannot be: there the share is unknown until none is left from before the change.
 */
void window_set_share(struct window *window, enum comparison comparison, int64_t threshold_micro);

/* A stay begins at `start_ms`: everything before is forgotten, time and panes count from here. Comes before any put. */
void series_reset(struct series *series, int64_t start_ms);

/* A valid observation. Returns false when it replaces another of the same instant, so that it is counted. */
bool series_put(struct series *series, int64_t at_ms, int32_t value_milli);

/* An invalid observation: the newest no longer stands from at_ms on. False as for series_put. */
bool series_put_invalid(struct series *series, int64_t at_ms);

/* The newest valid observation of the stay; false when there is none. */
bool series_last(const struct series *series, int64_t *at_ms, int32_t *value_milli);

/* True while the newest observation stands (continuous) or is not yet stale (episodic). */
bool series_stands(const struct series *series, int64_t now_ms);

/* The aggregate at now_ms. */
struct answer window_answer(struct window *window, int64_t now_ms);

/*
 * `aggregate <comparison> threshold` decided exactly: a mean as sum against threshold * count. Max and min have their
 * witness: while they are unknown for whatever reason, what the window does hold decides as far as it can (`min < L`
 * is met, `min >= L` clear by one observation below L). By number on a continuous vital the newest must stand for
 * that too.
 */
enum verdict window_compare(struct window *window, enum comparison comparison, int64_t threshold_micro, int64_t now_ms);

/*
 * The next instant after now_ms at which the answer (known, unknown or value) of this window may change
 * although nothing arrives: an observation leaves, standing ends, coverage crosses its threshold, a whole span is
 * complete. SERIES_NEVER when none. The exception is `age`, which grows all the time: always SERIES_NEVER.
 */
int64_t window_next_change(struct window *window, int64_t now_ms);

/*
 * Observations that a full ring pushed out of a window still in use (the monitor sent faster than its expected
 * period).
 */
uint64_t series_overruns(const struct series *series);

#endif
