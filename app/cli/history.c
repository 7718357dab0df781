#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/history_page.h"
#include "app/cli/history_trends.h"
#include "app/cli/listing.h"
#include "app/cli/local.h"
#include "app/flow/clock_record.h"
#include "app/flow/commit.h"
#include "app/flow/epochs.h"
#include "app/flow/timebase.h"
#include "app/settings/value.h"
#include "hal/clock.h"

struct options {
    const char *configuration, *bed, *vital; /* vital NULL: alerts */
    enum listing listing;
    int64_t since_ms, until_ms; /* wall time */
    struct clock_record clock;  /* by how much what was shown was off */
    struct epochs epochs;       /* that the numbers in it go back to */
};

/* ---- what is asked for ---- */

/* An instant, or how long ago. */
static bool read_instant(const char *text, int64_t *out_wall_ms)
{
    int64_t ago_ms = 0;
    if (time_read(text, out_wall_ms)) {
        return true;
    }
    if (value_read_duration(text, &ago_ms) != VALUE_OK || ago_ms < 0) {
        return false;
    }
    *out_wall_ms = clock_wall_ms() - ago_ms;
    return true;
}

/* "--trends BED VITAL". */
static bool take_trends(int argc, char **argv, int *index, const char *bed, struct options *o)
{
    if (*bed == '\0' || *index + 1 >= argc) {
        return false;
    }
    o->bed = bed;
    o->vital = argv[++*index];
    return true;
}

static bool take_option(int argc, char **argv, int *index, struct options *o)
{
    const char *value = command_option(argc, argv, index, "-c", "--config");
    if (value != NULL) {
        o->configuration = value;
        return *value != '\0';
    }
    value = command_option(argc, argv, index, NULL, "--bed");
    if (value != NULL) {
        o->bed = value;
        return *value != '\0';
    }
    value = command_option(argc, argv, index, NULL, "--trends");
    if (value != NULL) {
        return take_trends(argc, argv, index, value, o);
    }
    value = command_option(argc, argv, index, NULL, "--since");
    if (value != NULL) {
        return read_instant(value, &o->since_ms);
    }
    value = command_option(argc, argv, index, NULL, "--until");
    return value != NULL ? read_instant(value, &o->until_ms) : listing_option(argv[*index], &o->listing);
}

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION, .since_ms = INT64_MIN, .until_ms = INT64_MAX};
    for (int i = 1; i < argc; i++) {
        const int at = i;
        if (!take_option(argc, argv, &i, o)) {
            return command_misused(&command_history, "'%s' is no option, or its value is missing or wrong", argv[at]);
        }
    }
    return COMMAND_OK;
}

/* ---- rows ---- */

enum { COLUMN_AT = 0, COLUMN_RULE = 3, COLUMN_DELIVERED = 9, COLUMN_CLOCK = 10, COLUMN_TEXT = 11, COLUMN_COUNT = 12 };
static const struct listing_column columns[COLUMN_COUNT] = {
    {"at", 24},   {"bed", 6},   {"priority", 8}, {"rule", 18},     {"phase", 11}, {"state", 7},
    {"value", 7}, {"limit", 7}, {"unit", 5},     {"delivered", 9}, {"clock", 9},  {"text", 0}};

/* NULL: of the instants in this row nothing is known but what they say. */
static const struct clock_span *span_of(const struct options *o, const struct history_row *row)
{
    char epoch[LISTING_CELL_MAX], seq[LISTING_CELL_MAX];
    listing_find(row->json, row->length, "epoch", epoch);
    listing_find(row->json, row->length, "seq", seq);
    return strncmp(epoch, o->clock.epoch, sizeof o->clock.epoch) == 0 || epochs_has(&o->epochs, epoch)
               ? clock_record_find(&o->clock, strtoull(seq, NULL, 10))
               : NULL;
}

/* When it was, as far as it is known by now. */
static bool find_at(const struct options *o, const struct history_row *row, int64_t *out_ms)
{
    char cell[LISTING_CELL_MAX];
    const struct clock_span *span = span_of(o, row);
    listing_find(row->json, row->length, "at", cell);
    if (!time_read(cell, out_ms)) {
        return false;
    }
    *out_ms += span != NULL ? span->off_ms : 0;
    return true;
}

static bool is_asked_for(const struct options *o, const struct history_row *row)
{
    char cell[LISTING_CELL_MAX];
    int64_t at_ms = 0;
    if (find_at(o, row, &at_ms) && (at_ms < o->since_ms || at_ms >= o->until_ms)) {
        return false;
    }
    listing_find(row->json, row->length, "bed", cell);
    return o->bed == NULL || strcmp(cell, o->bed) == 0;
}

/* The alert as it was sent, and what became of it. */
static void print_json(const struct options *o, const struct history_row *row)
{
    const struct clock_span *span = span_of(o, row);
    int64_t at_ms = 0;
    printf("%.*s,\"delivered\":%s", (int)row->length - 1, row->json, row->waiting ? "false" : "true");
    if (span != NULL && find_at(o, row, &at_ms)) {
        char at[TIME_TEXT_MAX];
        time_text(at_ms, at);
        printf(",\"correction\":{\"at\":\"%s\",\"off_ms\":%" PRId64 ",\"clock\":\"%s\"}", at, span->off_ms,
               span->synced != 0 ? "synced" : "unsynced");
    }
    (void)puts("}");
}

/* `unsynced`: what the row says may be wrong, and it is not known by how much. */
static const char *clock_word(const struct clock_span *span, const char *shown)
{
    if (span == NULL) {
        return shown;
    }
    return span->synced == 0 ? "unsynced" : span->off_ms != 0 ? "corrected" : "synced";
}

/* What stands for alerts that a full outbox gave up, or that went with a damaged store. */
static void name_record(const struct history_row *row, char cells[COLUMN_COUNT][LISTING_CELL_MAX])
{
    char alerts[LISTING_CELL_MAX], reason[LISTING_CELL_MAX];
    listing_find(row->json, row->length, "alerts", alerts);
    listing_find(row->json, row->length, "reason", reason);
    (void)snprintf(cells[COLUMN_RULE], LISTING_CELL_MAX, "omitted");
    (void)snprintf(cells[COLUMN_TEXT], LISTING_CELL_MAX, "%.20s alerts that %s", alerts,
                   reason[0] != '\0' ? "went with a damaged store, at most" : "a full outbox gave up");
}

static void print_row(const struct options *o, const struct history_row *row)
{
    char cells[COLUMN_COUNT][LISTING_CELL_MAX], shown[LISTING_CELL_MAX];
    int64_t at_ms = 0;
    if (o->listing == LISTING_JSON) {
        print_json(o, row);
        return;
    }
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        listing_find(row->json, row->length, columns[i].title, cells[i]);
    }
    if ((row->flags & STORE_ALERT_OMITS) != 0) {
        name_record(row, cells);
    }
    (void)snprintf(cells[COLUMN_DELIVERED], LISTING_CELL_MAX, "%s", row->waiting ? "no" : "yes");
    (void)snprintf(shown, sizeof shown, "%s", cells[COLUMN_CLOCK]);
    (void)snprintf(cells[COLUMN_CLOCK], LISTING_CELL_MAX, "%s", clock_word(span_of(o, row), shown));
    if (find_at(o, row, &at_ms)) {
        time_text(at_ms, cells[COLUMN_AT]);
    }
    listing_row(stdout, o->listing, columns, COLUMN_COUNT, cells);
}

/* What is no object, or stands for an alarm that was folded, is no row of history. */
static bool is_alert(const struct history_row *row)
{
    return row->length > 2 && row->json[row->length - 1] == '}' && (row->flags & STORE_ALERT_FOLDED) == 0;
}

static int print_pages(const struct options *o, const struct settings *settings, struct store *store,
                       struct history_page *page)
{
    listing_head(stdout, o->listing, columns, COLUMN_COUNT);
    do {
        const enum status status = history_page_next(store, page);
        if (status != STATUS_OK) {
            command_complain("history cannot be read (%s: %s), try again", settings->store.path, status_text(status));
            return COMMAND_FAILED;
        }
        for (uint32_t i = 0; i < page->count; i++) {
            if (is_alert(&page->rows[i]) && is_asked_for(o, &page->rows[i])) {
                print_row(o, &page->rows[i]);
            }
        }
    } while (page->count > 0 && ferror(stdout) == 0);
    if (page->damaged > 0) {
        command_complain("some rows are damaged and left out (%s), look for other signs of a failing disk",
                         settings->store.path);
    }
    return COMMAND_OK;
}

static bool has_bed(const struct settings *settings, const char *bed)
{
    for (unsigned i = 0; bed != NULL && i < settings->bed_count; i++) {
        if (strcmp(settings->beds[i].id, bed) == 0) {
            return true;
        }
    }
    return bed == NULL;
}

/* Without one, or with one of another form, rows are shown as they are. */
static void read_clock(struct store *store, struct clock_record *out)
{
    size_t length = 0;
    if (store_get_state(store, STATE_CLOCK_RECORD, out, sizeof *out, &length) != STATUS_OK || length != sizeof *out ||
        out->count > CLOCK_SPANS_MAX) {
        *out = (struct clock_record){.count = 0};
    }
}

static int show(struct options *o, const struct settings *settings)
{
    struct history_page *page = calloc(1, sizeof *page);
    struct store *store = page != NULL ? local_store(settings) : NULL;
    int result = COMMAND_FAILED;
    if (store != NULL) {
        if (!has_bed(settings, o->bed)) {
            command_complain("this bed is not in the configuration any more (%s), shown is what is kept of it", o->bed);
        }
        read_clock(store, &o->clock);
        epochs_read(&o->epochs, store);
        result = print_pages(o, settings, store, page);
    }
    store_close(store);
    free(page);
    return result;
}

static int run(int argc, char **argv)
{
    struct options options;
    const int usage = parse(argc, argv, &options);
    if (usage != COMMAND_OK) {
        return usage;
    }
    struct settings *settings = command_settings_of_running(options.configuration);
    const struct trends_request trends = {options.bed, options.vital, options.listing, options.since_ms,
                                          options.until_ms};
    const int result = settings == NULL        ? COMMAND_USAGE
                       : options.vital != NULL ? history_trends(settings, &trends)
                                               : show(&options, settings);
    settings_free(settings);
    return fflush(stdout) == 0 ? result : COMMAND_FAILED;
}

const struct command command_history = {
    .name = "history",
    .arguments = "[-c FILE] [--bed ID | --trends BED VITAL] [--since TIME] [--until TIME] [--csv | --json]",
    .summary = "every alert that is kept, delivered or not, oldest first",
    .details =
        "  -c FILE            the configuration that the gateway runs with\n"
        "  --bed ID           of one bed only\n"
        "  --trends BED VITAL a row a minute of a vital instead: how often it came, lowest, mean, highest\n"
        "  --since, --until   an instant (2026-01-31T08:00:00Z), or how long ago (2h, 7d)\n"
        "  --csv, --json      for a spreadsheet; for a program, a line each\n\n"
        "Reads the store itself, whether a gateway runs or not, and never holds one up.\n"
        "Instants are shown by the clock as it was set since (corrected); unsynced: it had no time source,\n"
        "and by how much they are off is not known. --json gives the alert as it was sent, and its correction.\n"
        "Trends stay under the minute in which they were written; `wardgate audit show` has each step of the clock.\n\n"
        "  wardgate history | less\n"
        "  wardgate history --bed b07 --since 8h\n"
        "  wardgate history --trends b07 spo2 --since 24h\n"
        "  wardgate history --since 2026-01-01T00:00:00Z --csv > january.csv\n",
    .run = run,
};
