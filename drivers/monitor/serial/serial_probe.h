/*
 * serial_probe.h: listens on a serial line for monitors that talk unasked (probe.h): at each speed that one of the protocols has, until one
 * is recognised (sniff.h). Sends nothing.
 */
#ifndef WARDGATE_SERIAL_PROBE_H
#define WARDGATE_SERIAL_PROBE_H

#include "drivers/monitor/probe.h"

enum status serial_probe(const struct probe_target *target, struct probe_listener *listener) MUST_CHECK;

#endif
