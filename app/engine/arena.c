#include "app/engine/arena.h"

#include <assert.h>
#include <stdint.h>

enum { CACHE_LINE = 64, SMALL_ALIGNMENT = 16, SMALL_BYTES = 256 };

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    assert(arena != NULL && size > 0 && count <= SIZE_MAX / size);
    const size_t alignment = count * size <= SMALL_BYTES && size % CACHE_LINE != 0 ? SMALL_ALIGNMENT : CACHE_LINE;
    const size_t start = (arena->used + alignment - 1) / alignment * alignment;
    arena->used = start + count * size;
    if (arena->base == NULL) {
        return NULL;
    }
    assert(arena->used <= arena->size);
    return arena->base + start;
}

struct arena *arena_reserve(struct arena *arena)
{
    return arena->reserve != NULL ? arena->reserve : arena;
}
