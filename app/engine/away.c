/*
 * A patient who is elsewhere for a while (imaging, theatre): visible, timed, and over when data return.
 *
 *     here --command away (away_begin)--> away --time over, command back, or data return (away_end)--> here
 *
 * Away tells of what is missing by an advisory of its own; the technical alarms that would (monitor_silent, sensor_off,
 * implausible, no_pulse_signal and everything not_monitored or foreseen) end with the going and do not begin. Rules go on: what a
 * monitor shows is judged, an alarm that is active stays so, and the monitor's own alarms are told.
 *
 * Data return: valid continuous values for AWAY_RETURN_MS, in a run that began after the going. Those of a patient who is
 * still to be unplugged are no return. From the coming back on, what is missing counts as if it were lost then.
 */
#include "app/engine/engine_internal.h"

bool bed_is_away(const struct bed *bed)
{
    return bed->state.away_until_ms != 0;
}

int64_t away_counts_from(const struct bed *bed, int64_t since_ms)
{
    return since_ms > bed->state.away_at_ms ? since_ms : bed->state.away_at_ms;
}

void away_begin(struct engine *engine, struct bed *bed, int64_t until_ms)
{
    struct alarm *alarm = &bed->technical[BUILTIN_patient_away];
    bed->state.away_until_ms = until_ms;
    bed->state.away_at_ms = engine->now_ms;
    bed->return_due = false; /* of an earlier going */
    for (unsigned i = 0; i < bed->rule_count; i++) {
        alarm_end_if_raised(engine, bed, &bed->rules[i].not_monitored);
        foreseen_end(engine, bed, &bed->rules[i]);
        foreseen_reset(&bed->rules[i]);
    }
    if (alarm->raised) {
        record_bed(engine, bed);
    } else {
        alarm_start(engine, bed, alarm, engine->now_ms, engine->now_ms);
    }
}

void away_end(struct engine *engine, struct bed *bed)
{
    bed->state.away_until_ms = 0;
    bed->state.away_at_ms = engine->now_ms;
    bed->evaluate_all = true;
    if (bed->technical[BUILTIN_patient_away].raised) {
        alarm_end(engine, bed, &bed->technical[BUILTIN_patient_away]);
    } else {
        record_bed(engine, bed);
    }
}

int64_t away_step(struct engine *engine, struct bed *bed)
{
    if (!bed_is_away(bed) || engine->restoring) {
        return SERIES_NEVER;
    }
    if (bed->return_due || engine->now_ms >= bed->state.away_until_ms) {
        away_end(engine, bed);
        return SERIES_NEVER;
    }
    return bed->state.away_until_ms;
}
