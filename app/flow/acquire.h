/*
 * acquire.h: runs the buses. Each serial line has a thread of its own, network links of a kind share one.
 *
 * A runner waits for the earliest deadline or for a ready descriptor of its buses, and pushes what they decode into
 * its ring (one per runner), turned into engine time; alarms of the monitors' own go into a second ring beside it. A full
 * ring drops what is new, counts it, and leaves an OBSERVATION_LOST for its monitor as soon as there is room. The engine
 * thread is woken after each batch.
 *
 * A round touches only the buses that have something to do, each at most twice (ready, then due): its cost does not grow
 * with the buses there are, and none keeps the others from their turn. Many buses are started gently: RUNNER_START_BATCH
 * at a time, about RUNNER_START_US apart.
 *
 * A runner outlives a change of the configuration that does not concern its buses: bed_map then says where its beds stand
 * in the new one.
 */
#ifndef WARDGATE_ACQUIRE_H
#define WARDGATE_ACQUIRE_H

#include "app/engine/deadlines.h"
#include "app/engine/status.h"
#include "app/flow/ring.h"
#include "drivers/monitor/driver.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define ACQUIRE_RING_SLOTS 4096U
#define ACQUIRE_ALARM_SLOTS \
    256U /* what one message of a central can hold (drivers/monitor/hl7/intake.h) comes at once */
#define RUNNER_ASLEEP      0
#define RUNNER_PAUSE_US    500000
#define RUNNER_START_BATCH 8U
#define RUNNER_START_US    20000 /* to 30000 */

struct acquire_bus {
    const struct monitor_driver *driver;
    struct bus *bus;
};

struct runner_bus {
    struct acquire_bus of;
    bool started;
    bool writes; /* watched for writing instead of reading */
    int watched; /* descriptor; -1: none */
};

struct runner {
    struct observation_sink sink; /* first: drivers put through it */
    struct runner_bus *buses;
    uint16_t bus_count, bus_max;
    int64_t anchor_ms;  /* engine time = CLOCK_BOOTTIME in ms + anchor */
    struct ring ring;   /* struct observation */
    struct ring alarms; /* struct monitor_alarm; each after the observations that were put before it */
    /* Index of a bed in what the runner puts -> the engine's, BED_NONE: gone; NULL: the same. Read by the engine's thread,
     * changed only while that does not run. */
    const uint16_t *bed_map;
    struct wake *engine_wake;
    struct wake stop_wake;
    struct thread thread;
    atomic_ullong dropped;
    atomic_llong alive_us; /* CLOCK_BOOTTIME of its newest round, for the watchdog */
    /* Nothing that it puts from now on is older than this (CLOCK_BOOTTIME); RUNNER_ASLEEP: it reads the clock after it has
     * said that it is awake. Whoever has seen one of the two, and then its rings empty, knows what cannot come any more. */
    atomic_llong floor_us;
    atomic_bool stop;
    bool is_lost; /* runner_pause has given it up */
    /* private to the runner */
    int watch;                  /* of all descriptors, and stop_wake's; -1: not open */
    struct deadlines deadlines; /* of the buses, by their places */
    uint64_t pushed;
    struct observation *lost; /* one for each monitor whose observations were dropped; room for all monitors */
    uint32_t lost_count, lost_size;
};

/* Without buses yet. monitor_max: of all the buses that it may have together. While the arena measures, only storage is counted. */
void runner_init(struct runner *runner, struct arena *arena, uint16_t bus_max, uint32_t monitor_max,
                 struct wake *engine_wake);

/* Begins, or goes on after a pause: buses that are not started yet are. */
enum status runner_start(struct runner *runner, const char *name, int64_t anchor_ms) MUST_CHECK;

/* Ends its thread, within one step of a bus, and leaves the buses as they are: connections stay open, and going on needs no descriptor. Only while it does not run buses may be
 * added, and removed, which stops them. False: it did not end within RUNNER_PAUSE_US, a step hangs. Then it, its buses and its memory are that thread's for ever: nobody
 * may touch them, and only the end of the program ends it. */
bool runner_pause(struct runner *runner);
void runner_add(struct runner *runner, const struct monitor_driver *driver, struct bus *bus);
void runner_remove(struct runner *runner, const struct bus *bus);

/* Asks it to stop and waits: within one poll of its longest wait, never longer than 100 ms. Buses are stopped, and nothing
 * is held any more. False: as runner_pause. */
bool runner_stop(struct runner *runner);

#endif
