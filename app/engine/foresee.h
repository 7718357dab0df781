/*
 * foresee.h: when a vital reaches a limit if it goes on as in the last minutes: a robust straight line.
 *
 * A screening estimate, not validated for inpatients: it makes an advisory at most (foreseen.c), never an alarm.
 *
 * Values are gathered in bins of FORESEE_BIN_MS, of each its median (a burst of artefacts shorter than half a bin leaves
 * no trace). Over the medians of the last FORESEE_BINS bins lies the line of Theil and Sen: its slope is the median of
 * the slopes of all pairs, its level the median of what is left; three bins in ten may lie anywhere. Sources: Theil 1950
 * (Proc. Kon. Ned. Akad. v. Wetensch. A 53), Sen 1968 (J. Am. Stat. Assoc. 63:1379).
 *
 * How far it can be believed, both of it needed:
 * - agreement: of the pairs that differ, the share that goes the way of the slope, (1 + gamma) / 2 with gamma as in
 *   Goodman and Kruskal 1954 (J. Am. Stat. Assoc. 49:732). A line as steep as one likes through noise has about a half.
 * - change against scatter: how far the line goes over its points, in median absolute residuals.
 *
 * Cost: a value is one store; a bin that closes sorts at most FORESEE_BIN_VALUES values; an estimate at most
 * FORESEE_PAIRS slopes, once a bin. Pure: integers only, storage is the caller's. Values in thousandths. Thread: the
 * engine's.
 */
#ifndef WARDGATE_FORESEE_H
#define WARDGATE_FORESEE_H

#include <stdbool.h>
#include <stdint.h>

#define FORESEE_BIN_MS     30000
#define FORESEE_BINS       20 /* 10 min */
#define FORESEE_BINS_MIN   8  /* with a value in them; fewer tell nothing */
#define FORESEE_BIN_VALUES 30 /* at most one a second */
#define FORESEE_PAIRS      (FORESEE_BINS * (FORESEE_BINS - 1) / 2)
#define FORESEE_NEVER_MS   INT64_MAX

struct foresee_point {
    int64_t bin;
    int32_t median_milli;
};

struct foresee {
    bool begun;
    uint8_t value_count, point_count;
    int64_t start_ms; /* of bin 0: the first value */
    int64_t taken_ms; /* the newest value that was stored */
    int64_t last_ms;  /* the newest value */
    int64_t bin;      /* the open one */
    int32_t values_milli[FORESEE_BIN_VALUES];
    struct foresee_point points[FORESEE_BINS]; /* oldest first */
};

struct foresight {
    uint16_t agreement_permille;
    bool stands_out;  /* the change is at least three times the scatter */
    int64_t reach_ms; /* from now to the limit; 0: it is there already; FORESEE_NEVER_MS: it moves away, or not */
};

void foresee_reset(struct foresee *foresee);

/* A value at an instant, which is not before the one of the call before. True when a bin ended before it. */
bool foresee_put(struct foresee *foresee, int64_t at_ms, int32_t value_milli);

/* True when a bin has come to its end by now: the time for an estimate. */
bool foresee_close(struct foresee *foresee, int64_t now_ms);

/* When the open bin ends; INT64_MAX when there is none. */
int64_t foresee_next_ms(const struct foresee *foresee);

/* side: where the limit's safe side lies, +1 above or -1 below. False: too few bins. */
bool foresee_estimate(const struct foresee *foresee, int32_t limit_milli, int side, struct foresight *out);

#endif
