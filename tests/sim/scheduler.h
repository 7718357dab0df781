/*
 * scheduler.h: the gateway's threads as fibers of one thread, on a virtual clock.
 *
 * A fiber runs until it waits. Who of several goes on is drawn (chance.h); when nobody can, the clock moves to the next instant that somebody waits for.
 * Each change of fiber takes a microsecond, so that time goes on whatever they do; SCHEDULER_SPIN of them without a pause are a fault.
 *
 * world time: µs since the beginning, never set back; boots of the box and its wall clock are counted from it (hal.h).
 */
#ifndef WARDGATE_TESTS_SIM_SCHEDULER_H
#define WARDGATE_TESTS_SIM_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULER_FIBERS 32
#define SCHEDULER_NEVER  INT64_MAX
#define SCHEDULER_SPIN   2000000U

int64_t scheduler_now_us(void);

/* A new fiber; its number, or -1 when there are too many. */
int scheduler_spawn(const char *name, void *(*run)(void *), void *argument);
bool scheduler_is_alive(int fiber);
int scheduler_self(void); /* -1: none, the world */
const char *scheduler_name(int fiber);

/* The calling fiber: until the instant, or until somebody wakes it. */
void scheduler_wait_until(int64_t world_us);
void scheduler_wake(int fiber); /* anybody; does nothing when it does not wait */
/* The calling fiber: until the instant, whoever wakes it (a call that hangs). */
void scheduler_hang_until(int64_t world_us);
bool scheduler_join(int fiber, int64_t world_us); /* false: it has not ended by then */

/* The world: runs the fibers up to the instant; sooner when one asked for it by scheduler_leave. */
void scheduler_run_until(int64_t world_us);
bool scheduler_hold(const char *name); /* the world: fibers of that name go on no more; false: there is none */
void scheduler_release(void);          /* all of them do */
void scheduler_leave(void);   /* a fiber: the world goes on at once; comes back when it lets the fibers run again */
void scheduler_end_all(void); /* the world: no fiber is there any more */

#endif
