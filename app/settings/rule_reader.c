/*
 * rule_reader.c: reads one rule: compiles its expressions, then what refers to them.
 */
#include <assert.h>
#include <string.h>

#include "app/engine/alert.h"
#include "app/settings/quantity.h"
#include "app/settings/report.h"
#include "app/settings/rules.h"
#include "app/settings/settings.h"

enum { MICRO_PER_PERMILLE = 1000 };

/* Alarm names go into topics, and `.` joins them with what the gateway adds (`spo2_low.not_monitored`). */
static bool check_name(const struct reader *reader, const struct node *node)
{
    if (!schema_check_name(reader, node, SETTINGS_ID_MAX)) {
        return false;
    }
    if (strchr(node->key, '-') != NULL) {
        report_key_fault(reader->report, node, "the name of a rule has letters, digits and _, no -");
        return false;
    }
    for (unsigned i = 0; i < BUILTIN_COUNT; i++) {
        if (strcmp(builtin_alarm_info((enum builtin_alarm)i)->name, node->key) == 0) {
            report_key_fault(reader->report, node, "is the name of a built-in alarm, choose another");
            return false;
        }
    }
    return true;
}

static bool compile(const struct reader *reader, const struct node *node, const struct parameter_names *names,
                    uint16_t coverage_permille, struct expression *out)
{
    if (node->kind != NODE_TEXT || node->text[0] == '\0') {
        report_fault(reader->report, node, "must be an expression, such as spo2 < limit");
        return false;
    }
    if (strlen(node->text) > EXPRESSION_TEXT_MAX) {
        report_fault(reader->report, node, "is too long, at most %d bytes", EXPRESSION_TEXT_MAX);
        return false;
    }
    struct expression_fault fault;
    if (!expression_compile(node->text, names, coverage_permille, out, &fault)) {
        report_expression_fault(reader->report, node, &fault);
        return false;
    }
    return true;
}

static bool compile_both(const struct reader *reader, const struct rule_keys *keys, const struct parameter_names *names,
                         struct rule *rule)
{
    const uint16_t coverage_permille = (uint16_t)(keys->coverage / MICRO_PER_PERMILLE);
    bool is_sound = compile(reader, keys->when, names, coverage_permille, &rule->when);
    rule->has_clear = keys->clear != NULL;
    if (rule->has_clear) {
        is_sound = compile(reader, keys->clear, names, coverage_permille, &rule->clear) && is_sound;
    }
    if (is_sound && rule->when.vitals == 0 && rule->when.scores == 0) {
        report_fault(reader->report, keys->when, "names no vital, so it would never change");
        is_sound = false;
    }
    return is_sound;
}

static bool read_hysteresis(const struct reader *reader, const struct rule_keys *keys, struct rule *rule)
{
    const struct node *node = keys->hysteresis;
    const struct quantity_use use = {.vitals = rule->when.vitals, .kind = QUANTITY_DIFFERENCE};
    rule->has_hysteresis = node != NULL;
    if (node == NULL) {
        return true;
    }
    const char *wrong = NULL;
    if (rule->has_clear) {
        wrong = "the rule has clear, which already says when it ends, remove one of them";
    } else if (rule->when.limit_direction == 0) {
        wrong = "when does not compare one side with limit, use clear instead";
    } else if (!quantity_read(reader, node, use, &rule->hysteresis_milli)) {
        return false;
    } else if (rule->hysteresis_milli < 0) {
        wrong = "must not be negative: it always lies on the safe side of limit";
    }
    if (wrong != NULL) {
        report_fault(reader->report, node, "%s", wrong);
    }
    return wrong == NULL;
}

static bool is_parameter(const struct rule *rule, const char *name, size_t length)
{
    for (uint8_t i = 0; i < rule->parameter_count; i++) {
        const char *parameter = rule->parameters[i].name;
        if (parameter != NULL && strlen(parameter) == length && memcmp(parameter, name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Whatever stands in braces is replaced by the value in force, so it must have one. */
static bool check_text(const struct reader *reader, const struct node *node, const struct rule *rule)
{
    if (node == NULL) {
        return true;
    }
    for (const char *open = strchr(node->text, '{'); open != NULL; open = strchr(open + 1, '{')) {
        const size_t length = strcspn(open + 1, "}");
        if (open[1 + length] != '}' || !is_parameter(rule, open + 1, length)) {
            report_fault(reader->report, node, "\"%.*s\" names no parameter of this rule",
                         (int)(length < 40 ? length + 2 : 40), open);
            return false;
        }
    }
    return true;
}

bool rule_read(const struct reader *reader, const struct node *node, struct rule *out)
{
    assert(reader != NULL && node != NULL && out != NULL);
    struct rule_keys keys = {.unknown_after = 0};
    struct parameter_nodes parameters;
    bool is_sound = check_name(reader, node);
    is_sound = section_read(reader, node, &rule_section, &keys) && is_sound;
    is_sound = parameters_collect(reader, &keys, &parameters) && is_sound;
    if (keys.when == NULL || !compile_both(reader, &keys, &parameters.names, out)) {
        return false;
    }
    is_sound = parameters_read(reader, &keys, &parameters, out) && is_sound;
    is_sound = read_hysteresis(reader, &keys, out) && is_sound;
    is_sound = check_text(reader, node_child(node, "text"), out) && is_sound;
    is_sound = check_text(reader, node_child(node, "advice"), out) && is_sound;
    out->name = pool_text(reader->pool, node->key, strlen(node->key));
    out->text = keys.text != NULL ? keys.text : out->name;
    out->advice = keys.advice != NULL ? keys.advice : "";
    out->priority = (enum priority)(PRIORITY_LOW + keys.priority);
    out->latching = keys.latching != 0;
    out->delay_ms = (uint32_t)keys.delay;
    out->clear_delay_ms = (uint32_t)keys.clear_delay;
    out->unknown_after_ms =
        keys.unknown_after != 0 ? (uint32_t)keys.unknown_after : rule_unknown_after_ms(out->priority);
    return is_sound && out->name != NULL;
}
