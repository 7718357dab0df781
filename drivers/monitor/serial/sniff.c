#include "drivers/monitor/serial/sniff.h"

#include <string.h>

#include "drivers/monitor/serial/protocols.h"

void sniff_add(struct sniff_window *window, const uint8_t *bytes, size_t count)
{
    if (count > SNIFF_BYTES) {
        bytes += count - SNIFF_BYTES;
        count = SNIFF_BYTES;
    }
    const size_t kept = window->count < SNIFF_BYTES - count ? window->count : SNIFF_BYTES - count;
    memmove(window->bytes, window->bytes + window->count - kept, kept);
    memcpy(window->bytes + kept, bytes, count);
    window->count = kept + count;
}

/* The number of frames in the run at the end. */
static unsigned count_run(const struct protocol *protocol, const uint8_t *bytes, size_t count)
{
    unsigned run = 0;
    while (count > 0) {
        const struct cut cut = protocol->find(bytes, count);
        if (cut.status == STATUS_EMPTY && cut.length == 0) {
            return run;
        }
        if (cut.status != STATUS_EMPTY) {
            run = cut.status == STATUS_OK ? run + 1 : 0;
        }
        bytes += cut.length;
        count -= cut.length;
    }
    return run;
}

const struct protocol *sniff(const uint8_t *bytes, size_t count)
{
    const struct protocol *found = NULL;
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        if (count_run(*p, bytes, count) < (*p)->sure_frames) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = *p;
    }
    return found;
}
