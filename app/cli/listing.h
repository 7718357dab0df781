/*
 * listing.h: rows of the store for a person (columns), a spreadsheet (CSV, RFC 4180) or a program (JSON, a line each).
 *
 * Rows are JSON objects that the gateway wrote itself; whatever else a damaged disk makes of them shows as little as it takes. Texts are cut where a cell ends.
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front in CSV. The caller's memory, main thread.
 */
#ifndef WARDGATE_LISTING_H
#define WARDGATE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LISTING_CELL_MAX 512 /* bytes with the NUL */

enum listing { LISTING_TEXT, LISTING_CSV, LISTING_JSON };

struct listing_column {
    const char *title;
    int width; /* in text; the last column has none */
};

/* "--csv", "--json", "--text"; false for any other word. */
bool listing_option(const char *word, enum listing *out);

/* Nothing is printed for LISTING_JSON: there the caller prints the object itself. */
void listing_head(FILE *stream, enum listing listing, const struct listing_column *columns, size_t count);
void listing_row(FILE *stream, enum listing listing, const struct listing_column *columns, size_t count,
                 char cells[][LISTING_CELL_MAX]);

/* Puts `length` bytes behind what a cell holds, as far as they fit. */
void listing_add(char cell[LISTING_CELL_MAX], const char *bytes, size_t length);

/* The members of an object one after the other; `at` begins at its brace. */
struct listing_walk {
    const char *at, *end;
};
struct listing_member {
    const char *key, *value; /* as they stand, a text without its quotes */
    size_t key_length, value_length;
    bool is_text;
};
bool listing_next(struct listing_walk *walk, struct listing_member *out);
bool listing_is(const struct listing_member *member, const char *key);
/* For a person: escapes resolved, null as nothing. */
void listing_text(const struct listing_member *member, char out[LISTING_CELL_MAX]);
/* The member of that name; empty when there is none. */
void listing_find(const char *json, size_t length, const char *key, char out[LISTING_CELL_MAX]);

#endif
