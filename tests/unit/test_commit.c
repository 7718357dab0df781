/* From the engine's records to the store: grouped, in order, durable before anyone is woken. */
#include "tests/unit/support/commit_rig.h"

#include "hal/clock.h"
#include "tests/unit/support/journal_seen.h"

static struct commit_rig_rows rows;

static void read_state(const char *key, void *value, size_t size)
{
    size_t length = 0;
    assert_int_equal(store_get_state(commit_rig_store(), key, value, size, &length), STATUS_OK);
    assert_int_equal(length, size);
}

static void test_alert_is_durable_before_the_wake(void **state)
{
    (void)state;
    commit_rig_make(true);
    struct commit *c = &commit_rig.commit;
    commit_rig_round(0);
    assert_false(commit_rig_woken());
    commit_rig_alert(0, PHASE_START);
    (void)commit_step(c, commit_rig.now_us); /* the writer has it */
    assert_false(commit_rig_woken());
    assert_int_equal(atomic_load(&c->committed_row), 0);
    assert_true(writer_step(&c->writer)); /* now it is durable, and nobody else has anything to say about it */
    assert_true(commit_rig_woken());
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 1);
    assert_int_equal(atomic_load(&c->committed_row), rows.row[0]);
    (void)commit_step(c, commit_rig.now_us);
    assert_false(commit_rig_woken());
    assert_int_equal(atomic_load(&c->state.commits), 1);
    assert_int_equal(atomic_load(&c->state.failing_since_us), 0);
}

/* A disk that hangs under the journal, behind the group: what is durable goes by the outbox alone, what comes after it directly. */
static void test_what_is_durable_is_not_handed_over(void **state)
{
    (void)state;
    struct direct_alert direct;
    commit_rig_make(true);
    struct commit *c = &commit_rig.commit;
    commit_rig_round(0);
    commit_rig_alert(0, PHASE_START);
    (void)commit_step(c, commit_rig.now_us);
    atomic_store(&c->writer.durable, 1); /* so far the writer has come */
    commit_rig_alert(1, PHASE_START);
    (void)commit_step(c, commit_rig.now_us + COMMIT_DIRECT_US - 1);
    assert_false(commit_rig_pop_direct(&direct));
    (void)commit_step(c, commit_rig.now_us + COMMIT_DIRECT_US);
    assert_true(commit_rig_pop_direct(&direct));
    assert_int_equal(direct.alert.key.bed, 1);
    assert_false(commit_rig_pop_direct(&direct));
    assert_true(writer_step(&c->writer));
    commit_rig_round(0);
    commit_rig_round(0);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_int_equal(atomic_load(&c->state.unstored), 0);
}

static void test_all_of_a_record_in_one_transaction(void **state)
{
    (void)state;
    uint32_t ended = 0;
    struct state_numbers numbers;
    struct bed_snapshot bed;
    struct state_clock clock;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    commit_rig_alert(BED_NONE, PHASE_START);
    commit_rig_alert(1, PHASE_END);
    commit_rig_round(0);
    struct store_usage usage;
    store_usage(commit_rig_store(), &usage);
    assert_int_equal(usage.commits, 1);
    assert_int_equal(commit_rig_alarms(&ended), 3);
    assert_int_equal(ended, 1);
    read_state(STATE_NUMBERS, &numbers, sizeof numbers);
    assert_int_equal(numbers.seq, 4);
    assert_int_equal(numbers.next_id, 5);
    read_state(STATE_BED "b02", &bed, sizeof bed);
    assert_int_equal(bed.bed_seq, 2);
    assert_int_equal(bed.stay, 7);
    read_state(STATE_CLOCK, &clock, sizeof clock);
    assert_string_equal(clock.boot_id, "this boot");
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 4);
    assert_int_equal(rows.flags[0], 0);
    assert_int_equal(rows.flags[3], STORE_ALERT_ENDS_ALARM);
}

/* A test alert goes the whole way and touches no alarm; a change of stay is a state and no alert. */
static void test_test_alert_and_bed_record(void **state)
{
    (void)state;
    uint32_t ended = 0;
    struct bed_snapshot bed;
    struct record record;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    assert_int_equal(ring_pop(&commit_rig.records, &record, 1), 1);
    record.alert.test = true;
    assert_true(ring_push(&commit_rig.records, &record));
    record = (struct record){.kind = RECORD_BED, .bed = 1, .bed_state = {.stay = 99}, .seq = 1, .next_id = 2};
    assert_true(ring_push(&commit_rig.records, &record));
    commit_rig_round(0);
    assert_int_equal(commit_rig_alarms(&ended), 0);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.flags[0], STORE_ALERT_TEST);
    read_state(STATE_BED "b02", &bed, sizeof bed);
    assert_int_equal(bed.stay, 99);
}

/* What is folded is a state and a row to show it by; delivered, it leaves nothing. */
static void test_folded_record(void **state)
{
    (void)state;
    uint32_t ended = 0;
    struct record record;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_alert(1, PHASE_START);
    assert_int_equal(ring_pop(&commit_rig.records, &record, 1), 1);
    record.kind = RECORD_FOLDED;
    record.alert.part_of = 99;
    record.alert.part_of_index = BUILTIN_bus_down;
    assert_true(ring_push(&commit_rig.records, &record));
    commit_rig_round(0);
    assert_int_equal(commit_rig_alarms(&ended), 2);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.flags[0], 0);
    assert_int_equal(rows.flags[1], STORE_ALERT_FOLDED);
    assert_true(ring_push(&commit_rig.delivered, &rows.row[0]));
    assert_true(ring_push(&commit_rig.delivered, &rows.row[1]));
    commit_rig_round(0);
    commit_rig_round(COMMIT_DELIVERED_WAIT_US);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 0);
    commit_rig_history(&rows);
    assert_int_equal(rows.count, 1);
    assert_int_equal(commit_rig_alarms(&ended), 2);
}

static void test_group_commit(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < 600; i++) {
        commit_rig_alert(i % 3 == 0 ? 1 : 0, i % 2 == 0 ? PHASE_START : PHASE_END);
    }
    for (unsigned i = 0; i < 20; i++) {
        commit_rig_round(0);
    }
    struct store_usage usage;
    store_usage(commit_rig_store(), &usage);
    assert_in_range(usage.commits, 3, 15); /* the map of the test is small: so are its groups */
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 600);
    for (unsigned i = 0; i < 600; i++) {
        assert_int_equal(rows.seq[i], i + 1);
        assert_true(i == 0 || rows.row[i] > rows.row[i - 1]);
    }
    assert_int_equal(atomic_load(&commit_rig.commit.committed_row), rows.row[599]);
}

static void test_deliveries(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < 10; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    commit_rig_round(0);
    assert_true(commit_rig_woken());
    commit_rig_outbox(&rows);
    for (unsigned i = 0; i < 7; i++) {
        assert_true(ring_push(&commit_rig.delivered, &rows.row[i]));
    }
    commit_rig_round(0);
    commit_rig_round(COMMIT_DELIVERED_WAIT_US);
    assert_false(commit_rig_woken()); /* nothing new for it */
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 3);
    commit_rig_history(&rows);
    assert_int_equal(rows.count, 7);
    assert_int_equal(rows.seq[0], 1);
}

static uint64_t outbox_count(void)
{
    commit_rig_outbox(&rows);
    return rows.count;
}

static void push_delivered(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        assert_true(ring_push(&commit_rig.delivered, &rows.row[i]));
    }
}

/* A delivery waits for others, for a while, and not at all when something else is committed. */
static void test_deliveries_come_together(void **state)
{
    (void)state;
    enum { ALERTS = COMMIT_DELIVERED_MANY + 64 };
    static struct commit_rig_rows all;
    commit_rig_make(true);
    struct commit *c = &commit_rig.commit;
    for (unsigned i = 0; i < ALERTS; i++) {
        commit_rig_alert(0, PHASE_UPDATE);
        if (i % COMMIT_GROUP_MAX == COMMIT_GROUP_MAX - 1) {
            commit_rig_round(0);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        commit_rig_round(0);
    }
    commit_rig_outbox(&all);
    const uint64_t commits = atomic_load(&c->state.commits);
    rows = all;
    push_delivered(0, 2);
    const int64_t begun_us = commit_rig.now_us;
    assert_int_equal(commit_step(c, begun_us), begun_us + COMMIT_DELIVERED_WAIT_US);
    commit_rig_round(COMMIT_DELIVERED_WAIT_US - 1);
    assert_int_equal(atomic_load(&c->state.commits), commits);
    commit_rig_round(1);
    assert_int_equal(atomic_load(&c->state.commits), commits + 1);
    assert_int_equal(outbox_count(), ALERTS - 2);

    rows = all;
    push_delivered(2, 1);
    commit_rig_round(1);
    assert_int_equal(atomic_load(&c->state.commits), commits + 1);
    commit_rig_alert(1, PHASE_START);
    commit_rig_round(0);
    assert_int_equal(atomic_load(&c->state.commits), commits + 2);
    assert_int_equal(outbox_count(), ALERTS - 2);

    rows = all;
    push_delivered(3, COMMIT_DELIVERED_MANY);
    commit_rig_round(0);
    assert_true(atomic_load(&c->state.commits) > commits + 2);
    commit_rig_unmake();
}

/* A start finds what the last run left, and tells the deliver thread up to where. */
static void test_next_run(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(0);
    commit_rig_unmake();
    commit_rig_make(true);
    assert_int_equal(atomic_load(&commit_rig.commit.committed_row), 1);
    commit_rig_alert(0, PHASE_END);
    commit_rig_round(0);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.seq[1], 2);
}

/* ---- the threads ---- */

/* False: what there was to do took the machine longer than the end waits for. What is not stored then is counted. */
static bool end_drained(void)
{
    commit_rig_make(true);
    commit_rig_start();
    for (unsigned i = 0; i < 500; i++) {
        commit_rig_alert(0, PHASE_START);
        observe(0, VITAL_spo2, 97000);
        wake_raise(&commit_rig.commit.wake);
    }
    const int64_t before_us = clock_boot_us();
    const bool is_over = commit_stop(&commit_rig.commit);
    const int64_t took_us = clock_boot_us() - before_us;
    commit_rig_unmake();
    const uint64_t unstored = atomic_load(&commit_rig.commit.state.unstored);
    commit_rig_make(true);
    commit_rig_outbox(&rows);
    assert_true(rows.count + unstored >= 500);
    return is_over && took_us < 1500000 && unstored == 0;
}

static void test_threads_commit_and_stop_drains(void **state)
{
    (void)state;
    bool is_drained = end_drained();
    for (unsigned i = 0; i < 20 && !is_drained; i++) { /* a machine that is busy with something else */
        (void)commit_rig_teardown(state);
        (void)commit_rig_setup(state);
        is_drained = end_drained();
    }
    assert_true(is_drained);
    assert_int_equal(rows.count, 500);
    assert_int_equal(read_journal().count, 500);
}

/* As a reload does: all of it is durable, the store stays open, and either the same one goes on or another. */
static void test_detached_it_gives_the_store_back(void **state)
{
    (void)state;
    struct store *store = NULL;
    commit_rig_make(true);
    commit_rig_start();
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < 300; i++) {
            commit_rig_alert(0, PHASE_START);
        }
        observe(0, VITAL_spo2, 97000);
        wake_raise(&commit_rig.commit.wake);
        commit_rig_detach(&store);
        assert_ptr_equal(store, commit_rig_store());
        commit_rig_outbox(&rows);
        assert_int_equal(rows.count, 300 * round);
        assert_int_equal(read_journal().count, round);
        assert_int_equal(round % 2 == 0 ? commit_start(&commit_rig.commit, store) : commit_resume(&commit_rig.commit),
                         STATUS_OK);
    }
    commit_rig_detach(&store); /* with nothing to do */
}

/* A reload that goes back must not need what may have become scarce meanwhile. */
static void test_made_anew_it_keeps_its_descriptors(void **state)
{
    (void)state;
    struct commit *c = &commit_rig.commit;
    struct store *store = NULL;
    commit_rig_make(true);
    commit_rig_start();
    commit_rig_detach(&store);
    const int fds[] = {c->wake.fd, c->writer.wake.fd};
    const struct commit_config config = c->config;
    struct arena arena = {.base = NULL};
    commit_init(c, &arena, &config);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    void *const memory = arena.base = aligned_alloc(64, arena.size);
    assert_non_null(memory);
    memset(memory, 0, arena.size);
    commit_init(c, &arena, &config);
    assert_int_equal(c->wake.fd, fds[0]);
    assert_int_equal(c->writer.wake.fd, fds[1]);
    assert_int_equal(commit_start(c, store), STATUS_OK);
    commit_rig_alert(0, PHASE_START);
    wake_raise(&c->wake);
    commit_rig_detach(&store);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 1);
    commit_rig_unmake();
    free(memory);
}

static void test_thread_wakes_the_deliver_thread(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_start();
    for (unsigned i = 1; i <= 50; i++) {
        commit_rig_alert(0, PHASE_START);
        wake_raise(&commit_rig.commit.wake);
        const int64_t until_us = clock_boot_us() + 30000000;
        while (atomic_load(&commit_rig.commit.committed_row) < i && clock_boot_us() < until_us) {
            (void)wake_wait_until(&commit_rig.deliver_wake, clock_boot_us() + 100000);
        }
        assert_int_equal(atomic_load(&commit_rig.commit.committed_row), i);
    }
    assert_true(atomic_load(&commit_rig.board.store_alive_us) > 0);
}

int main(void)
{
#define COMMIT_TEST(test) cmocka_unit_test_setup_teardown(test, commit_rig_setup, commit_rig_teardown)
    const struct CMUnitTest tests[] = {
        COMMIT_TEST(test_alert_is_durable_before_the_wake),
        COMMIT_TEST(test_what_is_durable_is_not_handed_over),
        COMMIT_TEST(test_all_of_a_record_in_one_transaction),
        COMMIT_TEST(test_test_alert_and_bed_record),
        COMMIT_TEST(test_folded_record),
        COMMIT_TEST(test_group_commit),
        COMMIT_TEST(test_deliveries),
        COMMIT_TEST(test_deliveries_come_together),
        COMMIT_TEST(test_next_run),
        COMMIT_TEST(test_threads_commit_and_stop_drains),
        COMMIT_TEST(test_detached_it_gives_the_store_back),
        COMMIT_TEST(test_made_anew_it_keeps_its_descriptors),
        COMMIT_TEST(test_thread_wakes_the_deliver_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
