#include "app/plan.h"
#include "app/engine/cost.h"
#include "drivers/store/trends.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RECORDING_PERIOD_MS    1000
#define PLAN_ENTERED_PERIOD_MS (60 * 60 * 1000)

static const char *bus_kind_name(enum bus_kind kind)
{
    static const char *const names[] = {[BUS_MODBUS_RTU] = "modbus-rtu",
                                        [BUS_MODBUS_TCP] = "modbus-tcp",
                                        [BUS_RTU_OVER_TCP] = "rtu-over-tcp",
                                        [BUS_SERIAL] = "serial",
                                        [BUS_HL7] = "hl7"};
    return names[kind];
}

static bool is_serial(enum bus_kind kind)
{
    return kind == BUS_MODBUS_RTU || kind == BUS_SERIAL;
}

static uint32_t stale_ms(enum vital vital, bool episodic)
{
    const struct vital_info *info = vital_info(vital);
    return episodic && info->kind == VITAL_CONTINUOUS ? PLAN_EPISODIC_STALE_MS : info->stale_ms;
}

static void fill_channel(struct channel_config *out, enum vital vital, unsigned monitor, bool episodic,
                         uint32_t period_ms, enum patient_class patient_class)
{
    const struct vital_range range = vital_range(vital, patient_class);
    *out = (struct channel_config){.vital = vital,
                                   .monitor = (uint8_t)monitor,
                                   .episodic = episodic || vital_info(vital)->kind == VITAL_EPISODIC,
                                   .period_ms = period_ms,
                                   .low_milli = range.low_milli,
                                   .high_milli = range.high_milli};
    out->stale_ms = stale_ms(vital, out->episodic);
    out->rate_milli_per_s = out->episodic ? 0 : range.rate_milli_per_s;
}

/* What the profile says of judging it. In a recording an episodic vital need not be one for the profile. */
static void take_judgement(const struct profile_channel *channel, struct channel_config *out)
{
    if (channel->stale_after_ms > 0 && channel->episodic == out->episodic) {
        out->stale_ms = channel->stale_after_ms;
    }
    if (!out->episodic) {
        out->frozen_ms = channel->frozen_after_ms;
        out->median = channel->median;
    }
}

static const struct profile *profile_of(const struct settings *settings, const struct bed_settings *bed,
                                        unsigned monitor)
{
    return &settings->profiles[bed->monitors[monitor].profile];
}

/* The first monitor of the bed that gives the vital wins. */
static const struct profile_channel *find_channel(const struct settings *settings, const struct bed_settings *bed,
                                                  enum vital vital, unsigned *out_monitor)
{
    for (unsigned m = 0; m < bed->monitor_count; m++) {
        const struct profile *profile = profile_of(settings, bed, m);
        for (unsigned c = 0; c < profile->channel_count; c++) {
            if (profile->channels[c].vital == vital) {
                *out_monitor = m;
                return &profile->channels[c];
            }
        }
    }
    return NULL;
}

/* What no monitor of the bed gives, and people may enter. */
static void fill_entered(struct channel_config *out, enum vital vital, enum patient_class patient_class)
{
    fill_channel(out, vital, 0, true, PLAN_ENTERED_PERIOD_MS, patient_class);
    out->entered = true;
    out->optional = true;
}

static uint16_t live_channels(const struct settings *settings, const struct bed_settings *bed,
                              struct channel_config *out)
{
    uint16_t count = 0;
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        unsigned monitor = 0;
        const struct profile_channel *channel = find_channel(settings, bed, (enum vital)v, &monitor);
        if (channel != NULL) {
            fill_channel(&out[count], (enum vital)v, monitor, channel->episodic, channel->poll_interval_ms,
                         bed->patient_class);
            take_judgement(channel, &out[count]);
            out[count].polled = profile_of(settings, bed, monitor)->protocol == PROTOCOL_MODBUS;
            out[count++].optional = profile_of(settings, bed, monitor)->protocol == PROTOCOL_HL7;
        } else if ((ENTRY_VITALS >> v & 1U) != 0) {
            fill_entered(&out[count++], (enum vital)v, bed->patient_class);
        }
    }
    return count;
}

static uint16_t recorded_channels(const struct settings *settings, const struct bed_settings *bed,
                                  const struct plan_recording *recording, struct channel_config *out)
{
    uint16_t count = 0;
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        if ((recording->vitals >> v & 1U) == 0) {
            continue;
        }
        unsigned monitor = 0;
        const struct profile_channel *channel = find_channel(settings, bed, (enum vital)v, &monitor);
        uint32_t period_ms = recording->period_ms;
        if (period_ms == 0) {
            period_ms = channel != NULL ? channel->poll_interval_ms : RECORDING_PERIOD_MS;
        }
        fill_channel(&out[count], (enum vital)v, 0, (recording->episodic >> v & 1U) != 0, period_ms,
                     bed->patient_class);
        if (channel != NULL) {
            take_judgement(channel, &out[count]);
        }
        count++;
    }
    return count;
}

static unsigned count_signals(const struct settings *settings, const struct bed_settings *bed)
{
    unsigned count = 0;
    for (unsigned m = 0; m < bed->monitor_count; m++) {
        count += profile_of(settings, bed, m)->bit_count;
    }
    return count;
}

static uint16_t fill_signals(const struct settings *settings, const struct bed_settings *bed, struct signal_config *out)
{
    uint16_t count = 0;
    for (unsigned m = 0; m < bed->monitor_count; m++) {
        const struct profile *profile = profile_of(settings, bed, m);
        for (unsigned b = 0; b < profile->bit_count; b++) {
            const struct profile_bit *bit = &profile->bits[b];
            out[count++] = (struct signal_config){.name = bit->name,
                                                  .text = bit->text,
                                                  .means = (enum signal_meaning)bit->means,
                                                  .vitals = bit->vitals,
                                                  .monitor = (uint8_t)m,
                                                  .number = (uint8_t)b};
        }
    }
    return count;
}

static bool has_protocol(const struct settings *settings, const struct bed_settings *bed,
                         enum profile_protocol protocol)
{
    for (unsigned m = 0; m < bed->monitor_count; m++) {
        if (profile_of(settings, bed, m)->protocol == protocol) {
            return true;
        }
    }
    return false;
}

static uint32_t shortest_period_ms(const struct profile *profile)
{
    uint32_t period_ms = profile->poll_interval_ms;
    for (unsigned c = 0; c < profile->channel_count; c++) {
        const uint32_t channel_ms = profile->channels[c].poll_interval_ms;
        period_ms = channel_ms < period_ms ? channel_ms : period_ms;
    }
    return period_ms;
}

/* Most beds are like the one before them, and then share its channels. `before` is NULL at the first. */
static enum status take_channels(const struct channel_config *channels, uint16_t count, const struct bed_config *before,
                                 struct bed_config *out)
{
    const size_t bytes = count * sizeof *channels;
    if (before != NULL && before->channel_count == count && memcmp(before->channels, channels, bytes) == 0) {
        out->channels = before->channels;
    } else {
        struct channel_config *own = malloc(bytes + 1); /* never none at all */
        if (own == NULL) {
            return STATUS_NO_MEMORY;
        }
        memcpy(own, channels, bytes);
        out->channels = own;
    }
    out->channel_count = count;
    return STATUS_OK;
}

static enum status fill_bed(const struct settings *settings, const struct bed_settings *bed,
                            const struct plan_recording *recording, const struct bed_config *before,
                            struct bed_config *out)
{
    struct channel_config channels[VITAL_COUNT];
    const unsigned signal_count = recording == NULL ? count_signals(settings, bed) : 0;
    struct signal_config *signals = calloc(signal_count + 1U, sizeof *signals); /* never none at all */
    *out = (struct bed_config){.id = bed->id,
                               .patient_class = bed->patient_class,
                               .signals = signals,
                               .scores = bed->scores,
                               .observation_interval_ms = bed->observation_interval_ms != 0
                                                              ? bed->observation_interval_ms
                                                              : settings->observation_interval_ms,
                               .overrides = bed->overrides,
                               .override_count = bed->override_count};
    memset(channels, 0, sizeof channels); /* between their fields, too: they are compared */
    if (signals == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (recording != NULL) {
        out->monitor_count = 1;
        return take_channels(channels, recorded_channels(settings, bed, recording, channels), before, out);
    }
    if (bed->monitor_count > ENGINE_MONITORS_PER_BED_MAX || signal_count > ENGINE_SIGNALS_PER_BED_MAX) {
        return STATUS_TOO_LARGE;
    }
    out->monitor_count = bed->monitor_count;
    out->signal_count = fill_signals(settings, bed, signals);
    out->reports_alarms = has_protocol(settings, bed, PROTOCOL_HL7);
    for (unsigned m = 0; m < bed->monitor_count; m++) {
        out->monitor_period_ms[m] = shortest_period_ms(profile_of(settings, bed, m));
    }
    return take_channels(channels, live_channels(settings, bed, channels), before, out);
}

static enum status fill_beds(const struct settings *settings, const struct plan_recording *recording, struct plan *plan)
{
    plan->beds = calloc(settings->bed_count, sizeof *plan->beds);
    if (plan->beds == NULL) {
        return STATUS_NO_MEMORY;
    }
    plan->engine = (struct engine_config){.beds = plan->beds,
                                          .rules = settings->rules,
                                          .bed_count = settings->bed_count,
                                          .rule_count = settings->rule_count,
                                          .stay_after_ms = settings->stay_after_ms,
                                          .pulse = settings->pulse,
                                          .pause = settings->pause,
                                          .escalate_ms = settings->escalate_ms,
                                          .escalate_to = settings->escalate_to,
                                          .pressure_scheme = settings->pressure_scheme,
                                          .models = settings->models,
                                          .model_count = settings->model_count,
                                          .replay = recording != NULL};
    for (unsigned b = 0; b < settings->bed_count; b++) {
        const enum status status =
            fill_bed(settings, &settings->beds[b], recording, b > 0 ? &plan->beds[b - 1] : NULL, &plan->beds[b]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static uint16_t count_monitors(const struct settings *settings, unsigned bus)
{
    uint16_t count = 0;
    for (unsigned b = 0; b < settings->bed_count; b++) {
        for (unsigned m = 0; m < settings->beds[b].monitor_count; m++) {
            if (settings->beds[b].monitors[m].bus == bus) {
                count++;
            }
        }
    }
    return count;
}

/* What rules wait for of a monitor: vitals of rules that the bed can have, which no monitor before it gives. */
static uint32_t urgent_vitals(const struct settings *settings, const struct bed_settings *bed, unsigned monitor)
{
    uint32_t here = 0, at_bed = ENTRY_ONLY, waited_for = 0;
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        unsigned from = 0;
        if (find_channel(settings, bed, (enum vital)v, &from) != NULL) {
            at_bed |= UINT32_C(1) << v;
            here |= (from == monitor ? UINT32_C(1) : 0) << v;
        }
    }
    for (unsigned r = 0; r < settings->rule_count; r++) {
        const uint32_t needed = rule_vitals(&settings->rules[r]);
        waited_for |= (needed & ~at_bed) == 0 ? needed : 0;
    }
    return here & waited_for;
}

static void fill_monitors(const struct settings *settings, unsigned bus, struct monitor_config *out)
{
    for (unsigned b = 0; b < settings->bed_count; b++) {
        for (unsigned m = 0; m < settings->beds[b].monitor_count; m++) {
            const struct monitor_settings *monitor = &settings->beds[b].monitors[m];
            if (monitor->bus == bus) {
                *out++ = (struct monitor_config){.bed = (uint16_t)b,
                                                 .monitor = (uint8_t)m,
                                                 .address = monitor->address,
                                                 .place = monitor->place,
                                                 .profile = &settings->profiles[monitor->profile],
                                                 .urgent_vitals = urgent_vitals(settings, &settings->beds[b], m)};
            }
        }
    }
}

static enum parity parity_of(uint8_t letter)
{
    if (letter == 'E') {
        return PARITY_EVEN;
    }
    return letter == 'O' ? PARITY_ODD : PARITY_NONE;
}

static enum status fill_bus(const struct settings *settings, unsigned index, struct bus_config *out)
{
    const struct bus_settings *bus = &settings->buses[index];
    struct monitor_config *monitors = calloc(count_monitors(settings, index), sizeof *monitors);
    *out = (struct bus_config){.name = bus->name,
                               .kind = bus_kind_name(bus->kind),
                               .device = bus->device,
                               .host = bus->host,
                               .port = bus->port,
                               .believe_debug = bus->believe_debug,
                               .rs485 = bus->rs485,
                               .hang_up = bus->hang_up,
                               .baud = bus->baud,
                               .parity = parity_of(bus->parity),
                               .stop_bits = bus->stop_bits,
                               .timeout_ms = bus->timeout_ms,
                               .monitors = monitors,
                               .monitor_count = count_monitors(settings, index)};
    if (monitors == NULL) {
        return STATUS_NO_MEMORY;
    }
    fill_monitors(settings, index, monitors);
    return STATUS_OK;
}

static enum status fill_buses_of(const struct settings *settings, bool serial, struct plan *plan)
{
    for (unsigned i = 0; i < settings->bus_count; i++) {
        if (count_monitors(settings, i) == 0 || is_serial(settings->buses[i].kind) != serial) {
            continue;
        }
        const enum status status = fill_bus(settings, i, &plan->buses[plan->bus_count++]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* The engine knows which line each monitor hangs on. */
static void fill_lines(struct plan *plan)
{
    plan->engine.line_count = plan->bus_count;
    for (uint16_t i = 0; i < plan->bus_count; i++) {
        for (unsigned m = 0; plan->buses[i].monitors != NULL && m < plan->buses[i].monitor_count; m++) {
            const struct monitor_config *monitor = &plan->buses[i].monitors[m];
            plan->beds[monitor->bed].monitor_line[monitor->monitor] = i;
        }
    }
}

static enum status fill_buses(const struct settings *settings, struct plan *plan)
{
    plan->buses = calloc(settings->bus_count, sizeof *plan->buses);
    if (plan->buses == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = fill_buses_of(settings, true, plan);
    status = status == STATUS_OK ? fill_buses_of(settings, false, plan) : status;
    fill_lines(plan);
    return status;
}

enum status plan_make(const struct settings *settings, struct plan *out)
{
    *out = (struct plan){.settings = settings};
    enum status status = fill_beds(settings, NULL, out);
    if (status == STATUS_OK) {
        status = fill_buses(settings, out);
    }
    if (status != STATUS_OK) {
        plan_free(out);
    }
    return status;
}

enum status plan_make_replay(const struct settings *settings, const struct plan_recording *recording, struct plan *out)
{
    *out = (struct plan){.settings = settings};
    const enum status status = fill_beds(settings, recording, out);
    if (status != STATUS_OK) {
        plan_free(out);
    }
    return status;
}

static void free_const(const void *pointer)
{
    free((void *)(uintptr_t)pointer);
}

void plan_free(struct plan *plan)
{
    for (unsigned b = 0; plan->beds != NULL && b < plan->engine.bed_count; b++) {
        if (b == 0 || plan->beds[b].channels != plan->beds[b - 1].channels) {
            free_const(plan->beds[b].channels);
        }
        free_const(plan->beds[b].signals);
    }
    for (unsigned i = 0; plan->buses != NULL && i < plan->bus_count; i++) {
        free_const(plan->buses[i].monitors);
    }
    free(plan->beds);
    free(plan->buses);
    *plan = (struct plan){.settings = NULL};
}

static uint32_t longest(const struct expression *expression, uint32_t span_ms)
{
    for (unsigned i = 0; i < expression->window_count; i++) {
        span_ms = expression->windows[i].span_ms > span_ms ? expression->windows[i].span_ms : span_ms;
    }
    return span_ms;
}

static uint32_t longest_frozen_ms(const struct bed_config *bed)
{
    uint32_t frozen_ms = 0;
    for (unsigned c = 0; c < bed->channel_count; c++) {
        frozen_ms = bed->channels[c].frozen_ms > frozen_ms ? bed->channels[c].frozen_ms : frozen_ms;
    }
    return frozen_ms;
}

uint32_t plan_longest_span_ms(const struct plan *plan)
{
    uint32_t span_ms = 0;
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        const uint32_t frozen_ms = longest_frozen_ms(&plan->engine.beds[b]);
        span_ms = frozen_ms > span_ms ? frozen_ms : span_ms;
    }
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        span_ms = longest(&plan->engine.rules[r].when, span_ms);
        span_ms = plan->engine.rules[r].has_clear ? longest(&plan->engine.rules[r].clear, span_ms) : span_ms;
    }
    return span_ms;
}

uint64_t plan_rule_cost_per_s(const struct plan *plan)
{
    return engine_config_cost_per_s(&plan->engine);
}

uint64_t plan_rule_cost_allowed(const struct settings *settings)
{
    return COST_CORE_PER_S / 1000000 * settings->rule_load_micro;
}

uint64_t plan_trends_bytes(const struct plan *plan)
{
    const int64_t keep_ms = plan->settings->store.trends_keep_ms;
    unsigned vitals = 0;
    for (uint16_t b = 0; b < plan->engine.bed_count; b++) {
        vitals += plan->engine.beds[b].channel_count;
    }
    return keep_ms < TRENDS_MINUTE_MS
               ? 0
               : trends_bytes(plan->engine.bed_count, vitals, (uint32_t)(keep_ms / TRENDS_MINUTE_MS));
}
