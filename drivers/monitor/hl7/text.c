#include "drivers/monitor/hl7/text.h"

#include <string.h>

#define MICRO 1000000

enum { WHOLE_DIGITS_MAX = 12, MS_PER_S = 1000 };

bool text_is(struct text text, const char *word)
{
    return strlen(word) == text.length && memcmp(text.at, word, text.length) == 0;
}

bool text_begins(struct text text, const char *head)
{
    const size_t length = strlen(head);
    return text.length >= length && memcmp(text.at, head, length) == 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_is_word(struct text text, const char *word)
{
    for (size_t i = 0; i < text.length; i++) {
        if (word[i] == '\0' || lower(text.at[i]) != lower(word[i])) {
            return false;
        }
    }
    return word[text.length] == '\0';
}

struct text text_trimmed(struct text text)
{
    while (text.length > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text = (struct text){text.at + 1, text.length - 1};
    }
    while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t')) {
        text.length--;
    }
    return text;
}

static size_t find(struct text text, char separator)
{
    const char *at = separator != '\0' && text.length > 0 ? memchr(text.at, separator, text.length) : NULL;
    return at != NULL ? (size_t)(at - text.at) : text.length;
}

struct text text_part(struct text text, char separator, unsigned n)
{
    for (; n > 1; n--) {
        const size_t end = find(text, separator);
        if (end == text.length) {
            return TEXT_NONE;
        }
        text = (struct text){text.at + end + 1, text.length - end - 1};
    }
    text.length = find(text, separator);
    return text;
}

/* --- numbers ------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct text text, size_t from)
{
    size_t i = from;
    while (i < text.length && is_digit(text.at[i])) {
        i++;
    }
    return i - from;
}

/* Of `count` digits, as a whole number. */
static int64_t digits(const char *at, size_t count)
{
    int64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

/* Of `count` digits behind a point, in units of 1 / scale; `scale` is a power of ten. */
static int64_t fraction(const char *at, size_t count, int64_t scale)
{
    int64_t number = 0;
    for (size_t i = 0; i < count && scale > 1; i++) {
        scale /= 10;
        number += (at[i] - '0') * scale;
    }
    return number;
}

bool text_number(struct text text, int64_t *out_micro)
{
    const struct text number = text_trimmed(text);
    const bool has_sign = number.length > 0 && (number.at[0] == '-' || number.at[0] == '+');
    const size_t begin = has_sign ? 1 : 0;
    const size_t whole = count_digits(number, begin);
    const bool has_point = begin + whole < number.length && number.at[begin + whole] == '.';
    const size_t point = begin + whole + (has_point ? 1 : 0);
    const size_t places = count_digits(number, point);
    if (whole > WHOLE_DIGITS_MAX || whole + places == 0 || point + places != number.length) {
        return false;
    }
    const int64_t micro = digits(number.at + begin, whole) * MICRO + fraction(number.at + point, places, MICRO);
    *out_micro = has_sign && number.at[0] == '-' ? -micro : micro;
    return true;
}

static bool hexadecimal(struct text text, uint32_t *out)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char c = lower(text.at[i]);
        if (!is_digit(c) && (c < 'a' || c > 'f')) {
            return false;
        }
        number = number << 4 | (uint32_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *out = number;
    return text.length == 4;
}

bool text_code(struct text text, uint32_t *out_code)
{
    uint32_t partition = 0, term = 0;
    if (text.length == 9 && text.at[4] == '-') {
        if (!hexadecimal(text_part(text, '-', 1), &partition) || !hexadecimal(text_part(text, '-', 2), &term)) {
            return false;
        }
        *out_code = partition << 16 | term;
        return true;
    }
    if (text.length == 0 || text.length > 9 || count_digits(text, 0) != text.length) {
        return false;
    }
    *out_code = (uint32_t)digits(text.at, text.length);
    return true;
}

/* --- instants ------------------------------------------------------------------------------------------------ */

/* Days from 1970-01-01 in the Gregorian calendar; a year is counted from March, so that its leap day comes last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t from_march = month > 2 ? month - 3 : month + 9;
    const int64_t y = month > 2 ? year : year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 153 + 2) / 5 + day - 719469;
}

static bool is_date(int64_t year, int64_t month, int64_t day)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
           day <= lengths[month - 1] + (leap && month == 2 ? 1 : 0);
}

/* "+0100" */
static bool read_offset(struct text text, struct text_instant *out)
{
    if (text.length == 0) {
        out->has_offset = false;
        out->offset_s = 0;
        return true;
    }
    if (text.length != 5 || (text.at[0] != '+' && text.at[0] != '-') || count_digits(text, 1) != 4) {
        return false;
    }
    const int64_t hours = digits(text.at + 1, 2), minutes = digits(text.at + 3, 2);
    const int64_t seconds = hours * 3600 + minutes * 60;
    out->has_offset = true;
    out->offset_s = (int32_t)(text.at[0] == '-' ? -seconds : seconds);
    return hours <= 14 && minutes < 60;
}

/* The digits behind the seconds, with a point or (milliseconds) without: how many bytes they are. */
static size_t read_fraction(struct text text, size_t from, int64_t *out_ms)
{
    const bool has_point = from < text.length && text.at[from] == '.';
    const size_t first = from + (has_point ? 1 : 0);
    const size_t count = count_digits(text, first);
    *out_ms = fraction(text.at + first, count, MS_PER_S);
    return first - from + count;
}

bool text_instant(struct text text, struct text_instant *out)
{
    const struct text t = text_trimmed(text);
    const size_t leading = count_digits(t, 0);
    if (leading != 12 && leading != 14 && leading != 17) {
        return false;
    }
    const int64_t year = digits(t.at, 4), month = digits(t.at + 4, 2), day = digits(t.at + 6, 2);
    const int64_t hour = digits(t.at + 8, 2), minute = digits(t.at + 10, 2);
    const int64_t second = leading > 12 ? digits(t.at + 12, 2) : 0;
    int64_t ms = 0;
    const size_t before = leading > 12 ? 14 : 12;
    const size_t zone = before + (leading > 12 ? read_fraction(t, before, &ms) : 0);
    struct text_instant instant;
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 60 ||
        !read_offset((struct text){t.at + zone, t.length - zone}, &instant)) {
        return false;
    }
    instant.local_ms = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * MS_PER_S + ms;
    *out = instant;
    return true;
}
