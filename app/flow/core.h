/*
 * core.h: the engine's thread: takes observations out of the runners' rings, steps the engine, and passes its records on.
 *
 * It takes an observation only when the record ring has room for the most records that a step can cause; otherwise observations wait in
 * their rings, so that overflow never loses an alarm. The rings are merged in order of time, however much waits in each; an alarm of a
 * monitor's own comes after the observations of its instant.
 *
 * Order costs no time: a runner says from which instant on it may still put something (floor_us), and as a rule that is now. Only while another runner is in
 * the middle of a step that began before it an observation waits for that, ORDER_LIVE_MS at most; a runner that hangs is waited for once. What comes all the
 * same from before the engine's present is taken as of now if that is a matter of ORDER_LIVE_MS; if it is older, values are not used and counted as `late`,
 * while signals and marks, which say how it is, are still taken.
 *
 * Copies of observations go to the journal ring; a full journal loses only the journal.
 *
 * Commands come behind what has arrived before them, one a step, each only when there is room for its records, too.
 */
#ifndef WARDGATE_CORE_H
#define WARDGATE_CORE_H

#include <stdatomic.h>

#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/flow/acquire.h"
#include "app/flow/board.h"
#include "app/flow/reply.h"
#include "app/flow/ring.h"
#include "app/flow/timebase.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define CORE_BATCH_MAX     512U   /* observations in one pass */
#define CORE_INTAKE_SLOTS  32U    /* taken out of a runner's ring at once */
#define CORE_IDLE_US       500000 /* it looks at the gateway's own conditions at least this often */
#define CORE_JOURNAL_BATCH 32U    /* go into the journal ring at once */
#define CORE_COMMAND_SLOTS 16U    /* of each ring of commands */

struct core;

/* What the gateway knows of itself, asked on the engine's thread every CORE_IDLE_US; calls engine_condition. */
typedef void core_conditions(void *context, struct engine *engine, int64_t engine_ms, int64_t boot_us);

struct core_config {
    struct engine *engine;
    struct runner *const *runners;
    uint16_t runner_count, bed_count;
    struct wake *wake; /* runners raise it, and who sends commands; it outlives the core */
    const struct timebase *timebase;
    struct ring *commands[ORIGIN_COUNT]; /* struct bed_command; NULL: none come from there */
    struct ring *records;                /* to the store thread: struct record */
    struct ring *journal;                /* to the store thread: struct observation */
    struct wake *store_wake, *deliver_wake;
    struct board *board;
    core_conditions *conditions;
    void *conditions_context;
};

/* What was taken out of one runner's rings and is still to be merged. */
struct core_intake {
    struct observation taken[CORE_INTAKE_SLOTS];
    uint32_t next, count;
    struct monitor_alarm alarm;
    bool has_alarm;
    int64_t given_up_us; /* the floor at which its runner hung: it is not waited for while it has no other */
};

struct core {
    struct record_sink sink; /* first; pushes into the record ring */
    struct core_config config;
    struct ring *records;
    struct core_intake *intakes; /* one a runner */
    struct thread thread;
    atomic_bool stop;
    struct observation journal[CORE_JOURNAL_BATCH]; /* for its ring, of the pass under way */
    uint32_t journal_count;
    uint64_t emitted;
    int64_t horizon_us; /* CLOCK_BOOTTIME: what is older is in the rings, or comes too late */
    bool waits;         /* what is oldest of this pass, for a runner */
    int64_t held_us;    /* since when something waits for a runner; 0: nothing does */
};

/* Slots that the record ring needs: what one step can cause beside what waits for the store, as a power of two. */
uint32_t core_record_slots(uint32_t records_max);

/* Takes storage. */
void core_init(struct core *core, struct arena *arena, const struct core_config *config);
enum status core_start(struct core *core) MUST_CHECK;

/* Ends after what is in the rings has been taken, as far as there is room for its records; it may be started again. */
void core_stop(struct core *core);

/* After core_stop: it or its engine holds something that there was no room for, or a command waits. Nobody else can go on with that. */
bool core_has_left(const struct core *core);

/* Before core_start: what its engine, which has begun, has to say at once is in the ring of records, as far as that has room. */
void core_announce(struct core *core);

/* After core_stop, nothing being left: has the engine end what `next` does not have any more, and tells the instant that it has come to, at which another
 * may go on. False: the records so far have filled the ring, it is to be called again when they have been taken. */
bool core_retire(struct core *core, const struct engine_config *next, int64_t *out_ms);

#endif
