#include "drivers/store/store.h"

#include <assert.h>
#include <stdio.h>

#include "drivers/store/store_internal.h"

#define ROOM_PERCENT 75U /* above: no new alert; deliveries and deletions need the rest to work at all */
#define LAST_PERCENT 90U /* above: no new alarm or state either; what configuration bounds never comes near */
#define TRIM_PERCENT 60U /* above: history gives way, and when there is no more of it the audit log */
#define TRIM_ROWS    64U /* a transaction, because each may dirty a page before it frees one */

/* Pages that the free quarter must carry at worst: those dirtied in a transaction, and those that the one before gave free, which LMDB
 * does not use again until the next. An alert with its alarm, states and a delivery: 6 and 5; trimming, roots and branches: 52 and 84. */
#define PAGES_PER_ALERT  12U
#define PAGES_PER_COMMIT 136U

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
    const uint64_t rows = transaction_entries(&s->commit, DB_HISTORY);
    if (!transaction_is_above(&s->commit, TRIM_PERCENT)) {
        return STATUS_OK;
    }
    if (rows < 2) {
        return store_trim_audit(s, TRIM_ROWS);
    }
    return store_drop_rows(&s->commit, DB_HISTORY, UINT64_MAX, rows - 1 < TRIM_ROWS ? rows - 1 : TRIM_ROWS);
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
 * transaction came again: any small commit releases them. */
static enum status starved_relieve(struct store *s)
{
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
    assert(store != NULL && store->commit.txn == NULL);
    enum status status = STATUS_OK;
    if (environment_is_lost(&store->alerts)) {
        status = store_revive(store, &store->alerts);
    }
    if (status == STATUS_OK && store->starved) {
        status = starved_relieve(store);
    }
    return status == STATUS_OK ? write_begin(store) : status;
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

enum status store_put_alert(struct store *store, const struct store_alert *alert)
{
    assert(store != NULL && store->commit.txn != NULL && alert != NULL);
    if (!store_has_room(store)) {
        return store_written(store, STATUS_FULL);
    }
    enum status status = row_encode_alert(alert, &store->row);
    const uint64_t number = store->next_row++; /* never given twice, whatever becomes of this transaction */
    if (status == STATUS_OK) {
        unsigned char key[ROW_KEY_SIZE];
        row_key_write(number, key);
        const unsigned database = (alert->flags & STORE_ALERT_SENT) != 0 ? DB_HISTORY : DB_OUTBOX;
        status =
            transaction_put(&store->commit, database, (struct bytes){key, sizeof key}, row_bytes(&store->row), true);
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

/* History is of alerts. One that cannot be read may be one. */
static bool is_folded(const struct row *row)
{
    struct store_alert alert;
    return row_decode_alert(row->bytes, row->size, &alert) == STATUS_OK && (alert.flags & STORE_ALERT_FOLDED) != 0;
}

/* The row is copied on its way: what a get gives lies in a page that the put may move. */
enum status store_mark_delivered(struct store *store, uint64_t row)
{
    assert(store != NULL && store->commit.txn != NULL);
    unsigned char number[ROW_KEY_SIZE];
    row_key_write(row, number);
    const struct bytes key = {number, sizeof number};
    struct bytes value;
    enum status status = transaction_get(&store->commit, DB_OUTBOX, key, &value);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && value.size > sizeof store->row.bytes) {
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK) {
        memcpy(store->row.bytes, value.data, value.size);
        store->row.size = value.size;
    }
    if (status == STATUS_OK && !is_folded(&store->row)) {
        status = transaction_put(&store->commit, DB_HISTORY, key, row_bytes(&store->row), true);
    }
    if (status == STATUS_OK) {
        status = transaction_delete(&store->commit, DB_OUTBOX, key);
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

enum status store_adopt(struct store *store, const char *epoch)
{
    assert(store != NULL && store->commit.txn != NULL && epoch != NULL && epoch[0] != '\0');
    assert(strlen(epoch) < STORE_EPOCH_MAX);
    enum status status = transaction_put(&store->commit, DB_META, text_bytes("epoch"), text_bytes(epoch), false);
    if (status == STATUS_OK) {
        status = transaction_empty(&store->commit, DB_STATE);
    }
    if (status == STATUS_OK) {
        status = alarms_end(store);
    }
    (void)snprintf(store->epoch_adopted, sizeof store->epoch_adopted, "%s", epoch);
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
    return STATUS_OK;
}

void store_abort(struct store *store)
{
    assert(store != NULL);
    store->epoch_adopted[0] = '\0';
    transaction_abort(&store->commit);
}
