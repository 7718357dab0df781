#include "drivers/monitor/modbus/modbus_health.h"

#define LOAD_WINDOW_US INT64_C(5000000)

static struct monitor_health *health_of(const struct bus *bus)
{
    return &bus->health.monitors[bus->ask.poller - bus->plan.pollers];
}

static void count(atomic_uint *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void add(atomic_uint *counter, unsigned more)
{
    (void)atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

void health_set_fault(struct bus *bus, enum status status, int64_t until_us)
{
    atomic_store_explicit(&bus->health.fault, (int)status, memory_order_relaxed);
    atomic_store_explicit(&bus->health.fault_until_us, until_us, memory_order_relaxed);
}

void health_set_state(struct bus *bus, enum bus_state state, enum status last_error, int last_errno)
{
    atomic_store_explicit(&bus->health.state, (int)state, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_error, (int)last_error, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_errno, last_errno, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&bus->health.lost, last_error != STATUS_OK ? 1 : 0, memory_order_relaxed);
}

void health_note_request(struct bus *bus, int64_t gap_us)
{
    const unsigned kept_us = gap_us < UINT32_MAX ? (unsigned)gap_us : UINT32_MAX;
    const unsigned smallest_us = atomic_load_explicit(&bus->health.gap_us_min, memory_order_relaxed);
    count(&bus->health.requests);
    count(&health_of(bus)->polls);
    if (bus->link.rtu && (smallest_us == 0 || kept_us < smallest_us)) {
        atomic_store_explicit(&bus->health.gap_us_min, kept_us, memory_order_relaxed);
    }
}

void health_note_turns(struct bus *bus)
{
    struct monitor_health *health = health_of(bus);
    const unsigned missed = bus->ask.poller->missed - atomic_load_explicit(&health->missed, memory_order_relaxed);
    add(&health->missed, missed);
    add(&bus->health.missed, missed);
    add(&bus->health.turns, missed + (bus->ask.poll != POLLER_PROBE ? 1U : 0U));
}

void health_note_end(struct bus *bus, int64_t now_us)
{
    const int64_t busy_us = now_us - bus->ask.sent_us + bus->wire.gap_us;
    (void)atomic_fetch_add_explicit(&bus->health.busy_us, (unsigned long long)busy_us, memory_order_relaxed);
}

void health_note_load(struct bus *bus, int64_t now_us)
{
    const int64_t span_us = now_us - bus->load_from_us;
    if (span_us < LOAD_WINDOW_US) {
        return;
    }
    const uint64_t busy_us = atomic_load_explicit(&bus->health.busy_us, memory_order_relaxed);
    const uint64_t permille = (busy_us - bus->load_busy_us) * 1000 / (uint64_t)span_us;
    atomic_store_explicit(&bus->health.busy_permille, permille < 1000 ? (unsigned)permille : 1000U,
                          memory_order_relaxed);
    bus->load_from_us = now_us;
    bus->load_busy_us = busy_us;
}

/* The wire's share of the time is known, the rest is the adapter's and the monitor's: the least of it bounds what the
 * adapter takes. */
static void note_extra(struct bus *bus, int64_t now_us)
{
    const struct exchange *ask = &bus->ask;
    const int64_t extra_us = now_us - ask->out_us - bus->wire.gap_us - wire_us(&bus->wire, ask->answer_bytes);
    if (bus->link.rtu && extra_us < bus->extra_us) {
        bus->extra_us = extra_us;
        atomic_store_explicit(&bus->health.adapter_us, extra_us > 0 ? (unsigned)extra_us : 1U, memory_order_relaxed);
    }
}

void health_note_answer(struct bus *bus, int64_t now_us)
{
    count(&health_of(bus)->answers);
    note_extra(bus, now_us);
    if (bus->ask.poll != POLLER_PROBE) {
        atomic_store_explicit(&health_of(bus)->answer_us, (unsigned)(now_us - bus->ask.out_us), memory_order_relaxed);
    }
}

void health_name_failure(struct bus *bus, int64_t now_us, enum status status)
{
    atomic_store_explicit(&health_of(bus)->last_failure, (int)status, memory_order_relaxed);
    atomic_store_explicit(&health_of(bus)->failed_us, now_us, memory_order_relaxed);
}

/* Nobody's on a bus without monitors: what is said there unasked. */
void health_count_failure(struct bus *bus, int64_t now_us, enum status status)
{
    if (bus->ask.poller == NULL) {
        return;
    }
    count(&health_of(bus)->failures[status]);
    if (status != STATUS_UNASKED || !bus->link.rtu) {
        health_name_failure(bus, now_us, status);
    }
}

void health_count_refused(struct bus *bus)
{
    count(&bus->health.refused);
}

void health_set_answering(struct bus *bus, bool answering)
{
    atomic_store_explicit(&health_of(bus)->answering, answering, memory_order_relaxed);
}

void health_set_exception(struct bus *bus, uint8_t code)
{
    atomic_store_explicit(&health_of(bus)->exceptions, code, memory_order_relaxed);
}

void health_note_hang_up(struct bus *bus)
{
    count(&bus->health.hang_ups);
}

void health_note_unasked(struct bus *bus, size_t bytes)
{
    add(&bus->health.unasked, (unsigned)bytes);
}

bool health_note_foreign(struct bus *bus, size_t heard)
{
    const unsigned requests = frame_count_requests(bus->link.frame, heard);
    add(&bus->health.foreign, requests);
    return requests > 0;
}
