#include "app/engine/builtin_delay.h"

#include <assert.h>

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

int64_t builtin_patience_ms(const struct bed_config *bed, unsigned monitor)
{
    return later((int64_t)bed->monitor_period_ms[monitor] * 3, ENGINE_SILENT_AFTER_MS);
}

int64_t builtin_pulse_lost_ms(const struct channel_config *channel)
{
    return later((int64_t)channel->period_ms * 3 / 2, ENGINE_SILENT_AFTER_MS);
}

static bool has_line(const struct engine_config *config, const struct bed_config *bed, unsigned monitor)
{
    return bed->monitor_line[monitor] < config->line_count;
}

/* One on a line waits so much longer at most, for the line to be found down. */
static int64_t silence_ms(const struct engine_config *config, const struct bed_config *bed)
{
    int64_t longest_ms = ENGINE_SILENT_AFTER_MS;
    for (unsigned m = 0; m < bed->monitor_count; m++) {
        const int64_t wait_ms = has_line(config, bed, m) ? ENGINE_LINE_WAIT_MS : 0;
        longest_ms = later(longest_ms, builtin_patience_ms(bed, m) + wait_ms);
    }
    return longest_ms;
}

static int64_t pulse_lost_ms(const struct bed_config *bed)
{
    int64_t longest_ms = ENGINE_SILENT_AFTER_MS;
    for (unsigned i = 0; i < bed->channel_count; i++) {
        const struct channel_config *channel = &bed->channels[i];
        if (channel->vital == VITAL_hr || channel->vital == VITAL_pulse) {
            longest_ms = later(longest_ms, builtin_pulse_lost_ms(channel));
        }
    }
    return longest_ms;
}

int64_t builtin_delay_ms(const struct engine_config *config, const struct bed_config *bed, enum builtin_alarm alarm)
{
    assert((unsigned)alarm < BUILTIN_BED_COUNT);
    switch ((unsigned)alarm) {
    case BUILTIN_monitor_silent:
        return silence_ms(config, bed);
    case BUILTIN_sensor_off:
    case BUILTIN_implausible:
        return ENGINE_SILENT_AFTER_MS;
    case BUILTIN_no_pulse_signal:
        return pulse_lost_ms(bed);
    case BUILTIN_pulse_disagrees:
        return config->pulse.disagree_ms;
    case BUILTIN_admission_not_entered:
        return config->stay_after_ms;
    default:
        return 0;
    }
}

int64_t builtin_lines_patience_ms(const struct engine_config *config)
{
    int64_t longest_ms = ENGINE_SILENT_AFTER_MS;
    for (unsigned b = 0; b < config->bed_count; b++) {
        const struct bed_config *bed = &config->beds[b];
        for (unsigned m = 0; m < bed->monitor_count; m++) {
            longest_ms = later(longest_ms, has_line(config, bed, m) ? builtin_patience_ms(bed, m) : 0);
        }
    }
    return longest_ms;
}
