#include "app/engine/cost.h"

#include <assert.h>

#include "app/engine/expression_code.h"
#include "app/engine/foresee.h"

enum { MS_PER_S = 1000, CODES = CODE_COMPARE_SCORE + 1, AGGREGATES = AGGREGATE_AGE + 1 };

/* Instructions at most. */
enum {
    COST_LOOK = 900,       /* the alarm's life: delays, what is missed, what alerts would show */
    COST_PASSED = 20,      /* looked past, since nothing of it changed */
    COST_EXPRESSION = 120, /* begin and end of one run, twice: the verdict, and when it may change */
    COST_MOVE = 250,       /* a cursor to where its span begins now */
    COST_SEARCH = 40,      /* each halving on the way there, and in the rings of extrema */
    COST_NEXT = 250,       /* when a window changes by itself */
    COST_KEPT = 120,       /* an observation put where windows find it */
    COST_TALLY = 120,      /* an observation compared for a share */
    COST_SCORE = 100,
    COST_TREND = 200,     /* an observation kept for what is foreseen */
    COST_ESTIMATE = 50000 /* a bin closed: all slopes of it sorted, and the alarm's life beside the rule's */
};

static const uint16_t steps[CODES] = {
    [CODE_OR] = 60,
    [CODE_AND] = 60,
    [CODE_NOT] = 50,
    [CODE_COMPARE] = 70,
    [CODE_ADD] = 70,
    [CODE_SUBTRACT] = 70,
    [CODE_MULTIPLY] = 350, /* in 128 bits, rounded */
    [CODE_DIVIDE] = 500,
    [CODE_NEGATE] = 70,
    [CODE_CONSTANT] = 45,
    [CODE_PARAMETER] = 45,
    [CODE_WINDOW] = 60,
    [CODE_COMPARE_WINDOW] = 110,
    [CODE_SCORE] = COST_SCORE,
    [CODE_COMPARE_SCORE] = COST_SCORE,
};

static const uint16_t answers[AGGREGATES] = {
    [AGGREGATE_MEAN] = 150,    [AGGREGATE_MAX] = 80,     [AGGREGATE_MIN] = 80,   [AGGREGATE_SHARE] = 250,
    [AGGREGATE_STDDEV] = 2000, [AGGREGATE_SLOPE] = 3000, [AGGREGATE_DELTA] = 90, [AGGREGATE_COUNT] = 80,
    [AGGREGATE_LAST] = 90,     [AGGREGATE_AGE] = 60,
};

static uint32_t period_of(const struct bed_config *bed, enum vital vital)
{
    unsigned c = 0;
    while (c < bed->channel_count && bed->channels[c].vital != vital) {
        c++;
    }
    assert(c < bed->channel_count); /* the rule applies here */
    return bed->channels[c].period_ms > 0 ? bed->channels[c].period_ms : 1;
}

/* Halvings until one of so many is left. */
static unsigned halvings(uint64_t count)
{
    unsigned n = 1;
    for (; count > 1; count /= 2) {
        n++;
    }
    return n;
}

static uint64_t held_by(const struct window_spec *spec, uint32_t period_ms)
{
    return spec->span_ms > 0 ? spec->span_ms / period_ms + 1 : spec->count;
}

static uint64_t cost_of_window(const struct window_spec *spec, const struct bed_config *bed)
{
    const uint64_t held = held_by(spec, period_of(bed, spec->vital));
    const uint64_t moved = held > 0 ? COST_MOVE + (uint64_t)COST_SEARCH * halvings(held) : 0;
    return answers[spec->aggregate] + moved + COST_NEXT;
}

static uint64_t cost_of_expression(const struct expression *expression, const struct bed_config *bed)
{
    uint64_t cost = COST_EXPRESSION;
    bool asks_age = false;
    for (uint8_t i = 0; i < expression->window_count; i++) {
        cost += cost_of_window(&expression->windows[i], bed);
        asks_age = asks_age || expression->windows[i].aggregate == AGGREGATE_AGE;
    }
    uint64_t run = 0;
    for (uint8_t i = 0; i < expression->op_count; i++) {
        run += steps[expression->ops[i].code];
        if (expression->ops[i].code == CODE_WINDOW) {
            run += answers[expression->windows[expression->ops[i].index].aggregate];
        }
    }
    return cost + (asks_age ? 2 * run : run); /* an age runs it once more, for when it will change it */
}

/* What is kept of one observation of a vital for the windows of an expression. */
static uint64_t cost_of_keeping(const struct expression *expression, enum vital vital, uint32_t period_ms)
{
    uint64_t cost = 0;
    for (uint8_t i = 0; i < expression->window_count; i++) {
        const struct window_spec *spec = &expression->windows[i];
        if (spec->vital != vital) {
            continue;
        }
        const bool extrema = spec->aggregate == AGGREGATE_MAX || spec->aggregate == AGGREGATE_MIN;
        cost += spec->aggregate == AGGREGATE_SHARE ? COST_KEPT + COST_TALLY : COST_KEPT;
        cost += extrema ? (uint64_t)COST_SEARCH * halvings(held_by(spec, period_ms)) : 0;
    }
    return cost;
}

/* Spans of a vital: what leaves one of them may make another look between two observations. */
static unsigned spans_of(const struct expression *expression, enum vital vital)
{
    unsigned spans = 0;
    for (uint8_t i = 0; i < expression->window_count; i++) {
        spans += expression->windows[i].vital == vital && expression->windows[i].span_ms > 0 ? 1U : 0U;
    }
    return spans;
}

static uint64_t look_of(const struct rule *rule, const struct bed_config *bed)
{
    uint64_t look = COST_LOOK + cost_of_expression(&rule->when, bed);
    look += rule->has_clear ? cost_of_expression(&rule->clear, bed) : 0;
    look += rule->has_hysteresis ? cost_of_expression(&rule->when, bed) : 0;
    return look;
}

/* Of a thousand seconds; a vital that is measured now and then has no trend. */
static uint64_t cost_of_foreseeing(const struct rule *rule, const struct channel_config *channel, uint64_t look)
{
    const bool has_trend =
        rule->foresee_ms > 0 && !channel->episodic && (enum vital)rule->when.first_vital == channel->vital;
    const uint64_t bins = has_trend ? MS_PER_S * MS_PER_S / FORESEE_BIN_MS : 0;
    const uint64_t kept = has_trend ? MS_PER_S * MS_PER_S / (channel->period_ms > 0 ? channel->period_ms : 1) : 0;
    return kept * COST_TREND + bins * (look + COST_ESTIMATE);
}

struct rule_cost rule_cost_at(const struct rule *rule, const struct bed_config *bed)
{
    struct rule_cost cost = {.look = look_of(rule, bed)};
    const uint32_t vitals = rule_vitals(rule);
    uint64_t per_ks = 0; /* of a thousand seconds, so that slow vitals count */
    for (unsigned c = 0; c < bed->channel_count; c++) {
        const struct channel_config *channel = &bed->channels[c];
        const uint32_t period_ms = channel->period_ms > 0 ? channel->period_ms : 1;
        uint64_t an_observation = COST_PASSED;
        if ((vitals >> channel->vital & 1U) != 0) {
            const unsigned clear_spans = rule->has_clear ? spans_of(&rule->clear, channel->vital) : 0;
            an_observation = cost.look * (1U + spans_of(&rule->when, channel->vital) + clear_spans);
            an_observation += cost_of_keeping(&rule->when, channel->vital, period_ms);
            an_observation += rule->has_clear ? cost_of_keeping(&rule->clear, channel->vital, period_ms) : 0;
        }
        per_ks += an_observation * MS_PER_S * MS_PER_S / period_ms;
        per_ks += cost_of_foreseeing(rule, channel, cost.look);
    }
    if (rule_scores(rule) != 0) {
        per_ks += cost.look * MS_PER_S; /* what it is made of comes together once a second */
    }
    cost.per_s = (per_ks + MS_PER_S - 1) / MS_PER_S;
    return cost;
}

uint64_t engine_config_cost_per_s(const struct engine_config *config)
{
    uint64_t per_s = 0;
    for (unsigned b = 0; b < config->bed_count; b++) {
        for (unsigned r = 0; r < config->rule_count; r++) {
            if (rule_applies(&config->beds[b], &config->rules[r]) && !rule_is_off(&config->beds[b], r)) {
                per_s += rule_cost_at(&config->rules[r], &config->beds[b]).per_s;
            }
        }
    }
    return per_s;
}
