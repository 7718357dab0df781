/* The store on a damaged file, on a failing disk, and beside a newer version: nothing crashes, nothing is lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/store/environment.h"
#include "drivers/store/pages.h"
#include "tests/unit/support/disk_fault.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 1000, FILE_MOST = 4 << 20 };

static struct store_folder folder;
static struct test_rows rows;
static char data_path[128];
static uint64_t random_state;

struct file {
    size_t size;
    unsigned char bytes[FILE_MOST];
};
static struct file pristine, damaged;

static uint64_t random_next(void) /* xorshift64 */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    (void)snprintf(data_path, sizeof data_path, "%s/alerts/data.mdb", folder.path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

static void file_read(const char *path, struct file *out)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    out->size = fread(out->bytes, 1, sizeof out->bytes, file);
    (void)fclose(file);
}

static void file_write(const char *path, const struct file *in)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(in->bytes, 1, in->size, file), in->size);
    (void)fclose(file);
}

static enum status alarm_commit(struct store *store, unsigned number)
{
    char name[32];
    (void)snprintf(name, sizeof name, "alarm_%u", number);
    const struct store_alarm alarm = {.bed = "b01", .alarm = name, .json = "{}", .json_length = 2};
    enum status status = store_begin(store);
    status = status == STATUS_OK ? store_put_alarm(store, &alarm) : status;
    status = status == STATUS_OK ? store_put_state(store, name, "0123456789", 10) : status;
    return status == STATUS_OK ? store_commit(store) : status;
}

/* A store with something of everything: rows on leaves and on pages of their own, history, free pages. */
static void make_pristine(void)
{
    struct store *store = store_folder_open(&folder);
    for (uint64_t seq = 1; seq <= 300; seq += 4) {
        assert_int_equal(test_alerts_commit(store, seq, 4, seq % 8 == 1 ? JSON : STORE_VALUE_MAX - 800), STATUS_OK);
        const uint64_t delivered[] = {seq, seq + 1};
        assert_int_equal(test_deliver(store, delivered, seq < 150 ? 2 : 0), STATUS_OK);
        assert_int_equal(alarm_commit(store, (unsigned)seq), STATUS_OK);
    }
    store_close(store);
    file_read(data_path, &pristine);
}

static enum status open_status(struct store **out)
{
    *out = NULL;
    return store_open(&folder.config, out);
}

static struct store *open_set_aside(const char *name)
{
    struct store *store = NULL;
    char wanted[160];
    (void)snprintf(wanted, sizeof wanted, "%s/%s", folder.path, name);
    assert_int_equal(open_status(&store), STATUS_CORRUPT);
    assert_non_null(store);
    assert_string_equal(store_set_aside_path(store), wanted);
    assert_int_equal(access(wanted, F_OK), 0);
    return store;
}

static void check_set_aside(const char *name)
{
    struct store *store = open_set_aside(name);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 0);
    assert_int_equal(test_alerts_commit(store, 1, 1, JSON), STATUS_OK);
    store_close(store);
    store = store_folder_open(&folder);
    assert_null(store_set_aside_path(store));
    store_close(store);
}

/* Who set it aside is killed before anything is committed to the new one: the next one is told, too. */
static void test_said_until_something_is_committed(void **state)
{
    (void)state;
    make_pristine();
    damaged.size = 3;
    file_write(data_path, &damaged);
    struct store *store = open_set_aside("alerts.damaged-1");
    assert_true(store_is_new(store));
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, "a", "b", 1), STATUS_OK);
    store_close(store);
    store = open_set_aside("alerts.damaged-1");
    assert_false(store_is_new(store)); /* of its epoch names may have been given */
    store_close(store);

    file_write(data_path, &damaged); /* that one, too */
    store_close(open_set_aside("alerts.damaged-2"));
    store = open_set_aside("alerts.damaged-2");
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, "a", "b", 1), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    store_close(store);
    store = store_folder_open(&folder);
    assert_null(store_set_aside_path(store));
    store_close(store);
}

/* It is set aside, and for a while no new one can be made. */
static void test_set_aside_and_made_later(void **state)
{
    (void)state;
    struct store *store = NULL;
    make_pristine();
    damaged.size = 3;
    file_write(data_path, &damaged);
    atomic_store(&disk_fault.make_error, ENOSPC);
    assert_int_equal(open_status(&store), STATUS_FULL);
    assert_null(store);
    atomic_store(&disk_fault.make_error, 0);
    store_close(open_set_aside("alerts.damaged-1"));
}

static void test_damaged_is_set_aside(void **state)
{
    (void)state;
    char epoch[STORE_EPOCH_MAX];
    make_pristine();
    struct store *store = store_folder_open(&folder);
    (void)snprintf(epoch, sizeof epoch, "%s", store_epoch(store));
    store_close(store);

    damaged.size = 0;
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-1");
    store = store_folder_open(&folder);
    assert_string_not_equal(store_epoch(store), epoch);
    store_close(store);

    damaged.size = pristine.size; /* nothing but zeros */
    memset(damaged.bytes, 0, damaged.size);
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-2");

    for (size_t i = 0; i < damaged.size; i++) {
        damaged.bytes[i] = (unsigned char)random_next();
    }
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-3");

    damaged = pristine;
    damaged.size = pristine.size / 2 / 4096 * 4096;
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-4");

    damaged = pristine;
    memset(damaged.bytes, 0, 4096); /* one of the two meta pages */
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-5");

    damaged = pristine;
    memset(damaged.bytes + 2 * 4096, 0, damaged.size - 2 * 4096);
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-6");

    assert_int_equal(unlink(data_path), 0);
    check_set_aside("alerts.damaged-7");
}

static void test_file_in_place_of_folder(void **state)
{
    (void)state;
    store_close(store_folder_open(&folder));
    data_path[strlen(data_path) - strlen("/data.mdb")] = '\0';
    assert_int_equal(rename(data_path, folder.base), -1);
    char away[128];
    (void)snprintf(away, sizeof away, "%s/away", folder.base);
    assert_int_equal(rename(data_path, away), 0);
    damaged.size = 3;
    file_write(data_path, &damaged);
    check_set_aside("alerts.damaged-1");
}

/* Whatever is done with a file that was accepted ends in a status. */
static void exercise(struct store *store)
{
    enum status status = test_outbox_read(store, 0, JSON, &rows);
    assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
    for (uint64_t seq = 1000; seq < 1040; seq += 4) {
        status = test_alerts_commit(store, seq, 4, STORE_VALUE_MAX - 800);
        status = status == STATUS_OK ? alarm_commit(store, (unsigned)seq) : status;
        status = status == STATUS_OK ? test_deliver(store, rows.row, rows.count < 40 ? rows.count : 40) : status;
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
    }
    status = test_history_read(store, 0, JSON, &rows);
    assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
}

static void flip_in_heads(void)
{
    const size_t page = random_next() % (damaged.size / 4096);
    damaged.bytes[page * 4096 + random_next() % 160] ^= (unsigned char)(1U << random_next() % 8);
}

static void flip_anywhere(void)
{
    damaged.bytes[random_next() % damaged.size] = (unsigned char)random_next();
}

static void test_random_damage(void **state)
{
    (void)state;
    unsigned accepted = 0, refused = 0;
    make_pristine();
    for (unsigned round = 0; round < 400; round++) {
        damaged = pristine;
        for (uint64_t flips = random_next() % 4 + 1; flips > 0; flips--) {
            (round % 2 == 0 ? flip_in_heads : flip_anywhere)();
        }
        file_write(data_path, &damaged);
        struct store *store = NULL;
        const enum status status = open_status(&store);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT || status == STATUS_WRONG_VERSION);
        accepted += status == STATUS_OK;
        refused += status == STATUS_CORRUPT;
        if (store != NULL) {
            exercise(store);
        }
        store_close(store);
        if (status == STATUS_CORRUPT) {
            char aside[160];
            (void)snprintf(aside, sizeof aside, "%s/alerts.damaged-1", folder.path);
            assert_int_equal(nftw(aside, store_folder_remove_entry, 4, FTW_DEPTH | FTW_PHYS), 0);
        }
    }
    print_message("%u accepted, %u set aside\n", accepted, refused);
    assert_true(accepted > 50); /* damage in free pages and inside rows does not cost the store */
    assert_true(refused > 50);
}

/* What LMDB itself writes is never refused. */
static void test_check_believes_lmdb(void **state)
{
    (void)state;
    uint64_t seq = 1, oldest = 1;
    struct store *store = store_folder_open(&folder);
    for (unsigned round = 0; round < 400; round++) {
        const uint32_t length = (uint32_t)(200 + random_next() % (STORE_VALUE_MAX - 200));
        enum status status = test_alerts_commit(store, seq, (uint32_t)(random_next() % 5), length);
        for (test_outbox_read(store, 0, JSON, &rows); random_next() % 3 == 0 && rows.count > 0;) {
            status = test_deliver(store, rows.row + random_next() % rows.count, 1);
        }
        status = random_next() % 4 == 0 ? alarm_commit(store, (unsigned)(random_next() % 500)) : status;
        assert_true(status == STATUS_OK || status == STATUS_FULL);
        seq += 5;
        while (status == STATUS_FULL && oldest < seq) { /* everything moves on */
            const uint64_t next[] = {oldest, oldest + 1, oldest + 2, oldest + 3};
            assert_int_equal(test_deliver(store, next, 4), STATUS_OK);
            oldest += 4;
        }
        assert_int_equal(pages_check(AT_FDCWD, data_path), STATUS_OK);
    }
    store_close(store);
}

static size_t find_bytes(const struct file *file, const void *wanted, size_t size, size_t from)
{
    for (size_t i = from; i + size <= file->size; i++) {
        if (memcmp(file->bytes + i, wanted, size) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void write_schema(unsigned char schema)
{
    make_pristine();
    damaged = pristine;
    static const char wanted[] = {'s', 'c', 'h', 'e', 'm', 'a', STORE_SCHEMA};
    unsigned found = 0;
    for (size_t at = find_bytes(&damaged, wanted, sizeof wanted, 0); at != SIZE_MAX;
         at = find_bytes(&damaged, wanted, sizeof wanted, at)) {
        damaged.bytes[at + 6] = schema;
        found++;
    }
    assert_true(found > 0);
    file_write(data_path, &damaged);
}

/* One that no migration begins with: it is kept beside the new one. */
static void test_older_schema_is_set_aside(void **state)
{
    (void)state;
    write_schema(STORE_SCHEMA_OLDEST - 1);
    struct store *store = NULL;
    assert_int_equal(open_status(&store), STATUS_CORRUPT);
    assert_non_null(store);
    assert_non_null(store_set_aside_path(store));
    store_close(store);
}

static void test_newer_schema_is_left_alone(void **state)
{
    (void)state;
    write_schema(STORE_SCHEMA + 1);
    struct store *store = NULL;
    assert_int_equal(open_status(&store), STATUS_WRONG_VERSION);
    assert_null(store);
    file_read(data_path, &pristine);
    assert_int_equal(pristine.size, damaged.size);
    assert_memory_equal(pristine.bytes, damaged.bytes, damaged.size);
}

/* One that a newer wardgate has given another table is no damaged one. */
static void test_newer_schema_with_another_table_is_left_alone(void **state)
{
    (void)state;
    static const struct layout newer = {
        "alerts", 7, {"meta", "outbox", "history", "alarms", "state", "audit", "later"}, .added = 1};
    static const unsigned char schema[4] = {STORE_SCHEMA + 1};
    struct environment e = {.layout = &newer, .root = folder.path, .bytes = TEST_STORE_BYTES / 4 * 3};
    struct transaction t;
    make_pristine();
    e.root_fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(environment_open(&e), STATUS_OK);
    assert_int_equal(transaction_begin(&e, true, &t), STATUS_OK);
    assert_int_equal(transaction_create(&t, 6), STATUS_OK);
    assert_int_equal(transaction_put(&t, 0, (struct bytes){"schema", 6}, (struct bytes){schema, sizeof schema}, false),
                     STATUS_OK);
    assert_int_equal(transaction_commit(&t), STATUS_OK);
    environment_close(&e);
    close(e.root_fd);
    file_read(data_path, &damaged);
    struct store *store = NULL;
    assert_int_equal(open_status(&store), STATUS_WRONG_VERSION);
    assert_null(store);
    file_read(data_path, &pristine);
    assert_int_equal(pristine.size, damaged.size);
    assert_memory_equal(pristine.bytes, damaged.bytes, damaged.size);
}

static void expect_other_machine(void)
{
    struct store *store = NULL;
    file_write(data_path, &damaged);
    assert_int_equal(open_status(&store), STATUS_OTHER_MACHINE);
    assert_null(store);
    assert_int_equal(store_open_to_read(folder.path, &store), STATUS_OTHER_MACHINE);
    file_read(data_path, &pristine);
    assert_int_equal(pristine.size, damaged.size);
    assert_memory_equal(pristine.bytes, damaged.bytes, damaged.size);
}

/* As LMDB on a machine of 32 bits lays its first pages out: a page's number, a pad and flags, two bounds, then the mark and the version. */
static void test_another_machine_is_left_alone(void **state)
{
    (void)state;
    static const unsigned char narrow[] = {0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0xDE, 0xC0, 0xEF, 0xBE, 1, 0, 0, 0};
    static const unsigned char swapped[] = {0, 0, 0, 0, 0,    0,    0,    0,    0, 0, 0, 8,
                                            0, 0, 0, 0, 0xBE, 0xEF, 0xC0, 0xDE, 0, 0, 0, 1};
    static const unsigned char wide[] = {0, 0, 0, 0, 0,    0,    0,    0,    0, 0, 8, 0,
                                         0, 0, 0, 0, 0xDE, 0xC0, 0xEF, 0xBE, 1, 0, 0, 0};
    const bool is_narrow = sizeof(void *) == 4; /* this machine's own is the one or the other */
    make_pristine();
    memset(damaged.bytes, 0, sizeof damaged.bytes);
    damaged.size = 32 * 4096;
    memcpy(damaged.bytes, is_narrow ? wide : narrow, is_narrow ? sizeof wide : sizeof narrow);
    memcpy(damaged.bytes + 4096, damaged.bytes, sizeof wide);
    damaged.bytes[4096] = 1;
    expect_other_machine();
    memset(damaged.bytes, 0, sizeof damaged.bytes);
    memcpy(damaged.bytes, swapped, sizeof swapped);
    expect_other_machine();
}

/* A flipped bit inside a row costs that row, tells so, and costs no other. */
static void test_damaged_row_is_passed_over(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 9, JSON), STATUS_OK);
    store_close(store);
    file_read(data_path, &damaged);
    const size_t at = find_bytes(&damaged, "{\"seq\":5", 8, 0);
    assert_int_not_equal(at, SIZE_MAX);
    damaged.bytes[at + 100] ^= 1;
    file_write(data_path, &damaged);
    store = store_folder_open(&folder);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_CORRUPT);
    assert_int_equal(rows.count, 8);
    assert_int_equal(rows.wrong, 0);
    assert_int_equal(rows.seq[4], 6);
    assert_int_equal(test_alerts_commit(store, 10, 1, JSON), STATUS_OK);
    store_close(store);
}

static bool count_rows(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    (void)at_ms;
    (void)bytes;
    (void)size;
    ++*(unsigned *)context;
    return true;
}

static void test_a_damaged_journal_is_gone_on_with(void **state)
{
    (void)state;
    unsigned found = 0;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 1, JSON), STATUS_OK);
    assert_int_equal(store_journal_put(store, 1000, "journal", 7), STATUS_OK);
    store_close(store);
    (void)snprintf(data_path, sizeof data_path, "%s/journal", folder.path);
    file_read(data_path, &damaged);
    memset(damaged.bytes, 0xFF, damaged.size);
    file_write(data_path, &damaged);
    store = store_folder_open(&folder);
    assert_null(store_set_aside_path(store));
    assert_int_equal(store_journal_each(store, 0, count_rows, &found), STATUS_OK);
    assert_int_equal(found, 0);
    assert_int_equal(store_journal_put(store, 2000, "journal", 7), STATUS_OK);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 1);
    store_close(store);
}

/* ---- a failing disk ---- */

static void check_fault(atomic_int *fault, int error, enum status expected)
{
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    const uint32_t before = rows.count;
    const uint64_t seq = before + 1;
    atomic_store(fault, error);
    for (unsigned round = 0; round < 3; round++) {
        const enum status status = test_alerts_commit(store, seq, 2, JSON);
        assert_int_equal(status, expected);
        assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
        assert_int_equal(rows.count, before); /* refused is not there */
    }
    atomic_store(fault, 0);
    assert_int_equal(test_alerts_commit(store, seq, 2, JSON), STATUS_OK);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, before + 2);
    assert_int_equal(rows.wrong, 0);
    store_close(store);
    assert_int_equal(pages_check(AT_FDCWD, data_path), STATUS_OK);
}

static void test_failing_writes_and_syncs(void **state)
{
    (void)state;
    check_fault(&disk_fault.write_error, EIO, STATUS_IO);
    check_fault(&disk_fault.write_error, ENOSPC, STATUS_FULL);
    check_fault(&disk_fault.sync_error, EIO, STATUS_IO);
    check_fault(&disk_fault.sync_error, ENOSPC, STATUS_FULL);
}

/* LMDB gives an environment up for good when it cannot write a meta page; the store opens it again by itself. */
static void test_failing_meta_page(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 2, JSON), STATUS_OK);
    atomic_store(&disk_fault.meta_error, EIO);
    assert_int_equal(test_alerts_commit(store, 3, 2, JSON), STATUS_IO);
    assert_int_not_equal(test_alerts_commit(store, 3, 2, JSON), STATUS_OK);
    assert_int_not_equal(test_alerts_commit(store, 3, 2, JSON), STATUS_OK);
    atomic_store(&disk_fault.meta_error, 0);
    enum status status = test_alerts_commit(store, 3, 2, JSON);
    if (status != STATUS_OK) { /* the one that finds out */
        status = test_alerts_commit(store, 3, 2, JSON);
    }
    assert_int_equal(status, STATUS_OK);
    assert_null(store_set_aside_path(store));
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 4);
    assert_int_equal(rows.seq[3], 4);
    store_close(store);
}

int main(void)
{
    const char *seed = getenv("WARDGATE_TEST_SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 0) : 0x9E3779B97F4A7C15;
    print_message("seed %#llx (WARDGATE_TEST_SEED)\n", (unsigned long long)random_state);
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_damaged_is_set_aside),
        STORE_TEST(test_said_until_something_is_committed),
        STORE_TEST(test_set_aside_and_made_later),
        STORE_TEST(test_file_in_place_of_folder),
        STORE_TEST(test_random_damage),
        STORE_TEST(test_check_believes_lmdb),
        STORE_TEST(test_older_schema_is_set_aside),
        STORE_TEST(test_newer_schema_is_left_alone),
        STORE_TEST(test_newer_schema_with_another_table_is_left_alone),
        STORE_TEST(test_another_machine_is_left_alone),
        STORE_TEST(test_damaged_row_is_passed_over),
        STORE_TEST(test_a_damaged_journal_is_gone_on_with),
        STORE_TEST(test_failing_writes_and_syncs),
        STORE_TEST(test_failing_meta_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
