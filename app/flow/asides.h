/*
 * asides.h: alerts that a broker refuses, on their way to the audit log.
 *
 * The uplink (deliver_refused.c) tells of each alert once when it is set aside, and once that all of them went through; main's
 * thread writes rows for the audit log of them, as many alerts a row as are about the same. Between them is a ring: when
 * that is full, an alert is told of when it is refused the next time.
 */
#ifndef WARDGATE_ASIDES_H
#define WARDGATE_ASIDES_H

#include "app/engine/alert.h"
#include "app/flow/ring.h"
#include "app/flow/spans.h"
#include "app/settings/settings.h"

#define ASIDE_SLOTS    32U
#define ASIDE_TEXT_MAX 80

struct aside_note {
    uint64_t seq; /* 0: all that were set aside have gone through */
    int reason;   /* MQTT reason code; 0: the connection does not outlive it */
    uint8_t broker;
    char bed[SETTINGS_ID_MAX + 1]; /* "": the gateway's own */
    char text[ASIDE_TEXT_MAX];     /* the reason, for a person */
    struct spans through;          /* of seq 0: which they were */
};

/* Takes what belongs into one row and writes it: a JSON object for the audit log. 0: there is nothing. Consumer's thread;
 * `kept` is a note that was taken and not written yet (is_kept), between calls. */
struct asides {
    struct ring *ring;
    const char *const *brokers; /* their urls */
    bool is_kept;
    struct aside_note kept;
};
size_t asides_write(struct asides *asides, int64_t wall_ms, char *out, size_t size);

#endif
