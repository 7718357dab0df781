/*
 * recording_cell.h: the cells of a recording: numbers and times. Integers alone, nothing allocated.
 */
#ifndef WARDGATE_RECORDING_CELL_H
#define WARDGATE_RECORDING_CELL_H

#include <stdbool.h>
#include <stdint.h>

/* A decimal number as thousandths, rounded half away from zero; false when it is none or out of range. */
bool recording_number(const char *text, int32_t *out_milli);

/* RFC 3339 or seconds as ms. *out_absolute tells which. */
bool recording_time(const char *text, int64_t *out_ms, bool *out_absolute);

/*
 * The same as recording_number for a cell that is nothing but a number of the usual size, up to the comma or NUL at its end, to which *cursor is
 * moved. False, and nothing moved, for any other: an odd one, or none. Nearly all cells are such, so this decides how fast a recording is read.
 */
static inline bool recording_plain_number(char **cursor, int32_t *out_milli)
{
    char *at = *cursor;
    const bool negative = *at == '-';
    at += negative ? 1 : 0;
    const char *const first = at;
    int32_t milli = 0;
    for (; (unsigned)(*at - '0') <= 9; at++) {
        if (at - first == 6) {
            return false;
        }
        milli = milli * 10 + (*at - '0');
    }
    if (at == first) {
        return false;
    }
    milli *= 1000;
    if (*at == '.') {
        int32_t place = 100;
        for (at++; (unsigned)(*at - '0') <= 9 && place > 0; at++, place /= 10) {
            milli += (*at - '0') * place;
        }
    }
    if (*at != ',' && *at != '\0') {
        return false;
    }
    *cursor = at;
    *out_milli = negative ? -milli : milli;
    return true;
}

#endif
