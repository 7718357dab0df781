/*
 * digest.h: SHA-256 (FIPS 180-4) over a few pieces one after the other.
 *
 * Pure: no allocation, no state. Any thread. OpenSSL's libcrypto does it (the program links it for TLS): by its plain functions, because the EVP ones load
 * its providers, 0.7 MB of memory that a gateway without TLS does without.
 */
#ifndef WARDGATE_DIGEST_H
#define WARDGATE_DIGEST_H

#include <stddef.h>

#define DIGEST_SIZE 32

struct digest_piece {
    const void *bytes;
    size_t size;
};

void digest_make(const struct digest_piece *pieces, unsigned count, unsigned char out[DIGEST_SIZE]);

#endif
