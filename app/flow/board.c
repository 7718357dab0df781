#include "app/flow/board.h"

#include <assert.h>

void board_init(struct board *board, struct arena *arena, uint16_t bed_count)
{
    struct bed_view *views = ARENA_TAKE(arena, struct bed_view, bed_count);
    uint64_t *versions = ARENA_TAKE(arena, uint64_t, bed_count);
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
    ++board->versions[view->bed];
    pthread_mutex_unlock(&board->mutex);
}

uint64_t board_take(struct board *board, uint16_t bed, struct bed_view *out)
{
    assert(bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    const uint64_t version = board->versions[bed];
    if (version != 0) {
        *out = board->views[bed];
    }
    pthread_mutex_unlock(&board->mutex);
    return version;
}

uint64_t board_version(struct board *board, uint16_t bed)
{
    assert(bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    const uint64_t version = board->versions[bed];
    pthread_mutex_unlock(&board->mutex);
    return version;
}
