/*
 * state.h: what a backup has of a store, as lines of JSON: the present of the ward, and the alerts that wait for the broker.
 *
 *     {"kind":"state","key":"bed/b01","bytes":"<hex>"}                          stays, limits, pauses, away, identities: as the engine keeps them
 *     {"kind":"alarm","bed":"b01","alarm":"spo2_low","priority":2,"ended":false,"alert":"{...}","bytes":"<hex>"}
 *     {"kind":"alert","bed":"b01","alarm":"spo2_low","seq":4711,"flags":4,"committed_ms":1790000000000,"alert":"{...}"}
 *
 * States and alarms are of one instant; of the alerts that waited then, those that still do when they come to be read. Not in it: history, the audit log,
 * trends, the journal of observations (windows begin empty), the epoch and the clock: who goes on from it is somebody else, at another time.
 *
 * `bytes` are the forms of the store's schema, on a machine of little end first: a reader knows each by its size, or refuses.
 */
#ifndef WARDGATE_STATE_H
#define WARDGATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/backup/archive.h"
#include "app/backup/json_lines.h"
#include "app/engine/engine.h"
#include "drivers/store/store.h"

#define STATE_LINES_MAX (64UL << 20) /* alerts beyond that are left out, and counted */

struct state_summary {
    char epoch[STORE_EPOCH_MAX];                           /* as saved; empty when read */
    int64_t engine_ms;                                     /* the engine's time then, as saved */
    uint32_t beds, stays, limits, pauses, alarms, waiting; /* limits: set by command; alarms: that are open */
    uint32_t left_out;
};

/* CORRUPT: not all of it could be read; the rest is there. */
enum status state_save(struct store *store, int64_t wall_ms, struct json_lines *out,
                       struct state_summary *summary) MUST_CHECK;

/* What a person has to know of a bed whose state would go on; or, `bed` "", of the gateway itself. */
struct state_bed {
    const char *bed;
    bool has_stay;
    unsigned limits, pauses;
};
typedef void state_visit(void *context, const struct state_bed *bed);

/* Whether all of it can be read. False: `why`. */
bool state_check(const unsigned char *lines, size_t size, state_visit *visit, void *context, struct state_summary *out,
                 char why[ARCHIVE_WHY_MAX]) MUST_CHECK;

/* Into a new store, of lines that state_check has looked at. keeps_stays: false: every bed is vacant, nothing set by command goes on, and alarms have ended. */
enum status state_put(const unsigned char *lines, size_t size, bool keeps_stays, int64_t engine_ms,
                      struct store *store) MUST_CHECK;

#endif
