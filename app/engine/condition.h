/*
 * condition.h: what a built-in alarm is judged to be at an instant; technical.c makes starts, updates and ends of it.
 * Private to the engine's files.
 */
#ifndef WARDGATE_CONDITION_H
#define WARDGATE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/alert.h"
#include "app/engine/series.h"

struct bed;
struct engine;

struct condition {
    bool holds;
    int64_t since_ms;   /* when it was first violated */
    int64_t overdue_ms; /* how long ago it was a condition already, but waited for its cause */
    int64_t next_ms;    /* when it may begin although nothing arrives; SERIES_NEVER: only by an observation */
    enum alarm_reason reason;
    enum priority priority; /* NONE: the alarm's usual one */
    enum vital vital;
    bool has_value;
    int32_t value_milli;
    uint32_t about; /* bit per vital that detail names: others make another text, a mere value does not */
    uint32_t gone;  /* bit per vital that is not there because of it */
    char detail[ALERT_DETAIL_MAX];
};

#define CONDITION_NONE ((struct condition){.next_ms = SERIES_NEVER, .vital = VITAL_NONE})

/* Adds to what the alert's text tells, as far as there is room. */
void condition_add_word(struct condition *c, const char *word);
void condition_add_value(struct condition *c, enum vital vital, int32_t value_milli); /* "hr 277 /min" */

void condition_value_text(char *text, size_t size, int32_t value_milli); /* as people write it: "36.8" */

/* pulse.c */
struct condition pulse_judge_lost(const struct engine *engine, const struct bed *bed);
struct condition pulse_judge_disagreement(const struct engine *engine, struct bed *bed);

#endif
