/*
 * rule_ranges.c: warns of limits outside what can be believed of a vital: such a rule never alarms, or always.
 */
#include <assert.h>
#include <stdio.h>

#include "app/engine/expression_range.h"
#include "app/settings/load.h"
#include "app/settings/value.h"

static void collect_parameters(const struct load *load, uint16_t rule, uint16_t bed, int64_t out_micro[PARAMETERS_MAX],
                               bool *is_own)
{
    const struct bed_settings *at = &load->beds[bed];
    for (unsigned i = 0; i < PARAMETERS_MAX; i++) {
        out_micro[i] = (int64_t)load->rules[rule].parameters[i].value_milli[at->patient_class] * 1000;
    }
    for (uint16_t i = 0; i < at->override_count; i++) {
        if (at->overrides[i].rule == rule && at->overrides[i].parameter != OVERRIDE_OFF) {
            out_micro[at->overrides[i].parameter] = (int64_t)at->overrides[i].value_milli * 1000;
            *is_own = true;
        }
    }
}

static void warn(struct load *load, const struct node *node, const struct expression_sure *sure, const char *whose,
                 const char *class_or_bed)
{
    struct expression_fault fault = {.offset = sure->offset, .length = sure->length};
    char low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
    const char *vital = vital_info(sure->window->vital)->name;
    const char *often = sure->is_met ? "always" : "never";
    value_print_decimal(sure->low_micro, low);
    value_print_decimal(sure->high_micro, high);
    if (sure->is_of_observations || window_spec_is_of_values(sure->window)) {
        (void)snprintf(fault.message, sizeof fault.message,
                       "is %s met %s %s: only %s from %s to %s %s is believed, change the limit", often, whose,
                       class_or_bed, vital, low, high, vital_info(sure->window->vital)->unit);
    } else if (sure->has_high) {
        (void)snprintf(fault.message, sizeof fault.message, "is %s met: this lies between %s and %s, change the limit",
                       often, low, high);
    } else {
        (void)snprintf(fault.message, sizeof fault.message, "is %s met: this is never below %s, change the limit",
                       often, low);
    }
    report_expression_warning(load->reader.report, node, &fault);
}

/* One that is missing is a fault of its own. */
static bool has_values(const struct rule *rule, enum patient_class patient_class)
{
    for (uint8_t i = 0; i < rule->parameter_count; i++) {
        if (rule->parameters[i].name != NULL && !rule->parameters[i].has[patient_class]) {
            return false;
        }
    }
    return true;
}

static bool check(struct load *load, uint16_t rule, uint16_t bed, const struct node *node,
                  const struct expression *expression)
{
    int64_t parameters_micro[PARAMETERS_MAX];
    struct expression_sure sure;
    bool is_own = false;
    collect_parameters(load, rule, bed, parameters_micro, &is_own);
    const struct bed_settings *at = &load->beds[bed];
    if (node == NULL || !expression_find_sure(expression, parameters_micro, at->patient_class, &sure)) {
        return false;
    }
    warn(load, node, &sure, is_own ? "at bed" : "in class", is_own ? at->id : patient_class_name(at->patient_class));
    return true;
}

static bool has_override(const struct bed_settings *bed, uint16_t rule)
{
    for (uint16_t i = 0; i < bed->override_count; i++) {
        if (bed->overrides[i].rule == rule) {
            return true;
        }
    }
    return false;
}

void rule_ranges_check(struct load *load, uint16_t rule, uint16_t bed, bool is_told[CLASS_COUNT])
{
    assert(load != NULL && is_told != NULL);
    const struct bed_settings *at = &load->beds[bed];
    const struct rule *r = &load->rules[rule];
    const bool own = has_override(at, rule);
    if ((is_told[at->patient_class] && !own) || !has_values(r, at->patient_class)) {
        return;
    }
    const bool warned =
        check(load, rule, bed, load_condition(load, rule), &r->when) ||
        (r->has_clear && check(load, rule, bed, node_child(load->rule_nodes[rule], "clear"), &r->clear));
    is_told[at->patient_class] = is_told[at->patient_class] || (warned && !own);
}
