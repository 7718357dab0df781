/*
 * commit.h: the store's thread: durable before sent.
 *
 * Takes the engine's records in groups and commits each group in one transaction: the alert in the outbox, its alarm's state, the bed's stay,
 * the gateway's numbers. Only then is the deliver thread woken. Deliveries come back by a ring of rows and are moved to history in the same
 * transactions. Observations are copied into the journal once an interval.
 *
 * When the store cannot be opened or cannot commit, the group is kept and tried again (100 ms to 2 s); after COMMIT_DIRECT_US its alerts
 * are handed once to the deliver thread through the direct ring, as not durable, and are committed later under the same identity, straight into
 * history. Nothing is lost while the group and the record ring have room; a full record ring makes the engine wait.
 */
#ifndef WARDGATE_COMMIT_H
#define WARDGATE_COMMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/flow/board.h"
#include "app/flow/direct.h"
#include "app/flow/payload.h"
#include "app/flow/ring.h"
#include "app/flow/timebase.h"
#include "drivers/store/store.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define COMMIT_GROUP_MAX   256U
#define COMMIT_DIRECT_US   1000000 /* after failing for this long, alerts go out not durable */
#define COMMIT_JOURNAL_MAX 2048U   /* observations in one journal row */

/* Keys and forms of what the store keeps for the engine (store_put_state). */
#define STATE_NUMBERS "numbers" /* struct state_numbers */
#define STATE_CLOCK   "clock"   /* struct state_clock */
#define STATE_BEDS \
    "journal/beds" /* ids of the beds, NUL-ended one after another, in the order of the journal's indices */
#define STATE_BED         "bed/"         /* + bed id: struct bed_snapshot */
#define STATE_MEASUREMENT "measurement/" /* + bed id + "/" + vital: struct observation */

struct state_numbers {
    uint64_t seq, next_id;
};
struct state_clock {
    char boot_id[40];  /* of the kernel */
    int64_t anchor_ms; /* engine time = CLOCK_BOOTTIME + this, in that boot */
    uint8_t synced;
};

/* How the store is doing: written by the store thread, read by all. */
struct store_state {
    atomic_int status;             /* enum status of the newest try */
    atomic_llong failing_since_us; /* CLOCK_BOOTTIME; 0: not failing */
    atomic_ullong commits;
    atomic_uint commit_us; /* the newest commit took this long */
    atomic_bool replaced;  /* a damaged store was set aside since start */
};

/* True when it has been failing for more than a second. */
bool store_state_is_failing(const struct store_state *state, int64_t boot_us);
enum status store_state_status(const struct store_state *state);

struct commit_config {
    struct store_config store;
    const struct engine_config *engine;
    const struct payload_context *payloads;
    const struct timebase *timebase;
    struct board *board;    /* store_alive_us */
    struct ring *records;   /* struct record, from the engine */
    struct ring *journal;   /* struct observation in engine time, from the engine */
    struct ring *delivered; /* uint64_t rows, from the deliver thread */
    struct ring *direct;    /* struct direct_alert, to the deliver thread */
    struct wake *deliver_wake;
    const struct state_clock *clock; /* committed with the first group; set before commit_start */
    uint32_t journal_interval_ms, journal_keep_ms;
};

struct commit {
    struct commit_config config;
    _Atomic(struct store *) store; /* NULL until it is open */
    atomic_ullong committed_row;
    struct store_state state;
    struct wake wake;
    struct thread thread;
    atomic_bool stop;
    struct record *group; /* COMMIT_GROUP_MAX; kept until committed */
    uint32_t group_count, direct_sent;
    struct observation *journal; /* COMMIT_JOURNAL_MAX */
    uint32_t journal_count;
    int64_t journal_due_us, retry_us, retry_wait_us;
};

/* Takes storage and opens the wake (not while the arena measures). The config is copied; what it points at must outlive the thread. */
enum status commit_init(struct commit *commit, struct arena *arena, const struct commit_config *config) MUST_CHECK;

/* `opened` is the store that start-up opened to restore from, or NULL: then the thread keeps trying to open it. It belongs to the commit from now on. */
enum status commit_start(struct commit *commit, struct store *opened) MUST_CHECK;

/* Commits what is in the rings and the last of the journal, closes the store; within 1 s. */
void commit_stop(struct commit *commit);

/* One row of the journal is an array of struct observation: how many it holds, copied out; 0 when it is damaged. */
uint32_t commit_journal_decode(const void *bytes, size_t size, struct observation *out, uint32_t most);

#endif
