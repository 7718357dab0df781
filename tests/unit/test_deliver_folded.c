/* What is part of another alarm: its state is shown like any other's, no alert of it is sent, and its row is let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/deliver_bench.h"

/* spo2_low at b01, part of the alarm bus_down 99; it has no number of its own. */
static struct alert folded(struct bench *bench, uint32_t rev, bool ends)
{
    struct alert alert = bench_alert(bench, 1, 0, ends);
    alert.seq = --bench->seq;
    alert.id = 4711;
    alert.rev = rev;
    alert.part_of = 99;
    alert.part_of_index = BUILTIN_bus_down;
    return alert;
}

/* The next that is about b01's alarm or an alert: topic, and whether the topic is emptied. */
static void expect(struct observer *observer, const char *topic, bool empty, struct seen *seen)
{
    do {
        assert_true(observer_next(observer, BENCH_WAIT_MS, seen));
    } while (strstr(seen->topic, "/alarm/") == NULL && !seen_is_alert(seen));
    assert_string_equal(seen->topic, topic);
    assert_int_equal(seen->payload[0] == '\0', empty);
}

static void commit(struct bench *bench, const struct alert *alert)
{
    bench_put(bench, alert, 0);
    bench_tell_committed(bench);
}

static void test_a_state_without_an_alert(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    (void)usleep(200000); /* the present is out */
    observer_open(&observer, &bench->broker, BASE "#");
    struct alert alert = folded(bench, 1, false);
    commit(bench, &alert);
    expect(&observer, BASE "b01/alarm/spo2_low", false, &seen);
    assert_true(seen.retained && seen_has(&seen, "\"part_of\":{\"gateway\":\"gw\"") && seen_has(&seen, "\"seq\":null"));
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    const uint64_t told = bench_commit(bench, 2, 0, false); /* the stream goes on without a gap */
    expect(&observer, BASE "b02/alert", false, &seen);
    assert_int_equal(seen_seq(&seen), told);
    assert_int_equal(told, 1);
    expect(&observer, BASE "b02/alarm/spo2_low", false, &seen);
    alert = folded(bench, 2, true);
    commit(bench, &alert);
    expect(&observer, BASE "b01/alarm/spo2_low", true, &seen);
    assert_true(bench_return(bench, 3, BENCH_WAIT_MS));
    struct store_usage usage;
    store_usage(bench->opened, &usage);
    assert_int_equal(usage.outbox_rows, 0);
    assert_int_equal(usage.history_rows, 1); /* of alerts */
    observer_close(&observer);
    bench_close(bench);
}

/* During an outage they wait among the alerts of their bed; then the state is there at once and only alerts follow. */
static void test_a_backlog(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    bench_build(bench, 64);
    const struct alert before = bench_alert(bench, 1, 1, false);
    bench_put(bench, &before, 60000);
    const struct alert alert = folded(bench, 1, false);
    bench_put(bench, &alert, 60000);
    const struct alert behind = bench_alert(bench, 1, 1, true);
    bench_put(bench, &behind, 60000);
    bench_tell_committed(bench);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/#");
    bench_start(bench);
    expect(&observer, BASE "b01/alarm/spo2_low", false, &seen);
    expect(&observer, BASE "b01/alarm/hr_high", true, &seen);
    expect(&observer, BASE "b01/alert", false, &seen);
    assert_int_equal(seen_seq(&seen), before.seq);
    expect(&observer, BASE "b01/alert", false, &seen);
    assert_int_equal(seen_seq(&seen), behind.seq);
    assert_true(bench_return(bench, 3, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    observer_close(&observer);
    bench_close(bench);
}

/* Around a store that does not commit: shown at once, newer than what the store says, and in nobody's way. */
static void test_around_a_sick_store(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    struct alert alert = folded(bench, 1, false);
    commit(bench, &alert);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    observer_open(&observer, &bench->broker, BASE "b01/#");
    expect(&observer, BASE "b01/alarm/spo2_low", false, &seen);
    alert = folded(bench, 2, false);
    bench_push_direct(bench, &alert);
    expect(&observer, BASE "b01/alarm/spo2_low", false, &seen);
    assert_true(seen_has(&seen, "\"rev\":2"));
    const struct alert told = bench_alert(bench, 1, 1, false);
    bench_push_direct(bench, &told);
    expect(&observer, BASE "b01/alert", false, &seen);
    assert_true(seen_has(&seen, "\"durable\":false"));
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->acknowledged_seq) < told.seq && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_int_equal(atomic_load(&bench->acknowledged_seq), told.seq);
    observer_close(&observer);

    broker_signal(&bench->broker,
                  SIGKILL); /* the next connection does not go back to revision 1, which the store has */
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/alarm/spo2_low");
    expect(&observer, BASE "b01/alarm/spo2_low", false, &seen);
    assert_true(seen_has(&seen, "\"rev\":2"));
    assert_false(observer_next(&observer, 300, &seen));
    alert = folded(bench, 3, true);
    commit(bench, &alert);
    expect(&observer, BASE "b01/alarm/spo2_low", true, &seen);
    observer_close(&observer);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_state_without_an_alert),
        cmocka_unit_test(test_a_backlog),
        cmocka_unit_test(test_around_a_sick_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
