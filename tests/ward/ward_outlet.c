#include "tests/ward/ward_outlet.h"

#include <assert.h>
#include <string.h>

void ward_outlet_clear(struct ward_outlet *outlet)
{
    outlet->count = 0;
    outlet->free_ns = 0;
    outlet->used = false;
    outlet->hold_ns = 0;
}

bool ward_outlet_add(struct ward_outlet *outlet, int64_t start_ns, int64_t step_ns, const uint8_t *bytes, size_t length)
{
    assert(length > 0 && length <= WARD_ADU_MAX);
    if (outlet->count == WARD_SENDINGS_MAX) {
        return false;
    }
    size_t at = outlet->count;
    const size_t begun = outlet->count > 0 && outlet->queue[0].sent > 0 ? 1 : 0;
    while (at > begun && outlet->queue[at - 1].start_ns > start_ns) {
        at--;
    }
    memmove(&outlet->queue[at + 1], &outlet->queue[at], (outlet->count - at) * sizeof outlet->queue[0]);
    struct ward_sending *sending = &outlet->queue[at];
    *sending = (struct ward_sending){.start_ns = start_ns, .step_ns = step_ns, .length = (uint16_t)length};
    memcpy(sending->bytes, bytes, length);
    outlet->count++;
    return true;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* When the head really starts. */
static int64_t head_start(const struct ward_outlet *outlet)
{
    const int64_t start_ns = outlet->queue[0].start_ns;
    return outlet->used ? later(start_ns, outlet->free_ns) : start_ns;
}

int64_t ward_outlet_next(const struct ward_outlet *outlet)
{
    if (outlet->count == 0) {
        return INT64_MAX;
    }
    const struct ward_sending *head = &outlet->queue[0];
    return later(head_start(outlet) + (head->sent + 1) * head->step_ns, outlet->hold_ns);
}

const struct ward_sending *ward_outlet_due(const struct ward_outlet *outlet, int64_t now_ns, size_t *out_count)
{
    if (ward_outlet_next(outlet) > now_ns) {
        return NULL;
    }
    const struct ward_sending *head = &outlet->queue[0];
    const int64_t due = head->step_ns == 0 ? head->length : (now_ns - head_start(outlet)) / head->step_ns;
    *out_count = (size_t)(due < head->length ? due : head->length) - head->sent;
    return head;
}

bool ward_outlet_sent(struct ward_outlet *outlet, size_t count)
{
    struct ward_sending *head = &outlet->queue[0];
    assert(outlet->count > 0 && count <= (size_t)(head->length - head->sent));
    head->sent = (uint16_t)(head->sent + count);
    if (head->sent < head->length) {
        return false;
    }
    outlet->free_ns = head_start(outlet) + head->length * head->step_ns;
    outlet->used = true;
    outlet->count--;
    memmove(&outlet->queue[0], &outlet->queue[1], outlet->count * sizeof outlet->queue[0]);
    return true;
}

bool ward_outlet_busy_until(const struct ward_outlet *outlet, int64_t at_ns, int64_t *out_ns)
{
    bool busy = outlet->used;
    int64_t end_ns = outlet->free_ns;
    for (size_t i = 0; i < outlet->count; i++) {
        const struct ward_sending *sending = &outlet->queue[i];
        const int64_t start_ns = busy ? later(sending->start_ns, end_ns) : sending->start_ns;
        if (start_ns >= at_ns) {
            break;
        }
        end_ns = start_ns + sending->length * sending->step_ns;
        busy = true;
    }
    if (busy) {
        *out_ns = end_ns;
    }
    return busy;
}
