/*
 * overrides.c: reads the limits that a bed has of its own, once the rules are known.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/load.h"
#include "app/settings/rules.h"
#include "app/settings/value.h"

#define MICRO_PER_MILLI INT64_C(1000)

static bool find_rule(struct load *load, const struct node *node, uint16_t *out)
{
    const char *names[SETTINGS_RULES_MAX] = {NULL};
    const uint16_t count = load->settings->rule_count;
    for (uint16_t i = 0; i < count; i++) {
        names[i] = load->rule_nodes[i]->key;
        if (strcmp(names[i], node->key) == 0) {
            *out = i;
            return true;
        }
    }
    if (load->are_rules_sound) {
        char hint[SCHEMA_HINT_MAX];
        schema_hint(node->key, names, count, hint);
        report_key_fault(load->reader.report, node, "there is no rule \"%.40s\"%s", node->key,
                         count > 0 ? hint : ", list its file under \"rules\"");
    }
    return false;
}

static bool check_is_settable(struct load *load, const struct node *node, const struct rule_parameter *parameter,
                              int32_t value_milli)
{
    if (!parameter->settable ||
        (value_milli >= parameter->settable_low_milli && value_milli <= parameter->settable_high_milli)) {
        return true;
    }
    char low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
    value_print_decimal(parameter->settable_low_milli * MICRO_PER_MILLI, low);
    value_print_decimal(parameter->settable_high_milli * MICRO_PER_MILLI, high);
    report_fault(load->reader.report, node, "%s is outside of what the rule lets be set, it must be from %s to %s",
                 node->text, low, high);
    return false;
}

static void read_override(struct load *load, const struct node *node, uint16_t rule, uint16_t bed,
                          struct override_config *overrides)
{
    struct override_config override = {.rule = rule};
    const struct rule *of = &load->rules[rule];
    if (of->is_of_ward && strcmp(node->key, RULE_BEDS_NAME) == 0) {
        report_key_fault(load->reader.report, node, "is of the whole ward, set it in the rule");
        return;
    }
    if (parameters_find(&load->reader, node, of, &override.parameter) &&
        parameters_read_value(&load->reader, node, of, override.parameter, &override.value_milli) &&
        check_is_settable(load, node, &of->parameters[override.parameter], override.value_milli)) {
        overrides[load->beds[bed].override_count++] = override;
    }
}

/* A rule of high priority may be off, too, but nobody shall overlook it. */
static void read_off(struct load *load, const struct node *node, uint16_t rule, uint16_t bed,
                     struct override_config *overrides)
{
    static const struct field off = {.name = "off", .type = FIELD_BOOLEAN};
    int64_t is_off = 0;
    if (!field_read(&load->reader, node, &off, &is_off) || is_off == 0) {
        return;
    }
    overrides[load->beds[bed].override_count++] =
        (struct override_config){.rule = rule, .parameter = OVERRIDE_OFF, .value_milli = 1};
    if (load->rules[rule].priority == PRIORITY_HIGH) {
        report_warning(load->reader.report, node, "a rule of high priority is off at this bed");
    }
}

/* The overrides of one rule at one bed. */
static void read_rule(struct load *load, const struct node *node, uint16_t bed, struct override_config *overrides)
{
    uint16_t rule = 0;
    if (!find_rule(load, node, &rule) || !load->rule_is_sound[rule]) {
        return;
    }
    const uint32_t lacking = settings_rule_vitals(&load->rules[rule]) & ~settings_bed_vitals(load->settings, bed);
    if (load->bed_is_sound[bed] && lacking != 0) {
        report_key_fault(load->reader.report, node, "no monitor of this bed gives %s, so the rule does nothing here",
                         load_first_vital(lacking));
        return;
    }
    if (node->kind != NODE_MAPPING) {
        report_fault(load->reader.report, node, "must be a mapping, such as {limit: 88}");
        return;
    }
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        if (strcmp(child->key, "off") == 0) {
            read_off(load, child, rule, bed, overrides);
        } else {
            read_override(load, child, rule, bed, overrides);
        }
    }
}

static void read_bed(struct load *load, const struct node *entries, uint16_t bed)
{
    uint32_t count = 0;
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        count += node->child_count;
    }
    struct override_config *overrides = POOL_TAKE(load->reader.pool, struct override_config, count);
    load->beds[bed].overrides = overrides;
    for (const struct node *node = entries->first; node != NULL && overrides != NULL; node = node->next) {
        read_rule(load, node, bed, overrides);
    }
}

void overrides_read(struct load *load)
{
    assert(load != NULL);
    for (uint16_t i = 0; i < load->settings->bed_count; i++) {
        const struct node *entries = node_child(load->bed_nodes[i], "overrides");
        if (entries != NULL && entries->kind == NODE_MAPPING) {
            read_bed(load, entries, i);
        }
    }
}
