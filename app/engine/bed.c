#include "app/engine/engine_internal.h"

struct channel *bed_channel(const struct bed *bed, enum vital vital)
{
    const unsigned index = bed->channel_of[vital];
    return index == VITAL_NONE || bed->channels == NULL ? NULL : &bed->channels[index];
}

struct rule_alarm *bed_rule(const struct bed *bed, unsigned rule)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        if (bed->rules[i].alarm.last.key.index == rule) {
            return &bed->rules[i];
        }
    }
    return NULL;
}

bool rule_applies(const struct bed_config *bed, const struct rule *rule)
{
    uint32_t vitals = 0;
    for (unsigned i = 0; i < bed->channel_count; i++) {
        const uint32_t bit = UINT32_C(1) << bed->channels[i].vital;
        vitals |= !bed->channels[i].entered || (bit & ENTRY_ONLY) != 0 ? bit : 0;
    }
    return (rule_vitals(rule) & ~vitals) == 0 && (rule_scores(rule) & ~scoring_scores(bed)) == 0;
}

bool rule_is_off(const struct bed_config *bed, unsigned rule)
{
    for (unsigned i = 0; i < bed->override_count; i++) {
        if (bed->overrides[i].rule == rule && bed->overrides[i].parameter == OVERRIDE_OFF) {
            return true;
        }
    }
    return false;
}

void bed_each_alarm(struct bed *bed, alarm_visitor *visit, void *context)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        visit(context, &bed->rules[i].alarm);
        visit(context, &bed->rules[i].not_monitored);
        if (bed->rules[i].foreseen != NULL) {
            visit(context, &bed->rules[i].foreseen->alarm);
        }
    }
    for (unsigned i = 0; i < BUILTIN_BED_COUNT; i++) {
        visit(context, &bed->technical[i]);
    }
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        visit(context, &bed->signals[i]);
    }
    for (unsigned i = 0; i < ENGINE_REPORTED_PER_BED_MAX && bed->reported != NULL; i++) {
        visit(context, &bed->reported[i].alarm);
        visit(context, &bed->reported[i].silent);
    }
}
