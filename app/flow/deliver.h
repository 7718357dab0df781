/*
 * deliver.h: the uplink's thread: brings the retained present and every alert of the outbox to a broker.
 *
 * On every connect: status; the alarm topics of the whole gateway, high priority first, emptied ones included; settings
 * and vitals of each bed; then the outbox in order per bed, paced, marked late; a bed without backlog has its live
 * alert through at once. Its window of unacknowledged publishes and its reconnect are its own, not the library's. A row
 * leaves the outbox only after its PUBACK, through the store thread. What the broker refuses stays in the outbox and is
 * tried again after 30 s; board.uplink_refused_us says so.
 *
 * Thread: its own; deliver_make, _start and _stop belong to the thread that builds the gateway.
 */
#ifndef WARDGATE_DELIVER_H
#define WARDGATE_DELIVER_H

#include <stdatomic.h>

#include "app/engine/arena.h"
#include "app/engine/status.h"
#include "app/flow/board.h"
#include "app/flow/payload.h"
#include "app/flow/ring.h"
#include "app/flow/timebase.h"
#include "drivers/store/store.h"
#include "drivers/uplink/uplink.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define DELIVER_IN_FLIGHT 8
#define DELIVER_LATE_MS   10000 /* an alert older than this when it is first sent is marked late */

struct deliver_config {
    const struct payload_context *context;
    const struct timebase *timebase;
    struct board *board;
    _Atomic(struct store *) *store; /* NULL until it is open; set by the store thread */
    atomic_ullong *committed_row;   /* newest row committed, by the store thread */
    struct ring *delivered;         /* to the store thread: uint64_t rows */
    struct wake *store_wake;
    struct ring *direct; /* from the store thread: struct direct_alert (direct.h), while it cannot commit */
    atomic_ullong *direct_acknowledged_seq; /* to it: the broker has all direct alerts up to this seq; grows */
    const struct uplink_broker *brokers;
    uint8_t broker_count;
    struct uplink_config uplink; /* will filled by deliver */
    uint32_t publish_interval_ms;
    /* Writes the health payload; called every 10 s on the deliver thread. */
    size_t (*health)(void *context, int64_t wall_ms, char *out, size_t size);
    void *health_context;
};

struct deliver;

/* The config is copied, what it points at must outlive the deliver. NULL while the arena measures. */
struct deliver *deliver_make(struct arena *arena, const struct deliver_config *config);
struct wake *deliver_wake(
    struct deliver *deliver); /* raised after commits, direct alerts and new views; from deliver_make on */
enum status deliver_start(struct deliver *deliver) MUST_CHECK; /* STATUS_IO, STATUS_NO_MEMORY */

/* Publishes status offline, disconnects and ends: within 1 s, 2 s when the broker or a name lookup hangs. Nobody may
 * raise its wake any more. */
void deliver_stop(struct deliver *deliver);

#endif
