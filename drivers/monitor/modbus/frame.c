#include "drivers/monitor/modbus/frame.h"

#include <stdbool.h>

enum {
    ADDRESS_MAX = 247,
    REQUEST_FUNCTION_MAX = 6, /* those above have requests of other lengths */
    EXCEPTION_MARK = 0x80,
    CRC_BYTES = 2,
    TCP_LENGTH_OFFSET = 6, /* the length field counts from here */
    TCP_LENGTH_MIN = 3,    /* unit and an exception */
    TCP_LENGTH_MAX = FRAME_MAX - TCP_LENGTH_OFFSET
};

uint16_t frame_crc(const uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < length; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1U) != 0 ? (crc >> 1) ^ 0xA001U : crc >> 1);
        }
    }
    return crc;
}

void frame_seal(uint8_t *bytes, size_t length)
{
    const uint16_t crc = frame_crc(bytes, length);
    bytes[length] = (uint8_t)crc;
    bytes[length + 1] = (uint8_t)(crc >> 8);
}

static bool is_sealed(const uint8_t *frame, size_t length)
{
    const uint16_t crc = (uint16_t)(frame[length - 2] | frame[length - 1] << 8);
    return frame_crc(frame, length - CRC_BYTES) == crc;
}

/* An answer with the bits of 17 to 24 coils has as many bytes as a request: not taken for one. */
static bool is_request(const uint8_t *frame)
{
    const bool is_coils_answer = frame[1] <= 2 && frame[2] == FRAME_REQUEST - FRAME_RTU_MIN;
    return frame[0] <= ADDRESS_MAX && frame[1] >= 1 && frame[1] <= REQUEST_FUNCTION_MAX && !is_coils_answer &&
           is_sealed(frame, FRAME_REQUEST);
}

unsigned frame_count_requests(const uint8_t *heard, size_t length)
{
    unsigned count = 0;
    size_t at = 0;
    while (at + FRAME_REQUEST <= length) {
        const bool found = is_request(heard + at);
        count += found;
        at += found ? FRAME_REQUEST : 1;
    }
    return count;
}

/* Bytes of a whole PDU of an answer, by what it says of itself. */
static size_t pdu_length(const uint8_t *pdu)
{
    return (pdu[0] & EXCEPTION_MARK) != 0 ? 2 : 2 + (size_t)pdu[1];
}

size_t frame_rtu_length(const uint8_t *frame)
{
    return FRAME_RTU_PDU_OFFSET + pdu_length(frame + FRAME_RTU_PDU_OFFSET) + CRC_BYTES;
}

static enum status check_pdu(uint8_t address, const uint8_t *pdu, const struct expected *expected)
{
    if (address != expected->address) {
        return STATUS_WRONG_ADDRESS;
    }
    if ((pdu[0] & ~EXCEPTION_MARK) != expected->function) {
        return STATUS_WRONG_FUNCTION;
    }
    if ((pdu[0] & EXCEPTION_MARK) != 0) {
        return STATUS_EXCEPTION;
    }
    return pdu[1] == expected->data_bytes ? STATUS_OK : STATUS_WRONG_LENGTH;
}

static enum status check_length(size_t length, size_t whole)
{
    if (length < whole) {
        return STATUS_SHORT_FRAME;
    }
    return length > whole ? STATUS_LONG_FRAME : STATUS_OK;
}

enum status frame_check_rtu(const uint8_t *frame, size_t length, const struct expected *expected)
{
    if (length < FRAME_RTU_MIN) {
        return STATUS_SHORT_FRAME;
    }
    const uint8_t *pdu = frame + FRAME_RTU_PDU_OFFSET;
    const enum status status = check_length(length, frame_rtu_length(frame));
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_sealed(frame, length)) {
        return STATUS_BAD_CHECKSUM;
    }
    return check_pdu(frame[0], pdu, expected);
}

enum status frame_check_tcp(const uint8_t *frame, size_t length, const struct expected *expected)
{
    if (length < TCP_LENGTH_OFFSET) {
        return STATUS_SHORT_FRAME;
    }
    const size_t follows = (size_t)frame[4] << 8 | frame[5];
    const uint8_t *pdu = frame + FRAME_TCP_PDU_OFFSET;
    const unsigned transaction = (unsigned)frame[0] << 8 | frame[1];
    if (transaction != expected->transaction || (frame[2] | frame[3]) != 0 || follows < TCP_LENGTH_MIN ||
        follows > TCP_LENGTH_MAX) {
        return STATUS_BAD_HEADER;
    }
    const enum status status = check_length(length, TCP_LENGTH_OFFSET + follows);
    if (status != STATUS_OK) {
        return status;
    }
    if (follows != 1 + pdu_length(pdu)) {
        return STATUS_BAD_HEADER;
    }
    return check_pdu(frame[FRAME_TCP_PDU_OFFSET - 1], pdu, expected);
}
