#include "app/flow/board.h"

#include <assert.h>

void board_init(struct board *board, struct arena *arena, uint16_t bed_count)
{
    struct bed_view *views = ARENA_TAKE(arena, struct bed_view, bed_count);
    atomic_ullong *versions = ARENA_TAKE(arena, atomic_ullong, bed_count);
    if (views == NULL || versions == NULL) {
        return;
    }
    board->views = views;
    board->versions = versions;
    board->bed_count = bed_count;
    const int failed = pthread_mutex_init(&board->mutex, NULL);
    assert(failed == 0); /* a default mutex needs nothing that could be short */
    (void)failed;
}

void board_put(struct board *board, const struct bed_view *view)
{
    assert(view->bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    board->views[view->bed] = *view;
    (void)atomic_fetch_add_explicit(&board->versions[view->bed], 1, memory_order_relaxed);
    pthread_mutex_unlock(&board->mutex);
}

uint64_t board_take(struct board *board, uint16_t bed, struct bed_view *out)
{
    assert(bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    const uint64_t version = atomic_load_explicit(&board->versions[bed], memory_order_relaxed);
    if (version != 0) {
        *out = board->views[bed];
    }
    pthread_mutex_unlock(&board->mutex);
    return version;
}

/* Orders nothing: the view behind it is taken under the mutex. */
uint64_t board_version(const struct board *board, uint16_t bed)
{
    assert(bed < board->bed_count);
    return atomic_load_explicit(&board->versions[bed], memory_order_relaxed);
}

void board_put_certificate(struct board *board, const struct uplink_certificate *first_end)
{
    pthread_mutex_lock(&board->mutex);
    board->certificate = *first_end;
    pthread_mutex_unlock(&board->mutex);
}

void board_take_certificate(struct board *board, struct uplink_certificate *out)
{
    pthread_mutex_lock(&board->mutex);
    *out = board->certificate;
    pthread_mutex_unlock(&board->mutex);
}

void board_continue(struct board *board, const struct board *before)
{
    atomic_store(&board->uplink_connected, atomic_load(&before->uplink_connected));
    atomic_store(&board->uplink_connects, atomic_load(&before->uplink_connects));
    atomic_store(&board->uplink_changed_us, atomic_load(&before->uplink_changed_us));
    atomic_store(&board->uplink_broker, atomic_load(&before->uplink_broker));
    atomic_store(&board->uplink_refused_us, atomic_load(&before->uplink_refused_us));
    atomic_store(&board->uplink_unheard, atomic_load(&before->uplink_unheard));
    atomic_store(&board->delivered_row, atomic_load(&before->delivered_row));
    atomic_store(&board->delivered_seq, atomic_load(&before->delivered_seq));
    atomic_store(&board->observations, atomic_load(&before->observations));
    atomic_store(&board->observations_late, atomic_load(&before->observations_late));
    atomic_store(&board->journal_dropped, atomic_load(&before->journal_dropped));
    atomic_store(&board->commands, atomic_load(&before->commands));
    atomic_store(&board->commands_dropped, atomic_load(&before->commands_dropped));
    board->certificate = before->certificate;
}
