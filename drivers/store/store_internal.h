/*
 * store_internal.h: what the parts of the store share; nobody else includes it.
 *
 *     store_open.c     opening, closing, setting aside         environment.h  LMDB
 *     store.c          the group commit                        pages.h        looks at LMDB's file before LMDB does
 *     store_alerts.c   alerts, and which of them wait          folder.h       the folder and its names
 *     store_read.c     reads and usage                         rows.h         rows as bytes
 *     store_journal.c  the journal                             journal.h      its file
 *     store_audit.c    the audit log                           store_audit_check.c  whether it is whole
 *     store_migrate.c  stores of older schemas                 store_limit.c  how far they may go
 */
#ifndef WARDGATE_STORE_INTERNAL_H
#define WARDGATE_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "drivers/store/environment.h"
#include "drivers/store/journal.h"
#include "drivers/store/rows.h"
#include "drivers/store/store.h"

enum { DB_META, DB_OLD_OUTBOX, DB_ALERTS, DB_ALARMS, DB_STATE, DB_AUDIT, DB_WAITING, ALERTS_DATABASES };

#define STORE_OMIT_PERCENT 70U /* above, when nothing else gives way: alerts are to be taken out of the outbox */
#define STORE_TRIM_PERCENT 60U /* above: history gives way, and when there is no more of it the audit log */

#define PAGE_HEAD_BYTES 16
#define PAGE_LEAST      4096
_Static_assert(PAGE_HEAD_BYTES + ROW_MAX <= PAGE_LEAST && PAGE_HEAD_BYTES + ROW_SEAL + STORE_PIECE_MAX <= PAGE_LEAST,
               "no value needs two pages side by side");

/* Which schemas a program knows: it writes `newest`, works in those from `works` on, and has steps from `oldest`. */
struct store_step {
    uint32_t from;
    enum status (*make)(const struct transaction *t);
};
struct store_formats {
    uint32_t newest, works, oldest;
    const struct store_step *steps;
    unsigned step_count;
};
extern const struct store_formats store_formats;

struct store {
    char path[STORE_PATH_MAX];
    const struct store_formats *formats;
    struct store_limit {
        bool is_set;
        uint32_t schema; /* 0: whatever it has */
    } limit;             /* as it was at the opening */
    uint32_t schema;
    int folder_fd, lock_fd;
    pthread_rwlock_t guard;         /* taken for writing only while the environment is exchanged */
    pthread_rwlock_t journal_guard; /* the same of the journal */
    struct environment alerts;
    struct journal journal;
    uint64_t journal_bytes;         /* wanted of it */
    pthread_mutex_t journal_reader; /* one reads at a time */
    struct transaction commit;      /* the one under way */
    bool reads_only, is_new;
    bool starved; /* LMDB found no page for the last one */
    uint64_t next_row;
    char epoch[STORE_EPOCH_MAX];
    char epoch_adopted[STORE_EPOCH_MAX];              /* from adopt or rename to commit, else empty */
    char set_aside[STORE_PATH_MAX + FOLDER_NAME_MAX]; /* empty: nothing was */
    atomic_ullong commits;
    struct
        store_figures { /* of store_usage, as they were behind the newest commit: whoever asks never waits for LMDB */
        atomic_ullong alerts_bytes, alerts_bytes_max, journal_bytes, journal_bytes_max, outbox_rows, history_rows;
    } figures;
    struct row row; /* the one being written */
};

static inline struct bytes text_bytes(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* Closes and opens the environment when LMDB gave it up, while no reader is inside. Store thread. */
enum status store_revive(struct store *store) MUST_CHECK;

/* What the store uses has changed. The thread that changes it. */
void store_note_alerts(struct store *store);
void store_note_journal(struct store *store);

/* Whatever is wrong with the journal never stops the store: it is tried again with the next put. */
enum status store_journal_open(struct store *store) MUST_CHECK;

/* What a write gave: a failed one takes the whole transaction with it. */
enum status store_written(struct store *store, enum status status) MUST_CHECK;

/* Of a full map: the oldest rows of the audit log, at most `most`, as long as the newest few stay. */
enum status store_trim_audit(struct store *store, uint64_t most) MUST_CHECK;

/* Alerts (store_alerts.c). Of one that is not waiting deliver and drop_waiting say NOT_FOUND; deliver may use *row. */
enum status alerts_put(const struct transaction *t, uint64_t number, uint16_t flags, const struct row *row) MUST_CHECK;
enum status alerts_deliver(const struct transaction *t, uint64_t number, struct row *row) MUST_CHECK;
enum status alerts_drop_waiting(const struct transaction *t, uint64_t number) MUST_CHECK;
enum status alerts_drop_delivered(const struct transaction *t, uint64_t most) MUST_CHECK; /* the oldest */
uint64_t alerts_waiting(const struct transaction *t);
uint64_t alerts_delivered(const struct transaction *t);
/* From the first key >= from on, in order, until visit returns false. One that waits and is not there has an empty value. */
enum status alerts_scan_waiting(const struct transaction *t, struct bytes from, transaction_visit *visit,
                                void *context) MUST_CHECK;
enum status alerts_scan_delivered(const struct transaction *t, struct bytes from, transaction_visit *visit,
                                  void *context) MUST_CHECK;
typedef bool alerts_visit(void *context, bool waits, struct bytes key, struct bytes value);
enum status alerts_scan(const struct transaction *t, struct bytes from, alerts_visit *visit, void *context) MUST_CHECK;

/* The two ends of the audit log, in DB_META; NOT_FOUND in a log without rows. */
#define AUDIT_OLD_END "audit/before" /* the row before the oldest that is kept */
#define AUDIT_NEW_END "audit/newest"
enum status store_get_end(const struct transaction *t, const char *key, struct row_end *out) MUST_CHECK;
enum status store_put_end(const struct transaction *t, const char *key, const struct row_end *end) MUST_CHECK;

/* The schema of a store, if it is one; CORRUPT else. */
enum status store_read_schema(struct environment *alerts, uint32_t *out) MUST_CHECK;

/* Brings an older store as far as the limit allows, in one transaction; does nothing with one that is there already. *out is what it then has. CORRUPT: no store, or
 * too old for the steps; WRONG_VERSION: newer than this program knows, or what the limit leaves is older than it works in. */
enum status store_migrate(struct environment *alerts, const struct store_formats *formats,
                          const struct store_limit *limit, uint32_t *out) MUST_CHECK;
/* The schema of a new store. */
enum status store_new_schema(const struct store_formats *formats, const struct store_limit *limit,
                             uint32_t *out) MUST_CHECK;
enum status store_put_schema(const struct transaction *t, uint32_t schema) MUST_CHECK;

struct store_limit store_read_limit(int folder_fd);

/* A read transaction under the guard. CLOSED while the environment is exchanged: a disk may hang in that, and whoever reads must not hang with it. */
enum status store_read_begin(struct store *store, struct environment *e, struct transaction *out) MUST_CHECK;
void store_read_end(struct store *store, struct transaction *t);

/* One scan; `damaged` is set by a visit that had to pass a row over. */
struct reading {
    store_alert_visit *alert;
    store_alarm_visit *alarm;
    store_audit_visit *audit;
    void *context;
    uint32_t left;
    bool damaged, waiting;
};
enum status store_read_rows(struct store *store, struct environment *e, unsigned database, struct bytes from,
                            transaction_visit *visit, struct reading *reading) MUST_CHECK;

/* Deletes the first rows whose keys begin with a number below `before`, at most `most`. */
enum status store_drop_rows(const struct transaction *t, unsigned database, uint64_t before, uint64_t most) MUST_CHECK;

#endif
