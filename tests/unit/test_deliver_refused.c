/*
 * A broker that refuses a publish, ends the connection at it, or never acknowledges it, does not keep the rest from it: the
 * alert is set aside, noted for the audit log, shown, and tried again. And what is sent when there is no room for all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/asides.h"
#include "tests/unit/support/fake_uplink.h"

#include "tests/unit/support/deliver_bench.h"

#define SECOND_US 1000000

static struct ring asides_ring;
static unsigned char asides_memory[ASIDE_SLOTS * sizeof(struct aside_note) + 64];
static const char *const urls[] = {"fake://0"};
static struct asides asides = {.ring = &asides_ring, .brokers = urls};

/* What the fates go by. */
static const char *poison_topic; /* all of it */
static uint64_t poison_seq;      /* or one alert */
static enum fake_fate poison_fate;

static bool is_poison(const struct uplink_message *message)
{
    const uint64_t seq = fake_seq(message);
    return (poison_topic != NULL && strcmp(message->topic, poison_topic) == 0) ||
           (poison_seq != 0 && seq == poison_seq);
}

static enum fake_fate by_poison(const struct uplink_message *message)
{
    return is_poison(message) ? poison_fate : FAKE_TAKEN;
}

static struct bench *open_bench(const char *topic, uint64_t seq, enum fake_fate fate)
{
    static struct uplink_broker address = {.url = "fake://0"};
    struct arena arena = {.base = asides_memory, .size = sizeof asides_memory};
    struct bench *bench = bench_open();
    fake_reset();
    arena.base += (64 - (uintptr_t)asides_memory % 64) % 64;
    ring_init(&asides_ring, &arena, ASIDE_SLOTS, sizeof(struct aside_note));
    asides.is_kept = false;
    poison_topic = topic;
    poison_seq = seq;
    poison_fate = fate;
    fake.fate = by_poison;
    bench->config.brokers = &address;
    bench->config.asides = &asides_ring;
    bench_build(bench, 1024);
    for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
        bench_view(bench, bed, 70, QUALITY_VALID, 7);
    }
    bench_start(bench);
    fake_await();
    return bench;
}

static void run_s(struct bench *bench, unsigned seconds)
{
    for (unsigned i = 0; i < 10 * seconds; ++i) {
        fake_run(SECOND_US / 10, SECOND_US / 10);
        bench_take_delivered(bench); /* the store's thread is quicker than the next connection */
    }
}

static void expect_row(const char *begin, const char *end)
{
    char row[STORE_AUDIT_MAX];
    assert_true(asides_write(&asides, 0, row, sizeof row) > 0);
    if (strstr(row, begin) == NULL || strstr(row, end) == NULL) {
        fail_msg("no %s %s in %s", begin, end, row);
    }
}

static void expect_no_row(void)
{
    char row[STORE_AUDIT_MAX];
    assert_int_equal(asides_write(&asides, 0, row, sizeof row), 0);
}

static bool is_aside(struct bench *bench)
{
    return atomic_load(&bench->board.uplink_aside);
}

static unsigned tries_of(uint64_t seq)
{
    return fake_count_alerts(seq, FAKE_TAKEN) + fake_count_alerts(seq, FAKE_REFUSED) +
           fake_count_alerts(seq, FAKE_FATAL);
}

static void test_a_refused_alert_is_set_aside_and_goes_through_later(void **state)
{
    (void)state;
    char text[ALERT_DETAIL_MAX];
    struct bench *bench = open_bench(BASE "b02/alert", 0, FAKE_REFUSED);
    const uint64_t first = bench_commit(bench, 2, 0, false);
    (void)bench_commit(bench, 1, 0, false);
    const uint64_t second = bench_commit(bench, 2, 1, false);
    (void)bench_commit(bench, 3, 0, false);
    run_s(bench, 2);
    assert_int_equal(bench_outbox_rows(bench), 2);
    assert_int_equal(bench->returned, 2);
    assert_true(is_aside(bench));
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    assert_true(atomic_load(&bench->board.delivered_seq) < first);
    board_take_refused(&bench->board, text);
    assert_string_equal(text, "b02/alert: Not authorized");
    expect_row("\"kind\":\"set_aside\",\"bed\":\"b02\",\"text\":\"Not authorized\",\"reason\":135,\"seqs\":\"1 3\"",
               "\"broker\":\"fake://0\"}");
    expect_no_row();

    run_s(bench, 30); /* tried again, and noted no second time */
    assert_int_equal(tries_of(first), 2);
    run_s(bench, 40);
    assert_int_equal(tries_of(first), 2);
    run_s(bench, 25);
    assert_int_equal(tries_of(first), 3); /* less and less often */
    expect_no_row();
    assert_true(is_aside(bench));

    poison_topic = NULL;
    run_s(bench, 130);
    assert_int_equal(fake_count_alerts(first, FAKE_TAKEN), 1);
    assert_int_equal(fake_count_alerts(second, FAKE_TAKEN), 1);
    assert_int_equal(bench_outbox_rows(bench), 0);
    assert_false(is_aside(bench));
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 4);
    expect_row("\"kind\":\"went_through\",\"seqs\":\"1 3\"", "\"broker\":\"fake://0\"}");
    expect_no_row();
    bench_close(bench);
}

/* No tag comes back of what goes at QoS 0. */
static void test_figures_that_are_too_large_are_told(void **state)
{
    (void)state;
    char text[ALERT_DETAIL_MAX];
    struct bench *bench = open_bench(BASE "gateway/gw/health", 0, FAKE_TOO_LARGE);
    (void)bench_commit(bench, 1, 0, false);
    run_s(bench, 15);
    assert_int_equal(bench->returned, 1);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    assert_int_not_equal(atomic_load(&bench->board.uplink_refused_us), 0);
    assert_false(is_aside(bench));
    board_take_refused(&bench->board, text);
    assert_string_equal(text, "figures: too large");
    expect_no_row();
    bench_close(bench);
}

/* MQTT 3.1.1: the connection is all that a broker can refuse a publish with. */
static void test_an_alert_that_no_connection_outlives(void **state)
{
    (void)state;
    enum { POISON = 3, LAST = 12 };
    struct bench *bench = open_bench(NULL, POISON, FAKE_FATAL);
    for (unsigned i = 0; i < LAST; ++i) {
        (void)bench_commit(bench, 1 + i % 3, 0, i % 2 == 1);
    }
    run_s(bench, 15);
    for (uint64_t seq = 1; seq <= LAST; ++seq) {
        assert_true(seq == POISON || fake_count_alerts(seq, FAKE_TAKEN) == 1);
    }
    assert_int_equal(bench_outbox_rows(bench), 1);
    assert_true(is_aside(bench));
    expect_row("\"kind\":\"set_aside\",\"bed\":\"b03\",\"text\":\"the broker ends the connection at it\",\"reason\":0,",
               "\"seqs\":\"3\"");
    expect_no_row();
    const unsigned connects = atomic_load(&bench->board.uplink_connects);
    assert_in_range(connects, 6, 7);
    assert_in_range(tries_of(POISON), 5, 6);

    const uint64_t live = bench_commit(bench, 3, 1, false); /* its bed is not held up either */
    run_s(bench, 1);
    assert_int_equal(fake_count_alerts(live, FAKE_TAKEN), 1);
    run_s(bench, 40); /* tried once more, alone */
    assert_int_equal(atomic_load(&bench->board.uplink_connects), connects + 1);

    poison_seq = 0;
    run_s(bench, 240);
    assert_int_equal(fake_count_alerts(POISON, FAKE_TAKEN), 1);
    assert_int_equal(bench_outbox_rows(bench), 0);
    assert_false(is_aside(bench));
    assert_int_equal(atomic_load(&bench->board.uplink_connects), connects + 1);
    expect_row("\"kind\":\"went_through\",\"seqs\":\"3\"", "fake://0");
    bench_close(bench);
}

static void test_an_alert_that_is_never_acknowledged(void **state)
{
    (void)state;
    struct bench *bench = open_bench(NULL, 2, FAKE_UNHEARD);
    for (unsigned i = 0; i < 6; ++i) {
        (void)bench_commit(bench, 1 + i % 3, 0, false);
    }
    run_s(bench, 5 * 8 + 15); /* of 10 s keep-alive, 8 s each */
    for (uint64_t seq = 1; seq <= 6; ++seq) {
        assert_true(seq == 2 || fake_count_alerts(seq, FAKE_TAKEN) == 1);
    }
    assert_true(is_aside(bench));
    expect_row("\"bed\":\"b02\",\"text\":\"the broker does not acknowledge it\"", "\"seqs\":\"2\"");
    const unsigned connects = atomic_load(&bench->board.uplink_connects);
    (void)bench_commit(bench, 1, 1, false);
    run_s(bench, 1);
    assert_int_equal(fake_count_alerts(7, FAKE_TAKEN), 1);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), connects);
    bench_close(bench);
}

static unsigned count_topic(const char *topic, int64_t from_us)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        count += fake.sent[i].at_us >= from_us && strcmp(fake.sent[i].topic, topic) == 0 ? 1 : 0;
    }
    return count;
}

/* Health grows with the ward: the first to be too large for a broker that limits packets. */
static void test_figures_that_no_connection_outlives(void **state)
{
    (void)state;
    struct bench *bench = open_bench(BASE "gateway/gw/health", 0, FAKE_FATAL);
    (void)bench_commit(bench, 1, 0, false);
    run_s(bench, 20);
    assert_int_equal(bench->returned, 1);
    assert_false(is_aside(bench)); /* that is for alerts */
    assert_int_not_equal(atomic_load(&bench->board.uplink_refused_us), 0);
    const unsigned connects = atomic_load(&bench->board.uplink_connects);
    const int64_t from_us = clock_boot_us();
    run_s(bench, 5);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), connects);
    assert_int_equal(count_topic(BASE "gateway/gw/health", from_us), 0);
    run_s(bench, 60);
    assert_in_range(atomic_load(&bench->board.uplink_connects), connects + 1, connects + 2);
    poison_topic = NULL;
    run_s(bench, 130);
    const unsigned healthy = atomic_load(&bench->board.uplink_connects);
    const int64_t free_us = clock_boot_us();
    run_s(bench, 30);
    assert_in_range(count_topic(BASE "gateway/gw/health", free_us), 2, 4);
    assert_int_equal(atomic_load(&bench->board.uplink_connects), healthy);
    expect_no_row();
    bench_close(bench);
}

/* A broker that takes nothing at all is not to be blamed on what came first. */
static void test_status_is_never_left_out(void **state)
{
    (void)state;
    struct bench *bench = open_bench(BASE "gateway/gw/status", 0, FAKE_FATAL);
    (void)bench_commit(bench, 1, 0, false);
    run_s(bench, 60);
    assert_int_equal(bench->returned, 0);
    assert_false(is_aside(bench));
    poison_topic = NULL;
    run_s(bench, 12);
    assert_int_equal(bench->returned, 1);
    expect_no_row();
    bench_close(bench);
}

/* Connections that are cut while different ones are under way blame none of them. */
static unsigned cut_after;
static enum fake_fate cut_now_and_then(const struct uplink_message *message)
{
    (void)message;
    return cut_after > 0 && --cut_after == 0 ? FAKE_FATAL : FAKE_TAKEN;
}

static void test_cuts_blame_nobody(void **state)
{
    (void)state;
    struct bench *bench = open_bench(NULL, 0, FAKE_TAKEN);
    fake.fate = cut_now_and_then;
    for (unsigned i = 0; i < 12; ++i) {
        cut_after = 3 + i;
        (void)bench_commit(bench, 1 + i % 3, 0, i % 2 == 1);
        run_s(bench, 6);
    }
    run_s(bench, 20);
    assert_int_equal(bench_outbox_rows(bench), 0);
    assert_false(is_aside(bench));
    expect_no_row();
    for (uint64_t seq = 1; seq <= bench->seq; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1);
    }
    bench_close(bench);
}

/* ---- redelivery ---- */

static enum fake_fate never_acknowledge(const struct uplink_message *message)
{
    return fake_seq(message) != 0 ? FAKE_UNHEARD : FAKE_TAKEN;
}

static void test_what_was_in_flight_is_sent_once_more_in_order(void **state)
{
    (void)state;
    enum { ALERTS = 30 };
    uint64_t newest[BENCH_BEDS + 1] = {0};
    struct bench *bench = open_bench(NULL, 0, FAKE_TAKEN);
    run_s(bench, 1);
    fake.fate = never_acknowledge;
    for (unsigned i = 0; i < ALERTS; ++i) {
        (void)bench_commit(bench, 1 + i % 3, 0, i % 2 == 1);
    }
    fake_run(SECOND_US, SECOND_US / 4);
    fake.fate = fake_take_all;
    fake_lose();
    const unsigned before = fake.sent_count;
    run_s(bench, 3);
    unsigned twice = 0;
    for (uint64_t seq = 1; seq <= ALERTS; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1);
        assert_in_range(fake_count_alerts(seq, FAKE_UNHEARD), 0, 1);
        twice += fake_count_alerts(seq, FAKE_UNHEARD);
    }
    assert_int_equal(twice, DELIVER_IN_FLIGHT);
    for (unsigned i = before; i < fake.sent_count; ++i) {
        const uint64_t seq = fake.sent[i].seq;
        if (seq != 0) {
            uint64_t *bed = &newest[1 + (seq - 1) % 3];
            assert_true(seq > *bed);
            *bed = seq;
        }
    }
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

/* ---- room ---- */

static unsigned room;
static enum fake_fate little_room(const struct uplink_message *message)
{
    if (room == 0) {
        return FAKE_NO_ROOM;
    }
    room -= message->qos > 0 ? 1 : 0;
    return FAKE_TAKEN;
}

/* Two publishes find room in each round: vitals of beds with news are not among them while alerts wait. */
static void test_figures_give_way_to_alerts(void **state)
{
    (void)state;
    enum { ALERTS = 40 };
    struct bench *bench = open_bench(NULL, 0, FAKE_TAKEN);
    run_s(bench, 2);
    const unsigned before = fake.sent_count;
    fake.fate = little_room;
    room = 0;
    for (unsigned i = 0; i < ALERTS; ++i) {
        (void)bench_commit(bench, 1 + i % 3, 0, i % 2 == 1);
    }
    for (unsigned i = 0; i < 4 * ALERTS && bench->returned < ALERTS; ++i) {
        for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
            bench_view(bench, bed, 60 + (int)i, QUALITY_VALID, 7);
        }
        atomic_fetch_add(&fake.skipped_us, SECOND_US / 2);
        room = 2;
        fake_round();
        bench_take_delivered(bench);
    }
    assert_int_equal(bench->returned, ALERTS);
    unsigned last_alert = before;
    unsigned figures = 0;
    for (unsigned i = before; i < fake.sent_count; ++i) {
        last_alert = fake.sent[i].seq != 0 ? i : last_alert;
    }
    for (unsigned i = before; i < last_alert; ++i) {
        figures += fake.sent[i].qos == 0 ? 1 : 0;
    }
    assert_int_equal(figures, 0);
    bench_close(bench);
}

/* ---- late ---- */

static void test_an_alert_of_a_clock_that_was_ahead_is_late(void **state)
{
    (void)state;
    struct bench *bench = open_bench(NULL, 0, FAKE_TAKEN);
    const struct alert now = bench_alert(bench, 1, 0, false);
    const struct alert ahead = bench_alert(bench, 2, 0, false);
    bench_put(bench, &now, 0);
    bench_put(bench, &ahead, -3600000); /* the clock was an hour ahead then */
    bench_tell_committed(bench);
    run_s(bench, 1);
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        assert_int_equal(fake.sent[i].late, fake.sent[i].seq == 2);
    }
    assert_int_equal(fake_count_alerts(2, FAKE_TAKEN), 1);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_alert_is_set_aside_and_goes_through_later),
        cmocka_unit_test(test_figures_that_are_too_large_are_told),
        cmocka_unit_test(test_an_alert_that_no_connection_outlives),
        cmocka_unit_test(test_an_alert_that_is_never_acknowledged),
        cmocka_unit_test(test_figures_that_no_connection_outlives),
        cmocka_unit_test(test_status_is_never_left_out),
        cmocka_unit_test(test_cuts_blame_nobody),
        cmocka_unit_test(test_what_was_in_flight_is_sent_once_more_in_order),
        cmocka_unit_test(test_figures_give_way_to_alerts),
        cmocka_unit_test(test_an_alert_of_a_clock_that_was_ahead_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
