#include "app/engine/observation.h"

const char *quality_word(enum quality quality)
{
    static const char *const words[QUALITY_COUNT] = {
#define QUALITY_WORD(name, word) word,
        QUALITY_LIST(QUALITY_WORD)
#undef QUALITY_WORD
    };
    return (unsigned)quality < (unsigned)QUALITY_COUNT ? words[quality] : "unknown";
}
