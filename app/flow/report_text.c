/* One screen for a person at a terminal. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/plural.h"
#include "app/flow/report.h"
#include "app/flow/report_page.h"
#include "hal/clock.h"

#define ID_WIDTH_LEAST 8

void report_put(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(page->out + page->length, page->size - page->length, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= page->size - page->length) {
        page->size = page->length + 1;
        page->out[page->length] = '\0';
        return;
    }
    page->length += (size_t)length;
}

static const enum vital SHOWN[] = {VITAL_hr, VITAL_pulse, VITAL_spo2, VITAL_resp, VITAL_nibp_sys, VITAL_temp};
#define SHOWN_COUNT (sizeof SHOWN / sizeof SHOWN[0])

static const struct vital_view *find_vital(const struct bed_view *view, enum vital vital)
{
    for (unsigned i = 0; i < view->vital_count; i++) {
        if (view->vitals[i].vital == vital) {
            return &view->vitals[i];
        }
    }
    return NULL;
}

static void vital_text(const struct bed_view *view, enum vital vital, char text[16])
{
    const struct vital_view *v = find_vital(view, vital);
    if (v == NULL || v->quality == QUALITY_NEVER) {
        (void)snprintf(text, 16, "-");
        return;
    }
    if (v->quality != QUALITY_VALID) {
        (void)snprintf(text, 16, "%.11s", quality_word((enum quality)v->quality));
        return;
    }
    (void)snprintf(text, 16, "%.*f", vital_info(vital)->places, (double)v->value_milli / 1000.0);
}

static void put_bed(struct page *page, const struct report *report, uint16_t bed)
{
    struct bed_view view;
    if (board_take(report->board, bed, &view) == 0) {
        return;
    }
    report_put(page, "%-*s %-10s", page->id_width, report->payloads->config->beds[bed].id,
               patient_class_name((enum patient_class)view.patient_class));
    for (unsigned i = 0; i < SHOWN_COUNT; i++) {
        char text[16];
        vital_text(&view, SHOWN[i], text);
        report_put(page, " %11s", text);
    }
    const char *quiet = view.monitored ? "" : "vacant";
    report_put(page, "  %s\n", view.priority > PRIORITY_NONE ? priority_word((enum priority)view.priority) : quiet);
}

static void put_beds(struct page *page, const struct report *report)
{
    report_put(page, "%-*s %-10s", page->id_width, "bed", "class");
    for (unsigned i = 0; i < SHOWN_COUNT; i++) {
        report_put(page, " %11s", vital_info(SHOWN[i])->name);
    }
    report_put(page, "  alarm\n");
    for (uint16_t b = 0; b < report->bed_count; b++) {
        put_bed(page, report, b);
    }
}

/* Only of a line whose speed is known it can be told what it can carry. */
static void put_load(struct page *page, int state, const struct bus_health *health)
{
    const unsigned planned = atomic_load_explicit(&health->planned_permille, memory_order_relaxed);
    const unsigned busy = atomic_load_explicit(&health->busy_permille, memory_order_relaxed);
    const unsigned hang_ups = atomic_load_explicit(&health->hang_ups, memory_order_relaxed);
    if (state != BUS_OPEN) {
        report_put(page, "  opening\n");
    } else if (planned > 1000) {
        report_put(page, "  overbooked %u%%\n", planned / 10);
    } else if (planned > 0) {
        report_put(page, "  open, %u %% busy\n", busy / 10);
    } else if (hang_ups > 0) {
        report_put(page, "  open, hung up on %u time%s\n", hang_ups, plural_s(hang_ups));
    } else {
        report_put(page, "  open\n");
    }
}

static void put_alarm(struct page *page, const char *bed, const struct alarm_view *alarm)
{
    report_put(page, "%-*s %-6s %-28s %016" PRIx64 " %3" PRIu32, page->id_width, bed,
               priority_word((enum priority)alarm->priority), alarm->name, alarm->id, alarm->rev);
    if (alarm->state == ALARM_LATCHED) {
        report_put(page, "  %s", alarm_state_word(alarm->state));
    } else if (alarm->inactivation != INACTIVATION_NONE) {
        report_put(page, "  %s", alarm_inactivation_word(alarm->inactivation));
    }
    report_put(page, "\n");
}

static void put_alarms_of(struct page *page, const struct report *report, uint16_t bed)
{
    struct bed_view view;
    const char *id = report->payloads->config->beds[bed].id;
    if (board_take(report->board, bed, &view) == 0) {
        return;
    }
    for (unsigned i = 0; i < view.alarm_count && i < ENGINE_ALARMS_VIEWED; i++) {
        put_alarm(page, id, &view.alarms[i]);
    }
    if (view.alarm_count > ENGINE_ALARMS_VIEWED) {
        report_put(page, "%-*s and %u more\n", page->id_width, id, (unsigned)view.alarm_count - ENGINE_ALARMS_VIEWED);
    }
}

/* What to acknowledge, and by which words. */
static void put_alarms(struct page *page, const struct report *report)
{
    report_put(page, "\n%-*s alarm                               alarm_id         rev\n", page->id_width, "bed");
    for (uint16_t b = 0; b < report->bed_count; b++) {
        put_alarms_of(page, report, b);
    }
}

/* What there is to say of the monitors of a bus. */
struct bus_sum {
    unsigned answering, outdated, faulty;
    unsigned long long answers;
    const char *bed;   /* of the first with a fault */
    enum status fault; /* and which */
};

static struct bus_sum sum_up(const struct report *report, const struct bus_config *config,
                             const struct bus_health *health, int64_t now_us)
{
    struct bus_sum sum = {.fault = STATUS_OK};
    for (unsigned m = config->monitor_count; m-- > 0;) {
        const struct monitor_health *monitor = &health->monitors[m];
        const enum status fault = monitor_fault(monitor, now_us);
        sum.answering += atomic_load_explicit(&monitor->answering, memory_order_relaxed) ? 1U : 0U;
        sum.outdated += atomic_load_explicit(&monitor->outdated, memory_order_relaxed) ? 1U : 0U;
        sum.answers += atomic_load_explicit(&monitor->answers, memory_order_relaxed);
        if (fault != STATUS_OK) {
            sum.faulty++;
            sum.fault = fault;
            sum.bed = report->payloads->config->beds[config->monitors[m].bed].id;
        }
    }
    return sum;
}

/* Of the line or connection, then of its monitors. */
static void put_faults(struct page *page, enum status fault, const struct bus_sum *sum)
{
    if (fault != STATUS_OK) {
        report_put(page, "  %s", status_text(fault));
    }
    if (sum->fault != STATUS_OK && sum->fault != fault) {
        report_put(page, "  %s: %s", sum->bed, status_text(sum->fault));
    }
    if (sum->faulty > 1) {
        report_put(page, " and %u more", sum->faulty - 1);
    }
    report_put(page, "\n");
}

/* "52 absent, 2 implausible", of the vital of this entry; returns the first entry of another. */
static unsigned put_reasons(struct page *page, const struct bed_view *view, unsigned from)
{
    const struct rejection_view *r = view->rejections;
    unsigned i = from;
    for (; i < view->rejection_count && r[i].vital == r[from].vital; i++) {
        report_put(page, "%s%" PRIu32 " %s", i > from ? ", " : "", r[i].count,
                   quality_word((enum quality)r[i].quality));
    }
    report_put(page, "\n");
    return i;
}

static void put_rejected_of(struct page *page, const struct report *report, uint16_t bed)
{
    struct bed_view view;
    if (board_take(report->board, bed, &view) == 0) {
        return;
    }
    for (unsigned i = 0; i < view.rejection_count;) {
        report_put(page, "%-*s %-13s ", page->id_width, report->payloads->config->beds[bed].id,
                   vital_info((enum vital)view.rejections[i].vital)->name);
        i = put_reasons(page, &view, i);
    }
}

static void put_rejected(struct page *page, const struct report *report)
{
    report_put(page, "\n%-*s vital         values not used, and why\n", page->id_width, "bed");
    for (uint16_t b = 0; b < report->bed_count; b++) {
        put_rejected_of(page, report, b);
    }
}

static void put_bus(struct page *page, const struct report *report, unsigned index)
{
    const struct bus_config *config = &report->configs[index];
    const struct bus_health *health = report->buses[index].driver->health(report->buses[index].bus);
    const int64_t now_us = clock_boot_us();
    const struct bus_sum sum = sum_up(report, config, health, now_us);
    const enum status fault = bus_fault(health, now_us);
    const char *speaks = atomic_load_explicit(&health->speaks, memory_order_relaxed);
    const unsigned foreign = atomic_load_explicit(&health->foreign, memory_order_relaxed);
    report_put(page, "%-28.28s %2u of %2u answer  %9llu answer%-1s", config->name, sum.answering, config->monitor_count,
               sum.answers, plural_s(sum.answers));
    if (fault == STATUS_WRONG_PROTOCOL && speaks != NULL) {
        report_put(page, "  %s: %s\n", status_text(fault), speaks);
    } else if (sum.outdated > 0) {
        report_put(page, "  values of %u not current: check clocks\n", sum.outdated);
    } else if (fault != STATUS_OK || sum.faulty > 0) {
        put_faults(page, fault, &sum);
    } else if (foreign > 0) {
        report_put(page, "  another master asked here (%u request%s heard)\n", foreign, plural_s(foreign));
    } else {
        put_load(page, atomic_load_explicit(&health->state, memory_order_relaxed), health);
    }
}

static void put_store(struct page *page, const struct report *report)
{
    struct store *store = atomic_load(report->store);
    struct store_usage usage = {.commits = 0};
    if (store != NULL) {
        store_usage(store, &usage);
    }
    const bool failing = store == NULL || store_state_is_failing(report->store_state, clock_boot_us());
    report_put(page, "store    %s, %llu alert%s waiting, %llu in history, %llu of %llu KiB in use\n",
               failing ? status_text(store_state_status(report->store_state)) : "ok",
               (unsigned long long)usage.outbox_rows, plural_s(usage.outbox_rows),
               (unsigned long long)usage.history_rows, (unsigned long long)usage.alerts_bytes / 1024,
               (unsigned long long)usage.alerts_bytes_max / 1024);
    if (report->trends != NULL && atomic_load_explicit(&report->trends->failing, memory_order_relaxed)) {
        report_put(page, "         trends cannot be written, or the disk is slow: see the log\n");
    }
    const unsigned long long omitted = atomic_load_explicit(&report->store_state->omitted, memory_order_relaxed);
    if (omitted > 0) {
        report_put(page, "         the outbox was full: %llu alert%s left out, which a record stands for\n", omitted,
                   plural_s(omitted));
    }
}

static void put_recording(struct page *page, const struct recorder *recorder)
{
    if (recorder != NULL) {
        const unsigned long long lost = atomic_load_explicit(&recorder->lost, memory_order_relaxed);
        report_put(page, "record   %s, part %u%s",
                   atomic_load_explicit(&recorder->runs, memory_order_relaxed) ? "on" : "ended",
                   atomic_load_explicit(&recorder->part, memory_order_relaxed), lost == 0 ? "\n" : "");
        if (lost > 0) {
            report_put(page, ", %llu input%s missing\n", lost, plural_s(lost));
        }
    }
}

/* Only of what is used, and of what is wrong. */
static void put_watch(struct page *page, const struct report *report)
{
    const struct vigil *vigil = report->vigil;
    const enum vigil_watchdog hardware =
        vigil != NULL ? (enum vigil_watchdog)atomic_load(&vigil->hardware) : VIGIL_NOT_USED;
    const enum vigil_watchdog service =
        vigil != NULL ? (enum vigil_watchdog)atomic_load(&vigil->of_manager) : VIGIL_NOT_USED;
    if (hardware != VIGIL_NOT_USED || service != VIGIL_NOT_USED) {
        report_put(page, "watchdog hardware %s, service %s\n", vigil_watchdog_word(hardware),
                   vigil_watchdog_word(service));
    }
    if (report->annunciator != NULL) {
        char names[LOCAL_TEXT_MAX];
        const struct annunciator_look look = annunciator_look(report->annunciator, clock_boot_us());
        local_names(look.reasons, names);
        report_put(
            page, "local    %s%s%s%s%s\n", annunciator_word(look.state), look.state != ANNUNCIATOR_OFF ? ", " : "",
            look.state != ANNUNCIATOR_OFF ? priority_word(look.priority) : "", names[0] != '\0' ? ": " : "", names);
    }
}

static void put_clock(struct page *page)
{
    if (!clock_is_synchronised()) {
        report_put(page, "clock    no time source: instants may be off, alarms are not affected (`timedatectl`)\n");
    }
}

static int widest_id(const struct report *report)
{
    size_t width = ID_WIDTH_LEAST;
    for (unsigned b = 0; b < report->bed_count; b++) {
        const size_t length = strlen(report->payloads->config->beds[b].id);
        width = length > width ? length : width;
    }
    return (int)width;
}

/* Whole lines only. */
static size_t end_page(struct page *page)
{
    while (page->length > 0 && page->out[page->length - 1] != '\n') {
        page->length--;
    }
    page->out[page->length] = '\0';
    return page->length;
}

static void put_brokers(struct page *page, const struct report *report)
{
    const struct board *board = report->board;
    const unsigned in_use = atomic_load_explicit(&board->uplink_broker, memory_order_relaxed);
    report_put(page, "\nbroker   %s %s\n", in_use < report->broker_count ? report->brokers[in_use] : "none",
               atomic_load_explicit(&board->uplink_connected, memory_order_relaxed) ? "connected" : "not connected");
    for (unsigned i = 0; i < report->broker_count; i++) {
        if (i != in_use) {
            report_put(page, "%-8s %s %s\n", i < in_use ? "earlier" : "standby", report->brokers[i],
                       board_broker_word(board, i));
        }
    }
}

/* Where some are expected, or some are there. */
static void put_boards(struct page *page, const struct report *report)
{
    struct presence presence;
    board_take_boards(report->board, &presence);
    const struct presence_count count = presence_count(&presence, clock_boot_us());
    if (report->boards_expected > 0 || count.there > 0) {
        report_put(page, "boards   %u on", count.looking);
        if (report->boards_expected > 0) {
            report_put(page, " of %u expected", report->boards_expected);
        }
        if (count.there > count.looking) {
            report_put(page, ", %u that nobody sees", count.there - count.looking);
        }
        report_put(page, "\n");
    }
}

size_t report_text(const struct report *report, char *out, size_t size)
{
    struct page page = {.out = out, .size = size, .id_width = widest_id(report)};
    out[0] = '\0';
    report_put(&page, "wardgate %s  gateway %s  up %lld s\n", report->payloads->version, report->payloads->gateway,
               (long long)(clock_boot_us() - report->started_us) / 1000000);
    report_put(&page, "Secondary notification: watch the monitors themselves.\n\n");
    put_beds(&page, report);
    report_put(&page, "\n");
    for (unsigned i = 0; i < report->bus_count; i++) {
        put_bus(&page, report, i);
    }
    put_brokers(&page, report);
    put_boards(&page, report);
    put_store(&page, report);
    put_recording(&page, report->recorder);
    put_watch(&page, report);
    put_clock(&page);
    report_put_ward(&page, report);
    put_alarms(&page, report);
    put_rejected(&page, report);
    return end_page(&page);
}
