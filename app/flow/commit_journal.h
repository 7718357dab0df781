/*
 * commit_journal.h: the form of the observation journal: rows of observations, packed. Pure.
 *
 * A row is made of pieces of STORE_PIECE_MAX bytes (the last may be shorter), because the store keeps and shows them one by one; each stands alone:
 *
 *     piece        first instant i64 ms, version u16, count u16, 0 u32, then `count` entries
 *     entry        instant after the first i32 ms, value i32, bed u16, monitor u8, kind u8, vital u8, quality u8, signal u8, flags u8
 *
 * All little-endian. Beds are numbers: places in the list under STATE_BEDS (commit.h).
 */
#ifndef WARDGATE_COMMIT_JOURNAL_H
#define WARDGATE_COMMIT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/observation.h"
#include "drivers/store/store.h"

#define COMMIT_JOURNAL_BYTES (STORE_JOURNAL_MAX / STORE_PIECE_MAX * STORE_PIECE_MAX)
#define COMMIT_JOURNAL_MAX   (COMMIT_JOURNAL_BYTES / 16U) /* more observations than a row ever holds */
#define COMMIT_JOURNAL_PIECE (STORE_PIECE_MAX / 16U)      /* more than a piece ever holds */

struct commit_journal {
    size_t size, piece; /* bytes in use; where the last piece begins */
    uint32_t count;
    unsigned char bytes[COMMIT_JOURNAL_BYTES];
};

/* False when the row is full, or the instant is weeks from the piece's first one: the row must be written first. */
bool commit_journal_add(struct commit_journal *row, const struct observation *o);

/* How many observations a piece holds, copied out in order; 0 when it is none of ours or has more than `most`. */
uint32_t commit_journal_decode(const void *bytes, size_t size, struct observation *out, uint32_t most);

#endif
