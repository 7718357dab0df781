#include "app/engine/deadlines.h"

#include <assert.h>
#include <stddef.h>

void deadlines_init(struct deadlines *deadlines, struct arena *arena, uint32_t size)
{
    int64_t *at = ARENA_TAKE(arena, int64_t, size);
    uint32_t *heap = ARENA_TAKE(arena, uint32_t, size);
    uint32_t *place = ARENA_TAKE(arena, uint32_t, size);
    if (place != NULL) {
        *deadlines = (struct deadlines){.at = at, .heap = heap, .place = place, .size = size};
    }
}

void deadlines_reset(struct deadlines *deadlines, uint32_t count)
{
    assert(count <= deadlines->size);
    deadlines->count = count;
    for (uint32_t i = 0; i < count; i++) {
        deadlines->at[i] = DEADLINES_NEVER;
        deadlines->heap[i] = i;
        deadlines->place[i] = i;
    }
}

static void put(struct deadlines *d, uint32_t place, uint32_t number)
{
    d->heap[place] = number;
    d->place[number] = place;
}

/* Those above that are later come down, one after the other. */
static void rise(struct deadlines *d, uint32_t number)
{
    uint32_t place = d->place[number];
    while (place > 0) {
        const uint32_t above = (place - 1) / 2;
        if (d->at[d->heap[above]] <= d->at[number]) {
            break;
        }
        put(d, place, d->heap[above]);
        place = above;
    }
    put(d, place, number);
}

static void sink(struct deadlines *d, uint32_t number)
{
    uint32_t place = d->place[number];
    for (uint32_t below = 2 * place + 1; below < d->count; below = 2 * place + 1) {
        if (below + 1 < d->count && d->at[d->heap[below + 1]] < d->at[d->heap[below]]) {
            below++;
        }
        if (d->at[number] <= d->at[d->heap[below]]) {
            break;
        }
        put(d, place, d->heap[below]);
        place = below;
    }
    put(d, place, number);
}

void deadlines_set(struct deadlines *deadlines, uint32_t number, int64_t at)
{
    assert(number < deadlines->count);
    const int64_t before = deadlines->at[number];
    deadlines->at[number] = at;
    if (at < before) {
        rise(deadlines, number);
    } else if (at > before) {
        sink(deadlines, number);
    }
}
