#include "drivers/monitor/hl7/values.h"

#include "drivers/monitor/hl7/codes.h"

#define VITAL_BIT(vital) (UINT32_C(1) << (vital))
#define CUFF_VITALS      (VITAL_BIT(VITAL_nibp_sys) | VITAL_BIT(VITAL_nibp_dia) | VITAL_BIT(VITAL_nibp_mean))

_Static_assert(VITAL_COUNT <= 32, "sets of vitals are kept in 32 bits");

/* --- taking -------------------------------------------------------------------------------------------------- */

struct observed observed_at(struct text field, struct observed otherwise, int32_t utc_offset_s)
{
    struct text_instant instant;
    if (text_trimmed(field).length == 0) {
        return otherwise;
    }
    if (!text_instant(field, &instant)) {
        return (struct observed){.known = false};
    }
    const int64_t offset_s = instant.has_offset ? instant.offset_s : utc_offset_s;
    return (struct observed){.known = true, .wall_ms = instant.local_ms - offset_s * 1000};
}

/* Empty, HL7's null (""), or the dashes that a screen shows. */
static bool is_no_value(struct text value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (value.at[i] != '-' && value.at[i] != '"' && value.at[i] != '?') {
            return false;
        }
    }
    return true;
}

static bool read_number(const struct message *message, struct text segment, enum vital vital, int32_t *out_milli)
{
    struct unit_conversion unit;
    int64_t micro = 0;
    return text_is(message_component(message, message_field(message, segment, 2), 1), "NM") &&
           text_number(message_component(message, message_field(message, segment, 5), 1), &micro) &&
           codes_find_unit(message, message_field(message, segment, 6), vital, &unit) &&
           unit_convert(&unit, micro, out_milli);
}

/* False: not to be used at all. */
static bool read_value(const struct message *message, struct text segment, enum vital vital, struct value *out)
{
    const struct text flags = message_field(message, segment, 8);
    const struct text status = message_component(message, message_field(message, segment, 11), 1);
    const struct text value = message_component(message, message_field(message, segment, 5), 1);
    const bool is_result = text_is(status, "R") || text_is(status, "F");
    if (!is_result && !text_is(status, "X")) {
        return false;
    }
    if (message_field_has(message, flags, "DEMO") || message_field_has(message, flags, "TEST")) {
        out->quality = QUALITY_DEMO;
    } else if (!is_result || is_no_value(value) || message_field_has(message, flags, "INV") ||
               message_field_has(message, flags, "NAV")) {
        out->quality = QUALITY_ABSENT;
    } else {
        out->quality = QUALITY_VALID;
        return read_number(message, segment, vital, &out->value_milli);
    }
    return true;
}

/* Of two values in one order: the better source, then the newer, then the first. */
static bool is_better(const struct value *a, const struct value *b)
{
    if (a->quality != b->quality && (a->quality == QUALITY_VALID || b->quality == QUALITY_VALID)) {
        return a->quality == QUALITY_VALID;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank;
    }
    return a->observed.known && (!b->observed.known || a->observed.wall_ms > b->observed.wall_ms);
}

void values_take(const struct message *message, struct text segment, struct observed order, int32_t utc_offset_s,
                 struct values *values)
{
    enum vital vital = VITAL_NONE;
    unsigned rank = 0;
    struct value value = {.quality = QUALITY_VALID};
    const struct text instant = message_field(message, segment, 14);
    if (!codes_find_vital(message, message_field(message, segment, 3), &vital, &rank)) {
        return;
    }
    if (!read_value(message, segment, vital, &value)) {
        values->unusable++;
        return;
    }
    value.rank = (uint8_t)rank;
    value.observed = observed_at(instant, order, utc_offset_s);
    value.own_instant =
        value.observed.known && (text_trimmed(instant).length > 0 ||
                                 message_field_has(message, message_field(message, segment, 17), "APERIODIC"));
    values->demo = values->demo || value.quality == QUALITY_DEMO;
    if ((values->present & VITAL_BIT(vital)) == 0 || is_better(&value, &values->of[vital])) {
        values->present |= VITAL_BIT(vital);
        values->of[vital] = value;
    }
}

/* --- giving -------------------------------------------------------------------------------------------------- */

struct giving {
    const struct values *values;
    const struct monitor_config *monitor;
    struct value_memory *memory;
    const struct moment *now;
    struct observation_sink *out;
    unsigned outdated;
};

static bool is_current(const struct observed *observed, const struct moment *now)
{
    return observed->known && observed->wall_ms >= now->wall_ms - VALUES_OLD_MS &&
           observed->wall_ms <= now->wall_ms + VALUES_AHEAD_MS;
}

static void give(const struct giving *g, enum vital vital, uint8_t quality, uint8_t flags)
{
    const struct observation observation = {.at_ms = g->now->at_ms,
                                            .value_milli = g->values->of[vital].value_milli,
                                            .bed = g->monitor->bed,
                                            .monitor = g->monitor->monitor,
                                            .kind = OBSERVATION_VALUE,
                                            .vital = (uint8_t)vital,
                                            .quality = quality,
                                            .flags = flags};
    g->out->put(g->out, &observation);
}

static void put(struct giving *g, enum vital vital, uint8_t flags)
{
    const struct value *value = &g->values->of[vital];
    give(g, vital, value->quality, flags);
    g->memory->given |= VITAL_BIT(vital);
    g->memory->of[vital].observed_ms = value->observed.wall_ms;
    g->memory->of[vital].value_milli = value->value_milli;
    g->memory->of[vital].rank = value->quality == QUALITY_VALID ? value->rank : UINT8_MAX; /* any may fill in */
    g->memory->of[vital].quality = value->quality;
    g->memory->of[vital].at_ms = g->now->at_ms;
}

/* By more than step_ms. What we remember lies ahead only when the box's clock was set back since: then it says
 * nothing. */
static bool is_newer(const struct giving *g, enum vital vital, int64_t step_ms)
{
    const int64_t before_ms = g->memory->of[vital].observed_ms;
    return (g->memory->given & VITAL_BIT(vital)) == 0 || g->values->of[vital].observed.wall_ms > before_ms + step_ms ||
           before_ms > g->now->wall_ms + VALUES_AHEAD_MS;
}

/* Overtaken on its way: what was observed after it is known already. */
static bool is_late(const struct giving *g, enum vital vital)
{
    const int64_t before_ms = g->memory->of[vital].observed_ms;
    return (g->memory->given & VITAL_BIT(vital)) != 0 && g->values->of[vital].observed.wall_ms < before_ms &&
           before_ms <= g->now->wall_ms + VALUES_AHEAD_MS;
}

/* A faster sender than the profile says would fill more than there is room for: it is thinned to 1.5 values a period.
 * A value may come at the very instant at which another order of the message had none. */
static int64_t step_of(const struct giving *g, enum vital vital, uint32_t period_ms)
{
    const uint8_t quality = g->values->of[vital].quality;
    if (quality == g->memory->of[vital].quality) {
        return (int64_t)period_ms * 2 / 3 - 1;
    }
    return quality == QUALITY_VALID ? -1 : 0;
}

static void give_continuous(struct giving *g, enum vital vital, uint32_t period_ms)
{
    const struct value *value = &g->values->of[vital];
    const bool was_given = (g->memory->given & VITAL_BIT(vital)) != 0;
    const bool is_worse = was_given && value->rank > g->memory->of[vital].rank &&
                          g->now->at_ms - g->memory->of[vital].at_ms < VALUES_SOURCE_MS;
    if (!is_current(&value->observed, g->now)) {
        g->outdated++;
    } else if (is_late(g, vital)) {
        give(g, vital, QUALITY_LATE, 0);
    } else if (!is_worse && is_newer(g, vital, step_of(g, vital, period_ms))) {
        put(g, vital, 0);
    }
}

static bool differs(const struct giving *g, enum vital vital)
{
    return (g->memory->given & VITAL_BIT(vital)) == 0 ||
           g->values->of[vital].value_milli != g->memory->of[vital].value_milli;
}

/* Without an instant of its own a measurement is new when a value of it is another: of a cuff any of the three. */
static bool has_changed(const struct giving *g, enum vital vital)
{
    if ((CUFF_VITALS & VITAL_BIT(vital)) == 0) {
        return differs(g, vital);
    }
    bool changed = false;
    for (unsigned v = VITAL_nibp_sys; v <= VITAL_nibp_mean; v++) {
        const bool is_there = (g->values->present & VITAL_BIT(v)) != 0 && g->values->of[v].quality == QUALITY_VALID;
        changed = changed || (is_there && differs(g, (enum vital)v));
    }
    return changed;
}

static void give_episodic(struct giving *g, enum vital vital, bool changed)
{
    const struct value *value = &g->values->of[vital];
    const bool was_given = (g->memory->given & VITAL_BIT(vital)) != 0;
    const bool is_same = was_given && value->observed.wall_ms == g->memory->of[vital].observed_ms &&
                         value->value_milli == g->memory->of[vital].value_milli;
    const bool is_corrected = was_given && value->observed.wall_ms == g->memory->of[vital].observed_ms && !is_same;
    const bool is_news = value->own_instant ? !is_same && (is_newer(g, vital, 0) || is_corrected) : changed;
    if (value->quality != QUALITY_VALID || !is_news) {
        return; /* a measurement that failed says nothing about the one before */
    }
    const bool age_known = is_current(&value->observed, g->now) && (value->own_instant || was_given);
    g->outdated += age_known ? 0 : 1;
    put(g, vital, age_known ? 0 : OBSERVATION_AGE_UNKNOWN);
}

static const struct profile_channel *channel_of(const struct profile *profile, enum vital vital)
{
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        if (profile->channels[i].vital == vital) {
            return &profile->channels[i];
        }
    }
    return NULL;
}

enum values_age values_age(const struct values *values, const struct profile *profile, const struct moment *now)
{
    enum values_age age = VALUES_NONE;
    for (unsigned v = 0; v < VITAL_COUNT && age != VALUES_CURRENT; v++) {
        const struct profile_channel *channel = channel_of(profile, (enum vital)v);
        if ((values->present & VITAL_BIT(v)) != 0 && channel != NULL && !channel->episodic) {
            age = is_current(&values->of[v].observed, now) ? VALUES_CURRENT : VALUES_OUTDATED;
        }
    }
    return age;
}

unsigned values_give(const struct values *values, const struct monitor_config *monitor, struct value_memory *memory,
                     const struct moment *now, struct observation_sink *out)
{
    struct giving giving = {values, monitor, memory, now, out, 0};
    uint32_t changed = 0; /* looked at before the first of a cuff's values is remembered */
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        const bool is_there = (values->present & VITAL_BIT(v)) != 0;
        changed |= is_there && has_changed(&giving, (enum vital)v) ? VITAL_BIT(v) : 0;
    }
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        const struct profile_channel *channel = channel_of(monitor->profile, (enum vital)v);
        if ((values->present & VITAL_BIT(v)) == 0 || channel == NULL) {
            continue;
        }
        if (channel->episodic) {
            give_episodic(&giving, (enum vital)v, (changed & VITAL_BIT(v)) != 0);
        } else {
            give_continuous(&giving, (enum vital)v, channel->poll_interval_ms);
        }
    }
    return giving.outdated;
}
