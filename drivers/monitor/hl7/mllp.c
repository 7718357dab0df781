#include "drivers/monitor/hl7/mllp.h"

#include <assert.h>

size_t mllp_lead(const char *bytes, size_t length, size_t *out_stray)
{
    size_t stray = 0;
    size_t i = 0;
    for (; i < length && bytes[i] != MLLP_BEGIN; i++) {
        stray += bytes[i] != '\r' && bytes[i] != '\n' ? 1 : 0;
    }
    *out_stray = stray;
    return i;
}

size_t mllp_end(const char *bytes, size_t length, size_t from)
{
    assert(length > 0 && bytes[0] == MLLP_BEGIN);
    size_t i = from > 0 ? from : 1;
    while (i < length && bytes[i] != MLLP_END && bytes[i] != MLLP_BEGIN) {
        i++;
    }
    return i;
}
