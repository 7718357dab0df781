#include "tests/ward/ward_frame.h"

#include <assert.h>
#include <string.h>

enum {
    READ_COILS = 1,
    READ_DISCRETE = 2,
    READ_HOLDING = 3,
    READ_INPUT = 4,
    READ_REQUEST_LENGTH = 5,
    READ_BITS_MAX = 2000,
    READ_REGISTERS_MAX = 125
};

uint16_t ward_crc(const uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1U) != 0 ? (crc >> 1) ^ 0xA001U : crc >> 1);
        }
    }
    return crc;
}

static uint16_t word_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void word_put(uint8_t *bytes, uint16_t word)
{
    bytes[0] = (uint8_t)(word >> 8);
    bytes[1] = (uint8_t)word;
}

size_t ward_rtu_request_length(const uint8_t *bytes, size_t length)
{
    if (length < 2) {
        return 0;
    }
    if (bytes[1] >= 1 && bytes[1] <= 6) {
        return 8;
    }
    const bool writes_many = bytes[1] == 15 || bytes[1] == 16;
    return writes_many && length >= 7 ? 9U + bytes[6] : 0;
}

bool ward_rtu_is_sound(const uint8_t *frame, size_t length)
{
    if (length < 4 || length > WARD_RTU_MAX) {
        return false;
    }
    const uint16_t crc = ward_crc(frame, length - 2);
    return frame[length - 2] == (uint8_t)crc && frame[length - 1] == (uint8_t)(crc >> 8);
}

bool ward_pdu_is_write(uint8_t function)
{
    static const uint8_t writes[] = {5, 6, 15, 16, 21, 22, 23};
    return memchr(writes, function, sizeof writes) != NULL;
}

uint16_t ward_pdu_exception(uint8_t function, uint8_t code, uint8_t answer[WARD_PDU_MAX])
{
    answer[0] = (uint8_t)(function | 0x80U);
    answer[1] = code;
    return 2;
}

/* The answer's data, a bit (lowest first) or two bytes for each register; false when one of them is not there. */
static bool put_data(const struct ward_source *source, enum ward_table table, uint16_t first, uint16_t count,
                     uint8_t *data)
{
    const bool bits = table == WARD_COILS || table == WARD_DISCRETE;
    memset(data, 0, bits ? (count + 7U) / 8U : 2U * count);
    for (uint16_t i = 0; i < count; i++) {
        uint16_t word = 0;
        if (!source->read(source, table, (uint32_t)first + i, &word)) {
            return false;
        }
        if (!bits) {
            word_put(data + (ptrdiff_t)2 * i, word);
        } else if (word != 0) {
            data[i / 8] = (uint8_t)(data[i / 8] | 1U << i % 8);
        }
    }
    return true;
}

uint16_t ward_pdu_answer(const struct ward_source *source, const uint8_t *pdu, size_t length,
                         uint8_t answer[WARD_PDU_MAX])
{
    assert(length >= 1);
    const uint8_t function = pdu[0];
    if (function < READ_COILS || function > READ_INPUT) {
        return ward_pdu_exception(function, WARD_ILLEGAL_FUNCTION, answer);
    }
    if (length != READ_REQUEST_LENGTH) {
        return ward_pdu_exception(function, WARD_ILLEGAL_VALUE, answer);
    }
    const uint16_t first = word_at(pdu + 1);
    const uint16_t count = word_at(pdu + 3);
    const bool bits = function == READ_COILS || function == READ_DISCRETE;
    if (count < 1 || count > (bits ? READ_BITS_MAX : READ_REGISTERS_MAX)) {
        return ward_pdu_exception(function, WARD_ILLEGAL_VALUE, answer);
    }
    if (!put_data(source, (enum ward_table)(function - READ_COILS), first, count, answer + 2)) {
        return ward_pdu_exception(function, WARD_ILLEGAL_ADDRESS, answer);
    }
    answer[0] = function;
    answer[1] = (uint8_t)(bits ? (count + 7) / 8 : 2 * count);
    return (uint16_t)(2 + answer[1]);
}

int ward_tcp_frame_length(const uint8_t *bytes, size_t length)
{
    if (length < WARD_MBAP_LEN) {
        return 0;
    }
    const uint16_t rest = word_at(bytes + 4); /* counts the unit and the PDU */
    if (word_at(bytes + 2) != 0 || rest < 2 || rest > WARD_PDU_MAX + 1) {
        return -1;
    }
    return length >= WARD_MBAP_LEN - 1U + rest ? WARD_MBAP_LEN - 1 + rest : 0;
}

static size_t wrap_cut(const struct ward_reply *reply, size_t length)
{
    return reply->cut != 0 && reply->cut < length ? reply->cut : length;
}

size_t ward_rtu_wrap(const struct ward_reply *reply, uint8_t adu[WARD_ADU_MAX])
{
    const size_t length = 1U + reply->length;
    adu[0] = reply->unit;
    memcpy(adu + 1, reply->pdu, reply->length);
    if (reply->wrong_length) {
        adu[2] = (uint8_t)(adu[2] + 1U);
    }
    const uint16_t crc = ward_crc(adu, length) ^ (reply->wrong_crc ? 0xFFFFU : 0U);
    adu[length] = (uint8_t)crc;
    adu[length + 1] = (uint8_t)(crc >> 8);
    return wrap_cut(reply, length + 2);
}

size_t ward_tcp_wrap(const struct ward_reply *reply, uint16_t transaction, uint8_t adu[WARD_ADU_MAX])
{
    word_put(adu, (uint16_t)(transaction - (reply->wrong_number ? 1 : 0)));
    word_put(adu + 2, 0);
    word_put(adu + 4, (uint16_t)(1 + reply->length + (reply->wrong_length ? 1 : 0)));
    adu[6] = reply->unit;
    memcpy(adu + WARD_MBAP_LEN, reply->pdu, reply->length);
    return wrap_cut(reply, (size_t)WARD_MBAP_LEN + reply->length);
}
