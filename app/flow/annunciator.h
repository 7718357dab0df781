/*
 * annunciator.h: the local alarm: a lamp, a buzzer and a program of the hospital's at the box itself, for what nobody upstream can know.
 *
 *     annunciator_set, any thread ──► what is told now ──► lamp and buzzer (pattern.h), a thread of its own
 *                                                     └──► the program, once a change: hal/hook.h
 *
 * A thread of its own, because a line behind a slow bus may hang; there is none where nothing is configured. It sleeps while nothing is told. The program is
 * told how it is at the start, which a gateway that was killed had no time to take back, and then each change (`on`, `quiet`, `off`, `test`), one at a time; what
 * changed while one ran is told by the next, as it is then.
 * Silenced (`quiet`), the buzzer is off until what is told ends, or becomes worse: another reason, or a higher priority.
 * A trial shows a priority for ANNUNCIATOR_TRIAL_MS, unless something as urgent is to be told.
 *
 * The program's environment: PATH, WARDGATE_GATEWAY, WARDGATE_STATE (on, quiet, off, test), WARDGATE_PRIORITY (high, medium, low, none) and
 * WARDGATE_WHAT, the reasons by name with spaces between them.
 */
#ifndef WARDGATE_ANNUNCIATOR_H
#define WARDGATE_ANNUNCIATOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/alert.h"
#include "app/engine/status.h"
#include "hal/hook.h"
#include "hal/thread.h"
#include "hal/wake.h"

#define ANNUNCIATOR_TRIAL_MS 10000
#define ANNUNCIATOR_STOP_US  600000 /* waited for its thread */

/* Why: name, priority, words for a person. Closed; the order is that of the bits. */
#define LOCAL_REASON_LIST(X)                                                                       \
    X(uplink_lost, PRIORITY_MEDIUM, "no broker is reached")                                        \
    X(high_undelivered, PRIORITY_HIGH, "an alert of high priority waits and no broker is reached") \
    X(store_failing, PRIORITY_LOW, "alerts cannot be stored")                                      \
    X(gateway_stuck, PRIORITY_HIGH, "a part of the gateway hangs")

enum local_reason {
#define LOCAL_REASON(name, priority, text) LOCAL_##name,
    LOCAL_REASON_LIST(LOCAL_REASON)
#undef LOCAL_REASON
        LOCAL_REASON_COUNT
};
#define LOCAL_TEXT_MAX 96 /* all names, with spaces between them */

/* The most urgent of a set of reasons (a bit each), and their names. */
enum priority local_priority(unsigned reasons);
void local_names(unsigned reasons, char out[LOCAL_TEXT_MAX]);

struct annunciator_config {
    const char *gateway;
    const char *lamp, *buzzer; /* as hal/indicator.h names lines; NULL: there is none */
    bool lamp_active_low, buzzer_active_low;
    const char *const *hook; /* its arguments, ended by NULL; NULL: there is none */
    int64_t hook_us;         /* that it may run */
};

enum annunciator_state { ANNUNCIATOR_OFF, ANNUNCIATOR_ON, ANNUNCIATOR_QUIET, ANNUNCIATOR_TEST };

/* What is told, as it is now. */
struct annunciator_look {
    enum annunciator_state state;
    enum priority priority;
    unsigned reasons;
};

struct annunciator {
    struct annunciator_config config;
    pthread_mutex_t mutex;
    /* under the mutex */
    unsigned reasons, silenced; /* a bit each; silenced: what was told when somebody silenced it */
    int64_t since_us;           /* what is told began */
    enum priority trial;
    int64_t trial_until_us; /* 0: none */
    /* for whoever asks: enum status of the newest use of each; of the program whether it did what it was to */
    atomic_int lamp_status, buzzer_status, hook_status;
    atomic_uint hooks;     /* runs that have ended */
    atomic_int told_state; /* enum annunciator_state that the program was told and has done with; -1: it runs */
    struct wake wake;
    struct thread thread;
    atomic_bool stop;
    /* its thread's */
    int lamp, buzzer; /* descriptors; -1: not there */
    bool lamp_on, buzzer_on;
    struct hook hook;
    struct annunciator_look told;          /* what the program was told last */
    int64_t lines_again_us, hook_again_us; /* what could not be had is tried again */
};

/* Nothing is opened. What the config points at must outlive it. */
void annunciator_init(struct annunciator *annunciator, const struct annunciator_config *config);
bool annunciator_is_there(const struct annunciator *annunciator); /* something is configured */

/* A line that cannot be had, or a program that does not start, is told in the log and tried again each minute; the rest works without it. STATUS_IO, STATUS_NO_MEMORY: no thread. */
enum status annunciator_start(struct annunciator *annunciator) MUST_CHECK;

/* All is switched off, and the program told so unless that is what it heard last, for which it has 0.3 s. False: its thread hangs in a line, and still has all of this. */
bool annunciator_stop(struct annunciator *annunciator) MUST_CHECK;

/* Any thread; reasons: a bit each of enum local_reason. */
void annunciator_set(struct annunciator *annunciator, unsigned reasons, int64_t now_us);
bool annunciator_silence(struct annunciator *annunciator); /* false: nothing is told */
void annunciator_try(struct annunciator *annunciator, enum priority priority, int64_t now_us);
struct annunciator_look annunciator_look(struct annunciator *annunciator, int64_t now_us);
const char *annunciator_word(enum annunciator_state state); /* "on" */

/* One round of its thread, for tests that keep time themselves; returns when the next is due (CLOCK_BOOTTIME, µs). */
int64_t annunciator_step(struct annunciator *annunciator, int64_t now_us);

#endif
