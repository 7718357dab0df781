/*
 * ward_serial.h: a serial line, also that of an oximeter: a pty behind a stable symlink, its bytes paced as on a wire.
 *
 * Requests take their time on the wire; an answer begins after the turnaround, at least t3.5, and leaves byte by byte.
 * A request that begins sooner than t3.5 after the wire was last busy is counted, and ignored on a strict line; one
 * that begins while an answer is still on its way is a collision, counted apart (a late answer makes it: not the
 * master's fault), and ignored likewise. A client that set another speed than the line's is noise to the monitors. A
 * pty has no parity: nobody notices that.
 */
#ifndef WARD_SERIAL_H
#define WARD_SERIAL_H

#include "tests/ward/ward_link.h"

/* True when a terminal can be set to this speed. */
bool ward_serial_knows_baud(unsigned baud);

/* Plugs the line in: a new pty at link->serial.path. False with errno set; EEXIST: the path is not a symlink. */
bool ward_serial_plug(struct ward_link *link);

/* Pulls it out: the client reads a hang-up, the symlink is gone. */
void ward_serial_unplug(struct ward_link *link);

/* Sends bytes that nobody asked for, as soon as the wire is free. False when they do not fit or the line is
 * unplugged. */
bool ward_serial_send(struct ward_link *link, int64_t now_ns, const uint8_t *bytes, size_t length);

/* The same for a monitor that talks by itself: to a client at another speed the bytes are noise, as many. */
bool ward_serial_say(struct ward_link *link, int64_t now_ns, uint8_t *bytes, size_t length);

int64_t ward_serial_next(const struct ward_link *link);
void ward_serial_run(struct ward_link *link, int64_t now_ns);

#endif
