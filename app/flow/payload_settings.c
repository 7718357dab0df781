/* What is in force at a bed. */
#include "app/flow/payload_internal.h"

static const struct override_config *find_override(const struct bed_config *bed, unsigned rule, unsigned parameter)
{
    for (unsigned i = 0; i < bed->override_count; ++i) {
        if (bed->overrides[i].rule == rule && bed->overrides[i].parameter == parameter) {
            return &bed->overrides[i];
        }
    }
    return NULL;
}

static const struct set_limit *find_limit(const struct bed_view *view, const struct rule *rule, unsigned parameter)
{
    const uint32_t key = limit_key(rule->name, rule->parameters[parameter].name);
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; ++i) {
        if (view->limits[i].key == key) {
            return &view->limits[i];
        }
    }
    return NULL;
}

bool payload_limit_in_force(const struct engine_config *config, const struct bed_view *view, unsigned rule,
                            unsigned parameter, int32_t *out_milli)
{
    const struct bed_config *bed = &config->beds[view->bed];
    const struct rule_parameter *of_class = &config->rules[rule].parameters[parameter];
    const struct override_config *override = find_override(bed, rule, parameter);
    const struct set_limit *set = find_limit(view, &config->rules[rule], parameter);
    if (override == NULL && !of_class->has[bed->patient_class]) {
        return false;
    }
    *out_milli = set != NULL        ? set->value_milli
                 : override != NULL ? override->value_milli
                                    : of_class->value_milli[bed->patient_class];
    return true;
}

/* What a command may set it to. */
static void put_settable(struct json *json, const struct rule_parameter *parameter)
{
    if (!parameter->settable) {
        json_null(json, "settable");
        return;
    }
    json_open_array(json, "settable");
    json_milli(json, NULL, parameter->settable_low_milli);
    json_milli(json, NULL, parameter->settable_high_milli);
    json_close_array(json);
}

static void put_parameter(struct json *json, const struct rule_parameter *parameter,
                          const struct override_config *override, const struct set_limit *set,
                          enum patient_class patient_class)
{
    const int32_t default_milli = parameter->value_milli[patient_class];
    const int32_t configured_milli = override != NULL ? override->value_milli : default_milli;
    json_open_object(json, parameter->name);
    json_milli(json, "value", set != NULL ? set->value_milli : configured_milli);
    payload_put_milli(json, "default", parameter->has[patient_class], default_milli);
    json_bool(json, "overridden", override != NULL);
    json_text(json, "source", set != NULL ? "set" : override != NULL ? "overridden" : "default");
    put_settable(json, parameter);
    json_close_object(json);
}

/* Whose limit it is and of which side, where the rule is one vital against its limit: what a screen can show beside the value. */
static void put_limit_of(struct json *json, const struct rule *rule)
{
    const bool is_simple = rule_may_foresee(rule);
    json_text(json, "limit_of", is_simple ? vital_info((enum vital)rule->when.first_vital)->name : NULL);
    json_text(json, "limit_side", !is_simple ? NULL : rule->when.limit_direction > 0 ? "low" : "high");
}

static void put_rule(struct json *json, const struct engine_config *config, const struct bed_view *view,
                     unsigned rule_index)
{
    const struct bed_config *bed = &config->beds[view->bed];
    const struct rule *rule = &config->rules[rule_index];
    json_open_object(json, rule->name);
    json_text(json, "priority", priority_word(rule->priority));
    put_limit_of(json, rule);
    json_open_object(json, "parameters");
    for (unsigned i = 0; i < PARAMETERS_MAX; ++i) {
        const struct rule_parameter *parameter = &rule->parameters[i];
        const struct override_config *override = find_override(bed, rule_index, i);
        if (parameter->name != NULL && (override != NULL || parameter->has[bed->patient_class])) {
            put_parameter(json, parameter, override, find_limit(view, rule, i), bed->patient_class);
        }
    }
    json_close_object(json);
    json_close_object(json);
}

static void put_rules(struct json *json, const struct engine_config *config, const struct bed_view *view)
{
    json_open_object(json, "rules");
    for (unsigned i = 0; i < config->rule_count; ++i) {
        if (rule_applies(&config->beds[view->bed], &config->rules[i]) && !rule_is_off(&config->beds[view->bed], i)) {
            put_rule(json, config, view, i);
        }
    }
    json_close_object(json);
}

/* Those that the bed could evaluate, but its configuration switches off. */
static void put_rules_off(struct json *json, const struct engine_config *config, const struct bed_view *view)
{
    const struct bed_config *bed = &config->beds[view->bed];
    json_open_array(json, "rules_off");
    for (unsigned i = 0; i < config->rule_count; ++i) {
        if (rule_is_off(bed, i) && rule_applies(bed, &config->rules[i])) {
            json_text(json, NULL, config->rules[i].name);
        }
    }
    json_close_array(json);
}

/* NULL: the whole bed. */
static const char *rule_of_pause(const struct engine_config *config, const struct pause *pause)
{
    for (unsigned i = 0; i < config->rule_count && pause->rule_key != 0; ++i) {
        if (pause_key(config->rules[i].name) == pause->rule_key) {
            return config->rules[i].name;
        }
    }
    return NULL;
}

static void put_pauses(struct json *json, const struct engine_config *config, const struct bed_view *view,
                       int64_t correction_ms)
{
    json_open_array(json, "pauses");
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; ++i) {
        const struct pause *pause = &view->pauses[i];
        const char *rule = rule_of_pause(config, pause);
        if (pause->what == PAUSE_NONE || (rule == NULL && pause->rule_key != 0)) {
            continue; /* of a rule that is there no more */
        }
        json_open_object(json, NULL);
        json_text(json, "what", pause_word(pause->what));
        json_text(json, "rule", rule);
        json_time(json, "from", pause->from_ms + correction_ms);
        json_time(json, "until", pause->until_ms + correction_ms);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_stay(struct json *json, const struct bed_view *view, int64_t correction_ms)
{
    payload_put_id(json, "stay", view->stay);
    if (view->stay == 0) {
        json_null(json, "stay_start");
    } else {
        json_time(json, "stay_start", view->stay_start_ms + correction_ms);
    }
}

/* Until then nobody is monitored here: the patient is elsewhere. */
static void put_away(struct json *json, const struct bed_view *view, int64_t correction_ms)
{
    if (view->away_until_ms == 0) {
        json_null(json, "away");
        return;
    }
    json_open_object(json, "away");
    json_time(json, "until", view->away_until_ms + correction_ms);
    json_close_object(json);
}

/* Whether the patient is given oxygen, as far as scores know. */
static void put_oxygen(struct json *json, const struct bed_view *view)
{
    const struct scored_part *oxygen = &view->scoring.parts[SCORE_PART_oxygen];
    if (!oxygen->known) {
        json_null(json, "oxygen");
    } else {
        json_text(json, "oxygen", oxygen->value_milli == SCORE_AIR_MILLI ? "air" : "oxygen");
    }
}

static void put_scale(struct json *json, const struct bed_view *view)
{
    if (view->spo2_scale == 0) {
        json_null(json, "spo2_scale");
    } else {
        json_unsigned(json, "spo2_scale", view->spo2_scale);
    }
}

static void put_roles(struct json *json, unsigned roles)
{
    json_open_array(json, "commands");
    for (unsigned role = 0; role < ROLE_COUNT; ++role) {
        if ((roles >> role & 1U) != 0) {
            json_text(json, NULL, role_word(role));
        }
    }
    json_close_array(json);
}

size_t payload_settings(const struct payload_context *context, const struct bed_view *view, int64_t correction_ms,
                        int64_t at_wall_ms, int64_t expires_wall_ms, char *out, size_t size)
{
    const struct bed_config *bed = &context->config->beds[view->bed];
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_time(&json, "at", at_wall_ms);
    json_text(&json, "bed", bed->id);
    put_stay(&json, view, correction_ms);
    json_text(&json, "class", patient_class_name((enum patient_class)view->patient_class));
    put_away(&json, view, correction_ms);
    put_rules(&json, context->config, view);
    put_rules_off(&json, context->config, view);
    put_pauses(&json, context->config, view, correction_ms);
    put_oxygen(&json, view);
    put_scale(&json, view);
    put_roles(&json, context->command_roles);
    payload_put_origin(&json, context);
    json_time(&json, "expires_at", expires_wall_ms);
    return json_end(&json);
}
