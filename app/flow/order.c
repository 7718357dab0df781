#include "app/flow/order.h"

#include <string.h>

/* Within an instant of a bed: marks, which are no values, come first and among themselves as they came. */
static unsigned rank(const struct observation *o)
{
    return o->kind == OBSERVATION_VALUE ? 1U + o->vital : 0;
}

bool observation_is_before(const struct observation *a, const struct observation *b)
{
    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms;
    }
    if (a->bed != b->bed) {
        return a->bed < b->bed;
    }
    return rank(a) < rank(b);
}

/* Merges two sorted runs, stably. */
static void merge(const struct observation *a, size_t a_count, const struct observation *b, size_t b_count,
                  struct observation *out)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a_count || j < b_count) {
        const bool take_b = i == a_count || (j < b_count && observation_is_before(&b[j], &a[i]));
        *out++ = take_b ? b[j++] : a[i++];
    }
}

/* Bottom-up merge sort: stable, no recursion, nothing allocated. */
void observations_sort(struct observation *observations, struct observation *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t from = 0; from < count; from += 2 * width) {
            const size_t middle = from + width < count ? from + width : count;
            const size_t end = from + 2 * width < count ? from + 2 * width : count;
            merge(observations + from, middle - from, observations + middle, end - middle, spare + from);
        }
        memcpy(observations, spare, count * sizeof *observations);
    }
}
