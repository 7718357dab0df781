/*
 * modbus_driver.h: Modbus monitors, on a serial line (RTU), over a network (TCP), or on a serial line behind a
 * converter that passes its bytes on (RTU over TCP). Reading only: functions 01 to 04.
 *
 * RTU over TCP keeps the rules of a line: one request at a time for all monitors of a connection, the line's silence
 * between two, and after anything but a sound answer only probes (poller.h). A new connection would not do instead: a
 * converter gives what its line says to whoever is connected by then, so a late answer would come over the new one.
 *
 * Source: Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02, Modbus Messaging on TCP/IP V1.0b.
 */
#ifndef WARDGATE_MODBUS_DRIVER_H
#define WARDGATE_MODBUS_DRIVER_H

#include "drivers/monitor/driver.h"

extern const struct monitor_driver modbus_rtu_driver, modbus_tcp_driver, modbus_rtu_over_tcp_driver;

#endif
