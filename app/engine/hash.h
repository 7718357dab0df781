/*
 * hash.h: FNV-1a (Fowler, Noll, Vo), to tell things apart that nobody tries to make alike. What it gives is the same on
 * every machine and may be stored. Begin with the basis, or go on with the hash of what came before.
 */
#ifndef WARDGATE_HASH_H
#define WARDGATE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_32_BASIS UINT32_C(2166136261)
#define HASH_64_BASIS UINT64_C(14695981039346656037)

static inline uint32_t hash_32(uint32_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ at[i]) * UINT32_C(16777619);
    }
    return hash;
}

static inline uint64_t hash_64(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

#endif
