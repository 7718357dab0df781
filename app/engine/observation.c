#include "app/engine/observation.h"

#include <string.h>

#include "app/engine/hash.h"

const char *quality_word(enum quality quality)
{
    static const char *const words[QUALITY_COUNT] = {
#define QUALITY_WORD(name, word) word,
        QUALITY_LIST(QUALITY_WORD)
#undef QUALITY_WORD
    };
    return (unsigned)quality < (unsigned)QUALITY_COUNT ? words[quality] : "unknown";
}

int32_t identity_hash(const void *bytes, size_t length)
{
    const uint32_t hash = hash_32(HASH_32_BASIS, bytes, length);
    int32_t identity = 0;
    memcpy(&identity, &hash, sizeof identity);
    return identity != 0 ? identity : 1;
}
