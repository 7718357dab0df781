#include "drivers/monitor/serial/reporter.h"

#include <string.h>

enum { NO_BIT = UINT8_MAX, EARLY_PART = 4 /* of an interval: so much sooner is still in time */ };

static uint8_t find_bit(const struct profile *profile, const char *name)
{
    for (uint8_t i = 0; i < profile->bit_count; i++) {
        if (strcmp(profile->bits[i].name, name) == 0) {
            return i;
        }
    }
    return NO_BIT;
}

void reporter_use(struct reporter *reporter, const struct monitor_config *monitor, const struct protocol *protocol)
{
    const struct profile *profile = monitor->profile;
    *reporter = (struct reporter){.monitor = monitor};
    for (uint8_t i = 0; i < profile->bit_count; i++) {
        reporter->source[i] = find_bit(protocol->profile, profile->bits[i].name);
    }
}

void reporter_forget(struct reporter *reporter)
{
    reporter->is_known = false;
    reporter->identity = 0;
    reporter->due_ms = 0;
}

static struct observation blank(const struct reporter *reporter, enum observation_kind kind, int64_t at_ms)
{
    return (struct observation){
        .at_ms = at_ms, .bed = reporter->monitor->bed, .monitor = reporter->monitor->monitor, .kind = (uint8_t)kind};
}

static void put_identity(struct reporter *reporter, int32_t identity, int64_t at_ms, struct observation_sink *out)
{
    if (identity == 0 || identity == reporter->identity) {
        return;
    }
    struct observation observation = blank(reporter, OBSERVATION_IDENTITY, at_ms);
    observation.value_milli = identity;
    reporter->identity = identity;
    out->put(out, &observation);
}

static void put_signals(struct reporter *reporter, uint32_t bits_on, int64_t at_ms, struct observation_sink *out)
{
    for (uint8_t i = 0; i < reporter->monitor->profile->bit_count; i++) {
        const uint8_t source = reporter->source[i];
        const uint32_t mask = UINT32_C(1) << i;
        const bool on = source != NO_BIT && (bits_on >> source & 1) != 0;
        if (reporter->is_known && on == ((reporter->bits_on & mask) != 0)) {
            continue;
        }
        reporter->bits_on = on ? reporter->bits_on | mask : reporter->bits_on & ~mask;
        struct observation observation = blank(reporter, OBSERVATION_SIGNAL, at_ms);
        observation.signal = i;
        observation.value_milli = on;
        out->put(out, &observation);
    }
    reporter->is_known = true;
}

static const struct profile_channel *find_channel(const struct profile *profile, enum vital vital)
{
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        if (profile->channels[i].vital == vital) {
            return &profile->channels[i];
        }
    }
    return NULL;
}

/* On a grid that follows the monitor: early by a little is in time, late moves the grid. */
static bool is_due(struct reporter *reporter, int64_t at_ms)
{
    const int64_t interval_ms = reporter->monitor->profile->poll_interval_ms;
    const int64_t early_ms = interval_ms / EARLY_PART;
    if (reporter->due_ms != 0 && at_ms < reporter->due_ms - early_ms) {
        return false;
    }
    const int64_t grid_ms = reporter->due_ms > at_ms - early_ms ? reporter->due_ms : at_ms - early_ms;
    reporter->due_ms = (reporter->due_ms == 0 ? at_ms : grid_ms) + interval_ms;
    return true;
}

static void put_values(struct reporter *reporter, const struct reading *reading, int64_t at_ms,
                       struct observation_sink *out)
{
    const bool due = is_due(reporter, at_ms);
    for (uint8_t i = 0; i < reading->value_count; i++) {
        const struct reading_value *value = &reading->values[i];
        const struct profile_channel *channel = find_channel(reporter->monitor->profile, value->vital);
        if (channel == NULL || (!due && !channel->episodic)) {
            continue;
        }
        struct observation observation = blank(reporter, OBSERVATION_VALUE, at_ms);
        observation.vital = (uint8_t)value->vital;
        observation.quality = (uint8_t)value->quality;
        observation.value_milli = value->value_milli;
        out->put(out, &observation);
    }
}

void reporter_put(struct reporter *reporter, const struct reading *reading, int64_t at_ms, struct observation_sink *out)
{
    put_identity(reporter, reading->identity, at_ms, out);
    put_signals(reporter, reading->bits_on, at_ms, out);
    put_values(reporter, reading, at_ms, out);
    const struct observation heard = blank(reporter, OBSERVATION_HEARD, at_ms);
    out->put(out, &heard);
}
