/*
 * modbus_probe.h: looks for Modbus monitors (probe.h): on a line at the usual speeds, or behind an address of the network.
 *
 * A line is listened to first at each speed: requests heard there are another master's, and asking beside it would disturb both,
 * so it is told and the speed is left alone. Then each address is asked for one register; any sound answer, an exception
 * too, is somebody. A line has one speed: after the first that answers no other is tried. Who it is: the device
 * identification (function 43/14), when the monitor has one. A profile fits when the monitor answers all of its
 * requests and every value is believable, or absent; the best is the one whose title says what the monitor calls itself, then the one with most registers.
 * Source: Modbus application protocol V1.1b3, 6.21.
 */
#ifndef WARDGATE_MODBUS_PROBE_H
#define WARDGATE_MODBUS_PROBE_H

#include "drivers/monitor/probe.h"

enum status modbus_probe_rtu(const struct probe_target *target, struct probe_listener *listener) MUST_CHECK;
enum status modbus_probe_tcp(const struct probe_target *target, struct probe_listener *listener) MUST_CHECK;
enum status modbus_probe_rtu_over_tcp(const struct probe_target *target, struct probe_listener *listener) MUST_CHECK;

#endif
