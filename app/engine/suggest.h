/*
 * suggest.h: "did you mean": the known word nearest to a misspelt one.
 *
 * Near means few edits (a letter added, lost, changed, or two neighbours swapped; upper and lower case are the same):
 * at most one per three letters, and one in a shorter word. Pure; thread: any. The answer is one of the candidates.
 */
#ifndef WARDGATE_SUGGEST_H
#define WARDGATE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_LENGTH_MAX 64 /* longer words are near to nothing */

/* `word` needs no terminator. NULL entries among the candidates are skipped; the first of equally near ones is taken.
 * NULL when none is near. */
const char *suggest(const char *word, size_t length, const char *const *candidates, size_t count);

#endif
