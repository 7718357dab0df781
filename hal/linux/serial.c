#include "hal/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "hal/linux/opening_fault.h"

static const struct {
    uint32_t baud;
    speed_t speed;
} speeds[] = {
    {1200, B1200},     {2400, B2400},     {4800, B4800},     {9600, B9600},       {19200, B19200},
    {38400, B38400},   {57600, B57600},   {115200, B115200}, {230400, B230400},   {460800, B460800},
    {500000, B500000}, {576000, B576000}, {921600, B921600}, {1000000, B1000000},
};

static enum status find_speed(uint32_t baud, speed_t *out)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            *out = speeds[i].speed;
            return STATUS_OK;
        }
    }
    errno = EINVAL;
    return STATUS_INVALID;
}

/* A pty has no modem wires. */
static bool is_pty(int fd)
{
    int wires;
    return ioctl(fd, TIOCMGET, &wires) != 0;
}

/* A pty would keep the mark after its holder died and shut us out for ever. */
static enum status take_alone(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return opening_fault();
    }
    if (!is_pty(fd)) {
        (void)ioctl(fd, TIOCEXCL);
    }
    return STATUS_OK;
}

/* USB adapters hold received bytes back for up to 16 ms unless asked not to; those that cannot be asked are none
 * the worse. */
static void hurry(int fd)
{
    struct serial_struct line;
    if (ioctl(fd, TIOCGSERIAL, &line) == 0) {
        line.flags = (int)((unsigned)line.flags | ASYNC_LOW_LATENCY);
        (void)ioctl(fd, TIOCSSERIAL, &line);
    }
}

static enum status set_raw(int fd, const struct serial_settings *settings, speed_t speed)
{
    struct termios line;
    memset(&line, 0, sizeof line);
    line.c_cflag = CREAD | CLOCAL | CS8;
    if (settings->parity != 'N') {
        line.c_cflag |= settings->parity == 'O' ? PARENB | PARODD : PARENB;
        line.c_iflag = INPCK;
    }
    if (settings->stop_bits == 2) {
        line.c_cflag |= CSTOPB;
    }
    line.c_cc[VMIN] = 1; /* so that reading nothing is EAGAIN, and 0 means that the line hung up */
    if (cfsetispeed(&line, speed) != 0 || cfsetospeed(&line, speed) != 0) {
        return STATUS_INVALID;
    }
    /* A pty knows no parity, which is reported as EINVAL when nothing else had to change. */
    if (tcsetattr(fd, TCSANOW, &line) != 0 && !(errno == EINVAL && is_pty(fd))) {
        return errno == ENOTTY || errno == EINVAL ? STATUS_INVALID : STATUS_IO;
    }
    (void)tcflush(fd, TCIOFLUSH);
    hurry(fd);
    return STATUS_OK;
}

enum status serial_open(const struct serial_settings *settings, int *out_fd)
{
    speed_t speed;
    enum status status = find_speed(settings->baud, &speed);
    if (status != STATUS_OK) {
        return status;
    }
    const int fd = open(settings->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return opening_fault();
    }
    status = take_alone(fd);
    if (status == STATUS_OK) {
        status = set_raw(fd, settings, speed);
    }
    if (status != STATUS_OK) {
        const int saved_errno = errno;
        (void)close(fd);
        errno = saved_errno;
        return status;
    }
    *out_fd = fd;
    return STATUS_OK;
}

enum status serial_set_rs485(int fd)
{
    struct serial_rs485 mode = {.flags = SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND};
    return ioctl(fd, TIOCSRS485, &mode) == 0 ? STATUS_OK : STATUS_INVALID;
}

void serial_close(int fd)
{
    (void)tcflush(fd, TCIOFLUSH); /* else closing waits up to 30 s for the output of an adapter that was pulled out */
    (void)close(fd);
}

/* Nothing yet is EAGAIN (see VMIN); no bytes at all: it hung up. */
enum status serial_receive(int fd, void *bytes, size_t size, size_t *out_length)
{
    const ssize_t got = read(fd, bytes, size);
    if (got == 0) {
        errno = EIO;
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        return STATUS_IO;
    }
    *out_length = got > 0 ? (size_t)got : 0;
    return STATUS_OK;
}

enum status serial_pending(int fd, size_t *out_bytes)
{
    int waiting = 0;
    if (ioctl(fd, FIONREAD, &waiting) != 0) {
        return STATUS_IO;
    }
    *out_bytes = waiting > 0 ? (size_t)waiting : 0;
    return STATUS_OK;
}

enum status serial_discard(int fd)
{
    return tcflush(fd, TCIFLUSH) == 0 ? STATUS_OK : STATUS_IO;
}
