#include "app/settings/pool.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_piece {
    struct pool_piece *older;
    max_align_t storage[];
};

void pool_init(struct pool *pool, size_t bytes_max)
{
    assert(pool != NULL && bytes_max <= SIZE_MAX / 2);
    *pool = (struct pool){.bytes_max = bytes_max};
}

void pool_fini(struct pool *pool)
{
    assert(pool != NULL);
    while (pool->newest != NULL) {
        struct pool_piece *piece = pool->newest;
        pool->newest = piece->older;
        free(piece);
    }
    pool_init(pool, pool->bytes_max);
}

void *pool_take(struct pool *pool, size_t count, size_t size)
{
    assert(pool != NULL && size > 0);
    const size_t left = pool->bytes_max - pool->bytes;
    struct pool_piece *piece = NULL;
    if (left > sizeof *piece && count <= (left - sizeof *piece) / size) {
        piece = calloc(1, sizeof *piece + count * size);
    }
    if (piece == NULL) {
        pool->is_exhausted = true;
        return NULL;
    }
    piece->older = pool->newest;
    pool->newest = piece;
    pool->bytes += sizeof *piece + count * size;
    return piece->storage;
}

const char *pool_text(struct pool *pool, const char *text, size_t length)
{
    assert(text != NULL);
    char *copy = pool_take(pool, length + 1, 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
    }
    return copy;
}

const char *pool_format(struct pool *pool, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = pool_take(pool, (size_t)length + 1, 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

void pool_note_file(struct pool *pool, const char *path)
{
    for (const struct pool_file *file = pool->newest_file; file != NULL; file = file->before) {
        if (strcmp(file->path, path) == 0) {
            return;
        }
    }
    struct pool_file *file = POOL_TAKE(pool, struct pool_file, 1);
    if (file != NULL) {
        *file = (struct pool_file){path, pool->newest_file};
        pool->newest_file = file;
    }
}
