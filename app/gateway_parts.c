/*
 * Starts the parts of the gateway in order, watches until a signal says stop, and stops them in reverse.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/flow/log.h"
#include "app/flow/restore.h"
#include "app/flow/status_socket.h"
#include "app/gateway_internal.h"
#include "hal/clock.h"

#define LOOK_MS 1000 /* main looks for changes to log */

static enum status start_signals(struct gateway *g)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    g->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return g->signal_fd >= 0 ? STATUS_OK : STATUS_IO;
}

static void stop_signals(struct gateway *g)
{
    (void)close(g->signal_fd);
}

static void stop_buses(struct gateway *g)
{
    for (unsigned r = 0; r < g->runner_count; r++) {
        runner_stop(&g->runners[r]);
    }
}

static enum status start_buses(struct gateway *g)
{
    for (unsigned r = 0; r < g->runner_count; r++) {
        const enum status status = runner_start(&g->runners[r], g->runner_names[r], 0);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* Ids of stays come from the epoch: another store, other ids. */
static void restore(struct gateway *g, const struct restore_clock *now)
{
    struct restore_counts counts = {.alarms = 0};
    const bool continuous = restore_clock(g->opened, now, &g->clock);
    g->timebase.anchor_ms = g->clock.anchor_ms;
    engine_seed(g->engine, strtoull(g->epoch, NULL, 16));
    engine_clock_synced(g->engine, now->synced);
    if (g->opened == NULL) {
        return;
    }
    const int64_t now_ms = timebase_engine_ms(&g->timebase, now->boot_us);
    const enum status status = restore_engine(g->opened, &g->plan->engine, g->engine, now_ms,
                                              gateway_journal_keep_ms(g->plan), continuous, &counts);
    if (status != STATUS_OK) {
        log_warning("part of the store could not be read (%s: %s), the rest is restored", g->settings->store.path,
                    status_text(status));
    }
    if (counts.alarms + counts.alarms_gone + counts.observations > 0) {
        log_note("restored %u alarms and %u observations%s; %u alarms have no rule any more", counts.alarms,
                 counts.observations, continuous ? "" : ", after a break of unknown length", counts.alarms_gone);
    }
}

static void open_store(struct gateway *g)
{
    const struct store_config config = {.path = g->settings->store.path, .size_bytes = g->settings->store.size_bytes};
    const enum status status = store_open(&config, &g->opened);
    if (status == STATUS_CORRUPT && g->opened != NULL) {
        log_error("the store was damaged and is set aside (%s), a new one begins", store_set_aside_path(g->opened));
    } else if (status != STATUS_OK) {
        log_error("the store cannot be opened (%s: %s), it is tried again and again; alerts are sent without being "
                  "safe from a "
                  "power cut",
                  config.path, status_text(status));
    }
    if (g->opened != NULL) {
        (void)snprintf(g->epoch, sizeof g->epoch, "%s", store_epoch(g->opened));
    }
}

/* The buses run already: what they bring waits in their rings until the engine goes on from the store. */
static enum status start_engine_state(struct gateway *g)
{
    struct restore_clock now = {
        .boot_us = clock_boot_us(), .wall_ms = clock_wall_ms(), .synced = clock_is_synchronised()};
    clock_boot_id(now.boot_id);
    open_store(g);
    restore(g, &now);
    const int64_t now_ms = timebase_engine_ms(&g->timebase, now.boot_us);
    engine_begin(g->engine, now_ms > engine_now(g->engine) ? now_ms : engine_now(g->engine));
    conditions_start(&g->conditions, now.boot_us);
    return STATUS_OK;
}

static void drop_engine_state(struct gateway *g)
{
    store_close(g->opened); /* NULL once the store thread has it */
}

static enum status start_commit(struct gateway *g)
{
    struct store *opened = g->opened;
    g->opened = NULL;
    return commit_start(&g->commit, opened);
}

/* A disk that does not come back from a write holds a thread that nothing can end but the end of the program. */
static void stop_commit(struct gateway *g)
{
    if (!commit_stop(&g->commit)) {
        log_error("the disk does not answer (%s), its newest alerts are not stored", g->settings->store.path);
        _exit(EXIT_FAILURE);
    }
}

static enum status start_deliver(struct gateway *g)
{
    return deliver_start(g->deliver);
}

static void stop_deliver(struct gateway *g)
{
    deliver_stop(g->deliver);
}

static enum status start_core(struct gateway *g)
{
    return core_start(&g->core);
}

static void stop_core(struct gateway *g)
{
    core_stop(&g->core);
}

/* Without it the gateway works all the same. */
static enum status start_status(struct gateway *g)
{
    const char *path = g->settings->status_socket;
    const enum status status = status_socket_open(path, &g->status_fd);
    if (status != STATUS_OK) {
        log_warning("`wardgate status` will not work (%s: %s), mend it and start again", path, status_text(status));
    }
    return STATUS_OK;
}

static void stop_status(struct gateway *g)
{
    status_socket_close(g->settings->status_socket, g->status_fd);
}

/* What comes up in this order goes down in reverse. Buses first: the first request is on the wire before the store is open. */
static const struct {
    const char *name;
    enum status (*start)(struct gateway *g);
    void (*stop)(struct gateway *g);
} parts[] = {{"signals", start_signals, stop_signals},
             {"lines to monitors", start_buses, stop_buses},
             {"engine state", start_engine_state, drop_engine_state},
             {"store", start_commit, stop_commit},
             {"uplink", start_deliver, stop_deliver},
             {"engine", start_core, stop_core},
             {"status socket", start_status, stop_status}};
enum { PART_COUNT = sizeof parts / sizeof parts[0] };

/* Looks for changes once a second and answers `wardgate status`, until a signal says stop. */
static void watch(struct gateway *g)
{
    struct pollfd waiting[] = {{.fd = g->signal_fd, .events = POLLIN}, {.fd = g->status_fd, .events = POLLIN}};
    int64_t look_us = clock_boot_us();
    for (;;) {
        const int ready = poll(waiting, 2, LOOK_MS);
        if (ready > 0 && (waiting[0].revents & POLLIN) != 0) {
            log_note("stopping");
            return;
        }
        if (ready > 0 && (waiting[1].revents & POLLIN) != 0) {
            status_socket_serve(g->status_fd, &g->report, g->report_text);
        }
        if (clock_boot_us() - look_us >= LOOK_MS * 1000) {
            look_us = clock_boot_us();
            notices_look(&g->notices, &g->report);
        }
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
            log_error("cannot start the %s (%s), give the box more memory or file descriptors", parts[started].name,
                      status_text(status));
        }
    }
    if (whole) {
        log_note("%s watches %u beds; secondary notification, the monitors' own alarms come first",
                 g->settings->gateway.id, g->plan->engine.bed_count);
        watch(g);
    }
    while (started > 0) {
        parts[--started].stop(g);
    }
    return whole;
}
