/* The header of a recording: which column is what. */
#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/recording_cell.h"
#include "app/cli/recording_file.h"
#include "app/engine/suggest.h"

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

char *recording_next_cell(char **cursor)
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

static void note_ignored(const struct recording_file *file, const char *header)
{
    const char *names[VITAL_COUNT];
    if (file->options->is_known) {
        return;
    }
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        names[v] = vital_info((enum vital)v)->name;
    }
    const char *near = suggest(header, strlen(header), names, VITAL_COUNT);
    command_complain("column '%s' is no vital%s%s%s and is left out (%s:1), map it with --map %s=VITAL", header,
                     near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "",
                     file->name, header);
}

static void read_column(struct recording_file *file, const char *header, uint32_t *vitals)
{
    struct column *column = &file->columns[file->column_count++];
    char mapped[64];
    *column = (struct column){.kind = COLUMN_IGNORED};
    if (file->options->map == NULL || !find_pair(file->options->map, header, mapped, sizeof mapped)) {
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
        note_ignored(file, header);
        return;
    }
    column->kind = COLUMN_VITAL;
    *vitals |= UINT32_C(1) << column->vital;
    take_absent(file->options, column);
}

static bool complain_double(const struct recording_file *file, unsigned column)
{
    const struct column *c = &file->columns[column];
    const char *what = c->kind == COLUMN_VITAL ? vital_info(c->vital)->name : c->kind == COLUMN_TIME ? "time" : "bed";
    command_complain("two columns give '%s' (%s:1), map one of them to another name", what, file->name);
    return false;
}

static bool check_columns(const struct recording_file *file)
{
    bool has_time = false;
    for (unsigned i = 0; i < file->column_count; i++) {
        const struct column *a = &file->columns[i];
        has_time |= a->kind == COLUMN_TIME;
        for (unsigned j = 0; j < i && a->kind != COLUMN_IGNORED; j++) {
            const struct column *b = &file->columns[j];
            if (a->kind == b->kind && (a->kind != COLUMN_VITAL || a->vital == b->vital)) {
                return complain_double(file, i);
            }
        }
    }
    if (!has_time) {
        command_complain("no column is called 'time' (%s:1), name it or map it: --map t_s=time", file->name);
    }
    return has_time;
}

bool recording_columns_read(struct recording_file *file, char *line, uint32_t *vitals)
{
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
        line += 3;
    }
    for (char *cell = recording_next_cell(&line); cell != NULL; cell = recording_next_cell(&line)) {
        if (file->column_count == RECORDING_COLUMNS_MAX) {
            command_complain("more than %d columns (%s:1), leave some out", RECORDING_COLUMNS_MAX, file->name);
            return false;
        }
        read_column(file, cell, vitals);
    }
    return check_columns(file);
}
