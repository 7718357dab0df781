/*
 * probe.h: asks whether a broker would take this gateway, beside the connection that stands and without touching it.
 *
 *     IDLE ──probe_ask──► ASKED ──its thread──► TOLD ──probe_take──► IDLE
 *
 * It logs in as the gateway does (TLS, user, password, version of MQTT), under a client id of its own, because brokers of
 * one cluster take the connection from an id that comes twice; has no will, subscribes to nothing, publishes nothing, and
 * leaves. The library stays out of it: it looks up names under the lock that all its clients share. So this speaks the two
 * packets of MQTT itself.
 *
 * Private to drivers/uplink. Owned by the uplink; allocates at probe_open, and inside the resolver and OpenSSL. Calls are the
 * uplink's caller's. Source: MQTT 5.0 and 3.1.1, sections 3.1 and 3.2 (OASIS).
 */
#ifndef WARDGATE_UPLINK_PROBE_H
#define WARDGATE_UPLINK_PROBE_H

#include "drivers/uplink/uplink.h"

#define PROBE_PACKET_MAX 2048

struct probe;

/* The wake is raised when there is something to take; it must stay until probe_close. */
enum status probe_open(const struct uplink_config *config, struct wake *wake, struct probe **out) MUST_CHECK;
/* NULL is allowed. One that hangs in a name lookup is left alone with all it stands on. */
void probe_close(struct probe *probe);

/* STATUS_BUSY: one is under way, or not taken yet. STATUS_INVALID, STATUS_TOO_LARGE as uplink_connect. */
enum status probe_ask(struct probe *probe, const struct uplink_broker *broker) MUST_CHECK;
bool probe_take(struct probe *probe, struct uplink_probed *out);

/* The CONNECT packet; 0: it does not fit. password NULL: none. Pure. */
size_t probe_write_connect(int version, const char *client_id, const char *username, const char *password,
                           unsigned char out[PROBE_PACKET_MAX]);
/* How much of a CONNACK is needed to read its reason, and the reason (0: taken); -1: these bytes are none. Pure. */
size_t probe_connack_size(int version);
int probe_read_connack(const unsigned char *bytes, size_t length, int version);

#endif
