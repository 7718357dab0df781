#include "app/cli/what_if.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/engine/micro.h"
#include "app/engine/plural.h"
#include "app/engine/suggest.h"
#include "app/settings/value.h"

enum { TEXT_MAX = 64, NAMES_MAX = PARAMETERS_MAX + 4, MICRO_PER_MILLI = 1000, MILLI_PER_BED = 1000 };

static int misused(const struct what_if_axis *axis, const char *what, const char *where, int length)
{
    return command_misused(&command_replay, "--what-if %s: '%.*s' %s", axis->text, length, where, what);
}

/* --- what is varied ------------------------------------------------------------------------------------------ */

static int suggest_rule(const struct what_if_axis *axis, int length, const struct rule *rules, uint16_t count)
{
    const char **names = calloc(count + 1U, sizeof *names);
    const char *near = NULL;
    char what[TEXT_MAX + RULE_NAME_MAX] = "is no rule of the configuration";
    for (uint16_t i = 0; names != NULL && i < count; i++) {
        names[i] = rules[i].name;
    }
    near = names != NULL ? suggest(axis->text, (size_t)length, names, count) : NULL;
    if (near != NULL) {
        (void)snprintf(what, sizeof what, "is no rule of the configuration (did you mean '%s'?)", near);
    }
    free(names);
    return misused(axis, what, axis->text, length);
}

static bool is_name(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

static unsigned add_rule(struct what_if *what_if, uint16_t rule)
{
    unsigned i = 0;
    while (i < what_if->rule_count && what_if->rules[i] != rule) {
        i++;
    }
    what_if->rules[i] = rule;
    what_if->rule_count = i == what_if->rule_count ? i + 1 : what_if->rule_count;
    return i;
}

static bool has_number(const struct rule *rule, enum what_if_kind kind)
{
    if (kind == WHAT_IF_BEDS) {
        return rule->is_of_ward;
    }
    return kind != WHAT_IF_HYSTERESIS || rule->has_hysteresis;
}

/* "limit", a parameter's name, "delay" ... */
static int find_number(struct what_if_axis *axis, const struct rule *rule, const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum what_if_kind kind;
    } others[] = {{"delay", WHAT_IF_DELAY},
                  {"clear_delay", WHAT_IF_CLEAR_DELAY},
                  {"hysteresis", WHAT_IF_HYSTERESIS},
                  {RULE_BEDS_NAME, WHAT_IF_BEDS}};
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (uint8_t p = 0; p < rule->parameter_count; p++) {
        const char *parameter = rule->parameters[p].name;
        if (parameter != NULL && is_name(parameter, name, length)) {
            axis->kind = WHAT_IF_PARAMETER;
            axis->parameter = p;
            return COMMAND_OK;
        }
        if (parameter != NULL) {
            names[count++] = parameter;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const bool there = has_number(rule, others[i].kind);
        if (there && is_name(others[i].name, name, length)) {
            axis->kind = others[i].kind;
            return COMMAND_OK;
        }
        if (there) {
            names[count++] = others[i].name;
        }
    }
    const char *near = suggest(name, length, names, count);
    char what[2 * TEXT_MAX];
    (void)snprintf(what, sizeof what, "is no number of rule %s%s%s%s", rule->name,
                   near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "");
    return misused(axis, what, name, (int)length);
}

static int find_axis(struct what_if *what_if, struct what_if_axis *axis, const struct rule *rules, uint16_t count)
{
    const size_t rule_length = strcspn(axis->text, ".=");
    const char *name = axis->text + rule_length + 1;
    uint16_t r = 0;
    if (axis->text[rule_length] != '.') {
        return command_misused(&command_replay, "--what-if %s: say RULE.NUMBER=FROM..TO[:STEP]", axis->text);
    }
    while (r < count && !is_name(rules[r].name, axis->text, rule_length)) {
        r++;
    }
    if (r == count) {
        return suggest_rule(axis, (int)rule_length, rules, count);
    }
    axis->rule = add_rule(what_if, r);
    const size_t length = strcspn(name, "=");
    axis->name_length = (int)(rule_length + 1 + length);
    return find_number(axis, &rules[r], name, length);
}

/* --- over what ----------------------------------------------------------------------------------------------- */

static bool is_duration(const struct what_if_axis *axis)
{
    return axis->kind == WHAT_IF_DELAY || axis->kind == WHAT_IF_CLEAR_DELAY;
}

static int read_number(const struct what_if_axis *axis, const char *text, size_t length, int64_t *out)
{
    char copy[TEXT_MAX];
    const char *unit = "";
    int64_t micro = 0;
    if (length == 0 || length >= sizeof copy) {
        return misused(axis, "is no number", text, (int)length);
    }
    (void)snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (is_duration(axis)) {
        if (value_read_duration(copy, out) != VALUE_OK || *out < 0 || *out > RULE_DELAY_MS_MAX) {
            return misused(axis, "is no duration such as 5s, of at most 60s", text, (int)length);
        }
        return COMMAND_OK;
    }
    if (value_read_quantity(copy, &micro, &unit) != VALUE_OK || *unit != '\0' || micro % MICRO_PER_MILLI != 0 ||
        micro / MICRO_PER_MILLI > INT32_MAX || micro / MICRO_PER_MILLI < INT32_MIN) {
        return misused(axis, "is no plain number (in the vital's own unit)", text, (int)length);
    }
    if (axis->kind == WHAT_IF_BEDS && (micro % MICRO_ONE != 0 || micro < MICRO_ONE || micro > 256 * MICRO_ONE)) {
        return misused(axis, "is no number of beds, 1 to 256", text, (int)length);
    }
    *out = micro / MICRO_PER_MILLI;
    return COMMAND_OK;
}

/* "86..92", "0s..30s:5s", "88" */
static int read_range(struct what_if_axis *axis)
{
    const char *range = axis->text + axis->name_length;
    if (*range++ != '=') {
        return command_misused(&command_replay, "--what-if %s: what values? say %.*s=FROM..TO[:STEP]", axis->text,
                               axis->name_length, axis->text);
    }
    const char *colon = strrchr(range, ':');
    const char *end = colon != NULL ? colon : range + strlen(range);
    const char *dots = strstr(range, "..");
    const char *from_end = dots != NULL && dots < end ? dots : end;
    int64_t to;
    axis->step = 1000;
    int result = read_number(axis, range, (size_t)(from_end - range), &axis->from);
    to = axis->from;
    if (result == COMMAND_OK && from_end != end) {
        result = read_number(axis, from_end + 2, (size_t)(end - from_end - 2), &to);
    }
    if (result == COMMAND_OK && colon != NULL) {
        result = read_number(axis, colon + 1, strlen(colon + 1), &axis->step);
    }
    if (result != COMMAND_OK) {
        return result;
    }
    if (to < axis->from || axis->step <= 0) {
        return misused(axis, "runs backwards or has no step", range, (int)strlen(range));
    }
    if ((to - axis->from) / axis->step >= WHAT_IF_POINTS_MAX) {
        return misused(axis, "has too many values, take a wider step", range, (int)strlen(range));
    }
    axis->count = (unsigned)((to - axis->from) / axis->step) + 1;
    return COMMAND_OK;
}

/* The same twice would be two numbers for one. */
static bool is_twice(const struct what_if *what_if, const struct what_if_axis *axis)
{
    for (const struct what_if_axis *a = what_if->axes; a < axis; a++) {
        if (a->rule == axis->rule && a->kind == axis->kind && a->parameter == axis->parameter) {
            return true;
        }
    }
    return false;
}

int what_if_read(struct what_if *what_if, const char *const *texts, unsigned count, const struct rule *rules,
                 uint16_t rule_count)
{
    *what_if = (struct what_if){.point_count = 1};
    for (unsigned i = 0; i < count; i++) {
        struct what_if_axis *axis = &what_if->axes[i];
        axis->text = texts[i];
        int result = find_axis(what_if, axis, rules, rule_count);
        result = result == COMMAND_OK ? read_range(axis) : result;
        if (result != COMMAND_OK) {
            return result;
        }
        if (is_twice(what_if, axis)) {
            return misused(axis, "is varied twice", axis->text, axis->name_length);
        }
        what_if->axis_count++;
        what_if->point_count *= axis->count; /* at most 1000 times 1000, then refused */
        if (what_if->point_count > WHAT_IF_POINTS_MAX) {
            return command_misused(&command_replay, "--what-if: more than %u points in the grid, take wider steps",
                                   WHAT_IF_POINTS_MAX);
        }
    }
    what_if->results = calloc((size_t)what_if->point_count * what_if->rule_count, sizeof *what_if->results);
    if (what_if->results == NULL) {
        command_complain("out of memory for %u point%s, take wider steps", what_if->point_count,
                         plural_s(what_if->point_count));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

void what_if_free(struct what_if *what_if)
{
    free(what_if->results);
}

/* --- points -------------------------------------------------------------------------------------------------- */

/* The last axis turns fastest. */
static int64_t value_at(const struct what_if *what_if, unsigned point, unsigned axis)
{
    for (unsigned a = what_if->axis_count - 1; a > axis; a--) {
        point /= what_if->axes[a].count;
    }
    return what_if->axes[axis].from + (int64_t)(point % what_if->axes[axis].count) * what_if->axes[axis].step;
}

static void set_number(struct rule *rule, const struct what_if_axis *axis, int64_t value)
{
    switch (axis->kind) {
    case WHAT_IF_PARAMETER:
        for (unsigned c = 0; c < CLASS_COUNT; c++) {
            rule->parameters[axis->parameter].has[c] = true;
            rule->parameters[axis->parameter].value_milli[c] = (int32_t)value;
        }
        break;
    case WHAT_IF_DELAY:
        rule->delay_ms = (uint32_t)value;
        break;
    case WHAT_IF_CLEAR_DELAY:
        rule->clear_delay_ms = (uint32_t)value;
        break;
    case WHAT_IF_HYSTERESIS:
        rule->hysteresis_milli = (int32_t)value;
        break;
    case WHAT_IF_BEDS:
        rule->beds = (uint16_t)(value / MILLI_PER_BED);
        for (unsigned c = 0; c < CLASS_COUNT && rule->beds_parameter != 0; c++) {
            rule->parameters[rule->beds_parameter].value_milli[c] = (int32_t)value;
        }
        break;
    }
}

/* A bed's own limit for a rule of the grid, unless that very limit is varied. */
static bool keeps_override(const struct what_if *what_if, const struct override_config *override, uint16_t *out_rule)
{
    unsigned r = 0;
    while (r < what_if->rule_count && what_if->rules[r] != override->rule) {
        r++;
    }
    *out_rule = (uint16_t)r;
    for (unsigned a = 0; a < what_if->axis_count && r < what_if->rule_count; a++) {
        const struct what_if_axis *axis = &what_if->axes[a];
        if (axis->rule == r && axis->kind == WHAT_IF_PARAMETER && axis->parameter == override->parameter) {
            return false;
        }
    }
    return r < what_if->rule_count;
}

static void fill_beds(struct what_if_point *point, const struct what_if *what_if, const struct engine_config *base)
{
    struct override_config *next = point->overrides;
    for (unsigned b = 0; b < base->bed_count; b++) {
        struct bed_config *bed = &point->beds[b];
        *bed = base->beds[b];
        bed->overrides = next;
        bed->override_count = 0;
        for (unsigned i = 0; i < base->beds[b].override_count; i++) {
            uint16_t rule = 0;
            if (keeps_override(what_if, &base->beds[b].overrides[i], &rule)) {
                *next = base->beds[b].overrides[i];
                next++->rule = rule;
                bed->override_count++;
            }
        }
    }
}

bool what_if_point_make(struct what_if_point *point, const struct what_if *what_if, unsigned index,
                        const struct engine_config *base)
{
    size_t overrides = 1;
    assert(base->bed_count > 0);
    for (unsigned b = 0; b < base->bed_count; b++) {
        overrides += base->beds[b].override_count;
    }
    *point = (struct what_if_point){.config = *base};
    point->rules = calloc(what_if->rule_count, sizeof *point->rules);
    point->beds = calloc(base->bed_count, sizeof *point->beds);
    point->overrides = calloc(overrides, sizeof *point->overrides);
    if (point->rules == NULL || point->beds == NULL || point->overrides == NULL) {
        return false;
    }
    for (unsigned r = 0; r < what_if->rule_count; r++) {
        point->rules[r] = base->rules[what_if->rules[r]];
    }
    for (unsigned a = 0; a < what_if->axis_count; a++) {
        const struct what_if_axis *axis = &what_if->axes[a];
        set_number(&point->rules[axis->rule], axis, value_at(what_if, index, a));
    }
    fill_beds(point, what_if, base);
    point->config.rules = point->rules;
    point->config.rule_count = (uint16_t)what_if->rule_count;
    point->config.beds = point->beds;
    return true;
}

void what_if_point_free(struct what_if_point *point)
{
    free(point->rules);
    free(point->beds);
    free(point->overrides);
}

/* --- the table ----------------------------------------------------------------------------------------------- */

/* "88", "87.5", "5s" */
static const char *value_text(const struct what_if_axis *axis, int64_t value, char text[TEXT_MAX])
{
    const char *unit = is_duration(axis) ? "s" : "";
    (void)snprintf(text, TEXT_MAX, "%g%s", (double)value / 1000.0, unit);
    return text;
}

static const struct what_if_result *result_of(const struct what_if *what_if, unsigned point, unsigned rule)
{
    return &what_if->results[(size_t)point * what_if->rule_count + rule];
}

void what_if_print(const struct what_if *what_if, const struct rule *rules, FILE *stream)
{
    char text[TEXT_MAX];
    for (unsigned a = 0; a < what_if->axis_count; a++) {
        (void)fprintf(stream, "%.*s  ", what_if->axes[a].name_length, what_if->axes[a].text);
    }
    (void)fprintf(stream, "%-24s %12s %8s %9s %11s %8s\n", "alarm", "per bed-day", "starts", "median", "in alarm",
                  "repeats");
    for (unsigned point = 0; point < what_if->point_count; point++) {
        for (unsigned r = 0; r < what_if->rule_count; r++) {
            const struct what_if_result *result = result_of(what_if, point, r);
            for (unsigned a = 0; a < what_if->axis_count; a++) {
                const struct what_if_axis *axis = &what_if->axes[a];
                (void)fprintf(stream, "%*s  ", axis->name_length, value_text(axis, value_at(what_if, point, a), text));
            }
            (void)fprintf(stream, "%-24s %12.2f %8" PRIu64 " %7.1f s %9.1f s %8" PRIu64 "\n",
                          rules[what_if->rules[r]].name, result->per_bed_day, result->starts,
                          (double)result->median_ms / 1000.0, (double)result->total_ms / 1000.0, result->repeats);
        }
    }
}

void what_if_print_csv(const struct what_if *what_if, const struct rule *rules, FILE *stream)
{
    for (unsigned a = 0; a < what_if->axis_count; a++) {
        const struct what_if_axis *axis = &what_if->axes[a];
        (void)fprintf(stream, "%.*s%s,", axis->name_length, axis->text, is_duration(axis) ? "_s" : "");
    }
    (void)fputs("alarm,per_bed_day,starts,median_s,in_alarm_s,repeats\n", stream);
    for (unsigned point = 0; point < what_if->point_count; point++) {
        for (unsigned r = 0; r < what_if->rule_count; r++) {
            const struct what_if_result *result = result_of(what_if, point, r);
            for (unsigned a = 0; a < what_if->axis_count; a++) {
                (void)fprintf(stream, "%g,", (double)value_at(what_if, point, a) / 1000.0);
            }
            (void)fprintf(stream, "%s,%.4f,%" PRIu64 ",%.1f,%.3f,%" PRIu64 "\n", rules[what_if->rules[r]].name,
                          result->per_bed_day, result->starts, (double)result->median_ms / 1000.0,
                          (double)result->total_ms / 1000.0, result->repeats);
        }
    }
}
