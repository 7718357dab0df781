#include "app/engine/extrema.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/gallop.h"

static uint32_t round_up_to_power_of_two(uint32_t entries)
{
    uint32_t capacity = 1;
    while (capacity < entries) {
        capacity *= 2;
    }
    return capacity;
}

void extrema_make(struct extrema *extrema, struct arena *arena, uint32_t entries)
{
    assert(entries > 0);
    const uint32_t capacity = round_up_to_power_of_two(entries + EXTREMA_FENCE);
    *extrema = (struct extrema){.mask = capacity - 1};
    extrema->kept = ARENA_TAKE(arena, struct kept, capacity);
}

/* What stands at the tail then reaches nothing, and lies before nothing. */
static void have_no_newest(struct extrema *extrema, uint32_t entry)
{
    extrema->has_newest = false;
    *extrema_at(extrema, extrema->tail) = (struct kept){.entry = entry, .key = 0};
}

static void begin_at(struct extrema *extrema, uint32_t head)
{
    extrema->head = head;
    for (uint32_t before = 1; before <= EXTREMA_FENCE; before++) {
        extrema_at(extrema, head - before)->key = UINT32_MAX;
    }
}

void extrema_reset(struct extrema *extrema)
{
    begin_at(extrema, 0);
    extrema->tail = 0;
    have_no_newest(extrema, 0);
}

static bool lies_before(const void *items, uint64_t index, int64_t first)
{
    return extrema_precedes(extrema_at(items, (uint32_t)index)->entry, (uint32_t)first) != 0;
}

uint32_t extrema_search(const struct extrema *extrema, uint32_t first, uint32_t guess)
{
    return (uint32_t)gallop(lies_before, extrema, first, extrema->head, extrema->tail, guess);
}

void extrema_drop(struct extrema *extrema, uint32_t first)
{
    begin_at(extrema, extrema_search(extrema, first, extrema->head));
}

void extrema_take_back(struct extrema *extrema)
{
    assert(extrema->has_newest);
    have_no_newest(extrema, extrema_at(extrema, extrema->tail)->entry);
}

void extrema_narrow(struct extrema *extrema)
{
    assert(extrema->has_newest);
    extrema_at(extrema, extrema->tail)->key = extrema->key_before;
}

static bool exceeds(const void *items, uint64_t index, int64_t key)
{
    return extrema_at(items, (uint32_t)index)->key > key;
}

uint32_t extrema_count_reached(const struct extrema *extrema, uint32_t key)
{
    const uint32_t tail = extrema->tail;
    const uint32_t reached = 4 + extrema_reached_of_four(extrema, tail - 4, key);
    return reached < 8 ? reached : tail - (uint32_t)gallop(exceeds, extrema, key, extrema->head, tail, tail - 8);
}
