/*
 * stream.h: bytes of a line become frames, and frames readings, by one protocol. Pure; time is an argument.
 *
 *   stream_use, then for what was read: stream_put, and stream_next until it is false
 *
 * However the bytes are cut into pieces, the frames are the same. A frame that stops in its middle for STREAM_PAUSE_US is given up: monitors send
 * a frame in one go. No more than STREAM_PIECE bytes at a time, so that they always fit. Storage is the caller's. Thread: the bus's.
 */
#ifndef WARDGATE_STREAM_H
#define WARDGATE_STREAM_H

#include "drivers/monitor/serial/protocol.h"

#define STREAM_PIECE    256
#define STREAM_PAUSE_US 500000

struct stream {
    const struct protocol *protocol; /* NULL: nothing is understood */
    uint32_t skipped;                /* bytes that belonged to no sound frame; the caller takes note and sets it to 0 */
    /* its own */
    uint8_t bytes[PROTOCOL_FRAME_MAX + STREAM_PIECE];
    size_t first, count;
    int64_t put_us;
    bool follows;
    _Alignas(max_align_t) unsigned char memory[PROTOCOL_MEMORY];
};

/* Begins anew, with another protocol or the same. */
void stream_use(struct stream *stream, const struct protocol *protocol);

void stream_put(struct stream *stream, const uint8_t *bytes, size_t count, int64_t now_us);

struct stream_frame {
    enum status status; /* STATUS_OK: sound; else how it is broken */
    bool has_reading;   /* only of a sound one */
    struct reading reading;
};

/* The next frame, sound or broken; false when more bytes are needed. */
bool stream_next(struct stream *stream, struct stream_frame *out);

#endif
