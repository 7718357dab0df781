#include "app/flow/ring.h"

#include <assert.h>
#include <string.h>

#include "app/engine/observation.h"

void ring_init(struct ring *ring, struct arena *arena, uint32_t slots, size_t element_size)
{
    assert(slots > 0 && (slots & (slots - 1)) == 0 && element_size > 0 && element_size <= UINT32_MAX);
    unsigned char *storage = arena_take(arena, slots, element_size);
    if (storage == NULL) {
        return;
    }
    ring->storage = storage;
    ring->element_size = (uint32_t)element_size;
    ring->mask = slots - 1;
    ring->head_cached = 0;
    ring->tail_cached = 0;
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->head, 0);
}

/* Nearly all that goes through rings are single observations: of a size that it knows, the compiler copies in place. */
static void copy(unsigned char *to, const unsigned char *from, size_t bytes)
{
    if (bytes == sizeof(struct observation)) {
        memcpy(to, from, sizeof(struct observation));
    } else {
        memcpy(to, from, bytes);
    }
}

/* Positions count for ever and wrap at 2^32; a slot is a position under the mask. */
static unsigned char *slot_at(const struct ring *ring, uint32_t position)
{
    return ring->storage + (size_t)(position & ring->mask) * ring->element_size;
}

uint32_t ring_room(struct ring *ring)
{
    const uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed); /* our own */
    /* Acquire: the consumer's copies out of the slots it gave back are done before we write them again. */
    ring->head_cached = atomic_load_explicit(&ring->head, memory_order_acquire);
    return ring->mask + 1 - (tail - ring->head_cached);
}

bool ring_push(struct ring *ring, const void *element)
{
    const uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail - ring->head_cached > ring->mask && ring_room(ring) == 0) {
        return false;
    }
    copy(slot_at(ring, tail), element, ring->element_size);
    /* Release: the slot is readable before the consumer can see the new tail. */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

static void copy_in(const struct ring *ring, uint32_t tail, const unsigned char *elements, uint32_t count)
{
    const uint32_t to_end = ring->mask + 1 - (tail & ring->mask);
    const uint32_t first = count < to_end ? count : to_end;
    copy(slot_at(ring, tail), elements, (size_t)first * ring->element_size);
    if (first < count) {
        copy(ring->storage, elements + (size_t)first * ring->element_size,
             (size_t)(count - first) * ring->element_size);
    }
}

uint32_t ring_push_batch(struct ring *ring, const void *elements, uint32_t count)
{
    const uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint32_t room = ring->mask + 1 - (tail - ring->head_cached);
    if (room < count) {
        room = ring_room(ring);
    }
    const uint32_t taken = count < room ? count : room;
    if (taken > 0) {
        copy_in(ring, tail, elements, taken);
        /* Release: all their slots are readable before the consumer can see the new tail. */
        atomic_store_explicit(&ring->tail, tail + taken, memory_order_release);
    }
    return taken;
}

static void copy_out(const struct ring *ring, uint32_t head, unsigned char *out, uint32_t count)
{
    const uint32_t to_end = ring->mask + 1 - (head & ring->mask);
    const uint32_t first = count < to_end ? count : to_end;
    copy(out, slot_at(ring, head), (size_t)first * ring->element_size);
    if (first < count) {
        copy(out + (size_t)first * ring->element_size, ring->storage, (size_t)(count - first) * ring->element_size);
    }
}

uint32_t ring_pop(struct ring *ring, void *out, uint32_t most)
{
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (ring->tail_cached - head < most) {
        /* Acquire: pairs with the release in ring_push. */
        ring->tail_cached = atomic_load_explicit(&ring->tail, memory_order_acquire);
    }
    const uint32_t there = ring->tail_cached - head;
    const uint32_t count = there < most ? there : most;
    if (count > 0) {
        copy_out(ring, head, out, count);
        /* Release: the copies are done before the producer may write these slots again. */
        atomic_store_explicit(&ring->head, head + count, memory_order_release);
    }
    return count;
}

void *ring_at(struct ring *ring, uint32_t index)
{
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    /* Acquire: pairs with the release in ring_push. */
    ring->tail_cached = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return index < ring->tail_cached - head ? slot_at(ring, head + index) : NULL;
}

uint32_t ring_count(const struct ring *ring)
{
    /* The head first: what is pushed in between makes the count too large, never negative. */
    const uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    const uint32_t count = atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
    return count <= ring->mask ? count : ring->mask + 1;
}
