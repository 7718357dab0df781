/*
 * expression_emit.h: checks types and writes the steps of an expression while the compiler reads it. Private to it.
 *
 * Operands whose steps are written wait on a stack of their own; an operator takes its one or two from the top and
 * leaves its result. Besides its type an operand says what later decisions need: whether it is one aggregate alone (a
 * comparison of that with a constant is decided exactly), whether it is constant, and how it moves with `limit`.
 * Every function returns false with *fault written when the text is wrong.
 */
#ifndef WARDGATE_EXPRESSION_EMIT_H
#define WARDGATE_EXPRESSION_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/dimension.h"
#include "app/engine/expression.h"
#include "app/engine/expression_code.h"
#include "app/engine/expression_fault.h"

enum operand_type {
    OPERAND_NUMBER,
    OPERAND_CONDITION,
    OPERAND_VITAL, /* in a share: the vital that it compares; no steps */
    OPERAND_SHARE  /* a share's comparison; its steps are the threshold */
};

/* How a number, or the truth of a condition, moves when `limit` rises: a set of these. */
enum { TREND_RISES = 1, TREND_FALLS = 2 };

struct operand {
    enum operand_type type;
    struct expression_span where;
    uint8_t first_op; /* its steps end where the next operand's begin */
    uint8_t trend;
    bool is_constant; /* made of numbers and parameters only */
    bool is_window;   /* one aggregate, or a bare vital, and nothing else */
    bool is_score;    /* one score and nothing else */
    enum vital vital;
    enum comparison comparison; /* OPERAND_SHARE: the vital on the left */
    struct dimension dimension; /* of a number, or of the vital of a share */
    uint8_t parameters;         /* bit per parameter that has the same, and gets it when this one does */
};

struct emitter {
    const char *text;
    uint16_t coverage_permille;
    struct expression_fault *fault;
    struct expression program;
    struct operand operands[EXPRESSION_DEPTH_MAX + 1];
    uint8_t operand_count;
};

/* An operator as it stands in the text. */
struct emit_operation {
    enum expression_code code;
    enum comparison comparison;
    struct expression_span where;
};

bool emit_number(struct emitter *emitter, struct expression_span where, int64_t value_micro);
bool emit_duration(struct emitter *emitter, struct expression_span where, int64_t value_ms);
bool emit_parameter(struct emitter *emitter, struct expression_span where, uint8_t index);
/* The coverage of `spec` is set here. */
bool emit_window(struct emitter *emitter, struct expression_span where, const struct window_spec *spec);
bool emit_score(struct emitter *emitter, struct expression_span where, enum score score);
void emit_share_vital(struct emitter *emitter, struct expression_span where, enum vital vital);
/* Turns the share's comparison on top into its window; `window` gives span or count. */
bool emit_share(struct emitter *emitter, struct expression_span where, const struct window_spec *window);
bool emit_operation(struct emitter *emitter, const struct emit_operation *operation);
/* What stands in parentheses is the operand on top. */
void emit_parentheses(struct emitter *emitter, struct expression_span where);
/* The whole text is read: one condition about at least one vital must be there. */
bool emit_end(struct emitter *emitter);

#endif
