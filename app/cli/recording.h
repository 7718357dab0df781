/*
 * recording.h: recorded vitals in CSV files, as observations in order of time, bed and vital, in memory that does not grow with them.
 *
 * A header; a `time` column (RFC 3339, or seconds from the start), an optional `bed` column, then one column a vital in its canonical unit. An empty
 * cell or NaN is no observation. Foreign headers are mapped, "no value" numbers named. Each file is read once, from its beginning to its end, and all
 * of them side by side. Rows up to ORDER_RECORDED_MS late are put in order, as long as no more than RECORDING_PENDING_MAX observations lie between;
 * later ones are rejected and counted. A tool's memory: allocated while opening, freed by recording_close.
 */
#ifndef WARDGATE_RECORDING_H
#define WARDGATE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/observation.h"

#define RECORDING_PENDING_MAX 65536
#define RECORDING_COLUMNS_MAX 128
#define RECORDING_LINE_MAX    65536

struct recording_options {
    const char *map;            /* "HR=hr,t_s=time" or NULL */
    const char *absent;         /* "0" or "hr=0,spo2=0" or NULL */
    const char *const *bed_ids; /* of the configuration, in its order; they outlive the recording */
    uint16_t bed_count;
    uint16_t bed;  /* of files without a bed column */
    bool is_known; /* it was read before: its headers are no news */
};

struct recording_file;

struct recording {
    struct recording_file **files;
    size_t file_count;
    uint32_t vitals; /* bit per enum vital that any file has a column for */
};

struct recording_counts {
    uint64_t rows, late_rows;
    int64_t last_ms; /* time of the newest row, even one without values */
    bool has_rows;
};

/* Opens them all and reads their headers. False after a fault, already told on standard error; close it then, too. options outlives it. */
bool recording_open(struct recording *recording, const char *const *names, size_t count,
                    const struct recording_options *options);

/* The next observations (at_ms since 1970), at least one, valid until the next call; none at the end. False after a fault, already told. */
bool recording_next(struct recording *recording, const struct observation **out, size_t *out_count);

/* Of what has been read so far. */
void recording_count(const struct recording *recording, struct recording_counts *out);
void recording_close(struct recording *recording);

#endif
