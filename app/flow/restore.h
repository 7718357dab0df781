/*
 * restore.h: how a start goes on from what the store kept.
 *
 * Time: in the same boot of the box, engine time goes on with the anchor that was stored, and the time that passed counts. After another
 * boot it counts only if the wall clock is synchronised and was at the end of the boot before (clock_record.h; then also when that had begun in 1970); else windows start empty, delays start over, and active alarms stay active, marked
 * unverified until data confirm or clear them. Engine time never begins before the newest instant that the store knows.
 * Thread: main's, while the store thread does not run, unless said otherwise.
 */
#ifndef WARDGATE_RESTORE_H
#define WARDGATE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "app/flow/commit.h"
#include "drivers/store/store.h"

struct restore_clock {
    int64_t boot_us, wall_ms; /* now */
    char boot_id[37];
    bool synced;
};

/* What was restored, for the log. */
struct restore_counts {
    uint32_t observations, alarms, alarms_gone; /* gone: their bed or rule is there no more; ended in the store */
};

/* Chooses the anchor of engine time. True when what the store kept follows on without a break of unknown length. store may be NULL. */
bool restore_clock(struct store *store, const struct restore_clock *now, struct state_clock *out);

/* What people were shown before, and by which clock, with that choice. store may be NULL. */
void restore_clock_record(struct store *store, const struct state_clock *clock, const struct restore_clock *now,
                          const char *epoch, struct clock_record *out);

/* Whether all that stays, windows and alarms would be restored from can be read, and why not. Any thread, at any time. */
enum status restore_check(struct store *store, const struct engine_config *config) MUST_CHECK;

/* Numbers, stays, windows and alarms into an engine that has not begun. continuous: from restore_clock. A status other than STATUS_OK: part of it
 * could not be read, the rest was restored. */
enum status restore_engine(struct store *store, const struct engine_config *config, struct engine *engine,
                           int64_t now_ms, int64_t journal_keep_ms, bool continuous,
                           struct restore_counts *out) MUST_CHECK;

#endif
