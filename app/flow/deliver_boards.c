/*
 * Boards that say that they are there: `<base>/board/<name>` in. A minute after a connection was made the engine's thread judges whether enough of them are
 * looked at (conditions.h): only those that use this broker are known, so that another connection begins anew.
 *
 * Without a board nobody may be looking; but nothing else waits for one, and a flood of them holds up nothing: they have a bounded part of the uplink's
 * queue, PRESENCE_BOARDS_MAX places, and no more than a line in the log a connection.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/deliver_internal.h"
#include "app/flow/log.h"
#include "hal/clock.h"

enum { NAME_SHOWN = 40 };

void boards_listen(struct deliver *d, struct uplink_config *uplink)
{
    struct deliver_link *link = d->link;
    const struct payload_context *context = d->context;
    const int length = snprintf(link->presence_filter, sizeof link->presence_filter, "%s/%s/%s/board/+",
                                context->topic_root, context->site, context->ward);
    assert(length > 0 && (size_t)length < sizeof link->presence_filter);
    (void)length;
    uplink->presence_filter = link->presence_filter;
}

void boards_begin(struct deliver *d)
{
    d->link->presence = (struct presence){.boards[0].name = ""};
    d->link->told_presence = false;
    d->link->presence_changed = true;
    atomic_store(&d->config.board->boards_known_us, d->now_us);
}

static void tell_bad(struct deliver *d, const char *name, const char *fault)
{
    atomic_fetch_add(&d->config.board->boards_bad, 1);
    if (!d->link->told_presence) {
        log_warning(
            "a board's presence is not understood (%.*s: it %s), look at what publishes there; others like it are "
            "only counted",
            NAME_SHOWN, presence_is_name(name) ? name : "a name that is none", fault);
        d->link->told_presence = true;
    }
}

/* What stood there before we listened may be old; a clock without a time source cannot tell how old. */
static int64_t lasts_us(const struct deliver *d, const struct presence_said *said, bool stood_there)
{
    const int64_t left_ms = said->expires_wall_ms - d->wall_ms;
    if (!stood_there || !clock_is_synchronised() || left_ms > PRESENCE_LASTS_US / 1000) {
        return PRESENCE_LASTS_US;
    }
    return left_ms * 1000;
}

static void take(struct deliver *d, const char *name, const struct uplink_incoming *incoming)
{
    struct presence_said said;
    const char *fault = !presence_is_name(name) ? "has a name that is no id"
                        : !incoming->whole      ? "is longer than any presence"
                                                : NULL;
    if (fault == NULL) {
        fault = presence_read(name, (const char *)incoming->payload, incoming->length, &said);
    }
    if (fault != NULL) {
        tell_bad(d, name, fault);
        return;
    }
    const int64_t lasts = lasts_us(d, &said, incoming->retained);
    if (lasts > 0 && !presence_put(&d->link->presence, name, &said, lasts, d->now_us)) {
        atomic_fetch_add(&d->config.board->boards_dropped, 1);
    }
}

void boards_take(struct deliver *d, const struct uplink_incoming *incoming)
{
    const size_t base = strlen(d->link->presence_filter) - 1; /* all but the + */
    if (strncmp(incoming->topic, d->link->presence_filter, base) != 0) {
        return; /* a broker that does not keep to the filter */
    }
    const char *name = incoming->topic + base;
    if (incoming->length == 0 && incoming->whole) {
        presence_drop(&d->link->presence, name, d->now_us);
    } else {
        take(d, name, incoming);
    }
    d->link->presence_changed = true;
}

static void count_dropped(struct deliver *d)
{
    const uint32_t dropped = uplink_presences_dropped(d->link->uplink);
    atomic_fetch_add(&d->config.board->boards_dropped, dropped - d->link->presences_dropped);
    d->link->presences_dropped = dropped;
}

void boards_step(struct deliver *d)
{
    struct deliver_link *link = d->link;
    count_dropped(d);
    if (link->presence_changed || d->now_us >= link->presence_due_us) {
        const struct presence_count count = presence_count(&link->presence, d->now_us);
        board_put_boards(d->config.board, &link->presence);
        atomic_store(&d->config.board->boards_lately, count.lately);
        link->presence_due_us = count.next_us;
        link->presence_changed = false;
    }
    deliver_due(d, link->presence_due_us);
}
