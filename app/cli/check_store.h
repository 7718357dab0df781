/*
 * check_store.h: what `wardgate check` says of the store: room on the disk, and what is written to it in a day and so how long it lasts.
 *
 * An estimate, from what was measured with this store on ext4 (bytes that the system counted as written by the process; tests/bench/bench_wear.c): a minute
 * of trends is a commit of 34 KiB whatever is in it (LMDB's pages, its list of free ones), and its payload goes into it so many times as the constant says; the
 * journal writes what it says (commit_journal.h), in whole blocks. What the file system writes for itself is not in it. Pure but for stdout.
 */
#ifndef WARDGATE_CHECK_STORE_H
#define WARDGATE_CHECK_STORE_H

#include <stdint.h>

#include "app/plan.h"

#define WEAR_COMMIT_BYTES   34816U
#define WEAR_TRENDS_PERCENT 460U    /* of the rows' bytes */
#define WEAR_VALUE_TENTHS   25U     /* of a byte of the journal, a value takes */
#define WEAR_HEARD_TENTHS   80U     /* and that a monitor was heard */
#define WEAR_PUT_BYTES      48U     /* and a second, whatever comes in it */
#define WEAR_SYNC_SECTORS   7U      /* of blocks of eight that are not full, at both ends together */
#define WEAR_ALERT_BYTES    110000U /* with its delivery, each in a commit of its own, and the journal's tail */
#define WEAR_ALERTS_A_DAY   30U     /* of a bed: ten alarms that start, change once and end */

struct store_wear {
    uint64_t journal_bytes, trends_bytes, alert_bytes; /* a day */
};
#define OUTBOX_ALERT_BYTES 900U /* that an alert takes in the map, with its share of pages that are not full */

/* How many alerts are kept while no broker is there, and how many days those of WEAR_ALERTS_A_DAY last. */
struct store_outage {
    uint64_t alerts, days;
};
void check_store_outage(const struct plan *plan, struct store_outage *out);
void check_store_wear(const struct plan *plan, struct store_wear *out);

void check_store(const struct plan *plan);

#endif
