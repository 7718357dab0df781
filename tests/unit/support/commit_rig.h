/*
 * commit_rig.h: a commit (app/flow/commit.h) over a real store in a temporary folder, between rings that a test fills and empties.
 *
 * Two beds, one rule, one episodic vital. Either the test keeps time and does both threads' work itself (commit_rig_round), or it starts the threads.
 */
#ifndef WARDGATE_TESTS_COMMIT_RIG_H
#define WARDGATE_TESTS_COMMIT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/flow/commit.h"
#include "tests/unit/support/store_folder.h"

#define RIG_BEDS          2
#define RIG_ANCHOR_MS     INT64_C(1700000000000)
#define RIG_RECORD_SLOTS  2048
#define RIG_DIRECT_SLOTS  32
#define RIG_REPLY_SLOTS   8
#define RIG_JOURNAL_SLOTS 8192
#define RIG_SEEN_MAX      4096

struct commit_rig {
    struct store_folder folder;
    struct bed_config beds[RIG_BEDS];
    struct engine_config engine;
    struct bed_numbers numbers; /* commit_rig_make adds the beds that are not there */
    uint16_t bed_numbers[RIG_BEDS];
    struct payload_context payloads;
    char epoch[STORE_EPOCH_MAX]; /* the store's; another when it is not open */
    struct epochs epochs_before;
    struct around *around; /* set before commit_rig_make */
    struct timebase timebase;
    struct state_clock clock;
    struct board board;
    struct ring records, journal, delivered, direct, resends, replies[ORIGIN_COUNT];
    struct wake deliver_wake;
    struct trend_keeper trends;
    bool keeps_trends; /* these set before commit_rig_make */
    bool keeps_clock;
    int64_t history_keep_ms;
    struct clock_record clock_record;
    struct clock_bridge clock_bridge; /* with that */
    struct clock_hardware clock_hardware;
    struct commit commit;
    void *memory;
    int64_t now_us;
    uint64_t seq, bed_seq[RIG_BEDS]; /* of the newest alert made */
    bool of_command, clock_synced;   /* of the alerts that are made */
};

extern struct commit_rig commit_rig; /* one at a time */

/* What was read back from outbox or history. */
struct commit_rig_rows {
    uint32_t count;
    uint64_t row[RIG_SEEN_MAX], seq[RIG_SEEN_MAX];
    uint16_t flags[RIG_SEEN_MAX];
};

int commit_rig_setup(void **state);
int commit_rig_teardown(void **state);

/* Makes the commit; the store of its folder is opened when `open`, and is another one in the place of one that was set aside when `is_replaced`. */
void commit_rig_make(bool open);
void commit_rig_make_as(bool open, bool is_replaced);
/* Stops and gives back what commit_rig_make made, threads too, however long those take on a busy machine; the folder stays. The disk hangs no more. */
void commit_rig_unmake(void);

/* The store that is open goes to the threads. */
void commit_rig_start(void);
/* commit_detach and commit_stop with more patience than theirs, as on a busy machine a reload has it. */
void commit_rig_detach(struct store **out);
void commit_rig_stop(void);

/* Pushes the bed's next alert (or the gateway's, BED_NONE) into the ring of records. */
void commit_rig_alert(uint16_t bed, enum alarm_phase phase);
/* Pushes the start of an alarm of b01 under a name of its own, which stays active: nothing of it may be given up for room. */
void commit_rig_active(unsigned number);
/* Pushes what the engine says of a command at this bed (or BED_NONE); its id is "c<number>", and the patient in the bed 7. */
void commit_rig_command(uint16_t bed, unsigned number, enum command_verdict verdict, enum command_origin origin);
void commit_rig_measurement(uint16_t bed, enum vital vital, int32_t value_milli);

/* One round of both threads' work, `later_us` after the last one; then a second one of commit's, which takes the result. */
void commit_rig_round(int64_t later_us);

struct store *commit_rig_store(void);
void commit_rig_outbox(struct commit_rig_rows *out);
void commit_rig_history(struct commit_rig_rows *out);
bool commit_rig_woken(void); /* the deliver thread would have been, since last asked */
bool commit_rig_pop_reply(enum command_origin origin, struct reply *out);
bool commit_rig_pop_direct(struct direct_alert *out);
uint32_t commit_rig_alarms(uint32_t *out_ended);

#endif
