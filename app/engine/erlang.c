#include "app/engine/erlang.h"

#include <assert.h>
#include <stddef.h>

#define PLACES    36 /* binary, of a probability */
#define ONE       (UINT64_C(1) << PLACES)
#define STEP_BITS 6
#define MILLI     UINT64_C(1000)
#define MICRO     UINT64_C(1000000)

_Static_assert(PLACES % STEP_BITS == 0, "a division is made of whole steps");
_Static_assert((ERLANG_BEDS_MAX * MILLI + ERLANG_LOAD_MILLI_MAX) < (UINT64_C(1) << (64 - PLACES - STEP_BITS)),
               "the largest divisor leaves room for a step");

/* part / whole in PLACES, cut; part is not more than whole. */
static uint64_t fraction(uint64_t part, uint64_t whole)
{
    uint64_t quotient = 0, rest = part;
    for (unsigned done = 0; done < PLACES; done += STEP_BITS) {
        rest <<= STEP_BITS;
        quotient = quotient << STEP_BITS | rest / whole;
        rest %= whole;
    }
    return quotient;
}

static uint64_t blocked(uint64_t load_milli, uint16_t beds)
{
    uint64_t b = ONE;
    for (uint64_t k = 1; k <= beds; ++k) {
        const uint64_t busy = load_milli * b;
        b = fraction(busy, k * MILLI * ONE + busy);
    }
    return b;
}

static uint64_t to_micro(uint64_t value)
{
    return (value >> PLACES) * MICRO + (((value & (ONE - 1)) * MICRO + ONE / 2) >> PLACES);
}

static void compute_waiting(uint64_t load_milli, uint64_t beds_milli, uint64_t b, struct erlang *out)
{
    const uint64_t c = fraction(beds_milli * b, beds_milli * ONE - load_milli * (ONE - b));
    out->waiting_micro = (uint32_t)to_micro(c);
    out->queue_micro = to_micro(c * load_milli / (beds_milli - load_milli));
    out->wait_micro = (uint32_t)to_micro(c * MILLI / (beds_milli - load_milli));
}

void erlang_compute(uint32_t load_milli, uint16_t beds, struct erlang *out)
{
    assert(beds <= ERLANG_BEDS_MAX && out != NULL);
    const uint64_t load = load_milli < ERLANG_LOAD_MILLI_MAX ? load_milli : ERLANG_LOAD_MILLI_MAX;
    const uint64_t b = blocked(load, beds);
    *out = (struct erlang){.overloaded = load >= beds * MILLI, .blocked_micro = (uint32_t)to_micro(b)};
    if (out->overloaded) {
        out->waiting_micro = (uint32_t)MICRO;
    } else {
        compute_waiting(load, beds * MILLI, b, out);
    }
}
