/*
 * direct.h: an alert on its way around a store that cannot commit: what the store thread hands to the uplink, and
 * nobody else.
 *
 * The only road by which an alert that is not durable reaches the broker; it says so there ("durable":false), and is
 * committed later under the same identity. Plain data, copied through a ring.
 */
#ifndef WARDGATE_DIRECT_H
#define WARDGATE_DIRECT_H

#include <stdint.h>

#include "app/engine/alert.h"
#include "app/flow/payload.h"

struct direct_alert {
    struct alert alert;
    uint32_t json_length;         /* 0: its row has gone while it was in the ring (deliver's word) */
    char json[PAYLOAD_ALERT_MAX]; /* payload_alert's; no NUL needed */
};

#endif
