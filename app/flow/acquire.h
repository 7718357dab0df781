/*
 * acquire.h: runs the buses. Each serial line has a thread of its own, network links share a few.
 *
 * A runner waits for the earliest deadline or for a ready descriptor of its buses, and pushes what they decode into
 * its ring (one per runner), turned into engine time. A full ring drops the new observation, counts it, and leaves
 * an OBSERVATION_LOST for its monitor as soon as there is room. The engine thread is woken after each batch.
 */
#ifndef WARDGATE_ACQUIRE_H
#define WARDGATE_ACQUIRE_H

#include "app/engine/status.h"
#include "app/flow/ring.h"
#include "drivers/monitor/driver.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define ACQUIRE_RING_SLOTS 4096U

struct acquire_bus {
    const struct monitor_driver *driver;
    struct bus *bus;
};

struct runner {
    struct observation_sink sink; /* first: drivers put through it */
    struct acquire_bus *buses;    /* owned by the caller */
    uint16_t bus_count;
    int64_t anchor_ms; /* engine time = CLOCK_BOOTTIME in ms + anchor */
    struct ring ring;
    struct wake *engine_wake;
    struct wake stop_wake;
    struct thread thread;
    atomic_ullong dropped;
    atomic_llong alive_us; /* CLOCK_BOOTTIME of its newest round, for the watchdog */
    atomic_bool stop;
    /* private to the runner */
    struct pollfd *descriptors;
    uint64_t pushed;
    struct observation *lost; /* one for each monitor whose observations were dropped; room for all monitors */
    uint32_t lost_count, lost_size;
};

/* monitor_count: of all its buses together. While the arena measures, only storage is counted. */
void runner_init(struct runner *runner, struct arena *arena, struct acquire_bus *buses, uint16_t bus_count,
                 uint32_t monitor_count, struct wake *engine_wake);
enum status runner_start(struct runner *runner, const char *name, int64_t anchor_ms) MUST_CHECK;

/* Asks it to stop and waits: within one poll of its longest wait, never longer than 100 ms. Buses are stopped. */
void runner_stop(struct runner *runner);

#endif
