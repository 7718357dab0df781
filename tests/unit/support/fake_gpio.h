/*
 * fake_gpio.h: GPIO chips below the C library: open and ioctl are stood in for, for paths under /dev/gpiochip and the requests of the v2 interface. Included by one
 * file of a program.
 */
#ifndef WARDGATE_TESTS_FAKE_GPIO_H
#define WARDGATE_TESTS_FAKE_GPIO_H

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAKE_CHIPS 2
#define FAKE_LINES 4

struct fake_line {
    const char *name;
    bool taken;      /* by another program */
    bool active_low; /* as asked for */
    atomic_int fd;   /* while ours has it; 0: it does not */
    atomic_bool on;
    atomic_uint sets;
};

static struct {
    bool denied;        /* no chip can be opened */
    atomic_bool broken; /* no line can be set any more */
    int chip_fds[FAKE_CHIPS];
    struct fake_line lines[FAKE_CHIPS][FAKE_LINES];
} fake_gpio;

static inline int fake_gpio_fail(int error)
{
    errno = error;
    return -1;
}

static inline int fake_gpio_open(const char *path)
{
    const long chip = strtol(path + strlen("/dev/gpiochip"), NULL, 10);
    if (fake_gpio.denied || chip >= FAKE_CHIPS) {
        return fake_gpio_fail(fake_gpio.denied ? EACCES : ENOENT);
    }
    fake_gpio.chip_fds[chip] = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
    return fake_gpio.chip_fds[chip];
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc names them __file, __oflag ... */

/* Stands in front of the C library's. */
int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(arguments, int) : 0;
    va_end(arguments);
    return strncmp(path, "/dev/gpiochip", 13) == 0 ? fake_gpio_open(path)
                                                   : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static inline int fake_gpio_chip(int fd)
{
    int chip = FAKE_CHIPS - 1;
    while (chip >= 0 && fake_gpio.chip_fds[chip] != fd) {
        chip--;
    }
    return chip;
}

static inline int fake_gpio_describe(int chip, struct gpio_v2_line_info *info)
{
    const char *name = info->offset < FAKE_LINES ? fake_gpio.lines[chip][info->offset].name : NULL;
    if (info->offset >= FAKE_LINES) {
        return fake_gpio_fail(EINVAL);
    }
    (void)snprintf(info->name, sizeof info->name, "%s", name != NULL ? name : "");
    return 0;
}

static inline int fake_gpio_request(int chip, struct gpio_v2_line_request *request)
{
    if (request->num_lines != 1 || request->offsets[0] >= FAKE_LINES ||
        (request->config.flags & GPIO_V2_LINE_FLAG_OUTPUT) == 0) {
        return fake_gpio_fail(EINVAL);
    }
    struct fake_line *line = &fake_gpio.lines[chip][request->offsets[0]];
    if (line->taken || atomic_load(&line->fd) != 0) {
        return fake_gpio_fail(EBUSY);
    }
    line->active_low = (request->config.flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW) != 0;
    request->fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
    atomic_store(&line->fd, request->fd);
    atomic_store(&line->on, false);
    return 0;
}

static inline int fake_gpio_set(int fd, const struct gpio_v2_line_values *values)
{
    for (unsigned i = 0; i < FAKE_CHIPS * FAKE_LINES; i++) {
        struct fake_line *line = &fake_gpio.lines[i / FAKE_LINES][i % FAKE_LINES];
        if (atomic_load(&line->fd) == fd && fd != 0 && !atomic_load(&fake_gpio.broken)) {
            atomic_store(&line->on, (values->bits & values->mask & 1) != 0);
            atomic_fetch_add(&line->sets, 1);
            return 0;
        }
    }
    return fake_gpio_fail(EIO);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    const int chip = fake_gpio_chip(fd);
    if (request == GPIO_V2_LINE_SET_VALUES_IOCTL) {
        return fake_gpio_set(fd, argument);
    }
    if (chip >= 0 && request == GPIO_GET_CHIPINFO_IOCTL) {
        ((struct gpiochip_info *)argument)->lines = FAKE_LINES;
        return 0;
    }
    if (chip >= 0 && request == GPIO_V2_GET_LINEINFO_IOCTL) {
        return fake_gpio_describe(chip, argument);
    }
    if (chip >= 0 && request == GPIO_V2_GET_LINE_IOCTL) {
        return fake_gpio_request(chip, argument);
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* As at the beginning: nobody has a line. */
static inline void fake_gpio_reset(void)
{
    memset(&fake_gpio, 0, sizeof fake_gpio);
    fake_gpio.lines[0][2].name = "HEARTBEAT";
    fake_gpio.lines[1][3].name = "ALARM_LED";
    fake_gpio.lines[1][1].taken = true;
}

#endif
