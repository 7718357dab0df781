/*
 * Rows that the broker has acknowledged: to the store thread, and how far all of them go.
 */
#include "app/flow/commit.h"
#include "app/flow/deliver_internal.h"

static void note_full(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    outbox->full_since_us = outbox->full_since_us == 0 ? d->now_us : outbox->full_since_us;
    deliver_due(d, d->now_us + DELIVER_RETRY_US);
}

/* To the store thread, which waits for some to come together. */
bool acked_return(struct deliver *d, uint64_t row)
{
    if (!ring_push(d->config.delivered, &row)) {
        note_full(d);
        return false;
    }
    const uint32_t waiting = ring_count(d->config.delivered);
    if (waiting <= 1 || waiting % COMMIT_DELIVERED_MANY == 0) {
        wake_raise(d->config.store_wake);
    }
    return true;
}

static void raise_seq(atomic_ullong *known, uint64_t seq)
{
    if (seq > atomic_load(known)) {
        atomic_store(known, seq);
    }
}

/* Everything up to here was acknowledged: what was handed over, as far as nothing before it is in flight, or was refused or damaged. */
static void tell_through(struct deliver *d)
{
    struct outbox *outbox = &d->outbox;
    uint64_t row = outbox->behind_rows > 0 ? outbox->behind_through : outbox->through;
    uint64_t seq = outbox->behind_rows > 0 ? outbox->behind_through_seq : outbox->through_seq;
    outbox->shown_by = alarms_have_shown(d, outbox->shown_by) ? 0 : outbox->shown_by;
    if (!outbox->begun || outbox->left || outbox->shown_by != 0) {
        return;
    }
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        const struct flight *flight = &d->link->flights[i];
        if (flight->kind == FLIGHT_ROW && !flight->acked && flight->row <= row) {
            row = flight->row - 1;
            seq = flight->foreign ? 0 : flight->seq - 1;
        }
    }
    atomic_store(&d->config.board->passed_row, row);
    raise_seq(&d->config.board->passed_seq, seq);
    if (outbox->again_us == 0) {
        atomic_store(&d->config.board->delivered_row, row);
        raise_seq(&d->config.board->delivered_seq, seq);
    }
}

void acked_return_all(struct deliver *d)
{
    if (ring_room(d->config.delivered) > 0) { /* who had none may ask no more: its connection is gone */
        d->outbox.full_since_us = 0;
    }
    for (size_t i = 0; i < DELIVER_FLIGHTS; ++i) {
        struct flight *flight = &d->link->flights[i];
        if (flight->kind != FLIGHT_ROW || !flight->acked) {
            continue;
        }
        if (!acked_return(d, flight->row)) {
            break;
        }
        flight->kind = FLIGHT_FREE;
        flight->acked = false;
    }
    tell_through(d);
}

bool acked_is_stalled(const struct deliver *d)
{
    const int64_t since_us = d->outbox.full_since_us;
    return since_us != 0 && d->now_us - since_us >= DELIVER_STALLED_US;
}
