/*
 * trends.h: a row a minute for every bed (of each vital: how often, lowest, mean, highest), for a configured time in fixed space. Its loss is harmless.
 *
 * An LMDB environment of its own, `minutes`, beside those of store.h and independent of them: another transaction, another lock. Rows are kept
 * in order of minutes; with each minute that comes the oldest go, and more when the map fills up. A damaged one, or one of another form, is set aside under a
 * new name (one of these is kept) and begun anew.
 *
 * Threads: one writes (open ... close); it must not while another process of ours does (the store's lock is taken first). Whoever only reads may be another process;
 * its transactions end with the call. A visit must not wait for anybody.
 * Minutes count from 1970 by the wall clock. Values in thousandths of the vital's unit. Vitals are numbers of vital.h.
 * Errors as in store.h.
 */
#ifndef WARDGATE_TRENDS_H
#define WARDGATE_TRENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "app/engine/vital.h"

#define TRENDS_BED_MAX   40 /* bytes of a bed's id */
#define TRENDS_MINUTE_MS 60000

struct trends;

struct trends_entry {
    uint8_t vital;
    uint16_t count;
    int32_t min_milli, mean_milli, max_milli;
};

struct trends_row {
    const char *bed;
    uint64_t stay;
    unsigned count;
    struct trends_entry entries[VITAL_COUNT];
};

struct trends_config {
    const char *path;   /* the store's folder; the map lies in it under `minutes` */
    uint64_t bytes;     /* of the map, reserved on the disk; trends_bytes */
    uint32_t minutes;   /* kept */
    uint32_t rows_most; /* a transaction */
};

/* What a map must hold for so many minutes of beds with so many vitals together: worst case and headroom. */
uint64_t trends_bytes(unsigned beds, unsigned vitals, uint32_t minutes);
uint64_t trends_minute_bytes(unsigned beds, unsigned vitals); /* the rows of one minute by themselves */

/* STATUS_CORRUPT: what was there is set aside, and *out is open and new. On any other failure *out is NULL. */
enum status trends_open(const struct trends_config *config, struct trends **out) MUST_CHECK;
void trends_close(struct trends *trends); /* NULL is allowed */

/* Rows of one minute in one transaction, or in several: any failure of a put ends it. A row that is there already (the gateway was started again in that minute) and of the same stay
 * is joined with the new one. Rows of later minutes go: the clock was set back. */
enum status trends_begin(struct trends *trends, int64_t minute) MUST_CHECK;
enum status trends_put(struct trends *trends, const struct trends_row *row) MUST_CHECK;
enum status trends_commit(struct trends *trends) MUST_CHECK;

/* For another process. NOT_FOUND: there are none. */
enum status trends_open_to_read(const char *path, struct trends **out) MUST_CHECK;
/* The first and the last minute there is; NOT_FOUND: none. */
enum status trends_span(struct trends *trends, int64_t *out_first, int64_t *out_last) MUST_CHECK;
/* The first minute >= from that has rows of any bed; NOT_FOUND: there is none. */
enum status trends_next(struct trends *trends, int64_t from, int64_t *out) MUST_CHECK;
/* The bed's rows of minutes from <= minute < until, in order; rows that cannot be read are passed over. The row is valid during the visit. */
typedef void trends_visit(void *context, int64_t minute, const struct trends_row *row);
enum status trends_each(struct trends *trends, const char *bed, int64_t from, int64_t until, trends_visit *visit,
                        void *context) MUST_CHECK;

#endif
