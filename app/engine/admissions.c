#include "app/engine/admissions.h"

#include <assert.h>
#include <stddef.h>

#define DAY_S UINT64_C(86400)

static uint32_t number_of(int64_t wall_ms)
{
    return wall_ms > 0 ? (uint32_t)(wall_ms / ADMISSIONS_SLOT_MS) : 0;
}

/* The slot of an instant, emptied of another time. */
static struct admissions_slot *slot_of(struct admissions *admissions, int64_t wall_ms)
{
    const uint32_t number = number_of(wall_ms);
    struct admissions_slot *slot = &admissions->slots[number % ADMISSIONS_SLOTS];
    if (slot->number != number) {
        *slot = (struct admissions_slot){.number = number};
    }
    return slot;
}

void admissions_begin(struct admissions *admissions, int64_t wall_ms)
{
    assert(admissions != NULL);
    if (admissions->since_ms == 0 || admissions->since_ms > wall_ms) {
        admissions->since_ms = wall_ms;
    }
}

void admissions_note_came(struct admissions *admissions, int64_t wall_ms)
{
    admissions_begin(admissions, wall_ms);
    struct admissions_slot *slot = slot_of(admissions, wall_ms);
    slot->came = (uint16_t)(slot->came + (slot->came < UINT16_MAX));
}

void admissions_note_left(struct admissions *admissions, int64_t wall_ms, int64_t stayed_ms)
{
    admissions_begin(admissions, wall_ms);
    struct admissions_slot *slot = slot_of(admissions, wall_ms);
    const int64_t stayed_s = stayed_ms > 0 ? stayed_ms / 1000 : 0;
    const uint32_t counted_s = stayed_s < ADMISSIONS_STAY_S_MAX ? (uint32_t)stayed_s : ADMISSIONS_STAY_S_MAX;
    slot->left = (uint16_t)(slot->left + (slot->left < UINT16_MAX));
    slot->stayed_s = counted_s < UINT32_MAX - slot->stayed_s ? slot->stayed_s + counted_s : UINT32_MAX;
}

void admissions_sum(const struct admissions *admissions, int64_t at_ms, int64_t window_ms, struct admissions_sum *out)
{
    assert(admissions != NULL && out != NULL && window_ms > 0 && window_ms <= ADMISSIONS_WINDOW_MS_MAX);
    const uint32_t last = number_of(at_ms), span = (uint32_t)(window_ms / ADMISSIONS_SLOT_MS);
    const int64_t first_ms = ((int64_t)last - span + 1) * ADMISSIONS_SLOT_MS;
    const int64_t from_ms = admissions->since_ms > first_ms ? admissions->since_ms : first_ms;
    *out = (struct admissions_sum){.came = 0};
    if (admissions->since_ms == 0 || from_ms >= at_ms) {
        return;
    }
    out->counted_ms = at_ms - from_ms;
    for (unsigned i = 0; i < ADMISSIONS_SLOTS; ++i) {
        const struct admissions_slot *slot = &admissions->slots[i];
        if (slot->number <= last && last - slot->number < span) {
            out->came += slot->came;
            out->left += slot->left;
            out->stayed_s += slot->stayed_s;
        }
    }
}

bool admissions_is_enough(const struct admissions_sum *sum)
{
    assert(sum != NULL);
    return sum->left >= ADMISSIONS_STAYS_LEAST && sum->counted_ms >= ADMISSIONS_MS_LEAST;
}

uint32_t admissions_arrivals_milli(const struct admissions_sum *sum)
{
    assert(admissions_is_enough(sum));
    const uint64_t counted_s = (uint64_t)sum->counted_ms / 1000;
    return (uint32_t)((sum->came * 1000 * DAY_S + counted_s / 2) / counted_s);
}

uint32_t admissions_stay_s(const struct admissions_sum *sum)
{
    assert(admissions_is_enough(sum));
    return (uint32_t)((sum->stayed_s + sum->left / 2) / sum->left);
}

uint32_t admissions_load_milli(uint32_t arrivals_milli, uint32_t stay_s)
{
    const uint64_t load_milli = ((uint64_t)arrivals_milli * stay_s + DAY_S / 2) / DAY_S;
    return load_milli < UINT32_MAX ? (uint32_t)load_milli : UINT32_MAX;
}
