/* Whole messages: which are used and which are not, and how each is acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/hl7_ward.h"

/* --- what is not used ---------------------------------------------------------------------------------------- */

static void say_header(const char *type, const char *id, const char *processing, const char *charset)
{
    bench_sayf("MSH|^~\\&|M||||%s||%s|%s|%s|2.6||||||%s\r%s", bench_time(0), type, id, processing, charset,
               group("ICU^1^A", "97", "", ""));
}

static void test_processing(void **state)
{
    static const struct {
        const char *processing;
        bool believe_debug, used;
    } cases[] = {{"P", false, true},  {"P^T", false, true}, {"", false, true},  {"T", false, false},
                 {"D", false, false}, {"D", true, true},    {"T", true, false}, {"X", false, false},
                 {"p", false, false}, {"D^T", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[16];
        (void)open_ward(state);
        bench.config.believe_debug = cases[i].believe_debug;
        (void)snprintf(id, sizeof id, "p%u", ++next_id);
        say_header("ORU^R01", id, cases[i].processing, "");
        assert_int_equal(bench.count > 0, cases[i].used);
        assert_int_equal(bench.health.refused, cases[i].used ? 0 : 1);
        assert_non_null(strstr(bench.ack, "MSA|AA|p"));
    }
}

static void test_types_and_charsets(void **state)
{
    static const struct {
        const char *type, *charset, *code;
        bool used;
    } cases[] = {{"ORU^R01^ORU_R01", "", "AA", true},
                 {"ORU^R01", "ASCII", "AA", true},
                 {"ORU^R01", "UNICODE UTF-8", "AA", true},
                 {"ORU^R01", "8859/1", "AA", true},
                 {"ORU^R01", "8859/2", "AA", true},
                 {"ORU^R01", "8859/15", "AA", true},
                 {"ORU^R01", "UNICODE UTF-16", "AE", false},
                 {"ORU^R01", "GB 18030-2000", "AE", false},
                 {"ORU^R01", "UNICODE UTF-8~8859/1", "AA", true},
                 {"ORU^R01", "GB 18030-2000~ASCII", "AE", false},
                 {"ORU^R01", "unicode utf-8", "AA", true},
                 {"ORU^R02", "", "AR", false},
                 {"ORU", "", "AR", false},
                 {"ADT^A01^ADT_A01", "", "AR", false},
                 {"QRY^R02", "", "AR", false},
                 {"ACK^R01", "", "AR", false},
                 {"", "", "AR", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[16];
        (void)open_ward(state);
        say_header(cases[i].type, "t1", "P", cases[i].charset);
        (void)snprintf(expected, sizeof expected, "MSA|%s|t1", cases[i].code);
        assert_non_null(strstr(bench.ack, expected));
        assert_int_equal(bench.count > 0, cases[i].used);
        assert_int_equal(bench.health.refused, cases[i].used ? 0 : 1);
    }
}

/* A damaged message has no effect at all, however far it could be read. */
static void test_damaged(void **state)
{
    static const char *const tails[] = {
        "garbage",     "OBX",         "ob|1",  "PV1^x", "MSH|^~\\&|M||||1||ORU^R01|9|P|2.6\r",
        "\xff\xfe|1|", "OBX\x01|1||", "|OBX|1"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        (void)open_ward(state);
        bench_sayf("MSH|^~\\&|M||||%s||ORU^R01|d1|P|2.6\r%s%s", bench_time(0), group("ICU^1^A", "97", "", ""),
                   tails[i]);
        if (i == 1) {
            assert_int_equal(bench_values(0), 1); /* an empty segment is sound */
            continue;
        }
        assert_int_equal(bench.count, 0);
        assert_non_null(strstr(bench.ack, "MSA|AE|d1|a segment cannot be read"));
        bench_sayf("MSH|^~\\&|M||||%s||ORU^R01|d1|P|2.6\r%s", bench_time(0), group("ICU^1^A", "97", "", ""));
        assert_int_equal(bench_values(0), 1); /* sent again, sound this time */
    }
}

static void test_unreadable(void **state)
{
    static const char *const texts[] = {"", "MSH", "PID|1", "MSH||||", "hello", "<xml/>", "FHS|^~\\&|"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)open_ward(state);
        bench_say(texts[i]);
        assert_false(bench.read);
        assert_int_equal(bench.ack_length, 0);
        assert_int_equal(bench.count, 0);
        assert_int_equal(bench.health.refused, 1);
    }
}

static void test_repeated(void **state)
{
    (void)state;
    say_header("ORU^R01", "r1", "P", "");
    assert_int_equal(bench.count, 2);
    for (unsigned i = 0; i < 3; i++) {
        bench_pass_ms(10000);
        say_header("ORU^R01", "r1", "P", "");
        assert_int_equal(bench.count, 2);
        assert_int_equal(bench.health.refused, 0);
        assert_int_equal(bench.health.repeated,
                         i + 1); /* a sender that gives all its messages one MSH-10 is seen there */
        assert_non_null(strstr(bench.ack, "MSA|AA|r1"));
    }
    bench_sayf("MSH|^~\\&|OTHER||||%s||ORU^R01|r1|P|2.6\r%s", bench_time(0), group("ICU^1^B", "97", "", ""));
    assert_int_equal(bench_values(1), 1); /* another sender's */
    say_header("ORU^R01", "r2", "P", "");
    assert_int_equal(bench_values(0), 2);
    bench_pass_ms(INTAKE_RECENT_MS);
    say_header("ORU^R01", "r1", "P", ""); /* it was switched off, and counts from 1 again */
    assert_int_equal(bench_values(0), 3);
}

/* A monitor that counts from 1 with each connection is not taken for one that sends again; a message is, that comes again
 * over another connection. */
static void test_counts_per_connection(void **state)
{
    (void)state;
    char text[1024];
    for (unsigned i = 0; i < 3; i++) {
        bench.intake.connection++;
        bench_pass_ms(10000);
        say_header("ORU^R01", "1", "P", "");
        assert_int_equal(bench_values(0), i + 1);
    }
    bench_pass_ms(10000);
    say_header("ORU^R01", "1", "P", "");
    assert_int_equal(bench_values(0), 3);
    (void)snprintf(text, sizeof text, "MSH|^~\\&|M||||%s||ORU^R01|2|P|2.6\r%s", bench_time(0),
                   group("ICU^1^A", "97", "", ""));
    bench_say(text);
    assert_int_equal(bench_values(0), 4);
    bench.intake.connection++;
    bench_forget();
    bench_say(text);
    assert_int_equal(bench.count, 0);
    assert_int_equal(bench.result, ACK_TAKEN);
}

/* Monitors of one name that were switched on together count alike, behind an interface engine or each by itself. */
static void test_counts_alike(void **state)
{
    (void)state;
    for (unsigned bed = 0; bed < 3; bed++) {
        bench.intake.connection += bed == 2;
        bench_sayf("MSH|^~\\&|M||||%s||ORU^R01|1|P|2.6\r%s", bench_time(0), group(ward[bed], "97", "", ""));
        assert_int_equal(bench_values((uint16_t)bed), 1);
    }
    assert_int_equal(bench.health.refused, 0);
}

/* The memory of ids is bounded: the oldest of a flood are forgotten, nothing else happens. */
static void test_flood_of_ids(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * INTAKE_RECENT; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%u", i);
        bench_forget();
        say_header("ORU^R01", id, "P", "");
        assert_int_equal(bench.result, ACK_TAKEN);
    }
    say_header("ORU^R01", "f4095", "P", "");
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
}

/* Only a header: it is alive, if it says who it is. */
static void test_sign_of_life(void **state)
{
    (void)state;
    static const char *const places[] = {"00A1", NULL};
    bench_open(BENCH_BEDSIDE, places);
    say_as("M^00A1^EUI-64", "");
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_true(bench.monitor_health[0].answering);
    assert_int_equal(bench.monitor_health[0].answers, 1);
    say_as("M^00A2^EUI-64", "");
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_int_equal(bench.health.refused, 1);
    assert_int_equal(bench.health.requests, 2);
}

/* --- acknowledgements ---------------------------------------------------------------------------------------- */

static unsigned acks(void)
{
    unsigned count = 0;
    for (const char *at = bench.ack; (at = strstr(at, "\rMSA|")) != NULL; at++) {
        count++;
    }
    return count;
}

static void test_ack_modes(void **state)
{
    static const struct {
        const char *accept, *application, *codes; /* of a good message, a refused one */
        const char *bad;
    } cases[] = {{"", "", "AA", "AR"},     {"AL", "NE", "AA", "AR"},   {"NE", "AL", "AA", "AR"},
                 {"AL", "", "AA", "AR"},   {"NE", "NE", "", ""},       {"AL", "AL", "CA AA", "CR"},
                 {"ER", "NE", "", "AR"},   {"SU", "NE", "AA", ""},     {"NE", "ER", "", "AR"},
                 {"NE", "SU", "AA", ""},   {"ER", "AL", "AA", "CR"},   {"SU", "AL", "CA AA", "AR"},
                 {"AL", "ER", "CA", "CR"}, {"AL", "SU", "CA AA", "CR"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int bad = 0; bad < 2; bad++) {
            const char *codes = bad ? cases[i].bad : cases[i].codes;
            (void)open_ward(state);
            bench_sayf("MSH|^~\\&|M||||%s||%s|a1|P|2.6|||%s|%s\r%s", bench_time(0), bad ? "ADT^A01" : "ORU^R01",
                       cases[i].accept, cases[i].application, group("ICU^1^A", "97", "", ""));
            assert_int_equal(acks(), (strlen(codes) + 1) / 3);
            for (const char *code = codes; *code != '\0'; code += code[2] == ' ' ? 3 : 2) {
                char expected[16];
                (void)snprintf(expected, sizeof expected, "\rMSA|%.2s|a1", code);
                assert_non_null(strstr(bench.ack, expected));
            }
        }
    }
}

static void test_ack_form(void **state)
{
    (void)state;
    bench.now.wall_ms = INT64_C(1709251199999);
    bench_say("MSH#*!%$#APP*1#FAC#US#HERE#20240229235959##ORU*R01*ORU_R01#id%S%7#P#2.5#####\r");
    assert_int_equal(bench.ack[0], '\x0b');
    assert_string_equal(bench.ack + bench.ack_length - 3, "\r\x1c\r");
    char *id = strstr(bench.ack, "#WG");
    assert_non_null(id);
    assert_memory_equal(bench.ack + 1, "MSH#*!%$#WARDGATE#HERE#APP*1#FAC#20240229235959.999+0000##ACK*R01*ACK#WG", 72);
    assert_non_null(strstr(bench.ack, "#P#2.5\rMSA#AA#id%S%7\r"));
    char first[32];
    (void)snprintf(first, sizeof first, "%.20s", id);
    bench_say("MSH#*!%$#APP*1#FAC#US#HERE#20240229235959##ORU*R01*ORU_R01#id8#P#2.5#####\r");
    assert_null(strstr(bench.ack, first)); /* each has its own MSH-10 */
}

/* Fields of any length are sent back only as far as there is room; without MSH-10 there is no answer. */
static void test_ack_of_long_fields(void **state)
{
    (void)state;
    static char big[8192];
    memset(big, 'x', sizeof big - 1);
    bench_sayf("MSH|^~\\&|%s|%s|%s|%s|%s||ORU^R01^%s|id|%s|%s\r", big, big, big, big, big, big, big, big);
    assert_non_null(strstr(bench.ack, "\rMSA|AA|id\r"));
    assert_true(bench.ack_length < ACK_BYTES_MAX);
    bench_sayf("MSH|^~\\&|%.100s|%.100s|%.100s|%.100s|1||ORU^R01|%.199s|%.100s|%.100s|||AL|AL||%s\r", big, big, big,
               big, big, big, big, "x");
    assert_int_equal(acks(), 1); /* MSH-18 is at the wrong place: only 17 fields */
    assert_true(bench.ack_length <= 2 * ACK_BYTES_MAX);
    bench_sayf("MSH|^~\\&|M||||1||ORU^R01|%.200s|P\r", big);
    assert_int_equal(bench.ack_length, 0);
    bench_say("MSH|^~\\&|M||||1||ORU^R01||P\r");
    assert_int_equal(bench.ack_length, 0);
    bench_say("MSH|^~\\&|M||||1||ORU^R01");
    assert_int_equal(bench.ack_length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_processing),
        cmocka_unit_test(test_types_and_charsets),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test_setup(test_repeated, open_ward),
        cmocka_unit_test_setup(test_counts_per_connection, open_ward),
        cmocka_unit_test_setup(test_counts_alike, open_ward),
        cmocka_unit_test_setup(test_flood_of_ids, open_ward),
        cmocka_unit_test(test_sign_of_life),
        cmocka_unit_test(test_ack_modes),
        cmocka_unit_test_setup(test_ack_form, open_ward),
        cmocka_unit_test_setup(test_ack_of_long_fields, open_ward),
    };
    return cmocka_run_group_tests_name("hl7 acknowledge", tests, NULL, NULL);
}
