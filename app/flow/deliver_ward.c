/*
 * The retained summary of the ward: soon after a bed's state, alarms or band, the admissions counted, or the staff told, change, once for all that change together;
 * and again well before it expires, which is when a new shift comes in.
 */
#include <assert.h>

#include "app/flow/deliver_internal.h"

static bool is_told(const struct deliver *d)
{
    return d->context->ward_settings != NULL && d->context->ward_settings->enabled;
}

/* A bed that the engine has not told of yet, after a start or a reload, is not vacant: till then what is retained stands. */
static bool is_known(const struct deliver *d)
{
    return d->ward.seen_count == d->context->config->bed_count;
}

void ward_note(struct deliver *d, const struct bed_view *view)
{
    struct ward_bed bed, *known = &d->ward.beds[view->bed];
    ward_bed_of(view, &bed);
    d->ward.seen_count = (uint16_t)(d->ward.seen_count + !d->ward.seen[view->bed]);
    d->ward.seen[view->bed] = true;
    if (!ward_bed_is_same(&bed, known)) {
        *known = bed;
        d->ward.is_news = true;
    }
}

static size_t write(struct deliver *d)
{
    struct admissions admissions;
    struct staffing_told staff;
    struct ward_figures *figures = &d->ward.figures;
    d->ward.puts = atomic_load(&d->config.board->ward_puts); /* what is taken is at least as new */
    board_take_ward(d->config.board, &admissions, &staff);
    ward_figures_make(d->context->ward_settings, d->ward.beds, d->context->config->bed_count, &admissions, &staff,
                      d->wall_ms, figures);
    return payload_ward(d->context, d->ward.beds, figures, d->wall_ms, d->wall_ms + PAYLOAD_WARD_EXPIRY_MS, d->scratch,
                        DELIVER_SCRATCH_MAX);
}

/* What is not told any more is emptied, once a connection. */
bool ward_show(struct deliver *d)
{
    char topic[PAYLOAD_TOPIC_MAX];
    size_t length = 0;
    if (d->context->ward_settings == NULL) {
        return true;
    }
    if (is_told(d) && !is_known(d)) {
        d->ward.is_news = true;
        return true;
    }
    if (is_told(d)) {
        length = write(d);
        assert(length > 0); /* payload.h: the largest fits */
    }
    topic_of_gateway(d->context, "ward", topic);
    if (!link_publish_state(d, topic, d->scratch, length, length > 0 ? PAYLOAD_WARD_EXPIRY_MS : 0)) {
        return false;
    }
    d->ward.is_news = false;
    d->ward.shown_us = d->now_us;
    return true;
}

void ward_refresh(struct deliver *d)
{
    const bool is_news = d->ward.is_news || atomic_load(&d->config.board->ward_puts) != d->ward.puts;
    const int64_t due_us = d->ward.shown_us + (is_news ? DELIVER_WARD_LEAST_US : DELIVER_WARD_US);
    if (!is_told(d) || !is_known(d)) {
        return; /* a view wakes us */
    }
    if (d->now_us < due_us || !link_has_spare_room(d) || !ward_show(d)) {
        deliver_due(d, due_us > d->now_us ? due_us : d->now_us + DELIVER_RETRY_US);
    }
}
