/*
 * A store that is damaged goes with the ends of alarms that nobody was told of yet. What was told around it must not stand as
 * present for ever then; what is on must not be taken back on the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/fake_uplink.h"

#include "app/flow/omission.h"
#include "tests/unit/support/deliver_bench.h"

#define STEP_US 100000

static struct bench *open_online(void)
{
    static const struct uplink_broker brokers[] = {{.url = "fake://0"}};
    struct bench *bench = bench_open();
    fake_reset();
    bench->config.brokers = brokers;
    bench->config.broker_count = 1;
    bench_build(bench, 64);
    bench_start(bench);
    fake_await();
    return bench;
}

static void run(struct bench *bench, unsigned seconds)
{
    for (unsigned i = 0; i < 10 * seconds; ++i) {
        fake_run(STEP_US, STEP_US);
        bench_take_delivered(bench);
    }
}

static void turn_link(struct bench *bench, bool connected)
{
    fake.reachable[0] = connected;
    if (!connected) {
        fake_lose();
    }
    run(bench, 3);
    assert_int_equal(atomic_load(&bench->board.uplink_connected), connected);
}

/* What the next store begins with, or what a full outbox leaves. */
static void put_record(struct bench *bench, uint64_t from, uint64_t through, bool of_lost_store)
{
    static char json[STORE_VALUE_MAX];
    struct omitted omitted = {.of_lost_store = of_lost_store, .count = 1, .ranges = {{from, through}}};
    omitted.alerts[of_lost_store ? PRIORITY_NONE : PRIORITY_LOW] = through - from + 1;
    const struct store_alert record = omission_record(&bench_context, &omitted, through, json, sizeof json);
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_omit(bench->opened, NULL, 0, 0, &record), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
    bench_tell_committed(bench);
}

static uint64_t tell_around(struct bench *bench, unsigned bed)
{
    const struct alert alert = bench_alert(bench, bed, 0, false);
    bench_push_direct(bench, &alert);
    return alert.seq;
}

/* Its topic: how often something was shown there, and how often it was emptied. */
static void count_sent(const char *topic, unsigned *out_shown, unsigned *out_emptied)
{
    *out_shown = *out_emptied = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        if (strcmp(fake.sent[i].topic, topic) == 0) {
            *out_emptied += fake.sent[i].is_empty ? 1 : 0;
            *out_shown += fake.sent[i].is_empty ? 0 : 1;
        }
    }
}

static void expect_shown(const char *topic)
{
    unsigned shown, emptied;
    count_sent(topic, &shown, &emptied);
    assert_int_equal(emptied, 0);
    assert_int_not_equal(shown, 0);
}

/* Once, and nothing came behind. */
static void expect_emptied(struct bench *bench, const char *topic)
{
    unsigned shown, emptied, shown_later, emptied_later;
    count_sent(topic, &shown, &emptied);
    assert_int_equal(emptied, 1);
    run(bench, 30);
    count_sent(topic, &shown_later, &emptied_later);
    assert_int_equal(shown_later, shown);
    assert_int_equal(emptied_later, 1);
}

/* Both began while the link was down and the store failed; it committed them, and the end of one, and went. */
static void test_what_ended_in_a_lost_store_is_not_present(void **state)
{
    (void)state;
    struct bench *bench = open_online();
    turn_link(bench, false);
    struct alert alert = bench_alert(bench, 2, 0, false);
    const uint64_t over = alert.seq;
    bench_push_direct(bench, &alert);
    alert.rev = 2;
    alert.seq = ++bench->seq;
    bench_push_direct(bench, &alert);
    const uint64_t on = tell_around(bench, 1);
    run(bench, 1);
    put_record(bench, over, ++bench->seq, true); /* with the end */
    const uint64_t anew = bench_commit(bench, 1, 0, false);
    turn_link(bench, true);
    run(bench, 30);
    assert_int_equal(fake_count_alerts(over, FAKE_TAKEN), 1); /* its alert is sent all the same */
    assert_int_equal(fake_count_alerts(on, FAKE_TAKEN), 1);
    assert_int_equal(fake_count_alerts(anew, FAKE_TAKEN), 1);
    expect_emptied(bench, BASE "b02/alarm/spo2_low");
    expect_shown(BASE "b01/alarm/spo2_low");
    bench_close(bench);
}

/* The same of one that had to wait behind those that deliver keeps: it comes to be looked at when the record has gone. */
static void test_what_waited_behind_others_and_ended_in_a_lost_store(void **state)
{
    (void)state;
    enum { KEPT = 32, MANY = KEPT + 8 };
    struct bench *bench = open_online();
    turn_link(bench, false);
    for (unsigned i = 0; i < MANY; ++i) {
        (void)tell_around(bench, 1);
    }
    const uint64_t over = tell_around(bench, 2);
    run(bench, 1);
    put_record(bench, 1, ++bench->seq, true); /* with the end */
    (void)bench_commit(bench, 1, 0, false);
    turn_link(bench, true);
    run(bench, 30);
    assert_int_equal(fake_count_alerts(over, FAKE_TAKEN), 1); /* its alert is sent all the same */
    expect_emptied(bench, BASE "b02/alarm/spo2_low");
    bench_close(bench);
}

/* What is told anew comes some time behind the record, around the store or in it. */
static void test_what_is_told_anew_is_not_taken_back(void **state)
{
    (void)state;
    struct bench *bench = open_online();
    const uint64_t first = tell_around(bench, 1);
    (void)tell_around(bench, 2);
    const uint64_t last = tell_around(bench, 3);
    run(bench, 3);
    turn_link(bench, false);
    put_record(bench, first, last, true);
    turn_link(bench, true);
    (void)bench_commit(bench, 1, 0, false);
    (void)tell_around(bench, 2);
    run(bench, 60);
    expect_shown(BASE "b01/alarm/spo2_low");
    expect_shown(BASE "b02/alarm/spo2_low");
    expect_emptied(bench, BASE "b03/alarm/spo2_low");
    bench_close(bench);
}

/* What a full outbox gave up is in the store; what the record does not reach was never in the one that is gone. */
static void test_what_was_not_lost_stays_present(void **state)
{
    (void)state;
    struct bench *bench = open_online();
    const uint64_t first = tell_around(bench, 1);
    run(bench, 1);
    put_record(bench, first, first, false);
    (void)tell_around(bench, 2);
    put_record(bench, first - 1, first - 1, true);
    run(bench, 60);
    expect_shown(BASE "b01/alarm/spo2_low");
    expect_shown(BASE "b02/alarm/spo2_low");
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_ended_in_a_lost_store_is_not_present),
        cmocka_unit_test(test_what_waited_behind_others_and_ended_in_a_lost_store),
        cmocka_unit_test(test_what_is_told_anew_is_not_taken_back),
        cmocka_unit_test(test_what_was_not_lost_stays_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
