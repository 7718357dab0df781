/*
 * read.h: single values out of the JSON that the gateway writes: of the first key of that name, which is flat and in the front. Pure.
 */
#ifndef WARDGATE_TESTS_SIM_READ_H
#define WARDGATE_TESTS_SIM_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

const char *read_behind(const char *json, const char *key);       /* what stands behind "key":, or NULL */
uint64_t read_number(const char *json, const char *key);          /* 0: it is not there, or null */
uint64_t read_hex(const char *json, const char *key);             /* of a text; 0: likewise */
bool read_milli(const char *json, const char *key, int32_t *out); /* false: it is not there */
bool read_is(const char *json, const char *key, const char *text);
void read_text(const char *json, const char *key, char *out, size_t size); /* "": it is not there, or null */

uint64_t read_digest(const char *bytes, size_t length);

#endif
