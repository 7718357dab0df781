#include <assert.h>

#include "drivers/store/store_internal.h"

#define AUDIT_PERCENT 10U  /* of the map, at most */
#define AUDIT_LEAST   256U /* rows that stay even in a full map: they take some 30 pages */
#define AUDIT_DROP    2U   /* a row that comes sends two away where there are too many, so that they become fewer */

enum status store_trim_audit(struct store *store, uint64_t most)
{
    const uint64_t rows = transaction_entries(&store->commit, DB_AUDIT);
    const uint64_t spare = rows > AUDIT_LEAST ? rows - AUDIT_LEAST : 0;
    return store_drop_rows(&store->commit, DB_AUDIT, UINT64_MAX, spare < most ? spare : most);
}

static enum status make_room(struct store *s)
{
    const bool many = transaction_entries(&s->commit, DB_AUDIT) >= STORE_AUDIT_ROWS;
    const bool large = transaction_database_is_above(&s->commit, DB_AUDIT, AUDIT_PERCENT);
    return many || large ? store_trim_audit(s, AUDIT_DROP) : STATUS_OK;
}

/* Rows go away at the front only, so their numbers have no gap. */
static enum status next_key(const struct transaction *t, unsigned char key[ROW_KEY_SIZE])
{
    struct bytes last;
    const enum status status = transaction_last(t, DB_AUDIT, &last);
    if (status == STATUS_OK && last.size != ROW_KEY_SIZE) {
        return STATUS_CORRUPT;
    }
    row_key_write(status == STATUS_OK ? row_key_read(last.data) + 1 : 1, key);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_put_audit(struct store *store, int64_t wall_ms, const char *json, size_t length)
{
    assert(store != NULL && store->commit.txn != NULL && json != NULL);
    unsigned char key[ROW_KEY_SIZE];
    enum status status = store_has_room(store) ? row_encode_audit(wall_ms, json, length, &store->row) : STATUS_FULL;
    if (status == STATUS_OK) {
        status = make_room(store);
    }
    if (status == STATUS_OK) {
        status = next_key(&store->commit, key);
    }
    if (status == STATUS_OK) {
        const struct bytes value = {store->row.bytes, store->row.size};
        status = transaction_put(&store->commit, DB_AUDIT, (struct bytes){key, sizeof key}, value, true);
    }
    return store_written(store, status);
}

static bool read_audit(void *context, struct bytes key, struct bytes value)
{
    struct reading *r = context;
    int64_t wall_ms = 0;
    const char *json = NULL;
    uint32_t length = 0;
    if (key.size != ROW_KEY_SIZE || row_decode_audit(value.data, value.size, &wall_ms, &json, &length) != STATUS_OK) {
        r->damaged = true;
        return true;
    }
    return r->audit(r->context, row_key_read(key.data), wall_ms, json, length);
}

static enum status scan_newest(const struct transaction *t, uint32_t most, struct reading *reading)
{
    struct bytes last;
    unsigned char from[ROW_KEY_SIZE];
    const enum status status = transaction_last(t, DB_AUDIT, &last);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    const uint64_t newest = last.size == ROW_KEY_SIZE ? row_key_read(last.data) : 0;
    row_key_write(newest > most ? newest - most + 1 : 1, from);
    return transaction_scan(t, DB_AUDIT, (struct bytes){from, sizeof from}, read_audit, reading);
}

enum status store_each_audit(struct store *store, uint32_t most, store_audit_visit *visit, void *context)
{
    assert(store != NULL && visit != NULL);
    struct reading reading = {.audit = visit, .context = context};
    struct transaction t;
    enum status status = most == 0 ? STATUS_NOT_FOUND : store_read_begin(store, &store->alerts, &t);
    if (status != STATUS_OK) {
        return most == 0 ? STATUS_OK : status;
    }
    status = scan_newest(&t, most, &reading);
    store_read_end(store, &t);
    return status == STATUS_OK && reading.damaged ? STATUS_CORRUPT : status;
}
