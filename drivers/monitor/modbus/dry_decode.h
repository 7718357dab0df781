/*
 * dry_decode.h: what a monitor would be taken to say, from its registers and no monitor. Pure; thread: any.
 */
#ifndef WARDGATE_MODBUS_DRY_DECODE_H
#define WARDGATE_MODBUS_DRY_DECODE_H

#include "drivers/monitor/driver.h"

/* A monitor_driver's decode_registers: the requests of a first poll, answered from the image. */
void modbus_decode_registers(const struct profile *profile, const struct register_image *image,
                             struct observation_sink *out);

#endif
