/*
 * A store between two wardgates, the second of which is on trial: it works in the form that the first one reads until it may bring it forward, so going back loses
 * nothing. The second one is this program with a made schema more (formats_next).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/restore_numbers.h"
#include "drivers/store/store_internal.h"
#include "tests/unit/support/commit_rig.h"
#include "tests/unit/support/older_store.h"

enum { JSON = 300 };

static struct store_folder folder;
static struct test_rows rows;

static unsigned steps_taken;

static enum status step_to_next(const struct transaction *t)
{
    steps_taken++;
    return transaction_put(t, DB_STATE, text_bytes("made"), text_bytes("by the next one"), false);
}

static const struct store_step steps_next[] = {{STORE_SCHEMA, step_to_next}};
static const struct store_formats formats_next = {
    .newest = STORE_SCHEMA + 1, .works = STORE_SCHEMA, .oldest = STORE_SCHEMA, .steps = steps_next, .step_count = 1};
/* One that has forgotten how to work in the form before. */
static const struct store_formats formats_strict = {.newest = STORE_SCHEMA + 1,
                                                    .works = STORE_SCHEMA + 1,
                                                    .oldest = STORE_SCHEMA,
                                                    .steps = steps_next,
                                                    .step_count = 1};

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    steps_taken = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

static struct store *open_as(const struct store_formats *formats)
{
    folder.config.formats = formats;
    return store_folder_open(&folder);
}

static enum status status_as(const struct store_formats *formats)
{
    struct store *store = NULL;
    folder.config.formats = formats;
    const enum status status = store_open(&folder.config, &store);
    store_close(store);
    return status;
}

static void limit(uint32_t schema)
{
    assert_int_equal(store_limit_schema(folder.path, schema), STATUS_OK);
}

static void write_limit(const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/schema-most", folder.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static size_t read_data(unsigned char *out, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/alerts/data.mdb", folder.path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t length = fread(out, 1, size, file);
    (void)fclose(file);
    return length;
}

/* The outbox and history together hold alerts 1 to `newest`, each once, in order, in rows of their own. */
static void check_alerts(struct store *store, uint64_t newest)
{
    uint64_t row = 0, seq = 0;
    rows = (struct test_rows){.json_length = JSON};
    assert_int_equal(store_each_alert(store, 0, 4096, test_rows_visit, &rows), STATUS_OK);
    assert_int_equal(rows.wrong, 0);
    assert_int_equal(rows.count, newest);
    for (unsigned i = 0; i < rows.count; i++) {
        assert_int_equal(rows.seq[i], ++seq);
        assert_true(rows.row[i] > row);
        row = rows.row[i];
    }
    assert_int_equal(store_last_row(store), row);
}

static void deliver_oldest(struct store *store, uint32_t count)
{
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_true(rows.count >= count);
    assert_int_equal(test_deliver(store, rows.row, count), STATUS_OK);
}

/* ---- on trial ---- */

static void test_a_trial_that_fails(void **state)
{
    (void)state;
    struct store *store = open_as(NULL);
    assert_int_equal(store_schema(store), STORE_SCHEMA);
    assert_int_equal(test_alerts_commit(store, 1, 40, JSON), STATUS_OK);
    deliver_oldest(store, 10);
    store_close(store);
    limit(STORE_SCHEMA);

    store = open_as(&formats_next);
    assert_int_equal(store_schema(store), STORE_SCHEMA);
    check_alerts(store, 40);
    assert_int_equal(test_alerts_commit(store, 41, 25, JSON), STATUS_OK);
    deliver_oldest(store, 35); /* also of its own */
    store_close(store);
    assert_int_equal(steps_taken, 0);

    store = open_as(NULL);
    assert_null(store_set_aside_path(store));
    check_alerts(store, 65);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 65 - 45);
    assert_int_equal(rows.seq[0], 46);
    assert_int_equal(test_alerts_commit(store, 66, 5, JSON), STATUS_OK);
    check_alerts(store, 70);
    store_close(store);
}

static void test_a_trial_that_succeeds(void **state)
{
    (void)state;
    static unsigned char before[4 << 20], after[4 << 20];
    struct store *store = open_as(NULL);
    assert_int_equal(test_alerts_commit(store, 1, 40, JSON), STATUS_OK);
    store_close(store);
    limit(STORE_SCHEMA);
    store = open_as(&formats_next);
    assert_int_equal(test_alerts_commit(store, 41, 2, JSON), STATUS_OK);
    limit(STORE_SCHEMA + 1); /* what is open stays as it is */
    assert_int_equal(test_alerts_commit(store, 43, 2, JSON), STATUS_OK);
    assert_int_equal(store_schema(store), STORE_SCHEMA);
    store_close(store);

    store = open_as(&formats_next);
    assert_int_equal(store_schema(store), STORE_SCHEMA + 1);
    assert_int_equal(steps_taken, 1);
    check_alerts(store, 44);
    store_close(store);

    const size_t size = read_data(before, sizeof before);
    assert_int_equal(status_as(NULL), STATUS_WRONG_VERSION); /* which is why it had to wait */
    assert_int_equal(read_data(after, sizeof after), size);
    assert_memory_equal(before, after, size);
}

static void test_without_a_limit_it_goes_at_once(void **state)
{
    (void)state;
    struct store *store = open_as(NULL);
    assert_int_equal(test_alerts_commit(store, 1, 4, JSON), STATUS_OK);
    store_close(store);
    store = open_as(&formats_next);
    assert_int_equal(store_schema(store), STORE_SCHEMA + 1);
    check_alerts(store, 4);
    store_close(store);
}

/* A limit from the times before does not take anything back. */
static void test_a_limit_behind_the_store(void **state)
{
    (void)state;
    store_close(open_as(&formats_next));
    limit(STORE_SCHEMA);
    struct store *store = open_as(&formats_next);
    assert_int_equal(store_schema(store), STORE_SCHEMA + 1);
    store_close(store);
}

static void test_an_unreadable_limit_keeps_the_store(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "six\n", "6", "99999999999\n", "-1\n"};
    store_close(open_as(NULL));
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_limit(texts[i]);
        struct store *store = open_as(&formats_next);
        assert_int_equal(store_schema(store), STORE_SCHEMA);
        store_close(store);
    }
    limit(STORE_SCHEMA + 1);
    struct store *store = open_as(&formats_next);
    assert_int_equal(store_schema(store), STORE_SCHEMA + 1);
    store_close(store);
}

/* Whatever an interrupted one, or somebody else, left under the name that a limit is written to first. */
static void test_a_limit_is_set_over_leavings(void **state)
{
    (void)state;
    char stage[128], other[128];
    struct stat found;
    store_close(open_as(NULL));
    (void)snprintf(stage, sizeof stage, "%s/schema-most.next", folder.path);
    (void)snprintf(other, sizeof other, "%s/other", folder.base);
    assert_int_equal(symlink(other, stage), 0);
    limit(STORE_SCHEMA);
    assert_int_not_equal(lstat(other, &found), 0);
    assert_int_not_equal(lstat(stage, &found), 0);
    struct store *store = open_as(&formats_next);
    assert_int_equal(store_schema(store), STORE_SCHEMA);
    store_close(store);
    assert_int_equal(store_limit_of(folder.path), STORE_SCHEMA);
    assert_int_equal(store_limit_schema("/nowhere/at/all", 1), STATUS_NOT_FOUND);
    assert_int_equal(store_limit_of("/nowhere/at/all"), 0);
}

/* ---- what a limit leaves is too old ---- */

static void test_one_that_cannot_work_in_it(void **state)
{
    (void)state;
    static unsigned char before[4 << 20], after[4 << 20];
    struct store *store = open_as(NULL);
    assert_int_equal(test_alerts_commit(store, 1, 12, JSON), STATUS_OK);
    store_close(store);
    limit(STORE_SCHEMA);
    const size_t size = read_data(before, sizeof before);
    assert_int_equal(status_as(&formats_strict), STATUS_WRONG_VERSION);
    assert_int_equal(read_data(after, sizeof after), size);
    assert_memory_equal(before, after, size);
    store = open_as(NULL);
    check_alerts(store, 12);
    store_close(store);
    limit(STORE_SCHEMA + 1);
    store = open_as(&formats_strict);
    assert_int_equal(store_schema(store), STORE_SCHEMA + 1);
    check_alerts(store, 12);
    store_close(store);
}

/* This program itself, on a store of one before. */
static void test_this_program_on_an_older_store(void **state)
{
    (void)state;
    for (unsigned schema = STORE_SCHEMA_OLDEST; schema < STORE_SCHEMA; schema++) {
        struct store *store = open_as(NULL);
        assert_int_equal(test_alerts_commit(store, 1, 12, JSON), STATUS_OK);
        store_close(store);
        assert_true(older_store_make(folder.path, schema));
        limit(schema);
        assert_int_equal(status_as(NULL), schema < STORE_SCHEMA_WORKS ? STATUS_WRONG_VERSION : STATUS_OK);
        limit(STORE_SCHEMA);
        store = open_as(NULL);
        assert_int_equal(store_schema(store), STORE_SCHEMA);
        check_alerts(store, 12);
        store_close(store);
        store_folder_fini(&folder);
        store_folder_init(&folder);
    }
}

/* Without a limit it would be set aside, and the wardgate before would miss it. */
static void test_too_old_is_not_set_aside_on_trial(void **state)
{
    (void)state;
    static const struct store_formats later = {
        .newest = STORE_SCHEMA + 2, .works = STORE_SCHEMA + 1, .oldest = STORE_SCHEMA + 1};
    struct store *store = open_as(NULL);
    assert_int_equal(test_alerts_commit(store, 1, 12, JSON), STATUS_OK);
    store_close(store);
    limit(STORE_SCHEMA + 2);
    assert_int_equal(status_as(&later), STATUS_WRONG_VERSION);
    store = open_as(NULL);
    check_alerts(store, 12);
    store_close(store);
}

/* ---- a new store on trial ---- */

static void test_a_new_one_is_of_the_form_before(void **state)
{
    (void)state;
    store_close(open_as(NULL));
    limit(STORE_SCHEMA);
    char data[128];
    (void)snprintf(data, sizeof data, "%s/alerts/data.mdb", folder.path);
    assert_int_equal(truncate(data, 5000), 0);
    struct store *store = NULL;
    folder.config.formats = &formats_next;
    assert_int_equal(store_open(&folder.config, &store), STATUS_CORRUPT);
    assert_non_null(store);
    assert_int_equal(store_schema(store), STORE_SCHEMA);
    assert_int_equal(test_alerts_commit(store, 1, 3, JSON), STATUS_OK);
    store_close(store);
    store = open_as(NULL);
    check_alerts(store, 3);
    store_close(store);
}

static void test_read_beside_a_gateway(void **state)
{
    (void)state;
    struct store *store = open_as(NULL), *reader = NULL;
    assert_int_equal(store_open_to_read(folder.path, &reader), STATUS_OK);
    assert_int_equal(store_schema(reader), STORE_SCHEMA);
    store_close(reader);
    store_close(store);
}

/* ---- the gateway's own work over it: numbers, states, alarms ---- */

static void run_as(const struct store_formats *formats, unsigned alerts)
{
    struct commit_rig *r = &commit_rig;
    struct state_numbers numbers = {.seq = 0};
    size_t length = 0;
    r->folder.config.formats = formats;
    commit_rig_make(true);
    const enum status status = store_get_state(commit_rig_store(), STATE_NUMBERS, &numbers, sizeof numbers, &length);
    assert_int_equal(status, r->seq == 0 ? STATUS_NOT_FOUND : STATUS_OK);
    assert_int_equal(numbers.seq, r->seq); /* it goes on with what the one before gave */
    for (unsigned i = 0; i < alerts; i++) {
        commit_rig_alert(i % RIG_BEDS, i % 3 == 2 ? PHASE_END : PHASE_START);
        if (i % 5 == 4) {
            commit_rig_round(1000000);
        }
    }
    commit_rig_round(1000000);
    commit_rig_unmake();
}

static void test_numbers_go_on_through_a_trial(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    static struct commit_rig_rows found;
    run_as(NULL, 30);
    assert_int_equal(store_limit_schema(r->folder.path, STORE_SCHEMA), STATUS_OK);
    run_as(&formats_next, 30);
    run_as(NULL, 30);          /* it fell back */
    run_as(&formats_next, 30); /* tried again */
    assert_int_equal(store_limit_schema(r->folder.path, STORE_SCHEMA + 1), STATUS_OK);
    steps_taken = 0;
    run_as(&formats_next, 30);
    assert_int_equal(steps_taken, 1);
    r->folder.config.formats = &formats_next;
    commit_rig_make(true);
    commit_rig_outbox(&found);
    assert_int_equal(found.count, 150);
    for (unsigned i = 0; i < found.count; i++) {
        assert_int_equal(found.seq[i], i + 1);
    }
    commit_rig_unmake();
}

#define SCHEMA_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCHEMA_TEST(test_a_trial_that_fails),
        SCHEMA_TEST(test_a_trial_that_succeeds),
        SCHEMA_TEST(test_without_a_limit_it_goes_at_once),
        SCHEMA_TEST(test_a_limit_behind_the_store),
        SCHEMA_TEST(test_an_unreadable_limit_keeps_the_store),
        SCHEMA_TEST(test_a_limit_is_set_over_leavings),
        SCHEMA_TEST(test_one_that_cannot_work_in_it),
        SCHEMA_TEST(test_this_program_on_an_older_store),
        SCHEMA_TEST(test_too_old_is_not_set_aside_on_trial),
        SCHEMA_TEST(test_a_new_one_is_of_the_form_before),
        SCHEMA_TEST(test_read_beside_a_gateway),
        cmocka_unit_test_setup_teardown(test_numbers_go_on_through_a_trial, commit_rig_setup, commit_rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
