/* hl7_ward.h: four beds of an HL7 bus, and messages for them; for tests. */
#ifndef WARDGATE_TESTS_HL7_WARD_H
#define WARDGATE_TESTS_HL7_WARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/support/hl7_bench.h"

static const char *const ward[] = {"ICU^1^A", "ICU^1^B", "ICU^2^A", "ICU^2^B", NULL};

static inline int open_ward(void **state)
{
    (void)state;
    bench_open(BENCH_BEDSIDE, ward);
    return 0;
}

static unsigned next_id;

/* A message with these groups; between MSH-10 and its end. */
static inline void say_as(const char *sender, const char *groups)
{
    bench_sayf("MSH|^~\\&|%s|VENDOR|||%s||ORU^R01|%u|P|2.6|||AL|NE\r%s", sender, bench_time(0), ++next_id, groups);
}

static inline void say(const char *groups)
{
    say_as("MON", groups);
}

/* The group of one bed, its value, and ids. Good until the fourth call after. */
static inline const char *group(const char *place, const char *value, const char *filler, const char *device)
{
    static char texts[4][512];
    static unsigned next;
    char *text = texts[next++ % 4];
    (void)snprintf(text, sizeof texts[0],
                   "PID|||X\rPV1||I|%s\rOBR|1||%s\rOBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||%s|%%|||||R|||||||%s\r",
                   place, filler, value, device);
    return text;
}

#endif
