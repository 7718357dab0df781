/*
 * The ward's topic as the deliver thread keeps it: on connect, soon after a change and not more often than said, emptied
 * when it is not wanted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>

#include "tests/unit/support/deliver_bench.h"

#define TOPIC BASE "gateway/gw/ward"

static struct ward_settings settings;
static struct payload_context context;

static struct bench *open_with_ward(void)
{
    struct bench *bench = bench_open();
    context = bench_context;
    context.ward_settings = &settings;
    bench->config.context = &context;
    broker_start(&bench->broker);
    return bench;
}

static void expect(struct observer *observer, const char *part, struct seen *out)
{
    assert_true(observer_next(observer, BENCH_WAIT_MS, out));
    assert_string_equal(out->topic, TOPIC);
    assert_true(out->retained && out->qos == 1);
    if (!seen_has(out, part)) {
        fail_msg("no %s in %s", part, out->payload);
    }
}

static void test_it_follows_the_beds(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    settings = (struct ward_settings){
        .enabled = true, .has_capacity = true, .capacity = {.window_ms = ADMISSIONS_WINDOW_MS_MAX}};
    struct bench *bench = open_with_ward();
    observer_open(&observer, &bench->broker, TOPIC);
    bench_build(bench, 64);
    bench_view(bench, 1, 70, QUALITY_VALID, 7);
    bench_view(bench, 2, 0, QUALITY_ABSENT, 0);
    bench_view(bench, 3, 0, QUALITY_ABSENT, 0);
    bench_start(bench);
    expect(&observer, "\"beds\":{\"total\":3,\"occupied\":1,\"vacant\":2,", &seen);
    assert_int_equal(seen.expiry_s, 120);
    const int64_t first_ms = test_now_ms();
    for (int32_t hr = 71; hr < 80; ++hr) {
        bench_view(bench, 1, hr, QUALITY_VALID, 7); /* mere values are no news here */
    }
    bench_view(bench, 2, 70, QUALITY_VALID, 8);
    bench_view(bench, 3, 70, QUALITY_VALID, 9);
    expect(&observer, "\"occupied\":3,\"vacant\":0,\"away\":0,\"not_monitored\":0,", &seen); /* both at once */
    assert_in_range(test_now_ms() - first_ms, 1500, 6000);
    const int64_t second_ms = test_now_ms();
    struct admissions admissions = {.since_ms = 0};
    admissions_note_came(&admissions, clock_wall_ms());
    board_put_admissions(&bench->board, &admissions);
    expect(&observer, "\"counted\":{\"admissions\":1,", &seen);
    assert_in_range(test_now_ms() - second_ms, 1500, 6000);
    observer_close(&observer);
    bench_close(bench);
}

/* What nobody has told of yet is not vacant. */
static void test_it_waits_for_every_bed(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    settings = (struct ward_settings){.enabled = true};
    struct bench *bench = open_with_ward();
    observer_open(&observer, &bench->broker, TOPIC);
    bench_build(bench, 64);
    bench_view(bench, 1, 70, QUALITY_VALID, 7);
    bench_go_online(bench);
    bench_view(bench, 2, 70, QUALITY_VALID, 8);
    assert_false(observer_next(&observer, 1000, &seen));
    bench_view(bench, 3, 70, QUALITY_VALID, 9);
    expect(&observer, "\"beds\":{\"total\":3,\"occupied\":3,\"vacant\":0,", &seen);
    observer_close(&observer);
    bench_close(bench);
}

static void test_it_is_emptied_when_it_is_not_wanted(void **state)
{
    (void)state;
    struct observer observer;
    struct seen seen = {.qos = 0};
    settings = (struct ward_settings){.enabled = false};
    struct bench *bench = open_with_ward();
    observer_open(&observer, &bench->broker, TOPIC);
    bench_build(bench, 64);
    bench_view(bench, 1, 70, QUALITY_VALID, 7);
    bench_start(bench);
    assert_true(observer_next(&observer, BENCH_WAIT_MS, &seen));
    assert_string_equal(seen.payload, "");
    bench_view(bench, 2, 70, QUALITY_VALID, 8);
    assert_false(observer_next(&observer, 3000, &seen));
    observer_close(&observer);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_follows_the_beds),
                                       cmocka_unit_test(test_it_waits_for_every_bed),
                                       cmocka_unit_test(test_it_is_emptied_when_it_is_not_wanted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
