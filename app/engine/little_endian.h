/*
 * little_endian.h: numbers as bytes, the least first, in what is kept on a disk: the same on any machine.
 *
 * bytes: 1 to 8 of them. Pure; any thread.
 */
#ifndef WARDGATE_LITTLE_ENDIAN_H
#define WARDGATE_LITTLE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

static inline void little_endian_put(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(value >> (8 * i));
    }
}

static inline uint64_t little_endian_get(const unsigned char *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

#endif
