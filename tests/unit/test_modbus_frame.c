/* Frames of RTU and TCP: published vectors, and every way in which a frame is not the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/monitor/modbus/frame.h"
#include "tests/unit/support/draw.h"

static const struct expected two_registers = {.address = 1, .function = 3, .data_bytes = 4};

static size_t seal(uint8_t *frame, size_t length)
{
    frame_seal(frame, length);
    return length + 2;
}

/* Requests and an exception as the specification and manuals print them, checksum included. */
static void test_published_checksums(void **state)
{
    (void)state;
    static const uint8_t vectors[][8] = {
        {0x01, 0x03, 0x00, 0x00, 0x00, 0x02, 0xC4, 0x0B}, {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87},
        {0x01, 0x04, 0x03, 0xE8, 0x00, 0x04, 0x71, 0xB9}, {0x01, 0x03, 0x00, 0x31, 0x00, 0x02, 0x95, 0xC4},
        {0x01, 0x06, 0x00, 0x16, 0x00, 0x3C, 0x68, 0x1F},
    };
    for (unsigned i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t made[FRAME_REQUEST];
        memcpy(made, vectors[i], sizeof made - 2);
        frame_seal(made, sizeof made - 2);
        assert_memory_equal(made, vectors[i], sizeof made);
    }
    static const uint8_t exception[] = {0x01, 0x83, 0x02, 0xC0, 0xF1};
    assert_int_equal(frame_check_rtu(exception, sizeof exception, &two_registers), STATUS_EXCEPTION);
}

static void test_rtu_answers(void **state)
{
    (void)state;
    uint8_t frame[16] = {1, 3, 4, 0, 72, 0, 97};
    const size_t length = seal(frame, 7);
    assert_int_equal(frame_check_rtu(frame, length, &two_registers), STATUS_OK);
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(frame_check_rtu(frame, cut, &two_registers), STATUS_SHORT_FRAME);
    }
    assert_int_equal(frame_check_rtu(frame, length + 1, &two_registers), STATUS_LONG_FRAME);
    const struct expected other_address = {2, 3, 4, 0};
    const struct expected other_function = {1, 4, 4, 0};
    const struct expected other_length = {1, 3, 2, 0};
    assert_int_equal(frame_check_rtu(frame, length, &other_address), STATUS_WRONG_ADDRESS);
    assert_int_equal(frame_check_rtu(frame, length, &other_function), STATUS_WRONG_FUNCTION);
    assert_int_equal(frame_check_rtu(frame, length, &other_length), STATUS_WRONG_LENGTH);
}

/* A CRC of 16 bits finds every error of up to 16 bits in a row. */
static void test_rtu_any_burst_is_found(void **state)
{
    (void)state;
    uint8_t frame[16] = {1, 3, 4, 0, 72, 0, 97};
    const size_t length = seal(frame, 7);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t damaged[16];
        memcpy(damaged, frame, sizeof frame);
        const uint16_t burst = (uint16_t)(draw(65535) + 1);
        const size_t at = draw(length - 1);
        damaged[at] ^= (uint8_t)burst;
        damaged[at + 1] ^= (uint8_t)(burst >> 8);
        const enum status status = frame_check_rtu(damaged, length, &two_registers);
        assert_true(status == STATUS_BAD_CHECKSUM || status == STATUS_SHORT_FRAME || status == STATUS_LONG_FRAME);
    }
}

static void test_rtu_exception_of_another(void **state)
{
    (void)state;
    uint8_t frame[8] = {2, 0x83, 2};
    assert_int_equal(frame_check_rtu(frame, seal(frame, 3), &two_registers), STATUS_WRONG_ADDRESS);
    uint8_t function[8] = {1, 0x84, 2};
    assert_int_equal(frame_check_rtu(function, seal(function, 3), &two_registers), STATUS_WRONG_FUNCTION);
}

static const uint8_t tcp_answer[] = {0, 0, 0, 0, 0, 7, 1, 3, 4, 0, 72, 0, 97};

static enum status check_with(size_t at, uint8_t byte)
{
    uint8_t frame[sizeof tcp_answer];
    memcpy(frame, tcp_answer, sizeof frame);
    frame[at] = byte;
    return frame_check_tcp(frame, sizeof frame, &two_registers);
}

static void test_tcp_answers(void **state)
{
    (void)state;
    uint8_t longer[sizeof tcp_answer + 1] = {0};
    memcpy(longer, tcp_answer, sizeof tcp_answer);
    assert_int_equal(frame_check_tcp(tcp_answer, sizeof tcp_answer, &two_registers), STATUS_OK);
    assert_int_equal(frame_check_tcp(longer, sizeof longer, &two_registers), STATUS_LONG_FRAME);
    for (size_t cut = 0; cut < sizeof tcp_answer; cut++) {
        assert_int_equal(frame_check_tcp(tcp_answer, cut, &two_registers), STATUS_SHORT_FRAME);
    }
    const uint8_t exception[] = {0, 0, 0, 0, 0, 3, 1, 0x83, 2};
    assert_int_equal(frame_check_tcp(exception, sizeof exception, &two_registers), STATUS_EXCEPTION);
}

/* Only under the number of the request. */
static void test_tcp_numbers(void **state)
{
    (void)state;
    uint8_t frame[sizeof tcp_answer];
    struct expected numbered = two_registers;
    memcpy(frame, tcp_answer, sizeof frame);
    numbered.transaction = 0x1234;
    assert_int_equal(frame_check_tcp(frame, sizeof frame, &numbered), STATUS_BAD_HEADER);
    frame[0] = 0x12;
    frame[1] = 0x34;
    assert_int_equal(frame_check_tcp(frame, sizeof frame, &numbered), STATUS_OK);
    numbered.transaction++; /* the answer before */
    assert_int_equal(frame_check_tcp(frame, sizeof frame, &numbered), STATUS_BAD_HEADER);
}

static void test_tcp_headers(void **state)
{
    (void)state;
    for (size_t at = 0; at < 4; at++) { /* transaction and protocol are 0 */
        assert_int_equal(check_with(at, 1), STATUS_BAD_HEADER);
    }
    assert_int_equal(check_with(4, 1), STATUS_BAD_HEADER); /* a length over 254 */
    assert_int_equal(check_with(5, 0), STATUS_BAD_HEADER);
    assert_int_equal(check_with(5, 2), STATUS_BAD_HEADER);
    assert_int_equal(check_with(5, 6), STATUS_LONG_FRAME);
    assert_int_equal(check_with(5, 8), STATUS_SHORT_FRAME);
    assert_int_equal(check_with(6, 2), STATUS_WRONG_ADDRESS);
    assert_int_equal(check_with(7, 4), STATUS_WRONG_FUNCTION);
    assert_int_equal(check_with(8, 2), STATUS_BAD_HEADER); /* byte count and length do not agree */
    const uint8_t shorter[] = {0, 0, 0, 0, 0, 5, 1, 3, 2, 0, 72};
    assert_int_equal(frame_check_tcp(shorter, sizeof shorter, &two_registers), STATUS_WRONG_LENGTH);
}

static void test_garbage_is_survived(void **state)
{
    (void)state;
    uint8_t garbage[FRAME_MAX + 1];
    for (unsigned round = 0; round < 100000; round++) {
        const size_t length = draw(sizeof garbage + 1);
        for (size_t i = 0; i < 12; i++) {
            garbage[i] = (uint8_t)draw(chance(50) ? 8 : 256);
        }
        assert_int_not_equal(frame_check_rtu(garbage, length, &two_registers), STATUS_COUNT);
        assert_int_not_equal(frame_check_tcp(garbage, length, &two_registers), STATUS_COUNT);
    }
}

/* --- another master ------------------------------------------------------------------------------------------ */

static void test_requests_are_found_among_anything(void **state)
{
    (void)state;
    static const uint8_t asks[] = {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87};
    static const uint8_t writes[] = {0x01, 0x06, 0x00, 0x16, 0x00, 0x3C, 0x68, 0x1F};
    uint8_t heard[64] = {0x00, 0xFF, 0x55};
    for (size_t length = 0; length <= 3 + sizeof asks; length++) {
        memcpy(heard + 3, asks, sizeof asks);
        assert_int_equal(frame_count_requests(heard, length), length == 3 + sizeof asks);
    }
    uint8_t answer[] = {0x11, 0x03, 0x06, 0, 1, 0, 2, 0, 3, 0, 0};
    size_t length = 3 + sizeof asks;
    memcpy(heard + length, answer, seal(answer, 9));
    length += sizeof answer;
    memcpy(heard + length, writes, sizeof writes);
    length += sizeof writes;
    assert_int_equal(frame_count_requests(heard, length), 2);
    heard[length - 1] ^= 1;
    assert_int_equal(frame_count_requests(heard, length), 1);
}

static void test_what_is_no_request(void **state)
{
    (void)state;
    uint8_t frame[FRAME_REQUEST] = {1, 1, 3, 0xAA, 0x55, 0x0F}; /* 24 coils: the answer of a monitor of ours */
    frame_seal(frame, 6);
    assert_int_equal(frame_count_requests(frame, sizeof frame), 0);
    static const uint8_t starts[][2] = {{248, 3}, {1, 0}, {1, 7}, {1, 0x83}};
    for (unsigned i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        memset(frame, 0, sizeof frame);
        memcpy(frame, starts[i], 2);
        frame_seal(frame, 6);
        assert_int_equal(frame_count_requests(frame, sizeof frame), 0);
    }
    uint8_t noise[260];
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < sizeof noise; i++) {
            noise[i] = (uint8_t)draw(256);
        }
        assert_int_equal(frame_count_requests(noise, sizeof noise), 0); /* with the seed of this test */
    }
}

int main(void)
{
    draw_seed(20240613);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_checksums),
        cmocka_unit_test(test_requests_are_found_among_anything),
        cmocka_unit_test(test_what_is_no_request),
        cmocka_unit_test(test_rtu_answers),
        cmocka_unit_test(test_rtu_any_burst_is_found),
        cmocka_unit_test(test_rtu_exception_of_another),
        cmocka_unit_test(test_tcp_answers),
        cmocka_unit_test(test_tcp_numbers),
        cmocka_unit_test(test_tcp_headers),
        cmocka_unit_test(test_garbage_is_survived),
    };
    return cmocka_run_group_tests_name("modbus frames", tests, NULL, NULL);
}
