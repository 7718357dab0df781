/* Numbers, codes and instants; frames; messages taken apart by their own delimiters; escapes and character sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/monitor/hl7/message.h"
#include "drivers/monitor/hl7/mllp.h"

static struct text text_of(const char *word)
{
    return (struct text){word, strlen(word)};
}

/* --- texts --------------------------------------------------------------------------------------------------- */

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t micro;
    } good[] = {{"99", 99000000},
                {"0", 0},
                {"-0.5", -500000},
                {"+37.25", 37250000},
                {".5", 500000},
                {"5.", 5000000},
                {" 36.6 ", 36600000},
                {"0.1234569", 123456},
                {"-12.000001", -12000001},
                {"999999999999", INT64_C(999999999999000000)}};
    static const char *const bad[] = {"",   ".",   "-",   "+-1", "1e3",   "1,5",           "0x10",     "1 2",
                                      "--", "NaN", "inf", "1-",  "1.2.3", "9999999999999", "\xc2\xb2", "1\t2"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t micro = -7;
        assert_true(text_number(text_of(good[i].text), &micro));
        assert_int_equal(micro, good[i].micro);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t micro = -7;
        assert_false(text_number(text_of(bad[i]), &micro));
        assert_int_equal(micro, -7);
    }
}

static void test_codes(void **state)
{
    (void)state;
    uint32_t code = 7;
    assert_true(text_code(text_of("150456"), &code));
    assert_int_equal(code, 150456);
    assert_true(text_code(text_of("0002-4bb8"), &code));
    assert_int_equal(code, 150456);
    assert_true(text_code(text_of("0004-0AA0"), &code));
    assert_int_equal(code, 264864);
    static const char *const bad[] = {"", "-1", "15 04", "1234567890", "0002-4bbg", "002-4bb81", "0x24bb8", "MDC"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_code(text_of(bad[i]), &code));
    }
    assert_int_equal(code, 264864);
}

static void test_instants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t local_ms;
        int32_t offset_s;
        bool has_offset;
    } good[] = {{"19700101000000", 0, 0, false},
                {"20191206113452", 1575632092000, 0, false},
                {"201912061134", 1575632040000, 0, false},
                {"201912061134+0100", 1575632040000, 3600, true},
                {"20260727124424.0000+0000", 1785156264000, 0, true},
                {"20260124124738000+0800", 1769258858000, 28800, true},
                {"20240229235959.9999-0330", 1709251199999, -12600, true},
                {"20260101000000.5", 1767225600500, 0, false},
                {"20161231235960+0000", 1483228800000, 0, true}, /* a leap second */
                {"20000229000000", 951782400000, 0, false}};
    static const char *const bad[] = {"",
                                      "20191201",
                                      "2019120611",
                                      "20191306113452",
                                      "20190229113452",
                                      "21000229000000",
                                      "20191200113452",
                                      "20191206243452",
                                      "20191206116052",
                                      "20191206113461",
                                      "20191206113452+25",
                                      "20191206113452+1500",
                                      "20191206113452+0160",
                                      "20191206113452Z",
                                      "20191206113452 +0100",
                                      "2019-12-06T11:34:52",
                                      "20191206113452.5.5",
                                      "19691231235959",
                                      "00000000000000",
                                      "2019120611345"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct text_instant instant;
        assert_true(text_instant(text_of(good[i].text), &instant));
        assert_int_equal(instant.local_ms, good[i].local_ms);
        assert_int_equal(instant.offset_s, good[i].offset_s);
        assert_int_equal(instant.has_offset, good[i].has_offset);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text_instant instant = {.local_ms = 7};
        assert_false(text_instant(text_of(bad[i]), &instant));
        assert_int_equal(instant.local_ms, 7);
    }
}

static void test_words(void **state)
{
    (void)state;
    assert_true(text_is_word(text_of("Alarm-Off"), "alarm-off"));
    assert_false(text_is_word(text_of("alarm-of"), "alarm-off"));
    assert_false(text_is_word(text_of("alarm-off "), "alarm-off"));
    assert_true(text_is_word(TEXT_NONE, ""));
    assert_true(text_begins(text_of("MDC_EVT_X"), "MDC_EVT_"));
    assert_false(text_begins(text_of("MDC"), "MDC_"));
    assert_int_equal(text_part(text_of("a|b||c"), '|', 3).length, 0);
    assert_true(text_is(text_part(text_of("a|b||c"), '|', 4), "c"));
    assert_int_equal(text_part(text_of("a|b||c"), '|', 9).length, 0);
    assert_true(text_is(text_part(text_of("a|b"), '\0', 1), "a|b"));
    assert_int_equal(text_part(text_of("a|b"), '\0', 2).length, 0);
    assert_int_equal(text_trimmed(text_of(" \t ")).length, 0);
}

/* --- frames -------------------------------------------------------------------------------------------------- */

static void test_frames(void **state)
{
    (void)state;
    size_t stray = 9;
    static const char bytes[] = "xy\r\n\x0bMSH\r\x1c\r";
    assert_int_equal(mllp_lead(bytes, sizeof bytes - 1, &stray), 4);
    assert_int_equal(stray, 2);
    assert_int_equal(mllp_lead(bytes, 3, &stray), 3);
    assert_int_equal(stray, 2);
    assert_int_equal(mllp_lead(bytes, 0, &stray), 0);
    assert_int_equal(stray, 0);
    const char *frame = bytes + 4;
    for (size_t length = 1; length <= 5; length++) {
        assert_int_equal(mllp_end(frame, length, 0), length); /* not yet */
    }
    assert_int_equal(mllp_end(frame, 6, 0), 5);
    assert_int_equal(mllp_end(frame, 6, 5), 5);
    assert_int_equal(mllp_end("\x0b"
                              "a\x0b"
                              "b",
                              4, 0),
                     2);
    assert_int_equal(mllp_end("\x0b\x1c", 2, 0), 1);
}

/* --- messages ------------------------------------------------------------------------------------------------ */

static struct message message;

static bool open_text(const char *text)
{
    return message_open(text, strlen(text), &message);
}

static void test_delimiters(void **state)
{
    (void)state;
    assert_true(open_text("MSH|^~\\&|A^B|\rPID|||1~2^x"));
    assert_int_equal(message.field, '|');
    assert_int_equal(message.escape, '\\');
    assert_true(text_is(message_field(&message, message.header, 2), "^~\\&"));
    assert_true(text_is(message_component(&message, message_field(&message, message.header, 3), 2), "B"));
    assert_false(open_text("MSH#*+%$#A*B#\r")); /* + stands in numbers */
}

static void test_foreign_delimiters(void **state)
{
    (void)state;
    assert_true(open_text("MSH#*!%$#A*B#\rPV1##I#ICU*1*A!X\r"));
    struct text rest = message.bytes, segment;
    assert_true(message_next(&rest, &segment));
    assert_true(message_next(&rest, &segment));
    assert_true(message_segment_is(&message, segment, "PV1"));
    const struct text place = message_field(&message, segment, 3);
    assert_true(text_is(message_component(&message, place, 3), "A"));
    assert_true(text_is(message_repetition(&message, place, 2), "X"));
    char text[8];
    message_text(&message, text_of("a%S%b%F%c"), text, sizeof text);
    assert_string_equal(text, "a*b#c");
}

static void test_unusable_headers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "MSH",
                                      "MSH|",
                                      "MSH||",
                                      "MSH|||A",
                                      "MSH|^^\\&|A",
                                      "MSH|abc|A",
                                      "MSH^^~\\&^A",
                                      "MSHA^~\\&A",
                                      "MSH |^~\\&|A",
                                      "PID|^~\\&|A",
                                      "MSH|^~\\&#!|A",
                                      "M",
                                      "\xff\xfeM\0S\0H\0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(open_text(bad[i]));
    }
    assert_false(message_open("MSH|^~\\&|A\0B|", 13, &message));
    assert_false(message_open("M\0S\0H\0|\0", 8, &message)); /* UTF-16 */
    assert_true(open_text("\r\n\nMSH|^|A|"));                /* fewer than usual */
    assert_int_equal(message.repetition, 0);
    assert_true(text_is(message_repetition(&message, text_of("a~b"), 1), "a~b"));
    assert_true(open_text("MSH|^~\\&#|A")); /* v2.7 */
}

/* CR, LF or both, empty lines, none at the end. */
static void test_segment_ends(void **state)
{
    (void)state;
    static const char *const forms[] = {"MSH|^~\\&|\rPID|1\rPV1|2", "MSH|^~\\&|\nPID|1\nPV1|2\n",
                                        "MSH|^~\\&|\r\nPID|1\r\nPV1|2\r\n\r\n", "\r\rMSH|^~\\&|\r\r\nPID|1\n\rPV1|2\r"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        static const char *const names[] = {"MSH", "PID", "PV1"};
        assert_true(open_text(forms[i]));
        struct text rest = message.bytes, segment;
        for (size_t n = 0; n < 3; n++) {
            assert_true(message_next(&rest, &segment));
            assert_true(message_segment_is(&message, segment, names[n]));
            assert_true(message_segment_is_sound(&message, segment));
        }
        assert_false(message_next(&rest, &segment));
    }
    static const char *const broken[] = {"pid|1", "PI|1", "PIDX|1", "P D|1", "|PID", "^", "PID^1"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_false(message_segment_is_sound(&message, text_of(broken[i])));
    }
}

static void assert_text(enum charset charset, const char *raw, const char *expected)
{
    char text[32];
    message.charset = charset;
    message_text(&message, text_of(raw), text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_escapes(void **state)
{
    (void)state;
    assert_true(open_text("MSH|^~\\&|"));
    assert_text(CHARSET_ASCII, "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f");
    assert_text(CHARSET_ASCII, "\\X41\\\\X4243\\", "ABC");
    assert_text(CHARSET_ASCII, "\\X4\\x\\X4G\\y", "x?y");
    assert_text(CHARSET_ASCII, "\\H\\bold\\N\\ \\.br\\x", "bold x");
    assert_text(CHARSET_ASCII, "open \\F end", "open \\F end"); /* never closed */
    assert_text(CHARSET_ASCII, "\\\\a", "a");
    assert_text(CHARSET_ASCII, "\\", "\\");
    assert_text(CHARSET_UTF8, "\\XC3A4\\", "\xc3\xa4");
    assert_text(CHARSET_LATIN1, "\\XE4\\", "\xc3\xa4");
    assert_text(CHARSET_ASCII, "\\X000A1B\\", "???"); /* no controls */
}

static void test_charsets(void **state)
{
    (void)state;
    assert_true(open_text("MSH|^~\\&|"));
    assert_text(CHARSET_ASCII, "K\xc3\xbc", "K??");
    assert_text(CHARSET_UTF8, "K\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "K\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_text(CHARSET_LATIN1, "K\xfc\xff\x80", "K\xc3\xbc\xc3\xbf?");
    assert_text(CHARSET_UTF8, "a\xc3", "a?");
    assert_text(CHARSET_UTF8,
                "\xc3"
                "b",
                "?b");
    assert_text(CHARSET_UTF8, "\xc0\xaf", "?");         /* overlong */
    assert_text(CHARSET_UTF8, "\xed\xa0\x80", "?");     /* a surrogate */
    assert_text(CHARSET_UTF8, "\xf4\x90\x80\x80", "?"); /* beyond the last */
    assert_text(CHARSET_UTF8, "\xff\xfe\xbf", "???");
    assert_text(CHARSET_UTF8, "\xc2\x9b", "?"); /* a control */
}

/* Cut at a whole character, always ended. */
static void test_cut(void **state)
{
    (void)state;
    assert_true(open_text("MSH|^~\\&|"));
    message.charset = CHARSET_UTF8;
    for (size_t size = 1; size < 8; size++) {
        char text[8];
        memset(text, 'x', sizeof text);
        message_text(&message, text_of("a\xc3\xbc\xe2\x82\xac"), text, size);
        const size_t length = strlen(text);
        assert_true(length < size);
        assert_true(length == 0 || length == 1 || length == 3 || length == 6);
        assert_true(size - length <= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_delimiters),
        cmocka_unit_test(test_foreign_delimiters),
        cmocka_unit_test(test_unusable_headers),
        cmocka_unit_test(test_segment_ends),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests_name("hl7 message", tests, NULL, NULL);
}
