/* opening_fault.h: why a device could not be opened, from errno. */
#ifndef WARDGATE_OPENING_FAULT_H
#define WARDGATE_OPENING_FAULT_H

#include <errno.h>

#include "app/engine/status.h"

static inline enum status opening_fault(void)
{
    switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
        return STATUS_DENIED;
    case EBUSY:
    case EWOULDBLOCK:
        return STATUS_BUSY;
    default:
        return STATUS_IO;
    }
}

#endif
