/*
 * order.h: puts observations in the engine's order: time, then bed, then what is no value, then vital; equal ones keep their order.
 */
#ifndef WARDGATE_ORDER_H
#define WARDGATE_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/observation.h"

bool observation_is_before(const struct observation *a, const struct observation *b);

/* A stable merge sort; spare has room for count observations. Any thread. */
void observations_sort(struct observation *observations, struct observation *spare, size_t count);

#endif
