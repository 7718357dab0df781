/* The present of the store at one instant, for a copy of it, and the folder's lock for whoever puts one there. */
#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "drivers/store/store_internal.h"

struct visiting {
    const struct store_present_visits *visits;
    bool damaged, stopped;
};

static bool visit_state(void *context, struct bytes key, struct bytes value)
{
    struct visiting *v = context;
    char name[STORE_KEY_MAX + 1];
    const void *body = NULL;
    size_t size = 0;
    if (key.size > STORE_KEY_MAX || row_unseal(value.data, value.size, &body, &size) != STATUS_OK) {
        v->damaged = true;
        return true;
    }
    memcpy(name, key.data, key.size);
    name[key.size] = '\0';
    v->stopped = !v->visits->state(v->visits->context, name, body, size);
    return !v->stopped;
}

static bool visit_alarm(void *context, struct bytes key, struct bytes value)
{
    struct visiting *v = context;
    struct store_alarm alarm;
    (void)key; /* its parts stand in the row too */
    if (row_decode_alarm(value.data, value.size, &alarm) != STATUS_OK) {
        v->damaged = true;
        return true;
    }
    v->stopped = !v->visits->alarm(v->visits->context, &alarm);
    return !v->stopped;
}

static void find_last_row(const struct transaction *t, unsigned database, uint64_t *last)
{
    struct bytes key;
    if (transaction_last(t, database, &key) == STATUS_OK && key.size == ROW_KEY_SIZE &&
        row_key_read(key.data) > *last) {
        *last = row_key_read(key.data);
    }
}

static enum status read_head(const struct transaction *t, struct store_present *out)
{
    struct bytes epoch;
    *out = (struct store_present){.last_row = 0};
    const enum status status = transaction_get(t, DB_META, text_bytes("epoch"), &epoch);
    if (status != STATUS_OK || epoch.size >= sizeof out->epoch) {
        return status != STATUS_OK ? status : STATUS_CORRUPT;
    }
    memcpy(out->epoch, epoch.data, epoch.size);
    find_last_row(t, DB_OLD_OUTBOX, &out->last_row);
    find_last_row(t, DB_ALERTS, &out->last_row);
    return STATUS_OK;
}

enum status store_each_present(struct store *store, const struct store_present_visits *visits,
                               struct store_present *out)
{
    assert(store != NULL && visits != NULL && visits->state != NULL && visits->alarm != NULL && out != NULL);
    const struct bytes first = {NULL, 0};
    struct visiting v = {.visits = visits};
    struct transaction t;
    enum status status = store_read_begin(store, &store->alerts, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_head(&t, out);
    status = status == STATUS_OK ? transaction_scan(&t, DB_STATE, first, visit_state, &v) : status;
    if (status == STATUS_OK && !v.stopped) {
        status = transaction_scan(&t, DB_ALARMS, first, visit_alarm, &v);
    }
    store_read_end(store, &t);
    return status == STATUS_OK && v.damaged ? STATUS_CORRUPT : status;
}

enum status store_keep_out(const char *path, int *out_fd)
{
    assert(path != NULL && out_fd != NULL);
    int folder_fd = -1;
    enum status status = folder_open_existing(path, &folder_fd);
    if (status == STATUS_OK) {
        status = folder_lock_existing(folder_fd, out_fd);
        close(folder_fd);
    }
    return status;
}
