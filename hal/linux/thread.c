#include "hal/thread.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hal/clock.h"

/* Enough for the deepest library call of a thread; only the pages it touches cost memory. */
enum { THREAD_STACK_BYTES = 256 * 1024, THREAD_NAME_MAX = 15 };

#define JOIN_LOOK_US 1000

static void *begin(void *argument)
{
    struct thread *thread = argument;
    atomic_store(&thread->number, (int)syscall(SYS_gettid));
    return thread->run(thread->argument); /* the struct may be gone when that returns */
}

static int start_blocked(struct thread *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    thread->run = run;
    thread->argument = argument;
    atomic_store(&thread->number, 0);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits the mask */
    const int fault = pthread_create(&thread->id, attributes, begin, thread);
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

static void set_policy(int policy)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)sched_setscheduler(0, policy, &none); /* refused in a sandbox: then it only costs more */
}

/* A batch thread is as entitled to the processor as any, but being woken it does not preempt (sched(7)). */
void thread_give_way(void)
{
    set_policy(SCHED_BATCH);
}

void thread_keep_way(void)
{
    set_policy(SCHED_OTHER);
}

void thread_join(struct thread *thread)
{
    if (thread->running) {
        (void)pthread_join(thread->id, NULL);
        thread->running = false;
    }
}

bool thread_join_until(struct thread *thread, int64_t boot_us)
{
    while (thread->running && pthread_tryjoin_np(thread->id, NULL) != 0) {
        if (clock_boot_us() >= boot_us) {
            return false;
        }
        clock_sleep_until_us(clock_boot_us() + JOIN_LOOK_US);
    }
    thread->running = false;
    return true;
}

/* Its state stands behind its name, which ends with the last parenthesis. */
bool thread_is_beyond_reach(const struct thread *thread)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&thread->number));
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const ssize_t length = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && strncmp(name_end, ") D", 3) == 0;
}
