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

static void test_a_clock_of_another_form_is_no_clock(void **state)
{
    (void)state;
    put_state(STATE_CLOCK, "short", 5);
    const struct restore_clock now = at_start(BOOT_A, 20, NOW_MS, true);
    expect_clock(&now, false, NOW_MS);
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
        cmocka_unit_test_setup_teardown(test_a_clock_of_another_form_is_no_clock, restore_set_up, restore_tear_down),
    };
    return cmocka_run_group_tests_name("restore_clock", tests, NULL, NULL);
}
