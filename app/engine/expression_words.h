/*
 * expression_words.h: what a word in an expression can name, and what a misspelt one was meant to be. Private to the
 * compiler.
 */
#ifndef WARDGATE_EXPRESSION_WORDS_H
#define WARDGATE_EXPRESSION_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/expression.h"
#include "app/engine/expression_fault.h"

/* A word where it stands, and what a rule adds to the words. */
struct expression_word {
    const char *text;
    struct expression_span where;
    const struct parameter_names *parameters;
};

bool expression_word_is_aggregate(const struct expression_word *word, enum aggregate *out);
bool expression_word_is_vital(const struct expression_word *word, enum vital *out);
bool expression_word_is_score(const struct expression_word *word, enum score *out);
bool expression_word_is_parameter(const struct expression_word *word, uint8_t *out);

/* The word of an aggregate. */
const char *expression_aggregate_word(enum aggregate aggregate);

/* These write *fault with the nearest word that would do, and return false. */
bool expression_fail_vital(const struct expression_word *word, struct expression_fault *fault);
bool expression_fail_value(const struct expression_word *word, struct expression_fault *fault);
bool expression_fail_operator(const struct expression_word *word, struct expression_fault *fault);

#endif
