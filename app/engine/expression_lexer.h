/*
 * expression_lexer.h: cuts the text of an expression into words, numbers and signs. Private to its compiler.
 *
 * Numbers are decimal with at most 6 places and no exponent; a unit (ms s min h d) directly behind one makes it a
 * duration. Words are letters, digits and underscores; `and`, `or`, `not` are operators.
 */
#ifndef WARDGATE_EXPRESSION_LEXER_H
#define WARDGATE_EXPRESSION_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/expression_code.h"
#include "app/engine/expression_fault.h"

enum expression_token_kind {
    TOKEN_END,
    TOKEN_NUMBER,   /* value: millionths */
    TOKEN_DURATION, /* value: milliseconds */
    TOKEN_WORD,
    TOKEN_OPERATOR, /* code; a minus is CODE_SUBTRACT */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA
};

struct expression_token {
    enum expression_token_kind kind;
    enum expression_code code;
    enum comparison comparison; /* of CODE_COMPARE */
    struct expression_span where;
    int64_t value;
};

struct expression_lexer {
    const char *text;
    size_t length, position;
};

/* The next token. At the end of the text, TOKEN_END for ever. */
bool expression_lexer_next(struct expression_lexer *lexer, struct expression_token *out,
                           struct expression_fault *fault);

#endif
