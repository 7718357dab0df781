/*
 *     key    minute u32 big-endian, bed's id (so that a minute's rows lie side by side)
 *     value  sealed (rows.h): form u8, count u8, stay u64, then `count` entries: vital u8, count u16, min i32, mean i32, max i32; little-endian
 */
#include "drivers/store/trends.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/engine/little_endian.h"
#include "drivers/store/environment.h"
#include "drivers/store/pages.h"
#include "drivers/store/rows.h"

enum { FORM = 1, MINUTE_KEY = 4, ROW_HEAD = 10, ENTRY = 15, META_SIZE = 2 };
enum { DB_META, DB_ROWS, DATABASES };

#define BODY_MAX   (ROW_HEAD + ENTRY * VITAL_COUNT)
#define FULL_ABOVE 75U /* percent of the map: then twice as much goes as comes */
#define SPARE_ROWS 16U
#define NODE_BYTES \
    (10U + MINUTE_KEY + ROW_SEAL + ROW_HEAD) /* of a row beside its bed's id and entries: LMDB's 8 and 2 */
#define ID_TYPICAL  12U
#define LEAF_BYTES  4080U
#define PAGE_BYTES  4096U
#define BYTES_LEAST (1ULL << 20)

static const struct layout layout = {"minutes", DATABASES, {"meta", "rows"}, 0};
#define SET_ASIDE "minutes.damaged-1"

struct trends {
    char path[STORE_PATH_MAX];
    int folder_fd;
    struct environment environment;
    struct trends_config config;
    struct transaction minute_txn;
    uint32_t minute;
    bool starved; /* LMDB found no page */
};

/* ---- sizes ---- */

uint64_t trends_minute_bytes(unsigned beds, unsigned vitals)
{
    return (uint64_t)beds * (NODE_BYTES + ID_TYPICAL) + (uint64_t)vitals * ENTRY;
}

/* Rows come in order, so LMDB fills its pages: half as much again keeps the map below three quarters. */
uint64_t trends_bytes(unsigned beds, unsigned vitals, uint32_t minutes)
{
    const uint64_t pages = trends_minute_bytes(beds, vitals) * minutes / LEAF_BYTES + 1;
    const uint64_t bytes = pages * PAGE_BYTES / 2 * 3;
    return bytes > BYTES_LEAST ? bytes : BYTES_LEAST;
}

/* ---- rows as bytes ---- */

static void minute_write(uint32_t minute, unsigned char key[MINUTE_KEY])
{
    for (size_t i = 0; i < MINUTE_KEY; i++) {
        key[i] = (unsigned char)(minute >> (8 * (MINUTE_KEY - 1 - i)));
    }
}

static uint32_t minute_read(const unsigned char *key)
{
    return (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 | (uint32_t)key[2] << 8 | key[3];
}

static size_t key_write(uint32_t minute, const char *bed, unsigned char key[MINUTE_KEY + TRENDS_BED_MAX])
{
    const size_t length = strlen(bed);
    assert(length <= TRENDS_BED_MAX);
    minute_write(minute, key);
    memcpy(key + MINUTE_KEY, bed, length);
    return MINUTE_KEY + length;
}

static size_t row_encode(const struct trends_row *row, unsigned char sealed[ROW_SEAL + BODY_MAX])
{
    unsigned char *at = sealed + ROW_SEAL;
    assert(row->count <= VITAL_COUNT);
    *at = FORM;
    at[1] = (unsigned char)row->count;
    little_endian_put(at + 2, row->stay, 8);
    at += ROW_HEAD;
    for (unsigned i = 0; i < row->count; i++, at += ENTRY) {
        const struct trends_entry *e = &row->entries[i];
        *at = e->vital;
        little_endian_put(at + 1, e->count, 2);
        little_endian_put(at + 3, (uint32_t)e->min_milli, 4);
        little_endian_put(at + 7, (uint32_t)e->mean_milli, 4);
        little_endian_put(at + 11, (uint32_t)e->max_milli, 4);
    }
    const size_t size = (size_t)(at - sealed);
    row_seal(sealed + ROW_SEAL, size - ROW_SEAL, sealed);
    return size;
}

static bool row_decode(struct bytes value, struct trends_row *out)
{
    const void *body = NULL;
    size_t size = 0;
    if (row_unseal(value.data, value.size, &body, &size) != STATUS_OK) {
        return false;
    }
    const unsigned char *at = body;
    if (size < ROW_HEAD || at[0] != FORM || at[1] > VITAL_COUNT || size != ROW_HEAD + (size_t)at[1] * ENTRY) {
        return false;
    }
    out->count = at[1];
    out->stay = little_endian_get(at + 2, 8);
    at += ROW_HEAD;
    for (unsigned i = 0; i < out->count; i++, at += ENTRY) {
        out->entries[i] = (struct trends_entry){.vital = at[0],
                                                .count = (uint16_t)little_endian_get(at + 1, 2),
                                                .min_milli = (int32_t)little_endian_get(at + 3, 4),
                                                .mean_milli = (int32_t)little_endian_get(at + 7, 4),
                                                .max_milli = (int32_t)little_endian_get(at + 11, 4)};
    }
    return true;
}

/* ---- opening ---- */

static const unsigned char meta_wanted[META_SIZE] = {FORM, VITAL_COUNT};

static enum status meta_write(struct trends *t)
{
    struct transaction txn;
    enum status status = transaction_begin(&t->environment, true, &txn);
    if (status == STATUS_OK) {
        status =
            transaction_put(&txn, DB_META, (struct bytes){"form", 4}, (struct bytes){meta_wanted, META_SIZE}, false);
        if (status == STATUS_OK) {
            return transaction_commit(&txn);
        }
        transaction_abort(&txn);
    }
    return status;
}

/* One of when there were fewer vitals is as good: they keep their numbers. */
static bool is_readable(struct bytes meta)
{
    const unsigned char *byte = meta.data;
    return meta.size == META_SIZE && byte[0] == FORM && byte[1] <= VITAL_COUNT;
}

static enum status meta_check(struct trends *t, bool *out_older)
{
    struct transaction txn;
    struct bytes found;
    enum status status = transaction_begin(&t->environment, false, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    status = transaction_get(&txn, DB_META, (struct bytes){"form", 4}, &found);
    if (status != STATUS_OK || !is_readable(found)) {
        status = STATUS_CORRUPT;
    }
    *out_older = status == STATUS_OK && memcmp(found.data, meta_wanted, META_SIZE) != 0;
    transaction_abort(&txn);
    return status;
}

static enum status create(struct trends *t)
{
    enum status status = environment_stage(&t->environment);
    if (status == STATUS_FULL) { /* what was set aside takes the room */
        folder_remove(t->folder_fd, SET_ASIDE);
        status = environment_stage(&t->environment);
    }
    if (status == STATUS_OK) {
        status = meta_write(t);
    }
    if (status == STATUS_OK) {
        return environment_publish(&t->environment);
    }
    environment_close(&t->environment);
    return status;
}

/* Only the newest damaged one is kept: their sizes add up. */
static enum status replace(struct trends *t)
{
    char name[FOLDER_NAME_MAX];
    environment_close(&t->environment);
    folder_remove(t->folder_fd, SET_ASIDE);
    enum status status = folder_set_aside(t->folder_fd, layout.folder, name);
    if (status == STATUS_OK) {
        status = create(t);
    }
    return status == STATUS_OK ? STATUS_CORRUPT : status;
}

static enum status open_map(struct trends *t)
{
    if (!folder_has(t->folder_fd, layout.folder)) {
        return create(t);
    }
    bool older = false;
    enum status status = environment_open(&t->environment);
    if (status == STATUS_OK) {
        status = meta_check(t, &older);
    }
    if (status == STATUS_OK && older) {
        status = meta_write(t);
    }
    if (status == STATUS_CORRUPT || status == STATUS_OTHER_MACHINE) {
        return replace(t);
    }
    if (status != STATUS_OK) {
        environment_close(&t->environment);
    }
    return status;
}

static struct trends *make(const char *path)
{
    struct trends *t = strlen(path) < STORE_PATH_MAX ? calloc(1, sizeof *t) : NULL;
    if (t != NULL) {
        memcpy(t->path, path, strlen(path) + 1);
        t->folder_fd = -1;
        t->environment.layout = &layout;
        t->environment.root = t->path;
    }
    return t;
}

enum status trends_open(const struct trends_config *config, struct trends **out)
{
    assert(config != NULL && config->minutes > 0 && out != NULL);
    *out = NULL;
    struct trends *t = make(config->path);
    if (t == NULL) {
        return STATUS_NO_MEMORY;
    }
    t->config = *config;
    t->config.path = t->path;
    t->environment.bytes = config->bytes / PAGE_BYTES * PAGE_BYTES;
    enum status status = folder_open(t->path, &t->folder_fd);
    if (status == STATUS_OK) {
        t->environment.root_fd = t->folder_fd;
        status = open_map(t);
    }
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        trends_close(t);
        return status;
    }
    *out = t;
    return status;
}

static enum status open_map_to_read(struct trends *t)
{
    char file[2 * FOLDER_NAME_MAX];
    (void)snprintf(file, sizeof file, "%s/" FOLDER_DATA, layout.folder);
    bool older = false;
    enum status status = folder_is_held(t->folder_fd) ? STATUS_OK : pages_check(t->folder_fd, file);
    if (status == STATUS_OK) {
        status = environment_open_to_read(&t->environment);
    }
    if (status == STATUS_OK) {
        status = meta_check(t, &older);
    }
    return status;
}

enum status trends_open_to_read(const char *path, struct trends **out)
{
    assert(path != NULL && out != NULL);
    struct trends *t = make(path);
    if (t == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = folder_open_existing(t->path, &t->folder_fd);
    if (status == STATUS_OK) {
        t->environment.root_fd = t->folder_fd;
        status = open_map_to_read(t);
    }
    if (status != STATUS_OK) {
        trends_close(t);
        return status;
    }
    *out = t;
    return STATUS_OK;
}

void trends_close(struct trends *trends)
{
    if (trends == NULL) {
        return;
    }
    transaction_abort(&trends->minute_txn);
    environment_close(&trends->environment);
    if (trends->folder_fd >= 0) {
        (void)close(trends->folder_fd);
    }
    free(trends);
}

/* ---- writing ---- */

static enum status written(struct trends *t, enum status status)
{
    t->starved = t->starved || status == STATUS_FULL;
    if (status != STATUS_OK) {
        transaction_abort(&t->minute_txn);
    }
    return status;
}

/* The first or last row when it is outside of what is kept; NOT_FOUND: nothing is to go. The key is copied: deleting moves what it points to. */
static enum status drop_end(const struct transaction *txn, bool oldest, uint32_t bound)
{
    struct bytes found;
    unsigned char key[STORE_KEY_MAX];
    const enum status status =
        oldest ? transaction_first(txn, DB_ROWS, &found) : transaction_last(txn, DB_ROWS, &found);
    if (status != STATUS_OK) {
        return status;
    }
    if (found.size < MINUTE_KEY || found.size > sizeof key) {
        return STATUS_CORRUPT;
    }
    const uint32_t minute = minute_read(found.data);
    if (oldest ? minute >= bound : minute <= bound) {
        return STATUS_NOT_FOUND;
    }
    memcpy(key, found.data, found.size);
    return transaction_delete(txn, DB_ROWS, (struct bytes){key, found.size});
}

static enum status drop_ends(const struct transaction *txn, bool oldest, uint32_t bound, uint32_t most)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < most; i++) {
        status = drop_end(txn, oldest, bound);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Twice as many may go as come, so that a shorter time, or fewer beds, are soon what is kept. */
static enum status make_room(struct trends *t)
{
    const uint32_t most = 2 * t->config.rows_most + SPARE_ROWS;
    const uint32_t kept = t->minute >= t->config.minutes ? t->minute - t->config.minutes + 1 : 0;
    const uint32_t bound = transaction_is_above(&t->minute_txn, FULL_ABOVE) ? t->minute : kept;
    const enum status status = drop_ends(&t->minute_txn, true, bound, most);
    return status == STATUS_OK ? drop_ends(&t->minute_txn, false, t->minute, most) : status;
}

/* One that LMDB cannot go on with is opened again, or begun anew. */
static enum status open_again(struct trends *t)
{
    environment_close(&t->environment);
    return open_map(t);
}

enum status trends_begin(struct trends *trends, int64_t minute)
{
    assert(trends != NULL && trends->minute_txn.txn == NULL);
    enum status status = environment_is_lost(&trends->environment) ? open_again(trends) : STATUS_OK;
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        return status;
    }
    if (trends->starved) {
        environment_end_stopped_readers(&trends->environment);
        trends->starved = false;
    } else {
        environment_forget_dead_readers(&trends->environment);
    }
    trends->minute = minute < 0 ? 0 : minute > UINT32_MAX ? UINT32_MAX : (uint32_t)minute;
    const enum status begun = transaction_begin(&trends->environment, true, &trends->minute_txn);
    return begun != STATUS_OK ? begun : written(trends, make_room(trends));
}

static void join_entry(struct trends_entry *into, const struct trends_entry *from)
{
    const int64_t count = (int64_t)into->count + from->count;
    const int64_t sum = (int64_t)into->mean_milli * into->count + (int64_t)from->mean_milli * from->count;
    into->mean_milli = count == 0 ? 0 : (int32_t)(sum / count);
    into->count = (uint16_t)(count < UINT16_MAX ? count : UINT16_MAX);
    into->min_milli = from->min_milli < into->min_milli ? from->min_milli : into->min_milli;
    into->max_milli = from->max_milli > into->max_milli ? from->max_milli : into->max_milli;
}

static void join_rows(struct trends_row *into, const struct trends_row *from)
{
    for (unsigned i = 0; i < from->count; i++) {
        unsigned at = 0;
        while (at < into->count && into->entries[at].vital != from->entries[i].vital) {
            at++;
        }
        if (at < into->count) {
            join_entry(&into->entries[at], &from->entries[i]);
        } else if (at < VITAL_COUNT) {
            into->entries[into->count++] = from->entries[i];
        }
    }
}

enum status trends_put(struct trends *trends, const struct trends_row *row)
{
    assert(trends != NULL && trends->minute_txn.txn != NULL && row != NULL);
    unsigned char bytes[MINUTE_KEY + TRENDS_BED_MAX], sealed[ROW_SEAL + BODY_MAX];
    const struct bytes key = {bytes, key_write(trends->minute, row->bed, bytes)};
    struct bytes value;
    struct trends_row joined = *row, found = {.count = 0};
    enum status status = transaction_get(&trends->minute_txn, DB_ROWS, key, &value);
    if (status == STATUS_OK && row_decode(value, &found) && found.stay == row->stay) {
        join_rows(&joined, &found);
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        const size_t size = row_encode(&joined, sealed);
        status = transaction_put(&trends->minute_txn, DB_ROWS, key, (struct bytes){sealed, size}, true);
    }
    return written(trends, status);
}

enum status trends_commit(struct trends *trends)
{
    assert(trends != NULL && trends->minute_txn.txn != NULL);
    const enum status status = transaction_commit(&trends->minute_txn);
    trends->starved = status == STATUS_FULL;
    return status;
}

/* ---- reading ---- */

enum status trends_span(struct trends *trends, int64_t *out_first, int64_t *out_last)
{
    assert(trends != NULL && out_first != NULL && out_last != NULL);
    struct transaction txn;
    struct bytes first, last;
    enum status status = transaction_begin(&trends->environment, false, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    status = transaction_first(&txn, DB_ROWS, &first);
    if (status == STATUS_OK) {
        status = transaction_last(&txn, DB_ROWS, &last);
    }
    if (status == STATUS_OK && (first.size < MINUTE_KEY || last.size < MINUTE_KEY)) {
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK) {
        *out_first = minute_read(first.data);
        *out_last = minute_read(last.data);
    }
    transaction_abort(&txn);
    return status;
}

static bool see_minute(void *context, struct bytes key, struct bytes value)
{
    int64_t *minute = context;
    (void)value;
    *minute = key.size < MINUTE_KEY ? *minute : (int64_t)minute_read(key.data);
    return key.size < MINUTE_KEY;
}

enum status trends_next(struct trends *trends, int64_t from, int64_t *out)
{
    assert(trends != NULL && from >= 0 && out != NULL);
    unsigned char key[MINUTE_KEY];
    struct transaction txn;
    int64_t found = -1;
    enum status status = from > UINT32_MAX ? STATUS_NOT_FOUND : transaction_begin(&trends->environment, false, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    minute_write((uint32_t)from, key);
    status = transaction_scan(&txn, DB_ROWS, (struct bytes){key, sizeof key}, see_minute, &found);
    transaction_abort(&txn);
    if (status != STATUS_OK || found < 0) {
        return status != STATUS_OK ? status : STATUS_NOT_FOUND;
    }
    *out = found;
    return STATUS_OK;
}

enum status trends_each(struct trends *trends, const char *bed, int64_t from, int64_t until, trends_visit *visit,
                        void *context)
{
    assert(trends != NULL && bed != NULL && visit != NULL && from >= 0 && until <= UINT32_MAX);
    unsigned char key[MINUTE_KEY + TRENDS_BED_MAX];
    struct transaction txn;
    if (strlen(bed) > TRENDS_BED_MAX) {
        return STATUS_OK;
    }
    enum status status = transaction_begin(&trends->environment, false, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    for (int64_t minute = from; status == STATUS_OK && minute < until; minute++) {
        struct trends_row row = {.bed = bed};
        struct bytes value;
        const size_t size = key_write((uint32_t)minute, bed, key);
        status = transaction_get(&txn, DB_ROWS, (struct bytes){key, size}, &value);
        if (status == STATUS_OK && row_decode(value, &row)) {
            visit(context, minute, &row);
        }
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    transaction_abort(&txn);
    return status;
}
