/* Simulated monitors that talk unasked: what oximeters and central stations put on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ward/ward_hl7.h"
#include "tests/ward/ward_masimo.h"
#include "tests/ward/ward_nonin.h"
#include "tests/ward/ward_oximeter.h"

enum { PACKET = 25, PULSE = 174, SPO2 = 96, NO_PULSE = 511, NO_SPO2 = 127 };

#define NOON_MS INT64_C(1785153864123) /* 2026-07-27 12:04:24.123 UTC */

static struct ward_bank bank;
static struct ward_nonin nonin;

static int bank_make(void **state)
{
    (void)state;
    ward_bank_clear(&bank);
    memset(&nonin, 0, sizeof nonin);
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        ward_bank_put(&bank, (enum ward_vital)v, WARD_ABSENT);
    }
    ward_bank_put(&bank, WARD_pulse, PULSE * 1000);
    ward_bank_put(&bank, WARD_spo2, SPO2 * 1000);
    ward_bank_put(&bank, WARD_perfusion, 3250);
    return 0;
}

static void test_registers_are_read_back(void **state)
{
    (void)state;
    ward_bank_put(&bank, WARD_temp, -1200);
    ward_bank_put(&bank, WARD_glucose, 5912);
    ward_bank_put_bit(&bank, WARD_BIT_vtach, true);
    assert_int_equal(ward_bank_get(&bank, WARD_pulse), PULSE * 1000);
    assert_int_equal(ward_bank_get(&bank, WARD_perfusion), 3250);
    assert_int_equal(ward_bank_get(&bank, WARD_temp), -1200);
    assert_int_equal(ward_bank_get(&bank, WARD_glucose), 5912);
    assert_int_equal(ward_bank_get(&bank, WARD_hr), WARD_ABSENT);
    assert_true(ward_bank_has_bit(&bank, WARD_BIT_vtach));
    assert_false(ward_bank_has_bit(&bank, WARD_BIT_asystole));
    ward_bank_put(&bank, WARD_temp, WARD_ABSENT);
    ward_bank_put(&bank, WARD_glucose, WARD_ABSENT);
    assert_int_equal(ward_bank_get(&bank, WARD_temp), WARD_ABSENT);
    assert_int_equal(ward_bank_get(&bank, WARD_glucose), WARD_ABSENT);
}

/* --- Nonin --------------------------------------------------------------------------------------------------- */

typedef size_t make_frame(struct ward_nonin *, const struct ward_bank *, uint8_t *);

/* One packet: its 25 values; checksums and the mark of the first frame are looked at. */
static void take_packet(make_frame *make, unsigned status_at, uint8_t values[PACKET], uint8_t *out_status)
{
    uint8_t frame[WARD_NONIN_FRAME_MAX];
    *out_status = 0;
    for (unsigned i = 0; i < PACKET; i++) {
        assert_int_equal(make(&nonin, &bank, frame), 5);
        assert_int_equal((uint8_t)(frame[0] + frame[1] + frame[2] + frame[3]), frame[4]);
        assert_true((frame[status_at] & 0x80) != 0);
        assert_int_equal(frame[status_at] & 1, i == 0 ? 1 : 0);
        *out_status |= frame[status_at];
        values[i] = frame[3];
    }
}

static unsigned rate_at(const uint8_t values[PACKET], unsigned frame)
{
    return (values[frame - 1] & 3U) << 7 | (values[frame] & 0x7FU);
}

static void expect_packet(make_frame *make, unsigned status_at)
{
    uint8_t values[PACKET];
    uint8_t status = 0;
    for (int packet = 0; packet < 4; packet++) {
        take_packet(make, status_at, values, &status);
        assert_int_equal(rate_at(values, 1), PULSE);
        assert_int_equal(rate_at(values, 20), PULSE);
        assert_int_equal(values[2], SPO2);
        assert_int_equal(values[8], SPO2);
        assert_int_equal(status & 0x38, 0);
    }
}

static void test_df2_and_df7(void **state)
{
    uint8_t frame[WARD_NONIN_FRAME_MAX];
    expect_packet(ward_nonin_df2, 1);
    (void)ward_nonin_df2(&nonin, &bank, frame);
    assert_int_equal(frame[0], 1);
    (void)bank_make(state);
    expect_packet(ward_nonin_df7, 0);
}

/* The plain values go at once; those for displays stay for 10 s, that is 750 frames. */
static void test_finger_is_gone(void **state)
{
    (void)state;
    uint8_t values[PACKET];
    uint8_t status = 0;
    take_packet(ward_nonin_df2, 1, values, &status);
    ward_bank_put_bit(&bank, WARD_BIT_probe_off, true);
    for (int packet = 0; packet < 32; packet++) {
        take_packet(ward_nonin_df2, 1, values, &status);
        assert_true((status & 0x08) != 0);
        assert_int_equal(rate_at(values, 1), NO_PULSE);
        assert_int_equal(values[2], NO_SPO2);
        assert_int_equal(rate_at(values, 20), packet < 29 ? PULSE : packet > 29 ? NO_PULSE : (int)rate_at(values, 20));
    }
    ward_bank_put_bit(&bank, WARD_BIT_probe_off, false);
    take_packet(ward_nonin_df2, 1, values, &status);
    assert_int_equal(rate_at(values, 1), PULSE);
    assert_int_equal(status & 0x08, 0);
}

static void test_pulse_is_lost(void **state)
{
    (void)state;
    uint8_t values[PACKET];
    uint8_t status = 0;
    ward_bank_put(&bank, WARD_pulse, WARD_ABSENT);
    take_packet(ward_nonin_df2, 1, values, &status);
    assert_int_equal(rate_at(values, 1), NO_PULSE);
    assert_int_equal(status & 0x18, 0x10); /* out of track, and no sensor's alarm */
}

static void test_df8(void **state)
{
    (void)state;
    static const uint8_t well[] = {0x81, PULSE - 128, SPO2, 0};
    static const uint8_t off[] = {0x81, PULSE - 128, SPO2, 0x08};
    static const uint8_t gone[] = {0x83, 127, NO_SPO2, 0x08};
    uint8_t frame[WARD_NONIN_FRAME_MAX];
    assert_int_equal(ward_nonin_df8(&nonin, &bank, frame), 4);
    assert_memory_equal(frame, well, sizeof well);
    ward_bank_put_bit(&bank, WARD_BIT_probe_off, true);
    for (int second = 1; second <= 12; second++) {
        (void)ward_nonin_df8(&nonin, &bank, frame);
        assert_memory_equal(frame, second < 10 ? off : gone, sizeof gone);
    }
}

/* --- Masimo -------------------------------------------------------------------------------------------------- */

static void expect_lines(const char *ascii1, const char *rad8)
{
    char line[WARD_MASIMO_LINE_MAX];
    assert_int_equal(ward_masimo_ascii1(&bank, "70986", NOON_MS, line), strlen(ascii1));
    assert_memory_equal(line, ascii1, strlen(ascii1));
    assert_int_equal(ward_masimo_rad8(&bank, NOON_MS, line), strlen(rad8));
    assert_memory_equal(line, rad8, strlen(rad8));
}

#define NOON "07/27/26 12:04:24 "
#define REST " SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+-- PVI=--- ALARM=0000 EXC="

static void test_masimo_lines(void **state)
{
    (void)state;
    expect_lines(NOON "SN=70986 SPO2=096% BPM=174 PI=03.25%" REST "000800\r\n",
                 NOON "SpO2=096 PR=174 PI=03.25 EXC=800:SET\n");
    ward_bank_put(&bank, WARD_perfusion, 300);
    expect_lines(NOON "SN=70986 SPO2=096% BPM=174 PI=00.30%" REST "000804\r\n",
                 NOON "SpO2=096 PR=174 PI=00.30 EXC=804:LowPI,SET\n");
    ward_bank_put_bit(&bank, WARD_BIT_probe_off, true);
    expect_lines(NOON "SN=70986 SPO2=---% BPM=--- PI=--.--%" REST "000820\r\n",
                 NOON "SpO2=000 PR=000 PI=00.00 EXC=820:OffPat,SET\n");
}

static void test_formats(void **state)
{
    (void)state;
    assert_null(ward_format_by_name("nonin-df9"));
    assert_true(ward_format_fits(ward_format_by_name("nonin-df2"), 9600));
    assert_false(ward_format_fits(ward_format_by_name("nonin-df2"), 2400)); /* 375 bytes a second */
    assert_true(ward_format_has_checksum(ward_format_by_name("nonin-df7")));
    assert_false(ward_format_has_checksum(ward_format_by_name("masimo-rad8")));
}

/* --- HL7 ----------------------------------------------------------------------------------------------------- */

static char text[WARD_MESSAGE_MAX];

static struct ward_message message(void)
{
    return (struct ward_message){.station = "central",
                                 .monitor = "b01",
                                 .place = "ICU^1^A",
                                 .device = "b01",
                                 .control_id = "c-1",
                                 .wall_ms = NOON_MS,
                                 .bank = &bank};
}

static void expect(size_t length, const char *wanted)
{
    assert_true(length < sizeof text);
    text[length] = '\0';
    if (strstr(text, wanted) == NULL) {
        print_error("%s\nis not in\n%s\n", wanted, text);
        fail();
    }
}

static void test_values(void **state)
{
    (void)state;
    const struct ward_measured cuff = {3, NOON_MS - 60000};
    const struct ward_measured none = {0};
    struct ward_message m = message();
    ward_bank_put(&bank, WARD_nibp_sys, 147000);
    ward_bank_put(&bank, WARD_temp, 36850);
    const size_t length = ward_hl7_values(&m, &cuff, &none, text);
    expect(length, "\x0bMSH|^~\\&|central^central^L|WARD|||20260727120424.123+0000||ORU^R01^ORU_R01|c-1|P|2.6|||AL|NE||"
                   "UNICODE UTF-8|||IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO\rPID|");
    expect(length, "\rPV1||I|ICU^1^A\rOBR|1|");
    expect(length,
           "|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.0.0.2|96|262688^MDC_DIM_PERCENT^MDC|||||R|||20260727120424.123+");
    expect(length, "|NM|150488^MDC_BLD_PERF_INDEX^MDC|1.0.0.9|3.25|");
    expect(length, "|NM|150364^MDC_TEMP_BODY^MDC|1.0.0.4|36.9|"); /* the register holds tenths */
    expect(length, "|147|266016^MDC_DIM_MMHG^MDC|||||R|||20260727120324.123+0000|||^APERIODIC\r");
    expect(length, "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.0.0.1||264864^MDC_DIM_BEAT_PER_MIN^MDC|||||X|||"
                   "20260727120424.123+0000||||6230310000000000^^6230310000000000^EUI-64\r");
    assert_null(strstr(text, "GLU")); /* never measured */
    assert_memory_equal(text + length - 2, "\x1c\r", 2);
}

static void test_marks(void **state)
{
    (void)state;
    const struct ward_measured none = {0};
    struct ward_message m = message();
    m.test = true;
    m.unknown_encoding = true;
    ward_bank_put_bit(&bank, WARD_BIT_demo, true);
    const size_t length = ward_hl7_values(&m, &none, &none, text);
    expect(length, "|c-1|T|2.6|||AL|NE||ISO IR87|");
    expect(length, "|96|262688^MDC_DIM_PERCENT^MDC||DEMO|||R|");
}

static void test_alarm_phases(void **state)
{
    (void)state;
    const struct ward_message m = message();
    size_t length = ward_hl7_alarm(&m, WARD_BIT_asystole, WARD_PHASE_CONTINUE, "c-0", text);
    expect(length, "||ORU^R40^ORU_R40|c-1|P|");
    expect(length, "|196616^MDC_EVT_ALARM^MDC|||20260727120424.123+0000||||||||||||||||||||||c-0^c-0\r");
    expect(length,
           "OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.0.0.0.1|199684^MDC_EVT_ECG_ASYSTOLE^MDC^^^^^^ASYSTOLE|||A~PH~SP|||R|");
    expect(length, "68481^MDC_ATTR_EVENT_PHASE^MDC|1.0.0.0.3|continue|");
    expect(length, "68482^MDC_ATTR_ALARM_STATE^MDC|1.0.0.0.4|active|");
    length = ward_hl7_alarm(&m, WARD_BIT_leads_off, WARD_PHASE_END, "c-0", text);
    expect(length, "|A~PL~ST|");
    expect(length, "|1.0.0.0.3|end|");
    expect(length, "|1.0.0.0.4|inactive|");
    assert_false(ward_hl7_is_alarm(WARD_BIT_demo));
    assert_false(ward_hl7_is_alarm(WARD_BIT_cuff_busy));
}

/* Whatever the registers hold, a message fits. */
static void test_longest_message(void **state)
{
    (void)state;
    const struct ward_measured now = {1, NOON_MS};
    char place[WARD_PLACE_MAX];
    struct ward_message m = message();
    memset(place, 'x', sizeof place);
    place[sizeof place - 1] = '\0';
    m.place = place;
    m.device = "12345678";
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        ward_bank_put(&bank, (enum ward_vital)v, v == WARD_temp ? -3000000 : 600000);
    }
    assert_in_range(ward_hl7_values(&m, &now, &now, text), 1000, WARD_MESSAGE_MAX - 1);
}

static void test_answers(void **state)
{
    (void)state;
    static const char good[] = "\x0bMSH|^~\\&|||||20260727||ACK^R01|9|P|2.6\rMSA|AE|c-1|why\r";
    static const char none[] = "\x0bMSH|^~\\&|||||20260727||ACK^R01|9|P|2.6\r";
    char code[3];
    char id[WARD_CONTROL_ID_MAX];
    assert_true(ward_hl7_read_answer(good, sizeof good - 1, code, id));
    assert_string_equal(code, "AE");
    assert_string_equal(id, "c-1");
    assert_false(ward_hl7_read_answer(none, sizeof none - 1, code, id));
    assert_true(ward_hl7_read_answer(good, sizeof good - 6, code, id)); /* cut behind it */
    assert_string_equal(id, "c-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers_are_read_back, bank_make),
        cmocka_unit_test_setup(test_df2_and_df7, bank_make),
        cmocka_unit_test_setup(test_finger_is_gone, bank_make),
        cmocka_unit_test_setup(test_pulse_is_lost, bank_make),
        cmocka_unit_test_setup(test_df8, bank_make),
        cmocka_unit_test_setup(test_masimo_lines, bank_make),
        cmocka_unit_test_setup(test_formats, bank_make),
        cmocka_unit_test_setup(test_values, bank_make),
        cmocka_unit_test_setup(test_marks, bank_make),
        cmocka_unit_test_setup(test_alarm_phases, bank_make),
        cmocka_unit_test_setup(test_longest_message, bank_make),
        cmocka_unit_test_setup(test_answers, bank_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
