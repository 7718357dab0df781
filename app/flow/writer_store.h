/*
 * writer_store.h: the store that the writer meets: it may be one that is opened late, of another epoch, a new one in the place of a damaged one, or a copy from
 * before. Whatever is not ours is told all that is known, in one transaction with what is put next (lost.h: and with a record of what is gone).
 *
 * Private to app/flow/writer*.c. Thread: the writer's.
 */
#ifndef WARDGATE_WRITER_STORE_H
#define WARDGATE_WRITER_STORE_H

#include "app/flow/commit.h"
#include "app/flow/writer.h"

/* What the store has already: a commit that seemed to have failed may have come through after all. */
struct stored {
    uint64_t seq;
    struct state_audited audited;
};

/* The one there is, opened when none is; NULL and why when none can be. */
enum status writer_open_store(struct writer *w, struct store **out) MUST_CHECK;

/* Its numbers go on with ours: it is of our epoch, or of the one before. */
bool writer_numbers_are_ours(const struct writer *w, const struct store *store);

/* Once: what this store says of the beds, should it have to be said to another. */
void writer_learn(struct writer *w, struct store *store);

/* Which of its alerts may not have come yet, to the memory that outlives us (around.h): before anything is done with a store, which then may be gone. */
void writer_tell_waiting(struct writer *w, struct store *store);
/* The same in the transaction, of all that was put: what is about to be committed waits from then on. */
void writer_tell_given(struct writer *w);

/* store_begin; the transaction tells a store that is not ours all that is known. */
enum status writer_begin(struct writer *w, struct store *store) MUST_CHECK;

/* What is durable, nothing when that cannot be read. What the try before put and did not commit has not been put. */
enum status writer_find_stored(struct writer *w, struct store *store, struct stored *out) MUST_CHECK;

/* What was put is durable. */
void writer_note_stored(struct writer *w);

/* In a transaction. */
enum status writer_put_bed(struct store *store, const char *id, const struct bed_snapshot *snapshot) MUST_CHECK;
enum status writer_put_numbers(const struct writer *w, struct store *store) MUST_CHECK;

#endif
