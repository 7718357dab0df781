/*
 * Nonin data format 8: 4 bytes once a second; 9600 8N1.
 *
 *   1  STATUS    7: always 1  6: sensor disconnected (reserved on the 9560)  5: out of track  4: weak pulse
 *                3: marginal pulse  2: artifact  1,0: pulse rate, bits 8 and 7
 *   2  pulse rate, bits 6 to 0; 511: no value
 *   3  SpO2; 127: no value
 *   4  STATUS 2  5: SmartPoint  3: sensor alarm  0: battery low
 *
 * Only byte 1 has bit 7: that is how a frame is found. The values are the ones for displays, which go on with the last
 * reading for 10 s after the finger is gone: none counts while the sensor alarm is set.
 *
 * There is no checksum. A frame is believed when it is at least the third of a run (nothing between them, no SpO2 over
 * 100, the same bits where the format defines none) and one of the two before it says nearly the same: SpO2 within
 * 4 %, the rate within 16/min, the same values missing, the sensor as much on or off. So one wrong bit costs at most
 * 3 s, and a wrong value that passes is wrong by no more than that; a real jump shows a second later.
 *
 * Source: Nonin 9560 Bluetooth specification; bit 6 of STATUS as the OEM III and Xpod modules have it.
 */
#include "drivers/monitor/serial/oximeter.h"
#include "drivers/monitor/serial/protocols.h"

#define FRAME_MS 1000

enum { FRAME_BYTES = 4, MARK = 0x80, BELIEVED_RUN = 3, SPO2_NEAR = 4, PULSE_NEAR = 16 };
enum { STATUS = 0, PULSE = 1, SPO2 = 2, STATUS2 = 3 };
enum {
    STATUS_DISCONNECTED = 0x40,
    STATUS_OUT_OF_TRACK = 0x20,
    STATUS_WEAK = 0x10,
    STATUS_ARTIFACT = 0x04,
    STATUS2_SENSOR_ALARM = 0x08,
    STATUS2_BATTERY_LOW = 0x01,
    STATUS2_UNDEFINED = 0x56
};
enum { NO_PULSE = 511, NO_SPO2 = 127, SPO2_MAX = 100 };

enum { BIT_SENSOR_OFF, BIT_LOW_BATTERY, BIT_ARTIFACT, BIT_OUT_OF_TRACK, BIT_LOW_PERFUSION, BIT_COUNT };

struct df8_memory {
    uint8_t before[2][FRAME_BYTES]; /* the newest first */
    uint8_t run;                    /* frames so far, at most BELIEVED_RUN */
};

_Static_assert(sizeof(struct df8_memory) <= PROTOCOL_MEMORY, "take has no other memory");

static struct cut find(const uint8_t *bytes, size_t count)
{
    if ((bytes[0] & MARK) == 0) {
        return (struct cut){STATUS_NOT_FOUND, 1};
    }
    for (size_t i = 1; i < FRAME_BYTES; i++) {
        if (i == count) {
            return (struct cut){STATUS_EMPTY, 0};
        }
        if ((bytes[i] & MARK) != 0) {
            return (struct cut){STATUS_SHORT_FRAME, i};
        }
    }
    const bool is_spo2 = bytes[SPO2] <= SPO2_MAX || bytes[SPO2] == NO_SPO2;
    return (struct cut){is_spo2 ? STATUS_OK : STATUS_CORRUPT, FRAME_BYTES};
}

static int pulse_of(const uint8_t *frame)
{
    return (frame[STATUS] & 0x03) << 7 | frame[PULSE];
}

static bool is_off(const uint8_t *frame)
{
    return (frame[STATUS] & STATUS_DISCONNECTED) != 0 || (frame[STATUS2] & STATUS2_SENSOR_ALARM) != 0;
}

static bool is_near(int a, int b, int none, int near)
{
    return (a == none) == (b == none) && a - b <= near && b - a <= near;
}

static bool says_the_same(const uint8_t *a, const uint8_t *b)
{
    return is_off(a) == is_off(b) && is_near(a[SPO2], b[SPO2], NO_SPO2, SPO2_NEAR) &&
           is_near(pulse_of(a), pulse_of(b), NO_PULSE, PULSE_NEAR);
}

static bool is_believed(struct df8_memory *memory, const uint8_t *frame, bool follows)
{
    const uint8_t *newest = memory->before[0];
    const bool goes_on = follows && ((frame[STATUS2] ^ newest[STATUS2]) & STATUS2_UNDEFINED) == 0;
    const bool is_confirmed = says_the_same(frame, newest) || says_the_same(frame, memory->before[1]);
    memory->run = (uint8_t)(!goes_on ? 1 : memory->run < BELIEVED_RUN ? memory->run + 1 : BELIEVED_RUN);
    for (size_t i = 0; i < FRAME_BYTES; i++) {
        memory->before[1][i] = memory->before[0][i];
        memory->before[0][i] = frame[i];
    }
    return memory->run == BELIEVED_RUN && is_confirmed;
}

static void add_value(struct reading *out, enum vital vital, bool off, int value, int none)
{
    const enum quality own = value == none ? QUALITY_ABSENT : QUALITY_VALID;
    reading_add(out, vital, off ? QUALITY_SENSOR_OFF : own, value * 1000);
}

static uint32_t bit_if(int flags, unsigned bit)
{
    return flags != 0 ? UINT32_C(1) << bit : 0;
}

static bool take(void *memory, const uint8_t *frame, size_t length, bool follows, struct reading *out)
{
    (void)length;
    const bool off = is_off(frame);
    if (!is_believed(memory, frame, follows)) {
        return false;
    }
    *out = (struct reading){0};
    add_value(out, VITAL_pulse, off, pulse_of(frame), NO_PULSE);
    add_value(out, VITAL_spo2, off, frame[SPO2], NO_SPO2);
    out->bits_on = bit_if(off, BIT_SENSOR_OFF) | bit_if(frame[STATUS2] & STATUS2_BATTERY_LOW, BIT_LOW_BATTERY) |
                   bit_if(frame[STATUS] & STATUS_ARTIFACT, BIT_ARTIFACT) |
                   bit_if(frame[STATUS] & STATUS_OUT_OF_TRACK, BIT_OUT_OF_TRACK) |
                   bit_if(frame[STATUS] & STATUS_WEAK, BIT_LOW_PERFUSION);
    return true;
}

const struct profile nonin_df8_profile = {
    .name = "nonin-df8",
    .protocol = PROTOCOL_SERIAL,
    .title = "Nonin oximeter, data format 8",
    .poll_interval_ms = FRAME_MS,
    .channel_count = 2,
    .channels = (const struct profile_channel[]){PROTOCOL_CHANNEL(pulse, FRAME_MS, false),
                                                 PROTOCOL_CHANNEL(spo2, FRAME_MS, false)},
    .bit_count = BIT_COUNT,
    .bits = (const struct profile_bit[]){[BIT_SENSOR_OFF] = OXIMETER_SENSOR_OFF,
                                         [BIT_LOW_BATTERY] = OXIMETER_LOW_BATTERY,
                                         [BIT_ARTIFACT] = OXIMETER_ARTIFACT,
                                         [BIT_OUT_OF_TRACK] = OXIMETER_OUT_OF_TRACK,
                                         [BIT_LOW_PERFUSION] = OXIMETER_LOW_PERFUSION}};

const struct protocol nonin_df8_protocol = {.profile = &nonin_df8_profile,
                                            .bauds = {9600},
                                            .usual_bytes = FRAME_BYTES,
                                            .sure_frames = 8,
                                            .find = find,
                                            .take = take};
