/*
 * What people enter of a patient, and take back (entry.h).
 *
 * An entry is of the past, so it cannot simply follow what the series has: that is made anew out of what is kept. A
 * window by number over such a vital therefore reaches back no further than ENTRY_KEPT from an entry on. Nothing of it
 * stands in the journal of observations: it is told by RECORD_ENTRIES and comes back as observations that are
 * OBSERVATION_ENTERED.
 *
 * Air as the oxygen device ends the flow that was entered before: it is an entry of no flow, too.
 */
#include "app/engine/engine_internal.h"

static void changed(struct engine *engine, struct bed *bed, struct channel *channel)
{
    if (channel->config->episodic) {
        channel_rebuild(bed, channel);
    }
    bed->changed |= UINT32_C(1) << channel->config->vital;
    bed->evaluate_all = true;
    bed_has_news(engine, bed);
    record_entries(engine, bed, channel);
}

static struct channel *entered_channel(const struct bed *bed, uint8_t vital)
{
    struct channel *channel = vital < VITAL_COUNT ? bed_channel(bed, (enum vital)vital) : NULL;
    return channel != NULL && channel->entries != NULL ? channel : NULL;
}

/* The flow that somebody told of before is over. One of the same instant contradicts, and stands. */
static void end_flow(struct engine *engine, struct bed *bed, int64_t at_ms)
{
    struct channel *flow = entered_channel(bed, VITAL_oxygen_flow);
    if (flow == NULL || flow->entries->count == 0) {
        return;
    }
    const struct kept_value newest = flow->entries->list[0];
    if (newest.value_milli > 0 && newest.at_ms <= at_ms - ENTRY_SLACK_MS) {
        entries_put(flow->entries, &(struct kept_value){at_ms, 0, true});
        changed(engine, bed, flow);
    }
}

/* Air is taken back, or corrected, and the flow of before counts again. */
static void give_back_flow(struct engine *engine, struct bed *bed, int64_t at_ms)
{
    struct channel *flow = entered_channel(bed, VITAL_oxygen_flow);
    if (flow != NULL && flow->entries->count > 0 && flow->entries->list[0].value_milli == 0 &&
        entries_take_back(flow->entries, at_ms)) {
        changed(engine, bed, flow);
    }
}

static bool is_air(uint8_t vital, int32_t value_milli)
{
    return vital == VITAL_oxygen_device && value_milli == ENTRY_AIR_MILLI;
}

enum command_verdict entry_observe(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    struct channel *channel = entered_channel(bed, command->vital);
    const int64_t at_ms = command->has_observed ? command->observed_ms : engine->now_ms;
    if (channel == NULL) {
        return VERDICT_NOT_ENTERED;
    }
    if (!entry_is_sound((enum vital)command->vital, bed->config->patient_class, command->value_milli)) {
        return VERDICT_BOUNDS;
    }
    if (at_ms > engine->now_ms || engine->now_ms - at_ms > ENTRY_AGE_MS_MAX || at_ms < bed->state.stay_start_ms) {
        return VERDICT_OBSERVED_AT;
    }
    const struct entries *entries = channel->entries;
    if (entries->count == ENTRY_KEPT && at_ms < entries->list[ENTRY_KEPT - 1].at_ms) {
        return VERDICT_NOTHING; /* newer ones are all that is kept */
    }
    int32_t before_milli = 0;
    const bool corrects = entries_find(entries, at_ms, &before_milli);
    entries_put(channel->entries, &(struct kept_value){at_ms, command->value_milli, true});
    changed(engine, bed, channel);
    if (is_air(command->vital, command->value_milli)) {
        end_flow(engine, bed, at_ms);
    } else if (corrects && is_air(command->vital, before_milli)) {
        give_back_flow(engine, bed, at_ms);
    }
    return VERDICT_ACCEPTED;
}

enum command_verdict entry_retract(struct engine *engine, struct bed *bed, struct bed_command *command)
{
    struct channel *channel = entered_channel(bed, command->vital);
    if (channel == NULL) {
        return VERDICT_NOT_ENTERED;
    }
    const struct kept_value newest = channel->entries->list[0];
    const int64_t at_ms = command->has_observed ? command->observed_ms : newest.at_ms;
    if (!entries_take_back(channel->entries, at_ms)) {
        return VERDICT_NOTHING;
    }
    command->value_milli = newest.value_milli; /* for the audit log */
    changed(engine, bed, channel);
    if (is_air(command->vital, newest.value_milli)) {
        give_back_flow(engine, bed, newest.at_ms);
    }
    return VERDICT_ACCEPTED;
}

void entry_measured(struct channel *channel, int64_t at_ms, int32_t value_milli)
{
    if (channel->entries != NULL) {
        entries_put(channel->entries, &(struct kept_value){at_ms, value_milli, false});
    }
}

void entry_restore(struct bed *bed, const struct observation *o)
{
    struct channel *channel = entered_channel(bed, o->vital);
    if (channel == NULL || bed->state.stay == 0 || o->at_ms < bed->state.stay_start_ms) {
        return;
    }
    entries_put(channel->entries, &(struct kept_value){o->at_ms, o->value_milli, true});
    if (channel->config->episodic) {
        channel_rebuild(bed, channel);
    }
    bed->changed |= UINT32_C(1) << o->vital;
    bed->evaluate_all = true;
}
