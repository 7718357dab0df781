#include "app/engine/expression_emit.h"

#include <assert.h>
#include <string.h>

#include "app/engine/expression_units.h"
#include "app/engine/micro.h"

_Static_assert(VITAL_COUNT <= 32 && PARAMETERS_MAX <= 8, "vitals and parameters are noted as bits");
_Static_assert(EXPRESSION_WINDOWS_MAX <= 16, "windows without an answer are noted as bits of 16");

#define SHARE_FORM "share takes one comparison of one vital with a value, as in share(spo2 < 90, 15s)"

static struct operand *top(struct emitter *emitter)
{
    assert(emitter->operand_count > 0);
    return &emitter->operands[emitter->operand_count - 1];
}

/* The compiler opens at most EXPRESSION_DEPTH_MAX operators at a time, so one more operand than that can wait. */
static void push(struct emitter *emitter, const struct operand *operand)
{
    assert(emitter->operand_count <= EXPRESSION_DEPTH_MAX);
    emitter->operands[emitter->operand_count++] = *operand;
}

static bool emit_op(struct emitter *emitter, struct expression_span where, const struct expression_op *op)
{
    struct expression *program = &emitter->program;
    if (program->op_count == EXPRESSION_OPS_MAX) {
        return expression_fail(emitter->fault, where, "too long from here: more than %d steps, split the rule",
                               EXPRESSION_OPS_MAX);
    }
    program->ops[program->op_count++] = *op;
    return true;
}

/* One step that is an operand by itself. */
static bool emit_value(struct emitter *emitter, struct expression_op op, const struct operand *operand)
{
    struct operand value = *operand;
    value.first_op = emitter->program.op_count;
    if (!emit_op(emitter, value.where, &op)) {
        return false;
    }
    push(emitter, &value);
    return true;
}

static bool emit_constant(struct emitter *emitter, struct expression_span where, int64_t value_micro,
                          struct dimension dimension)
{
    return emit_value(
        emitter, (struct expression_op){.code = CODE_CONSTANT, .constant_micro = value_micro},
        &(struct operand){.type = OPERAND_NUMBER, .where = where, .is_constant = true, .dimension = dimension});
}

bool emit_number(struct emitter *emitter, struct expression_span where, int64_t value_micro)
{
    return emit_constant(emitter, where, value_micro, DIMENSION_ANY);
}

bool emit_duration(struct emitter *emitter, struct expression_span where, int64_t value_ms)
{
    return emit_constant(emitter, where, value_ms * (MICRO_ONE / 1000), dimension_of_time());
}

bool emit_parameter(struct emitter *emitter, struct expression_span where, uint8_t index)
{
    assert(index < PARAMETERS_MAX);
    emitter->program.parameters |= (uint8_t)(1U << index);
    return emit_value(emitter, (struct expression_op){.code = CODE_PARAMETER, .index = index},
                      &(struct operand){.type = OPERAND_NUMBER,
                                        .where = where,
                                        .is_constant = true,
                                        .dimension = emitter->program.dimensions[index],
                                        .parameters = (uint8_t)(1U << index),
                                        .trend = index == PARAMETER_LIMIT ? TREND_RISES : 0});
}

static void note_vital(struct expression *program, enum vital vital)
{
    if (program->vitals == 0) {
        program->first_vital = (uint8_t)vital;
    }
    program->vitals |= 1U << vital;
}

static bool is_same_window(const struct window_spec *a, const struct window_spec *b)
{
    return a->vital == b->vital && a->aggregate == b->aggregate && a->bare == b->bare && a->span_ms == b->span_ms &&
           a->count == b->count;
}

/* Two shares are never the same window: each has a threshold of its own. */
static uint8_t find_window(const struct expression *program, const struct window_spec *spec)
{
    uint8_t i = 0;
    while (i < program->window_count &&
           (spec->aggregate == AGGREGATE_SHARE || !is_same_window(&program->windows[i], spec))) {
        i++;
    }
    return i;
}

bool emit_window(struct emitter *emitter, struct expression_span where, const struct window_spec *spec)
{
    struct expression *program = &emitter->program;
    const struct vital_info *info = vital_info(spec->vital);
    if (info->kind == VITAL_EPISODIC && window_spec_is_continuous_only(spec)) {
        return expression_fail(emitter->fault, where,
                               "%s is measured only now and then: take last, age, count, or a number of measurements "
                               "instead of a time",
                               info->name);
    }
    const uint8_t index = find_window(program, spec);
    if (index == EXPRESSION_WINDOWS_MAX) {
        return expression_fail(emitter->fault, where, "more than %d windows in one expression, split the rule",
                               EXPRESSION_WINDOWS_MAX);
    }
    note_vital(program, spec->vital);
    program->windows[index] = *spec;
    program->windows[index].coverage_permille = emitter->coverage_permille;
    program->window_count = index == program->window_count ? (uint8_t)(index + 1) : program->window_count;
    return emit_value(emitter, (struct expression_op){.code = CODE_WINDOW, .index = index},
                      &(struct operand){.type = OPERAND_NUMBER,
                                        .where = where,
                                        .is_window = true,
                                        .dimension = dimension_of_aggregate(spec->aggregate, spec->vital)});
}

bool emit_score(struct emitter *emitter, struct expression_span where, enum score score)
{
    emitter->program.scores |= (uint16_t)(1U << score);
    return emit_value(emitter, (struct expression_op){.code = CODE_SCORE, .index = (uint8_t)score},
                      &(struct operand){.type = OPERAND_NUMBER, .where = where, .is_score = true});
}

void emit_share_vital(struct emitter *emitter, struct expression_span where, enum vital vital)
{
    push(emitter, &(struct operand){.type = OPERAND_VITAL,
                                    .where = where,
                                    .vital = vital,
                                    .dimension = dimension_of_vital(vital),
                                    .first_op = emitter->program.op_count});
}

/* The steps of the operand on top become a threshold: they leave `ops` and stand in `threshold_ops`. */
static bool move_threshold(struct emitter *emitter, const struct operand *comparison, struct expression_share *share)
{
    struct expression *program = &emitter->program;
    const uint8_t count = (uint8_t)(program->op_count - comparison->first_op);
    if (program->threshold_op_count + count > EXPRESSION_OPS_MAX) {
        return expression_fail(emitter->fault, comparison->where, "too long: more than %d steps in shares",
                               EXPRESSION_OPS_MAX);
    }
    share->first_op = program->threshold_op_count;
    share->op_count = count;
    memcpy(&program->threshold_ops[share->first_op], &program->ops[comparison->first_op],
           count * sizeof program->ops[0]);
    program->threshold_op_count = (uint8_t)(program->threshold_op_count + count);
    program->op_count = comparison->first_op;
    return true;
}

bool emit_share(struct emitter *emitter, struct expression_span where, const struct window_spec *window)
{
    struct expression *program = &emitter->program;
    const struct operand comparison = *top(emitter);
    if (comparison.type != OPERAND_SHARE) {
        return expression_fail(emitter->fault, comparison.where, SHARE_FORM);
    }
    struct expression_share share = {.window = program->window_count,
                                     .comparison = (uint8_t)comparison.comparison,
                                     .offset = (uint16_t)comparison.where.offset,
                                     .length = (uint16_t)comparison.where.length};
    if (!move_threshold(emitter, &comparison, &share)) {
        return false;
    }
    emitter->operand_count--;
    struct window_spec spec = *window;
    spec.vital = comparison.vital;
    spec.aggregate = AGGREGATE_SHARE;
    if (!emit_window(emitter, where, &spec)) {
        return false;
    }
    top(emitter)->trend = comparison.trend;
    program->shares[program->share_count++] = share;
    return true;
}

static bool check_type(struct emitter *emitter, const struct operand *operand, enum operand_type wanted,
                       const struct emit_operation *operation)
{
    if (operand->type == wanted) {
        return true;
    }
    if (operand->type == OPERAND_VITAL || operand->type == OPERAND_SHARE) {
        return expression_fail(emitter->fault, operand->where, SHARE_FORM);
    }
    if (wanted == OPERAND_CONDITION) {
        return expression_fail(emitter->fault, operand->where,
                               "\"%.*s\" needs a condition but this is a number, compare it with something",
                               QUOTE(emitter->text, operation->where));
    }
    return expression_fail(emitter->fault, operand->where, "\"%.*s\" needs a number but this is a condition",
                           QUOTE(emitter->text, operation->where));
}

static uint8_t opposite(uint8_t trend)
{
    return (uint8_t)(((trend & TREND_RISES) != 0 ? TREND_FALLS : 0) | ((trend & TREND_FALLS) != 0 ? TREND_RISES : 0));
}

/* True when the steps from `first` to `end` are one written number above zero. */
static bool is_positive_number(const struct expression *program, uint8_t first, uint8_t end)
{
    return end - first == 1 && program->ops[first].code == CODE_CONSTANT && program->ops[first].constant_micro > 0;
}

static uint8_t product_trend(const struct expression *program, const struct operand *left, const struct operand *right,
                             bool quotient)
{
    if ((left->trend | right->trend) == 0) {
        return 0;
    }
    if (is_positive_number(program, right->first_op, program->op_count)) {
        return left->trend;
    }
    if (!quotient && is_positive_number(program, left->first_op, right->first_op)) {
        return right->trend;
    }
    return TREND_RISES | TREND_FALLS;
}

/* left - right with `limit`, and with it the truth of left > right. */
static uint8_t difference_trend(const struct operand *left, const struct operand *right)
{
    return left->trend | opposite(right->trend);
}

static uint8_t comparison_trend(const struct operand *left, const struct operand *right, enum comparison comparison)
{
    const uint8_t trend = difference_trend(left, right);
    switch (comparison) {
    case COMPARISON_GT:
    case COMPARISON_GE:
        return trend;
    case COMPARISON_LT:
    case COMPARISON_LE:
        return opposite(trend);
    case COMPARISON_EQ:
    case COMPARISON_NE:
        break;
    }
    return trend == 0 ? 0 : TREND_RISES | TREND_FALLS;
}

static enum comparison swapped(enum comparison comparison)
{
    switch (comparison) {
    case COMPARISON_LT:
        return COMPARISON_GT;
    case COMPARISON_LE:
        return COMPARISON_GE;
    case COMPARISON_GT:
        return COMPARISON_LT;
    case COMPARISON_GE:
        return COMPARISON_LE;
    case COMPARISON_EQ:
    case COMPARISON_NE:
        break;
    }
    return comparison;
}

static bool emit_unary(struct emitter *emitter, const struct emit_operation *operation)
{
    struct operand *operand = top(emitter);
    const bool is_not = operation->code == CODE_NOT;
    if (!check_type(emitter, operand, is_not ? OPERAND_CONDITION : OPERAND_NUMBER, operation)) {
        return false;
    }
    operand->where = expression_span_join(operation->where, operand->where);
    operand->trend = opposite(operand->trend);
    operand->is_window = operand->is_score = false;
    return emit_op(emitter, operand->where, &(struct expression_op){.code = (uint8_t)operation->code});
}

/* The vital of a share against a value of numbers and parameters: the value's steps stay, as threshold. */
static bool emit_share_comparison(struct emitter *emitter, const struct operand *left, const struct operand *right,
                                  const struct emit_operation *operation)
{
    const bool vital_left = left->type == OPERAND_VITAL;
    const struct operand *value = vital_left ? right : left;
    struct operand result = {.type = OPERAND_SHARE,
                             .where = expression_span_join(left->where, right->where),
                             .first_op = left->first_op,
                             .trend = comparison_trend(left, right, operation->comparison),
                             .vital = vital_left ? left->vital : right->vital,
                             .comparison = vital_left ? operation->comparison : swapped(operation->comparison)};
    if (value->type != OPERAND_NUMBER) {
        return expression_fail(emitter->fault, result.where, SHARE_FORM);
    }
    if (!units_check(emitter, left, right, operation, &result)) {
        return false;
    }
    push(emitter, &result);
    return true;
}

static bool asks_itself(const struct operand *operand)
{
    return operand->is_window || operand->is_score;
}

/*
 * One aggregate, or score, against a constant: its step goes, and the comparison asks the window itself, which decides
 * exactly and by its witness, or the score, by its lower bound. Else both are plain numbers.
 */
static struct expression_op take_comparison(struct expression *program, const struct operand *left,
                                            const struct operand *right, enum comparison comparison)
{
    struct expression_op op = {.code = CODE_COMPARE, .comparison = (uint8_t)comparison, .first_op = right->first_op};
    if (asks_itself(left) && right->is_constant) {
        op.code = left->is_window ? CODE_COMPARE_WINDOW : CODE_COMPARE_SCORE;
        op.index = program->ops[left->first_op].index;
        op.first_op = left->first_op;
        program->op_count--;
        memmove(&program->ops[left->first_op], &program->ops[right->first_op],
                (size_t)(program->op_count - left->first_op) * sizeof program->ops[0]);
    } else if (left->is_constant && asks_itself(right)) {
        op.code = right->is_window ? CODE_COMPARE_WINDOW : CODE_COMPARE_SCORE;
        op.comparison = (uint8_t)swapped(comparison);
        op.index = program->ops[right->first_op].index;
        op.first_op = left->first_op;
        program->op_count--;
    }
    return op;
}

static bool emit_comparison(struct emitter *emitter, const struct operand *left, const struct operand *right,
                            const struct emit_operation *operation)
{
    if (left->type == OPERAND_VITAL || right->type == OPERAND_VITAL) {
        return emit_share_comparison(emitter, left, right, operation);
    }
    if (!check_type(emitter, left, OPERAND_NUMBER, operation) ||
        !check_type(emitter, right, OPERAND_NUMBER, operation)) {
        return false;
    }
    struct operand result = {.type = OPERAND_CONDITION,
                             .where = expression_span_join(left->where, right->where),
                             .first_op = left->first_op,
                             .trend = comparison_trend(left, right, operation->comparison)};
    if (!units_check(emitter, left, right, operation, &result)) {
        return false;
    }
    struct expression_op op = take_comparison(&emitter->program, left, right, operation->comparison);
    op.offset = (uint16_t)result.where.offset;
    op.length = (uint16_t)result.where.length;
    push(emitter, &result);
    return emit_op(emitter, result.where, &op);
}

static uint8_t binary_trend(const struct expression *program, const struct operand *left, const struct operand *right,
                            enum expression_code code)
{
    if (code == CODE_MULTIPLY || code == CODE_DIVIDE) {
        return product_trend(program, left, right, code == CODE_DIVIDE);
    }
    return code == CODE_SUBTRACT ? difference_trend(left, right) : left->trend | right->trend;
}

static bool emit_binary(struct emitter *emitter, const struct operand *left, const struct operand *right,
                        const struct emit_operation *operation)
{
    const bool logic = operation->code == CODE_AND || operation->code == CODE_OR;
    const enum operand_type type = logic ? OPERAND_CONDITION : OPERAND_NUMBER;
    if (!check_type(emitter, left, type, operation) || !check_type(emitter, right, type, operation)) {
        return false;
    }
    struct operand result = {.type = type,
                             .where = expression_span_join(left->where, right->where),
                             .first_op = left->first_op,
                             .trend = binary_trend(&emitter->program, left, right, operation->code),
                             .is_constant = left->is_constant && right->is_constant};
    if (operation->code == CODE_MULTIPLY || operation->code == CODE_DIVIDE) {
        units_take_product(emitter, left, right, operation->code == CODE_DIVIDE, &result);
    } else if (!logic && !units_check(emitter, left, right, operation, &result)) {
        return false;
    }
    push(emitter, &result);
    return emit_op(emitter, result.where, &(struct expression_op){.code = (uint8_t)operation->code});
}

bool emit_operation(struct emitter *emitter, const struct emit_operation *operation)
{
    if (operation->code == CODE_NOT || operation->code == CODE_NEGATE) {
        return emit_unary(emitter, operation);
    }
    assert(emitter->operand_count >= 2);
    emitter->operand_count -= 2;
    const struct operand left = emitter->operands[emitter->operand_count];
    const struct operand right = emitter->operands[emitter->operand_count + 1];
    return operation->code == CODE_COMPARE ? emit_comparison(emitter, &left, &right, operation)
                                           : emit_binary(emitter, &left, &right, operation);
}

void emit_parentheses(struct emitter *emitter, struct expression_span where)
{
    top(emitter)->where = where;
}

bool emit_end(struct emitter *emitter)
{
    assert(emitter->operand_count == 1);
    const struct operand *whole = top(emitter);
    struct expression *program = &emitter->program;
    if (whole->type != OPERAND_CONDITION) {
        return expression_fail(emitter->fault, whole->where,
                               "a rule needs a condition but this is a number, compare it with something");
    }
    if (program->vitals == 0 && program->scores == 0) {
        return expression_fail(emitter->fault, whole->where, "no vital is asked, so this could never change");
    }
    program->first_vital = program->vitals == 0 ? (uint8_t)VITAL_NONE : program->first_vital;
    program->limit_direction = (int8_t)(whole->trend == TREND_RISES ? 1 : whole->trend == TREND_FALLS ? -1 : 0);
    return true;
}
