/*
 * dial.h: a TCP connection to a broker by its URL, made within a time, for what talks to one beside the library.
 *
 * Blocks for as long as it is allowed to, and for as long as a name lookup takes: only threads that may. Allocates inside
 * the resolver. Private to drivers/uplink. Source: RFC 3986 (mqtt://host:port, mqtts://[address]:port).
 */
#ifndef WARDGATE_UPLINK_DIAL_H
#define WARDGATE_UPLINK_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/uplink/credential.h"

#define DIAL_HOST_MAX 256
#define DIAL_PORT_MAX 8

struct dial_place {
    char host[DIAL_HOST_MAX];
    char port[DIAL_PORT_MAX];
};

/* False: it has no port (app/settings always gives it), or is too long. */
bool dial_split(const char *url, struct dial_place *out);

/* The first of its addresses that answers by that instant (CLOCK_BOOTTIME). False: `why` says what is wrong. The
 * descriptor is the caller's and does not block. */
bool dial_connect(const struct dial_place *place, int64_t until_us, int *out_fd, struct credential_text *why);

/* Until the descriptor is ready for these events of poll. False: not in time. */
bool dial_await(int fd, short events, int64_t until_us);

#endif
