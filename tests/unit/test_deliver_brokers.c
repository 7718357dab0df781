/*
 * Several brokers in order of preference: the way to the next one and back, what is said on leaving, and that no alert is
 * lost or doubled by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/fake_uplink.h"

#include "tests/unit/support/deliver_bench.h"

#define SECOND_US 1000000

static struct bench *open_with(unsigned brokers, uint32_t return_after_ms)
{
    static const char *const urls[] = {"fake://0", "fake://1", "fake://2", "fake://3"};
    static struct uplink_broker addresses[FAKE_BROKERS];
    struct bench *bench = bench_open();
    fake_reset();
    for (unsigned i = 0; i < FAKE_BROKERS; ++i) {
        addresses[i] = (struct uplink_broker){.url = urls[i]};
    }
    bench->config.brokers = addresses;
    bench->config.broker_count = (uint8_t)brokers;
    bench->config.return_after_ms = return_after_ms;
    return bench;
}

static void begin(struct bench *bench)
{
    bench_build(bench, 1024);
    for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
        bench_view(bench, bed, 70, QUALITY_VALID, 7);
    }
    bench_start(bench);
    fake_await();
}

static void put_views(struct bench *bench)
{
    for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
        bench_view(bench, bed, 70, QUALITY_VALID, 7);
    }
}

/* So many tenths of a second pass; the store's thread is quicker than the next connection. */
static void pass(struct bench *bench, unsigned tenths)
{
    for (unsigned i = 0; i < tenths; ++i) {
        fake_run(SECOND_US / 10, SECOND_US / 10);
        bench_take_delivered(bench);
    }
}

/* Time passes, with a view of each bed a second, as they come. */
static void run_s(struct bench *bench, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; ++i) {
        put_views(bench);
        pass(bench, 10);
    }
}

static unsigned broker_in_use(struct bench *bench)
{
    return atomic_load(&bench->board.uplink_connected) ? atomic_load(&bench->board.uplink_broker) : FAKE_BROKERS;
}

/* When that broker was connected to for the first time, in whole seconds from now; fails after `most`. */
static unsigned seconds_until(struct bench *bench, unsigned broker, unsigned most)
{
    unsigned seconds = 0;
    while (broker_in_use(bench) != broker) {
        assert_in_range(seconds, 0, most);
        run_s(bench, 1);
        ++seconds;
    }
    return seconds;
}

static unsigned count_sent(unsigned broker, const char *topic, bool is_empty)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        const struct fake_sent *sent = &fake.sent[i];
        count += sent->broker == broker && sent->is_empty == is_empty && strcmp(sent->topic, topic) == 0 ? 1 : 0;
    }
    return count;
}

static const struct fake_sent *last_at(unsigned broker)
{
    unsigned last = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        last = fake.sent[i].broker == broker ? i : last;
    }
    return &fake.sent[last];
}

static void expect_each_once(struct bench *bench)
{
    for (uint64_t seq = 1; seq <= bench->seq; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1);
    }
    assert_int_equal(bench_outbox_rows(bench), 0);
}

static void go_to_standby(struct bench *bench)
{
    fake.reachable[0] = false;
    begin(bench);
    (void)seconds_until(bench, 1, 3);
    (void)bench_commit(bench, 1, 0, false); /* one alarm is there */
    run_s(bench, 1);
}

static void test_returns_when_the_first_has_answered_for_long_enough(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 20000);
    go_to_standby(bench);
    run_s(bench, 60);
    assert_int_equal(broker_in_use(bench), 1); /* it does not answer */
    assert_int_equal(atomic_load(&bench->board.broker_answers[0]), BROKER_SILENT);
    fake.reachable[0] = true;
    assert_in_range(seconds_until(bench, 0, 40), 20, 31); /* of which a probe every 5 s has to notice that it answers */
    run_s(bench, 1);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 2);
    assert_int_equal(atomic_load(&bench->board.broker_answers[1]), BROKER_ANSWERS);

    /* What was retained where it left is gone, and status, the last word, says why. */
    assert_int_equal(count_sent(1, BASE "b01/alarm/spo2_low", true), 1);
    for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
        char topic[FAKE_TOPIC_MAX];
        (void)snprintf(topic, sizeof topic, BASE "b%02u/vitals", bed);
        assert_int_equal(count_sent(1, topic, true), 1);
        (void)snprintf(topic, sizeof topic, BASE "b%02u/settings", bed);
        assert_int_equal(count_sent(1, topic, true), 1);
    }
    assert_int_equal(count_sent(1, BASE "gateway/gw/health", true), 1);
    assert_string_equal(last_at(1)->topic, BASE "gateway/gw/status");
    assert_true(last_at(1)->moved && last_at(1)->retained && last_at(1)->qos == 1);
    assert_int_equal(count_sent(0, BASE "b01/alarm/spo2_low", false), 1); /* where it went is told everything */
    assert_int_equal(count_sent(0, BASE "b03/settings", false), 1);
    (void)bench_commit(bench, 2, 0, false);
    run_s(bench, 1);
    expect_each_once(bench);
    bench_close(bench);
}

/* Of the alarm that was told around it the store knows nothing; of the others, each topic once. */
static void test_what_was_told_around_the_store_is_emptied_too(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 1000);
    go_to_standby(bench);
    const struct alert alert = bench_alert(bench, 2, 0, false);
    bench_push_direct(bench, &alert);
    const struct alert at_gateway = bench_alert(bench, 0, 0, false);
    bench_push_direct(bench, &at_gateway);
    run_s(bench, 1);
    assert_int_equal(count_sent(1, BASE "b02/alarm/spo2_low", false), 1);
    assert_int_equal(count_sent(1, BASE "gateway/gw/alarm/bus_down", false), 1);
    fake.reachable[0] = true;
    (void)seconds_until(bench, 0, 20);
    assert_int_equal(count_sent(1, BASE "b01/alarm/spo2_low", true), 1);
    assert_int_equal(count_sent(1, BASE "b02/alarm/spo2_low", true), 1);
    assert_int_equal(count_sent(1, BASE "gateway/gw/alarm/bus_down", true), 1);
    assert_true(last_at(1)->moved);
    run_s(bench, 1);
    assert_int_equal(count_sent(0, BASE "b02/alarm/spo2_low", false), 1); /* where it went it is told */
    bench_close(bench);
}

static void test_one_that_comes_and_goes_is_not_returned_to(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 20000);
    go_to_standby(bench);
    fake.reachable[0] = true;
    for (unsigned i = 0; i < 10; ++i) {
        fake.answers_probes[0] = true;
        run_s(bench, 14);
        fake.answers_probes[0] = false;
        run_s(bench, 6);
        assert_int_equal(broker_in_use(bench), 1);
    }
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1); /* the probes touched nothing */
    bench_close(bench);
}

static void lose_first_broker(struct bench *bench)
{
    fake.reachable[0] = false;
    fake_lose();
    (void)seconds_until(bench, 1, 5);
    fake.reachable[0] = true;
}

/* A return that does not last makes the next one wait for twice as long; one that lasts makes that good. */
static void test_returns_that_do_not_last_become_rarer(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 10000);
    go_to_standby(bench);
    fake.reachable[0] = true;
    assert_in_range(seconds_until(bench, 0, 30), 10, 16);
    lose_first_broker(bench);
    assert_in_range(seconds_until(bench, 0, 60), 20, 26);
    lose_first_broker(bench);
    assert_in_range(seconds_until(bench, 0, 90), 40, 46);
    run_s(bench, 41);
    lose_first_broker(bench);
    assert_in_range(seconds_until(bench, 0, 30), 10, 16);
    expect_each_once(bench);
    bench_close(bench);
}

static void test_it_waits_for_the_backlog(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 1000);
    go_to_standby(bench);
    fake.reachable[0] = true;
    for (unsigned i = 0; i < 60; ++i) { /* an alert every quarter of a second leaves no pause */
        (void)bench_commit(bench, 1 + i % 3, 1, i % 2 == 1);
        fake_run(SECOND_US / 4, SECOND_US / 4);
    }
    run_s(bench, 8);
    assert_int_equal(broker_in_use(bench), 0);
    (void)bench_commit(bench, 1, 1, false);
    run_s(bench, 1);
    expect_each_once(bench);
    bench_close(bench);
}

/* What is committed while it leaves goes to the next broker, and only there. */
static uint64_t late_seq;
static struct bench *late_bench;
static enum fake_fate commit_while_leaving(const struct uplink_message *message)
{
    if (late_seq == 0 && message->length == 0 && fake.broker == 1) {
        late_seq = late_bench->seq + 1;
        (void)bench_commit(late_bench, 3, 0, false);
    }
    return FAKE_TAKEN;
}

static void test_an_alert_while_it_leaves(void **state)
{
    (void)state;
    late_bench = open_with(2, 1000);
    late_seq = 0;
    go_to_standby(late_bench);
    fake.reachable[0] = true;
    fake.fate = commit_while_leaving;
    (void)seconds_until(late_bench, 0, 10);
    run_s(late_bench, 1);
    assert_int_not_equal(late_seq, 0);
    assert_int_equal(fake_count_alerts(late_seq, FAKE_TAKEN), 1);
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        assert_true(fake.sent[i].seq != late_seq || fake.sent[i].broker == 0);
    }
    expect_each_once(late_bench);
    bench_close(late_bench);
}

static enum fake_fate swallow_moved(const struct uplink_message *message)
{
    return fake_has(message, "\"state\":\"moved\"") ? FAKE_UNHEARD : FAKE_TAKEN;
}

static void test_leaving_is_bounded(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 1000);
    go_to_standby(bench);
    fake.reachable[0] = true;
    fake.fate = swallow_moved;
    assert_in_range(seconds_until(bench, 0, 20), 3, 12);
    expect_each_once(bench);
    bench_close(bench);
}

static enum fake_fate end_at_moved(const struct uplink_message *message)
{
    return fake_has(message, "\"state\":\"moved\"") ? FAKE_FATAL : FAKE_TAKEN;
}

static void test_a_connection_that_is_lost_while_it_leaves(void **state)
{
    (void)state;
    struct bench *bench = open_with(2, 1000);
    go_to_standby(bench);
    fake.reachable[0] = true;
    fake.fate = end_at_moved;
    run_s(bench, 20);
    fake.fate = fake_take_all;
    (void)seconds_until(bench, 0, 20);
    (void)bench_commit(bench, 2, 1, false);
    run_s(bench, 1);
    expect_each_once(bench);
    bench_close(bench);
}

/* It is in use as long as it answers; the others are looked at all the same. */
static void test_the_first_one_is_left_to_nobody(void **state)
{
    (void)state;
    struct bench *bench = open_with(3, 1000);
    fake.answers_probes[2] = false;
    begin(bench);
    run_s(bench, 30);
    assert_int_equal(broker_in_use(bench), 0);
    assert_int_equal(fake.probes, 2); /* each standby once */
    assert_int_equal(atomic_load(&bench->board.broker_answers[0]), BROKER_ANSWERS);
    assert_int_equal(atomic_load(&bench->board.broker_answers[1]), BROKER_ANSWERS);
    assert_int_equal(atomic_load(&bench->board.broker_answers[2]), BROKER_SILENT);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    bench_close(bench);
}

/* Whose certificate ends first is one that is not in use. */
static void test_the_certificate_of_a_standby(void **state)
{
    (void)state;
    struct bench *bench = open_with(3, 1000);
    struct uplink_certificate first_end;
    fake.shown_ends_ms[1] = INT64_C(1900000000000);
    fake.shown_ends_ms[2] = INT64_C(1800000000000);
    begin(bench);
    run_s(bench, 20);
    board_take_certificate(&bench->board, &first_end);
    assert_true(first_end.ends_ms == fake.shown_ends_ms[2]);
    assert_string_equal(first_end.name, "broker 3's");
    bench_close(bench);
}

static void test_the_best_of_several(void **state)
{
    (void)state;
    struct bench *bench = open_with(3, 5000);
    fake.reachable[0] = fake.reachable[1] = false;
    begin(bench);
    (void)seconds_until(bench, 2, 5);
    fake.reachable[1] = true;
    (void)seconds_until(bench, 1, 15);
    run_s(bench, 20);
    assert_int_equal(broker_in_use(bench), 1);
    fake.reachable[0] = true;
    (void)seconds_until(bench, 0, 15);
    bench_close(bench);
}

/* ---- at random ---- */

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (*seed >> 33) % below;
}

static unsigned fatal_in; /* of so many publishes the last ends its connection; 0: none does */
static enum fake_fate now_and_then_fatal(const struct uplink_message *message)
{
    (void)message;
    return fatal_in > 0 && --fatal_in == 0 ? FAKE_FATAL : FAKE_TAKEN;
}

static void disturb(uint64_t *seed)
{
    const unsigned broker = (unsigned)draw(seed, 3);
    switch (draw(seed, 4)) {
    case 0:
        fake.reachable[broker] = !fake.reachable[broker];
        break;
    case 1:
        fake.answers_probes[broker] = draw(seed, 2) == 0;
        break;
    case 2:
        fatal_in = 1 + (unsigned)draw(seed, 40);
        break;
    default:
        fake_lose();
        break;
    }
    if (fake.connected && !fake.reachable[fake.broker]) {
        fake_lose();
    }
}

static void expect_order_of_each_bed(void)
{
    uint64_t newest[BENCH_BEDS] = {0};
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        if (fake.sent[i].seq != 0 && fake.sent[i].fate == FAKE_TAKEN) {
            uint64_t *of_bed = &newest[fake.sent[i].topic[sizeof BASE "b0" - 1] - '1'];
            assert_true(fake.sent[i].seq > *of_bed);
            *of_bed = fake.sent[i].seq;
        }
    }
}

static void comings_and_goings(uint64_t seed)
{
    struct bench *bench = open_with(3, 2000);
    uint64_t state = seed;
    fake.fate = now_and_then_fatal;
    fatal_in = 0;
    begin(bench);
    for (unsigned i = 0; i < 120; ++i) {
        if (draw(&state, 8) == 0) {
            disturb(&state);
        }
        if (draw(&state, 2) == 0) {
            (void)bench_commit(bench, 1 + (unsigned)draw(&state, 3), (uint16_t)draw(&state, 2), draw(&state, 2) == 0);
        }
        pass(bench, 5);
    }
    fatal_in = 0;
    for (unsigned i = 0; i < 3; ++i) {
        fake.reachable[i] = fake.answers_probes[i] = true;
    }
    run_s(bench, 20);
    (void)seconds_until(bench, 0, 600);
    run_s(bench, 2);
    expect_each_once(bench);
    expect_order_of_each_bed();
    bench_close(bench);
}

static void test_at_random_nothing_is_lost_doubled_or_out_of_order(void **state)
{
    (void)state;
    const char *given = getenv("WARDGATE_SEED");
    const uint64_t first = given != NULL ? strtoull(given, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + (given != NULL ? 1 : 25); ++seed) {
        print_message("WARDGATE_SEED=%llu\n", (unsigned long long)seed);
        comings_and_goings(seed);
    }
}

static void test_one_broker_is_never_probed(void **state)
{
    (void)state;
    struct bench *bench = open_with(1, 1000);
    begin(bench);
    run_s(bench, 30);
    assert_int_equal(broker_in_use(bench), 0);
    assert_int_equal(fake.probes, 0);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_returns_when_the_first_has_answered_for_long_enough),
        cmocka_unit_test(test_what_was_told_around_the_store_is_emptied_too),
        cmocka_unit_test(test_one_that_comes_and_goes_is_not_returned_to),
        cmocka_unit_test(test_returns_that_do_not_last_become_rarer),
        cmocka_unit_test(test_it_waits_for_the_backlog),
        cmocka_unit_test(test_an_alert_while_it_leaves),
        cmocka_unit_test(test_leaving_is_bounded),
        cmocka_unit_test(test_a_connection_that_is_lost_while_it_leaves),
        cmocka_unit_test(test_the_first_one_is_left_to_nobody),
        cmocka_unit_test(test_the_certificate_of_a_standby),
        cmocka_unit_test(test_the_best_of_several),
        cmocka_unit_test(test_one_broker_is_never_probed),
        cmocka_unit_test(test_at_random_nothing_is_lost_doubled_or_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
