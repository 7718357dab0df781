/*
 * plural.h: the letter that tells one from several, in messages that count: plural_s(1) is "", of any other number "s".
 *
 * Pure; any thread.
 */
#ifndef WARDGATE_PLURAL_H
#define WARDGATE_PLURAL_H

#include <stdint.h>

static inline const char *plural_s(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif
