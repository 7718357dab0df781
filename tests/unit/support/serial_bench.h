/*
 * serial_bench.h: a protocol fed with bytes, and what was observed; for tests.
 */
#ifndef WARDGATE_TESTS_SERIAL_BENCH_H
#define WARDGATE_TESTS_SERIAL_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/signal.h"
#include "drivers/monitor/serial/protocols.h"
#include "drivers/monitor/serial/reporter.h"
#include "drivers/monitor/serial/stream.h"
#include "tests/unit/support/serial_frames.h"

#define SEEN_MAX 4096
#define BENCH_MS 1000000

static struct {
    struct observation_sink sink; /* first */
    struct monitor_config monitor;
    struct stream stream;
    struct reporter reporter;
    int64_t now_us;
    unsigned sound, skipped, broken[STATUS_COUNT];
    unsigned count;
    struct observation seen[SEEN_MAX];
} t;

static inline void bench_record(struct observation_sink *sink, const struct observation *observation)
{
    assert_ptr_equal(sink, &t.sink);
    assert_true(t.count < SEEN_MAX);
    t.seen[t.count++] = *observation;
}

/* Begins anew. */
static inline void bench_use(const struct protocol *protocol)
{
    memset(&t, 0, sizeof t);
    t.sink.put = bench_record;
    t.now_us = BENCH_MS * INT64_C(1000);
    t.monitor = (struct monitor_config){.bed = 7, .monitor = 2, .profile = protocol->profile};
    stream_use(&t.stream, protocol);
    reporter_use(&t.reporter, &t.monitor, protocol);
}

static inline void bench_piece(const uint8_t *bytes, size_t length)
{
    struct stream_frame frame;
    stream_put(&t.stream, bytes, length, t.now_us);
    while (stream_next(&t.stream, &frame)) {
        assert_int_not_equal(frame.status, STATUS_EMPTY);
        assert_int_not_equal(frame.status, STATUS_NOT_FOUND);
        t.sound += frame.status == STATUS_OK;
        t.broken[frame.status]++;
        if (frame.has_reading) {
            assert_int_equal(frame.status, STATUS_OK);
            reporter_put(&t.reporter, &frame.reading, t.now_us / 1000, &t.sink);
        }
    }
    t.skipped += t.stream.skipped;
    t.stream.skipped = 0;
}

static inline void bench_feed(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        const size_t piece = length < STREAM_PIECE ? length : STREAM_PIECE;
        bench_piece(bytes, piece);
        bytes += piece;
        length -= piece;
    }
}

/* A frame, an interval of the profile after the one before: its values are due. */
static inline void bench_next(const uint8_t *bytes, size_t length)
{
    t.now_us += t.monitor.profile->poll_interval_ms * INT64_C(1000);
    t.count = 0;
    bench_feed(bytes, length);
}

static inline const struct observation *bench_value(enum vital vital)
{
    const struct observation *found = NULL;
    for (unsigned i = 0; i < t.count; i++) {
        if (t.seen[i].kind == OBSERVATION_VALUE && t.seen[i].vital == vital) {
            assert_null(found);
            found = &t.seen[i];
        }
    }
    return found;
}

static inline void assert_value(enum vital vital, enum quality quality, int32_t value_milli)
{
    const struct observation *o = bench_value(vital);
    assert_non_null(o);
    if (o != NULL) {
        assert_int_equal(o->quality, quality);
        assert_int_equal(o->value_milli, value_milli);
        assert_int_equal(o->bed, 7);
        assert_int_equal(o->monitor, 2);
        assert_int_equal(o->at_ms, t.now_us / 1000);
    }
}

static inline unsigned count_kind(enum observation_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t.count; i++) {
        count += t.seen[i].kind == kind;
    }
    return count;
}

/* What was said of a signal: 1 on, 0 off, -1 nothing. */
static inline int signal_said(const char *name)
{
    int said = -1;
    for (unsigned i = 0; i < t.count; i++) {
        const struct observation *o = &t.seen[i];
        if (o->kind == OBSERVATION_SIGNAL && strcmp(t.monitor.profile->bits[o->signal].name, name) == 0) {
            said = (int)o->value_milli;
        }
    }
    return said;
}

static inline size_t read_sample(const char *name, uint8_t *bytes, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/data/serial/%s", name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    const size_t length = stream != NULL ? fread(bytes, 1, size, stream) : 0;
    assert_true(length > 0 && length < size);
    (void)fclose(stream);
    return length;
}

#endif
