/*
 * deliver.h: brings the retained present and every alert of the outbox to a broker.
 *
 * On every connect: status; the alarm topics of the whole gateway, high priority first, emptied ones included; settings
 * and vitals of each bed; then the outbox in order per bed, paced, marked late; a bed without backlog has its live
 * alert through at once. Its window of unacknowledged publishes and its reconnect are its own, not the library's. A row
 * leaves the outbox only after its PUBACK, through the store thread. What the broker refuses is set aside: it stays in the
 * outbox, holds up nothing else, and is tried again after 30 s, then less and less often. Of several brokers the first
 * that answers is used, and an earlier one is returned to when it has answered for a while.
 *
 * Vitals of a bed go out at most once per publish_interval. News after a pause that long go at once, and so does
 * whatever the board tells at once; news that come sooner wait for the first tick of a clock common to all beds, one
 * tick an interval, which is not before the bed's own interval is over. So beds whose news come quickly are shown
 * exactly once an interval, all in one round, and only the first news after a pause may wait for up to
 * two. The engine wakes it for news that go at once, else it is there at the tick (board_want).
 *
 * Thread: its rounds are made by the uplink's (uplink.h), and by one of its own while that hangs in a call of the library;
 * deliver_make, _start and _stop belong to the thread that builds the gateway.
 */
#ifndef WARDGATE_DELIVER_H
#define WARDGATE_DELIVER_H

#include <stdatomic.h>

#include "app/engine/arena.h"
#include "app/engine/status.h"
#include "app/flow/bed_numbers.h"
#include "app/flow/board.h"
#include "app/flow/payload.h"
#include "app/flow/reply.h"
#include "app/flow/resend.h"
#include "app/flow/ring.h"
#include "app/flow/score_names.h"
#include "app/flow/timebase.h"
#include "drivers/store/store.h"
#include "drivers/uplink/uplink.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define DELIVER_IN_FLIGHT \
    12 /* alerts; beside them 8 states: together what brokers take by themselves (mosquitto: 20) */
#define DELIVER_LATE_MS 10000 /* an alert older than this when it is first sent is marked late */

/* The connection to the broker and the wake of the thread. They go on when the deliver around them is made anew. */
struct deliver_link;

/* Takes storage; NULL while the arena measures. */
struct deliver_link *deliver_link_make(struct arena *arena);
/* Once its last deliver has stopped, and whoever raises that one's wake. */
void deliver_link_close(struct deliver_link *link);

struct deliver_config {
    struct deliver_link *link;
    const struct bed_numbers
        *known_beds; /* those not configured any more have their topics emptied; NULL: none is known */
    const struct score_names *known_scores; /* likewise; NULL: none is known */
    const struct payload_context *context;
    const struct timebase *timebase;
    struct board *board;
    _Atomic(struct store *) *store; /* NULL until it is open; set by the store thread */
    atomic_ullong *committed_row;   /* newest row committed, by the store thread */
    const atomic_ullong *omitted; /* alerts that the store thread took out for a record (omission.h); NULL: none ever */
    struct ring *delivered;       /* to the store thread: uint64_t rows */
    const atomic_uint *noting;    /* of those, how many it has taken out and not committed yet; NULL: none ever */
    struct wake *store_wake;
    struct ring *direct; /* from the store thread: struct direct_alert (direct.h), while it cannot commit */
    atomic_ullong *direct_acknowledged_seq; /* to it: the broker has all direct alerts up to this seq; grows */
    const struct uplink_broker *brokers;
    uint8_t broker_count;
    uint32_t return_after_ms; /* for so long an earlier broker must have answered before it is returned to */
    struct ring *asides; /* to main's thread: struct aside_note (asides.h); outlives the link; NULL: none are noted */
    struct uplink_config uplink; /* will, filters and probes filled by deliver */
    struct {
        uint8_t roles;        /* bit per enum command_role that may send; 0: nothing is subscribed to */
        struct ring *out;     /* struct bed_command, to the engine's thread */
        struct ring *replies; /* struct reply, from the store thread */
        struct wake *engine_wake;
    } commands;
    struct ring *resends;         /* struct resend_request, from the store thread; NULL: none come */
    uint32_t publish_interval_ms; /* vitals of a bed */
    uint32_t backlog_rate;        /* alerts of a backlog a second, at most; 0: as the broker acknowledges them */
    /* Writes the health payload; called every 10 s on the deliver thread. */
    size_t (*health)(void *context, int64_t wall_ms, char *out, size_t size);
    void *health_context;
};

struct deliver;

/* The config is copied, what it points at must outlive the deliver; brokers and uplink the link. NULL while the arena measures. */
struct deliver *deliver_make(struct arena *arena, const struct deliver_config *config);
struct wake *deliver_wake(struct deliver *deliver);            /* raised after commits, direct alerts and new views */
enum status deliver_start(struct deliver *deliver) MUST_CHECK; /* STATUS_IO, STATUS_NO_MEMORY */

/* Publishes status offline, disconnects and ends: within 1 s, 2 s when the broker or a name lookup hangs. Its wake may
 * still be raised until deliver_link_close. */
void deliver_stop(struct deliver *deliver);

/* From the return on, while held, it takes no commands, which wait in the uplink: the engine that they are for is about to end. */
void deliver_hold(struct deliver *deliver, bool held);

/* Ends without a word, within 0.2 s: the connection stays as it is, for another deliver over the same link or for this one. What is not
 * acknowledged by then will be sent again. */
void deliver_detach(struct deliver *deliver);

#endif
