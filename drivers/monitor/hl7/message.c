#include "drivers/monitor/hl7/message.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* --- delimiters ---------------------------------------------------------------------------------------------- */

/* What neither stands in names and numbers nor ends a segment. */
static bool can_delimit(char c)
{
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_digit = c >= '0' && c <= '9';
    return c > ' ' && c < 0x7f && !is_letter && !is_digit && c != '.' && c != '-' && c != '+';
}

static bool are_distinct(const char *delimiters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!can_delimit(delimiters[i]) || memchr(delimiters, delimiters[i], i) != NULL) {
            return false;
        }
    }
    return true;
}

/* What is sent back in acknowledgements comes from there. */
static bool has_controls(struct text header)
{
    for (size_t i = 0; i < header.length; i++) {
        if ((unsigned char)header.at[i] < ' ' && header.at[i] != '\t') {
            return true;
        }
    }
    return false;
}

bool message_open(const char *bytes, size_t length, struct message *out)
{
    enum { SHORTEST = 5, ENCODING_MAX = 5 }; /* "MSH|^"; the fifth, of v2.7, marks what was cut off */
    struct text rest = {bytes, length};
    struct text header;
    if (!message_next(&rest, &header) || header.length < SHORTEST || !text_begins(header, "MSH") ||
        has_controls(header)) {
        return false;
    }
    const char field = header.at[3];
    const struct text encoding = text_part(header, field, 2);
    char delimiters[1 + ENCODING_MAX] = {field};
    if (encoding.length == 0 || encoding.length > ENCODING_MAX) {
        return false;
    }
    memcpy(delimiters + 1, encoding.at, encoding.length);
    if (!are_distinct(delimiters, 1 + encoding.length)) {
        return false;
    }
    *out = (struct message){.bytes = {bytes, length},
                            .header = header,
                            .field = field,
                            .component = delimiters[1],
                            .repetition = delimiters[2],
                            .escape = delimiters[3],
                            .subcomponent = delimiters[4]};
    return true;
}

/* --- parts --------------------------------------------------------------------------------------------------- */

static bool ends_segment(char c)
{
    return c == '\r' || c == '\n';
}

bool message_next(struct text *rest, struct text *out_segment)
{
    size_t begin = 0;
    while (begin < rest->length && ends_segment(rest->at[begin])) {
        begin++;
    }
    size_t end = begin;
    while (end < rest->length && !ends_segment(rest->at[end])) {
        end++;
    }
    *out_segment = (struct text){rest->at + begin, end - begin};
    *rest = (struct text){rest->at + end, rest->length - end};
    return out_segment->length > 0;
}

bool message_segment_is(const struct message *message, struct text segment, const char *name)
{
    return text_is(text_part(segment, message->field, 1), name);
}

bool message_segment_is_sound(const struct message *message, struct text segment)
{
    const struct text name = text_part(segment, message->field, 1);
    for (size_t i = 0; i < name.length; i++) {
        const char c = name.at[i];
        if ((c < 'A' || c > 'Z') && (c < '0' || c > '9')) {
            return false;
        }
    }
    return name.length == 3;
}

struct text message_field(const struct message *message, struct text segment, unsigned n)
{
    const bool is_header = message_segment_is(message, segment, "MSH");
    return text_part(segment, message->field, is_header ? n : n + 1);
}

struct text message_repetition(const struct message *message, struct text field, unsigned n)
{
    return text_part(field, message->repetition, n);
}

struct text message_component(const struct message *message, struct text field, unsigned n)
{
    const struct text first = message_repetition(message, field, 1);
    return text_trimmed(text_part(first, message->component, n));
}

bool message_field_has(const struct message *message, struct text field, const char *word)
{
    enum { REPETITIONS_MAX = 8 };
    for (unsigned i = 1; i <= REPETITIONS_MAX; i++) {
        const struct text repetition = message_repetition(message, field, i);
        if (text_is_word(message_component(message, repetition, 1), word) ||
            text_is_word(message_component(message, repetition, 2), word)) {
            return true;
        }
    }
    return false;
}

/* --- texts --------------------------------------------------------------------------------------------------- */

/* Bytes of a text after its escapes, one by one. */
struct unescape {
    const struct message *message;
    struct text rest;
    struct text hex; /* digits of a \X..\ that are still to come */
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Of what stands between two escape characters: the delimiter it means; 0: none. */
static char meant_by(const struct message *m, struct text sequence)
{
    static const char letters[] = "FSTRE";
    const char meant[] = {m->field, m->component, m->subcomponent, m->repetition, m->escape};
    const char *letter = sequence.length == 1 ? strchr(letters, sequence.at[0]) : NULL;
    return letter != NULL && *letter != '\0' ? meant[letter - letters] : '\0';
}

/* At an escape character: gives the byte it means when it means one. An escape that is not closed is a character like
 * others. */
static bool resolve(struct unescape *u, unsigned char *out)
{
    const struct text after = {u->rest.at + 1, u->rest.length - 1};
    const struct text sequence = text_part(after, u->message->escape, 1);
    if (sequence.length == after.length) {
        *out = (unsigned char)u->rest.at[0];
        u->rest = after;
        return true;
    }
    u->rest = (struct text){after.at + sequence.length + 1, after.length - sequence.length - 1};
    *out = (unsigned char)meant_by(u->message, sequence);
    if (*out == '\0' && text_begins(sequence, "X")) {
        u->hex = (struct text){sequence.at + 1, sequence.length - 1};
    }
    return *out != '\0';
}

static bool next_byte(struct unescape *u, unsigned char *out)
{
    while (u->hex.length > 1 || u->rest.length > 0) {
        if (u->hex.length > 1) {
            const int high = hex_digit(u->hex.at[0]), low = hex_digit(u->hex.at[1]);
            u->hex = (struct text){u->hex.at + 2, u->hex.length - 2};
            *out = high >= 0 && low >= 0 ? (unsigned char)(high * 16 + low) : (unsigned char)'?';
            return true;
        }
        if (u->message->escape != '\0' && u->rest.at[0] == u->message->escape) {
            if (resolve(u, out)) {
                return true;
            }
            continue;
        }
        *out = (unsigned char)u->rest.at[0];
        u->rest = (struct text){u->rest.at + 1, u->rest.length - 1};
        return true;
    }
    return false;
}

/* How many bytes follow the first one of a UTF-8 character, and the smallest character that needs so many; -1: it
 * begins none. */
static int utf8_follow(unsigned char first, uint32_t *out_bits, uint32_t *out_least)
{
    static const struct {
        unsigned char mask, mark;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (int i = 0; i < 4; i++) {
        if ((first & forms[i].mask) == forms[i].mark) {
            *out_bits = first & (unsigned char)~forms[i].mask;
            *out_least = forms[i].least;
            return i;
        }
    }
    return -1;
}

/* A character of UTF-8 whose first byte was taken. What follows it wrongly is left to be the next character's. */
static uint32_t utf8_character(struct unescape *u, unsigned char first)
{
    uint32_t bits = 0, least = 0;
    const int follow = utf8_follow(first, &bits, &least);
    for (int i = 0; i < follow; i++) {
        struct unescape ahead = *u;
        unsigned char next = 0;
        if (!next_byte(&ahead, &next) || (next & 0xc0) != 0x80) {
            return '?';
        }
        *u = ahead;
        bits = bits << 6 | (next & 0x3fU);
    }
    const bool is_sound = follow >= 0 && bits >= least && bits <= 0x10ffff && (bits < 0xd800 || bits > 0xdfff);
    return is_sound ? bits : '?';
}

static uint32_t character(struct unescape *u, unsigned char first)
{
    uint32_t c = first;
    if (u->message->charset == CHARSET_UTF8) {
        c = utf8_character(u, first);
    } else if (u->message->charset == CHARSET_ASCII && first >= 0x80) {
        c = '?';
    }
    return c < 0x20 || (c >= 0x7f && c < 0xa0) ? '?' : c;
}

static size_t utf8_write(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    const size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--, c >>= 6) {
        out[i] = (char)(0x80 | (c & 0x3f));
    }
    out[0] = (char)(marks[length] | c);
    return length;
}

void message_text(const struct message *message, struct text text, char *out, size_t size)
{
    assert(size > 0);
    struct unescape u = {.message = message, .rest = text_trimmed(text), .hex = TEXT_NONE};
    size_t used = 0;
    unsigned char first = 0;
    while (next_byte(&u, &first)) {
        char utf8[4];
        const size_t length = utf8_write(character(&u, first), utf8);
        if (used + length >= size) {
            break;
        }
        memcpy(out + used, utf8, length);
        used += length;
    }
    out[used] = '\0';
}
