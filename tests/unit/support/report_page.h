/*
 * report_page.h: a report of report_bench.h as one text, and what stands in it. Included by one file of a program, behind cmocka.h.
 */
#ifndef WARDGATE_TESTS_REPORT_PAGE_H
#define WARDGATE_TESTS_REPORT_PAGE_H

#include "tests/unit/support/report_bench.h"

static const struct payload_context payloads = {
    .config = &report_config, .gateway = "gw-7e", .boot = "00c0ffee", .epoch = "8f3a", .version = "1.2.3"};
static char page[PAYLOAD_HEALTH_MAX];

static inline void expect(const char *part)
{
    report_bench_expect(page, part);
}

static inline void expect_not(const char *part)
{
    report_bench_expect_not(page, part);
}

#endif
