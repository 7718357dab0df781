#include "app/flow/firsts.h"

#include <assert.h>
#include <string.h>

void firsts_forget(struct firsts *firsts)
{
    memset(firsts->places, 0, firsts->place_count * sizeof *firsts->places);
    firsts->left = 0;
}

void firsts_add(struct firsts *firsts, uint32_t place, uint32_t waiting_before, uint64_t row)
{
    assert(place < firsts->place_count);
    struct firsts_place *of = &firsts->places[place];
    if (of->count == waiting_before && of->count < FIRSTS_KEPT) {
        of->rows[of->count++] = row;
        ++firsts->left;
    }
}

bool firsts_next(const struct firsts *firsts, uint32_t *out_place, uint64_t *out_row)
{
    *out_row = UINT64_MAX;
    for (uint32_t i = 0; firsts->left > 0 && i < firsts->place_count; ++i) {
        const struct firsts_place *of = &firsts->places[i];
        if (of->count > 0 && of->rows[0] < *out_row) {
            *out_row = of->rows[0];
            *out_place = i;
        }
    }
    return firsts->left > 0;
}

void firsts_pass(struct firsts *firsts, uint32_t place)
{
    struct firsts_place *of = &firsts->places[place];
    assert(of->count > 0);
    of->through = of->rows[0];
    --of->count;
    --firsts->left;
    memmove(of->rows, of->rows + 1, of->count * sizeof of->rows[0]);
}

bool firsts_have_passed(const struct firsts *firsts, uint32_t place, uint64_t row)
{
    return row <= firsts->places[place].through;
}
