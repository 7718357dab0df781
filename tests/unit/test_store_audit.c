/* The audit log: rows in order, the newest first to be kept, never more than its share, never in the way of an alert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/store/pages.h"
#include "drivers/store/rows.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 900, GROUP = 4 };

static struct store_folder folder;
static struct test_rows rows;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

/* A row whose text follows from its number. */
static size_t make_row(uint64_t number, size_t length, char *out)
{
    const int head = snprintf(out, STORE_AUDIT_MAX + 1, "{\"n\":%llu,\"pad\":\"", (unsigned long long)number);
    assert_true(head > 0 && (size_t)head <= length);
    memset(out + head, (int)('a' + number % 26), length - (size_t)head);
    return length;
}

static enum status put_rows(struct store *store, uint64_t first, unsigned count, size_t length)
{
    char json[STORE_AUDIT_MAX + 1];
    enum status status = store_begin(store);
    for (unsigned i = 0; status == STATUS_OK && i < count; i++) {
        (void)make_row(first + i, length, json);
        status = store_put_audit(store, 1700000000000 + (int64_t)(first + i), json, length);
    }
    return status == STATUS_OK ? store_commit(store) : status;
}

struct log {
    uint64_t first, newest, count, length, stop_after;
};

static bool see(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    char wanted[STORE_AUDIT_MAX + 1];
    struct log *log = context;
    log->first = log->count == 0 ? row : log->first;
    assert_true(log->count == 0 || row == log->newest + 1);
    assert_int_equal(wall_ms, 1700000000000 + (int64_t)row);
    assert_int_equal(length, make_row(row, log->length, wanted));
    assert_memory_equal(json, wanted, length);
    assert_int_equal(json[length], '\0');
    log->newest = row;
    log->count++;
    return log->count != log->stop_after;
}

static struct log read_log(struct store *store, uint32_t most, size_t length)
{
    struct log log = {.length = length};
    assert_int_equal(store_each_audit(store, most, see, &log), STATUS_OK);
    return log;
}

static void test_rows_in_order(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    struct log log = read_log(store, 10, 100);
    assert_int_equal(log.count, 0);
    assert_int_equal(put_rows(store, 1, 3, 100), STATUS_OK);
    assert_int_equal(put_rows(store, 4, 7, 100), STATUS_OK);
    log = read_log(store, UINT32_MAX, 100);
    assert_int_equal(log.first, 1);
    assert_int_equal(log.count, 10);
    log = read_log(store, 3, 100);
    assert_int_equal(log.first, 8);
    assert_int_equal(log.count, 3);
    log = read_log(store, 0, 100);
    assert_int_equal(log.count, 0);
    log = (struct log){.length = 100, .stop_after = 2};
    assert_int_equal(store_each_audit(store, 5, see, &log), STATUS_OK);
    assert_int_equal(log.count, 2);
    assert_int_equal(log.newest, 7);
    store_close(store);
    store = store_folder_open(&folder); /* and on from there */
    assert_int_equal(put_rows(store, 11, 1, 100), STATUS_OK);
    log = read_log(store, UINT32_MAX, 100);
    assert_int_equal(log.count, 11);
    store_close(store);
}

static void test_sizes(void **state)
{
    (void)state;
    static char json[STORE_AUDIT_MAX + 2];
    struct store *store = store_folder_open(&folder);
    assert_int_equal(put_rows(store, 1, 1, STORE_AUDIT_MAX), STATUS_OK);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_audit(store, 0, json, STORE_AUDIT_MAX + 1), STATUS_TOO_LARGE);
    assert_int_equal(put_rows(store, 2, 1, 50), STATUS_OK); /* the failure has ended its transaction */
    struct log log = read_log(store, 1, 50);
    assert_int_equal(log.newest, 2);
    store_close(store);
}

/* What was not committed was never there, and its number is free. */
static void test_what_is_not_committed(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(put_rows(store, 1, 2, 60), STATUS_OK);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_audit(store, 0, "{}", 2), STATUS_OK);
    store_abort(store);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_audit(store, 0, "{}", 2), STATUS_OK);
    store_close(store); /* as a crash would */
    store = store_folder_open(&folder);
    assert_int_equal(put_rows(store, 3, 1, 60), STATUS_OK);
    assert_int_equal(read_log(store, 10, 60).count, 3);
    store_close(store);
}

static void test_the_oldest_give_way(void **state)
{
    (void)state;
    folder.config.size_bytes = 64ULL << 20;
    struct store *store = store_folder_open(&folder);
    uint64_t number = 1;
    for (; number <= STORE_AUDIT_ROWS + 500; number += 100) {
        assert_int_equal(put_rows(store, number, 100, 120), STATUS_OK);
    }
    const struct log log = read_log(store, UINT32_MAX, 120);
    assert_in_range(log.count, STORE_AUDIT_ROWS - 2, STORE_AUDIT_ROWS);
    assert_int_equal(log.newest, number - 1);
    store_close(store);
}

static unsigned percent_used(struct store *store)
{
    struct store_usage usage;
    store_usage(store, &usage);
    return (unsigned)(usage.alerts_bytes * 100 / usage.alerts_bytes_max);
}

/* In the smallest store its share is a tenth, and for ever. */
static void test_its_share_of_a_small_map(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    for (uint64_t number = 1; number <= 4000; number += GROUP) {
        assert_int_equal(put_rows(store, number, GROUP, STORE_AUDIT_MAX), STATUS_OK);
        assert_true(percent_used(store) <= 14);
    }
    const struct log log = read_log(store, UINT32_MAX, STORE_AUDIT_MAX);
    assert_in_range(log.count, 150, 400);
    assert_int_equal(log.newest, 4000);
    store_close(store);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/alerts/data.mdb", folder.path);
    assert_int_equal(pages_check(AT_FDCWD, path), STATUS_OK);
}

/* Alerts until the store says that it is full. */
static uint64_t fill(struct store *store, uint64_t seq)
{
    enum status status = STATUS_OK;
    for (uint32_t group = store_batch_max(store); group > 0; group = status == STATUS_OK ? group : group / 2) {
        status = test_alerts_commit(store, seq, group, JSON);
        seq += status == STATUS_OK ? group : 0;
    }
    assert_int_equal(status, STATUS_FULL);
    return seq;
}

/* As many alerts find room beside a full audit log as beside an empty one, but for its newest few rows. */
static void test_alerts_never_give_way(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    const uint64_t alone = fill(store, 1);
    store_close(store);
    store_folder_fini(&folder);
    store_folder_init(&folder);
    store = store_folder_open(&folder);
    for (uint64_t number = 1; number <= 2000; number += GROUP) {
        assert_int_equal(put_rows(store, number, GROUP, 300), STATUS_OK);
    }
    const uint64_t before = read_log(store, UINT32_MAX, 300).count;
    const uint64_t beside = fill(store, 1);
    const struct log log = read_log(store, UINT32_MAX, 300);
    assert_true(log.count < before);
    assert_int_equal(log.newest, 2000); /* those that guard against repeated commands */
    assert_in_range(log.count, 250, 256);
    assert_true(beside + (35 * 4) >= alone); /* 256 rows of 332 bytes: 28 pages, of four alerts each */
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.wrong, 0);

    assert_int_equal(store_begin(store), STATUS_OK); /* and no more rows in a map that is full */
    assert_int_equal(store_put_audit(store, 0, "{}", 2), STATUS_FULL);
    uint64_t first[8];
    for (unsigned i = 0; i < 8; i++) {
        first[i] = rows.row[i];
    }
    for (unsigned i = 0; i < 60; i++) { /* until what is delivered makes room */
        assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
        for (unsigned r = 0; r < 8; r++) {
            first[r] = rows.row[r];
        }
        assert_int_equal(test_deliver(store, first, 8), STATUS_OK);
    }
    assert_int_equal(put_rows(store, 2001, 1, 300), STATUS_OK);
    assert_int_equal(read_log(store, 1, 300).newest, 2001);
    store_close(store);
}

/* History is given up before people's doings are. */
static void test_history_gives_way_first(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(put_rows(store, 1, GROUP, 300), STATUS_OK);
    for (uint64_t number = 1 + GROUP; number <= 400; number += GROUP) {
        assert_int_equal(put_rows(store, number, GROUP, 300), STATUS_OK);
    }
    uint64_t seq = 1;
    for (unsigned round = 0; round < 700; round++) {
        assert_int_equal(test_alerts_commit(store, seq, GROUP, JSON), STATUS_OK);
        seq += GROUP;
        assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
        assert_int_equal(test_deliver(store, rows.row, rows.count), STATUS_OK);
    }
    struct store_usage usage;
    store_usage(store, &usage);
    assert_true(usage.history_rows > 0 && usage.history_rows < seq - 1);
    assert_int_equal(read_log(store, UINT32_MAX, 300).count, 400);
    store_close(store);
}

/* Whoever takes over a store keeps the log of what was. */
static void test_another_epoch_keeps_it(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(put_rows(store, 1, 3, 80), STATUS_OK);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_adopt(store, "00c0ffee"), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_int_equal(read_log(store, 10, 80).count, 3);
    store_close(store);
}

static void test_rows_as_bytes(void **state)
{
    (void)state;
    struct row row;
    struct row_audit audit;
    struct row_end end = {.number = 6, .link = {1, 2, 3}}, again;
    const struct row_end before = end;
    unsigned char link[DIGEST_SIZE], bytes[ROW_END_SIZE];
    assert_int_equal(row_encode_audit(7, -5, "{}", 2, &end, &row), STATUS_OK);
    assert_int_equal(row_decode_audit(row.bytes, row.size, &audit), STATUS_OK);
    assert_int_equal(audit.wall_ms, -5);
    assert_int_equal(audit.length, 2);
    assert_string_equal(audit.json, "{}");
    assert_int_equal(end.number, 7);
    assert_memory_equal(end.link, audit.link, DIGEST_SIZE);
    row_link_audit(7, &audit, before.link, link);
    assert_memory_equal(link, audit.link, DIGEST_SIZE);
    for (size_t size = 0; size < row.size; size++) {
        assert_int_equal(row_decode_audit(row.bytes, size, &audit), STATUS_CORRUPT);
    }
    for (size_t i = 0; i < row.size; i++) {
        row.bytes[i] ^= 0x20;
        assert_int_equal(row_decode_audit(row.bytes, row.size, &audit), STATUS_CORRUPT);
        row.bytes[i] ^= 0x20;
    }
    unsigned char sealed[ROW_SEAL + DIGEST_SIZE + 9] = {0};
    row_seal("12345678123456781234567812345678abcdefghx", DIGEST_SIZE + 9, sealed); /* sealed well, but it has no end */
    assert_int_equal(row_decode_audit(sealed, sizeof sealed, &audit), STATUS_CORRUPT);
    row_encode_end(&end, bytes);
    assert_int_equal(row_decode_end(bytes, sizeof bytes, &again), STATUS_OK);
    assert_int_equal(again.number, 7);
    assert_memory_equal(again.link, end.link, DIGEST_SIZE);
    bytes[ROW_SEAL]++;
    assert_int_equal(row_decode_end(bytes, sizeof bytes, &again), STATUS_CORRUPT);
    assert_int_equal(row_decode_end(bytes, sizeof bytes - 1, &again), STATUS_CORRUPT);
}

/* The published example of FIPS 180-4: "abc", in one piece or in several. */
static void test_digest_is_sha256(void **state)
{
    (void)state;
    static const unsigned char wanted[DIGEST_SIZE] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                                      0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                                      0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    unsigned char got[DIGEST_SIZE];
    digest_make(&(struct digest_piece){"abc", 3}, 1, got);
    assert_memory_equal(got, wanted, DIGEST_SIZE);
    digest_make((struct digest_piece[]){{"a", 1}, {"", 0}, {"bc", 2}}, 3, got);
    assert_memory_equal(got, wanted, DIGEST_SIZE);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_rows_in_order),
        STORE_TEST(test_sizes),
        STORE_TEST(test_what_is_not_committed),
        STORE_TEST(test_the_oldest_give_way),
        STORE_TEST(test_its_share_of_a_small_map),
        STORE_TEST(test_alerts_never_give_way),
        STORE_TEST(test_history_gives_way_first),
        STORE_TEST(test_another_epoch_keeps_it),
        STORE_TEST(test_rows_as_bytes),
        STORE_TEST(test_digest_is_sha256),
    };
    return cmocka_run_group_tests_name("store_audit", tests, NULL, NULL);
}
