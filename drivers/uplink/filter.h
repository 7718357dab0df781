/*
 * filter.h: whether a topic is one that a filter lets in. Pure; any thread.
 *
 * Source: MQTT 5.0, 4.7 (`+` stands for one level, `#` for this and all below).
 */
#ifndef WARDGATE_UPLINK_FILTER_H
#define WARDGATE_UPLINK_FILTER_H

#include <stdbool.h>

bool filter_matches(const char *filter, const char *topic);

#endif
