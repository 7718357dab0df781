#include "drivers/store/store.h"

#include <assert.h>
#include <stdio.h>

#include "drivers/store/store_internal.h"

#define ROOM_PERCENT 75U /* above: no new alert; deliveries and deletions need the rest to work at all */
#define LAST_PERCENT 90U /* above: no new alarm or state either; what configuration bounds never comes near */
#define TRIM_ROWS    64U /* a transaction, because each may dirty a page before it frees one */

/* Pages that the free quarter must carry at worst: those dirtied in a transaction, and those that the one before gave free, which LMDB
 * does not use again until the next. An alert with its alarm, states and a delivery: 6 and 5; trimming, roots and branches, and the tail of the
 * journal (commit.h): 56 and 88. */
#define PAGES_PER_ALERT  12U
#define PAGES_PER_COMMIT 144U

static struct bytes row_bytes(const struct row *row)
{
    return (struct bytes){row->bytes, row->size};
}

/* The key is copied: deleting moves what it points to. */
static enum status oldest_drop(const struct transaction *t, unsigned database, uint64_t before)
{
    struct bytes found;
    unsigned char key[STORE_KEY_MAX];
    const enum status status = transaction_first(t, database, &found);
    if (status != STATUS_OK) {
        return status;
    }
    if (found.size < ROW_KEY_SIZE || found.size > sizeof key || row_key_read(found.data) >= before) {
        return STATUS_NOT_FOUND;
    }
    memcpy(key, found.data, found.size);
    return transaction_delete(t, database, (struct bytes){key, found.size});
}

enum status store_drop_rows(const struct transaction *t, unsigned database, uint64_t before, uint64_t most)
{
    enum status status = STATUS_OK;
    for (uint64_t i = 0; status == STATUS_OK && i < most; i++) {
        status = oldest_drop(t, database, before);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status trim(struct store *s)
{
    const uint64_t rows = alerts_delivered(&s->commit);
    if (!transaction_is_above_wanted(&s->commit, STORE_TRIM_PERCENT)) {
        return STATUS_OK;
    }
    if (rows < 2) {
        return store_trim_audit(s, TRIM_ROWS);
    }
    return alerts_drop_delivered(&s->commit, rows - 1 < TRIM_ROWS ? rows - 1 : TRIM_ROWS);
}

enum status store_written(struct store *s, enum status status)
{
    if (status != STATUS_OK) {
        s->starved = s->starved || status == STATUS_FULL;
        store_abort(s);
    }
    return status;
}

static enum status write_begin(struct store *s)
{
    const enum status status = transaction_begin(&s->alerts, true, &s->commit);
    return status == STATUS_OK ? store_written(s, trim(s)) : status;
}

/* When LMDB found no page, the ones given free by the commit before are still withheld, and would be for ever if nothing but the same
 * transaction came again: any small commit releases them. So are pages that a reader which died still seems to read, or one that was stopped. And a disk
 * that had none may have room again. */
static enum status starved_relieve(struct store *s)
{
    environment_reserve(&s->alerts);
    environment_end_stopped_readers(&s->alerts);
    enum status status = write_begin(s);
    if (status == STATUS_OK) {
        status = transaction_put(&s->commit, DB_META, text_bytes("epoch"), text_bytes(s->epoch), false);
        status = status == STATUS_OK ? transaction_commit(&s->commit) : store_written(s, status);
    }
    s->starved = status != STATUS_OK;
    return status;
}

enum status store_begin(struct store *store)
{
    assert(store != NULL && store->commit.txn == NULL && !store->reads_only);
    enum status status = STATUS_OK;
    if (environment_is_lost(&store->alerts)) {
        status = store_revive(store);
    }
    if (status == STATUS_OK && store->starved) {
        status = starved_relieve(store);
    }
    return status == STATUS_OK ? write_begin(store) : status;
}

bool store_lacks_room(const struct store *store)
{
    return store->alerts.lacks_room;
}

uint32_t store_batch_max(const struct store *store)
{
    const uint64_t spare = store->alerts.map_pages * (100 - ROOM_PERCENT) / 100;
    return spare < PAGES_PER_COMMIT + PAGES_PER_ALERT ? 1 : (uint32_t)((spare - PAGES_PER_COMMIT) / PAGES_PER_ALERT);
}

bool store_has_room(struct store *store)
{
    assert(store->commit.txn != NULL);
    return !transaction_is_above(&store->commit, ROOM_PERCENT);
}

static enum status put_row(struct store *s, const struct store_alert *alert)
{
    const enum status status = row_encode_alert(alert, &s->row);
    const uint64_t number = s->next_row++; /* never given twice, whatever becomes of this transaction */
    return status == STATUS_OK ? alerts_put(&s->commit, number, alert->flags, &s->row) : status;
}

enum status store_put_alert(struct store *store, const struct store_alert *alert)
{
    assert(store != NULL && store->commit.txn != NULL && alert != NULL);
    return store_written(store, store_has_room(store) ? put_row(store, alert) : STATUS_FULL);
}

bool store_is_crowded(struct store *store)
{
    struct transaction t;
    assert(store != NULL && store->commit.txn == NULL);
    if (store_read_begin(store, &store->alerts, &t) != STATUS_OK) {
        return false;
    }
    const bool crowded = transaction_is_above(&t, STORE_OMIT_PERCENT) && alerts_delivered(&t) < 2;
    store_read_end(store, &t);
    return crowded;
}

static enum status drop_waiting(struct store *s, uint64_t row)
{
    const enum status status = alerts_drop_waiting(&s->commit, row);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_omit(struct store *store, const uint64_t *rows, uint32_t count, uint64_t before,
                       const struct store_alert *record)
{
    assert(store != NULL && store->commit.txn != NULL && (rows != NULL || count == 0));
    enum status status = before != 0 ? drop_waiting(store, before) : STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < count; i++) {
        status = drop_waiting(store, rows[i]);
    }
    if (status == STATUS_OK && record != NULL) {
        status = transaction_is_above(&store->commit, LAST_PERCENT) ? STATUS_FULL : put_row(store, record);
    }
    return store_written(store, status);
}

enum status store_put_alarm(struct store *store, const struct store_alarm *alarm)
{
    assert(store != NULL && store->commit.txn != NULL && alarm != NULL);
    unsigned char key[STORE_KEY_MAX];
    size_t key_size = 0;
    enum status status =
        transaction_is_above(&store->commit, LAST_PERCENT) ? STATUS_FULL : row_encode_alarm(alarm, &store->row);
    if (status == STATUS_OK) {
        status = row_alarm_key(alarm->bed, alarm->alarm, key, &key_size);
    }
    if (status == STATUS_OK) {
        status =
            transaction_put(&store->commit, DB_ALARMS, (struct bytes){key, key_size}, row_bytes(&store->row), false);
    }
    return store_written(store, status);
}

enum status store_put_state(struct store *store, const char *key, const void *value, size_t size)
{
    assert(store != NULL && store->commit.txn != NULL && key != NULL && key[0] != '\0');
    if (strlen(key) > STORE_KEY_MAX || size > STORE_STATE_MAX) {
        return store_written(store, STATUS_TOO_LARGE);
    }
    if (transaction_is_above(&store->commit, LAST_PERCENT)) {
        return store_written(store, STATUS_FULL);
    }
    void *place = NULL;
    const enum status status = transaction_reserve(&store->commit, DB_STATE, text_bytes(key), ROW_SEAL + size, &place);
    if (status == STATUS_OK) {
        row_seal(value, size, place);
    }
    return store_written(store, status);
}

enum status store_mark_delivered(struct store *store, uint64_t row)
{
    assert(store != NULL && store->commit.txn != NULL);
    const enum status status = alerts_deliver(&store->commit, row, &store->row);
    return store_written(store, status == STATUS_NOT_FOUND ? STATUS_OK : status);
}

#define FORGET_ROWS 8U /* a transaction: more than come in one that is not in a hurry */

struct outdated {
    int64_t before_wall_ms;
    uint64_t count, most;
};

/* A row that cannot be read is as old as those around it. */
static bool count_outdated(void *context, struct bytes key, struct bytes value)
{
    struct outdated *outdated = context;
    struct store_alert alert;
    (void)key;
    const bool reads = row_decode_alert(value.data, value.size, &alert) == STATUS_OK;
    if (outdated->count == outdated->most || (reads && alert.committed_wall_ms >= outdated->before_wall_ms)) {
        return false;
    }
    outdated->count++;
    return true;
}

enum status store_forget_history(struct store *store, int64_t before_wall_ms)
{
    assert(store != NULL && store->commit.txn != NULL);
    const uint64_t rows = alerts_delivered(&store->commit);
    if (rows < 2) {
        return STATUS_OK; /* and what waits, which may be all there is, is not gone over */
    }
    struct outdated outdated = {.before_wall_ms = before_wall_ms, .most = rows > FORGET_ROWS ? FORGET_ROWS : rows - 1};
    enum status status = alerts_scan_delivered(&store->commit, (struct bytes){NULL, 0}, count_outdated, &outdated);
    if (status == STATUS_OK && outdated.count > 0) {
        status = alerts_drop_delivered(&store->commit, outdated.count);
    }
    return store_written(store, status);
}

struct first_active {
    struct store *store;
    unsigned char key[STORE_KEY_MAX];
    size_t key_size; /* 0: none */
};

/* Finds the first alarm that is not ended and copies it, ended, into the store's row. A row that cannot be read is no alarm of anybody's. */
static bool find_active(void *context, struct bytes key, struct bytes value)
{
    struct first_active *found = context;
    struct store_alarm alarm;
    if (row_decode_alarm(value.data, value.size, &alarm) != STATUS_OK || alarm.ended || key.size > STORE_KEY_MAX) {
        return true;
    }
    alarm.ended = true;
    if (row_encode_alarm(&alarm, &found->store->row) != STATUS_OK) {
        return true;
    }
    memcpy(found->key, key.data, key.size);
    found->key_size = key.size;
    return false;
}

static enum status alarms_end(struct store *s)
{
    struct first_active found = {.store = s};
    enum status status = STATUS_OK;
    do { /* each search goes on where the last one ended */
        const struct bytes from = {found.key, found.key_size};
        struct first_active next = {.store = s};
        status = transaction_scan(&s->commit, DB_ALARMS, from, find_active, &next);
        found = next;
        if (status == STATUS_OK && found.key_size > 0) {
            status = transaction_put(&s->commit, DB_ALARMS, (struct bytes){found.key, found.key_size},
                                     row_bytes(&s->row), false);
        }
    } while (status == STATUS_OK && found.key_size > 0);
    return status;
}

static enum status put_epoch(struct store *s, const char *epoch)
{
    assert(s != NULL && s->commit.txn != NULL && epoch != NULL && epoch[0] != '\0');
    assert(strlen(epoch) < STORE_EPOCH_MAX);
    (void)snprintf(s->epoch_adopted, sizeof s->epoch_adopted, "%s", epoch);
    return transaction_put(&s->commit, DB_META, text_bytes("epoch"), text_bytes(epoch), false);
}

enum status store_rename(struct store *store, const char *epoch)
{
    return store_written(store, put_epoch(store, epoch));
}

enum status store_adopt(struct store *store, const char *epoch)
{
    enum status status = put_epoch(store, epoch);
    if (status == STATUS_OK) {
        status = transaction_empty(&store->commit, DB_STATE);
    }
    if (status == STATUS_OK) {
        status = alarms_end(store);
    }
    return store_written(store, status);
}

enum status store_commit(struct store *store)
{
    assert(store != NULL && store->commit.txn != NULL);
    const enum status status = transaction_commit(&store->commit);
    if (status != STATUS_OK) {
        return store_written(store, status);
    }
    if (store->epoch_adopted[0] != '\0') {
        memcpy(store->epoch, store->epoch_adopted, sizeof store->epoch);
        store->epoch_adopted[0] = '\0';
    }
    atomic_fetch_add(&store->commits, 1);
    store_note_alerts(store);
    return STATUS_OK;
}

void store_abort(struct store *store)
{
    assert(store != NULL);
    store->epoch_adopted[0] = '\0';
    transaction_abort(&store->commit);
}
