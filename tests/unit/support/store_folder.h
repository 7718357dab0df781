/*
 * store_folder.h: a store's folder for one test, made new and removed again; and alerts to put into it.
 */
#ifndef WARDGATE_TEST_STORE_FOLDER_H
#define WARDGATE_TEST_STORE_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/store/store.h"

#define TEST_STORE_BYTES STORE_SIZE_LEAST

struct store_folder {
    char base[64], path[80];
    struct store_config config;
};

static inline int store_folder_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void store_folder_init(struct store_folder *folder)
{
    (void)snprintf(folder->base, sizeof folder->base, "/tmp/wardgate-store-XXXXXX");
    assert_non_null(mkdtemp(folder->base));
    (void)snprintf(folder->path, sizeof folder->path, "%s/store", folder->base);
    folder->config = (struct store_config){.path = folder->path, .size_bytes = TEST_STORE_BYTES};
}

static inline void store_folder_fini(struct store_folder *folder)
{
    (void)nftw(folder->base, store_folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct store *store_folder_open(const struct store_folder *folder)
{
    struct store *store = NULL;
    assert_int_equal(store_open(&folder->config, &store), STATUS_OK);
    assert_non_null(store);
    return store;
}

/* An alert whose every text follows from seq, so that it can be checked when it is read back. */
struct test_alert {
    struct store_alert alert;
    char bed[8], json[STORE_VALUE_MAX + 1];
};

static inline const struct store_alert *test_alert_make(struct test_alert *t, uint64_t seq, uint32_t json_length)
{
    (void)snprintf(t->bed, sizeof t->bed, "b%02u", (unsigned)(seq % 64));
    memset(t->json, (int)('a' + seq % 26), json_length);
    const int head = snprintf(t->json, sizeof t->json, "{\"seq\":%llu,\"pad\":\"", (unsigned long long)seq);
    assert_true(head > 0 && (uint32_t)head < json_length);
    t->json[head] = (char)('a' + seq % 26); /* where snprintf put its NUL */
    t->alert = (struct store_alert){
        .seq = seq,
        .flags = seq % 3 == 0 ? STORE_ALERT_HIGH : 0,
        .committed_wall_ms = 1700000000000 + (int64_t)seq,
        .bed = t->bed,
        .alarm = "spo2_low",
        .json = t->json,
        .json_length = json_length,
    };
    return &t->alert;
}

static inline bool test_alert_is(const struct store_alert *found, uint64_t seq, uint32_t json_length)
{
    struct test_alert t = {.bed = ""};
    const struct store_alert *wanted = test_alert_make(&t, seq, json_length);
    return found->seq == seq && found->flags == wanted->flags && strcmp(found->bed, wanted->bed) == 0 &&
           strcmp(found->alarm, wanted->alarm) == 0 && found->committed_wall_ms == wanted->committed_wall_ms &&
           found->json_length == json_length && memcmp(found->json, wanted->json, json_length) == 0;
}

/* Commits alerts first ... first + count - 1 in one transaction. */
static inline enum status test_alerts_commit(struct store *store, uint64_t first, uint32_t count, uint32_t json_length)
{
    struct test_alert t = {.bed = ""};
    enum status status = store_begin(store);
    for (uint32_t i = 0; status == STATUS_OK && i < count; i++) {
        status = store_put_alert(store, test_alert_make(&t, first + i, json_length));
    }
    return status == STATUS_OK ? store_commit(store) : status;
}

/* A bit of that alert's content, wherever its file has it: its row cannot be read any more. The content is of 100 bytes or more. */
static inline void store_folder_damage_alert(const struct store_folder *folder, uint64_t seq)
{
    static char bytes[1U << 22];
    char path[256], text[40];
    unsigned found = 0;
    const int length = snprintf(text, sizeof text, "\"seq\":%llu,", (unsigned long long)seq);
    (void)snprintf(path, sizeof path, "%s/alerts/data.mdb", folder->path);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    const ssize_t size = read(fd, bytes, sizeof bytes);
    for (ssize_t at = 0; at + 99 < size; at++) {
        if (memcmp(bytes + at, text, (size_t)length) == 0) {
            bytes[at + 99] ^= 1;
            assert_int_equal(pwrite(fd, bytes + at + 99, 1, at + 99), 1);
            found++;
        }
    }
    assert_int_equal(close(fd), 0);
    assert_true(found > 0);
}

/* Rows and seqs as a visit finds them. */
struct test_rows {
    uint64_t row[4096], seq[4096];
    uint32_t count, most, json_length, wrong;
};

static inline bool test_rows_visit(void *context, const struct store_alert *alert)
{
    struct test_rows *rows = context;
    rows->wrong += !test_alert_is(alert, alert->seq, rows->json_length);
    rows->row[rows->count] = alert->row;
    rows->seq[rows->count++] = alert->seq;
    return rows->count < (rows->most > 0 ? rows->most : 4096);
}

static inline enum status test_outbox_read(struct store *store, uint64_t after, uint32_t json_length,
                                           struct test_rows *out)
{
    *out = (struct test_rows){.json_length = json_length};
    return store_each_outbox(store, after, 4096, test_rows_visit, out);
}

static inline enum status test_history_read(struct store *store, uint64_t after, uint32_t json_length,
                                            struct test_rows *out)
{
    *out = (struct test_rows){.json_length = json_length};
    return store_each_history(store, after, 4096, test_rows_visit, out);
}

static inline enum status test_deliver(struct store *store, const uint64_t *rows, uint32_t count)
{
    enum status status = store_begin(store);
    for (uint32_t i = 0; status == STATUS_OK && i < count; i++) {
        status = store_mark_delivered(store, rows[i]);
    }
    return status == STATUS_OK ? store_commit(store) : status;
}

#endif
