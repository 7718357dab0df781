#include "app/engine/scoring.h"

#include <string.h>

#include "app/engine/engine_internal.h"

#define NEVER_VITAL    VITAL_NONE
#define CANDIDATES_MAX 2
#define OXYGEN_SOURCES 3

#define VITAL_BIT(name) (UINT32_C(1) << VITAL_##name)
#define SCORED                                                                                                  \
    (ENTRY_ONLY | VITAL_BIT(resp) | VITAL_BIT(spo2) | VITAL_BIT(hr) | VITAL_BIT(pulse) | VITAL_BIT(abp_sys) |   \
     VITAL_BIT(abp_mean) | VITAL_BIT(nibp_sys) | VITAL_BIT(nibp_dia) | VITAL_BIT(nibp_mean) | VITAL_BIT(temp) | \
     VITAL_BIT(temp_core) | VITAL_BIT(fio2))

/* The first of them that has a value. */
static const uint8_t candidates[SCORE_PART_COUNT][CANDIDATES_MAX] = {
    [SCORE_PART_resp] = {VITAL_resp, NEVER_VITAL},
    [SCORE_PART_spo2] = {VITAL_spo2, NEVER_VITAL},
    [SCORE_PART_oxygen] = {NEVER_VITAL, NEVER_VITAL},
    [SCORE_PART_sys] = {VITAL_abp_sys, VITAL_nibp_sys},
    [SCORE_PART_pulse] = {VITAL_hr, VITAL_pulse},
    [SCORE_PART_consciousness] = {VITAL_consciousness, NEVER_VITAL},
    [SCORE_PART_temp] = {VITAL_temp, VITAL_temp_core},
    [SCORE_PART_cap_refill] = {VITAL_cap_refill, NEVER_VITAL},
    [SCORE_PART_effort] = {VITAL_effort, NEVER_VITAL},
    [SCORE_PART_wbc] = {VITAL_wbc, NEVER_VITAL},
    [SCORE_PART_mean] = {VITAL_abp_mean, VITAL_nibp_mean},
    [SCORE_PART_fio2] = {VITAL_fio2, NEVER_VITAL},
};

/* One look at a bed: what is current now, and until when. */
struct look {
    const struct bed *bed;
    int64_t now_ms, until_ms;
    int64_t round_ms; /* what is observed now and then counts for so long */
};

static bool counts(struct look *look, int64_t at_ms, int64_t for_ms)
{
    if (look->now_ms - at_ms >= for_ms) {
        return false;
    }
    look->until_ms = at_ms + for_ms < look->until_ms ? at_ms + for_ms : look->until_ms;
    return true;
}

static struct scored_part entered_part(struct look *look, const struct channel *channel)
{
    const struct kept_value *newest = &channel->entries->list[0];
    struct scored_part part = {.source = (uint8_t)channel->config->vital, .now_and_then = true};
    if (channel->entries->count > 0 && counts(look, newest->at_ms, look->round_ms)) {
        part.known = true;
        part.entered = newest->entered;
        part.value_milli = newest->value_milli;
        part.at_ms = newest->at_ms;
    }
    return part;
}

static struct scored_part part_of(struct look *look, enum vital vital)
{
    const struct channel *channel = vital != NEVER_VITAL ? bed_channel(look->bed, vital) : NULL;
    struct scored_part part = {.source = (uint8_t)vital};
    if (channel == NULL) {
        return part;
    }
    part.now_and_then = channel->config->episodic;
    const bool in_doubt = channel->quality == QUALITY_IDENTITY || channel->age_unknown;
    if (!in_doubt && series_last(channel->series, &part.at_ms, &part.value_milli) &&
        counts(look, part.at_ms, part.now_and_then ? look->round_ms : SCORING_CURRENT_MS)) {
        part.known = true;
        part.source = channel->source; /* another vital may stand in */
        part.entered = part.now_and_then && entries_is_entered(channel->entries, part.at_ms);
        return part;
    }
    return channel->entries != NULL ? entered_part(look, channel) : part;
}

/* Of the two that something is made of: as old as the older one. */
static struct scored_part joined(struct scored_part first, const struct scored_part *second, int32_t value_milli)
{
    first.value_milli = value_milli;
    first.at_ms = second->at_ms < first.at_ms ? second->at_ms : first.at_ms;
    first.now_and_then |= second->now_and_then;
    first.entered |= second->entered;
    return first;
}

/* On air: a fraction that was entered before that is over (as is a flow: entered.c), one that a monitor measures is not. */
static void end_fio2(const struct scored_part *device, struct scored_part *fio2)
{
    const bool on_air = device->known && device->value_milli == ENTRY_AIR_MILLI;
    fio2->known &= !on_air || !fio2->entered || fio2->at_ms > device->at_ms - ENTRY_SLACK_MS;
}

/* What the first `count` say together. */
static bool grade_of(const struct scored_part *told, unsigned count, int32_t *out_milli)
{
    const int32_t *values_milli[OXYGEN_SOURCES] = {NULL};
    for (unsigned i = 0; i < count; i++) {
        values_milli[i] = told[i].known ? &told[i].value_milli : NULL;
    }
    return score_oxygen(&(struct score_oxygen){values_milli[0], values_milli[1], values_milli[2]}, out_milli);
}

/* Its source is the first that says as much as all do. */
static struct scored_part oxygen(struct look *look)
{
    struct scored_part told[OXYGEN_SOURCES] = {part_of(look, VITAL_oxygen_flow), part_of(look, VITAL_fio2),
                                               part_of(look, VITAL_oxygen_device)};
    int32_t all_milli = 0, so_far_milli = 0;
    end_fio2(&told[2], &told[1]);
    if (!grade_of(told, OXYGEN_SOURCES, &all_milli)) {
        return told[0];
    }
    unsigned count = 1;
    while (!grade_of(told, count, &so_far_milli) || so_far_milli != all_milli) {
        count++;
    }
    struct scored_part part = told[count - 1];
    part.value_milli = all_milli;
    return part;
}

/* Of one inflation of the cuff, or entered together. */
static struct scored_part mean_of_cuff(struct look *look)
{
    const struct scored_part sys = part_of(look, VITAL_nibp_sys), dia = part_of(look, VITAL_nibp_dia);
    if (!sys.known || !dia.known || sys.at_ms != dia.at_ms) {
        return (struct scored_part){.source = VITAL_nibp_sys};
    }
    return joined(sys, &dia, score_mean_pressure_milli(sys.value_milli, dia.value_milli));
}

static struct scored_part find_part(struct look *look, enum score_part part)
{
    if (part == SCORE_PART_oxygen) {
        return oxygen(look);
    }
    struct scored_part found = part_of(look, (enum vital)candidates[part][0]);
    if (!found.known && candidates[part][1] != NEVER_VITAL) {
        found = part_of(look, (enum vital)candidates[part][1]);
    }
    return part == SCORE_PART_mean && !found.known ? mean_of_cuff(look) : found;
}

/* ---- a bed ---- */

uint16_t scoring_scores(const struct bed_config *bed)
{
    uint16_t scores = 0;
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        const bool wanted = (bed->scores >> score & 1U) != 0 && score_is_for(score, bed->patient_class);
        scores |= (uint16_t)((wanted ? 1U : 0U) << score);
    }
    return scores;
}

static uint16_t parts_wanted(uint16_t scores)
{
    uint16_t parts = 0;
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        parts |= (scores >> score & 1U) != 0 ? score_parts(score) : 0;
    }
    return parts;
}

/* Where a part may come from at this bed. */
static uint32_t part_vitals(const struct bed *bed, unsigned part)
{
    uint32_t vitals =
        part == SCORE_PART_oxygen ? ENTRY_BIT(oxygen_flow) | ENTRY_BIT(oxygen_device) | VITAL_BIT(fio2) : 0;
    uint32_t had = 0;
    vitals |= part == SCORE_PART_mean ? VITAL_BIT(nibp_sys) : 0;
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        vitals |= candidates[part][i] != NEVER_VITAL ? UINT32_C(1) << candidates[part][i] : 0;
    }
    for (unsigned i = 0; i < bed->config->channel_count; i++) {
        had |= UINT32_C(1) << bed->config->channels[i].vital;
    }
    return vitals & had;
}

static bool loses_part(const struct bed *bed, unsigned part, uint32_t gone)
{
    const uint32_t vitals = part_vitals(bed, part);
    return vitals != 0 && (vitals & ~gone) == 0;
}

bool scoring_loses(const struct bed *bed, uint16_t scores, uint32_t gone)
{
    const uint16_t parts = parts_wanted(scores);
    bool loses = false;
    for (unsigned part = 0; part < SCORE_PART_COUNT; part++) {
        loses |= (parts >> part & 1U) != 0 && loses_part(bed, part, gone);
    }
    return loses;
}

bool scoring_explained(const struct bed *bed, uint16_t scores, uint32_t gone)
{
    uint16_t missing = 0;
    bool explained = true;
    for (unsigned score = 0; score < SCORE_COUNT; score++) {
        missing |= (scores >> score & 1U) != 0 ? bed->scoring.results[score].missing : 0;
    }
    for (unsigned part = 0; part < SCORE_PART_COUNT; part++) {
        explained &= (missing >> part & 1U) == 0 || loses_part(bed, part, gone);
    }
    return explained;
}

static void look_at_parts(struct look *look, struct scoring *scoring)
{
    const uint16_t wanted = parts_wanted(scoring->scores);
    for (enum score_part part = 0; part < SCORE_PART_COUNT; part++) {
        if ((wanted >> part & 1U) != 0) {
            scoring->parts[part] = find_part(look, part);
        }
    }
}

static void compute(struct bed *bed)
{
    struct scoring *scoring = &bed->scoring;
    struct score_inputs inputs = {.patient_class = bed->config->patient_class, .spo2_scale = bed->state.spo2_scale};
    for (enum score_part part = 0; part < SCORE_PART_COUNT; part++) {
        inputs.known |= (uint16_t)((scoring->parts[part].known ? 1U : 0U) << part);
        inputs.value_milli[part] = scoring->parts[part].value_milli;
    }
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        if ((scoring->scores >> score & 1U) != 0) {
            score_compute(score, &inputs, &scoring->results[score]);
            scoring->came |= (uint16_t)((scoring->results[score].complete ? 1U : 0U) << score);
        }
    }
}

/* A vacant bed has no parts: what stood there before is nobody's. */
int64_t scoring_step(const struct engine *engine, struct bed *bed)
{
    struct scoring *scoring = &bed->scoring;
    const bool due = bed->evaluate_all || (bed->changed & SCORED) != 0 || engine->now_ms >= bed->scoring_deadline_ms;
    if (scoring->scores == 0) {
        return SERIES_NEVER;
    }
    if (!due) {
        return bed->scoring_deadline_ms;
    }
    struct look look = {.bed = bed,
                        .now_ms = engine->now_ms,
                        .until_ms = SERIES_NEVER,
                        .round_ms = (int64_t)bed->config->observation_interval_ms + SCORING_GRACE_MS};
    scoring->has_stay = bed->state.stay != 0;
    memset(scoring->parts, 0, sizeof scoring->parts);
    if (scoring->has_stay) {
        look_at_parts(&look, scoring);
    }
    compute(bed);
    bed->scored = true;
    bed->scoring_deadline_ms = look.until_ms;
    return look.until_ms;
}

/* ---- what a screen asks ---- */

static bool has(enum score score, const struct scored_part *part, unsigned index)
{
    return part->known && (score_parts(score) >> index & 1U) != 0;
}

bool scoring_oldest(const struct scoring *scoring, enum score score, int64_t *out_ms)
{
    bool any = false;
    for (unsigned i = 0; i < SCORE_PART_COUNT; i++) {
        const struct scored_part *part = &scoring->parts[i];
        if (has(score, part, i) && (!any || part->at_ms < *out_ms)) {
            *out_ms = part->at_ms;
            any = true;
        }
    }
    return any;
}

bool scoring_due(const struct scoring *scoring, enum score score, uint32_t interval_ms, int64_t *out_ms)
{
    const struct score_result *result = &scoring->results[score];
    const bool urgent = result->has_least && result->least_band > 0;
    bool any = false;
    int64_t oldest_ms = 0;
    for (unsigned i = 0; i < SCORE_PART_COUNT; i++) {
        const struct scored_part *part = &scoring->parts[i];
        if (has(score, part, i) && part->now_and_then && (!any || part->at_ms < oldest_ms)) {
            oldest_ms = part->at_ms;
            any = true;
        }
    }
    if (any) {
        *out_ms = oldest_ms + (urgent && interval_ms > SCORING_URGENT_MS ? SCORING_URGENT_MS : interval_ms);
    }
    return any;
}
