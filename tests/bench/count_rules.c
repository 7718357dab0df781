/*
 * count_rules.c: one rule over a bed for some minutes, for callgrind to count its instructions; prints what the model of
 * app/engine/cost.h says at most. toolchain/count-rules runs it once a rule, and once without any.
 *
 *     count_rules NUMBER    "NAME SECONDS INSTRUCTIONS", with NUMBER from 0; 0 is no rule. Exit status 2: no such rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/cost.h"

#define VITALS 3

enum { SECONDS = 900, COVERAGE_PERMILLE = 700 };

static const struct {
    const char *name, *when, *clear;
    uint32_t foresee_ms;
} rules[] = {
    {"none", NULL, NULL, 0},
    {"newest", "spo2 < 40", NULL, 0},
    {"mean", "mean(hr, 60s) > 250", NULL, 0},
    {"extrema", "min(spo2, 15s) < 40 and max(hr, 5min) > 250", NULL, 0},
    {"share", "share(spo2 < 40, 15s) >= 0.8", "min(spo2, 5s) >= 41", 0},
    {"joined", "mean(hr, 60s) > 250 and mean(resp, 60s) > 90 and share(spo2 < 40, 15s) > 0.5", NULL, 0},
    {"arithmetic", "hr * 2 / resp - hr / (resp + 1) * 3 + 1 > 900 and spo2 / 2 < 3", NULL, 0},
    {"spread", "stddev(hr, 5min) > 100", NULL, 0},
    {"trend", "slope(spo2, 2min) < -90 and delta(spo2, 1min) < -90", NULL, 0},
    {"long", "mean(hr, 1h) > 250 or max(resp, 6h) > 110", NULL, 0},
    {"number", "mean(hr, 16) > 250 and count(spo2, 1min) < 3", NULL, 0},
    {"foreseen", "spo2 < limit", NULL, 900000},
};

static struct channel_config channels[VITALS];
static struct bed_config bed = {.id = "b1",
                                .patient_class = CLASS_adult,
                                .channels = channels,
                                .channel_count = VITALS,
                                .monitor_count = 1,
                                .monitor_period_ms = {1000}};
static struct rule rule = {.name = "rule",
                           .text = "",
                           .advice = "",
                           .priority = PRIORITY_LOW,
                           .unknown_after_ms = 120000,
                           .parameters = {{.name = "limit", .has = {true}, .value_milli = {40000}}},
                           .parameter_count = 1};
static struct engine_config config = {.beds = &bed, .rules = &rule, .bed_count = 1, .replay = true};

static void drop(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    (void)record;
}

static bool compile(const char *text, struct expression *out)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    if (!expression_compile(text, &names, COVERAGE_PERMILLE, out, &fault)) {
        (void)fprintf(stderr, "count_rules: %s: %s\n", text, fault.message);
        return false;
    }
    return true;
}

/* Values move up and down within what is no alarm; half a period between the vitals, so that nothing coincides. */
void piece_rule(struct engine *engine, struct record_sink *sink);
void piece_rule(struct engine *engine, struct record_sink *sink)
{
    static const int32_t low[VITALS] = {70000, 92000, 14000};
    for (int t = 1; t <= SECONDS; t++) {
        for (unsigned v = 0; v < VITALS; v++) {
            const int32_t swing = (t * (int32_t)(7 + v) % 13 - 6) * 500;
            const struct observation o = {.at_ms = t * INT64_C(1000) + (int64_t)v * 130,
                                          .kind = OBSERVATION_VALUE,
                                          .vital = (uint8_t)channels[v].vital,
                                          .value_milli = low[v] + swing};
            while (engine_next(engine) < o.at_ms) {
                engine_step(engine, o.at_ms - 1, sink);
            }
            (void)engine_observe(engine, &o);
        }
    }
}

static struct engine *make(void)
{
    static struct arena arena;
    (void)engine_make(&arena, &config);
    arena.size = (arena.used + 63) / 64 * 64;
    arena.used = 0;
    arena.base = aligned_alloc(64, arena.size);
    if (arena.base == NULL) {
        return NULL;
    }
    memset(arena.base, 0, arena.size);
    return engine_make(&arena, &config);
}

int main(int argc, char **argv)
{
    static const enum vital vitals[VITALS] = {VITAL_hr, VITAL_spo2, VITAL_resp};
    const unsigned long number = argc == 2 ? strtoul(argv[1], NULL, 10) : sizeof rules;
    if (number >= sizeof rules / sizeof rules[0]) {
        return 2;
    }
    for (unsigned v = 0; v < VITALS; v++) {
        const struct vital_range range = vital_range(vitals[v], CLASS_adult);
        channels[v] = (struct channel_config){.vital = vitals[v],
                                              .period_ms = 1000,
                                              .stale_ms = 10000,
                                              .low_milli = range.low_milli,
                                              .high_milli = range.high_milli,
                                              .rate_milli_per_s = range.rate_milli_per_s};
    }
    if (number > 0) {
        rule.has_clear = rules[number].clear != NULL;
        rule.foresee_ms = rules[number].foresee_ms;
        if (!compile(rules[number].when, &rule.when) ||
            (rule.has_clear && !compile(rules[number].clear, &rule.clear))) {
            return 1;
        }
        config.rule_count = 1;
    }
    struct record_sink sink = {.put = drop};
    struct engine *engine = make();
    if (engine == NULL) {
        return 1;
    }
    engine_begin(engine, 0);
    engine_admit(engine, 0, 0);
    piece_rule(engine, &sink);
    (void)printf("%s %d %llu\n", rules[number].name, SECONDS,
                 (unsigned long long)engine_config_cost_per_s(&config) * SECONDS);
    return 0;
}
