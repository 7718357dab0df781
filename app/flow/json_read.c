#include "app/flow/json_read.h"

#include <assert.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

#include "app/flow/json.h"

#define TOKENS_MAX (1 + 2 * JSON_MEMBERS_MAX)

/* jsmn finds the tokens and forgives much of what stands between them: this goes over all of it. */
struct walk {
    const char *bytes;
    size_t length, at;
};

static void skip_space(struct walk *w)
{
    while (w->at < w->length && memchr(" \t\r\n", w->bytes[w->at], 4) != NULL) {
        w->at++;
    }
}

static bool take(struct walk *w, char wanted)
{
    skip_space(w);
    const bool taken = w->at < w->length && w->bytes[w->at] == wanted;
    w->at += taken ? 1 : 0;
    return taken;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *at, const char *end)
{
    const char *const first = at;
    while (at < end && is_digit(*at)) {
        at++;
    }
    return (size_t)(at - first);
}

/* Moves past '.' or 'e' and the digits that must follow; false when they do not. */
static bool take_digits(const char **at, const char *end)
{
    const size_t digits = count_digits(*at, end);
    *at += digits;
    return digits > 0;
}

static bool is_number(const char *text, size_t length)
{
    const char *at = text, *const end = text + length;
    at += at < end && *at == '-' ? 1 : 0;
    const char *const whole = at;
    if (!take_digits(&at, end) || (*whole == '0' && at - whole > 1)) {
        return false;
    }
    if (at < end && *at == '.') {
        at++;
        if (!take_digits(&at, end)) {
            return false;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
        if (!take_digits(&at, end)) {
            return false;
        }
    }
    return at == end;
}

static bool is_word(const struct json_member *m, const char *word)
{
    return m->value_length == strlen(word) && memcmp(m->value, word, m->value_length) == 0;
}

static bool find_kind(struct json_member *m)
{
    m->kind = is_word(m, "true")    ? JSON_TRUE
              : is_word(m, "false") ? JSON_FALSE
              : is_word(m, "null")  ? JSON_NULL
                                    : JSON_NUMBER;
    return m->kind != JSON_NUMBER || is_number(m->value, m->value_length);
}

/* A text with its quotes, where the walk stands; jsmn has looked at its escapes. Control characters have no place in it. */
static bool take_text(struct walk *w, const jsmntok_t *token, const char **out, size_t *out_length)
{
    if (token->type != JSMN_STRING || !take(w, '"') || w->at != (size_t)token->start) {
        return false;
    }
    *out = w->bytes + token->start;
    *out_length = (size_t)(token->end - token->start);
    for (size_t i = 0; i < *out_length; i++) {
        if ((unsigned char)(*out)[i] < 0x20) {
            return false;
        }
    }
    w->at = (size_t)token->end;
    return take(w, '"');
}

static bool take_value(struct walk *w, const jsmntok_t *token, struct json_member *out)
{
    if (token->type == JSMN_STRING) {
        out->kind = JSON_TEXT;
        return take_text(w, token, &out->value, &out->value_length);
    }
    skip_space(w);
    if (token->type != JSMN_PRIMITIVE || w->at != (size_t)token->start) {
        return false;
    }
    out->value = w->bytes + token->start;
    out->value_length = (size_t)(token->end - token->start);
    w->at = (size_t)token->end;
    return find_kind(out);
}

static bool take_member(struct walk *w, const jsmntok_t *tokens, struct json_member *out)
{
    return take_text(w, &tokens[0], &out->key, &out->key_length) && take(w, ':') && take_value(w, &tokens[1], out);
}

bool json_read_object(const char *bytes, size_t length, struct json_member *out, unsigned most, unsigned *out_count)
{
    assert(most <= JSON_MEMBERS_MAX);
    jsmntok_t tokens[TOKENS_MAX];
    jsmn_parser parser;
    struct walk walk = {.bytes = bytes, .length = length};
    jsmn_init(&parser);
    const int found = jsmn_parse(&parser, bytes, length, tokens, 1 + 2 * most);
    if (found < 1 || found % 2 == 0 || tokens[0].type != JSMN_OBJECT || !take(&walk, '{')) {
        return false;
    }
    const unsigned count = (unsigned)found / 2;
    for (unsigned i = 0; i < count; i++) {
        if ((i > 0 && !take(&walk, ',')) || !take_member(&walk, &tokens[1 + 2 * i], &out[i])) {
            return false;
        }
    }
    const bool closed = take(&walk, '}');
    skip_space(&walk);
    *out_count = count;
    return closed && walk.at == length;
}

bool json_member_is(const struct json_member *member, const char *key)
{
    return member->key_length == strlen(key) && memcmp(member->key, key, member->key_length) == 0;
}

/* The code of \uXXXX; jsmn has seen that these are four digits. */
static unsigned code_of(const char *digits)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        const char c = digits[i];
        code = code * 16 + (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
}

/* The character at *at, moving on; 0 for one that is not printable ASCII. */
static char take_character(const char **at)
{
    unsigned code = (unsigned char)**at;
    *at += 1;
    if (code == '\\') {
        code = (unsigned char)**at;
        *at += 1;
        if (code == 'u') {
            code = code_of(*at);
            *at += 4;
        } else if (strchr("\"\\/", (int)code) == NULL) {
            return 0;
        }
    }
    return code >= 0x20 && code <= 0x7E ? (char)code : '\0';
}

bool json_read_text(const struct json_member *member, char *out, size_t size)
{
    out[0] = '\0';
    if (member->kind != JSON_TEXT) {
        return false;
    }
    const char *at = member->value, *const end = at + member->value_length;
    size_t length = 0;
    while (at < end) {
        const char c = take_character(&at);
        if (c == '\0' || length + 1 >= size) {
            out[0] = '\0';
            return false;
        }
        out[length++] = c;
    }
    out[length] = '\0';
    return true;
}

#define CODE_REPLACEMENT 0xFFFDU

/* Of UTF-16: the first half of a character beyond U+FFFF, and the second. */
static bool is_high_half(unsigned code)
{
    return code >= 0xD800 && code <= 0xDBFF;
}

static bool is_low_half(unsigned code)
{
    return code >= 0xDC00 && code <= 0xDFFF;
}

/* Behind "\u", moving on behind the character. */
static unsigned take_escaped_code(const char **at, const char *end)
{
    const unsigned code = code_of(*at);
    *at += 4;
    if (is_high_half(code) && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        const unsigned low = code_of(*at + 2);
        if (is_low_half(low)) {
            *at += 6;
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return code == 0 || is_high_half(code) || is_low_half(code) ? CODE_REPLACEMENT : code;
}

/* Behind a backslash. */
static unsigned take_escape(const char **at, const char *end)
{
    static const char letters[] = "bfnrt", codes[] = "\b\f\n\r\t";
    const char letter = **at;
    *at += 1;
    if (letter == 'u') {
        return take_escaped_code(at, end);
    }
    const char *const found = strchr(letters, letter);
    return found != NULL ? (unsigned char)codes[found - letters] : (unsigned char)letter;
}

/* The bytes of the character at *at, moving on. */
static size_t take_bytes(const char **at, const char *end, char bytes[4])
{
    if (**at == '\\') {
        *at += 1;
        return json_utf8_write(take_escape(at, end), bytes);
    }
    const size_t length = json_utf8_length((const unsigned char *)*at, (size_t)(end - *at));
    if (length == 0) {
        *at += 1;
        return json_utf8_write(CODE_REPLACEMENT, bytes);
    }
    memcpy(bytes, *at, length);
    *at += length;
    return length;
}

void json_read_words(const struct json_member *member, char *out, size_t size)
{
    const char *at = member->value, *const end = member->kind == JSON_TEXT ? at + member->value_length : at;
    size_t length = 0;
    while (at < end) {
        char bytes[4];
        const size_t count = take_bytes(&at, end, bytes);
        if (length + count >= size) {
            break;
        }
        memcpy(out + length, bytes, count);
        length += count;
    }
    out[length] = '\0';
}

bool json_read_milli(const struct json_member *member, int64_t *out_milli)
{
    if (member->kind != JSON_NUMBER) {
        return false;
    }
    const char *at = member->value, *const end = at + member->value_length;
    const bool negative = *at == '-';
    at += negative ? 1 : 0;
    const size_t whole = count_digits(at, end);
    const bool has_point = at + whole < end && at[whole] == '.';
    const size_t places = has_point ? count_digits(at + whole + 1, end) : 0;
    if (whole > 15 || places > 3 || at + whole + (has_point ? 1 + places : 0) != end) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < whole + 3; i++) {
        const size_t place = i < whole ? i : i + 1;
        value = value * 10 + (i < whole + places ? at[place] - '0' : 0);
    }
    *out_milli = negative ? -value : value;
    return true;
}
