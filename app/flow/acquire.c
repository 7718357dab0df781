#include "app/flow/acquire.h"

#include <assert.h>
#include <poll.h>
#include <time.h>

#include "hal/clock.h"

#define ROUND_US_MAX INT64_C(500000) /* longest wait: the watchdog wants to see it alive */

/* --- observations -------------------------------------------------------------------------------------------- */

/* Something of this monitor was dropped. */
static void note_lost(struct runner *runner, uint16_t bed, uint8_t monitor)
{
    (void)atomic_fetch_add_explicit(&runner->dropped, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < runner->lost_count; i++) {
        if (runner->lost[i].bed == bed && runner->lost[i].monitor == monitor) {
            return;
        }
    }
    assert(runner->lost_count < runner->lost_size); /* monitor_count of its buses says how many there are */
    runner->lost[runner->lost_count++] = (struct observation){.kind = OBSERVATION_LOST, .bed = bed, .monitor = monitor};
}

/* The marks go before anything else, or a hole would be passed over. False while the ring is full. */
static bool flush_lost(struct runner *runner, int64_t at_ms)
{
    while (runner->lost_count > 0) {
        struct observation *lost = &runner->lost[runner->lost_count - 1];
        lost->at_ms = at_ms;
        if (!ring_push(&runner->ring, lost)) {
            return false;
        }
        runner->lost_count--;
        runner->pushed++;
    }
    return true;
}

static void put(struct observation_sink *sink, const struct observation *observation)
{
    struct runner *runner = (struct runner *)(void *)sink; /* its first member */
    struct observation timed = *observation;
    timed.at_ms += runner->anchor_ms;
    if (flush_lost(runner, timed.at_ms) && ring_push(&runner->ring, &timed)) {
        runner->pushed++;
    } else {
        note_lost(runner, timed.bed, timed.monitor);
    }
}

static void put_alarm(struct observation_sink *sink, const struct monitor_alarm *alarm)
{
    struct runner *runner = (struct runner *)(void *)sink;
    struct monitor_alarm timed = *alarm;
    timed.at_ms += runner->anchor_ms;
    if (ring_push(&runner->alarms, &timed)) {
        runner->pushed++;
    } else {
        note_lost(runner, timed.bed, timed.monitor);
    }
}

/* --- rounds -------------------------------------------------------------------------------------------------- */

static int64_t earliest_deadline(const struct runner *runner, int64_t now_us)
{
    int64_t earliest_us = now_us + ROUND_US_MAX;
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        const int64_t deadline_us = runner->buses[i].driver->next_deadline(runner->buses[i].bus);
        earliest_us = deadline_us < earliest_us ? deadline_us : earliest_us;
    }
    return earliest_us;
}

static void wait_for_work(struct runner *runner)
{
    const int64_t now_us = clock_boot_us();
    const int64_t left_us = earliest_deadline(runner, now_us) - now_us;
    const struct timespec wait = {.tv_nsec = left_us > 0 ? (long)left_us * 1000 : 0}; /* under a second */
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        bool writable = false;
        const int fd = runner->buses[i].driver->descriptor(runner->buses[i].bus, &writable);
        runner->descriptors[i] = (struct pollfd){.fd = fd, .events = writable ? POLLOUT : POLLIN};
    }
    runner->descriptors[runner->bus_count] = (struct pollfd){.fd = runner->stop_wake.fd, .events = POLLIN};
    if (ppoll(runner->descriptors, runner->bus_count + 1U, &wait, NULL) <= 0) {
        for (uint16_t i = 0; i < runner->bus_count; i++) {
            runner->descriptors[i].revents = 0; /* a fault leaves them as they were */
        }
    }
}

static void step_bus(struct runner *runner, const struct acquire_bus *bus, bool ready)
{
    if (ready) {
        bus->driver->on_ready(bus->bus, clock_boot_us(), &runner->sink);
    }
    const int64_t now_us = clock_boot_us();
    if (bus->driver->next_deadline(bus->bus) <= now_us) {
        bus->driver->on_deadline(bus->bus, now_us, &runner->sink);
    }
}

static void run_round(struct runner *runner)
{
    const uint64_t pushed_before = runner->pushed;
    wait_for_work(runner);
    const int64_t now_us = clock_boot_us();
    atomic_store_explicit(&runner->alive_us, now_us, memory_order_relaxed);
    (void)flush_lost(runner, now_us / 1000 + runner->anchor_ms);
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        step_bus(runner, &runner->buses[i], runner->descriptors[i].revents != 0);
    }
    if (runner->pushed != pushed_before) {
        wake_raise(runner->engine_wake);
    }
}

static void start_bus(struct acquire_bus *bus)
{
    if (!bus->started) {
        bus->started = true;
        bus->driver->start(bus->bus, clock_boot_us());
    }
}

static void stop_bus(struct acquire_bus *bus)
{
    if (bus->started) {
        bus->started = false;
        bus->driver->stop(bus->bus);
    }
}

static void *run(void *argument)
{
    struct runner *runner = argument;
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        start_bus(&runner->buses[i]);
    }
    while (!atomic_load_explicit(&runner->stop, memory_order_relaxed)) {
        run_round(runner);
    }
    return NULL;
}

/* --- start and stop ------------------------------------------------------------------------------------------ */

void runner_init(struct runner *runner, struct arena *arena, uint16_t bus_max, uint32_t monitor_max,
                 struct wake *engine_wake)
{
    *runner = (struct runner){.sink = {.put = put, .put_alarm = put_alarm},
                              .bus_max = bus_max,
                              .engine_wake = engine_wake,
                              .lost_size = monitor_max,
                              .stop_wake = {.fd = -1}};
    ring_init(&runner->ring, arena, ACQUIRE_RING_SLOTS, sizeof(struct observation));
    ring_init(&runner->alarms, arena, ACQUIRE_ALARM_SLOTS, sizeof(struct monitor_alarm));
    runner->buses = ARENA_TAKE(arena, struct acquire_bus, bus_max);
    runner->descriptors = ARENA_TAKE(arena, struct pollfd, bus_max + 1U);
    runner->lost = ARENA_TAKE(arena, struct observation, monitor_max);
}

void runner_add(struct runner *runner, const struct monitor_driver *driver, struct bus *bus)
{
    assert(!runner->thread.running && runner->bus_count < runner->bus_max);
    runner->buses[runner->bus_count++] = (struct acquire_bus){.driver = driver, .bus = bus};
}

void runner_remove(struct runner *runner, const struct bus *bus)
{
    assert(!runner->thread.running);
    uint16_t kept = 0;
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        if (runner->buses[i].bus == bus) {
            stop_bus(&runner->buses[i]);
        } else {
            runner->buses[kept++] = runner->buses[i];
        }
    }
    runner->bus_count = kept;
}

enum status runner_start(struct runner *runner, const char *name, int64_t anchor_ms)
{
    assert(runner->descriptors != NULL && !runner->thread.running);
    const enum status status = runner->stop_wake.fd < 0 ? wake_open(&runner->stop_wake) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    wake_clear(&runner->stop_wake);
    runner->anchor_ms = anchor_ms;
    atomic_store(&runner->stop, false);
    atomic_store(&runner->alive_us, clock_boot_us());
    return thread_start(&runner->thread, name, run, runner);
}

void runner_pause(struct runner *runner)
{
    if (!runner->thread.running) {
        return;
    }
    atomic_store(&runner->stop, true);
    wake_raise(&runner->stop_wake);
    thread_join(&runner->thread);
}

/* The buses' own thread has ended: they are this one's now. */
void runner_stop(struct runner *runner)
{
    runner_pause(runner);
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        stop_bus(&runner->buses[i]);
    }
    wake_close(&runner->stop_wake);
}
