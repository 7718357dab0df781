/*
 * No alert waits for a disk that takes its time for longer than 2 s, until it is durable or out. By the program's own clock, which here goes on by the
 * instants that it asks for, or by the test's: how busy the machine is makes no difference.
 */
#include "tests/unit/support/commit_rig.h"

#include "hal/clock.h"
#include "tests/unit/support/disk_fault.h"

#define PROMISED_US 2000000
#define PATIENCE_MS 60000 /* real ones, until a thread has come to the disk */

static struct direct_alert direct;

static int teardown(void **state)
{
    atomic_store(&disk_fault.hang, false);
    return commit_rig_teardown(state);
}

static void wait_until_it_hangs(void)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&disk_fault.hanging) == 0; i++) {
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
    assert_int_equal(atomic_load(&disk_fault.hanging), 1);
}

/* A sync that does not come back: the alert that waits for it goes after a second, the next one at once. */
static void test_hanging_disk_is_waited_for_a_second(void **state)
{
    (void)state;
    struct commit *c = &commit_rig.commit;
    const int64_t given_us = commit_rig.now_us;
    commit_rig_make(true);
    assert_int_equal(writer_start(&c->writer), STATUS_OK);
    atomic_store(&disk_fault.hang, true);
    commit_rig_alert(0, PHASE_START);
    int64_t now_us = given_us;
    int64_t next_us = commit_step(c, now_us);
    wait_until_it_hangs();
    while (!commit_rig_pop_direct(&direct)) {
        assert_true(next_us > now_us && next_us - given_us <= PROMISED_US);
        now_us = next_us;
        next_us = commit_step(c, now_us);
    }
    assert_int_equal(direct.alert.seq, 1);
    assert_int_equal(now_us - given_us, COMMIT_DIRECT_US);
    commit_rig_alert(1, PHASE_START);
    (void)commit_step(c, now_us);
    assert_true(commit_rig_pop_direct(&direct));
    assert_int_equal(direct.alert.seq, 2);
}

enum { ROUND_US = 5000, ROUNDS = 4000, APART = 7 };

/* The writer's part, which takes so long for each batch. */
static void write_when_over(int64_t batch_us, int64_t *given_us)
{
    struct commit_rig *r = &commit_rig;
    if (!writer_is_idle(&r->commit.writer) && *given_us == 0) {
        *given_us = r->now_us;
    }
    if (*given_us != 0 && r->now_us - *given_us >= batch_us) {
        assert_true(writer_step(&r->commit.writer));
        (void)commit_step(&r->commit, r->now_us);
        *given_us = writer_is_idle(&r->commit.writer) ? 0 : r->now_us;
    }
}

/* Up to which seq all is durable or out: in a new store rows are numbered as alerts are. */
static uint64_t known_through(uint64_t before)
{
    const uint64_t durable = atomic_load(&commit_rig.commit.committed_row);
    uint64_t through = durable > before ? durable : before;
    while (commit_rig_pop_direct(&direct)) {
        through = direct.alert.seq > through ? direct.alert.seq : through;
    }
    return through;
}

/* How long the slowest of many alerts waits, one every few rounds, when each batch takes that long. */
static int64_t slowest_us(int64_t batch_us)
{
    static int64_t made_us[ROUNDS / APART + 2]; /* by seq, from 1 on */
    struct commit_rig *r = &commit_rig;
    int64_t given_us = 0, slowest_us = 0;
    uint64_t through = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        r->now_us += ROUND_US;
        if (i % APART == 0) {
            commit_rig_alert(0, PHASE_START);
            made_us[r->seq] = r->now_us;
        }
        (void)commit_step(&r->commit, r->now_us);
        write_when_over(batch_us, &given_us);
        const uint64_t first = through + 1;
        through = known_through(through);
        if (first <= r->seq && r->now_us - made_us[first] > slowest_us) {
            slowest_us = r->now_us - made_us[first];
        }
    }
    return slowest_us;
}

/* Those that take just less than a second are the worst: one batch is waited for, and then the next, in which the alert is. What is left of the promise is
 * the uplink's. */
static void test_slow_disk_holds_no_alert_for_long(void **state)
{
    static const int64_t batches_us[] = {0, 100000, 500000, 900000, 990000, 1000000, 1500000, 2000000, 5000000};
    for (unsigned i = 0; i < sizeof batches_us / sizeof batches_us[0]; i++) {
        if (i > 0) {
            assert_int_equal(teardown(state), 0);
            assert_int_equal(commit_rig_setup(state), 0);
        }
        commit_rig_make(true);
        const int64_t most_us = slowest_us(batches_us[i]);
        assert_in_range(most_us, batches_us[i] < COMMIT_DIRECT_US ? batches_us[i] : COMMIT_DIRECT_US, COMMIT_WAIT_US);
    }
}

enum { BURST = COMMIT_PENDING_MAX + 3 * 256, BURST_BATCH_US = 900000 };

/* More alerts at once than may wait: one that went around a store which goes on, if slowly, is stored all the same. */
static void test_slow_disk_stores_all_of_a_burst(void **state)
{
    (void)state;
    struct commit_rig *r = &commit_rig;
    static struct commit_rig_rows rows;
    int64_t given_us = 0;
    uint64_t through = 0;
    r->folder.config.size_bytes = 16 * STORE_SIZE_LEAST;
    commit_rig_make(true);
    for (unsigned i = 0; i < BURST; i++) {
        commit_rig_alert(0, PHASE_START);
    }
    for (unsigned i = 0; i < 20 * BURST_BATCH_US / ROUND_US; i++) {
        r->now_us += ROUND_US;
        (void)commit_step(&r->commit, r->now_us);
        write_when_over(BURST_BATCH_US, &given_us);
        through = known_through(through);
    }
    assert_int_equal(through, BURST);
    assert_int_equal(atomic_load(&r->commit.state.unstored), 0);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, BURST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hanging_disk_is_waited_for_a_second, commit_rig_setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_disk_holds_no_alert_for_long, commit_rig_setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_disk_stores_all_of_a_burst, commit_rig_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
