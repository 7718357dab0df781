/*
 * outlet.h: writing to what somebody else may have stopped reading (a pager, a terminal that was stopped, a pipe) without waiting for them.
 *
 * The descriptor that was inherited is shared with others, so it is not made non-blocking: what it leads to is opened anew. Thread: any.
 */
#ifndef WARDGATE_OUTLET_H
#define WARDGATE_OUTLET_H

#include <stddef.h>

#include "app/engine/status.h"

/* A descriptor to the same pipe or terminal that does not wait, the caller's to close; -1: it is something else, or may not be opened. */
int outlet_reopen(int fd);

/* One write. STATUS_FULL: nobody has read, nothing of it was written. STATUS_IO: it cannot be written to. What can neither be opened anew nor be told not to wait
 * (a file) is written to as it is. */
enum status outlet_put(int fd, const char *bytes, size_t size) MUST_CHECK;

#endif
