/*
 * Builds the engine out of an arena; the same code measures and builds.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <string.h>

static struct series_demand channel_demand(const struct engine_config *config, const struct bed *bed, enum vital vital)
{
    struct series_demand demand;
    memset(&demand, 0, sizeof demand);
    for (unsigned r = 0; r < config->rule_count; r++) {
        const struct rule *rule = &config->rules[r];
        if (!rule_applies(bed->config, rule)) {
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
                                                    .demand = channel_demand(config, bed, c->vital)};
        struct series *series = series_make(arena, &series_config);
        const bool may_enter = (ENTRY_VITALS >> c->vital & 1U) != 0;
        struct entries *entries = may_enter ? ARENA_TAKE(arena, struct entries, 1) : NULL;
        if (bed->channels != NULL) {
            bed->channels[i] = (struct channel){.config = c,
                                                .series = series,
                                                .quality = QUALITY_NEVER,
                                                .source = (uint8_t)c->vital,
                                                .lost_at_ms = INSTANT_NONE,
                                                .resumed_at_ms = INSTANT_NONE,
                                                .first_at_ms = INSTANT_NONE,
                                                .entries = entries};
        }
    }
}

static void make_rules(struct arena *arena, const struct engine_config *config, struct bed *bed)
{
    for (unsigned r = 0; r < config->rule_count; r++) {
        if (rule_applies(bed->config, &config->rules[r])) {
            bed->rule_count++;
        }
    }
    bed->rules = ARENA_TAKE(arena, struct rule_alarm, bed->rule_count);
    unsigned next = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        if (rule_applies(bed->config, &config->rules[r])) {
            struct rule_alarm measured;
            struct rule_alarm *out = bed->rules != NULL ? &bed->rules[next++] : &measured;
            rule_alarm_make(arena, bed, out, &config->rules[r], (uint16_t)r);
        }
    }
}

static void make_technical(struct arena *arena, struct bed *bed)
{
    struct alarm_key key = {.bed = bed->index, .family = ALARM_BUILTIN};
    for (unsigned i = 0; i < BUILTIN_BED_COUNT; i++) {
        const struct builtin_alarm_info *info = builtin_alarm_info((enum builtin_alarm)i);
        key.index = (uint16_t)i;
        alarm_prepare(&bed->technical[i], &key, info->kind, SOURCE_RULE, info->priority, REASON_NONE);
    }
    key.family = ALARM_OF_MONITOR;
    bed->signals = ARENA_TAKE(arena, struct alarm, bed->config->signal_count);
    bed->signal_on = ARENA_TAKE(arena, bool, bed->config->signal_count);
    for (unsigned i = 0; i < bed->config->signal_count && bed->signals != NULL; i++) {
        key.index = (uint16_t)i;
        alarm_prepare(&bed->signals[i], &key, KIND_PHYSIOLOGICAL, SOURCE_MONITOR,
                      signal_priority(bed->config->signals[i].means), REASON_NONE);
    }
}

static void make_reported(struct arena *arena, struct bed *bed)
{
    if (!bed->config->reports_alarms) {
        return;
    }
    struct reported *slots = ARENA_TAKE(arena, struct reported, ENGINE_REPORTED_PER_BED_MAX);
    if (slots != NULL) {
        reported_prepare(bed, slots);
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
    memset(bed->channel_of, VITAL_NONE, sizeof bed->channel_of);
    for (unsigned i = 0; i < bed_config->channel_count; i++) {
        bed->channel_of[bed_config->channels[i].vital] = (uint8_t)i;
    }
    bed->scoring_deadline_ms = INSTANT_NONE;
    bed->scoring.scores = scoring_scores(bed_config);
    make_channels(arena, config, bed);
    make_technical(arena, bed);
    make_reported(arena, bed);
    make_rules(arena, config, bed);
}

static void prepare_gateway(struct engine *engine)
{
    for (unsigned i = 0; i < sizeof engine->gateway / sizeof engine->gateway[0]; i++) {
        const struct alarm_key key = {
            .bed = BED_NONE, .family = ALARM_BUILTIN, .index = (uint16_t)(BUILTIN_BED_COUNT + i)};
        const struct builtin_alarm_info *info = builtin_alarm_info((enum builtin_alarm)key.index);
        alarm_prepare(&engine->gateway[i].alarm, &key, info->kind, SOURCE_RULE, info->priority, REASON_NONE);
    }
}

static uint32_t rules_applying(const struct engine_config *config, const struct bed_config *bed)
{
    uint32_t count = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        count += rule_applies(bed, &config->rules[r]) ? 1U : 0U;
    }
    return count;
}

/*
 * Two alerts an alarm: it ends with its stay and begins in the next, or tells what a restart changed and then what this
 * instant does. One that a monitor reports has another beside it (reported.c). Of a bed one record a
 * measured vital, and one each for a stay that ends, one that begins and an identity.
 */
static uint32_t bed_records_max(const struct engine_config *config, const struct bed_config *bed)
{
    const uint32_t reported = bed->reports_alarms ? 4U * ENGINE_REPORTED_PER_BED_MAX : 0;
    return 4U * rules_applying(config, bed) + 2U * (BUILTIN_BED_COUNT + bed->signal_count) + reported +
           bed->channel_count + 3U;
}

/* The one command of a step: a limit is told by both alarms of its rule and by its bed, then what became of it. (An
 * entry takes two.) */
#define COMMAND_RECORDS_MAX 4U

/* A step looks at one bed. A command before it ends the alarms of two beds at most (transfer): each half of a bed's. */
uint32_t engine_config_records_max(const struct engine_config *config)
{
    uint32_t bed_most = 0;
    for (unsigned b = 0; b < config->bed_count; b++) {
        const uint32_t most = bed_records_max(config, &config->beds[b]);
        bed_most = most > bed_most ? most : bed_most;
    }
    return BUILTIN_COUNT - BUILTIN_BED_COUNT + COMMAND_RECORDS_MAX + 2 * bed_most;
}

struct engine *engine_make(struct arena *arena, const struct engine_config *config)
{
    struct engine *engine = ARENA_TAKE(arena, struct engine, 1);
    struct bed *beds = ARENA_TAKE(arena, struct bed, config->bed_count);
    struct engine made = {.config = config, .beds = beds};
    marks_init(&made.dirty, arena, config->bed_count);
    marks_init(&made.news, arena, config->bed_count);
    deadlines_init(&made.deadlines, arena, config->bed_count);
    for (uint16_t b = 0; b < config->bed_count; b++) {
        struct bed measured;
        struct bed *bed = beds != NULL ? &beds[b] : &measured;
        make_bed(arena, config, bed, b);
    }
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
    prepare_gateway(engine);
    return engine;
}
