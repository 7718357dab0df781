#include "app/flow/omitted.h"

#include <assert.h>
#include <string.h>

/* The first range that ends at seq - 1 or behind. */
static uint32_t find_place(const struct omitted *omitted, uint64_t seq)
{
    uint32_t low = 0, high = omitted->count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (omitted->ranges[middle].through + 1 < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void join_next(struct omitted *omitted, uint32_t at)
{
    struct omitted_range *range = &omitted->ranges[at];
    if (at + 1 < omitted->count && range->through + 1 == range[1].from) {
        range->through = range[1].through;
        omitted->count--;
        memmove(range + 1, range + 2, (omitted->count - at - 1) * sizeof *range);
    }
}

uint64_t omitted_alerts(const struct omitted *omitted)
{
    uint64_t alerts = 0;
    for (unsigned p = 0; p <= PRIORITY_HIGH; p++) {
        alerts += omitted->alerts[p];
    }
    return alerts;
}

static void count(struct omitted *omitted, enum priority priority, int64_t wall_ms)
{
    const uint64_t before = omitted_alerts(omitted);
    omitted->alerts[priority]++;
    omitted->oldest_wall_ms = before == 0 || wall_ms < omitted->oldest_wall_ms ? wall_ms : omitted->oldest_wall_ms;
    omitted->newest_wall_ms = before == 0 || wall_ms > omitted->newest_wall_ms ? wall_ms : omitted->newest_wall_ms;
}

bool omitted_add(struct omitted *omitted, uint64_t seq, enum priority priority, int64_t wall_ms)
{
    assert(omitted != NULL && seq > 0 && seq < UINT64_MAX && priority <= PRIORITY_HIGH);
    const uint32_t at = find_place(omitted, seq);
    struct omitted_range *range = &omitted->ranges[at];
    if (at < omitted->count && range->from <= seq && seq <= range->through) {
        return true;
    }
    if (at < omitted->count && range->through + 1 == seq) {
        range->through = seq;
        join_next(omitted, at);
    } else if (at < omitted->count && range->from == seq + 1) {
        range->from = seq;
    } else if (omitted->count < OMITTED_RANGES_MAX) {
        memmove(range + 1, range, (omitted->count - at) * sizeof *range);
        *range = (struct omitted_range){seq, seq};
        omitted->count++;
    } else {
        return false;
    }
    count(omitted, priority, wall_ms);
    return true;
}
