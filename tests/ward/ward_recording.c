#include "tests/ward/ward_recording.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ward/ward_text.h"

enum { COLUMN_IGNORED = -2, COLUMN_TIME = -1, ROWS_MAX = 200000, LINE_LENGTH_MAX = 1024 };

struct columns {
    int vital[WARD_COLUMNS_MAX]; /* enum ward_vital, COLUMN_TIME or COLUMN_IGNORED */
    size_t count;
    bool has_absent;
    int32_t absent_milli;
};

/* The part of "A=x,B=y" behind the name; NULL when the map does not name the column. */
static const char *map_find(const char *map, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = map; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            return at + length + 1;
        }
    }
    return NULL;
}

/* COLUMN_IGNORED when the map does not name the column; false when it names no vital. */
static bool column_of(const char *map, const char *name, int *out)
{
    const char *target = map_find(map, name);
    *out = COLUMN_IGNORED;
    if (target == NULL) {
        return true;
    }
    char word[WARD_NAME_MAX];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(target, ","), target);
    const enum ward_vital vital = ward_vital_by_name(word);
    *out = strcmp(word, "time") == 0 ? COLUMN_TIME : (int)vital;
    return *out == COLUMN_TIME || vital != WARD_VITALS;
}

static size_t map_entries(const char *map)
{
    size_t count = 0;
    for (const char *at = map; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        count++;
    }
    return count;
}

static bool header_read(struct columns *columns, char *line, const char *map, char *why, size_t why_size)
{
    bool timed = false;
    size_t mapped = 0;
    for (char *rest = line, *cell = strsep(&rest, ","); cell != NULL; cell = strsep(&rest, ",")) {
        if (columns->count == WARD_COLUMNS_MAX) {
            snprintf(why, why_size, "more than %d columns", WARD_COLUMNS_MAX);
            return false;
        }
        int *column = &columns->vital[columns->count++];
        if (!column_of(map, cell, column)) {
            snprintf(why, why_size, "map gives column %.20s to something that is no vital", cell);
            return false;
        }
        timed = timed || *column == COLUMN_TIME;
        mapped += *column == COLUMN_IGNORED ? 0 : 1;
    }
    if (!timed || mapped != map_entries(map)) {
        snprintf(why, why_size, timed ? "map names a column that is not there" : "no column is mapped to time");
        return false;
    }
    return true;
}

static bool cell_read(const struct columns *columns, const char *cell, int32_t *out_milli)
{
    if (*cell == '\0') {
        *out_milli = WARD_ABSENT;
        return true;
    }
    if (!ward_text_milli(cell, out_milli)) {
        return false;
    }
    if (columns->has_absent && *out_milli == columns->absent_milli) {
        *out_milli = WARD_ABSENT;
    }
    return true;
}

static bool time_read(const char *cell, int64_t *out_ms)
{
    int32_t milli = 0;
    const bool read = ward_text_milli(cell, &milli);
    *out_ms = milli;
    return read;
}

static bool row_read(const struct columns *columns, char *line, struct ward_row *row)
{
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        row->milli[v] = WARD_ABSENT;
    }
    size_t i = 0;
    for (char *rest = line, *cell = strsep(&rest, ","); cell != NULL; cell = strsep(&rest, ","), i++) {
        const int column = i < columns->count ? columns->vital[i] : COLUMN_IGNORED;
        int32_t milli = WARD_ABSENT;
        if (column == COLUMN_IGNORED) {
            continue;
        }
        if (column == COLUMN_TIME ? !time_read(cell, &row->at_ms) : !cell_read(columns, cell, &milli)) {
            return false;
        }
        if (column != COLUMN_TIME) {
            if (milli != WARD_ABSENT && !ward_vital_fits((enum ward_vital)column, milli)) {
                return false;
            }
            row->milli[column] = milli;
        }
    }
    return i >= columns->count;
}

static bool row_add(struct ward_recording *recording, const struct ward_row *row)
{
    if (recording->count > 0 && row->at_ms <= recording->rows[recording->count - 1].at_ms) {
        return false;
    }
    if ((recording->count & (recording->count - 1)) == 0) { /* room doubles at every power of two */
        const size_t room = recording->count == 0 ? 1 : 2 * recording->count;
        struct ward_row *rows = realloc(recording->rows, room * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        recording->rows = rows;
    }
    recording->rows[recording->count++] = *row;
    return recording->count <= ROWS_MAX;
}

static bool rows_read(struct ward_recording *recording, FILE *file, const struct columns *columns, char *why,
                      size_t why_size)
{
    char line[LINE_LENGTH_MAX];
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        struct ward_row row = {0};
        if (!row_read(columns, line, &row) || !row_add(recording, &row)) {
            snprintf(why, why_size, "row %zu has a bad number or is out of order", recording->count + 1);
            return false;
        }
    }
    if (recording->count < 2) {
        snprintf(why, why_size, "fewer than two rows");
        return false;
    }
    const struct ward_row *last = &recording->rows[recording->count - 1];
    recording->length_ms = last->at_ms - recording->rows[0].at_ms + (last->at_ms - last[-1].at_ms);
    return true;
}

bool ward_recording_load(struct ward_recording *recording, FILE *file, const char *map, const char *absent, char *why,
                         size_t why_size)
{
    *recording = (struct ward_recording){.speed = 1};
    struct columns columns = {0};
    char header[LINE_LENGTH_MAX];
    if (absent != NULL && !ward_text_milli(absent, &columns.absent_milli)) {
        snprintf(why, why_size, "absent=%.20s is not a number", absent);
        return false;
    }
    columns.has_absent = absent != NULL;
    if (fgets(header, sizeof header, file) == NULL) {
        snprintf(why, why_size, "no header line");
        return false;
    }
    header[strcspn(header, "\r\n")] = '\0';
    if (!header_read(&columns, header, map, why, why_size) || !rows_read(recording, file, &columns, why, why_size)) {
        ward_recording_free(recording);
        return false;
    }
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        recording->shown[v] = WARD_ABSENT;
    }
    return true;
}

void ward_recording_free(struct ward_recording *recording)
{
    free(recording->rows);
    *recording = (struct ward_recording){0};
}

static void row_play(struct ward_recording *recording, const struct ward_row *row)
{
    bool measured = false;
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        measured = measured || (ward_vital_is_cuff((enum ward_vital)v) && row->milli[v] != WARD_ABSENT);
    }
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        if (measured || !ward_vital_is_cuff((enum ward_vital)v)) {
            recording->shown[v] = row->milli[v];
        }
    }
    recording->cuff_counter = (uint16_t)(recording->cuff_counter + (measured ? 1 : 0));
}

/* When a row begins, in the recording's own time and counted through all rounds. */
static int64_t row_time(const struct ward_recording *recording, uint64_t number)
{
    const int64_t round = (int64_t)(number / recording->count);
    return round * recording->length_ms + recording->rows[number % recording->count].at_ms - recording->rows[0].at_ms;
}

void ward_recording_play(struct ward_recording *recording, int64_t now_ms, struct ward_bank *bank)
{
    assert(recording->count > 0);
    const int64_t position_ms = recording->offset_ms + now_ms * recording->speed;
    while (row_time(recording, recording->next) <= position_ms) {
        row_play(recording, &recording->rows[recording->next % recording->count]);
        recording->next++;
    }
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        ward_bank_put(bank, (enum ward_vital)v, recording->shown[v]);
    }
    bank->holding[WARD_CUFF_COUNTER] = recording->cuff_counter;
}
