/*
 * The gateway's signs of life, its local alarm, and what becomes of a thread that hangs.
 *
 * A line's thread that hangs in a call of the system cannot be ended by us: nothing in C ends a thread that does not listen without leaving
 * behind what it holds. And what it holds is what its line needs: the descriptor with the lock on the device, which only the end of the program gives
 * back. So it is not replaced beside itself. The other lines go on; the whole program is stopped in its usual order, all that is known being stored, and
 * run again in the place of this process, which ends that thread too. Once an hour at most, so that a device which always hangs costs the
 * others a second an hour.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/json.h"
#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "hal/clock.h"

/* When the run before ended for this one; nothing that could not be. */
static int64_t read_restarted_us(int64_t now_us)
{
    const char *text = getenv(GATEWAY_RESTARTED);
    const int64_t at_us = text != NULL ? strtoll(text, NULL, 10) : 0;
    return at_us > 0 && at_us <= now_us ? at_us : 0;
}

void watch_init(struct gateway *g)
{
    const struct settings *s = g->settings;
    const struct indicator_settings *i = &s->indicator;
    const struct annunciator_config local = {.gateway = s->gateway.id,
                                             .lamp = i->led,
                                             .buzzer = i->buzzer,
                                             .lamp_active_low = i->led_active_low,
                                             .buzzer_active_low = i->buzzer_active_low,
                                             .hook = i->hook[0] != NULL ? i->hook : NULL,
                                             .hook_us = i->hook_timeout_ms * INT64_C(1000)};
    annunciator_init(&g->annunciator, &local);
    const struct vigil_config vigil = {.device = s->watchdog.device,
                                       .timeout_s = s->watchdog.timeout_s,
                                       .lost_after_us = i->after_ms * INT64_C(1000),
                                       .annunciator = &g->annunciator};
    vigil_init(&g->vigil, &vigil);
    g->restarted_us = read_restarted_us(g->started_us);
}

enum status start_annunciator(struct gateway *g)
{
    return annunciator_start(&g->annunciator);
}

void stop_annunciator(struct gateway *g)
{
    g->has_left_behind |= !annunciator_stop(&g->annunciator);
}

static struct vigil_parts parts_of(const struct generation *gen)
{
    return (struct vigil_parts){.board = &gen->board,
                                .store_state = &gen->commit.state,
                                .runners = (const struct runner *const *)gen->runners,
                                .runner_names = gen->runner_names,
                                .runner_count = gen->runner_count,
                                .bed_count = gen->plan->engine.bed_count};
}

enum status start_vigil(struct gateway *g)
{
    return vigil_start(&g->vigil);
}

void watch_stops(struct gateway *g)
{
    vigil_ends(&g->vigil, g->starts_anew);
}

void stop_vigil(struct gateway *g)
{
    vigil_stop(&g->vigil, g->starts_anew);
}

void watch_generation(struct gateway *g)
{
    const struct vigil_parts parts = parts_of(g->now);
    vigil_attach(&g->vigil, &parts);
}

/* ---- a thread that hangs ---- */

/* The one that has hung for long enough; -1: none has. */
static int find_stuck(const struct generation *gen, int64_t now_us)
{
    for (unsigned i = 0; i < gen->runner_count; i++) {
        const int64_t alive_us = atomic_load_explicit(&gen->runners[i]->alive_us, memory_order_relaxed);
        if (alive_us != 0 && now_us - alive_us >= RESTART_STUCK_US) {
            return (int)i;
        }
    }
    return -1;
}

/* What is on the disk is what the next run starts with. */
static bool is_configuration_sound(const struct gateway *g)
{
    struct settings_report *report = calloc(1, sizeof *report);
    struct settings *settings = NULL;
    struct plan plan;
    bool sound = false;
    if (report != NULL && settings_load(g->settings->file, gateway_profiles(), &settings, report) &&
        plan_make(settings, &plan) == STATUS_OK) {
        sound = gateway_fits(settings, &plan);
        plan_free(&plan);
    }
    settings_free(settings);
    free(report);
    return sound;
}

/* One such thread, of whichever line or of the local alarm, and the new start would wait for its end for ever. */
static bool is_any_beyond_reach(const struct gateway *g)
{
    for (unsigned i = 0; i < g->now->runner_count; i++) {
        if (thread_is_beyond_reach(&g->now->runners[i]->thread)) {
            return true;
        }
    }
    return thread_is_beyond_reach(&g->annunciator.thread);
}

/* Why it had better not be now; NULL: nothing speaks against it. */
static const char *why_not(const struct gateway *g, int64_t now_us)
{
    if (g->restarted_us != 0 && now_us - g->restarted_us < RESTART_PAUSE_US) {
        return "it did so less than an hour ago";
    }
    if (store_state_is_failing(&g->now->commit.state, now_us)) {
        return "alerts cannot be stored, so they would be lost";
    }
    if (is_any_beyond_reach(g)) {
        return "there is a thread that the system cannot end either, restart the box";
    }
    return is_configuration_sound(g) ? NULL : "the configuration on the disk has faults, see `wardgate check`";
}

/* Main did not get to run, and neither did they: they get their time first. */
static bool was_away(struct gateway *g, int64_t now_us)
{
    const int64_t before_us = g->looked_us;
    g->looked_us = now_us;
    return before_us != 0 && now_us - before_us >= VIGIL_AWAY_US;
}

bool watch_wants_restart(struct gateway *g, int64_t now_us)
{
    if (was_away(g, now_us)) {
        return false;
    }
    const int stuck = find_stuck(g->now, now_us);
    if (stuck < 0) {
        g->told_stay = NULL;
        return false;
    }
    if (now_us < g->look_again_us) {
        return false;
    }
    g->look_again_us = now_us + RESTART_LOOK_US;
    const char *name = g->now->runner_names[stuck];
    const char *why = why_not(g, now_us);
    if (why == NULL) {
        log_error("the thread of %s hangs, so the gateway starts anew, from what is stored", name);
    } else if (g->told_stay == NULL || strcmp(g->told_stay, why) != 0) {
        log_error("the thread of %s hangs, and the gateway does not start anew: %s", name, why);
    }
    g->told_stay = why;
    return why == NULL;
}

/* ---- who stands at the box ---- */

/* Somebody has taken note of a local alarm: for the audit log. */
static void note_silence(struct gateway *g, const char *by, unsigned reasons)
{
    char text[STORE_AUDIT_MAX], names[LOCAL_TEXT_MAX];
    struct json json;
    local_names(reasons, names);
    json_begin(&json, text, sizeof text);
    json_time(&json, "at", clock_wall_ms());
    json_text(&json, "kind", "indicator");
    json_text(&json, "by", by);
    json_text(&json, "result", "accepted");
    json_text(&json, "text", names);
    const size_t length = json_end(&json);
    if (length == 0 || !commit_note(&g->now->commit, text, length)) {
        log_warning("that the local alarm was silenced is not in the audit log");
    }
}

static bool silence(struct gateway *g, const char *by, char *out, size_t size)
{
    const struct annunciator_look look = annunciator_look(&g->annunciator, clock_boot_us());
    const bool any = annunciator_silence(&g->annunciator);
    if (any) {
        note_silence(g, by, look.reasons);
    }
    (void)snprintf(out, size, "%s",
                   any ? "the buzzer is silent until this alarm has ended, or becomes worse"
                       : "there is no local alarm");
    return any;
}

static const char *status_of(const char *configured, const atomic_int *status)
{
    return configured == NULL ? "none" : status_text((enum status)atomic_load(status));
}

static const char *program_of(const struct annunciator *a, enum annunciator_state state)
{
    const bool runs = a->config.hook != NULL && atomic_load(&a->told_state) != (int)state;
    return runs ? "running" : status_of(a->config.hook != NULL ? a->config.hook[0] : NULL, &a->hook_status);
}

/* "off none; led: ok; buzzer: none; program: ok, 3 runs" */
static void describe(struct gateway *g, char *out, size_t size)
{
    struct annunciator *a = &g->annunciator;
    const struct annunciator_look look = annunciator_look(a, clock_boot_us());
    (void)snprintf(out, size, "%s %s; led: %s; buzzer: %s; program: %s, %u run%s", annunciator_word(look.state),
                   priority_word(look.priority), status_of(a->config.lamp, &a->lamp_status),
                   status_of(a->config.buzzer, &a->buzzer_status), program_of(a, look.state), atomic_load(&a->hooks),
                   atomic_load(&a->hooks) == 1 ? "" : "s");
}

static enum priority priority_of(const char *word)
{
    enum priority priority = PRIORITY_HIGH;
    while (priority > PRIORITY_NONE && strcmp(priority_word(priority), word) != 0) {
        priority--;
    }
    return priority;
}

static bool try_out(struct gateway *g, const char *word, char *out, size_t size)
{
    const enum priority priority = priority_of(word);
    if (!annunciator_is_there(&g->annunciator)) {
        (void)snprintf(out, size, "there is no indicator, see `wardgate help indicator`");
        return false;
    }
    if (priority == PRIORITY_NONE) {
        (void)snprintf(out, size, "'%s' is no priority: low, medium, high", word);
        return false;
    }
    annunciator_try(&g->annunciator, priority, clock_boot_us());
    describe(g, out, size);
    return true;
}

bool watch_indicate(void *context, const char *by, const char *words, char *out, size_t size)
{
    struct gateway *g = context;
    if (strcmp(words, "quiet") == 0) {
        return silence(g, by, out, size);
    }
    if (strncmp(words, "test ", 5) == 0) {
        return try_out(g, words + 5, out, size);
    }
    describe(g, out, size);
    return true;
}
