/*
 * report_metrics.h: the figures of the health payload in Prometheus' text format: the same atomics, read the same way. No value of a patient is among them.
 *
 * Any thread, as report.h says.
 */
#ifndef WARDGATE_REPORT_METRICS_H
#define WARDGATE_REPORT_METRICS_H

#include "app/flow/exposition.h"
#include "app/flow/report.h"

#define REPORT_METRICS_MAX \
    (2U                    \
     << 20) /* 256 lines with two monitors each, many ways of failing seen at each; pages are taken when they are used */

/* Where a large ward does not fit, values that were not used are left out, then its monitors, then its buses, and wardgate_left_out says so; 0 when even that does not fit. */
size_t report_metrics(const struct report *report, char *out, size_t size);

/* Every metric that there can be; NULL behind the last. */
const struct metric *report_metric(unsigned index);

#endif
