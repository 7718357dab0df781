/*
 * plan.h: turns the settings into what the parts are built from: the engine's beds and channels, the buses and their monitors.
 *
 * Everything is made at start in one allocation list and constant afterwards; it points into the settings, which must outlive it.
 * Thread: start-up only.
 */
#ifndef WARDGATE_PLAN_H
#define WARDGATE_PLAN_H

#include <stdbool.h>

#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/settings/settings.h"
#include "drivers/monitor/driver.h"

#define PLAN_EPISODIC_STALE_MS (6 * 60 * 60 * 1000) /* an episodic temperature */

struct plan {
    const struct settings *settings;
    struct engine_config engine;
    struct bus_config *buses; /* only those with monitors; serial lines first */
    uint16_t bus_count;
    struct bed_config *beds;
};

/* A recording instead of monitors: every bed has these vitals. */
struct plan_recording {
    uint32_t vitals, episodic; /* bit per enum vital; episodic adds to those episodic by nature */
    uint32_t period_ms;        /* 0: the profile's, 1 s for a vital that the bed's profile does not have */
};

/* STATUS_NO_MEMORY, or STATUS_TOO_LARGE when a bed has more monitors or signals than there is room for. */
enum status plan_make(const struct settings *settings, struct plan *out) MUST_CHECK;
enum status plan_make_replay(const struct settings *settings, const struct plan_recording *recording,
                             struct plan *out) MUST_CHECK;
void plan_free(struct plan *plan);

/* True when the bus of a running gateway can run on under the next plan: the same line with the same parameters, and the
 * same monitors in the same order, each at the bed of the same id and with a profile of the same content. Indices of beds
 * may differ. */
bool plan_bus_is_same(const struct plan *now, const struct bus_config *bus, const struct plan *next,
                      const struct bus_config *other);

/* True when they have the same content. */
bool plan_profile_is_same(const struct profile *a, const struct profile *b);

/* True when a bed of the next plan has the same class and the same limits of its own. Indices of rules may differ. */
bool plan_bed_is_same(const struct plan *now, const struct bed_config *bed, const struct plan *next,
                      const struct bed_config *other);

/* What all rules at all beds cost at most, in instructions a second, and what `rule_load:` allows (cost.h). */
uint64_t plan_rule_cost_per_s(const struct plan *plan);
uint64_t plan_rule_cost_allowed(const struct settings *settings);

/* What the trends of these beds take on the disk; 0: none are kept. */
uint64_t plan_trends_bytes(const struct plan *plan);

/* The longest window in time that any rule asks, or time after which a value counts as frozen, and so how long the journal must reach back. */
uint32_t plan_longest_span_ms(const struct plan *plan);

#endif
