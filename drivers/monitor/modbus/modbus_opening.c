/*
 * Opening and closing. A network is not stormed: whoever lost a connection waits before the next, longer each time, and for
 * a random part of that, or all that hung on one switch would come back together.
 *
 * A monitor that has only one connection must have it free for others, too (bus_config.hang_up, or learnt: one that turns us
 * away now and then). It is called for each turn and left after it. One that ends the connection after each answer is left
 * first, or the next request would meet the end.
 */
#include <errno.h>

#include "drivers/monitor/modbus/modbus_bus.h"
#include "drivers/monitor/modbus/modbus_health.h"
#include "hal/clock.h"

#define BEAT_US 125000
#define PART_US 50000 /* a connection that others need, too, is kept for a turn that comes sooner */

enum {
    CONNECT_US = 3000000,
    RETRY_MS_MIN = 1000,
    RETRY_MS_MAX_LINE = 5000,
    RETRY_MS_MAX_NETWORK = 30000,
    LEARNT_US = 600000000, /* so long it is believed to go on as it did */
    BRIEF_US = 30000000    /* and so long to end each connection: looking whether it still does costs nothing */
};

enum status bus_word(enum status status, int fault)
{
    if (status == STATUS_CLOSED) {
        return STATUS_HUNG_UP;
    }
    if (status != STATUS_IO) {
        return status;
    }
    return fault == ECONNRESET ? STATUS_RESET : fault == ECONNREFUSED ? STATUS_REFUSED : STATUS_IO;
}

static void bus_close(struct bus *bus, int64_t reopen_us)
{
    link_close(&bus->link);
    bus->step = STEP_CLOSED;
    bus->watching = false;
    bus->deadline_us = reopen_us;
}

static bool is_shared(const struct bus *bus, int64_t now_us)
{
    return bus_is_numbered(bus) && (bus->config->hang_up || now_us < bus->share_until_us);
}

/* From one that would be ended now, by the other side, only a new one helps, however soon the turn is. */
bool bus_is_to_part(const struct bus *bus, int64_t now_us, int64_t turn_us)
{
    const bool brief = bus_is_numbered(bus) && bus->taken > 0 && now_us < bus->brief_until_us;
    return brief || (is_shared(bus, now_us) && turn_us > now_us + PART_US);
}

void bus_hung_up(struct bus *bus, int64_t now_us)
{
    if (bus->taken > 0) {
        bus->brief_until_us = bus->taken == 1 ? now_us + BRIEF_US : 0;
    }
}

/* Refused, or taken and dropped before it said anything: somebody else is connected. What many monitors stand behind has
 * more than one connection, and drops it when one of them is away. */
static void note_turned_away(struct bus *bus, int64_t now_us, bool was_open, int fault)
{
    const bool turned_away = was_open ? !bus->proven : fault == ECONNREFUSED;
    if (turned_away && bus->config->monitor_count == 1) {
        bus->share_until_us = now_us + LEARNT_US;
    }
}

static uint32_t longest_retry_ms(const struct bus *bus, int64_t now_us, int fault)
{
    const bool answered = bus->answered_us > 0 && now_us - bus->answered_us < RETRY_MS_MAX_NETWORK * INT64_C(1000);
    if (fault == ENETUNREACH) {
        return RETRY_MS_MIN; /* no network yet, as a box starts: nobody was asked */
    }
    if (answered && is_shared(bus, now_us)) {
        return RETRY_MS_MIN; /* the others are polite, too */
    }
    return bus->link.network ? RETRY_MS_MAX_NETWORK : RETRY_MS_MAX_LINE;
}

/* Up to a quarter less, over a network: of the clock's lowest digits, mixed. */
static int64_t retry_us(const struct bus *bus, int64_t now_us)
{
    const uint32_t mixed = (uint32_t)now_us * UINT32_C(2654435761) >> 16;
    const uint32_t less_ms = bus->link.network ? mixed % (bus->retry_ms / 4) : 0;
    return (bus->retry_ms - less_ms) * INT64_C(1000);
}

void bus_lose(struct bus *bus, int64_t now_us, enum status status, int fault)
{
    const uint32_t longer_ms = bus->retry_ms == 0 ? RETRY_MS_MIN : bus->retry_ms * 2;
    const bool was_open = bus->step != STEP_CLOSED && bus->step != STEP_OPENING;
    note_turned_away(bus, now_us, was_open, fault);
    const uint32_t longest_ms = longest_retry_ms(bus, now_us, fault);
    bus->retry_ms = longer_ms < longest_ms ? longer_ms : longest_ms;
    /* A connection that breaks may be one monitor's doing behind a gateway: the others' turns and its own rests
     * stay. */
    bus->lost = bus->lost || !bus->link.network || !was_open;
    for (uint16_t i = 0; i < bus->config->monitor_count; i++) {
        atomic_store_explicit(&bus->health.monitors[i].answering, false, memory_order_relaxed);
    }
    health_set_state(bus, BUS_CLOSED, bus_word(status, fault), fault);
    link_abort(&bus->link);
    bus_close(bus, now_us + retry_us(bus, now_us));
}

void bus_reconnect(struct bus *bus, int64_t now_us)
{
    const int64_t at_us = bus->step == STEP_RESTING ? bus->deadline_us : now_us;
    health_set_state(bus, BUS_OPENING, STATUS_OK, 0);
    link_abort(&bus->link);
    bus_close(bus, at_us);
}

void bus_part(struct bus *bus)
{
    bus_close(bus, bus->deadline_us);
}

/* Turns of all connections fall on a common beat, those of one opening soon on the one that is just over: many are then
 * served in one wake-up, and never all. A line's turns are spread instead (line_plan.h). */
static int64_t beat_us(const struct bus *bus, const struct poller *poller, int64_t now_us)
{
    const int64_t interval_us = poller->interval_ms * INT64_C(1000);
    return bus_is_numbered(bus) ? now_us - now_us % (interval_us < BEAT_US ? interval_us : BEAT_US) : now_us;
}

static void restart_pollers(struct bus *bus, int64_t now_us)
{
    for (uint16_t i = 0; i < bus->plan.count; i++) {
        poller_restart(&bus->plan.pollers[i], beat_us(bus, &bus->plan.pollers[i], now_us));
    }
}

static void bus_opened(struct bus *bus, int64_t now_us)
{
    (void)atomic_fetch_add_explicit(&bus->health.opened, 1, memory_order_relaxed);
    health_set_state(bus, BUS_OPEN, STATUS_OK, 0);
    bus->proven = false;
    bus->taken = 0;
    bus->quiet_us = now_us;
    bus->sound_us = now_us;
    bus->clean = 0;
    bus->straggler.hush_us = 0;
    if (bus->lost) {
        bus->lost = false;
        bus->extra_us = BUS_NEVER; /* it may be another adapter */
        atomic_store_explicit(&bus->health.adapter_us, 0, memory_order_relaxed);
        restart_pollers(bus, now_us);
    }
    line_plan_expect(&bus->plan, now_us);
    bus_rest(bus, now_us);
}

void bus_open(struct bus *bus, int64_t now_us)
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

void bus_connected(struct bus *bus, int64_t now_us)
{
    const enum status status = link_finish(&bus->link);
    if (status != STATUS_OK) {
        bus_lose(bus, now_us, status, errno);
    } else {
        bus_opened(bus, now_us);
    }
}
