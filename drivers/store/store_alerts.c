/*
 * Alerts stand in one table, in the order of their commits, from then until they give way. Beside it is a list of those that wait: an alert is
 * delivered by its number's leaving that list, and what is not in it is history. So a backlog that goes out costs nothing to be kept.
 *
 *     alerts     number -> the alert                       committed: at the end of both
 *     waiting    number -> flags u16, sealed               delivered: out of `waiting`; only what is no alert (folded) leaves both
 *     outbox     number -> the alert                       history gives way: the first of `alerts` that do not wait
 *
 * `outbox` is from before schema 5: there an alert that waited stood in a table of its own. What still waits there goes before all else, for its numbers
 * are smaller than those of anything new, and moves to `alerts` when it is delivered.
 */
#include <assert.h>

#include "app/engine/little_endian.h"
#include "drivers/store/store_internal.h"

#define FLAGS_SIZE 2U
#define DROP_MOST  64U

/* ---- one row ---- */

static enum status begin_to_wait(const struct transaction *t, struct bytes key, uint16_t flags)
{
    unsigned char body[FLAGS_SIZE], sealed[ROW_SEAL + FLAGS_SIZE];
    little_endian_put(body, flags, FLAGS_SIZE);
    row_seal(body, FLAGS_SIZE, sealed);
    return transaction_put(t, DB_WAITING, key, (struct bytes){sealed, sizeof sealed}, true);
}

enum status alerts_put(const struct transaction *t, uint64_t number, uint16_t flags, const struct row *row)
{
    unsigned char bytes[ROW_KEY_SIZE];
    const struct bytes key = {bytes, sizeof bytes};
    row_key_write(number, bytes);
    const enum status status = transaction_put(t, DB_ALERTS, key, (struct bytes){row->bytes, row->size}, true);
    return status == STATUS_OK && (flags & STORE_ALERT_SENT) == 0 ? begin_to_wait(t, key, flags) : status;
}

/* Of those that cannot be read each may be an alert. */
static bool flags_say_folded(struct bytes sealed)
{
    const void *body = NULL;
    size_t size = 0;
    return row_unseal(sealed.data, sealed.size, &body, &size) == STATUS_OK && size == FLAGS_SIZE &&
           (little_endian_get(body, FLAGS_SIZE) & STORE_ALERT_FOLDED) != 0;
}

static bool row_says_folded(const struct row *row)
{
    struct store_alert alert;
    return row_decode_alert(row->bytes, row->size, &alert) == STATUS_OK && (alert.flags & STORE_ALERT_FOLDED) != 0;
}

/* The row is copied on its way: what a get gives lies in a page that the put may move. */
static enum status deliver_old(const struct transaction *t, struct bytes key, struct row *row)
{
    struct bytes value;
    enum status status = transaction_get(t, DB_OLD_OUTBOX, key, &value);
    if (status == STATUS_OK && value.size > sizeof row->bytes) {
        status = STATUS_CORRUPT;
    }
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(row->bytes, value.data, value.size);
    row->size = value.size;
    if (!row_says_folded(row)) {
        status = transaction_put(t, DB_ALERTS, key, (struct bytes){row->bytes, row->size}, false);
    }
    return status == STATUS_OK ? transaction_delete(t, DB_OLD_OUTBOX, key) : status;
}

enum status alerts_deliver(const struct transaction *t, uint64_t number, struct row *row)
{
    unsigned char bytes[ROW_KEY_SIZE];
    const struct bytes key = {bytes, sizeof bytes};
    struct bytes flags;
    row_key_write(number, bytes);
    enum status status = transaction_get(t, DB_WAITING, key, &flags);
    if (status == STATUS_NOT_FOUND) {
        return deliver_old(t, key, row);
    }
    const bool is_folded = status == STATUS_OK && flags_say_folded(flags);
    if (status == STATUS_OK) {
        status = transaction_delete(t, DB_WAITING, key);
    }
    return status == STATUS_OK && is_folded ? transaction_delete(t, DB_ALERTS, key) : status;
}

enum status alerts_drop_waiting(const struct transaction *t, uint64_t number)
{
    unsigned char bytes[ROW_KEY_SIZE];
    const struct bytes key = {bytes, sizeof bytes};
    row_key_write(number, bytes);
    const enum status status = transaction_delete(t, DB_WAITING, key);
    if (status == STATUS_NOT_FOUND) {
        return transaction_delete(t, DB_OLD_OUTBOX, key);
    }
    return status == STATUS_OK ? transaction_delete(t, DB_ALERTS, key) : status;
}

uint64_t alerts_waiting(const struct transaction *t)
{
    return transaction_entries(t, DB_OLD_OUTBOX) + transaction_entries(t, DB_WAITING);
}

uint64_t alerts_delivered(const struct transaction *t)
{
    return transaction_entries(t, DB_ALERTS) - transaction_entries(t, DB_WAITING);
}

/* ---- many ---- */

static int order_of(struct bytes a, struct bytes b)
{
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The alerts, and at the same place the list of those that wait. */
struct walk {
    struct cursor alert, waiting;
    enum status at_alert, at_waiting; /* NOT_FOUND: behind the last */
};

static bool is_fault(enum status status)
{
    return status != STATUS_OK && status != STATUS_NOT_FOUND;
}

/* False: it cannot be walked, as walk_end will say. */
static bool walk_begin(const struct transaction *t, struct bytes from, struct walk *w)
{
    *w = (struct walk){.at_waiting = STATUS_NOT_FOUND};
    w->at_alert = cursor_open(t, DB_ALERTS, &w->alert);
    if (w->at_alert == STATUS_OK) {
        w->at_alert = cursor_open(t, DB_WAITING, &w->waiting);
    }
    if (w->at_alert == STATUS_OK) {
        w->at_waiting = cursor_seek(&w->waiting, from);
        w->at_alert = cursor_seek(&w->alert, from);
    }
    return !is_fault(w->at_alert) && !is_fault(w->at_waiting);
}

/* Without the list nobody can say what waits. */
static bool walk_has_alert(const struct walk *w)
{
    return w->at_alert == STATUS_OK && !is_fault(w->at_waiting);
}

static enum status walk_end(struct walk *w)
{
    cursor_close(&w->waiting);
    cursor_close(&w->alert);
    return is_fault(w->at_alert) ? w->at_alert : is_fault(w->at_waiting) ? w->at_waiting : STATUS_OK;
}

/* Whether the alert at hand waits; the list is never far behind. */
static bool walk_waits(struct walk *w)
{
    int order = -1;
    while (w->at_waiting == STATUS_OK && (order = order_of(w->waiting.key, w->alert.key)) < 0) {
        w->at_waiting = cursor_next(&w->waiting);
    }
    return w->at_waiting == STATUS_OK && order == 0;
}

/* Mostly it is the next one. */
static bool walk_finds(struct walk *w, struct bytes key)
{
    if (w->at_alert == STATUS_OK && order_of(w->alert.key, key) < 0) {
        w->at_alert = cursor_next(&w->alert);
    }
    if (w->at_alert == STATUS_NOT_FOUND || (w->at_alert == STATUS_OK && order_of(w->alert.key, key) != 0)) {
        w->at_alert = cursor_seek(&w->alert, key);
    }
    return w->at_alert == STATUS_OK && order_of(w->alert.key, key) == 0;
}

static enum status scan_waiting(const struct transaction *t, struct bytes from, transaction_visit *visit, void *context)
{
    const struct bytes none = {NULL, 0};
    struct walk w;
    bool more = walk_begin(t, from, &w);
    while (more && w.at_waiting == STATUS_OK) {
        const bool found = walk_finds(&w, w.waiting.key);
        more = !is_fault(w.at_alert) && visit(context, w.waiting.key, found ? w.alert.value : none);
        if (more) {
            w.at_waiting = cursor_next(&w.waiting);
        }
    }
    return walk_end(&w);
}

struct stopping {
    transaction_visit *visit;
    void *context;
    bool stopped;
};

static bool visit_old(void *context, struct bytes key, struct bytes value)
{
    struct stopping *s = context;
    s->stopped = !s->visit(s->context, key, value);
    return !s->stopped;
}

enum status alerts_scan_waiting(const struct transaction *t, struct bytes from, transaction_visit *visit, void *context)
{
    struct stopping old = {.visit = visit, .context = context};
    const bool has_old = transaction_entries(t, DB_OLD_OUTBOX) > 0;
    const enum status status = has_old ? transaction_scan(t, DB_OLD_OUTBOX, from, visit_old, &old) : STATUS_OK;
    return status == STATUS_OK && !old.stopped ? scan_waiting(t, from, visit, context) : status;
}

static bool follows(struct bytes key, uint64_t number)
{
    return key.size == ROW_KEY_SIZE && row_key_read(key.data) == number + 1;
}

/* Past an alert that waits, and those numbered on from it that do, too: of a backlog only the list is looked at. */
static void walk_pass(struct walk *w)
{
    unsigned char bytes[ROW_KEY_SIZE];
    uint64_t number = 0;
    if (w->alert.key.size != ROW_KEY_SIZE) {
        w->at_alert = cursor_next(&w->alert);
        return;
    }
    number = row_key_read(w->alert.key.data);
    while ((w->at_waiting = cursor_next(&w->waiting)) == STATUS_OK && follows(w->waiting.key, number)) {
        number++;
    }
    row_key_write(number + 1, bytes);
    w->at_alert = cursor_seek(&w->alert, (struct bytes){bytes, sizeof bytes});
}

enum status alerts_scan_delivered(const struct transaction *t, struct bytes from, transaction_visit *visit,
                                  void *context)
{
    struct walk w;
    bool more = walk_begin(t, from, &w);
    while (more && walk_has_alert(&w)) {
        if (walk_waits(&w)) {
            walk_pass(&w);
            continue;
        }
        more = !is_fault(w.at_waiting) && visit(context, w.alert.key, w.alert.value);
        if (more) {
            w.at_alert = cursor_next(&w.alert);
        }
    }
    return walk_end(&w);
}

/* The two tables in the order of their numbers. */
enum status alerts_scan(const struct transaction *t, struct bytes from, alerts_visit *visit, void *context)
{
    struct walk w;
    struct cursor old;
    bool more = walk_begin(t, from, &w);
    enum status at_old = cursor_open(t, DB_OLD_OUTBOX, &old);
    at_old = at_old == STATUS_OK ? cursor_seek(&old, from) : at_old;
    while (more && (walk_has_alert(&w) || at_old == STATUS_OK)) {
        const bool is_old = at_old == STATUS_OK && (!walk_has_alert(&w) || order_of(old.key, w.alert.key) < 0);
        const bool waits = is_old || walk_waits(&w);
        more = visit(context, waits, is_old ? old.key : w.alert.key, is_old ? old.value : w.alert.value);
        if (more && is_old) {
            at_old = cursor_next(&old);
        } else if (more) {
            w.at_alert = cursor_next(&w.alert);
        }
    }
    cursor_close(&old);
    const enum status status = walk_end(&w);
    return status != STATUS_OK ? status : is_fault(at_old) ? at_old : STATUS_OK;
}

/* ---- history gives way ---- */

struct oldest {
    uint64_t most, count;
    unsigned char keys[DROP_MOST][ROW_KEY_SIZE];
};

static bool note_oldest(void *context, struct bytes key, struct bytes value)
{
    struct oldest *o = context;
    (void)value;
    if (o->count == o->most || key.size != ROW_KEY_SIZE) {
        return false;
    }
    memcpy(o->keys[o->count++], key.data, ROW_KEY_SIZE);
    return true;
}

enum status alerts_drop_delivered(const struct transaction *t, uint64_t most)
{
    struct oldest oldest = {.most = most < DROP_MOST ? most : DROP_MOST};
    enum status status = alerts_scan_delivered(t, (struct bytes){NULL, 0}, note_oldest, &oldest);
    for (uint64_t i = 0; status == STATUS_OK && i < oldest.count; i++) {
        status = transaction_delete(t, DB_ALERTS, (struct bytes){oldest.keys[i], ROW_KEY_SIZE});
    }
    return status;
}
