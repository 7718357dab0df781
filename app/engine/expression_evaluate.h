/*
 * expression_evaluate.h: runs the steps of a compiled expression over the windows of one bed. Private to expression.c.
 *
 * A condition is an answer too: 1 met, 0 clear, or unknown. All steps run, nothing is cut short: they are few.
 */
#ifndef WARDGATE_EXPRESSION_EVALUATE_H
#define WARDGATE_EXPRESSION_EVALUATE_H

#include <stdint.h>

#include "app/engine/expression.h"

struct evaluation {
    const struct bound_expression *bound;
    const int64_t *parameters_micro; /* PARAMETERS_MAX of them */
    int64_t now_ms;
    int64_t age_due_ms; /* starts as SERIES_NEVER; lowered to the next instant at which an age may change the result */
};

struct answer expression_run(struct evaluation *evaluation, const struct expression_op *ops, uint8_t count);

#endif
