#include "drivers/monitor/modbus/exception.h"

static const uint8_t treatments[] = {[0x01] = EXCEPTION_REFUSED, [0x02] = EXCEPTION_REFUSED, [0x03] = EXCEPTION_REFUSED,
                                     [0x04] = EXCEPTION_SKIP,    [0x05] = EXCEPTION_BUSY,    [0x06] = EXCEPTION_BUSY,
                                     [0x08] = EXCEPTION_RETRY,   [0x0A] = EXCEPTION_AWAY,    [0x0B] = EXCEPTION_AWAY};

enum exception_treatment exception_treatment(uint8_t code)
{
    return code < sizeof treatments ? (enum exception_treatment)treatments[code] : EXCEPTION_SKIP;
}
