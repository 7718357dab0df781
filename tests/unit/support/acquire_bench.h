/*
 * acquire_bench.h: a runner, and buses of the test's own that count what is done with them. Included by one file of a program.
 */
#ifndef WARDGATE_TESTS_ACQUIRE_BENCH_H
#define WARDGATE_TESTS_ACQUIRE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#include "app/flow/acquire.h"
#include "hal/clock.h"

#define ANCHOR_MS INT64_C(1700000000000)
#define MANY      300

/* What another thread does, it does in its own time: soon, but on a busy machine not within a time that a test could name. */
#define WAIT_UNTIL(condition)                                                  \
    for (const int64_t until_us = clock_boot_us() + 10000000; !(condition);) { \
        assert_true(clock_boot_us() < until_us);                               \
        (void)usleep(1000);                                                    \
    }

/* --- a bus of our own ---------------------------------------------------------------------------------------- */

struct bus {
    uint16_t bed;
    int64_t interval_us; /* 0: never on its own */
    unsigned burst;      /* observations at each deadline, of three monitors in turn */
    int pipe[2];
    atomic_uint starts, stops, deadlines, readies, early, asked;
    atomic_uint unannounced; /* puts while the runner said that nothing as old would come */
    int64_t deadline_us, started_us;
    bool always_due;
    atomic_bool hangs; /* its next deadline does not come back */
    pthread_t thread;
};

static struct runner runner;

static inline void put_some(struct bus *bus, int64_t now_us, unsigned count, struct observation_sink *out)
{
    const int64_t floor_us = atomic_load(&runner.floor_us);
    atomic_fetch_add(&bus->unannounced, floor_us == RUNNER_ASLEEP || floor_us > now_us);
    for (unsigned i = 0; i < count; i++) {
        const struct observation observation = {.at_ms = now_us / 1000,
                                                .bed = bus->bed,
                                                .monitor = (uint8_t)(i % 3),
                                                .value_milli = (int32_t)i,
                                                .kind = OBSERVATION_VALUE};
        out->put(out, &observation);
    }
}

static inline void own_start(struct bus *bus, int64_t now_us)
{
    bus->thread = pthread_self();
    bus->started_us = now_us;
    bus->deadline_us = bus->interval_us > 0 ? now_us + bus->interval_us : BUS_NEVER;
    atomic_fetch_add(&bus->starts, 1);
}

static inline int own_descriptor(const struct bus *bus, bool *writable)
{
    *writable = false;
    return bus->pipe[0];
}

static inline int64_t own_deadline(const struct bus *bus)
{
    atomic_fetch_add((atomic_uint *)(uintptr_t)&bus->asked, 1);
    return bus->deadline_us;
}

static inline void own_ready(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    char byte;
    if (read(bus->pipe[0], &byte, 1) == 1) {
        atomic_fetch_add(&bus->readies, 1);
        put_some(bus, now_us, 1, out);
    }
}

static inline void own_on_deadline(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    atomic_fetch_add(&bus->early, now_us < bus->deadline_us);
    atomic_fetch_add(&bus->deadlines, 1);
    while (atomic_load(&bus->hangs)) {
        clock_sleep_until_us(clock_boot_us() + 1000);
    }
    bus->deadline_us += bus->always_due ? 0 : bus->interval_us;
    put_some(bus, now_us, bus->burst, out);
}

/* In its own thread, or when that has ended. */
static inline void own_stop(struct bus *bus)
{
    assert_true(pthread_equal(bus->thread, pthread_self()) || !runner.thread.running);
    atomic_fetch_add(&bus->stops, 1);
}

static const struct monitor_driver own_driver = {.kind = "own",
                                                 .start = own_start,
                                                 .descriptor = own_descriptor,
                                                 .next_deadline = own_deadline,
                                                 .on_ready = own_ready,
                                                 .on_deadline = own_on_deadline,
                                                 .stop = own_stop};

/* --- a runner ------------------------------------------------------------------------------------------------ */

static alignas(64) unsigned char storage[1 << 19];
static struct wake engine_wake;
static struct bus buses[MANY];
static struct observation taken[ACQUIRE_RING_SLOTS];

static inline int set_up(void **state)
{
    (void)state;
    memset(buses, 0, sizeof buses);
    for (uint16_t i = 0; i < MANY; i++) {
        buses[i].bed = i;
        buses[i].pipe[0] = buses[i].pipe[1] = -1;
    }
    assert_int_equal(wake_open(&engine_wake), STATUS_OK);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    runner_stop(&runner);
    wake_close(&engine_wake);
    for (unsigned i = 0; i < MANY; i++) {
        if (buses[i].pipe[0] >= 0) {
            (void)close(buses[i].pipe[0]);
            (void)close(buses[i].pipe[1]);
        }
    }
    return 0;
}

static inline void lay_out_runner(uint16_t count)
{
    struct arena measure = {0};
    runner_init(&runner, &measure, count, 3U * count, &engine_wake);
    assert_true(measure.used <= sizeof storage);
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = measure.used};
    runner_init(&runner, &arena, count, 3U * count, &engine_wake);
}

static inline void make_runner(uint16_t count)
{
    lay_out_runner(count);
    for (uint16_t i = 0; i < count; i++) {
        runner_add(&runner, &own_driver, &buses[i]);
    }
    assert_int_equal(runner_start(&runner, "bus-test", ANCHOR_MS), STATUS_OK);
}

static inline void sleep_ms(int64_t ms)
{
    clock_sleep_until_us(clock_boot_us() + ms * 1000);
}

#endif
