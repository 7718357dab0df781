#include "app/flow/commit_journal.h"

#include <assert.h>

enum { VERSION = 1, PIECE_HEAD = 16, ENTRY = 16, AT_VERSION = 8, AT_COUNT = 10 };

_Static_assert((STORE_PIECE_MAX - PIECE_HEAD) % ENTRY == 0, "pieces are filled to the last byte");

static void put_le(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get_le(const unsigned char *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

static void begin_piece(struct commit_journal *row, int64_t first_ms)
{
    row->piece = row->size;
    put_le(row->bytes + row->piece, (uint64_t)first_ms, 8);
    put_le(row->bytes + row->piece + AT_VERSION, VERSION, 8); /* count and padding 0 */
    row->size += PIECE_HEAD;
}

static void put_entry(unsigned char *entry, int64_t first_ms, const struct observation *o)
{
    put_le(entry, (uint64_t)(o->at_ms - first_ms), 4);
    put_le(entry + 4, (uint32_t)o->value_milli, 4);
    put_le(entry + 8, o->bed, 2);
    entry[10] = o->monitor;
    entry[11] = o->kind;
    entry[12] = o->vital;
    entry[13] = o->quality;
    entry[14] = o->signal;
    entry[15] = o->flags;
}

static struct observation get_entry(const unsigned char *entry, int64_t first_ms)
{
    return (struct observation){
        .at_ms = first_ms + (int32_t)get_le(entry, 4),
        .value_milli = (int32_t)get_le(entry + 4, 4),
        .bed = (uint16_t)get_le(entry + 8, 2),
        .monitor = entry[10],
        .kind = entry[11],
        .vital = entry[12],
        .quality = entry[13],
        .signal = entry[14],
        .flags = entry[15],
    };
}

bool commit_journal_add(struct commit_journal *row, const struct observation *o)
{
    assert(row != NULL && o != NULL);
    if (row->size == COMMIT_JOURNAL_BYTES) {
        return false;
    }
    if (row->size % STORE_PIECE_MAX == 0) {
        begin_piece(row, o->at_ms);
    }
    unsigned char *piece = row->bytes + row->piece;
    const int64_t first_ms = (int64_t)get_le(piece, 8);
    if (o->at_ms - first_ms > INT32_MAX || o->at_ms - first_ms < INT32_MIN) {
        return false;
    }
    put_entry(row->bytes + row->size, first_ms, o);
    put_le(piece + AT_COUNT, get_le(piece + AT_COUNT, 2) + 1, 2);
    row->size += ENTRY;
    row->count++;
    return true;
}

uint32_t commit_journal_decode(const void *bytes, size_t size, struct observation *out, uint32_t most)
{
    assert(bytes != NULL && out != NULL);
    const unsigned char *piece = bytes;
    if (size < PIECE_HEAD || get_le(piece + AT_VERSION, 2) != VERSION) {
        return 0;
    }
    const int64_t first_ms = (int64_t)get_le(piece, 8);
    const uint32_t count = (uint32_t)get_le(piece + AT_COUNT, 2);
    if (count > most || size != PIECE_HEAD + (size_t)count * ENTRY || first_ms > INT64_MAX / 2 ||
        first_ms < INT64_MIN / 2) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i] = get_entry(piece + PIECE_HEAD + (size_t)i * ENTRY, first_ms);
    }
    return count;
}
