/*
 * recorder.h: writes all that goes into the engine to a file, so that it can be replayed (`wardgate run --record`).
 *
 * A witness of the engine (app/engine/input.h) puts what it sees into a ring, and never waits: what does not fit is counted, and the recording
 * says how much is missing where. (Only while the engine is restored, before it runs, it waits up to RECORDER_PATIENCE_US for room.) A thread
 * makes lines of it (input_line.h) and writes them. Now and then it writes how many records there have been and their digest, so that a replay
 * can tell whether it makes the same ones. It stops, and says so once, when the file cannot be written or has grown to its bound;
 * the gateway goes on without. A recording is of one engine: after a reload another file goes on, its next part (NAME.2, NAME.3 ...), for the new one.
 *
 * The file has vital signs in it and who gave commands: it is for its owner alone (mode 0600).
 */
#ifndef WARDGATE_RECORDER_H
#define WARDGATE_RECORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/input.h"
#include "app/engine/status.h"
#include "app/flow/input_line.h"
#include "app/flow/ring.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define RECORDER_SLOTS       16384U /* 32 bytes each: 16 s of 64 beds, should the disk hang */
#define RECORDER_BYTES_MAX   (INT64_C(4) << 30)
#define RECORDER_PATIENCE_US 5000000
#define RECORDER_BUFFER      65536U
#define RECORDER_NAME_MAX    1024

struct recorder {
    struct engine_witness witness; /* first */
    const struct engine_config *config;
    const struct engine *engine;
    char name[RECORDER_NAME_MAX];
    int fd; /* -1: nothing is recorded */
    struct ring ring;
    struct wake wake;
    struct thread thread;
    atomic_bool stop;

    /* any thread: for health */
    atomic_bool runs;   /* what goes in is being written */
    atomic_uint part;   /* the newest one begun, from 1 on */
    atomic_ullong lost; /* inputs that are missing, in all parts */

    /* the engine's thread */
    uint64_t records, digest, dropped;
    uint32_t since_check;
    bool begun, retired; /* it runs; it takes nothing any more */
    int64_t patience_us; /* what is left of it */

    /* the writing thread's */
    atomic_bool failed;
    char *buffer;
    size_t length;                                     /* in the buffer */
    int64_t written;                                   /* bytes in the file, whole lines */
    struct observation group[INPUT_LINE_OBSERVATIONS]; /* of one line */
    unsigned group_count;
    bool group_stepped;
};

/* Takes storage. */
void recorder_init(struct recorder *recorder, struct arena *arena);

/* Why a part ends: the gateway does, or a reload gives it another engine. */
enum recorder_end { RECORDER_STOPS, RECORDER_RELOADS };

/* The next part: NAME, then NAME.2 ... Each must be a new file. STATUS_IO: it cannot be made, already told. */
enum status recorder_open(struct recorder *recorder, const char *name) MUST_CHECK;

/* From now on it witnesses that engine, which has taken nothing yet and outlives the recording, as config does. */
enum status recorder_start(struct recorder *recorder, struct engine *engine, const struct engine_config *config,
                           const struct input_head *head) MUST_CHECK;

/* While the engine stands still: writes what is left and closes the file. Does nothing when none is open. */
void recorder_stop(struct recorder *recorder, enum recorder_end why);

/* Its thread, for tests that let the disk hang. */
void *recorder_run(void *argument);

#endif
