/* What the kernel says of its wall clock, and what we make of it: time sources there, lost, gone; leap seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "hal/clock.h"
#include "tests/unit/support/fake_clock.h"

#define MIDNIGHT_MS INT64_C(1483228800000) /* 2017-01-01T00:00:00Z, behind the leap second 23:59:60 */

static void expect(bool synced, int result, int status, long maxerror_us)
{
    fake_clock_kernel(result, status, maxerror_us);
    assert_int_equal(clock_is_synchronised(), synced);
}

static void test_a_clock_with_a_time_source(void **state)
{
    (void)state;
    expect(true, TIME_OK, 0, 0);
    expect(true, TIME_OK, STA_PLL | STA_NANO, 500000);
    expect(false, TIME_OK, STA_UNSYNC, 0);
    expect(false, TIME_ERROR, STA_UNSYNC, 16000000);
    expect(false, TIME_ERROR, STA_CLOCKERR, 0);
}

/* An hour around midnight: announced, repeated (23:59:60), waiting to be taken back. */
static void test_a_leap_second_is_no_loss(void **state)
{
    (void)state;
    expect(true, TIME_INS, STA_INS, 500000);
    expect(true, TIME_DEL, STA_DEL, 500000);
    expect(true, TIME_OOP, STA_INS, 500000);
    expect(true, TIME_WAIT, STA_INS, 500000);
    expect(false, TIME_OOP, STA_INS | STA_UNSYNC, 500000);
}

/* Nobody tells the kernel that a daemon has gone: only its error grows. */
static void test_a_time_source_that_is_gone(void **state)
{
    (void)state;
    expect(true, TIME_OK, 0, 3999999);
    expect(false, TIME_OK, 0, 4000000);
    expect(false, TIME_OK, 0, 15999999);
}

static void test_a_kernel_that_may_not_be_asked(void **state)
{
    (void)state;
    expect(false, -1, 0, 0);
}

/* The kernel repeats a second of the wall clock; nothing else notices. */
static void test_a_repeated_second(void **state)
{
    (void)state;
    fake_clock_set(5000000, MIDNIGHT_MS);
    const int64_t before_us = clock_boot_us(), before_ms = clock_wall_ms();
    fake_clock_pass(500000);
    fake_clock_step(-1000);
    assert_int_equal(clock_boot_us(), before_us + 500000);
    assert_int_equal(clock_wall_ms(), before_ms - 500);
}

static void test_before_1970_and_far_ahead(void **state)
{
    (void)state;
    fake_clock_set(0, -1);
    assert_int_equal(clock_wall_ms(), -1);
    fake_clock_set(0, INT64_C(4102444800000)); /* 2100: more than 32 bits of seconds hold on armhf */
    assert_int_equal(clock_wall_ms(), INT64_C(4102444800000));
}

/* What a file of sysfs says; NULL: there is none. */
static bool hardware_says(const char *text, int64_t *out_ms)
{
    char file[] = "/tmp/wardgate-hal-clock-XXXXXX";
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    if (text != NULL) {
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    }
    (void)close(fd);
    if (text == NULL) {
        (void)unlink(file);
    }
    const bool says = clock_hardware_ms(file, out_ms);
    (void)unlink(file);
    return says;
}

static void test_a_hardware_clock(void **state)
{
    (void)state;
    int64_t ms = -1;
    assert_true(hardware_says("1483228800\n", &ms));
    assert_int_equal(ms, MIDNIGHT_MS + 500);
    assert_true(hardware_says("0\n", &ms));
    assert_int_equal(ms, 500);
    assert_true(hardware_says("4102444800", &ms)); /* 2100 */
    assert_int_equal(ms, INT64_C(4102444800500));
}

static void test_no_hardware_clock(void **state)
{
    (void)state;
    int64_t ms = -1;
    const char *const texts[] = {NULL,      "",    "\n",           "-1\n",
                                 "12:00\n", "now", "253402300800", "99999999999999999999999999"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(hardware_says(texts[i], &ms));
    }
    assert_false(clock_hardware_ms("/", &ms)); /* one that opens, and does not answer */
    assert_int_equal(ms, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_clock_with_a_time_source), cmocka_unit_test(test_a_leap_second_is_no_loss),
        cmocka_unit_test(test_a_time_source_that_is_gone), cmocka_unit_test(test_a_kernel_that_may_not_be_asked),
        cmocka_unit_test(test_a_repeated_second),          cmocka_unit_test(test_before_1970_and_far_ahead),
        cmocka_unit_test(test_a_hardware_clock),           cmocka_unit_test(test_no_hardware_clock),
    };
    return cmocka_run_group_tests_name("hal_clock", tests, NULL, NULL);
}
