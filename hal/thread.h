/*
 * thread.h: a named thread with a stack of known size. Signals are blocked in it; main takes them.
 */
#ifndef WARDGATE_THREAD_H
#define WARDGATE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

struct thread {
    pthread_t id;
    bool running;
    void *(*run)(void *);
    void *argument;
    atomic_int number; /* the system's; 0: it has not begun yet */
};

/* name: what is beyond 15 characters is cut. `run` returns when it sees that it shall stop; the struct stays where it is until run has begun. */
enum status thread_start(struct thread *thread, const char *name, void *(*run)(void *), void *argument) MUST_CHECK;

/* How late the calling thread may be woken for an instant, so that the system can wake it for several at once, or when
 * the core is awake anyhow; at first 50 µs. The threads that it makes from then on begin with the same. What it waits
 * for otherwise wakes it at once all the same. */
void thread_set_slack_us(uint32_t slack_us);

/* The calling thread, and those that it makes from then on, give way: being woken, they never take the core from one
 * that runs; they take a free one, or wait for the other to sleep or to have had its turn. So one of ours that raises
 * another on its own core first ends its round, which saves a change of context to and fro, and what is raised several
 * times meanwhile is woken once. The price: beside a stranger's program that never sleeps it may be some ms late. Not for
 * who keeps a line's instants, nor on the way of an alert to the disk. Needs no privilege. */
void thread_give_way(void);
/* The calling thread gives way no more. */
void thread_keep_way(void);

/* Waits for its end; does nothing when it never started. */
void thread_join(struct thread *thread);

/* The same, but gives up at that instant (CLOCK_BOOTTIME, µs): false then, and it is still running. */
bool thread_join_until(struct thread *thread, int64_t boot_us) MUST_CHECK;

/* It is inside a call of the system that nothing can end, not even the end of the program (a driver that hangs): state D of proc(5). */
bool thread_is_beyond_reach(const struct thread *thread);

#endif
