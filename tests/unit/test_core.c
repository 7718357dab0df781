/* The engine's thread: runners' rings merged in order of time, a full record ring that makes it wait, a full journal
 * that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/core_bench.h"
#include "tests/unit/support/draw.h"

/* The alerts of the rule at one bed, as their instants since begin and phases: "5+ 8-". */
static const char *alerts_at(uint16_t bed, const struct record *taken, uint32_t count)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const struct alert *a = &taken[i].alert;
        if (taken[i].kind == RECORD_ALERT && a->key.bed == bed && a->key.family == ALARM_OF_RULE) {
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%lld%s", length > 0 ? " " : "",
                                 (long long)(a->at_ms - begin_ms - ANCHOR_MS), a->phase == PHASE_START ? "+" : "-");
            assert_true(length < sizeof text);
        }
    }
    return text;
}

static void test_rings_are_merged_in_order_of_time(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 8192);
    for (int t = 0; t < 900; t += 3) {
        push(0, t, 0, t == 300 ? 150 : 80);
        push(1, t + 1, 1, t == 600 ? 150 : 80);
        push(2, t + 2, 2, 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 900);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    struct observation o;
    for (int t = 0; t < 900; t++) {
        assert_int_equal(ring_pop(&journal, &o, 1), 1);
        assert_int_equal(o.at_ms - begin_ms - ANCHOR_MS, t);
        assert_int_equal(o.bed, t % 3);
    }
    const uint32_t count = ring_pop(&records, taken, 256);
    assert_string_equal(alerts_at(0, taken, count), "300+ 303-");
    assert_string_equal(alerts_at(1, taken, count), "601+ 604-");
    assert_string_equal(alerts_at(2, taken, count), "");
    assert_true(wake_wait_until(&store_wake, 0));
    assert_true(wake_wait_until(&deliver_wake, 0));
}

/* A network link with hundreds of monitors beside a slow line: what waits in the one is not overtaken by the other. */
static void test_a_backlog_is_not_overtaken(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 8192);
    for (int t = 0; t < 4000; t++) {
        push(0, t * 10, 0, t == 3000 ? 150 : 80);
    }
    for (int t = 0; t < 40; t++) {
        push(2, t * 1000 + 5, 1, 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations), 4040);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    const uint32_t count = ring_pop(&records, taken, 256);
    assert_string_equal(alerts_at(0, taken, count), "30000+ 30010-");
    for (uint32_t i = 0; i < count; i++) { /* nobody fell silent, nothing went stale while it waited */
        const struct alert *a = &taken[i].alert;
        const bool judged = taken[i].kind == RECORD_ALERT && a->kind == KIND_TECHNICAL && a->key.bed < 2;
        assert_true(!judged || a->at_ms > begin_ms + ANCHOR_MS + 40000);
    }
}

static void test_what_comes_late_is_taken_as_of_now(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 64);
    push(0, -5000, 0, 150);
    push(0, 100, 0, 80);
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations_late), 1);
    assert_int_equal(atomic_load(&board.observations), 2);
    assert_string_equal(alerts_at(0, taken, ring_pop(&records, taken, 256)), "0+ 100-");
    struct observation o;
    assert_int_equal(ring_pop(&journal, &o, 1), 1);
    assert_int_equal(o.at_ms, begin_ms + ANCHOR_MS); /* the journal has it as the engine took it */
}

static void test_a_full_journal_is_only_counted(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 16);
    for (int t = 0; t < 500; t++) {
        push(0, t, 0, t == 450 ? 150 : 80);
    }
    run_to_the_end();
    assert_int_equal(atomic_load(&board.journal_dropped), 500 - 16);
    assert_int_equal(atomic_load(&board.observations), 500);
    assert_string_equal(alerts_at(0, taken, ring_pop(&records, taken, 256)), "450+ 451-");
}

static void observe_quietly(int *after_ms, int count)
{
    for (int i = 0; i < count; i++) {
        push(0, (*after_ms)++, 0, 80);
    }
    run_to_the_end();
}

/* Without an alert nobody calls the store thread, unless the journal could be full before it comes by itself. */
static void test_a_filling_journal_calls_for_the_store(void **state)
{
    (void)state;
    struct observation o;
    int after_ms = 60000;
    make_core(1024, 64);
    observe_quietly(&after_ms, 1); /* what a minute of silence led to is over */
    assert_int_equal(ring_pop(&journal, &o, 1), 1);
    (void)wake_wait_until(&store_wake, 0);
    observe_quietly(&after_ms, 32);
    assert_false(wake_wait_until(&store_wake, 0));
    observe_quietly(&after_ms, 1);
    assert_true(wake_wait_until(&store_wake, 0));
    assert_int_equal(atomic_load(&board.journal_dropped), 0);
}

/* Every observation starts or ends an alarm; the store takes them slowly out of a ring that holds one step. */
static void test_a_full_record_ring_makes_it_wait(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static struct record taken[64];
    draw_seed(3);
    make_core(128, 8192);
    assert_true(engine_records_max(engine) <= 128);
    for (int t = 0; t < COUNT; t++) {
        push((unsigned)t % RUNNERS, t, 0, t % 2 == 0 ? 150 : 80);
    }
    assert_int_equal(core_start(&core), STATUS_OK);
    uint64_t seq = 0;
    unsigned of_rule = 0;
    const int64_t until_us = clock_boot_us() + 30000000;
    while (of_rule < COUNT && clock_boot_us() < until_us) {
        const uint32_t count = ring_pop(&records, taken, (uint32_t)draw(64));
        for (uint32_t i = 0; i < count; i++) {
            if (taken[i].kind == RECORD_ALERT) {
                assert_int_equal(taken[i].alert.seq, ++seq);
                of_rule += taken[i].alert.key.family == ALARM_OF_RULE && taken[i].alert.key.bed == 0 ? 1 : 0;
            }
        }
        if (chance(2)) {
            clock_sleep_until_us(clock_boot_us() + 3000);
        }
    }
    assert_int_equal(of_rule, COUNT);
    core_stop(&core);
    assert_int_equal(atomic_load(&board.observations), COUNT);
    assert_int_equal(atomic_load(&board.observations_late), 0);
    assert_int_equal(early_looks, 0);
}

/* What there was no room for is not lost: the same one goes on with it. */
static void test_a_stop_with_a_full_ring_ends(void **state)
{
    (void)state;
    struct record taken;
    make_core(128, 64);
    assert_true(engine_records_max(engine) <= 128);
    const struct record filler = {.kind = RECORD_BED};
    while (ring_push(&records, &filler)) {
    }
    for (int t = 0; t < 2000; t++) {
        push(0, t, 0, t % 2 == 0 ? 150 : 80);
    }
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 20000);
    assert_int_equal(ring_count(&records), 128);
    const int64_t before_us = clock_boot_us();
    core_stop(&core);
    assert_true(clock_boot_us() - before_us < 1000000);
    assert_int_equal(early_looks, 0); /* nothing is judged ahead of what waits */
    assert_true(core_has_left(&core));
    assert_int_equal(core_start(&core), STATUS_OK);
    while ((atomic_load(&board.observations) < 2000 || ring_count(&records) > 0) &&
           clock_boot_us() - before_us < 30000000) {
        (void)ring_pop(&records, &taken, 1);
    }
    core_stop(&core);
    assert_false(core_has_left(&core));
    assert_int_equal(atomic_load(&board.observations), 2000);
    assert_int_equal(atomic_load(&board.observations_late), 0);
}

/* What was observed and had no room to be judged waits in the engine itself. */
static void test_an_engine_with_something_to_say_has_it_left(void **state)
{
    (void)state;
    struct record taken;
    make_core(128, 64);
    const struct record filler = {.kind = RECORD_BED};
    while (ring_push(&records, &filler)) {
    }
    run_to_the_end();
    assert_true(core_has_left(&core));
    while (ring_pop(&records, &taken, 1) == 1) {
    }
    assert_true(core_has_left(&core));
    run_to_the_end();
    assert_false(core_has_left(&core));
}

static void test_it_looks_at_conditions_and_shows_beds(void **state)
{
    (void)state;
    struct bed_view view;
    make_core(1024, 64);
    push(1, 0, 2, 80);
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 1200000);
    core_stop(&core);
    assert_true(looks >= 2 && looks <= 4); /* twice a second */
    assert_int_equal(early_looks, 0);
    assert_true(board_take(&board, 2, &view) > 0);
    assert_int_equal(view.bed, 2);
    assert_int_equal(view.vitals[0].value_milli, 80000);
    assert_int_equal(view.vitals[0].quality, QUALITY_NO_ANSWER); /* a minute old */
}

static void test_room_for_records(void **state)
{
    (void)state;
    assert_int_equal(core_record_slots(0), 256);
    assert_int_equal(core_record_slots(1), 512);
    assert_int_equal(core_record_slots(256), 512);
    assert_int_equal(core_record_slots(257), 1024);
    assert_int_equal(core_record_slots(40000), 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rings_are_merged_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_backlog_is_not_overtaken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_comes_late_is_taken_as_of_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_journal_is_only_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_filling_journal_calls_for_the_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_record_ring_makes_it_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stop_with_a_full_ring_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_with_something_to_say_has_it_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_it_looks_at_conditions_and_shows_beds, set_up, tear_down),
        cmocka_unit_test(test_room_for_records),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
