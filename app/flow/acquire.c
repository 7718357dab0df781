#include "app/flow/acquire.h"

#include <assert.h>

#include "hal/clock.h"
#include "hal/watch.h"

#define ROUND_US_MAX INT64_C(500000) /* longest wait: the watchdog wants to see it alive */
#define STOP_TOKEN   UINT32_MAX      /* others are the places of buses */

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

/* Has the system tell what the bus waits for by now. One that cannot be watched is asked again at its deadline. */
static void watch_bus(struct runner *runner, uint32_t place)
{
    struct runner_bus *bus = &runner->buses[place];
    bool writes = false;
    const int fd = bus->started ? bus->of.driver->descriptor(bus->of.bus, &writes) : -1;
    if (fd == bus->watched && writes == bus->writes) {
        return;
    }
    if (bus->watched >= 0 && bus->watched != fd) {
        watch_end(runner->watch, bus->watched);
    }
    const bool watched = fd >= 0 && watch_set(runner->watch, fd, place, !writes, writes) == STATUS_OK;
    bus->watched = watched ? fd : -1;
    bus->writes = writes;
}

/* Not before not_before_us, so that one that is late already lets the others go first. */
static void bus_stepped(struct runner *runner, uint32_t place, int64_t not_before_us)
{
    const struct acquire_bus *bus = &runner->buses[place].of;
    const int64_t next_us = bus->driver->next_deadline(bus->bus);
    deadlines_set(&runner->deadlines, place, next_us > not_before_us ? next_us : not_before_us);
    watch_bus(runner, place);
}

/* The instant of what is put from now on; what was put before is in the rings. */
static int64_t begin_step(struct runner *runner)
{
    const int64_t now_us = clock_boot_us();
    atomic_store_explicit(&runner->floor_us, now_us, memory_order_release);
    return now_us;
}

static void step_ready(struct runner *runner, uint32_t place)
{
    const struct acquire_bus *bus = &runner->buses[place].of;
    if (runner->buses[place].watched >= 0) {
        bus->driver->on_ready(bus->bus, begin_step(runner), &runner->sink);
        bus_stepped(runner, place, 0);
    }
}

static void start_bus(struct runner_bus *bus, int64_t now_us)
{
    bus->started = true;
    bus->of.driver->start(bus->of.bus, now_us);
}

/* Each that is due by now, once. */
static void step_due(struct runner *runner)
{
    const int64_t round_us = clock_boot_us();
    uint32_t place = 0;
    while (deadlines_next(&runner->deadlines, &place) <= round_us) {
        struct runner_bus *bus = &runner->buses[place];
        const int64_t now_us = begin_step(runner);
        if (bus->started) {
            bus->of.driver->on_deadline(bus->of.bus, now_us, &runner->sink);
        } else {
            start_bus(bus, now_us);
        }
        bus_stepped(runner, place, round_us + 1);
    }
}

static int64_t time_to_wait_us(const struct runner *runner)
{
    uint32_t place = 0;
    const int64_t now_us = clock_boot_us();
    const int64_t next_us = deadlines_next(&runner->deadlines, &place);
    const int64_t left_us = next_us > now_us ? next_us - now_us : 0;
    return left_us < ROUND_US_MAX ? left_us : ROUND_US_MAX;
}

static void run_round(struct runner *runner)
{
    struct watch_ready ready[WATCH_READY_MAX];
    const uint64_t pushed_before = runner->pushed;
    const size_t count = watch_wait(runner->watch, time_to_wait_us(runner), ready, WATCH_READY_MAX);
    /* In one order for all threads, and before the clock is read: whoever still sees it asleep has what is older. */
    atomic_store(&runner->floor_us, atomic_load_explicit(&runner->alive_us, memory_order_relaxed));
    const int64_t now_us = begin_step(runner);
    atomic_store_explicit(&runner->alive_us, now_us, memory_order_relaxed);
    (void)flush_lost(runner, now_us / 1000 + runner->anchor_ms);
    for (size_t i = 0; i < count; i++) {
        if (ready[i].token != STOP_TOKEN) {
            step_ready(runner, ready[i].token);
        }
    }
    step_due(runner);
    atomic_store_explicit(&runner->floor_us, RUNNER_ASLEEP, memory_order_release);
    if (runner->pushed != pushed_before) {
        wake_raise(runner->engine_wake);
    }
}

static void stop_bus(struct runner_bus *bus)
{
    if (bus->started) {
        bus->started = false;
        bus->of.driver->stop(bus->of.bus);
    }
}

/* Between two batches; from the clock, so that gateways that got their power back together do not go on together. */
static int64_t start_pause_us(void)
{
    return RUNNER_START_US + clock_boot_us() % (RUNNER_START_US / 2);
}

/* Those that run go on where they were; others begin in batches. */
static void plan_buses(struct runner *runner)
{
    int64_t start_us = clock_boot_us();
    unsigned started = 0;
    deadlines_reset(&runner->deadlines, runner->bus_count);
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        runner->buses[i].watched = -1;
        if (runner->buses[i].started) {
            bus_stepped(runner, i, 0);
            continue;
        }
        if (started > 0 && started % RUNNER_START_BATCH == 0) {
            start_us += start_pause_us();
        }
        started++;
        deadlines_set(&runner->deadlines, i, start_us);
    }
}

/* As late as the least patient of its buses may be served. */
static uint32_t slack_us(const struct runner *runner)
{
    uint32_t least_us = UINT32_MAX;
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        const uint32_t slack = runner->buses[i].of.driver->slack_us;
        least_us = slack < least_us ? slack : least_us;
    }
    return least_us;
}

static void *run(void *argument)
{
    struct runner *runner = argument;
    thread_set_slack_us(slack_us(runner));
    plan_buses(runner);
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
                              .stop_wake = {.fd = -1},
                              .watch = -1};
    ring_init(&runner->ring, arena, ACQUIRE_RING_SLOTS, sizeof(struct observation));
    ring_init(&runner->alarms, arena_reserve(arena), ACQUIRE_ALARM_SLOTS, sizeof(struct monitor_alarm));
    runner->buses = ARENA_TAKE(arena, struct runner_bus, bus_max);
    deadlines_init(&runner->deadlines, arena, bus_max);
    runner->lost = ARENA_TAKE(arena_reserve(arena), struct observation, monitor_max);
}

void runner_add(struct runner *runner, const struct monitor_driver *driver, struct bus *bus)
{
    assert(!runner->thread.running && runner->bus_count < runner->bus_max);
    runner->buses[runner->bus_count++] = (struct runner_bus){.of = {.driver = driver, .bus = bus}, .watched = -1};
}

void runner_remove(struct runner *runner, const struct bus *bus)
{
    assert(!runner->thread.running);
    uint16_t kept = 0;
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        if (runner->buses[i].of.bus == bus) {
            stop_bus(&runner->buses[i]);
        } else {
            runner->buses[kept++] = runner->buses[i];
        }
    }
    runner->bus_count = kept;
}

static void close_watch(struct runner *runner)
{
    if (runner->watch >= 0) {
        watch_close(runner->watch);
        runner->watch = -1;
    }
    wake_close(&runner->stop_wake);
}

static enum status open_watch(struct runner *runner)
{
    enum status status = wake_open(&runner->stop_wake);
    if (status == STATUS_OK) {
        status = watch_open(&runner->watch);
    }
    return status == STATUS_OK ? watch_set(runner->watch, runner->stop_wake.fd, STOP_TOKEN, true, false) : status;
}

enum status runner_start(struct runner *runner, const char *name, int64_t anchor_ms)
{
    assert(runner->buses != NULL && !runner->thread.running);
    const enum status status = runner->watch < 0 ? open_watch(runner) : STATUS_OK;
    if (status != STATUS_OK) {
        close_watch(runner);
        return status;
    }
    wake_clear(&runner->stop_wake);
    runner->anchor_ms = anchor_ms;
    atomic_store(&runner->stop, false);
    atomic_store(&runner->alive_us, clock_boot_us());
    return thread_start(&runner->thread, name, run, runner);
}

bool runner_pause(struct runner *runner)
{
    if (runner->is_lost || !runner->thread.running) {
        return !runner->is_lost;
    }
    atomic_store(&runner->stop, true);
    wake_raise(&runner->stop_wake);
    runner->is_lost = !thread_join_until(&runner->thread, clock_boot_us() + RUNNER_PAUSE_US);
    if (runner->is_lost) {
        return false;
    }
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        if (runner->buses[i].watched >= 0) {
            watch_end(runner->watch, runner->buses[i].watched); /* it may have another place when this goes on */
        }
    }
    return true;
}

/* The buses' own thread has ended: they are this one's now. */
bool runner_stop(struct runner *runner)
{
    if (!runner_pause(runner)) {
        return false;
    }
    for (uint16_t i = 0; i < runner->bus_count; i++) {
        stop_bus(&runner->buses[i]);
    }
    close_watch(runner);
    return true;
}
