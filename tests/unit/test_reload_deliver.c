/*
 * The uplink's thread handed over as in a reload: the connection goes on, the present is told anew, nothing that was not
 * acknowledged is lost, and beds that are gone leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/deliver_bench.h"

static struct bed_numbers known;

/* The same over again in memory of its own, as the next generation does. */
static unsigned char *make_next(struct bench *bench, struct deliver **out)
{
    unsigned char *memory = aligned_alloc(64, BENCH_ARENA_BYTES);
    assert_non_null(memory);
    memset(memory, 0, BENCH_ARENA_BYTES);
    struct arena arena = {.base = memory, .size = BENCH_ARENA_BYTES};
    *out = deliver_make(&arena, &bench->config);
    return memory;
}

static void know_beds(void)
{
    static const struct bed_config gone[] = {{.id = "b07"}, {.id = "b01"}};
    const struct engine_config before = {.beds = gone, .bed_count = 2};
    known = (struct bed_numbers){.count = 0};
    assert_true(bed_numbers_add(&known, &before) && bed_numbers_add(&known, &bench_engine));
}

/* Everything up to the last topic of the bed that is gone. */
static void take_present(struct observer *observer, unsigned *statuses, unsigned *vitals)
{
    struct seen seen = {.qos = 0};
    *statuses = *vitals = 0;
    do {
        assert_true(observer_next(observer, BENCH_WAIT_MS, &seen));
        *statuses += strcmp(seen.topic, BASE "gateway/gw/status") == 0 ? 1 : 0;
        *vitals += strcmp(seen.topic, BASE "b01/vitals") == 0 ? 1 : 0;
        assert_false(seen_has(&seen, "\"state\":\"offline\""));
        if (strcmp(seen.topic, BASE "gateway/gw/status") == 0) {
            assert_true(seen_has(&seen, "\"state\":\"online\"") && seen_has(&seen, "\"connect_count\":1"));
        }
        if (strncmp(seen.topic, BASE "b07/", sizeof BASE "b07/" - 1) == 0) {
            assert_true(seen.retained && seen.payload[0] == '\0');
        }
    } while (strcmp(seen.topic, BASE "b07/settings") != 0);
}

static void test_the_connection_goes_on(void **state)
{
    (void)state;
    struct observer observer, alerts; /* an alert does not wait for topics of what is gone */
    struct bench *bench = bench_open();
    struct seen seen = {.qos = 0};
    unsigned statuses, vitals;
    know_beds();
    bench->config.known_beds = &known;
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "#");
    observer_open(&alerts, &bench->broker, BASE "b02/alert");
    bench_build(bench, 64);
    bench_view(bench, 1, 70, QUALITY_VALID, 7);
    bench_start(bench);
    take_present(&observer, &statuses, &vitals);
    assert_int_equal(statuses, 1);
    assert_int_equal(vitals, 1);

    struct deliver *before = bench->deliver;
    unsigned char *memory = make_next(bench, &bench->deliver);
    const int64_t begun_ms = test_now_ms();
    deliver_detach(before);
    assert_true(test_now_ms() - begun_ms < 1000);
    const uint64_t seq = bench_commit(bench, 2, 0, false); /* nobody is there to send it */
    assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
    take_present(&observer, &statuses, &vitals);
    assert_int_equal(statuses, 1);
    assert_int_equal(vitals, 1);
    assert_true(observer_find(&alerts, BASE "b02/alert", BENCH_WAIT_MS, &seen));
    assert_int_equal(seen_seq(&seen), seq);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    observer_close(&alerts);
    observer_close(&observer);
    bench_close(bench);
    free(memory);
}

/* The broker takes publishes and acknowledges none: the next one sends them again once it does. */
static void test_what_is_not_acknowledged_is_sent_again(void **state)
{
    (void)state;
    struct bench *bench = bench_open_online();
    (void)kill(bench->broker.pid, SIGSTOP);
    (void)bench_commit(bench, 1, 0, false);
    (void)usleep(100000);
    struct deliver *before = bench->deliver;
    unsigned char *memory = make_next(bench, &bench->deliver);
    const int64_t begun_ms = test_now_ms();
    deliver_detach(before);
    assert_true(test_now_ms() - begun_ms < 300);
    assert_int_equal(bench_outbox_rows(bench), 1);
    assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
    (void)kill(bench->broker.pid, SIGCONT);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    assert_int_equal(bench_outbox_rows(bench), 0);
    bench_close(bench);
    free(memory);
}

/* Before a connection, and again and again. */
static void test_handed_over_while_there_is_no_broker(void **state)
{
    (void)state;
    struct bench *bench = bench_open();
    unsigned char *memories[3];
    bench_start(bench);
    (void)bench_commit(bench, 1, 0, false);
    for (unsigned i = 0; i < 3; i++) {
        struct deliver *before = bench->deliver;
        memories[i] = make_next(bench, &bench->deliver);
        deliver_detach(before);
        assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
    }
    broker_start(&bench->broker);
    assert_true(bench_return(bench, 1, 2 * BENCH_WAIT_MS));
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    bench_close(bench);
    for (unsigned i = 0; i < 3; i++) {
        free(memories[i]);
    }
}

/* As when a reload goes back: the same one goes on. */
static void test_the_same_one_starts_again(void **state)
{
    (void)state;
    struct bench *bench = bench_open_online();
    deliver_hold(bench->deliver, true);
    deliver_detach(bench->deliver);
    deliver_hold(bench->deliver, false);
    (void)bench_commit(bench, 3, 1, false);
    assert_int_equal(deliver_start(bench->deliver), STATUS_OK);
    assert_true(bench_return(bench, 1, BENCH_WAIT_MS));
    assert_int_equal(atomic_load(&bench->board.uplink_connects), 1);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_connection_goes_on),
        cmocka_unit_test(test_what_is_not_acknowledged_is_sent_again),
        cmocka_unit_test(test_handed_over_while_there_is_no_broker),
        cmocka_unit_test(test_the_same_one_starts_again),
    };
    return cmocka_run_group_tests_name("reload_deliver", tests, NULL, NULL);
}
