/*
 * What else the box has (hal/hook.h, indicator.h, service.h, watchdog.h): no lamp, no service manager, no program of the hospital's; and no hardware
 * watchdog, as the configuration of the simulated ward names none of them.
 */
#include "hal/hook.h"
#include "hal/indicator.h"
#include "hal/service.h"
#include "hal/watchdog.h"

enum status hook_start(struct hook *hook, const char *const *arguments, const char *const *environment,
                       int64_t until_us)
{
    (void)hook;
    (void)arguments;
    (void)environment;
    (void)until_us;
    return STATUS_NOT_FOUND;
}

enum hook_end hook_look(struct hook *hook, int64_t now_us, int *out_code)
{
    (void)hook;
    (void)now_us;
    *out_code = 0;
    return HOOK_EXITED;
}

void hook_kill(struct hook *hook)
{
    (void)hook;
}

enum status indicator_open(const char *where, bool active_low, int *out_fd)
{
    (void)where;
    (void)active_low;
    *out_fd = -1;
    return STATUS_NOT_FOUND;
}

enum status indicator_set(int fd, bool on)
{
    (void)fd;
    (void)on;
    return STATUS_IO;
}

void indicator_close(int fd)
{
    (void)fd;
}

enum status service_open(struct service *service)
{
    *service = (struct service){.fd = -1};
    return STATUS_OK;
}

void service_close(struct service *service)
{
    (void)service;
}

enum status service_tell(const struct service *service, const char *lines)
{
    (void)service;
    (void)lines;
    return STATUS_OK;
}

void service_tell_reload(const struct service *service)
{
    (void)service;
}

enum status watchdog_open(const char *device, uint32_t timeout_s, struct watchdog *out)
{
    (void)device;
    (void)timeout_s;
    *out = (struct watchdog){.fd = -1};
    return STATUS_NOT_FOUND;
}

enum status watchdog_feed(const struct watchdog *watchdog)
{
    (void)watchdog;
    return STATUS_OK;
}

void watchdog_close(struct watchdog *watchdog, bool stops)
{
    (void)watchdog;
    (void)stops;
}
