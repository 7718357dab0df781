#include "app/engine/expression.h"

#include <assert.h>

#include "app/engine/expression_evaluate.h"

bool window_spec_is_continuous_only(const struct window_spec *spec)
{
    return spec->span_ms > 0 && spec->aggregate != AGGREGATE_LAST && spec->aggregate != AGGREGATE_AGE &&
           spec->aggregate != AGGREGATE_COUNT;
}

bool window_spec_is_of_values(const struct window_spec *spec)
{
    return spec->aggregate == AGGREGATE_MEAN || spec->aggregate == AGGREGATE_MAX || spec->aggregate == AGGREGATE_MIN ||
           spec->aggregate == AGGREGATE_LAST;
}

bool expression_is_wrong_for_episodic(const struct expression *expression, uint32_t episodic)
{
    for (uint8_t i = 0; i < expression->window_count; i++) {
        const struct window_spec *spec = &expression->windows[i];
        if ((episodic >> spec->vital & 1U) != 0 && window_spec_is_continuous_only(spec)) {
            return true;
        }
    }
    return false;
}

static struct evaluation begin(const struct bound_expression *bound, const int64_t *parameters_micro, int64_t now_ms)
{
    assert(bound != NULL && bound->expression != NULL && parameters_micro != NULL);
    return (struct evaluation){
        .bound = bound, .parameters_micro = parameters_micro, .now_ms = now_ms, .age_due_ms = SERIES_NEVER};
}

void expression_set_parameters(struct bound_expression *bound, const int64_t parameters_micro[PARAMETERS_MAX])
{
    struct evaluation evaluation = begin(bound, parameters_micro, 0);
    const struct expression *expression = bound->expression;
    bound->windows_unknown = 0;
    for (uint8_t i = 0; i < expression->share_count; i++) {
        const struct expression_share *share = &expression->shares[i];
        const struct answer threshold =
            expression_run(&evaluation, &expression->threshold_ops[share->first_op], share->op_count);
        if (threshold.known) {
            window_set_share(bound->windows[share->window], (enum comparison)share->comparison, threshold.value_micro);
        } else {
            bound->windows_unknown |= (uint16_t)(1U << share->window);
        }
    }
}

enum verdict expression_verdict(const struct bound_expression *bound, const int64_t parameters_micro[PARAMETERS_MAX],
                                int64_t now_ms)
{
    struct evaluation evaluation = begin(bound, parameters_micro, now_ms);
    const struct answer condition = expression_run(&evaluation, bound->expression->ops, bound->expression->op_count);
    if (!condition.known) {
        return VERDICT_UNKNOWN;
    }
    return condition.value_micro != 0 ? VERDICT_MET : VERDICT_CLEAR;
}

/* The ages' part: they move all the time, but matter only where the expression compares them. */
static int64_t next_age(const struct bound_expression *bound, const int64_t *parameters_micro, int64_t now_ms)
{
    struct evaluation evaluation = begin(bound, parameters_micro, now_ms);
    (void)expression_run(&evaluation, bound->expression->ops, bound->expression->op_count);
    return evaluation.age_due_ms;
}

int64_t expression_next_change(const struct bound_expression *bound, const int64_t parameters_micro[PARAMETERS_MAX],
                               int64_t now_ms)
{
    int64_t next_ms = SERIES_NEVER;
    bool asks_age = false;
    for (uint8_t i = 0; i < bound->expression->window_count; i++) {
        if (bound->expression->windows[i].aggregate == AGGREGATE_AGE) {
            asks_age = true;
            continue;
        }
        const int64_t change_ms = window_next_change(bound->windows[i], now_ms);
        next_ms = change_ms < next_ms ? change_ms : next_ms;
    }
    if (asks_age) {
        const int64_t age_ms = next_age(bound, parameters_micro, now_ms);
        next_ms = age_ms < next_ms ? age_ms : next_ms;
    }
    return next_ms;
}

void expression_demand(const struct expression *expression, enum vital vital, struct series_demand *demand)
{
    for (uint8_t i = 0; i < expression->window_count; i++) {
        if (expression->windows[i].vital == vital) {
            series_demand_add(demand, &expression->windows[i]);
        }
    }
}
