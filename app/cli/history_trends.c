#include "app/cli/history_trends.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/engine/suggest.h"
#include "app/flow/json.h"
#include "app/flow/timebase.h"
#include "app/settings/value.h"
#include "drivers/store/trends.h"

enum { PAGE_MINUTES = 720, STAY_DIGITS = 16 };

enum { COLUMN_AT, COLUMN_STAY, COLUMN_COUNT_OF, COLUMN_MIN, COLUMN_MEAN, COLUMN_MAX, COLUMN_UNIT, COLUMN_COUNT };
static const struct listing_column columns[COLUMN_COUNT] = {
    {"at", 24}, {"stay", STAY_DIGITS}, {"count", 5}, {"min", 8}, {"mean", 8}, {"max", 8}, {"unit", 0}};

struct page {
    enum vital vital;
    unsigned count;
    struct {
        int64_t minute;
        uint64_t stay;
        struct trends_entry entry;
    } rows[PAGE_MINUTES];
};

static void keep(void *context, int64_t minute, const struct trends_row *row)
{
    struct page *page = context;
    for (unsigned i = 0; i < row->count; i++) {
        if (row->entries[i].vital == page->vital) {
            page->rows[page->count].minute = minute;
            page->rows[page->count].stay = row->stay;
            page->rows[page->count++].entry = row->entries[i];
            return;
        }
    }
}

static void print_json(const struct trends_request *r, const struct page *page, unsigned index)
{
    char text[512];
    struct json json;
    const struct trends_entry *entry = &page->rows[index].entry;
    json_begin(&json, text, sizeof text);
    json_time(&json, "at", page->rows[index].minute * TRENDS_MINUTE_MS);
    json_text(&json, "bed", r->bed);
    json_hex(&json, "stay", page->rows[index].stay, STAY_DIGITS);
    json_text(&json, "vital", r->vital);
    json_unsigned(&json, "count", entry->count);
    json_milli(&json, "min", entry->min_milli);
    json_milli(&json, "mean", entry->mean_milli);
    json_milli(&json, "max", entry->max_milli);
    json_text(&json, "unit", vital_info(page->vital)->unit);
    (void)json_end(&json);
    (void)puts(text);
}

static void put_milli(char cell[LISTING_CELL_MAX], int32_t milli)
{
    value_print_decimal((int64_t)milli * 1000, cell);
}

static void print_row(const struct trends_request *r, const struct page *page, unsigned index)
{
    char cells[COLUMN_COUNT][LISTING_CELL_MAX];
    const struct trends_entry *entry = &page->rows[index].entry;
    if (r->listing == LISTING_JSON) {
        print_json(r, page, index);
        return;
    }
    time_text(page->rows[index].minute * TRENDS_MINUTE_MS, cells[COLUMN_AT]);
    (void)snprintf(cells[COLUMN_STAY], LISTING_CELL_MAX, "%0*" PRIx64, STAY_DIGITS, page->rows[index].stay);
    (void)snprintf(cells[COLUMN_COUNT_OF], LISTING_CELL_MAX, "%u", entry->count);
    put_milli(cells[COLUMN_MIN], entry->min_milli);
    put_milli(cells[COLUMN_MEAN], entry->mean_milli);
    put_milli(cells[COLUMN_MAX], entry->max_milli);
    (void)snprintf(cells[COLUMN_UNIT], LISTING_CELL_MAX, "%s", vital_info(page->vital)->unit);
    listing_row(stdout, r->listing, columns, COLUMN_COUNT, cells);
}

static int64_t minute_of(int64_t wall_ms)
{
    return wall_ms < 0 ? 0 : wall_ms / TRENDS_MINUTE_MS;
}

/* The part of what there is that is asked for. */
static enum status span_of(struct trends *trends, const struct trends_request *r, int64_t *out_from, int64_t *out_until)
{
    int64_t first = 0, last = -1;
    const enum status status = trends_span(trends, &first, &last);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    const int64_t since = minute_of(r->since_ms), until = minute_of(r->until_ms);
    *out_from = since > first ? since : first;
    *out_until = until < last + 1 ? until : last + 1;
    return STATUS_OK;
}

static enum status print_pages(struct trends *trends, const struct trends_request *r, enum vital vital)
{
    static struct page page;
    int64_t from = 0, until = 0;
    enum status status = span_of(trends, r, &from, &until);
    listing_head(stdout, r->listing, columns, COLUMN_COUNT);
    while (status == STATUS_OK && from < until && ferror(stdout) == 0) {
        status = trends_next(trends, from,
                             &from); /* rows of 1970, from before the clock was set, and then none for half a century */
        if (status != STATUS_OK || from >= until) {
            break;
        }
        const int64_t end = from + PAGE_MINUTES < until ? from + PAGE_MINUTES : until;
        page.vital = vital;
        page.count = 0;
        status = trends_each(trends, r->bed, from, end, keep, &page);
        for (unsigned i = 0; i < page.count; i++) {
            print_row(r, &page, i);
        }
        from = end;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static int complain_unknown(const char *word)
{
    const char *names[VITAL_COUNT];
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        names[v] = vital_info((enum vital)v)->name;
    }
    const char *near = suggest(word, strlen(word), names, VITAL_COUNT);
    command_complain("there is no vital '%s'%s%s%s, see `wardgate help`", word, near != NULL ? " (did you mean '" : "",
                     near != NULL ? near : "", near != NULL ? "'?)" : "");
    return COMMAND_USAGE;
}

static const char *advice(enum status status)
{
    return status == STATUS_DENIED      ? "run this as root or as the gateway's user"
           : status == STATUS_NOT_FOUND ? "they begin a minute after the gateway's start, unless store.trends is 0s"
                                        : "the gateway's next start begins them anew";
}

int history_trends(const struct settings *settings, const struct trends_request *request)
{
    struct trends *trends = NULL;
    const enum vital vital = vital_by_name(request->vital, strlen(request->vital));
    if (vital == VITAL_COUNT) {
        return complain_unknown(request->vital);
    }
    local_become_owner(settings);
    enum status status = trends_open_to_read(settings->store.path, &trends);
    if (status == STATUS_OK) {
        status = print_pages(trends, request, vital);
    }
    trends_close(trends);
    if (status != STATUS_OK) {
        command_complain("the trends cannot be read (%s: %s), %s", settings->store.path, status_text(status),
                         advice(status));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}
