/*
 * thread.h: a named thread with a stack of known size. Signals are blocked in it; main takes them.
 */
#ifndef WARDGATE_THREAD_H
#define WARDGATE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"

struct thread {
    pthread_t id;
    bool running;
};

/* name: what is beyond 15 characters is cut. `run` returns when it sees that it shall stop. */
enum status thread_start(struct thread *thread, const char *name, void *(*run)(void *), void *argument) MUST_CHECK;

/* How late the calling thread may be woken for an instant, so that the system can wake it for several at once; at first
 * 50 µs. What it waits for otherwise wakes it at once all the same. */
void thread_set_slack_us(uint32_t slack_us);

/* Waits for its end; does nothing when it never started. */
void thread_join(struct thread *thread);

#endif
