/*
 * around.h: whether alerts went around the store that are not in it (yet): what the next start has to know.
 *
 * A name, (epoch, id, rev) or (epoch, seq), may be given once. The store says which were given, but for those of alerts that went out while it could not
 * commit. Their names are the ones that it will have them under, so they cannot be told from others; and the disk that would have to note it is the one
 * that fails. So it is noted in memory that outlives the program (hal/keepsake.h), before the first of them goes out:
 *
 *     epoch, SETTLED ──around_note──► epoch, AROUND ──around_settle──► epoch, SETTLED      at the end of all: as it stands
 *
 * Beside it stands the newest seq that was stored: a store that has less is one that was put back from before. And so that a start that finds the store
 * damaged can say which alerts went with it (lost.h): of each epoch of which some wait, from which seq on they might, and up to which they may be there.
 *
 * A start goes on with the store's epoch if this says that all of that epoch's alerts are in the store. In any other case (AROUND; the box was off; the store
 * was put back) nobody knows, and a new epoch begins: whatever was given before, it is of another one. The numbers go on.
 * Thread: opened, read and begun by main before there is a commit, or taken up by the writer when it opens the store; noted and settled by commit's thread;
 * what waits is told by the writer.
 */
#ifndef WARDGATE_AROUND_H
#define WARDGATE_AROUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/store/store.h"

struct around_page;
struct around {
    _Atomic(struct around_page *) page; /* NULL: nothing can be noted, and nothing was */
};

/* The folder of the store, which is open. */
enum status around_open(struct around *around, const char *folder) MUST_CHECK;
void around_close(struct around *around);

/* All names of that epoch that were given are in the store, whose newest seq this is. */
bool around_is_settled(const struct around *around, const char *epoch, uint64_t seq);

/* From now on this is about this epoch, of which nothing went around the store, which is at seq. */
void around_begin(struct around *around, const char *epoch, uint64_t seq);

/* A store that could not be opened at the start is open now. What went out of this epoch before may not be in it. Does nothing with one that is open. */
void around_take_up(struct around *around, const char *folder, const char *epoch);

void around_note(struct around *around);                 /* before it goes */
void around_settle(struct around *around);               /* all of it is in the store by now */
void around_stored(struct around *around, uint64_t seq); /* up to this one */

#define AROUND_WAITING_MAX 8U /* epochs */

/* All of that epoch, and of those whose numbers it goes on with. first is 1 at least; first > through: the broker has everything. */
struct around_waiting {
    char epoch[STORE_EPOCH_MAX];
    uint64_t first, through;
};

/* Of each epoch of which something waits, at most AROUND_WAITING_MAX: nothing is told of others from then on. Of one that was told of before, through only
 * grows. While the store is there, before anything more is put into it. */
void around_waits(struct around *around, const struct around_waiting *waiting, uint32_t count);
/* Of the store that was there, as long as nothing is told of another; returns how many, 0: nobody knows, or nothing waits. */
uint32_t around_find_waiting(const struct around *around, struct around_waiting out[AROUND_WAITING_MAX]);

#endif
