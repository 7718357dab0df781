/*
 * watch.h: `wardgate status --watch` on a terminal: asks the gateway, draws, takes keys, until its user has seen enough.
 *
 * The gateway is asked without waiting for it: keys work, and the clock goes, while it does not answer. It may be gone, stopped or of another version: the screen
 * says so and goes on trying.
 */
#ifndef WARDGATE_WATCH_H
#define WARDGATE_WATCH_H

#include "app/engine/status.h"

/* Returns when its user quits, a signal asks for it, or the terminal has gone. STATUS_NO_MEMORY: it could not begin, or not go on. */
enum status watch_run(const char *socket_path, int interval_ms) MUST_CHECK;

#endif
