/*
 * describe.h: the requests of a Modbus bus, for a person. Pure; start-up thread.
 */
#ifndef WARDGATE_MODBUS_DESCRIBE_H
#define WARDGATE_MODBUS_DESCRIBE_H

#include "drivers/monitor/driver.h"

/* A monitor_driver's each_request: every request of every monitor, monitors in order. */
void modbus_each_request(const struct bus_config *config, bus_request_visit *visit, void *context);

#endif
