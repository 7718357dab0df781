/*
 * modbus_bus.h: inside the Modbus driver: the state of one bus, and what its two halves ask of each other.
 *
 *           bus_open            connected         exchange_ask        exchange_listen        exchange_look
 *   CLOSED ---------> OPENING -----------> RESTING -----------> SENDING ------------> LISTENING -----------> RESTING
 *     ^             (networks only)                     (TCP goes straight to LISTENING)
 *     +-- bus_lose, from anywhere: the device or the other side is gone; opened again later and later
 *     +-- bus_reconnect (networks): at once; over TCP so that an answer that comes late dies with its connection, to
 *         a converter (RTU over TCP) when nothing was heard for so long that the connection itself may be dead
 *
 * The silences of an RTU line are kept by the clock, because a tty does not tell them. SENDING ends when the last
 * bit of the request is out: what is there by then cannot be its answer. LISTENING then sleeps for as long as the
 * answer takes on the wire, instead of waking up for every byte. Whatever happens, an exchange ends at give_up_us,
 * however slowly bytes dribble in.
 */
#ifndef WARDGATE_MODBUS_BUS_H
#define WARDGATE_MODBUS_BUS_H

#include "drivers/monitor/driver.h"
#include "drivers/monitor/modbus/frame.h"
#include "drivers/monitor/modbus/modbus_link.h"
#include "drivers/monitor/modbus/poller.h"
#include "drivers/monitor/modbus/requests.h"

enum step { STEP_CLOSED, STEP_OPENING, STEP_RESTING, STEP_SENDING, STEP_LISTENING };

/* One request and its answer. */
struct exchange {
    struct poller *poller;
    uint8_t poll;
    bool at_silence; /* frames are taken only when the line has fallen silent: longer ones than the answer may come */
    struct request request;
    struct expected expected;
    uint32_t answer_bytes;
    size_t pending;     /* at the newest look */
    int64_t grown_us;   /* when that became more */
    int64_t sent_us;    /* before the first bit of the request can have left */
    int64_t out_us;     /* before its last bit can have left */
    int64_t give_up_us; /* whatever happens */
};

struct bus {
    const struct bus_config *config;
    struct bus_health health;
    struct link link;
    struct wire wire;
    struct poller *pollers;
    enum step step;
    int64_t deadline_us;
    bool watching; /* for the descriptor, too */
    bool proven;   /* something answered since it was opened */
    bool lost;     /* it was away, and nobody knows what happened meanwhile: everything starts over */
    uint32_t retry_ms;
    int64_t quiet_us; /* nothing is known to have been on the wire since then */
    int64_t hum_us;   /* noise has kept us from asking since then; 0: it does not */
    int64_t sound_us; /* the newest sound frame, or when it was opened */
    int64_t extra_us; /* the least that an answer was later than the wire explains; BUS_NEVER: none yet */
    struct exchange ask;
};

/* modbus_bus.c: chooses what is asked next and when; closes and opens again later, or at once. */
void bus_rest(struct bus *bus, int64_t now_us);
void bus_lose(struct bus *bus, int64_t now_us, enum status status, int fault);
void bus_reconnect(struct bus *bus, int64_t now_us);

/* modbus_exchange.c: each ends in one of the three above or sets the step, deadline and watching. */
void exchange_ask(struct bus *bus, int64_t now_us);
void exchange_listen(struct bus *bus);
void exchange_look(struct bus *bus, struct observation_sink *out);

#endif
