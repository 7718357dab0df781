#include "app/flow/restore_journal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/commit.h"
#include "app/flow/commit_journal.h"

enum { PIECE_LEAST = 16 }; /* bytes */
enum { NEWER_MS = 10000 }; /* than its row's instant, by more than two threads are apart */

struct reading {
    restore_visit *visit;
    void *context;
    struct observation piece[COMMIT_JOURNAL_PIECE];
    unsigned char tail[COMMIT_JOURNAL_BYTES];
    size_t tail_size;
    int64_t tail_from_ms, tail_to_ms;
    uint32_t whole, before; /* given before the tail: so many rows of the journal, and pieces of the next one */
    uint32_t seen;          /* rows, behind the tail */
    bool has[COMMIT_JOURNAL_BYTES / PIECE_LEAST]; /* of each piece of the tail, by its place: the journal has it */
};

/* Of what was put at an instant, nothing is much newer: a damaged one must not carry the engine's time away. */
static void give_piece(const struct reading *r, uint32_t count, int64_t put_ms)
{
    for (uint32_t i = 0; i < count; i++) {
        if (r->piece[i].at_ms - NEWER_MS <= put_ms) {
            r->visit(r->context, &r->piece[i]);
        }
    }
}

/* NULL: it is not there. */
static const unsigned char *find_in_tail(const struct reading *r, const unsigned char *piece, size_t size)
{
    return r->tail_size > 0 ? memmem(r->tail, r->tail_size, piece, size) : NULL;
}

static bool is_in_tail(const struct reading *r, const unsigned char *piece, size_t size)
{
    return find_in_tail(r, piece, size) != NULL;
}

static bool give_before_tail(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    struct reading *r = context;
    r->before = 0;
    for (size_t from = 0, at = 0; at < size; from = at) {
        const uint32_t count = commit_journal_next(bytes, size, &at, r->piece, COMMIT_JOURNAL_PIECE);
        const bool is_behind = r->tail_size > 0 && count > 0 && r->piece[0].at_ms > r->tail_from_ms;
        if (is_behind || is_in_tail(r, (const unsigned char *)bytes + from, at - from)) {
            return false;
        }
        give_piece(r, count, at_ms);
        r->before++;
    }
    r->whole++;
    return true;
}

static void give_tail(struct reading *r)
{
    for (size_t at = 0; at < r->tail_size;) {
        const uint32_t count = commit_journal_next(r->tail, r->tail_size, &at, r->piece, COMMIT_JOURNAL_PIECE);
        give_piece(r, count, INT64_MAX);
    }
}

static bool give_behind_tail(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    struct reading *r = context;
    const uint32_t row = r->seen++, given = row == r->whole ? r->before : 0;
    uint32_t pieces = 0;
    for (size_t from = 0, at = 0; row >= r->whole && at < size; from = at) {
        const uint32_t count = commit_journal_next(bytes, size, &at, r->piece, COMMIT_JOURNAL_PIECE);
        if (pieces++ >= given && !is_in_tail(r, (const unsigned char *)bytes + from, at - from)) {
            give_piece(r, count, at_ms);
        }
    }
    return true;
}

/* All of it, as long as it says. */
static enum status read_bytes(struct store *store, const char *key, void *out, size_t size)
{
    size_t length = 0;
    const enum status status = store_get_state(store, key, out, size, &length);
    return status == STATUS_TOO_LARGE || (status == STATUS_OK && length != size) ? STATUS_CORRUPT : status;
}

static enum status read_pieces(struct reading *r, struct store *store, size_t size)
{
    enum status status = size <= sizeof r->tail ? STATUS_OK : STATUS_CORRUPT;
    for (size_t done = 0; status == STATUS_OK && done < size; done += STORE_PIECE_MAX) {
        char key[STORE_KEY_MAX];
        const size_t left = size - done;
        (void)snprintf(key, sizeof key, STATE_TAIL "/%zu", done / STORE_PIECE_MAX);
        status = read_bytes(store, key, r->tail + done, left < STORE_PIECE_MAX ? left : STORE_PIECE_MAX);
    }
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

/* One that cannot be read is none. */
static enum status read_tail(struct reading *r, struct store *store)
{
    struct state_tail tail;
    size_t at = 0;
    enum status status = read_bytes(store, STATE_TAIL, &tail, sizeof tail);
    if (status != STATUS_OK || tail.size == 0) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    status = read_pieces(r, store, tail.size);
    if (status == STATUS_OK && commit_journal_next(r->tail, tail.size, &at, r->piece, COMMIT_JOURNAL_PIECE) > 0) {
        r->tail_size = tail.size;
        r->tail_from_ms = r->piece[0].at_ms;
    }
    return status;
}

static struct reading *begin(restore_visit *visit, void *context)
{
    static struct reading r; /* too large for a stack; start-up has one thread */
    r.visit = visit;
    r.context = context;
    r.tail_size = 0;
    r.whole = r.before = r.seen = 0;
    return &r;
}

/* What the journal has before the tail, then the tail, then what else the journal has. */
enum status restore_journal_each(struct store *store, int64_t from_ms, restore_visit *visit, void *context)
{
    assert(store != NULL && visit != NULL);
    struct reading *r = begin(visit, context);
    const enum status tail = read_tail(r, store);
    enum status status = store_journal_each(store, from_ms, give_before_tail, r);
    if (r->tail_size > 0) {
        give_tail(r);
        const enum status behind = store_journal_each(store, from_ms, give_behind_tail, r);
        status = status == STATUS_OK ? behind : status;
    }
    return tail != STATUS_OK ? tail : status;
}

static void note_newest(void *context, const struct observation *o)
{
    int64_t *newest_ms = context;
    *newest_ms = o->at_ms > *newest_ms ? o->at_ms : *newest_ms;
}

static int64_t newest_of_tail(struct reading *r)
{
    int64_t newest_ms = INT64_MIN;
    r->visit = note_newest;
    r->context = &newest_ms;
    give_tail(r);
    r->context = NULL; /* it ends here */
    return newest_ms;
}

int64_t restore_journal_tail_ms(struct store *store)
{
    assert(store != NULL);
    struct reading *r = begin(NULL, NULL);
    return read_tail(r, store) == STATUS_OK ? newest_of_tail(r) : INT64_MIN;
}

static bool note_pieces(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    struct reading *r = context;
    (void)at_ms;
    for (size_t from = 0, at = 0; at < size; from = at) {
        const uint32_t count = commit_journal_next(bytes, size, &at, r->piece, COMMIT_JOURNAL_PIECE);
        if (count > 0 && r->piece[0].at_ms > r->tail_to_ms) {
            return false;
        }
        const unsigned char *found = find_in_tail(r, (const unsigned char *)bytes + from, at - from);
        if (found != NULL) {
            r->has[(size_t)(found - r->tail) / PIECE_LEAST] = true;
        }
    }
    return true;
}

void restore_journal_carry(struct store *store, struct commit_journal *row)
{
    assert(store != NULL && row != NULL && row->size == 0);
    bool goes = true;
    struct reading *r = begin(NULL, NULL);
    if (read_tail(r, store) != STATUS_OK || r->tail_size == 0) {
        return;
    }
    memset(r->has, 0, sizeof r->has);
    r->tail_to_ms = newest_of_tail(r);
    (void)!store_journal_each(store, r->tail_from_ms - NEWER_MS, note_pieces, r); /* what it cannot read it has not */
    for (size_t from = 0, at = 0; goes && at < r->tail_size; from = at) {
        const uint32_t count = commit_journal_next(r->tail, r->tail_size, &at, r->piece, COMMIT_JOURNAL_PIECE);
        goes = count > 0 && (r->has[from / PIECE_LEAST] || commit_journal_take(row, r->tail + from, at - from, count));
    }
}
