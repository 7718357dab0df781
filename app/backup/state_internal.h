/*
 * state_internal.h: what saving and putting back share of the store's present.
 */
#ifndef WARDGATE_STATE_INTERNAL_H
#define WARDGATE_STATE_INTERNAL_H

#include "app/backup/state.h"

/* A state that goes on elsewhere: not the clock, the tail of the journal, the epochs, what is audited. */
bool state_is_kept(const char *key);
/* Of the form that this program writes, or can read. */
bool state_is_known(const char *key, const void *bytes, size_t size);

/* Adds it to the summary; out_bed NULL: no more is asked. */
void state_count_bed(const struct bed_snapshot *bed, int64_t engine_ms, struct state_summary *summary,
                     struct state_bed *out_bed);

#endif
