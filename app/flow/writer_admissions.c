#include "app/flow/writer_admissions.h"

#include <stddef.h>

#include "app/flow/commit.h"
#include "hal/clock.h"

#define BELIEVABLE_MS \
    INT64_C(1735689600000) /* 2025-01-01: before that nobody ran this program, so a clock that says so is wrong */

/* From when on there is counted; what a box without a clock of its own does in 1970 is none of the last weeks. */
static void begin(struct admissions *counted)
{
    const int64_t wall_ms = clock_wall_ms();
    if (wall_ms >= BELIEVABLE_MS) {
        admissions_begin(counted, wall_ms);
    }
}

void writer_admissions_learn(struct writer_admissions *admissions, struct store *store, struct board *board)
{
    struct admissions found;
    size_t length = 0;
    const bool is_found =
        store_get_state(store, STATE_ADMISSIONS, &found, sizeof found, &length) == STATUS_OK && length == sizeof found;
    if (is_found) {
        admissions->counted = found;
    }
    begin(&admissions->counted);
    admissions->are_put = is_found && found.since_ms == admissions->counted.since_ms;
    board_put_admissions(board, &admissions->counted);
}

void writer_admissions_count(struct writer_admissions *admissions, const struct bed_snapshot *before,
                             const struct bed_snapshot *now, int64_t correction_ms)
{
    const uint64_t left = before != NULL ? before->stay : 0;
    const int64_t at_wall_ms = now->stay_start_ms + correction_ms;
    if (left == now->stay || at_wall_ms < BELIEVABLE_MS) {
        return;
    }
    if (left != 0) {
        admissions_note_left(&admissions->counted, at_wall_ms, now->stay_start_ms - before->stay_start_ms);
    }
    if (now->stay != 0) {
        admissions_note_came(&admissions->counted, at_wall_ms);
    }
    admissions->are_put = false;
}

void writer_admissions_tell_all(struct writer_admissions *admissions)
{
    begin(&admissions->counted);
    admissions->are_put = false;
}

enum status writer_admissions_put(const struct writer_admissions *admissions, struct store *store)
{
    return admissions->are_put
               ? STATUS_OK
               : store_put_state(store, STATE_ADMISSIONS, &admissions->counted, sizeof admissions->counted);
}

void writer_admissions_done(struct writer_admissions *admissions, struct board *board)
{
    if (!admissions->are_put) {
        admissions->are_put = true;
        board_put_admissions(board, &admissions->counted);
    }
}
