/*
 * order.h: puts observations in the engine's order: time, then bed, then what is no value, then vital; equal ones keep their order. And how long one may be
 * late to be put in order still: live somebody waits for the alarm, in a recording nobody does. What comes later is not used, and counted.
 */
#ifndef WARDGATE_ORDER_H
#define WARDGATE_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/observation.h"

#define ORDER_LIVE_MS 250
#define ORDER_TAKEN_MS \
    1500 /* live: not in order any more, and still taken as of now: a value polled each second stands as long */
#define ORDER_RECORDED_MS 10000

bool observation_is_before(const struct observation *a, const struct observation *b);

/* A stable merge sort; spare has room for count observations. Any thread. */
void observations_sort(struct observation *observations, struct observation *spare, size_t count);

#endif
