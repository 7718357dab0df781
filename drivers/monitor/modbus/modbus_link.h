/*
 * modbus_link.h: one serial line or one connection that speaks Modbus; none of it ever waits.
 *
 * The descriptor is ours (hal/serial, hal/net). A serial line's is lent to libmodbus, which frames and sends a request; its
 * own waiting, reading and recovering is never used. It allocates its context in link_make and never again; link_free
 * gives it back. Over a connection, where libmodbus numbers every request 0 and knows no RTU frames, requests are made by
 * ourselves. What is received is read in one call (libmodbus makes six of a line, nine of a connection), held, and
 * checked by frame.h, in the same way everywhere. We can only read: requests are functions 01 to 04. Thread: the bus's.
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
    size_t held;          /* bytes, received and not taken yet */
    uint8_t frame[FRAME_MAX + 1];
};

void link_make(struct link *link, const struct bus_config *config, bool network, bool rtu);
void link_free(struct link *link); /* closed; may be made again */

/* A connection has begun when OK, and link_finish tells how it ended once the descriptor is writable. Faults as in
 * hal/serial.h, hal/net.h. */
enum status link_open(struct link *link) MUST_CHECK;
enum status link_finish(struct link *link) MUST_CHECK;
void link_close(struct link *link);

/* As link_close, and a connection is broken off: the other side forgets it at once, and has room for the next one. */
void link_abort(struct link *link);

/* STATUS_IO: the line is gone. */
enum status link_send(struct link *link, uint8_t address, const struct request *request) MUST_CHECK;

/* Reads what has come behind what is held; *out_held: all that is. A frame and a byte more at most: the rest is read when
 * that was taken. STATUS_CLOSED: the other side hung up in order; STATUS_IO: the line is gone. */
enum status link_receive(struct link *link, size_t *out_held) MUST_CHECK;

/* The frame that is held first: STATUS_OK: the answer, STATUS_EXCEPTION: an exception to the request, others as
 * frame_check_*. *out_pdu is good until the frame is taken. */
enum status link_frame(const struct link *link, const struct expected *expected, const uint8_t **out_pdu) MUST_CHECK;

/* Bytes that the frame held first lacks, or an answer of so many bytes of which nothing is held yet, as far as can be told. */
size_t link_lacks(const struct link *link, size_t answer_bytes);

/* Takes away the frame held first, which is whole, good or not; what stands behind it stays. */
void link_take(struct link *link);

/* RTU frames only: throws away all that was received, and tells how much. What of it was held (*out_kept bytes) stands in
 * link->frame until the next call. */
enum status link_discard(struct link *link, size_t *out_bytes, size_t *out_kept) MUST_CHECK;

#endif
