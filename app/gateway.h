/*
 * gateway.h: builds everything from a configuration, starts the threads in order and stops them in reverse.
 *
 * The only place that names concrete drivers. All memory is one arena, measured first; nothing of ours is allocated after gateway_run
 * has begun to run.
 */
#ifndef WARDGATE_GATEWAY_H
#define WARDGATE_GATEWAY_H

#include "app/plan.h"
#include "app/settings/settings.h"
#include "drivers/monitor/driver.h"

#define GATEWAY_NETWORK_KINDS \
    2 /* of bus; the links of one kind share a thread, so that one kind cannot hold up another */
#define GATEWAY_BILL_MAX 8

/* What the arena holds, a line a part. */
struct gateway_bill {
    struct {
        const char *part;
        size_t bytes;
    } lines[GATEWAY_BILL_MAX];
    unsigned count;
    size_t total;
};

/* The profiles that drivers bring themselves, ended by NULL. */
const struct profile *const *gateway_profiles(void);

/* NULL when no driver speaks this kind of bus. */
const struct monitor_driver *gateway_driver(const char *kind);

/* Measures without building. */
void gateway_measure(const struct plan *plan, struct gateway_bill *out);

/* How a run ended. */
enum gateway_end {
    GATEWAY_FAILED,      /* it could not even start: told on standard error */
    GATEWAY_STOPPED,     /* by SIGTERM or SIGINT: everything is stopped, within 2 s */
    GATEWAY_STARTS_ANEW, /* a thread hangs in a driver, and only the end of the program ends it: this one is to be run again in this process's place, at once */
};

/* Of the environment: the instant (CLOCK_BOOTTIME, µs) at which a run has ended as GATEWAY_STARTS_ANEW, set for the one in its place. */
#define GATEWAY_RESTARTED "WARDGATE_RESTARTED_US"

/* record: a file to record the run in, or NULL. */
enum gateway_end gateway_run(const struct settings *settings, const struct plan *plan, const char *record);

#endif
