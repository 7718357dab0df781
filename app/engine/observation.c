#include "app/engine/observation.h"

#include <string.h>

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
    const unsigned char *at = bytes;
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ at[i]) * UINT32_C(16777619);
    }
    int32_t identity = 0;
    memcpy(&identity, &hash, sizeof identity);
    return identity != 0 ? identity : 1;
}
