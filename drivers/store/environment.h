/*
 * environment.h: one LMDB environment in one folder, with statuses instead of LMDB's codes. Knows nothing of what is stored.
 *
 * Default sync mode always: NOSYNC and MAPASYNC can corrupt, NOMETASYNC can lose the last commit, WRITEMAP wears flash. The map's size is taken
 * from the disk when opening; what of it has come into memory is given back again and again. A new environment is built under a temporary name, because
 * creating one is not crash-safe. LMDB sees an existing file only after pages_check.
 *
 * Threads: write transactions from one thread, one at a time; reads from any. Opening and closing: nobody else may be inside.
 * Errors: STATUS_FULL, STATUS_NOT_FOUND (no such key), STATUS_CORRUPT, STATUS_BUSY (too many readers), and folder.h's.
 */
#ifndef WARDGATE_ENVIRONMENT_H
#define WARDGATE_ENVIRONMENT_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/store/folder.h"

#define ENVIRONMENT_DATABASES_MAX 7
#define ENVIRONMENT_READERS_MAX   32

struct layout {
    const char *folder;
    unsigned database_count;
    const char *databases[ENVIRONMENT_DATABASES_MAX];
    unsigned added; /* the last so many of them may be missing in a file from before (transaction_create) */
};

struct environment {
    const struct layout *layout;
    const char *root; /* the folder it lies in, as a path and as a descriptor */
    int root_fd;
    uint64_t bytes; /* wanted size of the map; an existing one with more in it stays larger */
    struct MDB_env *env;
    unsigned dbi[ENVIRONMENT_DATABASES_MAX];
    uint64_t map_pages, page_bytes;
    unsigned char *map;          /* NULL: not known where */
    atomic_ullong map_bytes;     /* of it looked at since it was given back, about */
    char stage[FOLDER_NAME_MAX]; /* while it is being built */
    atomic_bool broken;          /* LMDB cannot go on with it: to be closed and opened again */
    unsigned beside;             /* opened to read beside another process: its transactions now */
    bool is_beside;
    sigset_t signals_before;    /* what was blocked before the first of them */
    atomic_ullong dead_readers; /* whose places were freed */
    bool lacks_room;            /* the disk is full: it was opened without all that it is to have */
};

/* Opens the existing one, on a full disk as it is (lacks_room). CORRUPT: not LMDB's, or damaged; nothing was changed. */
enum status environment_open(struct environment *e) MUST_CHECK;
/* Takes its size from the disk if that has not been possible, or has been undone. */
void environment_reserve(struct environment *e);

/* Opens the existing one for reading only, while another process may write it: it was that one's to check it. NOT_FOUND: there is none whose lock file is
 * there, too; one made by another user would keep the gateway out. One thread alone may use it; what stops a program from the keyboard (Ctrl-Z) waits until
 * a transaction of it has ended. */
enum status environment_open_to_read(struct environment *e) MUST_CHECK;

/* Where what it holds is more than `percent` of its map, which was made smaller, the map grows until it is not; a full disk leaves it as it is. Nobody is inside. */
enum status environment_fit(struct environment *e, unsigned percent) MUST_CHECK;

/* Opens a new, empty one under a temporary name; once its first rows are committed, publish gives it its name and leaves it open. */
enum status environment_stage(struct environment *e) MUST_CHECK;
enum status environment_publish(struct environment *e) MUST_CHECK;

/* Closes; also removes one that was staged and not published. */
void environment_close(struct environment *e);
/* Frees the places of readers whose process has ended inside a transaction: what they saw is kept for them, and no page given free since is used again. */
void environment_forget_dead_readers(struct environment *e);
/* The same of those that were stopped inside a transaction (SIGSTOP, a debugger): they are killed, if we may. They only read, and can be started once more. */
void environment_end_stopped_readers(struct environment *e);
bool environment_is_lost(const struct environment *e);  /* not open, or broken */
bool environment_is_whole(const struct environment *e); /* none of its databases is missing */

struct bytes {
    const void *data;
    size_t size;
};

struct transaction {
    struct environment *environment;
    struct MDB_txn *txn; /* NULL: none */
};

/* After any failure of a write the transaction must be aborted. Data handed out lie in the map: valid until the next write or the end. */
enum status transaction_begin(struct environment *e, bool write, struct transaction *out) MUST_CHECK;
enum status transaction_commit(struct transaction *t) MUST_CHECK;
void transaction_abort(struct transaction *t); /* does nothing without one */

enum status transaction_get(const struct transaction *t, unsigned database, struct bytes key,
                            struct bytes *out) MUST_CHECK;
/* appending: the caller believes the key to be the largest (which packs pages full); right anyway. */
enum status transaction_put(const struct transaction *t, unsigned database, struct bytes key, struct bytes value,
                            bool appending) MUST_CHECK;
/* Room for a value of `size` bytes, to be written at once, before any other call. */
enum status transaction_reserve(const struct transaction *t, unsigned database, struct bytes key, size_t size,
                                void **out) MUST_CHECK;
enum status transaction_delete(const struct transaction *t, unsigned database, struct bytes key) MUST_CHECK;
enum status transaction_empty(const struct transaction *t, unsigned database) MUST_CHECK;
/* One that is missing; nobody else is inside. It is there for all that follow once this transaction is committed. */
enum status transaction_create(const struct transaction *t, unsigned database) MUST_CHECK;
enum status transaction_first(const struct transaction *t, unsigned database, struct bytes *out_key) MUST_CHECK;
enum status transaction_last(const struct transaction *t, unsigned database, struct bytes *out_key) MUST_CHECK;

/* A place among the keys, in their order; nothing may be written meanwhile. What it is at stands in it until it moves. NOT_FOUND: behind the last. */
struct cursor {
    const struct transaction *transaction;
    struct MDB_cursor *place; /* NULL: none */
    struct bytes key, value;
    uint64_t seen;
};
enum status cursor_open(const struct transaction *t, unsigned database, struct cursor *out) MUST_CHECK;
enum status cursor_seek(struct cursor *c, struct bytes from) MUST_CHECK; /* the first key >= from */
enum status cursor_next(struct cursor *c) MUST_CHECK;
void cursor_close(struct cursor *c); /* does nothing without one */

/* Visits from the first key >= from on, in order, until visit returns false. A visit must not write. */
typedef bool transaction_visit(void *context, struct bytes key, struct bytes value);
enum status transaction_scan(const struct transaction *t, unsigned database, struct bytes from,
                             transaction_visit *visit, void *context) MUST_CHECK;

/* How full the map is: pages in use (free ones inside the file do not count). */
uint64_t transaction_used_pages(const struct transaction *t);
bool transaction_is_above(const struct transaction *t, unsigned percent);
bool transaction_is_above_wanted(const struct transaction *t, unsigned percent); /* of the size that was asked for */
bool transaction_database_is_above(const struct transaction *t, unsigned database, unsigned percent); /* it alone */
uint64_t transaction_entries(const struct transaction *t, unsigned database);

#endif
