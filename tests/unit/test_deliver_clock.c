/* The wall clock on the broker: what was shown wrong by it is told, what a step makes wrong is told anew, and what is late is so by the clock as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <time.h>

#include "app/flow/clock_record.h"
#include "app/flow/timebase.h"
#include "tests/unit/support/deliver_bench.h"
#include "tests/unit/support/real_clock.h"

#define TOPIC        BASE "gateway/gw/clock"
#define HOUR_MS      INT64_C(3600000)
#define STEP_WAIT_MS 5000 /* far below what anything but vitals is told again after by itself */

static atomic_llong wall_offset_ms;

/* What the kernel says (hal/clock.h), with the wall clock in the hands of the test. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc's names are reserved */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = real_clock_gettime(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) {
        now->tv_sec += (time_t)(atomic_load(&wall_offset_ms) / 1000);
    }
    return result;
}

static struct clock_record record_of(uint64_t from_seq, uint64_t through_seq, int64_t off_ms)
{
    return (struct clock_record){.epoch = "e0", .synced = 1, .count = 1, .spans = {{from_seq, through_seq, off_ms, 1}}};
}

static void expect(struct observer *observer, const char *topic, const char *part, struct seen *out)
{
    do {
        if (!observer_next(observer, STEP_WAIT_MS, out)) {
            fail_msg("nothing on %s", topic);
        }
    } while (strcmp(out->topic, topic) != 0 || !seen_has(out, part));
}

static void test_the_record_is_shown(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    struct clock_record record = record_of(1, 46, HOUR_MS);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, TOPIC);
    bench_build(bench, 64);
    board_put_clock(&bench->board, &record);
    bench_go_online(bench);
    expect(&observer, TOPIC, "{\"from_seq\":1,\"through_seq\":46,\"off_s\":3600.000,\"clock\":\"synced\"}", &seen);
    assert_true(seen.retained && seen.qos == 1);
    assert_int_equal(seen.expiry_s, 120);
    record.spans[0].off_ms = 0;
    board_put_clock(&bench->board, &record);
    expect(&observer, TOPIC, "\"off_s\":0.000", &seen);
    assert_false(observer_next(&observer, 2000, &seen)); /* once */
    observer_close(&observer);
    bench_close(bench);
}

static void test_without_a_record_there_is_no_topic(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, TOPIC);
    bench_go_online(bench);
    assert_false(observer_next(&observer, 2000, &seen));
    observer_close(&observer);
    bench_close(bench);
}

/* When it expires, by this payload. */
static int64_t expires_ms(const struct seen *seen)
{
    char text[25] = "";
    int64_t at_ms = 0;
    const char *at = strstr(seen->payload, "\"expires_at\":\"");
    assert_non_null(at);
    (void)snprintf(text, sizeof text, "%.24s", at + 14);
    assert_true(time_read(text, &at_ms));
    return at_ms;
}

/* Of those whose names end so; each must come once more, expiring by the clock as it is. */
static void expect_anew(struct observer *observer, const char *const *ends, unsigned count)
{
    unsigned missing = (1U << count) - 1;
    struct seen seen = {.qos = 0};
    while (missing != 0) {
        if (!observer_next(observer, STEP_WAIT_MS, &seen)) {
            fail_msg("not told anew: %x", missing);
        }
        const int64_t now_ms = clock_wall_ms();
        for (unsigned i = 0; i < count; i++) {
            const size_t length = strlen(seen.topic), end = strlen(ends[i]);
            const bool is_this = length > end && strcmp(seen.topic + length - end, ends[i]) == 0;
            if (is_this && expires_ms(&seen) > now_ms && expires_ms(&seen) < now_ms + 130000) {
                missing &= ~(1U << i);
            }
        }
    }
}

static void test_a_step_renews_what_is_retained(void **state)
{
    (void)state;
    static const char *const ends[] = {"/b01/vitals", "/b01/settings", "/b01/alarm/spo2_low", "/gw/clock"};
    static const int64_t steps_ms[] = {-HOUR_MS, 2 * HOUR_MS, -HOUR_MS};
    struct observer observer;
    struct bench *bench = bench_open();
    const struct clock_record record = record_of(1, 1, 0);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    bench_build(bench, 64);
    board_put_clock(&bench->board, &record);
    (void)bench_commit(bench, 1, 0, false);
    bench_view(bench, 1, 70, QUALITY_VALID, 7);
    bench_go_online(bench);
    expect_anew(&observer, ends, 4);
    for (unsigned i = 0; i < 3; i++) {
        atomic_fetch_add(&wall_offset_ms, steps_ms[i]);
        expect_anew(&observer, ends, 4);
    }
    observer_close(&observer);
    bench_close(bench);
}

static void commit_aged(struct bench *bench, int64_t age_ms)
{
    const struct alert alert = bench_alert(bench, 1, 0, false);
    bench_put(bench, &alert, age_ms);
}

static void test_late_by_the_clock_as_it_is(void **state)
{
    (void)state;
    static const bool late[] = {false, true, true, false, true};
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    const struct clock_record record = record_of(4, 5, HOUR_MS);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/alert");
    bench_build(bench, 64);
    board_put_clock(&bench->board, &record);
    commit_aged(bench, 0);
    commit_aged(bench, 20000);
    commit_aged(bench, -20000);  /* by a clock that was set back since: it cannot be of now */
    commit_aged(bench, HOUR_MS); /* by one that was an hour behind */
    commit_aged(bench, HOUR_MS + 20000);
    bench_tell_committed(bench);
    bench_go_online(bench);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
        assert_int_equal(seen_seq(&seen), i + 1);
        assert_int_equal(seen_has(&seen, "\"late\":true"), late[i]);
    }
    observer_close(&observer);
    bench_close(bench);
}

/* A store that was opened late, and taken over, has alerts of an epoch with numbers of its own: what was off in ours says nothing of them. */
static void test_late_by_the_numbers_of_its_epoch(void **state)
{
    (void)state;
    struct payload_context other = bench_context;
    other.epoch = "e9";
    struct observer observer;
    struct seen seen = {.qos = 0};
    struct bench *bench = bench_open();
    const struct clock_record record = record_of(1, 2, HOUR_MS);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/alert");
    bench_build(bench, 64);
    board_put_clock(&bench->board, &record);
    const struct alert alert = bench_alert(bench, 1, 0, false);
    char json[PAYLOAD_ALERT_MAX];
    const struct store_alert row = {.seq = alert.seq,
                                    .committed_wall_ms = clock_wall_ms() - HOUR_MS,
                                    .bed = "b01",
                                    .alarm = "spo2_low",
                                    .json = json,
                                    .json_length = (uint32_t)payload_alert(&other, &alert, 0, json, sizeof json)};
    assert_int_equal(store_begin(bench->opened), STATUS_OK);
    assert_int_equal(store_put_alert(bench->opened, &row), STATUS_OK);
    assert_int_equal(store_commit(bench->opened), STATUS_OK);
    commit_aged(bench, HOUR_MS);
    bench_tell_committed(bench);
    bench_go_online(bench);
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"epoch\":\"e9\"") && seen_has(&seen, "\"late\":true"));
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_true(seen_has(&seen, "\"epoch\":\"e0\"") && seen_has(&seen, "\"late\":false"));
    observer_close(&observer);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_record_is_shown), cmocka_unit_test(test_without_a_record_there_is_no_topic),
        cmocka_unit_test(test_a_step_renews_what_is_retained), cmocka_unit_test(test_late_by_the_clock_as_it_is),
        cmocka_unit_test(test_late_by_the_numbers_of_its_epoch)};
    return cmocka_run_group_tests_name("deliver_clock", tests, NULL, NULL);
}
