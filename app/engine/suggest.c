#include "app/engine/suggest.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { LETTERS_PER_EDIT = 3 };

/* The edit distance by rows: how far the first i letters of one word are from every beginning of the other. */
struct rows {
    size_t before_last[SUGGEST_LENGTH_MAX + 1], last[SUGGEST_LENGTH_MAX + 1], now[SUGGEST_LENGTH_MAX + 1];
};

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool same(char a, char b)
{
    return lower(a) == lower(b);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void fill_row(struct rows *rows, const char *word, size_t i, const char *candidate, size_t candidate_length)
{
    rows->now[0] = i;
    for (size_t j = 1; j <= candidate_length; j++) {
        const size_t changed = rows->last[j - 1] + (same(word[i - 1], candidate[j - 1]) ? 0 : 1);
        size_t edits = smaller(changed, smaller(rows->last[j], rows->now[j - 1]) + 1);
        if (i > 1 && j > 1 && same(word[i - 1], candidate[j - 2]) && same(word[i - 2], candidate[j - 1])) {
            edits = smaller(edits, rows->before_last[j - 2] + 1);
        }
        rows->now[j] = edits;
    }
}

static size_t edit_distance(const char *word, size_t length, const char *candidate, size_t candidate_length)
{
    struct rows rows = {0};
    for (size_t j = 0; j <= candidate_length; j++) {
        rows.now[j] = j;
    }
    for (size_t i = 1; i <= length; i++) {
        memcpy(rows.before_last, rows.last, sizeof rows.last);
        memcpy(rows.last, rows.now, sizeof rows.now);
        fill_row(&rows, word, i, candidate, candidate_length);
    }
    return rows.now[candidate_length];
}

const char *suggest(const char *word, size_t length, const char *const *candidates, size_t count)
{
    assert(word != NULL && (candidates != NULL || count == 0));
    if (length == 0 || length > SUGGEST_LENGTH_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t nearest_edits = (length < LETTERS_PER_EDIT ? 1 : length / LETTERS_PER_EDIT) + 1;
    for (size_t i = 0; i < count; i++) {
        const size_t candidate_length = candidates[i] == NULL ? 0 : strlen(candidates[i]);
        if (candidate_length == 0 || candidate_length > SUGGEST_LENGTH_MAX) {
            continue;
        }
        const size_t edits = edit_distance(word, length, candidates[i], candidate_length);
        if (edits < nearest_edits && edits < length) {
            nearest = candidates[i];
            nearest_edits = edits;
        }
    }
    return nearest;
}
