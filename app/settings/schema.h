/*
 * schema.h: reads a mapping by a table of the keys it may have.
 *
 * A section is a const table, one key a row: name, type, limits, default, help. section_read checks a mapping against
 * it and fills the caller's plain struct: texts as const char *, every number as int64_t, what has its own shape as
 * const struct node *. Where the keys depend on a word (the kind of a bus), each word has a section of its own: a
 * variant. Thread: that which loads.
 */
#ifndef WARDGATE_SCHEMA_H
#define WARDGATE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/settings/document.h"
#include "app/settings/value.h"

#define SECTION_FIELDS_MAX 32

enum field_type {
    FIELD_ID,       /* const char *: [A-Za-z][A-Za-z0-9_-]*, at most `high` characters */
    FIELD_TEXT,     /* const char *: at most `high` bytes */
    FIELD_INTEGER,  /* int64_t from low to high */
    FIELD_DECIMAL,  /* int64_t in millionths, from low to high */
    FIELD_DURATION, /* int64_t in ms, from low to high */
    FIELD_SIZE,     /* int64_t in bytes, from low to high */
    FIELD_BOOLEAN,  /* int64_t 0 or 1 */
    FIELD_WORD,     /* int64_t: the place of the word in `words` */
    FIELD_WORDS,    /* int64_t: a list of words, a bit for the place of each in `words`; by default all */
    FIELD_SECTION,  /* const struct node *: a mapping with the keys of `section` */
    FIELD_ENTRIES,  /* const struct node *: a mapping of names to what `section` describes */
    FIELD_LIST,     /* const struct node *: a list, of at least one item */
    FIELD_ANY       /* const struct node *: a text, a list or a mapping; the help says which */
};

struct section;

struct field {
    const char *name;
    size_t offset; /* of the value in the caller's struct */
    enum field_type type;
    bool is_required;
    int64_t low, high;
    const char *const *words; /* ends with NULL */
    const char *fallback;     /* the default, as one would write it; NULL: the struct keeps what it held */
    const struct section *section;
    bool needs_restart;  /* of a key of the ward: a running gateway cannot take it over, nor what stands in it */
    bool can_follow;     /* of a key in such a section: but this it can */
    const char *example; /* how the shipped example has it; NULL: there it stands behind a #, */
    const char *sample;  /* as this, or else as its default; of a mapping: what faults show */
    const char *help;    /* one line */
};

struct section {
    const char *name; /* what one of these is, in a message: "a bed" */
    const struct field *fields;
    size_t count;
    const struct section *const *variants; /* by the word of the first and only field here; NULL: there are none */
    const char *example, *sample;          /* a variant's name in the shipped example, as of a field */
};

/* What is needed to read anything. */
struct reader {
    struct pool *pool; /* texts are copied here */
    struct settings_report *report;
};

/* Fills `target`, a struct laid out as the fields say and holding zeros (or the caller's own defaults). False when a
 * key is unknown, missing or wrong: the faults are in the report, and what was right is in the target nevertheless. */
bool section_read(const struct reader *reader, const struct node *mapping, const struct section *section,
                  void *target) MUST_CHECK;

/* As if no key had been written. */
bool section_read_defaults(const struct reader *reader, const struct section *section, void *target) MUST_CHECK;

/* Reports that a key is missing, unless a key of `mapping` that the section does not know is probably that one
 * misspelt. */
void section_report_missing(const struct reader *reader, const struct node *mapping, const struct section *section,
                            const struct field *field);

/* One value by itself. */
bool field_read(const struct reader *reader, const struct node *node, const struct field *field,
                void *target) MUST_CHECK;

/* What it is when its key is not written. */
bool field_has_default(const struct field *field);
bool field_read_default(const struct reader *reader, const struct field *field, void *target) MUST_CHECK;

/* What one would write there: the sample, else the example; NULL: neither. */
const char *field_such_as(const struct field *field);

/* What belongs there, for the end of a message: its help, and what one would write. */
#define FIELD_DESCRIPTION_MAX 224
void field_describe(const struct field *field, char text[FIELD_DESCRIPTION_MAX]);

/* What must be written there, for a person ("a duration such as ..."), and a number of a field as it would be written. Of numbers only. */
bool field_is_number(const struct field *field);
const char *field_wanted(const struct field *field);
void field_print_number(const struct field *field, int64_t number, char text[VALUE_TEXT_MAX]);

/* True when the key of `node` is an id of at most length_max characters, else reports it. */
bool schema_check_name(const struct reader *reader, const struct node *node, size_t length_max) MUST_CHECK;

/* "did you mean" for a word that is none of `candidates`: `, did you mean "x"?`, or else `, possible: a, b, c`. */
#define SCHEMA_HINT_MAX 192
void schema_hint(const char *word, const char *const *candidates, size_t count, char hint[SCHEMA_HINT_MAX]);

#endif
