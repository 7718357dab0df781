/*
 * store.h: what survives a power cut: alarm state, outbox, history, numbers; and, apart from it, the journal of observations.
 *
 * Two LMDB environments under one folder: `alerts` (durable, every commit synced; three quarters of the size) and `trends` (the journal; its
 * loss is harmless: it is made anew when damaged). A row of the outbox is an alert as JSON with the topics it goes to; delivered rows move to
 * history. A quarter of each map stays free, because a full LMDB map cannot even be emptied; history gives way to new alerts, the outbox never.
 *
 * Threads: the write calls (begin ... commit, journal_put, journal_clear) belong to one thread, the store thread. Reads may come
 * from any thread, each inside its own short read transaction that never outlives the call; what a visit is given is valid during that
 * visit only, and a visit must not write. After a fault that LMDB cannot go on from, store_begin closes and opens the environment while reads wait.
 * Sizes: keys up to 96 bytes, values up to STORE_VALUE_MAX (json and snapshot together), states up to STORE_STATE_MAX,
 * one put into the journal up to STORE_JOURNAL_MAX.
 * Errors: STATUS_FULL (disk, map or headroom), STATUS_IO, STATUS_CORRUPT, STATUS_DENIED, STATUS_WRONG_VERSION, STATUS_NOT_FOUND,
 * STATUS_TOO_LARGE, STATUS_BUSY (another process, or too many readers), STATUS_CLOSED (lost, and not open again yet), STATUS_NO_MEMORY.
 */
#ifndef WARDGATE_STORE_H
#define WARDGATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

/* Of everything in `alerts`, snapshots and states included: raise it when the form of any of them changes. */
#define STORE_SCHEMA 3U

/* A value fits one page of 4 KiB with its row, because a nearly full map may have no two pages side by side. A larger state may then find no
 * place: it is for what is written at start. */
#define STORE_VALUE_MAX   3840
#define STORE_STATE_MAX   16384
#define STORE_JOURNAL_MAX 32768
#define STORE_PIECE_MAX   3968
#define STORE_EPOCH_MAX   33
#define STORE_KEY_MAX     96
#define STORE_PATH_MAX    512
#define STORE_SIZE_LEAST  (4ULL << 20)
#define STORE_AUDIT_MAX   1024
#define STORE_AUDIT_ROWS  10000

struct store;

struct store_config {
    const char *path;    /* folder; made when missing, its parent must exist */
    uint64_t size_bytes; /* both maps together, at least STORE_SIZE_LEAST; reserved on the disk at start */
};

/* One alert in the outbox or in history. Texts point into the transaction: copy what must outlive the visit. */
struct store_alert {
    uint64_t row; /* order of commits, through epochs; given by the store */
    uint64_t seq;
    uint16_t flags;
    int64_t committed_wall_ms;
    const char *bed;   /* bed id; "" for the gateway's own */
    const char *alarm; /* name of the alarm, for its retained topic */
    const char *json;  /* content without `delivery` */
    uint32_t json_length;
};
enum {
    STORE_ALERT_ENDS_ALARM = 1,
    STORE_ALERT_TEST = 2,
    STORE_ALERT_HIGH = 4,
    STORE_ALERT_SENT = 8,   /* delivered while it could not be stored: goes straight to history */
    STORE_ALERT_FOLDED = 16 /* no alert: an alarm's state to be shown, then forgotten; seq is the newest alert's */
};

/* The present state of one alarm; kept after its end so that its retained topic can be emptied on every connect. */
struct store_alarm {
    const char *bed, *alarm;
    uint8_t priority; /* enum priority */
    bool ended;
    const char *json; /* its newest alert */
    uint32_t json_length;
    const void *snapshot; /* opaque: the engine's alarm_snapshot; not aligned: copy it */
    uint32_t snapshot_length;
};

struct store_usage {
    uint64_t alerts_bytes, alerts_bytes_max, trends_bytes, trends_bytes_max; /* trends 0 of 0: there is no journal */
    uint64_t outbox_rows, history_rows;
    uint64_t commits;
};

/* On STATUS_CORRUPT the damaged folder was set aside under a new name (store_set_aside_path tells) and the store is open and new. On any
 * other failure *out is NULL. A newer schema (STATUS_WRONG_VERSION) is left as it is. */
enum status store_open(const struct store_config *config, struct store **out) MUST_CHECK;
void store_close(struct store *store);              /* NULL is allowed; no other call may be running */
const char *store_epoch(const struct store *store); /* random hex id made at creation, or adopted; store thread */
uint64_t store_last_row(
    const struct store *store); /* newest row number given; those of failed commits stay unused; store thread */
const char *store_set_aside_path(
    const struct store *store); /* the newest; NULL when nothing was set aside; store thread */

/* One group commit. Between begin and commit at most store_batch_max alerts, each with its alarm and states, and as many deliveries. Any
 * failure ends the transaction as if it had never been; the next begin works again. STATUS_CORRUPT from begin: as from open. */
enum status store_begin(struct store *store) MUST_CHECK;
uint32_t store_batch_max(const struct store *store); /* what the map's free quarter is sure to carry */
bool store_has_room(struct store *store); /* inside a transaction: does the next alert fit beside the headroom? */
enum status store_put_alert(struct store *store,
                            const struct store_alert *alert) MUST_CHECK; /* row is given by the store */
enum status store_put_alarm(struct store *store, const struct store_alarm *alarm) MUST_CHECK;
enum status store_put_state(struct store *store, const char *key, const void *value, size_t size) MUST_CHECK;
enum status store_mark_delivered(struct store *store,
                                 uint64_t row) MUST_CHECK; /* outbox -> history; unknown rows are fine */
/* The gateway runs under another epoch than this store's (which was not there when it started, or was replaced since): the store takes that
 * name; what is left of its own is history: alarms are marked ended, states are gone. */
enum status store_adopt(struct store *store, const char *epoch) MUST_CHECK;
/* One row of the audit log (UTF-8 JSON, at most STORE_AUDIT_MAX bytes); STATUS_FULL without store_has_room. The oldest rows give way beyond
 * STORE_AUDIT_ROWS or a tenth of the map, and to alerts when history has none to give. */
enum status store_put_audit(struct store *store, int64_t wall_ms, const char *json, size_t length) MUST_CHECK;
enum status store_commit(struct store *store) MUST_CHECK;
void store_abort(struct store *store); /* does nothing outside a transaction */

enum status store_get_state(struct store *store, const char *key, void *value, size_t size,
                            size_t *out_length) MUST_CHECK;

/* Visits outbox rows with row > after in order, at most `most`; visit returns false to stop early. STATUS_CORRUPT: a row could not be
 * read and was passed over; the others were visited. */
typedef bool store_alert_visit(void *context, const struct store_alert *alert);
enum status store_each_outbox(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                              void *context) MUST_CHECK;
enum status store_each_history(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                               void *context) MUST_CHECK;
typedef bool store_alarm_visit(void *context, const struct store_alarm *alarm);
enum status store_each_alarm(struct store *store, store_alarm_visit *visit, void *context) MUST_CHECK;

/* The newest `most` rows of the audit log, oldest of them first. */
typedef bool store_audit_visit(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length);
enum status store_each_audit(struct store *store, uint32_t most, store_audit_visit *visit, void *context) MUST_CHECK;

/* The journal, in its own environment and its own transactions. A put of more than STORE_PIECE_MAX bytes is kept in pieces of that many and
 * a rest, which visits see one by one, in order. With each put some of the oldest pieces give way: those before keep_from_ms, and more
 * when the map fills up (and all of them, should even that not help). */
enum status store_journal_put(struct store *store, int64_t at_ms, int64_t keep_from_ms, const void *bytes,
                              size_t size) MUST_CHECK;
typedef bool store_journal_visit(void *context, int64_t at_ms, const void *bytes, size_t size);
enum status store_journal_each(struct store *store, int64_t from_ms, store_journal_visit *visit,
                               void *context) MUST_CHECK;
enum status store_journal_clear(struct store *store) MUST_CHECK;

void store_usage(struct store *store, struct store_usage *out);

#endif
