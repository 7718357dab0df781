/*
 * driver.h: what every monitor driver is: a step machine that never blocks and never sleeps.
 *
 * A bus is one serial line or one network link with the monitors on it. Only the bus runner (app/flow/acquire) waits: until the
 * bus's next deadline, or until its descriptor is ready. The same driver then runs alone on a thread or among hundreds on one, and serves
 * monitors that are asked as well as those that talk unasked.
 *
 * Time: CLOCK_BOOTTIME in µs. Observations carry at_ms = instant / 1000 of the moment the answer was whole; the runner turns that
 * into engine time. Every call but bus health comes from the bus's own thread, or while that does not run; after a pause it may be another one.
 * Storage comes from the arena at start.
 */
#ifndef WARDGATE_DRIVER_H
#define WARDGATE_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/observation.h"
#include "app/engine/status.h"
#include "drivers/monitor/profile.h"

#define BUS_NAME_MAX 64
#define BUS_NEVER    INT64_MAX
#define FAULT_US     11000000 /* a fault is current for so long after it was seen: none falls between two healths (10 s) */

enum parity { PARITY_NONE, PARITY_EVEN, PARITY_ODD };

struct monitor_config {
    uint16_t bed;    /* into every observation */
    uint8_t monitor; /* index at its bed */
    uint8_t address; /* Modbus unit */
    const char
        *place; /* hl7: PV1-3 as "POC^ROOM^BED" (an empty part matches any), or without ^ a device id; else NULL */
    const struct profile *profile;
    uint32_t urgent_vitals; /* bit per enum vital: alarm rules wait for them, so they go before those that only trend;
                               * may change while the bus does not run */
};

struct bus_config {
    const char *name;
    const char *kind;   /* driver->kind */
    const char *device; /* serial */
    const char *host;   /* network: a numeric address; hl7: the one to listen at */
    uint16_t port;
    bool believe_debug; /* hl7: messages marked D (debugging) count as real */
    bool rs485;         /* serial: the adapter turns the line round by RTS (TIOCSRS485) */
    uint32_t baud;
    enum parity parity;
    uint8_t stop_bits;
    bool hang_up;        /* Modbus TCP: after each turn, for a monitor with one connection that others need, too */
    uint32_t timeout_ms; /* longest a monitor may think before its answer begins */
    const struct monitor_config *monitors;
    uint16_t monitor_count;
};

enum bus_state { BUS_CLOSED, BUS_OPENING, BUS_OPEN };

/* Read by other threads: relaxed atomics, each a counter or a latest value, written only by the bus's thread. */
struct monitor_health {
    atomic_uint polls, answers;
    atomic_uint failures[STATUS_COUNT];
    atomic_int last_failure; /* enum status of the newest of them, as far as it is this monitor's */
    atomic_llong failed_us;  /* and when that was */
    atomic_bool answering;
    atomic_bool outdated;   /* hl7: it speaks, but nothing of it is current: its clock or ours is wrong */
    atomic_uint answer_us;  /* newest time from the end of the request to the whole answer */
    atomic_uint exceptions; /* Modbus: newest exception code; 0: none since, and no register is refused */
    atomic_uint missed;     /* turns that were over before the line had time for them */
};

/* Why it does not answer; STATUS_OK: it does, or was not asked yet. */
static inline enum status monitor_failing(const struct monitor_health *health)
{
    const bool answering = atomic_load_explicit(&health->answering, memory_order_relaxed);
    return answering ? STATUS_OK : (enum status)atomic_load_explicit(&health->last_failure, memory_order_relaxed);
}

/* What is wrong with it now, also if it answers all the same now and then; STATUS_OK: nothing. */
static inline enum status monitor_fault(const struct monitor_health *health, int64_t now_us)
{
    const enum status failing = monitor_failing(health);
    const int64_t failed_us = atomic_load_explicit(&health->failed_us, memory_order_relaxed);
    const bool is_recent = failed_us != 0 && now_us - failed_us < FAULT_US;
    return failing == STATUS_OK && is_recent
               ? (enum status)atomic_load_explicit(&health->last_failure, memory_order_relaxed)
               : failing;
}

struct bus_health {
    atomic_int state;      /* enum bus_state */
    atomic_int last_error; /* enum status of the newest failed opening; when open STATUS_OK, or STATUS_WRONG_PROTOCOL */
    atomic_int last_errno;
    atomic_int fault; /* enum status of what is wrong with the line or connection as a whole, though it is open */
    atomic_llong fault_until_us; /* and until when that holds if it is not seen again; 0: never seen */
    atomic_uint lost;            /* times that it could not be opened, or was lost with an error while it was */
    atomic_uint opened, requests, gap_us_min; /* gap_us_min: smallest silence kept before a request */
    atomic_ullong busy_us;                    /* time the wire was in use */
    /* What is asked of the line, in thousandths of its time, as far as its speed is known (else 0), and how much of it was in
     * use over the last seconds. */
    atomic_uint planned_permille, busy_permille;
    atomic_uint turns, missed; /* of all its monitors: turns that came, and those of them that were missed */
    /* Serial line or converter: the least by which any answer was later than the wire explains, since it was opened. The
     * adapter's delay and the quickest monitor's thinking together: a bound for either. 0: not known yet. */
    atomic_uint adapter_us;
    atomic_bool rs485_missing;       /* serial: rs485 was asked for, and this adapter's driver has no such mode */
    atomic_uint unasked;             /* bytes nobody asked for */
    atomic_uint foreign;             /* Modbus line: requests heard that are not ours: it has a second master */
    atomic_uint refused;             /* messages refused (test, training, demo, no bed); Modbus: by the monitor */
    atomic_uint repeated;            /* hl7: messages that had come before, acknowledged and not used */
    atomic_uint connections;         /* hl7: monitors connected now */
    atomic_uint hang_ups;            /* Modbus TCP: connections that the other side ended between two answers */
    _Atomic(const char *) speaks;    /* serial: name of the protocol recognised on the line; NULL: none */
    struct monitor_health *monitors; /* monitor_count of them */
};

/* What is wrong with the line or connection now; STATUS_OK: nothing. */
static inline enum status bus_fault(const struct bus_health *health, int64_t now_us)
{
    const enum status error = (enum status)atomic_load_explicit(&health->last_error, memory_order_relaxed);
    const bool is_current = now_us < atomic_load_explicit(&health->fault_until_us, memory_order_relaxed);
    return error == STATUS_OK && is_current ? (enum status)atomic_load_explicit(&health->fault, memory_order_relaxed)
                                            : error;
}

/* One request of a poll, for `wardgate check`: what it reads, how often, and how long it holds the line. */
struct bus_request {
    uint16_t monitor; /* index into bus_config.monitors */
    uint32_t interval_ms;
    uint32_t wire_us; /* gap, request, a turnaround of 2 ms and answer; 0 on a network */
    bool
        urgent; /* goes before others when the line cannot carry all; those fall back to a quarter of their rate at most */
    char text[64]; /* "holding 0-9 (10): hr spo2 resp", "+n" at the end: and n more */
};
typedef void bus_request_visit(void *context, const struct bus_request *request);

/* What stands in registers, for `wardgate check --profile`; those not named are 0. */
struct register_value {
    enum register_table table;
    uint16_t reg, value;
};
struct register_image {
    const struct register_value *values;
    size_t count;
};

struct bus;
struct probe_target;
struct probe_listener;

struct monitor_driver {
    const char *kind;
    const struct profile *const *profiles; /* those the driver brings itself, ended by NULL; or NULL */
    bool own_thread;   /* a serial line has a thread of its own; network links of a kind share one */
    uint32_t slack_us; /* how much later than its deadlines it may be served, to be so with others */
    struct bus *(*make)(struct arena *arena, const struct bus_config *config); /* NULL while the arena measures */
    void (*each_request)(const struct bus_config *config, bus_request_visit *visit, void *context);
    /* Puts what a first poll of a monitor with these registers would bring; bed, monitor and instant are 0. Pure. NULL:
     * the protocol has no registers. */
    void (*decode_registers)(const struct profile *profile, const struct register_image *image,
                             struct observation_sink *out);
    /* Looks for monitors (probe.h). STATUS_OK: has looked; else the line could not be opened. */
    enum status (*probe)(const struct probe_target *target, struct probe_listener *listener);
    void (*start)(struct bus *bus, int64_t now_us);
    /* Descriptor to wait for, or -1 while only the deadline counts; *writable: wait for writing instead of reading. It is
     * asked after each step: one that was closed is not followed by another at once, but by -1 after one step at least. */
    int (*descriptor)(const struct bus *bus, bool *writable);
    int64_t (*next_deadline)(const struct bus *bus);
    void (*on_ready)(struct bus *bus, int64_t now_us, struct observation_sink *out);
    void (*on_deadline)(struct bus *bus, int64_t now_us, struct observation_sink *out);
    /* Closes descriptors and gives back what libraries took, even if it never ran; the bus may be started again. */
    void (*stop)(struct bus *bus);
    const struct bus_health *(*health)(const struct bus *bus); /* any thread */
};

#endif
