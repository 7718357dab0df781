#include "tests/ward/ward_link.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { UNASKED_REGISTERS = 12, UNASKED_VALUE = 77, RETRY_NS = 2000000 };

bool ward_link_is_wire(const struct ward_link *link)
{
    return link->kind == WARD_SERIAL || link->kind == WARD_OXIMETER;
}

bool ward_link_ask(struct ward_link *link, int64_t now_ns, uint8_t unit, const uint8_t *pdu, size_t length,
                   struct ward_reply *out)
{
    struct ward_monitor *monitor = link->by_unit[unit];
    link->counts.requests++;
    link->counts.writes_refused += ward_pdu_is_write(pdu[0]) ? 1 : 0;
    if (monitor == NULL) {
        link->counts.unknown_unit++;
        return false;
    }
    const bool answers = ward_monitor_answer(monitor, now_ns, pdu, length, out);
    link->counts.answered += answers ? 1 : 0;
    return answers;
}

int64_t ward_link_char_ns(unsigned baud, bool parity, unsigned stop_bits)
{
    return (int64_t)(1U + 8U + (parity ? 1U : 0U) + stop_bits) * WARD_S / baud;
}

int64_t ward_link_silence_ns(unsigned baud, int64_t char_ns)
{
    return baud > 19200 ? 1750000 : char_ns * 7 / 2;
}

void ward_link_make_unasked(const struct ward_link *link, struct ward_reply *out)
{
    *out = (struct ward_reply){.unit = 1, .length = 2 + 2 * UNASKED_REGISTERS};
    for (unsigned unit = 1; unit < WARD_UNITS; unit++) {
        if (link->by_unit[unit] != NULL) {
            out->unit = (uint8_t)unit;
            break;
        }
    }
    out->pdu[0] = 3;
    out->pdu[1] = 2 * UNASKED_REGISTERS;
    for (unsigned i = 0; i < UNASKED_REGISTERS; i++) {
        out->pdu[2 + 2 * i + 1] = UNASKED_VALUE;
    }
}

uint8_t ward_link_noise(struct ward_link *link)
{
    link->random = link->random * 1664525U + 1013904223U;
    return (uint8_t)(link->random >> 24);
}

/* A wire does not wait for a reader: what a full pty does not take is lost. A socket is tried again. */
static ssize_t pump_write(const struct ward_link *link, int fd, const uint8_t *bytes, size_t count)
{
    const ssize_t written = write(fd, bytes, count);
    const bool full = written < 0 && (errno == EAGAIN || errno == EINTR);
    if (ward_link_is_wire(link)) {
        return (ssize_t)count;
    }
    return full ? 0 : written;
}

/* The time before the write: the other side may act on the answer before the write returns. */
static void link_stamp(const struct ward_link *link, const struct ward_sending *head, size_t count)
{
    if (link->stamps == NULL || head->sent + count < head->length) {
        return;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(link->stamps, "%lld ", (long long)(now.tv_sec * WARD_S + now.tv_nsec));
    for (size_t i = 0; i < head->length; i++) {
        fprintf(link->stamps, "%02X", head->bytes[i]);
    }
    fputc('\n', link->stamps);
}

bool ward_link_pump(struct ward_link *link, struct ward_outlet *outlet, int fd, int64_t now_ns)
{
    size_t count = 0;
    const struct ward_sending *head;
    while ((head = ward_outlet_due(outlet, now_ns, &count)) != NULL) {
        link_stamp(link, head, count);
        const ssize_t written = pump_write(link, fd, head->bytes + head->sent, count);
        if (written < 0) {
            return false;
        }
        if ((size_t)written < count) {
            outlet->hold_ns = now_ns + RETRY_NS;
        }
        if (head->sent + written == head->length) {
            ward_link_log(link, now_ns, '<', head->bytes, head->length);
        }
        (void)ward_outlet_sent(outlet, (size_t)written);
    }
    return true;
}

void ward_link_log(struct ward_link *link, int64_t at_ns, char direction, const uint8_t *bytes, size_t length)
{
    if (link->log == NULL) {
        return;
    }
    const int64_t ms = at_ns / WARD_MS;
    fprintf(link->log, "%02d:%02d.%03d %c", (int)(ms / 60000), (int)(ms / 1000 % 60), (int)(ms % 1000), direction);
    for (size_t i = 0; i < length; i++) {
        fprintf(link->log, " %02X", bytes[i]);
    }
    fputc('\n', link->log);
}

bool ward_link_log_to(struct ward_link *link, const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "we");
    if (path != NULL && file == NULL) {
        return false;
    }
    if (link->log != NULL) {
        fclose(link->log);
    }
    link->log = file;
    if (file == NULL) {
        return true;
    }
    setvbuf(file, NULL, _IOLBF, 0);
    fprintf(file, "# monitor: simulated  line: %s", link->name);
    if (ward_link_is_wire(link)) {
        const struct ward_serial *serial = &link->serial;
        fprintf(file, "  %u 8%c%u", serial->baud, serial->parity, serial->stop_bits);
    }
    fprintf(file, "\n# > request, at its first byte; < answer, at its last byte\n");
    return true;
}

bool ward_link_stamp_to(struct ward_link *link, const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "we");
    if (path != NULL && file == NULL) {
        return false;
    }
    if (link->stamps != NULL) {
        fclose(link->stamps);
    }
    link->stamps = file;
    return true;
}
