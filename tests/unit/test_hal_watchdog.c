/* The hardware watchdog, with a device of the test's own: a FIFO, and what a driver answers to the calls behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hal/watchdog.h"

static char folder[] = "/tmp/wardgate-watchdog-XXXXXX";
static char device[64];
static int reader = -1;

/* What the driver knows. */
static struct {
    bool has_calls; /* else it is fed by writing alone */
    int longest_s;  /* it takes no longer time-out; 0: it takes none at all */
    int own_s;      /* what it counts by itself */
    unsigned fed;
    int disabled;
} driver;

static int answer(unsigned long request, void *argument)
{
    int *number = argument;
    if (!driver.has_calls) {
        errno = ENOTTY;
        return -1;
    }
    if (request == WDIOC_KEEPALIVE) {
        driver.fed++;
        return 0;
    }
    if (request == WDIOC_GETTIMEOUT) {
        *number = driver.own_s;
        return 0;
    }
    if (request == WDIOC_SETOPTIONS) {
        driver.disabled = *number;
        return 0;
    }
    assert_int_equal(request, WDIOC_SETTIMEOUT);
    if (driver.longest_s == 0 || *number > driver.longest_s) {
        errno = driver.longest_s == 0 ? EOPNOTSUPP : EINVAL;
        return -1;
    }
    *number = *number / 10 * 10; /* in steps */
    return 0;
}

/* Stands in front of the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    const bool is_its = request == WDIOC_KEEPALIVE || request == WDIOC_SETTIMEOUT || request == WDIOC_GETTIMEOUT ||
                        request == WDIOC_SETOPTIONS;
    return is_its ? answer(request, argument) : (int)syscall(SYS_ioctl, fd, request, argument);
}

static int set_up(void **state)
{
    (void)state;
    memset(&driver, 0, sizeof driver);
    driver.has_calls = true;
    driver.longest_s = 300;
    assert_int_equal(mkfifo(device, 0600), 0);
    reader = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(reader);
    assert_int_equal(unlink(device), 0);
    return 0;
}

/* What was written to the device since the last look. */
static void expect_written(const char *bytes, size_t length)
{
    char got[16];
    const ssize_t count = read(reader, got, sizeof got);
    assert_int_equal(count < 0 ? 0 : count, length);
    assert_memory_equal(got, bytes, length);
}

static void test_fed_and_stopped(void **state)
{
    (void)state;
    struct watchdog w;
    assert_int_equal(watchdog_open(device, 65, &w), STATUS_OK);
    assert_int_equal(w.timeout_s, 60); /* as the driver rounds it */
    assert_int_equal(fcntl(w.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(watchdog_feed(&w), STATUS_OK);
    assert_int_equal(watchdog_feed(&w), STATUS_OK);
    assert_int_equal(driver.fed, 2);
    expect_written("", 0);
    watchdog_close(&w, true);
    expect_written("V", 1);
    assert_int_equal(w.fd, -1);
    watchdog_close(&w, true); /* it is not open */
    expect_written("", 0);
}

/* Left counting: for the next run of the program, or because we hang. */
static void test_goes_on_counting(void **state)
{
    (void)state;
    struct watchdog w;
    assert_int_equal(watchdog_open(device, 60, &w), STATUS_OK);
    watchdog_close(&w, false);
    expect_written("", 0);
    assert_int_equal(w.fd, -1);
}

static void test_time_outs_that_it_cannot(void **state)
{
    (void)state;
    struct watchdog w;
    driver.longest_s = 15;
    driver.own_s = 12;
    assert_int_equal(watchdog_open(device, 60, &w), STATUS_OK);
    assert_int_equal(w.timeout_s, 12);
    watchdog_close(&w, false);
    driver.longest_s = 0;
    assert_int_equal(watchdog_open(device, 60, &w), STATUS_OK);
    assert_int_equal(w.timeout_s, 12);
    watchdog_close(&w, false);
}

/* The simplest know nothing but writing. */
static void test_a_device_without_calls(void **state)
{
    (void)state;
    struct watchdog w;
    driver.has_calls = false;
    assert_int_equal(watchdog_open(device, 60, &w), STATUS_OK);
    assert_int_equal(w.timeout_s, 0);
    assert_int_equal(watchdog_feed(&w), STATUS_OK);
    expect_written("", 1); /* a NUL, never a V */
    (void)close(reader);
    reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(watchdog_feed(&w), STATUS_IO);
    watchdog_close(&w, true); /* the V does not arrive: then it is switched off by a call, where there is one */
    driver.has_calls = true;
    (void)signal(SIGPIPE, SIG_DFL);
}

static void test_switched_off_by_a_call(void **state)
{
    (void)state;
    struct watchdog w;
    assert_int_equal(watchdog_open(device, 60, &w), STATUS_OK);
    (void)close(reader);
    reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)signal(SIGPIPE, SIG_IGN);
    watchdog_close(&w, true);
    assert_int_equal(driver.disabled, WDIOS_DISABLECARD);
    (void)signal(SIGPIPE, SIG_DFL);
}

static void test_no_watchdog(void **state)
{
    (void)state;
    struct watchdog w = {.fd = 77, .timeout_s = 7};
    assert_int_equal(watchdog_open("/nowhere/watchdog", 60, &w), STATUS_NOT_FOUND);
    (void)close(reader);
    reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(watchdog_open(device, 60, &w), STATUS_NOT_FOUND); /* nobody behind it: ENXIO */
    assert_int_equal(watchdog_open(folder, 60, &w), STATUS_IO);        /* a folder */
    assert_int_equal(w.fd, 77);
    assert_int_equal(w.timeout_s, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fed_and_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_goes_on_counting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_outs_that_it_cannot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_device_without_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_switched_off_by_a_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_watchdog, set_up, tear_down),
    };
    assert_non_null(mkdtemp(folder));
    (void)snprintf(device, sizeof device, "%s/watchdog", folder);
    const int failed = cmocka_run_group_tests_name("hal_watchdog", tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
