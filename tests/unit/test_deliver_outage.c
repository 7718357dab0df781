/*
 * No alert is lost, doubled under another id, or out of order, whatever the broker does: absent, restarted, refusing,
 * frozen, gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "hal/clock.h"
#include "tests/unit/support/certificates.h"
#include "tests/unit/support/deliver_bench.h"

#define ALERTS_MAX 1024

/* What the observer saw of alerts. */
struct journal {
    uint64_t newest[BENCH_BEDS + 1]; /* seq, a bed and the gateway */
    unsigned times[ALERTS_MAX];      /* by seq */
    unsigned distinct;
};

static unsigned bed_of(const struct seen *seen)
{
    return strncmp(seen->topic, BASE "b0", sizeof BASE "b0" - 1) == 0
               ? (unsigned)(seen->topic[sizeof BASE "b0" - 1] - '0')
               : 0;
}

/* An alert may come twice, but the first time in the order of its bed, and always as the same occurrence. */
static void note_alert(struct journal *journal, const struct seen *seen)
{
    const uint64_t seq = seen_seq(seen);
    char id[32];
    assert_in_range(seq, 1, ALERTS_MAX - 1);
    (void)snprintf(id, sizeof id, "\"id\":\"%016llx\"", (unsigned long long)seq);
    assert_true(seen_has(seen, id));
    if (journal->times[seq]++ == 0) {
        uint64_t *newest = &journal->newest[bed_of(seen)];
        assert_true(seq > *newest);
        *newest = seq;
        ++journal->distinct;
    }
}

static void read_alerts(struct journal *journal, struct observer *observer, unsigned distinct, int timeout_ms)
{
    struct seen seen = {.qos = 0};
    const int64_t until_ms = test_now_ms() + timeout_ms;
    while (journal->distinct < distinct && observer_next(observer, (int)(until_ms - test_now_ms()), &seen)) {
        if (seen_is_alert(&seen)) {
            note_alert(journal, &seen);
        }
    }
    assert_int_equal(journal->distinct, distinct);
}

static void test_broker_that_comes_later_gets_everything(void **state)
{
    (void)state;
    static struct journal journal;
    struct bench *bench = bench_open();
    struct observer observer;
    bench_start(bench);
    for (unsigned i = 0; i < 12; ++i) {
        (void)bench_commit(bench, i % 4, 0, i % 2 == 1);
    }
    assert_false(bench_return(bench, 1, 300));
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    read_alerts(&journal, &observer, 12, 12000);
    assert_true(bench_return(bench, 12, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    observer_close(&observer);
    bench_close(bench);
}

static void commit_some(struct bench *bench, unsigned count)
{
    for (unsigned i = 0; i < count; ++i) {
        (void)bench_commit(bench, (unsigned)(bench->seq % 4), (uint16_t)(bench->seq % 2), bench->seq % 3 == 0);
        (void)bench_return(bench, bench->returned + 1, 1);
    }
}

/* The broker is stopped in the middle of a burst, again and again; its own persistence keeps what it acknowledged. */
static void test_restarts_of_the_broker_lose_nothing(void **state)
{
    (void)state;
    static struct journal journal;
    enum { ROUNDS = 3, BURST = 40 };
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen = {.qos = 0};
    broker_configure(&bench->broker, "allow_anonymous true\npersistence true\npersistence_location @/\n"
                                     "max_queued_messages 0\n");
    broker_start(&bench->broker);
    observer_open_as(&observer, &bench->broker, BASE "#", "witness");
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    observer_close(&observer); /* from here on the broker keeps all for it */
    bench_start(bench);
    for (unsigned round = 0; round < ROUNDS; ++round) {
        commit_some(bench, BURST);
        broker_signal(&bench->broker, SIGTERM);
        commit_some(bench, BURST);
        broker_start(&bench->broker);
        commit_some(bench, BURST);
    }
    assert_true(bench_return(bench, ROUNDS * 3 * BURST, 20000));
    assert_int_equal(bench_outbox_rows(bench), 0);
    observer_open_as(&observer, &bench->broker, BASE "#", "witness");
    read_alerts(&journal, &observer, ROUNDS * 3 * BURST, BENCH_WAIT_MS);
    observer_close(&observer);
    bench_close(bench);
}

static void test_bed_without_backlog_is_not_held_up(void **state)
{
    (void)state;
    enum { BACKLOG = 320 };
    static struct journal journal;
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen = {.qos = 0};
    bool other_seen = false;
    bool state_seen = false;
    unsigned own_before = 0;
    bench->config.backlog_rate = 200;
    bench_build(bench, 64);
    for (unsigned i = 0; i < BACKLOG; ++i) {
        const struct alert alert = bench_alert(bench, 1, 1, i % 2 == 1);
        bench_put(bench, &alert, 60000);
    }
    bench_tell_committed(bench);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    note_alert(&journal, &seen);
    const uint64_t own = bench_commit(bench, 1, 0, false);
    const uint64_t other = bench_commit(bench, 2, 0, false);
    while (journal.distinct < BACKLOG + 2 && observer_next(&observer, BENCH_WAIT_MS, &seen)) {
        if (seen_is_alert(&seen)) {
            note_alert(&journal, &seen); /* asserts the order of each bed */
            other_seen |= seen_seq(&seen) == other;
            own_before += !other_seen && bed_of(&seen) == 1 ? 1 : 0;
            assert_true(seen_seq(&seen) != own || journal.distinct == BACKLOG + 2);
        } else if (strcmp(seen.topic, BASE "b01/alarm/spo2_low") == 0) {
            assert_int_equal(seen_seq(&seen), own);
            state_seen = journal.times[own] == 0; /* screens know before the alert's turn comes */
        }
        (void)bench_return(bench, bench->returned + 1, 0);
    }
    assert_int_equal(journal.distinct, BACKLOG + 2);
    assert_true(state_seen);
    assert_in_range(own_before, 0, BACKLOG / 2); /* paced, not drained first */
    observer_close(&observer);
    bench_close(bench);
}

/* However far behind the others' they stand: a bed with few alerts waiting has them told at once, and so the ones that come behind. */
static void test_few_old_alerts_of_a_bed_do_not_wait(void **state)
{
    (void)state;
    enum { BACKLOG = 320, FEW = 3 };
    static struct journal journal;
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen = {.qos = 0};
    unsigned others_before = 0;
    bench->config.backlog_rate = 200;
    bench_build(bench, 512);
    for (unsigned i = 0; i < BACKLOG + FEW; ++i) {
        const struct alert alert = bench_alert(bench, i < BACKLOG ? 1 : 2, 1, i % 2 == 1);
        bench_put(bench, &alert, 60000);
    }
    bench_tell_committed(bench);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    uint64_t newest = 0;
    while (journal.newest[2] < bench->seq && observer_next(&observer, BENCH_WAIT_MS, &seen)) {
        if (seen_is_alert(&seen)) {
            note_alert(&journal, &seen); /* asserts the order of each bed */
            others_before += bed_of(&seen) == 1 ? 1 : 0;
            newest = journal.newest[2] == BACKLOG + FEW && newest == 0 ? bench_commit(bench, 2, 0, false) : newest;
        }
    }
    assert_int_equal(journal.newest[2], newest);
    assert_in_range(others_before, 1, BACKLOG / 4);
    read_alerts(&journal, &observer, BACKLOG + FEW + 1, BENCH_WAIT_MS);
    assert_true(bench_return(bench, BACKLOG + FEW + 1, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    observer_close(&observer);
    bench_close(bench);
}

/* Nobody asked for less: the window alone is the pace, far beyond any rate that one would set. */
static void test_a_backlog_goes_as_it_is_acknowledged(void **state)
{
    (void)state;
    enum { BACKLOG = 600, MOST_MS = 2000 };
    static struct journal journal;
    struct bench *bench = bench_open();
    struct observer observer;
    bench_build(bench, 1024);
    for (unsigned i = 0; i < BACKLOG; ++i) {
        const struct alert alert = bench_alert(bench, 1 + i % 3, 1, i % 2 == 1);
        bench_put(bench, &alert, 60000);
    }
    bench_tell_committed(bench);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    const int64_t begun_ms = test_now_ms();
    bench_start(bench);
    read_alerts(&journal, &observer, BACKLOG, BENCH_WAIT_MS);
    assert_in_range(test_now_ms() - begun_ms, 0, MOST_MS);
    observer_close(&observer);
    bench_close(bench);
}

/* However long it was away. */
static void test_a_broker_that_is_back_is_found_soon(void **state)
{
    (void)state;
    enum { AWAY_US = 3500000, MOST_MS = 1500 };
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen = {.qos = 0};
    bench_start(bench);
    (void)bench_commit(bench, 1, 0, false);
    clock_sleep_until_us(clock_boot_us() + AWAY_US);
    broker_start(&bench->broker);
    const int64_t back_ms = test_now_ms();
    observer_open(&observer, &bench->broker, BASE "#");
    assert_true(observer_find(&observer, BASE "b01/alert", BENCH_WAIT_MS, &seen));
    assert_in_range(test_now_ms() - back_ms, 0, MOST_MS);
    observer_close(&observer);
    bench_close(bench);
}

/* What the store could not take goes out at once where nothing else waits, and behind what waits at its own bed; what
 * the store has taken by then comes out of it, once. */
static void test_direct_alerts_keep_the_order_of_their_bed(void **state)
{
    (void)state;
    enum { BACKLOG = 60 };
    static struct journal journal;
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen = {.qos = 0};
    bench_build(bench, 64);
    for (unsigned i = 0; i < BACKLOG; ++i) {
        const struct alert alert = bench_alert(bench, 1, 1, i % 2 == 1);
        bench_put(bench, &alert, 60000);
    }
    const struct alert stored = bench_alert(bench, 3, 0, false);
    bench_put(bench, &stored, 0);
    bench_tell_committed(bench);
    bench_push_direct(bench, &stored);
    const struct alert own = bench_alert(bench, 1, 0, false);
    bench_push_direct(bench, &own);
    const struct alert other = bench_alert(bench, 2, 0, false);
    bench_push_direct(bench, &other);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    unsigned before_other = 0;
    while (journal.distinct < BACKLOG + 3 && observer_next(&observer, BENCH_WAIT_MS, &seen)) {
        if (seen_is_alert(&seen)) {
            note_alert(&journal, &seen); /* asserts the order of each bed */
            before_other += journal.times[other.seq] == 0 ? 1 : 0;
            assert_true(seen_seq(&seen) != stored.seq || seen_has(&seen, "\"durable\":true"));
        }
        (void)bench_return(bench, bench->returned + 1, 0);
    }
    assert_int_equal(journal.distinct, BACKLOG + 3);
    assert_in_range(before_other, 0, 30);
    assert_int_equal(journal.times[stored.seq], 1);
    observer_close(&observer);
    bench_close(bench);
}

static void test_what_a_broker_refuses_stays_in_the_outbox(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    broker_configure(&bench->broker, "allow_anonymous true\nacl_file @/acl\n");
    test_write_file(bench->broker.folder, "acl", "topic readwrite #\ntopic deny " BASE "b02/alert\n");
    broker_start(&bench->broker);
    bench_start(bench);
    (void)bench_commit(bench, 2, 0, false);
    (void)bench_commit(bench, 1, 0, false);
    (void)bench_commit(bench, 3, 0, false);
    assert_true(bench_return(bench, 2, BENCH_WAIT_MS));
    assert_false(bench_return(bench, 3, 200));
    assert_int_equal(bench_outbox_rows(bench), 1);
    assert_true(atomic_load(&bench->board.uplink_refused_us) > 0);
    assert_true(atomic_load(&bench->board.uplink_connected));
    assert_true(atomic_load(&bench->board.delivered_seq) < 3);
    test_write_file(bench->broker.folder, "acl", "topic readwrite #\n");
    broker_signal(&bench->broker, SIGKILL);
    broker_start(&bench->broker);
    assert_true(bench_return(bench, 3, BENCH_WAIT_MS)); /* the next connection tries again */
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

static void wait_connected(struct bench *bench, bool connected)
{
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->board.uplink_connected) != connected && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_int_equal(atomic_load(&bench->board.uplink_connected), connected);
}

/* What was under way when a connection is lost was not delivered, and nobody says so. */
static void test_what_is_lost_with_a_connection_is_not_delivered(void **state)
{
    (void)state;
    struct bench *bench = bench_open_online();
    (void)bench_commit(bench, 1, 0, false);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    (void)kill(bench->broker.pid, SIGSTOP);
    const uint64_t row = bench_commit(bench, 1, 0, false);
    (void)usleep(100000); /* it is sent */
    broker_signal(&bench->broker, SIGKILL);
    wait_connected(bench, false);
    for (unsigned i = 0; i < 10; i++) { /* some rounds without a connection */
        wake_raise(deliver_wake(bench->deliver));
        (void)usleep(10000);
    }
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 1);
    assert_true(atomic_load(&bench->board.delivered_row) < row);
    broker_start(&bench->broker);
    assert_true(bench_return(bench, 2, BENCH_WAIT_MS));
    bench_close(bench);
}

static bool wait_unheard(struct bench *bench, bool unheard)
{
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->board.uplink_unheard) != unheard && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    return atomic_load(&bench->board.uplink_unheard) == unheard;
}

static void test_alert_that_nobody_hears_is_noticed(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    struct observer observer;
    broker_start(&bench->broker);
    bench_start(bench);
    (void)bench_commit(bench, 1, 0, false);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS)); /* delivered all the same */
    assert_true(wait_unheard(bench, true));
    observer_open(&observer, &bench->broker, BASE "#");
    (void)bench_commit(bench, 1, 0, true);
    assert_true(wait_unheard(bench, false));
    observer_close(&observer);
    bench_close(bench);
}

static void test_next_broker_of_the_list(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    char url[64];
    (void)snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", test_free_port());
    bench->addresses[1].url = bench->broker.url;
    bench->addresses[0].url = url;
    bench->config.broker_count = 2;
    broker_start(&bench->broker);
    bench_start(bench);
    (void)bench_commit(bench, 1, 0, false);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    assert_int_equal(atomic_load(&bench->board.uplink_broker), 1);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    bench_close(bench);
}

static bool certificate_is_known(struct bench *bench, const char *name, int64_t ends_ms)
{
    struct uplink_certificate first_end = {.ends_ms = 0};
    for (unsigned i = 0; i < BENCH_WAIT_MS / 20 && strcmp(first_end.name, name) != 0; ++i) {
        (void)usleep(20000);
        board_take_certificate(&bench->board, &first_end);
    }
    return strcmp(first_end.name, name) == 0 && llabs(first_end.ends_ms - ends_ms) < 60000;
}

/* The one that is connected to has no certificate, the one after it has one that ends soon. */
static void test_certificates_of_the_next_broker(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    char ca[80];
    (void)snprintf(ca, sizeof ca, "%s/next.pem", bench->folder.base);
    make_certificate(bench->folder.base, "next",
                     &(struct wanted_certificate){.is_authority = true, .ends_s = 10 * TEST_DAY_S});
    bench->addresses[1] = (struct uplink_broker){.url = "mqtts://127.0.0.1:1", .ca = ca};
    bench->config.broker_count = 2;
    broker_start(&bench->broker);
    bench_start(bench);
    assert_true(certificate_is_known(bench, "next.pem", clock_wall_ms() + 10 * TEST_DAY_S * 1000));
    assert_int_equal(atomic_load(&bench->board.uplink_broker), 0);
    bench_close(bench);
}

static void test_mqtt_3_1_1(void **state)
{
    (void)state;
    static struct journal journal;
    struct bench *bench = bench_open();
    struct observer observer;
    bench->config.uplink.version = 4;
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_start(bench);
    for (unsigned i = 0; i < 60; ++i) {
        (void)bench_commit(bench, i % 4, 0, i % 2 == 1);
    }
    read_alerts(&journal, &observer, 60, BENCH_WAIT_MS);
    assert_true(bench_return(bench, 60, BENCH_WAIT_MS));
    observer_close(&observer);
    bench_close(bench);
}

static void test_stop_says_offline_in_time(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen = {.qos = 0};
    broker_start(&bench->broker);
    bench_go_online(bench);
    (void)usleep(200000);
    observer_open(&observer, &bench->broker, BASE "gateway/gw/status");
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"state\":\"online\""));
    const int64_t begun_ms = test_now_ms();
    deliver_stop(bench->deliver);
    bench->deliver = NULL;
    assert_in_range(test_now_ms() - begun_ms, 0, 1500);
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"state\":\"offline\"") && seen.retained);
    assert_false(observer_next(&observer, 100, &seen)); /* no will behind it */
    assert_false(atomic_load(&bench->board.uplink_connected));
    observer_close(&observer);
    bench_close(bench);
}

static void test_stop_is_bounded_with_a_frozen_broker(void **state)
{
    (void)state;
    struct bench *bench = bench_open_online();
    (void)kill(bench->broker.pid, SIGSTOP);
    (void)bench_commit(bench, 1, 0, false);
    (void)usleep(50000);
    const int64_t begun_ms = test_now_ms();
    deliver_stop(bench->deliver);
    bench->deliver = NULL;
    assert_in_range(test_now_ms() - begun_ms, 0, 2000);
    assert_int_equal(bench_outbox_rows(bench), 1);
    bench_close(bench);
}

struct raiser {
    struct wake *wake;
    atomic_bool ends;
};

static void *raise_on(void *argument)
{
    struct raiser *raiser = argument;
    while (!atomic_load(&raiser->ends)) {
        wake_raise(raiser->wake);
    }
    return NULL;
}

/* As the store's thread does until it is stopped, which comes later. */
static void test_its_wake_is_raised_while_it_stops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; ++i) {
        struct bench *bench = bench_open();
        pthread_t threads[3];
        bench_start(bench);
        struct raiser raiser = {.wake = deliver_wake(bench->deliver)};
        for (unsigned t = 0; t < 3; ++t) {
            assert_int_equal(pthread_create(&threads[t], NULL, raise_on, &raiser), 0);
        }
        (void)usleep(2000);
        deliver_stop(bench->deliver);
        bench->deliver = NULL;
        (void)usleep(5000);
        atomic_store(&raiser.ends, true);
        for (unsigned t = 0; t < 3; ++t) {
            assert_int_equal(pthread_join(threads[t], NULL), 0);
        }
        bench_close(bench);
    }
}

/* In a process of its own. Tells where its store is when it is connected. */
static void run_until_killed(const struct broker *broker, int ready)
{
    struct bench *bench = bench_attach(broker);
    bench_start(bench);
    if (bench_wait_connected(bench, true, BENCH_WAIT_MS)) {
        (void)usleep(200000);
        (void)!write(ready, bench->folder.base, sizeof bench->folder.base);
    }
    for (;;) {
        (void)pause();
    }
}

static void test_will_says_offline_after_a_sudden_death(void **state)
{
    (void)state;
    struct broker broker;
    struct store_folder folder;
    struct observer observer;
    struct seen seen = {.qos = 0};
    int ready[2];
    broker_open(&broker);
    broker_start(&broker);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        run_until_killed(&broker, ready[1]);
    }
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], folder.base, sizeof folder.base), sizeof folder.base);
    observer_open(&observer, &broker, BASE "gateway/gw/status");
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"state\":\"online\"") && seen_has(&seen, "\"connect_count\":1"));
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(
        &seen, "{\"schema\":\"1\",\"state\":\"offline\",\"reason\":\"lost\",\"gateway\":\"gw\",\"version\":\"test\","
               "\"boot\":\"00c0ffee\",\"epoch\":\"e0\",\"epoch_before\":null,\"connect_count\":1,\"at\":\"20"));
    assert_true(seen.retained);
    observer_close(&observer);
    (void)close(ready[0]);
    store_folder_fini(&folder);
    broker_close(&broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_will_says_offline_after_a_sudden_death), /* first: a fork wants no other threads */
        cmocka_unit_test(test_broker_that_comes_later_gets_everything),
        cmocka_unit_test(test_restarts_of_the_broker_lose_nothing),
        cmocka_unit_test(test_bed_without_backlog_is_not_held_up),
        cmocka_unit_test(test_few_old_alerts_of_a_bed_do_not_wait),
        cmocka_unit_test(test_a_backlog_goes_as_it_is_acknowledged),
        cmocka_unit_test(test_a_broker_that_is_back_is_found_soon),
        cmocka_unit_test(test_direct_alerts_keep_the_order_of_their_bed),
        cmocka_unit_test(test_what_a_broker_refuses_stays_in_the_outbox),
        cmocka_unit_test(test_what_is_lost_with_a_connection_is_not_delivered),
        cmocka_unit_test(test_alert_that_nobody_hears_is_noticed),
        cmocka_unit_test(test_next_broker_of_the_list),
        cmocka_unit_test(test_certificates_of_the_next_broker),
        cmocka_unit_test(test_mqtt_3_1_1),
        cmocka_unit_test(test_stop_says_offline_in_time),
        cmocka_unit_test(test_stop_is_bounded_with_a_frozen_broker),
        cmocka_unit_test(test_its_wake_is_raised_while_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
