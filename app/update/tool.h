/*
 * tool.h: runs another program of the box (rauc, grub-editenv, systemctl) and hears what it says. No shell; found along PATH.
 *
 * It gets our environment with LC_ALL=C, nothing to read, and no descriptor of ours but those that its words come back by. Waits for it: the thread of a command.
 */
#ifndef WARDGATE_TOOL_H
#define WARDGATE_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#define TOOL_LINE_MAX    512
#define TOOL_MISSING     (-1) /* there is no such program */
#define TOOL_NOT_STARTED (-2)
#define TOOL_TOO_LONG    (-3) /* it did not end in time, and was killed */
#define TOOL_KILLED      (-4) /* by a signal */

/* A line of either output without its end, cut where it is longer than TOOL_LINE_MAX. */
typedef void tool_line(void *context, const char *line);

/* arguments: ended by NULL, the first names the program. line: may be NULL. Its exit status, or one of the above. */
int tool_run(const char *const *arguments, int wait_ms, tool_line *line, void *context);

#endif
