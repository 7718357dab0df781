/* A watchdog that another feeds until the gateway is up, as on a box: taken without a word as soon as that lets go of it; else it is a fault. Looks alone, with a time
 * of the test's; the watchdog is this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/vigil_bench.h"

static struct vigil v;
static bool is_taken;
static unsigned tries;

enum status watchdog_open(const char *device, uint32_t timeout_s, struct watchdog *out)
{
    assert_string_equal(device, "/dev/watchdog-box");
    tries++;
    if (is_taken) {
        return STATUS_BUSY;
    }
    *out = (struct watchdog){.fd = 0, .timeout_s = timeout_s};
    return STATUS_OK;
}

enum status watchdog_feed(const struct watchdog *watchdog)
{
    assert_int_equal(watchdog->fd, 0);
    return STATUS_OK;
}

void watchdog_close(struct watchdog *watchdog, bool stops)
{
    (void)stops;
    watchdog->fd = -1;
}

static int64_t look(int64_t at_us, enum vigil_watchdog expected)
{
    all_alive(at_us);
    atomic_store(&v.main_us, at_us);
    vigil_look(&v, at_us);
    assert_int_equal(atomic_load(&v.hardware), expected);
    return at_us + VIGIL_LOOK_US;
}

/* It starts while another feeds; `up_us` is when its parts are up. */
static int64_t start(int64_t up_us)
{
    int64_t at_us = START_US;
    config.device = "/dev/watchdog-box";
    config.timeout_s = 60;
    is_taken = true;
    tries = 0;
    vigil_init(&v, &config);
    v.parts.alone_us = VIGIL_START_US;
    while (at_us < up_us) {
        at_us = look(at_us, VIGIL_UNAVAILABLE);
    }
    v.phase = VIGIL_WATCHES;
    v.started_us = up_us;
    v.parts = parts;
    return at_us;
}

static void test_taken_when_it_is_let_go(void **state)
{
    (void)state;
    const int64_t ups_us[] = {START_US + SECOND_US, START_US + 100 * SECOND_US}; /* a start may take its time */
    for (unsigned i = 0; i < 2; i++) {
        int64_t at_us = start(ups_us[i]);
        at_us = look(at_us, VIGIL_UNAVAILABLE);
        at_us = look(at_us, VIGIL_UNAVAILABLE);
        assert_int_equal(v.told_open, STATUS_OK); /* nothing was said */
        is_taken = false;
        (void)look(at_us, VIGIL_FED);
    }
}

static void test_kept_by_another(void **state)
{
    (void)state;
    int64_t at_us = start(START_US + SECOND_US);
    while (at_us < v.started_us + VIGIL_EARLY_US) {
        at_us = look(at_us, VIGIL_UNAVAILABLE);
        assert_int_equal(v.told_open, STATUS_OK);
    }
    at_us = look(at_us, VIGIL_UNAVAILABLE);
    assert_int_equal(v.told_open, STATUS_BUSY);
    const unsigned told_at = tries;
    const int64_t again_us = at_us - VIGIL_LOOK_US + VIGIL_AGAIN_US;
    is_taken = false;
    while (at_us < again_us) {
        at_us = look(at_us, VIGIL_UNAVAILABLE); /* it is not tried at each look any more */
        assert_int_equal(tries, told_at);
    }
    (void)look(at_us, VIGIL_FED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_taken_when_it_is_let_go, set_up),
                                       cmocka_unit_test_setup(test_kept_by_another, set_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
