/* The store under load: a map that fills up, history that gives way, a journal that turns over, readers beside the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "drivers/store/pages.h"
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

/* One transaction that is far too large for the map fails as a whole, and does not stand in the way of the next. */
static void test_too_much_at_once(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    const uint64_t refused = fill(store, 1, JSON);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(test_deliver(store, rows.row, rows.count), STATUS_FULL);
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

/* ---- the journal ---- */

struct journal_seen {
    int64_t at_ms[512];
    size_t size[512];
    unsigned count, wrong;
};

static bool see_journal(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    struct journal_seen *seen = context;
    const unsigned char *body = bytes;
    seen->wrong += size == 0 || body[0] != (unsigned char)at_ms || body[size - 1] != (unsigned char)at_ms;
    seen->size[seen->count] = size;
    seen->at_ms[seen->count++] = at_ms;
    return seen->count < 512;
}

static enum status put_journal(struct store *store, int64_t at_ms, size_t size)
{
    static unsigned char row[STORE_JOURNAL_MAX + 1];
    memset(row, (unsigned char)at_ms, sizeof row);
    return store_journal_put(store, at_ms, INT64_MIN, row, size);
}

static void test_journal(void **state)
{
    (void)state;
    static struct journal_seen seen;
    struct store *store = store_folder_open(&folder);
    for (int64_t at_ms = -3; at_ms <= 3; at_ms++) {
        assert_int_equal(put_journal(store, at_ms * 1000, 100), STATUS_OK);
    }
    assert_int_equal(put_journal(store, 5000, STORE_PIECE_MAX + 1), STATUS_OK);
    static const unsigned char last[50] = {[0] = 5000 & 0xFF, [49] = 5000 & 0xFF};
    assert_int_equal(store_journal_put(store, 5000, -1000, last, sizeof last), STATUS_OK);
    assert_int_equal(put_journal(store, 6000, STORE_JOURNAL_MAX + 1), STATUS_TOO_LARGE);
    seen = (struct journal_seen){0};
    assert_int_equal(store_journal_each(store, INT64_MIN, see_journal, &seen), STATUS_OK);
    assert_int_equal(seen.count, 8);
    assert_int_equal(seen.wrong, 0);
    assert_int_equal(seen.at_ms[0], -1000);
    assert_int_equal(seen.at_ms[5], 5000);
    assert_int_equal(seen.size[5], STORE_PIECE_MAX);
    assert_int_equal(seen.size[6], 1);
    assert_int_equal(seen.size[7], 50);
    store_close(store);

    store = store_folder_open(&folder);
    seen = (struct journal_seen){0};
    assert_int_equal(store_journal_each(store, 1001, see_journal, &seen), STATUS_OK);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.at_ms[0], 2000);
    assert_int_equal(store_journal_clear(store), STATUS_OK);
    seen = (struct journal_seen){0};
    assert_int_equal(store_journal_each(store, INT64_MIN, see_journal, &seen), STATUS_OK);
    assert_int_equal(seen.count, 0);
    store_close(store);
}

/* The oldest pieces give way; many small ones and then the largest is the hardest case. */
static void test_journal_turns_over(void **state)
{
    (void)state;
    static struct journal_seen seen;
    struct store *store = store_folder_open(&folder);
    int64_t at_ms = 0;
    for (unsigned i = 0; i < 6000; i++) {
        assert_int_equal(put_journal(store, ++at_ms, 200), STATUS_OK);
    }
    unsigned refused = 0;
    for (unsigned i = 0; i < 1000; i++) {
        const enum status status = put_journal(store, ++at_ms, STORE_JOURNAL_MAX);
        assert_true(status == STATUS_OK || (status == STATUS_FULL && i < 300));
        refused += status == STATUS_FULL;
    }
    assert_in_range(refused, 1, 300); /* while the many small ones went */
    seen = (struct journal_seen){0};
    assert_int_equal(store_journal_each(store, at_ms - 5, see_journal, &seen), STATUS_OK);
    assert_int_equal(seen.count, 6 * 9);
    assert_int_equal(seen.wrong, 0);
    assert_int_equal(seen.at_ms[seen.count - 1], at_ms);
    store_close(store);
    check_pages("trends");
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

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_full_outbox_recovers),
        STORE_TEST(test_largest_alerts_fill_and_drain),
        STORE_TEST(test_history_keeps_what_fits),
        STORE_TEST(test_too_much_at_once),
        STORE_TEST(test_states_stop_short_of_the_brim),
        STORE_TEST(test_journal),
        STORE_TEST(test_journal_turns_over),
        STORE_TEST(test_readers_beside_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
