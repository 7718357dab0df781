#include "app/flow/commit_journal.h"

#include <assert.h>
#include <string.h>

#include "app/engine/little_endian.h"

enum { VERSION = 2, PIECE_HEAD = 16, AT_VERSION = 8, AT_COUNT = 10, AT_SIZE = 12 };
enum { OLD_VERSION = 1, OLD_ENTRY = 16 };
enum {
    HAS_INSTANT = 1,
    HAS_PLACE = 2,
    HAS_VITAL = 4,
    HAS_MORE = 8,
    IS_NEGATIVE = 16,
    SCALE_SHIFT = 5,
    IS_UNUSED = 128
};
enum { ENTRY_MOST = 1 + 10 + 3 + 1 + 1 + 4 + 5 }; /* head, instant, bed, monitor, vital, more, value */

static const uint32_t scales[] = {1, 10, 100, 1000};

/* ---- packing ---- */

static unsigned char *put_number(unsigned char *out, uint64_t value)
{
    while (value > 127) {
        *out++ = (unsigned char)(value | 128U);
        value >>= 7;
    }
    *out++ = (unsigned char)value;
    return out;
}

static uint64_t zigzag(int64_t value)
{
    return value >= 0 ? (uint64_t)value << 1 : ~((uint64_t)value << 1);
}

static unsigned scale_of(uint32_t value)
{
    unsigned scale = 3;
    while (value % scales[scale] != 0) {
        scale--;
    }
    return scale;
}

static bool is_plain(const struct observation *o)
{
    return o->kind == OBSERVATION_VALUE && o->quality == QUALITY_VALID && o->signal == 0 && o->flags == 0;
}

/* `before` is the observation before it, or one that says how a piece begins. */
static unsigned char *put_entry(unsigned char *entry, const struct observation *o, const struct observation *before,
                                const uint8_t *behind)
{
    const uint32_t value = o->value_milli < 0 ? 0U - (uint32_t)o->value_milli : (uint32_t)o->value_milli;
    const unsigned scale = scale_of(value);
    unsigned head = scale << SCALE_SHIFT | (o->value_milli < 0 ? IS_NEGATIVE : 0U);
    unsigned char *at = entry + 1;
    if (o->at_ms != before->at_ms) {
        head |= HAS_INSTANT;
        at = put_number(at, zigzag((int64_t)((uint64_t)o->at_ms - (uint64_t)before->at_ms)));
    }
    if (o->bed != before->bed || o->monitor != before->monitor) {
        head |= HAS_PLACE;
        at = put_number(at, o->bed);
        *at++ = o->monitor;
    }
    if (o->vital != behind[before->vital]) {
        head |= HAS_VITAL;
        *at++ = o->vital;
    }
    if (!is_plain(o)) {
        head |= HAS_MORE;
        *at++ = o->kind;
        *at++ = o->quality;
        *at++ = o->signal;
        *at++ = o->flags;
    }
    *entry = (unsigned char)head;
    return put_number(at, value / scales[scale]);
}

void commit_journal_empty(struct commit_journal *row)
{
    row->size = row->piece = 0;
    row->count = 0;
}

void commit_journal_close(struct commit_journal *row)
{
    row->piece = row->size;
}

static void begin_piece(struct commit_journal *row, int64_t first_ms)
{
    unsigned char *head = row->bytes + row->size;
    row->piece = row->size;
    row->last = (struct observation){.at_ms = first_ms};
    memset(row->behind, 0, sizeof row->behind);
    little_endian_put(head, (uint64_t)first_ms, 8);
    little_endian_put(head + AT_VERSION, VERSION, 2);
    little_endian_put(head + AT_COUNT, 0, 2);
    row->size += PIECE_HEAD;
}

bool commit_journal_is_full(const struct commit_journal *row)
{
    return row->size > COMMIT_JOURNAL_BYTES - PIECE_HEAD - ENTRY_MOST;
}

bool commit_journal_add(struct commit_journal *row, const struct observation *o)
{
    assert(row != NULL && o != NULL);
    if (commit_journal_is_full(row)) {
        return false;
    }
    if (row->piece == row->size || row->size - row->piece > STORE_PIECE_MAX - ENTRY_MOST ||
        little_endian_get(row->bytes + row->piece + AT_COUNT, 2) == COMMIT_JOURNAL_PIECE) {
        begin_piece(row, o->at_ms);
    }
    unsigned char *piece = row->bytes + row->piece;
    row->size = (size_t)(put_entry(row->bytes + row->size, o, &row->last, row->behind) - row->bytes);
    row->behind[row->last.vital] = o->vital;
    row->last = *o;
    row->count++;
    little_endian_put(piece + AT_COUNT, little_endian_get(piece + AT_COUNT, 2) + 1, 2);
    little_endian_put(piece + AT_SIZE, row->size - row->piece, 4);
    return true;
}

bool commit_journal_take(struct commit_journal *row, const unsigned char *piece, size_t size, uint32_t count)
{
    assert(row != NULL && row->piece == row->size && piece != NULL && size >= PIECE_HEAD);
    if (size > COMMIT_JOURNAL_BYTES - row->size || little_endian_get(piece + AT_VERSION, 2) != VERSION) {
        return false;
    }
    memcpy(row->bytes + row->size, piece, size);
    row->size += size;
    row->piece = row->size;
    row->count += count;
    return true;
}

/* ---- unpacking ---- */

struct unpacking {
    const unsigned char *at, *end;
    bool failed;
};

static unsigned take_byte(struct unpacking *u)
{
    if (u->at == u->end) {
        u->failed = true;
        return 0;
    }
    return *u->at++;
}

static uint64_t take_number(struct unpacking *u)
{
    uint64_t value = 0;
    unsigned byte = 128;
    for (unsigned shift = 0; shift < 64 && byte > 127; shift += 7) {
        byte = take_byte(u);
        value |= (uint64_t)(byte & 127U) << shift;
    }
    u->failed = u->failed || byte > 127;
    return value;
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)((value & 1U) != 0 ? ~(value >> 1) : value >> 1);
}

static void take_more(struct unpacking *u, unsigned head, struct observation *o)
{
    const bool has = (head & HAS_MORE) != 0;
    o->kind = has ? (uint8_t)take_byte(u) : OBSERVATION_VALUE;
    o->quality = has ? (uint8_t)take_byte(u) : QUALITY_VALID;
    o->signal = has ? (uint8_t)take_byte(u) : 0;
    o->flags = has ? (uint8_t)take_byte(u) : 0;
}

static void take_value(struct unpacking *u, unsigned head, struct observation *o)
{
    const bool negative = (head & IS_NEGATIVE) != 0;
    const uint64_t number = take_number(u);
    const uint64_t value = number <= UINT32_MAX ? number * scales[head >> SCALE_SHIFT & 3U] : UINT64_MAX;
    if (value > (uint64_t)INT32_MAX + negative) {
        u->failed = true;
        return;
    }
    o->value_milli = (int32_t)(negative ? -(int64_t)value : (int64_t)value);
}

/* *o is the one before, and becomes this one. */
static void take_entry(struct unpacking *u, uint8_t *behind, struct observation *o)
{
    const unsigned head = take_byte(u);
    const uint8_t before = o->vital;
    if ((head & HAS_INSTANT) != 0) {
        o->at_ms = (int64_t)((uint64_t)o->at_ms + (uint64_t)unzigzag(take_number(u)));
    }
    if ((head & HAS_PLACE) != 0) {
        const uint64_t bed = take_number(u);
        u->failed = u->failed || bed > UINT16_MAX;
        o->bed = (uint16_t)bed;
        o->monitor = (uint8_t)take_byte(u);
    }
    o->vital = (head & HAS_VITAL) != 0 ? (uint8_t)take_byte(u) : behind[before];
    take_more(u, head, o);
    take_value(u, head, o);
    u->failed = u->failed || (head & IS_UNUSED) != 0;
    behind[before] = o->vital;
}

static bool is_instant(int64_t at_ms)
{
    return at_ms <= INT64_MAX / 2 && at_ms >= INT64_MIN / 2;
}

static bool take_entries(struct unpacking *u, int64_t first_ms, uint32_t count, struct observation *out)
{
    uint8_t behind[UINT8_MAX + 1] = {0};
    struct observation o = {.at_ms = first_ms};
    for (uint32_t i = 0; i < count; i++) {
        take_entry(u, behind, &o);
        if (u->failed || !is_instant(o.at_ms)) {
            return false;
        }
        out[i] = o;
    }
    return u->at == u->end;
}

/* The last piece of what is there, which ends with it. */
static uint32_t old_piece(const unsigned char *piece, size_t size, struct observation *out, uint32_t most)
{
    const int64_t first_ms = (int64_t)little_endian_get(piece, 8);
    const uint32_t count = (uint32_t)little_endian_get(piece + AT_COUNT, 2);
    if (count > most || size != PIECE_HEAD + (size_t)count * OLD_ENTRY || !is_instant(first_ms)) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *entry = piece + PIECE_HEAD + (size_t)i * OLD_ENTRY;
        out[i] = (struct observation){.at_ms = first_ms + (int32_t)little_endian_get(entry, 4),
                                      .value_milli = (int32_t)little_endian_get(entry + 4, 4),
                                      .bed = (uint16_t)little_endian_get(entry + 8, 2),
                                      .monitor = entry[10],
                                      .kind = entry[11],
                                      .vital = entry[12],
                                      .quality = entry[13],
                                      .signal = entry[14],
                                      .flags = entry[15]};
    }
    return count;
}

uint32_t commit_journal_next(const void *bytes, size_t size, size_t *at, struct observation *out, uint32_t most)
{
    assert(bytes != NULL && at != NULL && *at <= size && out != NULL);
    const unsigned char *piece = (const unsigned char *)bytes + *at;
    const size_t left = size - *at;
    *at = size;
    if (left < PIECE_HEAD) {
        return 0;
    }
    if (little_endian_get(piece + AT_VERSION, 2) == OLD_VERSION) {
        return old_piece(piece, left, out, most);
    }
    const int64_t first_ms = (int64_t)little_endian_get(piece, 8);
    const uint32_t count = (uint32_t)little_endian_get(piece + AT_COUNT, 2);
    const uint64_t piece_size = little_endian_get(piece + AT_SIZE, 4);
    if (little_endian_get(piece + AT_VERSION, 2) != VERSION || count == 0 || count > most || piece_size < PIECE_HEAD ||
        piece_size > left || !is_instant(first_ms)) {
        return 0;
    }
    struct unpacking u = {piece + PIECE_HEAD, piece + piece_size, false};
    if (!take_entries(&u, first_ms, count, out)) {
        return 0;
    }
    *at = size - left + (size_t)piece_size;
    return count;
}
