/*
 * The wall clock on the broker: by how much what was shown before was off, retained; and what a step of it makes wrong in what is retained already: the
 * instants at which that expires.
 */
#include <assert.h>

#include "app/flow/deliver_internal.h"

bool clock_show(struct deliver *d)
{
    struct clock_record *record = &d->clock.record;
    char topic[PAYLOAD_TOPIC_MAX];
    d->clock.puts = atomic_load(&d->config.board->clock_puts); /* what is taken is at least as new */
    board_take_clock(d->config.board, record);
    if (record->epoch[0] == '\0') {
        return true; /* none is kept */
    }
    const size_t length = payload_clock(d->context, record, d->wall_ms, d->wall_ms + PAYLOAD_CLOCK_EXPIRY_MS,
                                        d->scratch, DELIVER_SCRATCH_MAX);
    assert(length > 0); /* payload.h: the largest fits */
    topic_of_gateway(d->context, "clock", topic);
    if (!link_publish_state(d, topic, d->scratch, length, PAYLOAD_CLOCK_EXPIRY_MS)) {
        return false;
    }
    d->clock.shown_us = d->now_us;
    d->clock.is_owed = false;
    return true;
}

void clock_refresh(struct deliver *d)
{
    const bool is_news = d->clock.is_owed || atomic_load(&d->config.board->clock_puts) != d->clock.puts;
    const int64_t due_us = is_news ? d->now_us : d->clock.shown_us + DELIVER_SETTINGS_US;
    d->clock.is_owed = is_news; /* a show that finds no room has taken the news */
    if (d->now_us < due_us || !link_has_spare_room(d) || !clock_show(d)) {
        deliver_due(d, due_us > d->now_us ? due_us : d->now_us + DELIVER_RETRY_US);
    }
}

void clock_note(struct deliver *d)
{
    d->clock.correction_ms = deliver_correction_ms(d);
}

bool clock_was_set(struct deliver *d)
{
    const int64_t moved_ms = deliver_correction_ms(d) - d->clock.correction_ms;
    if (moved_ms <= CLOCK_STEP_MS && moved_ms >= -CLOCK_STEP_MS) {
        return false;
    }
    clock_note(d);
    return true;
}

/* An alert of another store's numbers is in no span of ours. */
bool clock_makes_late(const struct deliver *d, const struct store_alert *alert)
{
    const struct clock_span *span = clock_record_find(&d->clock.record, alert->seq);
    span = span != NULL && payload_counts(d->context, alert) ? span : NULL;
    const int64_t age_ms = d->wall_ms - alert->committed_wall_ms - (span != NULL ? span->off_ms : 0);
    return age_ms > DELIVER_LATE_MS || age_ms < -DELIVER_LATE_MS;
}
