/* Alerts around a store that does not commit: what is noted of them for the next start, from before the first one until all are stored; and an epoch that
 * goes on with a store's numbers. */
#include "tests/unit/support/around_rig.h"

static struct direct_alert direct;

static void expect(bool settled)
{
    assert_int_equal(around_is_settled(&next_start, commit_rig.epoch, UINT64_MAX), settled);
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

static void expect_waiting(const struct around_waiting *waiting, uint32_t count)
{
    struct around_waiting found[AROUND_WAITING_MAX];
    assert_int_equal(around_find_waiting(&next_start, found), count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = 0;
        while (at < count && strcmp(found[at].epoch, waiting[i].epoch) != 0) {
            at++;
        }
        assert_true(at < count);
        assert_int_equal(found[at].first, waiting[i].first);
        assert_int_equal(found[at].through, waiting[i].through);
    }
}

static void test_what_waits_is_told_of_each_epoch(void **state)
{
    (void)state;
    struct around none = {.page = NULL};
    struct around_waiting told[] = {{.epoch = "0123456789abcdef", .first = 4, .through = 3},
                                    {.epoch = "fedcba9876543210", .first = 1, .through = 2}};
    expect_waiting(NULL, 0);
    around_waits(&around, told, 1);
    expect_waiting(NULL, 0); /* the broker has everything */
    told[0].through = 5;
    around_waits(&around, told, 1);
    around_begin(&around, "fedcba9876543210", 2); /* says nothing of what waits */
    expect_waiting(told, 1);
    around_waits(&around, told, 2);
    expect_waiting(told, 2);
    told[0].first = 5;
    told[0].through = 2; /* what was given once may be there */
    around_waits(&around, told, 2);
    told[0].through = 5;
    expect_waiting(told, 2);
    around_waits(&around, &told[1], 1);
    expect_waiting(&told[1], 1);
    around_waits(&none, told, 2);
    struct around_waiting found[AROUND_WAITING_MAX];
    assert_int_equal(around_find_waiting(&none, found), 0);
}

/* Epoch after epoch finds room, and none that still waits is forgotten for it. */
static void test_there_is_room_for_as_many_as_may_be_told(void **state)
{
    (void)state;
    struct around_waiting told[AROUND_WAITING_MAX];
    for (unsigned i = 0; i < 3 * AROUND_WAITING_MAX; i++) {
        const uint32_t count = i < AROUND_WAITING_MAX ? i + 1 : AROUND_WAITING_MAX;
        struct around_waiting *next = &told[i % AROUND_WAITING_MAX];
        *next = (struct around_waiting){.first = i + 1, .through = i + 7};
        (void)snprintf(next->epoch, sizeof next->epoch, "e%u", i);
        around_waits(&around, told, count);
        expect_waiting(told, count);
    }
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
        AROUND_TEST(test_what_waits_is_told_of_each_epoch),
        AROUND_TEST(test_there_is_room_for_as_many_as_may_be_told),
        AROUND_TEST(test_epochs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
