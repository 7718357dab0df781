/*
 * frame.h: is this the answer to that request? Every header, length and checksum is checked here. Pure.
 *
 * RTU: address, PDU, CRC (low byte first). TCP: transaction (that of the request), protocol 0, length of what
 * follows, unit, PDU. The PDU of an answer: function, byte count, data; of an exception: function + 0x80, code.
 * Big-endian. Thread: any.
 */
#ifndef WARDGATE_FRAME_H
#define WARDGATE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define FRAME_MAX            260
#define FRAME_REQUEST        8 /* an RTU request of functions 01 to 06 */
#define FRAME_TCP_REQUEST    12
#define FRAME_RTU_MIN        5 /* an exception */
#define FRAME_RTU_HEAD       3 /* says how long it is */
#define FRAME_RTU_PDU_OFFSET 1
#define FRAME_TCP_PDU_OFFSET 7

/* What the answer to the outstanding request must look like. */
struct expected {
    uint8_t address, function, data_bytes;
    uint16_t transaction; /* TCP */
};

/* Bytes that a frame says it has by its first FRAME_RTU_HEAD; from FRAME_RTU_MIN to FRAME_MAX. */
size_t frame_rtu_length(const uint8_t *frame);

uint16_t frame_crc(const uint8_t *bytes, size_t length);

/* An RTU frame: `length` bytes with their checksum behind them, for which there must be room. */
void frame_seal(uint8_t *bytes, size_t length);

/* Requests of functions 01 to 06 that stand in what was heard on a line, wherever they begin. We are the only one
 * who may ask there: each is another master's. Noise looks like one once in some million bytes. */
unsigned frame_count_requests(const uint8_t *heard, size_t length);

/*
 * STATUS_OK: the answer. STATUS_EXCEPTION: an exception to this request. STATUS_SHORT_FRAME: not whole (yet).
 * STATUS_LONG_FRAME: there is more behind it. STATUS_BAD_CHECKSUM, STATUS_BAD_HEADER: noise. STATUS_WRONG_ADDRESS,
 * _FUNCTION, _LENGTH: a sound frame, but not the answer to this request.
 */
enum status frame_check_rtu(const uint8_t *frame, size_t length, const struct expected *expected) MUST_CHECK;
enum status frame_check_tcp(const uint8_t *frame, size_t length, const struct expected *expected) MUST_CHECK;

#endif
