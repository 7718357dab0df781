/*
 * Nonin data format 13: one frame a spot check; 9600 8N1.
 *
 *   00 02  type 00 0D  length (2 bytes: 14 or more)  data  CHK  03        CHK = sum of the data, modulo 256
 *   data    0-7 the instant by the oximeter's own clock, in BCD: century year month day hour minute second fraction
 *           8-9 status: 0200 SmartPoint, 0100 no measurement, 0010 from memory, 0001 battery low
 *           10-11 pulse rate (9 bits, plain); 511: no value   12 reserved   13 SpO2; 127: no value
 *           14- more, in later editions: passed over, but in the sum
 *
 * Each frame is a measurement of its own, made as it arrives. Those from the oximeter's memory are old, of nobody knows
 * whom, and by a clock of their own: they are heard, never used. So is a frame that repeats the one before, as happens when
 * nobody acknowledges. A missing value says nothing about the measurement before: nothing is put for it.
 *
 * Source: Nonin 9560 Bluetooth specification.
 */
#include "drivers/monitor/serial/oximeter.h"
#include "drivers/monitor/serial/protocols.h"

/* A measurement a shift is expected: without any for 3 of them the monitor counts as silent. */
#define CHECK_MS (8 * 60 * 60 * 1000)

enum { HEAD_BYTES = 6, DATA_BYTES_MIN = 14, DATA_BYTES_MAX = 64, TAIL_BYTES = 2, ETX = 0x03 };
enum { AT_STATUS = HEAD_BYTES + 8, AT_PULSE = HEAD_BYTES + 10, AT_SPO2 = HEAD_BYTES + 13 };
enum { STATUS_NOT_MEASURED = 0x0100, STATUS_FROM_MEMORY = 0x0010, STATUS_BATTERY_LOW = 0x0001 };
enum { NO_PULSE = 511, NO_SPO2 = 127 };

enum { BIT_LOW_BATTERY, BIT_COUNT };

struct df13_memory {
    int32_t newest; /* hash of the newest frame; 0: none */
};

_Static_assert(sizeof(struct df13_memory) <= PROTOCOL_MEMORY, "take has no other memory");
_Static_assert(HEAD_BYTES + DATA_BYTES_MAX + TAIL_BYTES <= PROTOCOL_FRAME_MAX, "a frame must fit");

static struct cut check_data(const uint8_t *bytes, size_t data_bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < data_bytes; i++) {
        sum = (uint8_t)(sum + bytes[HEAD_BYTES + i]);
    }
    if (bytes[HEAD_BYTES + data_bytes] != sum) {
        return (struct cut){STATUS_BAD_CHECKSUM, 1};
    }
    if (bytes[HEAD_BYTES + data_bytes + 1] != ETX) {
        return (struct cut){STATUS_WRONG_LENGTH, 1};
    }
    return (struct cut){STATUS_OK, HEAD_BYTES + data_bytes + TAIL_BYTES};
}

static struct cut find(const uint8_t *bytes, size_t count)
{
    static const uint8_t head[] = {0x00, 0x02, 0x00, 0x0D, 0x00};
    for (size_t i = 0; i < sizeof head && i < count; i++) {
        if (bytes[i] != head[i]) {
            return (struct cut){STATUS_NOT_FOUND, 1};
        }
    }
    if (count < HEAD_BYTES) {
        return (struct cut){STATUS_EMPTY, 0};
    }
    const size_t data_bytes = bytes[HEAD_BYTES - 1];
    if (data_bytes < DATA_BYTES_MIN || data_bytes > DATA_BYTES_MAX) {
        return (struct cut){STATUS_BAD_HEADER, 1};
    }
    return count < HEAD_BYTES + data_bytes + TAIL_BYTES ? (struct cut){STATUS_EMPTY, 0} : check_data(bytes, data_bytes);
}

static unsigned word_at(const uint8_t *frame, size_t at)
{
    return (unsigned)frame[at] << 8 | frame[at + 1];
}

static void add_value(struct reading *out, enum vital vital, unsigned value, unsigned none)
{
    if (value != none) {
        reading_add(out, vital, QUALITY_VALID, (int32_t)value * 1000);
    }
}

static bool take(void *memory, const uint8_t *frame, size_t length, bool follows, struct reading *out)
{
    (void)follows;
    struct df13_memory *kept = memory;
    const unsigned status = word_at(frame, AT_STATUS);
    const int32_t hash = identity_hash(frame, length);
    const bool is_repeated = hash == kept->newest;
    kept->newest = hash;
    *out = (struct reading){.bits_on = (status & STATUS_BATTERY_LOW) != 0 ? UINT32_C(1) << BIT_LOW_BATTERY : 0};
    if (!is_repeated && (status & (STATUS_FROM_MEMORY | STATUS_NOT_MEASURED)) == 0) {
        add_value(out, VITAL_pulse, word_at(frame, AT_PULSE) & 0x1FF, NO_PULSE);
        add_value(out, VITAL_spo2, frame[AT_SPO2], NO_SPO2);
    }
    return true;
}

const struct profile nonin_df13_profile = {
    .name = "nonin-df13",
    .protocol = PROTOCOL_SERIAL,
    .title = "Nonin oximeter for spot checks, data format 13",
    .poll_interval_ms = CHECK_MS,
    .channel_count = 2,
    .channels = (const struct profile_channel[]){PROTOCOL_CHANNEL(pulse, CHECK_MS, true),
                                                 PROTOCOL_CHANNEL(spo2, CHECK_MS, true)},
    .bit_count = BIT_COUNT,
    .bits = (const struct profile_bit[]){[BIT_LOW_BATTERY] = OXIMETER_LOW_BATTERY}};

const struct protocol nonin_df13_protocol = {.profile = &nonin_df13_profile,
                                             .bauds = {9600},
                                             .usual_bytes = HEAD_BYTES + DATA_BYTES_MIN + TAIL_BYTES,
                                             .sure_frames = 1,
                                             .find = find,
                                             .take = take};
