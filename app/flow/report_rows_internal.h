/*
 * report_rows_internal.h: what the files that write rows share. Private to app/flow/report_rows*.c.
 */
#ifndef WARDGATE_REPORT_ROWS_INTERNAL_H
#define WARDGATE_REPORT_ROWS_INTERNAL_H

#include "app/flow/json.h"
#include "app/flow/report_rows.h"

struct rows {
    const struct report *report;
    int64_t now_us, now_ms, wall_ms; /* CLOCK_BOOTTIME, engine time, wall time */
    report_row_put *put;
    void *context;
    bool ended; /* no more are wanted */
    struct json json;
    char row[REPORT_ROW_MAX];
};

/* One at a time; what is between them goes into rows->json. */
void rows_begin(struct rows *rows, const char *what);
void rows_end(struct rows *rows);
void rows_age(struct rows *rows, const char *key, int64_t since_ms); /* engine time */

void rows_of_beds(struct rows *rows, const char *bed_in_detail);
void rows_of_buses(struct rows *rows);

#endif
