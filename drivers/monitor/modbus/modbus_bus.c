#include "drivers/monitor/modbus/modbus_bus.h"

#include <assert.h>
#include <errno.h>

#include "drivers/monitor/modbus/describe.h"
#include "drivers/monitor/modbus/dry_decode.h"
#include "drivers/monitor/modbus/modbus_driver.h"
#include "drivers/monitor/modbus/modbus_probe.h"
#include "hal/clock.h"

enum {
    CONNECT_US = 3000000,
    RETRY_MS_MIN = 1000,
    RETRY_MS_MAX_LINE = 5000,
    RETRY_MS_MAX_NETWORK = 30000,
    PROBE_YIELDS_US = 30000000,
    GUARD_US = 4011 /* silence on a line behind a converter whose speed nobody told: as at 9600 baud */
};

static void set_state(struct bus *bus, enum bus_state state, enum status last_error, int last_errno)
{
    atomic_store_explicit(&bus->health.state, (int)state, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_error, (int)last_error, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_errno, last_errno, memory_order_relaxed);
}

/* The earliest turn. Probes let due polls go first, so that dead monitors live on idle time, unless they have waited
 * for long: an overbooked line has no idle time. */
static void choose_next(struct bus *bus, int64_t now_us, int64_t *out_due_us)
{
    int64_t first_us = BUS_NEVER;
    int64_t first_turn_us = BUS_NEVER;
    for (uint16_t i = 0; i < bus->config->monitor_count; i++) {
        uint8_t poll = 0;
        const int64_t due_us = poller_due_us(&bus->pollers[i], &poll);
        const int64_t begin_us = due_us > now_us ? due_us : now_us;
        const int64_t turn_us = poll == POLLER_PROBE ? due_us + PROBE_YIELDS_US : due_us;
        if (begin_us < first_us || (begin_us == first_us && turn_us < first_turn_us)) {
            first_us = begin_us;
            first_turn_us = turn_us;
            bus->ask = (struct exchange){.poller = &bus->pollers[i], .poll = poll};
        }
    }
    *out_due_us = first_us;
}

void bus_rest(struct bus *bus, int64_t now_us)
{
    const int64_t silent_us = bus->quiet_us + bus->wire.gap_us;
    int64_t due_us = BUS_NEVER;
    choose_next(bus, now_us, &due_us);
    bus->step = STEP_RESTING;
    bus->watching = false;
    bus->hum_us = 0;
    bus->deadline_us = due_us > silent_us ? due_us : silent_us;
}

static void bus_close(struct bus *bus, int64_t reopen_us)
{
    link_close(&bus->link);
    bus->step = STEP_CLOSED;
    bus->watching = false;
    bus->deadline_us = reopen_us;
}

void bus_lose(struct bus *bus, int64_t now_us, enum status status, int fault)
{
    const uint32_t longest_ms = bus->link.network ? RETRY_MS_MAX_NETWORK : RETRY_MS_MAX_LINE;
    const uint32_t longer_ms = bus->retry_ms == 0 ? RETRY_MS_MIN : bus->retry_ms * 2;
    const bool was_open = bus->step != STEP_CLOSED && bus->step != STEP_OPENING;
    bus->retry_ms = longer_ms < longest_ms ? longer_ms : longest_ms;
    /* A connection that breaks may be one monitor's doing behind a gateway: the others' turns and its own rests
     * stay. */
    bus->lost = bus->lost || !bus->link.network || !was_open;
    for (uint16_t i = 0; i < bus->config->monitor_count; i++) {
        atomic_store_explicit(&bus->health.monitors[i].answering, false, memory_order_relaxed);
    }
    set_state(bus, BUS_CLOSED, status, fault);
    bus_close(bus, now_us + bus->retry_ms * INT64_C(1000));
}

void bus_reconnect(struct bus *bus, int64_t now_us)
{
    set_state(bus, BUS_OPENING, STATUS_OK, 0);
    bus_close(bus, now_us);
}

/* Monitors begin one after the other, so that their grids do not meet. */
static void restart_pollers(struct bus *bus, int64_t now_us)
{
    const uint16_t monitors = bus->config->monitor_count;
    for (uint16_t i = 0; i < monitors; i++) {
        struct poller *poller = &bus->pollers[i];
        const int64_t spread_ms =
            poller->interval_ms < POLLER_SPREAD_MS_MAX ? poller->interval_ms : POLLER_SPREAD_MS_MAX;
        poller_restart(poller, now_us + spread_ms * 1000 * i / monitors);
    }
}

static void bus_opened(struct bus *bus, int64_t now_us)
{
    (void)atomic_fetch_add_explicit(&bus->health.opened, 1, memory_order_relaxed);
    set_state(bus, BUS_OPEN, STATUS_OK, 0);
    bus->proven = false;
    bus->quiet_us = now_us;
    bus->sound_us = now_us;
    if (bus->lost) {
        bus->lost = false;
        bus->extra_us = BUS_NEVER; /* it may be another adapter */
        atomic_store_explicit(&bus->health.adapter_us, 0, memory_order_relaxed);
        restart_pollers(bus, now_us);
    }
    bus_rest(bus, now_us);
}

static void bus_open(struct bus *bus, int64_t now_us)
{
    const enum status status = link_open(&bus->link);
    if (status != STATUS_OK) {
        bus_lose(bus, now_us, status, errno);
    } else if (bus->link.network) {
        atomic_store_explicit(&bus->health.state, BUS_OPENING, memory_order_relaxed);
        bus->step = STEP_OPENING;
        bus->watching = true;
        bus->deadline_us = now_us + CONNECT_US;
    } else {
        atomic_store_explicit(&bus->health.rs485_missing, bus->link.rs485_missing, memory_order_relaxed);
        bus_opened(bus, clock_boot_us());
    }
}

static void bus_connected(struct bus *bus, int64_t now_us)
{
    const enum status status = link_finish(&bus->link);
    if (status != STATUS_OK) {
        bus_lose(bus, now_us, status, errno);
    } else {
        bus_opened(bus, now_us);
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
    *bus = (struct bus){.config = config, .pollers = pollers, .step = STEP_CLOSED, .deadline_us = BUS_NEVER};
    bus->health.monitors = monitors;
    if (rtu) {
        bus->wire = wire_of_bus(config);
        bus->wire.gap_us = bus->wire.gap_us > 0 ? bus->wire.gap_us : GUARD_US;
    }
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
        exchange_listen(bus);
        break;
    case STEP_LISTENING:
        exchange_look(bus, out);
        break;
    }
}

static void stop(struct bus *bus)
{
    set_state(bus, BUS_CLOSED, STATUS_OK, 0);
    bus_close(bus, BUS_NEVER);
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
