/*
 * decode_bench.h: one monitor with its registers, whose answers are decoded, and what was put; for tests.
 */
#ifndef WARDGATE_TESTS_DECODE_BENCH_H
#define WARDGATE_TESTS_DECODE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/engine/signal.h"
#include "drivers/monitor/modbus/decode.h"

#define SEEN_MAX  (2 * VITAL_COUNT + PROFILE_BITS_MAX + 1)
#define REGISTERS 128

/* One monitor with its registers, and what was put. */
static struct {
    struct observation_sink sink;
    struct profile profile;
    struct profile_channel channels[PROFILE_CHANNELS_MAX];
    struct profile_bit bits[PROFILE_BITS_MAX];
    struct monitor_config monitor;
    struct decode_state state;
    uint16_t registers[REGISTERS];
    int64_t now_ms;
    struct observation seen[SEEN_MAX];
    unsigned count;
} t;

static inline void record(struct observation_sink *sink, const struct observation *observation)
{
    assert_ptr_equal(sink, &t.sink);
    assert_true(t.count < SEEN_MAX);
    t.seen[t.count++] = *observation;
}

static inline int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.sink.put = record;
    t.profile.channels = t.channels;
    t.profile.bits = t.bits;
    t.monitor = (struct monitor_config){.bed = 7, .monitor = 2, .address = 1, .profile = &t.profile};
    return 0;
}

static inline struct profile_channel *add(enum vital vital, uint16_t reg, enum register_type type)
{
    struct profile_channel *channel = &t.channels[t.profile.channel_count++];
    *channel = (struct profile_channel){.vital = vital,
                                        .table = TABLE_HOLDING,
                                        .reg = reg,
                                        .type = type,
                                        .scale_micro = 1000000,
                                        .unit = {.multiplier = 1, .divisor = 1}};
    return channel;
}

static inline struct profile_channel *add_episodic(enum vital vital, uint16_t reg)
{
    struct profile_channel *channel = add(vital, reg, TYPE_U16);
    channel->episodic = true;
    return channel;
}

static inline void add_bit(uint16_t reg, uint8_t bit, enum signal_meaning means, uint32_t vitals)
{
    t.bits[t.profile.bit_count++] =
        (struct profile_bit){.table = TABLE_HOLDING, .reg = reg, .bit = bit, .means = (uint8_t)means, .vitals = vitals};
}

/* An answer with the holding registers [first, first + count), as they stand. */
static inline void answer(uint16_t first, uint16_t count)
{
    uint8_t data[2 * REGISTERS];
    for (unsigned i = 0; i < count; i++) {
        data[2 * i] = (uint8_t)(t.registers[first + i] >> 8);
        data[2 * i + 1] = (uint8_t)t.registers[first + i];
    }
    const struct request request = {.table = TABLE_HOLDING, .first = first, .count = count};
    t.count = 0;
    t.now_ms += 1000;
    decode_answer(&t.monitor, &t.state, &request, data, t.now_ms, &t.sink);
    assert_true(t.count > 0);
    assert_int_equal(t.seen[t.count - 1].kind, OBSERVATION_HEARD);
}

static inline const struct observation *value_of(enum vital vital)
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

static inline struct observation the_value_of(enum vital vital)
{
    const struct observation *observation = value_of(vital);
    assert_non_null(observation);
    return observation != NULL ? *observation : (struct observation){0};
}

static inline void assert_value(enum vital vital, enum quality quality, int32_t value_milli)
{
    const struct observation observation = the_value_of(vital);
    assert_int_equal(observation.quality, quality);
    assert_int_equal(observation.value_milli, value_milli);
    assert_int_equal(observation.bed, 7);
    assert_int_equal(observation.monitor, 2);
    assert_int_equal(observation.at_ms, t.now_ms);
}

static inline void assert_flags(enum vital vital, unsigned flags)
{
    assert_int_equal(the_value_of(vital).flags, flags);
}

static inline unsigned count_kind(enum observation_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t.count; i++) {
        count += t.seen[i].kind == kind;
    }
    return count;
}

#endif
