/*
 * store_internal.h: what the parts of the store share; nobody else includes it.
 *
 *     store_open.c     opening, closing, setting aside         environment.h  LMDB
 *     store.c          the group commit                        pages.h        looks at LMDB's file before LMDB does
 *     store_read.c     reads and usage                         folder.h       the folder and its names
 *     store_journal.c  the journal                             rows.h         rows as bytes
 *     store_audit.c    the audit log
 */
#ifndef WARDGATE_STORE_INTERNAL_H
#define WARDGATE_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "drivers/store/environment.h"
#include "drivers/store/rows.h"
#include "drivers/store/store.h"

enum { DB_META, DB_OUTBOX, DB_HISTORY, DB_ALARMS, DB_STATE, DB_AUDIT, ALERTS_DATABASES };
enum { DB_JOURNAL, TRENDS_DATABASES };

#define PAGE_HEAD_BYTES 16
#define PAGE_LEAST      4096
_Static_assert(PAGE_HEAD_BYTES + ROW_MAX <= PAGE_LEAST && PAGE_HEAD_BYTES + ROW_SEAL + STORE_PIECE_MAX <= PAGE_LEAST,
               "no value needs two pages side by side");

struct store {
    char path[STORE_PATH_MAX];
    int folder_fd, lock_fd;
    pthread_rwlock_t guard; /* taken for writing only while an environment is exchanged */
    struct environment alerts, trends;
    struct transaction commit; /* the one under way */
    bool starved;              /* LMDB found no page for the last one */
    uint64_t next_row;
    char epoch[STORE_EPOCH_MAX];
    char epoch_adopted[STORE_EPOCH_MAX];              /* from adopt to commit, else empty */
    char set_aside[STORE_PATH_MAX + FOLDER_NAME_MAX]; /* empty: nothing was */
    atomic_ullong commits;
    struct row row;          /* the one being written */
    uint32_t journal_pieces; /* written since the store was opened */
};

static inline struct bytes text_bytes(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* Closes and opens an environment that LMDB gave up, while no reader is inside. Store thread. */
enum status store_revive(struct store *store, struct environment *e) MUST_CHECK;

/* What a write gave: a failed one takes the whole transaction with it. */
enum status store_written(struct store *store, enum status status) MUST_CHECK;

/* Of a full map: the oldest rows of the audit log, at most `most`, as long as the newest few stay. */
enum status store_trim_audit(struct store *store, uint64_t most) MUST_CHECK;

/* A read transaction under the guard. */
enum status store_read_begin(struct store *store, struct environment *e, struct transaction *out) MUST_CHECK;
void store_read_end(struct store *store, struct transaction *t);

/* One scan; `damaged` is set by a visit that had to pass a row over. */
struct reading {
    store_alert_visit *alert;
    store_alarm_visit *alarm;
    store_journal_visit *journal;
    store_audit_visit *audit;
    void *context;
    uint32_t left;
    bool damaged;
};
enum status store_read_rows(struct store *store, struct environment *e, unsigned database, struct bytes from,
                            transaction_visit *visit, struct reading *reading) MUST_CHECK;

/* Deletes the first rows whose keys begin with a number below `before`, at most `most`. */
enum status store_drop_rows(const struct transaction *t, unsigned database, uint64_t before, uint64_t most) MUST_CHECK;

#endif
