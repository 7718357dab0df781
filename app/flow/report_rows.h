/*
 * report_rows.h: how the gateway and its ward are, as rows for a program that shows them (`wardgate status --watch`).
 *
 * A row is one flat JSON object and a line end; `row` says what it is of. What belongs to a bed or a bus follows its row:
 *
 *     gateway store local broker... boards ward
 *     bed, then its vital... alarm..., of the one bed that is asked for limit... score... pause...
 *     bus, then its monitor...
 *     end
 *
 * Ages are in seconds at the instant of the report. No row is longer than REPORT_ROW_MAX. Reads as report.h; any thread but the store's.
 */
#ifndef WARDGATE_REPORT_ROWS_H
#define WARDGATE_REPORT_ROWS_H

#include "app/flow/report.h"

#define REPORT_ROW_MAX 2048

/* Takes a row with its line end; false: no more rows are wanted. */
typedef bool report_row_put(void *context, const char *row, size_t length);

/* bed: the id of the one that is told in detail; NULL, "" or unknown: none. */
void report_rows(const struct report *report, int64_t wall_ms, const char *bed, report_row_put *put, void *context);

#endif
