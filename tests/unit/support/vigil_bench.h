/*
 * vigil_bench.h: what a vigil looks at, all of it alive at START_US. Included by one file of a program.
 */
#ifndef WARDGATE_TESTS_VIGIL_BENCH_H
#define WARDGATE_TESTS_VIGIL_BENCH_H

#include <string.h>

#include "app/flow/vigil.h"

#define SECOND_US INT64_C(1000000)
#define START_US  (INT64_C(5000) * SECOND_US)
#define BIT(x)    (1U << (x))

static struct board board;
static struct store_state store_state;
static struct runner runner;
static const struct runner *const runners[] = {&runner};
static const char *const runner_names[] = {"line-a"};
static struct annunciator annunciator;
static struct vigil_config config;
static struct vigil_parts parts;
static int64_t main_us;

static inline int set_up(void **state)
{
    (void)state;
    memset(&board, 0, sizeof board);
    memset(&store_state, 0, sizeof store_state);
    memset(&runner, 0, sizeof runner);
    annunciator_init(&annunciator, &(struct annunciator_config){.gateway = "gw-1"});
    config = (struct vigil_config){.lost_after_us = 30 * SECOND_US, .annunciator = &annunciator};
    parts = (struct vigil_parts){.board = &board,
                                 .store_state = &store_state,
                                 .runners = runners,
                                 .runner_names = runner_names,
                                 .runner_count = 1,
                                 .bed_count = 8};
    atomic_store(&board.uplink_connected, true);
    atomic_store(&board.uplink_changed_us, START_US);
    main_us = START_US;
    return 0;
}

static inline void all_alive(int64_t at_us)
{
    atomic_store(&board.engine_alive_us, at_us);
    atomic_store(&board.store_alive_us, at_us);
    atomic_store(&board.deliver_alive_us, at_us);
    atomic_store(&runner.alive_us, at_us);
    main_us = at_us;
}

#endif
