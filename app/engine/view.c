/*
 * What others see of the engine: beds for screens, names of alarms for topics.
 */
#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"

#include <string.h>

static const char NOT_MONITORED_SUFFIX[] = ".not_monitored";
static const char FORESEEN_SUFFIX[] = ".foreseen";
static const char MONITOR_PREFIX[] = "monitor.";

struct viewing {
    const struct engine_config *config;
    struct bed_view *view;
};

/* Behind those that are as urgent; the last one gives way. */
static void show_among_first(const struct viewing *viewing, const struct alarm *alarm)
{
    const struct alert_head *alert = &alarm->last;
    struct alarm_view *alarms = viewing->view->alarms;
    unsigned at = viewing->view->alarm_count < ENGINE_ALARMS_VIEWED ? viewing->view->alarm_count : ENGINE_ALARMS_VIEWED;
    const unsigned last = at < ENGINE_ALARMS_VIEWED ? at : ENGINE_ALARMS_VIEWED - 1;
    while (at > 0 && alarms[at - 1].priority < alert->priority) {
        at--;
    }
    if (at == ENGINE_ALARMS_VIEWED) {
        return;
    }
    memmove(&alarms[at + 1], &alarms[at], (last - at) * sizeof alarms[0]);
    alarms[at] = (struct alarm_view){.id = alert->id,
                                     .rev = alert->rev,
                                     .priority = alert->priority,
                                     .state = alert->state,
                                     .inactivation = alert->inactivation,
                                     .raised_ms = alert->raised_at_ms};
    alarm_name_of(viewing->config, alarm, alarms[at].name);
}

static void note_alarm(void *context, struct alarm *alarm)
{
    const struct viewing *viewing = context;
    struct bed_view *view = viewing->view;
    if (alarm->raised) {
        show_among_first(viewing, alarm);
        view->alarm_count = (uint8_t)(view->alarm_count < UINT8_MAX ? view->alarm_count + 1 : UINT8_MAX);
        view->priority = alarm->last.priority > view->priority ? alarm->last.priority : view->priority;
    }
}

/* The vitals in list order, each with its reasons; what there is no room for is in the sum. */
static void view_rejections(const struct channel *channel, struct bed_view *view)
{
    for (uint32_t left = channel->reasons; left != 0; left &= left - 1) {
        const unsigned q = (unsigned)__builtin_ctz(left);
        if (view->rejection_count < ENGINE_REJECTIONS_VIEWED) {
            view->rejections[view->rejection_count++] = (struct rejection_view){
                .vital = (uint8_t)channel->config->vital, .quality = (uint8_t)q, .count = channel->rejected[q]};
        }
        view->rejected += channel->rejected[q];
    }
}

void engine_view_bed(const struct engine *engine, uint16_t bed_index, struct bed_view *out)
{
    struct bed *bed = &engine->beds[bed_index];
    memset(out, 0, sizeof *out);
    out->bed = bed_index;
    out->patient_class = (uint8_t)bed->config->patient_class;
    out->monitored = bed->state.stay != 0;
    out->stay = bed->state.stay;
    out->stay_start_ms = bed->state.stay_start_ms;
    out->at_ms = engine->now_ms;
    out->away_until_ms = bed->state.away_until_ms;
    memcpy(out->limits, bed->state.limits, sizeof out->limits);
    memcpy(out->pauses, bed->state.pauses, sizeof out->pauses);
    out->scoring = bed->scoring;
    out->estimates = bed->estimates;
    if ((bed->scoring.scores >> SCORE_news2 & 1U) != 0) {
        out->spo2_scale = bed->state.spo2_scale == SCORING_SPO2_SCALE_2 ? SCORING_SPO2_SCALE_2 : SCORING_SPO2_SCALE_1;
    }
    bed_each_alarm(bed, note_alarm, &(struct viewing){.config = engine->config, .view = out});
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const struct channel *channel = &bed->channels[i];
        if (channel->config->entered && channel->quality == QUALITY_NEVER) {
            continue; /* nobody has to enter it */
        }
        const bool silent = !channel->config->entered && monitor_is_silent(engine, bed, channel->config->monitor);
        channel_view(channel, silent, engine->now_ms, &out->vitals[out->vital_count++]);
        view_rejections(channel, out);
    }
}

/* As much as there is room for; where it ends. By hand: every view of a bed has names, and printf takes ten times as long. */
static char *append(char *at, const char *end, const char *word)
{
    while (at < end && *word != '\0') {
        *at++ = *word++;
    }
    return at;
}

static void write_name(const struct engine_config *config, const struct alarm_key *key, const char *reported,
                       char *text)
{
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
    case ALARM_FORESEEN:
        name = config->rules[key->index].name;
        suffix = FORESEEN_SUFFIX;
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
        name = reported;
        break;
    case ALARM_REPORTED:
        prefix = MONITOR_PREFIX;
        name = reported;
        break;
    }
    const char *const end = &text[ALARM_NAME_MAX - 1];
    *append(append(append(text, end, prefix), end, name), end, suffix) = '\0';
}

void alarm_name(const struct engine_config *config, const struct alert *alert, char *text)
{
    write_name(config, &alert->key, alert->reported, text);
}

void alarm_name_of(const struct engine_config *config, const struct alarm *alarm, char *text)
{
    write_name(config, &alarm->last.key, alarm->words != NULL ? alarm->words->reported : "", text);
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
    case ALARM_FORESEEN:
        return config->rule_count;
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

/* Of an alarm that a monitor reports only the configuration of its bed is known: its name comes with it. */
static bool find_reported(const struct engine_config *config, uint16_t bed, const char *name, struct alarm_key *out)
{
    const size_t prefix = sizeof MONITOR_PREFIX - 1;
    if (bed == BED_NONE || !config->beds[bed].reports_alarms || strncmp(name, MONITOR_PREFIX, prefix) != 0) {
        return false;
    }
    const char *end = strchr(name + prefix, '.');
    if (end != NULL && strcmp(end, NOT_MONITORED_SUFFIX) != 0) {
        return false;
    }
    *out = (struct alarm_key){.bed = bed, .family = end != NULL ? ALARM_REPORTED_NOT_MONITORED : ALARM_REPORTED};
    return true;
}

/* Whether such an alarm is there or, of a bed, another's. */
static bool is_at(const struct engine_config *config, const struct alarm_key *key)
{
    const bool of_gateway = key->bed == BED_NONE;
    switch ((enum alarm_family)key->family) {
    case ALARM_OF_RULE:
    case ALARM_NOT_MONITORED:
    case ALARM_FORESEEN:
        return config->rules[key->index].is_of_ward == of_gateway;
    case ALARM_BUILTIN:
        return (key->index >= BUILTIN_BED_COUNT) == of_gateway;
    case ALARM_OF_MONITOR:
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        break;
    }
    return !of_gateway;
}

bool alarm_find(const struct engine_config *config, uint16_t bed, const char *name, struct alarm_key *out)
{
    for (unsigned family = ALARM_OF_RULE; family <= ALARM_FORESEEN; family++) {
        struct alarm_key key = {.bed = bed, .family = (uint16_t)family};
        for (unsigned i = 0; i < family_size(config, bed, (enum alarm_family)family); i++) {
            key.index = (uint16_t)i;
            if (is_at(config, &key) && names(config, &key, name)) {
                *out = key;
                return true;
            }
        }
    }
    return find_reported(config, bed, name, out);
}

/* One who looks at all alarms that are raised. */
struct onlooker {
    void (*visit)(void *context, const struct alert *alert);
    void *context;
};

static void show_alarm(void *context, struct alarm *alarm)
{
    const struct onlooker *onlooker = context;
    if (alarm->raised) {
        struct alert last;
        alarm_alert(alarm, &last);
        onlooker->visit(onlooker->context, &last);
    }
}

void engine_each_alarm(const struct engine *engine, void (*visit)(void *context, const struct alert *alert),
                       void *context)
{
    struct onlooker onlooker = {.visit = visit, .context = context};
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        struct alarm alarm = engine->gateway[i].alarm;
        show_alarm(&onlooker, &alarm);
    }
    ward_rules_each_alarm(engine, show_alarm, &onlooker);
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        bed_each_alarm(&engine->beds[b], show_alarm, &onlooker);
    }
}
