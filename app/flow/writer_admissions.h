/*
 * writer_admissions.h: the writer's count of stays that begin and end, and its row in the store.
 *
 * Counted once, when a record that says so is first put, however often its group is tried; put as a whole with the next
 * group that commits, and shown on the board only then. Private to app/flow/writer*.c. Thread: the writer's.
 */
#ifndef WARDGATE_WRITER_ADMISSIONS_H
#define WARDGATE_WRITER_ADMISSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/admissions.h"
#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/flow/board.h"
#include "drivers/store/store.h"

struct writer_admissions {
    struct admissions counted;
    bool are_put; /* false: they have changed since the store was told */
};

/* What was counted before, and from when on it counts. */
void writer_admissions_learn(struct writer_admissions *admissions, struct store *store, struct board *board);

/* before: the bed as it was known, or NULL. correction_ms: wall time - engine time. */
void writer_admissions_count(struct writer_admissions *admissions, const struct bed_snapshot *before,
                             const struct bed_snapshot *now, int64_t correction_ms);

/* A store that knows nothing is to be told all with the next group. */
void writer_admissions_tell_all(struct writer_admissions *admissions);

/* In a transaction; nothing when the store has them. */
enum status writer_admissions_put(const struct writer_admissions *admissions, struct store *store) MUST_CHECK;
void writer_admissions_done(struct writer_admissions *admissions, struct board *board); /* it was committed */

#endif
