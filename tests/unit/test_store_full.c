/* The store under load: a map that fills up, history that gives way, readers beside the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>

#include "drivers/store/pages.h"
#include "tests/unit/support/older_store.h"
#include "tests/unit/support/store_folder.h"

enum { JSON = 900 };

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

static unsigned percent_used(struct store *store)
{
    struct store_usage usage;
    store_usage(store, &usage);
    return (unsigned)(usage.alerts_bytes * 100 / usage.alerts_bytes_max);
}

static void check_pages(const char *environment)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s/data.mdb", folder.path, environment);
    assert_int_equal(pages_check(AT_FDCWD, path), STATUS_OK);
}

/* Alerts one group at a time until the store says that it is full; returns the first seq that was refused. */
static uint64_t fill(struct store *store, uint64_t seq, uint32_t json_length)
{
    enum status status = STATUS_OK;
    for (uint32_t group = store_batch_max(store); group > 0; group = status == STATUS_OK ? group : group / 2) {
        status = test_alerts_commit(store, seq, group, json_length);
        seq += status == STATUS_OK ? group : 0;
    }
    assert_int_equal(status, STATUS_FULL);
    return seq;
}

/* Undelivered alerts are never given up; delivering makes room; what is delivered gives way to what is new. */
static void test_full_outbox_recovers(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_true(store_batch_max(store) >= 4);
    const uint64_t refused = fill(store, 1, JSON);
    assert_in_range(percent_used(store), 74, 77);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, refused - 1);
    assert_int_equal(rows.wrong, 0);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_false(store_has_room(store));
    store_abort(store);

    uint64_t seq = refused;
    for (unsigned round = 0; round < 400; round++) { /* steady: each group delivers as many as it adds */
        struct test_rows *oldest = &rows;
        *oldest = (struct test_rows){.json_length = JSON};
        assert_int_equal(store_each_outbox(store, 0, 8, test_rows_visit, oldest), STATUS_OK);
        assert_int_equal(test_deliver(store, oldest->row, oldest->count), STATUS_OK);
        const enum status status = test_alerts_commit(store, seq, 4, JSON);
        assert_true(status == STATUS_OK || status == STATUS_FULL);
        seq += status == STATUS_OK ? 4 : 0;
        assert_in_range(percent_used(store), 10, 79);
    }
    assert_true(seq > refused + 1000);
    struct store_usage usage;
    store_usage(store, &usage);
    assert_true(usage.history_rows > 0);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.wrong, 0);
    for (unsigned i = 0; i < rows.count; i++) { /* no hole: the newest ones, all of them */
        assert_int_equal(rows.seq[i], seq - rows.count + i);
    }
    store_close(store);
    check_pages("alerts");
    store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, seq, 1, JSON), STATUS_OK);
    store_close(store);
}

static void test_largest_alerts_fill_and_drain(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    const uint64_t refused = fill(store, 1, STORE_VALUE_MAX);
    assert_int_equal(test_outbox_read(store, 0, STORE_VALUE_MAX, &rows), STATUS_OK);
    assert_int_equal(rows.count, refused - 1);
    for (uint32_t i = 0; i < rows.count; i += store_batch_max(store)) {
        const uint32_t left = rows.count - i;
        assert_int_equal(
            test_deliver(store, rows.row + i, left < store_batch_max(store) ? left : store_batch_max(store)),
            STATUS_OK);
    }
    const uint64_t again = fill(store, refused, STORE_VALUE_MAX); /* history made room for a whole outbox again */
    assert_true(again - refused > refused / 2);
    struct store_usage usage;
    store_usage(store, &usage);
    assert_int_equal(usage.history_rows, 1); /* the last one stays: rows are numbered on from it */
    store_close(store);
    check_pages("alerts");
}

static void test_history_keeps_what_fits(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    for (uint64_t seq = 1; seq < 6000; seq += 4) {
        assert_int_equal(test_alerts_commit(store, seq, 4, JSON), STATUS_OK);
        const uint64_t delivered[] = {seq, seq + 1, seq + 2, seq + 3};
        assert_int_equal(test_deliver(store, delivered, 4), STATUS_OK);
    }
    assert_in_range(percent_used(store), 40, 65);
    assert_int_equal(test_history_read(store, 0, JSON, &rows), STATUS_OK);
    assert_true(rows.count > 1000);
    assert_int_equal(rows.seq[rows.count - 1], 6000);
    assert_int_equal(rows.seq[0], 6001 - rows.count);
    store_close(store);
}

static enum status omit(struct store *store, const uint64_t *omitted, uint32_t count)
{
    enum status status = store_begin(store);
    status = status == STATUS_OK ? store_omit(store, omitted, count, 0, NULL) : status;
    return status == STATUS_OK ? store_commit(store) : status;
}

/* One transaction that is far too large for the map (it touches every page of a full outbox) fails as a whole, and does not stand in the way of the next. */
static void test_too_much_at_once(void **state)
{
    (void)state;
    static uint64_t here_and_there[sizeof rows.row / sizeof rows.row[0] / 4];
    struct store *store = store_folder_open(&folder);
    const uint64_t refused = fill(store, 1, JSON);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    for (uint32_t i = 0; i < rows.count / 4; i++) {
        here_and_there[i] = rows.row[4 * i];
    }
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(omit(store, here_and_there, rows.count / 4), STATUS_FULL);
    }
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, refused - 1);
    for (uint32_t i = 0; i < rows.count; i += 4) {
        assert_int_equal(test_deliver(store, rows.row + i, rows.count - i < 4 ? rows.count - i : 4), STATUS_OK);
    }
    assert_int_equal(test_alerts_commit(store, refused, 4, JSON), STATUS_OK);
    store_close(store);
    check_pages("alerts");
}

/* States are few by configuration; should they ever not be, they stop short of the brim, from which there is no way back. */
static void test_states_stop_short_of_the_brim(void **state)
{
    (void)state;
    static const char value[3000];
    const struct store_alarm alarm = {.bed = "b01", .alarm = "spo2_low", .json = "{}", .json_length = 2};
    struct store *store = store_folder_open(&folder);
    enum status status = test_alerts_commit(store, 1, 4, JSON);
    for (unsigned i = 0; status == STATUS_OK; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key%u", i);
        status = store_begin(store);
        status = status == STATUS_OK ? store_put_state(store, key, value, sizeof value) : status;
        status = status == STATUS_OK ? store_commit(store) : status;
    }
    assert_int_equal(status, STATUS_FULL);
    assert_in_range(percent_used(store), 89, 92);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alarm(store, &alarm), STATUS_FULL);
    assert_int_equal(test_alerts_commit(store, 5, 1, JSON), STATUS_FULL);
    assert_int_equal(test_deliver(store, (const uint64_t[]){1, 2, 3, 4}, 4), STATUS_OK);
    store_close(store);
    check_pages("alerts");
}

/* A configuration that makes the store smaller than what is in it: all of it stays, with room for more, and history gives way to the new size. */
static void test_a_store_made_smaller(void **state)
{
    (void)state;
    folder.config.size_bytes = 4 * TEST_STORE_BYTES;
    struct store *store = store_folder_open(&folder);
    uint64_t seq = 1;
    while (percent_used(store) < 50) {
        assert_int_equal(test_alerts_commit(store, seq, 8, JSON), STATUS_OK);
        const uint64_t delivered[] = {seq, seq + 1, seq + 2, seq + 3};
        assert_int_equal(test_deliver(store, delivered, 4), STATUS_OK); /* the other half waits */
        seq += 8;
    }
    struct store_usage before, after;
    store_usage(store, &before);
    store_close(store);

    folder.config.size_bytes = TEST_STORE_BYTES;
    store = store_folder_open(&folder);
    store_usage(store, &after);
    assert_int_equal(after.outbox_rows, before.outbox_rows);
    assert_int_equal(after.history_rows, before.history_rows);
    assert_true(after.alerts_bytes_max > TEST_STORE_BYTES && after.alerts_bytes_max < before.alerts_bytes_max);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, before.outbox_rows);
    assert_int_equal(rows.wrong, 0);
    for (unsigned i = 0; i < 200; i++, seq += 4) { /* new ones find room, and history goes */
        assert_int_equal(test_alerts_commit(store, seq, 4, JSON), STATUS_OK);
    }
    store_usage(store, &after);
    assert_true(after.history_rows < before.history_rows / 2);
    assert_int_equal(after.outbox_rows, before.outbox_rows + 800);
    store_close(store);

    store = store_folder_open(&folder);
    store_usage(store, &after);
    assert_int_equal(after.outbox_rows, before.outbox_rows + 800);
    assert_int_equal(test_alerts_commit(store, seq, 4, JSON), STATUS_OK);
    store_close(store);
    check_pages("alerts");
}

/* With a new wardgate and a smaller size at once: what brings it forward has room, too. */
static void test_an_older_store_made_smaller(void **state)
{
    (void)state;
    for (unsigned schema = STORE_SCHEMA_OLDEST; schema < STORE_SCHEMA; schema++) {
        folder.config.size_bytes = 4 * TEST_STORE_BYTES;
        struct store *store = store_folder_open(&folder);
        struct store_usage usage;
        const uint64_t refused = fill(store, 1, STORE_VALUE_MAX);
        store_usage(store, &usage);
        const uint64_t rows_before = usage.outbox_rows + usage.history_rows;
        store_close(store);
        assert_true(older_store_make(folder.path, schema));
        folder.config.size_bytes = TEST_STORE_BYTES;
        store = store_folder_open(&folder);
        assert_null(store_set_aside_path(store));
        store_usage(store, &usage);
        assert_int_equal(usage.outbox_rows + usage.history_rows, rows_before);
        assert_int_equal(test_alerts_commit(store, refused, 1, JSON), STATUS_OK);
        store_close(store);
        store_folder_fini(&folder);
        store_folder_init(&folder);
    }
}

/* As full as it may be, and what is delivered moves to another table, behind which new alerts come already. */
static void test_an_older_full_outbox_drains(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {250, JSON, 2100, STORE_VALUE_MAX};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct store *store = store_folder_open(&folder);
        uint64_t seq = fill(store, 1, lengths[i]);
        const uint64_t refused = seq;
        store_close(store);
        assert_true(older_store_make(folder.path, STORE_SCHEMA - 1));
        store = store_folder_open(&folder);
        assert_null(store_set_aside_path(store));
        uint64_t delivered = 0;
        for (rows.count = 1; rows.count > 0;) {
            rows = (struct test_rows){.json_length = lengths[i]};
            assert_int_equal(store_each_outbox(store, 0, store_batch_max(store), test_rows_visit, &rows), STATUS_OK);
            assert_int_equal(store_begin(store), STATUS_OK);
            for (unsigned r = 0; r < rows.count; r++) {
                assert_int_equal(rows.seq[r], ++delivered);
                assert_int_equal(store_mark_delivered(store, rows.row[r]), STATUS_OK);
            }
            for (uint32_t put = 0; put < store_batch_max(store) && seq < refused + 300 && store_has_room(store);
                 put++) {
                struct test_alert t = {.bed = ""};
                assert_int_equal(store_put_alert(store, test_alert_make(&t, seq++, lengths[i])), STATUS_OK);
            }
            assert_int_equal(store_commit(store), STATUS_OK);
            assert_in_range(percent_used(store), 1, 80);
        }
        assert_int_equal(delivered, seq - 1);
        assert_int_equal(rows.wrong, 0);
        assert_true(seq > refused + 100);
        store_close(store);
        check_pages("alerts");
        store_folder_fini(&folder);
        store_folder_init(&folder);
    }
}

/* ---- readers beside the writer ---- */

struct reader {
    struct store *store;
    pthread_t thread;
    atomic_bool stop;
    unsigned rounds, faults;
};

static bool in_order(void *context, const struct store_alert *alert)
{
    struct test_rows *seen = context;
    seen->wrong += seen->count > 0 && alert->seq != seen->seq[0] + seen->count;
    seen->seq[0] = seen->count == 0 ? alert->seq : seen->seq[0];
    seen->wrong += !test_alert_is(alert, alert->seq, JSON);
    seen->count++;
    return true;
}

static void *read_for_ever(void *argument)
{
    struct reader *reader = argument;
    struct test_rows *seen = malloc(sizeof *seen);
    while (seen != NULL && !atomic_load(&reader->stop)) {
        struct store_usage usage;
        uint64_t numbers[2] = {0, 0};
        size_t length = 0;
        *seen = (struct test_rows){0};
        reader->faults += store_each_outbox(reader->store, 0, 4096, in_order, seen) != STATUS_OK || seen->wrong > 0;
        const enum status status = store_get_state(reader->store, "pair", numbers, sizeof numbers, &length);
        reader->faults += (status != STATUS_OK && status != STATUS_NOT_FOUND) || numbers[0] != numbers[1];
        store_usage(reader->store, &usage);
        reader->faults += usage.alerts_bytes == 0;
        reader->rounds++;
    }
    free(seen);
    return NULL;
}

static void test_readers_beside_the_writer(void **state)
{
    (void)state;
    static struct reader readers[3];
    static struct test_alert t;
    folder.config.size_bytes =
        16 * TEST_STORE_BYTES; /* a reader that the machine forgets for a while holds pages back */
    struct store *store = store_folder_open(&folder);
    for (unsigned i = 0; i < 3; i++) {
        readers[i].store = store;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_for_ever, &readers[i]), 0);
    }
    for (uint64_t seq = 1; seq <= 800; seq++) {
        const uint64_t pair[2] = {seq, seq};
        assert_int_equal(store_begin(store), STATUS_OK);
        assert_int_equal(store_put_alert(store, test_alert_make(&t, seq, JSON)), STATUS_OK);
        assert_int_equal(store_put_state(store, "pair", pair, sizeof pair), STATUS_OK);
        assert_int_equal(store_mark_delivered(store, seq > 20 ? seq - 20 : 0), STATUS_OK);
        assert_int_equal(store_commit(store), STATUS_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        atomic_store(&readers[i].stop, true);
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_true(readers[i].rounds > 0);
        assert_int_equal(readers[i].faults, 0);
    }
    store_close(store);
}

/* ---- a disk that has not the room that the store is to have ---- */

/* A file beside the store that takes what is left, to the last page. */
static void filler_write(void)
{
    static const char zeros[4096];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/filler", folder.path);
    const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void filler_remove(void)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/filler", folder.path);
    assert_int_equal(unlink(path), 0);
}

static uint64_t reserved_bytes(void)
{
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/alerts/data.mdb", folder.path);
    assert_int_equal(stat(path, &info), 0);
    return (uint64_t)info.st_blocks * 512;
}

/* As of a copy, or on a file system that cannot reserve. */
static void reserved_give_back(void)
{
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/alerts/data.mdb", folder.path);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, info.st_size, TEST_STORE_BYTES), 0);
    close(fd);
}

/* It is opened as it is, refuses what does not fit and loses nothing by that, and takes its room as soon as there is some. */
static void test_existing_store_on_a_full_disk(void **state)
{
    (void)state;
    assert_int_equal(mkdir(folder.path, 0700), 0);
    if (mount("tmpfs", folder.path, "tmpfs", 0, "size=5m") != 0) {
        print_message("SKIPPED: no mount permitted here (%s)\n", strerror(errno));
        skip();
    }
    struct store *store = store_folder_open(&folder);
    assert_false(store_lacks_room(store));
    assert_int_equal(test_alerts_commit(store, 1, 10, JSON), STATUS_OK);
    store_close(store);
    reserved_give_back();
    filler_write();

    store = store_folder_open(&folder);
    assert_true(store_lacks_room(store));
    const uint64_t refused = fill(store, 11, JSON);
    assert_in_range(percent_used(store), 0, 50); /* it was not the map that was full */
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, refused - 1);
    assert_int_equal(rows.wrong, 0);
    filler_remove();
    assert_int_equal(test_alerts_commit(store, refused, 8, JSON), STATUS_OK);
    assert_false(store_lacks_room(store));
    assert_true(reserved_bytes() >= TEST_STORE_BYTES / 4 * 3);
    store_close(store);
    check_pages("alerts");
    assert_int_equal(umount(folder.path), 0);
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_full_outbox_recovers),          STORE_TEST(test_largest_alerts_fill_and_drain),
        STORE_TEST(test_history_keeps_what_fits),       STORE_TEST(test_too_much_at_once),
        STORE_TEST(test_states_stop_short_of_the_brim), STORE_TEST(test_a_store_made_smaller),
        STORE_TEST(test_an_older_store_made_smaller),   STORE_TEST(test_an_older_full_outbox_drains),
        STORE_TEST(test_readers_beside_the_writer),     STORE_TEST(test_existing_store_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
