/*
 * expression_compile.c: reads an expression and writes its steps, without recursion.
 *
 * Precedence climbing with the calls turned into a stack: operators wait in `pending` until one comes that binds no
 * tighter, and an opening parenthesis (or that of a share) keeps everything below it waiting. What binds at least as
 * tightly as the newcomer is written first, so operands always lie on the emitter's stack in order.
 */
#include <assert.h>
#include <string.h>

#include "app/engine/expression_emit.h"
#include "app/engine/expression_lexer.h"
#include "app/engine/expression_words.h"
#include "app/engine/micro.h"

/* How tightly each operator binds; what is open binds least, so that nothing passes it. */
enum { BINDS_OPEN, BINDS_OR, BINDS_AND, BINDS_NOT, BINDS_COMPARISON, BINDS_SUM, BINDS_PRODUCT, BINDS_MINUS };
static const uint8_t bindings[] = {
    [CODE_OR] = BINDS_OR,
    [CODE_AND] = BINDS_AND,
    [CODE_NOT] = BINDS_NOT,
    [CODE_COMPARE] = BINDS_COMPARISON,
    [CODE_ADD] = BINDS_SUM,
    [CODE_SUBTRACT] = BINDS_SUM,
    [CODE_MULTIPLY] = BINDS_PRODUCT,
    [CODE_DIVIDE] = BINDS_PRODUCT,
    [CODE_NEGATE] = BINDS_MINUS,
};

struct pending {
    uint8_t binds;
    bool is_share;                   /* what is open is a share's parenthesis */
    struct emit_operation operation; /* open: only `where`, from the function's name or the parenthesis on */
};

struct compiler {
    struct expression_lexer lexer;
    struct expression_token token; /* the one being read */
    const struct parameter_names *parameters;
    struct emitter emitter;
    struct pending pending[EXPRESSION_DEPTH_MAX];
    uint8_t pending_count;
    bool in_share;
    bool wants_value; /* else an operator or the end */
};

static bool advance(struct compiler *compiler)
{
    return expression_lexer_next(&compiler->lexer, &compiler->token, compiler->emitter.fault);
}

static bool fail_here(struct compiler *compiler, const char *message)
{
    return expression_fail(compiler->emitter.fault, compiler->token.where, "%s", message);
}

static struct expression_span span_to_here(const struct compiler *compiler, struct expression_span first)
{
    const struct expression_span last = compiler->token.where;
    return (struct expression_span){first.offset, last.offset + last.length - first.offset};
}

static struct expression_word word_here(const struct compiler *compiler)
{
    return (struct expression_word){compiler->lexer.text, compiler->token.where, compiler->parameters};
}

/* --- operators that wait --- */

static uint8_t top_binds(const struct compiler *compiler)
{
    return compiler->pending_count == 0 ? BINDS_OPEN : compiler->pending[compiler->pending_count - 1].binds;
}

static bool push_pending(struct compiler *compiler, const struct pending *pending)
{
    if (compiler->pending_count == EXPRESSION_DEPTH_MAX) {
        return expression_fail(compiler->emitter.fault, pending->operation.where,
                               "nested too deeply: more than %d parentheses and operators are open here",
                               EXPRESSION_DEPTH_MAX);
    }
    compiler->pending[compiler->pending_count++] = *pending;
    return true;
}

static bool push_operator(struct compiler *compiler, enum expression_code code)
{
    const struct expression_token *token = &compiler->token;
    compiler->wants_value = true;
    return push_pending(
        compiler, &(struct pending){.binds = bindings[code], .operation = {code, token->comparison, token->where}});
}

/* Writes the operators on top that bind at least as tightly as `binds`. */
static bool write_pending(struct compiler *compiler, uint8_t binds)
{
    while (top_binds(compiler) >= binds) {
        if (!emit_operation(&compiler->emitter, &compiler->pending[--compiler->pending_count].operation)) {
            return false;
        }
    }
    return true;
}

/* Writes down to what is open, which comes off; NULL in *out when nothing is. */
static bool close_pending(struct compiler *compiler, const struct pending **out)
{
    if (!write_pending(compiler, BINDS_OPEN + 1)) {
        return false;
    }
    *out = compiler->pending_count == 0 ? NULL : &compiler->pending[--compiler->pending_count];
    return true;
}

/* --- functions --- */

static bool read_span(struct compiler *compiler, struct window_spec *spec)
{
    const int64_t span_ms = compiler->token.value;
    if (span_ms < 1 || span_ms > SERIES_SPAN_MS_MAX) {
        return fail_here(compiler, "a window in time is 1 ms to 24 h long");
    }
    spec->span_ms = (uint32_t)span_ms;
    return true;
}

static bool read_count(struct compiler *compiler, struct window_spec *spec)
{
    const int64_t count = compiler->token.value / MICRO_ONE;
    if (compiler->token.value % MICRO_ONE != 0 || count < 1 || count > SERIES_COUNT_MAX) {
        return fail_here(compiler, "a window by number is a whole number of observations, 1 to 4096");
    }
    spec->count = (uint32_t)count;
    return true;
}

/* After the comma: the window, and the parenthesis behind it. */
static bool read_window(struct compiler *compiler, struct window_spec *spec)
{
    if (!advance(compiler)) {
        return false;
    }
    if (compiler->token.kind != TOKEN_DURATION && compiler->token.kind != TOKEN_NUMBER) {
        return fail_here(compiler, "a window is a duration or a number of observations, as in 15s or 16");
    }
    const bool in_time = compiler->token.kind == TOKEN_DURATION;
    if (!(in_time ? read_span(compiler, spec) : read_count(compiler, spec)) || !advance(compiler)) {
        return false;
    }
    return compiler->token.kind == TOKEN_CLOSE || fail_here(compiler, "expected \")\" after the window");
}

static bool read_vital(struct compiler *compiler, struct window_spec *spec)
{
    if (!advance(compiler)) {
        return false;
    }
    if (compiler->token.kind != TOKEN_WORD) {
        return fail_here(compiler, "expected the name of one vital");
    }
    const struct expression_word word = word_here(compiler);
    return expression_word_is_vital(&word, &spec->vital) || expression_fail_vital(&word, compiler->emitter.fault);
}

static bool needs_window(enum aggregate aggregate)
{
    return aggregate != AGGREGATE_LAST && aggregate != AGGREGATE_AGE;
}

static bool fail_without_window(struct compiler *compiler, const struct window_spec *spec,
                                struct expression_span function)
{
    const struct vital_info *info = vital_info(spec->vital);
    const char *name = expression_aggregate_word(spec->aggregate);
    return expression_fail(compiler->emitter.fault, span_to_here(compiler, function),
                           "%s needs a window, as in %s(%s, %s)", name, name, info->name,
                           info->kind == VITAL_EPISODIC ? "3" : "15s");
}

static bool fail_after_vital(struct compiler *compiler, enum aggregate aggregate)
{
    if (compiler->token.kind != TOKEN_OPERATOR) {
        return fail_here(compiler, "expected a comma or \")\" after the vital");
    }
    return expression_fail(
        compiler->emitter.fault, compiler->token.where, "%s takes one vital, %s", expression_aggregate_word(aggregate),
        compiler->token.code == CODE_COMPARE ? "only share takes a comparison" : "do arithmetic outside of it");
}

/* After the vital: the window, or the end where the aggregate can do without. */
static bool read_rest(struct compiler *compiler, struct window_spec *spec, struct expression_span function)
{
    if (!advance(compiler)) {
        return false;
    }
    if (compiler->token.kind == TOKEN_COMMA) {
        return spec->aggregate == AGGREGATE_AGE ? fail_here(compiler, "age takes no window")
                                                : read_window(compiler, spec);
    }
    if (compiler->token.kind == TOKEN_CLOSE) {
        return !needs_window(spec->aggregate) || fail_without_window(compiler, spec, function);
    }
    return fail_after_vital(compiler, spec->aggregate);
}

static bool fail_without_parentheses(struct compiler *compiler, struct expression_span function,
                                     enum aggregate aggregate)
{
    const char *name = expression_aggregate_word(aggregate);
    const char *inside = aggregate == AGGREGATE_SHARE ? "spo2 < 90, 15s" : needs_window(aggregate) ? "hr, 15s" : "hr";
    return expression_fail(compiler->emitter.fault, function, "%s is a function and needs parentheses, as in %s(%s)",
                           name, name, inside);
}

static bool open_share(struct compiler *compiler, struct expression_span function)
{
    compiler->in_share = true;
    return push_pending(compiler,
                        &(struct pending){.binds = BINDS_OPEN, .is_share = true, .operation.where = function});
}

static bool take_function(struct compiler *compiler, enum aggregate aggregate)
{
    const struct expression_span function = compiler->token.where;
    if (compiler->in_share) {
        return fail_here(compiler, "a share compares its vital with numbers and parameters only");
    }
    if (!advance(compiler)) {
        return false;
    }
    if (compiler->token.kind != TOKEN_OPEN) {
        return fail_without_parentheses(compiler, function, aggregate);
    }
    if (aggregate == AGGREGATE_SHARE) {
        return open_share(compiler, function);
    }
    struct window_spec spec = {.aggregate = aggregate};
    compiler->wants_value = false;
    return read_vital(compiler, &spec) && read_rest(compiler, &spec, function) &&
           emit_window(&compiler->emitter, span_to_here(compiler, function), &spec);
}

static bool take_vital(struct compiler *compiler, enum vital vital)
{
    const struct expression_span where = compiler->token.where;
    compiler->wants_value = false;
    if (compiler->in_share) {
        emit_share_vital(&compiler->emitter, where, vital);
        return true;
    }
    return emit_window(&compiler->emitter, where,
                       &(struct window_spec){.vital = vital, .aggregate = AGGREGATE_LAST, .bare = true});
}

static bool take_score(struct compiler *compiler, enum score score)
{
    compiler->wants_value = false;
    return compiler->in_share ? fail_here(compiler, "a share compares a vital, and a score is none")
                              : emit_score(&compiler->emitter, compiler->token.where, score);
}

static bool take_parameter(struct compiler *compiler, uint8_t parameter)
{
    compiler->wants_value = false;
    return emit_parameter(&compiler->emitter, compiler->token.where, parameter);
}

static bool take_word(struct compiler *compiler)
{
    const struct expression_word word = word_here(compiler);
    enum aggregate aggregate = AGGREGATE_MEAN;
    enum vital vital = VITAL_NONE;
    enum score score = SCORE_COUNT;
    uint8_t parameter = 0;
    if (expression_word_is_aggregate(&word, &aggregate)) {
        return take_function(compiler, aggregate);
    }
    const bool is_parameter = expression_word_is_parameter(&word, &parameter);
    if (expression_word_is_vital(&word, &vital)) {
        return is_parameter
                   ? fail_here(compiler, "this is a vital and also a parameter of the rule, rename the parameter")
                   : take_vital(compiler, vital);
    }
    if (expression_word_is_score(&word, &score)) {
        return is_parameter
                   ? fail_here(compiler, "this is a score and also a parameter of the rule, rename the parameter")
                   : take_score(compiler, score);
    }
    return is_parameter ? take_parameter(compiler, parameter) : expression_fail_value(&word, compiler->emitter.fault);
}

/* --- where a value must stand --- */

static bool take_prefix(struct compiler *compiler)
{
    if (compiler->token.code == CODE_SUBTRACT) {
        return push_operator(compiler, CODE_NEGATE);
    }
    if (compiler->token.code != CODE_NOT) {
        return fail_here(compiler, "expected a value here");
    }
    if (top_binds(compiler) > BINDS_NOT) {
        return fail_here(compiler, "expected a number here, \"not\" makes a condition");
    }
    return push_operator(compiler, CODE_NOT);
}

static bool take_value(struct compiler *compiler)
{
    const struct expression_token *token = &compiler->token;
    switch (token->kind) {
    case TOKEN_NUMBER:
        compiler->wants_value = false;
        return emit_number(&compiler->emitter, token->where, token->value);
    case TOKEN_DURATION:
        compiler->wants_value = false;
        return emit_duration(&compiler->emitter, token->where, token->value);
    case TOKEN_WORD:
        return take_word(compiler);
    case TOKEN_OPERATOR:
        return take_prefix(compiler);
    case TOKEN_OPEN:
        return push_pending(compiler, &(struct pending){.binds = BINDS_OPEN, .operation.where = token->where});
    case TOKEN_CLOSE:
    case TOKEN_COMMA:
    case TOKEN_END:
        break;
    }
    return fail_here(compiler, "expected a value here");
}

/* --- behind a value --- */

/* "a < b < c": the operands a and b lie on top of the emitter's stack, the first comparison on that of what waits. */
static bool fail_chained(struct compiler *compiler)
{
    const struct emitter *emitter = &compiler->emitter;
    const char *text = emitter->text;
    const struct expression_span left = emitter->operands[emitter->operand_count - 2].where;
    const struct expression_span middle = emitter->operands[emitter->operand_count - 1].where;
    const struct expression_span first = compiler->pending[compiler->pending_count - 1].operation.where;
    return expression_fail(emitter->fault, compiler->token.where,
                           "comparisons are not chained, write \"%.*s %.*s %.*s and %.*s %.*s ...\"", QUOTE(text, left),
                           QUOTE(text, first), QUOTE(text, middle), QUOTE(text, middle),
                           QUOTE(text, compiler->token.where));
}

static bool take_infix(struct compiler *compiler)
{
    const enum expression_code code = compiler->token.code;
    if (code == CODE_NOT) {
        return fail_here(compiler, "expected \"and\" or \"or\" before \"not\"");
    }
    if (code != CODE_COMPARE) {
        return write_pending(compiler, bindings[code]) && push_operator(compiler, code);
    }
    if (!write_pending(compiler, BINDS_COMPARISON + 1)) {
        return false;
    }
    return top_binds(compiler) == BINDS_COMPARISON ? fail_chained(compiler) : push_operator(compiler, code);
}

static bool take_close(struct compiler *compiler)
{
    const struct pending *open = NULL;
    if (!close_pending(compiler, &open)) {
        return false;
    }
    if (open == NULL) {
        return fail_here(compiler, "this \")\" closes nothing");
    }
    const struct expression_span where = span_to_here(compiler, open->operation.where);
    if (open->is_share) {
        return expression_fail(compiler->emitter.fault, where, "share needs a window, as in share(spo2 < 90, 15s)");
    }
    emit_parentheses(&compiler->emitter, where);
    return true;
}

static bool take_comma(struct compiler *compiler)
{
    const struct expression_span comma = compiler->token.where;
    const struct pending *open = NULL;
    if (!close_pending(compiler, &open)) {
        return false;
    }
    if (open == NULL || !open->is_share) {
        return expression_fail(compiler->emitter.fault, comma, "a comma stands only before the window of a function");
    }
    struct window_spec window = {0};
    compiler->in_share = false;
    return read_window(compiler, &window) &&
           emit_share(&compiler->emitter, span_to_here(compiler, open->operation.where), &window);
}

static bool take_operator(struct compiler *compiler)
{
    switch (compiler->token.kind) {
    case TOKEN_OPERATOR:
        return take_infix(compiler);
    case TOKEN_CLOSE:
        return take_close(compiler);
    case TOKEN_COMMA:
        return take_comma(compiler);
    case TOKEN_WORD: {
        const struct expression_word word = word_here(compiler);
        return expression_fail_operator(&word, compiler->emitter.fault);
    }
    case TOKEN_END:
    case TOKEN_NUMBER:
    case TOKEN_DURATION:
    case TOKEN_OPEN:
        break;
    }
    return fail_here(compiler, "an operator such as and, or, < or + must stand here");
}

static bool take_end(struct compiler *compiler)
{
    const struct pending *open = NULL;
    if (compiler->wants_value) {
        const bool nothing = compiler->emitter.operand_count == 0 && compiler->pending_count == 0;
        return fail_here(compiler,
                         nothing ? "empty, write a condition such as hr > 120" : "ends where a value is expected");
    }
    if (!close_pending(compiler, &open)) {
        return false;
    }
    if (open != NULL) {
        return expression_fail(compiler->emitter.fault, open->operation.where, "the parenthesis is never closed");
    }
    return emit_end(&compiler->emitter);
}

static bool compile(struct compiler *compiler)
{
    while (advance(compiler)) {
        if (compiler->token.kind == TOKEN_END) {
            return take_end(compiler);
        }
        if (!(compiler->wants_value ? take_value(compiler) : take_operator(compiler))) {
            return false;
        }
    }
    return false;
}

bool expression_compile(const char *text, const struct parameter_names *parameters, uint16_t coverage_permille,
                        struct expression *out, struct expression_fault *fault)
{
    assert(text != NULL && parameters != NULL && parameters->count <= PARAMETERS_MAX);
    assert(coverage_permille <= 1000 && out != NULL && fault != NULL);
    const size_t length = strnlen(text, EXPRESSION_TEXT_MAX + 1);
    if (length > EXPRESSION_TEXT_MAX) {
        return expression_fail(fault, (struct expression_span){EXPRESSION_TEXT_MAX, 0},
                               "longer than %d characters, split the rule", EXPRESSION_TEXT_MAX);
    }
    struct compiler compiler = {
        .lexer = {.text = text, .length = length},
        .parameters = parameters,
        .emitter = {.text = text, .coverage_permille = coverage_permille, .fault = fault},
        .wants_value = true,
    };
    for (unsigned i = 0; i < PARAMETERS_MAX; i++) {
        compiler.emitter.program.dimensions[i] =
            parameters->dimensions != NULL ? parameters->dimensions[i] : DIMENSION_ANY;
    }
    if (!compile(&compiler)) {
        return false;
    }
    *out = compiler.emitter.program;
    return true;
}
