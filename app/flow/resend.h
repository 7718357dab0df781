/*
 * resend.h: a request for alerts that were delivered before: from the store's threads, once the command `resend` is committed, to the deliver thread.
 *
 * They go out on `<base>/gateway/<id>/resend`, late and marked as a resend, so that no screen sounds; one request after the other, each alert once the one before is
 * acknowledged, at most RESEND_A_SECOND, and only when nothing else is behind. Behind the last of a request comes its end: how many
 * were sent, and how many of those asked for were not there. Requests outlive connections and reloads; what a stop leaves of them is
 * said to have ended, and a kill is seen by the `boot` of the next status. Plain data, copied through a ring.
 */
#ifndef WARDGATE_RESEND_H
#define WARDGATE_RESEND_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/bed_command.h"

#define RESEND_SLOTS    8U /* of the ring: a command that finds it full is answered `busy` */
#define RESEND_WAITING  8U /* in the deliver thread */
#define RESEND_A_SECOND 50

struct resend_request {
    char id[COMMAND_ID_MAX]; /* the command's */
    uint64_t from_seq, through_seq;
};

/* What is told at the end. */
enum resend_end { RESEND_COMPLETE, RESEND_STOPPED, RESEND_REFUSED };

struct resend_result {
    struct resend_request request;
    uint64_t sent; /* acknowledged */
    enum resend_end end;
    int64_t wall_ms;
};

#endif
