/*
 * restore_journal.h: the observations that a run before left, in the order in which its engine took them: those of the journal and of its tail (commit.h).
 *
 * Both are stretches of the same pieces (commit_journal.h). The journal has what was put before the end of the program, or synced before a power cut; the
 * tail what was not synced yet when the newest alert was committed. So the one may have what the other lost, and together they reach at least to that alert.
 * Thread: main's, while the store thread does not run.
 */
#ifndef WARDGATE_RESTORE_JOURNAL_H
#define WARDGATE_RESTORE_JOURNAL_H

#include <stdint.h>

#include "app/engine/observation.h"
#include "app/engine/status.h"
#include "app/flow/commit_journal.h"
#include "drivers/store/store.h"

/* Beds are the journal's numbers. Whatever stands in a piece that reads is given, be it as it may. */
typedef void restore_visit(void *context, const struct observation *o);

/* Those of rows that were put from from_ms on. A status other than STATUS_OK: not all could be read. */
enum status restore_journal_each(struct store *store, int64_t from_ms, restore_visit *visit, void *context) MUST_CHECK;

/* The newest instant of the tail, which may be newer than all that the journal has kept. INT64_MIN: there is no tail that could be read, and none is given. */
int64_t restore_journal_tail_ms(struct store *store);

/* What of the tail the journal does not have, as the beginning of the row that it goes on with, which is empty: the next alert takes the place of the tail. One
 * that cannot be read is none. */
void restore_journal_carry(struct store *store, struct commit_journal *row);

#endif
