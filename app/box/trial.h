/*
 * trial.h: whether a configuration is one that the gateway would run, told by `wardgate check` itself, in a process of its own.
 *
 * A process of its own: whatever a file makes the checker do, setup goes on. It is run in the folder, so that what it says names files
 * as the person knows them. Thread: that of a command.
 */
#ifndef WARDGATE_TRIAL_H
#define WARDGATE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#define TRIAL_WAIT_MS  60000
#define TRIAL_TEXT_MAX 8192

/* program: wardgate; user: the one it is run as when we are root and there is such a one, else NULL. Into out what it said, without
 * `wardgate: ` before each line; "" when all is well. True: good. */
bool trial_run(const char *program, const char *folder, const char *user, char out[TRIAL_TEXT_MAX]);

#endif
