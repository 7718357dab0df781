/* A hardware clock that carries the time over a restart of the box: open until a time source confirms it, and what is told when it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/flow/clock_bridge.h"
#include "app/flow/clock_record.h"

#define CORRECTION_MS INT64_C(1769903999000)

static struct clock_bridge bridge;

static void begin(const char *boot, bool goes_on)
{
    bridge = (struct clock_bridge){.open = 0};
    clock_bridge_begin(&bridge, boot, goes_on, CORRECTION_MS, 5000);
}

static void look(int64_t moved_ms, bool synced, bool in_step, bool changed, int64_t wrong_ms)
{
    int64_t found_ms = -1;
    assert_int_equal(clock_bridge_look(&bridge, CORRECTION_MS + moved_ms, synced, in_step, &found_ms), changed);
    assert_int_equal(found_ms, wrong_ms);
}

static void test_clocks_in_step(void **state)
{
    (void)state;
    assert_true(clock_bridge_in_step(1000, 1000));
    assert_true(clock_bridge_in_step(1000, 1000 + CLOCK_IN_STEP_MS));
    assert_true(clock_bridge_in_step(1000, 1000 - CLOCK_IN_STEP_MS));
    assert_false(clock_bridge_in_step(1000, 1001 + CLOCK_IN_STEP_MS));
    assert_false(clock_bridge_in_step(1000, 999 - CLOCK_IN_STEP_MS));
    assert_false(clock_bridge_in_step(CLOCK_HARDWARE_UNKNOWN, 0));
    assert_false(clock_bridge_in_step(CLOCK_HARDWARE_UNKNOWN, INT64_MIN / 2));
}

static void test_a_time_source_that_confirms(void **state)
{
    (void)state;
    begin("boot-b", true);
    look(0, false, true, true, 0);
    look(900, false, true, false, 0);
    assert_int_equal(bridge.open, 1);
    look(CLOCK_STEP_MS, true, true, true, 0);
    assert_int_equal(bridge.open, 0);
    look(86400000, true, false, true, 0); /* a step of later is no matter of the bridge */
}

static void test_a_time_source_that_does_not(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        const int64_t moved_ms = sign * (CLOCK_STEP_MS + 1);
        begin("boot-b", true);
        look(moved_ms, false, false, false, 0); /* set by hand, or by a source that has not said that it is right */
        look(moved_ms, true, false, false, moved_ms);
        look(moved_ms, true, true, true, moved_ms); /* for as long as nobody has done anything about it */
        assert_int_equal(bridge.open, 1);
    }
}

static void test_a_start_that_needs_no_bridge(void **state)
{
    (void)state;
    begin("boot-b", false);
    look(86400000, true, false, false, 0);
    assert_int_equal(bridge.open, 0);
}

/* A start of the program in the same boot finds it open; that of another boot begins its own. */
static void test_it_is_of_one_boot(void **state)
{
    (void)state;
    begin("boot-b", true);
    clock_bridge_begin(&bridge, "boot-b", false, CORRECTION_MS + 50000, 70000);
    assert_int_equal(bridge.open, 1);
    assert_int_equal(bridge.correction_ms, CORRECTION_MS);
    assert_int_equal(bridge.from_ms, 5000);
    clock_bridge_begin(&bridge, "boot-c", false, CORRECTION_MS + 50000, 70000);
    assert_int_equal(bridge.open, 0);
    assert_int_equal(bridge.in_step, 0);
    assert_int_equal(bridge.from_ms, 70000);
    assert_string_equal(bridge.boot_id, "boot-c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_in_step),
        cmocka_unit_test(test_a_time_source_that_confirms),
        cmocka_unit_test(test_a_time_source_that_does_not),
        cmocka_unit_test(test_a_start_that_needs_no_bridge),
        cmocka_unit_test(test_it_is_of_one_boot),
    };
    return cmocka_run_group_tests_name("clock_bridge", tests, NULL, NULL);
}
