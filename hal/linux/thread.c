#include "hal/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* Enough for the deepest library call of a thread; only the pages it touches cost memory. */
enum { THREAD_STACK_BYTES = 256 * 1024, THREAD_NAME_MAX = 15 };

static int start_blocked(struct thread *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits the mask */
    const int fault = pthread_create(&thread->id, attributes, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fault;
}

enum status thread_start(struct thread *thread, const char *name, void *(*run)(void *), void *argument)
{
    char short_name[THREAD_NAME_MAX + 1];
    (void)snprintf(short_name, sizeof short_name, "%s", name);
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return STATUS_NO_MEMORY;
    }
    int fault = pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    if (fault == 0) {
        fault = start_blocked(thread, &attributes, run, argument);
    }
    (void)pthread_attr_destroy(&attributes);
    if (fault != 0) {
        return STATUS_NO_MEMORY;
    }
    (void)pthread_setname_np(thread->id, short_name);
    thread->running = true;
    return STATUS_OK;
}

void thread_set_slack_us(uint32_t slack_us)
{
    /* 0 would bring back the usual slack. */
    (void)prctl(PR_SET_TIMERSLACK, slack_us > 0 ? slack_us * 1000UL : 1UL, 0UL, 0UL, 0UL);
}

/* A batch thread is as entitled to the processor as any, but being woken it does not preempt (sched(7)). */
void thread_give_way(void)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)sched_setscheduler(0, SCHED_BATCH, &none); /* refused in a sandbox: then it only costs more */
}

void thread_join(struct thread *thread)
{
    if (thread->running) {
        (void)pthread_join(thread->id, NULL);
        thread->running = false;
    }
}
