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

static struct line_runner *make_runner(const struct monitor_driver *driver, const char *name, uint16_t bus_max,
                                       uint32_t monitor_max, struct wake *wake)
{
    struct arena reserve = {.base = NULL}, arena = {.reserve = &reserve};
    (void)build_runner(&arena, bus_max, monitor_max, wake);
    if (!gateway_take_reserve(&reserve, reserve.used)) {
        return NULL;
    }
    if (!gateway_take_memory(&arena, arena.used)) {
        gateway_free_reserve(&reserve);
        return NULL;
    }
    arena.reserve = &reserve;
    struct line_runner *runner = build_runner(&arena, bus_max, monitor_max, wake);
    arena.reserve = NULL;
    (void)snprintf(runner->name, sizeof runner->name, "%s", name);
    runner->driver = driver;
    runner->memory = arena;
    runner->reserve = reserve;
    return runner;
}

/* Its buses have left it, and may be gone. */
static void free_runner(struct line_runner *runner)
{
    struct arena memory = runner->memory, reserve = runner->reserve; /* it lies in there itself */
    assert(runner->runner.bus_count == 0);
    const bool stopped = runner_stop(&runner->runner);
    assert(stopped); /* nothing of a gateway with a thread that hangs is freed */
    (void)stopped;
    gateway_free_memory(&memory);
    gateway_free_reserve(&reserve);
}

/* The one of all links of this kind. */
static struct line_runner *network_runner(struct gateway *g, const struct monitor_driver *driver)
{
    unsigned i = 0;
    while (g->network[i] != NULL && g->network[i]->driver != driver) {
        i++;
        assert(i < GATEWAY_NETWORK_KINDS);
    }
    if (g->network[i] == NULL) {
        g->network[i] = make_runner(driver, driver->kind, SETTINGS_BUSES_MAX, NETWORK_MONITORS_MAX, &g->engine_wake);
    }
    return g->network[i];
}

/* --- profiles ------------------------------------------------------------------------------------------------ */

static struct line_profile *find_profile(const struct gateway *g, const struct profile *profile)
{
    struct line_profile *shared = g->profiles;
    while (shared != NULL && !plan_profile_is_same(&shared->room.profile, profile)) {
        shared = shared->next;
    }
    return shared;
}

/* False without memory. */
static bool take_profile(struct gateway *g, const struct profile *profile)
{
    struct line_profile *shared = find_profile(g, profile);
    if (shared == NULL) {
        shared = malloc(sizeof *shared);
        if (shared == NULL) {
            return false;
        }
        *shared = (struct line_profile){.next = g->profiles};
        profile_copy(profile, &shared->room);
        g->profiles = shared;
    }
    shared->uses++;
    return true;
}

static void leave_profiles(struct gateway *g, const struct bus_config *config, unsigned count)
{
    for (unsigned m = 0; m < count; m++) {
        struct line_profile *shared = find_profile(g, config->monitors[m].profile);
        assert(shared != NULL && shared->uses > 0); /* it was taken */
        shared->uses--;
    }
}

static bool take_profiles(struct gateway *g, const struct bus_config *config)
{
    for (unsigned m = 0; m < config->monitor_count; m++) {
        if (!take_profile(g, config->monitors[m].profile)) {
            leave_profiles(g, config, m);
            return false;
        }
    }
    return true;
}

/* As lines know it; taken before. */
static const struct profile *shared_profile(const struct gateway *g, const struct profile *profile)
{
    const struct line_profile *shared = find_profile(g, profile);
    assert(shared != NULL);
    return &shared->room.profile;
}

static void free_unused_profiles(struct gateway *g)
{
    for (struct line_profile **at = &g->profiles; *at != NULL;) {
        struct line_profile *shared = *at;
        if (shared->uses > 0) {
            at = &shared->next;
        } else {
            *at = shared->next;
            free(shared);
        }
    }
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

static struct monitor_config *copy_config(struct arena *arena, const struct gateway *g, const struct bus_config *config,
                                          const uint16_t *number_of, struct bus_config *out)
{
    struct monitor_config *monitors = ARENA_TAKE(arena, struct monitor_config, config->monitor_count);
    *out = *config;
    out->name = copy_text(arena, config->name);
    out->kind = copy_text(arena, config->kind);
    out->device = copy_text(arena, config->device);
    out->host = copy_text(arena, config->host);
    out->monitors = monitors;
    for (unsigned m = 0; m < config->monitor_count; m++) {
        const char *place = copy_text(arena, config->monitors[m].place);
        if (monitors != NULL) {
            assert(number_of != NULL); /* only while the arena measures it is not needed */
            monitors[m] = config->monitors[m];
            monitors[m].bed = number_of[config->monitors[m].bed];
            monitors[m].profile = shared_profile(g, config->monitors[m].profile);
            monitors[m].place = place;
        }
    }
    return monitors;
}

/* Measures while the arena has no base. */
static struct line *build_line(struct arena *arena, const struct gateway *g, const struct bus_config *config,
                               const uint16_t *number_of)
{
    struct bus_config measured;
    const struct monitor_driver *driver = driver_of(config);
    struct line *line = ARENA_TAKE(arena, struct line, 1);
    struct monitor_config *monitors =
        copy_config(arena, g, config, number_of, line != NULL ? &line->config : &measured);
    struct bus *bus = driver->make(arena, line != NULL ? &line->config : config);
    if (line != NULL) {
        line->driver = driver;
        line->bus = bus;
        line->monitors = monitors;
    }
    return line;
}

static void free_line(struct gateway *g, struct line *line)
{
    struct arena memory = line->memory; /* it lies in there itself */
    leave_profiles(g, &line->config, line->config.monitor_count);
    line->driver->stop(line->bus); /* it may never have run */
    if (line->driver->own_thread) {
        free_runner(line->runner);
    }
    gateway_free_memory(&memory);
}

/* Its own, or the one of its kind; NULL without memory. */
static struct line_runner *runner_for(struct gateway *g, const struct bus_config *config)
{
    const struct monitor_driver *driver = driver_of(config);
    return driver->own_thread ? make_runner(driver, config->name, 1, config->monitor_count, &g->engine_wake)
                              : network_runner(g, driver);
}

static struct line *make_line(struct gateway *g, const struct bus_config *config, const uint16_t *number_of)
{
    struct arena arena = {.base = NULL};
    (void)build_line(&arena, g, config, number_of);
    if (!take_profiles(g, config)) {
        return NULL;
    }
    struct line_runner *runner = runner_for(g, config);
    if (runner == NULL || !gateway_take_memory(&arena, arena.used)) {
        leave_profiles(g, config, config->monitor_count);
        if (runner != NULL && runner->driver->own_thread) {
            free_runner(runner);
        }
        return NULL;
    }
    struct line *line = build_line(&arena, g, config, number_of);
    line->memory = arena;
    line->runner = runner;
    return line;
}

/* --- all of them --------------------------------------------------------------------------------------------- */

/* The first of those that share its runner. */
static bool needs_runner(const struct plan *plan, unsigned index)
{
    const struct monitor_driver *driver = driver_of(&plan->buses[index]);
    for (unsigned i = 0; i < index && !driver->own_thread; i++) {
        if (driver_of(&plan->buses[i]) == driver) {
            return false;
        }
    }
    return true;
}

uint16_t lines_runners_max(const struct plan *plan)
{
    uint16_t count = 0;
    for (unsigned i = 0; i < plan->bus_count; i++) {
        count = (uint16_t)(count + (needs_runner(plan, i) ? 1 : 0));
    }
    return count;
}

size_t lines_measure(const struct plan *plan)
{
    struct arena arena = {.base = NULL};
    for (unsigned i = 0; i < plan->bus_count; i++) {
        const struct bus_config *config = &plan->buses[i];
        const bool own = driver_of(config)->own_thread;
        (void)build_line(&arena, NULL, config, NULL);
        if (needs_runner(plan, i)) {
            (void)build_runner(&arena, own ? 1 : SETTINGS_BUSES_MAX, own ? config->monitor_count : NETWORK_MONITORS_MAX,
                               NULL);
        }
    }
    return arena.used + plan->settings->profile_count * sizeof(struct line_profile);
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
        gen->bus_runners[i] = &line->runner->runner;
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

void lines_free(struct gateway *g, struct generation *gen, const struct generation *other)
{
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        if (gen->lines[i] != NULL && lines_find(other, gen->lines[i]) < 0) {
            free_line(g, gen->lines[i]);
        }
    }
    free_unused_profiles(g);
}

void lines_free_network(struct gateway *g)
{
    for (unsigned i = 0; i < GATEWAY_NETWORK_KINDS; i++) {
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

/* Rules may wait for other vitals now, of a line that goes on. False: its thread hangs. */
static bool follow_rules(struct line *line, const struct bus_config *config)
{
    for (unsigned m = 0; m < config->monitor_count; m++) {
        if (line->monitors[m].urgent_vitals == config->monitors[m].urgent_vitals) {
            continue;
        }
        if (!runner_pause(&line->runner->runner)) {
            return false;
        }
        line->monitors[m].urgent_vitals = config->monitors[m].urgent_vitals;
    }
    return true;
}

static bool enter(struct line *line)
{
    if (!runner_pause(&line->runner->runner)) {
        return false;
    }
    runner_add(&line->runner->runner, line->driver, line->bus);
    return true;
}

enum status lines_enter(const struct generation *gen, const struct generation *other)
{
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        struct line *line = gen->lines[i];
        const bool is_new = lines_find(other, line) < 0;
        if (!(is_new ? enter(line) : follow_rules(line, &gen->plan->buses[i]))) {
            return STATUS_TIMEOUT;
        }
    }
    return start_runners(gen);
}

enum status lines_leave(const struct generation *gen, const struct generation *other)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < gen->plan->bus_count; i++) {
        struct line *line = gen->lines[i];
        if (lines_find(other, line) >= 0) {
            continue;
        }
        if (runner_pause(&line->runner->runner)) {
            runner_remove(&line->runner->runner, line->bus);
        } else {
            status = STATUS_TIMEOUT; /* the others leave all the same */
        }
    }
    return status == STATUS_OK ? start_runners(other) : status;
}

void lines_aim(struct generation *gen)
{
    for (unsigned r = 0; r < gen->runner_count; r++) {
        gen->runners[r]->bed_map = gen->line_beds;
    }
}
