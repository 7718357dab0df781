/*
 * What texts in a configuration can be: ids, numbers, durations, sizes, addresses; and the other way round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/settings/url.h"
#include "app/settings/value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void ids_begin_with_a_letter(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "Z", "gw-7e", "b_01", "no", "x--", "A234567890123456789012345678901z"};
    static const char *const bad[] = {"",   "7",   "0x1f", "1e3", "-a",
                                      "_a", "a b", "a.b",  "a/b", "a+",
                                      "a#", "é",   "aé",   "a\n", "A2345678901234567890123456789012z"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(value_is_id(good[i], 32));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(value_is_id(bad[i], 32));
    }
    assert_false(value_is_id("abcd", 3));
}

struct number_case {
    const char *text;
    enum value_result result;
    int64_t value;
};

typedef enum value_result read_number(const char *text, int64_t *out);

static void check_numbers(read_number *read, const struct number_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = -77;
        const enum value_result result = read(cases[i].text, &value);
        if (result != cases[i].result || value != (result == VALUE_OK ? cases[i].value : -77)) {
            fail_msg("\"%s\": result %d, value %lld", cases[i].text, result, (long long)value);
        }
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct number_case cases[] = {
        {"0", VALUE_OK, 0},
        {"65535", VALUE_OK, 65535},
        {"-32768", VALUE_OK, -32768},
        {"0xFFFF", VALUE_OK, 0xFFFF},
        {"0x7fffFFFF", VALUE_OK, 0x7FFFFFFF},
        {"-0x10", VALUE_OK, -16},
        {"007", VALUE_OK, 7},
        {"1000000000000", VALUE_OK, INT64_C(1000000000000)},
        {"1000000000001", VALUE_OUT_OF_RANGE, 0},
        {"99999999999999999999999999", VALUE_OUT_OF_RANGE, 0},
        {"", VALUE_NOT_A_NUMBER, 0},
        {"-", VALUE_NOT_A_NUMBER, 0},
        {"0x", VALUE_NOT_A_NUMBER, 0},
        {"1.0", VALUE_NOT_A_NUMBER, 0},
        {"1e3", VALUE_NOT_A_NUMBER, 0},
        {"1 ", VALUE_NOT_A_NUMBER, 0},
        {" 1", VALUE_NOT_A_NUMBER, 0},
        {"+1", VALUE_NOT_A_NUMBER, 0},
        {"--1", VALUE_NOT_A_NUMBER, 0},
        {"12a", VALUE_NOT_A_NUMBER, 0},
    };
    check_numbers(value_read_integer, cases, COUNT(cases));
}

static void durations(void **state)
{
    (void)state;
    static const struct number_case cases[] = {
        {"500ms", VALUE_OK, 500},
        {"15s", VALUE_OK, 15000},
        {"1.5s", VALUE_OK, 1500},
        {"0.001s", VALUE_OK, 1},
        {"5min", VALUE_OK, 300000},
        {"2h", VALUE_OK, 7200000},
        {"1d", VALUE_OK, 86400000},
        {"15 s", VALUE_OK, 15000},
        {"-1s", VALUE_OK, -1000},
        {"15", VALUE_NO_UNIT, 0},
        {"0", VALUE_NO_UNIT, 0},
        {"15m", VALUE_UNKNOWN_UNIT, 0},
        {"15S", VALUE_UNKNOWN_UNIT, 0},
        {"15s s", VALUE_UNKNOWN_UNIT, 0},
        {"0.0001s", VALUE_NOT_A_NUMBER, 0},
        {"s", VALUE_NOT_A_NUMBER, 0},
        {".5s", VALUE_NOT_A_NUMBER, 0},
        {"5.s", VALUE_NOT_A_NUMBER, 0},
        {"1.2345678s", VALUE_NOT_A_NUMBER, 0},
        {"1000000000000d", VALUE_OUT_OF_RANGE, 0},
    };
    check_numbers(value_read_duration, cases, COUNT(cases));
}

static void sizes(void **state)
{
    (void)state;
    static const struct number_case cases[] = {
        {"1B", VALUE_OK, 1},
        {"64KiB", VALUE_OK, 65536},
        {"1.5MiB", VALUE_OK, 1572864},
        {"1GiB", VALUE_OK, 1073741824},
        {"64", VALUE_NO_UNIT, 0},
        {"64MB", VALUE_UNKNOWN_UNIT, 0},
        {"64M", VALUE_UNKNOWN_UNIT, 0},
        {"0.3B", VALUE_NOT_A_NUMBER, 0},
        {"1000000000000GiB", VALUE_OUT_OF_RANGE, 0},
    };
    check_numbers(value_read_size, cases, COUNT(cases));
}

static void quantities_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t micro;
        const char *unit;
    } cases[] = {
        {"90", 90000000, ""},
        {"180 mg/dL", 180000000, "mg/dL"},
        {"38.5 Cel", 38500000, "Cel"},
        {"90%", 90000000, "%"},
        {"-0.25", -250000, ""},
        {"0.000001", 1, ""},
        {"-0.000001x", -1, "x"},
        {"5   a b", 5000000, "a b"},
        {"1000000000000", INT64_C(1000000000000000000), ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t micro = 0;
        const char *unit = NULL;
        assert_int_equal(value_read_quantity(cases[i].text, &micro, &unit), VALUE_OK);
        assert_true(micro == cases[i].micro);
        assert_string_equal(unit, cases[i].unit);
    }
    int64_t micro = 0;
    const char *unit = NULL;
    assert_int_equal(value_read_quantity("0.0000001", &micro, &unit), VALUE_NOT_A_NUMBER);
    assert_int_equal(value_read_quantity("mg/dL", &micro, &unit), VALUE_NOT_A_NUMBER);
    assert_int_equal(value_read_quantity("", &micro, &unit), VALUE_NOT_A_NUMBER);
    assert_int_equal(value_read_quantity("1000000000001", &micro, &unit), VALUE_OUT_OF_RANGE);
}

static void printing_takes_the_largest_unit(void **state)
{
    (void)state;
    char text[VALUE_TEXT_MAX];
    value_print_duration(0, text);
    assert_string_equal(text, "0ms");
    value_print_duration(1500, text);
    assert_string_equal(text, "1500ms");
    value_print_duration(90000, text);
    assert_string_equal(text, "90s");
    value_print_duration(86400000, text);
    assert_string_equal(text, "1d");
    value_print_size(1536, text);
    assert_string_equal(text, "1536B");
    value_print_size(INT64_C(64) << 30, text);
    assert_string_equal(text, "64GiB");
    value_print_decimal(-1500000, text);
    assert_string_equal(text, "-1.5");
    value_print_decimal(100000000, text);
    assert_string_equal(text, "100");
    value_print_decimal(0, text);
    assert_string_equal(text, "0");
    value_print_decimal(1, text);
    assert_string_equal(text, "0.000001");
}

static void urls_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host;
        uint16_t port;
    } cases[] = {
        {"mqtt://127.0.0.1:1883", "mqtt", "127.0.0.1", 1883},
        {"mqtts://broker-a.example", "mqtts", "broker-a.example", 0},
        {"modbus-tcp://[fd00::7]:1502", "modbus-tcp", "fd00::7", 1502},
        {"modbus-tcp://[::1]", "modbus-tcp", "::1", 0},
        {"mqtt://a:65535", "mqtt", "a", 65535},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url;
        assert_null(url_split(cases[i].text, &url));
        assert_string_equal(url.scheme, cases[i].scheme);
        assert_string_equal(url.host, cases[i].host);
        assert_int_equal(url.port, cases[i].port);
    }
}

static void malformed_urls_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "127.0.0.1",
        "mqtt:/a",
        "mqtt://",
        "://a",
        "mqtt://:1883",
        "mqtt://a:",
        "mqtt://a:0",
        "mqtt://a:65536",
        "mqtt://a:1x",
        "mqtt://a/b",
        "mqtt://a?b",
        "mqtt://u@a",
        "mqtt://u:p@a",
        "mqtt://[a]",
        "mqtt://[::1",
        "mqtt://[::1]x",
        "mqtt://::1",
        "mqtt://a b",
        "mqtt://a\tb",
        "averyveryverylongscheme://a",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url = {.port = 7};
        const char *wrong = url_split(cases[i], &url);
        if (wrong == NULL || url.port != 7) {
            fail_msg("\"%s\" passed", cases[i]);
        }
    }
}

static void only_addresses_of_this_host_are_loopback(void **state)
{
    (void)state;
    assert_true(url_host_is_loopback("127.0.0.1") && url_host_is_loopback("127.8.9.1"));
    assert_true(url_host_is_loopback("::1") && url_host_is_loopback("localhost"));
    assert_false(url_host_is_loopback("128.0.0.1") || url_host_is_loopback("10.0.0.127"));
    assert_false(url_host_is_loopback("::2") || url_host_is_loopback("localhost.example"));
    assert_false(url_host_is_loopback("127.0.0.1.example"));
    /* every interface of this host, and spellings that somebody else might read otherwise */
    assert_false(url_host_is_loopback("0.0.0.0") || url_host_is_loopback("::"));
    assert_false(url_host_is_loopback("::ffff:127.0.0.1") || url_host_is_loopback("127.1"));
    assert_false(url_host_is_loopback("2130706433") || url_host_is_loopback("LOCALHOST"));
    assert_true(url_host_is_numeric("10.7.0.32") && url_host_is_numeric("fd00::1"));
    assert_false(url_host_is_numeric("10.7.0.256") || url_host_is_numeric("10.7") || url_host_is_numeric("monitor"));
}

static void an_address_is_one_however_it_is_written(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"::", "::"},
        {"::0", "::"},
        {"0::0", "::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"0000:0000:0000:0000:0000:0000:0.0.0.0", "::"},
        {"::ffff:0.0.0.0", "0.0.0.0"},
        {"::FFFF:0a07:0014", "10.7.0.20"},
        {"FD00:0::0020", "fd00::20"},
        {"0.0.0.0", "0.0.0.0"},
        {"broker.example", "broker.example"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char tidy[URL_HOST_MAX];
        url_host_tidy(cases[i][0], tidy);
        assert_string_equal(tidy, cases[i][1]);
        assert_int_equal(url_host_is_any(cases[i][0]), strcmp(tidy, "::") == 0 || strcmp(tidy, "0.0.0.0") == 0);
    }
    assert_false(url_host_is_any("::1") || url_host_is_any("0.0.0.1") || url_host_is_any("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_begin_with_a_letter),
        cmocka_unit_test(integers),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(quantities_are_exact),
        cmocka_unit_test(printing_takes_the_largest_unit),
        cmocka_unit_test(urls_split),
        cmocka_unit_test(malformed_urls_are_refused),
        cmocka_unit_test(only_addresses_of_this_host_are_loopback),
        cmocka_unit_test(an_address_is_one_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
