#include "app/flow/ward_summary.h"

#include <assert.h>

#include "hal/clock.h"

#define DAY_MINUTES 1440
#define MINUTE_MS   INT64_C(60000)

const char *ward_state_word(enum ward_state state)
{
    static const char *const words[] = {
#define WARD_STATE_WORD(name) #name,
        WARD_STATE_LIST(WARD_STATE_WORD)
#undef WARD_STATE_WORD
    };
    assert(state < WARD_STATE_COUNT);
    return words[state];
}

/* ---- a bed ---- */

static bool has_continuous(const struct bed_view *view)
{
    for (unsigned i = 0; i < view->vital_count; ++i) {
        if (!view->vitals[i].episodic && view->vitals[i].quality == QUALITY_VALID) {
            return true;
        }
    }
    return false;
}

static enum ward_state state_of(const struct bed_view *view)
{
    if (view->stay == 0) {
        return WARD_vacant;
    }
    if (view->away_until_ms != 0) {
        return WARD_away;
    }
    return has_continuous(view) ? WARD_occupied : WARD_not_monitored;
}

static enum score score_of(const struct bed_view *view)
{
    static const enum score scores[] = {SCORE_news2, SCORE_bedside_pews};
    for (unsigned i = 0; view->stay != 0 && i < sizeof scores / sizeof scores[0]; ++i) {
        if ((view->scoring.scores >> scores[i] & 1U) != 0) {
            return scores[i];
        }
    }
    return SCORE_COUNT;
}

static enum care_band band_of(const struct bed_view *view, enum score score)
{
    if (score == SCORE_COUNT) {
        return CARE_unscored;
    }
    const struct score_result *result = &view->scoring.results[score];
    if (result->complete) {
        return care_band_by_word(score_band_word(score, result->band));
    }
    const bool tells = result->has_least && result->least_band > 0;
    return tells ? care_band_by_word(score_band_word(score, result->least_band)) : CARE_unscored;
}

void ward_bed_of(const struct bed_view *view, struct ward_bed *out)
{
    const enum score score = score_of(view);
    *out = (struct ward_bed){.state = (uint8_t)state_of(view),
                             .priority = view->priority,
                             .score = (uint8_t)score,
                             .band = (uint8_t)band_of(view, score)};
}

bool ward_bed_is_same(const struct ward_bed *a, const struct ward_bed *b)
{
    return a->state == b->state && a->priority == b->priority && a->score == b->score && a->band == b->band;
}

/* ---- the ward ---- */

static void count_beds(const struct ward_bed *beds, uint16_t bed_count, struct ward_figures *out)
{
    out->total = bed_count;
    for (uint16_t i = 0; i < bed_count; ++i) {
        const bool is_vacant = beds[i].state == WARD_vacant;
        ++out->states[beds[i].state];
        ++out->priorities[beds[i].priority];
        out->bands[beds[i].band] = (uint16_t)(out->bands[beds[i].band] + !is_vacant);
        out->patients = (uint16_t)(out->patients + !is_vacant);
    }
}

struct shift_now {
    const struct shift_settings *shift;
    int64_t from_ms, until_ms; /* wall time */
};

/* So many minutes of the box's own time of day from now: where that changes meanwhile, the hour more or less is allowed for. */
static int64_t minutes_away_ms(int64_t wall_ms, int64_t minutes)
{
    const int64_t minute_ms = wall_ms - wall_ms % MINUTE_MS, then_ms = minute_ms + minutes * MINUTE_MS;
    return then_ms + (clock_utc_offset_s(wall_ms) - clock_utc_offset_s(then_ms)) * INT64_C(1000);
}

/* The newest that has begun by now; before the first of the day, the last of the day before. */
static struct shift_now shift_at(const struct ward_settings *settings, int64_t wall_ms)
{
    const uint8_t count = settings->shift_count;
    const int64_t local_minute = (wall_ms / 1000 + clock_utc_offset_s(wall_ms)) / 60 % DAY_MINUTES;
    uint8_t next = 0;
    while (next < count && settings->shifts[next].from_minute <= local_minute) {
        ++next;
    }
    const struct shift_settings *shift = &settings->shifts[(next > 0 ? next : count) - 1];
    const int64_t since = local_minute - shift->from_minute + (next > 0 ? 0 : DAY_MINUTES);
    const int64_t left = settings->shifts[next % count].from_minute - local_minute + (next < count ? 0 : DAY_MINUTES);
    return (struct shift_now){shift, minutes_away_ms(wall_ms, -since), minutes_away_ms(wall_ms, left)};
}

/* As somebody told, as long as that holds; else as the shift has it. */
static void find_staff(const struct ward_settings *settings, const struct staffing_told *told, int64_t wall_ms,
                       struct ward_figures *out)
{
    const bool has_shifts = settings->shift_count > 0;
    const struct shift_now now = has_shifts ? shift_at(settings, wall_ms) : (struct shift_now){.shift = NULL};
    out->is_told = staffing_told_holds(told, now.from_ms, wall_ms);
    out->has_staff = has_shifts || out->is_told;
    out->shift = now.shift;
    out->nurses = out->is_told ? told->nurses : has_shifts ? now.shift->nurses : 0;
    out->until_ms = now.until_ms;
    if (out->is_told && (told->until_ms != 0 || !has_shifts)) {
        out->until_ms = told->until_ms != 0 ? told->until_ms : told->at_ms + STAFFING_TOLD_MS_DEFAULT;
    }
}

/* Without multipliers every patient is the same. */
static uint32_t load_of(const struct ward_settings *settings, const struct ward_bed *bed)
{
    if (bed->state == WARD_vacant) {
        return 0;
    }
    return settings->has_need ? settings->need_milli[bed->band] : 1000;
}

static void compute_staff(const struct ward_settings *settings, const struct ward_bed *beds, uint16_t bed_count,
                          struct ward_figures *out)
{
    uint32_t load_milli[STAFFING_BEDS_MAX];
    const uint32_t nurses = out->nurses;
    for (uint16_t i = 0; i < bed_count; ++i) {
        load_milli[i] = load_of(settings, &beds[i]);
        out->wte_milli += load_milli[i];
    }
    out->needed_milli = settings->has_need
                            ? staffing_nurses_milli(out->wte_milli, settings->week_hours_milli, settings->leave_micro)
                            : 0;
    out->over_ratio = (nurses == 0 && out->patients > 0) ||
                      (settings->patients_per_nurse > 0 && out->patients > nurses * settings->patients_per_nurse);
    staffing_assign(load_milli, bed_count, out->nurses, settings->patients_per_nurse, &out->staffing);
}

_Static_assert(SETTINGS_BEDS_MAX <= STAFFING_BEDS_MAX && SETTINGS_BEDS_MAX <= ERLANG_BEDS_MAX, "every ward fits");

void ward_figures_make(const struct ward_settings *settings, const struct ward_bed *beds, uint16_t bed_count,
                       const struct admissions *admissions, const struct staffing_told *staff, int64_t wall_ms,
                       struct ward_figures *out)
{
    assert(bed_count <= SETTINGS_BEDS_MAX);
    *out = (struct ward_figures){.total = 0};
    count_beds(beds, bed_count, out);
    find_staff(settings, staff, wall_ms, out);
    if (out->has_staff) {
        compute_staff(settings, beds, bed_count, out);
    }
    if (settings->has_capacity) {
        capacity_compute(&settings->capacity, admissions, bed_count, wall_ms, &out->capacity);
    }
}

uint32_t ward_patients_per_nurse_milli(const struct ward_figures *figures)
{
    const uint32_t nurses = figures->nurses;
    assert(nurses > 0);
    return (figures->patients * UINT32_C(1000) + nurses / 2) / nurses;
}
