/*
 * modbus_bus.h: inside the Modbus driver: the state of one bus, and what its parts ask of each other.
 *
 *           bus_open            connected         exchange_ask        exchange_listen        exchange_look
 *   CLOSED ---------> OPENING -----------> RESTING -----------> SENDING ------------> LISTENING -----------> RESTING
 *     ^             (networks only)                     (TCP goes straight to LISTENING)
 *     +-- bus_lose, from anywhere: the device or the other side is gone; opened again later and later
 *     +-- bus_reconnect (networks): at once; over TCP so that an answer that comes late dies with its connection, to
 *     |   a converter (RTU over TCP) when nothing was heard for so long that the connection itself may be dead
 *     +-- bus_part (TCP, at rest): until the next turn; the other side ended the connection, or has only one, for others, too
 *
 * The silences of an RTU line are kept by the clock, because a tty does not tell them. SENDING ends with the first byte
 * of the answer: what comes before the last bit of the request is out cannot be of its answer. LISTENING then sleeps for
 * as long as the rest takes on the wire, instead of waking up for every byte. Half an answer is given up 30 ms (more on
 * a slow adapter) after the wire would have carried all of it, however its bytes dribble in; what comes of the rest is
 * waited out, lest it run into the next one's answer. Whatever happens, an exchange ends at give_up_us.
 *
 * Of a monitor whose answers can be foreseen (answer_time.h), on a line on which nothing but answers was heard for
 * BUS_CLEAN_AFTER exchanges, nobody watches for the first byte: one sleep, from the request to the whole answer. And on
 * a line that waits for nothing but its silence, the thread is woken before that is over, by as much as it needs to send
 * (aim.h); a request never goes out before it.
 */
#ifndef WARDGATE_MODBUS_BUS_H
#define WARDGATE_MODBUS_BUS_H

#include "drivers/monitor/driver.h"
#include "drivers/monitor/modbus/frame.h"
#include "drivers/monitor/modbus/line_plan.h"
#include "drivers/monitor/modbus/modbus_link.h"
#include "drivers/monitor/modbus/poller.h"
#include "drivers/monitor/modbus/requests.h"

#define BUS_CLEAN_AFTER 32
#define BUS_LEAD_US     300U /* so much at most is taken off a gap for this machine's own delays in sending after it */

enum step { STEP_CLOSED, STEP_OPENING, STEP_RESTING, STEP_SENDING, STEP_LISTENING };

/* One request and its answer. */
struct exchange {
    struct poller *poller;
    uint8_t poll;
    struct request request;
    struct expected expected;
    uint32_t answer_bytes;
    size_t held;         /* at the newest look */
    int64_t begun_us;    /* the answer's first byte can have begun no later; 0: nobody saw */
    bool foreseen;       /* nobody watches for the first byte */
    bool too_soon;       /* something came before the request was out: counted once */
    enum status heard;   /* what was wrong with the newest frame that was not the answer; STATUS_OK: there was none */
    int64_t others_us;   /* see line_plan.h */
    int64_t grown_us;    /* when that became more */
    int64_t sent_us;     /* before the first bit of the request can have left */
    int64_t out_us;      /* before its last bit can have left */
    int64_t begin_by_us; /* when nothing came by then, nothing comes */
    int64_t give_up_us;  /* whatever happens */
};

/* Half an answer was given up: what comes of the rest would ruin the next one's. */
struct straggler {
    struct poller *poller;
    int64_t hush_us;           /* so much more silence is kept before the next request; 0: there is none */
    int64_t from_us, until_us; /* it has held the line since then, and it cannot be longer */
    int64_t others_us;         /* see line_plan.h */
};

struct bus {
    const struct bus_config *config;
    struct bus_health health;
    struct link link;
    struct wire wire;
    struct line_plan plan;
    enum step step;
    int64_t deadline_us;
    int64_t free_us; /* at rest: not before then a request may go out */
    struct aim lead; /* where to wake for it, from BUS_LEAD_US before the end of a gap on */
    bool aimed;      /* woken there */
    struct straggler straggler;
    bool watching;  /* for the descriptor, too */
    bool proven;    /* something answered since it was opened */
    uint32_t taken; /* so many sound frames */
    bool lost;      /* it was away, and nobody knows what happened meanwhile: everything starts over */
    uint32_t retry_ms;
    int64_t share_until_us; /* TCP: until then others need the monitor's only connection, too */
    int64_t brief_until_us; /* TCP: until then it is taken to end each connection after one answer */
    int64_t quiet_us;       /* nothing is known to have been on the wire since then */
    int64_t hum_us;         /* noise has kept us from asking since then; 0: it does not */
    int64_t sound_us;       /* the newest sound frame, or when it was opened */
    int64_t answered_us;    /* the newest sound frame of any connection; 0: none yet */
    int64_t extra_us;       /* the least that an answer was later than the wire explains; BUS_NEVER: none yet */
    uint32_t clean;         /* exchanges in a row in which nothing but the answer was heard */
    int64_t load_from_us;   /* how busy the line is, is told from then on */
    uint64_t load_busy_us;
    struct exchange ask;
};

/* Modbus TCP: answers bear the number of their request. */
static inline bool bus_is_numbered(const struct bus *bus)
{
    return bus->link.network && !bus->link.rtu;
}

/* modbus_bus.c: chooses what is asked next and when. */
void bus_rest(struct bus *bus, int64_t now_us);

/* modbus_opening.c: opens, and closes until it is opened again: later, at once, or (bus_part) when the next turn comes. */
void bus_open(struct bus *bus, int64_t now_us);
void bus_connected(struct bus *bus, int64_t now_us);
void bus_lose(struct bus *bus, int64_t now_us, enum status status, int fault);
void bus_reconnect(struct bus *bus, int64_t now_us);
void bus_part(struct bus *bus);

/* What people are told of a link that broke: STATUS_RESET, _REFUSED, _HUNG_UP; others as they are. */
enum status bus_word(enum status status, int fault);

/* True when a connection is not kept until a turn that comes then. */
bool bus_is_to_part(const struct bus *bus, int64_t now_us, int64_t turn_us);

/* TCP: the other side ended a connection that worked. */
void bus_hung_up(struct bus *bus, int64_t now_us);

/* modbus_exchange.c: each ends in one of the three above or sets the step, deadline and watching. */
void exchange_ask(struct bus *bus, int64_t now_us);
void exchange_listen(struct bus *bus, struct observation_sink *out);
void exchange_look(struct bus *bus, struct observation_sink *out);
void exchange_notice(struct bus *bus, int64_t now_us); /* at rest, and the descriptor is ready */

/* Beyond patience and wire time: how long a line must have carried nothing to have fallen silent, and the gap. */
int64_t exchange_slack_us(const struct bus *bus);

/* modbus_answer.c: the monitor that was asked answered (STATUS_OK, STATUS_EXCEPTION), or not: then it is only probed. */
void answer_take(struct bus *bus, int64_t now_us, enum status status, const uint8_t *pdu, struct observation_sink *out);
void answer_failed(struct bus *bus, int64_t now_us);

/* Half an answer was given up, so much more silence is kept; something came meanwhile; the line was silent for so long. */
void answer_broke_off(struct bus *bus, int64_t hush_us);
void answer_rest_came(struct bus *bus, int64_t now_us);
void answer_rest_over(struct bus *bus);

#endif
