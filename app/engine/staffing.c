#include "app/engine/staffing.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define WEEK_HOURS 168U
#define MICRO      UINT64_C(1000000)

static const char *const words[] = {
#define CARE_BAND_WORD(name) #name,
    CARE_BAND_LIST(CARE_BAND_WORD)
#undef CARE_BAND_WORD
};

const char *care_band_word(enum care_band band)
{
    assert(band < CARE_BAND_COUNT);
    return words[band];
}

enum care_band care_band_by_word(const char *word)
{
    enum care_band band = CARE_low;
    while (band < CARE_unscored && strcmp(word, words[band]) != 0) {
        ++band;
    }
    return band;
}

uint32_t staffing_nurses_milli(uint32_t wte_milli, uint32_t week_hours_milli, uint32_t leave_micro)
{
    const uint64_t needed = (uint64_t)wte_milli * week_hours_milli;
    const uint64_t present = WEEK_HOURS * (MICRO + leave_micro) / 1000; /* thousandths of an hour, as `needed` is */
    return (uint32_t)((needed + present / 2) / present);
}

bool staffing_told_holds(const struct staffing_told *told, int64_t shift_ms, int64_t now_ms)
{
    if (!told->is_told || told->until_ms != 0) {
        return told->is_told && now_ms < told->until_ms;
    }
    return shift_ms != 0 ? told->at_ms >= shift_ms : now_ms - told->at_ms < STAFFING_TOLD_MS_DEFAULT;
}

/* Insertion sort, stable: of a few hundred, of which most are in place. */
static uint16_t sort_by_load(const uint32_t *load_milli, uint16_t bed_count, uint16_t *order)
{
    uint16_t count = 0;
    for (uint16_t bed = 0; bed < bed_count; ++bed) {
        if (load_milli[bed] == 0) {
            continue;
        }
        uint16_t at = count++;
        while (at > 0 && load_milli[order[at - 1]] < load_milli[bed]) {
            order[at] = order[at - 1];
            --at;
        }
        order[at] = bed;
    }
    return count;
}

static uint8_t least_loaded(const struct staffing_nurse *nurses, uint8_t nurse_count, uint16_t patients_max)
{
    uint8_t best = nurse_count;
    for (uint8_t i = 0; i < nurse_count; ++i) {
        const bool has_room = nurses[i].patients < patients_max;
        if (has_room && (best == nurse_count || nurses[i].load_milli < nurses[best].load_milli)) {
            best = i;
        }
    }
    return best;
}

/* The `count` beds of `order`, all of one load, of which each nurse has as many as `shares` says. */
static void hand_out(const uint16_t *order, uint16_t count, const uint16_t *shares, struct staffing *out)
{
    uint8_t nurse = 0;
    uint16_t given = 0;
    for (uint16_t i = 0; i < count; ++i) {
        while (given == shares[nurse]) {
            ++nurse;
            given = 0;
        }
        out->nurse_of[order[i]] = (uint8_t)(nurse + 1);
        ++given;
    }
}

void staffing_assign(const uint32_t *load_milli, uint16_t bed_count, uint8_t nurse_count, uint16_t patients_max,
                     struct staffing *out)
{
    assert(load_milli != NULL && out != NULL && bed_count <= STAFFING_BEDS_MAX && nurse_count <= STAFFING_NURSES_MAX);
    uint16_t order[STAFFING_BEDS_MAX];
    uint16_t most = patients_max == 0 ? UINT16_MAX : patients_max;
    const uint16_t count = sort_by_load(load_milli, bed_count, order);
    *out = (struct staffing){.nurse_of = {0}};
    for (uint16_t first = 0, i = 0; nurse_count > 0 && i < count; first = i) {
        uint16_t shares[STAFFING_NURSES_MAX] = {0};
        const uint32_t load = load_milli[order[first]];
        for (; i < count && load_milli[order[i]] == load; ++i) {
            uint8_t nurse = least_loaded(out->nurses, nurse_count, most);
            if (nurse == nurse_count) {
                nurse = least_loaded(out->nurses, nurse_count, ++most);
            }
            ++shares[nurse];
            ++out->nurses[nurse].patients;
            out->nurses[nurse].load_milli += load;
        }
        hand_out(order + first, (uint16_t)(i - first), shares, out);
    }
}
