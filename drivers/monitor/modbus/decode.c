#include "drivers/monitor/modbus/decode.h"

#include <assert.h>

#include "app/engine/signal.h"

_Static_assert(PROFILE_CHANNELS_MAX <= 32 && VITAL_COUNT <= 32 && PROFILE_BITS_MAX <= 32, "sets are kept in 32 bits");

#define VITAL_BIT(name) (UINT32_C(1) << VITAL_##name)
#define CUFF_VITALS     (VITAL_BIT(nibp_sys) | VITAL_BIT(nibp_dia) | VITAL_BIT(nibp_mean))
#define ALL_VITALS      (UINT32_MAX >> (32 - VITAL_COUNT))

enum { SCALE_MICRO_MAX = 1000 * 1000000, FLOAT_VANISHES = 56 /* 2^24 * SCALE_MICRO_MAX < 2^54 */ };

/* Vitals whose values a bit of the monitor speaks about now. */
struct shadows {
    uint32_t demo, standby, sensor_off, inflating;
};

struct answer {
    const struct monitor_config *monitor;
    const struct profile *profile;
    struct decode_state *state;
    const struct request *request;
    const uint8_t *data;
    int64_t at_ms;
    struct observation_sink *out;
};

/* --- numbers ------------------------------------------------------------------------------------------------- */

static int64_t saturated_sum(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b < 0 ? INT64_MIN : INT64_MAX;
    }
    return sum;
}

/* IEEE 754 single precision times scale, in integers: exact, then rounded once, half away from zero. False for NaN
 * and infinity. */
static bool float_to_micro(uint32_t raw, int64_t scale_micro, int64_t *out_micro)
{
    const uint32_t exponent = raw >> 23 & 0xFF;
    const bool negative = (raw >> 31 != 0) != (scale_micro < 0);
    const int64_t mantissa = (int64_t)(exponent == 0 ? (raw & 0x7FFFFF) : (raw & 0x7FFFFF) | 0x800000);
    const int shift = (int)(exponent == 0 ? 1 : exponent) - 150;
    const int64_t product = mantissa * (scale_micro < 0 ? -scale_micro : scale_micro);
    int64_t micro = 0; /* stays so far below a millionth */
    if (exponent == 0xFF) {
        return false;
    }
    if (shift >= 0) {
        const int up = shift < 62 ? shift : 62; /* the mantissa is at least 2^23: too large long before */
        micro = product <= INT64_MAX >> up ? product << up : INT64_MAX;
    } else if (-shift <= FLOAT_VANISHES) {
        micro = (product + (INT64_C(1) << (-shift - 1))) >> -shift;
    }
    *out_micro = negative ? -micro : micro;
    return true;
}

/* False when the raw value is no number. */
static bool raw_to_micro(const struct profile_channel *channel, uint32_t raw, int64_t *out_micro)
{
    assert(channel->scale_micro >= -SCALE_MICRO_MAX && channel->scale_micro <= SCALE_MICRO_MAX);
    int64_t micro = (int64_t)raw * channel->scale_micro;
    if (!table_is_bits(channel->table) && channel->type == TYPE_F32) {
        if (!float_to_micro(raw, channel->scale_micro, &micro)) {
            return false;
        }
    } else if (channel->type == TYPE_S16) {
        micro = (int16_t)raw * channel->scale_micro;
    } else if (channel->type == TYPE_S32) {
        micro = (int32_t)raw * channel->scale_micro;
    }
    *out_micro = saturated_sum(micro, channel->offset_micro);
    return true;
}

static bool is_absent_code(const struct profile_channel *channel, uint32_t raw)
{
    const uint32_t mask = channel_registers(channel) == 2 ? UINT32_MAX : UINT16_MAX;
    for (uint8_t i = 0; i < channel->absent_count; i++) {
        if ((channel->absent[i] & mask) == raw) {
            return true;
        }
    }
    return false;
}

enum quality decode_value(const struct profile_channel *channel, uint32_t raw, int32_t *out_milli)
{
    int64_t micro = 0;
    if (is_absent_code(channel, raw) || !raw_to_micro(channel, raw, &micro)) {
        *out_milli = 0;
        return QUALITY_ABSENT;
    }
    if (!unit_convert(&channel->unit, micro, out_milli)) {
        *out_milli = micro < 0 ? INT32_MIN : INT32_MAX;
        return QUALITY_IMPLAUSIBLE;
    }
    const bool outside = *out_milli < channel->low_milli || *out_milli > channel->high_milli;
    return channel->has_range && outside ? QUALITY_IMPLAUSIBLE : QUALITY_VALID;
}

/* --- registers ----------------------------------------------------------------------------------------------- */

static uint16_t word_at(const struct answer *answer, uint32_t reg)
{
    const uint8_t *bytes = answer->data + 2 * (reg - answer->request->first);
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool bit_at(const struct answer *answer, uint32_t reg)
{
    const uint32_t at = reg - answer->request->first;
    return (answer->data[at / 8] >> at % 8 & 1) != 0;
}

static uint32_t swap_bytes(uint16_t word)
{
    return (uint32_t)(word >> 8 | (word & 0xFF) << 8);
}

static uint32_t raw_at(const struct answer *answer, const struct profile_channel *channel)
{
    if (table_is_bits(channel->table)) {
        return bit_at(answer, channel->reg);
    }
    const uint16_t first = word_at(answer, channel->reg);
    if (channel_registers(channel) == 1) {
        return first;
    }
    const uint16_t second = word_at(answer, channel->reg + UINT32_C(1));
    switch (channel->words) {
    case WORDS_CDAB:
        return (uint32_t)second << 16 | first;
    case WORDS_BADC:
        return swap_bytes(first) << 16 | swap_bytes(second);
    case WORDS_DCBA:
        return swap_bytes(second) << 16 | swap_bytes(first);
    case WORDS_ABCD:
        break;
    }
    return (uint32_t)first << 16 | second;
}

static bool covers_channel(const struct answer *answer, const struct profile_channel *channel)
{
    return request_covers(answer->request, channel->table, channel->reg, channel_registers(channel));
}

/* --- putting ------------------------------------------------------------------------------------------------- */

static struct observation blank(const struct answer *answer, enum observation_kind kind)
{
    return (struct observation){.at_ms = answer->at_ms,
                                .bed = answer->monitor->bed,
                                .monitor = answer->monitor->monitor,
                                .kind = (uint8_t)kind};
}

static void put_value(const struct answer *answer, enum vital vital, enum quality quality, int32_t value_milli,
                      uint8_t flags)
{
    struct observation observation = blank(answer, OBSERVATION_VALUE);
    observation.vital = (uint8_t)vital;
    observation.quality = (uint8_t)quality;
    observation.value_milli = value_milli;
    observation.flags = flags;
    answer->out->put(answer->out, &observation);
}

/* --- bits ---------------------------------------------------------------------------------------------------- */

static void take_bit(const struct answer *answer, uint8_t index)
{
    const struct profile_bit *bit = &answer->profile->bits[index];
    const uint32_t mask = UINT32_C(1) << index;
    struct decode_state *state = answer->state;
    if (!request_covers(answer->request, bit->table, bit->reg, 1)) {
        return;
    }
    const bool on =
        table_is_bits(bit->table) ? bit_at(answer, bit->reg) : (word_at(answer, bit->reg) >> bit->bit & 1) != 0;
    if ((state->bits_known & mask) != 0 && on == ((state->bits_on & mask) != 0)) {
        return;
    }
    state->bits_known |= mask;
    state->bits_on = on ? state->bits_on | mask : state->bits_on & ~mask;
    struct observation observation = blank(answer, OBSERVATION_SIGNAL);
    observation.signal = index;
    observation.value_milli = on;
    answer->out->put(answer->out, &observation);
}

static void cast_shadow(const struct profile_bit *bit, struct shadows *shadows)
{
    const uint32_t vitals = bit->vitals != 0 ? bit->vitals : ALL_VITALS;
    switch ((enum signal_meaning)bit->means) {
    case SIGNAL_demo:
    case SIGNAL_test:
        shadows->demo |= vitals;
        break;
    case SIGNAL_standby:
    case SIGNAL_calibrating:
        shadows->standby |= vitals;
        break;
    case SIGNAL_sensor_off:
        shadows->sensor_off |= vitals;
        break;
    case SIGNAL_cuff_inflating:
        shadows->inflating |= bit->vitals != 0 ? bit->vitals : CUFF_VITALS;
        break;
    case SIGNAL_monitor_alarm_high:
    case SIGNAL_monitor_alarm_medium:
    case SIGNAL_monitor_alarm_low:
    case SIGNAL_alarms_paused:
    case SIGNAL_alarms_off:
    case SIGNAL_poor_signal:
    case SIGNAL_COUNT:
        break;
    }
}

static struct shadows shadows_now(const struct answer *answer)
{
    struct shadows shadows = {0};
    for (uint8_t i = 0; i < answer->profile->bit_count; i++) {
        if ((answer->state->bits_on >> i & 1) != 0) {
            cast_shadow(&answer->profile->bits[i], &shadows);
        }
    }
    return shadows;
}

/* --- identity ------------------------------------------------------------------------------------------------ */

static bool is_blank(const uint8_t *bytes, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] != bytes[0]) {
            return false;
        }
    }
    return bytes[0] == 0x00 || bytes[0] == 0xFF;
}

static void take_identity(const struct answer *answer)
{
    const struct profile *profile = answer->profile;
    const uint16_t first = profile->identity_register;
    const size_t length = 2 * (size_t)profile->identity_count;
    if (length == 0 || !request_covers(answer->request, TABLE_HOLDING, first, profile->identity_count)) {
        return;
    }
    const uint8_t *bytes = answer->data + 2 * (first - answer->request->first);
    if (is_blank(bytes, length)) {
        return;
    }
    struct observation observation = blank(answer, OBSERVATION_IDENTITY);
    observation.value_milli = identity_hash(bytes, length);
    if (answer->state->identity != 0 && answer->state->identity != observation.value_milli) {
        decode_forget(answer->state);
    }
    answer->state->identity = observation.value_milli;
    answer->out->put(answer->out, &observation);
}

/* --- what it refuses ----------------------------------------------------------------------------------------- */

static bool covers_counter(const struct request *request, const struct profile_channel *channel)
{
    return channel->has_changed_by && request_covers(request, channel->table, channel->changed_by, 1);
}

static void put_refused(const struct answer *answer, enum vital vital, bool refused)
{
    struct observation observation = blank(answer, OBSERVATION_REFUSED);
    observation.vital = (uint8_t)vital;
    observation.value_milli = refused;
    answer->out->put(answer->out, &observation);
}

static void set_counterless(struct decode_state *state, uint32_t self, bool counterless)
{
    if (counterless != ((state->counterless & self) != 0)) {
        state->counterless ^= self;
        state->marked &= ~self; /* a counter's mark is none of the value's */
    }
}

/* It answers: what was refused of this is refused no more. */
static void take_back(const struct answer *answer)
{
    struct decode_state *state = answer->state;
    for (uint8_t i = 0; i < answer->profile->channel_count; i++) {
        const struct profile_channel *channel = &answer->profile->channels[i];
        const uint32_t self = UINT32_C(1) << i;
        if (covers_counter(answer->request, channel)) {
            set_counterless(state, self, false);
        }
        if ((state->refused & self) != 0 && covers_channel(answer, channel)) {
            state->refused &= ~self;
            put_refused(answer, channel->vital, false);
        }
    }
}

/* --- channels ------------------------------------------------------------------------------------------------ */

static bool has_counter(const struct answer *answer, uint8_t index)
{
    return answer->profile->channels[index].has_changed_by && (answer->state->counterless >> index & 1) == 0;
}

/* Channels measured together with this one, as far as values tell of a measurement. */
static uint32_t group_of(const struct answer *answer, uint8_t index)
{
    const struct profile *profile = answer->profile;
    const uint32_t vital = UINT32_C(1) << profile->channels[index].vital;
    const uint32_t vitals = (CUFF_VITALS & vital) != 0 ? CUFF_VITALS : vital;
    uint32_t group = UINT32_C(1) << index;
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        const struct profile_channel *channel = &profile->channels[i];
        if (channel->episodic && !has_counter(answer, i) && (vitals >> channel->vital & 1) != 0) {
            group |= UINT32_C(1) << i;
        }
    }
    return group;
}

/* What tells of a new measurement, when this answer has it. */
static bool read_mark(const struct answer *answer, uint8_t index, bool inflating, uint32_t *out_mark)
{
    const struct profile_channel *channel = &answer->profile->channels[index];
    if (has_counter(answer, index)) {
        if (!covers_counter(answer->request, channel)) {
            return false;
        }
        *out_mark =
            table_is_bits(channel->table) ? bit_at(answer, channel->changed_by) : word_at(answer, channel->changed_by);
        return true;
    }
    if (inflating || !covers_channel(answer, channel)) {
        return false; /* pressures seen on the way up are no measurement */
    }
    *out_mark = raw_at(answer, channel);
    return true;
}

static void note_measurement(const struct answer *answer, const struct shadows *shadows, uint8_t index)
{
    const struct profile_channel *channel = &answer->profile->channels[index];
    struct decode_state *state = answer->state;
    const uint32_t self = UINT32_C(1) << index;
    uint32_t mark = 0;
    if (!channel->episodic || !read_mark(answer, index, (shadows->inflating >> channel->vital & 1) != 0, &mark)) {
        return;
    }
    if ((state->marked & self) == 0) {
        state->marked |= self;
        state->age_unknown |= self;
        state->due |= self;
    } else if (mark != state->mark[index]) {
        state->due |= has_counter(answer, index) ? self : group_of(answer, index);
    }
    state->mark[index] = mark;
}

static enum quality quality_now(const struct shadows *shadows, enum vital vital, enum quality quality)
{
    if ((shadows->demo >> vital & 1) != 0) {
        return QUALITY_DEMO;
    }
    if ((shadows->standby >> vital & 1) != 0) {
        return QUALITY_STANDBY;
    }
    return (shadows->sensor_off >> vital & 1) != 0 ? QUALITY_SENSOR_OFF : quality;
}

static void take_channel(const struct answer *answer, const struct shadows *shadows, uint8_t index)
{
    const struct profile_channel *channel = &answer->profile->channels[index];
    struct decode_state *state = answer->state;
    const uint32_t self = UINT32_C(1) << index;
    const bool waits = (state->due & self) == 0 || (shadows->inflating >> channel->vital & 1) != 0;
    if (!covers_channel(answer, channel) || (channel->episodic && waits)) {
        return;
    }
    int32_t value_milli = 0;
    const enum quality own = decode_value(channel, raw_at(answer, channel), &value_milli);
    const enum quality quality = quality_now(shadows, channel->vital, own);
    put_value(answer, channel->vital, quality, value_milli,
              (state->age_unknown & self) != 0 ? OBSERVATION_AGE_UNKNOWN : 0);
    state->due &= ~self;
    state->age_unknown &= ~self;
}

/* --- answers ------------------------------------------------------------------------------------------------- */

void decode_forget(struct decode_state *state)
{
    state->bits_known = 0;
    state->marked = 0;
    state->due = 0;
    state->age_unknown = 0;
}

static void put_heard(const struct answer *answer)
{
    const struct observation heard = blank(answer, OBSERVATION_HEARD);
    answer->out->put(answer->out, &heard);
}

void decode_answer(const struct monitor_config *monitor, struct decode_state *state, const struct request *request,
                   const uint8_t *data, int64_t at_ms, struct observation_sink *out)
{
    const struct answer answer = {monitor, monitor->profile, state, request, data, at_ms, out};
    take_identity(&answer);
    take_back(&answer);
    for (uint8_t i = 0; i < monitor->profile->bit_count; i++) {
        take_bit(&answer, i);
    }
    const struct shadows shadows = shadows_now(&answer);
    for (uint8_t i = 0; i < monitor->profile->channel_count; i++) {
        note_measurement(&answer, &shadows, i);
    }
    for (uint8_t i = 0; i < monitor->profile->channel_count; i++) {
        take_channel(&answer, &shadows, i);
    }
    put_heard(&answer);
}

void decode_heard(const struct monitor_config *monitor, int64_t at_ms, struct observation_sink *out)
{
    const struct answer answer = {.monitor = monitor, .at_ms = at_ms, .out = out};
    put_heard(&answer);
}

void decode_refused(const struct monitor_config *monitor, struct decode_state *state, const struct request *request,
                    int64_t at_ms, struct observation_sink *out)
{
    const struct answer answer = {monitor, monitor->profile, state, request, NULL, at_ms, out};
    for (uint8_t i = 0; i < monitor->profile->channel_count; i++) {
        const struct profile_channel *channel = &monitor->profile->channels[i];
        const uint32_t self = UINT32_C(1) << i;
        if (covers_counter(request, channel)) {
            set_counterless(state, self, true);
        }
        if (covers_channel(&answer, channel)) {
            state->refused |= self;
            put_refused(&answer, channel->vital, true);
        }
    }
}
