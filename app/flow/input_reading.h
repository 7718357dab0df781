/*
 * input_reading.h: a line that is being read: its members, which of them somebody has asked for, and what is wrong first. For input_*.c alone.
 *
 * Each function reads the member `key` into out, which keeps what it has when there is no such member. False: there is, and it is no such thing;
 * the fault says so.
 */
#ifndef WARDGATE_INPUT_READING_H
#define WARDGATE_INPUT_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "app/flow/input_line.h"

struct reading {
    const struct engine_config *config;
    struct json_member members[JSON_MEMBERS_MAX];
    unsigned count;
    uint32_t asked; /* bit per member */
    struct input_line *line;
    char *fault;
    size_t fault_size;
};

_Static_assert(JSON_MEMBERS_MAX <= 32, "each has a bit in `asked`");

/* The first one told is kept: it is the cause. Returns false. */
bool reading_refuse(struct reading *r, const char *format, ...) PRINTF_LIKE(2, 3);

const struct json_member *reading_find(struct reading *r, const char *key); /* NULL: there is none */

bool reading_text(struct reading *r, const char *key, char *out, size_t size); /* printable ASCII */
bool reading_utf8(struct reading *r, const char *key, char *out, size_t size);
bool reading_flag(struct reading *r, const char *key, bool *out);
bool reading_unsigned(struct reading *r, const char *key, uint64_t most, uint64_t *out);
bool reading_number(struct reading *r, const char *key, unsigned most, uint8_t *out);
bool reading_hex(struct reading *r, const char *key, uint64_t *out);
bool reading_milli(struct reading *r, const char *key, int32_t *out);
bool reading_instant(struct reading *r, const char *key, int64_t *out_ms); /* seconds, RFC 3339, or null for none */
bool reading_word(struct reading *r, const char *key, const char *(*word_of)(unsigned), unsigned count, uint8_t *out);
const char *reading_priority_word(unsigned priority);
const char *reading_vital_word(unsigned vital);

/* These must be there: a bed of the configuration; the time, with `stepped`. */
bool reading_bed(struct reading *r, const char *key, uint16_t *out);
bool reading_place(struct reading *r, int64_t *out_ms, bool *stepped);
bool reading_monitor(struct reading *r, uint8_t *out); /* 0 where it is not said */

bool reading_parse_unsigned(const char *text, size_t length, unsigned base, uint64_t *out);
bool reading_parse_milli(const char *text, size_t length, int64_t most, int64_t *out);

/* The kinds of lines, with their inputs into the line. */
bool input_read_reported(struct reading *r);
bool input_read_command(struct reading *r);
bool input_read_other(struct reading *r, enum engine_input_kind kind);

#endif
