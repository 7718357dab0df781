/*
 * board.h: the newest view of every bed and of the gateway's parts, put up by their threads for whoever shows them.
 *
 * The engine thread puts bed views up; the deliver thread and the status socket take copies. A short mutex guards each
 * copy: nobody holds it while doing anything else. Health figures of buses and runners are atomics of their own
 * (driver.h).
 */
#ifndef WARDGATE_BOARD_H
#define WARDGATE_BOARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/engine.h"

struct board {
    pthread_mutex_t mutex;
    struct bed_view *views;
    uint64_t *versions; /* counts the puts of each bed */
    uint16_t bed_count;
    /* each written by the thread that owns the figure */
    atomic_bool uplink_connected;
    atomic_uint uplink_connects;
    atomic_llong uplink_changed_us; /* CLOCK_BOOTTIME of its newest change */
    atomic_uint uplink_broker;      /* index in use */
    atomic_llong uplink_refused_us; /* CLOCK_BOOTTIME of the newest publish that the broker refused; 0: none */
    atomic_bool uplink_unheard;     /* the newest alert found no subscriber, and nothing has found one since (MQTT 5) */
    atomic_ullong delivered_row,
        delivered_seq; /* everything up to them was acknowledged or is no longer in the outbox */
    atomic_ullong observations, observations_late, journal_dropped;
    atomic_llong engine_alive_us, store_alive_us, deliver_alive_us;
};

void board_init(struct board *board, struct arena *arena, uint16_t bed_count);
void board_put(struct board *board, const struct bed_view *view);
/* Copies the view of `bed`; returns its version (0: nothing was put up yet, *out is untouched). */
uint64_t board_take(struct board *board, uint16_t bed, struct bed_view *out);
uint64_t board_version(struct board *board, uint16_t bed);

#endif
