/*
 * serial_driver.h: monitors that talk unasked on a serial line of their own. It listens and sends nothing.
 *
 * Which protocol: that of the monitor's profile; with profile `oximeter` the one that is recognised on the line. A line that speaks another protocol than the
 * configured one says so: health.speaks is its name and last_error is STATUS_WRONG_PROTOCOL.
 */
#ifndef WARDGATE_SERIAL_DRIVER_H
#define WARDGATE_SERIAL_DRIVER_H

#include "drivers/monitor/driver.h"

extern const struct monitor_driver serial_driver;

#endif
