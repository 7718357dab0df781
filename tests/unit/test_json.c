/*
 * The JSON writer: escapes, UTF-8, bounds of a text, numbers, nesting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "app/flow/json.h"
#include "tests/unit/support/json_check.h"

static char out[1024];

static const char *text_of(const char *bytes, size_t length, size_t bytes_max)
{
    struct json json;
    json_begin(&json, out, sizeof out);
    json_text_open(&json, "t", bytes_max);
    json_text_add(&json, bytes, length);
    json_text_close(&json);
    expect_json(out, json_end(&json));
    return out;
}

static void test_text_is_escaped(void **state)
{
    (void)state;
    assert_string_equal(text_of("a\"b\\c/d", 7, 100), "{\"t\":\"a\\\"b\\\\c/d\"}");
    assert_string_equal(text_of("\b\f\n\r\t\x01\x1f\x7f", 8, 100), "{\"t\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"}");
    assert_string_equal(text_of("\xC2\x80x\xC2\x9B"
                                "31m\xC2\x9F\xC2\xA0",
                                12, 100),
                        "{\"t\":\"\\u0080x\\u009b31m\\u009f\xC2\xA0\"}");
    assert_string_equal(text_of("a\0b", 3, 100), "{\"t\":\"a\\u0000b\"}");
    assert_string_equal(text_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, 100),
                        "{\"t\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}");
}

static void test_broken_utf8_is_replaced(void **state)
{
    (void)state;
#define R "\xEF\xBF\xBD"
    static const struct {
        const char *given, *expected;
    } cases[] = {
        {"\x80", R},                   /* a continuation alone */
        {"\xC3", R},                   /* cut at the end */
        {"\xC3(", R "("},              /* a lead byte without its continuation */
        {"\xC0\xAF", R R},             /* overlong '/' */
        {"\xE0\x80\xAF", R R R},       /* overlong */
        {"\xED\xA0\x80", R R R},       /* a surrogate */
        {"\xF4\x90\x80\x80", R R R R}, /* beyond U+10FFFF */
        {"\xF0\x9F\x98", R R R},       /* cut at the end */
        {"\xFF\xFE", R R},             /* never UTF-8 */
        {"x\xE2\x82y", "x" R R "y"},
    };
#undef R
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "{\"t\":\"%s\"}", cases[i].expected);
        assert_string_equal(text_of(cases[i].given, strlen(cases[i].given), 100), expected);
    }
}

static void test_long_text_ends_after_a_whole_character(void **state)
{
    (void)state;
    assert_string_equal(text_of("abcdef", 6, 3), "{\"t\":\"abc\"}");
    assert_string_equal(text_of("ab\xE2\x82\xAC", 5, 4), "{\"t\":\"ab\"}");
    assert_string_equal(text_of("ab\xE2\x82\xAC", 5, 5), "{\"t\":\"ab\xE2\x82\xAC\"}");
    assert_string_equal(text_of("ab\nd", 4, 3), "{\"t\":\"ab\"}"); /* no half of an escape, nothing behind it */
}

static void test_every_byte_gives_json(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const char bytes[] = {(char)first, (char)second, 'z'};
            (void)text_of(bytes, sizeof bytes, 100);
        }
    }
}

static void test_members_nest(void **state)
{
    (void)state;
    struct json json;
    json_begin(&json, out, sizeof out);
    json_open_object(&json, "a");
    json_close_object(&json);
    json_open_array(&json, "b");
    json_unsigned(&json, NULL, 1);
    json_open_object(&json, NULL);
    json_bool(&json, "c", true);
    json_null(&json, "d");
    json_close_object(&json);
    json_milli(&json, NULL, 1500);
    json_close_array(&json);
    json_hex(&json, "e", 255, 4);
    json_text(&json, "f", NULL);
    expect_json(out, json_end(&json));
    assert_string_equal(out, "{\"a\":{},\"b\":[1,{\"c\":true,\"d\":null},1.5],\"e\":\"00ff\",\"f\":null}");
}

static void test_decimals_are_shortest(void **state)
{
    (void)state;
    static const struct {
        int32_t milli;
        const char *expected;
    } cases[] = {{0, "0"},       {1, "0.001"},    {10, "0.01"},  {100, "0.1"},      {1000, "1"},
                 {-1, "-0.001"}, {-1500, "-1.5"}, {10000, "10"}, {100100, "100.1"}, {999999, "999.999"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        struct json json;
        char expected[64];
        json_begin(&json, out, sizeof out);
        json_milli(&json, "n", cases[i].milli);
        (void)snprintf(expected, sizeof expected, "{\"n\":%s}", cases[i].expected);
        expect_json(out, json_end(&json));
        assert_string_equal(out, expected);
    }
}

static void test_millionths_are_shortest(void **state)
{
    (void)state;
    static const struct {
        int64_t micro;
        const char *expected;
    } cases[] = {{0, "0"},
                 {1, "0.000001"},
                 {121661, "0.121661"},
                 {330000, "0.33"},
                 {1000000, "1"},
                 {-1, "-0.000001"},
                 {-2500000, "-2.5"},
                 {100000100, "100.0001"},
                 {INT64_MAX, "9223372036854.775807"},
                 {INT64_MIN, "-9223372036854.775808"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        struct json json;
        char expected[64];
        json_begin(&json, out, sizeof out);
        json_micro(&json, "n", cases[i].micro);
        (void)snprintf(expected, sizeof expected, "{\"n\":%s}", cases[i].expected);
        expect_json(out, json_end(&json));
        assert_string_equal(out, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_escaped),         cmocka_unit_test(test_millionths_are_shortest),
        cmocka_unit_test(test_broken_utf8_is_replaced), cmocka_unit_test(test_long_text_ends_after_a_whole_character),
        cmocka_unit_test(test_every_byte_gives_json),   cmocka_unit_test(test_members_nest),
        cmocka_unit_test(test_decimals_are_shortest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
