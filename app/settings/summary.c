/*
 * summary.c: reads `ward`: what is told of the ward as a whole, its shifts, its need of nurses, its capacity.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/load.h"

enum { CLOCK_LENGTH = 5, HOURS = 24, MINUTES = 60 };

static int two_digits(const char *text)
{
    const bool are_digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return are_digits ? (text[0] - '0') * 10 + text[1] - '0' : MINUTES;
}

/* "07:00"; false, and told: it is none. */
static bool read_clock(struct load *load, const struct node *node, const char *text, uint16_t *out_minute)
{
    const bool is_long = strlen(text) == CLOCK_LENGTH && text[2] == ':';
    const int hour = is_long ? two_digits(text) : HOURS, minute = is_long ? two_digits(text + 3) : MINUTES;
    if (hour >= HOURS || minute >= MINUTES) {
        report_fault(load->reader.report, node, "\"%s\" is no time of the day, write one such as \"07:00\"", text);
        return false;
    }
    *out_minute = (uint16_t)(hour * MINUTES + minute);
    return true;
}

/* In order of the day. False, and told: another begins then. */
static bool insert_shift(struct load *load, const struct node *node, const struct shift_settings *shift)
{
    struct ward_settings *ward = &load->settings->ward;
    uint8_t at = ward->shift_count;
    for (; at > 0 && ward->shifts[at - 1].from_minute >= shift->from_minute; --at) {
        if (ward->shifts[at - 1].from_minute == shift->from_minute) {
            report_fault(load->reader.report, node, "shift %s begins then, too, give it another time",
                         ward->shifts[at - 1].name);
            return false;
        }
    }
    for (uint8_t i = ward->shift_count; i > at; --i) {
        ward->shifts[i] = ward->shifts[i - 1];
    }
    ward->shifts[at] = *shift;
    ++ward->shift_count;
    return true;
}

static void read_shift(struct load *load, const struct node *node)
{
    struct shift_keys keys = {.from = NULL};
    struct shift_settings shift = {.name = pool_text(load->reader.pool, node->key, strlen(node->key))};
    const bool has_name = schema_check_name(&load->reader, node, SETTINGS_ID_MAX);
    if (!section_read(&load->reader, node, &shift_section, &keys) || !has_name || shift.name == NULL ||
        !read_clock(load, node_child(node, "from"), keys.from, &shift.from_minute)) {
        return;
    }
    shift.nurses = (uint8_t)keys.nurses;
    (void)insert_shift(load, node_child(node, "from"), &shift);
}

static void read_shifts(struct load *load, const struct node *shifts)
{
    if (shifts->child_count > SETTINGS_SHIFTS_MAX) {
        report_fault(load->reader.report, shifts, "has %u shifts, at most %d", shifts->child_count,
                     SETTINGS_SHIFTS_MAX);
        return;
    }
    for (const struct node *node = shifts->first; node != NULL; node = node->next) {
        read_shift(load, node);
    }
}

static void read_need(struct load *load, const struct node *node)
{
    struct need_keys keys = {.low = 0};
    struct ward_settings *ward = &load->settings->ward;
    if (!section_read(&load->reader, node, &need_section, &keys)) {
        return;
    }
    const int64_t micro[] = {[CARE_low] = keys.low,
                             [CARE_low_medium] = keys.low_medium,
                             [CARE_medium] = keys.medium,
                             [CARE_high] = keys.high,
                             [CARE_unscored] = keys.unscored};
    for (unsigned band = 0; band < CARE_BAND_COUNT; ++band) {
        ward->need_milli[band] = (uint32_t)((micro[band] + 500) / 1000);
    }
    ward->week_hours_milli = (uint32_t)(keys.week_hours / 1000);
    ward->leave_micro = (uint32_t)keys.leave;
    ward->has_need = true;
}

static void read_capacity(struct load *load, const struct node *node)
{
    struct capacity_keys keys = {.window = 0};
    struct ward_settings *ward = &load->settings->ward;
    if (!section_read(&load->reader, node, &capacity_section, &keys)) {
        return;
    }
    if ((keys.arrivals_per_day == 0) != (keys.mean_stay == 0)) {
        report_fault(load->reader.report, node, "has %s, give both, or neither to have them counted",
                     keys.mean_stay == 0 ? "arrivals_per_day but no mean_stay" : "mean_stay but no arrivals_per_day");
        return;
    }
    ward->capacity = (struct capacity_config){.window_ms = keys.window,
                                              .given = keys.mean_stay != 0,
                                              .arrivals_milli = (uint32_t)(keys.arrivals_per_day / 1000),
                                              .stay_s = (uint32_t)(keys.mean_stay / 1000)};
    ward->has_capacity = true;
}

void summary_read(struct load *load, const struct node *node)
{
    assert(load != NULL);
    struct summary_keys keys = {.enabled = 0};
    const bool is_whole = node != NULL ? section_read(&load->reader, node, &summary_section, &keys)
                                       : section_read_defaults(&load->reader, &summary_section, &keys);
    load->settings->ward.enabled = is_whole && keys.enabled != 0;
    load->settings->ward.patients_per_nurse = (uint16_t)keys.patients_per_nurse;
    if (keys.shifts != NULL) {
        read_shifts(load, keys.shifts);
    }
    if (keys.need != NULL) {
        read_need(load, keys.need);
    }
    if (keys.capacity != NULL) {
        read_capacity(load, keys.capacity);
    }
    if (keys.need != NULL && keys.shifts == NULL) {
        report_warning(load->reader.report, keys.need, "is not told without shifts, add them");
    }
}
