/*
 * journal.h: a file of fixed size into which rows of bytes are written one behind the other, round and round: the newest stand where the oldest stood.
 *
 *     row     at a multiple of 512 bytes: head, then its body, then whatever stood there
 *     head    CRC-32 u32 of the rest of the head, form u32, number u64, instant i64, size of the body u32, CRC-32 u32 of the body; little-endian
 *
 * Nothing but the rows says where the newest stands: it has the highest number. A row that is not whole is passed over, so whatever a power cut leaves
 * opens. A row is written once, and a put needs no sync: what was put survives the program from then on, and a power cut from journal_sync on. The
 * room is taken from the disk at open, and blocks that were written before are written in place: a sync then writes those blocks and nothing else.
 * The newest rows that fit are kept; nothing is ever set aside, for its loss is harmless.
 *
 * Threads: put, sync and clear from one thread; each from any, one at a time (its buffer), beside them: what is overwritten meanwhile is passed over.
 * Open, close and clear: nobody else may be inside. Sizes: bodies of 1 to JOURNAL_BODY_MAX bytes. Errors as in store.h; after one of a write it is to be
 * opened again (journal_is_sound).
 */
#ifndef WARDGATE_JOURNAL_H
#define WARDGATE_JOURNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define JOURNAL_SECTOR   512U
#define JOURNAL_HEAD     32U
#define JOURNAL_BODY_MAX 16384U
#define JOURNAL_ROW_MAX  ((JOURNAL_HEAD + JOURNAL_BODY_MAX + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR)

struct journal {
    int fd;         /* -1: not open */
    uint64_t bytes; /* of the file, whole sectors */
    atomic_bool broken;
    atomic_ullong number, next,
        used; /* of the newest row, 0: there is none; where the next one goes; how far there are rows */
    unsigned char row[JOURNAL_ROW_MAX];  /* being written */
    unsigned char seen[JOURNAL_ROW_MAX]; /* being read */
};

/* Made when it is not there; one that is larger stays so. What a program that was killed had put is synced. fd is -1 before, or it is open and broken. */
enum status journal_open(struct journal *journal, int folder_fd, const char *name, uint64_t bytes) MUST_CHECK;
void journal_close(struct journal *journal); /* does nothing when it is not open */
bool journal_is_sound(const struct journal *journal);
bool journal_is_empty(const struct journal *journal);

enum status journal_put(struct journal *journal, int64_t at_ms, const void *bytes, size_t size) MUST_CHECK;
enum status journal_sync(struct journal *journal) MUST_CHECK;
enum status journal_clear(struct journal *journal) MUST_CHECK; /* durable when it returns STATUS_OK */

/* Rows from from_ms on, oldest first, until visit returns false. */
typedef bool journal_visit(void *context, int64_t at_ms, const void *bytes, size_t size);
enum status journal_each(struct journal *journal, int64_t from_ms, journal_visit *visit, void *context) MUST_CHECK;

#endif
