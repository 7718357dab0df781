/*
 * The bus of a monitor that talks unasked: a line that is read as bytes come.
 *
 *            bus_open
 *   CLOSED ------------> OPEN      read in on_ready; on_deadline, every LOOK_US: is it silent, is it another protocol?
 *     ^                   |
 *     +---- bus_lose -----+        the device is gone, or cannot be opened: again after 1 s, doubling to 5 s
 *
 * Nothing is sent. Some monitors can be told to use another format; this would be our doing on somebody else's device, and
 * what it sends already is read just as well.
 */
#include "drivers/monitor/serial/serial_driver.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drivers/monitor/serial/protocols.h"
#include "drivers/monitor/serial/reporter.h"
#include "drivers/monitor/serial/serial_probe.h"
#include "drivers/monitor/serial/sniff.h"
#include "drivers/monitor/serial/stream.h"
#include "hal/serial.h"

#define LOOK_US      INT64_C(500000)
#define UNLOOKED_US  INT64_C(2000000)  /* longer without a look, and what waits to be read is old */
#define LOST_US      INT64_C(3000000)  /* longer without a frame believed, and it may be another protocol */
#define SILENT_US    INT64_C(10000000) /* at least so long without one, and nobody answers */
#define RETRY_MS_MIN 1000U
#define RETRY_MS_MAX 5000U

enum { PIECES_MAX = 16, BITS_PER_BYTE = 10 };

struct bus {
    const struct bus_config *config;
    struct bus_health health;
    int fd; /* -1: closed */
    int64_t deadline_us;
    uint32_t retry_ms;
    bool adapts;       /* the profile leaves the protocol open */
    int64_t look_us;   /* newest look at the line */
    int64_t byte_us;   /* newest byte */
    int64_t frame_us;  /* newest frame believed, or the opening */
    int64_t silent_us; /* after this nobody answers */
    struct stream stream;
    struct reporter reporter;
    struct sniff_window window;
};

/* --- health -------------------------------------------------------------------------------------------------- */

static struct monitor_health *monitor_of(struct bus *bus)
{
    return &bus->health.monitors[0];
}

static void count(atomic_uint *counter, unsigned by)
{
    (void)atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

static void set_state(struct bus *bus, enum bus_state state, enum status last_error, int last_errno)
{
    atomic_store_explicit(&bus->health.state, (int)state, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_error, (int)last_error, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_errno, last_errno, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&bus->health.lost, last_error != STATUS_OK ? 1 : 0, memory_order_relaxed);
}

static void set_answering(struct bus *bus, bool answering)
{
    atomic_store_explicit(&monitor_of(bus)->answering, answering, memory_order_relaxed);
}

/* What the line speaks, NULL when nobody knows; another protocol than is configured is a fault. */
static void set_speaks(struct bus *bus, const struct protocol *protocol)
{
    const bool is_other = protocol != NULL && protocol != bus->stream.protocol;
    atomic_store_explicit(&bus->health.speaks, protocol != NULL ? protocol->profile->name : NULL, memory_order_relaxed);
    atomic_store_explicit(&bus->health.last_error, is_other ? (int)STATUS_WRONG_PROTOCOL : (int)STATUS_OK,
                          memory_order_relaxed);
}

/* --- frames -------------------------------------------------------------------------------------------------- */

static void use(struct bus *bus, const struct protocol *protocol)
{
    stream_use(&bus->stream, protocol);
    if (protocol != NULL) {
        reporter_use(&bus->reporter, bus->config->monitors, protocol);
    }
}

static void take_frame(struct bus *bus, const struct stream_frame *frame, int64_t now_us, struct observation_sink *out)
{
    struct monitor_health *health = monitor_of(bus);
    count(&health->polls, 1);
    if (frame->status != STATUS_OK) {
        count(&health->failures[frame->status], 1);
        return;
    }
    if (!frame->has_reading) {
        return; /* chance makes frames, too, where a protocol has no checksum */
    }
    count(&health->answers, 1);
    bus->frame_us = now_us;
    set_answering(bus, true);
    set_speaks(bus, bus->stream.protocol);
    reporter_put(&bus->reporter, &frame->reading, now_us / 1000, out);
}

static void note_bytes(struct bus *bus, size_t bytes)
{
    const unsigned long long us = (unsigned long long)bytes * BITS_PER_BYTE * 1000000 / bus->config->baud;
    (void)atomic_fetch_add_explicit(&bus->health.busy_us, us, memory_order_relaxed);
    count(&bus->health.unasked, bus->stream.skipped);
    bus->stream.skipped = 0;
}

static void take_bytes(struct bus *bus, const uint8_t *bytes, size_t length, int64_t now_us,
                       struct observation_sink *out)
{
    struct stream_frame frame;
    bus->byte_us = now_us;
    bus->retry_ms = 0;
    sniff_add(&bus->window, bytes, length);
    stream_put(&bus->stream, bytes, length, now_us);
    while (stream_next(&bus->stream, &frame)) {
        take_frame(bus, &frame, now_us, out);
    }
    note_bytes(bus, length);
}

/* --- opening and closing ------------------------------------------------------------------------------------- */

static void bus_close(struct bus *bus, int64_t reopen_us)
{
    if (bus->fd >= 0) {
        serial_close(bus->fd);
        bus->fd = -1;
    }
    atomic_store_explicit(&bus->health.speaks, NULL, memory_order_relaxed);
    set_answering(bus, false);
    bus->deadline_us = reopen_us;
}

static void bus_lose(struct bus *bus, int64_t now_us, enum status status, int fault)
{
    const uint32_t longer_ms = bus->retry_ms == 0 ? RETRY_MS_MIN : bus->retry_ms * 2;
    bus->retry_ms = longer_ms < RETRY_MS_MAX ? longer_ms : RETRY_MS_MAX;
    set_state(bus, BUS_CLOSED, status, fault);
    bus_close(bus, now_us + bus->retry_ms * INT64_C(1000));
}

static void bus_open(struct bus *bus, int64_t now_us)
{
    static const char letters[] = {[PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O'};
    const struct bus_config *config = bus->config;
    const struct serial_settings settings = {.device = config->device,
                                             .baud = config->baud,
                                             .parity = letters[config->parity],
                                             .stop_bits = config->stop_bits};
    const enum status status = serial_open(&settings, &bus->fd);
    if (status != STATUS_OK) {
        bus_lose(bus, now_us, status, errno);
        return;
    }
    count(&bus->health.opened, 1);
    set_state(bus, BUS_OPEN, STATUS_OK, 0);
    use(bus, bus->adapts ? NULL : protocol_by_name(config->monitors->profile->name));
    bus->window.count = 0;
    bus->look_us = now_us;
    bus->byte_us = now_us;
    bus->frame_us = now_us;
    bus->deadline_us = now_us + LOOK_US;
}

/* --- looking ------------------------------------------------------------------------------------------------- */

static void fall_silent(struct bus *bus)
{
    if (!atomic_load_explicit(&monitor_of(bus)->answering, memory_order_relaxed)) {
        return;
    }
    set_answering(bus, false);
    stream_use(&bus->stream, bus->stream.protocol);
    reporter_forget(&bus->reporter);
}

/* Not what is expected: perhaps it is something else that we know. */
static void recognise(struct bus *bus)
{
    const struct protocol *protocol = sniff(bus->window.bytes, bus->window.count);
    if (protocol == NULL || protocol == bus->stream.protocol) {
        return;
    }
    if (bus->adapts && protocol_is_oximeter(protocol)) {
        use(bus, protocol);
    }
    set_speaks(bus, protocol);
}

static void look(struct bus *bus, int64_t now_us)
{
    if (now_us - bus->frame_us > bus->silent_us) {
        fall_silent(bus);
    }
    if (now_us - bus->byte_us > SILENT_US && bus->window.count > 0) {
        bus->window.count = 0;
        set_speaks(bus, NULL);
    }
    if (bus->stream.protocol == NULL || now_us - bus->frame_us > LOST_US) {
        recognise(bus);
    }
}

/* What nobody has read for so long is not current. False when the line is gone. */
static bool discard_old(struct bus *bus)
{
    size_t pending = 0;
    if (serial_pending(bus->fd, &pending) != STATUS_OK || serial_discard(bus->fd) != STATUS_OK) {
        return false;
    }
    count(&bus->health.unasked, (unsigned)pending);
    bus->window.count = 0;
    stream_use(&bus->stream, bus->stream.protocol);
    return true;
}

static void read_line(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    uint8_t bytes[STREAM_PIECE];
    for (int i = 0; i < PIECES_MAX; i++) {
        const ssize_t got = read(bus->fd, bytes, sizeof bytes);
        if (got > 0) {
            take_bytes(bus, bytes, (size_t)got, now_us, out);
        } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else {
            bus_lose(bus, now_us, STATUS_IO, got < 0 ? errno : 0);
            return;
        }
    }
}

/* --- the driver ---------------------------------------------------------------------------------------------- */

static struct bus *make(struct arena *arena, const struct bus_config *config)
{
    struct bus *bus = ARENA_TAKE(arena, struct bus, 1);
    struct monitor_health *health = ARENA_TAKE(arena, struct monitor_health, 1);
    assert(config->monitor_count == 1); /* nothing on the line tells monitors apart */
    if (bus == NULL) {
        return NULL;
    }
    const struct profile *profile = config->monitors->profile;
    const int64_t patience_us = profile->poll_interval_ms * INT64_C(3000);
    *bus = (struct bus){.config = config, .fd = -1, .deadline_us = BUS_NEVER};
    bus->health.monitors = health;
    bus->adapts = protocol_by_name(profile->name) == NULL;
    bus->silent_us = patience_us > SILENT_US ? patience_us : SILENT_US;
    return bus;
}

static void each_request(const struct bus_config *config, bus_request_visit *visit, void *context)
{
    const struct profile *profile = config->monitors->profile;
    const struct protocol *protocol = protocol_by_name(profile->name);
    struct bus_request request = {.interval_ms = profile->poll_interval_ms};
    if (protocol != NULL) {
        request.wire_us = protocol->usual_bytes * UINT32_C(1000000) / config->baud * BITS_PER_BYTE;
    }
    (void)snprintf(request.text, sizeof request.text, "listens to %s", profile->name);
    visit(context, &request);
}

static void start(struct bus *bus, int64_t now_us)
{
    assert(bus->fd < 0);
    bus->retry_ms = 0;
    bus_open(bus, now_us);
}

static int descriptor(const struct bus *bus, bool *writable)
{
    *writable = false;
    return bus->fd;
}

static int64_t next_deadline(const struct bus *bus)
{
    return bus->deadline_us;
}

static void on_ready(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    if (bus->fd < 0) {
        return;
    }
    if (now_us - bus->look_us > UNLOOKED_US && !discard_old(bus)) {
        bus_lose(bus, now_us, STATUS_IO, errno);
        return;
    }
    bus->look_us = now_us;
    read_line(bus, now_us, out);
}

static void on_deadline(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    if (bus->fd < 0) {
        bus_open(bus, now_us);
        return;
    }
    on_ready(bus, now_us, out);
    if (bus->fd >= 0) {
        look(bus, now_us);
        bus->deadline_us = now_us + LOOK_US;
    }
}

static void stop(struct bus *bus)
{
    set_state(bus, BUS_CLOSED, STATUS_OK, 0);
    bus_close(bus, BUS_NEVER);
}

static const struct bus_health *health(const struct bus *bus)
{
    return &bus->health;
}

const struct monitor_driver serial_driver = {.kind = "serial",
                                             .profiles = protocol_profiles,
                                             .own_thread = true,
                                             .make = make,
                                             .each_request = each_request,
                                             .probe = serial_probe,
                                             .start = start,
                                             .descriptor = descriptor,
                                             .next_deadline = next_deadline,
                                             .on_ready = on_ready,
                                             .on_deadline = on_deadline,
                                             .stop = stop,
                                             .health = health};
