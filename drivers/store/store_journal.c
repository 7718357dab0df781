#include <assert.h>

#include "drivers/store/store_internal.h"

#define JOURNAL_NAME "journal"

_Static_assert(STORE_JOURNAL_SECTOR == JOURNAL_SECTOR, "what is told of it is so");
_Static_assert(STORE_JOURNAL_MAX <= JOURNAL_BODY_MAX, "a put is one row");
_Static_assert(STORE_SIZE_LEAST / 4 >= 8 * JOURNAL_ROW_MAX, "there is always room for some rows");

/* ---- what a store of before has: an environment `trends` of pieces, by instants ---- */

enum { DB_PIECES, OLD_DATABASES, OLD_KEY_SIZE = 12 };

static const struct layout old_layout = {"trends", OLD_DATABASES, {"journal"}, 0};

static bool take_piece(void *context, struct bytes key, struct bytes value)
{
    struct store *s = context;
    const void *body = NULL;
    size_t size = 0;
    if (key.size != OLD_KEY_SIZE || row_unseal(value.data, value.size, &body, &size) != STATUS_OK || size == 0 ||
        size > STORE_JOURNAL_MAX) {
        return true;
    }
    return journal_put(&s->journal, (int64_t)(row_key_read(key.data) ^ (1ULL << 63)), body, size) == STATUS_OK;
}

/* What can be read comes along; an import that was cut short is not begun again. */
static void old_import(struct store *s)
{
    struct transaction t;
    struct environment old = {
        .layout = &old_layout, .root = s->path, .root_fd = s->folder_fd, .bytes = s->journal_bytes};
    if (journal_is_empty(&s->journal) && environment_open(&old) == STATUS_OK) {
        if (transaction_begin(&old, false, &t) == STATUS_OK) {
            (void)!transaction_scan(&t, DB_PIECES, (struct bytes){NULL, 0}, take_piece, s);
            transaction_abort(&t);
        }
        environment_close(&old);
    }
    if (!journal_is_sound(&s->journal) || journal_sync(&s->journal) == STATUS_OK) {
        folder_remove(s->folder_fd, old_layout.folder);
    }
}

enum status store_journal_open(struct store *s)
{
    enum status status = journal_open(&s->journal, s->folder_fd, JOURNAL_NAME, s->journal_bytes);
    if (status == STATUS_FULL && folder_has(s->folder_fd, old_layout.folder)) { /* the old one has the room */
        folder_remove(s->folder_fd, old_layout.folder);
        status = journal_open(&s->journal, s->folder_fd, JOURNAL_NAME, s->journal_bytes);
    }
    if (status == STATUS_OK && folder_has(s->folder_fd, old_layout.folder)) {
        old_import(s);
    }
    store_note_journal(s);
    return status;
}

/* ---- what there is now ---- */

/* A disk that failed may be well again. */
static enum status journal_need(struct store *s)
{
    if (journal_is_sound(&s->journal)) {
        return STATUS_OK;
    }
    pthread_rwlock_wrlock(&s->journal_guard);
    const enum status status = store_journal_open(s);
    pthread_rwlock_unlock(&s->journal_guard);
    return status;
}

enum status store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size)
{
    assert(store != NULL && bytes != NULL && size > 0);
    if (size > STORE_JOURNAL_MAX) {
        return STATUS_TOO_LARGE;
    }
    enum status status = journal_need(store);
    if (status == STATUS_OK) {
        status = journal_put(&store->journal, at_ms, bytes, size);
        store_note_journal(store);
    }
    return status;
}

enum status store_journal_sync(struct store *store)
{
    assert(store != NULL);
    enum status status = journal_need(store);
    if (status == STATUS_OK) {
        status = journal_sync(&store->journal);
        store_note_journal(store);
    }
    return status;
}

enum status store_journal_clear(struct store *store)
{
    assert(store != NULL);
    const enum status status = journal_need(store);
    if (status != STATUS_OK) {
        return status;
    }
    pthread_rwlock_wrlock(&store->journal_guard);
    const enum status cleared = journal_clear(&store->journal);
    store_note_journal(store);
    pthread_rwlock_unlock(&store->journal_guard);
    return cleared;
}

enum status store_journal_each(struct store *store, int64_t from_ms, store_journal_visit *visit, void *context)
{
    assert(store != NULL && visit != NULL);
    pthread_rwlock_rdlock(&store->journal_guard);
    pthread_mutex_lock(&store->journal_reader);
    const enum status status = journal_each(&store->journal, from_ms, visit, context);
    pthread_mutex_unlock(&store->journal_reader);
    pthread_rwlock_unlock(&store->journal_guard);
    return status;
}
