/* Whole messages: whose they are, and who speaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/hl7_ward.h"

#define RESULT "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||%s|%%|||||R\r"

static void assert_value(uint16_t bed, int32_t milli)
{
    const struct observation *o = bench_value(bed, VITAL_spo2);
    assert_non_null(o);
    assert_int_equal(o->value_milli, milli);
}

/* --- places -------------------------------------------------------------------------------------------------- */

static void test_many_beds(void **state)
{
    (void)state;
    char groups[2048];
    (void)snprintf(groups, sizeof groups, "%s%s%s%s", group("ICU^1^A", "91", "", ""), group("ICU^1^B^H", "92", "", ""),
                   group("ICU^2^A", "93", "", ""), group("ICU^9^A", "99", "", ""));
    say(groups);
    assert_value(0, 91000);
    assert_value(1, 92000);
    assert_value(2, 93000);
    assert_int_equal(bench_values(3), 0);
    assert_int_equal(bench_count(OBSERVATION_VALUE), 3);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 3);
    assert_int_equal(bench.health.refused, 1); /* one bed is not ours */
    assert_non_null(strstr(bench.ack, "MSA|AA|"));
}

/* Another patient begins without saying where: it is not the bed before. */
static void test_place_ends_with_patient(void **state)
{
    (void)state;
    char groups[1024];
    (void)snprintf(groups, sizeof groups, "%sPID|||Y\rOBR|2\r" RESULT, group("ICU^1^A", "91", "", ""), "55");
    say(groups);
    assert_value(0, 91000);
    assert_int_equal(bench_count(OBSERVATION_VALUE), 1);
    assert_int_equal(bench.health.refused, 1);
    bench_forget();
    (void)snprintf(groups, sizeof groups, "%sOBR|2|||x\rOBX|1|NM|147842^^MDC||70|/min|||||R\r",
                   group("ICU^1^B", "92", "", ""));
    say(groups); /* another order of the same patient is */
    assert_int_equal(bench_values(1), 2);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
}

/* Nor is it the device before, although no order begins. */
static void test_device_ends_with_patient(void **state)
{
    (void)state;
    static const char *const places[] = {"00A1", "ICU^1^B", NULL};
    bench_open(BENCH_BEDSIDE, places);
    char groups[1024];
    (void)snprintf(groups, sizeof groups, "%sPID|||Y\rPV1||I|ICU^1^B\r" RESULT,
                   group("ICU^1^A", "91", "", "00A1^^00A1^EUI-64"), "55");
    say(groups);
    assert_value(0, 91000);
    assert_value(1, 55000);
    assert_int_equal(bench_values(0), 1);
}

#define RESULT_OF(value, device) "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||" value "|%|||||R|||||||" device "\r"

/* Of two of our devices in one order each has its own values; what another one says belongs to the order's. */
static void test_devices_in_one_order(void **state)
{
    (void)state;
    static const char *const places[] = {"00A1", "00A2", NULL};
    bench_open(BENCH_BEDSIDE, places);
    say("PV1||I|ICU^1^A\rOBR|1\r" RESULT_OF("91", "00A1^^00A1^EUI-64") RESULT_OF("92", "00A2^^00A2^EUI-64"));
    assert_value(0, 91000);
    assert_value(1, 92000);
    bench_forget();
    bench_pass_ms(5000);
    say("PV1||I|ICU^1^A\rOBR|1\r" RESULT_OF("93",
                                            "00A1^^00A1^EUI-64") "OBX|2|NM|147842^^MDC||70|/min|||||R|||||||77\r");
    assert_int_equal(bench_values(0), 2);
    assert_int_equal(bench.health.refused, 0);
}

static void test_place_parts(void **state)
{
    (void)state;
    static const struct {
        const char *address, *place;
        bool fits;
    } cases[] = {{"ICU^1^A", "ICU^1^A", true},
                 {"ICU^1^A", "ICU^1^A^HOSP^^N", true},
                 {"ICU^1^A", "ICU^1^A~W^2^C", true},
                 {"ICU^1^A", "W^2^C~ICU^1^A", false},
                 {"^^A", "ICU^1^A", true},
                 {"ICU^^", "ICU^1^A", true},
                 {"^^", "ICU^1^A", true},
                 {"^^", "", true},
                 {"ICU^1^A", "icu^1^a", false},
                 {"ICU^1^A", "ICU^1", false},
                 {"ICU^1^A", "ICU^1^AB", false},
                 {"ICU^1^A", "XICU^1^A", false},
                 {"ICU^^A", "ICU^7^A", true},
                 {"ICU^^A", "ICU^7^B", false},
                 {"A\xc3\x84^^", "A\\XC384\\^1^A", true},
                 {"a|b^^", "a\\F\\b^1^A", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const places[] = {cases[i].address, NULL};
        bench_open(BENCH_BEDSIDE, places);
        bench_sayf("MSH|^~\\&|M||||%s||ORU^R01|%u|P|2.6||||||UNICODE UTF-8\r%s", bench_time(0), ++next_id,
                   group(cases[i].place, "97", "", ""));
        assert_int_equal(bench_values(0), cases[i].fits ? 1 : 0);
        assert_int_equal(bench.health.refused, cases[i].fits ? 0 : 1);
    }
}

static void test_device_ids(void **state)
{
    (void)state;
    static const struct {
        const char *sender, *filler, *device;
        bool fits;
    } cases[] = {{"M^00A0FF^EUI-64", "", "", true},
                 {"00A0FF^EUI-64", "", "", true},
                 {"M", "7^M^00A0FF^EUI-64", "", true},
                 {"M", "", "00A0FF^^00A0FF^EUI-64", true},
                 {"M", "", "00a0ff", true},
                 {"M^00A0FF0^EUI-64", "", "", false},
                 {"00A0FF", "00A0FF", "", false},
                 {"M", "", "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char *const places[] = {"ICU^1^A", "00a0FF", NULL};
        bench_open(BENCH_BEDSIDE, places);
        say_as(cases[i].sender, group("ICU^1^A", "97", cases[i].filler, cases[i].device));
        assert_int_equal(bench_values(1), cases[i].fits ? 1 : 0); /* the id goes before the place */
        assert_int_equal(bench_values(0), cases[i].fits ? 0 : 1);
    }
}

/* --- identity ------------------------------------------------------------------------------------------------ */

static int32_t hash_of(const char *id)
{
    return identity_hash(id, strlen(id));
}

/* What the newest message said of a bed's identity; 0: nothing. */
static int32_t identity_of(uint16_t bed)
{
    for (unsigned i = 0; i < bench.count; i++) {
        if (bench.seen[i].kind == OBSERVATION_IDENTITY && bench.seen[i].bed == bed) {
            assert_true(i == 0 || bench.seen[i - 1].bed != bed); /* before its values */
            return bench.seen[i].value_milli;
        }
    }
    return 0;
}

static int32_t speak(const char *sender, const char *place, uint16_t bed, const char *filler, const char *device)
{
    bench_forget();
    say_as(sender, group(place, "97", filler, device));
    return identity_of(bed);
}

#define DEVICE(id) id "^^" id "^EUI-64"

/* A device that is seen at another place says so at once. */
static void test_moved_device(void **state)
{
    (void)state;
    assert_int_equal(speak("M", "ICU^1^A", 0, "", DEVICE("00A1")), hash_of("00A1"));
    assert_int_equal(speak("M", "ICU^1^B", 1, "", DEVICE("00A2")), hash_of("00A2"));
    assert_int_equal(speak("M", "ICU^1^A", 0, "", DEVICE("00a1")), hash_of("00A1"));
    assert_int_equal(speak("M", "ICU^1^B", 1, "", DEVICE("00A1")), hash_of("00A1"));
    assert_int_equal(speak("M", "ICU^1^B", 1, "", ""), 0);             /* says nothing this time */
    assert_int_equal(speak("M^00A7^EUI-64", "ICU^1^B", 1, "", ""), 0); /* a sender's is not a device's */
}

/* The first order of the message need not name the device. */
static void test_device_of_later_order(void **state)
{
    (void)state;
    say("PV1||I|ICU^1^A\rOBR|1\rOBX|1|NM|147842^^MDC||70|/min|||||R\r"
        "OBR|2\r"
        "OBX|1|NM|150456^^MDC||97|%|||||R|||||||00A1^^00A1^EUI-64\r");
    assert_int_equal(bench_count(OBSERVATION_IDENTITY), 1);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_int_equal(bench_values(0), 2);
}

/* Where one of our monitors sends for another, the device that measured decides, then who filled the order. */
static void test_monitor_sends_for_another(void **state)
{
    (void)state;
    static const char *const places[] = {"00A1", "00A2", "00A3", NULL};
    bench_open(BENCH_BEDSIDE, places);
    say_as("M^00A1^EUI-64", group("", "97", "", "00A2^^00A2^EUI-64"));
    say_as("M^00A3^EUI-64", group("", "96", "9^X^00A1^EUI-64", "00A2^^00A2^EUI-64"));
    assert_int_equal(bench_values(0) + bench_values(2), 0);
    assert_value(1, 97000);
    say_as("M^00A1^EUI-64", group("", "95", "9^X^00A3^EUI-64", ""));
    assert_int_equal(bench_values(0), 0);
    assert_value(2, 95000);
}

/* A monitor whose clock is wrong says who it is, too: its measurements and alarms are taken. */
static void test_device_with_wrong_clock(void **state)
{
    (void)state;
    bench_sayf("MSH|^~\\&|MON|VENDOR|||20200101000000+0000||ORU^R01|%u|P|2.6\r%s", ++next_id,
               group("ICU^1^A", "97", "", "00A1^^00A1^EUI-64"));
    assert_int_equal(bench_count(OBSERVATION_OUTDATED), 1);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 0);
    assert_int_equal(bench_count(OBSERVATION_IDENTITY), 1);
}

/* What the header says is the monitor's own only after it has come from one place for a while. */
static void test_sender_as_device(void **state)
{
    (void)state;
    assert_int_equal(speak("M^00A1^EUI-64", "ICU^1^A", 0, "", ""), 0);
    bench_pass_ms(ORIGIN_PROOF_MS);
    assert_int_equal(speak("M^00A1^EUI-64", "ICU^1^A", 0, "", ""), hash_of("00A1"));
    bench_pass_ms(1000);
    assert_int_equal(speak("M^00A1^EUI-64", "ICU^1^B", 1, "", ""), hash_of("00A1")); /* moved */
    bench_pass_ms(1000);
    assert_int_equal(speak("M^00A1^EUI-64", "ICU^1^A", 0, "", ""), 0); /* and back: it stands for more than one */
    bench_pass_ms(ORIGIN_PROOF_MS);
    assert_int_equal(speak("M^00A1^EUI-64", "ICU^1^A", 0, "", ""), 0);
}

/* A gateway with many beds never looks like one monitor. */
static void test_gateway(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        for (unsigned bed = 0; bed < 4; bed++) {
            assert_int_equal(speak("GW^00FF^EUI-64", ward[bed], (uint16_t)bed, "9^GW^00FF^EUI-64", "GW_NAME"), 0);
            bench_pass_ms(14000);
        }
    }
    char groups[1024];
    bench_open(BENCH_BEDSIDE, ward);
    for (int round = 0; round < 2; round++) {
        (void)snprintf(groups, sizeof groups, "%s%s", group("ICU^1^A", "91", "", ""), group("ICU^1^B", "92", "", ""));
        say_as("GW^00FE^EUI-64", groups);
        bench_pass_ms(ORIGIN_PROOF_MS);
        assert_int_equal(speak("GW^00FE^EUI-64", "ICU^1^A", 0, "", ""), 0);
        bench_pass_ms(ORIGIN_PROOF_MS);
    }
}

/* A monitor that is known by its id is another one at another place. */
static void test_device_id_with_place(void **state)
{
    (void)state;
    static const char *const places[] = {"00A1", NULL};
    bench_open(BENCH_BEDSIDE, places);
    const int32_t nowhere = speak("M^00A1^EUI-64", "", 0, "", "");
    const int32_t first = speak("M^00A1^EUI-64", "ICU^1^A", 0, "", "");
    assert_true(nowhere != 0 && first != 0 && nowhere != first);
    assert_int_equal(speak("M^00A1^EUI-64", "ICU^1^A", 0, "", ""), first);
    assert_int_equal(speak("M^00A1^EUI-64", "", 0, "", ""), first); /* does not say */
    const int32_t second = speak("M^00A1^EUI-64", "ICU^1^B", 0, "", "");
    assert_true(second != 0 && second != first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_many_beds, open_ward),
        cmocka_unit_test_setup(test_place_ends_with_patient, open_ward),
        cmocka_unit_test(test_device_ends_with_patient),
        cmocka_unit_test(test_devices_in_one_order),
        cmocka_unit_test_setup(test_device_of_later_order, open_ward),
        cmocka_unit_test(test_monitor_sends_for_another),
        cmocka_unit_test_setup(test_device_with_wrong_clock, open_ward),
        cmocka_unit_test(test_place_parts),
        cmocka_unit_test(test_device_ids),
        cmocka_unit_test_setup(test_moved_device, open_ward),
        cmocka_unit_test_setup(test_sender_as_device, open_ward),
        cmocka_unit_test_setup(test_gateway, open_ward),
        cmocka_unit_test(test_device_id_with_place),
    };
    return cmocka_run_group_tests_name("hl7 intake", tests, NULL, NULL);
}
