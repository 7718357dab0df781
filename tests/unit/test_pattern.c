/* How lamp and buzzer go by priority: their rates and numbers of pulses, and that no change is missed between two looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/pattern.h"

/* What a minute shows, looked at each ms. */
struct minute {
    unsigned flashes, lamp_ms, pulses, buzzer_ms;
};

static struct minute watch(enum priority priority)
{
    struct minute m = {0};
    bool lamp = false, buzzer = false;
    for (uint64_t at_ms = 0; at_ms < 60000; at_ms++) {
        const struct pattern_look look = pattern_at(priority, at_ms);
        m.flashes += look.lamp && !lamp;
        m.pulses += look.buzzer && !buzzer;
        m.lamp_ms += look.lamp;
        m.buzzer_ms += look.buzzer;
        lamp = look.lamp;
        buzzer = look.buzzer;
    }
    return m;
}

/* Flashes a second and duty as the standard has them; bursts of 10 every 8 s, of 3 every 20 s, of 1 a minute. */
static void test_a_minute(void **state)
{
    (void)state;
    const struct minute high = watch(PRIORITY_HIGH), medium = watch(PRIORITY_MEDIUM), low = watch(PRIORITY_LOW);
    assert_in_range(high.flashes, 84, 168);
    assert_in_range(high.lamp_ms, 12000, 36000);
    assert_int_equal(high.pulses, 8 * 10);
    assert_in_range(medium.flashes, 24, 48);
    assert_in_range(medium.lamp_ms, 12000, 36000);
    assert_int_equal(medium.pulses, 3 * 3);
    assert_int_equal(low.flashes, 1);
    assert_int_equal(low.lamp_ms, 60000);
    assert_int_equal(low.pulses, 1);
    assert_int_equal(watch(PRIORITY_NONE).lamp_ms + watch(PRIORITY_NONE).buzzer_ms, 0);
}

/* Whoever looks again when told to sees every change. */
static void test_next_change(void **state)
{
    (void)state;
    for (enum priority p = PRIORITY_LOW; p <= PRIORITY_HIGH; p++) {
        for (uint64_t at_ms = 0; at_ms < 60000;) {
            const struct pattern_look look = pattern_at(p, at_ms);
            assert_in_range(look.next_ms, 1, 60000);
            for (uint64_t between_ms = at_ms; between_ms < at_ms + look.next_ms; between_ms++) {
                const struct pattern_look between = pattern_at(p, between_ms);
                assert_int_equal(between.lamp, look.lamp);
                assert_int_equal(between.buzzer, look.buzzer);
            }
            at_ms += look.next_ms;
        }
    }
    assert_int_equal(pattern_at(PRIORITY_NONE, 5).next_ms, PATTERN_STEADY);
}

/* Over and over, also after a year. */
static void test_it_repeats(void **state)
{
    (void)state;
    const uint64_t year_ms = UINT64_C(365) * 86400 * 1000;
    for (uint64_t at_ms = 0; at_ms < 8000; at_ms += 50) {
        assert_int_equal(pattern_at(PRIORITY_HIGH, at_ms).buzzer,
                         pattern_at(PRIORITY_HIGH, year_ms - year_ms % 8000 + at_ms).buzzer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_minute),
        cmocka_unit_test(test_next_change),
        cmocka_unit_test(test_it_repeats),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
