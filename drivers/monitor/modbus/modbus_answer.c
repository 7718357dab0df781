/* What an answer, or that there is none, means for the monitors of a bus. No I/O, no clock. */
#include "drivers/monitor/modbus/decode.h"
#include "drivers/monitor/modbus/exception.h"
#include "drivers/monitor/modbus/modbus_bus.h"
#include "drivers/monitor/modbus/modbus_health.h"

#define HUSH_US_MAX 200000 /* after half an answer, until nothing of it comes any more */

/* Nobody who would answer with this address is believed before it answered a probe. */
void answer_failed(struct bus *bus, int64_t now_us)
{
    struct poller *poller = bus->ask.poller;
    health_set_answering(bus, false);
    poller_failed(poller, now_us);
    for (uint16_t i = 0; i < bus->plan.count; i++) {
        if (bus->plan.pollers[i].config->address == poller->config->address) {
            poller_doubt(&bus->plan.pollers[i]);
        }
    }
}

/* From the end of the request to the answer's beginning. */
static uint32_t begun_after(const struct exchange *ask)
{
    if (ask->begun_us == 0) {
        return ANSWER_UNSEEN;
    }
    return ask->begun_us > ask->out_us ? (uint32_t)(ask->begun_us - ask->out_us) : 0;
}

/* True when no monitor answers, and this one has not for long: it was the line. */
static bool was_deaf(const struct bus *bus, int64_t now_us)
{
    for (uint16_t i = 0; i < bus->plan.count; i++) {
        if (!bus->plan.pollers[i].suspect) {
            return false;
        }
    }
    return poller_is_silent(bus->ask.poller, now_us);
}

static void recover(struct bus *bus, int64_t now_us)
{
    const bool deaf = was_deaf(bus, now_us);
    poller_recovered(bus->ask.poller, now_us);
    health_set_answering(bus, !bus->ask.poller->suspect);
    for (uint16_t i = 0; deaf && i < bus->plan.count; i++) {
        poller_retry(&bus->plan.pollers[i], now_us);
    }
}

static void take_answer(struct bus *bus, int64_t now_us, const uint8_t *data, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    health_note_answer(bus, now_us);
    if (ask->poll == POLLER_PROBE) {
        recover(bus, now_us);
        return;
    }
    health_set_answering(bus, true);
    poller_heard(ask->poller, now_us);
    decode_answer(ask->poller->config, &ask->poller->decode, &ask->request, data, now_us / 1000, out);
    poller_answered(ask->poller, ask->poll, now_us, begun_after(ask));
    health_set_exception(bus, poller_refusal(ask->poller));
}

static void refuse(struct bus *bus, int64_t now_us, uint8_t code, struct observation_sink *out)
{
    struct exchange *ask = &bus->ask;
    health_count_refused(bus);
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
    health_count_failure(bus, now_us, STATUS_EXCEPTION);
    health_set_exception(bus, code);
    if (exception_treatment(code) == EXCEPTION_AWAY) {
        answer_failed(bus, now_us); /* a gateway speaks for a monitor that does not */
        return;
    }
    decode_heard(ask->poller->config, now_us / 1000, out);
    if (ask->poll == POLLER_PROBE) {
        recover(bus, now_us);
        return;
    }
    health_set_answering(bus, true);
    poller_heard(ask->poller, now_us);
    treat_exception(bus, now_us, code, out);
}

void answer_take(struct bus *bus, int64_t now_us, enum status status, const uint8_t *pdu, struct observation_sink *out)
{
    if (status == STATUS_OK) {
        take_answer(bus, now_us, pdu + 2, out);
    } else {
        take_exception(bus, now_us, pdu[1], out);
    }
    health_note_turns(bus);
}

/* --- half an answer ------------------------------------------------------------------------------------------ */

void answer_broke_off(struct bus *bus, int64_t hush_us)
{
    const struct exchange *ask = &bus->ask;
    bus->straggler = (struct straggler){.poller = ask->poller,
                                        .hush_us = hush_us,
                                        .from_us = ask->sent_us,
                                        .until_us = ask->give_up_us + bus->config->timeout_ms * INT64_C(1000),
                                        .others_us = ask->others_us};
}

/* The silence has to be longer than it pauses between two bytes. */
void answer_rest_came(struct bus *bus, int64_t now_us)
{
    struct straggler *straggler = &bus->straggler;
    const int64_t twice_us = 2 * (now_us - bus->quiet_us);
    if (straggler->hush_us > 0 && twice_us > straggler->hush_us) {
        straggler->hush_us = twice_us < HUSH_US_MAX ? twice_us : HUSH_US_MAX;
    }
}

/* Since when is known no better than to the newest look. */
void answer_rest_over(struct bus *bus)
{
    struct straggler *straggler = &bus->straggler;
    if (straggler->hush_us > 0) {
        const int64_t over_us = bus->quiet_us + straggler->hush_us;
        line_plan_straggled(&bus->plan, straggler->poller, straggler->others_us, straggler->from_us,
                            over_us < straggler->until_us ? over_us : straggler->until_us);
        straggler->hush_us = 0;
    }
}
