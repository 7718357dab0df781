/*
 * value.h: what a text in a configuration can be: an id, a number, a duration, a size, a number with a unit.
 *
 * Pure functions over texts. Numbers are read exactly: at most six decimal places, never through floating point.
 * Outputs are written on VALUE_OK only. Thread: any.
 */
#ifndef WARDGATE_VALUE_H
#define WARDGATE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define VALUE_TEXT_MAX 32 /* room for a duration or a size as text */

enum value_result {
    VALUE_OK,
    VALUE_NOT_A_NUMBER, /* or more decimal places than are kept */
    VALUE_NO_UNIT,      /* a bare number where a unit must be */
    VALUE_UNKNOWN_UNIT, /* a number with a unit that is none of these */
    VALUE_OUT_OF_RANGE  /* more than any quantity here can be */
};

/* A letter, then letters, digits, _ or -; at most length_max characters. */
#define VALUE_ID_RULE "it must begin with a letter, then letters, digits, _ or -"
bool value_is_id(const char *text, size_t length_max);

/* Decimal or 0x hexadecimal, with or without a minus. */
enum value_result value_read_integer(const char *text, int64_t *out) MUST_CHECK;

/* `-0.25`, `38.5 Cel`, `90%`: the number in millionths, and the rest of the text ("" when there is none). */
enum value_result value_read_quantity(const char *text, int64_t *out_micro, const char **out_unit) MUST_CHECK;

/* `500ms 1.5s 5min 2h 1d`, `64KiB 128MiB 1GiB`. */
enum value_result value_read_duration(const char *text, int64_t *out_ms) MUST_CHECK;
enum value_result value_read_size(const char *text, int64_t *out_bytes) MUST_CHECK;

/* The other way round, in the largest unit that leaves no remainder. */
void value_print_duration(int64_t ms, char text[VALUE_TEXT_MAX]);
void value_print_size(int64_t bytes, char text[VALUE_TEXT_MAX]);
void value_print_decimal(int64_t micro, char text[VALUE_TEXT_MAX]); /* without zeros behind the last digit */

#endif
