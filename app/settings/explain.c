#include "app/settings/explain.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char not_utf8[] = "this is not UTF-8 text, save the file as UTF-8";
static const char tab[] = "a tab stands here, indent with spaces";
static const char stray_item[] =
    "a list cannot begin here, put each \"- \" on a line of its own, indented below its key";

/* What is told of each problem; of some it also tells where the quote or bracket was opened, or points there. */
static const struct explanation {
    const char *problem, *words;
    enum { HERE, TELL_BEGIN, POINT_TO_BEGIN } place;
} explanations[] = {
    {"did not find expected '-' indicator", "each item of this list must begin with \"- \" in the same column", HERE},
    {"did not find expected ',' or '}'", "a comma or } is missing before this", TELL_BEGIN},
    {"did not find expected ',' or ']'", "a comma or ] is missing before this", TELL_BEGIN},
    {"did not find expected node content", "a value is missing here, or a { or [ above is not closed", HERE},
    {"found unexpected end of stream", "this quote is never closed", POINT_TO_BEGIN},
    {"found unexpected document indicator", "this quote is never closed", POINT_TO_BEGIN},
    {"could not find expected ':'", "a colon is missing: write \"key: value\"", HERE},
    {"found unknown escape character", "unknown escape: write \\\\ for a backslash, or use single quotes", HERE},
    {"block sequence entries are not allowed in this context", stray_item, HERE},
    {"found a tab character that violates indentation", tab, HERE},
    {"found a tab character where an indentation space is expected", tab, HERE},
    {"control characters are not allowed", "a control character stands here: is this a text file?", HERE},
    {"invalid leading UTF-8 octet", not_utf8, HERE},
    {"invalid trailing UTF-8 octet", not_utf8, HERE},
    {"incomplete UTF-8 octet sequence", not_utf8, HERE},
    {"invalid length of a UTF-8 sequence", not_utf8, HERE},
    {"invalid Unicode character", not_utf8, HERE},
    {"did not find expected <document start>", "nothing may follow the end of the document (...)", HERE},
};

static size_t indentation(const struct syntax_fault *fault)
{
    size_t spaces = 0;
    while (spaces < fault->source_length && fault->source[spaces] == ' ') {
        spaces++;
    }
    return spaces;
}

/* Spaces are one byte each, so that columns and bytes agree in the indentation. */
static bool explain_tab(struct syntax_fault *fault, char *message, size_t size)
{
    const size_t spaces = indentation(fault);
    if (spaces >= fault->source_length || fault->source[spaces] != '\t' || fault->column < spaces + 1) {
        return false;
    }
    fault->column = (uint32_t)spaces + 1;
    (void)snprintf(message, size, "%s", tab);
    return true;
}

/* A key that begins the line where libyaml wanted to go on with the line above. */
static bool is_first_key(const struct syntax_fault *fault)
{
    const size_t colon = fault->column - 1;
    for (size_t i = indentation(fault); i < colon && i < fault->source_length; i++) {
        if (strchr(" :\"'", fault->source[i]) != NULL) {
            return false;
        }
    }
    return fault->line > 1;
}

/* Problems whose cause depends on where in the line they stand. */
static bool explain_by_place(struct syntax_fault *fault, char *message, size_t size)
{
    const uint32_t first_column = (uint32_t)indentation(fault) + 1;
    const char *words = NULL;
    if (strcmp(fault->problem, "did not find expected key") == 0) {
        words = fault->column == first_column
                    ? "this line does not line up with those above, indent all keys of one block alike"
                    : "nothing may follow here: put the whole text in quotes, or remove the rest";
    } else if (strcmp(fault->problem, "mapping values are not allowed in this context") == 0) {
        const bool is_key = is_first_key(fault);
        words = is_key ? "this key does not line up with those above, or the line above lacks its colon"
                       : "a second colon in one line: put the text that holds it in quotes";
        fault->column = is_key ? first_column : fault->column;
    }
    if (words != NULL) {
        (void)snprintf(message, size, "%s", words);
    }
    return words != NULL;
}

static bool explain_first_character(const struct syntax_fault *fault, char *message, size_t size)
{
    if (strcmp(fault->problem, "found character that cannot start any token") != 0) {
        return false;
    }
    /* Columns count characters: what they say of bytes holds only up to the first one beyond ASCII. */
    const size_t place = fault->column - 1;
    const char c = place < fault->source_length ? fault->source[place] : ' ';
    if (c == '\t') {
        (void)snprintf(message, size, "%s", tab);
    } else if (c == '@' || c == '`' || c == '%') {
        (void)snprintf(message, size, "a text that begins with %c must be in quotes", c);
    } else {
        (void)snprintf(message, size, "a text cannot begin like this, put it in quotes");
    }
    return true;
}

static void explain_from_table(struct syntax_fault *fault, char *message, size_t size)
{
    for (size_t i = 0; i < COUNT(explanations); i++) {
        const struct explanation *row = &explanations[i];
        if (strcmp(fault->problem, row->problem) != 0) {
            continue;
        }
        if (row->place == TELL_BEGIN && fault->begun_line != 0) {
            (void)snprintf(message, size, "%s (the bracket was opened in line %u)", row->words, fault->begun_line);
            return;
        }
        if (row->place == POINT_TO_BEGIN && fault->begun_line != 0) {
            fault->line = fault->begun_line;
            fault->column = fault->begun_column;
        }
        (void)snprintf(message, size, "%s", row->words);
        return;
    }
    (void)snprintf(message, size, "this is not valid YAML: %s", fault->problem);
}

void explain_syntax(struct syntax_fault *fault, char *message, size_t size)
{
    assert(fault != NULL && fault->problem != NULL && fault->column > 0 && message != NULL && size > 0);
    if (!explain_tab(fault, message, size) && !explain_first_character(fault, message, size) &&
        !explain_by_place(fault, message, size)) {
        explain_from_table(fault, message, size);
    }
}
