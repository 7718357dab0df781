/* report_json_internal.h: parts of the health payload (report_json.c) that have a file of their own. */
#ifndef WARDGATE_REPORT_JSON_INTERNAL_H
#define WARDGATE_REPORT_JSON_INTERNAL_H

#include "app/flow/json.h"
#include "app/flow/report.h"

void report_json_uplink(struct json *json, const struct report *report, int64_t wall_ms);
void report_json_storage(struct json *json, const struct report *report, const struct store_usage *usage);
void report_json_boards(struct json *json, const struct report *report);

#endif
