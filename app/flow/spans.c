#include "app/flow/spans.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPAN_TEXT_MAX 48 /* " first-last" */

/* The first span that ends at the number before, or later. */
static uint32_t place_of(const struct spans *set, uint64_t number)
{
    uint32_t at = 0;
    while (at < set->count && set->spans[at].last + 1 < number) {
        ++at;
    }
    return at;
}

bool spans_have(const struct spans *set, uint64_t number)
{
    for (uint32_t i = 0; i < set->count; ++i) {
        if (number >= set->spans[i].first && number <= set->spans[i].last) {
            return true;
        }
    }
    return false;
}

/* The span and the one behind it become one. */
static void join(struct spans *set, uint32_t at)
{
    set->spans[at].last = set->spans[at + 1].last;
    --set->count;
    memmove(&set->spans[at + 1], &set->spans[at + 2], (set->count - at - 1) * sizeof set->spans[0]);
}

static void join_closest(struct spans *set)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i + 1 < set->count; ++i) {
        const uint64_t gap = set->spans[i + 1].first - set->spans[i].last;
        best = gap < set->spans[best + 1].first - set->spans[best].last ? i : best;
    }
    join(set, best);
}

static void insert(struct spans *set, uint32_t at, uint64_t number)
{
    memmove(&set->spans[at + 1], &set->spans[at], (set->count - at) * sizeof set->spans[0]);
    set->spans[at] = (struct span){number, number};
    ++set->count;
}

void spans_put(struct spans *set, uint64_t number)
{
    const uint32_t at = place_of(set, number);
    struct span *span = &set->spans[at];
    if (at == set->count || number + 1 < span->first) {
        insert(set, at, number);
    } else if (number < span->first) {
        span->first = number;
    } else if (number > span->last) {
        span->last = number;
        if (at + 1 < set->count && set->spans[at + 1].first == number + 1) {
            join(set, at);
        }
    }
    if (set->count > SPANS_MAX) {
        join_closest(set);
    }
}

size_t spans_write(const struct spans *set, char *out, size_t size)
{
    static const char more[] = " ...";
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < set->count; ++i) {
        char text[SPAN_TEXT_MAX];
        const struct span *span = &set->spans[i];
        int length = snprintf(text, sizeof text, "%s%" PRIu64, i > 0 ? " " : "", span->first);
        if (span->last != span->first) {
            length += snprintf(text + length, sizeof text - (size_t)length, "-%" PRIu64, span->last);
        }
        const bool is_last = i + 1 == set->count;
        if (used + (size_t)length + (is_last ? 0 : sizeof more - 1) >= size) {
            return used + (size_t)snprintf(out + used, size - used, "%s", more);
        }
        memcpy(out + used, text, (size_t)length + 1);
        used += (size_t)length;
    }
    return used;
}
