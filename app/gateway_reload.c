/*
 * From one configuration to the next, all or nothing.
 *
 *     prepare    read, check, measure, build: nothing has changed yet, and most that can go wrong goes wrong here
 *     come_down  lines that go, then the engine, then the store's threads: what was in the rings is durable, the engine has
 *                ended what goes; then the uplink's thread, without a word to the broker
 *     go_up      the new engine from the store, exactly as after a restart, at the instant that the old one had come to
 *
 * Lines that stay run on meanwhile; what they bring waits in their rings. So the pause is in nobody's alarm: the new engine
 * takes it at the instants at which it came. If the new one cannot go up the old one does, in the memory that it has, from
 * the same store. This file is the only fence inside which our own code allocates after the start.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/engine/plural.h"
#include "app/flow/input_line.h"
#include "app/flow/json.h"
#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "hal/clock.h"

#define NOTE_WAIT_US     1000000
#define NOTE_LOOK_US     2000
#define CHANGED_TEXT_MAX 256
#define STILL_US         4000000 /* several rounds of a line's thread are missing, even on a box that is very busy */

enum { PATIENCE_MAX = 10 }; /* times the 0.9 s that commit_detach waits */

struct reload {
    struct gateway *g;
    char *out; /* for whoever asked */
    size_t size;
    int64_t at_ms; /* the instant that the engine has come to */
    int64_t pause_us;
    bool finds_break; /* not another configuration: the break before this boot was of unknown length after all */
    bool is_told;     /* why that could not be done */
    bool is_anew;     /* whichever engine goes on does so as over that */
};

/* --- saying so ----------------------------------------------------------------------------------------------- */

static void PRINTF_LIKE(2, 3) refuse(struct reload *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(r->out, r->size, format, arguments);
    va_end(arguments);
    if (r->is_anew) {
        log_error("windows begin anew in the engine that there was: %s", r->out);
    } else if (r->finds_break && !r->is_told) {
        log_error("windows that went on by a wrong hardware clock do not begin anew: %s", r->out);
    } else if (!r->finds_break) {
        log_error("the configuration is not loaded again: %s; the one before goes on", r->out);
    }
}

static void print_report(struct reload *r, const struct settings_report *report)
{
    FILE *stream = fmemopen(r->out, r->size, "w");
    settings_print_report(report, stderr, false);
    if (stream != NULL) {
        settings_print_report(report, stream, false);
        (void)fclose(stream); /* with a NUL behind what fitted */
    }
}

/* Whoever is answered may look there at once. */
static bool wait_for_note(const struct commit *commit)
{
    const int64_t until_us = clock_boot_us() + NOTE_WAIT_US;
    while (!commit_has_noted(commit) && clock_boot_us() < until_us) {
        clock_sleep_until_us(clock_boot_us() + NOTE_LOOK_US);
    }
    return commit_has_noted(commit);
}

static void note(const struct reload *r, const char *by, bool done)
{
    struct commit *commit = &r->g->now->commit;
    char text[STORE_AUDIT_MAX];
    struct json json;
    json_begin(&json, text, sizeof text);
    json_time(&json, "at", clock_wall_ms());
    json_text(&json, "kind", "reload");
    json_text(&json, "by", by);
    json_text(&json, "result", done ? "accepted" : "refused");
    json_hex(&json, "configuration", input_digest_configuration(&r->g->now->plan->engine), 16);
    json_hex(&json, "files", r->g->now->settings->files_digest, 16);
    json_text_open(&json, "text", sizeof text / 2);
    json_text_add(&json, r->out, strlen(r->out));
    json_text_close(&json);
    const size_t length = json_end(&json);
    if (length == 0 || !commit_note(commit, text, length)) {
        log_warning("this reload is not in the audit log");
    } else if (!wait_for_note(commit)) {
        log_warning("this reload is not in the audit log yet (%s)", status_text(store_state_status(&commit->state)));
    }
}

/* "; changed: b03 b07", the beds that go on with another class or other limits of their own; empty when there are none. */
static void list_changed(const struct plan *before, const struct plan *now, char text[CHANGED_TEXT_MAX])
{
    size_t length = 0;
    text[0] = '\0';
    for (uint16_t b = 0; b < now->engine.bed_count; b++) {
        const uint16_t old = bed_index(&before->engine, now->beds[b].id);
        const size_t room = CHANGED_TEXT_MAX - length;
        if (old == BED_NONE || plan_bed_is_same(before, &before->beds[old], now, &now->beds[b])) {
            continue;
        }
        if (room < SETTINGS_ID_MAX + sizeof "; changed:  ...") {
            (void)snprintf(text + length, room, " ...");
            return;
        }
        length += (size_t)snprintf(text + length, room, "%s %s", length == 0 ? "; changed:" : "", now->beds[b].id);
    }
}

static void tell(struct reload *r, const struct generation *before)
{
    const struct generation *now = r->g->now;
    char changed[CHANGED_TEXT_MAX];
    list_changed(before->plan, now->plan, changed);
    unsigned gone = 0, fresh = 0, lines = 0;
    for (uint16_t b = 0; b < before->plan->engine.bed_count; b++) {
        gone += bed_index(&now->plan->engine, before->plan->beds[b].id) == BED_NONE ? 1 : 0;
    }
    for (uint16_t b = 0; b < now->plan->engine.bed_count; b++) {
        fresh += bed_index(&before->plan->engine, now->plan->beds[b].id) == BED_NONE ? 1 : 0;
    }
    for (unsigned i = 0; i < now->plan->bus_count; i++) {
        lines += lines_find(before, now->lines[i]) >= 0 ? 1 : 0;
    }
    const unsigned kept = now->plan->engine.bed_count - fresh;
    (void)snprintf(r->out, r->size,
                   "reloaded: %u bed%s new, %u gone, %u %s on%s; %u of %u line%s untouched; %" PRId64 " ms", fresh,
                   plural_s(fresh), gone, kept, kept == 1 ? "goes" : "go", changed, lines, now->plan->bus_count,
                   plural_s(now->plan->bus_count), r->pause_us / 1000);
    log_note("%s", r->out);
}

/* --- what can be refused ------------------------------------------------------------------------------------- */

static struct settings *read_settings(struct reload *r)
{
    struct settings_report *report = calloc(1, sizeof *report);
    struct settings *settings = NULL;
    if (report == NULL) {
        refuse(r, "out of memory");
        return NULL;
    }
    if (settings_load(r->g->settings->file, gateway_profiles(), &settings, report) &&
        !settings_can_follow(r->g->settings, settings, report)) {
        settings_free(settings);
        settings = NULL;
    }
    print_report(r, report);
    if (settings == NULL) {
        log_error("the configuration is not loaded again (%s), the one before goes on", r->g->settings->file);
    }
    free(report);
    return settings;
}

/* A thread that hangs could not be taken its lines. */
static bool are_lines_well(struct reload *r)
{
    const struct generation *gen = r->g->now;
    for (unsigned i = 0; i < gen->runner_count; i++) {
        const int64_t alive_us = atomic_load(&gen->runners[i]->alive_us);
        if (clock_boot_us() - alive_us >= STILL_US) {
            refuse(r, "the thread of %s hangs; restart the gateway, or wait until it does so by itself",
                   gen->runner_names[i]);
            return false;
        }
    }
    return true;
}

/* Nothing could be restored from a store that does not commit, and less than the engine knows from one that cannot be read. */
static bool is_store_well(struct reload *r)
{
    struct commit *commit = &r->g->now->commit;
    struct store *store = atomic_load(&commit->store);
    if (store == NULL || store_state_is_failing(&commit->state, clock_boot_us())) {
        refuse(r, "alerts cannot be stored, so nothing could go on from the store; mend the disk first");
        return false;
    }
    const enum status status = restore_check(store, &r->g->now->plan->engine);
    if (status != STATUS_OK) {
        refuse(r,
               "part of the store cannot be read (%s), so alarms or windows would be lost; try again "
               "later, or restart the gateway",
               status_text(status));
    }
    return status == STATUS_OK;
}

static bool is_affordable(struct reload *r, const struct plan *plan)
{
    struct gateway_bill bill;
    gateway_measure(plan, &bill);
    if (bill.total > plan->settings->memory_bytes) {
        refuse(r, "the windows need %zu KiB, more than memory: allows (%s), see `wardgate check`", bill.total / 1024,
               plan->settings->file);
        return false;
    }
    const bool is_quick = plan_rule_cost_per_s(plan) <= plan_rule_cost_allowed(plan->settings);
    if (!is_quick) {
        refuse(r, "the rules take more of the processor than rule_load: allows (%s), see `wardgate check`",
               plan->settings->file);
    }
    return is_quick;
}

/* Both lists only grow while the gateway runs. */
static bool number_beds(struct reload *r, const struct generation *before, struct generation *next)
{
    next->journal_beds = before->journal_beds;
    if (!bed_numbers_add(&next->journal_beds, &next->plan->engine)) {
        refuse(r, "too many beds have come and gone since the start, restart the gateway");
        return false;
    }
    bed_numbers_numbers(&next->journal_beds, &next->plan->engine, next->journal_numbers);
    next->scores = before->scores;
    score_names_add(&next->scores, &next->plan->engine);
    return true;
}

static struct generation *build(struct reload *r, const struct settings *settings, const struct plan *plan)
{
    struct gateway *g = r->g;
    if (!bed_numbers_add(&g->line_beds, &plan->engine)) {
        refuse(r, "too many beds have come and gone since the start, restart the gateway");
        return NULL;
    }
    struct generation *next = generation_make(g, settings, plan, g->now);
    if (next == NULL) {
        refuse(r, "out of memory or file descriptors");
    } else if (!number_beds(r, g->now, next)) {
        generation_free(g, next, g->now);
        next = NULL;
    }
    return next;
}

static struct generation *plan_and_build(struct reload *r, struct settings *settings)
{
    struct plan *plan = calloc(1, sizeof *plan);
    const enum status status = plan != NULL ? plan_make(settings, plan) : STATUS_NO_MEMORY;
    struct generation *next = NULL;
    if (status != STATUS_OK) {
        refuse(r, "the plan cannot be made (%s)", status_text(status));
    } else if (is_affordable(r, plan)) {
        next = build(r, settings, plan);
    }
    if (next != NULL) {
        next->loaded = settings;
        next->planned = plan;
        return next;
    }
    if (status == STATUS_OK) {
        plan_free(plan);
    }
    free(plan);
    return NULL;
}

static struct generation *prepare(struct reload *r)
{
    struct settings *settings = read_settings(r);
    if (settings == NULL) {
        return NULL;
    }
    struct generation *next = are_lines_well(r) && is_store_well(r) ? plan_and_build(r, settings) : NULL;
    if (next == NULL) {
        settings_free(settings);
    }
    return next;
}

/* --- from one to the other ----------------------------------------------------------------------------------- */

/* Neither can go on: the next start does, from what is durable. Without a word to the broker, which says offline then. */
static _Noreturn void give_up(const char *what)
{
    log_error("a reload went wrong half-way (%s), the gateway ends and must be started again", what);
    _exit(EXIT_FAILURE);
}

/* The engine stands still, and all that it has said is durable. */
static bool settle(struct gateway *g, struct generation *before)
{
    deliver_hold(before->deliver, true);
    core_stop(&before->core);
    return commit_detach(&before->commit, &g->opened) && !core_has_left(&before->core);
}

static void unsettle(struct gateway *g, struct generation *before, const struct generation *next)
{
    g->opened = NULL;
    deliver_hold(before->deliver, false);
    if (commit_resume(&before->commit) != STATUS_OK || lines_enter(before, next) != STATUS_OK ||
        core_start(&before->core) != STATUS_OK) {
        give_up("no threads");
    }
}

/* A disk that works, as settle has just found, and still needs more than one patience of commit_detach. */
static void wait_for_commit(struct gateway *g, struct commit *commit)
{
    for (unsigned i = 0; !commit_detach(commit, &g->opened); i++) {
        if (i == PATIENCE_MAX) {
            give_up("alerts cannot be stored any more");
        }
        if (commit_resume(commit) != STATUS_OK) {
            give_up("no threads");
        }
    }
}

/* From here on the old engine is over. */
static void retire(struct reload *r, struct generation *before, const struct generation *next)
{
    bool retired;
    do {
        retired = core_retire(&before->core, &next->plan->engine, &r->at_ms);
        wait_for_commit(r->g, &before->commit);
    } while (!retired);
}

static bool come_down(struct reload *r, struct generation *before, struct generation *next)
{
    const enum status left = lines_leave(before, next);
    if (left != STATUS_OK) {
        give_up(status_text(left));
    }
    if (!settle(r->g, before)) {
        unsettle(r->g, before, next);
        refuse(r,
               "alerts are not stored within a second (%s), so nothing could go on from the store; try again, or mend "
               "the disk",
               status_text(store_state_status(&before->commit.state)));
        return false;
    }
    retire(r, before, next);
    deliver_detach(before->deliver);
    return true;
}

/* Rows that the broker has and the store does not know yet. */
static void pass_delivered(struct generation *before, struct generation *next)
{
    uint64_t row;
    while (ring_room(&next->delivered) > 0 && ring_pop(&before->delivered, &row, 1) == 1) {
        (void)ring_push(&next->delivered, &row);
    }
}

static enum status start(struct gateway *g, struct generation *gen)
{
    enum status status = commit_start(&gen->commit, g->opened);
    if (status != STATUS_OK) {
        return status;
    }
    g->opened = NULL;
    status = deliver_start(gen->deliver);
    if (status == STATUS_OK) {
        status = core_start(&gen->core);
        if (status == STATUS_OK) {
            return STATUS_OK;
        }
        deliver_detach(gen->deliver);
    }
    wait_for_commit(g, &gen->commit);
    return status;
}

struct carrying {
    const struct generation *before;
    struct generation *next;
};

static void carry_word(void *context, uint16_t bed, const char *name, int64_t at_ms)
{
    const struct carrying *c = context;
    const uint16_t now = bed_index(&c->next->plan->engine, c->before->plan->beds[bed].id);
    if (now != BED_NONE) {
        (void)engine_restore_said(c->next->engine, now, name, at_ms); /* false: it ended with the configuration */
    }
}

/* `other`: whose lines run beside those that both have. */
static enum status go_up(struct reload *r, struct generation *gen, const struct generation *other)
{
    engine_continue(gen->engine, r->at_ms);
    conditions_lines(&gen->conditions, gen->engine, r->at_ms, clock_boot_us());
    lines_aim(gen);
    if (r->finds_break) {
        core_announce(&gen->core); /* before commit_start: in its first group */
    }
    const enum status status = lines_enter(gen, other);
    return status == STATUS_OK ? start(r->g, gen) : status;
}

/* A recording is of one engine: its next part begins with this one. Without it the gateway goes on all the same. */
static void record_next(struct gateway *g, struct generation *gen)
{
    recorder_stop(&g->recorder, RECORDER_RELOADS);
    if (g->record != NULL &&
        (recorder_open(&g->recorder, g->record) != STATUS_OK || gateway_record(g, gen) != STATUS_OK)) {
        log_warning("nothing is recorded from this reload on");
    }
}

static enum restore_break break_of(const struct reload *r)
{
    return r->finds_break ? RESTORE_BREAK_FOUND : RESTORE_UNBROKEN;
}

/* As a start: what cannot be read stops nothing, but numbers, of which none may be given twice. */
static void restore_before(struct reload *r, struct generation *before, uint64_t least_seq)
{
    if (!gateway_restore_again(r->g, before, r->at_ms, break_of(r), least_seq)) {
        give_up("the store's numbers cannot be read");
    }
}

static void fall_back(struct reload *r, struct generation *before, struct generation *next)
{
    const uint64_t seq =
        engine_seq(before->engine); /* all in the store; what `next` gave is, too, or nobody has seen it */
    enum status status = lines_leave(next, before);
    gateway_show(r->g); /* takes the replies that lie in what is built anew */
    if (status == STATUS_OK) {
        generation_remake(r->g, before);
        record_next(r->g, before);
        restore_before(r, before, seq);
        generation_continue(before, next);
        status = go_up(r, before, next);
    }
    if (status != STATUS_OK) {
        give_up(status_text(status));
    }
}

static enum status restore_next(struct reload *r, struct generation *next)
{
    struct gateway *g = r->g;
    struct restore_counts counts;
    if (r->finds_break) { /* whichever engine goes on; the store hears of it with what that says */
        g->clock.unbroken_from_ms = g->clock_bridge.from_ms;
        atomic_store(&g->clock_hardware.anew, true);
        r->is_anew = true;
    }
    return gateway_restore(g, next, r->at_ms, break_of(r), &counts);
}

/* False: `before` goes on. */
static bool go_over(struct reload *r, struct generation *before, struct generation *next)
{
    const int64_t begun_us = clock_boot_us();
    if (!come_down(r, before, next)) {
        return false;
    }
    record_next(r->g, next);
    generation_continue(next, before);
    pass_delivered(before, next);
    enum status status = restore_next(r, next);
    if (status != STATUS_OK) {
        fall_back(r, before, next);
        refuse(r, "the store cannot be gone on from (%s), mend the disk first", status_text(status));
        return false;
    }
    engine_each_said(before->engine, carry_word, &(struct carrying){.before = before, .next = next});
    status = go_up(r, next, before);
    if (status != STATUS_OK) {
        fall_back(r, before, next);
        refuse(r, "it does not start (%s), give the box more memory or file descriptors", status_text(status));
        return false;
    }
    r->g->now = next;
    r->pause_us = clock_boot_us() - begun_us;
    return true;
}

bool gateway_reload(struct gateway *g, const char *by, char *out, size_t size)
{
    struct reload r = {.g = g, .out = out, .size = size};
    struct generation *before = g->now;
    out[0] = '\0';
    vigil_detach(&g->vigil);
    metrics_detach(&g->metrics);
    struct generation *next = prepare(&r);
    const bool done = next != NULL && go_over(&r, before, next);
    if (done) {
        tell(&r, before);
    }
    gateway_show(g);
    if (next != NULL) {
        generation_free(g, done ? before : next, g->now);
    }
    watch_generation(g);
    note(&r, by, done);
    return done;
}

bool gateway_begin_windows_anew(struct gateway *g, bool is_told)
{
    struct reload r = {.g = g, .out = g->reload_text, .size = RELOAD_TEXT_MAX, .finds_break = true, .is_told = is_told};
    struct generation *before = g->now;
    vigil_detach(&g->vigil);
    metrics_detach(&g->metrics);
    struct generation *next =
        are_lines_well(&r) && is_store_well(&r) ? build(&r, before->settings, before->plan) : NULL;
    const bool done = next != NULL && go_over(&r, before, next);
    if (done) {
        next->loaded = before->loaded;
        next->planned = before->planned;
        before->loaded = NULL;
        before->planned = NULL;
    }
    gateway_show(g);
    generation_free(g, done ? before : next, g->now);
    watch_generation(g);
    return r.is_anew;
}
