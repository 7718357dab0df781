#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/store/store_internal.h"

#define ALERTS_SHARE(bytes) ((bytes) / 4 * 3)
#define EPOCH_DIGITS        16U
#define SCHEMA_SIZE         4U

_Static_assert(EPOCH_DIGITS < STORE_EPOCH_MAX && STORE_SCHEMA <= UINT8_MAX, "they fit");

static const struct layout alerts_layout = {
    "alerts", ALERTS_DATABASES, {"meta", "outbox", "history", "alarms", "state", "audit"}};
static const struct layout trends_layout = {"trends", TRENDS_DATABASES, {"journal"}};

static enum status meta_write(struct store *s)
{
    static const unsigned char schema[SCHEMA_SIZE] = {STORE_SCHEMA}; /* little-endian */
    struct transaction t;
    enum status status = transaction_begin(&s->alerts, true, &t);
    if (status != STATUS_OK) {
        return status;
    }
    status = transaction_put(&t, DB_META, text_bytes("schema"), (struct bytes){schema, sizeof schema}, false);
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
    enum status status = folder_random_hex(s->epoch, EPOCH_DIGITS);
    if (status == STATUS_OK) {
        status = environment_stage(&s->alerts);
    }
    if (status == STATUS_OK) {
        status = meta_write(s);
    }
    if (status == STATUS_OK) {
        status = environment_publish(&s->alerts);
    }
    return status;
}

/* An older schema's alarms and states cannot be gone on from: it is set aside like a damaged one. */
static enum status schema_check(const unsigned char found[SCHEMA_SIZE])
{
    uint32_t schema = 0;
    for (unsigned i = 0; i < SCHEMA_SIZE; i++) {
        schema |= (uint32_t)found[i] << (8 * i);
    }
    return schema == STORE_SCHEMA ? STATUS_OK : schema > STORE_SCHEMA ? STATUS_WRONG_VERSION : STATUS_CORRUPT;
}

static enum status meta_read(struct store *s, const struct transaction *t)
{
    struct bytes value;
    if (transaction_get(t, DB_META, text_bytes("schema"), &value) != STATUS_OK || value.size != SCHEMA_SIZE) {
        return STATUS_CORRUPT;
    }
    const enum status schema = schema_check(value.data);
    if (schema != STATUS_OK) {
        return schema;
    }
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
        rows_resume(s, &t, DB_OUTBOX);
        rows_resume(s, &t, DB_HISTORY);
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

/* STATUS_CORRUPT: what was there is set aside and a new one is open. */
static enum status alerts_open(struct store *s)
{
    enum status status = STATUS_OK;
    if (!folder_has(s->folder_fd, alerts_layout.folder)) {
        status = alerts_create(s);
    } else {
        status = environment_open(&s->alerts);
        if (status == STATUS_OK) {
            status = alerts_resume(s);
        }
        if (status == STATUS_CORRUPT) {
            status = alerts_replace(s);
            return status == STATUS_OK ? STATUS_CORRUPT : status;
        }
    }
    if (status != STATUS_OK) {
        environment_close(&s->alerts);
    }
    return status;
}

static enum status trends_create(struct store *s)
{
    folder_remove(s->folder_fd, trends_layout.folder);
    const enum status status = environment_stage(&s->trends);
    return status == STATUS_OK ? environment_publish(&s->trends) : status;
}

/* The journal's loss is harmless: whatever is wrong with it never stops the store. */
static enum status trends_open(struct store *s)
{
    const bool found = folder_has(s->folder_fd, trends_layout.folder);
    const enum status status = found ? environment_open(&s->trends) : STATUS_CORRUPT;
    return status == STATUS_CORRUPT ? trends_create(s) : status;
}

/* A new one is sure to work; emptying a full one is not. */
enum status store_journal_clear(struct store *store)
{
    assert(store != NULL);
    pthread_rwlock_wrlock(&store->guard);
    environment_close(&store->trends);
    const enum status status = trends_create(store);
    pthread_rwlock_unlock(&store->guard);
    return status;
}

/* Closes and opens an environment that LMDB gave up, while no reader is inside. */
enum status store_revive(struct store *s, struct environment *e)
{
    pthread_rwlock_wrlock(&s->guard);
    environment_close(e);
    const enum status status = e == &s->alerts ? alerts_open(s) : trends_open(s);
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
        s->alerts.root_fd = s->trends.root_fd = s->folder_fd;
    }
    return status;
}

static uint64_t whole_pages(uint64_t bytes)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return bytes / page * page;
}

static struct store *store_make(const struct store_config *config)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL || pthread_rwlock_init(&s->guard, NULL) != 0) {
        free(s);
        return NULL;
    }
    memcpy(s->path, config->path, strlen(config->path) + 1);
    s->folder_fd = s->lock_fd = -1;
    s->next_row = 1;
    s->alerts.layout = &alerts_layout;
    s->trends.layout = &trends_layout;
    s->alerts.root = s->trends.root = s->path;
    s->alerts.bytes = whole_pages(ALERTS_SHARE(config->size_bytes));
    s->trends.bytes = whole_pages(config->size_bytes - s->alerts.bytes);
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
    struct store *s = store_make(config);
    if (s == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = folder_take(s);
    if (status == STATUS_OK) {
        status = alerts_open(s);
    }
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        store_close(s);
        return status;
    }
    (void)!trends_open(s); /* journal_put tries again */
    *out = s;
    return status;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    transaction_abort(&store->commit);
    environment_close(&store->trends);
    environment_close(&store->alerts);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    if (store->folder_fd >= 0) {
        close(store->folder_fd);
    }
    pthread_rwlock_destroy(&store->guard);
    free(store);
}

const char *store_epoch(const struct store *store)
{
    return store->epoch;
}

uint64_t store_last_row(const struct store *store)
{
    return store->next_row - 1;
}

const char *store_set_aside_path(const struct store *store)
{
    return store->set_aside[0] == '\0' ? NULL : store->set_aside;
}
