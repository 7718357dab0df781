#include "hal/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A number above 0 and nothing else; 0: it is none. */
static int64_t read_number(const char *name)
{
    const char *text = getenv(name); /* nothing of ours changes the environment while threads run */
    char *end = NULL;
    if (text == NULL || *text < '0' || *text > '9') {
        return 0;
    }
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && number > 0 ? number : 0;
}

static int64_t read_watchdog_us(void)
{
    const bool is_for_us = getenv("WATCHDOG_PID") == NULL || read_number("WATCHDOG_PID") == (int64_t)getpid();
    return is_for_us ? read_number("WATCHDOG_USEC") : 0;
}

/* An abstract name begins with a NUL, and ends with the address's length. */
static bool find_socket(const char *name, struct service *service)
{
    const size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof service->to.sun_path) {
        return false;
    }
    service->to.sun_family = AF_UNIX;
    memcpy(service->to.sun_path, name, length);
    if (name[0] == '@') {
        service->to.sun_path[0] = '\0';
    }
    service->to_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '/' ? 1 : 0));
    return true;
}

enum status service_open(struct service *service)
{
    const char *name = getenv("NOTIFY_SOCKET");
    *service = (struct service){.fd = -1};
    if (name == NULL || *name == '\0') {
        return STATUS_OK;
    }
    if (!find_socket(name, service)) {
        return STATUS_INVALID;
    }
    service->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (service->fd < 0) {
        return STATUS_IO;
    }
    service->watchdog_us = read_watchdog_us();
    return STATUS_OK;
}

void service_close(struct service *service)
{
    if (service->fd >= 0) {
        (void)close(service->fd);
        service->fd = -1;
    }
}

enum status service_tell(const struct service *service, const char *lines)
{
    if (service->fd < 0) {
        return STATUS_OK;
    }
    const size_t length = strlen(lines);
    const ssize_t sent = sendto(service->fd, lines, length, MSG_NOSIGNAL | MSG_DONTWAIT,
                                (const struct sockaddr *)&service->to, service->to_length);
    return sent == (ssize_t)length ? STATUS_OK : STATUS_IO;
}

void service_tell_reload(const struct service *service)
{
    char lines[128];
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* the manager's, not boot time */
    (void)snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Loads its configuration again",
                   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    (void)!service_tell(service, lines);
}

const char *service_stop_reason(void)
{
    static const char *const words[] = {SERVICE_SHUTDOWN, SERVICE_UPDATE};
    const char *path = getenv("WARDGATE_STOPPING"), *reason = SERVICE_STOPPED;
    char text[16] = "";
    FILE *stream = path != NULL ? fopen(path, "re") : NULL;
    if (stream == NULL) {
        return reason;
    }
    if (fgets(text, sizeof text, stream) != NULL) {
        text[strcspn(text, "\n")] = '\0';
    }
    (void)fclose(stream);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        reason = strcmp(text, words[i]) == 0 ? words[i] : reason;
    }
    return reason;
}
