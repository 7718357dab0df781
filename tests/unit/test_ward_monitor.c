/* The simulated monitors: generated patients and their events, recordings, values and faults that a test asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ward/ward_monitor.h"

enum { HR, SPO2, RESP, TEMP, SYS, DIA, MEAN, PULSE, PERFUSION, ABSENT = 0xFFFF, CUFF_MS = 60000 };

static struct ward_monitor monitor;
static const uint8_t read_vitals[] = {3, 0, 0, 0, 12};

static int monitor_make(void **state)
{
    (void)state;
    memset(&monitor, 0, sizeof monitor);
    monitor.unit = 1;
    ward_patient_init(&monitor.patient, 7, CUFF_MS);
    return 0;
}

/* A holding register as a master sees it. */
static unsigned seen(int64_t at_ms, unsigned at)
{
    struct ward_reply reply;
    assert_true(ward_monitor_answer(&monitor, at_ms * WARD_MS, read_vitals, sizeof read_vitals, &reply));
    assert_int_equal(reply.length, 26);
    return (unsigned)(reply.pdu[2 + 2 * at] << 8 | reply.pdu[3 + 2 * at]);
}

static void begin(const char *event, int64_t at_ms, int64_t until_ms)
{
    assert_non_null(ward_event_by_name(event));
    ward_monitor_advance(&monitor, at_ms * WARD_MS);
    ward_patient_begin(&monitor.patient, ward_event_by_name(event), until_ms);
}

static void test_quiet_patient_is_believable(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        ward_patient_init(&monitor.patient, seed, CUFF_MS);
        unsigned before = seen(0, HR);
        for (int64_t at_ms = 1000; at_ms < 200000; at_ms += 1000) {
            const unsigned hr = seen(at_ms, HR);
            assert_in_range(hr, 58, 90);
            assert_in_range(hr, before - 5, before + 5);
            assert_in_range(seen(at_ms, SPO2), 95, 100);
            assert_in_range(seen(at_ms, RESP), 11, 19);
            assert_in_range(seen(at_ms, TEMP), 363, 373);
            assert_in_range(seen(at_ms, SYS), 100, 145);
            before = hr;
        }
    }
}

static void test_same_seed_same_patient(void **state)
{
    (void)state;
    struct ward_patient other;
    struct ward_bank a = {0};
    struct ward_bank b = {0};
    ward_patient_init(&other, 7, CUFF_MS);
    ward_patient_advance(&monitor.patient, 100000);
    for (int64_t at_ms = 0; at_ms <= 100000; at_ms += 37) {
        ward_patient_advance(&other, at_ms);
    }
    ward_patient_advance(&other, 100000);
    ward_patient_write(&monitor.patient, &a);
    ward_patient_write(&other, &b);
    assert_memory_equal(&a, &b, sizeof a);
}

/* The demonstration counts on this: below 90 within 6 s, so that a rule over 15 s fires before 30 s. */
static void test_desaturation(void **state)
{
    (void)state;
    begin("desaturation", 5000, 50000);
    for (int64_t at_ms = 11000; at_ms < 50000; at_ms += 500) {
        assert_in_range(seen(at_ms, SPO2), 70, 89);
    }
    assert_in_range(seen(70000, SPO2), 94, 100);
}

static void test_probe_and_leads(void **state)
{
    (void)state;
    begin("probe_off", 1000, WARD_PATIENT_FOREVER);
    assert_int_equal(seen(2000, SPO2), ABSENT);
    assert_int_equal(seen(2000, PULSE), ABSENT);
    assert_int_equal(seen(2000, PERFUSION), ABSENT);
    assert_in_range(seen(2000, HR), 50, 100);
    assert_int_equal(seen(2000, WARD_SENSOR_BITS), 1);
    begin("leads_off", 3000, WARD_PATIENT_FOREVER);
    assert_int_equal(seen(4000, HR), ABSENT);
    assert_int_equal(seen(4000, WARD_SENSOR_BITS), 3);
    begin("recover", 5000, WARD_PATIENT_FOREVER);
    assert_in_range(seen(6000, HR), 50, 100);
    assert_int_equal(seen(6000, WARD_SENSOR_BITS), 0);
}

static void test_asystole(void **state)
{
    (void)state;
    begin("asystole", 1000, WARD_PATIENT_FOREVER);
    assert_int_equal(seen(6000, HR), 0); /* a measured zero, not an absent value */
    assert_int_equal(seen(6000, PULSE), ABSENT);
    assert_int_equal(seen(6000, WARD_ALARM_BITS), 1);
}

static void test_every_event_stays_in_its_registers(void **state)
{
    (void)state;
    static const char *const names[] = {"desaturation", "tachycardia", "bradycardia", "apnoea",    "hypotension",
                                        "fever",        "asystole",    "probe_off",   "leads_off", "recover"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int more = 0; more < WARD_PATIENT_EVENTS_MAX; more++) {
            begin(names[i], monitor.patient.time_ms, WARD_PATIENT_FOREVER);
        }
        (void)seen(monitor.patient.time_ms + 200000, HR); /* a value that does not fit is asserted */
    }
}

static void test_cuff_counts(void **state)
{
    (void)state;
    const unsigned first = seen(0, WARD_CUFF_COUNTER);
    const unsigned later = seen(4 * CUFF_MS, WARD_CUFF_COUNTER);
    assert_in_range(later - first, 4, 5);
    begin("hypotension", 4 * CUFF_MS, WARD_PATIENT_FOREVER);
    assert_int_equal(seen(4 * CUFF_MS + 1000, WARD_SENSOR_BITS), 4); /* inflating at once */
    assert_in_range(seen(4 * CUFF_MS + 15250, SYS), 60, 85);
    assert_in_range(seen(4 * CUFF_MS + 15250, DIA), 30, 50);
}

static void test_test_values(void **state)
{
    (void)state;
    const unsigned counter = seen(0, WARD_CUFF_COUNTER);
    monitor.overrides[WARD_hr] = (struct ward_override){true, 201000};
    monitor.overrides[WARD_temp] = (struct ward_override){true, 39960};
    monitor.overrides[WARD_spo2] = (struct ward_override){true, WARD_ABSENT};
    monitor.cuff_bumps = 3;
    monitor.bits[WARD_BIT_vtach] = true;
    assert_int_equal(seen(0, HR), 201);
    assert_int_equal(seen(0, TEMP), 400);
    assert_int_equal(seen(0, SPO2), ABSENT);
    assert_int_equal(seen(0, WARD_CUFF_COUNTER), counter + 3);
    assert_int_equal(seen(0, WARD_ALARM_BITS), 8);
}

static void test_glucose_and_identity(void **state)
{
    (void)state;
    struct ward_bank bank = {0};
    ward_bank_put(&bank, WARD_glucose, 5500); /* 5.5 is 0x40B00000 */
    assert_int_equal(bank.input[7], 0x0000);
    assert_int_equal(bank.input[8], 0x40B0);
    assert_int_equal(ward_bank_get(&bank, WARD_glucose), 5500);
    ward_bank_put(&bank, WARD_glucose, 0);
    assert_int_equal(ward_bank_get(&bank, WARD_glucose), 0);
    ward_bank_put(&bank, WARD_glucose, WARD_ABSENT);
    assert_int_equal(bank.input[8], 0x7FC0); /* no number */
    assert_int_equal(ward_bank_get(&bank, WARD_glucose), WARD_ABSENT);
    ward_bank_put_identity(&bank, "BM7-1");
    assert_int_equal(bank.holding[90], 'B' << 8 | 'M');
    assert_int_equal(bank.holding[92], '1' << 8);
    assert_int_equal(bank.holding[93], 0);
}

static void test_registers_have_limits(void **state)
{
    (void)state;
    assert_true(ward_vital_fits(WARD_hr, 65534000));
    assert_false(ward_vital_fits(WARD_hr, 65535000)); /* would read as absent */
    assert_false(ward_vital_fits(WARD_hr, -1000));
    assert_true(ward_vital_fits(WARD_temp, -3276800));
    assert_false(ward_vital_fits(WARD_temp, 3276700));
    assert_false(ward_vital_fits(WARD_perfusion, 655350));
    assert_false(ward_vital_fits(WARD_hr, INT32_MAX));
}

static void test_silence_and_faults(void **state)
{
    (void)state;
    struct ward_reply reply;
    monitor.silent_until_ns = 50;
    assert_false(ward_monitor_answer(&monitor, 49, read_vitals, sizeof read_vitals, &reply));
    assert_true(ward_monitor_answer(&monitor, 50, read_vitals, sizeof read_vitals, &reply));
    assert_int_equal(monitor.counts.requests, 2);
    assert_int_equal(monitor.counts.ignored, 1);
    monitor.faults[WARD_FAULT_EXCEPTION] = (struct ward_fault){2, 6};
    monitor.faults[WARD_FAULT_CRC] = (struct ward_fault){WARD_UNTIL_TOLD, 0};
    for (int i = 0; i < 3; i++) {
        assert_true(ward_monitor_answer(&monitor, 60, read_vitals, sizeof read_vitals, &reply));
        assert_int_equal(reply.pdu[0], i < 2 ? 0x83 : 3);
        assert_true(reply.wrong_crc);
    }
    assert_int_equal(monitor.counts.exceptions, 2);
    ward_monitor_heal(&monitor);
    assert_true(ward_monitor_answer(&monitor, 70, read_vitals, sizeof read_vitals, &reply));
    assert_false(reply.wrong_crc);
}

static void test_a_register_goes_missing(void **state)
{
    (void)state;
    static const uint8_t first_five[] = {3, 0, 0, 0, 5};
    static const uint8_t the_sixth[] = {3, 0, 5, 0, 1};
    static const uint8_t behind[] = {3, 0, 6, 0, 6};
    struct ward_reply reply;
    monitor.faults[WARD_FAULT_MISSING] = (struct ward_fault){2, 5};
    assert_true(ward_monitor_answer(&monitor, 0, first_five, sizeof first_five, &reply));
    assert_int_equal(reply.pdu[0], 3);
    assert_true(ward_monitor_answer(&monitor, 0, behind, sizeof behind, &reply));
    assert_int_equal(reply.pdu[0], 3);
    assert_true(ward_monitor_answer(&monitor, 0, read_vitals, sizeof read_vitals, &reply));
    assert_int_equal(reply.pdu[0], 0x83);
    assert_int_equal(reply.pdu[1], WARD_ILLEGAL_ADDRESS);
    assert_true(ward_monitor_answer(&monitor, 0, the_sixth, sizeof the_sixth, &reply));
    assert_int_equal(reply.pdu[0], 0x83);
    assert_true(
        ward_monitor_answer(&monitor, 0, the_sixth, sizeof the_sixth, &reply)); /* only what asks for it counts */
    assert_int_equal(reply.pdu[0], 3);
}

/* No two answers after each other are alike, and nothing leaps: rules and checks see a patient that changes. */
static void test_counting(void **state)
{
    (void)state;
    monitor.counting = true;
    unsigned before = seen(0, 0);
    assert_int_equal(before, WARD_COUNTING_LOW);
    for (int i = 1; i < 3000; i++) {
        struct ward_reply reply;
        assert_true(ward_monitor_answer(&monitor, 0, read_vitals, sizeof read_vitals, &reply));
        const unsigned first = (unsigned)(reply.pdu[2] << 8 | reply.pdu[3]);
        const unsigned last = (unsigned)(reply.pdu[24] << 8 | reply.pdu[25]);
        assert_true(first == before + 1 || first + 1 == before);
        assert_in_range(first, WARD_COUNTING_LOW, WARD_COUNTING_HIGH);
        assert_int_equal(last, i % 2 == 0 ? WARD_COUNTING_LOW : WARD_COUNTING_HIGH);
        before = first;
    }
}

static void test_writes_are_counted(void **state)
{
    (void)state;
    static const uint8_t write_one[] = {6, 0, 0, 0, 1};
    struct ward_reply reply;
    assert_true(ward_monitor_answer(&monitor, 0, write_one, sizeof write_one, &reply));
    assert_int_equal(reply.pdu[0], 0x86);
    assert_int_equal(reply.pdu[1], WARD_ILLEGAL_FUNCTION);
    assert_int_equal(monitor.counts.writes_refused, 1);
}

static bool load(const char *text, const char *map, const char *absent, char *why, size_t size)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(file);
    const bool loaded = ward_recording_load(&monitor.recording, file, map, absent, why, size);
    fclose(file);
    return loaded;
}

static void test_recording(void **state)
{
    (void)state;
    char why[100];
    static const char *const text = "t_s,HR,NBPSys,other,NBPMean\r\n"
                                    "0,101.4,,x,\r\n"
                                    "60,0,66,x,38\r\n"
                                    "120,99.5,,,73\r\n";
    assert_true(load(text, "HR=hr,NBPSys=nibp_sys,NBPMean=nibp_mean,t_s=time", "0", why, sizeof why));
    monitor.recorded = true;
    monitor.recording.speed = 60;
    assert_int_equal(seen(0, HR), 101);
    assert_int_equal(seen(0, SYS), ABSENT);
    assert_int_equal(seen(0, TEMP), 0x7FFF);
    assert_int_equal(ward_bank_get(&monitor.bank, WARD_glucose), WARD_ABSENT); /* no column */
    assert_int_equal(seen(999, WARD_CUFF_COUNTER), 0);
    assert_int_equal(seen(1000, HR), ABSENT); /* 0 is "no value" here */
    assert_int_equal(seen(1000, SYS), 66);
    assert_int_equal(seen(1000, MEAN), 38);
    assert_int_equal(seen(1000, WARD_CUFF_COUNTER), 1);
    assert_int_equal(seen(2000, HR), 100);
    assert_int_equal(seen(2000, SYS), ABSENT); /* measured, and only the mean came out */
    assert_int_equal(seen(2000, MEAN), 73);
    assert_int_equal(seen(2999, WARD_CUFF_COUNTER), 2);
    assert_int_equal(seen(3000, HR), 101); /* from the beginning; no measurement, so the last one stands */
    assert_int_equal(seen(3000, MEAN), 73);
    assert_int_equal(seen(4000, WARD_CUFF_COUNTER), 3);
    ward_recording_free(&monitor.recording);
}

static void test_recording_offset(void **state)
{
    (void)state;
    char why[100];
    assert_true(load("t_s,HR\n100,60\n160,70\n220,80\n", "HR=hr,t_s=time", NULL, why, sizeof why));
    monitor.recorded = true;
    monitor.recording.speed = 10;
    monitor.recording.offset_ms = 60000;
    assert_int_equal(seen(0, HR), 70);
    assert_int_equal(seen(5999, HR), 70);
    assert_int_equal(seen(6000, HR), 80);
    ward_recording_free(&monitor.recording);
}

static void test_bad_recordings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *map;
    } cases[] = {
        {"t_s,HR\n0,1\n", "HR=hr,t_s=time"},              /* one row has no period */
        {"t_s,HR\n0,1\n1,x\n", "HR=hr,t_s=time"},         /* not a number */
        {"t_s,HR\n1,1\n1,2\n", "HR=hr,t_s=time"},         /* out of order */
        {"t_s,HR\n0,1\n,2\n", "HR=hr,t_s=time"},          /* no time */
        {"t_s,HR\n0,1\n1\n", "HR=hr,t_s=time"},           /* too few cells */
        {"t_s,HR\n0,1\n1,70000\n", "HR=hr,t_s=time"},     /* no register holds it */
        {"t_s,HR\n0,1\n1,2\n", "HR=hr"},                  /* no time column */
        {"t_s,HR\n0,1\n1,2\n", "HR=heart,t_s=time"},      /* no such vital */
        {"t_s,HR\n0,1\n1,2\n", "HR=hr,RR=resp,t_s=time"}, /* no such column */
        {"t_s,HR\n", "HR=hr,t_s=time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char why[100] = "";
        assert_false(load(cases[i].text, cases[i].map, NULL, why, sizeof why));
        assert_true(strlen(why) > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_quiet_patient_is_believable, monitor_make),
        cmocka_unit_test_setup(test_same_seed_same_patient, monitor_make),
        cmocka_unit_test_setup(test_desaturation, monitor_make),
        cmocka_unit_test_setup(test_probe_and_leads, monitor_make),
        cmocka_unit_test_setup(test_asystole, monitor_make),
        cmocka_unit_test_setup(test_every_event_stays_in_its_registers, monitor_make),
        cmocka_unit_test_setup(test_cuff_counts, monitor_make),
        cmocka_unit_test_setup(test_test_values, monitor_make),
        cmocka_unit_test_setup(test_glucose_and_identity, monitor_make),
        cmocka_unit_test_setup(test_registers_have_limits, monitor_make),
        cmocka_unit_test_setup(test_silence_and_faults, monitor_make),
        cmocka_unit_test_setup(test_a_register_goes_missing, monitor_make),
        cmocka_unit_test_setup(test_counting, monitor_make),
        cmocka_unit_test_setup(test_writes_are_counted, monitor_make),
        cmocka_unit_test_setup(test_recording, monitor_make),
        cmocka_unit_test_setup(test_recording_offset, monitor_make),
        cmocka_unit_test_setup(test_bad_recordings, monitor_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
