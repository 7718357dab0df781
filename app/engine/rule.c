#include "app/engine/rule.h"

#include <assert.h>

#include "app/engine/expression_code.h"

uint32_t rule_unknown_after_ms(enum priority priority)
{
    switch (priority) {
    case PRIORITY_HIGH:
        return 30000;
    case PRIORITY_MEDIUM:
        return 60000;
    case PRIORITY_LOW:
    case PRIORITY_NONE:
        break;
    }
    return 120000;
}

const char *priority_word(enum priority priority)
{
    static const char *const words[] = {"none", "low", "medium", "high"};
    return (unsigned)priority < sizeof words / sizeof words[0] ? words[priority] : "unknown";
}

uint32_t rule_vitals(const struct rule *rule)
{
    return rule->when.vitals | (rule->has_clear ? rule->clear.vitals : 0);
}

uint16_t rule_scores(const struct rule *rule)
{
    return (uint16_t)(rule->when.scores | (rule->has_clear ? rule->clear.scores : 0));
}

/* A share counts how often the vital is beyond `limit`; what stands in for its threshold is `limit` and nothing else. */
static bool is_share_of_limit(const struct expression *e)
{
    assert(e->share_count == 1); /* it is the one window */
    return e->threshold_op_count == 1 && e->threshold_ops[0].code == CODE_PARAMETER &&
           e->threshold_ops[0].index == PARAMETER_LIMIT && e->ops[0].code == CODE_CONSTANT;
}

bool rule_may_foresee(const struct rule *rule)
{
    const struct expression *e = &rule->when;
    if (e->scores != 0 || e->window_count != 1 || e->op_count != 2 || e->limit_direction == 0) {
        return false;
    }
    assert(e->ops[1].code == CODE_COMPARE_WINDOW); /* one window and one value, and limit among them */
    switch (e->windows[0].aggregate) {
    case AGGREGATE_MEAN:
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
    case AGGREGATE_LAST:
        assert(e->ops[0].code == CODE_PARAMETER && e->ops[0].index == PARAMETER_LIMIT);
        return true;
    case AGGREGATE_SHARE:
        return is_share_of_limit(e);
    case AGGREGATE_STDDEV:
    case AGGREGATE_SLOPE:
    case AGGREGATE_DELTA:
    case AGGREGATE_COUNT:
    case AGGREGATE_AGE:
        break;
    }
    return false;
}
