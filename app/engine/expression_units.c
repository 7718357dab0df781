#include "app/engine/expression_units.h"

/* That of the operand by now: one of its parameters may have met something since it was read. */
static struct dimension dimension_now(const struct emitter *emitter, const struct operand *operand)
{
    for (unsigned i = 0; i < PARAMETERS_MAX && operand->dimension.is_any; i++) {
        if ((operand->parameters >> i & 1U) != 0 && !emitter->program.dimensions[i].is_any) {
            return emitter->program.dimensions[i];
        }
    }
    return operand->dimension;
}

/* The parameters of an operand in any unit get that of what stands against it. */
static void bind_parameters(struct emitter *emitter, const struct operand *operand, const struct dimension *dimension)
{
    for (unsigned i = 0; i < PARAMETERS_MAX && operand->dimension.is_any; i++) {
        if ((operand->parameters >> i & 1U) != 0) {
            emitter->program.dimensions[i] = *dimension;
        }
    }
}

static bool fail_units(struct emitter *emitter, const struct operand *left, const struct operand *right,
                       const struct dimension units[2], const struct emit_operation *operation)
{
    const struct expression_span where = expression_span_join(left->where, right->where);
    char left_unit[DIMENSION_TEXT_MAX], right_unit[DIMENSION_TEXT_MAX];
    dimension_text(&units[0], left_unit);
    dimension_text(&units[1], right_unit);
    if (dimension_is_time(&units[0]) || dimension_is_time(&units[1])) {
        return expression_fail(emitter->fault, where,
                               "\"%.*s\" has %s on its left and %s on its right: a duration is compared with age only",
                               QUOTE(emitter->text, operation->where), left_unit, right_unit);
    }
    return expression_fail(emitter->fault, where,
                           "\"%.*s\" has %s on its left and %s on its right, both sides need the same unit",
                           QUOTE(emitter->text, operation->where), left_unit, right_unit);
}

bool units_check(struct emitter *emitter, const struct operand *left, const struct operand *right,
                 const struct emit_operation *operation, struct operand *result)
{
    const struct dimension units[2] = {dimension_now(emitter, left), dimension_now(emitter, right)};
    if (!units[0].is_any && !units[1].is_any && !dimension_is_same(&units[0], &units[1])) {
        return fail_units(emitter, left, right, units, operation);
    }
    const struct dimension *known = units[0].is_any ? &units[1] : &units[0];
    if (!known->is_any) {
        bind_parameters(emitter, left, known);
        bind_parameters(emitter, right, known);
    }
    result->dimension = *known;
    result->parameters = left->parameters | right->parameters;
    return true;
}

/* A parameter times or divided by a written number still has its unit; else nobody can tell. */
static uint8_t scaled_parameters(const struct operand *left, const struct operand *right, bool quotient)
{
    if (left->parameters != 0 && right->parameters != 0) {
        return 0;
    }
    return left->parameters != 0 || !quotient ? left->parameters | right->parameters : 0;
}

void units_take_product(const struct emitter *emitter, const struct operand *left, const struct operand *right,
                        bool quotient, struct operand *result)
{
    const struct dimension left_unit = dimension_now(emitter, left), right_unit = dimension_now(emitter, right);
    const bool is_scaled = left->dimension.is_any && right->dimension.is_any;
    result->dimension = dimension_product(&left_unit, &right_unit, quotient);
    result->parameters = is_scaled ? scaled_parameters(left, right, quotient) : 0;
}
