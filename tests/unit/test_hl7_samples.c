/* Messages that real monitors sent, byte for byte, and what they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/engine/alert.h"
#include "tests/unit/support/hl7_bench.h"

#define SECOND_MS INT64_C(1000)
#define UTC_P1    3600 /* zones of the senders that do not say theirs: the box stands beside them */

static const char *const any[] = {"^^", NULL};

/* Plays a sample at an instant of the wall clock. */
static void play_at(const char *name, int64_t wall_ms)
{
    char bytes[4096];
    bench.now.wall_ms = wall_ms;
    bench_take(bytes, bench_read_sample(name, bytes, sizeof bytes));
}

static void assert_value(enum vital vital, int32_t milli, uint8_t flags)
{
    const struct observation *o = bench_value(0, vital);
    assert_non_null(o);
    assert_int_equal(o->quality, QUALITY_VALID);
    assert_int_equal(o->value_milli, milli);
    assert_int_equal(o->flags, flags);
    assert_int_equal(o->at_ms, bench.now.at_ms);
}

/* 2019-12-06T11:34:52 in the box's zone */
#define VS900_LOCAL_MS INT64_C(1575632092000)

static void test_vs900(void **state)
{
    (void)state;
    bench_open(BENCH_SPOT, any);
    bench.now.utc_offset_s = UTC_P1;
    play_at("mindray_vs900_oru_r01.hl7", VS900_LOCAL_MS - UTC_P1 * SECOND_MS + 2 * SECOND_MS);
    assert_value(VITAL_spo2, 99000, 0);
    assert_value(VITAL_pulse, 94000, 0);
    assert_value(VITAL_perfusion, 940, 0);
    assert_value(VITAL_nibp_sys, 147000, OBSERVATION_AGE_UNKNOWN); /* 24 min ago */
    assert_value(VITAL_nibp_mean, 109000, OBSERVATION_AGE_UNKNOWN);
    assert_value(VITAL_nibp_dia, 90000, OBSERVATION_AGE_UNKNOWN);
    assert_value(VITAL_temp, 35100, 0); /* 37 s ago */
    assert_int_equal(bench_values(0), 7);
    assert_int_equal(bench.seen[0].kind, OBSERVATION_IDENTITY);
    assert_int_equal(bench.seen[0].value_milli, identity_hash("00A0370098007A80", 16));
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_non_null(strstr(bench.ack, "\rMSA|AA|1914\r"));
    assert_int_equal(bench.alarm_count, 0);
}

/* An hour later by our clock, because the box stands in another zone: nothing of it is current. */
static void test_vs900_in_another_zone(void **state)
{
    (void)state;
    bench_open(BENCH_SPOT, any);
    play_at("mindray_vs900_oru_r01.hl7", VS900_LOCAL_MS - UTC_P1 * SECOND_MS);
    assert_null(bench_value(0, VITAL_spo2));
    assert_value(VITAL_temp, 35100, OBSERVATION_AGE_UNKNOWN);
    assert_int_equal(bench.monitor_health[0].failures[STATUS_OUTDATED], 7);
}

static void test_vs900_by_device_id(void **state)
{
    (void)state;
    static const char *const places[] = {"00a0370098007a80", "ICU^1^A", NULL};
    bench_open(BENCH_BEDSIDE, places);
    play_at("mindray_vs900_oru_r01.hl7", VS900_LOCAL_MS);
    assert_value(VITAL_spo2, 99000, 0);
    assert_int_equal(bench_values(1), 0);
}

/* The frame of the .mllp file holds the same message. */
static void test_vs900_framed(void **state)
{
    (void)state;
    char framed[4096], bare[4096];
    const size_t length = bench_read_sample("mindray_vs900_oru_r01.mllp", framed, sizeof framed);
    const size_t bare_length = bench_read_sample("mindray_vs900_oru_r01.hl7", bare, sizeof bare);
    assert_int_equal(length, bare_length + 3);
    assert_memory_equal(framed + 1, bare, bare_length);
}

/* 2026-07-27T12:44:24Z */
#define VS8_MS INT64_C(1785156264000)

static void test_vs8_demo(void **state)
{
    (void)state;
    static const char *const places[] = {"00A037009B023649", NULL};
    bench_open(BENCH_BEDSIDE, places);
    play_at("mindray_vs8_demo_oru_r01.hl7", VS8_MS);
    assert_int_equal(bench_values(0), 4);
    for (unsigned i = 0; i < bench.count; i++) {
        assert_true(bench.seen[i].kind != OBSERVATION_VALUE || bench.seen[i].quality == QUALITY_DEMO);
    }
    assert_int_equal(bench.health.refused, 1);
    assert_non_null(strstr(bench.ack, "\rMSA|AA|1\r"));
}

static void assert_alarm(const char *name, const char *text, uint8_t priority, uint8_t kind)
{
    assert_int_equal(bench.alarm_count, 1);
    const struct monitor_alarm *alarm = &bench.alarms[0];
    assert_string_equal(alarm->name, name);
    assert_string_equal(alarm->text, text);
    assert_int_equal(alarm->priority, priority);
    assert_int_equal(alarm->kind, kind);
    assert_int_equal(alarm->phase, MONITOR_ALARM_PRESENT);
    assert_int_equal(alarm->inactivation, INACTIVATION_NONE);
    assert_int_equal(alarm->at_ms, bench.now.at_ms);
    assert_false(alarm->is_repeated);
}

/* Without MSH-10 there is nothing to acknowledge it by. */
static void test_leadoff(void **state)
{
    (void)state;
    static const char *const places[] = {"00A037000000", NULL};
    bench_open(BENCH_BEDSIDE, places);
    play_at("mindray_leadoff_oru_r40_excerpt.hl7", BENCH_WALL_MS);
    assert_alarm("lead_off", "lead_off", PRIORITY_LOW, KIND_TECHNICAL);
    assert_int_equal(bench.ack_length, 0);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
}

static void test_ge_mural(void **state)
{
    (void)state;
    static const char *const places[] = {"^^B2", "ICU^B1^B1", NULL};
    bench_open(BENCH_BEDSIDE, places);
    play_at("ge_mural_oru_r40.hl7", BENCH_WALL_MS);
    assert_alarm("alert_advisory", "HYPERTENSION-Alert Recheck BP", PRIORITY_MEDIUM, KIND_ADVISORY);
    assert_int_equal(bench.alarms[0].bed, 1);
    assert_non_null(strstr(bench.ack, "\rMSA|AA|75063efd-903a-4033-a70c-6c6488e93859\r"));
}

static void test_draeger_watchdog(void **state)
{
    (void)state;
    static const char *const places[] = {"TAM^^", NULL};
    bench_open(BENCH_BEDSIDE, places);
    play_at("draeger_watchdog_oru_r40.hl7", BENCH_WALL_MS);
    assert_int_equal(bench.count + bench.alarm_count, 0); /* marked D */
    assert_int_equal(bench.health.refused, 1);
    assert_non_null(strstr(bench.ack, "\rMSA|AA|79\r"));
    bench_open(BENCH_BEDSIDE, places);
    bench.config.believe_debug = true;
    play_at("draeger_watchdog_oru_r40.hl7", BENCH_WALL_MS);
    assert_int_equal(bench.alarm_count, 0); /* a heartbeat is none */
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_int_equal(bench.health.refused, 0);
}

/* Our answer has what theirs has. */
static void test_draeger_ack(void **state)
{
    (void)state;
    char theirs[256];
    theirs[bench_read_sample("draeger_watchdog_ack.hl7", theirs, sizeof theirs - 1)] = '\0';
    bench_open(BENCH_BEDSIDE, any);
    play_at("draeger_watchdog_oru_r40.hl7", BENCH_WALL_MS);
    assert_non_null(strstr(theirs, "MSA|AA|79"));
    assert_non_null(strstr(theirs, "|ACK^R40|"));
    assert_non_null(strstr(bench.ack, "\rMSA|AA|79\r"));
    assert_non_null(strstr(bench.ack, "|ACK^R40^ACK|"));
    bench_take(theirs, 54); /* an answer is no message for us */
    assert_int_equal(bench.result, ACK_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vs900),
        cmocka_unit_test(test_vs900_in_another_zone),
        cmocka_unit_test(test_vs900_by_device_id),
        cmocka_unit_test(test_vs900_framed),
        cmocka_unit_test(test_vs8_demo),
        cmocka_unit_test(test_leadoff),
        cmocka_unit_test(test_ge_mural),
        cmocka_unit_test(test_draeger_watchdog),
        cmocka_unit_test(test_draeger_ack),
    };
    return cmocka_run_group_tests_name("hl7 samples", tests, NULL, NULL);
}
