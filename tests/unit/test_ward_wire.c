/* The simulated wire: when requests begin and end on it, and when each byte of an answer is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ward/ward_framer.h"
#include "tests/ward/ward_outlet.h"

/* A slow wire with round numbers: 10 ns a character, 35 ns silence. */
enum { CHAR_NS = 10, SILENCE_NS = 35 };

static const uint8_t request[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x02, 0xC4, 0x0B};

static struct ward_framer framer;
static struct ward_outlet outlet;
static struct ward_frame frame;

static int wire_clear(void **state)
{
    (void)state;
    ward_framer_init(&framer, CHAR_NS, SILENCE_NS);
    ward_outlet_clear(&outlet);
    memset(&frame, 0, sizeof frame);
    return 0;
}

/* How many requests were complete with these bytes. */
static int put(int64_t now_ns, const uint8_t *bytes, size_t length)
{
    int complete = 0;
    for (size_t i = 0; i < length; i++) {
        complete += ward_framer_put(&framer, now_ns, bytes[i], &frame) ? 1 : 0;
    }
    return complete;
}

static void test_request_takes_its_time(void **state)
{
    (void)state;
    assert_int_equal(put(1000, request, sizeof request), 1);
    assert_true(frame.sound);
    assert_false(frame.follows);
    assert_int_equal(frame.start_ns, 1000);
    assert_int_equal(frame.end_ns, 1000 + 8 * CHAR_NS);
    assert_memory_equal(frame.bytes, request, sizeof request);
    assert_int_equal(ward_framer_deadline(&framer), WARD_NEVER);
}

static void test_two_writes_queue(void **state)
{
    (void)state;
    assert_int_equal(put(1000, request, sizeof request), 1);
    assert_int_equal(put(1005, request, sizeof request), 1);
    assert_true(frame.follows);
    assert_int_equal(frame.before_ns, 1080);
    assert_int_equal(frame.start_ns, 1080);
    assert_int_equal(frame.end_ns, 1160);
    assert_int_equal(put(1200, request, sizeof request), 1);
    assert_int_equal(frame.start_ns - frame.before_ns, 40);
}

static void test_request_in_pieces(void **state)
{
    (void)state;
    assert_int_equal(put(1000, request, 3), 0);
    assert_int_equal(put(1020, request + 3, 5), 1);
    assert_int_equal(frame.end_ns, 1080);
}

static void test_silence_ends_garbage(void **state)
{
    (void)state;
    assert_int_equal(put(1000, request, 5), 0);
    assert_int_equal(ward_framer_deadline(&framer), 1000 + 5 * CHAR_NS + SILENCE_NS);
    assert_false(ward_framer_end(&framer, 1084, &frame));
    assert_true(ward_framer_end(&framer, 1085, &frame));
    assert_false(frame.sound);
    assert_int_equal(frame.length, 5);
    assert_false(ward_framer_end(&framer, 2000, &frame));
    assert_int_equal(put(2000, request, sizeof request), 1);
}

static void test_damaged_request_swallows_the_next(void **state)
{
    (void)state;
    uint8_t damaged[sizeof request];
    memcpy(damaged, request, sizeof request);
    damaged[6] ^= 1;
    assert_int_equal(put(1000, damaged, sizeof damaged), 0);
    assert_int_equal(put(1001, request, sizeof request), 0);
    assert_true(ward_framer_end(&framer, ward_framer_deadline(&framer), &frame));
    assert_false(frame.sound);
    assert_int_equal(frame.length, 16);
}

static void test_unknown_function_ends_by_silence(void **state)
{
    (void)state;
    uint8_t identify[] = {1, 43, 14, 1, 0, 0, 0};
    const uint16_t crc = ward_crc(identify, 5);
    identify[5] = (uint8_t)crc;
    identify[6] = (uint8_t)(crc >> 8);
    assert_int_equal(put(0, identify, sizeof identify), 0);
    assert_true(ward_framer_end(&framer, ward_framer_deadline(&framer), &frame));
    assert_true(frame.sound);
    assert_int_equal(frame.length, sizeof identify);
}

static void test_overlong_garbage(void **state)
{
    (void)state;
    static const uint8_t flood[1000];
    assert_int_equal(put(0, flood, sizeof flood), 0);
    assert_true(ward_framer_end(&framer, ward_framer_deadline(&framer), &frame));
    assert_false(frame.sound);
    assert_int_equal(frame.end_ns, 1000 * CHAR_NS);
    assert_int_equal(frame.length, WARD_RTU_MAX);
}

/* How many bytes are due at that time; they go out. */
static size_t send_due(int64_t now_ns)
{
    size_t count = 0;
    size_t total = 0;
    while (ward_outlet_due(&outlet, now_ns, &count) != NULL) {
        total += count;
        (void)ward_outlet_sent(&outlet, count);
    }
    return total;
}

static void test_bytes_at_their_time(void **state)
{
    (void)state;
    assert_int_equal(ward_outlet_next(&outlet), INT64_MAX);
    assert_true(ward_outlet_add(&outlet, 500, CHAR_NS, request, 4));
    assert_int_equal(ward_outlet_next(&outlet), 510);
    assert_int_equal(send_due(509), 0);
    assert_int_equal(send_due(510), 1);
    assert_int_equal(ward_outlet_next(&outlet), 520);
    assert_int_equal(send_due(539), 2);
    assert_int_equal(send_due(900), 1);
    assert_int_equal(ward_outlet_next(&outlet), INT64_MAX);
}

static void test_sendings_do_not_overlap(void **state)
{
    (void)state;
    assert_true(ward_outlet_add(&outlet, 500, CHAR_NS, request, 8));
    assert_int_equal(send_due(520), 2);
    assert_true(ward_outlet_add(&outlet, 400, CHAR_NS, request, 2)); /* waits although it should have begun earlier */
    assert_int_equal(send_due(580), 6);
    assert_int_equal(ward_outlet_next(&outlet), 590);
    assert_int_equal(send_due(600), 2);
}

static void test_late_one_lets_others_pass(void **state)
{
    (void)state;
    size_t count = 0;
    assert_true(ward_outlet_add(&outlet, 900, 0, request, 8));
    assert_true(ward_outlet_add(&outlet, 500, 0, request + 4, 1));
    const struct ward_sending *head = ward_outlet_due(&outlet, 500, &count);
    assert_non_null(head);
    assert_int_equal(count, 1);
    assert_int_equal(head->bytes[0], request[4]);
    (void)ward_outlet_sent(&outlet, 1);
    assert_int_equal(ward_outlet_next(&outlet), 900);
}

static void test_busy_until(void **state)
{
    (void)state;
    int64_t end_ns = -1;
    assert_false(ward_outlet_busy_until(&outlet, 1000, &end_ns));
    assert_true(ward_outlet_add(&outlet, 500, CHAR_NS, request, 8));
    assert_true(ward_outlet_add(&outlet, 900, CHAR_NS, request, 8));
    assert_false(ward_outlet_busy_until(&outlet, 500, &end_ns)); /* begins, but not before */
    assert_true(ward_outlet_busy_until(&outlet, 501, &end_ns));
    assert_int_equal(end_ns, 580);
    assert_true(ward_outlet_busy_until(&outlet, 2000, &end_ns));
    assert_int_equal(end_ns, 980);
    assert_int_equal(send_due(2000), 16);
    assert_true(ward_outlet_busy_until(&outlet, 3000, &end_ns));
    assert_int_equal(end_ns, 980);
}

static void test_queue_has_an_end(void **state)
{
    (void)state;
    for (int i = 0; i < WARD_SENDINGS_MAX; i++) {
        assert_true(ward_outlet_add(&outlet, 1000 - i, CHAR_NS, request, 1));
    }
    assert_false(ward_outlet_add(&outlet, 0, CHAR_NS, request, 1));
    assert_int_equal(ward_outlet_next(&outlet), 1000 - (WARD_SENDINGS_MAX - 1) + CHAR_NS);
    assert_int_equal(send_due(5000), WARD_SENDINGS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_request_takes_its_time, wire_clear),
        cmocka_unit_test_setup(test_two_writes_queue, wire_clear),
        cmocka_unit_test_setup(test_request_in_pieces, wire_clear),
        cmocka_unit_test_setup(test_silence_ends_garbage, wire_clear),
        cmocka_unit_test_setup(test_damaged_request_swallows_the_next, wire_clear),
        cmocka_unit_test_setup(test_unknown_function_ends_by_silence, wire_clear),
        cmocka_unit_test_setup(test_overlong_garbage, wire_clear),
        cmocka_unit_test_setup(test_bytes_at_their_time, wire_clear),
        cmocka_unit_test_setup(test_sendings_do_not_overlap, wire_clear),
        cmocka_unit_test_setup(test_late_one_lets_others_pass, wire_clear),
        cmocka_unit_test_setup(test_busy_until, wire_clear),
        cmocka_unit_test_setup(test_queue_has_an_end, wire_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
