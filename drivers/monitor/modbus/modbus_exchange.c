#include "drivers/monitor/modbus/modbus_bus.h"

#include <errno.h>

#include "drivers/monitor/modbus/decode.h"
#include "drivers/monitor/modbus/exception.h"
#include "hal/clock.h"

enum {
    SETTLE_US = 30000,      /* a line has fallen silent after this: USB adapters hold bytes back for up to 16 ms */
    SETTLE_US_MAX = 100000, /* where answers have always been later than that: the adapter may be so slow */
    LOOK_US_MIN = 200,      /* between looks at an answer that is not whole yet, while it grows */
    STALL_US_MIN = 2000     /* and while it does not */
};

/* --- health -------------------------------------------------------------------------------------------------- */

static struct monitor_health *health_of(const struct bus *bus, const struct poller *poller)
{
    return &bus->health.monitors[poller - bus->pollers];
}

static void count(atomic_uint *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void count_failure(struct bus *bus, enum status status)
{
    count(&health_of(bus, bus->ask.poller)->failures[status]);
}

static void set_answering(struct bus *bus, bool answering)
{
    atomic_store_explicit(&health_of(bus, bus->ask.poller)->answering, answering, memory_order_relaxed);
}

static void set_exception(struct bus *bus, uint8_t code)
{
    atomic_store_explicit(&health_of(bus, bus->ask.poller)->exceptions, code, memory_order_relaxed);
}

static void note_request(struct bus *bus, int64_t gap_us)
{
    const unsigned kept_us = gap_us < UINT32_MAX ? (unsigned)gap_us : UINT32_MAX;
    const unsigned smallest_us = atomic_load_explicit(&bus->health.gap_us_min, memory_order_relaxed);
    count(&bus->health.requests);
    count(&health_of(bus, bus->ask.poller)->polls);
    if (bus->link.rtu && (smallest_us == 0 || kept_us < smallest_us)) {
        atomic_store_explicit(&bus->health.gap_us_min, kept_us, memory_order_relaxed);
    }
}

static void note_end(struct bus *bus, int64_t now_us)
{
    const int64_t busy_us = now_us - bus->ask.sent_us + bus->wire.gap_us;
    (void)atomic_fetch_add_explicit(&bus->health.busy_us, (unsigned long long)busy_us, memory_order_relaxed);
}

/* The wire's share of the time is known, the rest is the adapter's and the monitor's: the least of it bounds what the
 * adapter takes. */
static void note_extra(struct bus *bus, int64_t now_us)
{
    const struct exchange *ask = &bus->ask;
    const int64_t extra_us = now_us - ask->out_us - bus->wire.gap_us - wire_us(&bus->wire, ask->answer_bytes);
    if (bus->link.rtu && extra_us < bus->extra_us) {
        bus->extra_us = extra_us;
        atomic_store_explicit(&bus->health.adapter_us, extra_us > 0 ? (unsigned)extra_us : 1U, memory_order_relaxed);
    }
}

static void note_unasked(struct bus *bus, size_t bytes)
{
    (void)atomic_fetch_add_explicit(&bus->health.unasked, (unsigned)bytes, memory_order_relaxed);
}

/* Of a line that should have been silent: what another master asks. */
static void note_foreign(struct bus *bus, size_t heard)
{
    const unsigned requests = frame_count_requests(bus->link.frame, heard);
    (void)atomic_fetch_add_explicit(&bus->health.foreign, requests, memory_order_relaxed);
}

static enum status discard(struct bus *bus, size_t pending, size_t *out_kept)
{
    note_unasked(bus, pending);
    return link_discard(&bus->link, pending, out_kept);
}

/* --- faults -------------------------------------------------------------------------------------------------- */

/* No sound answer: this monitor is only probed until it answers, and so are others who would answer with its
 * address. */
static void suspect(struct bus *bus, int64_t now_us)
{
    struct poller *poller = bus->ask.poller;
    set_answering(bus, false);
    poller_failed(poller, now_us);
    for (uint16_t i = 0; i < bus->config->monitor_count; i++) {
        if (bus->pollers[i].config->address == poller->config->address) {
            poller_doubt(&bus->pollers[i]);
        }
    }
}

/* The link broke, or a connection was ended. That good ones end now and then is no reason to wait before the next. */
static void fault(struct bus *bus, int64_t now_us, enum status status)
{
    const int cause = status == STATUS_IO ? errno : 0;
    if (bus->step != STEP_RESTING) {
        count_failure(bus, status);
        suspect(bus, now_us);
    }
    if (bus->link.network && bus->proven && status != STATUS_IO) {
        bus_reconnect(bus, now_us);
    } else {
        bus_lose(bus, now_us, status, cause);
    }
}

/* A converter that lost its power leaves a connection that nothing ends. */
static bool is_deaf(const struct bus *bus, int64_t now_us)
{
    return bus->link.network && now_us - bus->sound_us > POLLER_SILENT_MS * INT64_C(1000);
}

static void fail(struct bus *bus, int64_t now_us, enum status status)
{
    count_failure(bus, status);
    suspect(bus, now_us);
    note_end(bus, now_us);
    if (!bus->link.rtu || is_deaf(bus, now_us)) {
        bus_reconnect(bus, now_us);
        return;
    }
    if (status != STATUS_TIMEOUT) {
        bus->quiet_us = now_us;
    }
    bus_rest(bus, now_us);
}

/* --- asking -------------------------------------------------------------------------------------------------- */

/* Somebody talks unasked. A line that never falls silent must not hold up the others' turns for longer than a dead
 * monitor would. */
static void take_noise(struct bus *bus, int64_t now_us, size_t pending)
{
    size_t heard = 0;
    count_failure(bus, STATUS_UNASKED);
    if (!bus->link.rtu) {
        note_unasked(bus, pending);
        fault(bus, now_us, STATUS_UNASKED);
        return;
    }
    if (discard(bus, pending, &heard) != STATUS_OK) {
        fault(bus, now_us, STATUS_IO);
        return;
    }
    note_foreign(bus, heard);
    bus->hum_us = bus->hum_us != 0 ? bus->hum_us : now_us;
    bus->quiet_us = clock_boot_us();
    bus->deadline_us = bus->quiet_us + bus->wire.gap_us;
    if (now_us - bus->hum_us >= bus->config->timeout_ms * INT64_C(1000)) {
        set_answering(bus, false);
        poller_skipped(bus->ask.poller, bus->ask.poll, now_us);
        bus_rest(bus, now_us);
    }
}

static void prepare(struct bus *bus)
{
    struct exchange *ask = &bus->ask;
    ask->request = poller_request(ask->poller, ask->poll, bus->pollers, bus->config->monitor_count);
    ask->expected = (struct expected){.address = ask->poller->config->address,
                                      .function = request_function(&ask->request),
                                      .data_bytes = request_data_bytes(&ask->request)};
    ask->answer_bytes = wire_answer_bytes(&ask->request);
    ask->at_silence = ask->poll == POLLER_PROBE;
}

/* How long a line must have carried nothing to have fallen silent. */
static int64_t settle_us(const struct bus *bus)
{
    if (bus->extra_us == BUS_NEVER || bus->extra_us < SETTLE_US) {
        return SETTLE_US;
    }
    return bus->extra_us < SETTLE_US_MAX ? bus->extra_us : SETTLE_US_MAX;
}

static void keep_time(struct bus *bus, int64_t before_us, int64_t after_us)
{
    struct exchange *ask = &bus->ask;
    const uint32_t request_us = wire_us(&bus->wire, WIRE_REQUEST_BYTES);
    const uint32_t patience_us = poller_patience_us(ask->poller, bus->config->timeout_ms);
    const int64_t slack_us = bus->link.rtu ? settle_us(bus) + bus->wire.gap_us : 0;
    ask->sent_us = before_us;
    ask->out_us = before_us + request_us;
    ask->give_up_us = ask->out_us + patience_us + wire_us(&bus->wire, ask->answer_bytes) + slack_us;
    bus->quiet_us = after_us + request_us;
}

void exchange_ask(struct bus *bus, int64_t now_us)
{
    size_t pending = 0;
    const enum status status = link_pending(&bus->link, &pending);
    if (status != STATUS_OK) {
        fault(bus, now_us, status);
        return;
    }
    if (pending > 0) {
        take_noise(bus, now_us, pending);
        return;
    }
    prepare(bus);
    const int64_t before_us = clock_boot_us();
    if (link_send(&bus->link, bus->ask.expected.address, &bus->ask.request) != STATUS_OK) {
        fault(bus, before_us, STATUS_IO);
        return;
    }
    note_request(bus, before_us - bus->quiet_us);
    keep_time(bus, before_us, clock_boot_us());
    bus->step = bus->link.rtu ? STEP_SENDING : STEP_LISTENING;
    bus->watching = !bus->link.rtu;
    bus->deadline_us = bus->link.rtu ? bus->ask.out_us : bus->ask.give_up_us;
}

/* More bytes than the wire can have carried since the request was out: some came before, and are no answer. */
void exchange_listen(struct bus *bus)
{
    size_t pending = 0;
    size_t kept = 0;
    enum status status = link_pending(&bus->link, &pending);
    const int64_t now_us = clock_boot_us(); /* long after the request was out, if the machine is busy */
    if (status == STATUS_OK && wire_us(&bus->wire, (uint32_t)pending) > now_us - bus->ask.out_us) {
        count_failure(bus, STATUS_TOO_SOON);
        status = discard(bus, pending, &kept); /* an adapter's echo of the request is such */
    }
    if (status != STATUS_OK) {
        fault(bus, now_us, status);
        return;
    }
    bus->step = STEP_LISTENING;
    /* Monitors, too, keep the line silent before they send. */
    bus->deadline_us = bus->ask.out_us + bus->wire.gap_us + wire_us(&bus->wire, bus->ask.answer_bytes);
}

/* --- answers ------------------------------------------------------------------------------------------------- */

/* True when no monitor answers, and this one has not for long: it was the line. */
static bool was_deaf(const struct bus *bus, int64_t now_us)
{
    for (uint16_t i = 0; i < bus->config->monitor_count; i++) {
        if (!bus->pollers[i].suspect) {
            return false;
        }
    }
    return poller_is_silent(bus->ask.poller, now_us);
}

static void recover(struct bus *bus, int64_t now_us)
{
    const bool deaf = was_deaf(bus, now_us);
    poller_recovered(bus->ask.poller, now_us);
    for (uint16_t i = 0; deaf && i < bus->config->monitor_count; i++) {
        poller_retry(&bus->pollers[i], now_us);
    }
}

static void take_answer(struct bus *bus, int64_t now_us, const uint8_t *data, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    const uint32_t think_us = (uint32_t)(now_us - ask->out_us);
    count(&health_of(bus, ask->poller)->answers);
    set_answering(bus, true);
    note_extra(bus, now_us);
    if (ask->poll == POLLER_PROBE) {
        recover(bus, now_us);
        return;
    }
    atomic_store_explicit(&health_of(bus, ask->poller)->answer_us, think_us, memory_order_relaxed);
    poller_heard(ask->poller, now_us);
    decode_answer(ask->poller->config, &ask->poller->decode, &ask->request, data, now_us / 1000, out);
    poller_answered(ask->poller, ask->poll, now_us, think_us);
    set_exception(bus, poller_refusal(ask->poller));
}

static void refuse(struct bus *bus, int64_t now_us, uint8_t code, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    count(&bus->health.refused);
    if (poller_refused(ask->poller, ask->poll, now_us, code)) {
        decode_refused(ask->poller->config, &ask->poller->decode, &ask->request, now_us / 1000, out);
    }
}

/* See exception.h. */
static void treat_exception(struct bus *bus, int64_t now_us, uint8_t code, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    switch (exception_treatment(code)) {
    case EXCEPTION_REFUSED:
        refuse(bus, now_us, code, out);
        break;
    case EXCEPTION_BUSY:
        poller_busy(ask->poller, ask->poll, now_us);
        break;
    case EXCEPTION_RETRY:
        poller_damaged(ask->poller, ask->poll, now_us);
        break;
    case EXCEPTION_AWAY:
    case EXCEPTION_SKIP:
        poller_skipped(ask->poller, ask->poll, now_us);
        break;
    }
}

static void take_exception(struct bus *bus, int64_t now_us, uint8_t code, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    count_failure(bus, STATUS_EXCEPTION);
    set_exception(bus, code);
    if (exception_treatment(code) == EXCEPTION_AWAY) {
        suspect(bus, now_us); /* a gateway speaks for a monitor that does not */
        return;
    }
    set_answering(bus, true);
    decode_heard(ask->poller->config, now_us / 1000, out);
    if (ask->poll == POLLER_PROBE) {
        recover(bus, now_us);
        return;
    }
    poller_heard(ask->poller, now_us);
    treat_exception(bus, now_us, code, out);
}

static void take_frame(struct bus *bus, int64_t now_us, enum status status, const uint8_t *pdu,
                       struct observation_sink *out)
{
    bus->proven = true;
    bus->retry_ms = 0;
    bus->quiet_us = now_us;
    bus->sound_us = now_us;
    note_end(bus, now_us);
    if (status == STATUS_OK) {
        take_answer(bus, now_us, pdu + 2, out);
    } else {
        take_exception(bus, now_us, pdu[1], out);
    }
    bus_rest(bus, now_us);
}

/* What has arrived has been all for a while. */
static bool is_silent(const struct bus *bus, int64_t now_us, size_t pending)
{
    return pending <= bus->ask.pending && now_us - bus->ask.grown_us >= settle_us(bus);
}

/* A frame on the line that is not the answer, or the beginning, now read, of one that is longer than the answer: ours
 * may come behind it. */
static bool is_foreign(const struct bus *bus, enum status status, size_t pending)
{
    const bool longer =
        !bus->link.network && status == STATUS_SHORT_FRAME && !bus->ask.at_silence && pending >= bus->ask.answer_bytes;
    return bus->link.rtu && (longer || status == STATUS_WRONG_ADDRESS || status == STATUS_WRONG_FUNCTION ||
                             status == STATUS_WRONG_LENGTH);
}

static void skip_foreign(struct bus *bus, int64_t now_us, enum status status, size_t pending)
{
    struct exchange *ask = &bus->ask;
    count_failure(bus, status);
    ask->at_silence = ask->at_silence || status == STATUS_SHORT_FRAME;
    ask->grown_us = is_silent(bus, now_us, pending) ? ask->grown_us : now_us;
    ask->pending = pending;
    bus->quiet_us = now_us;
}

/* When the rest of the answer can be there, or silence be certain. */
static int64_t next_look_us(const struct bus *bus, int64_t now_us)
{
    const struct exchange *ask = &bus->ask;
    if (ask->at_silence && ask->pending >= ask->answer_bytes) {
        return ask->grown_us + settle_us(bus);
    }
    const size_t missing = ask->pending < ask->answer_bytes ? ask->answer_bytes - ask->pending : 0;
    const int64_t missing_us = wire_us(&bus->wire, (uint32_t)missing);
    const int64_t least_us = ask->grown_us == now_us ? LOOK_US_MIN : STALL_US_MIN;
    return now_us + (missing_us > least_us ? missing_us : least_us);
}

/* Half an answer is not left for the next one to be found behind. */
static void give_up(struct bus *bus, int64_t now_us, size_t pending)
{
    size_t kept = 0;
    if (pending > 0 && bus->link.rtu && discard(bus, pending, &kept) != STATUS_OK) {
        fault(bus, now_us, STATUS_IO);
        return;
    }
    fail(bus, now_us, pending > 0 ? STATUS_SHORT_FRAME : STATUS_TIMEOUT);
}

/* Nothing to take yet: until when to wait, and for what. */
static void wait_for_more(struct bus *bus, int64_t now_us, size_t pending)
{
    struct exchange *ask = &bus->ask;
    if (now_us >= ask->give_up_us) {
        give_up(bus, now_us, pending);
        return;
    }
    ask->grown_us = pending > ask->pending ? now_us : ask->grown_us;
    ask->pending = pending;
    const int64_t next_us = next_look_us(bus, now_us);
    bus->watching = pending == 0; /* else it would be ready all the time */
    bus->deadline_us = pending > 0 && next_us < ask->give_up_us ? next_us : ask->give_up_us;
}

/* A connection can be looked into; of a line a frame can only be read once it is whole. */
static bool is_worth_taking(const struct bus *bus, int64_t now_us, size_t pending)
{
    const struct exchange *ask = &bus->ask;
    if (bus->link.network || pending == 0) {
        return pending > 0;
    }
    return is_silent(bus, now_us, pending) || (!ask->at_silence && pending >= ask->answer_bytes);
}

/* Others' frames may come faster than they can be looked at. */
static bool may_go_on(struct bus *bus, int64_t now_us)
{
    if (now_us < bus->ask.give_up_us) {
        return true;
    }
    fail(bus, now_us, STATUS_TIMEOUT);
    return false;
}

/* One frame; false when there is nothing more to look at. */
static bool look_once(struct bus *bus, struct observation_sink *out)
{
    size_t pending = 0;
    const uint8_t *pdu = NULL;
    enum status status = link_pending(&bus->link, &pending);
    const int64_t now_us = clock_boot_us();
    const bool take = status == STATUS_OK && is_worth_taking(bus, now_us, pending);
    if (take) {
        status = link_take(&bus->link, &bus->ask.expected, pending, &pdu);
    }
    if (take && is_foreign(bus, status, pending)) {
        skip_foreign(bus, now_us, status, pending);
        return may_go_on(bus, now_us);
    }
    if (status == STATUS_IO || status == STATUS_CLOSED) {
        fault(bus, now_us, status);
    } else if (!take || (bus->link.network && status == STATUS_SHORT_FRAME)) {
        wait_for_more(bus, now_us, pending);
    } else if (status == STATUS_OK || status == STATUS_EXCEPTION) {
        take_frame(bus, now_us, status, pdu, out);
    } else {
        fail(bus, now_us, status);
    }
    return false;
}

void exchange_look(struct bus *bus, struct observation_sink *out)
{
    while (look_once(bus, out)) {
    }
}
