/*
 * restore.h: how a start goes on from what the store kept.
 *
 * By what time: restore_clock.h.
 * Thread: main's, while the store thread does not run, unless said otherwise.
 */
#ifndef WARDGATE_RESTORE_H
#define WARDGATE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "app/flow/commit.h"
#include "app/flow/restore_clock.h"
#include "drivers/store/store.h"

enum restore_break {
    RESTORE_BROKEN,   /* a break of unknown length ends now: windows begin empty */
    RESTORE_UNBROKEN, /* what the store kept follows on */
    RESTORE_BREAK_FOUND /* one of unknown length had ended at found_ms, and windows went on over it: they go on from there */
};

/* What was restored, for the log. */
struct restore_counts {
    uint32_t observations, alarms, alarms_gone; /* gone: their bed or rule is there no more; ended in the store */
};

/* Whether all that stays, windows and alarms would be restored from can be read, and why not. Any thread, at any time. */
enum status restore_check(struct store *store, const struct engine_config *config) MUST_CHECK;

/* Numbers, stays, windows and alarms into an engine that has not begun. A status other than STATUS_OK: part of it
 * could not be read, the rest was restored. found_ms: engine time; only for RESTORE_BREAK_FOUND. */
enum status restore_engine(struct store *store, const struct engine_config *config, struct engine *engine,
                           int64_t now_ms, int64_t journal_keep_ms, enum restore_break how, int64_t found_ms,
                           struct restore_counts *out) MUST_CHECK;

#endif
