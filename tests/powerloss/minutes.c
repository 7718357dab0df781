#include "tests/powerloss/minutes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/powerloss/chance.h"
#include "tests/powerloss/content.h"
#include "tests/powerloss/disk.h"
#include "tests/powerloss/recorder.h"
#include "tests/powerloss/run.h"
#include "tests/powerloss/witness.h"

enum { MARKS_MAX = 4096, BEDS_MORE = 32, KEPT_SHORT = 600, KEPT_LONG = 20000, PATH_ROOM = 400 };
#define MAP_BYTES (192U * 4096U) /* three quarters of them are full after some forty floods */
#define FOLDER    "minutes"
#define ASIDE     "minutes.damaged-1"

struct rows_seen {
    uint64_t digest, count;
    int64_t first, last; /* minutes; -1: there are none */
};

/* As in witness.h: BEGUN before what may change the map, DONE when it has returned. */
struct minutes_mark {
    uint8_t kind;
    uint32_t at;
    uint64_t digest;
};
static struct shared {
    uint32_t mark_count;
    struct minutes_mark marks[MARKS_MAX];
    struct rows_seen now;
    uint64_t commits, failed, given_up_old, given_up_for_room;
} * shared;

static struct rows_seen found; /* by minutes_found */
static uint64_t damaged;       /* file_digest */
static int64_t minute;         /* of the transaction under way */

void minutes_init(void)
{
    shared = memory_shared(sizeof *shared);
}

/* In one record rows go for want of room, in the next they grow old before: the wall clock is set by less than the one, and by more than the other. */
static int64_t minutes_kept(void)
{
    return witness->boot % 2 == 0 ? KEPT_LONG : KEPT_SHORT;
}

struct trends_config minutes_config(const char *path)
{
    return (struct trends_config){
        .path = path, .bytes = MAP_BYTES, .minutes = (uint32_t)minutes_kept(), .rows_most = BEDS_MORE + RUN_BEDS};
}

/* ---- what lies in the map ---- */

static void bed_name(unsigned bed, char out[TRENDS_BED_MAX])
{
    (void)snprintf(out, TRENDS_BED_MAX, "more-%02u", bed);
}

static void see_row(void *context, int64_t at, const struct trends_row *row)
{
    struct rows_seen *seen = context;
    seen->digest = digest_bytes(seen->digest, &at, sizeof at);
    seen->digest = digest_bytes(seen->digest, row->bed, strlen(row->bed));
    seen->digest = digest_bytes(seen->digest, &row->stay, sizeof row->stay);
    for (unsigned i = 0; i < row->count; i++) {
        const struct trends_entry *e = &row->entries[i];
        const int32_t numbers[] = {e->vital, e->count, e->min_milli, e->mean_milli, e->max_milli};
        seen->digest = digest_bytes(seen->digest, numbers, sizeof numbers);
    }
    seen->count++;
}

static enum status see_minute(struct trends *trends, int64_t at, struct rows_seen *seen)
{
    enum status status = STATUS_OK;
    for (unsigned b = 0; status == STATUS_OK && b < RUN_BEDS + BEDS_MORE; b++) {
        char name[TRENDS_BED_MAX];
        bed_name(b, name);
        status = trends_each(trends, b < RUN_BEDS ? run_config()->beds[b].id : name, at, at + 1, see_row, seen);
    }
    return status;
}

/* False: a part of it cannot be read. */
static bool see(struct trends *trends, struct rows_seen *out)
{
    *out = (struct rows_seen){.digest = DIGEST_START, .first = -1, .last = -1};
    enum status status = trends_span(trends, &out->first, &out->last);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND;
    }
    for (int64_t at = out->first; status == STATUS_OK; at++) {
        status = trends_next(trends, at, &at);
        status = status == STATUS_OK ? see_minute(trends, at, out) : status;
    }
    return status == STATUS_NOT_FOUND;
}

/* ---- what was promised ---- */

static struct minutes_mark *mark_add(enum mark_kind kind, uint64_t digest)
{
    if (shared->mark_count == MARKS_MAX) {
        abort();
    }
    struct minutes_mark *mark = &shared->marks[shared->mark_count++];
    *mark = (struct minutes_mark){.kind = (uint8_t)kind, .at = recorder->op_count, .digest = digest};
    return mark;
}

static void mark_done(struct trends *trends)
{
    if (!see(trends, &shared->now)) {
        witness_fault("the trends cannot be read");
    }
    (void)mark_add(MARK_DONE, shared->now.digest);
}

static void make_damaged(const char *path)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    (void)snprintf(from, sizeof from, "%s/" FOLDER, path);
    (void)snprintf(to, sizeof to, "%s/" ASIDE, path);
    folder_copy(from, to);
    damaged = data_damage(from);
}

void minutes_begin(enum minutes_beginning beginning, const char *path)
{
    const uint64_t digest = beginning == MINUTES_FOUND ? found.digest : DIGEST_START;
    shared->mark_count = 0;
    shared->now = (struct rows_seen){.digest = digest, .first = -1, .last = -1};
    damaged = 0;
    if (beginning == MINUTES_DAMAGED) {
        make_damaged(path);
    }
    mark_add(beginning == MINUTES_DAMAGED ? MARK_DAMAGED : MARK_FOUND, digest)->at = 0;
}

void minutes_found(struct trend_keeper *keeper)
{
    if (keeper->trends == NULL || !see(keeper->trends, &found)) {
        (void)fprintf(stderr, "powerloss: the trends of the image to go on from do not open\n");
        abort();
    }
}

/* ---- more rows ---- */

static struct trends_row row_draw(const char *bed)
{
    struct trends_row row = {.bed = bed, .stay = 1 + chance_draw(3), .count = VITAL_COUNT};
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        const int32_t low = (int32_t)chance_draw(100000);
        row.entries[i] = (struct trends_entry){.vital = (uint8_t)i,
                                               .count = (uint16_t)(1 + chance_draw(60)),
                                               .min_milli = low,
                                               .mean_milli = low + 500,
                                               .max_milli = low + 1000};
    }
    return row;
}

void minutes_flood(struct trend_keeper *keeper)
{
    if (keeper->trends == NULL || keeper->minute < 0) {
        return;
    }
    enum status status = trends_begin(keeper->trends, keeper->minute);
    for (unsigned b = RUN_BEDS; status == STATUS_OK && b < RUN_BEDS + BEDS_MORE; b++) {
        char name[TRENDS_BED_MAX];
        bed_name(b, name);
        const struct trends_row row = row_draw(name);
        status = trends_put(keeper->trends, &row);
    }
    if (status == STATUS_OK) {
        status = trends_commit(keeper->trends);
    }
    shared->failed += status != STATUS_OK;
}

/* ---- between the gateway and its trends ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): --wrap of the linker gives these names */

enum status __real_trends_open(const struct trends_config *config, struct trends **out);
enum status __real_trends_begin(struct trends *trends, int64_t at);
enum status __real_trends_commit(struct trends *trends);
void __real_trend_keeper_look(struct trend_keeper *keeper, int64_t wall_ms);
void __real_trend_keeper_write(struct trend_keeper *keeper, int64_t wall_ms);
enum status __wrap_trends_open(const struct trends_config *config, struct trends **out);
enum status __wrap_trends_begin(struct trends *trends, int64_t at);
enum status __wrap_trends_commit(struct trends *trends);
void __wrap_trend_keeper_look(struct trend_keeper *keeper, int64_t wall_ms);
void __wrap_trend_keeper_write(struct trend_keeper *keeper, int64_t wall_ms);

enum status __wrap_trends_open(const struct trends_config *config, struct trends **out)
{
    if (!witness_watches()) {
        return __real_trends_open(config, out);
    }
    (void)mark_add(MARK_BEGUN, 0);
    const enum status status = __real_trends_open(config, out);
    if (*out == NULL || (status == STATUS_CORRUPT && damaged == 0)) {
        witness_fault("the trends do not open");
    } else {
        mark_done(*out);
    }
    return status;
}

enum status __wrap_trends_begin(struct trends *trends, int64_t at)
{
    minute = at;
    return __real_trends_begin(trends, at);
}

/* The first rows are gone: they were too old, or it was for want of room. */
static void count_given_up(const struct rows_seen *before, const struct rows_seen *after)
{
    if (before->first >= 0 && after->first > before->first) {
        const bool is_old = before->first <= minute - minutes_kept();
        shared->given_up_old += is_old;
        shared->given_up_for_room += !is_old;
    }
}

enum status __wrap_trends_commit(struct trends *trends)
{
    if (!witness_watches()) {
        return __real_trends_commit(trends);
    }
    const struct rows_seen before = shared->now;
    (void)mark_add(MARK_BEGUN, 0);
    const enum status status = __real_trends_commit(trends);
    mark_done(trends);
    shared->commits += status == STATUS_OK;
    count_given_up(&before, &shared->now);
    return status;
}

void __wrap_trend_keeper_look(struct trend_keeper *keeper, int64_t wall_ms)
{
    __real_trend_keeper_look(keeper, wall_ms * MINUTES_FASTER);
}

void __wrap_trend_keeper_write(struct trend_keeper *keeper, int64_t wall_ms)
{
    __real_trend_keeper_write(keeper, wall_ms * MINUTES_FASTER);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */

/* ---- what an image keeps ---- */

static bool wrong(char why[200], const char *format, ...) PRINTF_LIKE(2, 3);
static bool wrong(char why[200], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, 200, format, arguments);
    va_end(arguments);
    return false;
}

/* *out_under_way NULL: nothing was. */
static const struct minutes_mark *find_due(uint32_t cut, const struct minutes_mark **out_under_way)
{
    const struct minutes_mark *last = &shared->marks[0];
    bool begun = false;
    *out_under_way = NULL;
    for (uint32_t i = 1; i < shared->mark_count && *out_under_way == NULL; i++) {
        const struct minutes_mark *mark = &shared->marks[i];
        if (mark->at <= cut) {
            begun = mark->kind == MARK_BEGUN;
            last = begun ? last : mark;
        } else if (begun && mark->kind == MARK_DONE) {
            *out_under_way = mark;
        }
    }
    return last;
}

/* A row for the minute behind the last, whatever that was. */
static enum status write_next(struct trends *trends, int64_t at)
{
    const struct trends_row row = row_draw(run_config()->beds[0].id);
    enum status status = trends_begin(trends, at);
    if (status == STATUS_OK) {
        status = trends_put(trends, &row);
    }
    return status == STATUS_OK ? trends_commit(trends) : status;
}

bool minutes_hold(struct trend_keeper *keeper, uint32_t cut, char why[200])
{
    const struct minutes_mark *under_way, *last = find_due(cut, &under_way);
    struct rows_seen seen, after;
    if (keeper->trends == NULL) {
        return wrong(why, "the trends do not open (%s)", status_text(keeper->told));
    }
    if (atomic_load(&keeper->replaced) && last->kind != MARK_DAMAGED) {
        return wrong(why, "the trends are set aside, and were not damaged");
    }
    if (!see(keeper->trends, &seen)) {
        return wrong(why, "the trends cannot be read");
    }
    if (seen.digest != last->digest && (under_way == NULL || seen.digest != under_way->digest)) {
        return wrong(why, "%llu rows of trends are neither what the commit before left, nor the one under way",
                     (unsigned long long)seen.count);
    }
    const int64_t next = seen.last < 0 ? 1000000 : seen.last + 1;
    const enum status status = write_next(keeper->trends, next);
    if (status != STATUS_OK || !see(keeper->trends, &after) || after.last != next) {
        return wrong(why, "the next minute cannot be written (%s)", status_text(status));
    }
    return true;
}

bool minutes_are_set_aside(const char *path, char why[200])
{
    char file[PATH_ROOM];
    (void)snprintf(file, sizeof file, "%s/" ASIDE "/data.mdb", path);
    return damaged == 0 || file_digest(file) == damaged ? true : wrong(why, "the damaged trends are not kept");
}

bool minutes_rolled_over(void)
{
    return shared->given_up_old > 0 && shared->given_up_for_room > 0;
}

void minutes_print_counts(void)
{
    (void)printf("trends: %llu commits, in %llu of them rows were given up for their age, in %llu for want of room, "
                 "%llu failed%s\n",
                 (unsigned long long)shared->commits, (unsigned long long)shared->given_up_old,
                 (unsigned long long)shared->given_up_for_room, (unsigned long long)shared->failed,
                 minutes_rolled_over() ? "" : ": they never rolled over");
}
