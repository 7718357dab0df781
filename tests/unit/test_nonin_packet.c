/* Nonin data formats 2 and 7: packets of 25 frames with checksums. */
#include "tests/unit/support/serial_bench.h"

static uint8_t bytes[8 * PACKET_BYTES];

static void test_a_recorded_packet(void **state)
{
    (void)state;
    const size_t length = read_sample("nonin_df2_30frames.bin", bytes, sizeof bytes);
    assert_int_equal(length, 150);
    bench_use(&nonin_df2_protocol);
    bench_feed(bytes, length);
    assert_int_equal(t.sound, 1);
    assert_value(VITAL_pulse, QUALITY_VALID, 74000);
    assert_value(VITAL_spo2, QUALITY_VALID, 96000);
    assert_int_equal(count_kind(OBSERVATION_HEARD), 1);
    assert_int_equal(t.seen[t.count - 1].kind, OBSERVATION_HEARD);
    assert_int_equal(t.skipped, 20); /* four frames before the first SYNC; the one after the packet waits */
    assert_int_equal(signal_said("sensor_off"), 0);
    assert_int_equal(signal_said("low_battery"), 0);
    assert_int_equal(signal_said("low_perfusion"), 0);
}

static void check_numbers(const struct protocol *protocol, bool df7)
{
    static const unsigned pulses[] = {0, 1, 127, 128, 255, 256, 300, 510};
    bench_use(protocol);
    for (size_t i = 0; i < sizeof pulses / sizeof pulses[0]; i++) {
        const struct packet p = {.pulse = pulses[i], .spo2 = 90 + (unsigned)i};
        bench_next(bytes, make_packet(df7, &p, bytes));
        assert_value(VITAL_pulse, QUALITY_VALID, (int32_t)pulses[i] * 1000);
        assert_value(VITAL_spo2, QUALITY_VALID, 90000 + (int32_t)i * 1000);
    }
    assert_int_equal(t.skipped, 0);
}

static void test_numbers_are_split_at_seven_bits(void **state)
{
    (void)state;
    check_numbers(&nonin_df2_protocol, false);
    check_numbers(&nonin_df7_protocol, true);
}

static void test_missing_values(void **state)
{
    (void)state;
    bench_use(&nonin_df2_protocol);
    bench_next(bytes, make_df2(NO_PULSE, 97, 0, bytes));
    assert_value(VITAL_pulse, QUALITY_ABSENT, 0);
    assert_value(VITAL_spo2, QUALITY_VALID, 97000);
    bench_next(bytes, make_df2(60, NO_SPO2, OUT_OF_TRACK, bytes));
    assert_value(VITAL_pulse, QUALITY_VALID, 60000);
    assert_value(VITAL_spo2, QUALITY_ABSENT, 0);
    assert_int_equal(signal_said("out_of_track"), 1);
    assert_int_equal(signal_said("sensor_off"), -1); /* as before */
}

/* The finger is gone: averages for displays go on for 10 s, with the sensor alarm. */
static void test_held_values_are_not_current(void **state)
{
    (void)state;
    const struct packet held = {NO_PULSE, NO_SPO2, 0, false, 74, 96};
    const struct packet held_with_alarm = {74, 96, ALARM, false, 74, 96};
    bench_use(&nonin_df2_protocol);
    bench_next(bytes, make_packet(false, &held, bytes));
    assert_value(VITAL_pulse, QUALITY_ABSENT, 0);
    assert_value(VITAL_spo2, QUALITY_ABSENT, 0);
    bench_next(bytes, make_packet(false, &held_with_alarm, bytes));
    assert_value(VITAL_pulse, QUALITY_SENSOR_OFF, 0);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 0);
    assert_int_equal(signal_said("sensor_off"), 1);
}

/* In whichever frame of the packet it begins. */
static void test_an_alarm_in_any_frame_counts(void **state)
{
    (void)state;
    static const uint8_t flags[] = {ALARM, DISCONNECTED};
    for (unsigned frame = 0; frame < 25; frame++) {
        bench_use(&nonin_df7_protocol);
        (void)make_df7(74, 96, 0, bytes);
        bytes[frame * 5] |= flags[frame % 2];
        bytes[frame * 5 + 4] = (uint8_t)(bytes[frame * 5 + 4] + flags[frame % 2]);
        bench_next(bytes, PACKET_BYTES);
        assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 0);
        assert_value(VITAL_pulse, QUALITY_SENSOR_OFF, 0);
    }
}

static void test_doubts_are_signals_and_values_stand(void **state)
{
    (void)state;
    const struct packet flat = {.pulse = 74, .spo2 = 96, .battery_low = true};
    bench_use(&nonin_df2_protocol);
    bench_next(bytes, make_df2(74, 96, ARTIFACT | OUT_OF_TRACK, bytes));
    assert_int_equal(signal_said("artifact"), 1);
    assert_int_equal(signal_said("out_of_track"), 1);
    assert_value(VITAL_spo2, QUALITY_VALID, 96000);
    bench_next(bytes, make_df2(74, 96, 0, bytes));
    assert_int_equal(signal_said("artifact"), 0);
    assert_int_equal(signal_said("out_of_track"), 0);
    bench_next(bytes, make_packet(false, &flat, bytes));
    assert_int_equal(signal_said("low_battery"), 1);
    assert_value(VITAL_pulse, QUALITY_VALID, 74000);
    assert_int_equal(count_kind(OBSERVATION_SIGNAL), 1);
}

/* The strength stands in the frames after a pulse only: a packet without pulse says nothing about it. */
static void test_perfusion_is_that_of_the_newest_pulse(void **state)
{
    (void)state;
    bench_use(&nonin_df2_protocol);
    bench_next(bytes, make_df2(40, 96, WEAK_PULSE, bytes));
    assert_int_equal(signal_said("low_perfusion"), 1);
    bench_next(bytes, make_df2(40, 96, 0, bytes));
    assert_int_equal(signal_said("low_perfusion"), -1);
    bench_next(bytes, make_df2(40, 96, WEAK_PULSE | GOOD_PULSE, bytes)); /* marginal */
    assert_int_equal(signal_said("low_perfusion"), 0);
    bench_next(bytes, make_df2(40, 96, GOOD_PULSE, bytes));
    assert_int_equal(signal_said("low_perfusion"), -1);
}

/* Every single wrong bit of the middle one of three packets: it gives nothing, the others everything. */
static void check_bits(const struct protocol *protocol, bool df7)
{
    const struct packet packets[] = {{.pulse = 61, .spo2 = 91}, {.pulse = 62, .spo2 = 92}, {.pulse = 63, .spo2 = 93}};
    for (unsigned bit = 0; bit < PACKET_BYTES * 8; bit++) {
        for (unsigned i = 0; i < 3; i++) {
            (void)make_packet(df7, &packets[i], bytes + (size_t)i * PACKET_BYTES);
        }
        bytes[PACKET_BYTES + bit / 8] ^= (uint8_t)(1U << bit % 8);
        bench_use(protocol);
        bench_next(bytes, PACKET_BYTES);
        assert_value(VITAL_spo2, QUALITY_VALID, 91000);
        bench_next(bytes + PACKET_BYTES, PACKET_BYTES);
        assert_int_equal(t.count, 0);
        bench_next(bytes + (size_t)2 * PACKET_BYTES, PACKET_BYTES);
        assert_value(VITAL_spo2, QUALITY_VALID, 93000);
        assert_value(VITAL_pulse, QUALITY_VALID, 63000);
        assert_int_equal(t.sound, 2);
        assert_int_equal(t.skipped, PACKET_BYTES);
    }
}

static void test_a_wrong_bit_costs_one_packet(void **state)
{
    (void)state;
    check_bits(&nonin_df2_protocol, false);
    check_bits(&nonin_df7_protocol, true);
}

static void test_a_lost_byte_costs_one_packet(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < PACKET_BYTES; lost++) {
        uint8_t packet[PACKET_BYTES];
        bench_use(&nonin_df2_protocol);
        (void)make_df2(62, 92, 0, packet);
        memmove(packet + lost, packet + lost + 1, PACKET_BYTES - 1 - lost);
        bench_next(packet, PACKET_BYTES - 1);
        assert_int_equal(t.count, 0);
        bench_next(packet, make_df2(63, 93, 0, packet));
        assert_value(VITAL_spo2, QUALITY_VALID, 93000);
    }
}

/* How a packet is broken has a name. */
static void test_faults_are_told_apart(void **state)
{
    (void)state;
    bench_use(&nonin_df2_protocol);
    (void)make_df2(62, 92, 0, bytes);
    bytes[50 + 2] ^= 0x10;
    bench_next(bytes, PACKET_BYTES);
    assert_int_equal(t.broken[STATUS_BAD_CHECKSUM], 1);
    (void)make_df2(62, 92, 0, bytes);
    bytes[50] = 0x02;
    bench_next(bytes, PACKET_BYTES);
    assert_int_equal(t.broken[STATUS_BAD_HEADER], 1);
    (void)make_df2(62, 92, 0, bytes); /* ten frames, then a packet */
    (void)make_df2(63, 93, 0, bytes + 50);
    bench_next(bytes, 50 + PACKET_BYTES);
    assert_int_equal(t.broken[STATUS_WRONG_LENGTH], 1);
    assert_value(VITAL_spo2, QUALITY_VALID, 93000);
}

/* Format 2 is not format 7 and the other way round. */
static void test_the_other_format_gives_nothing(void **state)
{
    (void)state;
    for (int df7 = 0; df7 < 2; df7++) {
        const struct packet p = {.pulse = 62, .spo2 = 92};
        bench_use(df7 ? &nonin_df2_protocol : &nonin_df7_protocol);
        for (int i = 0; i < 4; i++) {
            bench_next(bytes, make_packet(df7 != 0, &p, bytes));
            assert_int_equal(t.count, 0);
        }
        assert_int_equal(t.sound, 0);
    }
}

static void test_profiles(void **state)
{
    (void)state;
    for (const struct profile *const *p = protocol_profiles; *p != NULL; p++) {
        const struct profile *profile = *p;
        assert_int_equal(profile->protocol, PROTOCOL_SERIAL);
        assert_true(profile->name[0] != '\0' && profile->title[0] != '\0' && profile->poll_interval_ms > 0);
        assert_in_range(profile->channel_count, 2, PROFILE_CHANNELS_MAX);
        assert_in_range(profile->bit_count, 1, PROFILE_BITS_MAX);
        for (uint8_t i = 0; i < profile->channel_count; i++) {
            assert_true(i == 0 || profile->channels[i - 1].vital < profile->channels[i].vital);
            assert_int_equal(profile->channels[i].poll_interval_ms, profile->poll_interval_ms);
            assert_int_equal(profile->channels[i].episodic, strcmp(profile->name, "nonin-df13") == 0);
        }
        for (uint8_t i = 0; i < profile->bit_count; i++) {
            assert_true(profile->bits[i].name[0] != '\0' && profile->bits[i].text[0] != '\0');
        }
        assert_int_equal(protocol_by_name(profile->name) == NULL, profile == &oximeter_profile);
    }
    /* Whatever an oximeter says fits in the profile that stands for all of them. */
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        assert_int_equal(protocol_is_oximeter(*p), *p != &nonin_df13_protocol);
        for (uint8_t i = 0; protocol_is_oximeter(*p) && i < (*p)->profile->bit_count; i++) {
            bool found = false;
            for (uint8_t j = 0; j < oximeter_profile.bit_count; j++) {
                found = found || memcmp(&oximeter_profile.bits[j], &(*p)->profile->bits[i],
                                        sizeof oximeter_profile.bits[j]) == 0;
            }
            assert_true(found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_recorded_packet),
                                       cmocka_unit_test(test_numbers_are_split_at_seven_bits),
                                       cmocka_unit_test(test_missing_values),
                                       cmocka_unit_test(test_held_values_are_not_current),
                                       cmocka_unit_test(test_an_alarm_in_any_frame_counts),
                                       cmocka_unit_test(test_doubts_are_signals_and_values_stand),
                                       cmocka_unit_test(test_perfusion_is_that_of_the_newest_pulse),
                                       cmocka_unit_test(test_a_wrong_bit_costs_one_packet),
                                       cmocka_unit_test(test_a_lost_byte_costs_one_packet),
                                       cmocka_unit_test(test_faults_are_told_apart),
                                       cmocka_unit_test(test_the_other_format_gives_nothing),
                                       cmocka_unit_test(test_profiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
