#include "app/settings/report.h"
#include "app/engine/plural.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/plain.h"

/* The report's own copy of a file name, so that it outlives what was read; a long name loses its beginning. */
static const char *keep_file(struct settings_report *report, const char *file)
{
    char shown[SETTINGS_FILE_TEXT_MAX];
    const size_t length = strlen(file);
    const bool is_long = length >= sizeof shown;
    (void)snprintf(shown, sizeof shown, "%s%s", is_long ? "..." : "",
                   is_long ? file + length - sizeof shown + 4 : file);
    for (uint16_t i = 0; i < report->file_count; i++) {
        if (strcmp(report->files[i], shown) == 0) {
            return report->files[i];
        }
    }
    assert(report->file_count < SETTINGS_FILES_MAX);
    memcpy(report->files[report->file_count], shown, sizeof shown);
    return report->files[report->file_count++];
}

void report_init(struct settings_report *report, const char *file)
{
    assert(report != NULL && file != NULL);
    report->fault_count = report->warning_count = report->file_count = 0;
    (void)keep_file(report, file);
}

/* A file may say anything; a terminal must not obey it. */
static void mask_controls(char *text)
{
    plain_mask_line(text, strlen(text));
}

/* A place for one more; what is beyond the last is written over by the next. */
static struct settings_fault *next_fault(struct settings_fault *faults, uint32_t *count, struct settings_fault *spare)
{
    struct settings_fault *fault = *count < SETTINGS_FAULTS_MAX ? &faults[*count] : spare;
    (*count)++;
    *fault = (struct settings_fault){.key = ""};
    return fault;
}

static struct settings_fault *add(struct settings_report *report, bool is_warning, struct settings_mark mark,
                                  struct settings_fault *spare)
{
    struct settings_fault *fault = is_warning ? next_fault(report->warnings, &report->warning_count, spare)
                                              : next_fault(report->faults, &report->fault_count, spare);
    fault->mark = mark;
    fault->mark.file = keep_file(report, mark.file);
    return fault;
}

static void append(char *text, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

static void append(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* The dotted path: beds.b03.monitors[1].address */
static void write_path(const struct node *node, char *text, size_t size)
{
    const struct node *path[DOCUMENT_DEPTH_MAX + 1];
    size_t depth = 0;
    for (const struct node *n = node; n->parent != NULL; n = n->parent) {
        assert(depth < sizeof path / sizeof path[0]);
        path[depth++] = n;
    }
    text[0] = '\0';
    while (depth > 0) {
        const struct node *n = path[--depth];
        if (n->key != NULL) {
            append(text, size, "%s%s", text[0] != '\0' ? "." : "", n->key);
        } else {
            append(text, size, "[%u]", n->index + 1);
        }
    }
    mask_controls(text);
}

static void add_at_node(struct settings_report *report, bool is_warning, const struct node *node, bool at_key,
                        const char *format, va_list arguments) PRINTF_LIKE(5, 0);

static void add_at_node(struct settings_report *report, bool is_warning, const struct node *node, bool at_key,
                        const char *format, va_list arguments)
{
    assert(report != NULL && node != NULL);
    const bool use_key = node->key != NULL && (at_key || node_is_empty(node));
    struct settings_fault spare;
    struct settings_fault *fault = add(report, is_warning, use_key ? node->key_mark : node->mark, &spare);
    write_path(node, fault->key, sizeof fault->key);
    (void)vsnprintf(fault->message, sizeof fault->message, format, arguments);
    mask_controls(fault->message);
}

void report_fault(struct settings_report *report, const struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_at_node(report, false, node, false, format, arguments);
    va_end(arguments);
}

void report_key_fault(struct settings_report *report, const struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_at_node(report, false, node, true, format, arguments);
    va_end(arguments);
}

void report_warning(struct settings_report *report, const struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_at_node(report, true, node, false, format, arguments);
    va_end(arguments);
}

void report_place_fault(struct settings_report *report, struct settings_mark mark, const char *key, const char *message)
{
    assert(report != NULL && mark.file != NULL && key != NULL && message != NULL);
    struct settings_fault spare;
    struct settings_fault *fault = add(report, false, mark, &spare);
    (void)snprintf(fault->key, sizeof fault->key, "%s", key);
    (void)snprintf(fault->message, sizeof fault->message, "%s", message);
}

static bool is_character_start(char c)
{
    return ((unsigned char)c & 0xC0U) != 0x80U;
}

static uint32_t count_characters(const char *text, size_t length)
{
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += is_character_start(text[i]) ? 1 : 0;
    }
    return count;
}

/* Shows as much of `source` as there is room for, with the place at `offset` in it. */
static void show_excerpt(struct settings_fault *fault, const char *source, size_t length, size_t offset,
                         size_t fault_length)
{
    const size_t room = sizeof fault->excerpt - 1;
    size_t from = offset > room / 2 && length > room ? offset - room / 2 : 0;
    while (from > 0 && !is_character_start(source[from])) {
        from--;
    }
    const size_t shown = length - from < room ? length - from : room;
    memcpy(fault->excerpt, source + from, shown);
    fault->excerpt[shown] = '\0';
    mask_controls(fault->excerpt);
    const size_t caret = offset - from < shown ? offset - from : shown;
    fault->caret_offset = (uint16_t)caret;
    fault->caret_length = (uint16_t)(fault_length < shown - caret ? fault_length : shown - caret);
}

/* Bytes before the character in a column. */
static size_t offset_of_column(const char *source, size_t length, uint32_t column)
{
    size_t offset = 0;
    for (uint32_t seen = 1; offset < length && seen < column; seen++) {
        offset++;
        while (offset < length && !is_character_start(source[offset])) {
            offset++;
        }
    }
    return offset;
}

void report_file_fault(struct settings_report *report, struct settings_mark mark, const char *source, size_t length,
                       const char *message)
{
    assert(report != NULL && mark.file != NULL && source != NULL && message != NULL);
    struct settings_fault spare;
    struct settings_fault *fault = add(report, false, mark, &spare);
    (void)snprintf(fault->message, sizeof fault->message, "%s", message);
    mask_controls(fault->message);
    if (length > 0) {
        show_excerpt(fault, source, length, offset_of_column(source, length, mark.column), 1);
    }
}

static void add_at_expression(struct settings_report *report, bool is_warning, const struct node *node,
                              const struct expression_fault *expression_fault)
{
    assert(report != NULL && node != NULL && node->kind == NODE_TEXT && expression_fault != NULL);
    const size_t length = strlen(node->text);
    const size_t offset = expression_fault->offset < length ? expression_fault->offset : length;
    struct settings_fault spare;
    struct settings_fault *fault = add(report, is_warning, node->mark, &spare);
    if (node->text_column != 0) {
        fault->mark.column = node->text_column + count_characters(node->text, offset);
    }
    write_path(node, fault->key, sizeof fault->key);
    (void)snprintf(fault->message, sizeof fault->message, "%s", expression_fault->message);
    mask_controls(fault->message);
    show_excerpt(fault, node->text, length, offset, expression_fault->length);
}

void report_expression_fault(struct settings_report *report, const struct node *node,
                             const struct expression_fault *expression_fault)
{
    add_at_expression(report, false, node, expression_fault);
}

void report_expression_warning(struct settings_report *report, const struct node *node,
                               const struct expression_fault *expression_fault)
{
    add_at_expression(report, true, node, expression_fault);
}

static bool stands_before(const struct settings_fault *a, const struct settings_fault *b)
{
    if (a->mark.file != b->mark.file) {
        return a->mark.file < b->mark.file; /* both in report->files, which is in order of first use */
    }
    return a->mark.line != b->mark.line ? a->mark.line < b->mark.line : a->mark.column < b->mark.column;
}

/* Insertion: stable, and there are few. */
static void sort(struct settings_fault *faults, uint32_t count)
{
    for (uint32_t i = 1; i < count && i < SETTINGS_FAULTS_MAX; i++) {
        const struct settings_fault moving = faults[i];
        uint32_t place = i;
        for (; place > 0 && stands_before(&moving, &faults[place - 1]); place--) {
            faults[place] = faults[place - 1];
        }
        faults[place] = moving;
    }
}

void report_sort(struct settings_report *report)
{
    assert(report != NULL);
    sort(report->faults, report->fault_count);
    sort(report->warnings, report->warning_count);
}

struct colours {
    const char *place, *fault, *warning, *plain;
};

static void print_place(FILE *stream, const struct settings_mark *mark, const struct colours *colours)
{
    (void)fprintf(stream, "wardgate: %s%s", colours->place, mark->file);
    if (mark->line != 0) {
        (void)fprintf(stream, ":%u:%u", mark->line, mark->column);
    }
    (void)fprintf(stream, ":%s ", colours->plain);
}

static void print_excerpt(FILE *stream, const struct settings_fault *fault, const char *colour, const char *plain)
{
    const uint32_t before = count_characters(fault->excerpt, fault->caret_offset);
    const uint32_t under = count_characters(fault->excerpt + fault->caret_offset, fault->caret_length);
    (void)fprintf(stream, "    %s\n    %*s%s^", fault->excerpt, (int)before, "", colour);
    for (uint32_t i = 1; i < under; i++) {
        (void)fputc('~', stream);
    }
    (void)fprintf(stream, "%s\n", plain);
}

static void print_all(FILE *stream, const struct settings_fault *faults, uint32_t count, const char *word,
                      const char *colour, const struct colours *colours)
{
    for (uint32_t i = 0; i < count && i < SETTINGS_FAULTS_MAX; i++) {
        const struct settings_fault *fault = &faults[i];
        print_place(stream, &fault->mark, colours);
        (void)fprintf(stream, "%s%s%s", colour, word, colours->plain);
        (void)fprintf(stream, "%s%s%s\n", fault->key, fault->key[0] != '\0' ? ": " : "", fault->message);
        if (fault->excerpt[0] != '\0') {
            print_excerpt(stream, fault, colour, colours->plain);
        }
    }
}

void settings_print_report(const struct settings_report *report, FILE *stream, bool colours)
{
    assert(report != NULL && stream != NULL);
    static const struct colours on = {"\033[1m", "\033[1;31m", "\033[1;33m", "\033[0m"};
    static const struct colours off = {"", "", "", ""};
    const struct colours *c = colours ? &on : &off;
    print_all(stream, report->faults, report->fault_count, "", c->fault, c);
    if (report->fault_count > SETTINGS_FAULTS_MAX) {
        (void)fprintf(stream, "wardgate: and %u more fault%s\n", report->fault_count - SETTINGS_FAULTS_MAX,
                      plural_s(report->fault_count - SETTINGS_FAULTS_MAX));
    }
    print_all(stream, report->warnings, report->warning_count, "warning: ", c->warning, c);
    if (report->warning_count > SETTINGS_FAULTS_MAX) {
        (void)fprintf(stream, "wardgate: and %u more warning%s\n", report->warning_count - SETTINGS_FAULTS_MAX,
                      plural_s(report->warning_count - SETTINGS_FAULTS_MAX));
    }
}
