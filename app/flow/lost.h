/*
 * lost.h: which alerts go with a store that is set aside, and the record (omitted.h) that stands for them.
 *
 * The epoch goes on: what went around the store, and what is on its way to the broker, has its names already. So has what waited in the store that is gone,
 * and its numbers would be a gap. Which of it the broker had is known as far as `delivered_through`: all behind that, up to the newest that was committed, may not
 * come, and so may records of a full outbox that were waiting, with what they stand for. The record goes into the new store with its first transaction, before any alert, and is delivered like one:
 *
 *     delivered_through, or where the outbox began < first ... through = newest committed      one range: at most these will not come
 *
 * A start that finds a new store in the place of a damaged one, just now or because the gateway was killed before it could tell, begins a new epoch. What waited is told by
 * around.h, if the box was not off since, and has a record under the epoch that it was of: one for each epoch of which something waited.
 *
 *     their alerts, or a record of them, wait ──lost_note──► due ──lost_put_others, lost_committed──► their record waits ──lost_delivered──► nothing
 *
 * Bound: LOST_OTHERS_MAX epochs of others at a time; should there be more, the one that was seen first is forgotten.
 *
 * Private to app/flow/writer*.c. Thread: the writer's, but for lost_find and lost_see, which are called before it has a store. Plain data, kept by the writer; a
 * reload hands it on.
 */
#ifndef WARDGATE_LOST_H
#define WARDGATE_LOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "app/flow/around.h"
#include "app/flow/payload.h"
#include "drivers/store/store.h"

#define LOST_OTHERS_MAX (AROUND_WAITING_MAX - 1U) /* beside our own */

/* What waits of another epoch: of a store that was gone at the opening, or of alerts and records of others in one that was opened. */
struct lost_other {
    struct around_waiting waiting;
    uint64_t row;     /* the newest, of them or of their record */
    uint64_t put_row; /* of their record in the transaction under way */
    bool is_record;   /* one that we have put: that row says when it is delivered */
    bool is_due;      /* their store is gone, and no record is committed yet */
};

struct lost {
    uint64_t first;        /* seq: nothing older of this epoch waits; 0: nobody has looked */
    uint64_t through;      /* seq of the newest alert that is committed; 0: none */
    uint64_t records_from; /* the first seq that a record which waits stands for; 0: none waits */
    uint64_t records_row;  /* the newest of those records */
    uint64_t put_row;      /* of the record in the transaction under way; 0: none */
    bool is_due;           /* a store is gone, and no record is committed yet */
    struct lost_other others[LOST_OTHERS_MAX];
    uint32_t other_count;
};

/* How far the broker has everything, or a record stands for it. */
struct lost_reach {
    uint64_t seq, row;
};

/* A store that has just been opened: forget what is known, see every row that waits. */
void lost_find(struct lost *lost);
void lost_see(struct lost *lost, const struct payload_context *context, const struct store_alert *waiting);
/* It took the place of one in which this waited; once for each epoch. */
void lost_find_before(struct lost *lost, const struct around_waiting *waiting);
/* Its numbers are ours, and its newest alert is this one. */
void lost_learn(struct lost *lost, uint64_t seq);

/* The store is gone; as it was before that. */
void lost_note(struct lost *lost, struct lost_reach delivered);
/* Were it to go now: what may not come, up to seq for what is ours, which is the first of them. Returns how many. */
uint32_t lost_waiting(struct lost *lost, const char *epoch, struct lost_reach delivered, uint64_t seq,
                      struct around_waiting out[AROUND_WAITING_MAX]);
/* In the first transaction of a new store. Does nothing when nothing is lost. */
enum status lost_put(struct lost *lost, struct store *store, const struct payload_context *context, char *json,
                     size_t size) MUST_CHECK;
/* The same of what was lost of others; the newest alert in this store is seq. */
enum status lost_put_others(struct lost *lost, struct store *store, const struct payload_context *context, uint64_t seq,
                            char *json, size_t size) MUST_CHECK;

/* A transaction was committed: the newest alert in the store is seq. */
void lost_committed(struct lost *lost, uint64_t seq);
/* In it was a record of a full outbox, in that row, of alerts from this seq on; of ours. */
void lost_recorded(struct lost *lost, uint64_t from, uint64_t row);
/* The same of others. */
void lost_recorded_other(struct lost *lost, const struct around_waiting *waiting, uint64_t row);
void lost_delivered(struct lost *lost, uint64_t row);

#endif
