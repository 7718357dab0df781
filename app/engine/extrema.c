#include "app/engine/extrema.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/gallop.h"

void extrema_make(struct extrema *extrema, struct arena *arena, const int32_t *values, uint32_t capacity,
                  enum extremum sought)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *extrema = (struct extrema){.values = values, .mask = capacity - 1, .flip = sought};
    extrema->positions = ARENA_TAKE(arena, uint32_t, capacity);
}

void extrema_reset(struct extrema *extrema)
{
    extrema->head = extrema->tail = extrema->tail_before = 0;
}

static bool exceeds(const void *items, uint64_t index, int64_t key)
{
    const struct extrema *extrema = items;
    return (extrema_value(extrema, (uint32_t)index) ^ extrema->flip) > key;
}

static uint32_t is_reached(const struct extrema *extrema, uint32_t index, int32_t value)
{
    return extrema_reaches(value, extrema_value(extrema, index), extrema->flip) ? 1 : 0;
}

/* Most values reach fewer than four. How many is summed up, not branched on, for values come in no order. */
uint32_t extrema_search_cut(const struct extrema *extrema, int32_t value)
{
    const uint32_t head = extrema->head, tail = extrema->tail;
    uint32_t cut = tail;
    if (tail - head < 4) {
        while (cut > head && is_reached(extrema, cut - 1, value)) {
            cut--;
        }
        return cut;
    }
    cut -= is_reached(extrema, tail - 1, value) + is_reached(extrema, tail - 2, value) +
           is_reached(extrema, tail - 3, value) + is_reached(extrema, tail - 4, value);
    return cut > tail - 4 ? cut : (uint32_t)gallop(exceeds, extrema, value ^ extrema->flip, head, cut, cut);
}

void extrema_take_back(struct extrema *extrema)
{
    assert(extrema->tail > extrema->head);
    extrema->positions[(extrema->tail - 1) & extrema->mask] = extrema->overwritten;
    extrema->tail = extrema->tail_before;
}

static bool lies_before(const void *items, uint64_t index, int64_t key)
{
    const struct extrema *extrema = items;
    return (int32_t)(extrema->positions[index & extrema->mask] - (uint32_t)key) < 0;
}

uint32_t extrema_search(const struct extrema *extrema, uint32_t first, uint32_t guess)
{
    const uint32_t next = guess + 1;
    if (guess >= extrema->head && next < extrema->tail && lies_before(extrema, guess, first) &&
        !lies_before(extrema, next, first)) {
        return next;
    }
    return (uint32_t)gallop(lies_before, extrema, first, extrema->head, extrema->tail, guess);
}
