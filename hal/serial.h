/*
 * serial.h: serial lines: opened raw, never blocking, for one holder only.
 *
 * The device's name is resolved at each opening, so a symlink of udev (/dev/serial/by-id/...) finds the adapter
 * again wherever it was plugged in. A line without modem wires (a pty of a simulated ward) is as good as a real
 * one. After a fault errno tells more. The descriptor is the caller's; writing and waiting for it are the system's own
 * calls. Thread: one at a time a line.
 *
 * One holder: the line is locked (flock), which keeps out everyone who asks for the lock, by whatever name and as
 * whatever user, root too: a second gateway, `wardgate probe`, many terminal programs. It is marked exclusive as well
 * (TIOCEXCL), which makes the kernel refuse it to whoever does not ask, but root. Both end with the holder, however it dies.
 *
 * Latency: adapters are asked to hand bytes on at once (ASYNC_LOW_LATENCY); those that do not know how are left alone. FTDI's
 * otherwise hold them for up to 16 ms; their driver (ftdi_sio) follows the request and also has a file for it,
 * /sys/bus/usb-serial/devices/ttyUSBn/latency_timer, which is udev's to write, not ours.
 */
#ifndef WARDGATE_SERIAL_H
#define WARDGATE_SERIAL_H

#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

struct serial_settings {
    const char *device;
    uint32_t baud;
    char parity; /* 'N', 'E', 'O'; a byte with a parity error is read as 0 */
    uint8_t stop_bits;
};

/* STATUS_NOT_FOUND, STATUS_DENIED, STATUS_BUSY when another process holds the line, STATUS_INVALID for a speed that
 * the system does not know or a device that is not a line, STATUS_IO. */
enum status serial_open(const struct serial_settings *settings, int *out_fd) MUST_CHECK;

/* RS-485 on two wires: the adapter's driver turns the line round, sending while RTS is up. STATUS_INVALID: it has no
 * such mode (errno ENOTTY), which most USB adapters have no need of, as they turn it round by themselves. */
enum status serial_set_rs485(int fd) MUST_CHECK;

/* Never waits for output that the line did not take. */
void serial_close(int fd);

/* Takes what was received; 0 bytes when there is nothing yet. STATUS_IO: the line is gone. */
enum status serial_receive(int fd, void *bytes, size_t size, size_t *out_length) MUST_CHECK;

/* How many bytes wait to be read. STATUS_IO: the line is gone. */
enum status serial_pending(int fd, size_t *out_bytes) MUST_CHECK;

/* Throws away what was received and not yet read. STATUS_IO: the line is gone. */
enum status serial_discard(int fd) MUST_CHECK;

#endif
