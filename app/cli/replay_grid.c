#include "app/cli/replay_grid.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/engine/plural.h"

/* The points of one pass over the recording. */
struct pass {
    const struct replay_grid *grid;
    struct what_if_point *points;
    struct replay_run *runs;
    struct replay_run reference; /* without an engine: none */
    unsigned first, count, room;
};

static unsigned points_at_a_time(const struct replay_grid *grid)
{
    struct what_if_point point;
    struct arena arena = {.base = NULL};
    if (what_if_point_make(&point, grid->what_if, 0, grid->base)) {
        (void)engine_make(&arena, &point.config);
    }
    what_if_point_free(&point);
    const size_t most = arena.used > 0 ? REPLAY_GRID_BYTES / arena.used : 1;
    const unsigned all = grid->what_if->point_count;
    return most < 1 ? 1 : most < all ? (unsigned)most : all;
}

/* What the rules of the grid look at; heart rate and pulse stand in for each other. */
static uint32_t vitals_of(const struct engine_config *config)
{
    const uint32_t pulse = UINT32_C(1) << VITAL_hr | UINT32_C(1) << VITAL_pulse;
    uint32_t vitals = 0;
    for (unsigned r = 0; r < config->rule_count; r++) {
        vitals |= rule_vitals(&config->rules[r]);
    }
    return (vitals & pulse) != 0 ? vitals | pulse : vitals;
}

static bool make_runs(struct pass *pass)
{
    for (unsigned i = 0; i < pass->room && pass->first + i < pass->grid->what_if->point_count; i++) {
        pass->count++;
        pass->runs[i] = (struct replay_run){.alerts = NULL};
        if (!what_if_point_make(&pass->points[i], pass->grid->what_if, pass->first + i, pass->grid->base)) {
            command_complain("out of memory for %u point%s, take wider steps", pass->room, plural_s(pass->room));
            return false;
        }
        if (!replay_run_make(&pass->runs[i], &pass->points[i].config, pass->grid->payloads, NULL)) {
            return false;
        }
        pass->runs[i].differs = true;
        pass->runs[i].vitals = vitals_of(&pass->points[i].config);
    }
    return true;
}

static void keep_results(const struct pass *pass)
{
    struct what_if *what_if = pass->grid->what_if;
    for (unsigned i = 0; i < pass->count; i++) {
        const struct tally *tally = &pass->runs[i].tally;
        const double days = tally_bed_days(tally);
        for (unsigned r = 0; r < what_if->rule_count; r++) {
            const struct tally_row *row = &tally->rows[2 * r]; /* its alarm, not its not_monitored */
            what_if->results[(size_t)(pass->first + i) * what_if->rule_count + r] =
                (struct what_if_result){.starts = row->starts,
                                        .repeats = row->repeats,
                                        .median_ms = tally_median_ms(row),
                                        .total_ms = row->total_ms,
                                        .per_bed_day = days > 0 ? (double)row->starts / days : 0};
        }
    }
}

static void free_runs(struct pass *pass)
{
    for (unsigned i = 0; i < pass->count; i++) {
        replay_run_free(&pass->runs[i]);
        what_if_point_free(&pass->points[i]);
    }
    pass->count = 0;
    replay_run_free(&pass->reference);
    pass->reference = (struct replay_run){.alerts = NULL};
}

static void tell_progress(const struct pass *pass, bool done)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, "\r%u of %u point%s%s", done ? pass->first + pass->count : pass->first,
                      pass->grid->what_if->point_count, plural_s(pass->grid->what_if->point_count),
                      done ? "\r\033[K" : "");
        (void)fflush(stderr);
    }
}

static bool make_reference(struct pass *pass)
{
    const struct replay_grid *grid = pass->grid;
    return !grid->has_commands || replay_run_make(&pass->reference, grid->base, grid->payloads, NULL);
}

static bool run_pass(struct pass *pass)
{
    struct replay_run *const reference = pass->grid->has_commands ? &pass->reference : NULL;
    tell_progress(pass, false);
    const bool done = make_runs(pass) && make_reference(pass) &&
                      pass->grid->feed(pass->grid->context, pass->runs, pass->count, reference);
    if (done) {
        keep_results(pass);
    }
    tell_progress(pass, true);
    free_runs(pass);
    return done;
}

bool replay_grid_run(const struct replay_grid *grid)
{
    struct pass pass = {.grid = grid, .room = points_at_a_time(grid)};
    pass.points = calloc(pass.room, sizeof *pass.points);
    pass.runs = calloc(pass.room, sizeof *pass.runs);
    bool done = pass.points != NULL && pass.runs != NULL;
    if (!done) {
        command_complain("out of memory for %u point%s, take wider steps", pass.room, plural_s(pass.room));
    }
    for (; done && pass.first < grid->what_if->point_count; pass.first += pass.room) {
        done = run_pass(&pass);
    }
    free(pass.points);
    free(pass.runs);
    return done;
}
