#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/store/pages.h"
#include "drivers/store/store_internal.h"

#define ALERTS_SHARE(bytes) ((bytes) / 4 * 3)
#define EPOCH_DIGITS        16U

_Static_assert(EPOCH_DIGITS < STORE_EPOCH_MAX, "it fits");

static const struct layout alerts_layout = {
    "alerts", ALERTS_DATABASES, {"meta", "outbox", "history", "alarms", "state", "audit", "waiting"}, .added = 1};

uint64_t store_outbox_bytes(uint64_t size_bytes)
{
    return ALERTS_SHARE(size_bytes) / 100 * STORE_OMIT_PERCENT;
}

static enum status meta_write(struct store *s)
{
    struct transaction t;
    enum status status = transaction_begin(&s->alerts, true, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_put_schema(&t, s->schema);
    if (status == STATUS_OK) {
        status = transaction_put(&t, DB_META, text_bytes("epoch"), text_bytes(s->epoch), false);
    }
    if (status != STATUS_OK) {
        transaction_abort(&t);
        return status;
    }
    return transaction_commit(&t);
}

static enum status alerts_create(struct store *s)
{
    enum status status = store_new_schema(s->formats, &s->limit, &s->schema);
    if (status == STATUS_OK) {
        status = folder_random_hex(s->epoch, EPOCH_DIGITS);
    }
    if (status == STATUS_OK) {
        status = environment_stage(&s->alerts);
    }
    if (status == STATUS_OK) {
        status = meta_write(s);
    }
    if (status == STATUS_OK) {
        status = environment_publish(&s->alerts);
    }
    s->is_new = status == STATUS_OK;
    return status;
}

static enum status meta_read(struct store *s, const struct transaction *t)
{
    struct bytes value;
    if (transaction_get(t, DB_META, text_bytes("epoch"), &value) != STATUS_OK || value.size == 0 ||
        value.size >= STORE_EPOCH_MAX) {
        return STATUS_CORRUPT;
    }
    memset(s->epoch, 0, sizeof s->epoch);
    memcpy(s->epoch, value.data, value.size);
    return STATUS_OK;
}

/* Rows go on after the newest there is; history never gives up its last row, so this holds over a restart. */
static void rows_resume(struct store *s, const struct transaction *t, unsigned database)
{
    struct bytes key;
    if (transaction_last(t, database, &key) == STATUS_OK && key.size == ROW_KEY_SIZE &&
        row_key_read(key.data) >= s->next_row) {
        s->next_row = row_key_read(key.data) + 1;
    }
}

static enum status alerts_resume(struct store *s)
{
    struct transaction t;
    enum status status = transaction_begin(&s->alerts, false, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = meta_read(s, &t);
    if (status == STATUS_OK) {
        rows_resume(s, &t, DB_OLD_OUTBOX);
        rows_resume(s, &t, DB_ALERTS);
    }
    transaction_abort(&t);
    return status;
}

static enum status alerts_replace(struct store *s)
{
    char name[FOLDER_NAME_MAX];
    environment_close(&s->alerts);
    const enum status status = folder_set_aside(s->folder_fd, alerts_layout.folder, name);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(s->set_aside, sizeof s->set_aside, "%s/%s", s->path, name);
    return alerts_create(s);
}

/* But what it was made with. One that cannot be read has what it has. */
static bool has_anything(struct store *s)
{
    struct transaction t;
    if (transaction_begin(&s->alerts, false, &t) != STATUS_OK) {
        return true;
    }
    const bool has = transaction_entries(&t, DB_STATE) + transaction_entries(&t, DB_ALARMS) +
                         transaction_entries(&t, DB_ALERTS) + transaction_entries(&t, DB_AUDIT) >
                     0;
    transaction_abort(&t);
    return has;
}

/* One that nothing was ever committed to, beside one that was set aside: it took its place, and who made it has not come to say so. */
static bool has_taken_place(struct store *s)
{
    char name[FOLDER_NAME_MAX];
    if (has_anything(s) || !folder_find_aside(s->folder_fd, alerts_layout.folder, name)) {
        return false;
    }
    (void)snprintf(s->set_aside, sizeof s->set_aside, "%s/%s", s->path, name);
    return true;
}

/* STATUS_CORRUPT: what was there is set aside, now or before, and a new one is open. */
static enum status alerts_open(struct store *s)
{
    enum status status = STATUS_OK;
    bool is_replaced = false;
    if (!folder_has(s->folder_fd, alerts_layout.folder)) {
        status = alerts_create(s);
    } else {
        status = environment_open(&s->alerts);
        if (status == STATUS_OK) {
            status = store_migrate(&s->alerts, s->formats, &s->limit, &s->schema);
        }
        if (status == STATUS_OK) {
            status = alerts_resume(s);
        }
        if (status == STATUS_OK) {
            status = environment_fit(&s->alerts, STORE_TRIM_PERCENT);
        }
        if (status == STATUS_CORRUPT) {
            is_replaced = true;
            status = alerts_replace(s);
        }
    }
    if (status != STATUS_OK) {
        environment_close(&s->alerts);
        return status;
    }
    store_note_alerts(s);
    return is_replaced || has_taken_place(s) ? STATUS_CORRUPT : STATUS_OK;
}

enum status store_revive(struct store *s)
{
    pthread_rwlock_wrlock(&s->guard);
    environment_close(&s->alerts);
    const enum status status = alerts_open(s);
    pthread_rwlock_unlock(&s->guard);
    return status;
}

static enum status folder_take(struct store *s)
{
    enum status status = folder_open(s->path, &s->folder_fd);
    if (status == STATUS_OK) {
        status = folder_lock(s->folder_fd, &s->lock_fd);
    }
    if (status == STATUS_OK) {
        folder_sweep(s->folder_fd);
        s->limit = store_read_limit(s->folder_fd);
        s->alerts.root_fd = s->folder_fd;
    }
    return status;
}

static uint64_t whole_pages(uint64_t bytes)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return bytes / page * page;
}

static struct store *store_make(const char *path, uint64_t size_bytes)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL || pthread_rwlock_init(&s->guard, NULL) != 0 || pthread_rwlock_init(&s->journal_guard, NULL) != 0 ||
        pthread_mutex_init(&s->journal_reader, NULL) != 0) {
        free(s);
        return NULL;
    }
    memcpy(s->path, path, strlen(path) + 1);
    s->folder_fd = s->lock_fd = s->journal.fd = -1;
    s->next_row = 1;
    s->formats = &store_formats;
    s->alerts.layout = &alerts_layout;
    s->alerts.root = s->path;
    s->alerts.bytes = whole_pages(ALERTS_SHARE(size_bytes));
    s->journal_bytes = whole_pages(size_bytes - s->alerts.bytes);
    return s;
}

enum status store_open(const struct store_config *config, struct store **out)
{
    assert(config != NULL && config->path != NULL && out != NULL);
    *out = NULL;
    if (config->size_bytes < STORE_SIZE_LEAST) {
        return STATUS_INVALID;
    }
    if (config->size_bytes > SIZE_MAX / 2 || strlen(config->path) >= STORE_PATH_MAX) {
        return STATUS_TOO_LARGE;
    }
    struct store *s = store_make(config->path, config->size_bytes);
    if (s == NULL) {
        return STATUS_NO_MEMORY;
    }
    s->formats = config->formats != NULL ? config->formats : s->formats;
    enum status status = folder_take(s);
    if (status == STATUS_OK) {
        status = alerts_open(s);
    }
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        store_close(s);
        return status;
    }
    (void)!store_journal_open(s);
    *out = s;
    return status;
}

/* A gateway that runs has looked at the file, and changes it meanwhile. */
static enum status alerts_look(struct store *s)
{
    char file[2 * FOLDER_NAME_MAX];
    (void)snprintf(file, sizeof file, "%s/" FOLDER_DATA, alerts_layout.folder);
    return folder_is_held(s->folder_fd) ? STATUS_OK : pages_check(s->folder_fd, file);
}

static enum status alerts_open_to_read(struct store *s)
{
    enum status status = folder_open_existing(s->path, &s->folder_fd);
    s->alerts.root_fd = s->folder_fd;
    status = status == STATUS_OK ? alerts_look(s) : status;
    status = status == STATUS_OK ? environment_open_to_read(&s->alerts) : status;
    status = status == STATUS_OK ? store_read_schema(&s->alerts, &s->schema) : status;
    const bool is_known = s->schema >= s->formats->works && s->schema <= s->formats->newest;
    if (status == STATUS_OK && is_known) {
        store_note_alerts(s);
    }
    return status == STATUS_OK && !is_known ? STATUS_WRONG_VERSION : status;
}

enum status store_open_to_read(const char *path, struct store **out)
{
    assert(path != NULL && out != NULL);
    if (strlen(path) >= STORE_PATH_MAX) {
        return STATUS_TOO_LARGE;
    }
    struct store *s = store_make(path, 0);
    if (s == NULL) {
        return STATUS_NO_MEMORY;
    }
    s->reads_only = true;
    const enum status status = alerts_open_to_read(s);
    if (status != STATUS_OK) {
        store_close(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    transaction_abort(&store->commit);
    journal_close(&store->journal);
    environment_close(&store->alerts);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    if (store->folder_fd >= 0) {
        close(store->folder_fd);
    }
    pthread_rwlock_destroy(&store->journal_guard);
    pthread_mutex_destroy(&store->journal_reader);
    pthread_rwlock_destroy(&store->guard);
    free(store);
}

const char *store_epoch(const struct store *store)
{
    return store->epoch;
}

uint32_t store_schema(const struct store *store)
{
    return store->schema;
}

bool store_is_new(const struct store *store)
{
    return store->is_new;
}

uint64_t store_last_row(const struct store *store)
{
    return store->next_row - 1;
}

const char *store_set_aside_path(const struct store *store)
{
    return store->set_aside[0] == '\0' ? NULL : store->set_aside;
}
