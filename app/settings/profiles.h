/*
 * profiles.h: the parts of a profile: one channel, one bit. Private to app/settings.
 *
 * Each returns false after it has reported what is wrong, and writes *out only when it is sound. Thread: that which
 * loads.
 */
#ifndef WARDGATE_PROFILES_H
#define WARDGATE_PROFILES_H

#include "app/settings/schema.h"
#include "drivers/monitor/profile.h"

/* The vital of this name; VITAL_NONE: reported at the key of `node`. */
enum vital profile_find_vital(const struct reader *reader, const struct node *node, const char *name) MUST_CHECK;

bool profile_read_channel(const struct reader *reader, const struct node *node, enum vital vital,
                          uint32_t poll_interval_ms, struct profile_channel *out) MUST_CHECK;

/* `channels`: the channels of the profile, which a bit may be about. */
bool profile_read_bit(const struct reader *reader, const struct node *node, const struct node *channels,
                      struct profile_bit *out) MUST_CHECK;

#endif
