/*
 * ward_frame.h: Modbus as a monitor speaks it: request bytes in, answer bytes out.
 *
 * Pure: no clock, no I/O, no state; safe on any bytes. Reading functions 01-04 only: everything else gets exception 01.
 * The wire forms are RTU (unit, PDU, CRC) and TCP (MBAP header of 7 bytes, PDU).
 * Source: Modbus application protocol V1.1b3 (limits, exceptions), Modbus over serial line V1.02 (CRC, frame times).
 */
#ifndef WARD_FRAME_H
#define WARD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_registers.h"

#define WARD_PDU_MAX  253
#define WARD_RTU_MAX  256
#define WARD_ADU_MAX  260 /* the longer of the two wire forms: TCP */
#define WARD_MBAP_LEN 7

enum ward_exception {
    WARD_ILLEGAL_FUNCTION = 1,
    WARD_ILLEGAL_ADDRESS = 2,
    WARD_ILLEGAL_VALUE = 3,
    WARD_TARGET_SILENT = 11
};

/* What a monitor wants on the wire, with the faults that the frame itself shows. */
struct ward_reply {
    uint8_t unit;
    uint8_t pdu[WARD_PDU_MAX];
    uint16_t length;   /* of the PDU */
    bool wrong_crc;    /* RTU only */
    bool wrong_length; /* RTU: the byte count of the PDU; TCP: the length of the header */
    bool wrong_number; /* TCP only: of the transaction before */
    uint16_t cut;      /* bytes left of the frame; 0: all of it */
    int64_t late_ns;
    int64_t step_ns; /* between bytes; 0: the line's own pace */
};

uint16_t ward_crc(const uint8_t *bytes, size_t length);

/* Whole length of the RTU request that begins with these bytes; 0 when only the silence after it can tell. */
size_t ward_rtu_request_length(const uint8_t *bytes, size_t length);

/* True when the frame is long enough to be one and its CRC is right. */
bool ward_rtu_is_sound(const uint8_t *frame, size_t length);

/* True for the functions that would write to a monitor. */
bool ward_pdu_is_write(uint8_t function);

/* The PDU that answers `pdu` (length at least 1). Returns its length. */
uint16_t ward_pdu_answer(const struct ward_source *source, const uint8_t *pdu, size_t length,
                         uint8_t answer[WARD_PDU_MAX]);
uint16_t ward_pdu_exception(uint8_t function, uint8_t code, uint8_t answer[WARD_PDU_MAX]);

/* The MBAP header at the start of `bytes`: how long its frame is, 0 when more bytes are needed, -1 when it is none. */
int ward_tcp_frame_length(const uint8_t *bytes, size_t length);

/* Wire form of a reply. Return its length. */
size_t ward_rtu_wrap(const struct ward_reply *reply, uint8_t adu[WARD_ADU_MAX]);
size_t ward_tcp_wrap(const struct ward_reply *reply, uint16_t transaction, uint8_t adu[WARD_ADU_MAX]);

#endif
