/*
 * replay_tally.h: what a ward would have heard: alarms by name, how long they lasted, how soon they came again; and the beds' time under watch.
 *
 * Fed with the records of an engine; memory depends on rules and beds, not on how long that goes on. Times are engine ms. The median comes from
 * a histogram whose steps are 1/1024 of the value, and 0.1 s below 200 s: it is the lower end of its step. One thread; allocated by tally_make.
 */
#ifndef WARDGATE_REPLAY_TALLY_H
#define WARDGATE_REPLAY_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"

#define TALLY_REPEAT_MS    60000 /* an alarm that starts again sooner after its end counts as a repeat */
#define TALLY_REPORTED_MAX 256   /* alarms of monitors by name; those beyond are counted together */
#define TALLY_STEPS        24576U

struct tally_row {
    char name[ALARM_NAME_MAX]; /* empty: not come yet */
    enum priority priority;    /* of the newest start */
    uint64_t starts, repeats, lasted;
    int64_t total_ms, longest_ms; /* in alarm */
    uint32_t *steps;              /* TALLY_STEPS: how many lasted so long */
};

struct tally {
    const struct engine_config *config;
    struct tally_row *rows; /* two a rule (its alarm, its not_monitored), one a built-in alarm, then monitors' */
    unsigned row_count, fixed_count;
    int64_t *ended_ms;        /* one a row and bed, and one for the gateway */
    int64_t *watched_from_ms; /* one a bed; INT64_MIN: vacant */
    uint64_t *stays;          /* one a bed */
    int64_t watched_ms;       /* of all beds */
};

/* False: out of memory. tally_free gives back what it took in any case. */
bool tally_make(struct tally *tally, const struct engine_config *config);
void tally_free(struct tally *tally);

/* A run begins: beds that are occupied already are watched from now on. */
void tally_begin(struct tally *tally, const struct engine *engine, int64_t at_ms);
void tally_take(struct tally *tally, const struct record *record, int64_t at_ms);
/* It is over: what still goes on counts up to here. */
void tally_end(struct tally *tally, const struct engine *engine, int64_t at_ms);

double tally_bed_days(const struct tally *tally);
int64_t tally_median_ms(const struct tally_row *row); /* 0: none lasted */

#endif
