/*
 * modbus_driver.h: Modbus monitors, on a serial line (RTU) or over a network (TCP). Reading only: functions 01 to 04.
 *
 * Source: Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02, Modbus Messaging on TCP/IP V1.0b.
 */
#ifndef WARDGATE_MODBUS_DRIVER_H
#define WARDGATE_MODBUS_DRIVER_H

#include "drivers/monitor/driver.h"

extern const struct monitor_driver modbus_rtu_driver, modbus_tcp_driver;

#endif
