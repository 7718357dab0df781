/*
 * The listening bus, and all of this driver's input and output.
 *
 *              open_bus
 *   CLOSED ---------------> LISTENING   one connection per caller, at most CALLERS_MAX
 *     ^  port not to be had: again after 1 s, doubling up to 30 s
 *     +-- stop
 *
 * Everything is behind one descriptor (hal/watch.h), level-triggered. A round handles at most ROUND ready descriptors
 * and reads each once, so that none can keep the others waiting. Once a second the clock is looked at: connections
 * that have to go, monitors that have fallen silent.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/monitor/hl7/caller.h"
#include "drivers/monitor/hl7/hl7_driver.h"
#include "drivers/monitor/hl7/hl7_probe.h"
#include "drivers/monitor/hl7/hl7_profile.h"
#include "drivers/monitor/hl7/intake.h"
#include "hal/clock.h"
#include "hal/net.h"
#include "hal/watch.h"

#define TICK_US       INT64_C(1000000)
#define IDLE_US       INT64_C(600000000) /* without a whole message */
#define STUCK_US      INT64_C(30000000)  /* acknowledgements not taken */
#define NEWCOMER_US   INT64_C(10000000)  /* who has said nothing by then gives way when there is no room */
#define RETRY_US_MIN  INT64_C(1000000)
#define RETRY_US_MAX  INT64_C(30000000)
#define SILENT_MS_MIN 10000 /* as the engine's */

enum { CALLERS_MAX = 64, LISTENER = CALLERS_MAX, ROUND = 16 };

struct bus {
    const struct bus_config *config;
    struct bus_health health;
    struct intake intake;
    struct caller *callers;
    struct caller_block blocks[CALLER_LARGE_COUNT];
    int watch, listening; /* -1: closed */
    bool is_deaf;         /* no descriptors for callers: not listened to until the next tick */
    int64_t deadline_us, retry_us;
    bool is_kept;               /* the box's clock has had a time source */
    int64_t kept_correction_ms; /* wall time - CLOCK_BOOTTIME, when it last had */
    uint64_t ack_id, calls;
};

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

/* --- callers ------------------------------------------------------------------------------------------------- */

static void hang_up(struct bus *bus, struct caller *caller)
{
    count(&bus->health.unasked, (unsigned)caller->length); /* half a message */
    net_close(caller->fd);
    caller_close(caller);
    (void)atomic_fetch_sub_explicit(&bus->health.connections, 1, memory_order_relaxed);
}

static void hang_up_as_refused(struct bus *bus, struct caller *caller)
{
    count(&bus->health.refused, 1);
    hang_up(bus, caller);
}

/* Waits for what this caller can go on with. */
static void watch_caller(struct bus *bus, struct caller *caller)
{
    const bool reads = !caller->is_waiting && caller_can_answer(caller), writes = caller->out_length > 0;
    if (reads == caller->reads && writes == caller->writes) {
        return;
    }
    caller->reads = reads;
    caller->writes = writes;
    if (watch_set(bus->watch, caller->fd, (uint32_t)(caller - bus->callers), reads, writes) != STATUS_OK) {
        hang_up(bus, caller);
    }
}

/* False: it is gone. */
static bool send_out(struct bus *bus, struct caller *caller, int64_t now_us)
{
    size_t sent = 0;
    if (caller->out_length == 0) {
        return true;
    }
    if (net_send_some(caller->fd, caller->out, caller->out_length, &sent) != STATUS_OK) {
        hang_up(bus, caller);
        return false;
    }
    caller->out_length -= sent;
    memmove(caller->out, caller->out + sent, caller->out_length);
    if (caller->out_length == 0) {
        caller->stuck_us = 0;
    } else if (caller->stuck_us == 0 || sent > 0) {
        caller->stuck_us = now_us;
    }
    return true;
}

/* By the clock as it was when it last had a time source: one that is set or runs away without, later, is not believed. */
static struct moment moment_of(struct bus *bus, int64_t now_us)
{
    const int64_t boot_ms = now_us / 1000;
    if (clock_is_synchronised()) {
        bus->kept_correction_ms = clock_wall_ms() - boot_ms;
        bus->is_kept = true;
    }
    const int64_t wall_ms = bus->is_kept ? boot_ms + bus->kept_correction_ms : clock_wall_ms();
    return (struct moment){.wall_ms = wall_ms,
                           .at_ms = boot_ms,
                           .utc_offset_s = clock_utc_offset_s(wall_ms),
                           .is_doubtful = !bus->is_kept};
}

static void answer(struct bus *bus, struct caller *caller, const struct message *message, enum ack_result result,
                   const char *reason, const struct moment *now)
{
    const struct ack_stamp stamp = {.id = bus->ack_id,
                                    .local_ms = now->wall_ms + now->utc_offset_s * INT64_C(1000),
                                    .utc_offset_s = now->utc_offset_s};
    bus->ack_id += 2;
    caller->out_length += ack_write(message, result, reason, &stamp, caller->out + caller->out_length);
}

/* The acknowledgement goes out after what the message holds has been put. */
static void take_message(struct bus *bus, struct caller *caller, struct text bytes, int64_t now_us,
                         struct observation_sink *out)
{
    const struct moment now = moment_of(bus, now_us);
    struct message message;
    enum ack_result result = ACK_TAKEN;
    const char *reason = NULL;
    caller->has_spoken = true;
    caller->spoken_us = now_us;
    caller->large_us = now_us;
    bus->intake.connection = caller->number;
    if (intake_take(&bus->intake, bytes.at, bytes.length, &now, out, &message, &result, &reason)) {
        answer(bus, caller, &message, result, reason, &now);
    }
}

/* A message that no block holds. */
static void refuse_message(struct bus *bus, struct caller *caller, int64_t now_us)
{
    const struct moment now = moment_of(bus, now_us);
    const struct text bytes = caller_skip(caller);
    struct message message;
    if (intake_refuse(&bus->intake, bytes.at, bytes.length, &message)) {
        answer(bus, caller, &message, ACK_REFUSED, "message is too long", &now);
    }
    caller_compact(caller);
}

/* Uses whole messages as long as there is room for their acknowledgements. */
static void use_round(struct bus *bus, struct caller *caller, int64_t now_us, struct observation_sink *out)
{
    unsigned stray = 0;
    size_t space = 0;
    struct text message;
    while (caller_can_answer(caller) && caller_next(caller, &message, &stray) == CALLER_MESSAGE) {
        take_message(bus, caller, message, now_us, out);
    }
    count(&bus->health.unasked, stray);
    caller_compact(caller);
    (void)caller_space(caller, &space);
    if (space == 0 && caller_can_answer(caller) && caller_make_room(caller, bus->blocks, now_us) == CALLER_TOO_LONG) {
        refuse_message(bus, caller, now_us);
    }
}

/* All whole messages, unless acknowledgements do not go out: then the rest waits until they do. */
static void use_messages(struct bus *bus, struct caller *caller, int64_t now_us, struct observation_sink *out)
{
    bool is_full = true;
    while (is_full && caller_can_answer(caller)) {
        use_round(bus, caller, now_us, out);
        is_full = !caller_can_answer(caller);
        if (!send_out(bus, caller, now_us)) {
            return;
        }
    }
    watch_caller(bus, caller);
}

static void read_caller(struct bus *bus, struct caller *caller, int64_t now_us, struct observation_sink *out)
{
    size_t size = 0, length = 0;
    char *space = caller_space(caller, &size);
    if (size > CALLER_BYTES) {
        size = CALLER_BYTES; /* a turn for everyone */
    }
    if (net_receive(caller->fd, space, size, &length) != STATUS_OK) {
        hang_up(bus, caller);
        return;
    }
    caller_received(caller, length);
    use_messages(bus, caller, now_us, out);
}

static void serve_caller(struct bus *bus, struct caller *caller, const struct watch_ready *ready, int64_t now_us,
                         struct observation_sink *out)
{
    if (caller->fd >= 0 && ready->writable && send_out(bus, caller, now_us)) {
        use_messages(bus, caller, now_us, out); /* what had to wait for room */
    }
    if (caller->fd >= 0 && caller->reads && (ready->readable || ready->broken)) {
        read_caller(bus, caller, now_us, out);
    } else if (caller->fd >= 0 && ready->broken) {
        hang_up(bus, caller);
    }
}

/* Blocks that have become free go to those who have waited longest. */
static void serve_waiting(struct bus *bus, int64_t now_us)
{
    for (;;) {
        struct caller *first = NULL;
        for (unsigned i = 0; i < CALLERS_MAX; i++) {
            struct caller *caller = &bus->callers[i];
            const bool waits = caller->fd >= 0 && caller->is_waiting;
            first = waits && (first == NULL || caller->large_us < first->large_us) ? caller : first;
        }
        if (first == NULL || caller_make_room(first, bus->blocks, now_us) != CALLER_ROOM) {
            return;
        }
        watch_caller(bus, first);
    }
}

/* --- the listener -------------------------------------------------------------------------------------------- */

/* A free place, or that of the connection that has been silent from its beginning for the longest time. */
static struct caller *find_place(struct bus *bus, int64_t now_us)
{
    struct caller *oldest = NULL;
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        struct caller *caller = &bus->callers[i];
        if (caller->fd < 0) {
            return caller;
        }
        if (!caller->has_spoken && (oldest == NULL || caller->opened_us < oldest->opened_us)) {
            oldest = caller;
        }
    }
    if (oldest == NULL || now_us - oldest->opened_us < NEWCOMER_US) {
        return NULL;
    }
    hang_up_as_refused(bus, oldest);
    return oldest;
}

static void let_in(struct bus *bus, int fd, int64_t now_us)
{
    struct caller *caller = find_place(bus, now_us);
    if (caller == NULL || watch_set(bus->watch, fd, (uint32_t)(caller - bus->callers), true, false) != STATUS_OK) {
        count(&bus->health.refused, 1);
        net_close(fd);
        return;
    }
    caller_open(caller, fd, ++bus->calls, now_us);
    count(&bus->health.connections, 1);
}

static void listen_again(struct bus *bus, bool deaf)
{
    const enum status status = watch_set(bus->watch, bus->listening, LISTENER, !deaf, false);
    bus->is_deaf = deaf || status != STATUS_OK;
}

static void accept_callers(struct bus *bus, int64_t now_us)
{
    for (unsigned i = 0; i < ROUND; i++) {
        int fd = -1;
        const enum status status = net_accept(bus->listening, &fd);
        if (status == STATUS_IO) {
            listen_again(bus, true);
        }
        if (status != STATUS_OK) {
            return;
        }
        let_in(bus, fd, now_us);
    }
}

/* --- opening and closing ------------------------------------------------------------------------------------- */

static void close_bus(struct bus *bus)
{
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        if (bus->callers[i].fd >= 0) {
            hang_up(bus, &bus->callers[i]);
        }
    }
    if (bus->listening >= 0) {
        net_close(bus->listening);
    }
    if (bus->watch >= 0) {
        watch_close(bus->watch);
    }
    bus->listening = -1;
    bus->watch = -1;
}

static enum status open_descriptors(struct bus *bus)
{
    enum status status = watch_open(&bus->watch);
    if (status == STATUS_OK) {
        status = net_listen(bus->config->host, bus->config->port, &bus->listening);
    }
    return status == STATUS_OK ? watch_set(bus->watch, bus->listening, LISTENER, true, false) : status;
}

static void open_bus(struct bus *bus, int64_t now_us)
{
    const enum status status = open_descriptors(bus);
    if (status != STATUS_OK) {
        set_state(bus, BUS_CLOSED, status, errno);
        close_bus(bus);
        bus->retry_us = bus->retry_us == 0 ? RETRY_US_MIN : bus->retry_us * 2;
        bus->retry_us = bus->retry_us < RETRY_US_MAX ? bus->retry_us : RETRY_US_MAX;
        bus->deadline_us = now_us + bus->retry_us;
        return;
    }
    set_state(bus, BUS_OPEN, STATUS_OK, 0);
    count(&bus->health.opened, 1);
    bus->retry_us = 0;
    bus->deadline_us = now_us + TICK_US;
}

/* --- the clock ----------------------------------------------------------------------------------------------- */

static void check_caller(struct bus *bus, struct caller *caller, int64_t now_us)
{
    const bool holds_large = caller->large != NULL || caller->is_waiting;
    const bool is_stuck = caller->stuck_us != 0 && now_us - caller->stuck_us >= STUCK_US;
    if (is_stuck || (holds_large && now_us - caller->large_us >= CALLER_LARGE_MS * INT64_C(1000))) {
        hang_up_as_refused(bus, caller);
    } else if (now_us - caller->spoken_us >= IDLE_US) {
        hang_up(bus, caller);
    }
}

static void check_monitors(struct bus *bus, int64_t now_us)
{
    for (uint16_t i = 0; i < bus->config->monitor_count; i++) {
        const int64_t patience_ms = bus->config->monitors[i].profile->poll_interval_ms * INT64_C(3);
        const int64_t least_ms = now_us / 1000 - (patience_ms > SILENT_MS_MIN ? patience_ms : SILENT_MS_MIN);
        const struct intake_monitor *monitor = &bus->intake.monitors[i];
        if (monitor->heard_ms <= least_ms) {
            atomic_store_explicit(&bus->health.monitors[i].answering, false, memory_order_relaxed);
        }
        if (monitor->outdated_ms <= least_ms) {
            atomic_store_explicit(&bus->health.monitors[i].outdated, false, memory_order_relaxed);
        }
    }
}

static void tick(struct bus *bus, int64_t now_us)
{
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        if (bus->callers[i].fd >= 0) {
            check_caller(bus, &bus->callers[i], now_us);
        }
    }
    check_monitors(bus, now_us);
    serve_waiting(bus, now_us);
    if (bus->is_deaf) {
        listen_again(bus, false);
    }
    bus->deadline_us = now_us + TICK_US;
}

/* --- the driver ---------------------------------------------------------------------------------------------- */

static struct bus *make(struct arena *arena, const struct bus_config *config)
{
    struct bus *bus = ARENA_TAKE(arena, struct bus, 1);
    struct caller *callers = ARENA_TAKE(arena, struct caller, CALLERS_MAX);
    struct monitor_health *monitors = ARENA_TAKE(arena, struct monitor_health, config->monitor_count);
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        caller_make(callers != NULL ? &callers[i] : NULL, arena);
    }
    if (bus != NULL) {
        *bus =
            (struct bus){.config = config, .callers = callers, .watch = -1, .listening = -1, .deadline_us = BUS_NEVER};
        bus->health.monitors = monitors;
    }
    for (unsigned i = 0; i < CALLER_LARGE_COUNT; i++) {
        char *bytes = ARENA_TAKE(arena, char, CALLER_LARGE_BYTES);
        if (bus != NULL) {
            bus->blocks[i].bytes = bytes;
        }
    }
    intake_make(bus != NULL ? &bus->intake : NULL, arena, config, bus != NULL ? &bus->health : NULL);
    return bus;
}

static void each_request(const struct bus_config *config, bus_request_visit *visit, void *context)
{
    for (uint16_t i = 0; i < config->monitor_count; i++) {
        struct bus_request request = {.monitor = i, .interval_ms = config->monitors[i].profile->poll_interval_ms};
        (void)snprintf(request.text, sizeof request.text, "ORU R01, R40 of %.40s", config->monitors[i].place);
        visit(context, &request);
    }
}

static void start(struct bus *bus, int64_t now_us)
{
    assert(bus->watch < 0);
    const int64_t wall_ms = clock_wall_ms();
    (void)clock_utc_offset_s(wall_ms); /* the zone is read now, not while the gateway runs */
    bus->ack_id = (uint64_t)wall_ms * 1000U;
    bus->retry_us = 0;
    open_bus(bus, now_us);
}

static int descriptor(const struct bus *bus, bool *writable)
{
    *writable = false;
    return bus->watch;
}

static int64_t next_deadline(const struct bus *bus)
{
    return bus->deadline_us;
}

static void on_ready(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    struct watch_ready ready[ROUND];
    const size_t count_ready = bus->watch >= 0 ? watch_wait(bus->watch, 0, ready, ROUND) : 0;
    for (size_t i = 0; i < count_ready; i++) {
        if (ready[i].token == LISTENER) {
            accept_callers(bus, now_us);
        } else {
            serve_caller(bus, &bus->callers[ready[i].token], &ready[i], now_us, out);
        }
    }
    serve_waiting(bus, now_us);
}

static void on_deadline(struct bus *bus, int64_t now_us, struct observation_sink *out)
{
    (void)out; /* nothing is asked, so nothing can be missing */
    if (bus->watch < 0) {
        open_bus(bus, now_us);
    } else {
        tick(bus, now_us);
    }
}

static void stop(struct bus *bus)
{
    set_state(bus, BUS_CLOSED, STATUS_OK, 0);
    close_bus(bus);
    bus->deadline_us = BUS_NEVER;
}

static const struct bus_health *health(const struct bus *bus)
{
    return &bus->health;
}

/* A thread of its own: whoever can reach the port can keep it busy, which must be no other bus's trouble. */
const struct monitor_driver hl7_driver = {.kind = "hl7",
                                          .profiles = hl7_profiles,
                                          .own_thread = true,
                                          .make = make,
                                          .each_request = each_request,
                                          .probe = hl7_probe,
                                          .start = start,
                                          .descriptor = descriptor,
                                          .next_deadline = next_deadline,
                                          .on_ready = on_ready,
                                          .on_deadline = on_deadline,
                                          .stop = stop,
                                          .health = health};
