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

/* record: a file to record the run in, or NULL. Runs until SIGTERM or SIGINT; then everything is stopped, within 2 s. False when it could not even start: told on standard error. */
bool gateway_run(const struct settings *settings, const struct plan *plan, const char *record);

#endif
