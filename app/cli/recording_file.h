/*
 * recording_file.h: one CSV file of a recording: its columns, its rows, and what of them is in order already. For recording*.c alone.
 */
#ifndef WARDGATE_RECORDING_FILE_H
#define WARDGATE_RECORDING_FILE_H

#include "app/cli/recording.h"
#include "app/engine/vital.h"

#define RECORDING_READ_BYTES 32768

enum column_kind { COLUMN_IGNORED, COLUMN_TIME, COLUMN_BED, COLUMN_VITAL };

struct column {
    enum column_kind kind;
    enum vital vital;
    bool has_absent;
    int32_t absent_milli;
};

struct recording_file {
    const struct recording_options *options;
    const char *name;
    int fd;
    bool at_end; /* nothing more to read */

    char *bytes; /* those read: [line, line_end) is the line at hand, [line_end, filled) what follows it */
    size_t line, line_end, filled;
    unsigned number; /* of the line, from 1 */

    struct column columns[RECORDING_COLUMNS_MAX];
    unsigned column_count;

    struct recording_counts counts;
    bool absolute;
    int64_t least_ms; /* rows from before are late: what is newer has been given out */
    uint16_t bed;     /* of the row before */

    /* Observations of rows, in order if `in_order`: [taken, ready) may be given out, the others wait for late rows. */
    struct observation *pending, *spare;
    size_t taken, ready, count;
    size_t enough; /* so many, and some of them are made ready */
    bool in_order;
};

/* Opens it and reads its header; *vitals gets what it has columns for. False after a fault, already told; what it took is freed then. */
struct recording_file *recording_file_open(const char *name, const struct recording_options *options, uint32_t *vitals);
void recording_file_close(struct recording_file *file);

/* Has observations ready, [taken, ready), unless the file is at its end. False after a fault, already told. */
bool recording_file_fill(struct recording_file *file);

/* recording_columns.c: what the header says. False after a fault, already told. */
bool recording_columns_read(struct recording_file *file, char *line, uint32_t *vitals);

/* The next cell of a line, in place: without the quotes and blanks around it. NULL when the line is at its end. */
char *recording_next_cell(char **cursor);

#endif
