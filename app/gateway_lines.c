#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway_internal.h"

#define NETWORK_MONITORS_MAX (SETTINGS_BEDS_MAX * ENGINE_MONITORS_PER_BED_MAX)

static const struct monitor_driver *driver_of(const struct bus_config *bus)
{
    const struct monitor_driver *driver = gateway_driver(bus->kind);
    assert(driver != NULL); /* the settings know no other kinds */
    return driver;
}

/* --- a runner ------------------------------------------------------------------------------------------------ */

/* Measures while the arena has no base. */
static struct line_runner *build_runner(struct arena *arena, uint16_t bus_max, uint32_t monitor_max, struct wake *wake)
{
    struct runner measured;
    struct line_runner *runner = ARENA_TAKE(arena, struct line_runner, 1);
    runner_init(runner != NULL ? &runner->runner : &measured, arena, bus_max, monitor_max, wake);
    return runner;
}

static struct line_runner *make_runner(const char *name, uint16_t bus_max, uint32_t monitor_max, struct wake *wake)
{
    struct arena arena = {.base = NULL};
    (void)build_runner(&arena, bus_max, monitor_max, wake);
    if (!gateway_take_memory(&arena, arena.used)) {
        return NULL;
    }
    struct line_runner *runner = build_runner(&arena, bus_max, monitor_max, wake);
    (void)snprintf(runner->name, sizeof runner->name, "%s", name);
    runner->memory = arena;
    return runner;
}

/* Its buses have left it, and may be gone. */
static void free_runner(struct line_runner *runner)
{
    struct arena memory = runner->memory; /* it lies in there itself */
    assert(runner->runner.bus_count == 0);
    runner_stop(&runner->runner);
    gateway_free_memory(&memory);
}

/* The one with the fewest links; another one as long as there may be more. */
static struct line_runner *network_runner(struct gateway *g)
{
    struct line_runner *least = NULL;
    for (unsigned i = 0; i < GATEWAY_NETWORK_THREADS; i++) {
        if (g->network[i] == NULL && (least == NULL || least->line_count > 0)) {
            char name[BUS_NAME_MAX];
            (void)snprintf(name, sizeof name, "network %u", i + 1);
            g->network[i] = make_runner(name, SETTINGS_BUSES_MAX, NETWORK_MONITORS_MAX, &g->engine_wake);
            return g->network[i] != NULL ? g->network[i] : least;
        }
        if (g->network[i] != NULL && (least == NULL || g->network[i]->line_count < least->line_count)) {
            least = g->network[i];
        }
    }
    return least;
}

/* --- a line -------------------------------------------------------------------------------------------------- */

static const char *copy_text(struct arena *arena, const char *text)
{
    const size_t size = text != NULL ? strlen(text) + 1 : 0;
    char *copy = size > 0 ? ARENA_TAKE(arena, char, size) : NULL;
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

/* Monitors with the same profile share its copy. */
static const struct profile *copy_profile(struct arena *arena, const struct bus_config *config,
                                          const struct monitor_config *copies, unsigned monitor)
{
    const struct profile *profile = config->monitors[monitor].profile;
    for (unsigned i = 0; i < monitor; i++) {
        if (config->monitors[i].profile == profile) {
            return copies != NULL ? copies[i].profile : NULL;
        }
    }
    struct profile *copy = ARENA_TAKE(arena, struct profile, 1);
    if (copy != NULL) {
        *copy = *profile;
    }
    return copy;
}

static void copy_config(struct arena *arena, const struct bus_config *config, const uint16_t *number_of,
                        struct bus_config *out)
{
    struct monitor_config *monitors = ARENA_TAKE(arena, struct monitor_config, config->monitor_count);
    *out = *config;
    out->name = copy_text(arena, config->name);
    out->kind = copy_text(arena, config->kind);
    out->device = copy_text(arena, config->device);
    out->host = copy_text(arena, config->host);
    out->monitors = monitors;
    for (unsigned m = 0; m < config->monitor_count; m++) {
        const struct profile *profile = copy_profile(arena, config, monitors, m);
        const char *place = copy_text(arena, config->monitors[m].place);
        if (monitors != NULL) {
            monitors[m] = config->monitors[m];
            monitors[m].bed = number_of[config->monitors[m].bed];
            monitors[m].profile = profile;
            monitors[m].place = place;
        }
    }
}

/* Measures while the arena has no base. */
static struct line *build_line(struct arena *arena, const struct bus_config *config, const uint16_t *number_of)
{
    struct bus_config measured;
    const struct monitor_driver *driver = driver_of(config);
    struct line *line = ARENA_TAKE(arena, struct line, 1);
    copy_config(arena, config, number_of, line != NULL ? &line->config : &measured);
    struct bus *bus = driver->make(arena, line != NULL ? &line->config : config);
    if (line != NULL) {
        line->driver = driver;
        line->bus = bus;
    }
    return line;
}

static void free_line(struct line *line)
{
    struct arena memory = line->memory; /* it lies in there itself */
    line->runner->line_count--;
    if (line->driver->own_thread) {
        free_runner(line->runner);
    }
    gateway_free_memory(&memory);
}

static struct line *make_line(struct gateway *g, const struct bus_config *config, const uint16_t *number_of)
{
    struct arena arena = {.base = NULL};
    struct line_runner *runner = driver_of(config)->own_thread
                                     ? make_runner(config->name, 1, config->monitor_count, &g->engine_wake)
                                     : network_runner(g);
    if (runner == NULL) {
        return NULL;
    }
    (void)build_line(&arena, config, number_of);
    if (!gateway_take_memory(&arena, arena.used)) {
        if (driver_of(config)->own_thread) {
            free_runner(runner);
        }
        return NULL;
    }
    struct line *line = build_line(&arena, config, number_of);
    line->memory = arena;
    line->runner = runner;
    runner->line_count++;
    return line;
}

/* --- all of them --------------------------------------------------------------------------------------------- */

uint16_t lines_runners_max(const struct plan *plan)
{
    uint16_t serial = 0;
    for (unsigned i = 0; i < plan->bus_count; i++) {
        serial = (uint16_t)(serial + (driver_of(&plan->buses[i])->own_thread ? 1 : 0));
    }
    const unsigned network = plan->bus_count - serial;
    return (uint16_t)(serial + (network < GATEWAY_NETWORK_THREADS ? network : GATEWAY_NETWORK_THREADS));
}

size_t lines_measure(const struct plan *plan)
{
    static const uint16_t no_numbers[SETTINGS_BEDS_MAX];
    struct arena arena = {.base = NULL};
    unsigned network = 0;
    for (unsigned i = 0; i < plan->bus_count; i++) {
        const struct bus_config *config = &plan->buses[i];
        (void)build_line(&arena, config, no_numbers);
        if (driver_of(config)->own_thread) {
            (void)build_runner(&arena, 1, config->monitor_count, NULL);
        } else if (network++ < GATEWAY_NETWORK_THREADS) {
            (void)build_runner(&arena, SETTINGS_BUSES_MAX, NETWORK_MONITORS_MAX, NULL);
        }
    }
    return arena.used;
}

static struct line *find_same(const struct generation *before, const struct plan *plan, const struct bus_config *config)
{
    for (unsigned i = 0; before != NULL && i < before->plan->bus_count; i++) {
        if (plan_bus_is_same(before->plan, &before->plan->buses[i], plan, config)) {
            return before->lines[i];
        }
    }
    return NULL;
}

static void list_runner(struct generation *gen, struct line_runner *runner)
{
    for (unsigned r = 0; r < gen->runner_count; r++) {
        if (gen->runners[r] == &runner->runner) {
            return;
        }
    }
    gen->runner_names[gen->runner_count] = runner->name;
    gen->runners[gen->runner_count++] = &runner->runner;
}

bool lines_make(struct gateway *g, struct generation *gen, const struct generation *before)
{
    uint16_t number_of[SETTINGS_BEDS_MAX];
    bed_numbers_numbers(&g->line_beds, &gen->plan->engine, number_of);
    bed_numbers_indices(&g->line_beds, &gen->plan->engine, gen->line_beds);
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        const struct bus_config *config = &gen->plan->buses[i];
        struct line *line = find_same(before, gen->plan, config);
        line = line != NULL ? line : make_line(g, config, number_of);
        if (line == NULL) {
            return false;
        }
        gen->lines[i] = line;
        gen->buses[i] = (struct acquire_bus){.driver = line->driver, .bus = line->bus};
        list_runner(gen, line->runner);
    }
    return true;
}

int lines_find(const struct generation *gen, const struct line *line)
{
    for (unsigned i = 0; gen != NULL && i < gen->plan->bus_count; i++) {
        if (gen->lines[i] == line) {
            return (int)i;
        }
    }
    return -1;
}

void lines_free(struct generation *gen, const struct generation *other)
{
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        if (gen->lines[i] != NULL && lines_find(other, gen->lines[i]) < 0) {
            free_line(gen->lines[i]);
        }
    }
}

void lines_free_network(struct gateway *g)
{
    for (unsigned i = 0; i < GATEWAY_NETWORK_THREADS; i++) {
        if (g->network[i] != NULL) {
            free_runner(g->network[i]);
            g->network[i] = NULL;
        }
    }
}

/* Those that have nothing to run stay paused. */
static enum status start_runners(const struct generation *gen)
{
    for (unsigned r = 0; gen != NULL && r < gen->runner_count; r++) {
        struct runner *runner = gen->runners[r];
        if (runner->thread.running || runner->bus_count == 0) {
            continue;
        }
        const enum status status = runner_start(runner, gen->runner_names[r], 0);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status lines_enter(const struct generation *gen, const struct generation *other)
{
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        struct line *line = gen->lines[i];
        if (lines_find(other, line) < 0) {
            runner_pause(&line->runner->runner);
            runner_add(&line->runner->runner, line->driver, line->bus);
        }
    }
    return start_runners(gen);
}

enum status lines_leave(const struct generation *gen, const struct generation *other)
{
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        struct line *line = gen->lines[i];
        if (lines_find(other, line) < 0) {
            runner_pause(&line->runner->runner);
            runner_remove(&line->runner->runner, line->bus);
        }
    }
    return start_runners(other);
}

void lines_aim(struct generation *gen)
{
    for (unsigned r = 0; r < gen->runner_count; r++) {
        gen->runners[r]->bed_map = gen->line_beds;
    }
}
