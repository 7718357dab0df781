/*
 * service.h: tells the service manager that started this program how it is doing, and feeds its watchdog.
 *
 * Datagrams to the socket that NOTIFY_SOCKET names (a path, or, after an @, an abstract name), lines of NAME=VALUE; without that
 * variable nothing is told. WATCHDOG_USEC is how often the manager wants to see WATCHDOG=1, if WATCHDOG_PID is this process or is not
 * there. The environment stays as it is.
 * Never waits: what the manager has no room for is not told. Thread: any for service_tell; service_open before that.
 * Source: sd_notify(3), sd_watchdog_enabled(3); systemd is not needed to build or run this.
 */
#ifndef WARDGATE_SERVICE_H
#define WARDGATE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "app/engine/status.h"

#define SERVICE_TEXT_MAX 512

struct service {
    int fd; /* -1: nobody is told */
    struct sockaddr_un to;
    socklen_t to_length;
    int64_t watchdog_us; /* wanted at least this often; 0: never */
};

/* STATUS_INVALID: NOTIFY_SOCKET is no name of a socket, STATUS_IO: no descriptor; nobody is told then. STATUS_OK also where there is no manager. */
enum status service_open(struct service *service) MUST_CHECK;
void service_close(struct service *service);

/* Whole lines, such as "READY=1\nSTATUS=well". STATUS_IO: the manager does not take it. */
enum status service_tell(const struct service *service, const char *lines) MUST_CHECK;

/* That it loads its configuration again, until READY=1 is told; with the instant, by which the manager knows which request that answers. */
void service_tell_reload(const struct service *service);

/* Why this program is ended in order: the word in the file that WARDGATE_STOPPING names, which config/wardgate-farewell.service writes before;
 * without it, and of any other word, SERVICE_STOPPED. Thread: any. */
#define SERVICE_STOPPED  "stopped"  /* the program alone is */
#define SERVICE_SHUTDOWN "shutdown" /* the box is restarted, or switched off */
#define SERVICE_UPDATE   "update"   /* the box is restarted for an update */
const char *service_stop_reason(void);

#endif
