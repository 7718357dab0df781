/* When the next round is: none is made in vain while something cannot go; a step of the wall clock in the midst of the present is not missed; and what is
 * acknowledged behind the last one counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/fake_uplink.h"

#include "tests/unit/support/deliver_bench.h"

#define SECOND_US INT64_C(1000000)
#define SLOTS     512
#define HOUR_MS   INT64_C(3600000)
#define LEAST_US  (SECOND_US / 100)
#define STEP_US   (SECOND_US / 10)

static void start_behind(struct bench *bench, unsigned waiting)
{
    static struct uplink_broker address = {.url = "fake://0"};
    bench->config.brokers = &address;
    bench->config.uplink.keep_alive_s = 60; /* 15 s without an acknowledgement */
    bench_build(bench, SLOTS);
    for (unsigned bed = 1; bed <= BENCH_BEDS; ++bed) {
        bench_view(bench, bed, 70, QUALITY_VALID, 7);
    }
    for (unsigned i = 0; i < waiting; ++i) {
        (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, false);
    }
    bench_start(bench);
    fake_await();
}

static struct bench *open_bench_behind(unsigned waiting, enum fake_fate (*fate)(const struct uplink_message *message))
{
    struct bench *bench = bench_open();
    fake_reset();
    fake.fate = fate;
    start_behind(bench, waiting);
    return bench;
}

static struct bench *open_bench(enum fake_fate (*fate)(const struct uplink_message *message))
{
    return open_bench_behind(1, fate);
}

static unsigned count_of(const char *topic, int64_t since_us)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        count += fake.sent[i].at_us >= since_us && strcmp(fake.sent[i].topic, topic) == 0;
    }
    return count;
}

/* ---- one publish at a time ---- */

static bool is_well; /* from the fourth connection on */
static bool is_mute; /* nothing is acknowledged */

static enum fake_fate by_connection(const struct uplink_message *message)
{
    (void)message;
    return is_mute ? FAKE_UNHEARD : fake.connection > 3 || is_well ? FAKE_TAKEN : FAKE_FATAL;
}

/* Three connections that end early: from then on publishes go one at a time, and one that is not acknowledged keeps health, which is due, from going. That is
 * no reason to make rounds without a pause. */
static void test_what_cannot_go_makes_no_rounds(void **state)
{
    (void)state;
    is_well = is_mute = false;
    struct bench *bench = open_bench(by_connection);
    for (unsigned i = 0; i < 100 && fake.connection < 4; ++i) {
        fake_run(STEP_US, STEP_US);
    }
    assert_int_equal(fake.connection, 4);
    fake_run(3 * SECOND_US, STEP_US);
    assert_true(count_of(BASE "gateway/gw/health", 0) > 0);
    is_mute = true;
    bench_view(bench, 1, 71, QUALITY_VALID, 7); /* what is under way without an answer */
    const unsigned connection = fake.connection;
    unsigned looks = 0;
    for (int64_t at_us = 0; at_us < 16 * SECOND_US && fake.connection == connection; at_us += STEP_US) {
        fake_run(STEP_US, STEP_US);
        pthread_mutex_lock(&fake_mutex);
        const int64_t due_us = fake.round(fake.context); /* nothing has happened since the one before */
        pthread_mutex_unlock(&fake_mutex);
        if (fake.connection == connection && due_us - clock_boot_us() < LEAST_US) {
            fail_msg("%.1f s after the last acknowledgement the next round is due in %lld us", (double)at_us / 1e6,
                     (long long)(due_us - clock_boot_us()));
        }
        ++looks;
    }
    assert_true(looks > 90); /* health was due meanwhile */
    is_mute = false;
    is_well = true;
    fake_run(30 * SECOND_US, STEP_US);
    assert_true(count_of(BASE "gateway/gw/health", clock_boot_us() - 15 * SECOND_US) > 0);
    bench_close(bench);
}

/* ---- the window ---- */

static unsigned unacknowledged; /* of QoS 1 */

static enum fake_fate never_acknowledge_alerts(const struct uplink_message *message)
{
    const bool is_alert = fake_seq(message) != 0;
    unacknowledged += is_alert;
    assert_true(message->qos == 0 || unacknowledged + !is_alert <= fake.receive_maximum);
    return is_alert ? FAKE_UNHEARD : FAKE_TAKEN;
}

/* 12 alerts and 8 states, together what brokers take who say nothing else; of one that takes less each kind has its share. */
static void test_a_window_for_what_the_broker_takes(void **state)
{
    (void)state;
    static const struct {
        uint16_t takes;
        unsigned alerts;
    } brokers[] = {{UINT16_MAX, 12}, {20, 12}, {10, 6}, {5, 3}, {2, 1}, {1, 1}};
    for (size_t i = 0; i < sizeof brokers / sizeof brokers[0]; ++i) {
        struct bench *bench = bench_open();
        fake_reset();
        fake.fate = never_acknowledge_alerts;
        fake.receive_maximum = brokers[i].takes;
        unacknowledged = 0;
        start_behind(bench, 30);
        fake_run(3 * SECOND_US, STEP_US);
        unsigned alerts = 0;
        for (uint64_t seq = 1; seq <= 30; ++seq) {
            alerts += fake_count_alerts(seq, FAKE_UNHEARD);
        }
        assert_int_equal(alerts, brokers[i].alerts);
        bench_close(bench);
    }
}

/* ---- a step of the clock ---- */

static bool steps, is_amid;

/* Behind the settings of the first bed, and the alarms before them, the clock steps, and the rest of the present has to wait for the next round. */
static enum fake_fate step_amid_present(const struct uplink_message *message)
{
    if (is_amid) {
        is_amid = false;
        atomic_fetch_add(&fake.wall_offset_ms, steps ? HOUR_MS : 0);
        return FAKE_NO_ROOM;
    }
    is_amid = strcmp(message->topic, BASE "b01/settings") == 0 && count_of(message->topic, 0) == 0;
    return FAKE_TAKEN;
}

/* As after a reload, whose connection goes on, or any other: what was told before the step expires by another clock, and is told again at once. */
static void test_a_step_amid_the_present(void **state)
{
    (void)state;
    steps = false;
    struct bench *bench = open_bench(step_amid_present);
    fake_run(5 * SECOND_US, STEP_US);
    const unsigned usual = count_of(BASE "b01/alarm/spo2_low", 0);
    bench_close(bench);
    steps = true;
    bench = open_bench(step_amid_present);
    fake_run(5 * SECOND_US, STEP_US);
    assert_true(atomic_load(&fake.wall_offset_ms) > 0);
    assert_int_equal(count_of(BASE "b01/alarm/spo2_low", 0), usual + 1);
    bench_close(bench);
}

/* ---- a reload ---- */

/* What the last round sends has an acknowledgement before the link is handed on: it is delivered, and not only when the next alert is. */
static void test_what_is_acknowledged_during_a_reload(void **state)
{
    (void)state;
    struct bench *bench = open_bench(fake_take_all);
    fake_run(5 * SECOND_US, STEP_US);
    assert_int_equal(atomic_load(&bench->board.delivered_seq), 1);
    const uint64_t newest = bench_commit(bench, 1, 0, false);
    deliver_detach(bench->deliver);
    assert_int_equal(fake_count_alerts(newest, FAKE_TAKEN), 1);
    assert_int_equal(atomic_load(&bench->board.delivered_seq), newest);
    assert_int_equal(atomic_load(&bench->board.delivered_row), store_last_row(bench->opened));
    assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
    bench_close(bench);
}

/* ---- a backlog ---- */

enum { BACKLOG = 448, NEW_EVERY = 16, NEW = BACKLOG / NEW_EVERY };

/* Now and then the queue is full in the midst of it. */
static enum fake_fate stumble(const struct uplink_message *message)
{
    static unsigned count;
    (void)message;
    return ++count % 29 == 0 ? FAKE_NO_ROOM : FAKE_TAKEN;
}

/* Its rows are read on while the window is full, and new ones come meanwhile: each goes once, those of a bed in their order. */
static void test_a_backlog_is_read_on(void **state)
{
    (void)state;
    struct bench *bench = open_bench_behind(BACKLOG, stumble);
    uint64_t last[BENCH_BEDS] = {0};
    unsigned sent = 0;
    for (unsigned i = 0; i < 4 * BACKLOG; ++i) {
        if (i % NEW_EVERY == 0 && i / NEW_EVERY < NEW) {
            (void)bench_commit(bench, 1 + i % BENCH_BEDS, 0, false);
        }
        fake_run(LEAST_US, LEAST_US);
    }
    for (unsigned i = 0; i < fake.sent_count; ++i) {
        const struct fake_sent *message = &fake.sent[i];
        if (message->seq == 0 || message->fate != FAKE_TAKEN) {
            continue;
        }
        const unsigned bed = (unsigned)(message->topic[strlen(BASE "b0")] - '1');
        assert_in_range(bed, 0, BENCH_BEDS - 1);
        assert_true(message->seq > last[bed]);
        last[bed] = message->seq;
        ++sent;
    }
    assert_int_equal(sent, BACKLOG + NEW);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_backlog_is_read_on), cmocka_unit_test(test_a_window_for_what_the_broker_takes),
        cmocka_unit_test(test_what_cannot_go_makes_no_rounds), cmocka_unit_test(test_a_step_amid_the_present),
        cmocka_unit_test(test_what_is_acknowledged_during_a_reload)};
    return cmocka_run_group_tests_name("deliver_rounds", tests, NULL, NULL);
}
