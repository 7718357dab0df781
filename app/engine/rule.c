#include "app/engine/rule.h"

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
