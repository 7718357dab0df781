/*
 * One CSV file: bytes -> lines -> rows -> observations in order.
 *
 * A row becomes its observations in one pass over its bytes. They wait in `pending` until no row may come any more that stands before them:
 *
 *     [0, taken) given out   [taken, ready) may be   [ready, count) a late row may still stand before them
 */
#include "app/cli/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/cli/recording_cell.h"
#include "app/flow/order.h"

enum { ENOUGH_LEAST = 2048, ROW_OBSERVATIONS_MAX = VITAL_COUNT + 1 };

/* A row, its values by vital. */
struct row {
    int64_t at_ms;
    uint16_t bed;
    uint32_t present, absent; /* bit per enum vital */
    int32_t values_milli[VITAL_COUNT];
};

/* --- lines --------------------------------------------------------------------------------------------------- */

enum line { LINE_READ, LINE_NONE, LINE_FAULT };

/* More bytes behind those that are left, which go to the front. */
static bool read_bytes(struct recording_file *file)
{
    memmove(file->bytes, file->bytes + file->line, file->filled - file->line);
    file->filled -= file->line;
    file->line_end -= file->line;
    file->line = 0;
    ssize_t got;
    do {
        got = read(file->fd, file->bytes + file->filled, RECORDING_READ_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        command_complain("cannot read the recording (%s: %s), check the file", file->name, strerror(errno));
        return false;
    }
    file->filled += (size_t)got;
    file->at_end = got == 0;
    return true;
}

static enum line complain_line(const struct recording_file *file)
{
    command_complain("a line is longer than %d bytes or has a NUL in it (%s:%u), is this a CSV file?",
                     RECORDING_LINE_MAX - 1, file->name, file->number);
    return LINE_FAULT;
}

/* The next line is at bytes + line, with a NUL instead of its end. */
static enum line next_line(struct recording_file *file)
{
    file->line = file->line_end;
    char *newline = NULL;
    size_t seen = 0; /* of the line */
    while (newline == NULL) {
        newline = memchr(file->bytes + file->line + seen, '\n', file->filled - file->line - seen);
        seen = file->filled - file->line;
        if (newline == NULL && (file->at_end || seen >= RECORDING_LINE_MAX)) {
            break;
        }
        if (newline == NULL && !read_bytes(file)) {
            return LINE_FAULT;
        }
    }
    if (newline == NULL && seen == 0) {
        return LINE_NONE;
    }
    file->number++;
    char *const line = file->bytes + file->line;
    char *end = newline != NULL ? newline : file->bytes + file->filled;
    file->line_end = (size_t)(end - file->bytes) + (newline != NULL ? 1 : 0);
    if (file->line_end - file->line >= RECORDING_LINE_MAX || memchr(line, '\0', (size_t)(end - line)) != NULL) {
        return complain_line(file);
    }
    end -= end > line && end[-1] == '\r' ? 1 : 0;
    *end = '\0';
    return LINE_READ;
}

/* --- rows ---------------------------------------------------------------------------------------------------- */

/* As many cells as the header has: in a row with fewer or more, who knows which value is whose. */
static bool complain_count(const struct recording_file *file, bool fewer)
{
    command_complain("%s cells than the header has columns (%s:%u), mend the row", fewer ? "fewer" : "more", file->name,
                     file->number);
    return false;
}

/* `cell`, which stands before cursor, is no such thing; unless the row is another's altogether. */
static bool complain_cell(const struct recording_file *file, unsigned column, const char *what, const char *cell,
                          char *cursor)
{
    unsigned count = column + 1;
    while (count <= file->column_count && recording_next_cell(&cursor) != NULL) {
        count++;
    }
    if (count != file->column_count) {
        return complain_count(file, count < file->column_count);
    }
    if (file->columns[column].kind == COLUMN_BED) {
        command_complain("bed '%.40s' is not in the configuration (%s:%u), add it there or mend the row", cell,
                         file->name, file->number);
    } else {
        command_complain("'%.40s' is no %s (%s:%u), mend the row", cell, what, file->name, file->number);
    }
    return false;
}

/* What the cell should be and is not; NULL when it is. */
static const char *read_time(struct recording_file *file, const char *cell, int64_t *out_ms)
{
    bool absolute = false;
    if (!recording_time(cell, out_ms, &absolute)) {
        return "time (RFC 3339, or seconds from the start)";
    }
    if (file->counts.has_rows && absolute != file->absolute) {
        return "time of the same kind as in the rows before";
    }
    file->absolute = absolute;
    return NULL;
}

/* The beds of a ward come by turns: as a rule it is the one that follows in the configuration. */
static const char *read_bed(const struct recording_file *file, const char *cell, uint16_t *out)
{
    const struct recording_options *options = file->options;
    for (unsigned i = 1; i <= options->bed_count; i++) {
        const uint16_t bed = (uint16_t)((file->bed + i) % options->bed_count);
        if (strcmp(options->bed_ids[bed], cell) == 0) {
            *out = bed;
            return NULL;
        }
    }
    return "bed";
}

static void take_value(const struct column *column, int32_t value_milli, struct row *row)
{
    const uint32_t bit = UINT32_C(1) << column->vital;
    row->values_milli[column->vital] = value_milli;
    row->present |= bit;
    row->absent |= column->has_absent && value_milli == column->absent_milli ? bit : 0;
}

static const char *read_value(const struct column *column, const char *cell, struct row *row)
{
    int32_t value_milli = 0;
    if (*cell == '\0' || strcasecmp(cell, "nan") == 0) {
        return NULL;
    }
    if (!recording_number(cell, &value_milli)) {
        return "number";
    }
    take_value(column, value_milli, row);
    return NULL;
}

static const char *read_cell(struct recording_file *file, const struct column *column, const char *cell,
                             struct row *row)
{
    switch (column->kind) {
    case COLUMN_TIME:
        return read_time(file, cell, &row->at_ms);
    case COLUMN_BED:
        return read_bed(file, cell, &row->bed);
    case COLUMN_VITAL:
        return read_value(column, cell, row);
    case COLUMN_IGNORED:
        break;
    }
    return NULL;
}

static bool read_cells(struct recording_file *file, char *cursor, struct row *row)
{
    for (unsigned i = 0; i < file->column_count; i++) {
        const struct column *column = &file->columns[i];
        int32_t value_milli;
        if (cursor == NULL) {
            return complain_count(file, true);
        }
        if (*cursor == ',' && column->kind == COLUMN_VITAL) {
            cursor++;
        } else if (column->kind == COLUMN_VITAL && recording_plain_number(&cursor, &value_milli)) {
            take_value(column, value_milli, row);
            cursor = *cursor == ',' ? cursor + 1 : NULL;
        } else {
            const char *cell = recording_next_cell(&cursor);
            const char *what = read_cell(file, column, cell, row);
            if (what != NULL) {
                return complain_cell(file, i, what, cell, cursor);
            }
        }
    }
    return cursor == NULL || complain_count(file, false);
}

/* --- order --------------------------------------------------------------------------------------------------- */

/* False: the row comes too late. */
static bool note_row(struct recording_file *file, int64_t at_ms)
{
    struct recording_counts *counts = &file->counts;
    if (counts->has_rows && (at_ms < counts->last_ms - ORDER_RECORDED_MS || at_ms < file->least_ms)) {
        counts->late_rows++;
        return false;
    }
    counts->last_ms = !counts->has_rows || at_ms > counts->last_ms ? at_ms : counts->last_ms;
    counts->has_rows = true;
    counts->rows++;
    return true;
}

/* A row tells of its time even when all its cells are empty. */
static void add_row(struct recording_file *file, const struct row *row)
{
    struct observation o = {.at_ms = row->at_ms, .bed = row->bed, .kind = OBSERVATION_HEARD};
    struct observation *out = file->pending + file->count;
    file->in_order = file->in_order &&
                     (file->count == 0 || out[-1].at_ms < o.at_ms || (out[-1].at_ms == o.at_ms && out[-1].bed < o.bed));
    *out++ = o;
    o.kind = OBSERVATION_VALUE;
    for (uint32_t left = row->present; left != 0; left &= left - 1) {
        const unsigned vital = (unsigned)__builtin_ctz(left);
        o.vital = (uint8_t)vital;
        o.value_milli = row->values_milli[vital];
        o.quality = (row->absent >> vital & 1U) != 0 ? QUALITY_ABSENT : QUALITY_VALID;
        *out++ = o;
    }
    file->count = (size_t)(out - file->pending);
}

static bool read_row(struct recording_file *file)
{
    char *const line = file->bytes + file->line;
    struct row row = {.bed = file->options->bed};
    if (line[strspn(line, " \t\r\n")] == '\0') {
        return true;
    }
    if (!read_cells(file, line, &row)) {
        return false;
    }
    file->bed = row.bed;
    if (note_row(file, row.at_ms)) {
        add_row(file, &row);
    }
    return true;
}

static bool read_rows(struct recording_file *file)
{
    enum line line = LINE_READ;
    while (file->count < file->enough && (line = next_line(file)) == LINE_READ) {
        if (!read_row(file)) {
            return false;
        }
    }
    return line != LINE_FAULT;
}

/* How many of those pending are from before that instant. */
static size_t count_before(const struct recording_file *file, int64_t at_ms)
{
    size_t from = 0;
    size_t to = file->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (file->pending[middle].at_ms < at_ms) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* So many rows within the bound that there is no room to wait for its end: the older half goes, up to the end of an instant. */
static void make_room(struct recording_file *file)
{
    file->least_ms = file->pending[file->count / 2].at_ms;
    file->ready = count_before(file, file->least_ms);
    if (file->ready == 0) {
        file->least_ms++;
        file->ready = count_before(file, file->least_ms);
    }
}

static void make_ready(struct recording_file *file)
{
    if (!file->in_order) {
        observations_sort(file->pending, file->spare, file->count);
        file->in_order = true;
    }
    if (file->count < file->enough) {
        file->ready = file->count; /* at the end of the file */
        return;
    }
    file->ready = count_before(file, file->counts.last_ms - ORDER_RECORDED_MS);
    if (file->ready == 0 && file->enough == RECORDING_PENDING_MAX) {
        make_room(file);
    }
}

bool recording_file_fill(struct recording_file *file)
{
    if (file->taken < file->ready) {
        return true;
    }
    file->count -= file->ready;
    memmove(file->pending, file->pending + file->ready, file->count * sizeof *file->pending);
    file->taken = file->ready = 0;
    do {
        file->enough = ENOUGH_LEAST;
        while (file->enough < 2 * file->count && file->enough < RECORDING_PENDING_MAX) {
            file->enough *= 2;
        }
        if (!read_rows(file)) {
            return false;
        }
        make_ready(file);
    } while (file->ready == 0 && file->count > 0);
    return true;
}

/* --- the file ------------------------------------------------------------------------------------------------ */

static bool read_header(struct recording_file *file, uint32_t *vitals)
{
    const enum line line = next_line(file);
    if (line == LINE_NONE) {
        command_complain("the recording is empty (%s), it needs a header and rows", file->name);
    }
    return line == LINE_READ && recording_columns_read(file, file->bytes + file->line, vitals);
}

/* What is never touched takes no memory: `spare` as long as rows come in order, most of the others as a rule. */
static bool take_memory(struct recording_file *file)
{
    const size_t room = RECORDING_PENDING_MAX + ROW_OBSERVATIONS_MAX;
    file->bytes = malloc(RECORDING_LINE_MAX + RECORDING_READ_BYTES + 1);
    file->pending = malloc(room * sizeof *file->pending);
    file->spare = malloc(room * sizeof *file->spare);
    if (file->bytes == NULL || file->pending == NULL || file->spare == NULL) {
        command_complain("out of memory while reading the recording (%s), replay fewer files at once", file->name);
        return false;
    }
    return true;
}

struct recording_file *recording_file_open(const char *name, const struct recording_options *options, uint32_t *vitals)
{
    struct recording_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        command_complain("out of memory while reading the recording (%s), replay fewer files at once", name);
        return NULL;
    }
    file->options = options;
    file->name = name;
    file->least_ms = INT64_MIN;
    file->in_order = true;
    file->fd = open(name, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) {
        command_complain("cannot open the recording (%s: %s), check its name", name, strerror(errno));
    } else if (take_memory(file) && read_header(file, vitals)) {
        return file;
    }
    recording_file_close(file);
    return NULL;
}

void recording_file_close(struct recording_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    free(file->bytes);
    free(file->pending);
    free(file->spare);
    free(file);
}
