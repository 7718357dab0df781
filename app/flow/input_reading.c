/* The members of a line, one by one. */
#include "app/flow/input_reading.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/timebase.h"

#define INSTANT_MOST_MS (INT64_C(1) << 52)

enum { HEX_DIGITS = 16, NUMBER_MAX = 24 };

bool reading_refuse(struct reading *r, const char *format, ...)
{
    va_list arguments;
    if (r->fault[0] == '\0') { /* the first one is the cause */
        va_start(arguments, format);
        (void)vsnprintf(r->fault, r->fault_size, format, arguments);
        va_end(arguments);
    }
    return false;
}

const struct json_member *reading_find(struct reading *r, const char *key)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (json_member_is(&r->members[i], key)) {
            r->asked |= UINT32_C(1) << i;
            return &r->members[i];
        }
    }
    return NULL;
}

/* Each reads one member into out, which keeps what it has when there is no such member. False: there is, and it is no such thing. */

bool reading_text(struct reading *r, const char *key, char *out, size_t size)
{
    const struct json_member *m = reading_find(r, key);
    return m == NULL || json_read_text(m, out, size) ||
           reading_refuse(r, "'%s' is no text of at most %zu characters", key, size - 1);
}

bool reading_flag(struct reading *r, const char *key, bool *out)
{
    const struct json_member *m = reading_find(r, key);
    if (m == NULL) {
        return true;
    }
    *out = m->kind == JSON_TRUE;
    return m->kind == JSON_TRUE || m->kind == JSON_FALSE || reading_refuse(r, "'%s' is neither true nor false", key);
}

bool reading_parse_unsigned(const char *text, size_t length, unsigned base, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned digit =
            text[i] >= 'a' && text[i] <= 'f' ? (unsigned)(text[i] - 'a') + 10 : (unsigned)(text[i] - '0');
        if (digit >= base || number > (UINT64_MAX - digit) / base) {
            return false;
        }
        number = number * base + digit;
    }
    *out = number;
    return length > 0;
}

bool reading_unsigned(struct reading *r, const char *key, uint64_t most, uint64_t *out)
{
    const struct json_member *m = reading_find(r, key);
    uint64_t number = 0;
    if (m == NULL) {
        return true;
    }
    if (m->kind != JSON_NUMBER || !reading_parse_unsigned(m->value, m->value_length, 10, &number) || number > most) {
        return reading_refuse(r, "'%s' is no whole number up to %" PRIu64, key, most);
    }
    *out = number;
    return true;
}

bool reading_hex(struct reading *r, const char *key, uint64_t *out)
{
    const struct json_member *m = reading_find(r, key);
    return m == NULL ||
           (m->kind == JSON_TEXT && m->value_length <= HEX_DIGITS &&
            reading_parse_unsigned(m->value, m->value_length, 16, out)) ||
           reading_refuse(r, "'%s' is no text of hexadecimal digits", key);
}

/* A decimal number with at most three places, in thousandths. */
bool reading_parse_milli(const char *text, size_t length, int64_t most, int64_t *out)
{
    const bool negative = length > 0 && *text == '-';
    const char *at = text + (negative ? 1 : 0), *const end = text + length;
    int64_t number = 0;
    int places = -1;
    for (; at < end; at++) {
        if (*at == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (*at < '0' || *at > '9' || places == 3 || number > most) {
            return false;
        }
        number = number * 10 + (*at - '0');
        places += places >= 0 ? 1 : 0;
    }
    for (int scale = places < 0 ? 0 : places; scale < 3 && number <= most; scale++) {
        number *= 10;
    }
    *out = negative ? -number : number;
    return number <= most && length > (negative ? 1U : 0U);
}

bool reading_number(struct reading *r, const char *key, unsigned most, uint8_t *out)
{
    uint64_t number = 0;
    const bool read = reading_unsigned(r, key, most, &number);
    *out = (uint8_t)number;
    return read;
}

/* Seconds, an RFC 3339 text, or null for no instant at all. */
bool reading_instant(struct reading *r, const char *key, int64_t *out_ms)
{
    const struct json_member *m = reading_find(r, key);
    char text[NUMBER_MAX * 2];
    if (m == NULL) {
        return true;
    }
    if (m->kind == JSON_NULL) {
        *out_ms = INT64_MIN;
        return true;
    }
    if (m->kind == JSON_NUMBER && reading_parse_milli(m->value, m->value_length, INSTANT_MOST_MS, out_ms)) {
        return true;
    }
    return (json_read_text(m, text, sizeof text) && time_read(text, out_ms)) ||
           reading_refuse(r, "'%s' is no time: seconds with at most three places, or RFC 3339", key);
}

bool reading_milli(struct reading *r, const char *key, int32_t *out)
{
    const struct json_member *m = reading_find(r, key);
    int64_t milli = 0;
    if (m == NULL) {
        return true;
    }
    if (m->kind != JSON_NUMBER || !reading_parse_milli(m->value, m->value_length, INT32_MAX, &milli)) {
        return reading_refuse(r, "'%s' is no number with at most three places", key);
    }
    *out = (int32_t)milli;
    return true;
}

/* One word of a closed list of `count`. */
bool reading_word(struct reading *r, const char *key, const char *(*word_of)(unsigned), unsigned count, uint8_t *out)
{
    char text[INPUT_WORD_MAX] = "";
    if (reading_find(r, key) == NULL) {
        return true;
    }
    if (!reading_text(r, key, text, sizeof text)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word_of(i), text) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return reading_refuse(r, "'%s' cannot be '%s'", key, text);
}

const char *reading_priority_word(unsigned priority)
{
    return priority_word((enum priority)priority);
}

const char *reading_vital_word(unsigned vital)
{
    return vital_info((enum vital)vital)->name;
}

/* The bed that `key` names; false without it. */
bool reading_bed(struct reading *r, const char *key, uint16_t *out)
{
    char id[INPUT_WORD_MAX] = "";
    if (!reading_text(r, key, id, sizeof id)) {
        return false;
    }
    for (uint16_t b = 0; b < r->config->bed_count; b++) {
        if (strcmp(r->config->beds[b].id, id) == 0) {
            *out = b;
            return true;
        }
    }
    return reading_refuse(r, id[0] == '\0' ? "no '%s' is named%s" : "%s '%s' is not in the configuration", key, id);
}

bool reading_place(struct reading *r, int64_t *out_ms, bool *stepped)
{
    if (reading_find(r, "t") == NULL) {
        return reading_refuse(r, "the time 't' is missing");
    }
    return reading_instant(r, "t", out_ms) && reading_flag(r, "stepped", stepped);
}

bool reading_monitor(struct reading *r, uint8_t *out)
{
    uint64_t monitor = 0;
    const bool read = reading_unsigned(r, "monitor", ENGINE_MONITORS_PER_BED_MAX - 1, &monitor);
    *out = (uint8_t)monitor;
    return read;
}

/* Any UTF-8: the escapes that the writer makes are undone. */
bool reading_utf8(struct reading *r, const char *key, char *out, size_t size)
{
    const struct json_member *m = reading_find(r, key);
    size_t length = 0;
    if (m == NULL) {
        return true;
    }
    if (m->kind != JSON_TEXT) {
        return reading_refuse(r, "'%s' is no text", key);
    }
    for (size_t i = 0; i < m->value_length; i++) {
        char c = m->value[i];
        if (c == '\\') {
            i++;
            c = m->value[i];
            if (strchr("\"\\/", c) == NULL) {
                return reading_refuse(r, "'%s' has a control character in it", key);
            }
        }
        if (length + 1 >= size) {
            return reading_refuse(r, "'%s' is longer than %zu bytes", key, size - 1);
        }
        out[length++] = c;
    }
    out[length] = '\0';
    return true;
}
