/* Which alerts were shown by a wall clock that was wrong, and by how much: through steps, time sources, restarts and boots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/clock_record.h"
#include "tests/unit/support/draw.h"

#define EPOCH   "0123456789abcdef"
#define HOUR_MS INT64_C(3600000)

static struct clock_record record;

static int set_up(void **state)
{
    (void)state;
    record = (struct clock_record){.count = 0};
    clock_record_begin(&record, "boot-a", EPOCH, 0, 0, true);
    return 0;
}

static void show(uint64_t from, uint64_t through, bool synced)
{
    for (uint64_t seq = from; seq <= through; seq++) {
        clock_record_shown(&record, seq, synced);
    }
}

/* Looks; expects what it says of a step, and whether it is worth storing. */
static void look(int64_t correction_ms, bool synced, bool changed, int64_t step_ms)
{
    int64_t found_ms = -1;
    assert_int_equal(clock_record_look(&record, correction_ms, synced, &found_ms), changed);
    assert_int_equal(found_ms, step_ms);
}

static void expect_span(uint64_t seq, int64_t off_ms, bool synced)
{
    const struct clock_span *span = clock_record_find(&record, seq);
    assert_non_null(span);
    assert_int_equal(span->off_ms, off_ms);
    assert_int_equal(span->synced, synced);
}

static void expect_none(uint64_t seq)
{
    assert_null(clock_record_find(&record, seq));
}

static void test_a_clock_that_is_right_needs_no_record(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        show(i + 1, i + 1, true);
        look((int64_t)(i % 3) - 1, true, false, 0);
    }
    assert_int_equal(record.count, 0);
}

static void test_a_start_in_1970(void **state)
{
    (void)state;
    record = (struct clock_record){.count = 0};
    clock_record_begin(&record, "boot-a", EPOCH, 0, 20000, false);
    look(20000, false, false, 0);
    show(1, 3, false);
    look(INT64_C(1767322805678), false, true, INT64_C(1767322785678)); /* set, and not yet said to be right */
    expect_span(3, INT64_C(1767322785678), false);
    show(4, 5, false);
    look(INT64_C(1767322805678), true, true, 0);
    expect_span(1, INT64_C(1767322785678), true);
    expect_span(4, 0, true);
    expect_none(6);
    show(6, 6, true);
    look(INT64_C(1767322805678), true, false, 0);
    assert_int_equal(record.count, 2);
}

static void test_what_is_a_step(void **state)
{
    (void)state;
    show(1, 1, true);
    look(-1000, true, false, 0); /* a leap second */
    look(-CLOCK_STEP_MS, true, false, 0);
    look(CLOCK_STEP_MS, true, false, 0);
    look(-CLOCK_STEP_MS - 1, true, true, -CLOCK_STEP_MS - 1);
    expect_span(1, -CLOCK_STEP_MS - 1, true);
    show(2, 2, true);
    look(-1, true, false, 0); /* CLOCK_STEP_MS from there */
    look(0, true, true, CLOCK_STEP_MS + 1);
    expect_span(1, 0, true);
    expect_span(2, CLOCK_STEP_MS + 1, true);
}

static void test_small_steps_add_up(void **state)
{
    (void)state;
    show(1, 1, true);
    look(1500, true, false, 0);
    look(3000, true, true, 3000);
    expect_span(1, 3000, true);
}

/* A bad time source takes the clock an hour away, and back: what was shown before was right, what was shown in between was not. */
static void test_there_and_back(void **state)
{
    (void)state;
    show(1, 10, true);
    look(HOUR_MS, true, true, HOUR_MS);
    show(11, 12, true);
    look(0, true, true, -HOUR_MS);
    expect_span(1, 0, true);
    expect_span(10, 0, true);
    expect_span(11, -HOUR_MS, true);
    expect_span(12, -HOUR_MS, true);
    expect_none(13);
}

static void test_a_source_that_is_lost_and_comes_back(void **state)
{
    (void)state;
    show(1, 1, true);
    look(0, false, true, 0);
    look(0, false, false, 0);
    show(2, 3, false);
    expect_none(2);
    look(5, true, true, 0);
    expect_span(2, 0, true);
    show(4, 4, false); /* said by the engine before it heard of the source */
    look(5, true, true, 0);
    expect_span(4, 0, true);
    assert_int_equal(record.count, 1); /* joined */
    look(5, true, false, 0);
}

static void test_a_step_before_anything_was_shown(void **state)
{
    (void)state;
    look(HOUR_MS, true, true, HOUR_MS);
    assert_int_equal(record.count, 0);
    show(1, 1, true);
    look(HOUR_MS, true, false, 0);
    expect_none(1);
}

static void test_a_restart_in_the_same_boot_goes_on(void **state)
{
    (void)state;
    record = (struct clock_record){.count = 0};
    clock_record_begin(&record, "boot-a", EPOCH, 0, 0, false);
    show(1, 4, false);
    record.newest_seq = 2; /* as the store has it: written before 3 and 4 were */
    record.unconfirmed = false;
    clock_record_begin(&record, "boot-a", EPOCH, 4, 77, true);
    look(HOUR_MS, true, true, HOUR_MS); /* set while nobody looked */
    expect_span(1, HOUR_MS, true);
    expect_span(4, HOUR_MS, true);
    expect_none(5);
}

static void test_another_boot_begins_anew(void **state)
{
    (void)state;
    show(1, 2, true);
    look(HOUR_MS, true, true, HOUR_MS);
    show(3, 4, true);
    clock_record_begin(&record, "boot-b", EPOCH, 4, 5000, false);
    show(5, 6, false);
    look(2 * HOUR_MS + 5000, true, true, 2 * HOUR_MS);
    expect_span(1, HOUR_MS, true);
    expect_none(3); /* by a clock of that boot, which nothing has contradicted */
    expect_none(4);
    expect_span(5, 2 * HOUR_MS, true);
}

static void test_another_epoch_and_what_is_no_record(void **state)
{
    (void)state;
    show(1, 2, true);
    look(HOUR_MS, true, true, HOUR_MS);
    clock_record_begin(&record, "boot-a", "fedcba9876543210", 9, 5000, true);
    assert_int_equal(record.count, 0);
    assert_int_equal(record.open_seq, 10);
    assert_string_equal(record.epoch, "fedcba9876543210");
    memset(&record, 0xA5, sizeof record);
    (void)snprintf(record.epoch, sizeof record.epoch, "%s", EPOCH);
    clock_record_begin(&record, "boot-a", EPOCH, 9, 5000, true);
    assert_int_equal(record.count, 0);
    expect_none(1);
}

static void test_the_oldest_give_way(void **state)
{
    (void)state;
    const uint64_t most = CLOCK_SPANS_MAX + 5;
    for (uint64_t i = 1; i <= most; i++) {
        show(i, i, true);
        look((int64_t)i * HOUR_MS, true, true, HOUR_MS);
    }
    assert_int_equal(record.count, CLOCK_SPANS_MAX);
    expect_none(5);
    for (uint64_t i = 6; i <= most; i++) {
        expect_span(i, (int64_t)(most - i + 1) * HOUR_MS, true);
    }
}

/* Whatever the clock did: what was shown, and what is said of it, make the instant by the newest clock, within the steps that are none. */
static void test_any_walk_of_the_clock(void **state)
{
    (void)state;
    draw_seed(20260131);
    for (unsigned round = 0; round < 200; round++) {
        int64_t shown_by[400], correction_ms = (int)draw(1000000);
        uint64_t seq = 0, first = 1;
        record = (struct clock_record){.count = 0};
        clock_record_begin(&record, "boot-a", EPOCH, 0, correction_ms, true);
        while (seq < 399) {
            const int what = (int)draw(10);
            int64_t step_ms = 0;
            correction_ms += what == 0 ? (int64_t)draw(20000000) - 10000000 : what == 1 ? (int)draw(3000) - 1500 : 0;
            (void)clock_record_look(&record, correction_ms, draw(4) > 0, &step_ms);
            if (what == 2) {
                clock_record_begin(&record, "boot-a", EPOCH, seq, correction_ms, true); /* a restart: nothing changes */
            }
            shown_by[++seq] = correction_ms;
            clock_record_shown(&record, seq, draw(2) > 0);
        }
        first = record.count == CLOCK_SPANS_MAX ? record.spans[0].from_seq : 1;
        for (uint64_t at = first; at <= seq; at++) {
            const struct clock_span *span = clock_record_find(&record, at);
            const int64_t by_ms = shown_by[at] + (span != NULL ? span->off_ms : 0);
            assert_in_range(by_ms - correction_ms + 2 * CLOCK_STEP_MS, 0, 4 * CLOCK_STEP_MS);
        }
        for (uint32_t i = 1; i < record.count; i++) {
            assert_true(record.spans[i].from_seq > record.spans[i - 1].through_seq);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_clock_that_is_right_needs_no_record, set_up),
        cmocka_unit_test_setup(test_a_start_in_1970, set_up),
        cmocka_unit_test_setup(test_what_is_a_step, set_up),
        cmocka_unit_test_setup(test_small_steps_add_up, set_up),
        cmocka_unit_test_setup(test_there_and_back, set_up),
        cmocka_unit_test_setup(test_a_source_that_is_lost_and_comes_back, set_up),
        cmocka_unit_test_setup(test_a_step_before_anything_was_shown, set_up),
        cmocka_unit_test_setup(test_a_restart_in_the_same_boot_goes_on, set_up),
        cmocka_unit_test_setup(test_another_boot_begins_anew, set_up),
        cmocka_unit_test_setup(test_another_epoch_and_what_is_no_record, set_up),
        cmocka_unit_test_setup(test_the_oldest_give_way, set_up),
        cmocka_unit_test_setup(test_any_walk_of_the_clock, set_up),
    };
    return cmocka_run_group_tests_name("clock_record", tests, NULL, NULL);
}
