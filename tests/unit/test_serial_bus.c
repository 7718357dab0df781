/* The bus of a monitor that talks unasked, over a pty: opening, listening, silence, unplugging, other protocols, noise. */
#include "tests/unit/support/serial_rig.h"

#include "hal/clock.h"

static uint8_t bytes[1024];

static void say_df2(unsigned pulse, unsigned spo2)
{
    rig_say(bytes, make_df2(pulse, spo2, GOOD_PULSE, bytes));
}

static void say_df8(unsigned pulse, unsigned spo2)
{
    rig_say(bytes, make_df8(pulse, spo2, 0, 0, bytes));
}

static void assert_newest(enum vital vital, enum quality quality, int32_t value_milli)
{
    const struct observation *o = rig_newest(vital);
    assert_non_null(o);
    if (o != NULL) {
        assert_int_equal(o->quality, quality);
        assert_int_equal(o->value_milli, value_milli);
        assert_int_equal(o->bed, 3);
        assert_int_equal(o->monitor, 1);
    }
}

/* --- listening ----------------------------------------------------------------------------------------------- */

static void test_it_listens(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    assert_state(BUS_OPEN, STATUS_OK);
    assert_false(rig_answering());
    assert_speaks(NULL);
    say_df2(74, 96);
    assert_newest(VITAL_pulse, QUALITY_VALID, 74000);
    assert_newest(VITAL_spo2, QUALITY_VALID, 96000);
    assert_true(rig_answering());
    assert_speaks("nonin-df2");
    assert_int_equal(atomic_load(&rig_health()->monitors[0].polls), 1);
    assert_int_equal(atomic_load(&rig_health()->monitors[0].answers), 1);
    assert_int_equal(atomic_load(&rig_health()->unasked), 0);
    assert_int_equal(atomic_load(&rig_health()->busy_us), 125 * 10 * 1000000LL / 9600);
    rig_end();
}

static void test_bad_packets_are_counted(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    (void)make_df2(74, 96, 0, bytes);
    bytes[62] ^= 1;
    rig_say(bytes, PACKET_BYTES);
    assert_int_equal(rig.count, 0);
    assert_int_equal(rig_failures(STATUS_BAD_CHECKSUM), 1);
    assert_int_equal(atomic_load(&rig_health()->monitors[0].polls), 1);
    assert_int_equal(atomic_load(&rig_health()->monitors[0].answers), 0);
    assert_false(rig_answering());
    rig_pass_ms(333);
    say_df2(75, 97);
    assert_int_equal(atomic_load(&rig_health()->unasked), PACKET_BYTES);
    assert_newest(VITAL_spo2, QUALITY_VALID, 97000);
    rig_end();
}

/* In real time, at the real pace of the line, byte by byte. */
static void test_a_paced_line(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    size_t length = 0;
    for (unsigned i = 0; i < 6; i++) {
        length += make_df2(70 + i, 96, GOOD_PULSE, bytes + length);
    }
    const int64_t started_us = clock_boot_us();
    const int64_t offset_us = rig.now_us - started_us;
    for (size_t at = 0; at < length;) {
        const size_t due = (size_t)(clock_boot_us() - started_us) * 375 / 1000000; /* 75 frames of 5 bytes a second */
        const size_t until = due < length ? due : length;
        if (until > at) {
            assert_int_equal(write(rig.master, bytes + at, until - at), (ssize_t)(until - at));
            at = until;
        }
        rig.now_us = clock_boot_us() + offset_us;
        rig_serve(3);
        rig_pass_ms(0);
    }
    rig_serve(100);
    rig_serve(100);
    assert_int_equal(rig_values(VITAL_spo2), 6);
    assert_newest(VITAL_pulse, QUALITY_VALID, 75000);
    assert_in_range(rig.seen[rig.count - 1].at_ms - rig.seen[0].at_ms, 1500, 5000); /* as they came */
    assert_int_equal(atomic_load(&rig_health()->unasked), 0);
    rig_end();
}

static void test_silence(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    say_df2(74, 96);
    rig_pass_ms(9000);
    assert_true(rig_answering());
    assert_speaks("nonin-df2");
    rig_pass_ms(2000);
    assert_false(rig_answering());
    assert_speaks(NULL);
    assert_state(BUS_OPEN, STATUS_OK); /* it is not the line's fault */
    rig.count = 0;
    say_df2(74, 96); /* what it said before may no longer hold: signals are put again */
    assert_true(rig_answering());
    assert_int_equal(rig.seen[0].kind, OBSERVATION_SIGNAL);
    assert_int_equal(rig_values(VITAL_spo2), 1);
    rig_end();
}

/* A spot check is no silence until nobody has made one for a day. */
static void test_spot_checks(void **state)
{
    (void)state;
    rig_start(&nonin_df13_profile);
    rig_say(bytes, make_df13(70, 97, 0, 1, bytes));
    assert_newest(VITAL_spo2, QUALITY_VALID, 97000);
    rig_pass_ms(INT64_C(23) * 3600 * 1000);
    assert_true(rig_answering());
    rig_say(bytes, make_df13(71, 96, 0, 2, bytes));
    assert_newest(VITAL_pulse, QUALITY_VALID, 71000);
    assert_int_equal(rig_values(VITAL_pulse), 2);
    rig_pass_ms(INT64_C(25) * 3600 * 1000);
    assert_false(rig_answering());
    rig_end();
}

/* The thread was stuck, or the box asleep: what waited in the system's buffer is not current. */
static void test_old_bytes_are_not_current(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    say_df2(74, 96);
    rig.count = 0;
    rig_write(bytes, make_df2(60, 85, 0, bytes));
    rig.now_us += 2500 * RIG_MS;
    rig_serve(1000);
    assert_int_equal(rig.count, 0);
    assert_int_equal(atomic_load(&rig_health()->unasked), PACKET_BYTES);
    say_df2(75, 97);
    assert_newest(VITAL_spo2, QUALITY_VALID, 97000);
    rig_end();
}

/* --- the line ------------------------------------------------------------------------------------------------ */

static void test_unplugged_and_plugged_in_again(void **state)
{
    (void)state;
    static const int64_t waits_ms[] = {1000, 2000, 4000, 5000, 5000};
    rig_start(&nonin_df2_profile);
    say_df2(74, 96);
    rig_unplug();
    rig_serve(1000);
    assert_state(BUS_CLOSED, STATUS_IO);
    assert_int_equal(rig_fd(), -1);
    assert_false(rig_answering());
    assert_speaks(NULL);
    for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        assert_int_equal(serial_driver.next_deadline(rig.bus) - rig.now_us, waits_ms[i] * RIG_MS);
        rig_pass_ms(waits_ms[i]);
        assert_state(BUS_CLOSED, STATUS_NOT_FOUND);
    }
    rig_plug(); /* another pty, the same name */
    rig_pass_ms(5000);
    assert_state(BUS_OPEN, STATUS_OK);
    assert_int_equal(atomic_load(&rig_health()->opened), 2);
    rig.count = 0;
    say_df2(75, 97);
    assert_newest(VITAL_spo2, QUALITY_VALID, 97000);
    assert_true(rig_answering());
    rig_unplug();
    rig_serve(1000);
    assert_int_equal(serial_driver.next_deadline(rig.bus) - rig.now_us, 1000 * RIG_MS); /* it had worked */
    rig_plug();
    rig_end();
}

static void test_half_a_packet_does_not_survive_the_cable(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    (void)make_df2(60, 85, 0, bytes);
    rig_say(bytes, 60);
    rig_unplug();
    rig_serve(1000);
    rig_plug();
    rig_pass_ms(1000);
    (void)make_df2(60, 85, 0, bytes);
    rig_say(bytes + 60, PACKET_BYTES - 60);
    assert_int_equal(rig.count, 0);
    rig_end();
}

static void test_a_line_that_is_not_there(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    serial_driver.stop(rig.bus);
    assert_state(BUS_CLOSED, STATUS_OK);
    assert_int_equal(serial_driver.next_deadline(rig.bus), BUS_NEVER);
    rig_unplug();
    serial_driver.start(rig.bus, rig.now_us);
    assert_state(BUS_CLOSED, STATUS_NOT_FOUND);
    rig_plug();
    rig_pass_ms(1000);
    assert_state(BUS_OPEN, STATUS_OK);
    rig_end();
}

/* --- other protocols ----------------------------------------------------------------------------------------- */

static void test_another_protocol_is_named(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    for (int i = 0; i < 12; i++) {
        rig_pass_ms(1000);
        say_df8(74, 96);
    }
    rig_pass_ms(500);
    assert_int_equal(rig.count, 0);
    assert_false(rig_answering());
    assert_state(BUS_OPEN, STATUS_WRONG_PROTOCOL);
    assert_speaks("nonin-df8");
    say_df2(74, 96); /* somebody set it right */
    assert_state(BUS_OPEN, STATUS_OK);
    assert_speaks("nonin-df2");
    assert_newest(VITAL_spo2, QUALITY_VALID, 96000);
    rig_end();
}

static void test_another_protocol_falls_silent(void **state)
{
    (void)state;
    rig_start(&nonin_df8_profile);
    rig_pass_ms(4000);
    say_df2(74, 96);
    rig_pass_ms(500);
    assert_state(BUS_OPEN, STATUS_WRONG_PROTOCOL);
    assert_speaks("nonin-df2");
    rig_pass_ms(11000);
    assert_state(BUS_OPEN, STATUS_OK);
    assert_speaks(NULL);
    rig_end();
}

static void test_any_oximeter(void **state)
{
    (void)state;
    rig_start(&oximeter_profile);
    say_df2(74, 96);
    assert_int_equal(rig.count, 0); /* not known yet */
    rig_pass_ms(500);
    assert_speaks("nonin-df2");
    assert_state(BUS_OPEN, STATUS_OK);
    say_df2(74, 96);
    assert_newest(VITAL_spo2, QUALITY_VALID, 96000);
    assert_true(rig_answering());
    rig.count = 0;
    for (int i = 0; i < 5; i++) { /* it is exchanged for another */
        rig_pass_ms(2000);
        rig_say(bytes, make_rad8("097", "069", "04.69", "800:SET", bytes));
    }
    assert_speaks("masimo-rad8");
    assert_state(BUS_OPEN, STATUS_OK);
    assert_newest(VITAL_spo2, QUALITY_VALID, 97000);
    assert_newest(VITAL_perfusion, QUALITY_VALID, 4690);
    rig_end();
}

/* Spot checks are no monitoring: the profile of any oximeter does not take them, and says what it hears. */
static void test_an_oximeter_that_only_makes_spot_checks(void **state)
{
    (void)state;
    rig_start(&oximeter_profile);
    rig_say(bytes, make_df13(70, 97, 0, 1, bytes));
    rig_pass_ms(500);
    assert_int_equal(rig.count, 0);
    assert_speaks("nonin-df13");
    assert_state(BUS_OPEN, STATUS_WRONG_PROTOCOL);
    rig_end();
}

/* --- noise --------------------------------------------------------------------------------------------------- */

static void check_hum(const struct profile *profile, uint8_t even, uint8_t odd)
{
    rig_start(profile);
    for (size_t i = 0; i < 960; i++) {
        bytes[i] = i % 2 == 0 ? even : odd;
    }
    for (int i = 0; i < 12; i++) {
        rig_say(bytes, 480);
        rig_pass_ms(500);
    }
    assert_int_equal(rig.count, 0);
    assert_false(rig_answering());
    assert_speaks(NULL);
    assert_state(BUS_OPEN, STATUS_OK);
    assert_in_range(atomic_load(&rig_health()->unasked), 12 * 480 - PROTOCOL_FRAME_MAX, 12 * 480);
    rig_end();
}

static void test_a_line_that_hums(void **state)
{
    (void)state;
    for (const struct profile *const *p = protocol_profiles; *p != NULL; p++) {
        check_hum(*p, 0x00, 0x00);
        check_hum(*p, 0xFF, 0xFF);
        check_hum(*p, 0x80, 0x00);
    }
}

/* The monitor comes through a line that hums between its packets. */
static void test_hum_between_packets(void **state)
{
    (void)state;
    rig_start(&nonin_df2_profile);
    for (unsigned i = 0; i < 9; i++) {
        uint8_t hum[40] = {0};
        rig_say(hum, sizeof hum);
        say_df2(70 + i, 96);
        rig_pass_ms(333);
    }
    assert_int_equal(rig_values(VITAL_pulse), 9);
    assert_newest(VITAL_pulse, QUALITY_VALID, 78000);
    assert_int_equal(atomic_load(&rig_health()->unasked), 9 * 40);
    rig_end();
}

/* --- for `wardgate check` ------------------------------------------------------------------------------------ */

static struct bus_request described;

static void keep_request(void *context, const struct bus_request *request)
{
    assert_null(context);
    described = *request;
}

static void test_what_check_shows(void **state)
{
    (void)state;
    for (const struct profile *const *p = protocol_profiles; *p != NULL; p++) {
        const struct monitor_config monitor = {.profile = *p};
        struct bus_config config = {.baud = 9600, .monitors = &monitor, .monitor_count = 1};
        serial_driver.each_request(&config, keep_request, NULL);
        assert_int_equal(described.interval_ms, (*p)->poll_interval_ms);
        assert_non_null(strstr(described.text, (*p)->name));
        assert_true(described.wire_us < described.interval_ms * 1000); /* 9600 is enough for each */
        assert_int_equal(described.wire_us == 0, *p == &oximeter_profile);
    }
    assert_string_equal(serial_driver.kind, "serial");
    assert_ptr_equal(serial_driver.profiles, protocol_profiles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_listens),
                                       cmocka_unit_test(test_bad_packets_are_counted),
                                       cmocka_unit_test(test_a_paced_line),
                                       cmocka_unit_test(test_silence),
                                       cmocka_unit_test(test_spot_checks),
                                       cmocka_unit_test(test_old_bytes_are_not_current),
                                       cmocka_unit_test(test_unplugged_and_plugged_in_again),
                                       cmocka_unit_test(test_half_a_packet_does_not_survive_the_cable),
                                       cmocka_unit_test(test_a_line_that_is_not_there),
                                       cmocka_unit_test(test_another_protocol_is_named),
                                       cmocka_unit_test(test_another_protocol_falls_silent),
                                       cmocka_unit_test(test_any_oximeter),
                                       cmocka_unit_test(test_an_oximeter_that_only_makes_spot_checks),
                                       cmocka_unit_test(test_a_line_that_hums),
                                       cmocka_unit_test(test_hum_between_packets),
                                       cmocka_unit_test(test_what_check_shows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
