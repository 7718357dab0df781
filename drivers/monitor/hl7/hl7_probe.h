/*
 * hl7_probe.h: listens for HL7 monitors (probe.h) and tells each place and device that one speaks of. It acknowledges nothing, so that
 * monitors keep what they have for the gateway.
 */
#ifndef WARDGATE_HL7_PROBE_H
#define WARDGATE_HL7_PROBE_H

#include "drivers/monitor/probe.h"

enum status hl7_probe(const struct probe_target *target, struct probe_listener *listener) MUST_CHECK;

#endif
