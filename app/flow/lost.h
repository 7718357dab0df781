/*
 * lost.h: which alerts go with a store that is set aside while the gateway runs, and the record (omitted.h) that stands for them.
 *
 * The epoch goes on: what went around the store, and what is on its way to the broker, has its names already. So has what waited in the store that is gone,
 * and its numbers would be a gap. Which of it the broker had is known as far as `delivered_through`: all behind that, up to the newest that was committed, may not
 * come, and so may records of a full outbox that were waiting, with what they stand for. The record goes into the new store with its first transaction, before any alert, and is delivered like one:
 *
 *     delivered_through, or where the outbox began < first ... through = newest committed      one range: at most these will not come
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
#include "app/flow/payload.h"
#include "drivers/store/store.h"

struct lost {
    uint64_t first;        /* seq: nothing older of this epoch waits; 0: nobody has looked */
    uint64_t through;      /* seq of the newest alert that is committed; 0: none */
    uint64_t records_from; /* the first seq that a record which waits stands for; 0: none waits */
    uint64_t records_row;  /* the newest of those records */
    uint64_t put_row;      /* of the record in the transaction under way; 0: none */
    bool is_due;           /* a store is gone, and no record is committed yet */
};

/* A store that has just been opened: forget what is known, see every row that waits. */
void lost_find(struct lost *lost);
void lost_see(struct lost *lost, const struct payload_context *context, const struct store_alert *waiting);
/* Its numbers are ours, and its newest alert is this one. */
void lost_learn(struct lost *lost, uint64_t seq);

/* The store is gone. delivered_seq, from before that: the broker has everything up to this one, or a record stands for it. */
void lost_note(struct lost *lost, uint64_t delivered_seq);
/* In the first transaction of a new store. Does nothing when nothing is lost. */
enum status lost_put(struct lost *lost, struct store *store, const struct payload_context *context, char *json,
                     size_t size) MUST_CHECK;

/* A transaction was committed: the newest alert in the store is seq. */
void lost_committed(struct lost *lost, uint64_t seq);
/* In it was a record, in that row, of alerts from this seq on. */
void lost_recorded(struct lost *lost, uint64_t from, uint64_t row);
void lost_delivered(struct lost *lost, uint64_t row);

#endif
