/*
 * url.h: addresses of brokers and monitors: SCHEME://HOST[:PORT], an IPv6 address in brackets.
 *
 * Pure: no name is looked up. Thread: any.
 */
#ifndef WARDGATE_URL_H
#define WARDGATE_URL_H

#include <stdbool.h>
#include <stdint.h>

#define URL_HOST_MAX 96

struct url {
    char scheme[16];
    char host[URL_HOST_MAX]; /* without brackets */
    uint16_t port;           /* 0: none given */
};

/* NULL, or what is wrong with it, as the end of a sentence. A wrong address is not to be shown: it may hold a password.
 */
const char *url_split(const char *text, struct url *out);

/* The same for what has no scheme: HOST[:PORT]. */
const char *url_split_place(const char *text, struct url *out);

/* True for an address in digits, which nobody has to look up. */
bool url_host_is_numeric(const char *host);

/* Every address has many texts: the usual one of an address in digits (RFC 5952), so that two of them are compared as texts; an IPv4 address within an IPv6 one
 * (::ffff:10.0.0.1) is that IPv4 address, as it is to a socket. Whatever else is written stays as it is. out: URL_HOST_MAX, host shorter than that. */
void url_host_tidy(const char *host, char *out);

/* True when who listens there hears what comes to any address of this host, or to any IPv4 one: 0.0.0.0, ::, however they are written. */
bool url_host_is_any(const char *host);

/* True when what is sent there stays on this host. */
bool url_host_is_loopback(const char *host);

#endif
