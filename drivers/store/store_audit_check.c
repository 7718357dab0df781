#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "drivers/store/store_internal.h"

_Static_assert(STORE_LINK_SIZE == DIGEST_SIZE, "store.h spells it out");

/* Each row is judged by the link that stands in the row before: so one that was changed does not make its successors wrong. */
struct walk {
    struct store_audit_check *out;
    const struct store_audit_mark *noted;
    struct row_end before; /* the row that was seen last */
    uint64_t newest;       /* as recorded; UINT64_MAX: it is not */
};

static void add_fault(struct store_audit_check *out, enum store_audit_fault fault, uint64_t row)
{
    if (out->fault_count < STORE_AUDIT_FAULTS_MAX) {
        out->faults[out->fault_count].fault = fault;
        out->faults[out->fault_count].row = row;
    }
    out->fault_count++;
}

static bool link_is(const unsigned char left[DIGEST_SIZE], const unsigned char right[DIGEST_SIZE])
{
    return memcmp(left, right, DIGEST_SIZE) == 0;
}

/* A row that follows no other cannot be judged by its link; that one is missing was said already. */
static void judge_row(struct walk *w, uint64_t number, struct bytes value, bool follows)
{
    struct row_audit row;
    unsigned char wanted[DIGEST_SIZE];
    if (row_decode_audit(value.data, value.size, &row) != STATUS_OK) {
        add_fault(w->out, STORE_AUDIT_CHANGED, number);
        return;
    }
    row_link_audit(number, &row, w->before.link, wanted);
    if (follows && !link_is(wanted, row.link)) {
        add_fault(w->out, STORE_AUDIT_CHANGED, number);
    }
    if (w->noted != NULL && w->noted->row == number && !link_is(w->noted->link, row.link)) {
        add_fault(w->out, STORE_AUDIT_OTHER_END, number);
    }
}

static bool see_row(void *context, struct bytes key, struct bytes value)
{
    struct walk *w = context;
    const uint64_t number = key.size == ROW_KEY_SIZE ? row_key_read(key.data) : 0;
    const bool follows = number == w->before.number + 1;
    if (number > w->before.number + 1) {
        add_fault(w->out, STORE_AUDIT_MISSING, w->before.number + 1);
    }
    if (number <= w->before.number || number > w->newest) {
        add_fault(w->out, STORE_AUDIT_UNKNOWN, number);
    }
    judge_row(w, number, value, follows);
    w->before = (struct row_end){.number = number};
    if (value.size >= ROW_SEAL + DIGEST_SIZE) {
        memcpy(w->before.link, (const unsigned char *)value.data + ROW_SEAL, DIGEST_SIZE);
    }
    w->out->first = w->out->rows == 0 ? number : w->out->first;
    w->out->rows++;
    return true;
}

static void judge_ends(struct walk *w, const struct row_end *newest, uint64_t oldest)
{
    struct store_audit_check *out = w->out;
    if (w->before.number < newest->number) {
        add_fault(out, STORE_AUDIT_MISSING, w->before.number + 1);
    } else if (w->before.number == newest->number && !link_is(w->before.link, newest->link)) {
        add_fault(out, STORE_AUDIT_OTHER_END, newest->number);
    }
    if (w->noted != NULL && w->noted->row > w->before.number) {
        add_fault(out, STORE_AUDIT_MISSING, w->noted->row);
    }
    out->noted_has_given_way = w->noted != NULL && w->noted->row < oldest;
    out->mark.row = w->before.number;
    memcpy(out->mark.link, w->before.link, DIGEST_SIZE);
}

static enum status check_in(const struct transaction *t, const struct store_audit_mark *from,
                            struct store_audit_check *out)
{
    struct walk w = {.out = out, .noted = from};
    struct row_end newest = {.number = 0};
    const enum status old_end = store_get_end(t, AUDIT_OLD_END, &w.before);
    const enum status new_end = store_get_end(t, AUDIT_NEW_END, &newest);
    const uint64_t oldest = w.before.number;
    const bool is_empty = transaction_entries(t, DB_AUDIT) == 0;
    const bool is_new = is_empty && old_end == STATUS_NOT_FOUND && new_end == STATUS_NOT_FOUND;
    if ((old_end != STATUS_OK || new_end != STATUS_OK) && !is_new) {
        add_fault(out, STORE_AUDIT_NO_ENDS, 0);
    }
    if (from != NULL && from->row == oldest && !link_is(from->link, w.before.link)) {
        add_fault(out, STORE_AUDIT_OTHER_END, oldest); /* of the newest that gave way the link is kept */
    }
    w.newest = new_end == STATUS_OK ? newest.number : UINT64_MAX;
    const enum status status = transaction_scan(t, DB_AUDIT, (struct bytes){NULL, 0}, see_row, &w);
    judge_ends(&w, &newest, oldest);
    return status;
}

enum status store_check_audit(struct store *store, const struct store_audit_mark *from, struct store_audit_check *out)
{
    assert(store != NULL && out != NULL);
    struct store_audit_check check = {.rows = 0};
    struct transaction t;
    enum status status = store_read_begin(store, &store->alerts, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = check_in(&t, from, &check);
    store_read_end(store, &t);
    if (status == STATUS_OK) {
        *out = check;
    }
    return status;
}

enum status store_audit_newest(struct store *store, struct store_audit_mark *out)
{
    assert(store != NULL && out != NULL);
    struct row_end end;
    struct transaction t;
    enum status status = store_read_begin(store, &store->alerts, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_get_end(&t, AUDIT_NEW_END, &end);
    store_read_end(store, &t);
    if (status == STATUS_OK) {
        out->row = end.number;
        memcpy(out->link, end.link, sizeof out->link);
    }
    return status;
}

void store_mark_text(const struct store_audit_mark *mark, char out[STORE_MARK_TEXT_MAX])
{
    assert(mark != NULL && out != NULL);
    int length = snprintf(out, STORE_MARK_TEXT_MAX, "%" PRIu64 ":", mark->row);
    for (size_t i = 0; i < sizeof mark->link; i++) {
        length += snprintf(out + length, STORE_MARK_TEXT_MAX - (size_t)length, "%02x", mark->link[i]);
    }
}
