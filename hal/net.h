/*
 * net.h: TCP connections, made and taken, that never block. Numeric addresses only: looking up a name may take seconds.
 *
 * After a fault errno tells more. The descriptor is the caller's. Thread: one at a time a connection.
 */
#ifndef WARDGATE_NET_H
#define WARDGATE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

/* Begins to connect to an IPv4 or IPv6 address; the descriptor becomes writable when that has ended, well or not.
 * STATUS_INVALID: not a numeric address. STATUS_IO: refused at once, no route, no descriptors. */
enum status net_connect_start(const char *host, uint16_t port, int *out_fd) MUST_CHECK;

/* How a connection that became writable ended: STATUS_OK or STATUS_IO. */
enum status net_connect_finish(int fd) MUST_CHECK;

void net_close(int fd);

/* The closing that follows breaks the connection off: what is on its way is dropped on both sides. */
void net_abort(int fd);

/* Listens at an address of this box (0.0.0.0 and :: are all of them). STATUS_BUSY: the port is taken. STATUS_DENIED,
 * STATUS_INVALID (no numeric address), STATUS_IO (not an address of this box, ...). */
enum status net_listen(const char *host, uint16_t port, int *out_fd) MUST_CHECK;

/* The next caller. The system finds out within two minutes that one has vanished. STATUS_EMPTY: there is none.
 * STATUS_IO: it cannot be taken now (no descriptors). */
enum status net_accept(int listening, int *out_fd) MUST_CHECK;

/* Takes what was received, at most size bytes; 0 bytes when there is nothing yet. STATUS_CLOSED: the other side has ended
 * the connection. STATUS_IO: it broke. */
enum status net_receive(int fd, void *bytes, size_t size, size_t *out_length) MUST_CHECK;

/* Sends as much as fits, maybe 0 bytes. STATUS_IO: it broke. */
enum status net_send_some(int fd, const void *bytes, size_t size, size_t *out_length) MUST_CHECK;

/* All of it or STATUS_IO: meant for requests, which are far smaller than the room of a connection that works. */
enum status net_send_whole(int fd, const void *bytes, size_t length) MUST_CHECK;

/* For a connection that a library made and shows nowhere: those of this process to that port of anybody send at once from
 * now on. Else what is small waits until the other side has confirmed what went before, and who has nothing to say to that confirms it
 * after 40 ms (RFC 896, RFC 1122 4.2.3.2). The only one; -1: there is none, or several. Allocates while it looks (/proc/self/fd). */
int net_send_at_once(uint16_t port);

/* Whether it is still one: the library may have closed it, and somebody else have the number. */
bool net_leads_to(int fd, uint16_t port);

/* While held, only full packets leave (TCP_CORK); what is left over leaves when it is let go, or 0.2 s later. */
void net_hold(int fd, bool held);

#endif
