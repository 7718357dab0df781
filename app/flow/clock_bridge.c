#include "app/flow/clock_bridge.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/clock_record.h"

static bool is_within(int64_t a_ms, int64_t b_ms, int64_t most_ms)
{
    return a_ms - b_ms <= most_ms && b_ms - a_ms <= most_ms;
}

bool clock_bridge_in_step(int64_t hardware_offset_ms, int64_t wall_offset_ms)
{
    return hardware_offset_ms != CLOCK_HARDWARE_UNKNOWN &&
           is_within(hardware_offset_ms, wall_offset_ms, CLOCK_IN_STEP_MS);
}

void clock_bridge_begin(struct clock_bridge *bridge, const char *boot_id, bool goes_on, int64_t correction_ms,
                        int64_t engine_ms)
{
    bridge->ended = 0;
    if (strncmp(bridge->boot_id, boot_id, sizeof bridge->boot_id) == 0) {
        return;
    }
    *bridge = (struct clock_bridge){.open = goes_on, .correction_ms = correction_ms, .from_ms = engine_ms};
    (void)snprintf(bridge->boot_id, sizeof bridge->boot_id, "%s", boot_id);
}

bool clock_bridge_look(struct clock_bridge *bridge, int64_t correction_ms, bool synced, bool in_step,
                       int64_t *out_wrong_ms)
{
    const bool is_told = bridge->open != 0 && synced;
    const bool confirms = is_told && is_within(correction_ms, bridge->correction_ms, CLOCK_STEP_MS);
    const bool changed = confirms || in_step != (bridge->in_step != 0);
    *out_wrong_ms = is_told && !confirms ? correction_ms - bridge->correction_ms : 0;
    bridge->in_step = in_step;
    if (confirms) {
        bridge->open = 0;
    }
    return changed;
}
