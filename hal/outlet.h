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

/* One write, of PIPE_BUF bytes at most. STATUS_FULL: nobody has read, and nothing of it was written, or of a terminal only a beginning. STATUS_IO: it cannot be written
 * to. What may not be opened anew (another user's, as behind sudo) is written to as it is, once it is seen to have room, a terminal in pieces, by one thread at a
 * time: who finds the last room, and another program takes it first, may wait, and others find it full after 0.1 s, then at once until that one goes on. A file takes all. */
enum status outlet_put(int fd, const char *bytes, size_t size) MUST_CHECK;

#endif
