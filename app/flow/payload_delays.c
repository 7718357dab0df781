/*
 * What lies between the patient, or what is wrong, and an alert by configuration (IEC 60601-1-8: the alarm condition
 * delay is disclosed).
 */
#include "app/engine/builtin_delay.h"
#include "app/flow/conditions.h"
#include "app/flow/payload_internal.h"

#define NEVER_MS INT64_C(-1)

struct delays {
    int64_t delay_ms, window_ms, clear_delay_ms;
    int64_t unknown_after_ms, escalate_ms; /* or NEVER_MS */
};

/* The span of a window, or what its number of observations takes at that bed; 0: hangs on no time that is known. (NULL:
 * of a rule of the ward, whose beds may differ.) */
static int64_t window_ms(const struct bed_config *bed, const struct window_spec *window)
{
    for (unsigned i = 0; bed != NULL && i < bed->channel_count && window->span_ms == 0; ++i) {
        const struct channel_config *channel = &bed->channels[i];
        if (channel->vital == window->vital && !channel->episodic) {
            return (int64_t)window->count * channel->period_ms;
        }
    }
    return window->span_ms;
}

static int64_t longest_window_ms(const struct bed_config *bed, const struct expression *expression)
{
    int64_t longest_ms = 0;
    for (unsigned i = 0; i < expression->window_count; ++i) {
        const int64_t ms = window_ms(bed, &expression->windows[i]);
        longest_ms = ms > longest_ms ? ms : longest_ms;
    }
    return longest_ms;
}

static int64_t escalation_ms(uint32_t after_ms)
{
    return after_ms != 0 ? (int64_t)after_ms : NEVER_MS;
}

static struct delays of_rule(const struct bed_config *bed, const struct rule *rule)
{
    return (struct delays){.delay_ms = rule->delay_ms,
                           .window_ms = longest_window_ms(bed, &rule->when),
                           .clear_delay_ms = rule->clear_delay_ms,
                           .unknown_after_ms = rule->unknown_after_ms,
                           .escalate_ms = escalation_ms(rule->escalate_ms)};
}

static struct delays of_gateway(const struct engine_config *config, enum builtin_alarm alarm)
{
    const struct condition_times times = conditions_times(config, alarm);
    return (struct delays){.delay_ms = times.delay_us / 1000,
                           .window_ms = times.window_us / 1000,
                           .clear_delay_ms = times.clear_delay_us / 1000,
                           .unknown_after_ms = NEVER_MS,
                           .escalate_ms = escalation_ms(config->escalate_ms)};
}

static struct delays of_builtin(const struct engine_config *config, const struct bed_config *bed,
                                enum builtin_alarm alarm)
{
    if (bed == NULL) {
        return of_gateway(config, alarm);
    }
    const int64_t delay_ms = builtin_delay_ms(config, bed, alarm);
    return (struct delays){.delay_ms = delay_ms,
                           .clear_delay_ms = alarm == BUILTIN_pulse_disagrees ? delay_ms : 0,
                           .unknown_after_ms = NEVER_MS,
                           .escalate_ms = NEVER_MS};
}

static struct delays delays_of(const struct engine_config *config, const struct alert *alert)
{
    const struct bed_config *bed = alert->key.bed != BED_NONE ? &config->beds[alert->key.bed] : NULL;
    const enum alarm_family family = (enum alarm_family)alert->key.family;
    struct delays of_monitor = {.unknown_after_ms = NEVER_MS, .escalate_ms = NEVER_MS};
    switch (family) {
    case ALARM_OF_RULE:
    case ALARM_NOT_MONITORED:
    case ALARM_FORESEEN:
        return of_rule(bed, &config->rules[alert->key.index]);
    case ALARM_BUILTIN:
        return of_builtin(config, bed, (enum builtin_alarm)alert->key.index);
    case ALARM_OF_MONITOR:
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        break;
    }
    if (family == ALARM_REPORTED_NOT_MONITORED || (family == ALARM_REPORTED && alert->is_repeated)) {
        of_monitor.unknown_after_ms = ENGINE_REPORTED_SILENT_MS;
    }
    return of_monitor;
}

static void put_ms(struct json *json, const char *key, int64_t ms)
{
    payload_put_milli(json, key, ms != NEVER_MS, (int32_t)ms); /* thousandths of a second; the longest is days */
}

void payload_put_delays(struct json *json, const struct engine_config *config, const struct alert *alert)
{
    const struct delays delays = delays_of(config, alert);
    json_open_object(json, "delays");
    put_ms(json, "delay_s", delays.delay_ms);
    put_ms(json, "window_s", delays.window_ms);
    put_ms(json, "clear_delay_s", delays.clear_delay_ms);
    put_ms(json, "unknown_after_s", delays.unknown_after_ms);
    put_ms(json, "escalate_s", delays.escalate_ms);
    json_close_object(json);
}
