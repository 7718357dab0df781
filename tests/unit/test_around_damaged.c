/* A store that is damaged when it is opened next: for what waited in it there is a record under each epoch that it was of (lost.h). */
#include "tests/unit/support/around_rig.h"

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

/* ---- one damage behind another ---- */

struct wanted_record {
    const char *epoch, *ranges;
    unsigned found;
};

static bool count_record(void *context, const struct store_alert *alert)
{
    struct wanted_record *wanted = context;
    char head[64];
    (void)snprintf(head, sizeof head, "\"epoch\":\"%s\"", wanted->epoch);
    wanted->found += (alert->flags & STORE_ALERT_OMITS) != 0 && strstr(alert->json, head) != NULL &&
                     strstr(alert->json, wanted->ranges) != NULL;
    return true;
}

static void expect_one_record(const char *epoch, const char *ranges)
{
    struct wanted_record wanted = {epoch, ranges, 0};
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, UINT32_MAX, count_record, &wanted), STATUS_OK);
    assert_int_equal(wanted.found, 1);
}

static void expect_rows(uint32_t count)
{
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, count);
}

/* Three of that epoch waited in a store that is gone; the one in its place has their record and an alert of its own. */
static void replace_once(char epoch[STORE_EPOCH_MAX], unsigned round_count)
{
    run_with_backlog();
    damage_file();
    start_anew();
    memcpy(epoch, commit_rig.epoch, STORE_EPOCH_MAX);
    commit_rig_alert(1, PHASE_START);
    rounds(round_count, 50000);
}

static void replace_again(void)
{
    damage_file();
    start_anew();
    commit_rig_alert(0, PHASE_START);
    rounds(10, 50000);
}

/* Whenever it is killed behind its first commit, all that waits is told by then. */
static void test_the_first_commit_of_a_new_store_is_told(void **state)
{
    (void)state;
    char second[STORE_EPOCH_MAX];
    struct around_waiting found[AROUND_WAITING_MAX];
    replace_once(second, 1);
    assert_int_equal(atomic_load(&commit_rig.commit.state.commits), 1);
    assert_int_equal(around_find_waiting(&next_start, found), 2);
    replace_again();
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,1]]");
    expect_rows(3);
}

static void test_a_record_that_waits_survives_the_next_damage(void **state)
{
    (void)state;
    char second[STORE_EPOCH_MAX], third[STORE_EPOCH_MAX];
    replace_once(second, 40);
    replace_again();
    memcpy(third, commit_rig.epoch, sizeof third);
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,1]]");
    expect_rows(3);
    rounds(40, 50000);
    expect_rows(3); /* once */
    replace_again();
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,1]]");
    expect_one_record(third, "[[1,1]]");
    expect_rows(4);
}

/* What the broker has got of it comes no more. */
static void test_a_record_that_was_delivered_is_told_no_more(void **state)
{
    (void)state;
    char second[STORE_EPOCH_MAX];
    replace_once(second, 40);
    expect_rows(2);
    assert_true(ring_push(&commit_rig.delivered, &rows.row[0]));
    rounds(10, 50000);
    replace_again();
    expect_one_record(second, "[[1,1]]");
    expect_rows(2);
}

/* A start that finds a sound store learns from that store what waits in it. */
static void start_again(char second[STORE_EPOCH_MAX])
{
    replace_once(second, 40);
    commit_rig_unmake();
    commit_rig_make(true);
    commit_rig.seq = 1;
    atomic_store(&commit_rig.board.delivered_row, 0);
    assert_string_equal(commit_rig.epoch, second);
    commit_rig_alert(0, PHASE_START);
    rounds(40, 50000);
    expect_rows(3);
}

static void test_a_start_in_between(void **state)
{
    (void)state;
    char second[STORE_EPOCH_MAX];
    start_again(second);
    replace_again();
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,2]]");
    expect_rows(3);
}

static void test_a_start_in_between_and_damage_while_it_runs(void **state)
{
    (void)state;
    char second[STORE_EPOCH_MAX];
    start_again(second);
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(1, PHASE_END);
    rounds(1, 1000);
    damage_file();
    atomic_store(&disk_fault.meta_error, 0);
    rounds(60, 50000);
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,2]]");
    expect_rows(3);
}

/* The disk has no room for the next store, deliver takes what it sees for empty, and then it is killed: first with that, then with the one after it. */
static void test_a_full_disk_while_the_second_one_is_replaced(void **state)
{
    (void)state;
    char second[STORE_EPOCH_MAX];
    replace_once(second, 40);
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(0, PHASE_START);
    rounds(1, 1000);
    damage_file();
    atomic_store(&disk_fault.write_error, EIO);
    atomic_store(&disk_fault.meta_error, 0);
    atomic_store(&disk_fault.make_error, ENOSPC);
    rounds(60, 50000);
    atomic_store(&commit_rig.board.delivered_seq, 2);
    atomic_store(&commit_rig.board.delivered_row, 100);
    rounds(10, 50000);
    atomic_store(&disk_fault.write_error, 0);
    atomic_store(&disk_fault.make_error, 0);
    atomic_store(&commit_rig.board.delivered_row, 0);
    start_anew();
    commit_rig_alert(1, PHASE_START);
    rounds(10, 50000);
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,2]]");
    expect_rows(3);
    replace_again();
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record(second, "[[1,2]]");
    expect_rows(4);
}

/* Alerts of another epoch in a store that was opened late, and is ours since. */
static void test_what_waited_of_others_behind_a_start(void **state)
{
    (void)state;
    run_with_backlog();
    commit_rig_unmake();
    commit_rig_make(false);
    commit_rig.seq = 0;
    atomic_store(&commit_rig.board.delivered_seq, 0);
    commit_rig_alert(1, PHASE_START);
    rounds(1, 50000);
    replace_again();
    expect_one_record(epoch_of_then, "[[3,5]]");
    expect_one_record("00c0ffee00c0ffee", "[[1,1]]");
    expect_rows(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AROUND_TEST(test_what_waited_in_a_store_that_was_damaged_at_the_start),
        AROUND_TEST(test_killed_before_the_new_store_has_a_record),
        AROUND_TEST(test_a_late_one_in_the_place_of_a_damaged_one),
        AROUND_TEST(test_what_waited_of_others_goes_with_their_store),
        AROUND_TEST(test_a_late_one_that_was_not_ours_yet),
        AROUND_TEST(test_the_first_commit_of_a_new_store_is_told),
        AROUND_TEST(test_a_record_that_waits_survives_the_next_damage),
        AROUND_TEST(test_a_record_that_was_delivered_is_told_no_more),
        AROUND_TEST(test_a_start_in_between),
        AROUND_TEST(test_a_start_in_between_and_damage_while_it_runs),
        AROUND_TEST(test_a_full_disk_while_the_second_one_is_replaced),
        AROUND_TEST(test_what_waited_of_others_behind_a_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
