/*
 * example.c: the shipped configuration, written from the tables: every key with what it means, its range and default.
 *
 * A key stands there as its example, else behind a # with its sample or default; without the "# " it is right where it
 * stands.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "app/settings/guide.h"
#include "app/settings/keys.h"

enum { COLUMN = 37, WIDTH = 120, LINE_MAX_BYTES = 256 };

static const char preamble[] =
    "# wardgate.yaml: one ward. Every key stands here; those behind # show their default, or an example.\n"
    "#\n"
    "#   wardgate check -c wardgate.yaml     says what is wrong, and what this configuration needs\n"
    "#   wardgate help KEY                   says all about a key, also of a profile or rule\n"
    "#   wardgate help --yaml                prints this file\n"
    "#\n"
    "# Durations carry a unit (500ms 15s 5min 2h 1d), and so do sizes (64KiB 128MiB 1GiB). Ids begin with a\n"
    "# letter, then letters, digits, _ or -, at most 32 characters; they show in topics and logs, so no patient's\n"
    "# name belongs in one. Paths are seen from this file's folder.\n";

/* A line of the file without its comment. */
struct line {
    char text[LINE_MAX_BYTES];
    bool is_off; /* behind a # */
};

static struct line make_line(bool is_off, unsigned indent, const char *head, const char *key, const char *value)
{
    struct line line = {.is_off = is_off};
    const int length = snprintf(line.text, sizeof line.text, "%s%*s%s%s:%s%s", is_off ? "# " : "", (int)indent, "",
                                head, key, *value != '\0' ? " " : "", value);
    assert(length > 0 && (size_t)length < sizeof line.text);
    (void)length;
    return line;
}

/* As many words as fit; at least one. */
static size_t take_words(const char *text, size_t room)
{
    size_t taken = strcspn(text, " ");
    while (text[taken] == ' ') {
        const size_t end = taken + 1 + strcspn(text + taken + 1, " ");
        if (end > room) {
            break;
        }
        taken = end;
    }
    return taken;
}

/* The comment stands in its own column, over several lines where it is long. */
static void print_line(FILE *stream, const struct line *line, const char *comment)
{
    int used = fprintf(stream, "%s", line->text);
    while (*comment != '\0') {
        const int gap = used < COLUMN ? COLUMN - used : 1;
        const int start = used + gap + 2;
        const size_t length = take_words(comment, start < WIDTH ? (size_t)(WIDTH - start) : 0);
        (void)fprintf(stream, "%*s# %.*s", gap, "", (int)length, comment);
        comment += length + (comment[length] == ' ' ? 1 : 0);
        if (*comment != '\0') {
            (void)fputc('\n', stream);
        }
        used = 0;
    }
    (void)fputc('\n', stream);
}

static const char *shown_value(const struct field *field)
{
    if (field->example != NULL) {
        return field->example;
    }
    if (field->sample != NULL) {
        return field->sample;
    }
    return field->fallback != NULL ? field->fallback : "";
}

static void append(char *text, size_t size, const char *more)
{
    const size_t used = strlen(text);
    (void)snprintf(text + used, size - used, "%s", more);
}

/* Help, range, and what holds when the key is left out; the last only where the line does not show it. */
static void write_comment(const struct field *field, char *text, size_t size)
{
    char part[3 * VALUE_TEXT_MAX], low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
    (void)snprintf(text, size, "%s", field->help);
    if (field_is_number(field)) {
        field_print_number(field, field->low, low);
        field_print_number(field, field->high, high);
        (void)snprintf(part, sizeof part, " (%s to %s)", low, high);
        append(text, size, part);
    }
    if (field->fallback != NULL && strcmp(field->fallback, shown_value(field)) != 0) {
        (void)snprintf(part, sizeof part, "; default %s", field->fallback);
        append(text, size, part);
    }
}

static void print_key(FILE *stream, const struct field *field, bool is_off, unsigned indent, const char *head)
{
    char comment[2 * LINE_MAX_BYTES];
    write_comment(field, comment, sizeof comment);
    const struct line line = make_line(is_off || field->example == NULL, indent, head, field->name, shown_value(field));
    print_line(stream, &line, comment);
}

static void print_head(FILE *stream, const struct field *field)
{
    char comment[2 * LINE_MAX_BYTES];
    write_comment(field, comment, sizeof comment);
    const struct line line = make_line(false, 0, "", field->name, "");
    print_line(stream, &line, comment);
}

/* What the items of a list look like when they say everything. */
static void print_items(FILE *stream, const struct field *list, unsigned indent)
{
    const struct line line = make_line(true, indent, "", list->name, "");
    print_line(stream, &line, "the same, each in full:");
    for (size_t i = 0; i < list->section->count; i++) {
        print_key(stream, &list->section->fields[i], true, indent + 2, i == 0 ? "- " : "  ");
    }
}

static void print_section(FILE *stream, const struct field *field)
{
    print_head(stream, field);
    for (size_t i = 0; i < field->section->count; i++) {
        const struct field *key = &field->section->fields[i];
        print_key(stream, key, false, 2, "");
        if (key->type == FIELD_LIST && key->section != NULL) {
            print_items(stream, key, 2);
        }
    }
}

/* True when a variant before this one has the same key with the same comment: once is enough. */
static bool was_explained(const struct section *parent, size_t variant, const struct field *field)
{
    for (size_t i = 0; i < variant; i++) {
        const struct section *before = parent->variants[i];
        for (size_t j = 0; j < before->count; j++) {
            if (strcmp(before->fields[j].name, field->name) == 0 && strcmp(before->fields[j].help, field->help) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void print_variant(FILE *stream, const struct section *parent, size_t index)
{
    const struct section *variant = parent->variants[index];
    const bool is_off = variant->example == NULL;
    const struct line head = make_line(is_off, 2, "", is_off ? variant->sample : variant->example, "");
    print_line(stream, &head, "");
    for (size_t i = 0; i < variant->count; i++) {
        const struct field *field = &variant->fields[i];
        if (was_explained(parent, index, field)) {
            const struct line line =
                make_line(is_off || field->example == NULL, 4, "", field->name, shown_value(field));
            print_line(stream, &line, "");
        } else {
            print_key(stream, field, is_off, 4, "");
        }
    }
}

static void print_variants(FILE *stream, const struct field *field)
{
    print_head(stream, field);
    for (size_t i = 0; field->section->fields[0].words[i] != NULL; i++) {
        print_variant(stream, field->section, i);
    }
}

/* The keys of an entry, then worked entries. */
static void print_entries(FILE *stream, const struct field *field)
{
    print_head(stream, field);
    for (size_t i = 0; i < field->section->count; i++) {
        print_key(stream, &field->section->fields[i], true, 4, "");
    }
    (void)fputs(field->example, stream);
}

/* A section of keys that must all be given, or none, is shown in one line, off. */
static bool is_plain(const struct field *field)
{
    const struct field *first = field->type == FIELD_SECTION ? &field->section->fields[0] : NULL;
    return field->section == NULL || (first != NULL && first->is_required && first->example == NULL);
}

static void print_top(FILE *stream, const struct field *field)
{
    if (is_plain(field)) {
        print_key(stream, field, false, 0, "");
    } else if (field->type == FIELD_SECTION) {
        print_section(stream, field);
    } else if (field->section->variants != NULL) {
        print_variants(stream, field);
    } else {
        print_entries(stream, field);
    }
}

void guide_print_example(FILE *stream)
{
    assert(stream != NULL);
    (void)fputs(preamble, stream);
    for (size_t i = 0; i < ward_section.count; i++) {
        const struct field *field = &ward_section.fields[i];
        if (i == 0 || !is_plain(field) || !is_plain(field - 1)) {
            (void)fputc('\n', stream);
        }
        print_top(stream, field);
    }
}
