/*
 * omission.h: the policy for weeks without a broker: a full outbox gives up what people miss least, and says what that was.
 *
 * Once history has given way and the map is more than store_is_crowded full, each group that is committed first takes some of the oldest alerts out of the outbox:
 * of low priority or none, then of medium, then of high. Never the newest of an alarm that is active: what it says is the present. Their record
 * (omitted.h) is put in the same transaction, so that each alert is in the outbox or in a record, whatever happens. A record is of one epoch, and names it: those
 * of a store that was opened late have numbers of their own. States without an alert (STORE_ALERT_FOLDED), which every connection shows anyhow, go without one.
 *
 * How it looks for them: row by row, with a place of its own for each priority, OMISSION_LOOK_ROWS a group and priority at most; what was passed over as
 * active is looked at again after OMISSION_AGAIN_ROWS new rows, beside the next priority. Private to app/flow/writer*.c. Thread: the writer's. Its memory is the writer's; nothing is kept over a restart: a new
 * record begins.
 */
#ifndef WARDGATE_OMISSION_H
#define WARDGATE_OMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "app/flow/omitted.h"
#include "app/flow/payload.h"
#include "drivers/store/store.h"

#define OMISSION_ROWS_MAX   256U
#define OMISSION_ROWS_LEAST 32U
#define OMISSION_LOOK_ROWS  8192U
#define OMISSION_AGAIN_ROWS 1024U

enum { OMISSION_STAGES = 3 }; /* low and none, medium, high */

struct omission {
    struct omission_place {
        uint64_t after; /* rows up to here were looked at */
        uint64_t begun; /* the newest row when it last began with the first */
        bool is_again;  /* all of them were looked at before */
    } places[OMISSION_STAGES], places_before[OMISSION_STAGES];
    struct omitted open;         /* the record that may grow */
    uint64_t open_row;           /* 0: none */
    char epoch[STORE_EPOCH_MAX]; /* of open and grown */
    /* what the next group is to do */
    struct omitted grown;
    uint64_t grown_row;
    bool is_full; /* another alert would not fit into it */
    uint64_t rows[OMISSION_ROWS_MAX];
    uint32_t row_count, rows_most, looked;
};

/* What the next transaction is to give up; outside of one. What cannot be read stays. */
void omission_look(struct omission *omission, struct store *store, const struct payload_context *context);

/* In the transaction, before anything that needs room. seq: the newest alert's. */
enum status omission_put(struct omission *omission, struct store *store, const struct payload_context *context,
                         uint64_t seq, char *json, size_t size) MUST_CHECK;

/* The row of a record; its text is made in json, of STORE_VALUE_MAX bytes. */
struct store_alert omission_record(const struct payload_context *context, const struct omitted *omitted, uint64_t seq,
                                   char *json, size_t size);

/* It was committed: how many alerts were given up. */
uint64_t omission_done(struct omission *omission);

/* It was not, or nobody knows: another record begins. */
void omission_forget(struct omission *omission);

/* A row was delivered: it grows no more. */
void omission_delivered(struct omission *omission, uint64_t row);

#endif
