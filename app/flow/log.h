/*
 * log.h: what happens to the gateway, a line each on standard error, for the service's log. On changes of state only; never patient data.
 *
 * Each line begins with a priority in angle brackets when standard error is not a terminal (sd-daemon(3): <3> error, <4> warning, <6>
 * information), then "wardgate: ". Thread: any; a line is written at once and never waited for (outlet.h): what nobody reads
 * (a pager, a terminal that was stopped) must hold up no part of the gateway. What was left out so is counted, and told when there is room again.
 */
#ifndef WARDGATE_LOG_H
#define WARDGATE_LOG_H

#include "app/engine/status.h"

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_note(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
