#include "tests/ward/ward_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ward_text_split(char *line, char *words[], size_t words_max)
{
    static const char *const blanks = " \t\r\n";
    line[strcspn(line, "#")] = '\0';
    size_t count = 0;
    for (char *rest = NULL, *word = strtok_r(line, blanks, &rest); word != NULL; word = strtok_r(NULL, blanks, &rest)) {
        if (count < words_max) {
            words[count] = word;
        }
        count++;
    }
    return count;
}

/* The text between ${ and }: NAME or NAME+N. */
static bool expand_variable(const char *inner, char *out, size_t size, char *why, size_t why_size)
{
    char name[WARD_NAME_MAX];
    const size_t name_length = strcspn(inner, "+");
    if (name_length == 0 || name_length >= sizeof name) {
        snprintf(why, why_size, "${%.40s} has no usable name", inner);
        return false;
    }
    memcpy(name, inner, name_length);
    name[name_length] = '\0';
    const char *value = getenv(name);
    if (value == NULL) {
        snprintf(why, why_size, "the environment has no %s, set it", name);
        return false;
    }
    int64_t base = 0;
    int64_t offset = 0;
    if (inner[name_length] == '\0') {
        return (size_t)snprintf(out, size, "%s", value) < size;
    }
    if (!ward_text_number(value, 0, 65535, &base) || !ward_text_number(inner + name_length + 1, 0, 65535, &offset)) {
        snprintf(why, why_size, "${%.40s} is not a number plus a number", inner);
        return false;
    }
    return (size_t)snprintf(out, size, "%" PRId64, base + offset) < size;
}

bool ward_text_expand(const char *line, char *out, size_t size)
{
    char why[120] = "too long with its variables";
    size_t length = 0;
    while (*line != '\0' && length + 1 < size) {
        const char *end = strncmp(line, "${", 2) == 0 ? strchr(line, '}') : NULL;
        if (end == NULL) {
            out[length++] = *line++;
            continue;
        }
        char inner[64];
        const size_t inner_length = (size_t)(end - line) - 2;
        snprintf(inner, sizeof inner, "%.*s", (int)(inner_length < sizeof inner ? inner_length : sizeof inner - 1),
                 line + 2);
        if (!expand_variable(inner, out + length, size - length, why, sizeof why)) {
            snprintf(out, size, "%s", why);
            return false;
        }
        length += strlen(out + length);
        line = end + 1;
    }
    out[length] = '\0';
    if (*line != '\0') {
        snprintf(out, size, "%s", why);
    }
    return *line == '\0';
}

bool ward_text_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

bool ward_text_duration(const char *text, int64_t *out_ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"", WARD_MS},      {"us", 1000},         {"ms", WARD_MS},     {"s", WARD_S},
                 {"m", 60 * WARD_S}, {"min", 60 * WARD_S}, {"h", 3600 * WARD_S}};
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || errno != 0 || value < 0 || value > 86400000) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].name) == 0 && value * units[i].ns <= 86400 * WARD_S) {
            *out_ns = value * units[i].ns;
            return true;
        }
    }
    return false;
}

bool ward_text_milli(const char *text, int32_t *out_milli)
{
    const bool negative = *text == '-';
    const char *at = text + (negative ? 1 : 0);
    if (!isdigit((unsigned char)*at)) {
        return false;
    }
    int64_t tenths_of_milli = 0;
    int places = -1; /* digits seen behind the point; -1 before it */
    for (; isdigit((unsigned char)*at) || (*at == '.' && places < 0); at++) {
        if (*at == '.') {
            places = 0;
        } else if (places < 4) {
            tenths_of_milli = tenths_of_milli * 10 + (*at - '0');
            places += places >= 0 ? 1 : 0;
        }
        if (tenths_of_milli > 20000000000) {
            return false;
        }
    }
    for (int place = places < 0 ? 0 : places; place < 4; place++) {
        tenths_of_milli *= 10;
    }
    const int64_t milli = (tenths_of_milli + 5) / 10;
    if (*at != '\0' || milli > INT32_MAX) {
        return false;
    }
    *out_milli = (int32_t)(negative ? -milli : milli);
    return true;
}

bool ward_text_is_name(const char *text)
{
    static const char *const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return isalpha((unsigned char)*text) && strlen(text) < WARD_NAME_MAX && text[strspn(text, allowed)] == '\0';
}

bool ward_text_option(const char *word, const char *key, const char **out_value)
{
    const size_t length = strlen(key);
    if (strncmp(word, key, length) != 0 || word[length] != '=') {
        return false;
    }
    *out_value = word + length + 1;
    return true;
}
