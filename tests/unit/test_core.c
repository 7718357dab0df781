/* The engine's thread: runners' rings merged in order of time, a full record ring that makes it wait, a full journal
 * that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/order.h"
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

/* --- order --------------------------------------------------------------------------------------------------- */

static void wait_for(uint64_t observations)
{
    const int64_t until_us = clock_boot_us() + 10000000;
    while (atomic_load(&board.observations) < observations && clock_boot_us() < until_us) {
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
    assert_int_equal(atomic_load(&board.observations), observations);
}

/* In ms since begin. */
static int64_t present_ms(void)
{
    return clock_boot_us() / 1000 - begin_ms;
}

static void begin_step(unsigned runner, int64_t after_ms)
{
    atomic_store(&runners[runner].floor_us, (begin_ms + after_ms) * 1000);
}

static void expect_journal(int64_t after_ms, uint16_t bed)
{
    struct observation o;
    assert_int_equal(ring_pop(&journal, &o, 1), 1);
    assert_int_equal(o.at_ms - begin_ms - ANCHOR_MS, after_ms);
    assert_int_equal(o.bed, bed);
}

/* What is in order is not waited with: not while others sleep, nor while they are at something newer. */
static void test_order_costs_no_time(void **state)
{
    (void)state;
    make_core(1024, 64);
    const int64_t now_ms = present_ms();
    begin_step(2, now_ms);
    push(0, now_ms - 20, 0, 80);
    push(1, now_ms - 10, 1, 80);
    assert_int_equal(core_start(&core), STATUS_OK);
    wait_for(2);
    assert_true(core.intakes[2].given_up_us == 0 ||
                present_ms() - now_ms >= 2 * ORDER_LIVE_MS); /* else it stood still */
    core_stop(&core);
    expect_journal(now_ms - 20, 0);
    expect_journal(now_ms - 10, 1);
    assert_int_equal(atomic_load(&board.observations_late), 0);
}

/* A runner in the middle of a step has something older, or has nothing: until it says so the others wait. */
static void test_a_step_that_began_before_is_waited_for(void **state)
{
    (void)state;
    make_core(1024, 64);
    const int64_t now_ms = present_ms();
    begin_step(1, now_ms);
    push(0, now_ms + 5, 0, 80);
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 40000);
    if (present_ms() - now_ms < ORDER_LIVE_MS) { /* else this machine has stood still */
        assert_int_equal(atomic_load(&board.observations), 0);
        push(1, now_ms + 2, 1, 80);
        atomic_store(&runners[1].floor_us, RUNNER_ASLEEP);
        wait_for(2);
        core_stop(&core);
        expect_journal(now_ms + 2, 1);
        expect_journal(now_ms + 5, 0);
        assert_int_equal(atomic_load(&board.observations_late), 0);
        return;
    }
    core_stop(&core);
}

/* One that hangs holds the others up once. What it brings at last is taken as of then while it may stand still; what is older
 * than that is not used, and counted. */
static void test_a_runner_that_hangs_is_waited_for_once(void **state)
{
    (void)state;
    struct bed_view view;
    make_core(1024, 64);
    const int64_t now_ms = present_ms();
    begin_step(1, now_ms);
    push(0, now_ms + 5, 0, 80);
    assert_int_equal(core_start(&core), STATUS_OK);
    wait_for(1);
    assert_true(present_ms() - now_ms >= ORDER_LIVE_MS);
    clock_sleep_until_us((begin_ms + now_ms + 2 * ORDER_LIVE_MS) * 1000);
    unsigned taken = 1;
    for (bool quick = false; !quick && taken < 10; taken++) { /* on a busy machine not the first */
        const int64_t again_ms = present_ms();
        push(0, again_ms, 0, 81);
        wake_raise(&core_wake);
        wait_for(taken + 1);
        quick = present_ms() - again_ms < ORDER_LIVE_MS / 2;
    }
    assert_in_range(taken, 2, 9);
    push(1, now_ms - ORDER_TAKEN_MS, 1, 150);
    const bool stands = present_ms() - now_ms < ORDER_TAKEN_MS - ORDER_LIVE_MS; /* else this machine has stood still */
    push(1, now_ms, 1, 80);
    atomic_store(&runners[1].floor_us, RUNNER_ASLEEP);
    wake_raise(&core_wake);
    wait_for(taken + 2);
    core_stop(&core);
    assert_in_range(atomic_load(&board.observations_late), 1, stands ? 1 : 2);
    if (!stands) {
        return;
    }
    assert_int_equal(ring_count(&journal), taken + 1); /* what was not used is not kept either */
    engine_view_bed(engine, 1, &view);
    assert_int_equal(view.rejection_count, 1);
    assert_int_equal(view.rejections[0].vital, VITAL_hr);
    assert_int_equal(view.rejections[0].quality, QUALITY_LATE);
    assert_int_equal(view.rejections[0].count, 1);
}

/* The bound, to the millisecond; and what says how it is counts however late it comes. */
static void test_what_is_too_late_is_not_used(void **state)
{
    (void)state;
    static struct record taken[256];
    struct bed_view view;
    make_core(1024, 64);
    const struct observation lost = {.at_ms = begin_ms - 5000, .bed = 2, .kind = OBSERVATION_LOST};
    assert_true(ring_push(&runners[1].ring, &lost));
    push(0, -ORDER_TAKEN_MS - 1, 0, 150);
    push(0, 100, 0, 80);
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations_late), 2);
    assert_int_equal(atomic_load(&board.observations), 3);
    assert_string_equal(alerts_at(0, taken, ring_pop(&records, taken, 256)), "");
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.rejected, 1);
    expect_journal(0, 2);
    expect_journal(100, 0);
}

static void test_what_comes_a_little_late_is_taken_as_of_now(void **state)
{
    (void)state;
    static struct record taken[256];
    make_core(1024, 64);
    push(0, -ORDER_TAKEN_MS, 0, 150);
    push(0, 100, 0, 80);
    run_to_the_end();
    assert_int_equal(atomic_load(&board.observations_late), 0);
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

enum { ONE_STEP = 256 }; /* records: room for what one step can emit, and little more */

/* Every observation starts or ends an alarm; the store takes them slowly out of a ring that holds one step. */
static void test_a_full_record_ring_makes_it_wait(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static struct record taken[64];
    draw_seed(3);
    make_core(ONE_STEP, 8192);
    assert_true(engine_records_max(engine) <= ONE_STEP);
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
    make_core(ONE_STEP, 64);
    assert_true(engine_records_max(engine) <= ONE_STEP);
    const struct record filler = {.kind = RECORD_BED};
    while (ring_push(&records, &filler)) {
    }
    for (int t = 0; t < 2000; t++) {
        push(0, t, 0, t % 2 == 0 ? 150 : 80);
    }
    assert_int_equal(core_start(&core), STATUS_OK);
    clock_sleep_until_us(clock_boot_us() + 20000);
    assert_int_equal(ring_count(&records), ONE_STEP);
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
    make_core(ONE_STEP, 64);
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
    assert_int_equal(core_record_slots(0), 128);
    assert_int_equal(core_record_slots(1), 256);
    assert_int_equal(core_record_slots(384), 512);
    assert_int_equal(core_record_slots(385), 1024);
    assert_int_equal(core_record_slots(40000), 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rings_are_merged_in_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_backlog_is_not_overtaken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order_costs_no_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_step_that_began_before_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_runner_that_hangs_is_waited_for_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_too_late_is_not_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_comes_a_little_late_is_taken_as_of_now, set_up, tear_down),
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
