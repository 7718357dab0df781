/*
 * watch.h: keeps an eye on the files of a connection and on when certificates end. See uplink_look.
 *
 *     made with these files --changed--> settling --the same at the next look--> told: new, or bad
 *
 * Private to drivers/uplink. Owned by the uplink; its caller's thread.
 */
#ifndef WARDGATE_UPLINK_WATCH_H
#define WARDGATE_UPLINK_WATCH_H

#include "drivers/uplink/credential.h"
#include "drivers/uplink/uplink.h"

struct watch {
    const struct uplink_broker *broker;
    bool is_tls;
    struct credential_marks told, seen;  /* as they were judged last; as they were at the look before */
    struct uplink_certificate first_end; /* of our files */
    int64_t examine_us;                  /* when the broker's certificate is to be looked at again */
};

/* A connection is to be made with these files. The broker must stay until the next. */
void watch_begin(struct watch *watch, const struct uplink_broker *broker, bool is_tls);

/* broker_ends_ms: when the broker's certificate ends; 0: not known. True: it is to be examined now. */
bool watch_look(struct watch *watch, bool is_connected, int64_t broker_ends_ms, struct uplink_look *out);

#endif
