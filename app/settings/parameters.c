#include <assert.h>
#include <string.h>

#include "app/settings/quantity.h"
#include "app/settings/report.h"
#include "app/settings/rules.h"
#include "app/settings/settings.h"

static const char limit_name[] = "limit";
static const char beds_name[] = RULE_BEDS_NAME;
static const char off_name[] = "off"; /* in a bed's overrides (overrides.c) */

static bool collect_one(const struct reader *reader, const struct node *node, struct parameter_nodes *parameters)
{
    if (!schema_check_name(reader, node, SETTINGS_ID_MAX)) {
        return false;
    }
    if (strcmp(node->key, limit_name) == 0) {
        report_key_fault(reader->report, node, "limit is a key of the rule itself, move it there");
        return false;
    }
    if (strcmp(node->key, off_name) == 0) {
        report_key_fault(reader->report, node, "off is what switches a rule off at a bed, choose another name");
        return false;
    }
    if (parameters->names.count == PARAMETERS_MAX) {
        report_key_fault(reader->report, node, "too many parameters, at most %d beside limit", PARAMETERS_MAX - 1);
        return false;
    }
    const uint8_t place = parameters->names.count++;
    parameters->nodes[place] = node;
    parameters->names.names[place] = pool_text(reader->pool, node->key, strlen(node->key));
    return parameters->names.names[place] != NULL;
}

/* Of a rule of the ward, where `settable` names it: how many beds is a number that may be set, too. */
static bool collect_beds(const struct reader *reader, const struct rule_keys *keys, struct parameter_nodes *parameters)
{
    const struct node *node = node_child(keys->settable, beds_name);
    for (uint8_t i = 0; i < parameters->names.count; i++) {
        if (parameters->names.names[i] != NULL && strcmp(parameters->names.names[i], beds_name) == 0) {
            report_key_fault(reader->report, node, "is a parameter and the number of beds, rename the parameter");
            return false;
        }
    }
    if (parameters->names.count == PARAMETERS_MAX) {
        report_key_fault(reader->report, node, "too many parameters, at most %d beside limit", PARAMETERS_MAX - 1);
        return false;
    }
    parameters->nodes[parameters->names.count] = NULL;
    parameters->names.names[parameters->names.count++] = beds_name;
    return true;
}

bool parameters_collect(const struct reader *reader, const struct rule_keys *keys, struct parameter_nodes *out)
{
    assert(reader != NULL && keys != NULL && out != NULL);
    struct parameter_nodes parameters = {.nodes = {keys->limit}, .names = {.count = 1}};
    parameters.names.names[PARAMETER_LIMIT] = keys->limit != NULL ? limit_name : NULL;
    bool is_sound = true;
    const struct node *node = keys->parameters != NULL ? keys->parameters->first : NULL;
    for (; node != NULL; node = node->next) {
        is_sound = collect_one(reader, node, &parameters) && is_sound;
    }
    if (keys->scope == SCOPE_WARD && keys->settable != NULL && node_child(keys->settable, beds_name) != NULL) {
        is_sound = collect_beds(reader, keys, &parameters) && is_sound;
    }
    *out = parameters;
    return is_sound;
}

/* A threshold for a difference, a slope or a deviation is a difference itself. */
static bool compares_differences(const struct expression *expression)
{
    for (uint8_t i = 0; i < expression->window_count; i++) {
        const enum aggregate aggregate = expression->windows[i].aggregate;
        if (aggregate == AGGREGATE_DELTA || aggregate == AGGREGATE_SLOPE || aggregate == AGGREGATE_STDDEV) {
            return true;
        }
    }
    return false;
}

/* That of the parameter in this place, which when or clear uses. */
static const struct dimension *dimension_of(const struct rule *rule, uint8_t place)
{
    const bool in_when = (rule->when.parameters >> place & 1U) != 0;
    return in_when ? &rule->when.dimensions[place] : &rule->clear.dimensions[place];
}

static struct quantity_use use_of(const struct rule *rule, uint8_t place)
{
    const bool has_differences = compares_differences(&rule->when) || compares_differences(&rule->clear);
    const struct dimension *dimension = dimension_of(rule, place);
    return (struct quantity_use){
        .vitals = dimension->is_any ? settings_rule_vitals(rule) : dimension_vitals(dimension),
        .kind = has_differences ? QUANTITY_EITHER : QUANTITY_VALUE,
        .is_time = dimension_is_time(dimension),
    };
}

bool parameters_read_value(const struct reader *reader, const struct node *node, const struct rule *rule, uint8_t place,
                           int32_t *out_milli)
{
    assert(rule != NULL && place < PARAMETERS_MAX);
    return quantity_read(reader, node, use_of(rule, place), out_milli);
}

static bool read_class_value(const struct reader *reader, const struct node *node, struct rule *rule, uint8_t place)
{
    struct rule_parameter *parameter = &rule->parameters[place];
    const enum patient_class patient_class = patient_class_by_name(node->key);
    if (patient_class == CLASS_COUNT) {
        const char *names[CLASS_COUNT];
        for (unsigned i = 0; i < CLASS_COUNT; i++) {
            names[i] = patient_class_name((enum patient_class)i);
        }
        char hint[SCHEMA_HINT_MAX];
        schema_hint(node->key, names, CLASS_COUNT, hint);
        report_key_fault(reader->report, node, "\"%.40s\" is no class of patients%s", node->key, hint);
        return false;
    }
    parameter->has[patient_class] =
        parameters_read_value(reader, node, rule, place, &parameter->value_milli[patient_class]);
    return parameter->has[patient_class];
}

/* One value for all classes, or one a class. */
static bool read_values(const struct reader *reader, const struct node *node, struct rule *rule, uint8_t place)
{
    struct rule_parameter *parameter = &rule->parameters[place];
    bool is_sound = true;
    if (node->kind == NODE_MAPPING) {
        for (const struct node *child = node->first; child != NULL; child = child->next) {
            is_sound = read_class_value(reader, child, rule, place) && is_sound;
        }
        return is_sound;
    }
    int32_t value_milli = 0;
    is_sound = parameters_read_value(reader, node, rule, place, &value_milli);
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        parameter->has[i] = is_sound;
        parameter->value_milli[i] = value_milli;
    }
    return is_sound;
}

/* A limit that the rule does not look at would be set in vain. */
static bool check_is_used(const struct reader *reader, const struct node *node, const struct rule *rule, uint8_t place)
{
    const unsigned used = rule->when.parameters | rule->clear.parameters;
    if ((used >> place & 1U) == 0) {
        report_key_fault(reader->report, node, "neither when nor clear uses it, remove or rename it");
        return false;
    }
    return true;
}

bool parameters_find(const struct reader *reader, const struct node *node, const struct rule *rule, uint8_t *out)
{
    assert(reader != NULL && node != NULL && rule != NULL && out != NULL);
    const char *names[PARAMETERS_MAX] = {NULL};
    size_t count = 0;
    for (uint8_t i = 0; i < rule->parameter_count; i++) {
        const char *name = rule->parameters[i].name;
        if (name != NULL && strcmp(name, node->key) == 0) {
            *out = i;
            return true;
        }
        if (name != NULL) {
            names[count++] = name;
        }
    }
    char hint[SCHEMA_HINT_MAX];
    schema_hint(node->key, names, count, hint);
    report_key_fault(reader->report, node, "the rule has no parameter \"%.40s\"%s", node->key, count > 0 ? hint : "");
    return false;
}

/* A default that a command could not set again is probably a slip, but does no harm by itself. One class is told. */
static void check_defaults(const struct reader *reader, const struct node *node, const struct rule_parameter *parameter)
{
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        const int32_t value_milli = parameter->value_milli[i];
        if (parameter->has[i] &&
            (value_milli < parameter->settable_low_milli || value_milli > parameter->settable_high_milli)) {
            report_warning(reader->report, node, "the rule's own value for class %s lies outside",
                           patient_class_name((enum patient_class)i));
            return;
        }
    }
}

/* [2, 6]: whole numbers, of which the rule's own is one. */
static bool read_settable_beds(const struct reader *reader, const struct node *node, const struct rule *rule,
                               struct rule_parameter *parameter)
{
    static const struct field number = {
        .name = RULE_BEDS_NAME, .type = FIELD_INTEGER, .low = 1, .high = SETTINGS_BEDS_MAX};
    int64_t low = 0, high = 0;
    if (node->kind != NODE_LIST || node->child_count != 2) {
        report_fault(reader->report, node, "must be the fewest and the most beds, such as [2, 6]");
        return false;
    }
    if (!field_read(reader, node->first, &number, &low) || !field_read(reader, node->first->next, &number, &high)) {
        return false;
    }
    if (low > rule->beds || high < rule->beds) {
        report_fault(reader->report, node, "must hold the rule's own %s, which is %u", RULE_BEDS_NAME, rule->beds);
        return false;
    }
    parameter->settable = true;
    parameter->settable_low_milli = (int32_t)low * 1000;
    parameter->settable_high_milli = (int32_t)high * 1000;
    return true;
}

static bool read_settable(const struct reader *reader, const struct node *entries, struct rule *rule)
{
    bool is_sound = true;
    for (const struct node *node = entries != NULL ? entries->first : NULL; node != NULL; node = node->next) {
        uint8_t place = 0;
        if (!parameters_find(reader, node, rule, &place)) {
            is_sound = false;
            continue;
        }
        struct rule_parameter *parameter = &rule->parameters[place];
        if (place == rule->beds_parameter && place != PARAMETER_LIMIT) {
            is_sound = read_settable_beds(reader, node, rule, parameter) && is_sound;
            continue;
        }
        parameter->settable = quantity_read_range(reader, node, use_of(rule, place), &parameter->settable_low_milli,
                                                  &parameter->settable_high_milli);
        if (parameter->settable) {
            check_defaults(reader, node, parameter);
        } else {
            is_sound = false;
        }
    }
    return is_sound;
}

static void fill_beds(const struct rule *rule, struct rule_parameter *parameter)
{
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        parameter->has[i] = true;
        parameter->value_milli[i] = (int32_t)rule->beds * 1000;
    }
}

bool parameters_read(const struct reader *reader, const struct rule_keys *keys,
                     const struct parameter_nodes *parameters, struct rule *rule)
{
    assert(reader != NULL && keys != NULL && parameters != NULL && rule != NULL);
    bool is_sound = true;
    rule->parameter_count = parameters->names.count;
    for (uint8_t i = 0; i < parameters->names.count; i++) {
        const struct node *node = parameters->nodes[i];
        struct rule_parameter *parameter = &rule->parameters[i];
        parameter->name = parameters->names.names[i];
        if (parameter->name == beds_name) {
            rule->beds_parameter = i;
            fill_beds(rule, parameter);
        }
        if (node != NULL) {
            is_sound = check_is_used(reader, node, rule, i) && is_sound;
            is_sound = read_values(reader, node, rule, i) && is_sound;
        }
    }
    return read_settable(reader, keys->settable, rule) && is_sound;
}
