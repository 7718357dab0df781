/*
 * What others see of the engine: beds for screens, names of alarms for topics.
 */
#include "app/engine/engine_internal.h"

#include <stdio.h>
#include <string.h>

static const char NOT_MONITORED_SUFFIX[] = ".not_monitored";
static const char MONITOR_PREFIX[] = "monitor.";

static void note_alarm(struct bed_view *view, const struct alarm *alarm)
{
    if (alarm->raised) {
        view->alarm_count = (uint8_t)(view->alarm_count < UINT8_MAX ? view->alarm_count + 1 : UINT8_MAX);
        view->priority = alarm->last.priority > view->priority ? alarm->last.priority : view->priority;
    }
}

static void note_alarms(const struct bed *bed, struct bed_view *view)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        note_alarm(view, &bed->rules[i].alarm);
        note_alarm(view, &bed->rules[i].not_monitored);
    }
    for (unsigned i = 0; i < BUILTIN_BED_COUNT; i++) {
        note_alarm(view, &bed->technical[i]);
    }
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        note_alarm(view, &bed->signals[i]);
    }
}

void engine_view_bed(const struct engine *engine, uint16_t bed_index, struct bed_view *out)
{
    const struct bed *bed = &engine->beds[bed_index];
    memset(out, 0, sizeof *out);
    out->bed = bed_index;
    out->patient_class = (uint8_t)bed->config->patient_class;
    out->monitored = bed->state.stay != 0;
    out->stay = bed->state.stay;
    out->stay_start_ms = bed->state.stay_start_ms;
    out->at_ms = engine->now_ms;
    note_alarms(bed, out);
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const struct channel *channel = &bed->channels[i];
        const bool silent = monitor_is_silent(engine, bed, channel->config->monitor);
        channel_view(channel, silent, engine->now_ms, &out->vitals[out->vital_count++]);
    }
}

void alarm_name(const struct engine_config *config, const struct alert *alert, char *text)
{
    const struct alarm_key *key = &alert->key;
    const char *prefix = "";
    const char *name = "";
    const char *suffix = "";
    switch ((enum alarm_family)key->family) {
    case ALARM_OF_RULE:
        name = config->rules[key->index].name;
        break;
    case ALARM_NOT_MONITORED:
        name = config->rules[key->index].name;
        suffix = NOT_MONITORED_SUFFIX;
        break;
    case ALARM_BUILTIN:
        name = builtin_alarm_info((enum builtin_alarm)key->index)->name;
        break;
    case ALARM_OF_MONITOR:
        prefix = MONITOR_PREFIX;
        name = config->beds[key->bed].signals[key->index].name;
        break;
    case ALARM_REPORTED_NOT_MONITORED:
        suffix = NOT_MONITORED_SUFFIX;
        prefix = MONITOR_PREFIX;
        name = alert->reported;
        break;
    case ALARM_REPORTED:
        prefix = MONITOR_PREFIX;
        name = alert->reported;
        break;
    }
    (void)snprintf(text, ALARM_NAME_MAX, "%s%s%s", prefix, name, suffix);
}

static bool names(const struct engine_config *config, const struct alarm_key *key, const char *name)
{
    char text[ALARM_NAME_MAX];
    const struct alert alert = {.key = *key};
    alarm_name(config, &alert, text);
    return strcmp(text, name) == 0;
}

static unsigned family_size(const struct engine_config *config, uint16_t bed, enum alarm_family family)
{
    switch (family) {
    case ALARM_OF_RULE:
    case ALARM_NOT_MONITORED:
        return bed == BED_NONE ? 0 : config->rule_count;
    case ALARM_OF_MONITOR:
        return bed == BED_NONE ? 0 : config->beds[bed].signal_count;
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        return 0;
    case ALARM_BUILTIN:
        break;
    }
    return BUILTIN_COUNT;
}

bool alarm_find(const struct engine_config *config, uint16_t bed, const char *name, struct alarm_key *out)
{
    for (unsigned family = ALARM_OF_RULE; family <= ALARM_OF_MONITOR; family++) {
        struct alarm_key key = {.bed = bed, .family = (uint16_t)family};
        for (unsigned i = 0; i < family_size(config, bed, (enum alarm_family)family); i++) {
            key.index = (uint16_t)i;
            const bool misplaced = family == ALARM_BUILTIN && (i < BUILTIN_BED_COUNT) == (bed == BED_NONE);
            if (!misplaced && names(config, &key, name)) {
                *out = key;
                return true;
            }
        }
    }
    return false;
}

typedef void alarm_visit(void *context, const struct alert *alert);

static void visit_alarm(const struct alarm *alarm, alarm_visit *visit, void *context)
{
    if (alarm->raised) {
        visit(context, &alarm->last);
    }
}

static void visit_bed(const struct bed *bed, alarm_visit *visit, void *context)
{
    for (unsigned i = 0; i < bed->rule_count; i++) {
        visit_alarm(&bed->rules[i].alarm, visit, context);
        visit_alarm(&bed->rules[i].not_monitored, visit, context);
    }
    for (unsigned i = 0; i < BUILTIN_BED_COUNT; i++) {
        visit_alarm(&bed->technical[i], visit, context);
    }
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        visit_alarm(&bed->signals[i], visit, context);
    }
}

void engine_each_alarm(const struct engine *engine, void (*visit)(void *context, const struct alert *alert),
                       void *context)
{
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        visit_alarm(&engine->gateway[i].alarm, visit, context);
    }
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        visit_bed(&engine->beds[b], visit, context);
    }
}
