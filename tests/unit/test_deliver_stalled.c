/* Two troubles at once: a backlog, and beside it a disk that hangs, a row that is damaged, an alert that is refused and a reload, a resend and a second broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/fake_uplink.h"

#include "tests/unit/support/deliver_bench.h"

#define SECOND_US INT64_C(1000000)
#define STEP_US   (SECOND_US / 10)

static struct bench *make_bench(uint32_t delivered_slots, uint32_t backlog_rate)
{
    static struct uplink_broker brokers[] = {{.url = "fake://0"}, {.url = "fake://1"}};
    struct bench *bench = bench_open();
    fake_reset();
    bench->config.brokers = brokers;
    bench->config.broker_count = 2;
    bench->config.backlog_rate = backlog_rate;
    bench_build(bench, delivered_slots);
    return bench;
}

static void start(struct bench *bench)
{
    bench_start(bench);
    fake_await();
}

/* While the store's thread does its work, or hangs. */
static void run(struct bench *bench, unsigned seconds, bool store_works)
{
    for (unsigned i = 0; i < 10 * seconds; ++i) {
        fake_run(STEP_US, STEP_US);
        if (store_works) {
            bench_take_delivered(bench);
        }
    }
}

static unsigned count_taken(uint64_t from_seq, uint64_t through_seq)
{
    unsigned count = 0;
    for (uint64_t seq = from_seq; seq <= through_seq; ++seq) {
        count += fake_count_alerts(seq, FAKE_TAKEN);
    }
    return count;
}

/* ---- a disk that hangs in the midst of a backlog ---- */

/* What is acknowledged cannot be noted, so no more of the backlog goes; the broker has room all the same, and what happens at another bed is heard of. */
static void test_live_alerts_go_past_a_backlog_that_cannot_be_noted(void **state)
{
    (void)state;
    struct bench *bench = make_bench(16, 0);
    for (unsigned i = 0; i < 100; ++i) {
        (void)bench_commit(bench, 1, 0, false);
    }
    start(bench);
    run(bench, 5, false);
    assert_in_range(count_taken(1, 100), 16, 99);
    for (unsigned i = 0; i < 20; ++i) { /* more than the window has places */
        const struct alert alert = bench_alert(bench, 2, 0, false);
        bench_push_direct(bench, &alert);
        run(bench, 1, false);
        assert_int_equal(fake_count_alerts(alert.seq, FAKE_TAKEN), 1);
    }
    const struct alert same_bed = bench_alert(bench, 1, 1, false); /* better out of order than not at all */
    bench_push_direct(bench, &same_bed);
    run(bench, 1, false);
    assert_int_equal(fake_count_alerts(same_bed.seq, FAKE_TAKEN), 1);
    run(bench, 10, true);
    assert_int_equal(count_taken(1, 100), 100);
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

/* Alerts of the first bed that are part of another alarm: such a row only has to be let go. */
static void commit_folded(struct bench *bench, unsigned count)
{
    for (uint32_t rev = 1; rev <= count; ++rev) {
        struct alert folded = bench_alert(bench, 1, 0, false);
        folded.seq = --bench->seq;
        folded.id = 4711;
        folded.rev = rev;
        folded.part_of = 99;
        folded.part_of_index = BUILTIN_bus_down;
        bench_put(bench, &folded, 0);
    }
    bench_tell_committed(bench);
}

static void test_live_alerts_go_past_folded_rows_that_cannot_be_noted(void **state)
{
    (void)state;
    struct bench *bench = make_bench(16, 0);
    commit_folded(bench, 40);
    start(bench);
    const struct alert same_bed = bench_alert(bench, 1, 1, false);
    bench_push_direct(bench, &same_bed);
    fake_run(SECOND_US / 2, STEP_US);
    assert_int_equal(fake_count_alerts(same_bed.seq, FAKE_TAKEN), 0); /* not at once */
    run(bench, 1, false);
    assert_int_equal(fake_count_alerts(same_bed.seq, FAKE_TAKEN), 1);
    run(bench, 10, true);
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

static const struct fake_sent *find_sent(uint64_t seq)
{
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        if (fake.sent[i].seq == seq && fake.sent[i].fate == FAKE_TAKEN) {
            return &fake.sent[i];
        }
    }
    return NULL;
}

/* The disk goes on while there is no broker: the next connection keeps the order of the bed. */
static void test_a_stall_ends_with_what_was_full(void **state)
{
    (void)state;
    struct bench *bench = make_bench(16, 0);
    commit_folded(bench, 40);
    const uint64_t waiting = bench_commit(bench, 1, 0, false);
    start(bench);
    run(bench, 5, false);
    fake.reachable[0] = fake.reachable[1] = false;
    fake_lose();
    run(bench, 5, true);
    const struct alert live = bench_alert(bench, 1, 1, false);
    bench_push_direct(bench, &live);
    fake.reachable[0] = true;
    run(bench, 60, true);
    const struct fake_sent *first = find_sent(waiting), *last = find_sent(live.seq);
    assert_true(first != NULL && last != NULL && first < last);
    bench_close(bench);
}

static enum fake_fate take_no_alert(const struct uplink_message *message)
{
    return fake_seq(message) != 0 ? FAKE_NO_ROOM : FAKE_TAKEN;
}

/* What the broker has stays known over a connection that brings nothing of a backlog through: else a high alert among it would be told as undelivered. */
static void test_a_connection_that_begins_with_a_backlog_forgets_nothing(void **state)
{
    (void)state;
    struct bench *bench = make_bench(64, 0);
    for (unsigned i = 0; i < 5; ++i) {
        (void)bench_commit(bench, 1, 0, false);
    }
    const uint64_t had = store_last_row(bench->opened);
    start(bench);
    run(bench, 5, true);
    assert_int_equal(atomic_load(&bench->board.passed_row), had);
    fake.reachable[0] = fake.reachable[1] = false;
    fake_lose();
    run(bench, 5, true);
    for (unsigned i = 0; i < 40; ++i) {
        (void)bench_commit(bench, 1, 0, false);
    }
    fake.fate = take_no_alert;
    fake.reachable[0] = true;
    run(bench, 5, true);
    assert_true(fake.connected);
    assert_int_equal(atomic_load(&bench->board.passed_row), had);
    fake_lose();
    run(bench, 5, true);
    assert_int_equal(atomic_load(&bench->board.passed_row), had);
    bench_close(bench);
}

/* A ring that is full for a moment: what the outbox holds of a bed goes first. */
static void test_the_order_of_a_bed_outlasts_a_short_stall(void **state)
{
    (void)state;
    struct bench *bench = make_bench(16, 0);
    for (unsigned i = 0; i < 100; ++i) {
        (void)bench_commit(bench, 1, 0, false);
    }
    start(bench);
    fake_run(STEP_US, STEP_US);
    const struct alert alert = bench_alert(bench, 1, 1, false);
    bench_push_direct(bench, &alert);
    fake_run(5 * STEP_US, STEP_US);
    assert_in_range(count_taken(1, 100), 16, 99);
    assert_int_equal(fake_count_alerts(alert.seq, FAKE_TAKEN), 0);
    run(bench, 10, true);
    uint64_t last = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        if (fake.sent[i].seq != 0) {
            assert_int_equal(fake.sent[i].seq, ++last);
        }
    }
    assert_int_equal(last, alert.seq);
    bench_close(bench);
}

/* The broker acknowledges nothing any more: of those, too, no more are under way than it may have. */
static bool is_mute;

static enum fake_fate mute(const struct uplink_message *message)
{
    return is_mute && fake_seq(message) != 0 ? FAKE_UNHEARD : FAKE_TAKEN;
}

static void test_no_more_are_under_way_than_the_window_has(void **state)
{
    (void)state;
    struct bench *bench = make_bench(16, 0);
    fake.fate = mute;
    is_mute = false;
    for (unsigned i = 0; i < 100; ++i) {
        (void)bench_commit(bench, 1, 0, false);
    }
    start(bench);
    run(bench, 5, false);
    is_mute = true;
    for (unsigned i = 0; i < 2 * DELIVER_IN_FLIGHT; ++i) {
        const struct alert alert = bench_alert(bench, 2 + i % 2, 0, false);
        bench_push_direct(bench, &alert);
    }
    run(bench, 1, false);
    unsigned unheard = 0;
    for (uint64_t seq = 101; seq <= 100 + 2 * DELIVER_IN_FLIGHT; ++seq) {
        unheard += fake_count_alerts(seq, FAKE_UNHEARD);
    }
    assert_in_range(unheard, 1, DELIVER_IN_FLIGHT);
    is_mute = false;
    run(bench, 60, true); /* over another connection */
    for (uint64_t seq = 101; seq <= 100 + 2 * DELIVER_IN_FLIGHT; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1);
    }
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

/* ---- a disk that failed for a while, and nobody to send to ---- */

static const struct fake_sent *newest_state(const char *topic)
{
    const struct fake_sent *newest = NULL;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        newest = strcmp(fake.sent[i].topic, topic) == 0 ? &fake.sent[i] : newest;
    }
    return newest;
}

/* More went around the store than deliver keeps, and all of it was stored before a broker came: that comes out of the outbox alone, also what waited for a place,
 * and no alarm is shown as it was before. */
static void test_what_is_stored_before_a_broker_comes_goes_once(void **state)
{
    (void)state;
    enum { MANY = 56 };
    struct bench *bench = make_bench(512, 0);
    fake.reachable[0] = fake.reachable[1] = false;
    bench_start(bench);
    for (unsigned i = 0; i < MANY; ++i) {
        const struct alert alert = bench_alert(bench, 1, 1, false);
        bench_push_direct(bench, &alert);
        bench_put(bench, &alert, 0);
    }
    struct alert alert = bench_alert(bench, 2, 0, false);
    bench_push_direct(bench, &alert);
    run(bench, 1, true);
    bench_put(bench, &alert, 0);
    alert.seq = ++bench->seq;
    alert.rev = 2;
    alert.phase = PHASE_END;
    alert.state = ALARM_ENDED;
    bench_put(bench, &alert, 0);
    bench_tell_committed(bench);
    fake.reachable[0] = true;
    run(bench, 60, true);
    for (uint64_t seq = 1; seq <= bench->seq; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1);
    }
    const struct fake_sent *shown = newest_state(BASE "b02/alarm/spo2_low");
    assert_true(shown != NULL && shown->is_empty);
    bench_close(bench);
}

/* The store's thread may hand one over while the writer, which has just committed it, tells: by then a newer one of its alarm may have come out of the outbox. */
static void test_what_is_handed_over_too_late_shows_no_alarm_again(void **state)
{
    (void)state;
    struct bench *bench = make_bench(512, 0);
    start(bench);
    const struct alert starts = bench_alert(bench, 2, 0, false);
    bench_put(bench, &starts, 0);
    struct alert ends = starts;
    ends.seq = ++bench->seq;
    ends.rev = 2;
    ends.phase = PHASE_END;
    ends.state = ALARM_ENDED;
    bench_put(bench, &ends, 0);
    bench_tell_committed(bench);
    run(bench, 1, true);
    assert_int_equal(count_taken(starts.seq, ends.seq), 2);
    bench_push_direct(bench, &starts);
    run(bench, 60, true);
    const struct fake_sent *shown = newest_state(BASE "b02/alarm/spo2_low");
    assert_true(shown != NULL && shown->is_empty);
    bench_close(bench);
}

/* ---- a row that is damaged, in front of a bed's backlog that goes slowly ---- */

static void put_damaged(struct bench *bench)
{
    const struct store_alert damaged = {
        .seq = ++bench->seq, .bed = "b01", .alarm = "spo2_low", .json = "{\"cut", .json_length = 5};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_put_alert(bench->opened, &damaged), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
}

/* It holds up nothing, and yet nobody says that the broker has it: should the store go, it is one of those that will not come. */
static void test_a_damaged_row_in_front_of_a_slow_backlog(void **state)
{
    (void)state;
    struct bench *bench = make_bench(512, 10);
    (void)bench_commit(bench, 2, 0, false);
    put_damaged(bench);
    const uint64_t damaged = bench->seq;
    for (unsigned i = 0; i < 100; ++i) {
        (void)bench_commit(bench, 1, 0, false);
    }
    start(bench);
    run(bench, 2, true);
    assert_in_range(count_taken(damaged + 1, bench->seq), 20, 60); /* paced */
    const uint64_t live = bench_commit(bench, 3, 0, false);
    run(bench, 1, true);
    assert_int_equal(fake_count_alerts(live, FAKE_TAKEN), 1);
    run(bench, 20, true);
    for (uint64_t seq = 1; seq <= live; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), seq != damaged);
    }
    assert_int_equal(bench_outbox_rows(bench), 1);
    assert_true(atomic_load(&bench->board.delivered_seq) < damaged);
    assert_int_equal(atomic_load(&bench->board.passed_seq), live); /* all that could be sent */
    assert_int_equal(atomic_load(&bench->board.passed_row), store_last_row(bench->opened));
    run(bench, 100, true); /* looked at again and again */
    assert_int_equal(count_taken(1, live), live - 1);
    assert_true(atomic_load(&bench->board.delivered_seq) < damaged);
    bench_close(bench);
}

/* Of one that cannot be read at all, the newest too: all that waited has been passed once a broker has the rest. */
static void test_rows_that_cannot_be_read(void **state)
{
    (void)state;
    struct bench *bench = make_bench(512, 0);
    for (unsigned i = 0; i < 10; ++i) {
        (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, false);
    }
    store_folder_damage_alert(&bench->folder, 6);
    store_folder_damage_alert(&bench->folder, 10);
    assert_int_equal(atomic_load(&bench->board.passed_row), 0);
    start(bench);
    run(bench, 5, true);
    assert_int_equal(count_taken(1, 10), 8);
    assert_int_equal(bench_outbox_rows(bench), 2);
    assert_int_equal(atomic_load(&bench->board.passed_row), store_last_row(bench->opened));
    assert_int_equal(atomic_load(&bench->board.delivered_row), 0);
    run(bench, 100, true); /* looked at again and again */
    assert_int_equal(count_taken(1, 10), 8);
    assert_int_equal(atomic_load(&bench->board.passed_row), store_last_row(bench->opened));
    bench_close(bench);
}

static bool has_sent_state(unsigned from)
{
    bool found = false;
    for (unsigned i = from; i < fake.sent_count; ++i) {
        found = found || strstr(fake.sent[i].topic, "/alarm/") != NULL;
    }
    return found;
}

/* One that is damaged before it was sent, on a connection that stands: it is not passed before the states have gone again, its alarm's among them. */
static void test_a_damaged_row_is_not_passed_before_the_states(void **state)
{
    (void)state;
    struct bench *bench = make_bench(512, 0);
    start(bench);
    (void)bench_commit(bench, 1, 0, false);
    run(bench, 5, true);
    const uint64_t before = store_last_row(bench->opened);
    assert_int_equal(atomic_load(&bench->board.passed_row), before);
    const struct alert damaged = bench_alert(bench, 2, 0, false);
    bench_put(bench, &damaged, 0);
    store_folder_damage_alert(&bench->folder, damaged.seq);
    const unsigned sent = fake.sent_count;
    bench_tell_committed(bench);
    fake_run(SECOND_US / 2, STEP_US);
    assert_int_equal(atomic_load(&bench->board.passed_row), before);
    assert_false(has_sent_state(sent));
    run(bench, 2, true);
    assert_true(has_sent_state(sent));
    assert_int_equal(atomic_load(&bench->board.passed_row), before + 1);
    bench_close(bench);
}

/* ---- an alert that is refused, a backlog, and a reload in the midst of it ---- */

static bool refuses;

static enum fake_fate refuse_one(const struct uplink_message *message)
{
    return refuses && fake_seq(message) == 1 ? FAKE_REFUSED : FAKE_TAKEN;
}

static void test_a_reload_in_a_backlog_with_a_refused_alert(void **state)
{
    (void)state;
    struct bench *bench = make_bench(512, 0);
    uint64_t last[BENCH_BEDS] = {0};
    fake.fate = refuse_one;
    refuses = true;
    for (unsigned i = 0; i < 300; ++i) {
        (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, false);
    }
    start(bench);
    for (unsigned i = 0; i < 3; ++i) { /* a few rounds each: all of them are in the midst of it */
        fake_round();
        fake_round();
        deliver_detach(bench->deliver);
        assert_in_range(count_taken(1, 300), 1, 299);
        bench_take_delivered(bench);
        assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
        fake_await();
    }
    run(bench, 5, true);
    assert_int_equal(bench_outbox_rows(bench), 1);
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 0);
    assert_int_equal(atomic_load(&bench->board.passed_seq), 0); /* this one can be sent */
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        const struct fake_sent *sent = &fake.sent[i];
        if (sent->seq > 1 && sent->fate == FAKE_TAKEN) {
            uint64_t *newest = &last[(sent->seq - 1) % BENCH_BEDS];
            assert_true(sent->seq <= *newest + BENCH_BEDS || *newest == 0); /* none is passed over, */
            *newest = sent->seq > *newest ? sent->seq : *newest;
        }
    }
    for (uint64_t seq = 2; seq <= 300; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1); /* and none comes twice over one connection */
    }
    refuses = false;
    run(bench, 500, true); /* tried again less and less often */
    assert_int_equal(fake_count_alerts(1, FAKE_TAKEN), 1);
    assert_int_equal(bench_outbox_rows(bench), 0);
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 300);
    bench_close(bench);
}

/* A bench whose first alert is refused, and whose others the broker has and the store does not know yet, because its disk hangs: for 38 s, eight behind the instant at which the
 * first one is to be tried again. None of the others is sent again for its sake. */
static struct bench *hang_with_a_refused_alert(void)
{
    struct bench *bench = make_bench(512, 0);
    fake.fate = refuse_one;
    refuses = true;
    for (unsigned i = 0; i < 60; ++i) {
        (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, false);
    }
    start(bench);
    run(bench, 38, false);
    refuses = false;
    assert_int_equal(fake_count_alerts(1, FAKE_TAKEN), 0);
    assert_int_equal(count_taken(2, 60), 59);
    return bench;
}

static void test_what_waits_to_be_noted_is_not_sent_again(void **state)
{
    (void)state;
    struct bench *bench = hang_with_a_refused_alert();
    run(bench, 500, true);
    for (uint64_t seq = 1; seq <= 60; ++seq) {
        assert_int_equal(fake_count_alerts(seq, FAKE_TAKEN), 1);
    }
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

/* Better twice than not at all: ten seconds behind its instant. */
static void test_a_refused_alert_does_not_wait_for_the_disk(void **state)
{
    (void)state;
    struct bench *bench = hang_with_a_refused_alert();
    run(bench, 5, false);
    assert_true(fake_count_alerts(1, FAKE_TAKEN) > 0);
    run(bench, 500, true);
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

/* ---- a resend, and the broker goes ---- */

static unsigned count_resent(unsigned broker)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        count += fake.sent[i].broker == broker && strcmp(fake.sent[i].topic, BASE "gateway/gw/resend") == 0;
    }
    return count;
}

/* The second broker gets the rest, and the end, which stands for all; live alerts are not held up by it. */
static void test_a_resend_goes_on_at_the_second_broker(void **state)
{
    (void)state;
    struct bench *bench = make_bench(512, 0);
    start(bench);
    for (unsigned i = 0; i < 100; ++i) {
        (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, false);
    }
    run(bench, 5, true);
    assert_int_equal(bench_outbox_rows(bench), 0);
    const struct resend_request request = {.id = "c-1", .from_seq = 1, .through_seq = 100};
    assert_true(ring_push(&bench->resends, &request));
    run(bench, 1, true);
    const unsigned first = count_resent(0);
    assert_in_range(first, 10, 90);
    fake.reachable[0] = false;
    fake_lose();
    const uint64_t live = bench_commit(bench, 1, 0, true);
    run(bench, 30, true);
    assert_int_equal(fake_count_alerts(live, FAKE_TAKEN), 1);
    assert_int_equal(first + count_resent(1), 101); /* and its end */
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live_alerts_go_past_a_backlog_that_cannot_be_noted),
        cmocka_unit_test(test_live_alerts_go_past_folded_rows_that_cannot_be_noted),
        cmocka_unit_test(test_a_connection_that_begins_with_a_backlog_forgets_nothing),
        cmocka_unit_test(test_a_stall_ends_with_what_was_full),
        cmocka_unit_test(test_the_order_of_a_bed_outlasts_a_short_stall),
        cmocka_unit_test(test_no_more_are_under_way_than_the_window_has),
        cmocka_unit_test(test_what_is_stored_before_a_broker_comes_goes_once),
        cmocka_unit_test(test_what_is_handed_over_too_late_shows_no_alarm_again),
        cmocka_unit_test(test_a_damaged_row_in_front_of_a_slow_backlog),
        cmocka_unit_test(test_rows_that_cannot_be_read),
        cmocka_unit_test(test_a_damaged_row_is_not_passed_before_the_states),
        cmocka_unit_test(test_a_reload_in_a_backlog_with_a_refused_alert),
        cmocka_unit_test(test_what_waits_to_be_noted_is_not_sent_again),
        cmocka_unit_test(test_a_refused_alert_does_not_wait_for_the_disk),
        cmocka_unit_test(test_a_resend_goes_on_at_the_second_broker),
    };
    return cmocka_run_group_tests_name("deliver_stalled", tests, NULL, NULL);
}
