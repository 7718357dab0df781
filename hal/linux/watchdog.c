#include "hal/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/linux/opening_fault.h"

/* One that has a fixed time, or cannot count that long, tells its own; the simplest tell nothing. */
static uint32_t set_timeout(int fd, uint32_t timeout_s)
{
    int wanted = (int)timeout_s, own = 0;
    if (ioctl(fd, WDIOC_SETTIMEOUT, &wanted) == 0 && wanted > 0) {
        return (uint32_t)wanted; /* as the device rounded it */
    }
    return ioctl(fd, WDIOC_GETTIMEOUT, &own) == 0 && own > 0 ? (uint32_t)own : 0;
}

enum status watchdog_open(const char *device, uint32_t timeout_s, struct watchdog *out)
{
    const int fd = open(device, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return opening_fault();
    }
    *out = (struct watchdog){.fd = fd, .timeout_s = set_timeout(fd, timeout_s)};
    return STATUS_OK;
}

/* Any write feeds it, too: for what has no such request. A V would mean that the next close stops it. */
enum status watchdog_feed(const struct watchdog *watchdog)
{
    if (ioctl(watchdog->fd, WDIOC_KEEPALIVE, 0) == 0) {
        return STATUS_OK;
    }
    return write(watchdog->fd, "", 1) == 1 ? STATUS_OK : STATUS_IO;
}

void watchdog_close(struct watchdog *watchdog, bool stops)
{
    if (watchdog->fd < 0) {
        return;
    }
    if (stops && write(watchdog->fd, "V", 1) != 1) {
        const int off = WDIOS_DISABLECARD;
        (void)ioctl(watchdog->fd, WDIOC_SETOPTIONS, &off);
    }
    (void)close(watchdog->fd);
    watchdog->fd = -1;
}
