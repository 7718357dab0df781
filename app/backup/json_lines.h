/*
 * json_lines.h: lines of JSON one after another in memory that grows, up to a bound. Pure but for memory; the caller's thread.
 */
#ifndef WARDGATE_JSON_LINES_H
#define WARDGATE_JSON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "app/flow/json_read.h"

#define JSON_LINE_MAX 65536 /* the longest: a state of STORE_STATE_MAX as hexadecimal digits */

struct json_lines {
    char *bytes; /* to be freed by json_lines_fini */
    size_t size, room, size_max;
    enum status status; /* the first fault: NO_MEMORY, or FULL beyond size_max; nothing is added behind it */
};

void json_lines_init(struct json_lines *text, size_t size_max);
void json_lines_fini(struct json_lines *text);
/* `length` 0: it did not fit where it was made, which is TOO_LARGE. A line end is put behind it. */
bool json_lines_add(struct json_lines *text, const char *line, size_t length);

/* ---- reading ---- */

struct json_line {
    unsigned number; /* from 1 */
    struct json_member members[JSON_MEMBERS_MAX];
    unsigned count;
};
struct json_walk {
    const char *at, *end;
    unsigned number;
};
/* The next line as a flat object. False at the end; then *out_sound is false where a line is none, or where the last one does not end. */
bool json_lines_next(struct json_walk *walk, struct json_line *out, bool *out_sound);

/* Members by name; false when they are not there, or not of that kind, or do not fit (a text: with its escapes). */
bool json_line_words(const struct json_line *line, const char *key, char *out, size_t size);
bool json_line_number(const struct json_line *line, const char *key, uint64_t max, uint64_t *out);
bool json_line_flag(const struct json_line *line, const char *key, bool *out);
bool json_line_hex(const struct json_line *line, const char *key, void *out, size_t size, size_t *out_length);

void json_print_hex(const void *bytes, size_t size, char *out); /* 2 * size digits and a NUL */

#endif
