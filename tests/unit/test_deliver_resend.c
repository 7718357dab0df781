/*
 * Alerts that were delivered before, sent again on request: those that are there and no others, in order, late and marked, behind everything that has not been
 * delivered yet, over connections that end, and with a last word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "tests/unit/support/deliver_bench.h"

#define TOPIC BASE "gateway/gw/resend"

static void ask(struct bench *bench, const char *id, uint64_t from, uint64_t through)
{
    struct resend_request request = {.from_seq = from, .through_seq = through};
    (void)snprintf(request.id, sizeof request.id, "%s", id);
    assert_true(ring_push(&bench->resends, &request));
    wake_raise(deliver_wake(bench->deliver));
}

/* So many alerts, all delivered; the newest seq. */
static uint64_t deliver_some(struct bench *bench, unsigned count)
{
    const uint64_t before = bench->returned;
    for (unsigned i = 0; i < count; i++) {
        (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, i % 2 == 1);
    }
    assert_true(bench_return(bench, before + count, BENCH_WAIT_MS));
    return bench->seq;
}

static void expect_alert(struct observer *observer, uint64_t seq)
{
    struct seen seen = {.qos = 0};
    assert_true(observer_find(observer, TOPIC, BENCH_WAIT_MS, &seen));
    assert_int_equal(seen_seq(&seen), seq);
    assert_false(seen.retained);
    assert_int_equal(seen.qos, 1);
    assert_true(seen_has(&seen, "\"delivery\":{\"late\":true,\"durable\":true,\"resend\":true}}"));
}

static void expect_end(struct observer *observer, const char *id, unsigned sent, unsigned missing, const char *how)
{
    struct seen seen = {.qos = 0};
    char wanted[128];
    assert_true(observer_find(observer, TOPIC, BENCH_WAIT_MS, &seen));
    (void)snprintf(wanted, sizeof wanted, "\"id\":\"%s\",\"epoch\":\"e0\",", id);
    assert_true(seen_has(&seen, wanted));
    (void)snprintf(wanted, sizeof wanted, "\"sent\":%u,\"missing\":%u,%s", sent, missing, how);
    assert_true(seen_has(&seen, wanted));
}

#define COMPLETE "\"complete\":true,\"reason\":null"

/* An alert of another epoch, as a store has them that was set aside and adopted: delivered long ago, under numbers of its own. */
static void put_foreign(struct bench *bench, uint64_t seq)
{
    char json[256];
    const int length = snprintf(json, sizeof json, "{\"schema\":\"1\",\"epoch\":\"before\",\"seq\":%d}", (int)seq);
    const struct store_alert row = {.seq = seq,
                                    .flags = STORE_ALERT_SENT,
                                    .committed_wall_ms = 1,
                                    .bed = "b01",
                                    .alarm = "spo2_low",
                                    .json = json,
                                    .json_length = (uint32_t)length};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_put_alert(bench->opened, &row), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
}

static void test_those_asked_for_and_no_others(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    bench_build(bench, 64);
    for (uint64_t seq = 1; seq <= 90; seq++) {
        put_foreign(bench, seq);
    }
    broker_start(&bench->broker);
    bench_go_online(bench);
    const uint64_t newest = deliver_some(bench, 12);
    assert_int_equal(newest, 12);
    observer_open(&observer, &bench->broker, TOPIC);
    ask(bench, "c-1", 4, 7);
    for (uint64_t seq = 4; seq <= 7; seq++) {
        expect_alert(&observer, seq);
    }
    expect_end(&observer, "c-1", 4, 0, COMPLETE);
    ask(bench, "c-2", 11, 14); /* two that are not there */
    ask(bench, "c-3", 1, 1);
    expect_alert(&observer, 11);
    expect_alert(&observer, 12);
    expect_end(&observer, "c-2", 2, 2, COMPLETE);
    expect_alert(&observer, 1);
    expect_end(&observer, "c-3", 1, 0, COMPLETE);
    assert_false(observer_next(&observer, 300, &seen));
    observer_close(&observer);
    bench_close(bench);
}

/* The present epoch may go on with the numbers of others: those are asked for by their numbers, too. */
static void test_of_an_epoch_that_is_gone_on_from(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = bench_open();
    bench_build(bench, 64);
    epochs_add(&bench_epochs_before, "before");
    for (uint64_t seq = 1; seq <= 9; seq++) {
        put_foreign(bench, seq);
    }
    bench->seq = 9;
    broker_start(&bench->broker);
    bench_go_online(bench);
    assert_int_equal(deliver_some(bench, 3), 12);
    observer_open(&observer, &bench->broker, TOPIC);
    ask(bench, "c-1", 8, 11);
    for (uint64_t seq = 8; seq <= 11; seq++) {
        expect_alert(&observer, seq);
    }
    expect_end(&observer, "c-1", 4, 0, COMPLETE);
    observer_close(&observer);
    bench_close(bench);
    bench_epochs_before.count = 0; /* nobody reads it any more */
}

/* Of what history has given up the end tells how many they were. */
static void test_what_is_not_kept_any_more(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = bench_open_online();
    (void)deliver_some(bench, 10);
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_forget_history(bench->opened, INT64_MAX), STATUS_OK); /* some of the oldest */
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
    struct store_usage usage;
    store_usage(bench->opened, &usage);
    const unsigned kept = (unsigned)usage.history_rows;
    assert_in_range(kept, 1, 9);
    observer_open(&observer, &bench->broker, TOPIC);
    ask(bench, "c-1", 1, 10);
    for (uint64_t seq = 11 - kept; seq <= 10; seq++) {
        expect_alert(&observer, seq);
    }
    expect_end(&observer, "c-1", kept, 10 - kept, COMPLETE);
    observer_close(&observer);
    bench_close(bench);
}

/* Behind a backlog, and never in the way of a live alert. */
static void test_behind_everything_else(void **state)
{
    (void)state;
    enum { BACKLOG = 60 };
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    (void)deliver_some(bench, 30);
    observer_open(&observer, &bench->broker, BASE "#");
    broker_signal(&bench->broker, SIGKILL);
    assert_true(bench_wait_connected(bench, false, BENCH_WAIT_MS));
    observer_close(&observer);
    for (unsigned i = 0; i < BACKLOG; i++) {
        (void)bench_commit(bench, 1, 1, i % 2 == 1);
    }
    ask(bench, "c-1", 1, 30);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    unsigned alerts = 0, again = 0, live = 0;
    while (again < 31 && observer_next(&observer, BENCH_WAIT_MS, &seen)) {
        alerts += seen_is_alert(&seen) ? 1 : 0;
        if (strcmp(seen.topic, TOPIC) == 0) {
            assert_true(alerts >= BACKLOG); /* the first connection may have brought some of them twice */
            again++;
        }
        live += alerts > 0 && seen_is_alert(&seen) && strstr(seen.topic, "/b02/") != NULL ? 1 : 0;
        if (again == 5 && live == 0) {
            live = 1;
            (void)bench_commit(bench, 2, 0, false);
            assert_true(observer_find(&observer, BASE "b02/alert", 1000, &seen));
        }
    }
    assert_int_equal(again, 31);
    observer_close(&observer);
    bench_close(bench);
}

/* A connection that ends in the middle: the next one goes on with the alert that was not acknowledged. */
static void test_over_a_lost_connection(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    broker_configure(&bench->broker, "allow_anonymous true\npersistence true\npersistence_location @/\n"
                                     "max_queued_messages 0\n");
    broker_start(&bench->broker);
    bench_go_online(bench);
    (void)deliver_some(bench, 40);
    observer_open_as(&observer, &bench->broker, BASE "#", "witness");
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen)); /* it hears now */
    ask(bench, "c-1", 1, 40);
    expect_alert(&observer, 1);
    observer_close(&observer); /* from here on the broker keeps all for it */
    broker_signal(&bench->broker, SIGTERM);
    assert_true(bench_wait_connected(bench, false, BENCH_WAIT_MS));
    broker_start(&bench->broker);
    observer_open_as(&observer, &bench->broker, BASE "#", "witness");
    uint64_t newest = 1;
    while (observer_find(&observer, TOPIC, BENCH_WAIT_MS, &seen) && !seen_has(&seen, "\"from_seq\":")) {
        const uint64_t seq = seen_seq(&seen);
        assert_true(seq == newest || seq == newest + 1); /* one of them may come twice */
        newest = seq;
    }
    assert_int_equal(newest, 40);
    assert_true(seen_has(&seen, "\"sent\":40,\"missing\":0," COMPLETE));
    observer_close(&observer);
    bench_close(bench);
}

/* Another deliver over the same link, as after a reload, goes on with it; a stop says that it has ended. */
static void test_a_reload_and_a_stop(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    (void)deliver_some(bench, 60);
    observer_open(&observer, &bench->broker, TOPIC);
    ask(bench, "c-1", 1, 60);
    ask(bench, "c-2", 5, 9);
    expect_alert(&observer, 1);
    deliver_detach(bench->deliver);
    assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
    uint64_t newest = 1;
    while (newest < 20 && observer_find(&observer, TOPIC, BENCH_WAIT_MS, &seen)) {
        assert_true(seen_seq(&seen) == newest || seen_seq(&seen) == newest + 1);
        newest = seen_seq(&seen);
    }
    assert_int_equal(newest, 20);
    deliver_stop(bench->deliver);
    while (observer_find(&observer, TOPIC, BENCH_WAIT_MS, &seen) && !seen_has(&seen, "\"from_seq\":")) {
    }
    assert_true(seen_has(&seen, "\"id\":\"c-1\"") && seen_has(&seen, "\"complete\":false,\"reason\":\"stopped\""));
    expect_end(&observer, "c-2", 0, 5, "\"complete\":false,\"reason\":\"stopped\"");
    observer_close(&observer);
    bench->deliver = NULL;
    bench_close(bench);
}

/* A broker that does not allow the topic is not asked a thousand times. */
static void test_refused(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = bench_open();
    test_write_file(bench->broker.folder, "acl", "topic readwrite #\ntopic deny " TOPIC "\n");
    broker_configure(&bench->broker, "allow_anonymous true\nacl_file @/acl\n");
    broker_start(&bench->broker);
    bench_go_online(bench);
    (void)deliver_some(bench, 5);
    ask(bench, "c-1", 1, 5);
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->board.uplink_refused_us) == 0 && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_true(atomic_load(&bench->board.uplink_refused_us) != 0);
    observer_open(&observer, &bench->broker, BASE "#");
    (void)bench_commit(bench, 2, 0, false); /* nothing is held up by it */
    assert_true(bench_return(bench, 6, BENCH_WAIT_MS));
    observer_close(&observer);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_asked_for_and_no_others),
        cmocka_unit_test(test_what_is_not_kept_any_more),
        cmocka_unit_test(test_of_an_epoch_that_is_gone_on_from),
        cmocka_unit_test(test_what_is_not_kept_any_more),
        cmocka_unit_test(test_behind_everything_else),
        cmocka_unit_test(test_over_a_lost_connection),
        cmocka_unit_test(test_a_reload_and_a_stop),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
