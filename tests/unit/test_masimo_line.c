/* Masimo lines of text: ASCII 1, and the trend of the Rad-8. */
#include "tests/unit/support/serial_bench.h"

static uint8_t bytes[2048];

static void say(const char *spo2, const char *pulse, const char *pi, const char *exceptions)
{
    bench_next(bytes, make_rad8(spo2, pulse, pi, exceptions, bytes));
}

static void say_text(const char *text)
{
    bench_next((const uint8_t *)text, strlen(text));
}

static void assert_values(enum quality quality, int32_t spo2_milli, int32_t pulse_milli, int32_t perfusion_milli)
{
    assert_value(VITAL_spo2, quality, spo2_milli);
    assert_value(VITAL_pulse, quality, pulse_milli);
    assert_value(VITAL_perfusion, quality, perfusion_milli);
}

/* As printed in the manual of the Rad-8, line by line. */
static void test_the_lines_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        enum quality quality;
        int32_t spo2, pulse, perfusion;
        int low_signal_iq; /* as said */
    } expected[] = {
        {QUALITY_SENSOR_OFF, 0, 0, 0, 0},        {QUALITY_SENSOR_OFF, 0, 0, 0, -1},
        {QUALITY_VALID, 97000, 69000, 4690, -1}, {QUALITY_VALID, 96000, 74000, 2280, 1},
        {QUALITY_VALID, 98000, 78000, 3640, 0},  {QUALITY_ABSENT, 0, 0, 0, -1}, /* zeros without any exception */
        {QUALITY_SENSOR_OFF, 0, 0, 0, -1},       {QUALITY_VALID, 96000, 78000, 2680, -1},
    };
    const size_t length = read_sample("masimo_rad8_trend.txt", bytes, sizeof bytes);
    const uint8_t *line = bytes;
    bench_use(&masimo_rad8_protocol);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const uint8_t *end = memchr(line, '\n', length - (size_t)(line - bytes));
        assert_non_null(end);
        bench_next(line, (size_t)(end - line) + 1);
        assert_values(expected[i].quality, expected[i].spo2, expected[i].pulse, expected[i].perfusion);
        assert_int_equal(signal_said("low_signal_iq"), expected[i].low_signal_iq);
        line = end + 1;
    }
    assert_ptr_equal(line, bytes + length);
    assert_int_equal(t.sound, 8);
    assert_int_equal(t.skipped, 0);
}

static void test_exceptions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quality quality;
    } cases[] = {{"000", QUALITY_VALID},
                 {"800", QUALITY_VALID},
                 {"801", QUALITY_SENSOR_OFF},
                 {"802", QUALITY_SENSOR_OFF},
                 {"804", QUALITY_VALID},
                 {"808", QUALITY_ABSENT},
                 {"810", QUALITY_ABSENT},
                 {"820", QUALITY_SENSOR_OFF},
                 {"840", QUALITY_VALID},
                 {"880", QUALITY_SENSOR_OFF},
                 {"900", QUALITY_VALID},
                 {"A00", QUALITY_VALID},
                 {"C00", QUALITY_VALID},
                 {"c00", QUALITY_VALID},
                 {"828", QUALITY_SENSOR_OFF},
                 {"818", QUALITY_ABSENT},
                 {"0820:OffPat,SET", QUALITY_SENSOR_OFF}};
    bench_use(&masimo_rad8_protocol);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool is_valid = cases[i].quality == QUALITY_VALID;
        say("097", "069", "04.69", cases[i].text);
        assert_values(cases[i].quality, is_valid ? 97000 : 0, is_valid ? 69000 : 0, is_valid ? 4690 : 0);
    }
    say("097", "069", "04.69", "C54");
    assert_int_equal(signal_said("low_signal_iq"), 1);
    assert_int_equal(signal_said("low_perfusion"), 1);
    assert_int_equal(signal_said("ambient_light"), 1);
    assert_int_equal(signal_said("interference"), 1);
}

static void test_unavailable_and_zero_are_absent(void **state)
{
    (void)state;
    bench_use(&masimo_rad8_protocol);
    say("---", "069", "04.69", "800");
    assert_value(VITAL_spo2, QUALITY_ABSENT, 0);
    assert_value(VITAL_pulse, QUALITY_VALID, 69000);
    say("097", "000", "--.--", "800");
    assert_value(VITAL_spo2, QUALITY_VALID, 97000);
    assert_value(VITAL_pulse, QUALITY_ABSENT, 0);
    assert_value(VITAL_perfusion, QUALITY_ABSENT, 0);
    say_text("09/21/08 09:56:12 SpO2=097 PR=069 EXC=800\r\n");
    assert_null(bench_value(VITAL_perfusion)); /* never said: nothing about it */
}

static void test_ascii1(void **state)
{
    (void)state;
    static const char serial[] = "0000070986";
    bench_use(&masimo_ascii1_protocol);
    bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
    assert_int_equal(t.count, 0); /* it says who it is: nobody has confirmed that yet */
    bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
    assert_values(QUALITY_VALID, 98000, 70000, 4690);
    assert_int_equal(t.seen[0].kind, OBSERVATION_IDENTITY);
    assert_int_equal(t.seen[0].value_milli, identity_hash(serial, strlen(serial)));
    bench_next(bytes, make_ascii1("---", "---", "--.--", "000820", bytes));
    assert_values(QUALITY_SENSOR_OFF, 0, 0, 0);
    assert_int_equal(count_kind(OBSERVATION_IDENTITY), 0);
    reporter_forget(&t.reporter);
    bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
    assert_int_equal(t.seen[0].kind, OBSERVATION_IDENTITY); /* again, before its values */
}

/* A serial number is another one only when it is said twice; meanwhile nobody's values are put. */
static void test_another_serial_number(void **state)
{
    (void)state;
    static const char form[] = "02/29/24 13:45:07 SN=%s SPO2=098%% BPM=070 PI=04.69%% EXC=000800\r\n";
    static const struct {
        const char *serial;
        bool believed, identity;
    } lines[] = {{"0000070986", false, false}, {"0000070986", true, true},   {"0000070987", false, false},
                 {"0000070986", true, false},  {"0000070987", false, false}, {"0000070988", false, false},
                 {"0000070987", false, false}, {"0000070987", true, true},   {"----------", false, false},
                 {"0000070987", true, false}};
    char text[LINE_BYTES];
    bench_use(&masimo_ascii1_protocol);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        (void)snprintf(text, sizeof text, form, lines[i].serial);
        say_text(text);
        assert_int_equal(count_kind(OBSERVATION_IDENTITY), lines[i].identity);
        assert_int_equal(bench_value(VITAL_spo2) != NULL, lines[i].believed);
    }
    assert_int_equal(t.sound, sizeof lines / sizeof lines[0]);
}

/* After silence or a pulled cable, who speaks has to be confirmed anew. */
static void test_a_serial_number_is_forgotten(void **state)
{
    (void)state;
    bench_use(&masimo_ascii1_protocol);
    for (int i = 0; i < 2; i++) {
        bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
    }
    assert_values(QUALITY_VALID, 98000, 70000, 4690);
    stream_use(&t.stream, &masimo_ascii1_protocol);
    bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
    assert_int_equal(t.count, 0);
}

static void test_line_ends(void **state)
{
    (void)state;
    static const char *const ends[] = {"\r\n", "\n", "\r", "\n\r"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char text[LINE_BYTES];
        bench_use(&masimo_rad8_protocol);
        for (int line = 0; line < 4; line++) {
            (void)snprintf(text, sizeof text, "09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800%s", ends[i]);
            say_text(text);
            assert_value(VITAL_spo2, QUALITY_VALID, 97000);
        }
        assert_int_equal(t.skipped, 0);
    }
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status; /* STATUS_NOT_FOUND: not even the beginning of one */
    } cases[] = {
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69\n", STATUS_SHORT_FRAME},
        {"09/21/08 09:56:12 SpO2=097 PI=04.69 EXC=800\n", STATUS_SHORT_FRAME},
        {"09/21/08 09:56:12 PR=069 PI=04.69 EXC=800\n", STATUS_SHORT_FRAME},
        {"09/21/08 09:56:12 SpO2=097 BPM=069 PI=04.69 EXC=800\n", STATUS_SHORT_FRAME},
        {"09/21/08 09:56:12 \n", STATUS_SHORT_FRAME},
        {"09/21/08 09:56:12 SpO2=0970 PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=09A PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2= PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=% PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=.97 PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=-97 PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097%% PR=069 PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=04.6900 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=04,69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=80\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=8G0\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800800800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 SpO2=096 PR=069 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069\t PI=04.69 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 09:56:12 SpO2=097 PR=069 PI=\xB5 EXC=800\n", STATUS_CORRUPT},
        {"09/21/08 9:56:12 SpO2=097 PR=069 PI=04.69 EXC=800\n", STATUS_NOT_FOUND},
        {"SpO2=097 PR=069 PI=04.69 EXC=800\n", STATUS_NOT_FOUND},
        {"SPO2=097 HR=069\r\n\r\n\r\n", STATUS_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_use(&masimo_rad8_protocol);
        say_text(cases[i].text);
        assert_int_equal(t.count, 0);
        assert_int_equal(t.broken[cases[i].status], cases[i].status == STATUS_NOT_FOUND ? 0 : 1);
        assert_true(t.skipped > 0);
        say("096", "070", "01.00", "800");
        assert_values(QUALITY_VALID, 96000, 70000, 1000);
    }
}

/* Noise before the date belongs to no line; the line behind it counts. */
static void test_noise_in_front(void **state)
{
    (void)state;
    bench_use(&masimo_rad8_protocol);
    say_text("\xFF\x80 garbage 09/2 09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800\r\n");
    assert_values(QUALITY_VALID, 97000, 69000, 4690);
}

static void test_an_endless_line(void **state)
{
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800 ", 51);
    bench_use(&masimo_rad8_protocol);
    bench_next(bytes, sizeof bytes);
    assert_int_equal(t.count, 0);
    assert_int_equal(t.broken[STATUS_LONG_FRAME], 1);
    say("096", "070", "01.00", "800");
    assert_values(QUALITY_VALID, 96000, 70000, 1000);
    for (size_t length = 1; length < 400; length++) { /* of any length: believed whole or not at all */
        memset(bytes, 'x', sizeof bytes);
        const int head = snprintf((char *)bytes, sizeof bytes, "09/21/08 09:56:12 SpO2=097 PR=069 EXC=800 ");
        bytes[head] = 'x';
        bytes[(size_t)head + length] = '\n';
        bench_use(&masimo_rad8_protocol);
        bench_next(bytes, (size_t)head + length + 1);
        assert_int_equal(bench_value(VITAL_spo2) != NULL, (size_t)head + length < 250);
    }
}

/* The bound: a wrong bit costs at most this line; where it passes, in a digit, the values have a digit's error. */
static void test_a_wrong_bit_costs_at_most_one_line(void **state)
{
    (void)state;
    unsigned passed = 0;
    const size_t length = make_ascii1("098", "070", "04.69", "000800", bytes);
    for (size_t bit = 0; bit < length * 8; bit++) {
        bench_use(&masimo_ascii1_protocol);
        for (int i = 0; i < 2; i++) {
            bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
        }
        assert_values(QUALITY_VALID, 98000, 70000, 4690);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bench_next(bytes, length);
        assert_int_equal(count_kind(OBSERVATION_IDENTITY), 0);
        const struct observation *spo2 = bench_value(VITAL_spo2);
        passed += spo2 != NULL && spo2->quality == QUALITY_VALID && spo2->value_milli != 98000;
        bench_next(bytes, make_ascii1("098", "070", "04.69", "000800", bytes));
        assert_values(QUALITY_VALID, 98000, 70000, 4690);
    }
    assert_in_range(passed, 1, 12); /* of three digits, the bits that make another digit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_lines_of_the_manual),
                                       cmocka_unit_test(test_exceptions),
                                       cmocka_unit_test(test_unavailable_and_zero_are_absent),
                                       cmocka_unit_test(test_ascii1),
                                       cmocka_unit_test(test_another_serial_number),
                                       cmocka_unit_test(test_a_serial_number_is_forgotten),
                                       cmocka_unit_test(test_line_ends),
                                       cmocka_unit_test(test_lines_that_are_none),
                                       cmocka_unit_test(test_noise_in_front),
                                       cmocka_unit_test(test_an_endless_line),
                                       cmocka_unit_test(test_a_wrong_bit_costs_at_most_one_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
