/*
 * certificate.h: the certificates of a connection (OpenSSL): whether our files are fit for use, when certificates end,
 * and why a handshake with a broker does not succeed.
 *
 * Paho makes the connections and tells little of why one fails; what is here looks for the reason with the same files
 * and the same demands: TLS 1.2 at least, suites with forward secrecy, a chain to the CA file, the host's name or address.
 * Private to drivers/uplink. Allocates inside OpenSSL; what it takes it gives back. Texts are for a person.
 * Source: RFC 5280 (certificates), RFC 6125 (names), OpenSSL 3.0.
 */
#ifndef WARDGATE_UPLINK_CERTIFICATE_H
#define WARDGATE_UPLINK_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/uplink/credential.h"
#include "drivers/uplink/uplink.h"

/* Suites with forward secrecy and AEAD, which exist from TLS 1.2 on: a list of nothing else is a minimum version that
 * no system default can lower. */
#define CERTIFICATE_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

#define CERTIFICATE_PROBE_US  3000000 /* a handshake of our own ends by then, or with its name lookup */
#define CERTIFICATE_REFUSE_US 1000000 /* in TLS 1.3 a broker refuses our certificate after the handshake: waited for */

/* The wall clock; 0 when no time source keeps it: then nothing is said of what has ended. */
int64_t certificate_now_ms(void);

/* Our files: private where they must be, whole, the key the certificate's. With now_ms, not 0, their times too.
 * False: `why` says which file and what to do. Reads files; any thread. */
bool certificate_check(const struct uplink_broker *broker, int64_t now_ms, struct credential_text *why);

/* The one of our certificate and those of the CA file that ends first; ends_ms 0 when none can be read. */
struct uplink_certificate certificate_first_end(const struct uplink_broker *broker);

struct certificate_probe {
    bool reached; /* somebody took the connection */
    bool shook_hands;
    int64_t ends_ms;            /* of the certificate that the broker showed; 0: it showed none */
    struct credential_text why; /* it does not work; empty when nothing was found wrong */
};
/* What is said once hands are shaken, and what comes back: until there is no more room for it, or nothing comes. */
struct certificate_talk {
    const void *said;
    size_t said_length;
    unsigned char *heard;
    size_t heard_size, heard_length;
};
/* Shakes hands with the broker, whose ca is given, once; then talks (talk not NULL), or listens for a refusal when asked
 * to. Blocks: the uplink's thread, or that of its probe (probe.h). */
struct certificate_probe certificate_probe(const struct uplink_broker *broker, bool listen,
                                           struct certificate_talk *talk);

#endif
