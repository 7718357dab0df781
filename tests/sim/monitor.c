/*
 * The class of monitor drivers (drivers/monitor/driver.h) over the simulated ward: one driver under the names of all that gateway.c knows, so that lines
 * have threads as they would. A line polls its monitors once a second, each at an instant of its own; what is true of them is in bedside.h.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/monitor/driver.h"
#include "drivers/monitor/hl7/hl7_driver.h"
#include "drivers/monitor/modbus/modbus_driver.h"
#include "drivers/monitor/serial/serial_driver.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/bedside.h"
#include "tests/sim/hal.h"
#include "tests/sim/scheduler.h"

#define SAY_US 10000000 /* identity and signals, at least so often */

struct polled {
    int64_t due_us, said_us; /* CLOCK_BOOTTIME */
    int32_t identity;
};

struct bus {
    const struct bus_config *config;
    struct polled *polled;
    struct bus_health health;
    unsigned line; /* in bedside.h */
    bool started;
};

static struct bus *make(struct arena *arena, const struct bus_config *config)
{
    struct bus *bus = ARENA_TAKE(arena, struct bus, 1);
    struct polled *polled = ARENA_TAKE(arena, struct polled, config->monitor_count);
    struct monitor_health *monitors = ARENA_TAKE(arena, struct monitor_health, config->monitor_count);
    if (bus != NULL) {
        bus->config = config;
        bus->polled = polled;
        bus->health.monitors = monitors;
        bus->line = bedside_line_of(config->monitors[0].address - 1U);
    }
    return bus;
}

/* On a whole millisecond, as the engine's deadlines are: an answer comes now just before what is due at its instant, now just behind. */
static int64_t instant_us(int64_t us)
{
    return us / 1000 * 1000;
}

static void start(struct bus *bus, int64_t now_us)
{
    bus->started = true;
    for (unsigned m = 0; m < bus->config->monitor_count; m++) {
        bus->polled[m].due_us = instant_us(now_us + 1000 + (int64_t)chance_draw(WARD_PERIOD_US));
        bus->polled[m].said_us = 0;
    }
}

static void stop(struct bus *bus)
{
    bus->started = false;
    atomic_store(&bus->health.state, BUS_CLOSED);
}

static int descriptor(const struct bus *bus, bool *writable)
{
    (void)bus;
    (void)writable;
    return -1;
}

static int64_t next_deadline(const struct bus *bus)
{
    int64_t next_us = BUS_NEVER;
    for (unsigned m = 0; m < bus->config->monitor_count; m++) {
        next_us = bus->polled[m].due_us < next_us ? bus->polled[m].due_us : next_us;
    }
    return next_us;
}

static void put(struct observation_sink *out, const struct observation *from, enum observation_kind kind,
                enum vital vital, enum quality quality, int32_t value_milli)
{
    struct observation o = *from;
    o.kind = (uint8_t)kind;
    o.vital = (uint8_t)vital;
    o.quality = (uint8_t)quality;
    o.value_milli = value_milli;
    out->put(out, &o);
}

static const enum vital vitals[WARD_VITALS] = {VITAL_hr,   VITAL_pulse,    VITAL_spo2,
                                               VITAL_resp, VITAL_abp_mean, VITAL_temp_core};

static void put_values(struct observation_sink *out, const struct observation *head,
                       const struct bedside_answer *answer)
{
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        const bool absent = answer->fault == MONITOR_ABSENT;
        const bool garbage = answer->fault == MONITOR_GARBAGE;
        put(out, head, OBSERVATION_VALUE, vitals[v], absent ? QUALITY_ABSENT : QUALITY_VALID,
            garbage ? 900000 : answer->value_milli[v]);
    }
    if (answer->has_cuff) {
        put(out, head, OBSERVATION_VALUE, VITAL_nibp_sys, QUALITY_VALID, answer->cuff_milli);
    }
}

static void put_answer(struct polled *polled, const struct observation *head, int64_t now_us,
                       const struct bedside_answer *answer, struct observation_sink *out)
{
    if (polled->identity != answer->identity || now_us - polled->said_us >= SAY_US) {
        polled->identity = answer->identity;
        polled->said_us = now_us;
        put(out, head, OBSERVATION_IDENTITY, VITAL_NONE, QUALITY_VALID, answer->identity);
        put(out, head, OBSERVATION_SIGNAL, VITAL_NONE, QUALITY_VALID, 0);
    }
    put(out, head, OBSERVATION_HEARD, VITAL_NONE, QUALITY_VALID, 0);
    put_values(out, head, answer);
    for (unsigned i = 0; i < answer->flood; i++) {
        put(out, head, OBSERVATION_HEARD, VITAL_NONE, QUALITY_VALID, 0);
    }
}

static void note(struct monitor_health *health, bool answers, int64_t now_us)
{
    atomic_fetch_add_explicit(&health->polls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&health->answers, answers ? 1 : 0, memory_order_relaxed);
    atomic_store_explicit(&health->answering, answers, memory_order_relaxed);
    if (!answers) {
        atomic_fetch_add_explicit(&health->failures[STATUS_TIMEOUT], 1, memory_order_relaxed);
        atomic_store_explicit(&health->last_failure, STATUS_TIMEOUT, memory_order_relaxed);
        atomic_store_explicit(&health->failed_us, now_us, memory_order_relaxed);
    }
}

static void poll_monitor(struct bus *bus, unsigned index, int64_t now_us, struct observation_sink *out)
{
    struct polled *polled = &bus->polled[index];
    const struct monitor_config *monitor = &bus->config->monitors[index];
    const struct observation head = {.at_ms = now_us / 1000, .bed = monitor->bed, .monitor = monitor->monitor};
    struct bedside_answer answer;
    polled->due_us += WARD_PERIOD_US;
    polled->due_us = polled->due_us > now_us ? polled->due_us : instant_us(now_us) + WARD_PERIOD_US;
    bedside_poll(monitor->address - 1U, &answer);
    note(&bus->health.monitors[index], answer.answers, now_us);
    if (answer.answers) {
        put_answer(polled, &head, now_us, &answer, out);
    }
}

static void on_deadline(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    const bool down = bedside_line_down[bus->line];
    if (scheduler_now_us() < bedside_line_hangs_until_us[bus->line]) {
        bedside_hang(bus->line, true);
        scheduler_hang_until(bedside_line_hangs_until_us[bus->line]);
        bedside_hang(bus->line, false);
        bedside_disturb_line(bus->line);
    }
    atomic_store_explicit(&bus->health.state, down ? BUS_CLOSED : BUS_OPEN, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_error, down ? STATUS_IO : STATUS_OK, memory_order_relaxed);
    for (unsigned m = 0; m < bus->config->monitor_count; m++) {
        if (bus->polled[m].due_us <= now_us && !down) {
            poll_monitor(bus, m, now_us, out);
        } else if (bus->polled[m].due_us <= now_us) {
            bus->polled[m].due_us = instant_us(now_us) + WARD_PERIOD_US;
            note(&bus->health.monitors[m], false, now_us);
        }
    }
}

static void on_ready(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    on_deadline(bus, now_us, out);
}

static const struct bus_health *health(const struct bus *bus)
{
    return &bus->health;
}

static void each_request(const struct bus_config *config, bus_request_visit *visit, void *context)
{
    (void)config;
    (void)visit;
    (void)context;
}

#define SIM_DRIVER(name, word, own)                                     \
    const struct monitor_driver name = {.kind = (word),                 \
                                        .own_thread = (own),            \
                                        .make = make,                   \
                                        .each_request = each_request,   \
                                        .start = start,                 \
                                        .descriptor = descriptor,       \
                                        .next_deadline = next_deadline, \
                                        .on_ready = on_ready,           \
                                        .on_deadline = on_deadline,     \
                                        .stop = stop,                   \
                                        .health = health}

SIM_DRIVER(modbus_rtu_driver, "modbus-rtu", true);
SIM_DRIVER(modbus_tcp_driver, "modbus-tcp", false);
SIM_DRIVER(modbus_rtu_over_tcp_driver, "rtu-over-tcp", false);
SIM_DRIVER(serial_driver, "serial", true);
SIM_DRIVER(hl7_driver, "hl7", true);
