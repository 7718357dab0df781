/*
 * exception.h: what to do when a monitor answers a request with an exception. Pure.
 *
 * Source: Modbus Application Protocol V1.1b3, section 7, and libmodbus for the names.
 *
 *   code  name                                what it says                      what follows
 *   01    illegal function                    it has no such table            \
 *   02    illegal data address                it has no such register          > refused: the run is cut in two until what it
 *   03    illegal data value                  it gives no such run            /  has not stands alone, which then rests
 *   04    server device failure               it broke while it read            not this time: asked in its next turn
 *   05    acknowledge                         it has begun and is not done    \  busy: asked again a little later, a few times
 *   06    server device busy                  it does something longer        /  before its next turn
 *   08    memory parity error                 it does not trust what it read    asked again at once, once
 *   0A    gateway path unavailable            the gateway has no way to it    \  away: as if the monitor had not answered,
 *   0B    gateway target failed to respond    the gateway heard nothing of it /  for it has not
 *   other                                                                       as 04; its number is shown like all
 *
 * Each but 0A and 0B comes from the monitor itself: it is alive, whatever its values.
 */
#ifndef WARDGATE_MODBUS_EXCEPTION_H
#define WARDGATE_MODBUS_EXCEPTION_H

#include <stdint.h>

enum exception_treatment { EXCEPTION_SKIP, EXCEPTION_REFUSED, EXCEPTION_BUSY, EXCEPTION_RETRY, EXCEPTION_AWAY };

enum exception_treatment exception_treatment(uint8_t code);

#endif
