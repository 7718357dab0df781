/*
 * ward_recording.h: a recorded stay as a monitor plays it back.
 *
 * The file is CSV with a header; a map says which column is which vital and which is the time in seconds. A row's
 * values stand until the next row; an empty cell, or the number named as absent, is no value. The cuff's columns
 * differ: a row without any pressure is no measurement, and the last one stands; a row with any is one, moves the cuff
 * counter, and the pressures it lacks are absent. At its end a recording begins again.
 *
 * The rows belong to the recording (ward_recording_load, _free). Start-up only but for ward_recording_play, which is
 * pure.
 */
#ifndef WARD_RECORDING_H
#define WARD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/ward/ward_registers.h"

#define WARD_COLUMNS_MAX 24

struct ward_row {
    int64_t at_ms;
    int32_t milli[WARD_VITALS]; /* WARD_ABSENT: empty cell or the absent number */
};

struct ward_recording {
    struct ward_row *rows;
    size_t count;
    int64_t length_ms; /* of one round */
    int64_t speed, offset_ms;
    uint64_t next; /* row to play next; goes on counting through the rounds */
    uint16_t cuff_counter;
    int32_t shown[WARD_VITALS];
};

/* map: "HR=hr,SpO2=spo2,t_s=time"; absent: NULL or the number that means "no value". On false `why` says what is
 * wrong. */
bool ward_recording_load(struct ward_recording *recording, FILE *file, const char *map, const char *absent, char *why,
                         size_t why_size);
void ward_recording_free(struct ward_recording *recording);

/* The registers as they are now_ms after the start. now_ms must not fall. */
void ward_recording_play(struct ward_recording *recording, int64_t now_ms, struct ward_bank *bank);

#endif
