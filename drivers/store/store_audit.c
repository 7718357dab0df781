#include <assert.h>

#include "drivers/store/store_internal.h"

#define AUDIT_PERCENT 10U  /* of the map, at most */
#define AUDIT_LEAST   256U /* rows that stay even in a full map: they take some 40 pages */
#define AUDIT_DROP    2U   /* a row that comes sends two away where there are too many, so that they become fewer */

enum status store_get_end(const struct transaction *t, const char *key, struct row_end *out)
{
    struct bytes value;
    const enum status status = transaction_get(t, DB_META, text_bytes(key), &value);
    return status == STATUS_OK ? row_decode_end(value.data, value.size, out) : status;
}

enum status store_put_end(const struct transaction *t, const char *key, const struct row_end *end)
{
    unsigned char bytes[ROW_END_SIZE];
    row_encode_end(end, bytes);
    return transaction_put(t, DB_META, text_bytes(key), (struct bytes){bytes, sizeof bytes}, false);
}

struct oldest {
    uint64_t left;
    struct row_end last;
};

/* A damaged row gives way like any other; what stands behind it is then judged by what stood in it. */
static bool see_oldest(void *context, struct bytes key, struct bytes value)
{
    struct oldest *oldest = context;
    if (key.size == ROW_KEY_SIZE && value.size >= ROW_SEAL + DIGEST_SIZE) {
        oldest->last.number = row_key_read(key.data);
        memcpy(oldest->last.link, (const unsigned char *)value.data + ROW_SEAL, DIGEST_SIZE);
    }
    return --oldest->left > 0;
}

enum status store_trim_audit(struct store *store, uint64_t most)
{
    const struct transaction *t = &store->commit;
    const uint64_t rows = transaction_entries(t, DB_AUDIT);
    const uint64_t spare = rows > AUDIT_LEAST ? rows - AUDIT_LEAST : 0;
    const uint64_t count = spare < most ? spare : most;
    struct oldest oldest = {.left = count};
    if (count == 0) {
        return STATUS_OK;
    }
    enum status status = transaction_scan(t, DB_AUDIT, (struct bytes){NULL, 0}, see_oldest, &oldest);
    if (status == STATUS_OK) {
        status = store_put_end(t, AUDIT_OLD_END, &oldest.last);
    }
    return status == STATUS_OK ? store_drop_rows(t, DB_AUDIT, UINT64_MAX, count) : status;
}

static enum status make_room(struct store *s)
{
    const bool many = transaction_entries(&s->commit, DB_AUDIT) >= STORE_AUDIT_ROWS;
    const bool large = transaction_database_is_above(&s->commit, DB_AUDIT, AUDIT_PERCENT);
    return many || large ? store_trim_audit(s, AUDIT_DROP) : STATUS_OK;
}

static enum status newest_number(const struct transaction *t, uint64_t *out)
{
    struct bytes last;
    const enum status status = transaction_last(t, DB_AUDIT, &last);
    if (status == STATUS_OK && last.size != ROW_KEY_SIZE) {
        return STATUS_CORRUPT;
    }
    *out = status == STATUS_OK ? row_key_read(last.data) : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What the next row stands behind, and its number. Where rows and the recorded end disagree somebody has been here: the next row goes behind the end that was
 * recorded, but takes a number that leaves what happened to be seen. */
static enum status newest_end(const struct transaction *t, struct row_end *out_before, uint64_t *out_next)
{
    uint64_t newest = 0;
    enum status status = newest_number(t, &newest);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_get_end(t, AUDIT_NEW_END, out_before);
    if (status == STATUS_NOT_FOUND || status == STATUS_CORRUPT) {
        *out_before = (struct row_end){.number = newest > 0 ? newest + 1 : 0};
        status = newest > 0 ? STATUS_OK : store_put_end(t, AUDIT_OLD_END, out_before);
    }
    *out_next = (out_before->number > newest ? out_before->number : newest) + 1;
    return status;
}

enum status store_put_audit(struct store *store, int64_t wall_ms, const char *json, size_t length)
{
    assert(store != NULL && store->commit.txn != NULL && json != NULL);
    const struct transaction *t = &store->commit;
    struct row_end end = {.number = 0};
    uint64_t number = 0;
    enum status status = store_has_room(store) ? make_room(store) : STATUS_FULL;
    if (status == STATUS_OK) {
        status = newest_end(t, &end, &number);
    }
    if (status == STATUS_OK) {
        status = row_encode_audit(number, wall_ms, json, length, &end, &store->row);
    }
    if (status == STATUS_OK) {
        unsigned char key[ROW_KEY_SIZE];
        row_key_write(number, key);
        const struct bytes value = {store->row.bytes, store->row.size};
        status = transaction_put(t, DB_AUDIT, (struct bytes){key, sizeof key}, value, true);
    }
    if (status == STATUS_OK) {
        status = store_put_end(t, AUDIT_NEW_END, &end);
    }
    return store_written(store, status);
}

static bool read_audit(void *context, struct bytes key, struct bytes value)
{
    struct reading *r = context;
    struct row_audit row;
    if (key.size != ROW_KEY_SIZE || row_decode_audit(value.data, value.size, &row) != STATUS_OK) {
        r->damaged = true;
        return true;
    }
    return r->audit(r->context, row_key_read(key.data), row.wall_ms, row.json, row.length);
}

static enum status scan_newest(const struct transaction *t, uint32_t most, struct reading *reading)
{
    uint64_t newest = 0;
    unsigned char from[ROW_KEY_SIZE];
    const enum status status = newest_number(t, &newest);
    if (status != STATUS_OK || newest == 0) {
        return status;
    }
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
