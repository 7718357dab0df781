/*
 * restore_clock.h: where engine time goes on, and whether the break before a start is of known length.
 *
 * In the same boot of the box, engine time goes on with the anchor that was stored, and the time that passed counts. After another
 * boot it counts only if the wall clock is synchronised, or the hardware clock has carried the time over an orderly end (clock_bridge.h), and it was synchronised at the end of the
 * boot before (clock_record.h; then also when that had begun in 1970); else windows start empty, delays start over, and active alarms stay active, marked
 * unverified until data confirm or clear them. Engine time never begins before the newest instant that the store knows.
 * Thread: main's, while the store thread does not run.
 */
#ifndef WARDGATE_RESTORE_CLOCK_H
#define WARDGATE_RESTORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "app/flow/commit.h"
#include "drivers/store/store.h"

struct restore_clock {
    int64_t boot_us, wall_ms; /* now */
    char boot_id[37];
    bool synced;
    bool is_hardwares; /* the wall clock says what the hardware clock says */
};

/* Chooses the anchor of engine time. True when what the store kept follows on without a break of unknown length. store may be NULL. */
bool restore_clock(struct store *store, const struct restore_clock *now, struct state_clock *out);

/* What people were shown before, and by which clock, with that choice. store may be NULL. */
void restore_clock_record(struct store *store, const struct state_clock *clock, const struct restore_clock *now,
                          const char *epoch, struct clock_record *out);

/* Whether this boot went on by the hardware clock, and what of that is still to be confirmed. Before anything of this run is stored; `continuous`: what
 * restore_clock said. store may be NULL. */
void restore_clock_bridge(struct store *store, const struct state_clock *clock, const struct restore_clock *now,
                          bool continuous, struct clock_bridge *out);

/* The newest instant of engine time that the store knows of. A status other than STATUS_OK: not all of it can be read. Any thread. */
enum status restore_newest_instant(struct store *store, int64_t *out_ms) MUST_CHECK;

/* Nobody knows how long the break before it was; INT64_MIN: nothing is known of any. */
int64_t restore_unbroken_from_ms(struct store *store);

#endif
