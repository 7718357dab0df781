/*
 * vigil.h: the gateway watches itself: its parts show signs of life, and only while all of them do the watchdogs are fed.
 *
 *     main, engine, store (commit), uplink's rounds ──signs──► vigil ──► hardware watchdog (hal/watchdog.h)
 *                                                                   ├──► service manager's, and its STATUS= (hal/service.h)
 *                                                                   └──► local alarm (annunciator.h)
 *
 * A part without a sign for VIGIL_STUCK_US is stuck: told in the log, and the watchdogs starve; fed again when it goes on before they bite.
 *
 *     stuck                      | watchdogs | why
 *     main, engine, store's      | starve    | nothing else ends that: alarms are not judged, or not kept, or nobody can ask or stop us
 *       commit thread, uplink    |           |
 *     main or uplink, while the  | are fed   | they read the store, too. A disk that hangs is no reason: alerts go on, not durable, and
 *       store fails or hangs     |           | after a reset it would hang again
 *     the writer alone           | are fed   | it waits for the disk: store_failing
 *     a bus thread               | are fed   | the other lines go on: bus_down, thread_stuck (conditions.h), gateway_restart.c
 *
 * It is there from before the first part starts until behind the end of the last one. Main alone is watched while the gateway starts, loads its
 * configuration again, or stops: each may take so long as said below, and then the watchdogs starve, too.
 *
 *     STARTS ──vigil_attach──► WATCHES ◄──vigil_attach── vigil_detach──► RELOADS        any ──vigil_ends──► STOPS
 *
 * A thread of its own, which waits for none of them and touches no disk. It looks every VIGIL_LOOK_US, or twice as often as the manager wants to see us.
 * Where there is neither a watchdog nor a local alarm, nothing would come of it if main hung: then main looks, with its signs, and there is no such thread.
 *
 * Thread: vigil_open, _start, _attach, _detach, _stop: main's; vigil_sign: main's; the rest as said.
 */
#ifndef WARDGATE_VIGIL_H
#define WARDGATE_VIGIL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/flow/acquire.h"
#include "app/flow/annunciator.h"
#include "app/flow/board.h"
#include "app/flow/commit.h"
#include "hal/service.h"
#include "hal/thread.h"
#include "hal/wake.h"
#include "hal/watchdog.h"

#define VIGIL_STUCK_US  10000000 /* without a sign of life; as thread_stuck has it */
#define VIGIL_RELOAD_US 60000000 /* main, while it loads the configuration again */
#define VIGIL_START_US \
    600000000 /* while it starts: a large store is looked through, and what a disk does not answer is waited for */
#define VIGIL_STOP_US   10000000
#define VIGIL_EXTEND_US 30000000 /* that the manager is asked to wait for the start from each look on */
#define VIGIL_LOOK_US   500000
#define VIGIL_AWAY_US   5000000  /* between two looks: the box did not get to run us, and nobody else either */
#define VIGIL_AGAIN_US  60000000 /* a hardware watchdog that could not be had is tried again */
#define VIGIL_EARLY_US  30000000 /* after the start: until then one that another feeds is tried at each look */
#define VIGIL_FRESH_US  5000000  /* after the start no alert is missed by a broker yet */

enum vigil_part { VIGIL_MAIN, VIGIL_ENGINE, VIGIL_STORE, VIGIL_UPLINK, VIGIL_PARTS };

enum vigil_phase { VIGIL_STARTS, VIGIL_WATCHES, VIGIL_RELOADS, VIGIL_STOPS };

/* What it looks at; others after a reload. */
struct vigil_parts {
    const struct board *board; /* NULL: main alone is watched, */
    int64_t alone_us;          /* and may be without a sign of life for so long */
    const struct store_state *store_state;
    const struct runner *const *runners;
    const char *const *runner_names;
    uint16_t runner_count, bed_count;
};

struct vigil_config {
    const char *device; /* of the hardware watchdog; NULL: none is used */
    uint32_t timeout_s;
    int64_t lost_after_us; /* without a broker for so long is a local alarm */
    struct annunciator *annunciator;
};

/* What one look finds; bits of enum vigil_part, and of enum local_reason. */
struct vigil_finding {
    unsigned stuck, excused, reasons;
    bool connected, store_failing;
};

enum vigil_watchdog { VIGIL_NOT_USED, VIGIL_UNAVAILABLE, VIGIL_FED, VIGIL_STARVED };

struct vigil {
    struct vigil_config config;
    struct service service;
    struct watchdog watchdog; /* its thread's, while that runs */
    struct thread thread;
    struct wake wake;
    atomic_bool stop;
    atomic_llong main_us; /* CLOCK_BOOTTIME of main's newest sign */
    pthread_mutex_t mutex;
    enum vigil_phase phase; /* under the mutex, these four; board NULL but in WATCHES */
    struct vigil_parts parts;
    bool owes_ready;    /* the manager has not taken READY=1 yet */
    int64_t started_us; /* all parts were up */
    bool has_thread;
    /* for whoever asks */
    atomic_uint stuck;               /* a bit each */
    atomic_int hardware, of_manager; /* enum vigil_watchdog */
    /* whose looks they are: its thread's, or main's */
    unsigned told_stuck, reasons; /* the latter: of the newest look but those amid a reload */
    char told_threads[SERVICE_TEXT_MAX / 2], told_status[SERVICE_TEXT_MAX];
    int64_t open_again_us, looked_us;
    enum status told_open;
};

void vigil_init(struct vigil *vigil, const struct vigil_config *config);
/* Nobody is told or fed before vigil_start, which comes before the parts. They are up with vigil_attach, and the manager is told that we are ready. */
enum status vigil_start(struct vigil *vigil) MUST_CHECK;

/* The parts are about to be stopped. goes_on: another run of this program follows at once. */
void vigil_ends(struct vigil *vigil, bool goes_on);

/* They are all stopped. goes_on: the hardware watchdog goes on counting until the next run feeds it; else it stops. */
void vigil_stop(struct vigil *vigil, bool goes_on);

/* Main is there; and looks, where there is no thread that does. */
void vigil_sign(struct vigil *vigil);

/* A reload begins, and ends. */
void vigil_detach(struct vigil *vigil);
void vigil_attach(struct vigil *vigil, const struct vigil_parts *parts);

/* What is to be made of the signs of life at that instant. Pure, but for reading them; parts->board may be NULL. */
struct vigil_finding vigil_judge(const struct vigil_parts *parts, const struct vigil_config *config, int64_t main_us,
                                 int64_t started_us, int64_t now_us);

const char *vigil_part_name(enum vigil_part part);
const char *vigil_watchdog_word(enum vigil_watchdog watchdog); /* "fed" */

/* One look of its thread, for tests that keep time themselves. */
void vigil_look(struct vigil *vigil, int64_t now_us);

#endif
