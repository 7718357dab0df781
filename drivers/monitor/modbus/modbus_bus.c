#include "drivers/monitor/modbus/modbus_bus.h"

#include <assert.h>
#include <errno.h>

#include "drivers/monitor/modbus/describe.h"
#include "drivers/monitor/modbus/dry_decode.h"
#include "drivers/monitor/modbus/modbus_driver.h"
#include "drivers/monitor/modbus/modbus_health.h"
#include "drivers/monitor/modbus/modbus_probe.h"
#include "hal/clock.h"

enum {
    GUARD_US = 4011,              /* silence on a line behind a converter whose speed nobody told: as at 9600 baud */
    PATIENCE_US_LINE = 50000,     /* nobody is given less time to answer, however quick it used to be */
    PATIENCE_US_NETWORK = 300000, /* there: so that a packet may be lost and sent again */
    PROBE_BYTES = 16,             /* of its answer, about */
    NETWORK_SLACK_US = 1000       /* requests may go out so much later */
};

void bus_rest(struct bus *bus, int64_t now_us)
{
    const int64_t silent_us = bus->quiet_us + bus->wire.gap_us + bus->straggler.hush_us;
    const int64_t free_us = silent_us > now_us ? silent_us : now_us;
    const int64_t request_us = wire_us(&bus->wire, WIRE_REQUEST_BYTES) + bus->wire.gap_us;
    bus->plan.slack_us = exchange_slack_us(bus);
    const struct line_turn turn = line_plan_next(&bus->plan, free_us, request_us);
    health_note_load(bus, now_us);
    bus->ask = (struct exchange){.poller = turn.poller, .poll = turn.poll, .others_us = turn.others_us};
    bus->step = STEP_RESTING;
    bus->watching = bus_is_numbered(bus); /* whether the other side hangs up */
    bus->hum_us = 0;
    bus->free_us = turn.at_us;
    bus->aimed = bus->link.rtu && turn.at_us == silent_us && silent_us > now_us + BUS_LEAD_US;
    bus->deadline_us = bus->aimed ? turn.at_us - BUS_LEAD_US + bus->lead.at_us : turn.at_us;
    if (bus_is_to_part(bus, now_us, bus->deadline_us)) {
        bus_part(bus);
    }
}

/* --- the driver ---------------------------------------------------------------------------------------------- */

static struct bus *make(struct arena *arena, const struct bus_config *config, bool network, bool rtu)
{
    struct bus *bus = ARENA_TAKE(arena, struct bus, 1);
    struct poller *pollers = ARENA_TAKE(arena, struct poller, config->monitor_count);
    struct monitor_health *monitors = ARENA_TAKE(arena, struct monitor_health, config->monitor_count);
    for (uint16_t i = 0; i < config->monitor_count; i++) {
        poller_make(pollers != NULL ? &pollers[i] : NULL, arena, &config->monitors[i]);
    }
    if (bus == NULL) {
        return NULL;
    }
    *bus = (struct bus){.config = config, .step = STEP_CLOSED, .deadline_us = BUS_NEVER, .lead = aim_from(BUS_LEAD_US)};
    bus->health.monitors = monitors;
    bus->plan =
        (struct line_plan){.pollers = pollers, .count = config->monitor_count, .timeout_ms = config->timeout_ms};
    if (rtu) {
        bus->wire = wire_of_bus(config);
        bus->wire.gap_us = bus->wire.gap_us > 0 ? bus->wire.gap_us : GUARD_US;
    }
    for (uint16_t i = 0; i < config->monitor_count; i++) {
        pollers[i].answer_time.floor_us = network ? PATIENCE_US_NETWORK : PATIENCE_US_LINE;
        pollers[i].answer_time.grain_us = wire_us(&bus->wire, 1);
        pollers[i].probe_ms_max = rtu ? POLLER_PROBE_MS_LINE : POLLER_PROBE_MS_MAX;
    }
    line_plan_spread(&bus->plan, &bus->wire);
    atomic_store_explicit(&bus->health.planned_permille, line_plan_permille(&bus->plan, &bus->wire),
                          memory_order_relaxed);
    link_make(&bus->link, config, network, rtu);
    return bus;
}

static struct bus *make_rtu(struct arena *arena, const struct bus_config *config)
{
    return make(arena, config, false, true);
}

static struct bus *make_tcp(struct arena *arena, const struct bus_config *config)
{
    return make(arena, config, true, false);
}

static struct bus *make_rtu_over_tcp(struct arena *arena, const struct bus_config *config)
{
    return make(arena, config, true, true);
}

static void start(struct bus *bus, int64_t now_us)
{
    assert(bus->step == STEP_CLOSED);
    if (bus->link.context == NULL) {
        link_make(&bus->link, bus->config, bus->link.network, bus->link.rtu); /* it was stopped */
    }
    bus->lost = true;
    bus->retry_ms = 0;
    bus_open(bus, now_us);
}

static int descriptor(const struct bus *bus, bool *writable)
{
    *writable = bus->step == STEP_OPENING;
    return bus->watching ? bus->link.fd : -1;
}

static int64_t next_deadline(const struct bus *bus)
{
    return bus->deadline_us;
}

static void on_ready(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    if (bus->step == STEP_OPENING) {
        bus_connected(bus, now_us);
    } else if (bus->step == STEP_RESTING) {
        exchange_notice(bus, now_us);
    } else if (bus->step == STEP_SENDING) {
        exchange_listen(bus, out);
    } else if (bus->step == STEP_LISTENING) {
        exchange_look(bus, out);
    }
}

static void on_deadline(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    switch (bus->step) {
    case STEP_CLOSED:
        bus_open(bus, now_us);
        break;
    case STEP_OPENING:
        bus_lose(bus, now_us, STATUS_TIMEOUT, ETIMEDOUT);
        break;
    case STEP_RESTING:
        exchange_ask(bus, now_us);
        break;
    case STEP_SENDING:
        exchange_listen(bus, out);
        break;
    case STEP_LISTENING:
        exchange_look(bus, out);
        break;
    }
}

static void stop(struct bus *bus)
{
    health_set_state(bus, BUS_CLOSED, STATUS_OK, 0);
    link_close(&bus->link);
    bus->step = STEP_CLOSED;
    bus->watching = false;
    bus->deadline_us = BUS_NEVER;
    link_free(&bus->link);
}

static const struct bus_health *health(const struct bus *bus)
{
    return &bus->health;
}

const struct monitor_driver modbus_rtu_driver = {.kind = "modbus-rtu",
                                                 .own_thread = true,
                                                 .make = make_rtu,
                                                 .each_request = modbus_each_request,
                                                 .decode_registers = modbus_decode_registers,
                                                 .probe = modbus_probe_rtu,
                                                 .start = start,
                                                 .descriptor = descriptor,
                                                 .next_deadline = next_deadline,
                                                 .on_ready = on_ready,
                                                 .on_deadline = on_deadline,
                                                 .stop = stop,
                                                 .health = health};

const struct monitor_driver modbus_tcp_driver = {.kind = "modbus-tcp",
                                                 .own_thread = false,
                                                 .slack_us = NETWORK_SLACK_US,
                                                 .make = make_tcp,
                                                 .each_request = modbus_each_request,
                                                 .decode_registers = modbus_decode_registers,
                                                 .probe = modbus_probe_tcp,
                                                 .start = start,
                                                 .descriptor = descriptor,
                                                 .next_deadline = next_deadline,
                                                 .on_ready = on_ready,
                                                 .on_deadline = on_deadline,
                                                 .stop = stop,
                                                 .health = health};

const struct monitor_driver modbus_rtu_over_tcp_driver = {.kind = "rtu-over-tcp",
                                                          .own_thread = false,
                                                          .make = make_rtu_over_tcp,
                                                          .each_request = modbus_each_request,
                                                          .decode_registers = modbus_decode_registers,
                                                          .probe = modbus_probe_rtu_over_tcp,
                                                          .start = start,
                                                          .descriptor = descriptor,
                                                          .next_deadline = next_deadline,
                                                          .on_ready = on_ready,
                                                          .on_deadline = on_deadline,
                                                          .stop = stop,
                                                          .health = health};
