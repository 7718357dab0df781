#include "app/settings/value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MICRO          INT64_C(1000000)
#define WHOLE_MAX      INT64_C(1000000000000) /* 10^12: in millionths it still fits */
#define DECIMAL_PLACES 6

struct unit {
    const char *name;
    int64_t factor;
};

/* Ascending: printing takes the last that divides. */
static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit sizes[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool value_is_id(const char *text, size_t length_max)
{
    assert(text != NULL);
    if (!is_letter(text[0])) {
        return false;
    }
    size_t length = 1;
    while (is_letter(text[length]) || is_digit(text[length]) || text[length] == '_' || text[length] == '-') {
        length++;
    }
    return text[length] == '\0' && length <= length_max;
}

static int digit_of(char c, int base)
{
    int digit = base;
    if (is_digit(c)) {
        digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        digit = c - 'A' + 10;
    }
    return digit < base ? digit : -1;
}

/* Reads digits up to the first other character, whose place it returns. */
static enum value_result read_digits(const char *text, int base, int64_t *out, const char **end)
{
    int64_t value = 0;
    const char *c = text;
    for (; digit_of(*c, base) >= 0; c++) {
        value = value * base + digit_of(*c, base);
        if (value > WHOLE_MAX) {
            return VALUE_OUT_OF_RANGE;
        }
    }
    if (c == text) {
        return VALUE_NOT_A_NUMBER;
    }
    *out = value;
    *end = c;
    return VALUE_OK;
}

enum value_result value_read_integer(const char *text, int64_t *out)
{
    assert(text != NULL && out != NULL);
    const bool negative = text[0] == '-';
    const char *digits = negative ? text + 1 : text;
    const bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    int64_t value = 0;
    const char *end = "";
    const enum value_result result =
        read_digits(hexadecimal ? digits + 2 : digits, hexadecimal ? 16 : 10, &value, &end);
    if (result != VALUE_OK) {
        return result;
    }
    if (*end != '\0') {
        return VALUE_NOT_A_NUMBER;
    }
    *out = negative ? -value : value;
    return VALUE_OK;
}

/* The digits behind the point, as millionths. */
static enum value_result read_fraction(const char *text, int64_t *out_micro, const char **end)
{
    int64_t digits = 0;
    const enum value_result result = read_digits(text, 10, &digits, end);
    if (result != VALUE_OK || *end - text > DECIMAL_PLACES) {
        return VALUE_NOT_A_NUMBER;
    }
    for (long places = *end - text; places < DECIMAL_PLACES; places++) {
        digits *= 10;
    }
    *out_micro = digits;
    return VALUE_OK;
}

enum value_result value_read_quantity(const char *text, int64_t *out_micro, const char **out_unit)
{
    assert(text != NULL && out_micro != NULL && out_unit != NULL);
    const bool negative = text[0] == '-';
    int64_t whole = 0, fraction_micro = 0;
    const char *end = text;
    enum value_result result = read_digits(negative ? text + 1 : text, 10, &whole, &end);
    if (result == VALUE_OK && *end == '.') {
        result = read_fraction(end + 1, &fraction_micro, &end);
    }
    if (result != VALUE_OK) {
        return result;
    }
    const int64_t micro = whole * MICRO + fraction_micro;
    *out_micro = negative ? -micro : micro;
    *out_unit = end + strspn(end, " ");
    return VALUE_OK;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

/* A quantity in one of `units`, as a whole number of the smallest one. */
static enum value_result read_in_units(const char *text, const struct unit *units, size_t count, int64_t *out)
{
    int64_t micro = 0;
    const char *name = "";
    const enum value_result result = value_read_quantity(text, &micro, &name);
    if (result != VALUE_OK) {
        return result;
    }
    if (*name == '\0') {
        return VALUE_NO_UNIT;
    }
    const struct unit *unit = find_unit(units, count, name);
    if (unit == NULL) {
        return VALUE_UNKNOWN_UNIT;
    }
    int64_t product = 0;
    if (__builtin_mul_overflow(micro, unit->factor, &product)) {
        return VALUE_OUT_OF_RANGE;
    }
    if (product % MICRO != 0) {
        return VALUE_NOT_A_NUMBER;
    }
    *out = product / MICRO;
    return VALUE_OK;
}

enum value_result value_read_duration(const char *text, int64_t *out_ms)
{
    assert(text != NULL && out_ms != NULL);
    return read_in_units(text, durations, COUNT(durations), out_ms);
}

enum value_result value_read_size(const char *text, int64_t *out_bytes)
{
    assert(text != NULL && out_bytes != NULL);
    return read_in_units(text, sizes, COUNT(sizes), out_bytes);
}

static void print_in_units(int64_t value, const struct unit *units, size_t count, char *text)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (value != 0 && value % units[i].factor == 0) {
            best = i;
        }
    }
    (void)snprintf(text, VALUE_TEXT_MAX, "%" PRId64 "%s", value / units[best].factor, units[best].name);
}

void value_print_duration(int64_t ms, char text[VALUE_TEXT_MAX])
{
    assert(text != NULL);
    print_in_units(ms, durations, COUNT(durations), text);
}

void value_print_size(int64_t bytes, char text[VALUE_TEXT_MAX])
{
    assert(text != NULL);
    print_in_units(bytes, sizes, COUNT(sizes), text);
}

void value_print_decimal(int64_t micro, char text[VALUE_TEXT_MAX])
{
    assert(text != NULL);
    const int64_t size = micro < 0 ? -micro : micro;
    int length =
        snprintf(text, VALUE_TEXT_MAX, "%s%" PRId64 ".%06" PRId64, micro < 0 ? "-" : "", size / MICRO, size % MICRO);
    while (text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (text[length - 1] == '.') {
        text[length - 1] = '\0';
    }
}
