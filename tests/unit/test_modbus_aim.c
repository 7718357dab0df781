/* Aiming a timer at what nobody sees happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/monitor/modbus/aim.h"
#include "tests/unit/support/draw.h"

static struct aim aim;

/* It happens at happens_us, jitter_us later at most: how often the timer came too soon. */
static unsigned shoot(unsigned times, uint32_t happens_us, uint32_t jitter_us)
{
    unsigned too_soon = 0;
    for (unsigned i = 0; i < times; i++) {
        if (aim.at_us < happens_us + draw(jitter_us + 1)) {
            too_soon++;
            aim_later(&aim, 1000);
        } else {
            aim_sooner(&aim);
        }
    }
    return too_soon;
}

static void test_it_comes_close(void **state)
{
    (void)state;
    aim = (struct aim){.at_us = 5000};
    (void)shoot(200, 3000, 40);
    for (unsigned i = 0; i < 1000; i++) {
        (void)shoot(1, 3000, 40);
        assert_in_range(aim.at_us, 3000 - 70, 3000 + 40 + 100);
    }
    assert_in_range(shoot(10000, 3000, 40), 300, 1200);
}

static void test_it_follows(void **state)
{
    (void)state;
    aim = (struct aim){.at_us = 3000};
    assert_in_range(shoot(200, 3600, 0), 5, 40); /* later: by more each time */
    assert_in_range(aim.at_us, 3500, 3800);
    (void)shoot(100, 3000, 0); /* sooner */
    assert_in_range(aim.at_us, 2900, 3100);
}

static void test_bounds(void **state)
{
    (void)state;
    aim = (struct aim){.at_us = 10};
    for (unsigned i = 0; i < 100000; i++) {
        aim_sooner(&aim);
    }
    assert_int_equal(aim.at_us, 0);
    for (unsigned i = 0; i < 100000; i++) {
        aim_later(&aim, 300 - aim.at_us);
    }
    assert_int_equal(aim.at_us, 300);
}

int main(void)
{
    draw_seed(20240705);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_comes_close),
        cmocka_unit_test(test_it_follows),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("modbus aim", tests, NULL, NULL);
}
