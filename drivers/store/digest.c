#include "drivers/store/digest.h"

#include <assert.h>

#define OPENSSL_API_COMPAT \
    10101 /* of 1.1.1: OpenSSL 3 has these functions, and would rather have EVP used (digest.h) */
#include <openssl/sha.h>

_Static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "digest.h spells it out");

/* None of the calls can fail: their results are 1. */
void digest_make(const struct digest_piece *pieces, unsigned count, unsigned char out[DIGEST_SIZE])
{
    SHA256_CTX context;
    assert(pieces != NULL && out != NULL);
    (void)SHA256_Init(&context);
    for (unsigned i = 0; i < count; i++) {
        (void)SHA256_Update(&context, pieces[i].bytes, pieces[i].size);
    }
    (void)SHA256_Final(out, &context);
}
