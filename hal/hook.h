/*
 * hook.h: runs a program of the hospital's beside ours: no shell, one at a time a hook, for so long and no longer.
 *
 * It gets the arguments and the environment that it is given and nothing of ours: no descriptors but /dev/null for its input and our standard
 * error for its outputs, no blocked or ignored signals. It leads a process group of its own: when its time is over, or hook_kill is called, it and
 * all that it has started in that group are killed.
 * Nothing here waits. Thread: one at a time a hook. Allocation: the system's, for the process.
 */
#ifndef WARDGATE_HOOK_H
#define WARDGATE_HOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/engine/status.h"

struct hook {
    pid_t pid;        /* 0: none runs */
    int64_t until_us; /* CLOCK_BOOTTIME */
    bool killed;
};

enum hook_end { HOOK_RUNS, HOOK_EXITED, HOOK_SIGNALLED, HOOK_TIMED_OUT };

/* arguments, environment: ended by NULL; the first argument is the program's path. Only while none runs. STATUS_NOT_FOUND, STATUS_DENIED,
 * STATUS_NO_MEMORY, STATUS_IO: it did not start. */
enum status hook_start(struct hook *hook, const char *const *arguments, const char *const *environment,
                       int64_t until_us) MUST_CHECK;

/* Looks at the one that runs; *out_code is its exit status, or the signal that ended it. After anything but HOOK_RUNS none runs. */
enum hook_end hook_look(struct hook *hook, int64_t now_us, int *out_code);

/* At once; hook_look tells when it is gone. Does nothing when none runs. */
void hook_kill(struct hook *hook);

#endif
