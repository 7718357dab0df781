/*
 * checks.c: what must fit across beds, profiles and rules once each of them is sound by itself.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/load.h"
#include "app/settings/value.h"

/* What one bed has of each vital: the channel of the first of its monitors that gives it, NULL where none does. */
struct bed_channels {
    const struct profile_channel *channels[VITAL_COUNT];
    uint32_t vitals, episodic; /* bit per enum vital */
    uint16_t scores;           /* bit per enum score */
};

static void add_channel(struct bed_channels *bed, const struct profile_channel *channel)
{
    const uint32_t bit = UINT32_C(1) << (unsigned)channel->vital;
    if ((bed->vitals & bit) == 0) {
        bed->channels[channel->vital] = channel;
        bed->vitals |= bit;
        bed->episodic |= channel->episodic ? bit : 0;
    }
}

static uint16_t scores_of(const struct load *load, uint16_t bed)
{
    uint16_t scores = 0;
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        const bool kept = (load->beds[bed].scores >> score & 1U) != 0;
        scores |= (uint16_t)((kept && score_is_for(score, load->beds[bed].patient_class) ? 1U : 0U) << score);
    }
    return scores;
}

/* What only people give every bed has, and no rule can ask for its course over time. */
static void collect_channels(const struct load *load, uint16_t bed, struct bed_channels *out)
{
    out->vitals = ENTRY_ONLY;
    out->scores = scores_of(load, bed);
    for (uint8_t i = 0; i < load->beds[bed].monitor_count; i++) {
        const struct profile *profile = &load->profiles[load->beds[bed].monitors[i].profile];
        for (uint8_t j = 0; j < profile->channel_count; j++) {
            add_channel(out, &profile->channels[j]);
        }
    }
}

const char *load_first_vital(uint32_t vitals)
{
    assert(vitals != 0);
    enum vital vital = 0;
    while ((vitals >> (unsigned)vital & 1U) == 0) {
        vital++;
    }
    return vital_info(vital)->name;
}

const struct node *load_condition(const struct load *load, uint16_t rule)
{
    return node_child(load->rule_nodes[rule], load->rules[rule].is_of_ward ? "each" : "when");
}

/* Where a value for each class stands in the file. */
static const struct node *parameter_node(const struct node *rule, uint8_t place, const char *name)
{
    const struct node *parameters = node_child(rule, "parameters");
    return place == PARAMETER_LIMIT || parameters == NULL ? node_child(rule, "limit") : node_child(parameters, name);
}

/* A bed whose class has no limit would never be alarmed. Each class is told once a rule. */
static void check_class(struct load *load, uint16_t rule, uint16_t bed, bool *is_told)
{
    const enum patient_class patient_class = load->beds[bed].patient_class;
    for (uint8_t i = 0; i < load->rules[rule].parameter_count && !is_told[patient_class]; i++) {
        const struct rule_parameter *parameter = &load->rules[rule].parameters[i];
        if (parameter->name != NULL && !parameter->has[patient_class]) {
            report_fault(load->reader.report, parameter_node(load->rule_nodes[rule], i, parameter->name),
                         "has no value for class %s, which bed %s has", patient_class_name(patient_class),
                         load->beds[bed].id);
            is_told[patient_class] = true;
        }
    }
}

static bool check_episodic(struct load *load, const struct node *node, const struct expression *expression,
                           const struct bed_channels *channels, uint16_t bed)
{
    for (unsigned i = 0; node != NULL && i < VITAL_COUNT; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        if ((channels->episodic & bit) != 0 && expression_is_wrong_for_episodic(expression, bit)) {
            report_fault(load->reader.report, node,
                         "%s is measured now and then at bed %s: over time it has only last, age and count, or ask for "
                         "a number of observations",
                         load_first_vital(bit), load->beds[bed].id);
            return false;
        }
    }
    return true;
}

static bool is_too_short(const struct window_spec *window, const struct bed_channels *channels)
{
    const struct profile_channel *channel = channels->channels[window->vital];
    return window_spec_is_continuous_only(window) && !channel->episodic && window->span_ms < channel->poll_interval_ms;
}

/* A span that is shorter than the poll interval never has a whole observation: the rule would stay undecided. */
static bool check_spans(struct load *load, const struct node *node, const struct expression *expression,
                        const struct bed_channels *channels, uint16_t bed)
{
    for (uint8_t i = 0; node != NULL && i < expression->window_count; i++) {
        const struct window_spec *window = &expression->windows[i];
        if (is_too_short(window, channels)) {
            char span[VALUE_TEXT_MAX], interval[VALUE_TEXT_MAX];
            value_print_duration(window->span_ms, span);
            value_print_duration(channels->channels[window->vital]->poll_interval_ms, interval);
            report_warning(load->reader.report, node,
                           "a window of %s never knows its answer at bed %s, where %s is read every %s", span,
                           load->beds[bed].id, vital_info(window->vital)->name, interval);
            return false;
        }
    }
    return true;
}

/* What has been told of a rule once needs no second bed. */
struct told {
    bool classes[CLASS_COUNT], ranges[CLASS_COUNT];
    bool is_episodic, is_short;
};

static void check_rule_at_bed(struct load *load, uint16_t place, uint16_t bed, const struct bed_channels *channels,
                              struct told *told)
{
    const struct rule *rule = &load->rules[place];
    const struct node *when = load_condition(load, place);
    const struct node *clear = node_child(load->rule_nodes[place], "clear");
    check_class(load, place, bed, told->classes);
    rule_ranges_check(load, place, bed, told->ranges);
    if (!told->is_episodic) {
        told->is_episodic = !check_episodic(load, when, &rule->when, channels, bed) ||
                            !check_episodic(load, clear, &rule->clear, channels, bed);
    }
    if (!told->is_short) {
        told->is_short = !check_spans(load, when, &rule->when, channels, bed) ||
                         !check_spans(load, clear, &rule->clear, channels, bed);
    }
}

/* A rule that no bed can evaluate was written in vain; one that some beds cannot is perhaps meant so. */
static void check_beds_of_rule(struct load *load, uint16_t place, uint32_t evaluated, uint32_t lacking,
                               const char *lacking_bed)
{
    const struct node *when = load_condition(load, place);
    if (evaluated == 0 && lacking == 0) {
        report_fault(
            load->reader.report, when,
            "no bed can evaluate this rule: bed %s keeps no such score, see \"scores\" (or its class has none)",
            lacking_bed);
    } else if (evaluated == 0) {
        report_fault(load->reader.report, when,
                     "no bed can evaluate this rule: no monitor of bed %s gives %s (see \"optional\" of a rules file)",
                     lacking_bed, load_first_vital(lacking));
    } else if (lacking != 0) {
        report_warning(load->reader.report, when, "is not evaluated at bed %s, where no monitor gives %s", lacking_bed,
                       load_first_vital(lacking));
    }
}

/* More beds than there are would never come together. */
static void check_ward(struct load *load, uint16_t place, uint32_t evaluated)
{
    const struct rule *rule = &load->rules[place];
    if (rule->is_of_ward && evaluated > 0 && rule->beds > evaluated) {
        report_warning(load->reader.report, node_child(load->rule_nodes[place], RULE_BEDS_NAME),
                       "is never met: only %u %s what this rule asks", evaluated,
                       evaluated == 1 ? "bed has" : "beds have");
    }
}

static void check_rule(struct load *load, uint16_t place, const struct bed_channels *channels)
{
    struct told told = {.is_short = false};
    uint32_t evaluated = 0, lacking = 0;
    const char *lacking_bed = NULL;
    for (uint16_t bed = 0; bed < load->settings->bed_count; bed++) {
        const uint32_t missing = settings_rule_vitals(&load->rules[place]) & ~channels[bed].vitals;
        const bool scored = (rule_scores(&load->rules[place]) & ~channels[bed].scores) == 0;
        if (load->bed_is_sound[bed] && missing == 0 && scored) {
            evaluated++;
            check_rule_at_bed(load, place, bed, &channels[bed], &told);
        } else if (load->bed_is_sound[bed] && lacking == 0) {
            lacking = missing;
            lacking_bed = load->beds[bed].id;
        }
    }
    if (load->are_beds_sound) {
        check_ward(load, place, evaluated);
    }
    if (load->are_beds_sound && !load->rule_is_optional[place]) {
        check_beds_of_rule(load, place, evaluated, lacking, lacking_bed);
    }
}

static void check_rules(struct load *load)
{
    struct bed_channels *channels = POOL_TAKE(load->trees, struct bed_channels, load->settings->bed_count);
    for (uint16_t bed = 0; bed < load->settings->bed_count && channels != NULL; bed++) {
        if (load->bed_is_sound[bed]) {
            collect_channels(load, bed, &channels[bed]);
        }
    }
    for (uint16_t i = 0; i < load->settings->rule_count && channels != NULL; i++) {
        if (load->rule_is_sound[i]) {
            check_rule(load, i, channels);
        }
    }
}

/* --- limits that cross --------------------------------------------------------------------------------------- */

static int32_t limit_at(const struct load *load, uint16_t rule, uint16_t bed)
{
    const struct bed_settings *at = &load->beds[bed];
    for (uint16_t i = 0; i < at->override_count; i++) {
        if (at->overrides[i].rule == rule && at->overrides[i].parameter == PARAMETER_LIMIT) {
            return at->overrides[i].value_milli;
        }
    }
    return load->rules[rule].parameters[PARAMETER_LIMIT].value_milli[at->patient_class];
}

static bool has_limit_at(const struct load *load, uint16_t rule, uint16_t bed)
{
    const struct rule_parameter *limit = &load->rules[rule].parameters[PARAMETER_LIMIT];
    const uint32_t lacking = settings_rule_vitals(&load->rules[rule]) & ~settings_bed_vitals(load->settings, bed);
    return load->rule_is_sound[rule] && !load->rules[rule].is_of_ward && lacking == 0 && limit->name != NULL &&
           limit->has[load->beds[bed].patient_class];
}

/* The length of "hr" in "hr_low"; 0: it is no such name. */
static size_t stem_of_low(const char *name)
{
    static const char ending[] = "_low";
    const size_t length = strlen(name), end = sizeof ending - 1;
    return length > end && strcmp(name + length - end, ending) == 0 ? length - end : 0;
}

/* Two rules whose names say that they belong together, on the same vitals. */
static bool is_pair(const struct rule *low, const struct rule *high, size_t stem)
{
    return low->when.vitals == high->when.vitals && strncmp(low->name, high->name, stem) == 0 &&
           strcmp(high->name + stem, "_high") == 0;
}

static void check_pair(struct load *load, uint16_t low, uint16_t high, uint16_t bed)
{
    char low_text[VALUE_TEXT_MAX], high_text[VALUE_TEXT_MAX];
    const int32_t low_milli = limit_at(load, low, bed), high_milli = limit_at(load, high, bed);
    if (low_milli < high_milli) {
        return;
    }
    value_print_decimal((int64_t)low_milli * 1000, low_text);
    value_print_decimal((int64_t)high_milli * 1000, high_text);
    const struct node *overrides = node_child(load->bed_nodes[bed], "overrides");
    report_warning(load->reader.report, overrides != NULL ? overrides : load->bed_nodes[bed],
                   "the limit of %s (%s) is not below that of %s (%s): one of them always alarms",
                   load->rules[low].name, low_text, load->rules[high].name, high_text);
}

/* Its limit is one of values, not of how much or how fast they change. */
static bool is_of_values(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->when.window_count; i++) {
        const struct window_spec *spec = &rule->when.windows[i];
        if (spec->aggregate != AGGREGATE_SHARE && !window_spec_is_of_values(spec)) {
            return false;
        }
    }
    return true;
}

/* Two rules on the same vital whose limits lie on the same side, the first one with the higher priority: its limit is the
 * one that is reached last, else the milder alarm comes too late to warn. */
static bool is_step(const struct rule *worse, const struct rule *milder)
{
    const uint32_t vitals = worse->when.vitals;
    return worse->priority > milder->priority && vitals == milder->when.vitals && (vitals & (vitals - 1)) == 0 &&
           worse->when.scores == 0 && milder->when.scores == 0 && worse->when.limit_direction != 0 &&
           worse->when.limit_direction == milder->when.limit_direction && is_of_values(worse) && is_of_values(milder);
}

static void check_step(struct load *load, uint16_t worse, uint16_t milder, uint16_t bed)
{
    char worse_text[VALUE_TEXT_MAX], milder_text[VALUE_TEXT_MAX];
    const int32_t worse_milli = limit_at(load, worse, bed), milder_milli = limit_at(load, milder, bed);
    const bool is_low = load->rules[worse].when.limit_direction > 0;
    if (is_low ? worse_milli <= milder_milli : worse_milli >= milder_milli) {
        return;
    }
    value_print_decimal((int64_t)worse_milli * 1000, worse_text);
    value_print_decimal((int64_t)milder_milli * 1000, milder_text);
    const struct node *overrides = node_child(load->bed_nodes[bed], "overrides");
    report_warning(load->reader.report, overrides != NULL ? overrides : load->bed_nodes[bed],
                   "the limit of %s (%s, %s) is reached before that of %s (%s, %s): check both",
                   load->rules[worse].name, worse_text, priority_word(load->rules[worse].priority),
                   load->rules[milder].name, milder_text, priority_word(load->rules[milder].priority));
}

static void check_steps(struct load *load, uint16_t bed)
{
    for (uint16_t worse = 0; worse < load->settings->rule_count; worse++) {
        for (uint16_t milder = 0; has_limit_at(load, worse, bed) && milder < load->settings->rule_count; milder++) {
            if (has_limit_at(load, milder, bed) && is_step(&load->rules[worse], &load->rules[milder])) {
                check_step(load, worse, milder, bed);
            }
        }
    }
}

static void check_limits(struct load *load, uint16_t bed)
{
    const uint16_t count = load->settings->rule_count;
    for (uint16_t low = 0; low < count; low++) {
        const size_t stem = has_limit_at(load, low, bed) ? stem_of_low(load->rules[low].name) : 0;
        for (uint16_t high = 0; stem != 0 && high < count; high++) {
            if (has_limit_at(load, high, bed) && is_pair(&load->rules[low], &load->rules[high], stem)) {
                check_pair(load, low, high, bed);
            }
        }
    }
}

static void check_signals(struct load *load, uint16_t bed)
{
    unsigned signals = 0;
    for (uint8_t i = 0; i < load->beds[bed].monitor_count; i++) {
        signals += load->profiles[load->beds[bed].monitors[i].profile].bit_count;
    }
    if (signals > ENGINE_SIGNALS_PER_BED_MAX) {
        report_key_fault(load->reader.report, load->bed_nodes[bed],
                         "the profiles of its monitors have %u bits, at most %d", signals, ENGINE_SIGNALS_PER_BED_MAX);
    }
}

static bool is_used(const struct load *load, uint16_t bus)
{
    for (uint16_t i = 0; i < load->settings->bed_count; i++) {
        for (uint8_t j = 0; j < load->beds[i].monitor_count; j++) {
            if (load->beds[i].monitors[j].bus == bus) {
                return true;
            }
        }
    }
    return false;
}

static void check_buses(struct load *load)
{
    for (uint16_t i = 0; i < load->settings->bus_count && load->are_beds_sound; i++) {
        if (!is_used(load, i)) {
            const struct node *node = node_child(node_child(load->root, "buses"), load->buses[i].name);
            report_warning(load->reader.report, node, "no bed has a monitor on this bus");
        }
    }
}

void checks_run(struct load *load)
{
    assert(load != NULL);
    check_buses(load);
    for (uint16_t i = 0; i < load->settings->bed_count; i++) {
        if (load->bed_is_sound[i]) {
            check_signals(load, i);
            check_limits(load, i);
            check_steps(load, i);
        }
    }
    check_rules(load);
}
