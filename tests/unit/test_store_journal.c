/* The journal's file: round and round, as many of the newest rows as fit; torn, damaged, grown, of a store of before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/store/environment.h"
#include "drivers/store/journal.h"
#include "drivers/store/rows.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/store_folder.h"

enum { ROWS_MOST = 8192 };
#define BYTES (TEST_STORE_BYTES / 4)

static struct store_folder folder;
static char path[160];
static unsigned char body[STORE_JOURNAL_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    (void)snprintf(path, sizeof path, "%s/journal", folder.path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

struct seen {
    int64_t at_ms[ROWS_MOST];
    size_t size[ROWS_MOST];
    unsigned count, wrong, most;
};
static struct seen seen;

/* A row's bytes follow from its instant. */
static enum status put(struct store *store, int64_t at_ms, size_t size)
{
    memset(body, (unsigned char)at_ms, sizeof body);
    return store_journal_put(store, at_ms, body, size);
}

static bool see(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    const unsigned char *found = bytes;
    (void)context;
    for (size_t i = 0; i < size; i++) {
        seen.wrong += found[i] != (unsigned char)at_ms;
    }
    seen.size[seen.count] = size;
    seen.at_ms[seen.count++] = at_ms;
    return seen.count < seen.most;
}

static void read_all(struct store *store, int64_t from_ms)
{
    seen.count = seen.wrong = 0;
    seen.most = seen.most > 0 ? seen.most : ROWS_MOST;
    assert_int_equal(store_journal_each(store, from_ms, see, NULL), STATUS_OK);
    assert_int_equal(seen.wrong, 0);
    seen.most = 0;
}

static void test_rows_in_order(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, 0);
    for (int64_t at_ms = -3; at_ms <= 3; at_ms++) {
        assert_int_equal(put(store, at_ms * 1000, 100), STATUS_OK);
    }
    assert_int_equal(put(store, 5000, STORE_JOURNAL_MAX), STATUS_OK);
    assert_int_equal(put(store, 5000, 1), STATUS_OK);
    assert_int_equal(put(store, 6000, STORE_JOURNAL_MAX + 1), STATUS_TOO_LARGE);
    assert_int_equal(store_journal_sync(store), STATUS_OK);
    for (unsigned time = 0; time < 2; time++) {
        read_all(store, INT64_MIN);
        assert_int_equal(seen.count, 9);
        assert_int_equal(seen.at_ms[0], -3000);
        assert_int_equal(seen.size[7], STORE_JOURNAL_MAX);
        assert_int_equal(seen.size[8], 1);
        read_all(store, 1001);
        assert_int_equal(seen.count, 4);
        assert_int_equal(seen.at_ms[0], 2000);
        seen.most = 2;
        read_all(store, INT64_MIN);
        assert_int_equal(seen.count, 2);
        store_close(store);
        store = store_folder_open(&folder);
    }
    store_close(store);
}

static void test_cleared_it_is_empty_for_good(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(put(store, 1, 1000), STATUS_OK);
    assert_int_equal(put(store, 2, 1000), STATUS_OK);
    assert_int_equal(store_journal_clear(store), STATUS_OK);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, 0);
    assert_int_equal(put(store, 3, 10), STATUS_OK);
    store_close(store);
    store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.at_ms[0], 3);
    struct store_usage usage;
    store_usage(store, &usage);
    assert_int_equal(usage.journal_bytes, 512);
    assert_int_equal(usage.journal_bytes_max, BYTES);
    store_close(store);
}

/* The newest of them, without a gap, and about as many as there is room for; opened again at any time. */
static void test_round_and_round(void **state)
{
    (void)state;
    draw_seed(3);
    struct store *store = store_folder_open(&folder);
    size_t most = 700;
    for (int64_t at_ms = 1; at_ms <= 6000; at_ms++) {
        if (draw(1000) == 0) {
            most = 1 + draw(STORE_JOURNAL_MAX);
        }
        assert_int_equal(put(store, at_ms, 1 + draw(most)), STATUS_OK);
        if (draw(40) != 0) {
            continue;
        }
        if (draw(2) == 0) {
            store_close(store);
            store = store_folder_open(&folder);
        }
        uint64_t bytes = 0;
        read_all(store, INT64_MIN);
        for (unsigned i = 0; i < seen.count; i++) {
            assert_int_equal(seen.at_ms[i], at_ms - seen.count + 1 + i);
            bytes += (JOURNAL_HEAD + seen.size[i] + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR;
        }
        assert_true(seen.count == at_ms || bytes >= BYTES - 3 * JOURNAL_ROW_MAX);
    }
    store_close(store);
}

/* Sectors at the end that a power cut took, in any choice: what is whole is given, and the next run goes on. */
static void test_torn_rows(void **state)
{
    (void)state;
    static unsigned char zeros[JOURNAL_SECTOR];
    draw_seed(4);
    for (unsigned round = 0; round < 60; round++) {
        int64_t at_ms = 0, kept_ms = 0;
        (void)remove(path);
        struct store *store = store_folder_open(&folder);
        const int64_t synced_ms = 1 + (int64_t)draw(2000);
        while (at_ms < synced_ms) {
            assert_int_equal(put(store, ++at_ms, 1 + draw(3000)), STATUS_OK);
        }
        struct store_usage usage;
        store_usage(store, &usage);
        const uint64_t from = usage.journal_bytes;
        while (at_ms < synced_ms + 6) {
            assert_int_equal(put(store, ++at_ms, 1 + draw(3000)), STATUS_OK);
        }
        store_usage(store, &usage);
        store_close(store);
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        for (uint64_t at = from; at < usage.journal_bytes && usage.journal_bytes < BYTES; at += JOURNAL_SECTOR) {
            if (draw(3) == 0) {
                assert_int_equal(pwrite(fd, zeros, sizeof zeros, (off_t)at), JOURNAL_SECTOR);
            }
        }
        close(fd);
        store = store_folder_open(&folder);
        assert_int_equal(put(store, ++at_ms, 100), STATUS_OK);
        read_all(store, INT64_MIN);
        for (unsigned i = 0; i < seen.count; i++) {
            assert_true(seen.at_ms[i] > kept_ms);
            assert_true(i == 0 || seen.at_ms[i] == kept_ms + 1 || seen.at_ms[i] > synced_ms);
            kept_ms = seen.at_ms[i];
        }
        assert_int_equal(kept_ms, at_ms);
        store_close(store);
    }
}

/* Bytes that were changed anywhere: no row of anything but what was put. */
static void test_damage(void **state)
{
    (void)state;
    draw_seed(6);
    struct store *store = store_folder_open(&folder);
    for (int64_t at_ms = 1; at_ms <= 3000; at_ms++) {
        assert_int_equal(put(store, at_ms, 1 + draw(900)), STATUS_OK);
    }
    store_close(store);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    for (unsigned i = 0; i < 300; i++) {
        const unsigned char byte = (unsigned char)draw(256);
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)draw(BYTES)), 1);
    }
    close(fd);
    store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_true(seen.count > 500);
    for (unsigned i = 1; i < seen.count; i++) {
        assert_true(seen.at_ms[i] > seen.at_ms[i - 1]);
    }
    store_close(store);
}

/* A configuration that gives it more room, or less: nothing is lost. */
static void test_of_another_size(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    for (int64_t at_ms = 1; at_ms <= 3000; at_ms++) {
        assert_int_equal(put(store, at_ms, 600), STATUS_OK);
    }
    read_all(store, INT64_MIN);
    const unsigned before = seen.count;
    store_close(store);
    folder.config.size_bytes = 2 * TEST_STORE_BYTES;
    store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, before);
    for (int64_t at_ms = 3001; at_ms <= 6000; at_ms++) {
        assert_int_equal(put(store, at_ms, 600), STATUS_OK);
    }
    read_all(store, INT64_MIN);
    assert_in_range(seen.count, 2 * BYTES / 1024 - 2, 2 * BYTES / 1024);
    assert_int_equal(seen.at_ms[seen.count - 1], 6000);
    const unsigned grown = seen.count;
    store_close(store);
    folder.config.size_bytes = TEST_STORE_BYTES;
    store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, grown);
    store_close(store);
}

/* ---- a store of before: an environment `trends` of pieces ---- */

enum { DB_PIECES, OLD_DATABASES };
static const struct layout old_layout = {"trends", OLD_DATABASES, {"journal"}, 0};

static void old_put(const struct transaction *t, int64_t at_ms, uint64_t number, const void *bytes, size_t size)
{
    unsigned char key[12], sealed[512];
    row_key_write(number, key + 4);
    row_key_write((uint64_t)at_ms ^ (1ULL << 63), key);
    row_seal(bytes, size, sealed);
    assert_int_equal(
        transaction_put(t, DB_PIECES, (struct bytes){key, sizeof key}, (struct bytes){sealed, ROW_SEAL + size}, false),
        STATUS_OK);
}

static void old_make(bool damaged)
{
    struct transaction t;
    struct environment old = {.layout = &old_layout, .root = folder.path, .bytes = 1U << 20};
    store_close(store_folder_open(&folder));
    (void)remove(path);
    old.root_fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(environment_stage(&old), STATUS_OK);
    assert_int_equal(environment_publish(&old), STATUS_OK);
    assert_int_equal(transaction_begin(&old, true, &t), STATUS_OK);
    for (int64_t at_ms = -5; at_ms < 300; at_ms++) {
        memset(body, (unsigned char)at_ms, 200);
        old_put(&t, at_ms, 305 - (uint64_t)(at_ms + 5), body, 200);
    }
    assert_int_equal(transaction_put(&t, DB_PIECES, (struct bytes){"no key", 6}, (struct bytes){"", 1}, false),
                     STATUS_OK);
    assert_int_equal(transaction_commit(&t), STATUS_OK);
    environment_close(&old);
    if (damaged) {
        const int fd = openat(old.root_fd, "trends/data.mdb", O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0 && ftruncate(fd, 5000) == 0);
        close(fd);
    }
    close(old.root_fd);
}

static bool has_old(void)
{
    char old[160];
    (void)snprintf(old, sizeof old, "%s/trends", folder.path);
    return access(old, F_OK) == 0;
}

static void test_a_journal_of_before_comes_along(void **state)
{
    (void)state;
    old_make(false);
    for (unsigned time = 0; time < 2; time++) {
        struct store *store = store_folder_open(&folder);
        read_all(store, INT64_MIN);
        assert_int_equal(seen.count, 305);
        assert_int_equal(seen.at_ms[0], -5);
        assert_int_equal(seen.at_ms[304], 299);
        assert_int_equal(seen.size[100], 200);
        assert_false(has_old());
        store_close(store);
    }
}

static void test_a_damaged_one_does_not(void **state)
{
    (void)state;
    old_make(true);
    struct store *store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, 0);
    assert_false(has_old());
    store_close(store);
}

/* A power cut after the import, before the old one was gone. */
static void test_it_comes_along_once(void **state)
{
    (void)state;
    old_make(false);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    struct store *store = store_folder_open(&folder);
    store_close(store);
    char kept[160];
    (void)snprintf(kept, sizeof kept, "%s/kept", folder.path);
    assert_int_equal(rename(path, kept), 0);
    old_make(false);
    assert_int_equal(rename(kept, path), 0);
    store = store_folder_open(&folder);
    read_all(store, INT64_MIN);
    assert_int_equal(seen.count, 305);
    assert_false(has_old());
    store_close(store);
}

int main(void)
{
#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_rows_in_order),
        JOURNAL_TEST(test_cleared_it_is_empty_for_good),
        JOURNAL_TEST(test_round_and_round),
        JOURNAL_TEST(test_torn_rows),
        JOURNAL_TEST(test_damage),
        JOURNAL_TEST(test_of_another_size),
        JOURNAL_TEST(test_a_journal_of_before_comes_along),
        JOURNAL_TEST(test_a_damaged_one_does_not),
        JOURNAL_TEST(test_it_comes_along_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
