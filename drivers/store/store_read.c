#include <assert.h>

#include "drivers/store/store_internal.h"

enum status store_read_begin(struct store *s, struct environment *e, struct transaction *out)
{
    if (pthread_rwlock_tryrdlock(&s->guard) != 0) {
        return STATUS_CLOSED;
    }
    const enum status status = e->env == NULL ? STATUS_CLOSED : transaction_begin(e, false, out);
    if (status != STATUS_OK) {
        pthread_rwlock_unlock(&s->guard);
    }
    return status;
}

void store_read_end(struct store *s, struct transaction *t)
{
    transaction_abort(t);
    pthread_rwlock_unlock(&s->guard);
}

static enum status value_copy(struct bytes sealed, void *value, size_t size, size_t *out_length)
{
    const void *body = NULL;
    size_t length = 0;
    const enum status status = row_unseal(sealed.data, sealed.size, &body, &length);
    if (status != STATUS_OK || length > size) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    if (length > 0) {
        memcpy(value, body, length);
    }
    *out_length = length;
    return STATUS_OK;
}

enum status store_get_state(struct store *store, const char *key, void *value, size_t size, size_t *out_length)
{
    assert(store != NULL && key != NULL && value != NULL && out_length != NULL);
    struct transaction t;
    enum status status = store_read_begin(store, &store->alerts, &t);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes sealed;
    status = transaction_get(&t, DB_STATE, text_bytes(key), &sealed);
    if (status == STATUS_OK) {
        status = value_copy(sealed, value, size, out_length);
    }
    store_read_end(store, &t);
    return status;
}

static bool read_alert(void *context, struct bytes key, struct bytes value)
{
    struct reading *r = context;
    struct store_alert alert;
    if (key.size != ROW_KEY_SIZE || value.data == NULL ||
        row_decode_alert(value.data, value.size, &alert) != STATUS_OK) {
        r->damaged = true;
        return true;
    }
    alert.row = row_key_read(key.data);
    alert.waiting = r->waiting;
    r->left--;
    return r->alert(r->context, &alert) && r->left > 0;
}

static bool read_alarm(void *context, struct bytes key, struct bytes value)
{
    (void)key; /* its parts stand in the row too */
    struct reading *r = context;
    struct store_alarm alarm;
    if (row_decode_alarm(value.data, value.size, &alarm) != STATUS_OK) {
        r->damaged = true;
        return true;
    }
    return r->alarm(r->context, &alarm);
}

enum status store_read_rows(struct store *s, struct environment *e, unsigned database, struct bytes from,
                            transaction_visit *visit, struct reading *reading)
{
    struct transaction t;
    enum status status = store_read_begin(s, e, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = transaction_scan(&t, database, from, visit, reading);
    store_read_end(s, &t);
    return status == STATUS_OK && reading->damaged ? STATUS_CORRUPT : status;
}

typedef enum status alerts_scanner(const struct transaction *t, struct bytes from, transaction_visit *visit,
                                   void *context);

static enum status each_alert(struct store *s, alerts_scanner *scan, uint64_t after, struct reading *reading)
{
    assert(s != NULL && reading->alert != NULL);
    unsigned char key[ROW_KEY_SIZE];
    struct transaction t;
    enum status status = STATUS_OK;
    if (after == UINT64_MAX || reading->left == 0) {
        return STATUS_OK;
    }
    status = store_read_begin(s, &s->alerts, &t);
    if (status != STATUS_OK) {
        return status;
    }
    row_key_write(after + 1, key);
    status = scan(&t, (struct bytes){key, sizeof key}, read_alert, reading);
    store_read_end(s, &t);
    return status == STATUS_OK && reading->damaged ? STATUS_CORRUPT : status;
}

enum status store_each_outbox(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                              void *context)
{
    struct reading reading = {.alert = visit, .context = context, .left = most, .waiting = true};
    return each_alert(store, alerts_scan_waiting, after, &reading);
}

enum status store_each_history(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                               void *context)
{
    struct reading reading = {.alert = visit, .context = context, .left = most};
    return each_alert(store, alerts_scan_delivered, after, &reading);
}

static bool read_either(void *context, bool waits, struct bytes key, struct bytes value)
{
    struct reading *r = context;
    r->waiting = waits;
    return read_alert(r, key, value);
}

static enum status scan_all(const struct transaction *t, struct bytes from, transaction_visit *visit, void *context)
{
    (void)visit; /* it has to know which of them wait */
    return alerts_scan(t, from, read_either, context);
}

enum status store_each_alert(struct store *store, uint64_t after, uint32_t most, store_alert_visit *visit,
                             void *context)
{
    struct reading reading = {.alert = visit, .context = context, .left = most};
    return each_alert(store, scan_all, after, &reading);
}

enum status store_each_alarm(struct store *store, store_alarm_visit *visit, void *context)
{
    assert(store != NULL && visit != NULL);
    struct reading reading = {.alarm = visit, .context = context};
    return store_read_rows(store, &store->alerts, DB_ALARMS, (struct bytes){NULL, 0}, read_alarm, &reading);
}

enum status store_get_alarm(struct store *store, const char *bed, const char *alarm, store_alarm_visit *visit,
                            void *context)
{
    assert(store != NULL && bed != NULL && alarm != NULL && visit != NULL);
    unsigned char key[STORE_KEY_MAX];
    struct bytes found = {.size = 0};
    struct transaction t;
    struct reading reading = {.alarm = visit, .context = context};
    enum status status = row_alarm_key(bed, alarm, key, &found.size);
    if (status == STATUS_OK) {
        status = store_read_begin(store, &store->alerts, &t);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct bytes wanted = {key, found.size};
    status = transaction_get(&t, DB_ALARMS, wanted, &found);
    if (status == STATUS_OK) {
        (void)read_alarm(&reading, wanted, found);
        status = reading.damaged ? STATUS_CORRUPT : STATUS_OK;
    }
    store_read_end(store, &t);
    return status;
}

void store_note_alerts(struct store *store)
{
    struct store_figures *figures = &store->figures;
    struct transaction t;
    if (transaction_begin(&store->alerts, false, &t) != STATUS_OK) {
        return; /* as it was */
    }
    atomic_store(&figures->alerts_bytes, transaction_used_pages(&t) * store->alerts.page_bytes);
    atomic_store(&figures->alerts_bytes_max, store->alerts.map_pages * store->alerts.page_bytes);
    atomic_store(&figures->outbox_rows, alerts_waiting(&t));
    atomic_store(&figures->history_rows, alerts_delivered(&t));
    transaction_abort(&t);
}

void store_note_journal(struct store *store)
{
    const bool is_sound = journal_is_sound(&store->journal);
    atomic_store(&store->figures.journal_bytes, is_sound ? store->journal.used : 0);
    atomic_store(&store->figures.journal_bytes_max, is_sound ? store->journal.bytes : 0);
}

void store_usage(const struct store *store, struct store_usage *out)
{
    assert(store != NULL && out != NULL);
    const struct store_figures *figures = &store->figures;
    *out = (struct store_usage){.alerts_bytes = atomic_load(&figures->alerts_bytes),
                                .alerts_bytes_max = atomic_load(&figures->alerts_bytes_max),
                                .journal_bytes = atomic_load(&figures->journal_bytes),
                                .journal_bytes_max = atomic_load(&figures->journal_bytes_max),
                                .outbox_rows = atomic_load(&figures->outbox_rows),
                                .history_rows = atomic_load(&figures->history_rows),
                                .commits = atomic_load(&store->commits),
                                .dead_readers = atomic_load(&store->alerts.dead_readers)};
}
