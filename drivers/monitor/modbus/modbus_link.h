/*
 * modbus_link.h: one serial line or one connection that speaks Modbus; none of it ever waits.
 *
 * The descriptor is ours (hal/serial, hal/net). A serial line's is lent to libmodbus, which frames and sends a request, and
 * reads an answer only when all of it has arrived; its own waiting and recovering is never used. It allocates its context in
 * link_make and never again; link_free gives it back. Over a connection, where libmodbus makes nine calls of the system for
 * an answer, numbers every request 0 and knows no RTU frames, requests are made and answers taken by ourselves: a frame of
 * eight or twelve bytes sent at once, and one reading. We can only read: requests are functions 01 to 04. Thread: the
 * bus's.
 */
#ifndef WARDGATE_MODBUS_LINK_H
#define WARDGATE_MODBUS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/monitor/driver.h"
#include "drivers/monitor/modbus/frame.h"
#include "drivers/monitor/modbus/requests.h"

struct link {
    const struct bus_config *config;
    void *context; /* libmodbus, of a line; NULL: no memory, opening fails */
    bool network;  /* a connection, else a line */
    bool rtu;      /* RTU frames: no number tells which request an answer belongs to */
    bool rs485_missing;
    int fd;               /* -1: closed */
    uint16_t transaction; /* Modbus TCP: number of the newest request; goes on through all connections */
    size_t held;          /* Modbus TCP: what of an answer was read into frame */
    uint8_t frame[FRAME_MAX + 1];
};

void link_make(struct link *link, const struct bus_config *config, bool network, bool rtu);
void link_free(struct link *link); /* closed; may be made again */

/* A connection has begun when OK, and link_finish tells how it ended once the descriptor is writable.
 * STATUS_TOO_LARGE: a descriptor that libmodbus cannot wait for (select). Others: hal/serial.h, hal/net.h. */
enum status link_open(struct link *link) MUST_CHECK;
enum status link_finish(struct link *link) MUST_CHECK;
void link_close(struct link *link);

/* As link_close, and a connection is broken off: the other side forgets it at once, and has room for the next one. */
void link_abort(struct link *link);

/* STATUS_IO: the line is gone. */
enum status link_send(struct link *link, uint8_t address, const struct request *request) MUST_CHECK;

/* Bytes received and not taken. STATUS_CLOSED: the other side hung up in order; STATUS_IO: the line is gone. */
enum status link_pending(struct link *link, size_t *out_bytes) MUST_CHECK;

/* RTU frames only, right after link_pending, whose result is `pending`: throws away what was received. The first
 * *out_kept bytes of it stand in link->frame until the next call. */
enum status link_discard(struct link *link, size_t pending, size_t *out_kept) MUST_CHECK;

/*
 * Takes one frame; right after link_pending, whose result is `pending`. Gives its PDU, good until the next call,
 * when it is the answer (STATUS_OK) or an exception to the request (STATUS_EXCEPTION); otherwise as frame_check_*.
 * On a serial line call it only when as much as the answer has arrived or the line has fallen silent; what was read
 * is gone, whatever it was. On a connection a frame that is not whole stays there (STATUS_SHORT_FRAME); over Modbus TCP
 * close it after any status but that, STATUS_OK and STATUS_EXCEPTION.
 */
enum status link_take(struct link *link, const struct expected *expected, size_t pending,
                      const uint8_t **out_pdu) MUST_CHECK;

#endif
