#include "tests/powerloss/chance.h"

static uint64_t row, row_of_names;

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

void chance_seed(uint64_t seed)
{
    row = seed;
}

uint64_t chance_draw(uint64_t below)
{
    return next(&row) % below;
}

bool chance_is(unsigned percent)
{
    return chance_draw(100) < percent;
}

uint64_t chance_names(uint64_t below)
{
    return next(&row_of_names) % below;
}

void chance_names_seed(uint64_t seed)
{
    row_of_names = seed;
}

uint64_t chance_mix(uint64_t seed, uint64_t number)
{
    uint64_t state = seed ^ next(&number);
    return next(&state);
}
