/*
 * arena.h: all memory of the running gateway, sized once at start and never given back piece by piece.
 *
 * What is needed only when things go wrong, or when somebody asks, comes from an arena of its own beside it, the
 * reserve: the owner need not have each page of that there before it is used.
 *
 * The caller owns the storage. With base NULL the arena only measures: arena_take returns NULL and `used` tells how
 * much a real one must hold, so that one function both sizes and builds. Thread: start-up only.
 */
#ifndef WARDGATE_ARENA_H
#define WARDGATE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
    unsigned char *base; /* aligned to 64 bytes, zeroed; NULL: measure only */
    size_t size;
    size_t used;           /* may pass size while measuring */
    struct arena *reserve; /* NULL: all is taken from here */
};

/*
 * Zeroed storage of count * size bytes, NULL while measuring. It begins with a cache line (64 bytes), unless it is small
 * and made of no whole lines: what a channel has many of lies close together. Running out is our own bug (the arena is
 * made with the measured size), so it is asserted.
 */
void *arena_take(struct arena *arena, size_t count, size_t size);

/* Where that is taken from which is seldom used, and then from its front. */
struct arena *arena_reserve(struct arena *arena);

#define ARENA_TAKE(arena, type, count) ((type *)arena_take((arena), (count), sizeof(type)))

#endif
