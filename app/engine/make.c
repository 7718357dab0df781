/*
 * Builds the engine out of an arena; the same code measures and builds.
 */
#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"

#include <assert.h>
#include <string.h>

static bool is_evaluated(const struct bed_config *bed, const struct engine_config *config, unsigned rule)
{
    return rule_applies(bed, &config->rules[rule]) && !rule_is_off(bed, rule);
}

static struct series_demand channel_demand(const struct engine_config *config, const struct bed *bed, enum vital vital)
{
    struct series_demand demand;
    memset(&demand, 0, sizeof demand);
    for (unsigned r = 0; r < config->rule_count; r++) {
        const struct rule *rule = &config->rules[r];
        if (!is_evaluated(bed->config, config, r)) {
            continue;
        }
        expression_demand(&rule->when, vital, &demand);
        if (rule->has_clear) {
            expression_demand(&rule->clear, vital, &demand);
        }
        if (rule->has_hysteresis) {
            expression_demand(&rule->when, vital, &demand);
        }
    }
    return demand;
}

static void make_channels(struct arena *arena, const struct engine_config *config, struct bed *bed)
{
    const unsigned count = bed->config->channel_count;
    bed->channels = ARENA_TAKE(arena, struct channel, count);
    for (unsigned i = 0; i < count; i++) {
        const struct channel_config *c = &bed->config->channels[i];
        const struct series_config series_config = {.period_ms = c->period_ms,
                                                    .stale_ms = c->stale_ms,
                                                    .episodic = c->episodic,
                                                    .polled = c->polled,
                                                    .demand = channel_demand(config, bed, c->vital)};
        struct series *series = series_make(arena, &series_config);
        const bool may_enter = (ENTRY_VITALS >> c->vital & 1U) != 0;
        uint32_t *rejected = ARENA_TAKE(arena_reserve(arena), uint32_t, QUALITY_COUNT);
        struct entries *entries = may_enter ? ARENA_TAKE(arena_reserve(arena), struct entries, 1) : NULL;
        if (bed->channels != NULL) {
            bed->channels[i] = (struct channel){.config = c,
                                                .series = series,
                                                .quality = QUALITY_NEVER,
                                                .source = (uint8_t)c->vital,
                                                .lost_at_ms = INSTANT_NONE,
                                                .resumed_at_ms = INSTANT_NONE,
                                                .first_at_ms = INSTANT_NONE,
                                                .rejected = rejected,
                                                .entries = entries};
        }
    }
}

static void make_rules(struct arena *arena, const struct engine_config *config, struct bed *bed)
{
    for (unsigned r = 0; r < config->rule_count; r++) {
        if (is_evaluated(bed->config, config, r)) {
            bed->rule_count++;
        }
    }
    bed->rules = ARENA_TAKE(arena, struct rule_alarm, bed->rule_count);
    unsigned next = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        if (is_evaluated(bed->config, config, r)) {
            struct rule_alarm measured;
            struct rule_alarm *out = bed->rules != NULL ? &bed->rules[next++] : &measured;
            rule_alarm_make(arena, bed, out, &config->rules[r], (uint16_t)r);
        }
    }
}

static void make_technical(struct arena *arena, struct bed *bed)
{
    struct alarm_key key = {.bed = bed->index, .family = ALARM_BUILTIN};
    struct alert_words *words = ARENA_TAKE(arena_reserve(arena), struct alert_words, BUILTIN_BED_COUNT);
    for (unsigned i = 0; i < BUILTIN_BED_COUNT; i++) {
        const struct builtin_alarm_info *info = builtin_alarm_info((enum builtin_alarm)i);
        key.index = (uint16_t)i;
        alarm_prepare(&bed->technical[i], &key, info->kind, SOURCE_RULE, info->priority, REASON_NONE);
        bed->technical[i].words = words != NULL ? &words[i] : NULL;
    }
    key.family = ALARM_OF_MONITOR;
    bed->signals = ARENA_TAKE(arena, struct alarm, bed->config->signal_count);
    words = ARENA_TAKE(arena_reserve(arena), struct alert_words, bed->config->signal_count);
    bed->signal_on = ARENA_TAKE(arena, bool, bed->config->signal_count);
    for (unsigned i = 0; i < bed->config->signal_count && bed->signals != NULL; i++) {
        key.index = (uint16_t)i;
        alarm_prepare(&bed->signals[i], &key, KIND_PHYSIOLOGICAL, SOURCE_MONITOR,
                      signal_priority(bed->config->signals[i].means), REASON_NONE);
        bed->signals[i].words = words != NULL ? &words[i] : NULL;
    }
}

static void make_reported(struct arena *arena, struct bed *bed)
{
    if (!bed->config->reports_alarms) {
        return;
    }
    struct reported *slots = ARENA_TAKE(arena, struct reported, ENGINE_REPORTED_PER_BED_MAX);
    struct alert_words *words = ARENA_TAKE(arena_reserve(arena), struct alert_words, 2 * ENGINE_REPORTED_PER_BED_MAX);
    if (slots != NULL && words != NULL) {
        reported_prepare(bed, slots, words);
    }
}

static void make_bed(struct arena *arena, const struct engine_config *config, struct bed *bed, uint16_t index)
{
    const struct bed_config *bed_config = &config->beds[index];
    assert(bed_config->monitor_count <= ENGINE_MONITORS_PER_BED_MAX);
    memset(bed, 0, sizeof *bed);
    bed->config = bed_config;
    bed->index = index;
    bed->valid_since_ms = INSTANT_NONE;
    bed->settle_until_ms = INSTANT_NONE;
    bed->pulse_turned_ms = INSTANT_NONE;
    bed->deadline_ms = SERIES_NEVER;
    bed->pause_deadline_ms = SERIES_NEVER;
    memset(bed->channel_of, VITAL_NONE, sizeof bed->channel_of);
    for (unsigned i = 0; i < bed_config->channel_count; i++) {
        bed->channel_of[bed_config->channels[i].vital] = (uint8_t)i;
    }
    bed->scoring_deadline_ms = INSTANT_NONE;
    bed->scoring.scores = scoring_scores(bed_config);
    bed->estimating_deadline_ms = INSTANT_NONE;
    bed->estimates.kept = estimating_estimates(config, bed_config);
    make_channels(arena, config, bed);
    make_technical(arena, bed);
    make_reported(arena, bed);
    make_rules(arena, config, bed);
}

static void prepare_gateway(struct engine *engine, struct alert_words *words)
{
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        const struct alarm_key key = {
            .bed = BED_NONE, .family = ALARM_BUILTIN, .index = (uint16_t)(BUILTIN_BED_COUNT + i)};
        const struct builtin_alarm_info *info = builtin_alarm_info((enum builtin_alarm)key.index);
        alarm_prepare(&engine->gateway[i].alarm, &key, info->kind, SOURCE_RULE, info->priority, REASON_NONE);
        engine->gateway[i].alarm.words = &words[i];
    }
}

/* Alarms of rules: each has its own, its not_monitored and perhaps its foreseen. */
static uint32_t rule_alarms(const struct engine_config *config, const struct bed_config *bed)
{
    uint32_t count = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        const uint32_t alarms = config->rules[r].foresee_ms != 0 ? 3U : 2U;
        count += is_evaluated(bed, config, r) ? alarms : 0U;
    }
    return count;
}

/*
 * Three alerts an alarm: it ends with its stay and begins in the next, or tells what a restart changed and then what this
 * instant does; and it escalates, or a pause begins or ends for it. A fourth of those that may become part of another
 * alarm, or have others become part of them, since causes are judged twice. One that a monitor reports has another beside
 * it (reported.c). Of a bed one record a measured vital, and one each for a stay that ends, one that begins, an identity
 * and pauses that are over.
 */
static uint32_t bed_records_max(const struct engine_config *config, const struct bed_config *bed)
{
    const uint32_t reported = bed->reports_alarms ? 6U * ENGINE_REPORTED_PER_BED_MAX : 0;
    return 4U * rule_alarms(config, bed) + 5U * BUILTIN_BED_COUNT + 3U * bed->signal_count + reported +
           bed->channel_count + 4U;
}

/* The one command of a step: a limit is told by the three alarms of its rule and by its bed, then what became of it. (An
 * entry takes two, air as the device three.) */
#define COMMAND_RECORDS_MAX 5U

/* A rule of the ward: what a restart changed and what the instant does, of both its alarms, who joined, its escalation, and
 * a pause of either. */
#define WARD_RECORDS_MAX 8U

/* A step looks at one bed. A command before it ends the alarms of two beds at most (transfer): each half of a bed's. */
uint32_t engine_config_records_max(const struct engine_config *config)
{
    uint32_t bed_most = 0, ward_rules = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        ward_rules += config->rules[r].is_of_ward ? 1U : 0U;
    }
    for (unsigned b = 0; b < config->bed_count; b++) {
        const uint32_t most = bed_records_max(config, &config->beds[b]);
        bed_most = most > bed_most ? most : bed_most;
    }
    return BUILTIN_COUNT - BUILTIN_BED_COUNT + COMMAND_RECORDS_MAX + 2 * bed_most + WARD_RECORDS_MAX * ward_rules;
}

struct engine *engine_make(struct arena *arena, const struct engine_config *config)
{
    struct engine *engine = ARENA_TAKE(arena, struct engine, 1);
    struct bed *beds = ARENA_TAKE(arena, struct bed, config->bed_count);
    struct engine made = {.config = config, .beds = beds};
    made.lines = ARENA_TAKE(arena, uint8_t, config->line_count);
    marks_init(&made.dirty, arena, config->bed_count);
    marks_init(&made.news, arena, config->bed_count);
    deadlines_init(&made.deadlines, arena, config->bed_count);
    for (uint16_t b = 0; b < config->bed_count; b++) {
        struct bed measured;
        struct bed *bed = beds != NULL ? &beds[b] : &measured;
        make_bed(arena, config, bed, b);
    }
    ward_rules_make(arena, config, &made);
    struct alert_words *words = ARENA_TAKE(arena_reserve(arena), struct alert_words, BUILTIN_COUNT - BUILTIN_BED_COUNT);
    if (engine == NULL) {
        return NULL;
    }
    *engine = made;
    deadlines_reset(&engine->deadlines, config->bed_count);
    engine->records_max = engine_config_records_max(config);
    engine->now_ms = engine->stepped_ms = INSTANT_NONE;
    engine->settle_until_ms = INSTANT_NONE;
    engine->gateway_deadline_ms = SERIES_NEVER;
    engine->next_id = 1;
    prepare_gateway(engine, words);
    return engine;
}
