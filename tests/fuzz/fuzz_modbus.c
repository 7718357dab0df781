/*
 * libFuzzer: any bytes as what a line or a connection brings: frames are checked, requests of another master looked for,
 * and what counts as the answer is decoded. The first four bytes choose the profile, the request and the framing.
 *
 * What must hold beside not crashing: a frame is the answer only with the address, function and length that were asked
 * for; each vital comes out of an answer once at most; the monitor is heard once, at the end.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/signal.h"
#include "drivers/monitor/modbus/decode.h"
#include "drivers/monitor/modbus/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICES = 4, REGISTERS = 32 };

struct counts {
    struct observation_sink sink; /* first */
    unsigned values[VITAL_COUNT];
    unsigned heard, after_heard;
};

static void put(struct observation_sink *sink, const struct observation *observation)
{
    struct counts *counts = (struct counts *)(void *)sink;
    assert(observation->kind <= OBSERVATION_REFUSED);
    assert(observation->vital < VITAL_COUNT);
    counts->after_heard += counts->heard;
    counts->heard += observation->kind == OBSERVATION_HEARD;
    counts->values[observation->vital] += observation->kind == OBSERVATION_VALUE;
    assert(observation->kind != OBSERVATION_IDENTITY || observation->value_milli != 0);
}

/* Channels of all kinds, spread over the registers by a seed. */
static void make_profile(uint32_t seed, struct profile_room *room)
{
    struct profile *profile = &room->profile;
    *profile = (struct profile){.channels = room->channels, .bits = room->bits};
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        room->channels[i] = (struct profile_channel){.vital = (enum vital)i,
                                                     .table = (enum register_table)(seed >> 30),
                                                     .reg = (uint16_t)(seed >> 24 & (REGISTERS - 1)),
                                                     .type = (enum register_type)((seed >> 20 & 0xF) % 5),
                                                     .words = (enum word_order)(seed >> 18 & 3),
                                                     .scale_micro = 1000000,
                                                     .unit = {.multiplier = 1, .divisor = 1},
                                                     .episodic = (seed >> 17 & 1) != 0,
                                                     .has_changed_by = (seed >> 16 & 1) != 0,
                                                     .changed_by = (uint16_t)(seed >> 8 & (REGISTERS - 1))};
        room->bits[i] = (struct profile_bit){.table = TABLE_HOLDING,
                                             .reg = (uint16_t)(seed >> 12 & (REGISTERS - 1)),
                                             .bit = (uint8_t)(seed >> 5 & 0xF),
                                             .means = (uint8_t)(i % SIGNAL_COUNT)};
    }
    profile->channel_count = profile->bit_count = VITAL_COUNT;
    profile->identity_register = (uint16_t)(seed >> 3 & (REGISTERS - 1));
    profile->identity_count = (uint8_t)(seed % (PROFILE_IDENTITY_REGISTERS_MAX + 1));
}

static void decode(const struct profile *profile, const struct request *request, const uint8_t *pdu)
{
    static struct decode_state state; /* goes on from input to input: any state is a possible one */
    struct counts counts = {.sink = {.put = put}};
    const struct monitor_config monitor = {.address = 1, .profile = profile};
    uint8_t *bytes = malloc(request_data_bytes(request)); /* so that a byte behind it is seen to be read */
    if (bytes == NULL) {
        abort();
    }
    memcpy(bytes, pdu + 2, request_data_bytes(request));
    decode_answer(&monitor, &state, request, bytes, 1000, &counts.sink);
    assert(counts.heard == 1 && counts.after_heard == 0);
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        assert(counts.values[i] <= 1);
    }
    decode_refused(&monitor, &state, request, 2000, &counts.sink);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile_room room;
    if (size < CHOICES) {
        return 0;
    }
    const bool rtu = (data[0] & 1) != 0;
    make_profile(data[1], &room);
    const struct request request = {.table = (enum register_table)(data[0] >> 1 & 3),
                                    .first = data[2] % REGISTERS,
                                    .count = (uint16_t)(1 + data[3] % 125)};
    const struct expected expected = {
        .address = 1, .function = request_function(&request), .data_bytes = request_data_bytes(&request)};
    const size_t length = size - CHOICES;
    uint8_t *frame = malloc(length + 1);
    if (frame == NULL) {
        abort();
    }
    memcpy(frame, data + CHOICES, length);
    assert(frame_count_requests(frame, length) <= length / FRAME_REQUEST);
    const size_t offset = rtu ? FRAME_RTU_PDU_OFFSET : FRAME_TCP_PDU_OFFSET;
    if (rtu && length > FRAME_RTU_MIN) {
        frame_seal(frame, length - 2); /* a checksum is seldom guessed */
    }
    const enum status status =
        rtu ? frame_check_rtu(frame, length, &expected) : frame_check_tcp(frame, length, &expected);
    if (status == STATUS_OK) {
        assert(frame[offset - 1] == expected.address && frame[offset] == expected.function);
        assert(length >= offset + 2 + expected.data_bytes);
        decode(&room.profile, &request, frame + offset);
    }
    free(frame);
    return 0;
}
