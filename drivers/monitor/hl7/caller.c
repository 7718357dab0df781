#include "drivers/monitor/hl7/caller.h"

#include <assert.h>
#include <string.h>

#include "drivers/monitor/hl7/mllp.h"

static char *bytes_of(const struct caller *caller)
{
    return caller->large != NULL ? caller->large->bytes : caller->own;
}

static size_t capacity_of(const struct caller *caller)
{
    return caller->large != NULL ? CALLER_LARGE_BYTES : CALLER_BYTES;
}

void caller_make(struct caller *caller, struct arena *arena)
{
    char *own = ARENA_TAKE(arena, char, CALLER_BYTES);
    char *out = ARENA_TAKE(arena, char, CALLER_OUT_BYTES);
    if (caller != NULL) {
        *caller = (struct caller){.fd = -1, .own = own, .out = out};
    }
}

void caller_open(struct caller *caller, int fd, uint64_t number, int64_t now_us)
{
    assert(caller->fd < 0 && fd >= 0);
    *caller = (struct caller){.number = number,
                              .fd = fd,
                              .own = caller->own,
                              .out = caller->out,
                              .opened_us = now_us,
                              .spoken_us = now_us,
                              .reads = true};
}

static void give_back(struct caller *caller)
{
    if (caller->large != NULL) {
        caller->large->is_taken = false;
        caller->large = NULL;
    }
}

void caller_close(struct caller *caller)
{
    give_back(caller);
    caller->fd = -1;
}

char *caller_space(struct caller *caller, size_t *out_size)
{
    const size_t end = caller->begin + caller->length;
    *out_size = capacity_of(caller) - end;
    return bytes_of(caller) + end;
}

void caller_received(struct caller *caller, size_t length)
{
    caller->length += length;
    assert(caller->begin + caller->length <= capacity_of(caller));
}

enum caller_room caller_make_room(struct caller *caller, struct caller_block blocks[CALLER_LARGE_COUNT], int64_t now_us)
{
    assert(caller->begin == 0);
    if (caller->large != NULL) {
        return CALLER_TOO_LONG;
    }
    caller->large_us = caller->is_waiting ? caller->large_us : now_us;
    for (unsigned i = 0; i < CALLER_LARGE_COUNT; i++) {
        if (!blocks[i].is_taken) {
            memcpy(blocks[i].bytes, caller->own, caller->length);
            blocks[i].is_taken = true;
            caller->large = &blocks[i];
            caller->large_us = now_us;
            caller->is_waiting = false;
            return CALLER_ROOM;
        }
    }
    caller->is_waiting = true;
    return CALLER_WAITS;
}

static void drop(struct caller *caller, size_t length)
{
    caller->begin += length;
    caller->length -= length;
    caller->looked = 0;
}

/* True when the end of the message that is too long has come. */
static bool skip_to_end(struct caller *caller)
{
    const char *bytes = bytes_of(caller) + caller->begin;
    size_t i = 0;
    while (i < caller->length && bytes[i] != MLLP_END && bytes[i] != MLLP_BEGIN) {
        i++;
    }
    caller->is_skipping = i == caller->length;
    drop(caller, caller->is_skipping || bytes[i] == MLLP_BEGIN ? i : i + 1);
    return !caller->is_skipping;
}

enum caller_found caller_next(struct caller *caller, struct text *out_message, unsigned *out_stray)
{
    if (caller->is_skipping && !skip_to_end(caller)) {
        return CALLER_NOTHING;
    }
    while (caller->length > 0) {
        size_t stray = 0;
        const size_t lead = mllp_lead(bytes_of(caller) + caller->begin, caller->length, &stray);
        *out_stray += (unsigned)stray;
        if (lead > 0) {
            drop(caller, lead);
            continue;
        }
        const char *bytes = bytes_of(caller) + caller->begin;
        const size_t end = mllp_end(bytes, caller->length, caller->looked);
        if (end == caller->length) {
            caller->looked = end;
            return CALLER_NOTHING;
        }
        if (bytes[end] == MLLP_BEGIN) {
            *out_stray += (unsigned)end;
            drop(caller, end);
            continue;
        }
        *out_message = (struct text){bytes + 1, end - 1};
        drop(caller, end + 1);
        return CALLER_MESSAGE;
    }
    return CALLER_NOTHING;
}

struct text caller_skip(struct caller *caller)
{
    const struct text message = {bytes_of(caller) + caller->begin + 1, caller->length - 1};
    drop(caller, caller->length);
    caller->is_skipping = true;
    return message;
}

void caller_compact(struct caller *caller)
{
    const bool is_small = caller->large != NULL && caller->length < CALLER_BYTES;
    const char *from = bytes_of(caller) + caller->begin;
    if (caller->begin == 0 && !is_small) {
        return; /* who sends a large message byte by byte does not have it moved at each */
    }
    memmove(is_small ? caller->own : bytes_of(caller), from, caller->length);
    caller->begin = 0;
    if (is_small) {
        give_back(caller);
    }
}

bool caller_can_answer(const struct caller *caller)
{
    return caller->out_length + 2 * ACK_BYTES_MAX <= CALLER_OUT_BYTES;
}
