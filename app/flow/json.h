/*
 * json.h: writes one JSON object into the caller's buffer: no allocation, no floating point, always valid UTF-8, control characters escaped.
 *
 * json_begin opens the object, one call a member follows, json_end closes it. A key of NULL writes a member without a
 * name (an element of an array). Keys are our own words and are not escaped; texts are. What does not fit is dropped
 * whole and json_end says so by 0: no check is needed between. Pure; the caller's thread.
 */
#ifndef WARDGATE_JSON_H
#define WARDGATE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
    char *out;
    size_t size, length;
    size_t text_left; /* bytes that the open text may still take */
    bool overflowed;
    bool needs_comma;
};

void json_begin(struct json *json, char *out, size_t size);
size_t json_end(struct json *json); /* length of the NUL-terminated text, without the NUL; 0 when it did not fit */

void json_open_object(struct json *json, const char *key);
void json_close_object(struct json *json);
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);

void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_milli(struct json *json, const char *key, int32_t value_milli);      /* the shortest decimal */
void json_micro(struct json *json, const char *key, int64_t value_micro);      /* likewise, six places at most */
void json_seconds(struct json *json, const char *key, int64_t ms);             /* "12.345"; null for INT64_MIN */
void json_hex(struct json *json, const char *key, uint64_t value, int digits); /* "00c0ffee" */
void json_time(struct json *json, const char *key, int64_t wall_ms);           /* "2026-01-31T23:59:59.999Z" */
void json_text(struct json *json, const char *key, const char *text);          /* NULL: null */

/* A text made of pieces. At most `bytes_max` bytes of output: what is longer ends after a whole character. */
void json_text_open(struct json *json, const char *key, size_t bytes_max);
void json_text_add(struct json *json, const char *piece, size_t length);
void json_text_add_milli(struct json *json, int32_t value_milli);
void json_text_close(struct json *json);

/* Length of the well-formed UTF-8 sequence (RFC 3629) at `text`, 0 when there is none. */
size_t json_utf8_length(const unsigned char *text, size_t available);

/* The UTF-8 of a character up to U+10FFFF; how many bytes. */
size_t json_utf8_write(uint32_t code, char bytes[4]);

#endif
