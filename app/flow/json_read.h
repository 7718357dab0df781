/*
 * json_read.h: reads one flat JSON object (RFC 8259) out of the caller's bytes: no allocation, nothing guessed (the tokens are jsmn's).
 *
 * Flat: its values are texts, numbers, true, false and null. Anything that RFC 8259 does not allow, and anything behind the object, makes it none.
 * Members point into the bytes. Pure; any thread.
 */
#ifndef WARDGATE_JSON_READ_H
#define WARDGATE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MEMBERS_MAX 32

enum json_kind { JSON_TEXT, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_member {
    const char *key;   /* as it stands, escapes and all */
    const char *value; /* a text: between its quotes */
    size_t key_length, value_length;
    enum json_kind kind;
};

/* False: not a flat object, or one of more than `most` (at most JSON_MEMBERS_MAX) members. Keys may come twice. */
bool json_read_object(const char *bytes, size_t length, struct json_member *out, unsigned most, unsigned *out_count);

bool json_member_is(const struct json_member *member, const char *key);

/* A text of printable ASCII, its escapes resolved, with a NUL; false, and "", for any other and for one that does not fit. */
bool json_read_text(const struct json_member *member, char *out, size_t size);

/* Any text in UTF-8, its escapes resolved, whatever characters come of them; "" for what is no text. What does not fit is cut behind a whole
 * character; a character that is none, NUL among them, becomes U+FFFD. */
void json_read_words(const struct json_member *member, char *out, size_t size);

/* A number in thousandths: at most 15 digits before the point, 3 behind it, no exponent; false, and *out is untouched, for any other. */
bool json_read_milli(const struct json_member *member, int64_t *out_milli);

#endif
