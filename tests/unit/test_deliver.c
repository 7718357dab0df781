/*
 * What the deliver thread brings to the broker, and in which order: the present on connect, live alerts, figures,
 * alerts around a sick store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>

#include "tests/unit/support/deliver_bench.h"

static void expect_next(struct observer *observer, const char *topic, struct seen *out)
{
    assert_true(observer_next(observer, BENCH_WAIT_MS, out));
    assert_string_equal(out->topic, topic);
}

static void expect_alert(struct observer *observer, const char *topic, uint64_t seq, const char *part)
{
    struct seen seen = {.qos = 0};
    do {
        assert_true(observer_next(observer, BENCH_WAIT_MS, &seen));
    } while (strcmp(seen.topic, BASE "gateway/gw/health") == 0); /* figures may come in between */
    assert_string_equal(seen.topic, topic);
    assert_int_equal(seen_seq(&seen), seq);
    assert_int_equal(seen.qos, 1);
    assert_false(seen.retained);
    if (!seen_has(&seen, part)) {
        fail_msg("no %s in %s", part, seen.payload);
    }
}

/* A store with four alarms, their alerts not delivered yet, and three beds on the board. */
static void fill(struct bench *bench)
{
    const struct alert ended = bench_alert(bench, 3, 0, true);
    const struct alert medium = bench_alert(bench, 1, 1, false);
    const struct alert high = bench_alert(bench, 2, 0, false);
    const struct alert gateway = bench_alert(bench, 0, 0, false);
    bench_put(bench, &ended, 60000);
    bench_put(bench, &medium, 60000);
    bench_put(bench, &high, 60000);
    bench_put(bench, &gateway, 0);
    bench_tell_committed(bench);
    for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
        bench_view(bench, bed, 70, QUALITY_VALID, bed == 2 ? 0 : 7);
    }
}

static void expect_state(struct observer *observer, const char *topic, int expiry_s, bool empty, struct seen *out)
{
    expect_next(observer, topic, out);
    assert_true(out->retained);
    assert_int_equal(out->expiry_s, expiry_s);
    assert_int_equal(out->payload[0] == '\0', empty);
}

static void test_order_on_connect(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_build(bench, 64);
    fill(bench);
    bench_start(bench);

    expect_state(&observer, BASE "gateway/gw/status", -1, false, &seen);
    assert_true(seen_has(&seen, "\"state\":\"online\"") && seen_has(&seen, "\"connect_count\":1"));
    assert_true(seen_has(&seen, "\"epoch\":\"e0\""));
    expect_state(&observer, BASE "b02/alarm/spo2_low", 60, false, &seen); /* high first */
    assert_false(seen_has(&seen, "delivery"));
    expect_state(&observer, BASE "b03/alarm/spo2_low", -1, true, &seen); /* emptied ones included */
    expect_state(&observer, BASE "gateway/gw/alarm/bus_down", 60, false, &seen);
    expect_state(&observer, BASE "b01/alarm/hr_high", 60, false, &seen);
    expect_state(&observer, BASE "b01/settings", 120, false, &seen);
    expect_state(&observer, BASE "b02/settings", 120, false, &seen);
    assert_true(seen_has(&seen, "\"stay\":null"));
    expect_state(&observer, BASE "b03/settings", 120, false, &seen);
    expect_state(&observer, BASE "b01/vitals", 30, false, &seen);
    assert_true(seen_has(&seen, "\"hr\":70,\"spo2\":97,\"nibp_sys\":120"));
    expect_state(&observer, BASE "b02/vitals", 30, false, &seen);
    expect_state(&observer, BASE "b03/vitals", 30, false, &seen);
    static const char *const late = "\"delivery\":{\"late\":true,\"durable\":true}";
    static const char *const in_time = "\"delivery\":{\"late\":false,\"durable\":true}";
    expect_alert(&observer, BASE "b03/alert", 1, late);
    expect_alert(&observer, BASE "b01/alert", 2, late);
    expect_alert(&observer, BASE "b02/alert", 3, late);
    expect_alert(&observer, BASE "gateway/gw/alert", 4, in_time);
    assert_true(bench_return(bench, 4, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 4);
    observer_close(&observer);
    bench_close(bench);
}

static void test_live_alert_and_its_alarm(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    (void)usleep(200000); /* the present is out */
    observer_open(&observer, &bench->broker, BASE "#");
    while (observer_next(&observer, 100, &seen)) {
        assert_false(seen_is_alert(&seen));
    }
    const int64_t begun_ms = test_now_ms();
    const uint64_t starts = bench_commit(bench, 2, 0, false);
    expect_alert(&observer, BASE "b02/alert", starts, "\"late\":false,\"durable\":true");
    expect_state(&observer, BASE "b02/alarm/spo2_low", 60, false, &seen);
    assert_int_equal(seen_seq(&seen), starts);
    assert_true(seen_has(&seen, ",\"expires_at\":\"") && !seen_has(&seen, "delivery"));
    assert_in_range(test_now_ms() - begun_ms, 0, 1000);

    struct alert test_alert = bench_alert(bench, 2, 1, false);
    test_alert.test = true;
    bench_put(bench, &test_alert, 0);
    bench_tell_committed(bench);
    expect_alert(&observer, BASE "b02/alert", test_alert.seq, "\"test\":true");
    const uint64_t ends = bench_commit(bench, 2, 0, true); /* and not a word about hr_high in between */
    expect_alert(&observer, BASE "b02/alert", ends, "\"phase\":\"end\"");
    expect_state(&observer, BASE "b02/alarm/spo2_low", -1, true, &seen);
    assert_true(bench_return(bench, 3, BENCH_WAIT_MS));
    observer_close(&observer);
    bench_close(bench);
}

static void test_row_is_delivered_only_after_its_acknowledgement(void **state)
{
    (void)state;
    struct bench *bench = bench_open_online();
    (void)usleep(200000);
    (void)kill(bench->broker.pid, SIGSTOP);
    (void)bench_commit(bench, 1, 0, false);
    assert_false(bench_return(bench, 1, 500));
    assert_int_equal(bench_outbox_rows(bench), 1);
    (void)kill(bench->broker.pid, SIGCONT);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

static void test_full_ring_to_the_store_thread_loses_no_row(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    bench_build(bench, 2);
    bench_start(bench);
    for (unsigned i = 0; i < 40; ++i) {
        (void)bench_commit(bench, 1 + i % 3, 0, i % 2 == 1);
    }
    (void)usleep(500000); /* nobody takes rows out of the ring meanwhile */
    assert_true(bench_return(bench, 40, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

static void test_store_that_appears_later(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    atomic_store(&bench->store, NULL);
    bench_start(bench);
    expect_state(&observer, BASE "gateway/gw/status", -1, false, &seen);
    expect_state(&observer, BASE "gateway/gw/health", 30, false, &seen);
    const struct alert alert = bench_alert(bench, 1, 0, false);
    bench_put(bench, &alert, 0);
    atomic_store(&bench->committed_row, store_last_row(bench->opened));
    atomic_store(&bench->store, bench->opened);
    wake_raise(deliver_wake(bench->deliver));
    expect_state(&observer, BASE "gateway/gw/status", -1, false, &seen);
    expect_state(&observer, BASE "b01/alarm/spo2_low", 60, false, &seen);
    expect_alert(&observer, BASE "b01/alert", alert.seq, "\"durable\":true");
    observer_close(&observer);
    bench_close(bench);
}

static void test_damaged_content_neither_goes_out_nor_ends_an_alarm(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    struct observer observer;
    struct seen seen;
    broker_start(&bench->broker);
    bench_start(bench);
    (void)bench_commit(bench, 1, 0, false);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    observer_open(&observer, &bench->broker, BASE "b01/#");
    assert_true(observer_find(&observer, BASE "b01/alarm/spo2_low", BENCH_WAIT_MS, &seen));
    const struct store_alert damaged = {
        .seq = ++bench->seq, .bed = "b01", .alarm = "spo2_low", .json = "{\"cut", .json_length = 5};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_put_alert(bench->opened, &damaged), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
    const uint64_t next = bench_commit(bench, 1, 1, false);
    expect_alert(&observer, BASE "b01/alert", next, "\"durable\":true"); /* it holds up nothing */
    expect_state(&observer, BASE "b01/alarm/hr_high", 60, false, &seen);
    assert_true(bench_return(bench, 2, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 1);
    observer_close(&observer);
    bench_close(bench);
}

/* ---- figures ---- */

/* In this order if the first view comes after everything else was shown, in the other one if amid it. */
static void expect_vitals_and_settings(struct observer *observer, struct seen *vitals, struct seen *settings)
{
    assert_true(observer_next(observer, BENCH_WAIT_MS, vitals));
    assert_true(observer_next(observer, BENCH_WAIT_MS, settings));
    if (strcmp(vitals->topic, BASE "b01/settings") == 0) {
        const struct seen first = *vitals;
        *vitals = *settings;
        *settings = first;
    }
    assert_string_equal(vitals->topic, BASE "b01/vitals");
    assert_string_equal(settings->topic, BASE "b01/settings");
}

static void test_vitals_follow_news_and_validity(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0}, settings = {.qos = 0};
    struct bench *bench = bench_open();
    bench->config.publish_interval_ms = 1000;
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/#");
    bench_go_online(bench);
    bench_view(bench, 1, 60, QUALITY_VALID, 7);
    const int64_t first_ms = test_now_ms();
    expect_vitals_and_settings(&observer, &seen, &settings); /* known from the first view on */
    assert_true(seen_has(&seen, "\"hr\":60,") && seen_has(&seen, "\"invalid\":{}"));
    assert_true(seen_has(&settings, "\"stay\":\"0000000000000007\""));
    for (int32_t hr = 61; hr <= 70; ++hr) {
        bench_view(bench, 1, hr, QUALITY_VALID, 7);
        (void)usleep(20000);
    }
    expect_next(&observer, BASE "b01/vitals", &seen); /* once an interval, with the newest */
    assert_true(seen_has(&seen, "\"hr\":70,"));
    assert_in_range(test_now_ms() - first_ms, 900, 3000);
    const int64_t second_ms = test_now_ms();
    bench_view(bench, 1, 71, QUALITY_SENSOR_OFF, 7);
    expect_next(&observer, BASE "b01/vitals", &seen); /* a change of validity at once */
    assert_true(seen_has(&seen, "\"invalid\":{\"spo2\":\"sensor_off\"}") && !seen_has(&seen, "\"spo2\":97"));
    assert_in_range(test_now_ms() - second_ms, 0, 800);
    bench_view(bench, 1, 72, QUALITY_SENSOR_OFF, 8);
    expect_next(&observer, BASE "b01/settings", &seen); /* another stay at once */
    assert_true(seen_has(&seen, "\"stay\":\"0000000000000008\""));
    observer_close(&observer);
    bench_close(bench);
}

static void test_values_of_a_stopped_engine_do_not_stay_current(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/vitals");
    bench_go_online(bench);
    bench_view_at(bench, bench_now_ms(bench) - 13000, 1, 60, QUALITY_VALID, 7);
    expect_next(&observer, BASE "b01/vitals", &seen);
    assert_true(seen_has(&seen, "\"nibp_sys\":120,")); /* a cuff's value lasts longer */
    assert_true(seen_has(&seen, "\"invalid\":{\"hr\":\"stale\",\"spo2\":\"stale\"}"));
    observer_close(&observer);
    bench_close(bench);
}

/* Repeated before 10 s are over, with or without anything valid; health every 10 s. */
static void test_figures_are_repeated(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    int64_t vitals_ms[2] = {0};
    int64_t health_ms[2] = {0};
    unsigned vitals = 0;
    unsigned health = 0;
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_build(bench, 64);
    bench_view(bench, 1, 60, QUALITY_NO_ANSWER, 7);
    bench_start(bench);
    while ((vitals < 2 || health < 2) && observer_next(&observer, 12000, &seen)) {
        if (strcmp(seen.topic, BASE "b01/vitals") == 0 && vitals < 2) {
            vitals_ms[vitals++] = test_now_ms();
        } else if (strcmp(seen.topic, BASE "gateway/gw/health") == 0 && health < 2) {
            health_ms[health++] = test_now_ms();
        }
    }
    assert_in_range(vitals_ms[1] - vitals_ms[0], 5000, 10000);
    assert_in_range(health_ms[1] - health_ms[0], 9000, 11000);
    observer_close(&observer);
    bench_close(bench);
}

/* ---- when figures wake a thread ---- */

/* How often the thread that makes the rounds has gone to sleep. */
static long uplink_sleeps(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    long sleeps = -1;
    assert_non_null(tasks);
    while ((task = readdir(tasks)) != NULL) {
        char path[64], line[128];
        bool is_it = false;
        (void)snprintf(path, sizeof path, "/proc/self/task/%.20s/status", task->d_name);
        FILE *status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            is_it |= strcmp(line, "Name:\tuplink\n") == 0;
            if (is_it && strncmp(line, "voluntary", 9) == 0) {
                sleeps = strtol(strchr(line, '\t'), NULL, 10);
            }
        }
        if (status != NULL) {
            (void)fclose(status);
        }
    }
    (void)closedir(tasks);
    assert_true(sleeps >= 0);
    return sleeps;
}

static int32_t put_quickly(struct bench *bench, int32_t hr, int64_t for_ms)
{
    for (const int64_t until_ms = test_now_ms() + for_ms; test_now_ms() < until_ms; ++hr) {
        for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
            bench_view(bench, bed, hr, QUALITY_VALID, 7);
        }
        (void)usleep(5000);
    }
    return hr;
}

/* A round that comes late finds another tick, so the time is not exact; one wake-up a value would be 600 of them. */
static void test_quick_news_of_all_beds_share_a_round_an_interval(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    int32_t hr = put_quickly(bench, 1, 1000); /* its ticks go */
    observer_open(&observer, &bench->broker, BASE "+/vitals");
    while (observer_next(&observer, 50, &seen) && seen.retained) {
    }
    const long before = uplink_sleeps();
    hr = put_quickly(bench, hr, 3000);
    const long sleeps = uplink_sleeps() - before;
    assert_in_range(sleeps, 5, 30);
    unsigned shown = 0;
    while (observer_next(&observer, 400, &seen)) { /* the last tick is yet to come */
        ++shown;
    }
    assert_in_range(shown, 5 * BENCH_BEDS, 13 * BENCH_BEDS);

    (void)usleep(800000); /* none at the last tick: the next value goes at once again, and wakes it once */
    for (unsigned i = 0; i < 4; ++i) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "\"hr\":%d,", (int)++hr);
        const int64_t begun_ms = test_now_ms();
        const long quiet = uplink_sleeps();
        bench_view(bench, 2, hr, QUALITY_VALID, 7);
        expect_next(&observer, BASE "b02/vitals", &seen);
        assert_true(seen_has(&seen, expected));
        assert_in_range(test_now_ms() - begun_ms, 0, 250);
        (void)usleep(400000);
        assert_in_range(uplink_sleeps() - quiet, 1, 3); /* a second one a second, for its sign of life */
    }
    observer_close(&observer);
    bench_close(bench);
}

/* ---- around a sick store ---- */

static void test_direct_alert_goes_at_once_and_stays_present(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    bench_start(bench);
    const uint64_t stored = bench_commit(bench, 1, 0, true); /* what the store knows: spo2_low has ended */
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    observer_open(&observer, &bench->broker, BASE "b01/#");
    const struct alert starts = bench_alert(bench, 1, 0, false);
    assert_true(starts.seq > stored);
    bench_push_direct(bench, &starts);
    expect_alert(&observer, BASE "b01/alert", starts.seq, "\"delivery\":{\"late\":false,\"durable\":false}");
    expect_state(&observer, BASE "b01/alarm/spo2_low", 60, false, &seen);
    assert_int_equal(seen_seq(&seen), starts.seq);
    struct alert test_alert = bench_alert(bench, 1, 1, false);
    test_alert.test = true;
    bench_push_direct(bench, &test_alert);
    expect_alert(&observer, BASE "b01/alert", test_alert.seq, "\"test\":true");
    observer_close(&observer);
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(&bench->acknowledged_seq) < test_alert.seq && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_int_equal(atomic_load(&bench->acknowledged_seq), test_alert.seq);

    broker_signal(&bench->broker, SIGKILL); /* the next connection must not go back to what the store says */
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/#");
    expect_state(&observer, BASE "b01/alarm/spo2_low", 60, false, &seen);
    assert_int_equal(seen_seq(&seen), starts.seq);
    assert_false(observer_next(&observer, 300, &seen)); /* in particular it is not emptied */

    const uint64_t ends = bench_commit(bench, 1, 0, true); /* the store is well again and newer */
    expect_alert(&observer, BASE "b01/alert", ends, "\"durable\":true");
    expect_state(&observer, BASE "b01/alarm/spo2_low", -1, true, &seen);
    observer_close(&observer);
    bench_close(bench);
}

/* A start without the store counts alarms from 1; the store that appears later has one of a higher id, which has ended. */
static void test_direct_alert_is_newer_than_all_of_a_run_before(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    struct payload_context before = bench_context;
    before.boot = "0badcafe";
    before.epoch = "d0";
    struct alert ended = bench_alert(bench, 1, 0, true);
    ended.id += 1000;
    bench_put_of(bench, &before, &ended, 0);
    broker_start(&bench->broker);
    bench_start(bench);
    bench_tell_committed(bench);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    const struct alert starts = bench_alert(bench, 1, 0, false);
    bench_push_direct(bench, &starts);
    observer_open(&observer, &bench->broker, BASE "b01/alarm/spo2_low");
    expect_state(&observer, BASE "b01/alarm/spo2_low", 60, false, &seen);
    observer_close(&observer);

    broker_signal(&bench->broker, SIGKILL);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/alarm/spo2_low");
    expect_state(&observer, BASE "b01/alarm/spo2_low", 60, false, &seen);
    assert_int_equal(seen_seq(&seen), starts.seq);
    assert_false(observer_next(&observer, 300, &seen));
    observer_close(&observer);
    bench_close(bench);
}

/* The states of alarms are repeated every 20 s: one that was told directly and has ended in the store must not come back. */
static void test_direct_alert_does_not_outlive_its_alarm(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open_online();
    observer_open(&observer, &bench->broker, BASE "b01/alarm/#");
    struct alert alert = bench_alert(bench, 1, 0, false);
    bench_push_direct(bench, &alert);
    expect_state(&observer, BASE "b01/alarm/spo2_low", 60, false, &seen);
    alert.rev = 2;
    alert.phase = PHASE_END;
    alert.state = ALARM_ENDED;
    bench_put(bench, &alert, 0);
    bench_tell_committed(bench);
    expect_state(&observer, BASE "b01/alarm/spo2_low", -1, true, &seen);
    for (const int64_t until_ms = test_now_ms() + 22000; test_now_ms() < until_ms;) {
        assert_true(!observer_next(&observer, 500, &seen) || seen.payload[0] == '\0');
    }
    observer_close(&observer);
    bench_close(bench);
}

static void test_direct_alerts_wait_for_a_broker(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    bench_start(bench);
    uint64_t first = 0;
    for (unsigned i = 0; i < 60; ++i) { /* more than the deliver thread keeps by itself */
        const struct alert alert = bench_alert(bench, 1 + i % 3, 0, false);
        first = i == 0 ? alert.seq : first;
        bench_push_direct(bench, &alert);
    }
    assert_false(bench_wait_connected(bench, true, 300));
    assert_int_equal(atomic_load(&bench->acknowledged_seq), 0);
    broker_start(&bench->broker);
    const int64_t until_ms = test_now_ms() + 12000;
    while (atomic_load(&bench->acknowledged_seq) < first + 59 && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    assert_int_equal(atomic_load(&bench->acknowledged_seq), first + 59);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_on_connect),
        cmocka_unit_test(test_live_alert_and_its_alarm),
        cmocka_unit_test(test_row_is_delivered_only_after_its_acknowledgement),
        cmocka_unit_test(test_full_ring_to_the_store_thread_loses_no_row),
        cmocka_unit_test(test_store_that_appears_later),
        cmocka_unit_test(test_damaged_content_neither_goes_out_nor_ends_an_alarm),
        cmocka_unit_test(test_vitals_follow_news_and_validity),
        cmocka_unit_test(test_values_of_a_stopped_engine_do_not_stay_current),
        cmocka_unit_test(test_figures_are_repeated),
        cmocka_unit_test(test_quick_news_of_all_beds_share_a_round_an_interval),
        cmocka_unit_test(test_direct_alert_goes_at_once_and_stays_present),
        cmocka_unit_test(test_direct_alert_is_newer_than_all_of_a_run_before),
        cmocka_unit_test(test_direct_alert_does_not_outlive_its_alarm),
        cmocka_unit_test(test_direct_alerts_wait_for_a_broker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
