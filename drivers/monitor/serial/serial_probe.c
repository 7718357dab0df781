#include "drivers/monitor/serial/serial_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "drivers/monitor/serial/protocols.h"
#include "drivers/monitor/serial/sniff.h"
#include "hal/clock.h"
#include "hal/serial.h"

enum { SPEEDS_MAX = 16, US_PER_MS = 1000, STEP_MS = 200 };

static unsigned collect_speeds(uint32_t only, uint32_t speeds[SPEEDS_MAX])
{
    unsigned count = 0;
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        for (unsigned i = 0; i < PROTOCOL_BAUDS && (*p)->bauds[i] != 0; i++) {
            const uint32_t baud = (*p)->bauds[i];
            bool known = only != 0 && baud != only;
            for (unsigned k = 0; k < count; k++) {
                known = known || speeds[k] == baud;
            }
            if (!known && count < SPEEDS_MAX) {
                speeds[count++] = baud;
            }
        }
    }
    return count;
}

/* What the line speaks; NULL when that is not sure in time. */
static const struct protocol *listen(int fd, const struct probe_target *target, struct probe_listener *listener)
{
    const int64_t end_us = clock_boot_us() + (int64_t)target->listen_ms * US_PER_MS;
    struct sniff_window window = {.count = 0};
    const struct protocol *protocol = NULL;
    while (protocol == NULL && clock_boot_us() < end_us && listener->go_on(listener)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint8_t bytes[SNIFF_BYTES / 2];
        if (poll(&wait, 1, STEP_MS) <= 0) {
            continue;
        }
        const ssize_t got = read(fd, bytes, sizeof bytes);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        sniff_add(&window, bytes, got > 0 ? (size_t)got : 0);
        protocol = sniff(window.bytes, window.count);
    }
    return protocol;
}

enum status serial_probe(const struct probe_target *target, struct probe_listener *listener)
{
    uint32_t speeds[SPEEDS_MAX];
    const unsigned count = collect_speeds(target->baud, speeds);
    for (unsigned i = 0; i < count && listener->go_on(listener); i++) {
        const struct serial_settings settings = {
            .device = target->device, .baud = speeds[i], .parity = 'N', .stop_bits = 1};
        char where[48];
        int fd = -1;
        const enum status status = serial_open(&settings, &fd);
        if (status != STATUS_OK) {
            return status;
        }
        (void)snprintf(where, sizeof where, "%u 8N1, listening", speeds[i]);
        listener->progress(listener, i, count, where);
        const struct protocol *protocol = listen(fd, target, listener);
        serial_close(fd);
        if (protocol != NULL) {
            const struct probe_finding finding = {.kind = "serial",
                                                  .baud = speeds[i],
                                                  .parity = PARITY_NONE,
                                                  .stop_bits = 1,
                                                  .profile = protocol->profile};
            listener->found(listener, &finding);
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}
