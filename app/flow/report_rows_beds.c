/* Of each bed: values, alarms; of the one that is looked at its limits, scores and pauses, too. */
#include <stdio.h>
#include <string.h>

#include "app/flow/payload_internal.h"
#include "app/flow/report_rows_internal.h"

#define ALARM_TEXT_BYTES 240

static bool has(unsigned bits, unsigned bit)
{
    return (bits >> bit & 1U) != 0;
}

/* Total and band when complete, else the lower bound and what that says already. */
static void put_result(struct rows *rows, const struct bed_view *view, enum score score)
{
    const struct score_result *result = &view->scoring.results[score];
    struct json *json = &rows->json;
    json_text(json, "score", score_name(score));
    json_bool(json, "complete", result->complete);
    if (result->complete) {
        json_milli(json, "total", result->total_milli);
        json_text(json, "band", score_band_word(score, result->band));
    } else if (result->has_least) {
        json_milli(json, "total", result->least_milli);
        json_text(json, "band", score_band_word(score, result->least_band));
    }
}

/* The first that is kept here; the order of scores is that of their use. */
static enum score main_score(const struct bed_view *view)
{
    unsigned score = 0;
    while (score < SCORE_COUNT && !has(view->scoring.scores, score)) {
        score++;
    }
    return (enum score)score;
}

/* What the whole bed is under. */
static const char *bed_pause(const struct bed_view *view)
{
    const char *word = NULL;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        if (view->pauses[i].what != PAUSE_NONE && view->pauses[i].rule_key == 0) {
            word = pause_word(view->pauses[i].what);
        }
    }
    return word;
}

static void put_bed(struct rows *rows, const char *id, const struct bed_view *view)
{
    struct json *json = &rows->json;
    const enum score score = main_score(view);
    struct ward_bed boiled;
    ward_bed_of(view, &boiled);
    rows_begin(rows, "bed");
    json_text(json, "bed", id);
    json_text(json, "class", patient_class_name((enum patient_class)view->patient_class));
    json_text(json, "state", ward_state_word((enum ward_state)boiled.state));
    json_text(json, "priority", priority_word((enum priority)view->priority));
    json_unsigned(json, "alarms", view->alarm_count);
    json_text(json, "paused", bed_pause(view));
    if (view->stay != 0) {
        json_hex(json, "stay", view->stay, PAYLOAD_ID_DIGITS);
        rows_age(rows, "stay_age", view->stay_start_ms);
    }
    if (view->away_until_ms > rows->now_ms) {
        json_seconds(json, "away_left", view->away_until_ms - rows->now_ms);
    }
    if (view->stay != 0 && score < SCORE_COUNT) {
        put_result(rows, view, score);
    }
    rows_end(rows);
}

static void put_vital(struct rows *rows, const struct vital_view *vital)
{
    struct json *json = &rows->json;
    rows_begin(rows, "vital");
    json_text(json, "vital", vital_info((enum vital)vital->vital)->name);
    if (vital->quality != QUALITY_VALID) {
        json_text(json, "invalid", quality_word((enum quality)vital->quality));
    } else {
        json_milli(json, "value", vital->value_milli);
        if (!vital->age_unknown) {
            rows_age(rows, "age", vital->at_ms);
        }
    }
    if (vital->source != vital->vital) {
        json_text(json, "source", vital_info((enum vital)vital->source)->name);
    }
    json_bool(json, "episodic", vital->episodic);
    rows_end(rows);
}

/* Index of the parameter that stands in braces at `brace`; PARAMETERS_MAX: none. */
static unsigned parameter_at(const struct rule *rule, const char *brace, size_t *length)
{
    unsigned i = 0;
    for (; i < PARAMETERS_MAX; i++) {
        const char *name = rule->parameters[i].name;
        *length = name != NULL ? strlen(name) : 0;
        if (*length > 0 && strncmp(brace + 1, name, *length) == 0 && brace[1 + *length] == '}') {
            break;
        }
    }
    return i;
}

/* The rule's text with what is in force now. */
static void add_rule_text(struct json *json, const struct engine_config *config, const struct bed_view *view,
                          unsigned index)
{
    const struct rule *rule = &config->rules[index];
    const char *rest = rule->text;
    for (const char *brace = strchr(rest, '{'); brace != NULL; brace = strchr(brace + 1, '{')) {
        size_t length;
        int32_t milli;
        const unsigned parameter = parameter_at(rule, brace, &length);
        if (parameter < PARAMETERS_MAX && payload_limit_in_force(config, view, index, parameter, &milli)) {
            json_text_add(json, rest, (size_t)(brace - rest));
            json_text_add_milli(json, milli);
            rest = brace + length + 2;
        }
    }
    json_text_add(json, rest, strlen(rest));
}

static void add(struct json *json, const char *text)
{
    json_text_add(json, text, strlen(text));
}

static void add_alarm_text(struct json *json, const struct engine_config *config, const struct bed_view *view,
                           const struct alarm_key *key)
{
    const struct signal_config *signal;
    switch ((enum alarm_family)key->family) {
    case ALARM_NOT_MONITORED:
        add(json, "not monitored: ");
        add_rule_text(json, config, view, key->index);
        break;
    case ALARM_FORESEEN:
        add(json, "foreseen: ");
        add_rule_text(json, config, view, key->index);
        break;
    case ALARM_OF_RULE:
        add_rule_text(json, config, view, key->index);
        break;
    case ALARM_BUILTIN:
        add(json, builtin_alarm_info((enum builtin_alarm)key->index)->text);
        break;
    case ALARM_OF_MONITOR:
        signal = &config->beds[view->bed].signals[key->index];
        add(json, signal->text != NULL && signal->text[0] != '\0' ? signal->text : signal->name);
        break;
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        break; /* its name is all there is */
    }
}

static void put_alarm(struct rows *rows, const struct bed_view *view, const struct alarm_view *alarm)
{
    const struct engine_config *config = rows->report->payloads->config;
    struct json *json = &rows->json;
    struct alarm_key key;
    rows_begin(rows, "alarm");
    json_text(json, "alarm", alarm->name);
    json_text(json, "priority", priority_word((enum priority)alarm->priority));
    json_text(json, "state", alarm_state_word(alarm->state));
    json_text(json, "inactivation", alarm_inactivation_word(alarm->inactivation));
    json_hex(json, "id", alarm->id, PAYLOAD_ID_DIGITS);
    json_unsigned(json, "rev", alarm->rev);
    rows_age(rows, "age", alarm->raised_ms);
    if (alarm_find(config, view->bed, alarm->name, &key)) {
        json_text_open(json, "text", ALARM_TEXT_BYTES);
        add_alarm_text(json, config, view, &key);
        json_text_close(json);
    }
    rows_end(rows);
}

/* ---- of the bed that is looked at ---- */

/* A limit belongs to each vital that its rule asks for. */
static void put_limit(struct rows *rows, const struct rule *rule, enum vital vital, const char *parameter,
                      int32_t value_milli)
{
    struct json *json = &rows->json;
    rows_begin(rows, "limit");
    json_text(json, "vital", vital_info(vital)->name);
    json_text(json, "rule", rule->name);
    json_text(json, "priority", priority_word(rule->priority));
    json_text(json, "parameter", parameter);
    json_milli(json, "value", value_milli);
    rows_end(rows);
}

static void put_limits_of(struct rows *rows, const struct bed_view *view, unsigned index)
{
    const struct engine_config *config = rows->report->payloads->config;
    const struct rule *rule = &config->rules[index];
    const uint32_t vitals = rule_vitals(rule);
    for (unsigned p = 0; p < PARAMETERS_MAX; p++) {
        int32_t value_milli;
        if (rule->parameters[p].name == NULL || !payload_limit_in_force(config, view, index, p, &value_milli)) {
            continue;
        }
        for (unsigned v = 0; v < VITAL_COUNT; v++) {
            if (has(vitals, v)) {
                put_limit(rows, rule, (enum vital)v, rule->parameters[p].name, value_milli);
            }
        }
    }
}

static void put_limits(struct rows *rows, const struct bed_view *view)
{
    const struct engine_config *config = rows->report->payloads->config;
    const struct bed_config *bed = &config->beds[view->bed];
    for (unsigned i = 0; i < config->rule_count; i++) {
        if (rule_applies(bed, &config->rules[i]) && !rule_is_off(bed, i)) {
            put_limits_of(rows, view, i);
        }
    }
}

static void put_score(struct rows *rows, const struct bed_view *view, enum score score)
{
    struct json *json = &rows->json;
    unsigned count = 0;
    rows_begin(rows, "score");
    put_result(rows, view, score);
    json_text_open(json, "missing", ALARM_TEXT_BYTES);
    for (unsigned part = 0; part < SCORE_PART_COUNT; part++) {
        if (has(view->scoring.results[score].missing, part)) {
            add(json, count++ > 0 ? " " : "");
            add(json, score_part_name((enum score_part)part));
        }
    }
    json_text_close(json);
    rows_end(rows);
}

static void put_pauses(struct rows *rows, const struct bed_view *view)
{
    const struct engine_config *config = rows->report->payloads->config;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const struct pause *pause = &view->pauses[i];
        if (pause->what == PAUSE_NONE || pause->until_ms <= rows->now_ms) {
            continue;
        }
        const char *rule = NULL;
        for (unsigned r = 0; r < config->rule_count && pause->rule_key != 0; r++) {
            rule = pause_key(config->rules[r].name) == pause->rule_key ? config->rules[r].name : rule;
        }
        rows_begin(rows, "pause");
        json_text(&rows->json, "what", pause_word(pause->what));
        json_text(&rows->json, "rule", rule);
        json_seconds(&rows->json, "left", pause->until_ms - rows->now_ms);
        rows_end(rows);
    }
}

static void put_detail(struct rows *rows, const struct bed_view *view)
{
    put_limits(rows, view);
    put_pauses(rows, view);
    for (unsigned score = 0; score < SCORE_COUNT; score++) {
        if (view->stay != 0 && has(view->scoring.scores, score)) {
            put_score(rows, view, (enum score)score);
        }
    }
}

void rows_of_beds(struct rows *rows, const char *bed_in_detail)
{
    const struct report *report = rows->report;
    for (uint16_t b = 0; b < report->bed_count && !rows->ended; b++) {
        struct bed_view view;
        const char *id = report->payloads->config->beds[b].id;
        if (board_take(report->board, b, &view) == 0) {
            continue;
        }
        put_bed(rows, id, &view);
        for (unsigned i = 0; i < view.vital_count; i++) {
            put_vital(rows, &view.vitals[i]);
        }
        for (unsigned i = 0; i < view.alarm_count && i < ENGINE_ALARMS_VIEWED; i++) {
            put_alarm(rows, &view, &view.alarms[i]);
        }
        if (strcmp(id, bed_in_detail) == 0) {
            put_detail(rows, &view);
        }
    }
}
