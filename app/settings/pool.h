/*
 * pool.h: memory of a configuration while it is read and afterwards: taken piece by piece, given back all at once.
 *
 * Bounded: a pool gives at most bytes_max, so that no file can make the gateway eat the machine. Thread: that which
 * loads.
 */
#ifndef WARDGATE_POOL_H
#define WARDGATE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

struct pool_piece;

/* A file that a configuration rests on. */
struct pool_file {
    const char *path;
    const struct pool_file *before;
};

struct pool {
    struct pool_piece *newest;
    size_t bytes, bytes_max;
    uint64_t files_digest;               /* of the files that were read into it, one after another */
    const struct pool_file *newest_file; /* of all that were noted */
    bool is_exhausted;                   /* a piece was refused: whatever was read is not whole */
};

void pool_init(struct pool *pool, size_t bytes_max);
void pool_fini(struct pool *pool);

/* Zeroed storage of count * size bytes; NULL (and is_exhausted) when it is too much. count may be 0. */
void *pool_take(struct pool *pool, size_t count, size_t size);

/* Copies; NULL like pool_take. */
const char *pool_text(struct pool *pool, const char *text, size_t length);
const char *pool_format(struct pool *pool, const char *format, ...) PRINTF_LIKE(2, 3);

/* Once for each path, which must live as long as the pool. */
void pool_note_file(struct pool *pool, const char *path);

#define POOL_TAKE(pool, type, count) ((type *)pool_take((pool), (count), sizeof(type)))

#endif
