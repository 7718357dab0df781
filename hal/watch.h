/*
 * watch.h: waiting for many descriptors at once, at a cost that does not grow with how many there are.
 *
 * A watch is a descriptor itself, readable while something is ready. What is ready is told again until it is taken
 * (level-triggered), each in its turn. A descriptor that is closed is no longer watched; a new one may have its number.
 * Thread: one at a time a watch.
 */
#ifndef WARDGATE_WATCH_H
#define WARDGATE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define WATCH_READY_MAX 32 /* told at once */

struct watch_ready {
    uint32_t token; /* as given to watch_set */
    bool readable, writable;
    bool broken; /* ended by both sides, or by a fault; said also of one that waits for nothing */
};

enum status watch_open(int *out_watch) MUST_CHECK;
void watch_close(int watch);

/* Watches fd from now on, or changes what for. STATUS_IO: the system has no room for it. */
enum status watch_set(int watch, int fd, uint32_t token, bool reads, bool writes) MUST_CHECK;

/* Not any more; one that was closed meanwhile, or never watched, is none the worse. */
void watch_end(int watch, int fd);

/* What is ready now, or as soon as something is within wait_us (0: does not wait); at most `size` and WATCH_READY_MAX.
 * Returns how many. */
size_t watch_wait(int watch, int64_t wait_us, struct watch_ready *out, size_t size);

#endif
