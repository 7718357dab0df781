#include "app/engine/expression_range.h"

#include <assert.h>

#include "app/engine/expression_code.h"
#include "app/engine/expression_evaluate.h"
#include "app/engine/micro.h"

#define MICRO_PER_MILLI (MICRO_ONE / 1000)

struct range {
    int64_t low_micro, high_micro;
    bool has_low, has_high;
};

static struct range between(int64_t low_micro, int64_t high_micro)
{
    return (struct range){.low_micro = low_micro, .high_micro = high_micro, .has_low = true, .has_high = true};
}

static struct range range_of_vital(enum vital vital, enum patient_class patient_class)
{
    const struct vital_range range = vital_range(vital, patient_class);
    return between((int64_t)range.low_milli * MICRO_PER_MILLI, (int64_t)range.high_milli * MICRO_PER_MILLI);
}

static struct range range_of_window(const struct window_spec *spec, enum patient_class patient_class)
{
    const struct range vital = range_of_vital(spec->vital, patient_class);
    const int64_t width_micro = vital.high_micro - vital.low_micro;
    switch (spec->aggregate) {
    case AGGREGATE_SHARE:
        return between(0, MICRO_ONE);
    case AGGREGATE_STDDEV:
        return between(0, width_micro);
    case AGGREGATE_DELTA:
        return between(-width_micro, width_micro);
    case AGGREGATE_COUNT:
        return (struct range){
            .has_low = true, .has_high = spec->count > 0, .high_micro = (int64_t)spec->count * MICRO_ONE};
    case AGGREGATE_AGE:
        return (struct range){.has_low = true};
    case AGGREGATE_SLOPE:
        return (struct range){.has_low = false};
    case AGGREGATE_MEAN:
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
    case AGGREGATE_LAST:
        break;
    }
    return vital;
}

/* Clear, met or (unknown) not yet decided: whatever in the range is compared with the threshold. Beyond a limit at the
 * very end (`spo2 > 100`) there is nothing either, but that is how a rule is turned off for a class, and no slip. */
static enum verdict judge(const struct range *range, enum comparison comparison, int64_t threshold_micro)
{
    const bool all_below = range->has_high && range->high_micro < threshold_micro;
    const bool all_above = range->has_low && range->low_micro > threshold_micro;
    const bool none_above = range->has_high && range->high_micro <= threshold_micro;
    const bool none_below = range->has_low && range->low_micro >= threshold_micro;
    bool always = false, never = false;
    switch (comparison) {
    case COMPARISON_LT:
        always = all_below;
        never = all_above;
        break;
    case COMPARISON_LE:
        always = none_above;
        never = all_above;
        break;
    case COMPARISON_GT:
        always = all_above;
        never = all_below;
        break;
    case COMPARISON_GE:
        always = none_below;
        never = all_below;
        break;
    case COMPARISON_EQ:
        never = all_below || all_above;
        break;
    case COMPARISON_NE:
        always = all_below || all_above;
        break;
    }
    return always ? VERDICT_MET : never ? VERDICT_CLEAR : VERDICT_UNKNOWN;
}

/* A threshold: steps of numbers and parameters only. */
static struct answer threshold_of(const struct expression_op *ops, uint8_t count, const int64_t *parameters_micro)
{
    struct evaluation evaluation = {.parameters_micro = parameters_micro, .age_due_ms = SERIES_NEVER};
    return expression_run(&evaluation, ops, count);
}

static bool note(const struct range *range, enum verdict verdict, struct expression_sure *out)
{
    out->is_met = verdict == VERDICT_MET;
    out->low_micro = range->low_micro;
    out->high_micro = range->high_micro;
    out->has_high = range->has_high;
    return verdict != VERDICT_UNKNOWN;
}

static bool find_in_ops(const struct expression *expression, const int64_t *parameters_micro,
                        enum patient_class patient_class, struct expression_sure *out)
{
    for (uint8_t i = 0; i < expression->op_count; i++) {
        const struct expression_op *op = &expression->ops[i];
        if (op->code != CODE_COMPARE_WINDOW) {
            continue;
        }
        const struct window_spec *spec = &expression->windows[op->index];
        const struct range range = range_of_window(spec, patient_class);
        const struct answer threshold =
            threshold_of(&expression->ops[op->first_op], (uint8_t)(i - op->first_op), parameters_micro);
        *out = (struct expression_sure){.offset = op->offset, .length = op->length, .window = spec};
        if (threshold.known &&
            note(&range, judge(&range, (enum comparison)op->comparison, threshold.value_micro), out)) {
            return true;
        }
    }
    return false;
}

static bool find_in_shares(const struct expression *expression, const int64_t *parameters_micro,
                           enum patient_class patient_class, struct expression_sure *out)
{
    for (uint8_t i = 0; i < expression->share_count; i++) {
        const struct expression_share *share = &expression->shares[i];
        const struct window_spec *spec = &expression->windows[share->window];
        const struct range range = range_of_vital(spec->vital, patient_class);
        const struct answer threshold =
            threshold_of(&expression->threshold_ops[share->first_op], share->op_count, parameters_micro);
        *out = (struct expression_sure){
            .offset = share->offset, .length = share->length, .window = spec, .is_of_observations = true};
        if (threshold.known &&
            note(&range, judge(&range, (enum comparison)share->comparison, threshold.value_micro), out)) {
            return true;
        }
    }
    return false;
}

bool expression_find_sure(const struct expression *expression, const int64_t parameters_micro[PARAMETERS_MAX],
                          enum patient_class patient_class, struct expression_sure *out)
{
    assert(expression != NULL && parameters_micro != NULL && out != NULL);
    return find_in_ops(expression, parameters_micro, patient_class, out) ||
           find_in_shares(expression, parameters_micro, patient_class, out);
}
