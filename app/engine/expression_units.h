/*
 * expression_units.h: in which unit an operand is, and whether two fit together (dimension.h). Private to expression_emit.c.
 */
#ifndef WARDGATE_EXPRESSION_UNITS_H
#define WARDGATE_EXPRESSION_UNITS_H

#include "app/engine/expression_emit.h"

/* Of a sum, a difference or a comparison: false with *fault written when the sides are in different units; else what it
 * comes to is in *result, and parameters that had no unit yet have that of the other side. */
bool units_check(struct emitter *emitter, const struct operand *left, const struct operand *right,
                 const struct emit_operation *operation, struct operand *result);

/* Of a product or a quotient: any two fit. */
void units_take_product(const struct emitter *emitter, const struct operand *left, const struct operand *right,
                        bool quotient, struct operand *result);

#endif
