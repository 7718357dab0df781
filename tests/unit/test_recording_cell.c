/* Cells of a recording: numbers as thousandths, times in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/cli/recording_cell.h"
#include "tests/unit/support/draw.h"

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t milli;
    } right[] = {{"0", 0},
                 {"-0", 0},
                 {"72", 72000},
                 {"+72", 72000},
                 {"97.5", 97500},
                 {"0.001", 1},
                 {"0.0005", 1},
                 {"-0.0005", -1},
                 {"0.00049999", 0},
                 {"1.9995", 2000},
                 {"1.2345678", 1235},
                 {".5", 500},
                 {"5.", 5000},
                 {"0072", 72000},
                 {"-3.25", -3250},
                 {"2147483.647", INT32_MAX},
                 {"-2147483.647", -INT32_MAX},
                 {"36.600000000000001421", 36600}};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        int32_t milli = 4711;
        if (!recording_number(right[i].text, &milli) || milli != right[i].milli) {
            fail_msg("%s is %d", right[i].text, (int)milli);
        }
    }
}

static void test_what_is_no_number(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",        " ",   "-",     "+",           ".",
                                        "-.",      "1,5", "1.2.3", "1e3",         "0x1F",
                                        "72 ",     " 72", "+-1",   "2147483.648", "2147483.6475",
                                        "2147484", "nan", "inf",   "\xC2\xBD",    "7\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int32_t milli = 4711;
        if (recording_number(wrong[i], &milli) || milli != 4711) {
            fail_msg("'%s' is taken as %d", wrong[i], (int)milli);
        }
    }
}

static void expect_time(const char *text, int64_t ms, bool absolute)
{
    int64_t at_ms = -1;
    bool is_absolute = !absolute;
    if (!recording_time(text, &at_ms, &is_absolute) || at_ms != ms || is_absolute != absolute) {
        fail_msg("%s is %lld, %s", text, (long long)at_ms, is_absolute ? "absolute" : "relative");
    }
}

static void test_seconds(void **state)
{
    (void)state;
    expect_time("0", 0, false);
    expect_time("0.25", 250, false);
    expect_time("4260", 4260000, false);
    expect_time("-5.5", -5500, false);
    expect_time("1769904000", 1769904000000, false);
    expect_time("4503599627370.496", INT64_C(1) << 52, false);
}

static void test_rfc3339(void **state)
{
    (void)state;
    expect_time("1970-01-01T00:00:00Z", 0, true);
    expect_time("1969-12-31T23:59:59.999Z", -1, true);
    expect_time("2026-01-31T23:59:59.123456789Z", 1769903999123, true);
    expect_time("2026-01-31t23:59:59.1z", 1769903999100, true);
    expect_time("2026-01-31 23:59:59Z", 1769903999000, true);
    expect_time("2026-02-01T01:59:59+02:00", 1769903999000, true);
    expect_time("2026-01-31T18:29:59-05:30", 1769903999000, true);
    expect_time("2024-02-29T00:00:00Z", 1709164800000, true);
    expect_time("2000-02-29T00:00:00Z", 951782400000, true);
    expect_time("2016-12-31T23:59:60Z", 1483228800000, true); /* a leap second */
    expect_time("0000-03-01T00:00:00Z", -62162035200000, true);
    expect_time("9999-12-31T23:59:59Z", 253402300799000, true);
}

static void test_what_is_no_time(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "noon",
                                        "12:00:00",
                                        "2026-01-31",
                                        "2026-01-31T12:00Z",
                                        "2026-01-31T12:00:00",
                                        "2026-01-31T12:00:00.Z",
                                        "2026-01-31T12:00:00Z ",
                                        "2026-01-31T12:00:00+1:00",
                                        "2026-01-31T12:00:00+0100",
                                        "2026-01-31T12:00:00+24:00",
                                        "2026-01-31T12:00:00+01:60",
                                        "2026-01-31T24:00:00Z",
                                        "2026-01-31T12:60:00Z",
                                        "2026-01-31T12:00:61Z",
                                        "2026-02-29T12:00:00Z",
                                        "1900-02-29T12:00:00Z",
                                        "2026-04-31T12:00:00Z",
                                        "2026-13-01T12:00:00Z",
                                        "2026-00-01T12:00:00Z",
                                        "2026-01-00T12:00:00Z",
                                        "26-01-31T12:00:00Z",
                                        "2026/01/31 12:00:00Z",
                                        "31.01.2026 12:00:00",
                                        "4503599627370.497",
                                        "1e9"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t at_ms = 4711;
        bool absolute = false;
        if (recording_time(wrong[i], &at_ms, &absolute) || at_ms != 4711) {
            fail_msg("'%s' is taken as %lld", wrong[i], (long long)at_ms);
        }
    }
}

/* Any instant between the years 0001 and 9999 as the C library writes it is read again. */
static void test_every_day(void **state)
{
    (void)state;
    draw_seed(7);
    for (unsigned run = 0; run < 20000; run++) {
        const time_t seconds = (time_t)(draw(UINT64_C(315537897600)) - UINT64_C(62135596800));
        char text[64];
        struct tm date;
        assert_non_null(gmtime_r(&seconds, &date));
        (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.tm_year + 1900, date.tm_mon + 1,
                       date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
        expect_time(text, (int64_t)seconds * 1000, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_what_is_no_number), cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_rfc3339), cmocka_unit_test(test_what_is_no_time),   cmocka_unit_test(test_every_day),
    };
    return cmocka_run_group_tests_name("recording_cell", tests, NULL, NULL);
}
