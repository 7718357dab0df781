#include "hal/indicator.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/linux/opening_fault.h"

#define PATH_MAX_BYTES 128
#define CONSUMER       "wardgate"

/* True when the text has the form of a chip and a line; false: it is a line's name. */
static bool indicator_names_chip(const char *where)
{
    return strchr(where, ':') != NULL && (strncmp(where, "gpiochip", 8) == 0 || where[0] == '/');
}

static enum status open_chip(const char *path, int *out)
{
    *out = open(path, O_RDWR | O_CLOEXEC);
    return *out >= 0 ? STATUS_OK : opening_fault();
}

/* "gpiochip0:17" */
static enum status open_place(const char *where, int *out_chip, uint32_t *out_offset)
{
    char path[PATH_MAX_BYTES];
    const char *colon = strrchr(where, ':');
    char *end = NULL;
    errno = 0;
    const unsigned long offset = strtoul(colon + 1, &end, 10);
    const int length =
        snprintf(path, sizeof path, "%s%.*s", where[0] == '/' ? "" : "/dev/", (int)(colon - where), where);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || errno != 0 || offset > UINT16_MAX || length < 0 ||
        (size_t)length >= sizeof path) {
        return STATUS_INVALID;
    }
    *out_offset = (uint32_t)offset;
    return open_chip(path, out_chip);
}

/* The line of that name on this chip; false: it has none. */
static bool find_on(int chip, const char *name, uint32_t *out_offset)
{
    struct gpiochip_info info = {.lines = 0};
    if (ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < info.lines; i++) {
        struct gpio_v2_line_info line = {.offset = i};
        if (ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &line) == 0 && strncmp(line.name, name, sizeof line.name) == 0) {
            *out_offset = i;
            return true;
        }
    }
    return false;
}

/* What keeps us from a chip is told when no other has the line. */
static enum status open_name(const char *name, int *out_chip, uint32_t *out_offset)
{
    enum status told = STATUS_NOT_FOUND;
    if (*name == '\0') {
        return STATUS_INVALID; /* most lines have none */
    }
    for (unsigned i = 0; i < INDICATOR_CHIPS_MAX; i++) {
        char path[PATH_MAX_BYTES];
        (void)snprintf(path, sizeof path, "/dev/gpiochip%u", i);
        const enum status status = open_chip(path, out_chip);
        if (status == STATUS_OK && find_on(*out_chip, name, out_offset)) {
            return STATUS_OK;
        }
        if (status == STATUS_OK) {
            (void)close(*out_chip);
        } else if (status != STATUS_NOT_FOUND) {
            told = status;
        }
    }
    return told;
}

static enum status request_line(int chip, uint32_t offset, bool active_low, int *out)
{
    struct gpio_v2_line_request request = {.offsets = {offset}, .num_lines = 1, .consumer = CONSUMER};
    request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT | (active_low ? (__u64)GPIO_V2_LINE_FLAG_ACTIVE_LOW : 0);
    if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) != 0) {
        return errno == EINVAL ? STATUS_INVALID : opening_fault();
    }
    *out = request.fd;
    return STATUS_OK;
}

enum status indicator_open(const char *where, bool active_low, int *out_fd)
{
    int chip = -1, line = -1;
    uint32_t offset = 0;
    enum status status =
        indicator_names_chip(where) ? open_place(where, &chip, &offset) : open_name(where, &chip, &offset);
    if (status != STATUS_OK) {
        return status;
    }
    status = request_line(chip, offset, active_low, &line);
    (void)close(chip);
    if (status == STATUS_OK) {
        (void)fcntl(line, F_SETFD, FD_CLOEXEC); /* the kernel gives it so; programs that we start must not hold it */
        *out_fd = line;
    }
    return status;
}

enum status indicator_set(int fd, bool on)
{
    struct gpio_v2_line_values values = {.bits = on ? 1 : 0, .mask = 1};
    return ioctl(fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) == 0 ? STATUS_OK : STATUS_IO;
}

void indicator_close(int fd)
{
    (void)!indicator_set(fd, false);
    (void)close(fd);
}
