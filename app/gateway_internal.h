/*
 * gateway_internal.h: the gateway as its two files see it: gateway.c builds it, gateway_parts.c starts, watches and stops it.
 */
#ifndef WARDGATE_GATEWAY_INTERNAL_H
#define WARDGATE_GATEWAY_INTERNAL_H

#include "app/flow/acquire.h"
#include "app/flow/board.h"
#include "app/flow/commit.h"
#include "app/flow/conditions.h"
#include "app/flow/core.h"
#include "app/flow/deliver.h"
#include "app/flow/notices.h"
#include "app/flow/report.h"
#include "app/gateway.h"

#define CLIENT_ID_MAX 64

struct gateway {
    const struct settings *settings;
    const struct plan *plan;
    struct arena arena;

    char boot[9], epoch[STORE_EPOCH_MAX], client_id[CLIENT_ID_MAX];
    struct payload_context payloads;
    struct timebase timebase;
    struct state_clock clock;
    const char *brokers[SETTINGS_BROKERS_MAX];
    struct uplink_broker uplink_brokers[SETTINGS_BROKERS_MAX];

    struct board board;
    struct engine *engine;
    struct core core;
    struct commit commit;
    struct deliver *deliver;
    struct acquire_bus *buses;
    struct runner *runners;
    const char **runner_names;
    uint16_t runner_count;
    struct ring records, journal, delivered, direct;
    struct conditions conditions;
    struct notices notices;
    struct report report;
    char *report_text;
    struct store *opened; /* between store_open and commit_start */
    int status_fd, signal_fd;
};

/* How far back the journal reaches. */
uint32_t gateway_journal_keep_ms(const struct plan *plan);

/* Starts every part, watches until a signal says stop, stops every part in reverse. False when a part could not start. */
bool gateway_run_parts(struct gateway *g);

#endif
