/*
 * recording.h: recorded vitals in CSV files, as observations in order of time, bed and vital.
 *
 * A header; a `time` column (RFC 3339, or seconds from the start), an optional `bed` column, then one column a vital in its canonical unit. An empty
 * cell or NaN is no observation. Foreign headers are mapped, "no value" numbers named. Rows up to RECORDING_REORDER_MS late are put in order,
 * later ones rejected and counted. A tool's memory: allocated while reading, freed by recording_free.
 */
#ifndef WARDGATE_RECORDING_H
#define WARDGATE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/observation.h"

#define RECORDING_REORDER_MS  10000
#define RECORDING_COLUMNS_MAX 128
#define RECORDING_LINE_MAX    65536

struct recording_options {
    const char *map;    /* "HR=hr,t_s=time" or NULL */
    const char *absent; /* "0" or "hr=0,spo2=0" or NULL */
    uint16_t bed;       /* of files without a bed column */
    /* The bed's index, or BED_NONE. */
    uint16_t (*bed_by_id)(void *context, const char *id);
    void *context;
};

struct recording {
    struct observation *observations; /* at_ms since 1970 */
    size_t count, capacity;
    uint32_t vitals; /* bit per enum vital that any file has a column for */
    int64_t last_ms; /* time of the newest row, even one without values */
    uint64_t rows, late_rows;
    bool has_rows;
};

/* Reads one file more. False after a fault, already told on standard error. */
bool recording_read(struct recording *recording, const char *file, const struct recording_options *options);

/* Puts everything in order; call once after the last file. False, and told, when memory is short. */
bool recording_sort(struct recording *recording);
void recording_free(struct recording *recording);

/* A decimal number as thousandths, rounded half away from zero; false when it is none or out of range. */
bool recording_number(const char *text, int32_t *out_milli);

/* RFC 3339 or seconds as ms. *out_absolute tells which. */
bool recording_time(const char *text, int64_t *out_ms, bool *out_absolute);

#endif
