/*
 * probe_fit.h: which profile fits a monitor that answers; for modbus_probe.c alone. Thread: the caller's.
 */
#ifndef WARDGATE_PROBE_FIT_H
#define WARDGATE_PROBE_FIT_H

#include "drivers/monitor/modbus/probe_asker.h"
#include "drivers/monitor/probe.h"

/* Fills profile and others, and the identity from the profile's registers when the monitor said none. `profiles` ends with NULL. */
void fit_best(struct asker *asker, uint8_t address, const struct profile *const *profiles, const char *called,
              struct probe_finding *out);

#endif
