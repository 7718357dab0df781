#include "tests/sim/invariant.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/scheduler.h"

static const struct {
    const char *name, *text;
} invariants[INVARIANT_COUNT] = {
#define INVARIANT_ROW(number, name, text) [number] = {#name, text},
    INVARIANT_LIST(INVARIANT_ROW)
#undef INVARIANT_ROW
};

static uint64_t looked[INVARIANT_COUNT];
static uint64_t repeat_seed;
static double repeat_days;

void invariant_set_repeat(uint64_t seed, double days)
{
    repeat_seed = seed;
    repeat_days = days;
}

void invariant_print_repeat(void)
{
    const double now_s = (double)scheduler_now_us() / 1e6;
    (void)fprintf(stderr, "sim: seed %" PRIu64 ", at %.3f s; again: make test-sim SIM_SEED=%" PRIu64 " SIM_DAYS=%g\n",
                  repeat_seed, now_s, repeat_seed, repeat_days);
}

void invariant_broken(enum invariant invariant, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "sim: BROKEN S%u %s (%s): ", (unsigned)invariant, invariants[invariant].name,
                  invariants[invariant].text);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    invariant_print_repeat();
    exit(EXIT_FAILURE);
}

void invariant_holds(enum invariant invariant)
{
    looked[invariant]++;
}

void invariant_print_counts(void)
{
    for (unsigned i = 1; i < INVARIANT_COUNT; i++) {
        (void)printf("  S%-2u %-11s %12" PRIu64 "  %s%s\n", i, invariants[i].name, looked[i], invariants[i].text,
                     looked[i] == 0 ? "  NEVER LOOKED AT" : "");
    }
}
