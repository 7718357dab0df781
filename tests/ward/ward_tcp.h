/*
 * ward_tcp.h: a Modbus TCP socket with one or many monitors behind it, several connections at a time.
 *
 * Answers come after the turnaround; with a speed given, at the pace of a serial line behind a gateway, one transaction
 * at a time. A unit id that nobody has is answered with exception 0B, as gateways do. A header that is none ends the
 * connection.
 */
#ifndef WARD_TCP_H
#define WARD_TCP_H

#include "tests/ward/ward_link.h"

void ward_pool_init(struct ward_pool *pool);

/* Listens; port 0 lets the system choose, and address.sin_port then says which. False with errno set. */
bool ward_tcp_listen(struct ward_link *link);

/* New connections are refused from now on; those that are there stay. */
void ward_tcp_refuse(struct ward_link *link);

/* All connections are reset. */
void ward_tcp_reset(struct ward_link *link);

/* Sends bytes that nobody asked for to every connection; a reply goes under the transaction id of the last request.
 * False when nobody is connected or a queue is full. */
bool ward_tcp_send(struct ward_link *link, int64_t now_ns, const uint8_t *bytes, size_t length);
bool ward_tcp_send_reply(struct ward_link *link, int64_t now_ns, const struct ward_reply *reply);

/* For the connections of all links together. */
int64_t ward_pool_next(const struct ward_pool *pool);
void ward_pool_run(struct ward_pool *pool, int64_t now_ns);

#endif
