/*
 * The core: takes observations, steps through instants, restores.
 *
 * Only what changed is looked at again: an observation marks its bed and its vital, a rule is evaluated when one of its
 * vitals is marked or its own deadline has come.
 */
#include "app/engine/engine_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define GATEWAY_SETTLE_MS 12000 /* its own conditions take 10 s to show, and are looked at now and then */

static bool bed_has(const struct bed *bed, uint32_t vitals)
{
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        if ((vitals >> v & 1U) != 0 && bed->channel_of[v] == VITAL_NONE) {
            return false;
        }
    }
    return true;
}

static uint32_t vitals_of(const struct rule *rule)
{
    return rule->when.vitals | (rule->has_clear ? rule->clear.vitals : 0);
}

static struct series_demand channel_demand(const struct engine_config *config, const struct bed *bed, enum vital vital)
{
    struct series_demand demand;
    memset(&demand, 0, sizeof demand);
    for (unsigned r = 0; r < config->rule_count; r++) {
        const struct rule *rule = &config->rules[r];
        if (!bed_has(bed, vitals_of(rule))) {
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
        if (bed->channels != NULL) {
            bed->channels[i] = (struct channel){.config = c,
                                                .series = series,
                                                .quality = QUALITY_NEVER,
                                                .lost_at_ms = INSTANT_NONE,
                                                .resumed_at_ms = INSTANT_NONE,
                                                .first_at_ms = INSTANT_NONE};
        }
    }
}

static void make_rules(struct arena *arena, const struct engine_config *config, struct bed *bed)
{
    for (unsigned r = 0; r < config->rule_count; r++) {
        if (bed_has(bed, vitals_of(&config->rules[r]))) {
            bed->rule_count++;
        }
    }
    bed->rules = ARENA_TAKE(arena, struct rule_alarm, bed->rule_count);
    unsigned next = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        if (bed_has(bed, vitals_of(&config->rules[r]))) {
            struct rule_alarm measured;
            struct rule_alarm *out = bed->rules != NULL ? &bed->rules[next++] : &measured;
            rule_alarm_make(arena, bed, out, &config->rules[r], (uint16_t)r);
        }
    }
}

static enum priority signal_priority(enum signal_meaning means)
{
    if (means == SIGNAL_monitor_alarm_high) {
        return PRIORITY_HIGH;
    }
    return means == SIGNAL_monitor_alarm_medium ? PRIORITY_MEDIUM : PRIORITY_LOW;
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

static void make_bed(struct arena *arena, const struct engine_config *config, struct bed *bed, uint16_t index)
{
    const struct bed_config *bed_config = &config->beds[index];
    assert(bed_config->monitor_count <= ENGINE_MONITORS_PER_BED_MAX);
    memset(bed, 0, sizeof *bed);
    bed->config = bed_config;
    bed->index = index;
    bed->candidate_since_ms = INSTANT_NONE;
    bed->settle_until_ms = INSTANT_NONE;
    bed->deadline_ms = SERIES_NEVER;
    memset(bed->channel_of, VITAL_NONE, sizeof bed->channel_of);
    for (unsigned i = 0; i < bed_config->channel_count; i++) {
        bed->channel_of[bed_config->channels[i].vital] = (uint8_t)i;
    }
    make_channels(arena, config, bed);
    make_technical(arena, bed);
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
    uint32_t vitals = 0;
    uint32_t count = 0;
    for (unsigned i = 0; i < bed->channel_count; i++) {
        vitals |= UINT32_C(1) << bed->channels[i].vital;
    }
    for (unsigned r = 0; r < config->rule_count; r++) {
        count += (vitals_of(&config->rules[r]) & ~vitals) == 0 ? 1U : 0U;
    }
    return count;
}

/* A step emits at most two alerts an alarm, for a stay may end and the next begin; one record a measured vital, and one
 * for the stay. */
uint32_t engine_config_records_max(const struct engine_config *config)
{
    uint32_t most = BUILTIN_COUNT - BUILTIN_BED_COUNT;
    for (unsigned b = 0; b < config->bed_count; b++) {
        const struct bed_config *bed = &config->beds[b];
        most +=
            4U * rules_applying(config, bed) + 2U * (BUILTIN_BED_COUNT + bed->signal_count) + bed->channel_count + 1U;
    }
    return most;
}

struct engine *engine_make(struct arena *arena, const struct engine_config *config)
{
    struct engine *engine = ARENA_TAKE(arena, struct engine, 1);
    struct bed *beds = ARENA_TAKE(arena, struct bed, config->bed_count);
    for (uint16_t b = 0; b < config->bed_count; b++) {
        struct bed measured;
        struct bed *bed = beds != NULL ? &beds[b] : &measured;
        make_bed(arena, config, bed, b);
    }
    if (engine == NULL) {
        return NULL;
    }
    engine->config = config;
    engine->beds = beds;
    engine->records_max = engine_config_records_max(config);
    engine->now_ms = INSTANT_NONE;
    engine->settle_until_ms = INSTANT_NONE;
    engine->gateway_deadline_ms = SERIES_NEVER;
    engine->next_id = 1;
    prepare_gateway(engine);
    return engine;
}

void engine_seed(struct engine *engine, uint64_t seed)
{
    engine->seed = seed;
}

uint32_t engine_records_max(const struct engine *engine)
{
    return engine->records_max;
}

int64_t engine_now(const struct engine *engine)
{
    return engine->now_ms;
}

int64_t engine_next(const struct engine *engine)
{
    int64_t next_ms = engine->gateway_dirty ? engine->now_ms : engine->gateway_deadline_ms;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const struct bed *bed = &engine->beds[b];
        const int64_t bed_ms = bed->dirty ? engine->now_ms : bed->deadline_ms;
        next_ms = bed_ms < next_ms ? bed_ms : next_ms;
    }
    return next_ms;
}

static void record_measurements(struct engine *engine, struct bed *bed)
{
    for (unsigned i = 0; i < bed->config->channel_count && bed->measured != 0; i++) {
        if ((bed->measured >> bed->channels[i].config->vital & 1U) != 0) {
            record_measurement(engine, bed, &bed->channels[i]);
        }
    }
    bed->measured = 0;
}

static int64_t step_rules(struct engine *engine, struct bed *bed)
{
    int64_t deadline_ms = SERIES_NEVER;
    const bool counts = bed->state.stay != 0 || bed->candidate_since_ms != INSTANT_NONE;
    if (bed->state.stay != 0 && engine->now_ms < bed->state.stay_start_ms) {
        return bed->state.stay_start_ms; /* a journal that reaches back further */
    }
    for (unsigned i = 0; i < bed->rule_count && counts; i++) {
        struct rule_alarm *r = &bed->rules[i];
        if (bed->evaluate_all || (bed->changed & vitals_of(r->rule)) != 0 || r->deadline_ms <= engine->now_ms) {
            rule_alarm_step(engine, bed, r);
        }
        deadline_ms = r->deadline_ms < deadline_ms ? r->deadline_ms : deadline_ms;
    }
    return deadline_ms;
}

static int64_t step_channels(struct bed *bed, int64_t now_ms)
{
    int64_t deadline_ms = SERIES_NEVER;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        const int64_t at_ms = channel_next_change(&bed->channels[i], now_ms);
        deadline_ms = at_ms < deadline_ms ? at_ms : deadline_ms;
    }
    return deadline_ms;
}

static void step_bed(struct engine *engine, struct bed *bed)
{
    bed->news |= bed->changed != 0 || bed->deadline_ms <= engine->now_ms;
    if (bed->begin_due) {
        stay_begin(engine, bed);
    }
    record_measurements(engine, bed);
    int64_t deadline_ms = step_rules(engine, bed);
    const int64_t technical_ms = technical_step(engine, bed);
    const int64_t channels_ms = step_channels(bed, engine->now_ms);
    deadline_ms = technical_ms < deadline_ms ? technical_ms : deadline_ms;
    bed->deadline_ms = channels_ms < deadline_ms ? channels_ms : deadline_ms;
    bed->dirty = false;
    bed->evaluate_all = false;
    bed->changed = 0;
    assert(bed->deadline_ms > engine->now_ms);
}

void engine_step(struct engine *engine, int64_t until_ms, struct record_sink *sink)
{
    const int64_t at_ms = engine_next(engine);
    if (at_ms > until_ms) {
        return;
    }
    assert(at_ms >= engine->now_ms);
    engine->now_ms = at_ms;
    engine->sink = sink;
    if (engine->gateway_dirty || engine->gateway_deadline_ms <= at_ms) {
        engine->gateway_dirty = false;
        technical_gateway_step(engine);
    }
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        struct bed *bed = &engine->beds[b];
        if (bed->dirty || bed->deadline_ms <= at_ms) {
            step_bed(engine, bed);
        }
    }
    engine->sink = NULL;
}

static void set_signal(struct bed *bed, const struct observation *o)
{
    for (unsigned i = 0; i < bed->config->signal_count; i++) {
        const struct signal_config *signal = &bed->config->signals[i];
        if (signal->monitor == o->monitor && signal->number == o->signal) {
            bed->signal_on[i] = o->value_milli != 0;
        }
    }
}

static void observe_value(struct engine *engine, struct bed *bed, const struct observation *o)
{
    struct channel *channel = o->vital < VITAL_COUNT ? bed_channel(bed, (enum vital)o->vital) : NULL;
    if (channel == NULL || channel->config->monitor != o->monitor) {
        return;
    }
    const enum quality quality = channel_judge(channel, o);
    if (quality == QUALITY_VALID && !channel->config->episodic) {
        stay_note_valid(engine, bed, channel, o->at_ms);
    }
    channel_take(engine, bed, channel, o, quality);
}

/* Observations of this monitor were dropped: what its channels had no longer stands. */
static void observe_lost(struct bed *bed, const struct observation *o)
{
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        if (bed->channels[i].config->monitor == o->monitor && !bed->channels[i].config->episodic) {
            (void)series_put_invalid(bed->channels[i].series, o->at_ms);
        }
    }
    bed->evaluate_all = true;
}

bool engine_observe(struct engine *engine, const struct observation *o)
{
    if (o->at_ms < engine->now_ms || o->bed >= engine->config->bed_count || o->monitor >= ENGINE_MONITORS_PER_BED_MAX) {
        engine->counts.late++;
        return false;
    }
    assert(engine_next(engine) >= o->at_ms); /* everything due before it has been stepped */
    struct bed *bed = &engine->beds[o->bed];
    engine->now_ms = o->at_ms;
    engine->counts.observations++;
    monitor_note_heard(engine, bed, o->monitor);
    bed->dirty = true;
    switch ((enum observation_kind)o->kind) {
    case OBSERVATION_VALUE:
        observe_value(engine, bed, o);
        break;
    case OBSERVATION_SIGNAL:
        set_signal(bed, o);
        break;
    case OBSERVATION_LOST:
        observe_lost(bed, o);
        break;
    case OBSERVATION_IDENTITY:
    case OBSERVATION_REFUSED:
    case OBSERVATION_HEARD:
        break;
    }
    return true;
}

void engine_condition(struct engine *engine, int64_t at_ms, enum builtin_alarm alarm, bool on, enum priority priority,
                      const char *detail)
{
    (void)priority;
    assert((unsigned)alarm >= BUILTIN_BED_COUNT && alarm < BUILTIN_COUNT && at_ms >= engine->now_ms);
    struct gateway_condition *g = &engine->gateway[(unsigned)alarm - BUILTIN_BED_COUNT];
    if (g->on == on && strncmp(g->detail, detail, sizeof g->detail - 1) == 0) {
        return;
    }
    engine->now_ms = at_ms;
    g->on = on;
    g->changed = true;
    (void)snprintf(g->detail, sizeof g->detail, "%s", detail);
    engine->gateway_dirty = true;
}

void engine_clock_synced(struct engine *engine, bool synced)
{
    engine->clock_synced = synced;
}

void engine_admit(struct engine *engine, uint16_t bed_index, int64_t at_ms)
{
    assert(at_ms >= engine->now_ms);
    struct bed *bed = &engine->beds[bed_index];
    engine->now_ms = at_ms;
    bed->candidate_since_ms = at_ms;
    bed->begin_due = true;
    bed->admitted = true;
    bed->dirty = true;
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        channel_reset(&bed->channels[i], at_ms);
    }
}

void engine_begin(struct engine *engine, int64_t now_ms)
{
    assert(!engine->begun && now_ms >= engine->now_ms);
    engine->begun = true;
    engine->now_ms = now_ms;
    engine->settle_until_ms = engine->restored ? now_ms + GATEWAY_SETTLE_MS : INSTANT_NONE;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        struct bed *bed = &engine->beds[b];
        technical_begin(engine, bed);
        bed->dirty = true;
        bed->news = true;
        bed->evaluate_all = true;
    }
}

bool engine_take_news(struct engine *engine, uint16_t bed)
{
    const bool news = engine->beds[bed].news;
    engine->beds[bed].news = false;
    return news;
}

void engine_count(const struct engine *engine, struct engine_counts *out)
{
    *out = engine->counts;
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const struct bed *bed = &engine->beds[b];
        for (unsigned i = 0; i < bed->config->channel_count; i++) {
            out->overruns += series_overruns(bed->channels[i].series);
        }
    }
}
