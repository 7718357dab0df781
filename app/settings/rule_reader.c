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
    const struct node *when = keys->each != NULL ? keys->each : keys->when;
    bool is_sound = compile(reader, when, names, coverage_permille, &rule->when);
    rule->has_clear = keys->clear != NULL;
    if (rule->has_clear) {
        struct parameter_names used = *names;
        used.dimensions = is_sound ? rule->when.dimensions : NULL;
        is_sound = compile(reader, keys->clear, &used, coverage_permille, &rule->clear) && is_sound;
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

/* What may stand in braces: a parameter; of a rule of the ward, whose limits are those of beds, only the beds. */
static bool is_named(const struct rule *rule, const char *name, size_t length)
{
    if (rule->is_of_ward) {
        return length == sizeof RULE_BEDS_NAME - 1 && memcmp(name, RULE_BEDS_NAME, length) == 0;
    }
    return is_parameter(rule, name, length);
}

/* Whatever stands in braces is replaced by the value in force, so it must have one. */
static bool check_text(const struct reader *reader, const struct node *node, const struct rule *rule)
{
    if (node == NULL) {
        return true;
    }
    for (const char *open = strchr(node->text, '{'); open != NULL; open = strchr(open + 1, '{')) {
        const size_t length = strcspn(open + 1, "}");
        if (open[1 + length] != '}' || !is_named(rule, open + 1, length)) {
            report_fault(reader->report, node, "\"%.*s\" %s", (int)(length < 40 ? length + 2 : 40), open,
                         rule->is_of_ward ? "is nothing a rule of the ward can name, it has {" RULE_BEDS_NAME "}"
                                          : "names no parameter of this rule");
            return false;
        }
    }
    return true;
}

static bool read_escalation(const struct reader *reader, const struct rule_keys *keys, struct rule *rule)
{
    struct escalate_keys escalate = {.after = 0};
    if (keys->escalate == NULL) {
        return true;
    }
    if (!section_read(reader, keys->escalate, &escalate_section, &escalate)) {
        return false;
    }
    rule->escalate_ms = (uint32_t)escalate.after;
    rule->escalate_to = (enum priority)(PRIORITY_MEDIUM + escalate.to);
    if (rule->escalate_to <= rule->priority) {
        report_fault(reader->report, node_child(keys->escalate, "to"),
                     "must be above the rule's own priority, which is %s", priority_word(rule->priority));
        return false;
    }
    return true;
}

static bool refuse_key(const struct reader *reader, const struct node *node, const char *why)
{
    if (node != NULL) {
        report_key_fault(reader->report, node, "%s", why);
    }
    return node == NULL;
}

/* The keys that only one of both kinds of rules has. */
static bool check_scope(const struct reader *reader, const struct node *node, const struct rule_keys *keys)
{
    if (keys->scope != SCOPE_WARD) {
        bool is_sound =
            refuse_key(reader, keys->each, "is of a rule with scope: ward, name it when, or add scope: ward");
        is_sound = refuse_key(reader, node_child(node, "beds"), "is of a rule with scope: ward, remove it") && is_sound;
        if (is_sound && keys->when == NULL) {
            report_key_fault(reader->report, node, "the key \"when\" is missing: what must hold, such as spo2 < limit");
        }
        return is_sound && keys->when != NULL;
    }
    bool is_sound = refuse_key(reader, keys->when, "a rule of the ward has each instead, for what must hold at a bed");
    if (keys->foresee != 0) {
        is_sound = refuse_key(reader, node_child(node, "foresee"), "is of a rule of one bed, remove it") && is_sound;
    }
    if (keys->beds == 0 || (keys->each == NULL && keys->when == NULL)) {
        report_key_fault(reader->report, node, "the key \"%s\" is missing, which scope: ward needs",
                         keys->beds != 0 ? "each" : RULE_BEDS_NAME);
        is_sound = false;
    }
    return is_sound;
}

static bool read_foresee(const struct reader *reader, const struct node *node, const struct rule_keys *keys,
                         struct rule *rule)
{
    rule->foresee_ms = (uint32_t)keys->foresee;
    if (keys->foresee == 0 || rule->is_of_ward) {
        return true;
    }
    const char *wrong = NULL;
    if (!rule_may_foresee(rule)) {
        wrong = "when must compare one vital, or one mean, max, min or share of it, with limit and do nothing else";
    } else if (vital_info((enum vital)rule->when.first_vital)->kind == VITAL_EPISODIC) {
        wrong = "the vital is measured now and then only, nothing can be foreseen of it";
    }
    if (wrong != NULL) {
        report_fault(reader->report, node_child(node, "foresee"), "%s", wrong);
    }
    return wrong == NULL;
}

bool rule_read(const struct reader *reader, const struct node *node, struct rule *out)
{
    assert(reader != NULL && node != NULL && out != NULL);
    struct rule_keys keys = {.unknown_after = 0};
    struct parameter_nodes parameters;
    bool is_sound = check_name(reader, node);
    is_sound = section_read(reader, node, &rule_section, &keys) && check_scope(reader, node, &keys) && is_sound;
    out->is_of_ward = keys.scope == SCOPE_WARD;
    out->beds = out->is_of_ward ? (uint16_t)keys.beds : 0;
    is_sound = parameters_collect(reader, &keys, &parameters) && is_sound;
    if ((keys.when == NULL && keys.each == NULL) || !compile_both(reader, &keys, &parameters.names, out)) {
        return false;
    }
    is_sound = parameters_read(reader, &keys, &parameters, out) && is_sound;
    is_sound = read_hysteresis(reader, &keys, out) && is_sound;
    is_sound = read_foresee(reader, node, &keys, out) && is_sound;
    is_sound = check_text(reader, node_child(node, "text"), out) && is_sound;
    is_sound = check_text(reader, node_child(node, "advice"), out) && is_sound;
    out->name = pool_text(reader->pool, node->key, strlen(node->key));
    out->text = keys.text != NULL ? keys.text : out->name;
    out->advice = keys.advice != NULL ? keys.advice : "";
    out->priority = (enum priority)(PRIORITY_LOW + keys.priority);
    is_sound = read_escalation(reader, &keys, out) && is_sound;
    out->latching = keys.latching != 0;
    out->delay_ms = (uint32_t)keys.delay;
    out->clear_delay_ms = (uint32_t)keys.clear_delay;
    out->unknown_after_ms =
        keys.unknown_after != 0 ? (uint32_t)keys.unknown_after : rule_unknown_after_ms(out->priority);
    return is_sound && out->name != NULL;
}
