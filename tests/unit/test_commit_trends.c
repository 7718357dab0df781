/* Trends beside the alerts: on the journal's beat, written when nothing else waits, and never in an alert's way for long. */
#include "tests/unit/support/commit_rig.h"

#include "hal/clock.h"
#include "tests/unit/support/disk_fault.h"

static int64_t observed_ms;

static int set_up(void **state)
{
    (void)commit_rig_setup(state);
    commit_rig.keeps_trends = true;
    commit_rig_make(true);
    trend_keeper_tend(&commit_rig.trends, 0);
    observed_ms = 0;
    commit_rig_round(0); /* the clock is put */
    return 0;
}

static int tear_down(void **state)
{
    atomic_store(&disk_fault.hang, false);
    return commit_rig_teardown(state);
}

/* A bed's value as the engine hands it on: to the board and the journal. */
static void observe(void)
{
    struct bed_view view = {.bed = 0, .monitored = true, .stay = 5, .vital_count = 1, .at_ms = ++observed_ms};
    view.vitals[0] =
        (struct vital_view){.vital = VITAL_spo2, .quality = QUALITY_VALID, .value_milli = 97000, .at_ms = observed_ms};
    (void)board_put(&commit_rig.board, &view);
    const struct observation o = {
        .at_ms = RIG_ANCHOR_MS + commit_rig.now_us / 1000, .vital = VITAL_spo2, .value_milli = 97000};
    assert_true(ring_push(&commit_rig.journal, &o));
}

static unsigned counted(void)
{
    const struct trend_bed *bed = &commit_rig.trends.beds[0];
    return bed->count == 0 ? 0 : bed->channels[0].count;
}

/* As if its minute were long past. */
static void end_minute(void)
{
    commit_rig.trends.minute -= 1;
    trend_keeper_look(&commit_rig.trends, clock_wall_ms());
    assert_true(trend_keeper_waits(&commit_rig.trends, false));
}

static void test_on_the_journals_beat(void **state)
{
    (void)state;
    struct commit *c = &commit_rig.commit;
    for (unsigned i = 0; i < 5; i++) {
        observe();
        (void)commit_step(c, commit_rig.now_us + 100000); /* the journal is not due */
        assert_true(writer_is_idle(&c->writer));
        assert_int_equal(counted(), i);
        commit_rig_round(1000000);
        assert_int_equal(counted(), i + 1);
    }
    (void)commit_step(c, commit_rig.now_us + 5000000); /* nothing to write: nobody is woken */
    assert_true(writer_is_idle(&c->writer));
}

/* A journal that is synced less often. */
static void test_between_two_syncs_of_the_journal(void **state)
{
    (void)state;
    commit_rig.commit.config.journal_interval_ms = 10000;
    observe();
    commit_rig_round(1000000); /* the journal was due by the interval before */
    for (unsigned i = 1; i < 5; i++) {
        observe();
        commit_rig_round(1000000);
        assert_int_equal(commit_rig.commit.writer.batch.journal_goes, BATCH_PUTS_JOURNAL);
        assert_int_equal(counted(), i + 1);
    }
}

static void test_only_when_nothing_else_waits(void **state)
{
    (void)state;
    struct commit *c = &commit_rig.commit;
    observe();
    commit_rig_round(1000000);
    end_minute();
    commit_rig_alert(0, PHASE_START);
    (void)commit_step(c, commit_rig.now_us);
    assert_int_equal(c->writer.batch.trends, BATCH_NO_TRENDS);
    assert_int_equal(c->writer.batch.record_count, 1);
    assert_true(writer_step(&c->writer));
    commit_rig_alert(0, PHASE_END); /* comes before the result is taken */
    (void)commit_step(c, commit_rig.now_us);
    assert_int_equal(c->writer.batch.trends, BATCH_NO_TRENDS);
    assert_true(writer_step(&c->writer));
    (void)commit_step(c, commit_rig.now_us);
    assert_int_equal(c->writer.batch.trends, BATCH_WRITES_TRENDS);
    assert_int_equal(c->writer.batch.record_count, 0);
    assert_true(writer_step(&c->writer));
    (void)commit_step(c, commit_rig.now_us);
    assert_false(trend_keeper_waits(&commit_rig.trends, false));
    assert_true(writer_is_idle(&c->writer));
    assert_int_equal(atomic_load(&c->state.failing_since_us), 0);
}

/* A disk that fails under the trends alone: the store goes on, and says nothing. */
static void test_trends_that_fail(void **state)
{
    (void)state;
    struct commit *c = &commit_rig.commit;
    observe();
    commit_rig_round(1000000);
    end_minute();
    atomic_store(&disk_fault.sync_error, EIO);
    commit_rig_round(0);
    atomic_store(&disk_fault.sync_error, 0);
    assert_int_equal(atomic_load(&commit_rig.trends.state), TREND_RESTING);
    assert_false(atomic_load(&commit_rig.trends.failing));
    trend_keeper_tend(&commit_rig.trends, 1);
    assert_true(atomic_load(&commit_rig.trends.failing));
    assert_int_equal(atomic_load(&c->state.status), STATUS_OK);
    assert_int_equal(atomic_load(&c->state.failing_since_us), 0);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(0);
    struct commit_rig_rows rows;
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 1);
}

/* One that hangs there: alerts go out not durable in time, and are stored when it comes back. */
static void test_trends_that_hang(void **state)
{
    (void)state;
    struct commit *c = &commit_rig.commit;
    struct direct_alert direct;
    static struct commit_rig_rows rows;
    observe();
    commit_rig_round(1000000);
    end_minute();
    atomic_store(&disk_fault.hang, true);
    assert_int_equal(writer_start(&c->writer), STATUS_OK);
    (void)commit_step(c, commit_rig.now_us);
    while (atomic_load(&disk_fault.hanging) == 0) {
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
    commit_rig_alert(0, PHASE_START);
    (void)commit_step(c, commit_rig.now_us + COMMIT_DIRECT_US - 1);
    assert_false(commit_rig_pop_direct(&direct));
    (void)commit_step(c, commit_rig.now_us + COMMIT_DIRECT_US);
    assert_true(commit_rig_pop_direct(&direct));
    assert_false(writer_stop(&c->writer)); /* nobody may wait for it */
    atomic_store(&disk_fault.hang, false);
    for (unsigned i = 0; i < 30000 && rows.count == 0; i++) {
        clock_sleep_until_us(clock_boot_us() + 1000);
        (void)commit_step(c, commit_rig.now_us + COMMIT_DIRECT_US);
        if (writer_is_idle(&c->writer)) {
            commit_rig_outbox(&rows);
        }
    }
    assert_int_equal(rows.count, 1);
}

static void see(void *context, int64_t minute, const struct trends_row *row)
{
    (void)minute;
    *(unsigned *)context += row->entries[0].count;
}

/* At the end the minute under way is written, too, and what was open is closed before the store is given away. */
static void test_the_threads(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct trends *trends = NULL;
    int64_t first = 0, last = 0;
    unsigned count = 0;
    observe();
    commit_rig_round(1000000);
    assert_int_equal(counted(), 1);
    assert_int_equal(commit_resume(&commit_rig.commit), STATUS_OK);
    commit_rig_detach(&store);
    assert_null(commit_rig.trends.trends);
    assert_int_equal(trends_open_to_read(commit_rig.folder.path, &trends), STATUS_OK);
    assert_int_equal(trends_span(trends, &first, &last), STATUS_OK);
    assert_int_equal(trends_each(trends, "b01", first, last + 1, see, &count), STATUS_OK);
    assert_int_equal(count, 1);
    trends_close(trends);
    assert_int_equal(commit_resume(&commit_rig.commit), STATUS_OK);
}

#define TRENDS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRENDS_TEST(test_on_the_journals_beat),
        TRENDS_TEST(test_between_two_syncs_of_the_journal),
        TRENDS_TEST(test_only_when_nothing_else_waits),
        TRENDS_TEST(test_trends_that_fail),
        TRENDS_TEST(test_trends_that_hang),
        TRENDS_TEST(test_the_threads),
    };
    return cmocka_run_group_tests_name("commit_trends", tests, NULL, NULL);
}
