/*
 * The estimates of a bed (estimate.h): where their inputs come from, and how long they count.
 *
 * A measurement counts until its stale time, the two pressures only when they are of one instant. Food: the hours run on
 * from what was told to the instant of the glucose; food after it leaves them unknown. Adults only: all sources are of
 * adults. Computed again when an input changes or has grown too old; nothing of it is in a record.
 */
#include <string.h>

#include "app/engine/engine_internal.h"

#define MEASURED          (ENTRY_BIT(glucose) | ENTRY_BIT(nibp_sys) | ENTRY_BIT(nibp_dia))
#define FOOD_MILLI_H_MAX  8000
#define MS_PER_MILLI_HOUR 3600

static bool is_on(const struct engine_config *config, const struct bed_config *bed)
{
    return bed->patient_class == CLASS_adult && (config->pressure_scheme != PRESSURE_none || config->model_count > 0);
}

uint16_t estimating_estimates(const struct engine_config *config, const struct bed_config *bed)
{
    if (!is_on(config, bed)) {
        return 0;
    }
    const unsigned models = (1U << config->model_count) - 1U;
    const unsigned pressure = config->pressure_scheme != PRESSURE_none ? 1U << ESTIMATE_PRESSURE : 0U;
    return (uint16_t)(models << ESTIMATE_MODEL_0 | pressure);
}

/* True: it counts, until *until_ms at the latest. */
static bool current(const struct bed *bed, enum vital vital, int64_t now_ms, int64_t *at_ms, int32_t *value_milli,
                    int64_t *until_ms)
{
    const struct channel *channel = bed_channel(bed, vital);
    if (channel == NULL || channel->age_unknown || channel->quality == QUALITY_IDENTITY ||
        !series_last(channel->series, at_ms, value_milli)) {
        return false;
    }
    const int64_t end_ms = *at_ms + (int64_t)channel->config->stale_ms;
    if (now_ms >= end_ms) {
        return false;
    }
    *until_ms = end_ms < *until_ms ? end_ms : *until_ms;
    return true;
}

static void know(struct estimates *out, unsigned input, int32_t value_milli, int64_t at_ms)
{
    out->inputs.known |= (uint16_t)(1U << input);
    out->inputs.value_milli[input] = value_milli;
    out->at_ms[input] = at_ms;
}

static void look_at_pressure(const struct bed *bed, int64_t now_ms, struct estimates *out, int64_t *until_ms)
{
    int64_t sys_at_ms = 0, dia_at_ms = 0;
    int32_t sys_milli = 0, dia_milli = 0;
    const bool has_sys = current(bed, VITAL_nibp_sys, now_ms, &sys_at_ms, &sys_milli, until_ms);
    const bool has_dia = current(bed, VITAL_nibp_dia, now_ms, &dia_at_ms, &dia_milli, until_ms);
    if (has_sys) {
        know(out, INPUT_OF_nibp_sys, sys_milli, sys_at_ms);
    }
    if (has_sys && has_dia && sys_at_ms == dia_at_ms) {
        know(out, INPUT_OF_nibp_dia, dia_milli, dia_at_ms);
    }
}

static void look_at_food(const struct attributes *attributes, int64_t at_ms, struct estimates *out)
{
    const int64_t milli_h = (at_ms - attributes->fed_at_ms) / MS_PER_MILLI_HOUR;
    if ((attributes->known >> INPUT_OF_hours_since_food & 1U) != 0 && at_ms >= attributes->fed_at_ms) {
        know(out, INPUT_OF_hours_since_food, (int32_t)(milli_h < FOOD_MILLI_H_MAX ? milli_h : FOOD_MILLI_H_MAX), at_ms);
    }
}

static void look_at_inputs(const struct bed *bed, int64_t now_ms, struct estimates *out, int64_t *until_ms)
{
    const struct attributes *attributes = &bed->state.attributes;
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        if ((attributes->known >> i & 1U) != 0 && i != INPUT_OF_hours_since_food) {
            know(out, i, attributes->value_milli[i], now_ms);
        }
    }
    if (current(bed, VITAL_glucose, now_ms, &at_ms, &value_milli, until_ms)) {
        know(out, INPUT_OF_glucose, value_milli, at_ms);
        look_at_food(attributes, at_ms, out);
    } else {
        look_at_food(attributes, now_ms, out);
    }
    look_at_pressure(bed, now_ms, out, until_ms);
}

static void compute(const struct engine_config *config, struct estimates *out)
{
    if ((out->kept >> ESTIMATE_PRESSURE & 1U) != 0) {
        estimate_pressure_compute(config->pressure_scheme, &out->inputs, &out->results[ESTIMATE_PRESSURE]);
    }
    for (unsigned m = 0; m < config->model_count; m++) {
        estimate_model_compute(&config->models[m], &out->inputs, &out->results[ESTIMATE_MODEL_0 + m]);
    }
}

int64_t estimating_step(const struct engine *engine, struct bed *bed)
{
    struct estimates *out = &bed->estimates;
    if (out->kept == 0) {
        return SERIES_NEVER;
    }
    if (!bed->evaluate_all && (bed->changed & MEASURED) == 0 && engine->now_ms < bed->estimating_deadline_ms) {
        return bed->estimating_deadline_ms;
    }
    int64_t until_ms = SERIES_NEVER;
    memset(&out->inputs, 0, sizeof out->inputs);
    memset(out->at_ms, 0, sizeof out->at_ms);
    if (bed->state.stay != 0) {
        look_at_inputs(bed, engine->now_ms, out, &until_ms);
    }
    compute(engine->config, out);
    bed->estimating_deadline_ms = until_ms;
    return until_ms;
}

enum command_verdict estimating_describe(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    struct attributes *attributes = &bed->state.attributes;
    const unsigned attribute = command->attribute;
    if (attribute >= ATTRIBUTE_COUNT || (command->has_value && !attribute_is_sound(attribute, command->value_milli))) {
        return VERDICT_BOUNDS;
    }
    const uint16_t bit = (uint16_t)(1U << attribute);
    if (!command->has_value && (attributes->known & bit) == 0) {
        return VERDICT_NOTHING;
    }
    attributes->known = (uint16_t)(command->has_value ? attributes->known | bit : attributes->known & ~bit);
    attributes->value_milli[attribute] = command->has_value ? command->value_milli : 0;
    if (attribute == INPUT_OF_hours_since_food) {
        attributes->fed_at_ms =
            command->has_value ? engine->now_ms - (int64_t)command->value_milli * MS_PER_MILLI_HOUR : 0;
    }
    bed->evaluate_all = true;
    record_bed(engine, bed);
    return VERDICT_ACCEPTED;
}
