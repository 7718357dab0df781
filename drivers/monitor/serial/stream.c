#include "drivers/monitor/serial/stream.h"

#include <assert.h>
#include <string.h>

static void drop(struct stream *stream, size_t count)
{
    assert(count > 0 && count <= stream->count);
    stream->first += count;
    stream->count -= count;
}

static void skip(struct stream *stream, size_t count)
{
    drop(stream, count);
    stream->skipped += (uint32_t)count;
    stream->follows = false;
}

void stream_use(struct stream *stream, const struct protocol *protocol)
{
    stream->protocol = protocol;
    stream->first = 0;
    stream->count = 0;
    stream->follows = false;
    memset(stream->memory, 0, sizeof stream->memory);
}

void stream_put(struct stream *stream, const uint8_t *bytes, size_t count, int64_t now_us)
{
    assert(count <= STREAM_PIECE && stream->count < PROTOCOL_FRAME_MAX);
    if (stream->count > 0 && now_us - stream->put_us > STREAM_PAUSE_US) {
        skip(stream, stream->count);
    }
    memmove(stream->bytes, stream->bytes + stream->first, stream->count);
    memcpy(stream->bytes + stream->count, bytes, count);
    stream->first = 0;
    stream->count += count;
    stream->put_us = now_us;
}

static void take(struct stream *stream, size_t length, struct stream_frame *out)
{
    const uint8_t *frame = stream->bytes + stream->first;
    out->has_reading = stream->protocol->take(stream->memory, frame, length, stream->follows, &out->reading);
    drop(stream, length);
    stream->follows = true;
}

static struct cut find(const struct stream *stream)
{
    if (stream->protocol == NULL) {
        return (struct cut){STATUS_NOT_FOUND, stream->count};
    }
    return stream->protocol->find(stream->bytes + stream->first, stream->count);
}

bool stream_next(struct stream *stream, struct stream_frame *out)
{
    while (stream->count > 0) {
        const struct cut cut = find(stream);
        if (cut.status == STATUS_OK) {
            *out = (struct stream_frame){.status = STATUS_OK};
            take(stream, cut.length, out);
            return true;
        }
        if (cut.status != STATUS_EMPTY) {
            skip(stream, cut.length);
            if (cut.status != STATUS_NOT_FOUND) {
                *out = (struct stream_frame){.status = cut.status};
                return true;
            }
        } else if (cut.length > 0) {
            drop(stream, cut.length);
        } else {
            assert(stream->count < PROTOCOL_FRAME_MAX); /* or bytes would never fit again */
            return false;
        }
    }
    return false;
}
