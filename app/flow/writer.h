/*
 * writer.h: the thread that touches the store, and what it is given: one batch at a time (commit.h).
 *
 *     IDLE ──writer_give──► GIVEN ──writer_step──► DONE ──writer_take──► IDLE
 *      └──── commit's thread ────┘  writer's thread  └── commit's thread ──┘
 *
 * Whoever's turn it is owns the batch and what it points at. The records of a batch are read only: commit's thread may read them meanwhile.
 */
#ifndef WARDGATE_WRITER_H
#define WARDGATE_WRITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/flow/board.h"
#include "app/flow/clock_bridge.h"
#include "app/flow/clock_record.h"
#include "app/flow/commit_journal.h"
#include "app/flow/lost.h"
#include "app/flow/omission.h"
#include "app/flow/timebase.h"
#include "app/flow/trend_keeper.h"
#include "app/flow/writer_admissions.h"
#include "app/flow/writer_staff.h"
#include "drivers/store/store.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define COMMIT_GROUP_MAX     256U  /* records of one transaction */
#define COMMIT_DELIVERED_MAX 2048U /* deliveries, each a number that leaves a list */

struct commit_config;

/* Engine time is turned into wall time once, so that every rendering of an alert is the same. */
struct pending_record {
    struct record record;
    int64_t correction_ms; /* wall time - engine time */
    int64_t taken_us;      /* CLOCK_BOOTTIME; no two are the same, later ones are larger */
};

/* When it happened, as people read it. */
int64_t pending_wall_ms(const struct pending_record *pending, const struct timebase *timebase);

/* What is to be done for the trends: look behind everything else, or write, and nothing else. */
enum batch_trends { BATCH_NO_TRENDS, BATCH_LOOKS, BATCH_WRITES_TRENDS };

/* What becomes of the journal behind the group: nothing, what is new of the row is put into the file, or that and a sync: then the row is done. */
enum batch_journal { BATCH_NO_JOURNAL, BATCH_PUTS_JOURNAL, BATCH_SYNCS_JOURNAL };

/* A row for the audit log that is no command. */
struct audit_note {
    int64_t wall_ms, taken_us;
    uint32_t length;
    char json[STORE_AUDIT_MAX];
};

struct batch {
    /* given */
    const struct pending_record *records;
    const uint64_t *delivered;
    const struct commit_journal *journal; /* of its bytes, the writer may read the first journal_size */
    size_t journal_size, journal_from;    /* those from the latter on are not in the journal's file yet */
    enum batch_journal journal_goes;
    const struct audit_note *note;           /* NULL: none */
    const struct clock_record *clock_record; /* NULL: none is kept */
    const struct clock_bridge *clock_bridge; /* NULL: none is kept */
    bool clock_is_due;                       /* one of them has changed */
    bool closes_bridge;                      /* if all records are put */
    bool forgets;                            /* the clock may say what of history is too old */
    enum batch_trends trends;
    uint32_t record_count, delivered_count;
    int64_t journal_at_ms;
    uint64_t acknowledged_seq; /* alerts up to this one are at the broker already */
    bool again;                /* the group was tried before: some of it may be there after all */
    /* done */
    enum status status, journal_status;
    uint32_t records_done, delivered_done;
    bool note_done, bridge_is_closed;
    uint64_t row_before, row; /* newest row in the store, before the group and behind it */
    uint32_t took_us;
};

enum writer_turn { WRITER_IDLE, WRITER_GIVEN, WRITER_DONE };

struct known_bed {
    bool known;
    struct bed_snapshot snapshot;
};

/* Whether the store's list says what the journal's numbers mean: not known; to be put, what the journal held being gone or of the same beds; it does. */
enum writer_beds { BEDS_UNKNOWN, BEDS_TO_PUT, BEDS_AGREE };

struct writer {
    const struct commit_config *config;
    _Atomic(struct store *) *store; /* opened by the writer when it is NULL */
    atomic_uint *replaced;
    atomic_ullong *omitted;       /* commit's */
    atomic_ullong *committed_row; /* commit's */
    struct wake *done_wake;
    struct wake wake;
    struct thread thread;
    atomic_bool stop;
    atomic_int turn;     /* enum writer_turn */
    atomic_uint durable; /* of the batch's records, while it has it: the journal behind them may take its time */
    struct batch batch;
    /* what a new store would have to be told again: it may replace a damaged one at any time */
    struct known_bed *beds;
    uint64_t seq, next_id, stored_seq, stored_next_id; /* as they were put; as they are durable */
    bool store_is_known, clock_is_put;
    bool has_ours;              /* the store was ours, when that was last asked */
    bool was_replaced;          /* in this group */
    bool is_older;              /* the store is one from before, and is to be told what is known */
    enum writer_beds beds_turn; /* of the list of the journal's beds */
    struct writer_admissions admissions;
    struct writer_staff staff;
    struct omission omission;
    struct lost lost;
    int64_t command_us, note_us; /* newest that was put into the audit log */
    bool audit_grew;             /* in this group */
    char *beds_found;
    char json[STORE_VALUE_MAX];
};

/* Leaves its wake as it is. */
void writer_init(struct writer *writer, struct arena *arena, const struct commit_config *config);
enum status writer_start(struct writer *writer) MUST_CHECK; /* does nothing while it runs */

/* Ends the thread when it is idle; false when it is still in a batch. */
bool writer_stop(struct writer *writer);

/* What the local alarm, and lost.h, are to know of the outbox of a store that has just been opened: what is added from then on they hear. Before
 * writer_start, or the writer's thread. */
void writer_find_waiting(struct writer *writer, struct store *store);

/* Whether the numbers of what the journal of this store holds, and its tail, mean our beds. Before writer_start. */
bool writer_journal_goes_on(struct writer *writer, struct store *store);

bool writer_is_idle(const struct writer *writer);

/* How many of these records may be one transaction: without those at the end whose command's own record is not among them. */
uint32_t records_whole(const struct pending_record *records, uint32_t count);
void writer_give(struct writer *writer);
bool writer_take(struct writer *writer); /* true once: the batch is done */
bool writer_step(struct writer *writer); /* writer's thread: does the batch that is given, if one is */

#endif
