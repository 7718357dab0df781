#include "app/flow/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/timebase.h"

#define REPLACEMENT       "\xEF\xBF\xBD" /* U+FFFD */
#define MILLI_TEXT_MAX    16             /* -2147483.648 */
#define MICRO_TEXT_MAX    24             /* -9223372036854.775808 */
#define HEX_TEXT_MAX      16
#define UNSIGNED_TEXT_MAX 20 /* 18446744073709551615 */
#define ESCAPE_TEXT_MAX   8  /* \u001f */

static void put(struct json *json, const char *bytes, size_t length)
{
    if (json->overflowed || length >= json->size - json->length) { /* the last byte is the NUL's */
        json->overflowed = true;
        return;
    }
    memcpy(json->out + json->length, bytes, length);
    json->length += length;
}

static void put_text(struct json *json, const char *text)
{
    put(json, text, strlen(text));
}

static void put_key(struct json *json, const char *key)
{
    if (json->needs_comma) {
        put(json, ",", 1);
    }
    json->needs_comma = true;
    if (key != NULL) {
        put(json, "\"", 1);
        put_text(json, key);
        put(json, "\":", 2);
    }
}

static void open_with(struct json *json, const char *key, const char *bracket)
{
    put_key(json, key);
    put(json, bracket, 1);
    json->needs_comma = false;
}

static void close_with(struct json *json, const char *bracket)
{
    put(json, bracket, 1);
    json->needs_comma = true;
}

/* The digits of a number, from behind: `end` is one past the last. Returns the first. By hand, because numbers are most
 * of what there is to write, and printf takes ten times as long. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

/* The shortest decimal of a number with so many places, ending at `end`. */
static char *decimal_before(char *end, uint64_t magnitude, unsigned places, bool negative)
{
    bool fractional = false;
    for (; places > 0; --places, magnitude /= 10) {
        if (fractional || magnitude % 10 != 0) {
            *--end = (char)('0' + magnitude % 10);
            fractional = true;
        }
    }
    if (fractional) {
        *--end = '.';
    }
    end = digits_before(end, magnitude);
    if (negative) {
        *--end = '-';
    }
    return end;
}

static char *milli_before(char *end, int32_t value_milli)
{
    const uint32_t magnitude = value_milli < 0 ? 0 - (uint32_t)value_milli : (uint32_t)value_milli;
    return decimal_before(end, magnitude, 3, value_milli < 0);
}

/* The second byte's range keeps out overlong forms, surrogates and what lies beyond U+10FFFF. */
size_t json_utf8_length(const unsigned char *text, size_t available)
{
    const unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }
    const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                          : first >= 0xE0 && first <= 0xEF ? 3
                          : first >= 0xF0 && first <= 0xF4 ? 4
                                                           : 0;
    if (length == 0 || length > available) {
        return 0;
    }
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; ++i) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

size_t json_utf8_write(uint32_t code, char bytes[4])
{
    static const unsigned char heads[] = {0, 0xC0, 0xE0, 0xF0};
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    const unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    bytes[0] = (char)(heads[more] | code >> 6 * more);
    for (unsigned i = 1; i <= more; i++) {
        bytes[i] = (char)(0x80 | (code >> 6 * (more - i) & 0x3F));
    }
    return more + 1;
}

/* U+0080 to U+009F steer terminals as the first 32 do, and delete. */
static bool is_c1(const char *bytes, size_t length)
{
    return length == 2 && (unsigned char)bytes[0] == 0xC2 && (unsigned char)bytes[1] < 0xA0;
}

/* A character of ASCII, or one of those, whose number is its second byte. */
static size_t escape_one(unsigned char code, char escape[ESCAPE_TEXT_MAX])
{
    const char *const named = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, the letter of its escape */
    for (const char *pair = named; *pair != '\0'; pair += 2) {
        if ((unsigned char)pair[0] == code) {
            escape[0] = '\\';
            escape[1] = pair[1];
            return 2;
        }
    }
    if (code >= 0x20 && code < 0x7F) {
        escape[0] = (char)code;
        return 1;
    }
    return (size_t)snprintf(escape, ESCAPE_TEXT_MAX, "\\u%04x", (unsigned)code);
}

/* False when the text has no room left: nothing more of it is taken then, or a hole would change its meaning. */
static bool put_character(struct json *json, const char *bytes, size_t length)
{
    if (length > json->text_left) {
        json->text_left = 0;
        return false;
    }
    json->text_left -= length;
    put(json, bytes, length);
    return true;
}

void json_begin(struct json *json, char *out, size_t size)
{
    assert(size > 0);
    *json = (struct json){.out = out, .size = size};
    put(json, "{", 1);
}

size_t json_end(struct json *json)
{
    put(json, "}", 1);
    if (json->overflowed) {
        return 0;
    }
    json->out[json->length] = '\0';
    return json->length;
}

void json_open_object(struct json *json, const char *key)
{
    open_with(json, key, "{");
}

void json_close_object(struct json *json)
{
    close_with(json, "}");
}

void json_open_array(struct json *json, const char *key)
{
    open_with(json, key, "[");
}

void json_close_array(struct json *json)
{
    close_with(json, "]");
}

void json_null(struct json *json, const char *key)
{
    put_key(json, key);
    put_text(json, "null");
}

void json_bool(struct json *json, const char *key, bool value)
{
    put_key(json, key);
    put_text(json, value ? "true" : "false");
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
    char text[UNSIGNED_TEXT_MAX];
    char *const end = text + sizeof text;
    const char *const digits = digits_before(end, value);
    put_key(json, key);
    put(json, digits, (size_t)(end - digits));
}

void json_milli(struct json *json, const char *key, int32_t value_milli)
{
    char text[MILLI_TEXT_MAX];
    char *const end = text + sizeof text;
    const char *const digits = milli_before(end, value_milli);
    put_key(json, key);
    put(json, digits, (size_t)(end - digits));
}

void json_micro(struct json *json, const char *key, int64_t value_micro)
{
    char text[MICRO_TEXT_MAX];
    char *const end = text + sizeof text;
    const char *const digits =
        decimal_before(end, value_micro < 0 ? 0 - (uint64_t)value_micro : (uint64_t)value_micro, 6, value_micro < 0);
    put_key(json, key);
    put(json, digits, (size_t)(end - digits));
}

void json_seconds(struct json *json, const char *key, int64_t ms)
{
    char text[UNSIGNED_TEXT_MAX + 5]; /* sign, point, three places */
    if (ms == INT64_MIN) {
        json_null(json, key);
        return;
    }
    const uint64_t magnitude = (uint64_t)(ms < 0 ? -ms : ms);
    char *const end = text + sizeof text;
    char *at = end - 4;
    (void)digits_before(end, magnitude % 1000 + 1000); /* 1 stands where the point comes */
    *at = '.';
    at = digits_before(at, magnitude / 1000);
    if (ms < 0) {
        *--at = '-';
    }
    put_key(json, key);
    put(json, at, (size_t)(end - at));
}

void json_hex(struct json *json, const char *key, uint64_t value, int digits)
{
    char text[HEX_TEXT_MAX];
    char *const end = text + sizeof text;
    char *at = end;
    assert(digits > 0 && digits <= HEX_TEXT_MAX);
    for (; digits > 0 || value != 0; --digits) {
        *--at = "0123456789abcdef"[value & 15U];
        value >>= 4;
    }
    put_key(json, key);
    put(json, "\"", 1);
    put(json, at, (size_t)(end - at));
    put(json, "\"", 1);
}

void json_time(struct json *json, const char *key, int64_t wall_ms)
{
    char text[TIME_TEXT_MAX + 1];
    time_text(wall_ms, text + 1);
    text[0] = text[TIME_TEXT_MAX] = '"'; /* nothing in between needs an escape */
    put_key(json, key);
    put(json, text, sizeof text);
}

void json_text(struct json *json, const char *key, const char *text)
{
    if (text == NULL) {
        json_null(json, key);
        return;
    }
    json_text_open(json, key, SIZE_MAX);
    json_text_add(json, text, strlen(text));
    json_text_close(json);
}

void json_text_open(struct json *json, const char *key, size_t bytes_max)
{
    put_key(json, key);
    put(json, "\"", 1);
    json->text_left = bytes_max;
}

/* Bytes at the front that stand for themselves. */
static size_t plain_length(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7F && text[i] != '"' &&
           text[i] != '\\') {
        ++i;
    }
    return i;
}

/* All of it, or as much as the text has room for. */
static bool put_plain(struct json *json, const char *bytes, size_t length)
{
    const size_t fits = length < json->text_left ? length : json->text_left;
    put(json, bytes, fits);
    json->text_left -= fits;
    return fits == length;
}

void json_text_add(struct json *json, const char *piece, size_t length)
{
    for (size_t i = 0; i < length;) {
        const size_t plain = plain_length(piece + i, length - i);
        if (!put_plain(json, piece + i, plain)) {
            return;
        }
        i += plain;
        if (i == length) {
            return;
        }
        const size_t sequence = json_utf8_length((const unsigned char *)piece + i, length - i);
        bool taken;
        if (sequence == 1 || is_c1(piece + i, sequence)) {
            char escape[ESCAPE_TEXT_MAX];
            taken = put_character(json, escape, escape_one((unsigned char)piece[i + sequence - 1], escape));
        } else if (sequence > 1) {
            taken = put_character(json, piece + i, sequence);
        } else {
            taken = put_character(json, REPLACEMENT, sizeof REPLACEMENT - 1);
        }
        if (!taken) {
            return;
        }
        i += sequence > 0 ? sequence : 1;
    }
}

void json_text_add_milli(struct json *json, int32_t value_milli)
{
    char text[MILLI_TEXT_MAX];
    char *const end = text + sizeof text;
    const char *const digits = milli_before(end, value_milli);
    json_text_add(json, digits, (size_t)(end - digits));
}

void json_text_close(struct json *json)
{
    put(json, "\"", 1);
}
