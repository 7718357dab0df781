/*
 * Nonin data formats 2 and 7: 75 frames of 5 bytes a second, 25 frames a packet, 3 packets a second; 9600 8N1.
 *
 *   format 2   01  STATUS  PLETH     VAL  CHK        CHK = sum of the first four bytes, modulo 256
 *   format 7   STATUS  PLETH (16 bit)  VAL  CHK
 *   STATUS     7: always 1  6: sensor disconnected (reserved on the 9560)  5: artifact  4: out of track  3: sensor alarm
 *              2,1: pulse 01 good 10 weak 11 marginal, 00 between pulses  0: SYNC, first frame of a packet
 *   VAL        by its frame, from 1: 1, 2 pulse rate (2 and 7 bits)  3 SpO2  4 firmware  8 status 2 (0: battery low)
 *              others: more averages of the same.  511 and 127: no value
 *
 * A packet counts only as a whole: 25 right checksums, SYNC on the first frame and on no other. One wrong bit changes
 * the sum of its frame, so it costs one packet and never a value.
 *
 * Of the averages we take those over 4 beats (frames 1 to 3), which turn invalid at once. Those meant for displays
 * (SpO2-D, HR-D and the extended ones) are smoother, but go on with the last reading for 10 s after the finger is gone.
 * No value counts while any frame of the packet has the sensor alarm, which is set during that time.
 *
 * Source: Nonin 9560 Bluetooth specification; bit 6 as the OEM III and Xpod modules have it.
 */
#include "drivers/monitor/serial/oximeter.h"
#include "drivers/monitor/serial/protocols.h"

/* Three a second; the whole milliseconds below it, because a series has room for what its period promises. */
#define PACKET_MS 333

enum { FRAME_BYTES = 5, PACKET_FRAMES = 25, PACKET_BYTES = FRAME_BYTES * PACKET_FRAMES };
enum { VAL = 3, CHK = 4 };
enum {
    STATUS_MARK = 0x80,
    STATUS_DISCONNECTED = 0x40,
    STATUS_ARTIFACT = 0x20,
    STATUS_OUT_OF_TRACK = 0x10,
    STATUS_SENSOR_ALARM = 0x08,
    STATUS_PULSE = 0x06,
    STATUS_PULSE_WEAK = 0x04,
    STATUS_SYNC = 0x01
};
enum { BATTERY_FRAME = 7, BATTERY_LOW = 0x01, NO_PULSE = 511, NO_SPO2 = 127 };

enum { BIT_SENSOR_OFF, BIT_LOW_BATTERY, BIT_ARTIFACT, BIT_OUT_OF_TRACK, BIT_LOW_PERFUSION, BIT_COUNT };

/* Where STATUS stands in a frame; format 2 has a 01 before it. */
enum layout { LAYOUT_DF7 = 0, LAYOUT_DF2 = 1 };

struct packet_memory {
    bool weak; /* the newest pulse */
};

_Static_assert(sizeof(struct packet_memory) <= PROTOCOL_MEMORY, "take has no other memory");
_Static_assert(PACKET_BYTES <= PROTOCOL_FRAME_MAX, "a packet is a frame of the stream");

static enum status check_frame(enum layout layout, const uint8_t *frame, bool first)
{
    const uint8_t status = frame[layout];
    if ((layout == LAYOUT_DF2 && frame[0] != 0x01) || (status & STATUS_MARK) == 0) {
        return STATUS_BAD_HEADER;
    }
    if ((uint8_t)(frame[0] + frame[1] + frame[2] + frame[3]) != frame[CHK]) {
        return STATUS_BAD_CHECKSUM;
    }
    return ((status & STATUS_SYNC) != 0) == first ? STATUS_OK : STATUS_WRONG_LENGTH;
}

static struct cut find_packet(enum layout layout, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < PACKET_FRAMES; i++) {
        if (count < (i + 1) * FRAME_BYTES) {
            return (struct cut){STATUS_EMPTY, 0};
        }
        const enum status status = check_frame(layout, bytes + i * FRAME_BYTES, i == 0);
        if (status != STATUS_OK) {
            return (struct cut){i == 0 ? STATUS_NOT_FOUND : status, 1};
        }
    }
    return (struct cut){STATUS_OK, PACKET_BYTES};
}

/* The status bits that are set in any frame. */
static uint8_t gather_status(enum layout layout, const uint8_t *packet, struct packet_memory *memory)
{
    uint8_t gathered = 0;
    for (size_t i = 0; i < PACKET_FRAMES; i++) {
        const uint8_t status = packet[i * FRAME_BYTES + layout];
        if ((status & STATUS_PULSE) != 0) {
            memory->weak = (status & STATUS_PULSE) == STATUS_PULSE_WEAK;
        }
        gathered |= status;
    }
    return gathered;
}

static uint8_t val(const uint8_t *packet, size_t frame)
{
    return packet[frame * FRAME_BYTES + VAL];
}

static uint32_t bit_if(bool on, unsigned bit)
{
    return on ? UINT32_C(1) << bit : 0;
}

static void add_value(struct reading *out, enum vital vital, bool is_off, unsigned value, unsigned none)
{
    const enum quality own = value == none ? QUALITY_ABSENT : QUALITY_VALID;
    reading_add(out, vital, is_off ? QUALITY_SENSOR_OFF : own, (int32_t)value * 1000);
}

static bool take_packet(enum layout layout, struct packet_memory *memory, const uint8_t *packet, struct reading *out)
{
    const uint8_t status = gather_status(layout, packet, memory);
    const bool is_off = (status & (STATUS_SENSOR_ALARM | STATUS_DISCONNECTED)) != 0;
    const unsigned pulse = (val(packet, 0) & 0x03U) << 7 | (val(packet, 1) & 0x7FU);
    *out = (struct reading){0};
    add_value(out, VITAL_pulse, is_off, pulse, NO_PULSE);
    add_value(out, VITAL_spo2, is_off, val(packet, 2) & 0x7FU, NO_SPO2);
    out->bits_on = bit_if(is_off, BIT_SENSOR_OFF) |
                   bit_if((val(packet, BATTERY_FRAME) & BATTERY_LOW) != 0, BIT_LOW_BATTERY) |
                   bit_if((status & STATUS_ARTIFACT) != 0, BIT_ARTIFACT) |
                   bit_if((status & STATUS_OUT_OF_TRACK) != 0, BIT_OUT_OF_TRACK) |
                   bit_if(memory->weak && !is_off, BIT_LOW_PERFUSION);
    return true;
}

static struct cut find_df2(const uint8_t *bytes, size_t count)
{
    return find_packet(LAYOUT_DF2, bytes, count);
}

static struct cut find_df7(const uint8_t *bytes, size_t count)
{
    return find_packet(LAYOUT_DF7, bytes, count);
}

static bool take_df2(void *memory, const uint8_t *packet, size_t length, bool follows, struct reading *out)
{
    (void)length;
    (void)follows;
    return take_packet(LAYOUT_DF2, memory, packet, out);
}

static bool take_df7(void *memory, const uint8_t *packet, size_t length, bool follows, struct reading *out)
{
    (void)length;
    (void)follows;
    return take_packet(LAYOUT_DF7, memory, packet, out);
}

static const struct profile_channel channels[] = {PROTOCOL_CHANNEL(pulse, PACKET_MS, false),
                                                  PROTOCOL_CHANNEL(spo2, PACKET_MS, false)};
static const struct profile_bit bits[BIT_COUNT] = {[BIT_SENSOR_OFF] = OXIMETER_SENSOR_OFF,
                                                   [BIT_LOW_BATTERY] = OXIMETER_LOW_BATTERY,
                                                   [BIT_ARTIFACT] = OXIMETER_ARTIFACT,
                                                   [BIT_OUT_OF_TRACK] = OXIMETER_OUT_OF_TRACK,
                                                   [BIT_LOW_PERFUSION] = OXIMETER_LOW_PERFUSION};

#define PACKET_PROFILE(number)                                                                                        \
    {                                                                                                                 \
        .name = "nonin-df" number, .protocol = PROTOCOL_SERIAL, .title = "Nonin oximeter, data format " number,       \
        .poll_interval_ms = PACKET_MS, .channel_count = 2, .channels = channels, .bit_count = BIT_COUNT, .bits = bits \
    }

const struct profile nonin_df2_profile = PACKET_PROFILE("2");
const struct profile nonin_df7_profile = PACKET_PROFILE("7");

const struct protocol nonin_df2_protocol = {.profile = &nonin_df2_profile,
                                            .bauds = {9600},
                                            .usual_bytes = PACKET_BYTES,
                                            .sure_frames = 1,
                                            .find = find_df2,
                                            .take = take_df2};

const struct protocol nonin_df7_protocol = {.profile = &nonin_df7_profile,
                                            .bauds = {9600},
                                            .usual_bytes = PACKET_BYTES,
                                            .sure_frames = 1,
                                            .find = find_df7,
                                            .take = take_df7};
