/*
 * Preloaded into a gateway that `make test-soak` must find out: every LEAK_EVERY_MS it leaks LEAK_BYTES of memory, a file
 * descriptor and a thread. Built by soak.py.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LEAK_BYTES  131072
#define PAGE_BYTES  4096
#define STACK_BYTES 65536

static void *wait_for_ever(void *argument)
{
    (void)argument;
    for (;;) {
        (void)pause();
    }
    return NULL;
}

static void start_thread(void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0) {
        (void)pthread_create(&thread, &attributes, run, argument);
    }
}

static void leak_once(void)
{
    volatile char *memory = malloc(LEAK_BYTES);
    for (size_t i = 0; memory != NULL && i < LEAK_BYTES; i += PAGE_BYTES) {
        memory[i] = 1;
    }
    (void)dup(STDERR_FILENO);
    start_thread(wait_for_ever, NULL);
}

static void *leak(void *argument)
{
    const long every_ms = (long)(intptr_t)argument;
    for (;;) {
        (void)nanosleep(&(struct timespec){every_ms / 1000, every_ms % 1000 * 1000000}, NULL);
        leak_once();
    }
    return NULL;
}

/* The gateway's signals are main's: none may come to a thread of ours. */
__attribute__((constructor)) static void begin(void)
{
    const char *every = getenv("LEAK_EVERY_MS");
    sigset_t all;
    sigset_t before;
    if (every != NULL) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        start_thread(leak, (void *)(intptr_t)strtol(every, NULL, 10));
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
}
