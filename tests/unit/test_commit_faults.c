/* A store that is not there, fails, hangs, is full or damaged: alerts go out all the same, once, and are stored when it is possible. */
#include "tests/unit/support/commit_rig.h"

#include "hal/clock.h"
#include "tests/unit/support/disk_fault.h"

static struct commit_rig_rows rows;
static struct direct_alert direct;

static int teardown(void **state)
{
    atomic_store(&disk_fault.write_error, 0);
    atomic_store(&disk_fault.sync_error, 0);
    atomic_store(&disk_fault.meta_error, 0);
    atomic_store(&disk_fault.make_error, 0);
    atomic_store(&disk_fault.meta_slips, false);
    atomic_store(&disk_fault.hang, false);
    return commit_rig_teardown(state);
}

static void rounds(unsigned count, int64_t each_us)
{
    for (unsigned i = 0; i < count; i++) {
        commit_rig_round(each_us);
    }
}

static void check_direct(uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_true(commit_rig_pop_direct(&direct));
        assert_int_equal(direct.alert.seq, seq);
        assert_true(direct.json_length > 0 && direct.json_length < sizeof direct.json);
        assert_int_equal(direct.json[0], '{');
    }
    assert_false(commit_rig_pop_direct(&direct));
}

static void check_rows(const struct commit_rig_rows *found, uint64_t first, uint64_t last)
{
    assert_int_equal(found->count, last - first + 1);
    for (uint32_t i = 0; i < found->count; i++) {
        assert_int_equal(found->seq[i], first + i);
    }
}

/* Fails for `ms`; what was handed over, and what the store holds afterwards, is for the caller to see. */
static void fail_for(int64_t ms)
{
    atomic_store(&disk_fault.sync_error, EIO);
    rounds((unsigned)(ms / 50), 50000);
    atomic_store(&disk_fault.sync_error, 0);
}

static void test_short_fault_is_nobodys_business(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    fail_for(800);
    assert_int_equal(store_state_status(&commit_rig.commit.state), STATUS_IO);
    assert_false(store_state_is_failing(&commit_rig.commit.state, commit_rig.now_us));
    assert_false(commit_rig_woken());
    rounds(20, 50000);
    check_direct(1, 0);
    assert_true(commit_rig_woken());
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 1);
}

static void test_alerts_go_around_a_failing_store(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    fail_for(900);
    check_direct(1, 0);
    atomic_store(&disk_fault.sync_error, EIO);
    rounds(4, 50000);
    assert_true(store_state_is_failing(&commit_rig.commit.state, commit_rig.now_us));
    assert_true(commit_rig_woken());
    check_direct(1, 2);
    commit_rig_alert(0, PHASE_END); /* still failing: at once */
    rounds(1, 1000);
    check_direct(3, 3);
    rounds(100, 50000);
    check_direct(1, 0); /* each one once */
    atomic_store(&disk_fault.sync_error, 0);
    rounds(50, 50000);
    assert_false(store_state_is_failing(&commit_rig.commit.state, commit_rig.now_us));
    commit_rig_outbox(&rows); /* nobody has said that the broker has them */
    check_rows(&rows, 1, 3);
    assert_int_equal(atomic_load(&commit_rig.commit.state.unstored), 0);
}

static void test_acknowledged_ones_go_straight_to_history(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    fail_for(2000);
    check_direct(1, 5);
    atomic_store(&commit_rig.commit.state.direct_acknowledged_seq, 3);
    rounds(50, 50000);
    commit_rig_history(&rows);
    check_rows(&rows, 1, 3);
    assert_int_equal(rows.flags[0], STORE_ALERT_SENT);
    commit_rig_outbox(&rows);
    check_rows(&rows, 4, 5);
    assert_int_equal(rows.flags[0], 0);
}

static void test_full_direct_ring_is_tried_again(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < RIG_DIRECT_SLOTS + 10; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    fail_for(2000);
    atomic_store(&disk_fault.sync_error, EIO);
    check_direct(1, RIG_DIRECT_SLOTS);
    rounds(1, 20000);
    check_direct(RIG_DIRECT_SLOTS + 1, RIG_DIRECT_SLOTS + 10);
}

/* The store appears later: it takes the epoch under which the gateway already runs. */
static void test_store_that_appears_later(void **state)
{
    (void)state;
    char moved[128];
    store_close(store_folder_open(&commit_rig.folder));
    (void)snprintf(moved, sizeof moved, "%s.away", commit_rig.folder.base);
    assert_int_equal(rename(commit_rig.folder.base, moved), 0);
    commit_rig_make(false);
    commit_rig_alert(0, PHASE_START);
    rounds(60, 50000);
    assert_null(atomic_load(&commit_rig.commit.store));
    assert_int_equal(store_state_status(&commit_rig.commit.state), STATUS_NOT_FOUND);
    assert_true(store_state_is_failing(&commit_rig.commit.state, commit_rig.now_us));
    check_direct(1, 1);
    assert_int_equal(rename(moved, commit_rig.folder.base), 0);
    rounds(50, 50000);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 1);
    assert_int_equal(store_state_is_failing(&commit_rig.commit.state, commit_rig.now_us), 0);
    assert_false(atomic_load(&commit_rig.commit.state.replaced));
}

/* The store in the folder, once a gateway runs that did not find it, and knows of nothing that waits. */
static void appear_later(void)
{
    char moved[128];
    (void)snprintf(moved, sizeof moved, "%s.away", commit_rig.folder.base);
    assert_int_equal(rename(commit_rig.folder.base, moved), 0);
    commit_rig_make(false);
    rounds(60, 50000);
    assert_int_equal(atomic_load(&commit_rig.board.high_row), 0);
    assert_int_equal(rename(moved, commit_rig.folder.base), 0);
    rounds(50, 50000);
}

/* What waits in it from before, with high priority, is known to the local alarm then. */
static void test_high_ones_in_a_store_that_appears_later(void **state)
{
    (void)state;
    struct test_alert made;
    struct store *store = store_folder_open(&commit_rig.folder);
    assert_int_equal(store_begin(store), STATUS_OK);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        struct store_alert alert = *test_alert_make(&made, seq, 100);
        alert.flags = (uint16_t)(seq == 2   ? STORE_ALERT_HIGH
                                 : seq == 3 ? STORE_ALERT_HIGH | STORE_ALERT_ENDS_ALARM
                                            : 0);
        assert_int_equal(store_put_alert(store, &alert), STATUS_OK);
    }
    assert_int_equal(store_commit(store), STATUS_OK);
    const uint64_t newest = store_last_row(store);
    store_close(store);
    appear_later();
    assert_int_equal(atomic_load(&commit_rig.board.high_row), newest - 1);
}

/* Nobody can say that the damaged one is of no high priority: until all that waited has been passed on it counts as one that is. */
static void test_a_damaged_one_in_a_store_that_appears_later(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&commit_rig.folder);
    assert_int_equal(test_alerts_commit(store, 1, 2, 200), STATUS_OK); /* none of them high */
    assert_int_equal(test_alerts_commit(store, 4, 1, 200), STATUS_OK);
    const uint64_t newest = store_last_row(store);
    store_close(store);
    store_folder_damage_alert(&commit_rig.folder, 2);
    appear_later();
    assert_int_equal(atomic_load(&commit_rig.board.high_row), newest);
}

/* LMDB said that the commit failed, and yet it is on the disk: it must not be there twice. */
static void test_commit_that_came_through_after_all(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    rounds(1, 1000);
    commit_rig_alert(0, PHASE_END);
    commit_rig_alert(1, PHASE_START);
    atomic_store(&disk_fault.meta_slips, true);
    rounds(1, 1000);
    assert_int_not_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    atomic_store(&disk_fault.meta_error, 0);
    commit_rig_alert(1, PHASE_END);
    rounds(40, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 4);
    assert_int_equal(atomic_load(&commit_rig.commit.committed_row), rows.row[3]);
}

/* A commit that hangs for longer than people may wait, is on the disk, and is told as failed: it is tried again after a pause, and is not there twice. */
static void test_first_try_that_hangs_and_fails(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    atomic_store(&disk_fault.meta_slips, true);
    r->now_us += 1000;
    (void)commit_step(&r->commit, r->now_us);
    assert_true(writer_step(&r->commit.writer));
    r->now_us += 2 * COMMIT_DIRECT_US;
    const int64_t next_us = commit_step(&r->commit, r->now_us);
    assert_int_not_equal(atomic_load(&r->commit.state.status), STATUS_OK);
    assert_in_range(next_us - r->now_us, 50000, 200000);
    check_direct(1, 1);
    atomic_store(&disk_fault.meta_error, 0);
    rounds(40, 50000);
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 1);
}

static bool see_record(void *context, const struct store_alert *alert)
{
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        assert_non_null(strstr(alert->json, context));
    }
    return true;
}

/* The record that waits says so. */
static void expect_record(const char *words)
{
    char copy[128];
    (void)snprintf(copy, sizeof copy, "%s", words);
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, UINT32_MAX, see_record, copy), STATUS_OK);
}

static void damage_file(void)
{
    char data[128];
    (void)snprintf(data, sizeof data, "%s/alerts/data.mdb", commit_rig.folder.path);
    const int fd = open(data, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 5000), 0);
    close(fd);
}

/* While the newest alert cannot be committed; it is opened again, and set aside. */
static void damage_with_alert(uint16_t bed)
{
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(bed, PHASE_START);
    rounds(1, 1000);
    damage_file();
    atomic_store(&disk_fault.meta_error, 0);
    rounds(40, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
}

/* Damaged while it runs: set aside, and all that is known is told to the new one. */
static void test_damaged_while_running(void **state)
{
    (void)state;
    struct state_numbers numbers;
    struct bed_snapshot bed;
    size_t length = 0;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    rounds(1, 1000);
    const uint64_t before = atomic_load(&commit_rig.commit.committed_row);
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(1, PHASE_END);
    rounds(1, 1000);
    damage_file();
    atomic_store(&disk_fault.meta_error, 0);
    rounds(40, 50000);
    assert_true(atomic_load(&commit_rig.commit.state.replaced));
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_true(rows.row[0] > before);
    assert_int_equal(rows.flags[0], STORE_ALERT_OMITS);
    assert_int_equal(rows.seq[1], 3);
    expect_record("\"seq_ranges\":[[1,2]]");
    expect_record("\"reason\":\"store_replaced\",\"alerts\":2,\"by_priority\":null");
    assert_int_equal(store_get_state(commit_rig_store(), STATE_NUMBERS, &numbers, sizeof numbers, &length), STATUS_OK);
    assert_int_equal(numbers.seq, 3);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_BED "b01", &bed, sizeof bed, &length), STATUS_OK);
    assert_int_equal(bed.bed_seq, 1);
}

/* What the broker has is not lost; what waited in the store that is gone is, and once more when the next one goes before its record went out. */
static void test_no_gap_without_a_record(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < 5; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    rounds(1, 1000);
    atomic_store(&commit_rig.board.delivered_seq, 2);
    damage_with_alert(1);
    expect_record("\"alerts\":3,");
    expect_record("\"seq_ranges\":[[3,5]]");
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    const uint64_t record = rows.row[0];

    damage_with_alert(1); /* the sixth alert is lost, too */
    expect_record("\"seq_ranges\":[[3,6]]");
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_true(rows.row[0] > record);
    assert_int_equal(rows.seq[1], 7);

    for (unsigned i = 0; i < 2; i++) { /* the broker takes the record, and the alert behind it */
        assert_true(ring_push(&commit_rig.delivered, &rows.row[i]));
    }
    rounds(10, 50000);
    atomic_store(&commit_rig.board.delivered_seq, 7);
    damage_with_alert(0);
    commit_rig_outbox(&rows);
    check_rows(&rows, 8, 8); /* nothing was lost, so there is no record */
    assert_int_equal(rows.flags[0] & STORE_ALERT_OMITS, 0);
}

/* A commit is told as failed and came through; then its store is gone: what was in it is put into the next one all the same. */
static void test_damaged_behind_a_commit_that_came_through(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    rounds(1, 1000);
    commit_rig_alert(0, PHASE_END);
    atomic_store(&disk_fault.meta_slips, true);
    rounds(1, 1000);
    atomic_store(&disk_fault.meta_error, 0);
    damage_file();
    rounds(40, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    expect_record("\"seq_ranges\":[[1,1]]");
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.seq[1], 2);
}

/* The damaged one is set aside, and for a while no new one can be made: the record waits as long. */
static void test_damaged_and_no_new_one_at_once(void **state)
{
    (void)state;
    char aside[128];
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    rounds(1, 1000);
    for (unsigned i = 0; i < 2; i++) {
        atomic_store(&disk_fault.meta_error, EIO);
        commit_rig_alert(0, PHASE_START);
        rounds(1, 1000);
        damage_file();
        atomic_store(&disk_fault.meta_error, 0);
        atomic_store(&disk_fault.make_error, ENOSPC);
        rounds(i == 0 ? 5 : 60, 50000);
        (void)snprintf(aside, sizeof aside, "%s/alerts.damaged-%u", commit_rig.folder.path, i + 1);
        assert_int_equal(access(aside, F_OK), 0);
        assert_int_equal(store_state_status(&commit_rig.commit.state), STATUS_FULL);
        atomic_store(&disk_fault.make_error, 0);
        rounds(60, 50000);
        assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
        assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), i + 1);
        commit_rig_outbox(&rows);
        assert_int_equal(rows.count, 2);
        assert_int_equal(rows.flags[0], STORE_ALERT_OMITS);
        assert_int_equal(rows.seq[1], 3 + i);
        expect_record(i == 0 ? "\"seq_ranges\":[[1,2]]" : "\"seq_ranges\":[[1,3]]");
    }
}

static void observe_for(int64_t ms)
{
    const struct observation o = {.at_ms = RIG_ANCHOR_MS, .vital = VITAL_hr, .value_milli = 80000};
    assert_true(ring_push(&commit_rig.journal, &o));
    rounds((unsigned)(ms / 50), 50000);
}

/* The journal comes upon a store that is gone: the next group tells the new one, and it has a journal again. */
static void test_damaged_between_groups(void **state)
{
    (void)state;
    char beds[16];
    size_t length = 0;
    commit_rig_make(true);
    commit_rig_measurement(0, VITAL_nibp_sys, 120000);
    rounds(1, 1000);
    atomic_store(&disk_fault.meta_error, EIO);
    observe_for(2000); /* what its numbers mean cannot be put */
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    assert_int_not_equal(store_get_state(commit_rig_store(), STATE_BEDS, beds, sizeof beds, &length), STATUS_OK);
    damage_file();
    atomic_store(&disk_fault.meta_error, 0);
    observe_for(2000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), 1);
    commit_rig_alert(0, PHASE_START);
    observe_for(2000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    assert_string_equal(store_epoch(commit_rig_store()), commit_rig.epoch);
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 1);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_BEDS, beds, sizeof beds, &length), STATUS_OK);
    assert_int_equal(length, 8);
}

static void copy_file(const char *from, const char *to)
{
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    ssize_t copied;
    do {
        copied = copy_file_range(in, NULL, out, NULL, 1U << 30U, 0);
        assert_true(copied >= 0);
    } while (copied > 0);
    assert_int_equal(close(in), 0);
    assert_int_equal(close(out), 0);
}

/* Somebody puts a copy from before in the place of a store that fails: it is told what is known, and a record stands for what only the other one had. */
static void test_put_back_while_running(void **state)
{
    (void)state;
    char data[128], copy[140];
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    rounds(1, 1000);
    (void)snprintf(data, sizeof data, "%s/alerts/data.mdb", commit_rig.folder.path);
    (void)snprintf(copy, sizeof copy, "%s.copy", data);
    copy_file(data, copy);
    commit_rig_alert(0, PHASE_END);
    commit_rig_alert(1, PHASE_END);
    rounds(1, 1000);
    atomic_store(&commit_rig.board.delivered_seq, 2);
    atomic_store(&disk_fault.meta_error, EIO);
    commit_rig_alert(0, PHASE_START);
    rounds(1, 1000);
    assert_int_equal(rename(copy, data), 0);
    atomic_store(&disk_fault.meta_error, 0);
    rounds(40, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), 1);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 4); /* two from before that go once more, the record, and the newest */
    assert_int_equal(rows.flags[2], STORE_ALERT_OMITS);
    assert_int_equal(rows.seq[3], 5);
    expect_record("\"seq_ranges\":[[3,4]]");
    commit_rig_alert(1, PHASE_START);
    rounds(2, 1000);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 5);
    assert_int_equal(atomic_load(&commit_rig.commit.state.replaced), 1);
}

/* Nothing is delivered, nothing is over, and the map is full: alerts go around it; the first deliveries make room. */
static void test_full_outbox(void **state)
{
    (void)state;
    static uint64_t delivered[RIG_SEEN_MAX];
    commit_rig.folder.config.size_bytes = STORE_SIZE_LEAST;
    commit_rig_make(true);
    for (unsigned i = 0; i < 4000 && atomic_load(&commit_rig.commit.state.status) == STATUS_OK; i++) {
        commit_rig_active(i);
        rounds(1, 1000);
    }
    assert_int_equal(store_state_status(&commit_rig.commit.state), STATUS_FULL);
    commit_rig_outbox(&rows);
    const uint64_t stored = rows.count;
    check_rows(&rows, 1, stored);
    assert_true(commit_rig.seq > stored);
    rounds(60, 50000);
    check_direct(stored + 1, commit_rig.seq);
    memcpy(delivered, rows.row, sizeof delivered);
    for (unsigned i = 0; i < stored; i++) { /* the broker is back */
        while (!ring_push(&commit_rig.delivered, &delivered[i])) {
            rounds(1, 50000);
        }
    }
    rounds(600, 50000);
    assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
    commit_rig_outbox(&rows);
    check_rows(&rows, stored + 1, commit_rig.seq);
}

/* A dead disk for hours: the newest alerts are kept, older ones that were handed over are given up and counted; the engine never waits. */
static void test_dead_disk(void **state)
{
    (void)state;
    struct bed_snapshot bed;
    size_t length = 0;
    commit_rig_make(true);
    commit_rig_alert(1, PHASE_START);
    atomic_store(&disk_fault.sync_error, EIO);
    rounds(30, 50000);
    check_direct(1, 1);
    for (uint64_t seq = 2; seq <= 3 * COMMIT_PENDING_MAX; seq++) {
        commit_rig_alert(0, seq % 2 == 0 ? PHASE_START : PHASE_END);
        rounds(1, 10000);
        check_direct(seq, seq);
        assert_true(ring_room(&commit_rig.records) >= RIG_RECORD_SLOTS - 1);
    }
    const uint64_t unstored = atomic_load(&commit_rig.commit.state.unstored);
    assert_in_range(unstored, COMMIT_PENDING_MAX, 3 * COMMIT_PENDING_MAX);
    atomic_store(&disk_fault.sync_error, 0);
    rounds(200, 50000);
    commit_rig_outbox(&rows);
    check_rows(&rows, unstored + 1, commit_rig.seq);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_BED "b02", &bed, sizeof bed, &length), STATUS_OK);
    assert_int_equal(bed.bed_seq, 1); /* its alert was given up, its numbers were not */
}

/* Full, over quota, read-only, taken away, broken; in a write, a sync or the page that makes a commit count: each time the alert is out within 2 s, and stored when
 * the disk is well again. */
static void test_each_fault_of_the_disk(void **state)
{
    (void)state;
    static const struct {
        int error;
        enum status status;
    } faults[] = {{EIO, STATUS_IO},
                  {ENOSPC, STATUS_FULL},
                  {EDQUOT, STATUS_FULL},
                  {EROFS, STATUS_DENIED},
                  {EACCES, STATUS_DENIED}};
    atomic_int *const calls[] = {&disk_fault.write_error, &disk_fault.sync_error, &disk_fault.meta_error};
    commit_rig_make(true);
    for (unsigned i = 0; i < 15; i++) {
        int64_t waited_us = 0;
        atomic_store(calls[i % 3], faults[i / 3].error);
        commit_rig_alert(0, PHASE_START);
        while (!commit_rig_pop_direct(&direct)) {
            commit_rig_round(50000);
            waited_us += 50000;
            assert_true(waited_us <= 2000000);
        }
        assert_int_equal(direct.alert.seq, i + 1);
        assert_true(store_state_is_failing(&commit_rig.commit.state, commit_rig.now_us));
        const enum status told = store_state_status(&commit_rig.commit.state);
        assert_true(told == faults[i / 3].status ||
                    (i % 3 == 2 && told == STATUS_IO)); /* LMDB tells EIO of its own page */
        atomic_store(calls[i % 3], 0);
        rounds(60, 100000);
        assert_int_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
        commit_rig_outbox(&rows);
        check_rows(&rows, 1, i + 1);
    }
    assert_int_equal(atomic_load(&commit_rig.commit.state.unstored), 0);
}

/* ---- a disk that does not come back ---- */

#define LATE_US \
    30000000 /* by then a machine that is busy with something else has come to it, and one that waits for the disk has not */

/* What is promised: on a busy machine one of so many tries is to be within it. */
#define TRIES_MOST 20
#define TOLD_US    500000
#define OUT_US     2000000
#define STOPS_US   1500000

static void push_alert(uint16_t bed)
{
    commit_rig_alert(bed, PHASE_START);
    wake_raise(&commit_rig.commit.wake);
}

static void wait_until_it_fails(void)
{
    const int64_t until_us = clock_boot_us() + LATE_US;
    while (atomic_load(&commit_rig.commit.state.status) == STATUS_OK && clock_boot_us() < until_us) {
        (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 1000);
    }
    assert_int_not_equal(atomic_load(&commit_rig.commit.state.status), STATUS_OK);
}

static bool wait_direct(uint64_t seq, int64_t most_us)
{
    const int64_t until_us = clock_boot_us() + most_us;
    while (clock_boot_us() < until_us) {
        if (commit_rig_pop_direct(&direct)) {
            return direct.alert.seq == seq;
        }
        (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 10000);
    }
    return false;
}

/* The newest seq. On a busy machine some may be late. */
static uint64_t push_until_one_goes_soon(uint64_t seq)
{
    for (const uint64_t most = seq + TRIES_MOST;; seq++) {
        const int64_t before_us = clock_boot_us();
        assert_true(seq < most);
        push_alert(1);
        assert_true(wait_direct(seq, LATE_US));
        if (clock_boot_us() - before_us < COMMIT_DIRECT_US / 2) {
            return seq;
        }
    }
}

static void wait_committed(uint64_t row)
{
    const int64_t until_us = clock_boot_us() + LATE_US;
    while (atomic_load(&commit_rig.commit.committed_row) < row && clock_boot_us() < until_us) {
        (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 10000);
    }
    assert_int_equal(atomic_load(&commit_rig.commit.committed_row), row);
}

static bool see_seq(void *context, const struct store_alert *alert)
{
    struct commit_rig_rows *seen = context;
    seen->seq[seen->count++] = alert->seq;
    return true;
}

static bool see_none(void *context, const struct store_alert *alert)
{
    (void)context;
    (void)alert;
    return false;
}

/* True: the first alert was out in time. */
static bool goes_on_while_it_hangs(void)
{
    struct commit *c = &commit_rig.commit;
    atomic_store(&disk_fault.hang, true);
    const int64_t before_us = clock_boot_us();
    push_alert(0);
    assert_true(wait_direct(1, LATE_US));
    const int64_t took_us = clock_boot_us() - before_us;
    assert_true(took_us >= COMMIT_DIRECT_US);
    assert_int_equal(store_state_status(&c->state), STATUS_TIMEOUT);
    const uint64_t last = push_until_one_goes_soon(2); /* the others do not wait a second again */
    assert_int_equal(atomic_load(&disk_fault.hanging), 1);
    atomic_store(&disk_fault.hang, false);
    wait_committed(last);
    assert_false(store_state_is_failing(&c->state, clock_boot_us()));
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, last);
    return took_us < OUT_US;
}

static void try_until_in_time(void **state, bool (*goes_on)(void))
{
    bool in_time = false;
    for (unsigned tries = 0; tries < TRIES_MOST && !in_time; tries++) {
        if (tries > 0) {
            assert_int_equal(teardown(state), 0);
            assert_int_equal(commit_rig_setup(state), 0);
        }
        commit_rig_make(true);
        commit_rig_start();
        in_time = goes_on();
    }
    assert_true(in_time);
}

static void test_hanging_disk(void **state)
{
    try_until_in_time(state, goes_on_while_it_hangs);
}

/* How long it takes a reader to be told that there is no store now. */
static int64_t time_of_reading(void)
{
    struct store_usage usage;
    const int64_t before_us = clock_boot_us();
    struct store *store = commit_rig_store();
    assert_int_equal(store_each_outbox(store, 0, 1, see_none, NULL), STATUS_CLOSED);
    store_usage(store, &usage);
    assert_int_equal(usage.outbox_rows, 0);
    return clock_boot_us() - before_us;
}

/* True: at once, and the alert was out in time. */
static bool goes_on_while_it_is_opened_again(void)
{
    const int64_t begin_us = clock_boot_us();
    atomic_store(&disk_fault.meta_error, EIO);
    push_alert(0);
    wait_until_it_fails();
    atomic_store(&disk_fault.hang, true);
    for (unsigned i = 0; i < LATE_US / 1000 && atomic_load(&disk_fault.hanging) == 0; i++) {
        (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 1000);
    }
    assert_int_equal(atomic_load(&disk_fault.hanging), 1);
    const bool is_told = time_of_reading() < TOLD_US;
    assert_true(wait_direct(1, LATE_US));
    const bool is_out = clock_boot_us() - begin_us < OUT_US;
    const uint64_t last = push_until_one_goes_soon(2);
    atomic_store(&disk_fault.meta_error, 0);
    atomic_store(&disk_fault.hang, false);
    rows.count = 0;
    for (unsigned i = 0; i < LATE_US / 10000 && rows.count < last; i++) {
        (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 10000);
        rows.count = 0;
        (void)!store_each_outbox(commit_rig_store(), 0, RIG_SEEN_MAX, see_seq, &rows);
    }
    check_rows(&rows, 1, last);
    return is_told && is_out;
}

/* A commit that failed has the file opened again, and the disk hangs in that: whoever reads the store is told so at once, and alerts go out. */
static void test_hanging_while_it_is_opened_again(void **state)
{
    try_until_in_time(state, goes_on_while_it_is_opened_again);
}

/* What was delivered waits for the writer: as long as that hangs nothing is due, and nobody turns in circles. */
static void test_deliveries_wait_for_a_writer_that_hangs(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    const struct observation o = {.at_ms = RIG_ANCHOR_MS, .vital = VITAL_hr, .value_milli = 80000};
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    rounds(1, 1000);
    commit_rig_outbox(&rows);
    assert_true(ring_push(&r->journal, &o));
    r->now_us = r->commit.journal_due_us - 1000;
    assert_true(ring_push(&r->delivered, &rows.row[0]));
    (void)commit_step(&r->commit, r->now_us);
    r->now_us += 1000;
    (void)commit_step(&r->commit, r->now_us);
    assert_false(writer_is_idle(&r->commit.writer)); /* it has the journal, and does not come back */
    r->now_us += 10 * COMMIT_DELIVERED_WAIT_US;
    assert_true(commit_step(&r->commit, r->now_us) > r->now_us);
    assert_true(writer_step(&r->commit.writer));
    rounds(3, 1000);
    commit_rig_history(&rows);
    assert_int_equal(rows.count, 1);
}

/* As long as the store does not say that it has them they are told as waiting, whoever holds them. */
static void test_deliveries_are_waiting_until_they_are_committed(void **state)
{
    (void)state;
    const struct commit *c = &commit_rig.commit;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(0, PHASE_END);
    rounds(2, 1000);
    assert_int_equal(atomic_load(&c->state.noting), 0);
    atomic_store(&disk_fault.sync_error, EIO);
    assert_true(ring_push(&commit_rig.delivered, &(uint64_t){1}));
    rounds(1, COMMIT_DELIVERED_WAIT_US);
    assert_true(ring_push(&commit_rig.delivered, &(uint64_t){2}));
    for (unsigned i = 0; i < 30; i++) {
        rounds(1, COMMIT_DELIVERED_WAIT_US);
        assert_int_equal(atomic_load(&c->state.noting) + ring_count(&commit_rig.delivered), 2);
    }
    assert_int_equal(atomic_load(&c->state.noting), 2);
    atomic_store(&disk_fault.sync_error, 0);
    rounds(10, COMMIT_DELIVERED_WAIT_US);
    assert_int_equal(atomic_load(&c->state.noting), 0);
    commit_rig_history(&rows);
    assert_int_equal(rows.count, 2);
}

/* A reload is refused, and the same threads go on with what there is. */
static void test_a_hanging_disk_cannot_be_detached(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct commit *c = &commit_rig.commit;
    commit_rig_make(true);
    commit_rig_start();
    atomic_store(&disk_fault.hang, true);
    push_alert(0);
    int64_t least_us = LATE_US;
    for (unsigned tries = 0; tries < TRIES_MOST && least_us >= STOPS_US; tries++) {
        const int64_t before_us = clock_boot_us();
        assert_false(commit_detach(c, &store));
        const int64_t took_us = clock_boot_us() - before_us;
        least_us = took_us < least_us ? took_us : least_us;
        assert_int_equal(commit_resume(c), STATUS_OK);
    }
    assert_in_range(least_us, 800000, STOPS_US);
    push_alert(1);
    atomic_store(&disk_fault.hang, false);
    wait_committed(2);
    commit_rig_detach(&store);
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 2);
}

static void test_stop_does_not_wait_for_a_hanging_disk(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_start();
    atomic_store(&disk_fault.hang, true);
    push_alert(0);
    while (atomic_load(&disk_fault.hanging) == 0) {
        (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 1000);
    }
    int64_t least_us = LATE_US;
    for (unsigned tries = 0; tries < TRIES_MOST && least_us >= STOPS_US; tries++) {
        const int64_t before_us = clock_boot_us();
        assert_false(commit_stop(&commit_rig.commit));
        const int64_t took_us = clock_boot_us() - before_us;
        least_us = took_us < least_us ? took_us : least_us;
    }
    assert_true(least_us < STOPS_US);
    atomic_store(&disk_fault.hang, false);
    commit_rig_unmake();
    commit_rig_make(true);
    commit_rig_outbox(&rows);
    check_rows(&rows, 1, 1);
}

static void test_stop_hands_over_what_cannot_be_stored(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_start();
    atomic_store(&disk_fault.sync_error, EIO);
    push_alert(0);
    push_alert(1);
    wait_until_it_fails();
    commit_rig_stop();
    check_direct(1, 2);
    assert_true(atomic_load(&commit_rig.commit.state.unstored) >= 2); /* counted once more with each try to end */
}

int main(void)
{
#define COMMIT_TEST(test) cmocka_unit_test_setup_teardown(test, commit_rig_setup, teardown)
    const struct CMUnitTest tests[] = {
        COMMIT_TEST(test_short_fault_is_nobodys_business),
        COMMIT_TEST(test_alerts_go_around_a_failing_store),
        COMMIT_TEST(test_acknowledged_ones_go_straight_to_history),
        COMMIT_TEST(test_full_direct_ring_is_tried_again),
        COMMIT_TEST(test_store_that_appears_later),
        COMMIT_TEST(test_a_damaged_one_in_a_store_that_appears_later),
        COMMIT_TEST(test_high_ones_in_a_store_that_appears_later),
        COMMIT_TEST(test_commit_that_came_through_after_all),
        COMMIT_TEST(test_damaged_while_running),
        COMMIT_TEST(test_no_gap_without_a_record),
        COMMIT_TEST(test_damaged_and_no_new_one_at_once),
        COMMIT_TEST(test_damaged_between_groups),
        COMMIT_TEST(test_put_back_while_running),
        COMMIT_TEST(test_damaged_behind_a_commit_that_came_through),
        COMMIT_TEST(test_full_outbox),
        COMMIT_TEST(test_dead_disk),
        COMMIT_TEST(test_first_try_that_hangs_and_fails),
        COMMIT_TEST(test_each_fault_of_the_disk),
        COMMIT_TEST(test_hanging_disk),
        COMMIT_TEST(test_hanging_while_it_is_opened_again),
        COMMIT_TEST(test_deliveries_wait_for_a_writer_that_hangs),
        COMMIT_TEST(test_deliveries_are_waiting_until_they_are_committed),
        COMMIT_TEST(test_a_hanging_disk_cannot_be_detached),
        COMMIT_TEST(test_stop_does_not_wait_for_a_hanging_disk),
        COMMIT_TEST(test_stop_hands_over_what_cannot_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
