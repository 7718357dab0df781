/*
 * net.h: outgoing TCP connections that never block. Numeric addresses only: looking up a name may take seconds.
 *
 * After a fault errno tells more. The descriptor is the caller's. Thread: one at a time a connection.
 */
#ifndef WARDGATE_NET_H
#define WARDGATE_NET_H

#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

/* Begins to connect to an IPv4 or IPv6 address; the descriptor becomes writable when that has ended, well or not.
 * STATUS_INVALID: not a numeric address. STATUS_IO: refused at once, no route, no descriptors. */
enum status net_connect_start(const char *host, uint16_t port, int *out_fd) MUST_CHECK;

/* How a connection that became writable ended: STATUS_OK or STATUS_IO. */
enum status net_connect_finish(int fd) MUST_CHECK;

void net_close(int fd);

/* Copies what was received, at most size bytes, and leaves it to be read; 0 bytes when there is nothing yet.
 * STATUS_CLOSED: the other side has ended the connection. STATUS_IO: it broke. */
enum status net_peek(int fd, void *bytes, size_t size, size_t *out_length) MUST_CHECK;

#endif
