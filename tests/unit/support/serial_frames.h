/*
 * serial_frames.h: frames of the serial protocols, as the manuals lay them out; for tests. Each returns its length.
 */
#ifndef WARDGATE_TESTS_SERIAL_FRAMES_H
#define WARDGATE_TESTS_SERIAL_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PACKET_BYTES 125
#define LINE_BYTES   256

enum {
    ALARM = 0x08, /* sensor alarm, both in a packet's and in format 8's second status */
    DISCONNECTED = 0x40,
    ARTIFACT = 0x20,
    OUT_OF_TRACK = 0x10,
    GOOD_PULSE = 0x02,
    WEAK_PULSE = 0x04,
    NO_PULSE = 511,
    NO_SPO2 = 127
};

struct packet {
    unsigned pulse, spo2;
    uint8_t status; /* in each frame, beside bit 7 and SYNC */
    bool battery_low;
    unsigned held_pulse, held_spo2; /* of the averages for displays; 0: as pulse and spo2 */
};

/* By frame, from 0: what VAL holds. */
static inline uint8_t packet_val(const struct packet *p, unsigned frame)
{
    const unsigned pulse = p->held_pulse != 0 ? p->held_pulse : p->pulse;
    const unsigned spo2 = p->held_spo2 != 0 ? p->held_spo2 : p->spo2;
    const uint8_t vals[25] = {[0] = (uint8_t)(p->pulse >> 7),
                              [1] = (uint8_t)(p->pulse & 0x7F),
                              [2] = (uint8_t)p->spo2,
                              [3] = 0x94,
                              [7] = p->battery_low ? 1 : 0,
                              [8] = (uint8_t)spo2,
                              [9] = (uint8_t)spo2,
                              [10] = (uint8_t)spo2,
                              [13] = (uint8_t)(pulse >> 7),
                              [14] = (uint8_t)(pulse & 0x7F),
                              [15] = (uint8_t)spo2,
                              [16] = (uint8_t)spo2,
                              [19] = (uint8_t)(pulse >> 7),
                              [20] = (uint8_t)(pulse & 0x7F),
                              [21] = (uint8_t)(pulse >> 7),
                              [22] = (uint8_t)(pulse & 0x7F)};
    return vals[frame];
}

static inline size_t make_packet(bool df7, const struct packet *p, uint8_t *out)
{
    for (unsigned i = 0; i < 25; i++) {
        uint8_t *frame = out + (size_t)5 * i;
        const uint8_t status = (uint8_t)(0x80 | p->status | (i == 0 ? 1 : 0));
        frame[0] = df7 ? status : 0x01;
        frame[1] = df7 ? (uint8_t)(0x20 + i) : status;
        frame[2] = (uint8_t)(0x40 + i * 3);
        frame[3] = packet_val(p, i);
        frame[4] = (uint8_t)(frame[0] + frame[1] + frame[2] + frame[3]);
    }
    return PACKET_BYTES;
}

static inline size_t make_df2(unsigned pulse, unsigned spo2, uint8_t status, uint8_t *out)
{
    const struct packet p = {.pulse = pulse, .spo2 = spo2, .status = status};
    return make_packet(false, &p, out);
}

static inline size_t make_df7(unsigned pulse, unsigned spo2, uint8_t status, uint8_t *out)
{
    const struct packet p = {.pulse = pulse, .spo2 = spo2, .status = status};
    return make_packet(true, &p, out);
}

static inline size_t make_df8(unsigned pulse, unsigned spo2, uint8_t status, uint8_t status2, uint8_t *out)
{
    out[0] = (uint8_t)(0x80 | status | (pulse >> 7 & 3));
    out[1] = (uint8_t)(pulse & 0x7F);
    out[2] = (uint8_t)spo2;
    out[3] = status2;
    return 4;
}

static inline size_t seal_df13(uint8_t *out, uint8_t data_bytes)
{
    uint8_t sum = 0;
    out[5] = data_bytes;
    for (size_t i = 0; i < data_bytes; i++) {
        sum = (uint8_t)(sum + out[6 + i]);
    }
    out[6 + data_bytes] = sum;
    out[7 + data_bytes] = 0x03;
    return (size_t)8 + data_bytes;
}

/* Measured at 2024-02-29 13:45:<second, in BCD>. */
static inline size_t make_df13(unsigned pulse, unsigned spo2, uint16_t status, uint8_t second, uint8_t *out)
{
    const uint8_t head[] = {0x00, 0x02, 0x00, 0x0D, 0x00, 14, 0x20, 0x24, 0x02, 0x29, 0x13, 0x45, second, 0x00};
    memcpy(out, head, sizeof head);
    out[14] = (uint8_t)(status >> 8);
    out[15] = (uint8_t)status;
    out[16] = (uint8_t)(pulse >> 8);
    out[17] = (uint8_t)pulse;
    out[18] = 0;
    out[19] = (uint8_t)spo2;
    return seal_df13(out, 14);
}

/* pulse and spo2 as texts, "---" when there is none. */
static inline size_t make_ascii1(const char *spo2, const char *pulse, const char *pi, const char *exceptions,
                                 uint8_t *out)
{
    return (size_t)snprintf(
        (char *)out, LINE_BYTES,
        "02/29/24 13:45:07 SN=0000070986 SPO2=%s%% BPM=%s PI=%s%% SPCO=--.-%% SPMET=--.-%% DESAT=-- "
        "PIDELTA=+-- PVI=--- ALARM=0000 EXC=%s\r\n",
        spo2, pulse, pi, exceptions);
}

static inline size_t make_rad8(const char *spo2, const char *pulse, const char *pi, const char *exceptions,
                               uint8_t *out)
{
    return (size_t)snprintf((char *)out, LINE_BYTES, "09/21/08 09:56:12 SpO2=%s PR=%s PI=%s EXC=%s\r\n", spo2, pulse,
                            pi, exceptions);
}

#endif
