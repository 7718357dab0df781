/*
 * store.h: what survives a power cut: alarm state, outbox, history, numbers; and, apart from it, the journal of observations.
 *
 * Two LMDB environments under one folder: `alerts` (durable, every commit synced) and `trends` (the journal; its loss is harmless: it
 * is made anew when damaged). A row of the outbox is an alert as JSON with the topics it goes to; delivered rows move to
 * history. Creation goes by a temporary folder and a rename, because creating an environment is not crash-safe.
 *
 * Threads: the write calls (begin ... commit) belong to the store thread alone. Reads may come from any thread, each inside its own
 * short read transaction that never outlives the call. Sizes: keys up to 96 bytes, values up to STORE_VALUE_MAX.
 * Errors: STATUS_FULL (map or headroom), STATUS_IO, STATUS_CORRUPT, STATUS_DENIED, STATUS_WRONG_VERSION, STATUS_NOT_FOUND.
 */
#ifndef WARDGATE_STORE_H
#define WARDGATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define STORE_VALUE_MAX 8192
#define STORE_EPOCH_MAX 33
#define STORE_KEY_MAX   96

struct store;

struct store_config {
    const char *path;    /* folder; made when missing */
    uint64_t size_bytes; /* both maps together; reserved at start, a quarter kept free */
};

/* One alert in the outbox or in history. Texts point into the transaction: copy what must outlive the visit. */
struct store_alert {
    uint64_t row; /* order of commits, through epochs */
    uint64_t seq;
    uint16_t flags;
    int64_t committed_wall_ms;
    const char *bed;   /* bed id; "" for the gateway's own */
    const char *alarm; /* name of the alarm, for its retained topic */
    const char *json;  /* content without `delivery` */
    uint32_t json_length;
};
enum { STORE_ALERT_ENDS_ALARM = 1, STORE_ALERT_TEST = 2, STORE_ALERT_HIGH = 4 };

/* The present state of one alarm; kept after its end so that its retained topic can be emptied on every connect. */
struct store_alarm {
    const char *bed, *alarm;
    uint8_t priority; /* enum priority */
    bool ended;
    const char *json; /* its newest alert */
    uint32_t json_length;
    const void *snapshot; /* opaque: the engine's alarm_snapshot */
    uint32_t snapshot_length;
};

struct store_usage {
    uint64_t alerts_bytes, alerts_bytes_max, trends_bytes, trends_bytes_max;
    uint64_t outbox_rows, history_rows;
    uint64_t commits;
};

/* On STATUS_CORRUPT the damaged folder was set aside under a new name (store_set_aside_path tells) and the store is open and new. */
enum status store_open(const struct store_config *config, struct store **out) MUST_CHECK;
void store_close(struct store *store);                       /* NULL is allowed */
const char *store_epoch(const struct store *store);          /* random hex id of this store, made at its creation */
const char *store_set_aside_path(const struct store *store); /* NULL when nothing was set aside */

/* One group commit. Between begin and commit any number of puts. A failed put aborts the transaction. */
enum status store_begin(struct store *store) MUST_CHECK;
enum status store_put_alert(struct store *store,
                            const struct store_alert *alert) MUST_CHECK; /* row is given by the store */
enum status store_put_alarm(struct store *store, const struct store_alarm *alarm) MUST_CHECK;
enum status store_put_state(struct store *store, const char *key, const void *value, size_t size) MUST_CHECK;
enum status store_mark_delivered(struct store *store,
                                 uint64_t row) MUST_CHECK; /* outbox -> history; unknown rows are fine */
enum status store_commit(struct store *store) MUST_CHECK;
void store_abort(struct store *store);

enum status store_get_state(const struct store *store, const char *key, void *value, size_t size,
                            size_t *out_length) MUST_CHECK;

/* Visits outbox rows with row > after in order, at most `most`; visit returns false to stop early. */
typedef bool store_alert_visit(void *context, const struct store_alert *alert);
enum status store_each_outbox(const struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                              void *context) MUST_CHECK;
enum status store_each_history(const struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                               void *context) MUST_CHECK;
typedef bool store_alarm_visit(void *context, const struct store_alarm *alarm);
enum status store_each_alarm(const struct store *store, store_alarm_visit *visit, void *context) MUST_CHECK;

/* The journal, in its own environment and its own transactions (store thread): one row per call. */
enum status store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size) MUST_CHECK;
enum status store_journal_trim(struct store *store, int64_t before_ms) MUST_CHECK;
typedef bool store_journal_visit(void *context, int64_t at_ms, const void *bytes, size_t size);
enum status store_journal_each(const struct store *store, int64_t from_ms, store_journal_visit *visit,
                               void *context) MUST_CHECK;
enum status store_journal_clear(struct store *store) MUST_CHECK;

void store_usage(const struct store *store, struct store_usage *out);

#endif
