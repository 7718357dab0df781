#include "app/engine/expression_evaluate.h"

#include <assert.h>

#include "app/engine/expression_code.h"
#include "app/engine/micro.h"
#include "app/engine/window.h"

enum {
    MICRO_PER_MILLI = 1000, /* an age: millionths of a second in a millisecond */
    SECOND_MS = 1000
};

/* As deep as the compiler's stack of operands: it refuses what would need more. */
struct stack {
    struct answer answers[EXPRESSION_DEPTH_MAX + 1];
    uint8_t depth;
};

static const struct answer unknown = {.known = false};

static struct answer number(int64_t value_micro)
{
    return (struct answer){.known = true, .value_micro = value_micro};
}

static struct answer truth(bool met)
{
    return number(met ? 1 : 0);
}

static bool is_clear(struct answer condition)
{
    return condition.known && condition.value_micro == 0;
}

static struct answer compare(enum comparison comparison, int64_t left, int64_t right)
{
    switch (comparison) {
    case COMPARISON_LT:
        return truth(left < right);
    case COMPARISON_LE:
        return truth(left <= right);
    case COMPARISON_GT:
        return truth(left > right);
    case COMPARISON_GE:
        return truth(left >= right);
    case COMPARISON_EQ:
        return truth(left == right);
    case COMPARISON_NE:
        return truth(left != right);
    }
    return unknown;
}

static struct answer calculate(enum expression_code code, int64_t left, int64_t right)
{
    int64_t result = 0;
    bool fits = false;
    switch ((int)code) {
    case CODE_ADD:
        fits = !__builtin_add_overflow(left, right, &result);
        break;
    case CODE_SUBTRACT:
        fits = !__builtin_sub_overflow(left, right, &result);
        break;
    case CODE_MULTIPLY:
        fits = micro_multiply(left, right, &result);
        break;
    case CODE_DIVIDE:
        fits = micro_divide(left, right, &result);
        break;
    default:
        assert(false);
        break;
    }
    return fits ? number(result) : unknown;
}

static struct answer kleene_not(struct answer condition)
{
    return condition.known ? truth(is_clear(condition)) : unknown;
}

static struct answer kleene_and(struct answer left, struct answer right)
{
    if (is_clear(left) || is_clear(right)) {
        return truth(false);
    }
    return left.known && right.known ? truth(true) : unknown;
}

static struct answer kleene_or(struct answer left, struct answer right)
{
    return kleene_not(kleene_and(kleene_not(left), kleene_not(right)));
}

static struct answer combine(const struct expression_op *op, struct answer left, struct answer right)
{
    if (op->code == CODE_AND) {
        return kleene_and(left, right);
    }
    if (op->code == CODE_OR) {
        return kleene_or(left, right);
    }
    if (!left.known || !right.known) {
        return unknown;
    }
    return op->code == CODE_COMPARE ? compare((enum comparison)op->comparison, left.value_micro, right.value_micro)
                                    : calculate((enum expression_code)op->code, left.value_micro, right.value_micro);
}

static void note_due(struct evaluation *evaluation, int64_t due_ms)
{
    if (due_ms > evaluation->now_ms && due_ms < evaluation->age_due_ms) {
        evaluation->age_due_ms = due_ms;
    }
}

/* The age crosses `threshold` in the first millisecond that is not below it (>=, <), or the first beyond it (>, <=). */
static void note_age_crossing(struct evaluation *evaluation, enum comparison comparison, int64_t threshold_micro,
                              int64_t age_ms)
{
    if (threshold_micro < 0) {
        return;
    }
    const int64_t beyond_ms = threshold_micro / MICRO_PER_MILLI + 1;
    const int64_t reached_ms = threshold_micro % MICRO_PER_MILLI == 0 ? beyond_ms - 1 : beyond_ms;
    if (comparison != COMPARISON_GT && comparison != COMPARISON_LE) {
        note_due(evaluation, evaluation->now_ms - age_ms + reached_ms);
    }
    if (comparison != COMPARISON_GE && comparison != COMPARISON_LT) {
        note_due(evaluation, evaluation->now_ms - age_ms + beyond_ms);
    }
}

static bool is_age(const struct evaluation *evaluation, uint8_t index)
{
    return evaluation->bound->expression->windows[index].aggregate == AGGREGATE_AGE;
}

static bool is_askable(const struct evaluation *evaluation, uint8_t index)
{
    return (evaluation->bound->windows_unknown >> index & 1U) == 0;
}

static struct answer ask_window(struct evaluation *evaluation, uint8_t index)
{
    if (!is_askable(evaluation, index)) {
        return unknown;
    }
    const struct answer answer = window_answer_inline(evaluation->bound->windows[index], evaluation->now_ms);
    if (answer.known && is_age(evaluation, index)) {
        const int64_t age_ms = answer.value_micro / MICRO_PER_MILLI;
        note_due(evaluation, evaluation->now_ms + SECOND_MS - age_ms % SECOND_MS);
    }
    return answer;
}

static struct answer compare_window(struct evaluation *evaluation, const struct expression_op *op,
                                    struct answer threshold)
{
    if (!threshold.known || !is_askable(evaluation, op->index)) {
        return unknown;
    }
    struct window *window = evaluation->bound->windows[op->index];
    const enum comparison comparison = (enum comparison)op->comparison;
    if (is_age(evaluation, op->index)) {
        const struct answer age = window_answer(window, evaluation->now_ms);
        if (age.known) {
            note_age_crossing(evaluation, comparison, threshold.value_micro, age.value_micro / MICRO_PER_MILLI);
        }
    }
    const enum verdict verdict = window_compare(window, comparison, threshold.value_micro, evaluation->now_ms);
    return verdict == VERDICT_UNKNOWN ? unknown : truth(verdict == VERDICT_MET);
}

/* NULL: it is not kept here. */
static const struct score_result *ask_score(const struct evaluation *evaluation, uint8_t score)
{
    const struct scoring *scoring = evaluation->bound->scoring;
    const bool kept = scoring != NULL && scoring->has_stay && (scoring->scores >> score & 1U) != 0;
    return kept ? &scoring->results[score] : NULL;
}

static struct answer total_of(const struct score_result *result)
{
    return result != NULL && result->complete ? number((int64_t)result->total_milli * MICRO_PER_MILLI) : unknown;
}

/* What an incomplete sum has already decides whether it reaches a threshold, but never that it stays below. */
static struct answer compare_score(const struct score_result *result, enum comparison comparison,
                                   struct answer threshold)
{
    const struct answer total = total_of(result);
    if (!threshold.known || (!total.known && (result == NULL || !result->has_least))) {
        return unknown;
    }
    if (total.known) {
        return compare(comparison, total.value_micro, threshold.value_micro);
    }
    const int64_t least_micro = (int64_t)result->least_milli * MICRO_PER_MILLI;
    switch (comparison) {
    case COMPARISON_GE:
    case COMPARISON_LT:
        return least_micro >= threshold.value_micro ? truth(comparison == COMPARISON_GE) : unknown;
    case COMPARISON_GT:
    case COMPARISON_LE:
        return least_micro > threshold.value_micro ? truth(comparison == COMPARISON_GT) : unknown;
    case COMPARISON_EQ:
    case COMPARISON_NE:
        break;
    }
    return least_micro > threshold.value_micro ? truth(comparison == COMPARISON_NE) : unknown;
}

static struct answer pop(struct stack *stack)
{
    assert(stack->depth > 0);
    return stack->answers[--stack->depth];
}

static void push(struct stack *stack, struct answer answer)
{
    assert(stack->depth <= EXPRESSION_DEPTH_MAX);
    stack->answers[stack->depth++] = answer;
}

static struct answer run_step(struct evaluation *evaluation, const struct expression_op *op, struct stack *stack)
{
    switch ((enum expression_code)op->code) {
    case CODE_CONSTANT:
        return number(op->constant_micro);
    case CODE_PARAMETER:
        return number(evaluation->parameters_micro[op->index]);
    case CODE_WINDOW:
        return ask_window(evaluation, op->index);
    case CODE_COMPARE_WINDOW:
        return compare_window(evaluation, op, pop(stack));
    case CODE_SCORE:
        return total_of(ask_score(evaluation, op->index));
    case CODE_COMPARE_SCORE:
        return compare_score(ask_score(evaluation, op->index), (enum comparison)op->comparison, pop(stack));
    case CODE_NOT:
        return kleene_not(pop(stack));
    case CODE_NEGATE: {
        const struct answer value = pop(stack);
        return value.known ? calculate(CODE_SUBTRACT, 0, value.value_micro) : unknown;
    }
    case CODE_OR:
    case CODE_AND:
    case CODE_COMPARE:
    case CODE_ADD:
    case CODE_SUBTRACT:
    case CODE_MULTIPLY:
    case CODE_DIVIDE:
        break;
    }
    const struct answer right = pop(stack);
    return combine(op, pop(stack), right);
}

struct answer expression_run(struct evaluation *evaluation, const struct expression_op *ops, uint8_t count)
{
    struct stack stack = {.depth = 0};
    for (uint8_t i = 0; i < count; i++) {
        push(&stack, run_step(evaluation, &ops[i], &stack));
    }
    assert(stack.depth == 1);
    return pop(&stack);
}
