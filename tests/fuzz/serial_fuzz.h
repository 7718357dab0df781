/*
 * serial_fuzz.h: any bytes to a protocol, in pieces: what comes out keeps its bounds, and the pieces do not matter.
 *
 * The first byte is the size of the pieces.
 */
#ifndef WARDGATE_TESTS_SERIAL_FUZZ_H
#define WARDGATE_TESTS_SERIAL_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "drivers/monitor/serial/protocols.h"
#include "drivers/monitor/serial/reporter.h"
#include "drivers/monitor/serial/sniff.h"
#include "drivers/monitor/serial/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_sink {
    struct observation_sink sink; /* first */
    uint32_t sum;                 /* of all that was put */
    unsigned heard;
    const struct profile *profile;
};

static void fuzz_put(struct observation_sink *sink, const struct observation *o)
{
    struct fuzz_sink *fuzz = (struct fuzz_sink *)(void *)sink;
    const unsigned char *bytes = (const unsigned char *)o;
    assert(o->kind <= OBSERVATION_IDENTITY && o->kind != OBSERVATION_LOST);
    assert(o->kind != OBSERVATION_SIGNAL || o->signal < fuzz->profile->bit_count);
    assert(o->kind != OBSERVATION_VALUE || (o->value_milli >= 0 && o->value_milli < 1000000));
    assert(o->kind != OBSERVATION_VALUE || o->quality == QUALITY_VALID || o->value_milli == 0);
    for (size_t i = 0; i <= offsetof(struct observation, flags); i++) { /* what follows is padding */
        fuzz->sum = fuzz->sum * 31 + bytes[i];
    }
    fuzz->heard += o->kind == OBSERVATION_HEARD;
}

static struct fuzz_sink fuzz_feed(const struct protocol *protocol, const uint8_t *data, size_t size, size_t piece)
{
    static struct stream stream;
    struct stream_frame frame;
    struct fuzz_sink out = {.sink.put = fuzz_put, .profile = protocol->profile};
    struct reporter reporter;
    const struct monitor_config monitor = {.profile = protocol->profile};
    stream_use(&stream, protocol);
    stream.skipped = 0;
    reporter_use(&reporter, &monitor, protocol);
    for (size_t at = 0; at < size; at += piece) {
        stream_put(&stream, data + at, size - at < piece ? size - at : piece, 1000000);
        while (stream_next(&stream, &frame)) {
            assert(frame.status != STATUS_EMPTY && frame.status != STATUS_NOT_FOUND);
            if (frame.has_reading) {
                reporter_put(&reporter, &frame.reading, 1000, &out.sink);
            }
        }
    }
    assert(stream.skipped <= size);
    return out;
}

static void fuzz_protocol(const struct protocol *protocol, const uint8_t *data, size_t size)
{
    if (size == 0) {
        return;
    }
    const size_t piece = data[0] % STREAM_PIECE + 1U;
    const struct fuzz_sink pieces = fuzz_feed(protocol, data + 1, size - 1, piece);
    const struct fuzz_sink whole = fuzz_feed(protocol, data + 1, size - 1, STREAM_PIECE);
    assert(pieces.sum == whole.sum && pieces.heard == whole.heard);
    (void)sniff(data + 1, size - 1);
}

#endif
