/*
 * plan_same.c: which buses and beds stay as they are when the configuration is loaded again.
 *
 * Member by member: structs have gaps whose bytes say nothing.
 */
#include <string.h>

#include "app/plan.h"

/* NULL is a text of its own: none. */
static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_line(const struct bus_config *a, const struct bus_config *b)
{
    return is_same_text(a->name, b->name) && is_same_text(a->kind, b->kind) && is_same_text(a->device, b->device) &&
           is_same_text(a->host, b->host) && a->port == b->port && a->baud == b->baud && a->parity == b->parity &&
           a->stop_bits == b->stop_bits && a->rs485 == b->rs485 && a->hang_up == b->hang_up &&
           a->timeout_ms == b->timeout_ms && a->believe_debug == b->believe_debug &&
           a->monitor_count == b->monitor_count;
}

static bool is_same_value(const struct profile_channel *a, const struct profile_channel *b)
{
    return a->type == b->type && a->words == b->words && a->scale_micro == b->scale_micro &&
           a->offset_micro == b->offset_micro && a->unit.multiplier == b->unit.multiplier &&
           a->unit.divisor == b->unit.divisor && a->unit.offset_milli == b->unit.offset_milli &&
           a->has_range == b->has_range && a->low_milli == b->low_milli && a->high_milli == b->high_milli &&
           a->absent_count == b->absent_count &&
           memcmp(a->absent, b->absent, a->absent_count * sizeof a->absent[0]) == 0;
}

static bool is_same_channel(const struct profile_channel *a, const struct profile_channel *b)
{
    return a->vital == b->vital && a->table == b->table && a->reg == b->reg &&
           a->poll_interval_ms == b->poll_interval_ms && a->episodic == b->episodic &&
           a->has_changed_by == b->has_changed_by && a->changed_by == b->changed_by && is_same_value(a, b);
}

static bool is_same_bit(const struct profile_bit *a, const struct profile_bit *b)
{
    return strcmp(a->name, b->name) == 0 && a->table == b->table && a->reg == b->reg && a->bit == b->bit &&
           a->means == b->means && a->vitals == b->vitals && strcmp(a->text, b->text) == 0;
}

static bool is_same_head(const struct profile *a, const struct profile *b)
{
    return strcmp(a->name, b->name) == 0 && a->protocol == b->protocol && strcmp(a->title, b->title) == 0 &&
           a->poll_interval_ms == b->poll_interval_ms && a->identity_register == b->identity_register &&
           a->identity_count == b->identity_count && a->channel_count == b->channel_count &&
           a->bit_count == b->bit_count;
}

bool plan_profile_is_same(const struct profile *a, const struct profile *b)
{
    bool is_same = is_same_head(a, b);
    for (unsigned i = 0; is_same && i < a->channel_count; i++) {
        is_same = is_same_channel(&a->channels[i], &b->channels[i]);
    }
    for (unsigned i = 0; is_same && i < a->bit_count; i++) {
        is_same = is_same_bit(&a->bits[i], &b->bits[i]);
    }
    return is_same;
}

bool plan_bus_is_same(const struct plan *now, const struct bus_config *bus, const struct plan *next,
                      const struct bus_config *other)
{
    bool is_same = is_same_line(bus, other);
    for (unsigned i = 0; is_same && i < bus->monitor_count; i++) {
        const struct monitor_config *a = &bus->monitors[i], *b = &other->monitors[i];
        is_same = strcmp(now->beds[a->bed].id, next->beds[b->bed].id) == 0 && a->monitor == b->monitor &&
                  a->address == b->address && is_same_text(a->place, b->place) &&
                  plan_profile_is_same(a->profile, b->profile);
    }
    return is_same;
}

static bool is_among(const struct plan *now, const struct override_config *override, const struct plan *next,
                     const struct bed_config *other)
{
    bool found = false;
    for (unsigned i = 0; !found && i < other->override_count; i++) {
        const struct override_config *o = &other->overrides[i];
        found = strcmp(now->engine.rules[override->rule].name, next->engine.rules[o->rule].name) == 0 &&
                override->parameter == o->parameter && override->value_milli == o->value_milli;
    }
    return found;
}

bool plan_bed_is_same(const struct plan *now, const struct bed_config *bed, const struct plan *next,
                      const struct bed_config *other)
{
    bool is_same = bed->patient_class == other->patient_class && bed->override_count == other->override_count;
    for (unsigned i = 0; is_same && i < bed->override_count; i++) {
        is_same = is_among(now, &bed->overrides[i], next, other);
    }
    return is_same;
}
