/*
 * Times as text, against the C library's calendar and by hand where that one does not reach; and the three clocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "app/flow/timebase.h"

#define DAY_MS INT64_C(86400000)

static void expect_text(int64_t wall_ms, const char *expected)
{
    char text[TIME_TEXT_MAX];
    time_text(wall_ms, text);
    assert_string_equal(text, expected);
}

static void test_known_instants(void **state)
{
    (void)state;
    expect_text(0, "1970-01-01T00:00:00.000Z");
    expect_text(1, "1970-01-01T00:00:00.001Z");
    expect_text(INT64_C(1769903999999), "2026-01-31T23:59:59.999Z");
    expect_text(INT64_C(1000000000000), "2001-09-09T01:46:40.000Z");
    expect_text(INT64_C(2147483648000), "2038-01-19T03:14:08.000Z"); /* one second more than 32 bits hold */
}

static void test_leap_days(void **state)
{
    (void)state;
    expect_text(INT64_C(951782400000), "2000-02-29T00:00:00.000Z");
    expect_text(INT64_C(951868800000), "2000-03-01T00:00:00.000Z");
    expect_text(INT64_C(1709164800000), "2024-02-29T00:00:00.000Z");
    expect_text(INT64_C(4107542400000) - 1, "2100-02-28T23:59:59.999Z"); /* no leap year */
    expect_text(INT64_C(4107542400000), "2100-03-01T00:00:00.000Z");
    expect_text(INT64_C(13574563200000), "2400-02-29T00:00:00.000Z");
}

static void test_before_1970(void **state)
{
    (void)state;
    expect_text(-1, "1969-12-31T23:59:59.999Z");
    expect_text(-DAY_MS, "1969-12-31T00:00:00.000Z");
    expect_text(-DAY_MS - 1, "1969-12-30T23:59:59.999Z");
    expect_text(INT64_C(-11644473600000), "1601-01-01T00:00:00.000Z");
}

static void test_far_years_are_clamped(void **state)
{
    (void)state;
    expect_text(INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z");
    expect_text(INT64_C(-62162035200001), "0000-02-29T23:59:59.999Z");
    expect_text(INT64_C(-62167219200001), "0000-01-01T00:00:00.000Z");
    expect_text(INT64_MIN, "0000-01-01T00:00:00.000Z");
    expect_text(INT64_C(253402300799999), "9999-12-31T23:59:59.999Z");
    expect_text(INT64_C(253402300800000), "9999-12-31T23:59:59.999Z");
    expect_text(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

/* Every day from 0001 to 3000 agrees with the C library. */
static void test_every_day_agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t day = -719162; day < 376200; ++day) {
        const time_t seconds = (time_t)(day * 86400 + 86399);
        struct tm parts;
        char expected[64];
        assert_non_null(gmtime_r(&seconds, &parts));
        (void)snprintf(expected, sizeof expected, "%04d-%02d-%02dT23:59:59.123Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday);
        expect_text((int64_t)seconds * 1000 + 123, expected);
    }
}

static void test_engine_and_boot_time(void **state)
{
    (void)state;
    const struct timebase base = {.anchor_ms = INT64_C(1769900000000)};
    const struct timebase replay = {.anchor_ms = 0};
    assert_int_equal(timebase_engine_ms(&base, 0), INT64_C(1769900000000));
    assert_int_equal(timebase_engine_ms(&base, 1999), INT64_C(1769900000001));
    assert_int_equal(timebase_boot_us(&base, INT64_C(1769900000001)), 1000);
    assert_int_equal(timebase_boot_us(&base, INT64_C(1769899999999)), -1000);
    assert_int_equal(timebase_engine_ms(&replay, 5000000), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_instants),
        cmocka_unit_test(test_leap_days),
        cmocka_unit_test(test_before_1970),
        cmocka_unit_test(test_far_years_are_clamped),
        cmocka_unit_test(test_every_day_agrees_with_the_library),
        cmocka_unit_test(test_engine_and_boot_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
