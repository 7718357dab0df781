#include "drivers/monitor/modbus/modbus_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/monitor/modbus/probe_asker.h"
#include "drivers/monitor/modbus/probe_fit.h"
#include "hal/clock.h"
#include "hal/net.h"
#include "hal/serial.h"

enum { LISTEN_MS = 500, HEARD_MAX = 2048, CONNECT_MS = 3000, US_PER_MS = 1000 };

struct line {
    uint32_t baud;
    enum parity parity;
    uint8_t stop_bits;
};

/* As they are found: the two that the standard asks for, then what devices come with. */
static const struct line usual_lines[] = {
    {19200, PARITY_EVEN, 1}, {9600, PARITY_EVEN, 1},  {9600, PARITY_NONE, 1},   {19200, PARITY_NONE, 1},
    {9600, PARITY_NONE, 2},  {19200, PARITY_NONE, 2}, {38400, PARITY_EVEN, 1},  {38400, PARITY_NONE, 1},
    {57600, PARITY_EVEN, 1}, {57600, PARITY_NONE, 1}, {115200, PARITY_EVEN, 1}, {115200, PARITY_NONE, 1},
};

/* Of a speed that somebody asks for. */
static const struct line usual_forms[] = {
    {0, PARITY_EVEN, 1}, {0, PARITY_NONE, 1}, {0, PARITY_NONE, 2}, {0, PARITY_ODD, 1}};

enum {
    USUAL_LINES = sizeof usual_lines / sizeof usual_lines[0],
    USUAL_FORMS = sizeof usual_forms / sizeof usual_forms[0]
};

static void tell_finding(struct probe_listener *listener, struct asker *asker, const struct probe_target *target,
                         const char *kind, const struct line *line, uint8_t address)
{
    struct probe_finding finding = {.kind = kind, .address = address};
    if (line != NULL) {
        finding.baud = line->baud;
        finding.parity = line->parity;
        finding.stop_bits = line->stop_bits;
    }
    asker_identify(asker, address, finding.identity);
    fit_best(asker, address, target->profiles, finding.identity, &finding);
    listener->found(listener, &finding);
}

/* Asks every address once; how many answered. */
static unsigned ask_all(struct probe_listener *listener, struct asker *asker, const struct probe_target *target,
                        const char *kind, const struct line *line, const char *where)
{
    unsigned found = 0;
    for (unsigned address = target->first; address <= target->last && listener->go_on(listener); address++) {
        listener->progress(listener, address - target->first, (unsigned)(target->last - target->first) + 1, where);
        if (asker_is_there(asker, (uint8_t)address)) {
            tell_finding(listener, asker, target, kind, line, (uint8_t)address);
            found++;
        }
        if (asker->status != STATUS_OK) {
            break;
        }
    }
    return found;
}

/* --- serial lines -------------------------------------------------------------------------------------------- */

/* What is heard within LISTEN_MS. */
static size_t listen(int fd, uint8_t heard[HEARD_MAX])
{
    const int64_t end_us = clock_boot_us() + (int64_t)LISTEN_MS * US_PER_MS;
    size_t length = 0;
    for (int64_t now_us = clock_boot_us(); now_us < end_us && length < HEARD_MAX; now_us = clock_boot_us()) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)((end_us - now_us) / US_PER_MS) + 1) <= 0) {
            break;
        }
        const ssize_t got = read(fd, heard + length, HEARD_MAX - length);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    return length;
}

/* True when the line may be asked at this speed. */
static bool is_free(struct probe_listener *listener, int fd, const char *where)
{
    uint8_t heard[HEARD_MAX];
    const size_t length = listen(fd, heard);
    const unsigned requests = frame_count_requests(heard, length);
    char text[160];
    if (requests > 0) {
        (void)snprintf(text, sizeof text,
                       "another master asks on this line (%u request%s heard at %s), unplug it first", requests,
                       requests == 1 ? "" : "s", where);
        listener->warn(listener, text);
    }
    return requests == 0;
}

static char parity_letter(enum parity parity)
{
    static const char letters[] = {[PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O'};
    return letters[parity];
}

static enum status probe_line(const struct probe_target *target, struct probe_listener *listener,
                              const struct line *line, bool *out_over)
{
    const struct serial_settings settings = {.device = target->device,
                                             .baud = line->baud,
                                             .parity = parity_letter(line->parity),
                                             .stop_bits = line->stop_bits};
    char where[48];
    int fd = -1;
    const enum status status = serial_open(&settings, &fd);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(where, sizeof where, "%u 8%c%u", line->baud, settings.parity, line->stop_bits);
    struct asker asker;
    asker_make(&asker, fd, ASKER_SERIAL, wire_of(line->baud, line->parity, line->stop_bits), target->answer_ms);
    *out_over = !is_free(listener, fd, where) || ask_all(listener, &asker, target, "modbus-rtu", line, where) > 0 ||
                asker.status != STATUS_OK;
    serial_close(fd);
    return asker.status;
}

enum status modbus_probe_rtu(const struct probe_target *target, struct probe_listener *listener)
{
    enum status status = STATUS_OK;
    bool over = false;
    const unsigned count = target->baud != 0 ? USUAL_FORMS : USUAL_LINES;
    for (unsigned i = 0; i < count && status == STATUS_OK && !over && listener->go_on(listener); i++) {
        struct line line = usual_lines[i];
        if (target->baud != 0) {
            line = usual_forms[i];
            line.baud = target->baud;
        }
        status = probe_line(target, listener, &line, &over);
    }
    return status;
}

/* --- network ------------------------------------------------------------------------------------------------- */

static enum status connect_to(const struct probe_target *target, int *out_fd)
{
    int fd = -1;
    enum status status = net_connect_start(target->host, target->port, &fd);
    if (status != STATUS_OK) {
        return status;
    }
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    status = poll(&wait, 1, CONNECT_MS) == 1 ? net_connect_finish(fd) : STATUS_TIMEOUT;
    if (status != STATUS_OK) {
        net_close(fd);
        return status;
    }
    *out_fd = fd;
    return STATUS_OK;
}

/* A late answer must not be taken for the next: after each silence the connection is a new one. */
static enum status reconnect(struct asker *asker, const void *context)
{
    net_close(asker->fd);
    asker->fd = -1;
    return connect_to(context, &asker->fd);
}

static enum status probe_network(const struct probe_target *target, struct probe_listener *listener,
                                 enum asker_form form, const char *kind)
{
    struct asker asker;
    int fd = -1;
    const enum status status = connect_to(target, &fd);
    if (status != STATUS_OK) {
        return status;
    }
    asker_make(&asker, fd, form, (struct wire){0, 0}, target->answer_ms);
    asker.reconnect = reconnect;
    asker.context = target;
    (void)ask_all(listener, &asker, target, kind, NULL, target->host);
    if (asker.fd >= 0) {
        net_close(asker.fd);
    }
    return asker.status;
}

enum status modbus_probe_tcp(const struct probe_target *target, struct probe_listener *listener)
{
    return probe_network(target, listener, ASKER_TCP, "modbus-tcp");
}

enum status modbus_probe_rtu_over_tcp(const struct probe_target *target, struct probe_listener *listener)
{
    return probe_network(target, listener, ASKER_RTU_OVER_TCP, "rtu-over-tcp");
}
