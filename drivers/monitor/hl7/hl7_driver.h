/*
 * hl7_driver.h: monitors and gateways that send HL7 v2 messages over TCP (MLLP): values (IHE PCD-01) and alarms
 * (PCD-04). The bus listens; monitors call. It never asks anything of them but to send again what was not understood.
 *
 * Bounds: 64 connections, 1 MiB a message; memory in caller.h. Health: polls and answers of a monitor are messages with
 * something of it; failures[STATUS_INVALID] values with a number or unit that cannot be used,
 * failures[STATUS_OUTDATED] values that were not current (values.h). While all of its continuous values are not, it
 * does not answer, and is outdated. Of the bus, requests are messages, refused are messages not used (test, training,
 * demo, another bed, damaged, too long, repeated) and connections not let in or ended for cause, unasked are bytes
 * outside whole messages.
 *
 * Source: HL7 v2.6 chapters 2, 5 and 7, the MLLP transport specification (release 1), IHE PCD TF-2 (PCD-01, PCD-04).
 */
#ifndef WARDGATE_HL7_DRIVER_H
#define WARDGATE_HL7_DRIVER_H

#include "drivers/monitor/driver.h"

extern const struct monitor_driver hl7_driver;

#endif
