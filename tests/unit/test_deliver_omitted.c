/* The record of alerts that a full outbox gave up: delivered in its place, once, and nothing waits for what it stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "tests/unit/support/deliver_bench.h"

#define TOPIC BASE "gateway/gw/omitted"

/* As the writer does it: these rows go, their record comes. */
static void omit(struct bench *bench, uint64_t from_row, uint64_t through_row, uint64_t from_seq)
{
    uint64_t rows[512];
    char json[STORE_VALUE_MAX];
    struct omitted omitted = {.count = 0};
    uint32_t count = 0;
    for (uint64_t row = from_row; row <= through_row; row++) {
        rows[count++] = row;
        assert_true(omitted_add(&omitted, from_seq + row - from_row, PRIORITY_LOW, 1700000000000));
    }
    const size_t length = payload_omitted(&bench_context, &omitted, clock_wall_ms(), json, sizeof json);
    const struct store_alert record = {.seq = bench->seq,
                                       .flags = STORE_ALERT_OMITS,
                                       .committed_wall_ms = clock_wall_ms(),
                                       .bed = "",
                                       .alarm = "omitted",
                                       .json = json,
                                       .json_length = (uint32_t)length};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_omit(bench->opened, rows, count, 0, &record), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
    bench_tell_committed(bench);
}

/* Of another gateway's store, which was opened late: it waits under their numbers. */
static uint64_t put_record_of_others(struct bench *bench, uint64_t seq)
{
    char json[STORE_VALUE_MAX];
    struct payload_context others = bench_context;
    struct omitted omitted = {.count = 0};
    others.epoch = "ff";
    assert_true(omitted_add(&omitted, seq, PRIORITY_LOW, 1700000000000));
    const struct store_alert record = {
        .seq = seq,
        .flags = STORE_ALERT_OMITS,
        .committed_wall_ms = clock_wall_ms(),
        .bed = "",
        .alarm = "omitted",
        .json = json,
        .json_length = (uint32_t)payload_omitted(&others, &omitted, clock_wall_ms(), json, sizeof json)};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_omit(bench->opened, NULL, 0, 0, &record), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
    bench_tell_committed(bench);
    return store_last_row(bench->opened);
}

static void put_backlog(struct bench *bench, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct alert alert = bench_alert(bench, 1, 1, i % 2 == 1);
        bench_put(bench, &alert, 60000);
    }
}

static void test_the_record_comes_in_its_place(void **state)
{
    (void)state;
    enum { BACKLOG = 40 };
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    bench_build(bench, 64);
    put_backlog(bench, BACKLOG);
    omit(bench, 5, 20, 5);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    unsigned alerts = 0;
    bool recorded = false;
    while ((alerts < BACKLOG - 16 || !recorded) && observer_next(&observer, BENCH_WAIT_MS, &seen)) {
        if (strcmp(seen.topic, TOPIC) == 0) {
            assert_false(recorded || seen.retained);
            assert_int_equal(seen.qos, 1);
            assert_true(seen_has(&seen, "\"alerts\":16,") && seen_has(&seen, "\"seq_ranges\":[[5,20]]"));
            recorded = true;
        } else if (seen_is_alert(&seen)) {
            assert_true(seen_seq(&seen) < 5 || seen_seq(&seen) > 20);
            alerts++;
        }
    }
    assert_true(recorded);
    assert_int_equal(alerts, BACKLOG - 16);
    assert_true(bench_return(bench, BACKLOG - 16 + 1, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    struct store_usage usage;
    store_usage(bench->opened, &usage);
    assert_int_equal(usage.history_rows, BACKLOG - 16 + 1); /* the record is history's, too */
    observer_close(&observer);
    bench_close(bench);
}

/* Rows that were read already, and are given up before they go, do not go. */
static void test_given_up_behind_the_reading(void **state)
{
    (void)state;
    enum { BACKLOG = 28, LEFT = 23 };
    static atomic_ullong omitted;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    bench->config.backlog_rate = 4; /* some 20 go at once */
    bench->config.omitted = &omitted;
    bench_build(bench, 64);
    put_backlog(bench, BACKLOG);
    bench_tell_committed(bench);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    do {
        assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    } while (seen_seq(&seen) < 20);
    omit(bench, LEFT + 1, BACKLOG, LEFT + 1);
    atomic_fetch_add(&omitted, BACKLOG - LEFT);
    unsigned alerts = 20;
    bool recorded = false;
    while ((alerts < LEFT || !recorded) && observer_next(&observer, BENCH_WAIT_MS, &seen)) {
        recorded |= strcmp(seen.topic, TOPIC) == 0;
        if (seen_is_alert(&seen)) {
            assert_in_range(seen_seq(&seen), ++alerts, LEFT);
        }
    }
    assert_true(recorded && alerts == LEFT);
    while (observer_next(&observer, 1500, &seen)) { /* the next ones would have gone in this time */
        assert_false(seen_is_alert(&seen));
    }
    assert_true(bench_return(bench, LEFT + 1, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    observer_close(&observer);
    bench_close(bench);
}

/* Rows that were counted as backlog and are given up meanwhile hold nothing up. */
static void test_given_up_while_it_is_sent(void **state)
{
    (void)state;
    enum { BACKLOG = 300 };
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    bench->config.backlog_rate = 200; /* so that they are not all sent by then */
    bench_build(bench, 64);
    put_backlog(bench, BACKLOG);
    bench_tell_committed(bench);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    omit(bench, 201, 290, 201);
    assert_true(observer_find(&observer, TOPIC, BENCH_WAIT_MS, &seen));
    assert_true(bench_return(bench, BACKLOG - 90 + 1, BENCH_WAIT_MS));
    const int64_t begun_ms = test_now_ms();
    const uint64_t live = bench_commit(bench, 1, 0, false);
    assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    while (seen_seq(&seen) != live) {
        assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    }
    assert_true(test_now_ms() - begun_ms < 2000);
    assert_true(bench_return(bench, BACKLOG - 90 + 2, BENCH_WAIT_MS));
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->board.delivered_seq) < live && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_int_equal(atomic_load(&bench->board.delivered_seq), live);
    observer_close(&observer);
    bench_close(bench);
}

/* Who hears no record may hear alerts all the same. */
static void test_nobody_for_the_record(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    observer_open(&observer, &bench->broker, BASE "+/alert");
    (void)bench_commit(bench, 1, 0, false);
    assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    (void)bench_commit(bench, 1, 0, true);
    assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    assert_true(bench_return(bench, 2, BENCH_WAIT_MS));
    omit(bench, 100, 100, 1);
    assert_true(bench_return(bench, 3, BENCH_WAIT_MS));
    assert_false(atomic_load(&bench->board.uplink_unheard));
    observer_close(&observer);
    bench_close(bench);
}

/* Its number says nothing of ours: neither while it is under way, nor when it has gone. */
static void test_a_record_of_others(void **state)
{
    (void)state;
    struct bench *bench = bench_open_online();
    (void)bench_commit(bench, 1, 0, false);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    (void)kill(bench->broker.pid, SIGSTOP);
    const uint64_t row = put_record_of_others(bench, 4711);
    for (unsigned i = 0; i < 20; i++) {
        (void)usleep(10000);
        wake_raise(deliver_wake(bench->deliver));
    }
    assert_true(atomic_load(&bench->board.delivered_row) < row);
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 1);
    (void)kill(bench->broker.pid, SIGCONT);
    assert_true(bench_return(bench, 2, BENCH_WAIT_MS));
    const uint64_t own = bench_commit(bench, 1, 0, true);
    assert_true(bench_return(bench, 3, BENCH_WAIT_MS));
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->board.delivered_seq) < own && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_int_equal(atomic_load(&bench->board.delivered_seq), own);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_record_comes_in_its_place),
        cmocka_unit_test(test_given_up_behind_the_reading),
        cmocka_unit_test(test_given_up_while_it_is_sent),
        cmocka_unit_test(test_nobody_for_the_record),
        cmocka_unit_test(test_a_record_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
