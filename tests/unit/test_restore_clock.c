/* Where engine time begins: it goes on, or begins anew, but never before what the store knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/restore_bench.h"

#define BOOT_A "6d5f3c1e-0000-4000-8000-00000000000a"
#define BOOT_B "6d5f3c1e-0000-4000-8000-00000000000b"

static struct restore_clock at_start(const char *boot, int64_t boot_s, int64_t wall_ms, bool synced)
{
    struct restore_clock now = {.boot_us = boot_s * 1000000, .wall_ms = wall_ms, .synced = synced};
    (void)snprintf(now.boot_id, sizeof now.boot_id, "%s", boot);
    return now;
}

static void expect_clock(const struct restore_clock *now, bool continuous, int64_t engine_ms)
{
    struct state_clock clock;
    memset(&clock, 0x5A, sizeof clock);
    assert_int_equal(restore_clock(store, now, &clock), continuous);
    assert_string_equal(clock.boot_id, now->boot_id);
    assert_int_equal(clock.anchor_ms + now->boot_us / 1000, engine_ms);
    assert_int_equal(clock.synced, now->synced);
}

static void test_no_store_and_a_new_store_start_at_the_wall_clock(void **state)
{
    (void)state;
    const struct restore_clock now = at_start(BOOT_A, 100, NOW_MS, true);
    struct state_clock clock;
    assert_false(restore_clock(NULL, &now, &clock));
    assert_int_equal(clock.anchor_ms, NOW_MS - 100000);
    expect_clock(&now, false, NOW_MS);
}

static void test_the_same_boot_goes_on_whatever_the_wall_clock_did(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, false);
    const struct restore_clock stepped_back = at_start(BOOT_A, 130, NOW_MS - 86400000, false);
    const struct restore_clock stepped_on = at_start(BOOT_A, 130, NOW_MS + 86400000, true);
    expect_clock(&stepped_back, true, NOW_MS + 30000);
    expect_clock(&stepped_on, true, NOW_MS + 30000);
}

static void test_another_boot_goes_on_only_with_both_clocks_synced(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 2; before++) {
        put_clock(BOOT_A, NOW_MS - 100000, before == 1);
        const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
        const struct restore_clock unsynced = at_start(BOOT_B, 20, NOW_MS + 60000, false);
        expect_clock(&synced, before == 1, NOW_MS + 60000);
        expect_clock(&unsynced, false, NOW_MS + 60000);
    }
}

static void test_time_never_begins_before_what_the_store_knows(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    journal_hr(10, 9, 0, 80); /* up to 10 s before NOW */
    const struct restore_clock behind = at_start(BOOT_B, 20, NOW_MS - 86400000, true);
    const struct restore_clock ahead = at_start(BOOT_B, 20, NOW_MS, true);
    expect_clock(&behind, false, NOW_MS - 10000 + 11);
    expect_clock(&ahead, true, NOW_MS);
    const struct restore_clock equal = at_start(BOOT_B, 20, NOW_MS - 10000 + 10, true);
    expect_clock(&equal, false, NOW_MS - 10000 + 11);
}

static void test_nor_before_an_alert_when_the_journal_is_lost(void **state)
{
    (void)state;
    put_alarm("b1", "hr_high", true); /* at NOW - 60 s */
    const struct restore_clock behind = at_start(BOOT_B, 20, 1000, true);
    expect_clock(&behind, false, NOW_MS - 60000 + 1);
    put_clock(BOOT_A, NOW_MS - 100000, true);
    expect_clock(&behind, false, NOW_MS - 60000 + 1);
}

/* The power took the journal's rows since its last sync; the tail, which was committed with an alert, has them. */
static void test_nor_before_the_tail_of_a_journal(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    journal_hr(30, 20, 0, 80);
    row_hr(20, 5, 0, 80);
    put_tail();
    commit_journal_empty(&row);
    const struct restore_clock behind = at_start(BOOT_B, 20, NOW_MS - 86400000, true);
    expect_clock(&behind, false, NOW_MS - 6000 + 11);
}

/* A start that the power ended before anything else was written: the next one begins with the clock that it finds, and not before it. */
static void test_nor_before_a_start_that_left_nothing_else(void **state)
{
    (void)state;
    struct state_clock clock;
    const struct restore_clock first = at_start(BOOT_A, 20, NOW_MS, true);
    assert_false(restore_clock(store, &first, &clock));
    put_state(STATE_CLOCK, &clock, sizeof clock);
    const struct restore_clock behind = at_start(BOOT_B, 20, NOW_MS - 86400000, true);
    expect_clock(&behind, false, NOW_MS + 1);
    const struct restore_clock in_1970 = at_start(BOOT_B, 20, 1000, false);
    expect_clock(&in_1970, false, NOW_MS + 1);
}

static void test_a_clock_of_another_form_is_no_clock(void **state)
{
    (void)state;
    put_state(STATE_CLOCK, "short", 5);
    const struct restore_clock now = at_start(BOOT_A, 20, NOW_MS, true);
    expect_clock(&now, false, NOW_MS);
}

/* The run after a break does not know it any more: it is in the store. */
static void test_where_a_break_was_is_known_later(void **state)
{
    (void)state;
    struct state_clock clock;
    put_clock(BOOT_A, NOW_MS - 100000, false);
    const struct restore_clock first = at_start(BOOT_B, 20, NOW_MS, true);
    assert_false(restore_clock(store, &first, &clock));
    assert_int_equal(clock.unbroken_from_ms, NOW_MS);
    put_state(STATE_CLOCK, &clock, sizeof clock);
    const struct restore_clock second = at_start(BOOT_B, 50, NOW_MS + 30000, true);
    assert_true(restore_clock(store, &second, &clock));
    assert_int_equal(clock.unbroken_from_ms, NOW_MS);
    put_state(STATE_CLOCK, &clock, offsetof(struct state_clock, unbroken_from_ms)); /* as stores from before have it */
    assert_true(restore_clock(store, &second, &clock));
    assert_int_equal(clock.unbroken_from_ms, INT64_MIN);
}

/* ---- what the boot before showed, and by which clock it ended ---- */

static void put_record(const char *boot, int64_t correction_ms, bool synced)
{
    struct clock_record record = {.synced = synced, .correction_ms = correction_ms, .open_seq = 1};
    (void)snprintf(record.boot_id, sizeof record.boot_id, "%s", boot);
    (void)snprintf(record.epoch, sizeof record.epoch, "%s", store_epoch(store));
    put_state(STATE_CLOCK_RECORD, &record, sizeof record);
}

/* It began in 1970 and found a time source: engine time goes on from there, by the time that passed. */
static void test_a_boot_that_began_in_1970_is_gone_on_from(void **state)
{
    (void)state;
    const int64_t correction_ms = NOW_MS - 120000; /* 2 min after its start it was NOW */
    put_clock(BOOT_A, 0, false);
    put_record(BOOT_A, correction_ms, true);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
    expect_clock(&synced, true, 180000);
    const struct restore_clock unsynced = at_start(BOOT_B, 20, NOW_MS + 60000, false);
    expect_clock(&unsynced, false, NOW_MS + 60000);
    const struct restore_clock dead = at_start(BOOT_B, 20, 20000, false); /* its own clock says 1970 again */
    expect_clock(&dead, false, 20000);
}

static void test_a_source_that_was_lost_before_the_end(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_record(BOOT_A, 0, false);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
    expect_clock(&synced, false, NOW_MS + 60000);
}

static void test_a_record_of_an_older_boot_says_nothing_of_the_newest(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_record("6d5f3c1e-0000-4000-8000-00000000000c", 86400000, false);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
    expect_clock(&synced, true, NOW_MS + 60000);
    put_state(STATE_CLOCK_RECORD, "short", 5);
    expect_clock(&synced, true, NOW_MS + 60000);
}

/* ---- the hardware clock, before any time source is heard ---- */

static void put_bridge(const char *boot, bool in_step, bool open)
{
    struct clock_bridge bridge = {
        .in_step = in_step, .open = open, .ended = 1, .correction_ms = 7000, .from_ms = 12000};
    (void)snprintf(bridge.boot_id, sizeof bridge.boot_id, "%s", boot);
    put_state(STATE_CLOCK_BRIDGE, &bridge, sizeof bridge);
}

static struct restore_clock by_hardware(const char *boot, int64_t boot_s, int64_t wall_ms)
{
    struct restore_clock now = at_start(boot, boot_s, wall_ms, false);
    now.is_hardwares = true;
    return now;
}

/* As a switch of slots on a box: it boots, and no server could be heard yet. */
static void test_the_hardware_clock_carries_the_time_over(void **state)
{
    (void)state;
    const struct restore_clock now = by_hardware(BOOT_B, 20, NOW_MS + 60000);
    const struct restore_clock other = at_start(BOOT_B, 20, NOW_MS + 60000, false); /* from a file, or by hand */
    put_clock(BOOT_A, NOW_MS - 100000, true);
    expect_clock(&now, false, NOW_MS + 60000); /* a store of a version that knew nothing of it */
    put_bridge(BOOT_A, true, false);
    expect_clock(&now, true, NOW_MS + 60000);
    expect_clock(&other, false, NOW_MS + 60000);
    put_bridge(BOOT_A, false, false); /* the two were not in step */
    expect_clock(&now, false, NOW_MS + 60000);
    put_bridge("6d5f3c1e-0000-4000-8000-00000000000c", true, false);
    expect_clock(&now, false, NOW_MS + 60000);
    put_state(STATE_CLOCK_BRIDGE, "short", 5);
    expect_clock(&now, false, NOW_MS + 60000);
}

static void test_it_carries_only_what_a_time_source_had_given(void **state)
{
    (void)state;
    const struct restore_clock now = by_hardware(BOOT_B, 20, NOW_MS + 60000);
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_bridge(BOOT_A, true, false);
    put_record(BOOT_A, 0, false); /* lost before the end */
    expect_clock(&now, false, NOW_MS + 60000);
    put_record(BOOT_A, 3000, true); /* found after the start: engine time is 3 s behind the wall clock, and stays so */
    expect_clock(&now, true, NOW_MS + 57000);
}

static void test_a_hardware_clock_that_fell_behind(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_bridge(BOOT_A, true, false);
    journal_hr(10, 9, 0, 80); /* up to 10 s before NOW */
    const struct restore_clock dead = by_hardware(BOOT_B, 20, 20000);
    expect_clock(&dead, false, NOW_MS - 10000 + 11);
}

/* What is from before the box went off cannot be from after it has come on. */
static void test_a_hardware_clock_that_says_the_impossible(void **state)
{
    (void)state;
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_bridge(BOOT_A, true, false);
    journal_hr(10, 9, 0, 80); /* up to 10 s before NOW */
    const struct restore_clock slow = by_hardware(BOOT_B, 20, NOW_MS + 5000);
    const struct restore_clock quick = by_hardware(BOOT_B, 20, NOW_MS + 12000);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 5000, true);
    expect_clock(&slow, false, NOW_MS + 5000);
    expect_clock(&quick, true, NOW_MS + 12000);
    expect_clock(&synced, true, NOW_MS + 5000);
}

/* That boot went on by a clock that nobody had confirmed when it ended, or found to be wrong too late for anything to be done. */
static void test_a_boot_that_ends_with_an_open_bridge(void **state)
{
    (void)state;
    const struct restore_clock now = by_hardware(BOOT_B, 20, NOW_MS + 60000);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
    const struct restore_clock same = at_start(BOOT_A, 160, NOW_MS + 60000, false);
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_bridge(BOOT_A, true, true);
    expect_clock(&now, false, NOW_MS + 60000);
    expect_clock(&synced, false, NOW_MS + 60000);
    expect_clock(&same, true, NOW_MS + 60000);
}

/* A hardware clock that stands still without power, and goes on from there, says that the box was off for as long as it took to boot. */
static void test_a_boot_that_did_not_end_in_order(void **state)
{
    (void)state;
    const struct restore_clock now = by_hardware(BOOT_B, 20, NOW_MS + 60000);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
    const struct clock_bridge cut = {.boot_id = BOOT_A, .in_step = 1};
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_state(STATE_CLOCK_BRIDGE, &cut, sizeof cut);
    expect_clock(&now, false, NOW_MS + 60000);
    expect_clock(&synced, true, NOW_MS + 60000);
    put_bridge(BOOT_A, true, false);
    expect_clock(&now, true, NOW_MS + 60000);
}

/* With its first commit, whichever boot it is of. */
static void test_the_next_run_takes_the_mark_away(void **state)
{
    (void)state;
    const char *boots[] = {BOOT_A, BOOT_B};
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_bridge(BOOT_A, true, false);
    for (unsigned i = 0; i < 2; i++) {
        const struct restore_clock now = by_hardware(boots[i], 160, NOW_MS + 60000);
        struct state_clock clock;
        struct clock_bridge bridge;
        const bool continuous = restore_clock(store, &now, &clock);
        restore_clock_bridge(store, &clock, &now, continuous, &bridge);
        assert_true(continuous);
        assert_int_equal(bridge.ended, 0);
    }
}

static void expect_bridge(const struct restore_clock *now, bool open, int64_t correction_ms, int64_t from_ms)
{
    struct state_clock clock;
    struct clock_bridge bridge;
    memset(&bridge, 0x5A, sizeof bridge);
    const bool continuous = restore_clock(store, now, &clock);
    restore_clock_bridge(store, &clock, now, continuous, &bridge);
    assert_string_equal(bridge.boot_id, now->boot_id);
    assert_int_equal(bridge.open, open);
    assert_int_equal(bridge.correction_ms, correction_ms);
    assert_int_equal(bridge.from_ms, from_ms);
}

static void test_which_start_opens_a_bridge(void **state)
{
    (void)state;
    const struct restore_clock now = by_hardware(BOOT_B, 20, NOW_MS + 60000);
    const struct restore_clock synced = at_start(BOOT_B, 20, NOW_MS + 60000, true);
    const struct restore_clock same = by_hardware(BOOT_A, 160, NOW_MS + 60000);
    expect_bridge(&now, false, 0, NOW_MS + 60000); /* an empty store */
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_record(BOOT_A, 3000, true);
    expect_bridge(&now, false, 0, NOW_MS + 60000);
    put_bridge(BOOT_A, true, false);
    expect_bridge(&now, true, 3000, NOW_MS + 57000);
    expect_bridge(&synced, false, 3000, NOW_MS + 57000);
    expect_bridge(&same, false, 7000, 12000); /* as it was found */
    put_bridge(BOOT_B, true, false);
    expect_bridge(&same, false, 0, NOW_MS + 60000); /* of a version that knew nothing of it, in this boot */
    struct state_clock clock = {.boot_id = BOOT_A};
    struct clock_bridge bridge;
    restore_clock_bridge(NULL, &clock, &now, false, &bridge);
    assert_int_equal(bridge.open, 0);
}

static void expect_record(const struct restore_clock *now, uint64_t open_seq, int64_t correction_ms, bool synced)
{
    struct state_clock clock;
    struct clock_record record;
    memset(&record, 0x5A, sizeof record);
    (void)restore_clock(store, now, &clock);
    restore_clock_record(store, &clock, now, store_epoch(store), &record);
    assert_string_equal(record.boot_id, now->boot_id);
    assert_string_equal(record.epoch, store_epoch(store));
    assert_int_equal(record.open_seq, open_seq);
    assert_int_equal(record.correction_ms, correction_ms);
    assert_int_equal(record.synced, synced);
}

/* Another epoch that goes on with the store's numbers has what is known of them. */
static void test_what_was_shown_goes_on_in_another_epoch(void **state)
{
    (void)state;
    struct state_clock clock;
    struct clock_record record = {.synced = 1, .count = 1, .open_seq = 8, .spans = {{3, 7, 1000000, 1}}};
    (void)snprintf(record.boot_id, sizeof record.boot_id, "%s", BOOT_A);
    (void)snprintf(record.epoch, sizeof record.epoch, "%s", store_epoch(store));
    put_clock(BOOT_A, NOW_MS - 100000, true);
    put_state(STATE_CLOCK_RECORD, &record, sizeof record);
    const struct restore_clock now = at_start(BOOT_B, 20, NOW_MS, true);
    (void)restore_clock(store, &now, &clock);
    restore_clock_record(store, &clock, &now, "00c0ffee00c0ffee", &record);
    assert_string_equal(record.epoch, "00c0ffee00c0ffee");
    assert_non_null(clock_record_find(&record, 5));
    memset(record.epoch, 'e', 4); /* of no epoch of this store */
    put_state(STATE_CLOCK_RECORD, &record, sizeof record);
    restore_clock_record(store, &clock, &now, "00c0ffee00c0ffee", &record);
    assert_null(clock_record_find(&record, 5));
}

static void test_what_was_shown_goes_on_with_its_boot(void **state)
{
    (void)state;
    struct state_numbers numbers = {.seq = 41, .next_id = 9};
    const struct restore_clock first = at_start(BOOT_A, 20, 25000, false);
    put_state(STATE_NUMBERS, &numbers, sizeof numbers);
    expect_record(&first, 42, 0, false);
    put_clock(BOOT_A, 5000, false);
    put_record(BOOT_A, 0, false);
    const struct restore_clock same = at_start(BOOT_A, 90, NOW_MS, true); /* set while nobody looked */
    expect_record(&same, 1, 0, false);
    const struct restore_clock other = at_start(BOOT_B, 20, NOW_MS, true);
    expect_record(&other, 42, 0, true);
}

static void test_a_start_without_a_store(void **state)
{
    (void)state;
    struct clock_record record;
    const struct state_clock clock = {.boot_id = BOOT_A, .anchor_ms = 5000};
    const struct restore_clock now = at_start(BOOT_A, 20, NOW_MS, true);
    restore_clock_record(NULL, &clock, &now, "00c0ffee00c0ffee", &record);
    assert_int_equal(record.open_seq, 1);
    assert_int_equal(record.correction_ms, NOW_MS - 25000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_store_and_a_new_store_start_at_the_wall_clock, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_boot_goes_on_whatever_the_wall_clock_did, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_another_boot_goes_on_only_with_both_clocks_synced, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_time_never_begins_before_what_the_store_knows, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_nor_before_an_alert_when_the_journal_is_lost, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_nor_before_the_tail_of_a_journal, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_nor_before_a_start_that_left_nothing_else, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_clock_of_another_form_is_no_clock, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_where_a_break_was_is_known_later, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_boot_that_began_in_1970_is_gone_on_from, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_source_that_was_lost_before_the_end, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_record_of_an_older_boot_says_nothing_of_the_newest, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_hardware_clock_carries_the_time_over, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_it_carries_only_what_a_time_source_had_given, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_hardware_clock_that_fell_behind, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_hardware_clock_that_says_the_impossible, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_boot_that_ends_with_an_open_bridge, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_which_start_opens_a_bridge, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_boot_that_did_not_end_in_order, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_next_run_takes_the_mark_away, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_shown_goes_on_in_another_epoch, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_shown_goes_on_with_its_boot, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_start_without_a_store, restore_set_up, restore_tear_down),
    };
    return cmocka_run_group_tests_name("restore_clock", tests, NULL, NULL);
}
