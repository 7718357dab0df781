/* Frames out of a stream of bytes, for every protocol: however it is cut, whatever stands between, however it is damaged. */
#include "tests/unit/support/draw.h"
#include "tests/unit/support/serial_bench.h"

#define NUMBER(name) NUMBER_##name,
enum { PROTOCOL_LIST(NUMBER) PROTOCOL_COUNT };
#undef NUMBER
enum { FRAMES = 6, STREAM_MAX = 4096 };

static uint8_t bytes[STREAM_MAX];
static struct observation expected[SEEN_MAX];

/* Frame number i of any protocol: values that are near each other, and nobody else's. */
static size_t make_frame(const struct protocol *protocol, unsigned i, uint8_t *out)
{
    char spo2[8];
    char pulse[8];
    (void)snprintf(spo2, sizeof spo2, "%03u", 90 + i % 4);
    (void)snprintf(pulse, sizeof pulse, "%03u", 120 + i % 8);
    if (protocol == &nonin_df2_protocol) {
        return make_df2(120 + i % 8, 90 + i % 4, GOOD_PULSE, out);
    }
    if (protocol == &nonin_df7_protocol) {
        return make_df7(120 + i % 8, 90 + i % 4, GOOD_PULSE, out);
    }
    if (protocol == &nonin_df8_protocol) {
        return make_df8(120 + i % 8, 90 + i % 4, 0, 0, out);
    }
    if (protocol == &nonin_df13_protocol) {
        return make_df13(120 + i % 8, 90 + i % 4, 0, (uint8_t)i, out);
    }
    if (protocol == &masimo_ascii1_protocol) {
        return make_ascii1(spo2, pulse, "01.50", "000800", out);
    }
    assert_ptr_equal(protocol, &masimo_rad8_protocol); /* a new protocol needs its line here */
    return make_rad8(spo2, pulse, "01.50", "800:SET", out);
}

static size_t make_stream(const struct protocol *protocol, unsigned frames)
{
    size_t length = 0;
    for (unsigned i = 0; i < frames; i++) {
        length += make_frame(protocol, i, bytes + length);
    }
    return length;
}

static bool is_checked(const struct protocol *protocol)
{
    return protocol == &nonin_df2_protocol || protocol == &nonin_df7_protocol || protocol == &nonin_df13_protocol;
}

/* --- pieces -------------------------------------------------------------------------------------------------- */

static unsigned feed_whole(const struct protocol *protocol, size_t length)
{
    bench_use(protocol);
    bench_feed(bytes, length);
    memcpy(expected, t.seen, sizeof expected);
    return t.count;
}

static void assert_as_expected(unsigned count, unsigned sound, unsigned skipped)
{
    assert_int_equal(t.count, count);
    assert_memory_equal(t.seen, expected, count * sizeof expected[0]);
    assert_int_equal(t.sound, sound);
    assert_int_equal(t.skipped, skipped);
}

static void check_splits(const struct protocol *protocol, size_t length)
{
    const unsigned count = feed_whole(protocol, length);
    const unsigned sound = t.sound;
    const unsigned skipped = t.skipped;
    assert_true(count > 0 && sound > 0);
    for (size_t cut = 0; cut <= length; cut++) {
        bench_use(protocol);
        bench_feed(bytes, cut);
        bench_feed(bytes + cut, length - cut);
        assert_as_expected(count, sound, skipped);
    }
    for (size_t piece = 1; piece <= 9; piece++) {
        bench_use(protocol);
        for (size_t at = 0; at < length; at += piece) {
            bench_piece(bytes + at, length - at < piece ? length - at : piece);
        }
        assert_as_expected(count, sound, skipped);
    }
}

static void test_pieces_do_not_matter(void **state)
{
    (void)state;
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        check_splits(*p, make_stream(*p, FRAMES));
        size_t length = make_stream(*p, FRAMES);
        bytes[length / 2] ^= 0x40;
        memcpy(bytes + length, "\x01\x81\x00 noise \xFF\r\n", 14);
        length += 14;
        length += make_frame(*p, 0, bytes + length);
        check_splits(*p, length);
    }
}

/* --- noise --------------------------------------------------------------------------------------------------- */

static void test_frames_after_noise(void **state)
{
    (void)state;
    draw_seed(20240301);
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        for (unsigned round = 0; round < 50; round++) {
            const size_t noise = (size_t)draw(300);
            bench_use(*p);
            for (size_t i = 0; i < noise; i++) {
                bytes[i] = (uint8_t)draw(256);
            }
            bench_feed(bytes, noise);
            t.now_us += STREAM_PAUSE_US + 1; /* else the beginning of a long line may swallow what follows */
            const size_t length = make_stream(*p, FRAMES);
            t.count = 0;
            bench_feed(bytes, length);
            assert_true(count_kind(OBSERVATION_HEARD) >= FRAMES - 2);
        }
    }
}

static void test_hums_give_nothing(void **state)
{
    (void)state;
    static const uint8_t hums[][2] = {{0x00, 0x00}, {0xFF, 0xFF}, {0x00, 0xFF}, {0x80, 0x80}, {0x55, 0x55},
                                      {0x01, 0x81}, {0x0D, 0x0A}, {0x80, 0x00}, {0x2D, 0x2D}};
    for (size_t hum = 0; hum < sizeof hums / sizeof hums[0]; hum++) {
        for (size_t i = 0; i < STREAM_MAX; i++) {
            bytes[i] = hums[hum][i % 2];
        }
        for (const struct protocol *const *p = protocols; *p != NULL; p++) {
            bench_use(*p);
            bench_feed(bytes, STREAM_MAX);
            assert_int_equal(t.count, 0);
            assert_int_equal(t.sound, 0);
        }
    }
}

static void test_chance_gives_nothing(void **state)
{
    (void)state;
    draw_seed(20240302);
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        bench_use(*p);
        for (unsigned round = 0; round < 300; round++) {
            for (size_t i = 0; i < STREAM_MAX; i++) {
                bytes[i] = (uint8_t)draw(256);
            }
            bench_feed(bytes, STREAM_MAX);
        }
        assert_int_equal(t.count, 0);
        assert_true(t.skipped > 900000);
    }
}

static void test_other_protocols_give_nothing(void **state)
{
    (void)state;
    for (const struct protocol *const *spoken = protocols; *spoken != NULL; spoken++) {
        for (const struct protocol *const *p = protocols; *p != NULL; p++) {
            const size_t length = make_stream(*spoken, 12);
            bench_use(*p);
            bench_feed(bytes, length);
            assert_int_equal(t.count == 0, *p != *spoken);
        }
    }
}

/* What a line of one speed sounds like to a receiver of another: each of our bits is `times` of theirs, in half bits. */
static size_t hear_at(const uint8_t *said, size_t length, unsigned times2, uint8_t *heard)
{
    size_t count = 0;
    const size_t bits = length * 10 * 2 / times2;
    for (size_t bit = 0; bit + 10 <= bits; bit++) {
        unsigned byte = 0;
        for (unsigned i = 0; i < 10; i++) {
            const size_t at = (bit + i) * times2 / 2;
            const unsigned place = (unsigned)(at % 10);
            const unsigned level = place == 0 ? 0 : place == 9 ? 1 : said[at / 10] >> (place - 1) & 1U;
            byte |= level << i;
        }
        if ((byte & 1) == 0) { /* a start bit */
            heard[count++] = (uint8_t)(byte >> 1);
            bit += 9;
        }
    }
    return count;
}

static void test_the_wrong_speed_gives_nothing(void **state)
{
    (void)state;
    static const unsigned times2[] = {1, 3, 4, 6, 8, 12, 16};
    static uint8_t heard[STREAM_MAX * 4];
    for (const struct protocol *const *spoken = protocols; *spoken != NULL; spoken++) {
        for (size_t i = 0; i < sizeof times2 / sizeof times2[0]; i++) {
            const size_t length = make_stream(*spoken, 12);
            const size_t count = hear_at(bytes, length, times2[i], heard);
            assert_true(count > 0 && count <= sizeof heard);
            for (const struct protocol *const *p = protocols; *p != NULL; p++) {
                bench_use(*p);
                bench_feed(heard, count);
                assert_int_equal(t.count, 0);
            }
        }
    }
    const size_t length = make_stream(&nonin_df2_protocol, 4); /* the right speed: the test can fail */
    bench_use(&nonin_df2_protocol);
    bench_feed(heard, hear_at(bytes, length, 2, heard));
    assert_true(t.count > 0);
}

/* --- damage -------------------------------------------------------------------------------------------------- */

static void check_observations(const struct protocol *protocol, bool only_sent)
{
    for (unsigned i = 0; i < t.count; i++) {
        const struct observation *o = &t.seen[i];
        assert_true(o->kind == OBSERVATION_VALUE || o->kind == OBSERVATION_SIGNAL || o->kind == OBSERVATION_HEARD ||
                    o->kind == OBSERVATION_IDENTITY);
        if (o->kind == OBSERVATION_SIGNAL) {
            assert_true(o->signal < protocol->profile->bit_count);
        }
        if (o->kind != OBSERVATION_VALUE) {
            continue;
        }
        assert_true(o->quality == QUALITY_VALID || o->value_milli == 0);
        assert_in_range(o->value_milli, 0, 999999);
        if (only_sent) {
            assert_int_equal(o->quality, QUALITY_VALID);
            assert_in_range(o->value_milli, o->vital == VITAL_pulse ? 120000 : 90000,
                            o->vital == VITAL_pulse ? 127000 : 93000);
        }
    }
}

/* One byte in every frame is another: where there is a checksum, nothing but what was said is ever believed. */
static void test_one_wrong_byte_a_frame(void **state)
{
    (void)state;
    draw_seed(20240303);
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        for (unsigned round = 0; round < 500; round++) {
            bench_use(*p);
            for (unsigned i = 0; i < FRAMES; i++) {
                const size_t length = make_frame(*p, i, bytes);
                if (chance(50)) {
                    bytes[draw(length)] = (uint8_t)draw(256);
                }
                bench_feed(bytes, length);
                t.now_us += (*p)->profile->poll_interval_ms * INT64_C(1000);
            }
            check_observations(*p, is_checked(*p));
        }
    }
}

static size_t mutate(size_t length)
{
    const size_t at = (size_t)draw(length);
    switch (draw(4)) {
    case 0:
        bytes[at] ^= (uint8_t)(1U << draw(8));
        return length;
    case 1:
        bytes[at] = (uint8_t)draw(256);
        return length;
    case 2:
        memmove(bytes + at, bytes + at + 1, length - at - 1);
        return length - 1;
    default:
        memmove(bytes + at + 1, bytes + at, length - at);
        return length + 1;
    }
}

/* Streams of any protocol, damaged at random, in pieces at random, to every decoder: it keeps its bounds, and goes on. */
static void test_random_damage(void **state)
{
    (void)state;
    draw_seed(20240304);
    for (unsigned round = 0; round < 3000; round++) {
        const struct protocol *spoken = protocols[draw(PROTOCOL_COUNT)];
        const struct protocol *listens = chance(70) ? spoken : protocols[draw(PROTOCOL_COUNT)];
        size_t length = make_stream(spoken, FRAMES);
        for (uint64_t damages = draw(12); damages > 0; damages--) {
            length = mutate(length);
        }
        bench_use(listens);
        for (size_t at = 0; at < length;) {
            const size_t piece = 1 + (size_t)draw(STREAM_PIECE);
            bench_piece(bytes + at, length - at < piece ? length - at : piece);
            at += piece;
            t.now_us += (int64_t)draw(400000);
        }
        check_observations(listens, false);
        t.now_us += STREAM_PAUSE_US + 1;
        length = make_stream(listens, FRAMES);
        t.count = 0;
        bench_feed(bytes, length);
        assert_true(count_kind(OBSERVATION_HEARD) > 0);
    }
}

/* --- what is put --------------------------------------------------------------------------------------------- */

/* A series has room for what the profile promises: values of a faster monitor are thinned, evenly; that it was heard is not. */
static void check_pace(const struct profile *profile, int64_t interval_us, unsigned seconds, unsigned least)
{
    unsigned values = 0;
    bench_use(&nonin_df2_protocol);
    t.monitor.profile = profile;
    reporter_use(&t.reporter, &t.monitor, &nonin_df2_protocol);
    const int64_t end_us = t.now_us + seconds * INT64_C(1000000);
    while (t.now_us < end_us) {
        t.count = 0;
        bench_feed(bytes, make_df2(60, 97, 0, bytes));
        values += bench_value(VITAL_spo2) != NULL;
        assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
        t.now_us += interval_us;
    }
    assert_in_range(values, least, seconds * 1000 / profile->poll_interval_ms + 2);
}

static void test_values_come_at_the_pace_of_the_profile(void **state)
{
    (void)state;
    check_pace(&nonin_df2_profile, 333333, 60, 180); /* none is left out */
    check_pace(&nonin_df2_profile, 100000, 60, 170);
    check_pace(&oximeter_profile, 333333, 60, 29);
    check_pace(&oximeter_profile, 1000000, 60, 29);
    check_pace(&oximeter_profile, 2000000, 60, 30);
    check_pace(&oximeter_profile, 1990000, 60, 29);
    check_pace(&oximeter_profile, 5000000, 60, 12);
}

/* With the profile of any oximeter, bits are found by their names; those that the protocol does not have are off. */
static void test_bits_by_name(void **state)
{
    (void)state;
    const struct packet p = {.pulse = 60, .spo2 = 97, .status = ARTIFACT, .battery_low = true};
    bench_use(&nonin_df2_protocol);
    t.monitor.profile = &oximeter_profile;
    reporter_use(&t.reporter, &t.monitor, &nonin_df2_protocol);
    bench_next(bytes, make_packet(false, &p, bytes));
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), oximeter_profile.bit_count);
    assert_int_equal(signal_said("artifact"), 1);
    assert_int_equal(signal_said("low_battery"), 1);
    assert_int_equal(signal_said("sensor_off"), 0);
    assert_int_equal(signal_said("low_signal_iq"), 0);
    stream_use(&t.stream, &masimo_rad8_protocol); /* another oximeter instead */
    reporter_use(&t.reporter, &t.monitor, &masimo_rad8_protocol);
    bench_next(bytes, make_rad8("097", "069", "04.69", "C00", bytes));
    assert_int_equal(signal_said("artifact"), 0);
    assert_int_equal(signal_said("low_battery"), 0);
    assert_int_equal(signal_said("low_signal_iq"), 1);
    assert_value(VITAL_perfusion, QUALITY_VALID, 4690);
}

static void test_without_a_protocol_everything_is_skipped(void **state)
{
    (void)state;
    bench_use(&nonin_df2_protocol);
    stream_use(&t.stream, NULL);
    bench_feed(bytes, make_df2(60, 97, 0, bytes));
    assert_int_equal(t.skipped, PACKET_BYTES);
    assert_int_equal(t.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces_do_not_matter),
                                       cmocka_unit_test(test_frames_after_noise),
                                       cmocka_unit_test(test_hums_give_nothing),
                                       cmocka_unit_test(test_chance_gives_nothing),
                                       cmocka_unit_test(test_other_protocols_give_nothing),
                                       cmocka_unit_test(test_the_wrong_speed_gives_nothing),
                                       cmocka_unit_test(test_one_wrong_byte_a_frame),
                                       cmocka_unit_test(test_random_damage),
                                       cmocka_unit_test(test_values_come_at_the_pace_of_the_profile),
                                       cmocka_unit_test(test_bits_by_name),
                                       cmocka_unit_test(test_without_a_protocol_everything_is_skipped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
