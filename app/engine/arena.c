#include "app/engine/arena.h"

#include <assert.h>
#include <stdint.h>

enum { ARENA_ALIGNMENT = 64 };

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    assert(arena != NULL && size > 0 && count <= SIZE_MAX / size);
    const size_t start = (arena->used + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    arena->used = start + count * size;
    if (arena->base == NULL) {
        return NULL;
    }
    assert(arena->used <= arena->size);
    return arena->base + start;
}
