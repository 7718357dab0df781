/*
 * ward_text.h: the small words of ward descriptions and commands: lines, durations, decimals.
 *
 * Pure but for ward_text_expand, which reads the environment. Every output is written on success only.
 */
#ifndef WARD_TEXT_H
#define WARD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WARD_MS 1000000LL /* nanoseconds */
#define WARD_S  1000000000LL

#define WARD_NAME_MAX 32 /* with the closing zero */

/* Splits a line into words in place; `#` begins a comment. Returns how many there are, which may be more than
 * were stored. */
size_t ward_text_split(char *line, char *words[], size_t words_max);

/* Replaces ${NAME} by the environment variable, ${NAME+N} by its number plus N. On false `out` says what is wrong. */
bool ward_text_expand(const char *line, char *out, size_t size);

/* "10s", "500ms", "250us", "2min", "1h"; a bare number is milliseconds. At most a day. */
bool ward_text_duration(const char *text, int64_t *out_ns);

/* A decimal as thousandths, rounded half away from zero: "36.85" is 36850. */
bool ward_text_milli(const char *text, int32_t *out_milli);

bool ward_text_number(const char *text, int64_t low, int64_t high, int64_t *out);

/* A letter, then letters, digits, _ and -, shorter than WARD_NAME_MAX. */
bool ward_text_is_name(const char *text);

/* True when `word` is "key=..."; *out_value points behind the sign. */
bool ward_text_option(const char *word, const char *key, const char **out_value);

#endif
