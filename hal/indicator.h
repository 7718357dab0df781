/*
 * indicator.h: one output of the box that a lamp or a buzzer hangs on: a line of a GPIO chip, through the character device.
 *
 * Where it is, as text: "gpiochip0:17" or "/dev/gpiochip0:17" is line 17 of that chip, anything else the name that the box's maker gave a line
 * (as `gpioinfo` lists them), looked for on all chips. The line is ours alone while it is open, off at first; the system lets go
 * of it however we end, and most chips then leave it as it was: so it is switched off before it is closed.
 * Setting a line behind a slow bus may take milliseconds, or hang: on a thread that nothing else waits for. Thread: one at a time.
 * Source: Linux, include/uapi/linux/gpio.h (v2, since 5.10).
 */
#ifndef WARDGATE_INDICATOR_H
#define WARDGATE_INDICATOR_H

#include <stdbool.h>

#include "app/engine/status.h"

#define INDICATOR_CHIPS_MAX 32 /* /dev/gpiochip0 to 31 are looked through for a name */

/* STATUS_INVALID: the text names no line, or the chip has no such line. STATUS_NOT_FOUND: no such chip, or no line of that name.
 * STATUS_DENIED. STATUS_BUSY: another program or driver has the line. STATUS_IO. */
enum status indicator_open(const char *where, bool active_low, int *out_fd) MUST_CHECK;
enum status indicator_set(int fd, bool on) MUST_CHECK;
void indicator_close(int fd);

#endif
