/*
 * commit.h: durable before sent: takes the engine's records in groups and has each group committed in one transaction.
 *
 *     engine ──records──► ┌ commit ┐ ──group──► ┌ writer ┐     alert in the outbox, its alarm's state, the bed's stay,
 *     engine ──journal──► │ policy │            │ store  │     the gateway's numbers, rows delivered: all or nothing
 *     deliver ─delivered► └────────┘ ◄──result─ └────────┘
 *          `direct`, when there is no │              │ wake, after
 *          commit                     ▼ deliver      ▼ the commit
 *
 * Two threads, because a disk may hang for seconds inside a sync: the writer alone touches the store (writer.h), the other one keeps time. Only after the
 * commit the writer wakes deliver. When the store cannot be opened, fails, or does not answer, the group is kept and tried again
 * (100 ms to 2 s); once it has gone on for COMMIT_DIRECT_US, or one of them has waited for COMMIT_WAIT_US, its alerts, and those that follow, are handed once to the deliver thread through the
 * direct ring, as not durable, and are committed later under the same identity: straight into history when the deliver thread has told that
 * the broker has them (direct_acknowledged_seq), into the outbox else. Before the first of them goes it is noted outside the store that some did, until all are in it (around.h).
 *
 * The journal goes into its file each COMMIT_BEAT_US, where it survives the program, and is synced each journal_interval, so that it survives a power cut. With
 * each alert is committed what of it is not synced yet, its tail. What of a tail the journal does not have, as the program ended before, is part of the next run's
 * first row, and so of its tails. So windows are never older than the alarms that rest on them, whatever ends the program, and however often.
 *
 * Commands come as records, too: each is committed as a row of the audit log together with what it caused, and then answered (reply.h).
 *
 * Nothing is lost while COMMIT_PENDING_MAX records and the record ring have room. After that, alerts already handed over are given up for the store, and so are
 * commands among them; they are counted, so that the engine never waits for a dead disk.
 */
#ifndef WARDGATE_COMMIT_H
#define WARDGATE_COMMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/flow/around.h"
#include "app/flow/bed_numbers.h"
#include "app/flow/board.h"
#include "app/flow/commit_clock.h"
#include "app/flow/commit_journal.h"
#include "app/flow/direct.h"
#include "app/flow/epochs.h"
#include "app/flow/payload.h"
#include "app/flow/reply.h"
#include "app/flow/resend.h"
#include "app/flow/ring.h"
#include "app/flow/score_names.h"
#include "app/flow/timebase.h"
#include "app/flow/trend_keeper.h"
#include "app/flow/writer.h"
#include "drivers/store/store.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define COMMIT_PENDING_MAX 1024U   /* records waiting to be committed */
#define COMMIT_DIRECT_US   1000000 /* after failing for this long, alerts go out not durable */
#define COMMIT_WAIT_US     1500000 /* and one that has waited for this long: for a slow commit, and then for its own */
#define COMMIT_BEAT_US     1000000
#define COMMIT_NOTE_SLOTS  8U /* rows for the audit log that are no commands */

/* Rows delivered wait for one another, as many or as long: who pushes them raises the wake for the first one in the ring, and
 * whenever there are so many more. What a power cut catches waiting is sent again, under its name. */
#define COMMIT_DELIVERED_MANY    1024U
#define COMMIT_DELIVERED_WAIT_US 200000

/* Keys and forms of what the store keeps for the engine (store_put_state). */
#define STATE_NUMBERS "numbers"      /* struct state_numbers */
#define STATE_CLOCK   "clock"        /* struct state_clock */
#define STATE_BEDS    "journal/beds" /* struct bed_numbers' text: the beds of the journal's numbers */
#define STATE_SCORES  "scores"       /* struct score_names */
#define STATE_EPOCHS  "epochs"       /* struct epochs */
#define STATE_BED     "bed/"         /* + bed id: struct bed_snapshot */
#define STATE_MEASUREMENT \
    "measurement/" /* + bed id + "/" + vital: struct observation, the newest of an episodic vital */
#define STATE_ENTRIES \
    "entries/" /* + bed id + "/" + vital: struct entries_snapshot, what is kept of a vital that people enter */
#define STATE_ADMISSIONS   "admissions"   /* struct admissions */
#define STATE_STAFF        "staff"        /* struct staffing_told */
#define STATE_AUDITED      "audited"      /* struct state_audited */
#define STATE_CLOCK_RECORD "clock/record" /* struct clock_record */
#define STATE_CLOCK_BRIDGE "clock/bridge" /* struct clock_bridge */
#define STATE_TAIL         "tail" /* struct state_tail; its bytes under + "/" + number, STORE_PIECE_MAX each and a rest */

struct state_numbers {
    uint64_t seq, next_id;
};
/* Up to which the audit log is durable: instants of CLOCK_BOOTTIME in that boot, of commands and of notes. */
struct state_audited {
    char boot_id[40];
    int64_t command_us, note_us;
};
/* Of the journal, all from its last sync up to the newest alert that is committed: so that windows are never older than what alarms rest on. */
struct state_tail {
    uint32_t size;
};
struct state_clock {
    char boot_id[40];  /* of the kernel */
    int64_t anchor_ms; /* engine time = CLOCK_BOOTTIME + this, in that boot */
    uint8_t synced;
    int64_t
        unbroken_from_ms; /* engine time: nobody knows how long the break before it was. Stores from before it end here */
};

/* How the store is doing: written by commit's threads, read by all. */
struct store_state {
    atomic_int status;             /* enum status of the newest try */
    atomic_llong failing_since_us; /* CLOCK_BOOTTIME: begin of the oldest try since the last that succeeded; 0: none */
    atomic_ullong failures[STATUS_COUNT]; /* tries that failed, by why */
    atomic_ullong commits;
    atomic_uint commit_us;                 /* the newest commit took this long */
    atomic_uint replaced;                  /* how often a damaged store was set aside since start */
    atomic_uint noting;                    /* rows that left the ring of delivered ones and are not committed yet */
    atomic_ullong unstored;                /* alerts that were only ever sent not durable */
    atomic_ullong omitted;                 /* alerts that a full outbox gave up, which a record stands for */
    atomic_ullong unaudited;               /* commands that are in no audit log */
    atomic_ullong direct_acknowledged_seq; /* by the deliver thread: the broker has all direct alerts up to this seq */
};

/* True when it has been failing, or has not answered, for COMMIT_DIRECT_US. */
bool store_state_is_failing(const struct store_state *state, int64_t boot_us);
/* Why; STATUS_TIMEOUT while a first try does not come back. */
enum status store_state_status(const struct store_state *state);

struct commit_config {
    struct store_config store;
    const struct engine_config *engine;
    const struct bed_numbers *beds;   /* the journal's; constant from commit_start on */
    const uint16_t *bed_numbers;      /* of each bed */
    const struct score_names *scores; /* ever published; constant from commit_start on; NULL: they are not kept */
    const struct payload_context *
        payloads; /* its epoch is the one that the gateway runs under; a store of the newest of epochs_before takes it on */
    struct around *around; /* NULL: nothing is noted */
    const struct timebase *timebase;
    struct board *board;    /* store_alive_us, journal_dropped */
    struct ring *records;   /* struct record, from the engine */
    struct ring *journal;   /* struct observation in engine time, from the engine */
    struct ring *delivered; /* uint64_t rows, from the deliver thread */
    struct ring *direct;    /* struct direct_alert, to the deliver thread */
    struct wake *deliver_wake;
    struct ring *replies[ORIGIN_COUNT]; /* struct reply, to who sent the command; a full one loses the reply */
    struct wake *reply_wakes[ORIGIN_COUNT];
    struct ring *resends;                  /* struct resend_request, to the deliver thread; NULL: there is none */
    const struct state_clock *clock;       /* committed with the first group; set before commit_start */
    struct clock_record *clock_record;     /* begun before commit_start, then its thread's; NULL: none is kept */
    struct clock_bridge *clock_bridge;     /* the same; only beside a record */
    struct clock_hardware *clock_hardware; /* with that */
    struct trend_keeper *trends;           /* NULL: there are none */
    uint32_t journal_interval_ms;          /* from sync to sync */
    int64_t history_keep_ms;               /* 0: as long as there is room */
};

struct commit {
    struct commit_config config;
    _Atomic(struct store *) store; /* NULL until it is open */
    atomic_ullong committed_row;   /* newest row that is durable */
    struct store_state state;
    struct wake wake; /* raised by producers of the rings, and by the writer */
    struct thread thread;
    atomic_bool stop;
    struct writer writer;
    struct pending_record *pending; /* COMMIT_PENDING_MAX; the first ones may be with the writer */
    uint64_t *delivered;            /* COMMIT_DELIVERED_MAX likewise */
    uint32_t pending_count, delivered_count;
    uint32_t handed;                 /* of the pending ones, the first so many were handed over directly */
    bool gave_up;                    /* something that was handed over will never be in the store */
    struct commit_journal *journals; /* two: one is being filled, the other is empty or with the writer */
    unsigned filling;
    size_t journal_put;                              /* bytes of the one that is being filled that are in the file */
    int64_t journal_due_us, retry_us, retry_wait_us; /* of its sync; the latter 0: the newest try went well */
    int64_t beat_due_us;                             /* the journal goes into its file, and the trends are looked at */
    int64_t delivered_due_us;   /* the rows in the ring of those delivered have waited long enough; 0: there are none */
    int64_t taken_us;           /* of the newest record or note */
    struct direct_alert direct; /* being made */
    struct commit_clock clock;
    struct ring notes;      /* struct audit_note, from commit_note */
    struct audit_note note; /* the one to be committed, if has_note */
    bool has_note;
    unsigned notes_given;   /* of the thread that gives them */
    atomic_uint notes_done; /* of them, committed */
};

/* Takes storage; leaves the wakes as they are, so that a commit that is made anew needs no descriptor. The config is copied; what it points at must
 * outlive the threads. */
void commit_init(struct commit *commit, struct arena *arena, const struct commit_config *config);
enum status commit_open(struct commit *commit)
    MUST_CHECK; /* once: opens the wakes; commit_fini closes them in any case */

/* `opened` is the store that start-up opened to restore from, or NULL: then it is tried to be opened for ever. It belongs to the commit from now on,
 * if that could start. */
enum status commit_start(struct commit *commit, struct store *opened) MUST_CHECK;

/* Commits what is in the rings and the last of the journal, closes the store; within 1 s. False when the disk has not come back from a write: then one
 * thread is still in there, and the program must end by _exit, giving nothing back. */
bool commit_stop(struct commit *commit);

/* Commits all of that, ends the threads and gives the store back, open. False when that cannot be done within 1 s: the disk does not commit. Then
 * commit_resume goes on with what there is. */
bool commit_detach(struct commit *commit, struct store **out) MUST_CHECK;
enum status commit_resume(struct commit *commit) MUST_CHECK;

/* After commit_detach: closes the wakes. */
void commit_fini(struct commit *commit);

/* Before it starts: counts go on from those of the commit before. */
void commit_continue(struct commit *commit, const struct commit *before);

/* One row for the audit log that is no command (a start, a reload): a JSON object of at most STORE_AUDIT_MAX bytes. One thread: main's. False: too many
 * wait already. */
bool commit_note(struct commit *commit, const char *json, size_t length) MUST_CHECK;
bool commit_has_noted(const struct commit *commit); /* all of them are durable; the same thread */

/* The parts of commit_start and of its thread, for tests that keep time themselves: one round; when the next is due at the latest. */
void commit_adopt_store(struct commit *commit, struct store *opened, int64_t now_us);
int64_t commit_step(struct commit *commit, int64_t now_us);

#endif
