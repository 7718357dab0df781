/*
 * ring.h: a lock-free ring between two threads: one producer, one consumer, elements of one size.
 *
 * The storage is the caller's (an arena), the size a power of two. Both ends are wait-free. Each end keeps its own
 * index and a cached copy of the other's on its own cache line, and reads the shared one again only when the cached
 * one says full or empty.
 */
#ifndef WARDGATE_RING_H
#define WARDGATE_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/arena.h"

#define RING_CACHE_LINE 64

struct ring {
    /* constant after ring_init */
    unsigned char *storage;
    uint32_t element_size, mask;
    /* producer's line */
    alignas(RING_CACHE_LINE) atomic_uint tail;
    uint32_t head_cached;
    /* consumer's line */
    alignas(RING_CACHE_LINE) atomic_uint head;
    uint32_t tail_cached;
};

/* slots is a power of two. While the arena measures, nothing is initialised. */
void ring_init(struct ring *ring, struct arena *arena, uint32_t slots, size_t element_size);

/* Producer only. Wait-free. False when full: the caller counts the drop. */
bool ring_push(struct ring *ring, const void *element);

/* Producer only. Wait-free. Copies as many of the first elements as there is room for, to be seen all at once; how many. */
uint32_t ring_push_batch(struct ring *ring, const void *elements, uint32_t count);

/* Consumer only. Wait-free. Copies at most `most` elements in order to out; how many it took. */
uint32_t ring_pop(struct ring *ring, void *out, uint32_t most);

/* Consumer only. Wait-free. Whether there is nothing to take: what is often asked costs no call. */
static inline bool ring_is_empty(const struct ring *ring)
{
    /* Acquire: who sees that something is in it sees what its producer did before. */
    return atomic_load_explicit(&ring->tail, memory_order_acquire) ==
           atomic_load_explicit(&ring->head, memory_order_relaxed); /* our own */
}

/* Consumer only. Wait-free. Where the one lies that is taken behind `index` others: the consumer's, to be written to also, until it is taken. NULL: there are not
 * so many. */
void *ring_at(struct ring *ring, uint32_t index);

/* Room as the producer sees it (at least this much). */
uint32_t ring_room(struct ring *ring);

/* Any thread: how many are in it, about. */
uint32_t ring_count(const struct ring *ring);

#endif
