#include <assert.h>

#include "drivers/store/store_internal.h"

#define JOURNAL_PERCENT  75U /* above: the oldest pieces give way */
#define JOURNAL_KEY_SIZE 12U /* instant, number */
#define JOURNAL_FULL     80U /* above, after that: the new one is given up rather than the map's last pages */

/* Instants sort as numbers although they are signed. */
static uint64_t instant_number(int64_t at_ms)
{
    return (uint64_t)at_ms ^ (1ULL << 63);
}

static bool read_journal(void *context, struct bytes key, struct bytes value)
{
    struct reading *r = context;
    const void *body = NULL;
    size_t size = 0;
    if (key.size != JOURNAL_KEY_SIZE || row_unseal(value.data, value.size, &body, &size) != STATUS_OK) {
        r->damaged = true;
        return true;
    }
    return r->journal(r->context, (int64_t)(row_key_read(key.data) ^ (1ULL << 63)), body, size);
}

enum status store_journal_each(struct store *store, int64_t from_ms, store_journal_visit *visit, void *context)
{
    assert(store != NULL && visit != NULL);
    unsigned char key[ROW_KEY_SIZE];
    row_key_write(instant_number(from_ms), key);
    struct reading reading = {.journal = visit, .context = context};
    return store_read_rows(store, &store->trends, DB_JOURNAL, (struct bytes){key, sizeof key}, read_journal, &reading);
}

/* The number behind the instant keeps pieces of one instant apart and in order. */
static enum status piece_put(struct store *s, const struct transaction *t, int64_t at_ms, const void *bytes,
                             size_t size)
{
    unsigned char key[JOURNAL_KEY_SIZE];
    row_key_write(s->journal_pieces++, key + JOURNAL_KEY_SIZE - ROW_KEY_SIZE);
    row_key_write(instant_number(at_ms), key);
    void *place = NULL;
    const enum status status =
        transaction_reserve(t, DB_JOURNAL, (struct bytes){key, sizeof key}, ROW_SEAL + size, &place);
    if (status == STATUS_OK) {
        row_seal(bytes, size, place);
    }
    return status;
}

static enum status pieces_put(struct store *s, const struct transaction *t, int64_t at_ms, const void *bytes,
                              size_t size)
{
    const unsigned char *from = bytes;
    enum status status = STATUS_OK;
    for (size_t done = 0; status == STATUS_OK && done < size; done += STORE_PIECE_MAX) {
        status = piece_put(s, t, at_ms, from + done, size - done < STORE_PIECE_MAX ? size - done : STORE_PIECE_MAX);
    }
    return status;
}

static enum status journal_write(struct store *s, struct transaction *t, int64_t at_ms, int64_t keep_from_ms,
                                 const void *bytes, size_t size)
{
    /* Twice as many may go as come, until there is room. */
    const uint64_t before = transaction_is_above(t, JOURNAL_PERCENT) ? UINT64_MAX : instant_number(keep_from_ms);
    enum status status = store_drop_rows(t, DB_JOURNAL, before, 2 * (size / STORE_PIECE_MAX + 1));
    if (status == STATUS_OK && transaction_is_above(t, JOURNAL_FULL)) {
        status = transaction_commit(t); /* what was dropped makes room for the next */
        return status == STATUS_OK ? STATUS_FULL : status;
    }
    if (status == STATUS_OK) {
        status = pieces_put(s, t, at_ms, bytes, size);
    }
    status = status == STATUS_OK ? transaction_commit(t) : status;
    transaction_abort(t);
    if (status == STATUS_FULL) { /* not even deleting helped: what the journal held is worth less than a journal */
        (void)!store_journal_clear(s);
    }
    return status;
}

enum status store_journal_put(struct store *store, int64_t at_ms, int64_t keep_from_ms, const void *bytes, size_t size)
{
    assert(store != NULL && bytes != NULL);
    if (size > STORE_JOURNAL_MAX) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    if (environment_is_lost(&store->trends)) {
        status = store_revive(store, &store->trends);
    }
    struct transaction t;
    if (status == STATUS_OK) {
        status = transaction_begin(&store->trends, true, &t);
    }
    if (status == STATUS_OK) {
        status = journal_write(store, &t, at_ms, keep_from_ms, bytes, size);
    }
    return status;
}
