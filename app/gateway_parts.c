/*
 * Starts the parts of the gateway in order, watches until a signal says stop, and stops them in reverse.
 */
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/engine/plural.h"
#include "app/flow/input_line.h"
#include "app/flow/json.h"
#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "hal/clock.h"
#include "hal/service.h"

#define LOOK_MS 1000 /* main looks for changes to log */

#define IDS_BLOCK  65536U /* of a run: more than it gives while the store takes nothing */
#define IDS_BLOCKS 65536U

static enum status start_signals(struct gateway *g)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    g->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return g->signal_fd >= 0 ? STATUS_OK : STATUS_IO;
}

static void stop_signals(struct gateway *g)
{
    (void)close(g->signal_fd);
}

static void stop_lines(struct gateway *g)
{
    g->has_left_behind |= lines_leave(g->now, NULL) != STATUS_OK;
}

static enum status start_lines(struct gateway *g)
{
    lines_aim(g->now);
    const enum status status = lines_enter(g->now, NULL);
    if (status != STATUS_OK) {
        stop_lines(g); /* some run */
    }
    return status;
}

/* The journal's list goes on, unless it has become so long that there might be no room for the beds of the next configurations. */
static void number_beds(struct gateway *g)
{
    struct bed_numbers *beds = &g->now->journal_beds;
    const struct engine_config *config = &g->now->plan->engine;
    if (g->opened != NULL) {
        bed_numbers_read(beds, g->opened, STATE_BEDS);
    }
    if (beds->size > sizeof beds->text / 2 || beds->count > BED_NUMBERS_MAX / 2) {
        *beds = (struct bed_numbers){.count = 0};
    }
    const bool numbered = bed_numbers_add(beds, config);
    assert(numbered); /* half of the list has room for every configuration */
    (void)numbered;
    bed_numbers_numbers(beds, config, g->now->journal_numbers);
    if (g->opened != NULL) {
        score_names_read(&g->now->scores, g->opened);
    }
    score_names_add(&g->now->scores, config);
}

/* Stays are shown with vitals before they are committed, and their ids come from these numbers: which of them a run that was killed gave nobody knows, so
 * this one takes a block of its own. Chance keeps it from that of a run before that could commit nothing at all. */
static uint64_t ids_to_skip(const struct gateway *g)
{
    const uint64_t chance = strtoull(g->boot, NULL, 16) % IDS_BLOCKS;
    return (1 + chance) * IDS_BLOCK;
}

enum status gateway_restore(struct gateway *g, struct generation *gen, int64_t now_ms, enum restore_break how,
                            struct restore_counts *out)
{
    engine_seed(gen->engine,
                strtoull(g->epoch, NULL, 16)); /* ids of stays come from the epoch: another store, other ids */
    engine_clock_synced(gen->engine, clock_is_synchronised());
    *out = (struct restore_counts){.alarms = 0};
    if (g->opened == NULL) {
        return STATUS_OK;
    }
    const enum status status =
        restore_engine(g->opened, &gen->plan->engine, gen->engine, now_ms, generation_journal_keep_ms(gen->plan), how,
                       g->clock.unbroken_from_ms, out);
    engine_skip_ids(gen->engine,
                    ids_to_skip(g)); /* after a reload, too: this run may not have committed any number yet */
    return status;
}

/* A commit that failed half-way leaves an opening through which nothing can be read. The first try finds that out, the second one opens it anew. */
static void open_anew(struct gateway *g)
{
    enum status status = g->opened != NULL ? store_begin(g->opened) : STATUS_CLOSED;
    if (g->opened != NULL && status != STATUS_OK) {
        status = store_begin(g->opened);
    }
    if (status == STATUS_OK) {
        store_abort(g->opened);
    }
}

bool gateway_restore_again(struct gateway *g, struct generation *gen, int64_t now_ms, enum restore_break how,
                           uint64_t least_seq)
{
    struct restore_counts counts;
    open_anew(g);
    const enum status status = gateway_restore(g, gen, now_ms, how, &counts);
    if (status != STATUS_OK) {
        log_warning("part of the store could not be read (%s: %s), the rest is restored", g->settings->store.path,
                    status_text(status));
    }
    return engine_seq(gen->engine) >= least_seq;
}

static void restore(struct gateway *g, const struct restore_clock *now)
{
    struct restore_counts counts;
    const bool continuous = restore_clock(g->opened, now, &g->clock);
    g->timebase.anchor_ms = g->clock.anchor_ms;
    restore_clock_record(g->opened, &g->clock, now, g->epoch, &g->clock_record);
    restore_clock_bridge(g->opened, &g->clock, now, continuous, &g->clock_bridge);
    const int64_t now_ms = timebase_engine_ms(&g->timebase, now->boot_us);
    const enum status status =
        gateway_restore(g, g->now, now_ms, continuous ? RESTORE_UNBROKEN : RESTORE_BROKEN, &counts);
    if (status != STATUS_OK) {
        log_warning("part of the store could not be read (%s: %s), the rest is restored", g->settings->store.path,
                    status_text(status));
    }
    if (counts.alarms + counts.alarms_gone + counts.observations > 0) {
        log_note("restored %u alarm%s and %u observation%s%s; %u alarm%s no rule any more", counts.alarms,
                 plural_s(counts.alarms), counts.observations, plural_s(counts.observations),
                 !continuous                 ? ", after a break of unknown length"
                 : g->clock_bridge.open != 0 ? ", over a break as long as the hardware clock says"
                                             : "",
                 counts.alarms_gone, counts.alarms_gone == 1 ? " has" : "s have");
    }
}

static const char *store_advice(enum status status)
{
    return status == STATUS_WRONG_VERSION   ? "; start the wardgate that wrote it, or move it away"
           : status == STATUS_OTHER_MACHINE ? "; put it back to where it was written, or move it away"
                                            : "";
}

static void tell_larger(const struct store_config *config, struct store *store)
{
    struct store_usage usage;
    store_usage(store, &usage);
    if (usage.alerts_bytes_max > config->size_bytes) {
        log_warning(
            "the store holds more than store.size has room for (%s), it stays larger until history has given way",
            config->path);
    }
}

static uint64_t stored_seq(struct store *store)
{
    struct state_numbers numbers;
    size_t length = 0;
    const enum status status = store_get_state(store, STATE_NUMBERS, &numbers, sizeof numbers, &length);
    return status == STATUS_OK && length == sizeof numbers ? numbers.seq : 0;
}

/* Its epoch goes on when all names that were given in it are in the store, as in one that has just been made. Else ours is a new one, which takes the store over with its first commit, and
 * goes on with the numbers (around.h). */
void gateway_name_epoch(struct gateway *g)
{
    const char *found = store_epoch(g->opened);
    const uint64_t seq = stored_seq(g->opened);
    const enum status status = around_open(&g->around, g->settings->store.path);
    if (status != STATUS_OK) {
        log_warning("the system keeps no memory for the store (/dev/shm: %s), so the next start begins a new epoch",
                    status_text(status));
    }
    epochs_read(&g->epochs_before, g->opened);
    if (store_is_new(g->opened) || around_is_settled(&g->around, found, seq)) {
        (void)snprintf(g->epoch, sizeof g->epoch, "%s", found);
    } else {
        epochs_add(&g->epochs_before, found);
        log_note("a new epoch begins (%s behind %s): nobody knows whether alerts were sent that are not in the store; "
                 "numbers go on",
                 g->epoch, found);
    }
    around_begin(&g->around, g->epoch, seq);
}

/* One that another gateway has is told by tell_fault. */
static enum status open_store(struct gateway *g)
{
    const struct store_config config = {.path = g->settings->store.path, .size_bytes = g->settings->store.size_bytes};
    const enum status status = store_open(&config, &g->opened);
    if (status == STATUS_CORRUPT && g->opened != NULL) {
        log_error("the store was damaged and is set aside (%s), a new one begins", store_set_aside_path(g->opened));
    } else if (status != STATUS_OK && status != STATUS_BUSY) {
        log_error("the store cannot be opened (%s: %s), it is tried again and again; alerts are sent without being "
                  "safe from a power cut%s",
                  config.path, status_text(status), store_advice(status));
    }
    if (g->opened != NULL && store_lacks_room(g->opened)) {
        log_warning("the disk is full (%s), the store goes on with what it has, make room", config.path);
    }
    if (g->opened != NULL && store_schema(g->opened) < STORE_SCHEMA) {
        log_note("the store keeps the form of the version before (schema %u of %u), until this one has proved itself",
                 store_schema(g->opened), STORE_SCHEMA);
    }
    if (g->opened != NULL) {
        tell_larger(&config, g->opened);
        gateway_name_epoch(g);
    }
    return status == STATUS_BUSY ? STATUS_BUSY : STATUS_OK;
}

enum status gateway_record(struct gateway *g, struct generation *gen)
{
    const struct engine_config *config = &gen->plan->engine;
    struct input_head head = {.configuration = input_digest_configuration(config)};
    if (g->record == NULL) {
        return STATUS_OK;
    }
    (void)snprintf(head.program, sizeof head.program, "%s", WARDGATE_VERSION);
    (void)snprintf(head.gateway, sizeof head.gateway, "%s", g->settings->gateway.id);
    (void)snprintf(head.boot, sizeof head.boot, "%s", g->boot);
    (void)snprintf(head.epoch, sizeof head.epoch, "%s", g->epoch);
    return recorder_start(&g->recorder, gen->engine, config, &head);
}

/* The lines run already: what they bring waits in their rings until the engine goes on from the store. */
static enum status start_engine_state(struct gateway *g)
{
    struct restore_clock now = {
        .boot_us = clock_boot_us(), .wall_ms = clock_wall_ms(), .synced = clock_is_synchronised()};
    now.is_hardwares = gateway_ask_hardware_clock(g);
    struct engine *engine = g->now->engine;
    clock_boot_id(now.boot_id);
    const enum status opened = open_store(g);
    if (opened != STATUS_OK) {
        return opened;
    }
    const enum status recording = gateway_record(g, g->now);
    if (recording != STATUS_OK) {
        return recording;
    }
    restore(g, &now);
    if (g->opened != NULL) {
        writer_find_waiting(&g->now->commit.writer, g->opened);
    }
    number_beds(g);
    const int64_t now_ms = timebase_engine_ms(&g->timebase, now.boot_us);
    engine_begin(engine, now_ms > engine_now(engine) ? now_ms : engine_now(engine));
    conditions_start(&g->now->conditions, now.boot_us);
    return STATUS_OK;
}

static void drop_engine_state(struct gateway *g)
{
    recorder_stop(&g->recorder, RECORDER_STOPS);
    store_close(g->opened); /* NULL once the store thread has it */
    around_close(&g->around);
}

static enum status start_commit(struct gateway *g)
{
    const enum status status = commit_start(&g->now->commit, g->opened);
    if (status == STATUS_OK) {
        g->opened = NULL;
    }
    return status;
}

/* A disk that does not come back from a write holds a thread that nothing can end but the end of the program. */
static void stop_commit(struct gateway *g)
{
    atomic_store(&g->clock_hardware.ends, strcmp(service_stop_reason(), SERVICE_STOPPED) != 0);
    if (!commit_stop(&g->now->commit)) {
        log_error("the disk does not answer (%s), its newest alerts are not stored", g->settings->store.path);
        vigil_stop(&g->vigil, false); /* a disk that hangs resets nothing */
        _exit(EXIT_FAILURE);
    }
}

static enum status start_deliver(struct gateway *g)
{
    return deliver_start(g->now->deliver);
}

static void stop_deliver(struct gateway *g)
{
    deliver_stop(g->now->deliver);
}

/* Opened with the deliver thread, closed when the store's, which raise its wake, have ended. */
static enum status begin_link(struct gateway *g)
{
    (void)g;
    return STATUS_OK;
}

static void close_link(struct gateway *g)
{
    deliver_link_close(g->link);
}

static enum status start_core(struct gateway *g)
{
    return core_start(&g->now->core);
}

static void stop_core(struct gateway *g)
{
    core_stop(&g->now->core);
}

void gateway_show(struct gateway *g)
{
    struct generation *gen = g->now;
    local_attach(&g->local, &(struct local_parts){.report = &gen->report,
                                                  .commands = &gen->commands[ORIGIN_LOCAL],
                                                  .replies = &gen->replies[ORIGIN_LOCAL],
                                                  .engine_wake = &g->engine_wake});
    metrics_attach(&g->metrics, &gen->report);
}

/* Without it the gateway works all the same. */
static enum status start_status(struct gateway *g)
{
    const char *path = g->settings->status_socket;
    gateway_show(g);
    const enum status status = local_open(&g->local, path);
    if (status != STATUS_OK) {
        log_warning("`wardgate status` will not work (%s: %s), mend it and start again", path, status_text(status));
    }
    return STATUS_OK;
}

static void stop_status(struct gateway *g)
{
    local_close(&g->local);
}

static enum status start_metrics(struct gateway *g)
{
    return metrics_start(&g->metrics);
}

static void stop_metrics(struct gateway *g)
{
    g->has_left_behind |= !metrics_stop(&g->metrics);
}

/* What comes up in this order goes down in reverse. Who watches comes before all that may hang, and goes behind it; then buses: the first request is on the
 * wire before the store is open. */
static const struct {
    const char *name;
    enum status (*start)(struct gateway *g);
    void (*stop)(struct gateway *g);
} parts[] = {{"signals", start_signals, stop_signals},
             {"local alarm", start_annunciator, stop_annunciator},
             {"vigil", start_vigil, stop_vigil},
             {"lines to monitors", start_lines, stop_lines},
             {"engine state", start_engine_state, drop_engine_state},
             {"connection", begin_link, close_link},
             {"store", start_commit, stop_commit},
             {"uplink", start_deliver, stop_deliver},
             {"engine", start_core, stop_core},
             {"status socket", start_status, stop_status},
             {"metrics", start_metrics, stop_metrics}};
enum { PART_COUNT = sizeof parts / sizeof parts[0] };

/* Every signal that waits; SIGTERM comes first, whatever else does. False: stop. */
static bool take_signals(struct gateway *g)
{
    struct signalfd_siginfo signal;
    bool reload = false;
    while (read(g->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo != SIGHUP) {
            log_note("stopping");
            (void)gateway_ask_hardware_clock(g); /* commit has time to store that */
            return false;
        }
        reload = true;
    }
    if (reload) {
        (void)gateway_reload(g, "SIGHUP", g->reload_text, RELOAD_TEXT_MAX);
    }
    return true;
}

/* What the broker refuses, as rows of the audit log; it waits while the log has no room. */
static void note_asides(struct gateway *g)
{
    struct commit *commit = &g->now->commit;
    char text[STORE_AUDIT_MAX];
    size_t length = 0;
    while (ring_room(&commit->notes) > 0 &&
           (length = asides_write(&g->asides, clock_wall_ms(), text, sizeof text)) > 0) {
        const bool noted = commit_note(commit, text, length);
        assert(noted); /* there was room */
        (void)noted;
    }
}

/* Looks for changes once a second and answers who asks over the local socket, until a signal says stop, or a thread that hangs. */
static void watch(struct gateway *g)
{
    struct pollfd waiting[] = {{.fd = g->signal_fd, .events = POLLIN},
                               {.fd = g->local.fd, .events = POLLIN},
                               {.fd = g->local.wake.fd, .events = POLLIN}};
    int64_t look_us = clock_boot_us();
    for (;;) {
        const int local_ms = local_wait_ms(&g->local);
        vigil_sign(&g->vigil);
        const int ready = poll(waiting, 3, local_ms >= 0 && local_ms < LOOK_MS ? local_ms : LOOK_MS);
        if (ready > 0 && (waiting[0].revents & POLLIN) != 0 && !take_signals(g)) {
            return;
        }
        if (ready > 0 || local_ms >= 0) {
            local_step(&g->local);
        }
        if (clock_boot_us() - look_us >= LOOK_MS * 1000) {
            look_us = clock_boot_us();
            notices_look(&g->now->notices, &g->now->report);
            note_asides(g);
            gateway_look_at_clock(g, look_us);
            trend_keeper_tend(&g->now->trends, look_us);
            g->starts_anew = watch_wants_restart(g, look_us);
        }
        if (g->starts_anew) {
            return;
        }
    }
}

/* Two gateways would answer for the same beds and take the broker's session from each other. */
static void tell_fault(const struct gateway *g, const char *part, enum status status)
{
    if (status == STATUS_BUSY) {
        log_error("another gateway runs with this store (%s), stop it first (`systemctl stop wardgate`) or look at it "
                  "with `wardgate status`",
                  g->settings->store.path);
    } else {
        log_error("cannot start the %s (%s), give the box more memory or file descriptors", part, status_text(status));
    }
}

/* A row of the audit log; not waited for. Rules, limits and beds in force are in the digest, which recordings begin with, too. */
static void note_start(struct gateway *g)
{
    char text[STORE_AUDIT_MAX];
    struct json json;
    json_begin(&json, text, sizeof text);
    json_time(&json, "at", clock_wall_ms());
    json_text(&json, "kind", "start");
    json_text(&json, "version", g->now->payloads.version);
    json_text(&json, "boot", g->now->payloads.boot);
    json_text(&json, "epoch", g->now->payloads.epoch);
    json_hex(&json, "configuration", input_digest_configuration(&g->now->plan->engine), 16);
    json_hex(&json, "files", g->now->settings->files_digest, 16);
    const size_t length = json_end(&json);
    if (length == 0 || !commit_note(&g->now->commit, text, length)) {
        log_warning("this start is not in the audit log");
    }
}

bool gateway_run_parts(struct gateway *g)
{
    unsigned started = 0;
    bool whole = true;
    for (; started < PART_COUNT && whole; started += whole ? 1 : 0) {
        const enum status status = parts[started].start(g);
        whole = status == STATUS_OK;
        if (!whole) {
            tell_fault(g, parts[started].name, status);
        }
    }
    if (whole) {
        watch_generation(g);
        log_note("%s watches %u bed%s; secondary notification, the monitors' own alarms come first",
                 g->settings->gateway.id, g->now->plan->engine.bed_count, plural_s(g->now->plan->engine.bed_count));
        note_start(g);
        watch(g);
    }
    watch_stops(g);
    while (started > 0) {
        parts[--started].stop(g);
    }
    return whole;
}
