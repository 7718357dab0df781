#include "drivers/monitor/modbus/modbus_bus.h"

#include <errno.h>

#include "drivers/monitor/modbus/modbus_health.h"
#include "hal/clock.h"

enum {
    SETTLE_US = 30000,      /* a line has fallen silent after this: USB adapters hold bytes back for up to 16 ms */
    SETTLE_US_MAX = 100000, /* where answers have always been later than that: the adapter may be so slow */
    LOOK_US_MIN = 100       /* between looks at an answer that is not whole yet */
};

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

static enum status discard(struct bus *bus, size_t *out_kept)
{
    size_t bytes = 0;
    const enum status status = link_discard(&bus->link, &bytes, out_kept);
    bus->clean = 0;
    health_note_unasked(bus, bytes);
    return status;
}

/* --- faults -------------------------------------------------------------------------------------------------- */

/* The link broke, or a connection was ended. That good ones end now and then is no reason to wait before the next. */
static void fault(struct bus *bus, int64_t now_us, enum status status)
{
    const int cause = status == STATUS_IO ? errno : 0;
    if (bus->step != STEP_RESTING) {
        health_count_failure(bus, now_us, bus_word(status, cause));
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
    health_count_failure(bus, now_us, status);
    if (status == STATUS_TIMEOUT && bus->ask.heard != STATUS_OK) {
        health_name_failure(bus, now_us, bus->ask.heard);
    }
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
    if (status == STATUS_TOO_SLOW || status == STATUS_SHORT_FRAME) {
        answer_broke_off(bus, settle_us(bus));
    }
    bus_rest(bus, now_us);
}

/* --- asking -------------------------------------------------------------------------------------------------- */

/* What comes behind half an answer is known whose it is. */
static void name_noise(struct bus *bus, int64_t now_us, size_t heard)
{
    const bool others = health_note_foreign(bus, heard);
    if (bus->straggler.hush_us == 0) {
        health_count_failure(bus, now_us, STATUS_UNASKED);
        health_set_fault(bus, others ? STATUS_OTHER_MASTER : STATUS_UNASKED, now_us + FAULT_US);
    }
}

/* Somebody talks unasked. A line that never falls silent must not hold up the others' turns for longer than a dead
 * monitor would. */
static void take_noise(struct bus *bus, int64_t now_us, size_t held)
{
    size_t heard = 0;
    if (!bus->link.rtu) {
        health_count_failure(bus, now_us, STATUS_UNASKED);
        health_note_unasked(bus, held);
        fault(bus, now_us, STATUS_UNASKED);
        return;
    }
    if (discard(bus, &heard) != STATUS_OK) {
        fault(bus, now_us, STATUS_IO);
        return;
    }
    name_noise(bus, now_us, heard);
    bus->hum_us = bus->hum_us != 0 ? bus->hum_us : now_us;
    answer_rest_came(bus, now_us);
    bus->quiet_us = clock_boot_us();
    bus->free_us = bus->quiet_us + bus->wire.gap_us + bus->straggler.hush_us;
    bus->deadline_us = bus->free_us;
    bus->aimed = false;
    if (now_us - bus->hum_us >= bus->config->timeout_ms * INT64_C(1000)) {
        health_set_answering(bus, false);
        health_name_failure(bus, now_us, STATUS_UNASKED);
        bus->straggler.hush_us = 0;
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
        bus->deadline_us = ask->out_us + begins_us + wire_us(&bus->wire, ask->answer_bytes);
    }
}

/* Good connections, too, are ended now and then, and by some monitors after each answer. */
void exchange_notice(struct bus *bus, int64_t now_us)
{
    size_t held = 0;
    const enum status status = link_receive(&bus->link, &held);
    if (status == STATUS_OK && held > 0) {
        take_noise(bus, now_us, held);
    } else if (status != STATUS_OK && bus->proven) {
        const enum status how = bus_word(status, errno);
        health_note_hang_up(bus);
        bus_hung_up(bus, now_us);
        health_set_fault(bus, how, (bus->brief_until_us > now_us ? bus->brief_until_us : now_us) + FAULT_US);
        bus_part(bus);
    } else if (status != STATUS_OK) {
        fault(bus, now_us, status);
    }
}

/* False: it cannot be asked now. A connection whose answers are numbered is not looked at: that it has ended, or says
 * something unasked, was noticed, or will be by the wrong number. */
static bool is_free(struct bus *bus, int64_t now_us)
{
    size_t held = 0;
    const enum status status = bus_is_numbered(bus) ? STATUS_OK : link_receive(&bus->link, &held);
    if (status != STATUS_OK) {
        fault(bus, now_us, status);
    } else if (held > 0) {
        take_noise(bus, now_us, held);
    }
    return status == STATUS_OK && held == 0;
}

/* Woken sooner than it has to be asked, as was aimed at, or than it may be, in which case it is waited for the rest. */
static bool is_early(struct bus *bus, int64_t now_us)
{
    const bool early = now_us < bus->free_us;
    if (early) {
        aim_later(&bus->lead, BUS_LEAD_US - bus->lead.at_us);
        bus->deadline_us = bus->free_us;
    } else if (bus->aimed) {
        aim_sooner(&bus->lead);
    }
    bus->aimed = false;
    return early;
}

void exchange_ask(struct bus *bus, int64_t now_us)
{
    if (!is_free(bus, now_us)) {
        return;
    }
    prepare(bus);
    const int64_t before_us = clock_boot_us();
    if (is_early(bus, before_us)) {
        return;
    }
    answer_rest_over(bus);
    line_plan_ask(&bus->plan, bus->ask.poller, bus->ask.poll, before_us);
    if (link_send(&bus->link, bus->ask.expected.address, &bus->ask.request) != STATUS_OK) {
        fault(bus, before_us, STATUS_IO);
        return;
    }
    health_note_request(bus, before_us - bus->quiet_us);
    keep_time(bus, before_us, clock_boot_us());
    wait_for_answer(bus);
}

/* The first of what is held can have come no later than so. */
static void note_begun(struct bus *bus, int64_t now_us, size_t held)
{
    struct exchange *ask = &bus->ask;
    if (ask->begun_us == 0 && held > 0) {
        ask->begun_us = now_us - wire_us(&bus->wire, (uint32_t)held);
    }
}

/* --- answers ------------------------------------------------------------------------------------------------- */

/* When the answer began is known, unless it was there as foreseen. */
static void take_frame(struct bus *bus, int64_t now_us, size_t held, enum status status, const uint8_t *pdu,
                       struct observation_sink *out)
{
    if (!bus->ask.foreseen) {
        note_begun(bus, now_us, held);
    }
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
    link_take(&bus->link);
    bus_rest(bus, now_us);
}

/* A sound frame that is not the answer: ours may come behind it. */
static bool is_foreign(const struct bus *bus, enum status status)
{
    return bus->link.rtu &&
           (status == STATUS_WRONG_ADDRESS || status == STATUS_WRONG_FUNCTION || status == STATUS_WRONG_LENGTH);
}

static void skip_foreign(struct bus *bus, int64_t now_us, enum status status)
{
    struct exchange *ask = &bus->ask;
    link_take(&bus->link);
    bus->clean = 0;
    health_count_failure(bus, now_us, status);
    ask->heard = status;
    ask->foreseen = false;
    ask->begun_us = 0;
    ask->held = 0;
    bus->quiet_us = now_us;
}

/* Half an answer is not left for the next one to be found behind. */
static void drop(struct bus *bus, int64_t now_us, enum status status)
{
    size_t kept = 0;
    if (bus->link.rtu && discard(bus, &kept) != STATUS_OK) {
        fault(bus, now_us, STATUS_IO);
        return;
    }
    fail(bus, now_us, status);
}

/* On a line what has arrived has been all for a while. */
static bool is_silent(const struct bus *bus, int64_t now_us)
{
    return bus->ask.held > 0 && now_us - bus->ask.grown_us >= settle_us(bus);
}

/* Until when what is held can become a frame. A line carries it in so long; adapters may hold a part back, but not every
 * byte anew. */
static int64_t whole_by_us(const struct bus *bus, size_t held)
{
    const struct exchange *ask = &bus->ask;
    if (held == 0) {
        return ask->begin_by_us;
    }
    const size_t bytes = held + link_lacks(&bus->link, ask->answer_bytes);
    const int64_t by_us = ask->begun_us + wire_us(&bus->wire, (uint32_t)bytes) + settle_us(bus);
    return by_us < ask->give_up_us && !bus->link.network ? by_us : ask->give_up_us;
}

/* When the rest of it can be there. One byte, which may be late by next to nothing, is looked for at once; later and later
 * while nothing comes. */
static int64_t next_look_us(const struct bus *bus, int64_t now_us)
{
    const struct exchange *ask = &bus->ask;
    const size_t lacks = link_lacks(&bus->link, ask->answer_bytes);
    const int64_t rest_us = lacks > 1 ? wire_us(&bus->wire, (uint32_t)lacks) : 0;
    const int64_t least_us = LOOK_US_MIN + (now_us - ask->grown_us) / 2;
    const int64_t silent_us = ask->grown_us + settle_us(bus);
    const int64_t next_us = now_us + (rest_us > least_us ? rest_us : least_us);
    return next_us < silent_us ? next_us : silent_us;
}

/* Nothing to take yet. Of a line what is to come is known well enough not to wake for each byte. */
static void wait_for_more(struct bus *bus, int64_t until_us, int64_t now_us)
{
    const bool asleep = bus->ask.held > 0 && !bus->link.network;
    const int64_t next_us = next_look_us(bus, now_us);
    bus->watching = !asleep;
    bus->deadline_us = asleep && next_us < until_us ? next_us : until_us;
}

static void refuse_frame(struct bus *bus, int64_t now_us, enum status status)
{
    if (bus->link.rtu) {
        link_take(&bus->link); /* a connection whose answers are numbered ends */
    }
    fail(bus, now_us, status);
}

/* Nothing that can be taken came by then. */
static void give_up(struct bus *bus, int64_t now_us, enum status status)
{
    if (bus->ask.held == 0) {
        fail(bus, now_us, STATUS_TIMEOUT);
    } else if (status == STATUS_SHORT_FRAME) {
        drop(bus, now_us, is_silent(bus, now_us) ? STATUS_SHORT_FRAME : STATUS_TOO_SLOW);
    } else {
        refuse_frame(bus, now_us, status);
    }
}

static void wait_or_give_up(struct bus *bus, int64_t now_us, size_t held, enum status status)
{
    struct exchange *ask = &bus->ask;
    note_begun(bus, now_us, held);
    ask->grown_us = held > ask->held ? now_us : ask->grown_us;
    ask->held = held;
    const int64_t until_us = whole_by_us(bus, held);
    if (now_us >= until_us || (is_silent(bus, now_us) && !bus->link.network)) {
        give_up(bus, now_us, status);
    } else {
        wait_for_more(bus, until_us, now_us);
    }
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
static bool is_doubtful(const struct bus *bus, size_t held)
{
    return bus->ask.foreseen && bus->ask.begun_us == 0 && held > bus->ask.answer_bytes;
}

/* Less than the answer, and not whole, or not sound: the byte that says how long it is may be at fault. */
static bool is_part(const struct bus *bus, size_t held, enum status status)
{
    return status == STATUS_SHORT_FRAME ||
           (status == STATUS_BAD_CHECKSUM && held < bus->ask.answer_bytes && !bus->link.network);
}

/* What is held, one frame of it; true when there may be another behind it. */
static bool weigh(struct bus *bus, int64_t now_us, size_t held, struct observation_sink *out)
{
    const uint8_t *pdu = NULL;
    const enum status status = link_frame(&bus->link, &bus->ask.expected, &pdu);
    if (is_doubtful(bus, held)) {
        drop(bus, now_us, STATUS_TOO_SOON);
        return false;
    }
    if (is_part(bus, held, status)) {
        wait_or_give_up(bus, now_us, held, status);
    } else if (is_foreign(bus, status)) {
        skip_foreign(bus, now_us, status);
        return may_go_on(bus, now_us);
    } else if (status == STATUS_OK || status == STATUS_EXCEPTION) {
        take_frame(bus, now_us, held, status, pdu, out);
    } else {
        refuse_frame(bus, now_us, status);
    }
    return false;
}

void exchange_look(struct bus *bus, struct observation_sink *out)
{
    bool more = true;
    while (more) {
        size_t held = 0;
        const enum status status = link_receive(&bus->link, &held);
        const int64_t now_us = clock_boot_us();
        if (status != STATUS_OK) {
            fault(bus, now_us, status);
            return;
        }
        more = weigh(bus, now_us, held, out);
    }
}

static void note_too_soon(struct bus *bus, int64_t now_us)
{
    if (!bus->ask.too_soon) {
        health_count_failure(bus, now_us, STATUS_TOO_SOON);
    }
    bus->ask.too_soon = true;
}

/* More bytes than the wire can have carried since the request was out: some came before, and are no answer. */
void exchange_listen(struct bus *bus, struct observation_sink *out)
{
    size_t held = 0;
    size_t kept = 0;
    enum status status = link_receive(&bus->link, &held);
    const int64_t now_us = clock_boot_us(); /* long after they came, if the machine is busy */
    const bool too_soon = wire_us(&bus->wire, (uint32_t)held) > now_us - bus->ask.out_us;
    if (status == STATUS_OK && held > 0 && too_soon) {
        note_too_soon(bus, now_us);
        status = discard(bus, &kept); /* an adapter's echo of the request is such */
        held = 0;
    }
    if (status != STATUS_OK) {
        fault(bus, now_us, status);
    } else if (held > 0) {
        bus->step = STEP_LISTENING;
        if (weigh(bus, now_us, held, out)) {
            exchange_look(bus, out);
        }
    } else if (now_us >= bus->ask.begin_by_us) {
        fail(bus, now_us, STATUS_TIMEOUT);
    }
}
