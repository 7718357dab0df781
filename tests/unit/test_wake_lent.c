/*
 * Wakes that are lent to another thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define MS INT64_C(1000)

/* Raising a wake that is lent raises the one that its thread waits for. */
static void test_lent(void **state)
{
    (void)state;
    struct wake ours, others;
    assert_int_equal(wake_open(&ours), STATUS_OK);
    assert_int_equal(wake_open(&others), STATUS_OK);
    assert_false(wake_wait_until(&ours, 0));
    assert_false(wake_wait_until(&others, 0));
    wake_lend(&ours, &others);
    assert_true(wake_wait_until(&others, 0)); /* once at the beginning */
    assert_true(wake_take(&ours));
    assert_false(wake_take(&ours));
    assert_false(wake_wait_until(&others, 0));
    for (unsigned i = 0; i < 3; i++) {
        wake_raise(&ours);
        wake_raise(&ours);
        assert_true(wake_wait_until(&others, clock_boot_us() + 1000 * MS));
        assert_true(wake_take(&ours));
        assert_false(wake_take(&ours));
    }
    wake_reclaim(&ours);
    assert_false(wake_wait_until(&ours, 0));
    wake_lend(&ours, &others);
    assert_true(wake_take(&ours));
    wake_raise(&ours);
    wake_reclaim(&ours);
    assert_true(wake_wait_until(&ours, 0)); /* raised for us */
    wake_raise(&ours);
    assert_true(wake_wait_until(&others, 0)); /* that of before, and none since */
    assert_false(wake_wait_until(&others, 0));
    wake_close(&ours);
    wake_close(&others);
}

enum { RELAYS = 20000 };

struct relay {
    struct wake there, back, other;
    unsigned sent; /* no atomic: what was done before a raise is seen after it */
};

static void *relay_lent(void *argument)
{
    struct relay *relay = argument;
    for (unsigned i = 1; i <= RELAYS;) {
        if (wake_take(&relay->there)) {
            assert_int_equal(relay->sent, i++);
            wake_raise(&relay->back);
        } else {
            (void)wake_wait_until(&relay->other, clock_boot_us() + 1000 * MS);
        }
    }
    return NULL;
}

/* No raise is ever lost, asleep, awake or just between. */
static void test_lent_and_raised_at_any_moment(void **state)
{
    (void)state;
    struct relay relay = {.sent = 0};
    struct thread thread = {.running = false};
    assert_int_equal(wake_open(&relay.there), STATUS_OK);
    assert_int_equal(wake_open(&relay.back), STATUS_OK);
    assert_int_equal(wake_open(&relay.other), STATUS_OK);
    wake_lend(&relay.there, &relay.other);
    assert_true(wake_take(&relay.there));
    assert_int_equal(thread_start(&thread, "relay", relay_lent, &relay), STATUS_OK);
    const int64_t begin_us = clock_boot_us();
    for (unsigned i = 1; i <= RELAYS; i++) {
        relay.sent = i;
        wake_raise(&relay.there);
        while (!wake_wait_until(&relay.back, clock_boot_us() + 1000 * MS)) {
        }
    }
    thread_join(&thread);
    assert_true(clock_boot_us() - begin_us < RELAYS * INT64_C(1000));
    wake_close(&relay.there);
    wake_close(&relay.back);
    wake_close(&relay.other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lent),
        cmocka_unit_test(test_lent_and_raised_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
