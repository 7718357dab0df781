/*
 * board.h: the newest view of every bed and of the gateway's parts, put up by their threads for whoever shows them.
 *
 * The engine thread puts bed views up; the deliver thread and the status socket take copies. A short mutex guards each
 * copy: nobody holds it while doing anything else. Health figures of buses and runners are atomics of their own
 * (driver.h).
 *
 * Most news of a bed are values that may wait until its vitals are due again. So the deliver thread says of each bed
 * whether it wants to be woken for mere values (board_want); it is for anything else.
 */
#ifndef WARDGATE_BOARD_H
#define WARDGATE_BOARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/admissions.h"
#include "app/engine/arena.h"
#include "app/engine/engine.h"
#include "app/engine/staffing.h"
#include "app/flow/clock_record.h"
#include "app/flow/presence.h"
#include "drivers/uplink/uplink.h"

/* Of one bed; written under the mutex, counts are also read without it to look whether there are news. */
struct board_news {
    atomic_ullong version; /* counts its puts */
    atomic_ullong changes; /* of them, those that changed anything but values and instants */
    bool unwanted;
};

enum broker_answer { BROKER_UNKNOWN, BROKER_ANSWERS, BROKER_SILENT };
#define BOARD_BROKERS_MAX 4

struct board {
    pthread_mutex_t mutex;
    struct bed_view *views;
    struct board_news *news;
    uint16_t bed_count;
    /* each written by the thread that owns the figure */
    atomic_bool uplink_connected;
    atomic_uint uplink_connects;
    atomic_llong uplink_changed_us; /* CLOCK_BOOTTIME of its newest change */
    /* Connections that did not come to be, that were lost, and of those the ones given up because nothing was acknowledged; publishes refused, alerts that found no
     * subscriber; rounds that were made because a call of the library did not come back. */
    atomic_ullong uplink_failures, uplink_losses, uplink_unacknowledged, uplink_refusals, uplink_unheard_alerts,
        uplink_stand_ins;
    atomic_llong uplink_waits_us;                  /* for how long the oldest publish under way has waited */
    atomic_uint uplink_broker;                     /* index in use */
    atomic_uint broker_answers[BOARD_BROKERS_MAX]; /* enum broker_answer, as it was asked or tried last */
    atomic_bool uplink_moves;       /* not connected, because it goes over to another broker on purpose */
    atomic_bool uplink_aside;       /* alerts that the broker refuses are set aside */
    char refused[ALERT_DETAIL_MAX]; /* the newest refusal: of what, and why; under the mutex */
    atomic_llong uplink_refused_us; /* CLOCK_BOOTTIME of the newest publish that the broker refused; 0: none */
    struct presence presence;       /* which boards are there; under the mutex */
    atomic_uint boards_lately;      /* how many were looked at within the last minute */
    atomic_llong boards_known_us;   /* CLOCK_BOOTTIME since when they are listened for: this connection's beginning */
    atomic_ullong boards_bad, boards_dropped; /* what they said: not understood, and left out as too much */
    atomic_bool uplink_unheard; /* the newest alert found no subscriber, and nothing has found one since (MQTT 5) */
    atomic_ullong delivered_row,
        delivered_seq;                    /* everything up to them was acknowledged or is no longer in the outbox */
    atomic_ullong passed_row, passed_seq; /* the same, but for rows that are damaged: nobody can send those */
    atomic_ullong observations, observations_late, observations_replaced, journal_dropped;
    atomic_ullong window_overruns, alarms_dropped; /* as the engine counts them, since it was made */
    atomic_ullong commands, commands_dropped;      /* from the broker: taken, and left out as too many at once */
    atomic_llong engine_alive_us, store_alive_us, deliver_alive_us;
    atomic_ullong high_seq; /* of the newest alert of high priority but an end, since the start; 0: none */
    atomic_ullong high_row; /* of the newest one that waited when the store was opened; 0: none */
    struct uplink_certificate certificate; /* that of the uplink which ends first; under the mutex */
    atomic_uint ward_puts;                 /* counts those of the two below, to look whether there are news */
    struct admissions admissions;          /* as the store has them; under the mutex */
    struct staffing_told staff;            /* likewise */
    atomic_uint clock_puts;                /* counts those of the next */
    struct clock_record clock;             /* as the store has it; under the mutex */
};

void board_init(struct board *board, struct arena *arena, uint16_t bed_count);
/* True when the deliver thread is to be woken: something has changed that must be told at once (the validity of a vital,
 * stay, limits, the patient being away), or it wants any news of this bed. */
bool board_put(struct board *board, const struct bed_view *view);
/* Copies the view of `bed`; returns its version (0: nothing was put up yet, *out is untouched). */
uint64_t board_take(struct board *board, uint16_t bed, struct bed_view *out);
/* The same of its vitals alone. */
struct board_vitals {
    uint64_t stay; /* 0: vacant */
    int64_t at_ms; /* of the view */
    uint8_t count;
    struct vital_view vitals[VITAL_COUNT];
};
uint64_t board_take_vitals(struct board *board, uint16_t bed, struct board_vitals *out);
/* Without waiting for anybody: the version, and how many of its puts changed what must be told at once. */
uint64_t board_version(const struct board *board, uint16_t bed);
uint64_t board_changes(const struct board *board, uint16_t bed);

/* Whether mere values of `bed` are to wake the deliver thread from now on, at first they are; returns its version. A put
 * comes either before this, and is in the version, or after it, and finds what is wanted: who compares the version with
 * the one it knows, and only then goes to sleep, misses nothing. */
uint64_t board_want(struct board *board, uint16_t bed, bool wanted);

void board_put_certificate(struct board *board, const struct uplink_certificate *first_end);
void board_take_certificate(struct board *board, struct uplink_certificate *out); /* ends_ms 0: none known */

/* "unknown", "answers" or "silent": of a broker that is not in use. */
const char *board_broker_word(const struct board *board, unsigned broker);

void board_put_refused(struct board *board, const char text[ALERT_DETAIL_MAX]);
void board_take_refused(struct board *board, char text[ALERT_DETAIL_MAX]);

void board_put_boards(struct board *board, const struct presence *presence);
void board_take_boards(struct board *board, struct presence *out);

void board_put_admissions(struct board *board, const struct admissions *admissions);
void board_put_staff(struct board *board, const struct staffing_told *staff);
/* Both, of one instant. */
void board_take_ward(struct board *board, struct admissions *out, struct staffing_told *out_staff);

void board_put_clock(struct board *board, const struct clock_record *record);
void board_take_clock(struct board *board, struct clock_record *out);

/* The gateway's figures go on from those of the board before; views and signs of life begin anew. Only while nobody writes either. */
void board_continue(struct board *board, const struct board *before);

#endif
