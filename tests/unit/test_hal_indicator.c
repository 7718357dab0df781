/* Lamps and buzzers on lines of GPIO chips, with chips of the test's own below the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hal/indicator.h"
#include "tests/unit/support/fake_gpio.h"

static int set_up(void **state)
{
    (void)state;
    fake_gpio_reset();
    return 0;
}

static void test_a_chip_and_a_line(void **state)
{
    (void)state;
    static const char *const places[] = {"gpiochip0:2", "/dev/gpiochip0:2"};
    struct fake_line *line = &fake_gpio.lines[0][2];
    for (unsigned i = 0; i < 2; i++) {
        int fd = -1;
        assert_int_equal(indicator_open(places[i], false, &fd), STATUS_OK);
        assert_int_equal(fd, atomic_load(&line->fd));
        assert_false(line->active_low);
        assert_false(atomic_load(&line->on)); /* off at first */
        assert_int_equal(indicator_set(fd, true), STATUS_OK);
        assert_true(atomic_load(&line->on));
        indicator_close(fd);
        assert_false(atomic_load(&line->on)); /* and at the end */
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        atomic_store(&line->fd, 0);
    }
}

static void test_a_name(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(indicator_open("ALARM_LED", true, &fd), STATUS_OK);
    assert_int_equal(fd, atomic_load(&fake_gpio.lines[1][3].fd));
    assert_true(fake_gpio.lines[1][3].active_low);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fake_gpio.chip_fds[0], F_GETFD), -1); /* the chips are given back */
    indicator_close(fd);
}

static void expect(const char *where, enum status status)
{
    int fd = 77;
    assert_int_equal(indicator_open(where, false, &fd), status);
    assert_int_equal(fd, 77);
}

static void test_what_cannot_be_had(void **state)
{
    (void)state;
    expect("gpiochip0:4", STATUS_INVALID); /* it has four */
    expect("gpiochip0:", STATUS_INVALID);
    expect("gpiochip0:-1", STATUS_INVALID);
    expect("gpiochip0:2x", STATUS_INVALID);
    expect("gpiochip0:99999999999999999999", STATUS_INVALID);
    expect("gpiochip7:0", STATUS_NOT_FOUND);
    expect("gpiochip1:1", STATUS_BUSY);
    expect("NO_SUCH_LINE", STATUS_NOT_FOUND);
    expect("", STATUS_INVALID); /* most lines have no name */
    fake_gpio.denied = true;
    expect("gpiochip0:2", STATUS_DENIED);
    expect("ALARM_LED", STATUS_DENIED);
}

static void test_a_line_that_fails(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(indicator_open("gpiochip0:0", false, &fd), STATUS_OK);
    atomic_store(&fake_gpio.broken, true);
    assert_int_equal(indicator_set(fd, true), STATUS_IO);
    indicator_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_chip_and_a_line, set_up),
        cmocka_unit_test_setup(test_a_name, set_up),
        cmocka_unit_test_setup(test_what_cannot_be_had, set_up),
        cmocka_unit_test_setup(test_a_line_that_fails, set_up),
    };
    return cmocka_run_group_tests_name("hal_indicator", tests, NULL, NULL);
}
