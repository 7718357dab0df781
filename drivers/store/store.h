/*
 * store.h: what survives a power cut: alarm state, outbox, history, numbers; and, apart from it, the journal of observations.
 *
 * Under one folder: an LMDB environment, `alerts` (every commit synced; three quarters of the size), and a file, `journal` (journal.h; its loss
 * is harmless). A row is an alert as JSON with the topics it goes to. Those that wait for the broker are the outbox; delivered ones are
 * history, and stay where they are. A quarter of the map stays free, because a full LMDB map cannot even be emptied; history gives way to new alerts, the outbox never.
 *
 * Threads: the write calls (begin ... commit, journal_put, _sync, _clear) belong to one thread, the store thread. Reads may come
 * from any thread, each inside its own short read transaction that never outlives the call; what a visit is given is valid during that
 * visit only; a visit must not write, but it may read. After a fault that LMDB cannot go on from, store_begin closes and opens the environment; reads do not wait for that, which may hang, and
 * are CLOSED meanwhile.
 * Sizes: keys up to 96 bytes, values up to STORE_VALUE_MAX (json and snapshot together), states up to STORE_STATE_MAX,
 * one put into the journal up to STORE_JOURNAL_MAX.
 * Errors: STATUS_FULL (disk, map or headroom), STATUS_IO, STATUS_CORRUPT, STATUS_DENIED, STATUS_WRONG_VERSION, STATUS_OTHER_MACHINE, STATUS_NOT_FOUND,
 * STATUS_TOO_LARGE, STATUS_BUSY (another process, or too many readers), STATUS_CLOSED (lost, and not open again yet), STATUS_NO_MEMORY.
 */
#ifndef WARDGATE_STORE_H
#define WARDGATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

/* Of everything in `alerts`, snapshots and states included: raise it when the form of any of them changes, and say in store_migrate.c how an older store
 * becomes one of the new form. One older than STORE_SCHEMA_OLDEST is set aside. */
#define STORE_SCHEMA        5U
#define STORE_SCHEMA_OLDEST 3U
/* The oldest that this program can work in without changing it, so that the wardgate which it replaced may go on from there (store_limit_schema). Whoever raises
 * STORE_SCHEMA lets what it writes depend on store_schema, so that this stays one behind; else no box can be updated to it that runs the one before. */
#define STORE_SCHEMA_WORKS 5U

/* A value fits one page of 4 KiB with its row, because a nearly full map may have no two pages side by side. A larger state may then find no
 * place: it is for what is written at start. */
#define STORE_VALUE_MAX      3840
#define STORE_STATE_MAX      16384
#define STORE_JOURNAL_MAX    16384
#define STORE_JOURNAL_SECTOR 512U /* a put takes whole ones of the journal's file */
#define STORE_PIECE_MAX      3968
#define STORE_EPOCH_MAX      33
#define STORE_KEY_MAX        96
#define STORE_PATH_MAX       512
#define STORE_SIZE_LEAST     (4ULL << 20)
#define STORE_AUDIT_MAX      1024
#define STORE_AUDIT_ROWS     10000

struct store;

struct store_config {
    const char *path;    /* folder; made when missing, its parent must exist */
    uint64_t size_bytes; /* both maps together, at least STORE_SIZE_LEAST; reserved on the disk at start */
    const struct store_formats *formats; /* NULL: this program's; others are for tests (store_internal.h) */
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
    bool waiting; /* told by reads: it is in the outbox still */
};
enum {
    STORE_ALERT_ENDS_ALARM = 1,
    STORE_ALERT_TEST = 2,
    STORE_ALERT_HIGH = 4,
    STORE_ALERT_SENT = 8,    /* delivered while it could not be stored: goes straight to history */
    STORE_ALERT_FOLDED = 16, /* no alert: an alarm's state to be shown, then forgotten; seq is the newest alert's */
    STORE_ALERT_OMITS = 32   /* no alert: the record of those that store_omit took out; seq is the newest alert's */
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
    uint64_t alerts_bytes, alerts_bytes_max, journal_bytes, journal_bytes_max; /* 0 of 0: there is no journal */
    uint64_t outbox_rows, history_rows;
    uint64_t commits;
    uint64_t
        dead_readers; /* whose process ended inside a transaction, and whose places were freed since it was opened */
};

/* On STATUS_CORRUPT the damaged folder was set aside under a new name (store_set_aside_path tells) and the store is open and new; said again by each opening
 * until something is committed, for who set it aside may have been killed before it could tell. On any other failure *out is NULL. A newer schema (STATUS_WRONG_VERSION), or a file of another kind of machine (STATUS_OTHER_MACHINE), is left as it is. A
 * store that holds more than size_bytes has room for stays larger, with room for more, until history has given way to the new size. */
enum status store_open(const struct store_config *config, struct store **out) MUST_CHECK;

/* A box that may have to go back to the wardgate that it ran before says here which schema that one reads: until another limit is set, what is opened in this
 * folder keeps its schema or is brought forward to this one, and a new store is made of it. WRONG_VERSION of store_open says also that this program cannot work in
 * that; nothing was changed, nor set aside for being too old. A limit that cannot be read keeps the store as it is. Durable when it returns STATUS_OK. Any process. */
enum status store_limit_schema(const char *path, uint32_t newest) MUST_CHECK;
uint32_t store_limit_of(const char *path);        /* 0: there is none, or none that can be read */
uint32_t store_schema(const struct store *store); /* that it works in, until it is closed */
/* For another program than the gateway, which may run meanwhile: reads only, nothing of it is written and no lock is held between calls. A call's transaction
 * ends with the call, so whoever is slow with what it got keeps nobody from anything; but a visit may not wait for anybody. NOT_FOUND: no store. CORRUPT: a
 * damaged one that no gateway has open. WRONG_VERSION also: one older than STORE_SCHEMA_WORKS, which a gateway's start would bring forward. */
enum status store_open_to_read(const char *path, struct store **out) MUST_CHECK;
/* Of a store of this size: what alerts that wait may take before those of them that are over have to give way (store_is_crowded). */
uint64_t store_outbox_bytes(uint64_t size_bytes);
void store_close(struct store *store);              /* NULL is allowed; no other call may be running */
const char *store_epoch(const struct store *store); /* random hex id made at creation, or taken later; store thread */
bool store_is_new(const struct store *store);       /* made by this opening: nobody was given a name of its epoch */
uint64_t store_last_row(
    const struct store *store); /* newest row number given; those of failed commits stay unused; store thread */
const char *store_set_aside_path(
    const struct store *store); /* the newest; NULL when nothing was set aside; store thread */

/* One group commit. Between begin and commit at most store_batch_max alerts, each with its alarm and states, and as many deliveries. Any
 * failure ends the transaction as if it had never been; the next begin works again. STATUS_CORRUPT from begin: as from open. */
enum status store_begin(struct store *store) MUST_CHECK;
uint32_t store_batch_max(const struct store *store); /* what the map's free quarter is sure to carry */
bool store_lacks_room(
    const struct store *store);           /* the disk is full, and has not all that was to be reserved; store thread */
bool store_has_room(struct store *store); /* inside a transaction: does the next alert fit beside the headroom? */
enum status store_put_alert(struct store *store,
                            const struct store_alert *alert) MUST_CHECK; /* row is given by the store */
enum status store_put_alarm(struct store *store, const struct store_alarm *alarm) MUST_CHECK;
/* History has nothing more to give, and the outbox will soon have no room. Reads; outside a transaction. */
bool store_is_crowded(struct store *store);
/* Takes these rows out of the outbox, and the row `before` (0: none), and puts *record (NULL: none) for them: also where there is no room for an alert.
 * Rows that are not there are fine. */
enum status store_omit(struct store *store, const uint64_t *rows, uint32_t count, uint64_t before,
                       const struct store_alert *record) MUST_CHECK;
enum status store_put_state(struct store *store, const char *key, const void *value, size_t size) MUST_CHECK;
enum status store_mark_delivered(struct store *store,
                                 uint64_t row) MUST_CHECK; /* outbox -> history; unknown rows are fine */
/* Of history, some of the oldest rows that were committed before; never the last one. */
enum status store_forget_history(struct store *store, int64_t before_wall_ms) MUST_CHECK;
/* The gateway runs under another epoch than this store's (which was not there when it started, or was replaced since): the store takes that
 * name; what is left of its own is history: alarms are marked ended, states are gone. */
enum status store_adopt(struct store *store, const char *epoch) MUST_CHECK;
/* The same of another epoch that goes on with everything in the store: it takes that name, and nothing else changes. */
enum status store_rename(struct store *store, const char *epoch) MUST_CHECK;
/* One row of the audit log (UTF-8 JSON, at most STORE_AUDIT_MAX bytes); STATUS_FULL without store_has_room. The oldest rows give way beyond
 * STORE_AUDIT_ROWS or a tenth of the map, and to alerts when history has none to give. */
enum status store_put_audit(struct store *store, int64_t wall_ms, const char *json, size_t length) MUST_CHECK;
enum status store_commit(struct store *store) MUST_CHECK;
void store_abort(struct store *store); /* does nothing outside a transaction */

enum status store_get_state(struct store *store, const char *key, void *value, size_t size,
                            size_t *out_length) MUST_CHECK;

/* What stands for the present, all of it as it is at one instant: every state, then every alarm. CORRUPT: something could not be read and was passed over. */
struct store_present {
    char epoch[STORE_EPOCH_MAX];
    uint64_t last_row; /* the newest alert's; 0: there is none */
};
typedef bool store_state_visit(void *context, const char *key, const void *value, size_t size); /* not aligned */
struct store_present_visits {
    store_state_visit *state;
    bool (*alarm)(void *context, const struct store_alarm *alarm);
    void *context;
};
enum status store_each_present(struct store *store, const struct store_present_visits *visits,
                               struct store_present *out) MUST_CHECK;

/* Visits outbox rows with row > after in order, at most `most`; visit returns false to stop early. STATUS_CORRUPT: a row could not be
 * read and was passed over; the others were visited. */
typedef bool store_alert_visit(void *context, const struct store_alert *alert);
enum status store_each_outbox(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                              void *context) MUST_CHECK;
enum status store_each_history(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                               void *context) MUST_CHECK;
/* Both as they are at one instant, in order. */
enum status store_each_alert(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                             void *context) MUST_CHECK;
typedef bool store_alarm_visit(void *context, const struct store_alarm *alarm);
enum status store_each_alarm(struct store *store, store_alarm_visit *visit, void *context) MUST_CHECK;
enum status store_get_alarm(struct store *store, const char *bed, const char *alarm, store_alarm_visit *visit,
                            void *context) MUST_CHECK; /* one; NOT_FOUND: there is none */

/* The newest `most` rows of the audit log, oldest of them first. */
typedef bool store_audit_visit(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length);
enum status store_each_audit(struct store *store, uint32_t most, store_audit_visit *visit, void *context) MUST_CHECK;

/* Looks through the whole log: whether any row was changed, taken out, put in or put elsewhere, at either end too. `from` NULL, or what an earlier look gave
 * as the newest row (number and link), kept outside: then also whether that row is still the same, unless it has given way since. */
#define STORE_LINK_SIZE        32
#define STORE_MARK_TEXT_MAX    96 /* "ROW:LINK" and a NUL */
#define STORE_AUDIT_FAULTS_MAX 16
enum store_audit_fault {
    STORE_AUDIT_CHANGED,  /* the row is not what its link was made of */
    STORE_AUDIT_MISSING,  /* it is not there */
    STORE_AUDIT_UNKNOWN,  /* it is there, and beyond the end that the store knows of */
    STORE_AUDIT_NO_ENDS,  /* the record of the log's oldest or newest row is gone or damaged */
    STORE_AUDIT_OTHER_END /* the newest row is not the one that was recorded, or that was noted outside */
};
struct store_audit_mark {
    uint64_t row; /* 0: before the first */
    unsigned char link[STORE_LINK_SIZE];
};
struct store_audit_check {
    uint64_t first, rows;         /* the oldest row that is kept, and how many are */
    struct store_audit_mark mark; /* the newest */
    bool noted_has_given_way;     /* the row of `from` was too old to be there */
    uint32_t fault_count;         /* the first STORE_AUDIT_FAULTS_MAX of them: */
    struct {
        enum store_audit_fault fault;
        uint64_t row;
    } faults[STORE_AUDIT_FAULTS_MAX];
};
enum status store_check_audit(struct store *store, const struct store_audit_mark *from,
                              struct store_audit_check *out) MUST_CHECK;
/* The newest row as it is recorded, without a look at the log; NOT_FOUND: there is none yet. */
enum status store_audit_newest(struct store *store, struct store_audit_mark *out) MUST_CHECK;
void store_mark_text(const struct store_audit_mark *mark, char out[STORE_MARK_TEXT_MAX]);

/* The journal, apart from all that: rows of bytes in the order of their puts, as many of the newest as there is room for. What was put survives
 * the program, what was synced a power cut; a row is there whole or not at all. */
enum status store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size) MUST_CHECK;
enum status store_journal_sync(struct store *store) MUST_CHECK;
typedef bool store_journal_visit(void *context, int64_t at_ms, const void *bytes, size_t size);
enum status store_journal_each(struct store *store, int64_t from_ms, store_journal_visit *visit,
                               void *context) MUST_CHECK;
enum status store_journal_clear(struct store *store) MUST_CHECK; /* durable when it returns STATUS_OK */

/* As it was behind the newest commit, and put of the journal. Any thread; wait-free: it does not touch the disk, nor wait for who does. */
void store_usage(const struct store *store, struct store_usage *out);

/* Keeps every gateway from this folder until *out_fd is closed; nothing that is in it is touched. NOT_FOUND: no gateway has ever used it. BUSY: one does. */
enum status store_keep_out(const char *path, int *out_fd) MUST_CHECK;

#endif
