/* The ward as a whole, for `wardgate status`. */
#include <inttypes.h>

#include "app/engine/plural.h"
#include "app/flow/report_page.h"
#include "hal/clock.h"

bool report_ward(const struct report *report, int64_t wall_ms, struct ward_bed *beds, struct ward_figures *out)
{
    const struct ward_settings *settings = report->payloads->ward_settings;
    struct admissions admissions;
    struct staffing_told staff;
    if (settings == NULL || !settings->enabled) {
        return false;
    }
    for (uint16_t b = 0; b < report->bed_count; ++b) {
        struct bed_view view = {.stay = 0};
        (void)board_take(report->board, b, &view); /* nothing yet: as vacant */
        ward_bed_of(&view, &beds[b]);
    }
    board_take_ward(report->board, &admissions, &staff);
    ward_figures_make(settings, beds, report->bed_count, &admissions, &staff, wall_ms, out);
    return true;
}

static void put_beds(struct page *page, const struct ward_figures *f)
{
    report_put(page,
               "ward     %u of %u bed%s occupied (%u away, %u not monitored), alarms: %u high, %u medium, %u low\n",
               f->patients, f->total, plural_s(f->total), f->states[WARD_away], f->states[WARD_not_monitored],
               f->priorities[PRIORITY_HIGH], f->priorities[PRIORITY_MEDIUM], f->priorities[PRIORITY_LOW]);
}

/* Tenths of a thousandth, half up. */
static uint32_t tenths(uint32_t milli)
{
    return (milli + 50) / 100;
}

static void put_staff(struct page *page, const struct ward_settings *settings, const struct ward_figures *f)
{
    if (!f->has_staff) {
        return;
    }
    report_put(page, "staff    %s%s%u nurse%s", f->shift != NULL ? f->shift->name : "", f->shift != NULL ? ": " : "",
               f->nurses, plural_s(f->nurses));
    if (f->is_told) {
        const unsigned minute = (unsigned)((f->until_ms / 1000 + clock_utc_offset_s(f->until_ms)) / 60 % 1440);
        report_put(page, ", by command until %02u:%02u", minute / 60, minute % 60);
    }
    if (f->nurses > 0) {
        const uint32_t each = tenths(ward_patients_per_nurse_milli(f));
        report_put(page, ", %" PRIu32 ".%" PRIu32 " patients each%s", each / 10, each % 10,
                   f->over_ratio ? ", more than configured" : "");
    }
    if (settings->has_need) {
        const uint32_t needed = tenths(f->needed_milli);
        report_put(page, ", %" PRIu32 ".%" PRIu32 " needed", needed / 10, needed % 10);
    }
    report_put(page, "\n");
}

/* A tenth of a percent is a thousandth. */
static void put_percent(struct page *page, const char *what, uint32_t micro)
{
    const uint32_t permille = (micro + 500) / 1000;
    report_put(page, "%s %" PRIu32 ".%" PRIu32 " %%", what, permille / 10, permille % 10);
}

static void put_capacity(struct page *page, const struct ward_figures *f)
{
    const struct capacity *c = &f->capacity;
    if (!c->known) {
        report_put(page, "capacity insufficient data: %" PRIu32 " of %d stays, %d of %d days\n", c->sum.left,
                   ADMISSIONS_STAYS_LEAST, (int)(c->sum.counted_ms / ADMISSIONS_DAY_MS),
                   (int)(ADMISSIONS_MS_LEAST / ADMISSIONS_DAY_MS));
        return;
    }
    const uint32_t load = tenths(c->load_milli);
    report_put(page, "capacity load %" PRIu32 ".%" PRIu32 " of %u bed%s, ", load / 10, load % 10, f->total,
               plural_s(f->total));
    put_percent(page, "no bed free", c->erlang.blocked_micro);
    put_percent(page, ", waiting", c->erlang.waiting_micro);
    if (!c->erlang.overloaded) {
        const int64_t wait = (capacity_wait_hours_milli(c) + 50) / 100;
        report_put(page, ", mean wait %" PRId64 ".%" PRId64 " h", wait / 10, wait % 10);
    }
    report_put(page, "\n");
}

void report_put_ward(struct page *page, const struct report *report)
{
    struct ward_bed beds[SETTINGS_BEDS_MAX];
    struct ward_figures figures;
    if (!report_ward(report, clock_wall_ms(), beds, &figures)) {
        return;
    }
    put_beds(page, &figures);
    put_staff(page, report->payloads->ward_settings, &figures);
    if (report->payloads->ward_settings->has_capacity) {
        put_capacity(page, &figures);
    }
}
