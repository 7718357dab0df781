/* Alerts around a store that does not commit: what is noted of them for the next start, from before the first one until all are stored; and an epoch that
 * goes on with a store's numbers. */
#include "tests/unit/support/commit_rig.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/unit/support/disk_fault.h"

static struct commit_rig_rows rows;
static struct direct_alert direct;
static struct around around, next_start;

static void forget_folder(const char *folder)
{
    struct stat info;
    char name[64];
    assert_int_equal(stat(folder, &info), 0);
    (void)snprintf(name, sizeof name, "/wardgate-%jx-%jx", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    (void)shm_unlink(name);
}

static void forget(void)
{
    forget_folder(commit_rig.folder.base);
}

/* The store's folder is not there before it is opened: the one around it will do. */
static int set_up(void **state)
{
    (void)commit_rig_setup(state);
    forget();
    assert_int_equal(around_open(&around, commit_rig.folder.base), STATUS_OK);
    assert_int_equal(around_open(&next_start, commit_rig.folder.base), STATUS_OK);
    commit_rig.around = &around;
    return 0;
}

static int tear_down(void **state)
{
    atomic_store(&disk_fault.sync_error, 0);
    atomic_store(&disk_fault.meta_error, 0);
    atomic_store(&disk_fault.write_error, 0);
    atomic_store(&disk_fault.make_error, 0);
    around_close(&around);
    around_close(&next_start);
    forget();
    return commit_rig_teardown(state);
}

static void begin(void)
{
    commit_rig_make(true);
    around_begin(&around, commit_rig.epoch, 0);
}

static void expect(bool settled)
{
    assert_int_equal(around_is_settled(&next_start, commit_rig.epoch, UINT64_MAX), settled);
}

static void rounds(unsigned count, int64_t each_us)
{
    for (unsigned i = 0; i < count; i++) {
        commit_rig_round(each_us);
    }
}

static unsigned pop_all(void)
{
    unsigned count = 0;
    while (commit_rig_pop_direct(&direct)) {
        count++;
    }
    return count;
}

static void test_nothing_is_known_of_another_epoch(void **state)
{
    (void)state;
    assert_false(around_is_settled(&next_start, "", UINT64_MAX));
    around_begin(&around, "0123456789abcdef", 0);
    assert_true(around_is_settled(&next_start, "0123456789abcdef", UINT64_MAX));
    assert_false(around_is_settled(&next_start, "fedcba9876543210", UINT64_MAX));
    around_note(&around);
    assert_false(around_is_settled(&next_start, "0123456789abcdef", UINT64_MAX));
    around_begin(&around, "fedcba9876543210", 0);
    assert_false(around_is_settled(&next_start, "0123456789abcdef", UINT64_MAX));
    struct around none = {.page = NULL};
    around_begin(&none, "0123456789abcdef", 0);
    around_note(&none);
    around_settle(&none);
    around_close(&none);
    assert_false(around_is_settled(&none, "0123456789abcdef", UINT64_MAX));
}

/* What the store has by the end of each commit: one that has less is not the one that was left. */
static void test_what_is_stored_is_noted(void **state)
{
    (void)state;
    begin();
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    assert_true(around_is_settled(&next_start, commit_rig.epoch, 0));
    rounds(3, 50000);
    assert_false(around_is_settled(&next_start, commit_rig.epoch, 1));
    assert_true(around_is_settled(&next_start, commit_rig.epoch, 2));
    atomic_store(&disk_fault.sync_error, EIO);
    commit_rig_alert(0, PHASE_END);
    rounds(4, 50000);
    assert_true(around_is_settled(&next_start, commit_rig.epoch, 2));
    struct around none = {.page = NULL};
    around_stored(&none, 1);
}

static void test_a_short_fault_is_not_noted(void **state)
{
    (void)state;
    begin();
    commit_rig_alert(0, PHASE_START);
    atomic_store(&disk_fault.sync_error, EIO);
    rounds(16, 50000);
    atomic_store(&disk_fault.sync_error, 0);
    expect(true);
    rounds(20, 50000);
    expect(true);
    assert_int_equal(pop_all(), 0);
}

static void test_noted_before_the_first_one_goes_until_all_are_stored(void **state)
{
    (void)state;
    begin();
    atomic_store(&disk_fault.sync_error, EIO);
    commit_rig_alert(0, PHASE_START);
    for (unsigned i = 0; i < 100 && ring_count(&commit_rig.direct) == 0; i++) {
        expect(true);
        rounds(1, 50000);
    }
    expect(false);
    assert_int_equal(pop_all(), 1);
    commit_rig_alert(0, PHASE_END);
    rounds(10, 50000);
    expect(false);
    atomic_store(&disk_fault.sync_error, 0);
    rounds(50, 50000);
    expect(true);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
}

/* More than one group of what went around: the first that is stored does not settle the rest. */
static void test_the_first_group_does_not_settle_the_rest(void **state)
{
    (void)state;
    begin();
    atomic_store(&disk_fault.sync_error, EIO);
    for (unsigned i = 0; i < COMMIT_GROUP_MAX + 10; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    for (unsigned i = 0; i < 60; i++) {
        rounds(1, 50000);
        (void)pop_all();
    }
    expect(false);
    atomic_store(&disk_fault.sync_error, 0);
    bool seen_between = false;
    for (unsigned i = 0; i < 100; i++) {
        rounds(1, 50000);
        commit_rig_outbox(&rows);
        const bool all = rows.count == COMMIT_GROUP_MAX + 10;
        seen_between = seen_between || (rows.count > 0 && !all);
        expect(all);
    }
    assert_true(seen_between);
    assert_int_equal(rows.count, COMMIT_GROUP_MAX + 10);
}

/* What was given up for the store was sent, and will never be in it. */
static void test_what_was_given_up_stays_noted(void **state)
{
    (void)state;
    begin();
    atomic_store(&disk_fault.sync_error, EIO);
    commit_rig_alert(0, PHASE_START);
    rounds(40, 50000);
    for (unsigned i = 0; i < COMMIT_PENDING_MAX + 100; i++) {
        commit_rig_alert(i % 2 == 0 ? 0 : 1, PHASE_START);
        rounds(1, 1000);
        (void)pop_all();
    }
    assert_true(atomic_load(&commit_rig.commit.state.unstored) > 0);
    atomic_store(&disk_fault.sync_error, 0);
    rounds(100, 50000);
    assert_int_equal(commit_rig.commit.pending_count, 0);
    expect(false);
    struct commit next = {.gave_up = false}; /* of a reload */
    commit_continue(&next, &commit_rig.commit);
    assert_true(next.gave_up);
}

/* A store that is opened late: what went before counts until it is stored. */
static void test_a_store_that_appears_later(void **state)
{
    (void)state;
    struct around late = {.page = NULL};
    char moved[128];
    store_close(store_folder_open(&commit_rig.folder));
    (void)snprintf(moved, sizeof moved, "%s.away", commit_rig.folder.base);
    assert_int_equal(rename(commit_rig.folder.base, moved), 0);
    commit_rig.around = &late;
    commit_rig_make(false);
    commit_rig_alert(0, PHASE_START);
    rounds(60, 50000);
    assert_int_equal(pop_all(), 1);
    assert_null(late.page);
    assert_int_equal(rename(moved, commit_rig.folder.base), 0);
    rounds(50, 50000);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);
    assert_true(around_is_settled(&late, commit_rig.epoch, UINT64_MAX));
    around_take_up(&late, commit_rig.folder.path, "fedcba9876543210"); /* it is open */
    assert_true(around_is_settled(&late, commit_rig.epoch, UINT64_MAX));
    around_close(&late);
    around_take_up(&late, commit_rig.folder.path, commit_rig.epoch);
    assert_false(around_is_settled(&late, commit_rig.epoch, UINT64_MAX));
    forget_folder(commit_rig.folder.path);
    around_close(&late);
}

static bool see_epoch(void *context, const struct store_alert *alert)
{
    char head[64];
    const int length = snprintf(head, sizeof head, "{\"schema\":\"1\",\"epoch\":\"%s\",", (const char *)context);
    assert_memory_equal(alert->json, head, (size_t)length);
    return true;
}

/* A new epoch takes the store on with its first commit: numbers, stays, alarms, and what waits there stay what they are. */
static void test_an_epoch_that_goes_on(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    char before[STORE_EPOCH_MAX];
    struct state_numbers numbers;
    struct bed_snapshot bed;
    struct epochs known;
    size_t length = 0;
    uint32_t ended = 0;
    begin();
    commit_rig_alert(0, PHASE_START);
    rounds(2, 1000);
    commit_rig_unmake();
    commit_rig_make(true);
    memcpy(before, r->epoch, sizeof before);
    epochs_add(&r->epochs_before, before);
    (void)snprintf(r->epoch, sizeof r->epoch, "00c0ffee00c0ffee");
    commit_rig_alert(1, PHASE_START);
    atomic_store(&disk_fault.sync_error, EIO);
    rounds(2, 50000);
    assert_string_equal(store_epoch(commit_rig_store()), before);
    atomic_store(&disk_fault.sync_error, 0);
    rounds(10, 50000);
    struct store *store = commit_rig_store();
    assert_string_equal(store_epoch(store), r->epoch);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_int_equal(store_each_outbox(store, 0, 1, see_epoch, before), STATUS_OK);
    assert_int_equal(store_each_outbox(store, rows.row[0], 1, see_epoch, r->epoch), STATUS_OK);
    assert_int_equal(store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length), STATUS_OK);
    assert_int_equal(numbers.seq, 2);
    assert_int_equal(store_get_state(store, STATE_BED "b01", &bed, sizeof bed, &length), STATUS_OK);
    assert_int_equal(bed.bed_seq, 1);
    assert_int_equal(commit_rig_alarms(&ended), 2);
    assert_int_equal(ended, 0);
    epochs_read(&known, store);
    assert_int_equal(known.count, 1);
    assert_true(epochs_has(&known, before));
}

/* The commit that takes the store over is told as failed, and has come through: what it stored is not stored again. */
static void test_an_epoch_that_went_on_after_all(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    begin();
    commit_rig_alert(0, PHASE_START);
    rounds(2, 1000);
    epochs_add(&r->epochs_before, r->epoch);
    (void)snprintf(r->epoch, sizeof r->epoch, "00c0ffee00c0ffee");
    commit_rig_alert(1, PHASE_START);
    atomic_store(&disk_fault.meta_slips, true);
    rounds(1, 1000);
    assert_int_not_equal(atomic_load(&r->commit.state.status), STATUS_OK);
    atomic_store(&disk_fault.meta_error, 0);
    rounds(40, 50000);
    assert_int_equal(atomic_load(&r->commit.state.status), STATUS_OK);
    assert_string_equal(store_epoch(commit_rig_store()), r->epoch);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
}

/* ---- a store that is damaged when it is opened next ---- */

static char epoch_of_then[STORE_EPOCH_MAX];

static void damage_file(void)
{
    char data[128];
    (void)snprintf(data, sizeof data, "%s/alerts/data.mdb", commit_rig.folder.path);
    assert_int_equal(truncate(data, 5000), 0);
}

/* Five alerts, of which the broker has two. It ends without a word. */
static void run_with_backlog(void)
{
    begin();
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    rounds(2, 50000);
    assert_true(ring_push(&commit_rig.delivered, &(uint64_t){1}));
    assert_true(ring_push(&commit_rig.delivered, &(uint64_t){2}));
    atomic_store(&commit_rig.board.delivered_seq, 2);
    rounds(10, 50000);
    memcpy(epoch_of_then, commit_rig.epoch, sizeof epoch_of_then);
}

static bool see_record(void *context, const struct store_alert *alert)
{
    assert_int_equal(alert->flags, STORE_ALERT_OMITS);
    assert_non_null(strstr(alert->json, context));
    assert_non_null(strstr(alert->json, "\"reason\":\"store_replaced\""));
    return see_epoch(epoch_of_then, alert);
}

/* In front of all else in the new store. */
static void expect_record(uint32_t row_count, const char *words)
{
    char copy[128];
    (void)snprintf(copy, sizeof copy, "%s", words);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, row_count);
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, 1, see_record, copy), STATUS_OK);
}

static void start_anew(void)
{
    commit_rig_unmake();
    commit_rig_make_as(true, true);
    commit_rig.seq = 0;
    atomic_store(&commit_rig.board.delivered_seq, 0);
    assert_string_not_equal(commit_rig.epoch, epoch_of_then);
    assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), 1);
    around_begin(&around, commit_rig.epoch, 0);
}

static void test_what_waited_in_a_store_that_was_damaged_at_the_start(void **state)
{
    (void)state;
    run_with_backlog();
    damage_file();
    for (unsigned i = 0; i < 2; i++) { /* the first one is killed before anything is committed */
        start_anew();
    }
    commit_rig_alert(1, PHASE_START);
    atomic_store(&disk_fault.sync_error, EIO);
    rounds(2, 50000);
    atomic_store(&disk_fault.sync_error, 0);
    rounds(20, 50000);
    expect_record(2, "\"alerts\":3,\"by_priority\":null,\"seq_ranges\":[[3,5]]");
    rounds(20, 50000); /* once */
    expect_record(2, "[[3,5]]");

    atomic_store(&disk_fault.meta_error, EIO); /* it goes before the record went out: the record is put again */
    commit_rig_alert(1, PHASE_END);
    rounds(1, 1000);
    damage_file();
    atomic_store(&disk_fault.meta_error, 0);
    rounds(40, 50000);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 3); /* and one of the alert that waited beside it */
    assert_int_equal(rows.flags[0] & rows.flags[1], STORE_ALERT_OMITS);
    assert_int_equal(rows.seq[2], 2);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(ring_push(&commit_rig.delivered, &rows.row[i]));
    }
    atomic_store(&commit_rig.board.delivered_seq, 2);
    rounds(10, 50000);
    const struct observation o = {.at_ms = RIG_ANCHOR_MS, .vital = VITAL_hr, .value_milli = 80000};
    assert_true(ring_push(&commit_rig.journal, &o));
    rounds(40, 50000);
    commit_rig_unmake();
    damage_file();
    commit_rig_make_as(true, true);
    commit_rig_alert(0, PHASE_START);
    rounds(10, 50000);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 1); /* the broker had everything */
    assert_int_equal(rows.flags[0] & STORE_ALERT_OMITS, 0);
}

/* Damaged while it runs, and killed before the new store has its first commit. */
static void test_killed_before_the_new_store_has_a_record(void **state)
{
    (void)state;
    run_with_backlog();
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(0, PHASE_END);
    rounds(1, 1000);
    damage_file();
    atomic_store(&disk_fault.write_error, EIO);
    atomic_store(&disk_fault.meta_error, 0);
    atomic_store(&disk_fault.make_error, ENOSPC);
    rounds(60, 50000);
    atomic_store(&commit_rig.board.delivered_seq, 6); /* of a store that is empty, nothing waits */
    rounds(10, 50000);
    atomic_store(&disk_fault.write_error, 0);
    atomic_store(&disk_fault.make_error, 0);
    start_anew();
    commit_rig_alert(1, PHASE_START);
    rounds(10, 50000);
    expect_record(2, "\"alerts\":4,\"by_priority\":null,\"seq_ranges\":[[3,6]]"); /* one of them may have been there */
}

/* A store that is opened late, when the damaged one was set aside and no other one could be made. */
static void test_a_late_one_in_the_place_of_a_damaged_one(void **state)
{
    (void)state;
    struct around late = {.page = NULL};
    begin();
    commit_rig_unmake();
    forget_folder(commit_rig.folder.path);
    assert_int_equal(around_open(&late, commit_rig.folder.path), STATUS_OK);
    commit_rig.around = &late;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    rounds(10, 50000);
    memcpy(epoch_of_then, commit_rig.epoch, sizeof epoch_of_then);
    commit_rig_unmake();
    around_close(&late);

    damage_file();
    atomic_store(&disk_fault.make_error, ENOSPC);
    commit_rig_make(false);
    commit_rig.seq = 0;
    commit_rig_alert(1, PHASE_START);
    rounds(20, 50000);
    assert_null(atomic_load(&commit_rig.commit.store));
    atomic_store(&disk_fault.make_error, 0);
    rounds(60, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), 1);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);
    expect_record(2, "[[1,1]]");
    forget_folder(commit_rig.folder.path);
    around_close(&late);
}

/* A store that was there all the time and is opened late has alerts of another epoch, which wait in it, and go with it. */
static void lose_a_late_one(bool is_ours_by_then)
{
    run_with_backlog();
    commit_rig_unmake();
    commit_rig.around = NULL;
    commit_rig_make(false);
    commit_rig.seq = 0;
    atomic_store(&commit_rig.board.delivered_seq, 0);
    atomic_store(&disk_fault.meta_error, is_ours_by_then ? 0 : EIO);
    commit_rig_alert(1, PHASE_START);
    rounds(10, 50000);
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(1, PHASE_END);
    rounds(4, 50000);
    damage_file();
    atomic_store(&disk_fault.meta_error, 0);
    rounds(60, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), 1);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);
}

static bool has_record(void *context, const struct store_alert *alert)
{
    bool *found = context;
    char head[64];
    (void)snprintf(head, sizeof head, "\"epoch\":\"%s\"", epoch_of_then);
    *found = *found || (strstr(alert->json, head) != NULL && strstr(alert->json, "\"seq_ranges\":[[3,5]]") != NULL);
    return true;
}

static void test_what_waited_of_others_goes_with_their_store(void **state)
{
    (void)state;
    bool found = false;
    lose_a_late_one(true);
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, 10, has_record, &found), STATUS_OK);
    assert_true(found);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 3); /* one of ours, and the alert that was not stored yet */
}

static void test_a_late_one_that_was_not_ours_yet(void **state)
{
    (void)state;
    bool found = false;
    lose_a_late_one(false);
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, 10, has_record, &found), STATUS_OK);
    assert_true(found);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 3); /* and both alerts */
}

/* Whenever it is killed while it tells, what is told is of one epoch. */
static void test_what_waits_is_told_of_one_epoch(void **state)
{
    (void)state;
    struct around_waiting found;
    struct around none = {.page = NULL};
    struct around_waiting told = {.epoch = "0123456789abcdef", .first = 4, .through = 3};
    assert_false(around_find_waiting(&next_start, &found));
    around_gives(&around, told.epoch, 9);
    around_waits(&around, &told);
    assert_false(around_find_waiting(&next_start, &found));
    around_gives(&around, told.epoch, 5);
    around_gives(&around, "fedcba9876543210", 9);
    around_begin(&around, "fedcba9876543210", 2); /* says nothing of what waits */
    assert_true(around_find_waiting(&next_start, &found));
    assert_string_equal(found.epoch, told.epoch);
    assert_int_equal(found.first, 4);
    assert_int_equal(found.through, 5);
    told = (struct around_waiting){.epoch = "fedcba9876543210", .first = 1, .through = 2};
    around_waits(&around, &told);
    assert_true(around_find_waiting(&next_start, &found));
    assert_string_equal(found.epoch, told.epoch);
    assert_int_equal(found.through, 2);
    around_waits(&none, &told);
    around_gives(&none, told.epoch, 1);
    assert_false(around_find_waiting(&none, &found));
}

static void test_epochs(void **state)
{
    (void)state;
    struct epochs epochs = {.count = 0};
    assert_null(epochs_newest(&epochs));
    assert_false(epochs_has(&epochs, ""));
    for (unsigned i = 0; i < EPOCHS_KEPT + 2; i++) {
        char name[STORE_EPOCH_MAX];
        (void)snprintf(name, sizeof name, "e%u", i);
        epochs_add(&epochs, name);
        assert_string_equal(epochs_newest(&epochs), name);
    }
    assert_int_equal(epochs.count, EPOCHS_KEPT);
    assert_false(epochs_has(&epochs, "e1"));
    assert_true(epochs_has(&epochs, "e2"));
    commit_rig_make(true);
    struct store *store = commit_rig_store();
    struct epochs found;
    epochs_read(&found, store);
    assert_int_equal(found.count, 0);
    assert_int_equal(store_begin(store), STATUS_OK);
    memset(epochs.names[3], 'x', STORE_EPOCH_MAX);
    assert_int_equal(store_put_state(store, STATE_EPOCHS, &epochs, sizeof epochs), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    epochs_read(&found, store); /* no text of ours */
    assert_int_equal(found.count, 0);
}

#define AROUND_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AROUND_TEST(test_nothing_is_known_of_another_epoch),
        AROUND_TEST(test_what_is_stored_is_noted),
        AROUND_TEST(test_a_short_fault_is_not_noted),
        AROUND_TEST(test_noted_before_the_first_one_goes_until_all_are_stored),
        AROUND_TEST(test_the_first_group_does_not_settle_the_rest),
        AROUND_TEST(test_what_was_given_up_stays_noted),
        AROUND_TEST(test_a_store_that_appears_later),
        AROUND_TEST(test_an_epoch_that_goes_on),
        AROUND_TEST(test_an_epoch_that_went_on_after_all),
        AROUND_TEST(test_what_waited_in_a_store_that_was_damaged_at_the_start),
        AROUND_TEST(test_killed_before_the_new_store_has_a_record),
        AROUND_TEST(test_a_late_one_in_the_place_of_a_damaged_one),
        AROUND_TEST(test_what_waited_of_others_goes_with_their_store),
        AROUND_TEST(test_a_late_one_that_was_not_ours_yet),
        AROUND_TEST(test_what_waits_is_told_of_one_epoch),
        AROUND_TEST(test_epochs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
