/*
 * Parameters of rules at a bed: the class's of the configuration, the bed's override, or what a command set for this stay.
 *
 * Set ones are part of the bed's state under a key made of names, so that they outlive restarts and changes of the
 * configuration. A change takes effect at once: a delay that runs goes on if its condition still holds. After a restart the
 * journal is judged under what is in force then, so a delay from before a change may be over sooner or later, by no more
 * than itself. The share of a window
 * over 5 minutes cannot be counted again (series.h): there the rule is unknown until what was counted before has left.
 */
#include <string.h>

#include "app/engine/engine_internal.h"
#include "app/engine/hash.h"
#include "app/engine/ward_rule.h"

static uint32_t hash_word(uint32_t hash, const char *word)
{
    return hash_32(hash, word, strlen(word));
}

uint32_t limit_key(const char *rule, const char *parameter)
{
    const uint32_t key = hash_word(hash_word(hash_word(HASH_32_BASIS, rule), "/"), parameter);
    return key != 0 ? key : 1;
}

/* 0 finds a free place. */
static struct set_limit *find(struct bed *bed, uint32_t key)
{
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        if (bed->state.limits[i].key == key) {
            return &bed->state.limits[i];
        }
    }
    return NULL;
}

static bool is_parameter(const struct rule *rule, unsigned parameter)
{
    return parameter < rule->parameter_count && rule->parameters[parameter].name != NULL;
}

static bool is_within(const struct rule_parameter *parameter, int32_t value_milli)
{
    return value_milli >= parameter->settable_low_milli && value_milli <= parameter->settable_high_milli;
}

static int32_t configured(const struct bed_config *bed, const struct rule *rule, unsigned rule_index,
                          unsigned parameter)
{
    int32_t value_milli = rule->parameters[parameter].value_milli[bed->patient_class];
    for (unsigned i = 0; i < bed->override_count; i++) {
        const struct override_config *override = &bed->overrides[i];
        if (override->rule == rule_index && override->parameter == parameter) {
            value_milli = override->value_milli;
        }
    }
    return value_milli;
}

int32_t limit_in_force(const struct bed *bed, const struct rule *rule, unsigned rule_index, unsigned parameter)
{
    const uint32_t key = is_parameter(rule, parameter) ? limit_key(rule->name, rule->parameters[parameter].name) : 0;
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX && key != 0; i++) {
        if (bed->state.limits[i].key == key) {
            return bed->state.limits[i].value_milli;
        }
    }
    return configured(bed->config, rule, rule_index, parameter);
}

/* Alerts show the limit, so alarms that are there are told. */
static void apply(struct engine *engine, struct bed *bed, struct rule_alarm *r, struct bed_command *command)
{
    command->was_milli = r->alarm.last.parameters_milli[command->parameter];
    rule_alarm_set_parameters(bed, r);
    if (r->rule->is_of_ward) {
        ward_rules_look(engine);
    }
    if (r->alarm.raised) {
        alarm_update(engine, bed, &r->alarm, PHASE_UPDATE);
    }
    if (r->not_monitored.raised) {
        alarm_update(engine, bed, &r->not_monitored, PHASE_UPDATE);
    }
    foreseen_end(engine, bed, r); /* it told of another limit */
    record_bed(engine, bed);
}

enum command_verdict limit_set(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    struct rule_alarm *r = bed_rule(bed, command->rule);
    if (r == NULL || !is_parameter(r->rule, command->parameter)) {
        return VERDICT_UNKNOWN_RULE;
    }
    const struct rule_parameter *parameter = &r->rule->parameters[command->parameter];
    if (!parameter->settable) {
        return VERDICT_NOT_SETTABLE;
    }
    if (!is_within(parameter, command->value_milli)) {
        return VERDICT_BOUNDS;
    }
    if (r->alarm.last.parameters_milli[command->parameter] == command->value_milli) {
        return VERDICT_NOTHING;
    }
    const uint32_t key = limit_key(r->rule->name, parameter->name);
    struct set_limit *limit = find(bed, key);
    limit = limit != NULL ? limit : find(bed, 0);
    if (limit == NULL) {
        return VERDICT_FULL;
    }
    *limit = (struct set_limit){.key = key, .value_milli = command->value_milli};
    apply(engine, bed, r, command);
    return VERDICT_ACCEPTED;
}

enum command_verdict limit_reset(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    struct rule_alarm *r = bed_rule(bed, command->rule);
    if (r == NULL || !is_parameter(r->rule, command->parameter)) {
        return VERDICT_UNKNOWN_RULE;
    }
    struct set_limit *limit = find(bed, limit_key(r->rule->name, r->rule->parameters[command->parameter].name));
    if (limit == NULL) {
        return VERDICT_NOTHING;
    }
    *limit = (struct set_limit){.key = 0};
    apply(engine, bed, r, command);
    return VERDICT_ACCEPTED;
}

static void apply_all(struct bed *bed)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        rule_alarm_set_parameters(bed, &bed->rules[i]);
    }
}

void limit_reset_all(struct bed *bed)
{
    bool any = false;
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        any |= bed->state.limits[i].key != 0;
        bed->state.limits[i] = (struct set_limit){.key = 0};
    }
    if (any) {
        apply_all(bed);
    }
}

/* Today's configuration may let it be set. */
static bool may_stay(const struct bed *bed, const struct set_limit *limit)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        const struct rule *rule = bed->rules[i].rule;
        for (unsigned p = 0; p < rule->parameter_count; p++) {
            const struct rule_parameter *parameter = &rule->parameters[p];
            if (parameter->name != NULL && limit_key(rule->name, parameter->name) == limit->key) {
                return parameter->settable && is_within(parameter, limit->value_milli);
            }
        }
    }
    return false;
}

void limit_restore(struct bed *bed)
{
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        struct set_limit *limit = &bed->state.limits[i];
        if (limit->key != 0 && !may_stay(bed, limit)) {
            *limit = (struct set_limit){.key = 0};
            bed->state_changed = true;
        }
    }
    apply_all(bed);
}
