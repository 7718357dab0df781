#include "app/engine/extrema.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/gallop.h"

void extrema_make(struct extrema *extrema, struct arena *arena, const int32_t *values, uint32_t capacity, int32_t sign)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *extrema = (struct extrema){.values = values, .mask = capacity - 1, .sign = sign};
    extrema->positions = ARENA_TAKE(arena, uint32_t, capacity);
}

void extrema_reset(struct extrema *extrema)
{
    extrema->head = extrema->tail = extrema->tail_before = 0;
}

static uint32_t position_at(const struct extrema *extrema, uint64_t index)
{
    return extrema->positions[index & extrema->mask];
}

static int64_t signed_value(const struct extrema *extrema, uint64_t position)
{
    return (int64_t)extrema->sign * extrema->values[position & extrema->mask];
}

static bool exceeds(const void *items, uint64_t index, int64_t key)
{
    const struct extrema *extrema = items;
    return signed_value(extrema, position_at(extrema, index)) > key;
}

void extrema_put(struct extrema *extrema, uint64_t position)
{
    const uint64_t cut =
        gallop(exceeds, extrema, signed_value(extrema, position), extrema->head, extrema->tail, extrema->tail);
    uint32_t *slot = &extrema->positions[cut & extrema->mask];
    extrema->overwritten = *slot;
    extrema->tail_before = extrema->tail;
    *slot = (uint32_t)position;
    extrema->tail = cut + 1;
}

void extrema_take_back(struct extrema *extrema)
{
    assert(extrema->tail > extrema->head);
    extrema->positions[(extrema->tail - 1) & extrema->mask] = extrema->overwritten;
    extrema->tail = extrema->tail_before;
}

void extrema_drop(struct extrema *extrema, uint64_t position)
{
    if (extrema->head < extrema->tail && position_at(extrema, extrema->head) == (uint32_t)position) {
        extrema->head++;
    }
}

static bool lies_before(const void *items, uint64_t index, int64_t key)
{
    return (int32_t)(position_at(items, index) - (uint32_t)key) < 0;
}

int32_t extrema_from(const struct extrema *extrema, uint64_t first, uint64_t *cursor)
{
    *cursor = gallop(lies_before, extrema, (int64_t)first, extrema->head, extrema->tail, *cursor);
    assert(*cursor < extrema->tail);
    return extrema->values[position_at(extrema, *cursor) & extrema->mask];
}
