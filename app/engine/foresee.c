#include "app/engine/foresee.h"

#include <assert.h>
#include <string.h>

#define VALUE_EVERY_MS 1000
#define MICRO_OF_MILLI 1000
#define STANDS_OUT     3 /* times the median absolute residual */
#define PERMILLE       1000

/* The slopes, or the residuals, of a line through the points. */
struct numbers {
    unsigned count;
    int64_t list[FORESEE_PAIRS];
};

/* Shell's sort, with Ciura's gaps: few, and no recursion. */
static void sort(struct numbers *numbers)
{
    static const unsigned gaps[] = {57, 23, 10, 4, 1};
    for (unsigned g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        for (unsigned i = gaps[g]; i < numbers->count; i++) {
            const int64_t number = numbers->list[i];
            unsigned at = i;
            for (; at >= gaps[g] && numbers->list[at - gaps[g]] > number; at -= gaps[g]) {
                numbers->list[at] = numbers->list[at - gaps[g]];
            }
            numbers->list[at] = number;
        }
    }
}

/* Of an even number, between the two in the middle. */
static int64_t median(struct numbers *numbers)
{
    assert(numbers->count > 0);
    sort(numbers);
    const int64_t high = numbers->list[numbers->count / 2], low = numbers->list[(numbers->count - 1) / 2];
    return low + (high - low) / 2;
}

static void forget_old(struct foresee *foresee)
{
    unsigned old = 0;
    while (old < foresee->point_count && foresee->points[old].bin <= foresee->bin - FORESEE_BINS) {
        old++;
    }
    foresee->point_count = (uint8_t)(foresee->point_count - old);
    memmove(foresee->points, &foresee->points[old], foresee->point_count * sizeof foresee->points[0]);
}

static void close_bin(struct foresee *foresee)
{
    if (foresee->value_count == 0) {
        return;
    }
    struct numbers values = {.count = foresee->value_count};
    for (unsigned i = 0; i < values.count; i++) {
        values.list[i] = foresee->values_milli[i];
    }
    forget_old(foresee);
    assert(foresee->point_count < FORESEE_BINS);
    foresee->points[foresee->point_count++] = (struct foresee_point){foresee->bin, (int32_t)median(&values)};
    foresee->value_count = 0;
}

void foresee_reset(struct foresee *foresee)
{
    *foresee = (struct foresee){.begun = false};
}

bool foresee_close(struct foresee *foresee, int64_t now_ms)
{
    const int64_t bin = foresee->begun ? (now_ms - foresee->start_ms) / FORESEE_BIN_MS : 0;
    if (bin <= foresee->bin) {
        return false;
    }
    close_bin(foresee);
    foresee->bin = bin;
    return true;
}

bool foresee_put(struct foresee *foresee, int64_t at_ms, int32_t value_milli)
{
    if (!foresee->begun) {
        *foresee = (struct foresee){.begun = true, .start_ms = at_ms, .taken_ms = at_ms - VALUE_EVERY_MS};
    }
    const bool closed = foresee_close(foresee, at_ms);
    foresee->last_ms = at_ms;
    if (at_ms - foresee->taken_ms >= VALUE_EVERY_MS && foresee->value_count < FORESEE_BIN_VALUES) {
        foresee->values_milli[foresee->value_count++] = value_milli;
        foresee->taken_ms = at_ms;
    }
    return closed;
}

int64_t foresee_next_ms(const struct foresee *foresee)
{
    return foresee->begun ? foresee->start_ms + (foresee->bin + 1) * FORESEE_BIN_MS : INT64_MAX;
}

/* In millionths a bin. */
static void slopes_of(const struct foresee *foresee, struct numbers *out)
{
    out->count = 0;
    for (unsigned later = 1; later < foresee->point_count; later++) {
        for (unsigned i = 0; i < later; i++) {
            const struct foresee_point *a = &foresee->points[i], *b = &foresee->points[later];
            const int64_t rise_micro = ((int64_t)b->median_milli - a->median_milli) * MICRO_OF_MILLI;
            out->list[out->count++] = rise_micro / (b->bin - a->bin);
        }
    }
}

/* What the points would be at the newest one's bin, were there nothing but the slope. */
static void levels_of(const struct foresee *foresee, int64_t slope_micro, struct numbers *out)
{
    const int64_t newest = foresee->points[foresee->point_count - 1].bin;
    out->count = foresee->point_count;
    for (unsigned i = 0; i < out->count; i++) {
        const struct foresee_point *p = &foresee->points[i];
        out->list[i] = (int64_t)p->median_milli * MICRO_OF_MILLI + slope_micro * (newest - p->bin);
    }
}

static int64_t scatter_of(struct numbers *levels, int64_t level_micro)
{
    for (unsigned i = 0; i < levels->count; i++) {
        const int64_t residual_micro = levels->list[i] - level_micro;
        levels->list[i] = residual_micro < 0 ? -residual_micro : residual_micro;
    }
    return median(levels);
}

static uint16_t agreement_of(const struct numbers *slopes, int64_t slope_micro)
{
    unsigned same = 0, differ = 0;
    for (unsigned i = 0; i < slopes->count; i++) {
        differ += slopes->list[i] != 0 ? 1U : 0U;
        same += slopes->list[i] != 0 && (slopes->list[i] < 0) == (slope_micro < 0) ? 1U : 0U;
    }
    return slope_micro == 0 || differ == 0 ? 0 : (uint16_t)(same * PERMILLE / differ);
}

static int64_t reach_of(int64_t level_micro, int64_t slope_micro, int32_t limit_milli, int side)
{
    const int64_t distance_micro = (level_micro - (int64_t)limit_milli * MICRO_OF_MILLI) * side;
    const int64_t approach_micro = -slope_micro * side;
    if (distance_micro <= 0) {
        return 0;
    }
    return approach_micro > 0 ? distance_micro * FORESEE_BIN_MS / approach_micro : FORESEE_NEVER_MS;
}

bool foresee_estimate(const struct foresee *foresee, int32_t limit_milli, int side, struct foresight *out)
{
    assert(side == 1 || side == -1);
    if (foresee->point_count < FORESEE_BINS_MIN) {
        return false;
    }
    struct numbers slopes, levels;
    const struct foresee_point *oldest = &foresee->points[0], *newest = &foresee->points[foresee->point_count - 1];
    slopes_of(foresee, &slopes);
    const int64_t slope_micro = median(&slopes);
    levels_of(foresee, slope_micro, &levels);
    const int64_t level_micro = median(&levels);
    const int64_t change_micro = slope_micro * (newest->bin - oldest->bin);
    /* A bin's median stands for its middle; the estimate counts from the end of the last bin that closed. */
    const int64_t ahead_micro = slope_micro * (2 * (foresee->bin - newest->bin) - 1) / 2;
    out->agreement_permille = agreement_of(&slopes, slope_micro);
    out->stands_out =
        (change_micro < 0 ? -change_micro : change_micro) >= STANDS_OUT * scatter_of(&levels, level_micro);
    out->reach_ms = reach_of(level_micro + ahead_micro, slope_micro, limit_milli, side);
    return true;
}
