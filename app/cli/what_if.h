/*
 * what_if.h: a grid of other limits and delays: `--what-if spo2_low.limit=86..92 --what-if spo2_low.delay=0s..30s:5s`.
 *
 * Each point of the grid has a configuration of its own: the rules that are named, with that point's numbers for every bed, whatever bed or class has otherwise; no
 * other rules, since none hangs on another. Numbers are thousandths of the vital's unit, delays ms. Allocated by what_if_read.
 */
#ifndef WARDGATE_WHAT_IF_H
#define WARDGATE_WHAT_IF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "app/cli/replay_options.h"
#include "app/engine/engine.h"

#define WHAT_IF_POINTS_MAX 1000U

enum what_if_kind { WHAT_IF_PARAMETER, WHAT_IF_DELAY, WHAT_IF_CLEAR_DELAY, WHAT_IF_HYSTERESIS, WHAT_IF_BEDS };

struct what_if_axis {
    const char *text; /* of the option */
    int name_length;  /* of it: "spo2_low.limit" */
    unsigned rule;    /* index in what_if.rules */
    enum what_if_kind kind;
    uint8_t parameter;
    int64_t from, step;
    unsigned count;
};

/* What came of a rule at a point. */
struct what_if_result {
    uint64_t starts, repeats;
    int64_t median_ms, total_ms;
    double per_bed_day;
};

struct what_if {
    struct what_if_axis axes[REPLAY_WHAT_IF_MAX];
    unsigned axis_count, point_count;
    uint16_t rules[REPLAY_WHAT_IF_MAX]; /* indices in the configuration, each once, in its order of naming */
    unsigned rule_count;
    struct what_if_result *results; /* point by point, of each its rules */
};

/* COMMAND_OK; COMMAND_USAGE after a fault that was told, COMMAND_FAILED without memory. what_if_free in any case. */
int what_if_read(struct what_if *what_if, const char *const *texts, unsigned count, const struct rule *rules,
                 uint16_t rule_count);
void what_if_free(struct what_if *what_if);

/* One point's configuration, made from `base`, which outlives it. False without memory; what_if_point_free in any case. */
struct what_if_point {
    struct engine_config config;
    struct rule *rules;
    struct bed_config *beds;
    struct override_config *overrides;
};
bool what_if_point_make(struct what_if_point *point, const struct what_if *what_if, unsigned index,
                        const struct engine_config *base);
void what_if_point_free(struct what_if_point *point);

void what_if_print(const struct what_if *what_if, const struct rule *rules, FILE *stream);
void what_if_print_csv(const struct what_if *what_if, const struct rule *rules, FILE *stream);

#endif
