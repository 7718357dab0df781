/* The simulated monitors' side of Modbus: the CRC, every answer and refusal, and any bytes at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ward/ward_frame.h"

enum { GARBAGE_ROUNDS = 200000 };

static struct ward_bank bank;

static int bank_fill(void **state)
{
    (void)state;
    ward_bank_clear(&bank);
    for (unsigned i = 0; i < WARD_REGISTERS; i++) {
        bank.holding[i] = (uint16_t)(0x1100 + i);
        bank.input[i] = (uint16_t)(0x2200 + i);
    }
    return 0;
}

static void test_crc_vectors(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t length;
    } vectors[] = {
        {{0x01, 0x03, 0x00, 0x00, 0x00, 0x02, 0xC4, 0x0B}, 8}, {{0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87}, 8},
        {{0x01, 0x04, 0x03, 0xE8, 0x00, 0x04, 0x71, 0xB9}, 8}, {{0x01, 0x03, 0x00, 0x31, 0x00, 0x02, 0x95, 0xC4}, 8},
        {{0x01, 0x06, 0x00, 0x16, 0x00, 0x3C, 0x68, 0x1F}, 8}, {{0x01, 0x83, 0x02, 0xC0, 0xF1}, 5},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t frame[8];
        memcpy(frame, vectors[i].bytes, sizeof frame);
        assert_true(ward_rtu_is_sound(frame, vectors[i].length));
        frame[1] ^= 0x40;
        assert_false(ward_rtu_is_sound(frame, vectors[i].length));
    }
    assert_false(ward_rtu_is_sound(vectors[0].bytes, 3));
}

static void test_registers_are_read(void **state)
{
    (void)state;
    static const uint8_t holding[] = {3, 0, 98, 0, 2};
    static const uint8_t input[] = {4, 0, 20, 0, 1};
    uint8_t answer[WARD_PDU_MAX];
    assert_int_equal(ward_pdu_answer(&bank.source, holding, sizeof holding, answer), 6);
    assert_memory_equal(answer, ((uint8_t[]){3, 4, 0x11, 0x62, 0x11, 0x63}), 6);
    assert_int_equal(ward_pdu_answer(&bank.source, input, sizeof input, answer), 4);
    assert_memory_equal(answer, ((uint8_t[]){4, 2, 0x22, 0x14}), 4);
}

static void test_bits_read_zero(void **state)
{
    (void)state;
    static const uint8_t coils[] = {1, 0, 1, 0, 9};
    uint8_t answer[WARD_PDU_MAX];
    assert_int_equal(ward_pdu_answer(&bank.source, coils, sizeof coils, answer), 4);
    assert_memory_equal(answer, ((uint8_t[]){1, 2, 0, 0}), 4);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        uint8_t pdu[6];
        size_t length;
        uint8_t code;
    } cases[] = {
        {{3, 0, 99, 0, 2}, 5, 2}, {{3, 0, 100, 0, 1}, 5, 2},  {{3, 0xFF, 0xFF, 0, 2}, 5, 2},
        {{1, 0, 93, 0, 8}, 5, 2}, {{3, 0, 0, 0, 0}, 5, 3},    {{3, 0, 0, 0, 126}, 5, 3},
        {{4, 0, 0, 1, 0}, 5, 3},  {{1, 0, 0, 0, 0}, 5, 3},    {{2, 0, 0, 0x07, 0xD1}, 5, 3},
        {{3, 0, 0, 0}, 4, 3},     {{3, 0, 0, 0, 1, 0}, 6, 3}, {{3}, 1, 3},
        {{6, 0, 0, 0, 1}, 5, 1},  {{43, 14, 1, 0}, 4, 1},     {{0}, 1, 1},
        {{8, 0, 0, 0, 0}, 5, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t answer[WARD_PDU_MAX];
        assert_int_equal(ward_pdu_answer(&bank.source, cases[i].pdu, cases[i].length, answer), 2);
        assert_int_equal(answer[0], cases[i].pdu[0] | 0x80);
        assert_int_equal(answer[1], cases[i].code);
    }
}

/* 125 registers are allowed by the protocol, but this map ends before them. */
static void test_longest_read(void **state)
{
    (void)state;
    static const uint8_t all[] = {3, 0, 0, 0, WARD_REGISTERS};
    static const uint8_t most[] = {3, 0, 0, 0, 125};
    uint8_t answer[WARD_PDU_MAX];
    assert_int_equal(ward_pdu_answer(&bank.source, all, sizeof all, answer), 2 + 2 * WARD_REGISTERS);
    assert_int_equal(ward_pdu_answer(&bank.source, most, sizeof most, answer), 2);
    assert_int_equal(answer[1], 2);
}

static void test_request_lengths(void **state)
{
    (void)state;
    static const uint8_t write_many[] = {1, 16, 0, 0, 0, 2, 4, 0, 0, 0, 0, 0, 0};
    assert_int_equal(ward_rtu_request_length(write_many, 1), 0);
    assert_int_equal(ward_rtu_request_length(write_many, 6), 0);
    assert_int_equal(ward_rtu_request_length(write_many, 7), 13);
    assert_int_equal(ward_rtu_request_length((const uint8_t[]){1, 4}, 2), 8);
    assert_int_equal(ward_rtu_request_length((const uint8_t[]){1, 43}, 2), 0);
}

static void test_tcp_headers(void **state)
{
    (void)state;
    uint8_t frame[] = {0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1};
    assert_int_equal(ward_tcp_frame_length(frame, 6), 0);
    assert_int_equal(ward_tcp_frame_length(frame, 11), 0);
    assert_int_equal(ward_tcp_frame_length(frame, 12), 12);
    frame[5] = 1; /* a unit and no function */
    assert_int_equal(ward_tcp_frame_length(frame, 12), -1);
    frame[5] = 255; /* a PDU of 254 */
    assert_int_equal(ward_tcp_frame_length(frame, 12), -1);
    frame[5] = 6;
    frame[3] = 1; /* not the Modbus protocol */
    assert_int_equal(ward_tcp_frame_length(frame, 12), -1);
}

static void test_faults_on_the_wire(void **state)
{
    (void)state;
    struct ward_reply reply = {.unit = 5, .pdu = {3, 2, 0, 72}, .length = 4};
    uint8_t adu[WARD_ADU_MAX];
    assert_int_equal(ward_rtu_wrap(&reply, adu), 7);
    assert_true(ward_rtu_is_sound(adu, 7));
    reply.wrong_length = true;
    assert_int_equal(ward_rtu_wrap(&reply, adu), 7);
    assert_true(ward_rtu_is_sound(adu, 7));
    assert_int_equal(adu[2], 3);
    assert_int_equal(ward_tcp_wrap(&reply, 0x1234, adu), 11);
    assert_memory_equal(adu, ((uint8_t[]){0x12, 0x34, 0, 0, 0, 6, 5, 3, 2, 0, 72}), 11);
    reply.wrong_crc = true;
    assert_int_equal(ward_rtu_wrap(&reply, adu), 7);
    assert_false(ward_rtu_is_sound(adu, 7));
    reply.cut = 3;
    assert_int_equal(ward_rtu_wrap(&reply, adu), 3);
    assert_int_equal(ward_tcp_wrap(&reply, 1, adu), 3);
}

static void test_any_bytes(void **state)
{
    (void)state;
    uint32_t random = 20240117;
    for (int round = 0; round < GARBAGE_ROUNDS; round++) {
        uint8_t bytes[300];
        uint8_t answer[WARD_PDU_MAX];
        random = random * 1664525U + 1013904223U;
        const size_t length = 1 + (random >> 16) % (sizeof bytes - 1);
        for (size_t i = 0; i < length && i < 16; i++) {
            random = random * 1664525U + 1013904223U;
            bytes[i] = (uint8_t)(random >> (i == 0 ? 29 : 24)); /* small functions are the interesting ones */
        }
        const uint16_t answered = ward_pdu_answer(&bank.source, bytes, length, answer);
        assert_in_range(answered, 2, WARD_PDU_MAX);
        assert_int_equal(answer[0] & 0x7F, bytes[0]);
        assert_in_range(ward_rtu_request_length(bytes, length), 0, 9 + 255);
        assert_true(ward_tcp_frame_length(bytes, length) <= (int)length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc_vectors),    cmocka_unit_test(test_registers_are_read),
        cmocka_unit_test(test_bits_read_zero), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_longest_read),   cmocka_unit_test(test_request_lengths),
        cmocka_unit_test(test_tcp_headers),    cmocka_unit_test(test_faults_on_the_wire),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, bank_fill, NULL);
}
