/* Which protocol a line speaks, from its bytes alone. */
#include "tests/unit/support/draw.h"
#include "tests/unit/support/serial_bench.h"

#include "drivers/monitor/serial/sniff.h"

static uint8_t bytes[8192];

static size_t say(const struct protocol *protocol, unsigned frames)
{
    size_t length = 0;
    for (unsigned i = 0; i < frames; i++) {
        uint8_t *out = bytes + length;
        length += protocol == &nonin_df2_protocol       ? make_df2(70 + i, 96, GOOD_PULSE, out)
                  : protocol == &nonin_df7_protocol     ? make_df7(70 + i, 96, GOOD_PULSE, out)
                  : protocol == &nonin_df8_protocol     ? make_df8(70 + i, 96, 0, 0, out)
                  : protocol == &nonin_df13_protocol    ? make_df13(70 + i, 96, 0, (uint8_t)i, out)
                  : protocol == &masimo_ascii1_protocol ? make_ascii1("096", "070", "01.50", "000800", out)
                                                        : make_rad8("096", "070", "01.50", "800:SET", out);
    }
    return length;
}

static size_t frames_to_be_sure(const struct protocol *protocol)
{
    return protocol->sure_frames + 1U; /* and one, of which only a part is there */
}

/* Heard from any byte on. */
static void test_each_is_recognised_from_anywhere(void **state)
{
    (void)state;
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        const size_t length = say(*p, (unsigned)frames_to_be_sure(*p));
        const size_t frame = length / frames_to_be_sure(*p);
        for (size_t from = 0; from <= frame; from++) {
            assert_ptr_equal(sniff(bytes + from, length - from), *p);
        }
        for (size_t until = length - frame; until <= length; until++) {
            assert_ptr_equal(sniff(bytes, until), *p);
        }
        assert_null(sniff(bytes, length - frame - 2)); /* not sure before that */
    }
    assert_null(sniff(bytes, 0));
}

static void test_recordings(void **state)
{
    (void)state;
    assert_ptr_equal(sniff(bytes, read_sample("nonin_df2_30frames.bin", bytes, sizeof bytes)), &nonin_df2_protocol);
    assert_ptr_equal(sniff(bytes, read_sample("masimo_rad8_trend.txt", bytes, sizeof bytes)), &masimo_rad8_protocol);
}

/* It is what stands at the end that counts: something else came after it, or it came after something else. */
static void test_the_newest_counts(void **state)
{
    (void)state;
    struct sniff_window window = {.count = 0};
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        for (const struct protocol *const *q = protocols; *q != NULL; q++) {
            const size_t before = say(*p, 12);
            sniff_add(&window, bytes, before < 512 ? before : 512);
            for (unsigned i = 0; i < frames_to_be_sure(*q); i++) {
                sniff_add(&window, bytes, say(*q, 1));
            }
            assert_true(window.count <= SNIFF_BYTES);
            assert_ptr_equal(sniff(window.bytes, window.count), *q);
            sniff_add(&window, (const uint8_t *)"\xFF\x00\xFF noise\xFF", 9);
            assert_null(sniff(window.bytes, window.count));
        }
    }
}

static void test_the_window_holds_the_newest_bytes(void **state)
{
    (void)state;
    struct sniff_window window = {.count = 0};
    draw_seed(20240305);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t at = 0; at < 6000;) {
        const size_t piece = (size_t)draw(at < 4000 ? 100 : 700);
        sniff_add(&window, bytes + at, piece);
        at += piece;
        assert_int_equal(window.count, at < SNIFF_BYTES ? at : SNIFF_BYTES);
        assert_memory_equal(window.bytes, bytes + at - window.count, window.count);
    }
}

static void test_chance_and_hums_are_nothing(void **state)
{
    (void)state;
    draw_seed(20240306);
    for (unsigned round = 0; round < 20000; round++) {
        for (size_t i = 0; i < SNIFF_BYTES; i++) {
            bytes[i] = (uint8_t)draw(256);
        }
        assert_null(sniff(bytes, SNIFF_BYTES));
    }
    for (unsigned hum = 0; hum < 256; hum++) {
        memset(bytes, (int)hum, SNIFF_BYTES);
        assert_null(sniff(bytes, SNIFF_BYTES));
    }
}

/* Protocols that look alike and are none of ours: five bytes with the mark on the first, and Nonin's text. */
static void test_strangers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNIFF_BYTES; i++) {
        bytes[i] = i % 5 == 0 ? 0x86 : (uint8_t)(i % 5 * 20);
    }
    assert_null(sniff(bytes, SNIFF_BYTES));
    static const char text[] = "SPO2=097 HR=069\r\nSPO2=097 HR=069\r\nSPO2=097 HR=069\r\n";
    assert_null(sniff((const uint8_t *)text, sizeof text - 1));
}

static void test_what_a_prober_needs(void **state)
{
    (void)state;
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        assert_int_equal((*p)->bauds[0], 9600);
        assert_true((*p)->sure_frames > 0 && (*p)->usual_bytes > 0);
        assert_true((*p)->usual_bytes * ((*p)->sure_frames + 1U) <= SNIFF_BYTES);
        assert_ptr_equal(protocol_by_name((*p)->profile->name), *p);
    }
    assert_null(protocol_by_name("oximeter"));
    assert_null(protocol_by_name(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_is_recognised_from_anywhere),
                                       cmocka_unit_test(test_recordings),
                                       cmocka_unit_test(test_the_newest_counts),
                                       cmocka_unit_test(test_the_window_holds_the_newest_bytes),
                                       cmocka_unit_test(test_chance_and_hums_are_nothing),
                                       cmocka_unit_test(test_strangers),
                                       cmocka_unit_test(test_what_a_prober_needs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
