/*
 * Whose a monitor's values are. A monitor that says who it is (a serial number, a device id) is known by that at its bed.
 *
 *     nobody known, or a vacant bed: whoever answers is taken as known (take)
 *     occupied, another one answers: it is in doubt (judge) until somebody confirms it (identity_assign), the known one
 *         answers again, or the stay ends: the next one begins with whoever answers then (identity_anew)
 *     the known one of another, occupied bed, where it was heard lately, answers: in doubt, too, at a vacant bed as well,
 *         and in the next stay; also no longer when that bed gives it up (identity_release)
 *
 * Once in doubt, silence at the other bed is no answer: the monitor may have been carried over, patient or not. Values of a
 * monitor in doubt are QUALITY_IDENTITY. Its alarms are told: rather at the wrong bed than nowhere.
 */
#include "app/engine/engine_internal.h"

static bool is_known_at(const struct engine *engine, const struct bed *bed, int32_t identity)
{
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        const struct monitor_state *monitor = &bed->monitors[m];
        const bool there = monitor->answers == identity || monitor->answers == 0;
        if (bed->state.identity[m] == identity && there && !monitor_is_silent(engine, bed, m)) {
            return true;
        }
    }
    return false;
}

/* The other occupied bed that has this monitor; BED_NONE: none. */
static uint16_t elsewhere(const struct engine *engine, const struct bed *bed, int32_t identity)
{
    for (uint16_t b = 0; b < engine->config->bed_count; b++) {
        const struct bed *other = &engine->beds[b];
        if (other != bed && other->state.stay != 0 && is_known_at(engine, other, identity)) {
            return b;
        }
    }
    return BED_NONE;
}

static void know(struct bed *bed, unsigned monitor, int32_t identity)
{
    bed->state_changed |= bed->state.identity[monitor] != identity;
    bed->state.identity[monitor] = identity;
}

static void take(struct bed *bed, unsigned monitor)
{
    know(bed, monitor, bed->monitors[monitor].answers);
    bed->monitors[monitor].foreign = false;
}

/* doubted: it was, as far as anybody knows. */
static void judge(const struct engine *engine, struct bed *bed, unsigned monitor, bool doubted)
{
    struct monitor_state *state = &bed->monitors[monitor];
    const int32_t known = bed->state.stay != 0 ? bed->state.identity[monitor] : 0;
    if (known == state->answers) {
        state->foreign = false;
        return;
    }
    state->also_at = elsewhere(engine, bed, state->answers);
    state->foreign = doubted || state->also_at != BED_NONE || known != 0;
    know(bed, monitor, state->foreign ? known : state->answers);
}

void identity_note(struct engine *engine, struct bed *bed, const struct observation *o)
{
    struct monitor_state *state = &bed->monitors[o->monitor];
    if (o->value_milli == 0 || o->value_milli == state->answers) {
        return;
    }
    state->answers = o->value_milli;
    if (!engine->restoring) {
        judge(engine, bed, o->monitor, false);
    }
}

void identity_anew(struct engine *engine, struct bed *bed)
{
    for (unsigned m = 0; m < bed->config->monitor_count && !engine->restoring; m++) {
        if (bed->monitors[m].answers != 0) {
            judge(engine, bed, m, false);
        }
    }
}

bool identity_assign(struct engine *engine, struct bed *bed)
{
    bool any = false;
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        if (bed->monitors[m].foreign) {
            take(bed, m); /* one that has not said who it is since a restart: the next one that does */
            any = true;
        }
    }
    identity_release(engine, bed);
    return any;
}

void identity_release(struct engine *engine, const struct bed *bed)
{
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        struct bed *other = &engine->beds[b];
        for (unsigned m = 0; m < other->config->monitor_count; m++) {
            const struct monitor_state *state = &other->monitors[m];
            if (state->foreign && state->also_at == bed->index && state->answers != 0 &&
                (bed->state.stay == 0 || !is_known_at(engine, bed, state->answers))) {
                judge(engine, other, m, false);
                bed_make_dirty(engine, other);
            }
        }
    }
}

/* Its values tell whether it was in doubt; who answers may not be in the journal any more. */
void identity_restored(struct engine *engine, struct bed *bed)
{
    for (unsigned m = 0; m < bed->config->monitor_count; m++) {
        struct monitor_state *state = &bed->monitors[m];
        state->also_at = BED_NONE;
        if (state->answers != 0) {
            judge(engine, bed, m, state->foreign && state->answers != bed->state.identity[m]);
        }
    }
}
