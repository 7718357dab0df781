/*
 * journal_seen.h: observations as the engine passes them on, and what of them came into the journal of the rig's store (commit_rig.h).
 */
#ifndef WARDGATE_TESTS_JOURNAL_SEEN_H
#define WARDGATE_TESTS_JOURNAL_SEEN_H

#include "app/flow/commit_journal.h"
#include "tests/unit/support/commit_rig.h"

static inline void observe(uint16_t bed, enum vital vital, int32_t value_milli)
{
    const struct observation o = {.at_ms = RIG_ANCHOR_MS + commit_rig.now_us / 1000,
                                  .value_milli = value_milli,
                                  .bed = bed,
                                  .kind = OBSERVATION_VALUE,
                                  .vital = (uint8_t)vital,
                                  .quality = QUALITY_VALID};
    assert_true(ring_push(&commit_rig.journal, &o));
}

struct journal_seen {
    uint32_t rows, pieces, count;
    struct observation last;
};

static inline void see_bytes(struct journal_seen *seen, const void *bytes, size_t size)
{
    struct observation piece[COMMIT_JOURNAL_PIECE];
    for (size_t at = 0; at < size;) {
        const uint32_t count = commit_journal_next(bytes, size, &at, piece, COMMIT_JOURNAL_PIECE);
        assert_true(count > 0);
        seen->pieces++;
        seen->count += count;
        seen->last = piece[count - 1];
    }
}

static inline bool see_row(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    struct journal_seen *seen = context;
    (void)at_ms;
    seen->rows++;
    see_bytes(seen, bytes, size);
    return true;
}

static inline struct journal_seen read_journal(void)
{
    struct journal_seen seen = {0};
    assert_int_equal(store_journal_each(commit_rig_store(), INT64_MIN, see_row, &seen), STATUS_OK);
    return seen;
}

#endif
