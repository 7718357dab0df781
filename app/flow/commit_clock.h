/*
 * commit_clock.h: commit's look at the wall clock: by what instants are shown, whether it was set, and what is to be stored of that (clock_record.h).
 *
 * And whether a hardware clock that this boot went on by was right (clock_bridge.h).
 *
 * Looked at before records are taken, so that whatever is shown by a new correction is committed together with the record that says so, or after it.
 * A row of the audit log, and one of the service's, tell of each step, at most one a minute: steps in between are told in the next one's sum.
 * Thread: commit's. Owned by struct commit.
 */
#ifndef WARDGATE_COMMIT_CLOCK_H
#define WARDGATE_COMMIT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "app/flow/clock_bridge.h"
#include "app/flow/clock_record.h"
#include "app/flow/timebase.h"
#include "app/flow/writer.h"

#define COMMIT_CLOCK_STEADY_US \
    3600000000LL /* a clock that has a time source and was not set for so long decides what is old */
#define COMMIT_CLOCK_NOTE_US 60000000 /* between two rows of the audit log */

struct commit_clock {
    struct clock_record *record;     /* NULL: none is kept */
    struct clock_bridge *bridge;     /* NULL: none is kept */
    struct clock_hardware *hardware; /* with that */
    const struct timebase *timebase;
    bool begun, synced;
    int64_t correction_ms; /* wall time - engine time, now */
    int64_t asked_us;      /* when the kernel was asked about its time source */
    int64_t steady_us;     /* since then it has one, and was not set */
    int64_t steady_correction_ms;
    bool is_due; /* the record has changed since it was given */
    struct clock_record given;
    struct clock_bridge given_bridge;
    int64_t noted_us, unnoted_ms; /* the newest row; by how much it was set since */
    bool is_noted, has_note;
    struct audit_note note;
};

/* bridge and hardware, both or neither, only where there is a record. */
void commit_clock_init(struct commit_clock *clock, struct clock_record *record, struct clock_bridge *bridge,
                       struct clock_hardware *hardware, const struct timebase *timebase);
/* Steps that no row tells yet, and how long it has been steady, from the one before, which is drained. */
void commit_clock_continue(struct commit_clock *clock, const struct commit_clock *before);
void commit_clock_look(struct commit_clock *clock, int64_t now_us);
/* Nothing else is to be committed any more: true when the bridge is now marked as ended in order, which is. */
bool commit_clock_end(struct commit_clock *clock);
bool commit_clock_is_steady(const struct commit_clock *clock, int64_t now_us);

#endif
