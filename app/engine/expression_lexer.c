#include "app/engine/expression_lexer.h"

#include <assert.h>
#include <string.h>

#include "app/engine/micro.h"

#define NUMBER_BELOW 1000000000000 /* whole part: more than any vital or duration in seconds needs, far from overflow */

static const struct sign {
    const char *text;
    enum expression_token_kind kind;
    enum expression_code code;
    enum comparison comparison;
} signs[] = {
    /* the longer ones first */
    {"<=", TOKEN_OPERATOR, CODE_COMPARE, COMPARISON_LE},
    {">=", TOKEN_OPERATOR, CODE_COMPARE, COMPARISON_GE},
    {"==", TOKEN_OPERATOR, CODE_COMPARE, COMPARISON_EQ},
    {"!=", TOKEN_OPERATOR, CODE_COMPARE, COMPARISON_NE},
    {"<", TOKEN_OPERATOR, CODE_COMPARE, COMPARISON_LT},
    {">", TOKEN_OPERATOR, CODE_COMPARE, COMPARISON_GT},
    {"+", TOKEN_OPERATOR, CODE_ADD, 0},
    {"-", TOKEN_OPERATOR, CODE_SUBTRACT, 0},
    {"*", TOKEN_OPERATOR, CODE_MULTIPLY, 0},
    {"/", TOKEN_OPERATOR, CODE_DIVIDE, 0},
    {"(", TOKEN_OPEN, 0, 0},
    {")", TOKEN_CLOSE, 0, 0},
    {",", TOKEN_COMMA, 0, 0},
};

static const struct {
    const char *text;
    enum expression_code code;
} word_operators[] = {{"and", CODE_AND}, {"or", CODE_OR}, {"not", CODE_NOT}};

static const struct {
    const char *text;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const struct expression_lexer *lexer)
{
    return lexer->position < lexer->length ? lexer->text[lexer->position] : '\0';
}

static struct expression_span span_from(const struct expression_lexer *lexer, size_t start)
{
    return (struct expression_span){start, lexer->position - start};
}

static bool span_is(const char *text, struct expression_span span, const char *word)
{
    return strlen(word) == span.length && memcmp(text + span.offset, word, span.length) == 0;
}

static struct expression_span take_word(struct expression_lexer *lexer)
{
    const size_t start = lexer->position;
    while (is_letter(peek(lexer)) || is_digit(peek(lexer))) {
        lexer->position++;
    }
    return span_from(lexer, start);
}

/* All digits that stand here, each worth a tenth of the one before; `place` is the worth of the first in *value. */
static struct expression_span take_fraction(struct expression_lexer *lexer, int64_t *value)
{
    const size_t start = lexer->position;
    for (int64_t place = MICRO_ONE / 10; is_digit(peek(lexer)); place /= 10) {
        *value += (peek(lexer) - '0') * place;
        lexer->position++;
    }
    return span_from(lexer, start);
}

static bool take_whole(struct expression_lexer *lexer, int64_t *value, struct expression_fault *fault)
{
    const size_t start = lexer->position;
    int64_t whole = 0;
    while (is_digit(peek(lexer))) {
        whole = whole < NUMBER_BELOW ? whole * 10 + (peek(lexer) - '0') : NUMBER_BELOW;
        lexer->position++;
    }
    if (whole >= NUMBER_BELOW) {
        return expression_fail(fault, span_from(lexer, start), "number too large, it has at most 12 digits");
    }
    *value = whole * MICRO_ONE;
    return true;
}

static bool take_decimal(struct expression_lexer *lexer, int64_t *value, struct expression_fault *fault)
{
    const size_t start = lexer->position;
    if (!take_whole(lexer, value, fault)) {
        return false;
    }
    if (peek(lexer) != '.') {
        return true;
    }
    lexer->position++;
    const struct expression_span places = take_fraction(lexer, value);
    if (places.length == 0) {
        return expression_fail(fault, span_from(lexer, start), "a digit must stand on both sides of the point");
    }
    if (places.length > 6) {
        return expression_fail(fault, span_from(lexer, start), "a number has at most 6 decimal places");
    }
    return true;
}

static bool take_unit(struct expression_lexer *lexer, struct expression_token *token, struct expression_fault *fault)
{
    const struct expression_span word = take_word(lexer);
    token->where.length += word.length;
    for (size_t i = 0; i < LENGTH_OF(units); i++) {
        if (!span_is(lexer->text, word, units[i].text)) {
            continue;
        }
        int64_t scaled;
        if (__builtin_mul_overflow(token->value, units[i].ms, &scaled) || scaled % MICRO_ONE != 0) {
            return expression_fail(fault, token->where,
                                   "a duration is a whole number of milliseconds, at most 100000 d");
        }
        token->kind = TOKEN_DURATION;
        token->value = scaled / MICRO_ONE;
        return true;
    }
    return expression_fail(fault, word, "unknown unit \"%.*s\", durations are in ms, s, min, h or d",
                           QUOTE(lexer->text, word));
}

static bool take_number(struct expression_lexer *lexer, struct expression_token *token, struct expression_fault *fault)
{
    const size_t start = lexer->position;
    if (!take_decimal(lexer, &token->value, fault)) {
        return false;
    }
    token->kind = TOKEN_NUMBER;
    token->where = span_from(lexer, start);
    return !is_letter(peek(lexer)) || take_unit(lexer, token, fault);
}

static void take_name(struct expression_lexer *lexer, struct expression_token *token)
{
    token->kind = TOKEN_WORD;
    token->where = take_word(lexer);
    for (size_t i = 0; i < LENGTH_OF(word_operators); i++) {
        if (span_is(lexer->text, token->where, word_operators[i].text)) {
            token->kind = TOKEN_OPERATOR;
            token->code = word_operators[i].code;
        }
    }
}

static bool fail_sign(const struct expression_lexer *lexer, struct expression_fault *fault)
{
    const struct expression_span where = {lexer->position, 1};
    const char sign = peek(lexer);
    switch (sign) {
    case '=':
        return expression_fail(fault, where, "unexpected \"=\", equality is ==");
    case '!':
        return expression_fail(fault, where, "unexpected \"!\", write not, or != for unequal");
    case '&':
    case '|':
        return expression_fail(fault, where, "unexpected \"%c\", write the words and, or", sign);
    case '.':
        return expression_fail(fault, where, "a digit must stand on both sides of the point");
    default:
        break;
    }
    if (sign > ' ' && sign <= '~') {
        return expression_fail(fault, where,
                               "unexpected \"%c\", which no expression has; numbers stand without their unit", sign);
    }
    return expression_fail(fault, where, "unexpected byte 0x%02X, expressions are plain ASCII", (unsigned char)sign);
}

static bool take_sign(struct expression_lexer *lexer, struct expression_token *token, struct expression_fault *fault)
{
    for (size_t i = 0; i < LENGTH_OF(signs); i++) {
        const size_t length = strlen(signs[i].text);
        if (length <= lexer->length - lexer->position &&
            memcmp(lexer->text + lexer->position, signs[i].text, length) == 0) {
            token->kind = signs[i].kind;
            token->code = signs[i].code;
            token->comparison = signs[i].comparison;
            token->where = (struct expression_span){lexer->position, length};
            lexer->position += length;
            return true;
        }
    }
    return fail_sign(lexer, fault);
}

bool expression_lexer_next(struct expression_lexer *lexer, struct expression_token *out, struct expression_fault *fault)
{
    assert(lexer != NULL && out != NULL && lexer->position <= lexer->length);
    while (is_space(peek(lexer))) {
        lexer->position++;
    }
    struct expression_token token = {.kind = TOKEN_END, .where = {lexer->position, 0}};
    if (lexer->position == lexer->length) {
        *out = token;
        return true;
    }
    if (is_letter(peek(lexer))) {
        take_name(lexer, &token);
    } else if (is_digit(peek(lexer))) {
        if (!take_number(lexer, &token, fault)) {
            return false;
        }
    } else if (!take_sign(lexer, &token, fault)) {
        return false;
    }
    *out = token;
    return true;
}
