/*
 * trust.h: whose updates this box takes: a certificate that it is given once, before or at its first start, and keeps (SECURITY.md).
 *
 * Thread: that of a command.
 */
#ifndef WARDGATE_TRUST_H
#define WARDGATE_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "app/update/install.h"

enum trust_end {
    TRUST_TAKEN,   /* for the first time */
    TRUST_KEPT,    /* it was there; what is offered is the same, or nothing is */
    TRUST_OTHER,   /* it was there, and another one is offered, which changes nothing */
    TRUST_NOTHING, /* none was there, and none is offered */
    TRUST_FAULT    /* what is offered is no certificate of a CA, or it cannot be kept */
};

/* offered: the file on the boot partition. said: what to tell; "" when there is nothing to. */
enum trust_end trust_take(const struct update_box *box, const char *offered, char *said, size_t size);

#endif
