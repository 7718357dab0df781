/*
 * commit_journal.h: the form of the observation journal: a row of observations, packed into pieces. Pure.
 *
 *     piece   first instant i64 ms, version u16 (2), count u16, bytes of the piece u32, then `count` entries
 *     entry   what follows u8, then as it says: instant since the one before (zigzag, variable length); bed (variable length) and monitor u8; vital u8;
 *             kind, quality, signal and flags, u8 each; and always the value (variable length), in thousandths, hundredths, tenths or wholes
 *
 * Left out is what the entry before has too: instant, bed and monitor; the vital when it is the one that came behind the one before the last time, in this
 * piece; a valid value has no kind. So the vitals of a monitor that is polled take two to three bytes each. All little-endian; lengths as in LEB128.
 * A piece stands alone, and changes no more once it is closed. Version 1 had 16 bytes an entry; it is read still.
 * Beds are numbers: places in the list under STATE_BEDS (commit.h).
 */
#ifndef WARDGATE_COMMIT_JOURNAL_H
#define WARDGATE_COMMIT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/observation.h"
#include "drivers/store/store.h"

#define COMMIT_JOURNAL_BYTES (STORE_JOURNAL_MAX / STORE_PIECE_MAX * STORE_PIECE_MAX)
#define COMMIT_JOURNAL_PIECE 512U /* observations of a piece, at most */

struct commit_journal {
    size_t size;    /* bytes in use */
    size_t piece;   /* where the piece under way begins; `size`: none is */
    uint32_t count; /* of observations */
    struct observation last;
    uint8_t behind[UINT8_MAX + 1]; /* the vital that came behind each of them */
    unsigned char bytes[COMMIT_JOURNAL_BYTES];
};

void commit_journal_empty(struct commit_journal *row);

/* False when the row is full: it must be written first. */
bool commit_journal_add(struct commit_journal *row, const struct observation *o);
bool commit_journal_is_full(const struct commit_journal *row);
void commit_journal_close(struct commit_journal *row); /* the piece under way */
/* A piece as it is, of `count` observations, behind those that are closed. False: there is no room, or it is of a form of before. */
bool commit_journal_take(struct commit_journal *row, const unsigned char *piece, size_t size, uint32_t count);

/* The observations of the piece that begins at *at, copied out in order; *at is behind it then. 0: no more, none of ours, or more than `most`. */
uint32_t commit_journal_next(const void *bytes, size_t size, size_t *at, struct observation *out, uint32_t most);

#endif
