#include "app/cli/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/cli/command.h"
#include "app/engine/suggest.h"
#include "app/flow/order.h"

enum column_kind { COLUMN_IGNORED, COLUMN_TIME, COLUMN_BED, COLUMN_VITAL };

struct column {
    enum column_kind kind;
    enum vital vital;
    bool has_absent;
    int32_t absent_milli;
};

struct reader {
    struct recording *recording;
    const struct recording_options *options;
    const char *file;
    FILE *stream;
    char *line;
    unsigned number; /* of the line, from 1 */
    struct column columns[RECORDING_COLUMNS_MAX];
    unsigned column_count;
    int64_t newest_ms;
    bool has_row, absolute;
};

/* The comma behind a cell, or the line's end; a comma within a cell in quotes is a part of it. */
static char *find_end(char *cell)
{
    cell += strspn(cell, " \t");
    const bool in_quotes = *cell == '"';
    bool open = false;
    while (*cell != '\0' && (open || *cell != ',')) {
        open ^= in_quotes && *cell == '"';
        cell++;
    }
    return cell;
}

/* The next cell of a line, in place: without the quotes and blanks around it. NULL when the line is at its end. */
static char *next_cell(char **cursor)
{
    char *cell = *cursor;
    if (cell == NULL) {
        return NULL;
    }
    char *end = find_end(cell);
    *cursor = *end == ',' ? end + 1 : NULL;
    while (end > cell && strchr(" \t\r\n\"", end[-1]) != NULL) {
        end--;
    }
    *end = '\0';
    return cell + strspn(cell, " \t\"");
}

/* Looks `key` up in "key=value,key=value"; copies its value. */
static bool find_pair(const char *pairs, const char *key, char *out, size_t size)
{
    const size_t length = strlen(key);
    for (const char *at = pairs; at != NULL && *at != '\0';) {
        const size_t pair = strcspn(at, ",");
        if (pair > length && strncmp(at, key, length) == 0 && at[length] == '=') {
            (void)snprintf(out, size, "%.*s", (int)(pair - length - 1), at + length + 1);
            return true;
        }
        at += pair + (at[pair] == ',' ? 1 : 0);
    }
    return false;
}

static void take_absent(const struct recording_options *options, struct column *column)
{
    const char *absent = options->absent;
    char value[32];
    if (absent == NULL) {
        return;
    }
    if (strchr(absent, '=') == NULL) {
        column->has_absent = recording_number(absent, &column->absent_milli);
    } else if (find_pair(absent, vital_info(column->vital)->name, value, sizeof value)) {
        column->has_absent = recording_number(value, &column->absent_milli);
    }
}

static void note_ignored(const struct reader *reader, const char *header)
{
    const char *names[VITAL_COUNT];
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        names[v] = vital_info((enum vital)v)->name;
    }
    const char *near = suggest(header, strlen(header), names, VITAL_COUNT);
    command_complain("column '%s' is no vital%s%s%s and is left out (%s:1), map it with --map %s=VITAL", header,
                     near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "",
                     reader->file, header);
}

static void read_column(struct reader *reader, const char *header)
{
    struct column *column = &reader->columns[reader->column_count++];
    char mapped[64];
    *column = (struct column){.kind = COLUMN_IGNORED};
    if (reader->options->map == NULL || !find_pair(reader->options->map, header, mapped, sizeof mapped)) {
        (void)snprintf(mapped, sizeof mapped, "%s", header);
    }
    if (strcmp(mapped, "time") == 0) {
        column->kind = COLUMN_TIME;
        return;
    }
    if (strcmp(mapped, "bed") == 0) {
        column->kind = COLUMN_BED;
        return;
    }
    column->vital = vital_by_name(mapped, strlen(mapped));
    if (column->vital == VITAL_NONE) {
        note_ignored(reader, header);
        return;
    }
    column->kind = COLUMN_VITAL;
    reader->recording->vitals |= UINT32_C(1) << column->vital;
    take_absent(reader->options, column);
}

static bool complain_double(const struct reader *reader, unsigned column)
{
    const struct column *c = &reader->columns[column];
    const char *what = c->kind == COLUMN_VITAL ? vital_info(c->vital)->name : c->kind == COLUMN_TIME ? "time" : "bed";
    command_complain("two columns give '%s' (%s:1), map one of them to another name", what, reader->file);
    return false;
}

static bool check_columns(const struct reader *reader)
{
    bool has_time = false;
    for (unsigned i = 0; i < reader->column_count; i++) {
        const struct column *a = &reader->columns[i];
        has_time |= a->kind == COLUMN_TIME;
        for (unsigned j = 0; j < i && a->kind != COLUMN_IGNORED; j++) {
            const struct column *b = &reader->columns[j];
            if (a->kind == b->kind && (a->kind != COLUMN_VITAL || a->vital == b->vital)) {
                return complain_double(reader, i);
            }
        }
    }
    if (!has_time) {
        command_complain("no column is called 'time' (%s:1), name it or map it: --map t_s=time", reader->file);
    }
    return has_time;
}

enum line { LINE_READ, LINE_NONE, LINE_FAULT };

static enum line read_line(struct reader *reader)
{
    if (fgets(reader->line, RECORDING_LINE_MAX, reader->stream) == NULL) {
        if (ferror(reader->stream) == 0) {
            return LINE_NONE;
        }
        command_complain("cannot read the recording (%s: %s), check the file", reader->file, strerror(errno));
        return LINE_FAULT;
    }
    reader->number++;
    const size_t length = strlen(reader->line);
    if ((length == 0 || reader->line[length - 1] != '\n') && feof(reader->stream) == 0) {
        command_complain("a line is longer than %d bytes or has a NUL in it (%s:%u), is this a CSV file?",
                         RECORDING_LINE_MAX - 1, reader->file, reader->number);
        return LINE_FAULT;
    }
    return LINE_READ;
}

static bool read_header(struct reader *reader)
{
    const enum line line = read_line(reader);
    if (line == LINE_NONE) {
        command_complain("the recording is empty (%s), it needs a header and rows", reader->file);
    }
    if (line != LINE_READ) {
        return false;
    }
    char *cursor = reader->line;
    if (strncmp(cursor, "\xEF\xBB\xBF", 3) == 0) {
        cursor += 3;
    }
    for (char *cell = next_cell(&cursor); cell != NULL; cell = next_cell(&cursor)) {
        if (reader->column_count == RECORDING_COLUMNS_MAX) {
            command_complain("more than %d columns (%s:1), leave some out", RECORDING_COLUMNS_MAX, reader->file);
            return false;
        }
        read_column(reader, cell);
    }
    return check_columns(reader);
}

static bool add(struct recording *recording, const struct observation *o)
{
    if (recording->count == recording->capacity) {
        const size_t capacity = recording->capacity == 0 ? 4096 : recording->capacity * 2;
        struct observation *grown = reallocarray(recording->observations, capacity, sizeof *grown);
        if (grown == NULL) {
            command_complain("out of memory after %zu observations, replay fewer files at once", recording->count);
            return false;
        }
        recording->observations = grown;
        recording->capacity = capacity;
    }
    recording->observations[recording->count++] = *o;
    return true;
}

static bool complain_cell(const struct reader *reader, const char *what, const char *cell)
{
    command_complain("'%.40s' is no %s (%s:%u), mend the row", cell, what, reader->file, reader->number);
    return false;
}

static bool read_time(struct reader *reader, const char *cell, int64_t *out_ms)
{
    bool absolute = false;
    if (!recording_time(cell, out_ms, &absolute)) {
        return complain_cell(reader, "time (RFC 3339, or seconds from the start)", cell);
    }
    if (reader->has_row && absolute != reader->absolute) {
        return complain_cell(reader, "time of the same kind as in the rows before", cell);
    }
    reader->absolute = absolute;
    return true;
}

static bool read_bed(const struct reader *reader, const char *cell, uint16_t *out)
{
    *out = reader->options->bed_by_id(reader->options->context, cell);
    if (*out == BED_NONE) {
        command_complain("bed '%.40s' is not in the configuration (%s:%u), add it there or mend the row", cell,
                         reader->file, reader->number);
    }
    return *out != BED_NONE;
}

static bool is_no_value(const char *cell)
{
    return *cell == '\0' || strcasecmp(cell, "nan") == 0;
}

/* Time and bed first: the other cells of the row need them. */
static bool read_place(struct reader *reader, char *const *cells, int64_t *out_ms, uint16_t *out_bed)
{
    bool placed = true;
    *out_bed = reader->options->bed;
    for (unsigned i = 0; i < reader->column_count && placed; i++) {
        if (reader->columns[i].kind == COLUMN_TIME) {
            placed = read_time(reader, cells[i], out_ms);
        } else if (reader->columns[i].kind == COLUMN_BED) {
            placed = read_bed(reader, cells[i], out_bed);
        }
    }
    return placed;
}

static bool read_value(struct reader *reader, const struct column *column, const char *cell, int64_t at_ms,
                       uint16_t bed)
{
    struct observation o = {.at_ms = at_ms, .bed = bed, .kind = OBSERVATION_VALUE, .vital = (uint8_t)column->vital};
    if (is_no_value(cell)) {
        return true;
    }
    if (!recording_number(cell, &o.value_milli)) {
        return complain_cell(reader, "number", cell);
    }
    const bool absent = column->has_absent && o.value_milli == column->absent_milli;
    o.quality = absent ? QUALITY_ABSENT : QUALITY_VALID;
    return add(reader->recording, &o);
}

static bool note_row(struct reader *reader, int64_t at_ms)
{
    struct recording *recording = reader->recording;
    if (reader->has_row && at_ms < reader->newest_ms - RECORDING_REORDER_MS) {
        recording->late_rows++;
        return false;
    }
    reader->newest_ms = !reader->has_row || at_ms > reader->newest_ms ? at_ms : reader->newest_ms;
    reader->has_row = true;
    recording->last_ms = !recording->has_rows || at_ms > recording->last_ms ? at_ms : recording->last_ms;
    recording->has_rows = true;
    recording->rows++;
    return true;
}

/* As many cells as the header has: in a row with fewer or more, who knows which value is whose. */
static bool split_row(const struct reader *reader, char **cells)
{
    unsigned count = 0;
    char *cursor = reader->line;
    for (char *cell = next_cell(&cursor); cell != NULL && count <= reader->column_count; cell = next_cell(&cursor)) {
        if (count < reader->column_count) {
            cells[count] = cell;
        }
        count++;
    }
    if (count != reader->column_count) {
        command_complain("%s cells than the header has columns (%s:%u), mend the row",
                         count < reader->column_count ? "fewer" : "more", reader->file, reader->number);
    }
    return count == reader->column_count;
}

/* A row tells of its time even when all its cells are empty. */
static bool read_row(struct reader *reader)
{
    char *cells[RECORDING_COLUMNS_MAX];
    int64_t at_ms = 0;
    uint16_t bed = 0;
    if (reader->line[strspn(reader->line, " \t\r\n")] == '\0') {
        return true;
    }
    if (!split_row(reader, cells) || !read_place(reader, cells, &at_ms, &bed)) {
        return false;
    }
    if (!note_row(reader, at_ms)) {
        return true;
    }
    const struct observation heard = {.at_ms = at_ms, .bed = bed, .kind = OBSERVATION_HEARD};
    bool read = add(reader->recording, &heard);
    for (unsigned i = 0; i < reader->column_count && read; i++) {
        if (reader->columns[i].kind == COLUMN_VITAL) {
            read = read_value(reader, &reader->columns[i], cells[i], at_ms, bed);
        }
    }
    return read;
}

static bool read_all(struct reader *reader)
{
    if (!read_header(reader)) {
        return false;
    }
    enum line line = read_line(reader);
    while (line == LINE_READ && read_row(reader)) {
        line = read_line(reader);
    }
    return line == LINE_NONE;
}

bool recording_read(struct recording *recording, const char *file, const struct recording_options *options)
{
    struct reader *reader = calloc(1, sizeof *reader);
    char *line = malloc(RECORDING_LINE_MAX);
    FILE *stream = fopen(file, "re");
    bool read = false;
    if (stream == NULL) {
        command_complain("cannot open the recording (%s: %s), check its name", file, strerror(errno));
    } else if (reader == NULL || line == NULL) {
        command_complain("out of memory while reading the recording (%s), replay fewer files at once", file);
    } else {
        *reader =
            (struct reader){.recording = recording, .options = options, .file = file, .stream = stream, .line = line};
        read = read_all(reader);
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
    free(line);
    free(reader);
    return read;
}

bool recording_sort(struct recording *recording)
{
    struct observation *spare = calloc(recording->count + 1, sizeof *spare);
    if (spare == NULL) {
        command_complain("out of memory while sorting %zu observations, replay fewer files at once", recording->count);
        return false;
    }
    observations_sort(recording->observations, spare, recording->count);
    free(spare);
    return true;
}

void recording_free(struct recording *recording)
{
    free(recording->observations);
    *recording = (struct recording){.observations = NULL};
}
