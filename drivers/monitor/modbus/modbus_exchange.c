#include "drivers/monitor/modbus/modbus_bus.h"

#include <errno.h>

#include "drivers/monitor/modbus/modbus_health.h"
#include "hal/clock.h"

enum {
    SETTLE_US = 30000,      /* a line has fallen silent after this: USB adapters hold bytes back for up to 16 ms */
    SETTLE_US_MAX = 100000, /* where answers have always been later than that: the adapter may be so slow */
    TAIL_US = 30,           /* the last byte of an answer may come so much later than the wire explains */
    LOOK_US_MIN = 200,      /* between looks at an answer that is not whole yet, while it grows */
    STALL_US_MIN = 2000     /* and while it does not */
};

static enum status discard(struct bus *bus, size_t pending, size_t *out_kept)
{
    bus->clean = 0;
    health_note_unasked(bus, pending);
    return link_discard(&bus->link, pending, out_kept);
}

/* --- faults -------------------------------------------------------------------------------------------------- */

/* The link broke, or a connection was ended. That good ones end now and then is no reason to wait before the next. */
static void fault(struct bus *bus, int64_t now_us, enum status status)
{
    const int cause = status == STATUS_IO ? errno : 0;
    if (bus->step != STEP_RESTING) {
        health_count_failure(bus, status);
        answer_failed(bus, now_us);
        bus_hung_up(bus, now_us);
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

/* Up to now; what is longer than an exchange can be was this machine's doing, not the monitor's. */
static void note_held(struct bus *bus, int64_t now_us)
{
    const struct exchange *ask = &bus->ask;
    line_plan_held(&bus->plan, ask->others_us, ask->sent_us, now_us < ask->give_up_us ? now_us : ask->give_up_us);
}

static void fail(struct bus *bus, int64_t now_us, enum status status)
{
    bus->clean = 0;
    health_count_failure(bus, status);
    answer_failed(bus, now_us);
    health_note_end(bus, now_us);
    note_held(bus, now_us);
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
    health_count_failure(bus, STATUS_UNASKED);
    if (!bus->link.rtu) {
        health_note_unasked(bus, pending);
        fault(bus, now_us, STATUS_UNASKED);
        return;
    }
    if (discard(bus, pending, &heard) != STATUS_OK) {
        fault(bus, now_us, STATUS_IO);
        return;
    }
    health_note_foreign(bus, heard);
    bus->hum_us = bus->hum_us != 0 ? bus->hum_us : now_us;
    bus->quiet_us = clock_boot_us();
    bus->deadline_us = bus->quiet_us + bus->wire.gap_us;
    if (now_us - bus->hum_us >= bus->config->timeout_ms * INT64_C(1000)) {
        health_set_answering(bus, false);
        line_plan_excuse(&bus->plan, now_us);
        poller_skipped(bus->ask.poller, bus->ask.poll, now_us);
        line_plan_expect(&bus->plan, now_us);
        bus_rest(bus, now_us);
    }
}

static void prepare(struct bus *bus)
{
    struct exchange *ask = &bus->ask;
    ask->request = poller_request(ask->poller, ask->poll, bus->plan.pollers, bus->config->monitor_count);
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

int64_t exchange_slack_us(const struct bus *bus)
{
    return bus->link.rtu ? settle_us(bus) + bus->wire.gap_us : 0;
}

static void keep_time(struct bus *bus, int64_t before_us, int64_t after_us)
{
    struct exchange *ask = &bus->ask;
    const uint32_t request_us = wire_us(&bus->wire, WIRE_REQUEST_BYTES);
    const uint32_t patience_us = poller_patience_us(ask->poller, bus->config->timeout_ms);
    ask->sent_us = before_us;
    ask->out_us = before_us + request_us;
    const bool in_full = patience_us == bus->config->timeout_ms * UINT32_C(1000);
    ask->begin_by_us = ask->out_us + patience_us + (in_full ? exchange_slack_us(bus) : bus->wire.gap_us);
    ask->give_up_us = ask->out_us + patience_us + wire_us(&bus->wire, ask->answer_bytes) + exchange_slack_us(bus);
    bus->quiet_us = after_us + request_us;
}

/* For the first byte of the answer, unless it can be foreseen when all of it is there. */
static void wait_for_answer(struct bus *bus)
{
    struct exchange *ask = &bus->ask;
    uint32_t begins_us = 0;
    ask->foreseen = bus->link.rtu && !bus->link.network && ask->poll != POLLER_PROBE && bus->clean >= BUS_CLEAN_AFTER &&
                    answer_time_foresees(&ask->poller->answer_time, &begins_us);
    bus->step = bus->link.rtu && !ask->foreseen ? STEP_SENDING : STEP_LISTENING;
    bus->watching = !ask->foreseen;
    bus->deadline_us = ask->begin_by_us;
    if (ask->foreseen) {
        bus->deadline_us = ask->out_us + begins_us + wire_us(&bus->wire, ask->answer_bytes) + TAIL_US;
    }
}

/* Good connections, too, are ended now and then, and by some monitors after each answer. */
void exchange_notice(struct bus *bus, int64_t now_us)
{
    size_t pending = 0;
    const enum status status = link_pending(&bus->link, &pending);
    if (status == STATUS_OK && pending > 0) {
        take_noise(bus, now_us, pending);
    } else if (status != STATUS_OK && bus->proven) {
        health_note_hang_up(bus);
        bus_hung_up(bus, now_us);
        bus_part(bus);
    } else if (status != STATUS_OK) {
        fault(bus, now_us, status);
    }
}

/* False: it cannot be asked now. A connection whose answers are numbered is not looked at: that it has ended, or says
 * something unasked, was noticed, or will be by the wrong number. */
static bool is_free(struct bus *bus, int64_t now_us)
{
    size_t pending = 0;
    const enum status status = bus_is_numbered(bus) ? STATUS_OK : link_pending(&bus->link, &pending);
    if (status != STATUS_OK) {
        fault(bus, now_us, status);
    } else if (pending > 0) {
        take_noise(bus, now_us, pending);
    }
    return status == STATUS_OK && pending == 0;
}

void exchange_ask(struct bus *bus, int64_t now_us)
{
    if (!is_free(bus, now_us)) {
        return;
    }
    prepare(bus);
    line_plan_ask(&bus->plan, bus->ask.poller, bus->ask.poll);
    const int64_t before_us = clock_boot_us();
    if (link_send(&bus->link, bus->ask.expected.address, &bus->ask.request) != STATUS_OK) {
        fault(bus, before_us, STATUS_IO);
        return;
    }
    health_note_request(bus, before_us - bus->quiet_us);
    keep_time(bus, before_us, clock_boot_us());
    wait_for_answer(bus);
}

/* The first of the answer can have come no later than so. */
static void note_begun(struct bus *bus, int64_t now_us, size_t pending)
{
    struct exchange *ask = &bus->ask;
    const bool unseen = ask->foreseen && pending >= ask->answer_bytes;
    if (ask->begun_us == 0 && pending > 0 && !unseen) {
        ask->begun_us = now_us - wire_us(&bus->wire, (uint32_t)pending);
    }
}

/* It has begun; the rest takes so long. A connection can be looked into at once. */
static void wait_for_rest(struct bus *bus, int64_t now_us, size_t pending, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    bus->step = STEP_LISTENING;
    note_begun(bus, now_us, pending);
    if (bus->link.network || pending >= ask->answer_bytes) {
        exchange_look(bus, out);
        return;
    }
    ask->grown_us = now_us;
    ask->pending = pending;
    bus->watching = false;
    bus->deadline_us = now_us + wire_us(&bus->wire, ask->answer_bytes - (uint32_t)pending) + TAIL_US;
}

static void note_too_soon(struct bus *bus)
{
    if (!bus->ask.too_soon) {
        health_count_failure(bus, STATUS_TOO_SOON);
    }
    bus->ask.too_soon = true;
}

/* More bytes than the wire can have carried since the request was out: some came before, and are no answer. */
void exchange_listen(struct bus *bus, struct observation_sink *out)
{
    size_t pending = 0;
    size_t kept = 0;
    enum status status = link_pending(&bus->link, &pending);
    const int64_t now_us = clock_boot_us(); /* long after they came, if the machine is busy */
    const bool too_soon = wire_us(&bus->wire, (uint32_t)pending) > now_us - bus->ask.out_us;
    if (status == STATUS_OK && pending > 0 && too_soon) {
        note_too_soon(bus);
        status = discard(bus, pending, &kept); /* an adapter's echo of the request is such */
        pending = 0;
    }
    if (status != STATUS_OK) {
        fault(bus, now_us, status);
    } else if (pending > 0) {
        wait_for_rest(bus, now_us, pending, out);
    } else if (now_us >= bus->ask.begin_by_us) {
        fail(bus, now_us, STATUS_TIMEOUT);
    }
}

/* --- answers ------------------------------------------------------------------------------------------------- */

static void take_frame(struct bus *bus, int64_t now_us, enum status status, const uint8_t *pdu,
                       struct observation_sink *out)
{
    bus->proven = true;
    bus->taken++;
    bus->retry_ms = 0;
    bus->clean++;
    bus->quiet_us = now_us;
    bus->sound_us = now_us;
    bus->answered_us = now_us;
    health_note_end(bus, now_us);
    if (bus->ask.poll == POLLER_PROBE) {
        note_held(bus, now_us);
    }
    answer_take(bus, now_us, status, pdu, out);
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
    bus->clean = 0;
    health_count_failure(bus, status);
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
static void drop(struct bus *bus, int64_t now_us, size_t pending, enum status status)
{
    size_t kept = 0;
    if (pending > 0 && bus->link.rtu && discard(bus, pending, &kept) != STATUS_OK) {
        fault(bus, now_us, STATUS_IO);
        return;
    }
    fail(bus, now_us, status);
}

/* Nothing to take yet: until when to wait, and for what. */
static void wait_for_more(struct bus *bus, int64_t now_us, size_t pending)
{
    struct exchange *ask = &bus->ask;
    const int64_t until_us = pending > 0 ? ask->give_up_us : ask->begin_by_us;
    if (now_us >= until_us) {
        drop(bus, now_us, pending, pending > 0 ? STATUS_SHORT_FRAME : STATUS_TIMEOUT);
        return;
    }
    ask->grown_us = pending > ask->pending ? now_us : ask->grown_us;
    ask->pending = pending;
    const int64_t next_us = next_look_us(bus, now_us);
    bus->watching = pending == 0; /* else it would be ready all the time */
    bus->deadline_us = pending > 0 && next_us < until_us ? next_us : until_us;
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

/* Nobody watched, and there is more than the answer: which of it came first, and when, cannot be told. */
static bool is_doubtful(const struct bus *bus, size_t pending)
{
    return bus->ask.foreseen && bus->ask.begun_us == 0 && pending > bus->ask.answer_bytes;
}

/* One frame; false when there is nothing more to look at. */
static bool look_once(struct bus *bus, struct observation_sink *out)
{
    size_t pending = 0;
    const uint8_t *pdu = NULL;
    enum status status = link_pending(&bus->link, &pending);
    const int64_t now_us = clock_boot_us();
    if (status == STATUS_OK && is_doubtful(bus, pending)) {
        drop(bus, now_us, pending, STATUS_TOO_SOON);
        return false;
    }
    note_begun(bus, now_us, pending);
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
