/*
 * A command's JSON: what each key can be, and every way in which a payload is none. Whatever comes, nothing is read beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/command_read.h"
#include "app/flow/json_read.h"
#include "tests/unit/support/draw.h"

static const struct rule rules[] = {
    {.name = "spo2_low", .parameters = {{.name = "limit"}, {.name = "span"}}, .parameter_count = 2},
    {.name = "hr_odd", .parameters = {{.name = NULL}, {.name = "low"}}, .parameter_count = 2}};
static const struct bed_config beds[] = {{.id = "b01"}, {.id = "b02"}};
static const struct engine_config config = {.beds = beds, .bed_count = 2, .rules = rules, .rule_count = 2};

static struct bed_command command;
static struct command_times times;

/* Out of a block of exactly its size, so that a sanitizer sees a byte too many. */
static void read_bytes(const char *bytes, size_t length, enum command_role role)
{
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy + 1, bytes, length);
    command = (struct bed_command){.bed = 1, .role = (uint8_t)role, .origin = 77};
    command_read(&config, copy + 1, length, &command, &times);
    free(copy);
}

static void read_text(const char *json)
{
    read_bytes(json, strlen(json), ROLE_nurse);
}

#define HEAD                                                                                                       \
    "{\"id\":\"c-1\",\"by\":\"n-17\",\"stay\":\"0123456789abcdef\",\"at\":\"2026-01-31T23:59:59.000Z\",\"expires_" \
    "at\":"
#define EXPIRY "\"2026-02-01T00:00:09Z\""

/* A whole command with these keys more. */
static void read_with(const char *more)
{
    char json[2048];
    (void)snprintf(json, sizeof json, HEAD EXPIRY ",%s}", more);
    read_text(json);
}

static void expect_fault(const char *more, unsigned fault)
{
    read_with(more);
    if (command.verdict != VERDICT_MALFORMED || command.fault != fault) {
        print_error("%s: %s, %s\n", more, verdict_word(command.verdict), command_fault_text(command.fault));
    }
    assert_int_equal(command.verdict, VERDICT_MALFORMED);
    assert_int_equal(command.fault, fault);
    assert_string_equal(command.id, "c-1"); /* so that the sender knows */
    assert_string_equal(command.by, "n-17");
    assert_int_equal(command.bed, 1);
    assert_int_equal(command.origin, 77);
}

static void expect_good(const char *more, enum command_kind kind)
{
    read_with(more);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.kind, kind);
}

static void test_what_all_have(void **state)
{
    (void)state;
    expect_good("\"command\":\"admit\"", COMMAND_admit);
    assert_int_equal(command.stay, 0x0123456789abcdef);
    assert_int_equal(command.role, ROLE_nurse);
    assert_int_equal(command.bed, 1);
    assert_int_equal(command.origin, 77);
    assert_string_equal(command.id, "c-1");
    assert_string_equal(command.by, "n-17");
    assert_true(times.has_at && times.has_expires && times.has_stay);
    assert_int_equal(times.at_wall_ms, INT64_C(1769903999000));
    assert_int_equal(times.expires_wall_ms - times.at_wall_ms, 10000);
    read_text(
        " {\r\n\t\"command\" : \"back\" , \"schema\":\"1\",\"stay\":null,\"by\":\"x\",\"id\":\"\\u0041\\\"\\\\\\/\","
        "\"at\":\"2026-02-01T00:59:59+01:00\"} ");
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.stay, 0);
    assert_string_equal(command.id, "A\"\\/");
    assert_int_equal(times.at_wall_ms, INT64_C(1769903999000));
    assert_true(times.has_stay && !times.has_expires);
}

static void test_every_command_with_its_keys(void **state)
{
    (void)state;
    expect_good("\"command\":\"discharge\"", COMMAND_discharge);
    expect_good("\"command\":\"assign\"", COMMAND_assign);
    expect_good("\"command\":\"transfer\",\"to_bed\":\"b01\"", COMMAND_transfer);
    assert_int_equal(command.to_bed, 0);
    expect_good("\"command\":\"away\",\"duration\":\"30min\"", COMMAND_away);
    assert_int_equal(command.duration_ms, 1800000);
    expect_good("\"command\":\"away\",\"duration\":\"12h\"", COMMAND_away);
    assert_int_equal(command.duration_ms, AWAY_MS_MAX);
    expect_good("\"command\":\"away\"", COMMAND_away);
    assert_int_equal(command.duration_ms, AWAY_MS_DEFAULT);
    expect_good("\"command\":\"pause\",\"what\":\"audio\"", COMMAND_pause);
    assert_int_equal(command.what, PAUSE_AUDIO);
    assert_int_equal(command.rule, RULE_NONE);
    assert_int_equal(command.duration_ms, 0); /* as configured */
    expect_good("\"command\":\"pause\",\"what\":\"alarm\",\"rule\":\"hr_odd\",\"duration\":\"90s\"", COMMAND_pause);
    assert_int_equal(command.what, PAUSE_ALARM);
    assert_int_equal(command.rule, 1);
    assert_int_equal(command.duration_ms, 90000);
    expect_good("\"command\":\"resume\"", COMMAND_resume);
    assert_int_equal(command.what, PAUSE_NONE);
    assert_int_equal(command.rule, RULE_NONE);
    expect_good("\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\",\"rev\":4294967295",
                COMMAND_acknowledge);
    assert_int_equal(command.alarm_id, 255);
    assert_int_equal(command.rev, UINT32_MAX);
    expect_good("\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"value\":88.125", COMMAND_set_limit);
    assert_int_equal(command.rule, 0);
    assert_int_equal(command.parameter, 0);
    assert_int_equal(command.value_milli, 88125);
    expect_good("\"command\":\"set_limit\",\"rule\":\"hr_odd\",\"parameter\":\"low\",\"value\":-0.5",
                COMMAND_set_limit);
    assert_int_equal(command.rule, 1);
    assert_int_equal(command.parameter, 1);
    assert_int_equal(command.value_milli, -500);
    expect_good("\"command\":\"reset_limit\",\"rule\":\"spo2_low\",\"parameter\":\"span\"", COMMAND_reset_limit);
    assert_int_equal(command.parameter, 1);
    expect_good("\"command\":\"test_alert\",\"priority\":\"high\"", COMMAND_test_alert);
    assert_int_equal(command.priority, PRIORITY_HIGH);
    expect_good("\"command\":\"test_alert\"", COMMAND_test_alert);
    assert_int_equal(command.priority, PRIORITY_LOW);
}

static void test_values_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t milli;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"90", 90000},
                {"90.5", 90500},
                {"90.500", 90500},
                {"90.500000", 90500},
                {"0.001", 1},
                {"-0.001", -1},
                {"2147483.647", INT32_MAX},
                {"-2147483.648", INT32_MIN}};
    static const char *const bad[] = {"90.0001",
                                      "0.00000001",
                                      "2147483.648",
                                      "-2147483.649",
                                      "99999999999999999999",
                                      "9e1",
                                      "9E+1",
                                      "1e-3",
                                      "\"90\"",
                                      "true",
                                      "null",
                                      "90.00000000000000000000000000000000000000001"};
    char more[160];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(more, sizeof more, "\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"value\":%s", good[i].text);
        expect_good(more, COMMAND_set_limit);
        assert_int_equal(command.value_milli, good[i].milli);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(more, sizeof more, "\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"value\":%s", bad[i]);
        expect_fault(more, COMMAND_KEY_value);
    }
}

#define OBSERVED   ",\"observed_at\":\"2026-01-31T23:50:00Z\""
#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_entries(void **state)
{
    (void)state;
    read_with("\"command\":\"observe\",\"vital\":\"consciousness\",\"value\":\"voice\"" OBSERVED);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.vital, VITAL_consciousness);
    assert_int_equal(command.value_milli, 2000);
    command_place(&times, 1000, &command);
    assert_true(command.has_observed);
    assert_int_equal(command.observed_wall_ms, INT64_C(1769903400000));
    assert_int_equal(command.observed_ms, command.observed_wall_ms - 1000);
    read_with("\"command\":\"observe\",\"value\":36.8,\"vital\":\"temp\"" OBSERVED); /* in any order */
    assert_int_equal(command.value_milli, 36800);
    read_with("\"command\":\"set_scale\",\"scale\":2,\"reason\":\"target 88-92, COPD\"");
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.scale, 2);
    assert_string_equal(command.reason, "target 88-92, COPD");
    read_bytes("{\"command\":\"retract\",\"vital\":\"temp\"}", 36, ROLE_local);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_false(times.has_observed);
}

static void test_staff_on_duty(void **state)
{
    (void)state;
    read_with("\"command\":\"set_staff\",\"nurses\":3,\"reason\":\"one ill\"");
    command_place(&times, 1000, &command);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.nurses, 3);
    assert_string_equal(command.reason, "one ill");
    assert_false(command.has_until);
    read_with("\"command\":\"set_staff\",\"nurses\":99,\"reason\":\"r\",\"until\":\"2026-02-01T07:00:00+01:00\"");
    command_place(&times, 1000, &command);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_true(command.has_until);
    assert_int_equal(command.until_wall_ms, INT64_C(1769925600000));
    assert_int_equal(command.until_ms, command.until_wall_ms - 1000);
    expect_fault("\"command\":\"set_staff\",\"reason\":\"ill\"", COMMAND_KEY_nurses);
    expect_fault("\"command\":\"set_staff\",\"nurses\":3", COMMAND_KEY_reason);
    expect_fault("\"command\":\"set_staff\",\"nurses\":100,\"reason\":\"ill\"", COMMAND_KEY_nurses);
    expect_fault("\"command\":\"set_staff\",\"nurses\":-1,\"reason\":\"ill\"", COMMAND_KEY_nurses);
    expect_fault("\"command\":\"set_staff\",\"nurses\":2.5,\"reason\":\"ill\"", COMMAND_KEY_nurses);
    expect_fault("\"command\":\"set_staff\",\"nurses\":\"3\",\"reason\":\"ill\"", COMMAND_KEY_nurses);
    expect_fault("\"command\":\"set_staff\",\"nurses\":3,\"reason\":\"ill\",\"until\":\"07:00\"", COMMAND_KEY_until);
    expect_fault("\"command\":\"back\",\"nurses\":3", COMMAND_KEY_nurses);
}

static void test_alerts_once_more(void **state)
{
    (void)state;
    read_with("\"command\":\"resend\",\"from_seq\":4711,\"through_seq\":4800");
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(command.from_seq, 4711);
    assert_int_equal(command.through_seq, 4800);
    read_with("\"command\":\"resend\",\"from_seq\":1000000000000");
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_true(command.from_seq == UINT64_C(1000000000000));
    assert_int_equal(command.through_seq, 0);
    expect_fault("\"command\":\"resend\"", COMMAND_KEY_from_seq);
    expect_fault("\"command\":\"resend\",\"from_seq\":0", COMMAND_KEY_from_seq);
    expect_fault("\"command\":\"resend\",\"from_seq\":1.5", COMMAND_KEY_from_seq);
    expect_fault("\"command\":\"resend\",\"from_seq\":\"1\"", COMMAND_KEY_from_seq);
    expect_fault("\"command\":\"resend\",\"from_seq\":1000000000001", COMMAND_KEY_from_seq);
    expect_fault("\"command\":\"resend\",\"from_seq\":1,\"through_seq\":-1", COMMAND_KEY_through_seq);
    expect_fault("\"command\":\"back\",\"from_seq\":1", COMMAND_KEY_from_seq);
}

static void test_what_is_told_of_a_patient(void **state)
{
    (void)state;
    static const struct {
        const char *attribute, *value;
        bool good, has_value;
        int32_t milli;
    } cases[] = {{"age", "50", true, true, 50000},
                 {"sex", "\"female\"", true, true, 1000},
                 {"family_history", "\"no\"", true, true, 0},
                 {"hdl", "1.164", true, true, 1164},
                 {"bmi", "null", true, false, 0},
                 {"sex", "\"yes\"", false, false, 0},
                 {"age", "\"fifty\"", false, false, 0},
                 {"age", "true", false, false, 0},
                 {"age", "1.2345", false, false, 0},
                 {"age", "-2147483.648", true, true, INT32_MIN}, /* the engine knows what is believable */
                 {"age", "2147483.648", false, false, 0},
                 {"age", "-2147483.649", false, false, 0},
                 {"age", "99999999999999999999999999", false, false, 0},
                 {"age", "-9223372036854775808", false, false, 0},
                 {"age", "1e3", false, false, 0},
                 {"age", "\"\"", false, false, 0},
                 {"sex", "\"f\xC3\xA9minin\"", false, false, 0},
                 {"sex", "\"\\u0066emale\"", true, true, 1000},
                 {"sex", "\"femalefemalefemalefemalefemalefemalefemalefemalefemale\"", false, false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char more[160];
        (void)snprintf(more, sizeof more, "\"command\":\"describe\",\"value\":%s,\"attribute\":\"%s\"", cases[i].value,
                       cases[i].attribute);
        if (!cases[i].good) {
            expect_fault(more, COMMAND_KEY_value);
            continue;
        }
        expect_good(more, COMMAND_describe);
        assert_int_equal(command.has_value, cases[i].has_value);
        assert_int_equal(command.value_milli, cases[i].milli);
        assert_int_equal(command.attribute, attribute_by_name(cases[i].attribute));
    }
    expect_fault("\"command\":\"describe\",\"attribute\":\"weight\",\"value\":1", COMMAND_KEY_attribute);
    expect_fault("\"command\":\"describe\",\"attribute\":\"age\"", COMMAND_KEY_value);
    expect_fault("\"command\":\"describe\",\"attribute\":\"\xC3\xA4ge\",\"value\":1", COMMAND_KEY_attribute);
    expect_fault("\"command\":\"describe\",\"attribute\":\"age\",\"attribute\":\"age\",\"value\":1",
                 COMMAND_FAULT_UNKNOWN_KEY);
    expect_fault("\"command\":\"describe\",\"attribute\":\"age\",\"value\":1,\"value\":2", COMMAND_FAULT_UNKNOWN_KEY);
    expect_fault("\"command\":\"observe\",\"attribute\":\"age\",\"value\":1,\"vital\":\"temp\"" OBSERVED,
                 COMMAND_KEY_attribute);
    expect_fault("\"command\":\"observe\",\"value\":null,\"vital\":\"temp\"" OBSERVED, COMMAND_KEY_value);
}

static void test_keys_that_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        enum command_key key;
    } cases[] = {
        {"\"command\":\"admit\",\"schema\":\"2\"", COMMAND_KEY_schema},
        {"\"command\":\"admit\",\"schema\":1", COMMAND_KEY_schema},
        {"\"command\":7", COMMAND_KEY_command},
        {"\"command\":\"\"", COMMAND_KEY_command},
        {"\"stay\":null", COMMAND_KEY_command},
        {"\"command\":\"acknowledge\",\"rev\":1", COMMAND_KEY_alarm_id},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\"", COMMAND_KEY_rev},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"ff\",\"rev\":1", COMMAND_KEY_alarm_id},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000FF\",\"rev\":1", COMMAND_KEY_alarm_id},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"0000000000000000\",\"rev\":1", COMMAND_KEY_alarm_id},
        {"\"command\":\"acknowledge\",\"alarm_id\":null,\"rev\":1", COMMAND_KEY_alarm_id},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\",\"rev\":0", COMMAND_KEY_rev},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\",\"rev\":-1", COMMAND_KEY_rev},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\",\"rev\":1.5", COMMAND_KEY_rev},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\",\"rev\":4294967296", COMMAND_KEY_rev},
        {"\"command\":\"acknowledge\",\"alarm_id\":\"00000000000000ff\",\"rev\":\"1\"", COMMAND_KEY_rev},
        {"\"command\":\"set_limit\",\"value\":1", COMMAND_KEY_rule},
        {"\"command\":\"set_limit\",\"rule\":\"spo2_low\"", COMMAND_KEY_value},
        {"\"command\":\"set_limit\",\"rule\":7,\"value\":1", COMMAND_KEY_rule},
        {"\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"parameter\":null,\"value\":1", COMMAND_KEY_parameter},
        {"\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"value\":\"alert\"", COMMAND_KEY_value},
        {"\"command\":\"observe\",\"value\":1" OBSERVED, COMMAND_KEY_vital},
        {"\"command\":\"observe\",\"vital\":\"mood\",\"value\":1" OBSERVED, COMMAND_KEY_vital},
        {"\"command\":\"observe\",\"vital\":7,\"value\":1" OBSERVED, COMMAND_KEY_vital},
        {"\"command\":\"observe\",\"vital\":\"temp\"" OBSERVED, COMMAND_KEY_value},
        {"\"command\":\"observe\",\"vital\":\"temp\",\"value\":\"alert\"" OBSERVED, COMMAND_KEY_value},
        {"\"command\":\"observe\",\"vital\":\"consciousness\",\"value\":\"awake\"" OBSERVED, COMMAND_KEY_value},
        {"\"command\":\"observe\",\"vital\":\"consciousness\",\"value\":null" OBSERVED, COMMAND_KEY_value},
        {"\"command\":\"observe\",\"vital\":\"temp\",\"value\":36.8", COMMAND_KEY_observed_at},
        {"\"command\":\"observe\",\"vital\":\"temp\",\"value\":36.8,\"observed_at\":\"10:00\"",
         COMMAND_KEY_observed_at},
        {"\"command\":\"retract\",\"vital\":\"temp\",\"value\":36.8" OBSERVED, COMMAND_KEY_value},
        {"\"command\":\"retract\",\"vital\":\"temp\"", COMMAND_KEY_observed_at},
        {"\"command\":\"set_scale\",\"reason\":\"COPD\"", COMMAND_KEY_scale},
        {"\"command\":\"set_scale\",\"scale\":3,\"reason\":\"COPD\"", COMMAND_KEY_scale},
        {"\"command\":\"set_scale\",\"scale\":0,\"reason\":\"COPD\"", COMMAND_KEY_scale},
        {"\"command\":\"set_scale\",\"scale\":2", COMMAND_KEY_reason},
        {"\"command\":\"set_scale\",\"scale\":2,\"reason\":\"  \"", COMMAND_KEY_reason},
        {"\"command\":\"set_scale\",\"scale\":2,\"reason\":\"" SIXTY_FOUR "\"", COMMAND_KEY_reason},
        {"\"command\":\"away\",\"duration\":30", COMMAND_KEY_duration},
        {"\"command\":\"away\",\"duration\":\"30\"", COMMAND_KEY_duration},
        {"\"command\":\"away\",\"duration\":\"0s\"", COMMAND_KEY_duration},
        {"\"command\":\"away\",\"duration\":\"-5min\"", COMMAND_KEY_duration},
        {"\"command\":\"away\",\"duration\":\"13h\"", COMMAND_KEY_duration},
        {"\"command\":\"away\",\"duration\":\"99999999999999999999d\"", COMMAND_KEY_duration},
        {"\"command\":\"transfer\"", COMMAND_KEY_to_bed},
        {"\"command\":\"transfer\",\"to_bed\":\"\"", COMMAND_KEY_to_bed},
        {"\"command\":\"test_alert\",\"priority\":\"none\"", COMMAND_KEY_priority},
        {"\"command\":\"test_alert\",\"priority\":3", COMMAND_KEY_priority},
        /* of another command */
        {"\"command\":\"admit\",\"rev\":1", COMMAND_KEY_rev},
        {"\"command\":\"back\",\"duration\":\"1h\"", COMMAND_KEY_duration},
        {"\"command\":\"pause\"", COMMAND_KEY_what},
        {"\"command\":\"pause\",\"what\":\"none\"", COMMAND_KEY_what},
        {"\"command\":\"pause\",\"what\":1", COMMAND_KEY_what},
        {"\"command\":\"pause\",\"what\":\"audio\",\"duration\":\"0s\"", COMMAND_KEY_duration},
        {"\"command\":\"pause\",\"what\":\"audio\",\"duration\":\"-5min\"", COMMAND_KEY_duration},
        {"\"command\":\"pause\",\"what\":\"alarm\",\"duration\":\"13h\"", COMMAND_KEY_duration},
        {"\"command\":\"pause\",\"what\":\"alarm\",\"duration\":120", COMMAND_KEY_duration},
        {"\"command\":\"pause\",\"what\":\"\xC3\xA4udio\"", COMMAND_KEY_what},
        {"\"command\":\"back\",\"what\":\"audio\"", COMMAND_KEY_what},
        {"\"command\":\"resume\",\"duration\":\"1min\"", COMMAND_KEY_duration},
        {"\"command\":\"pause\",\"what\":\"audio\",\"value\":1", COMMAND_KEY_value},
        {"\"command\":\"reset_limit\",\"rule\":\"spo2_low\",\"value\":1", COMMAND_KEY_value},
        {"\"command\":\"discharge\",\"to_bed\":\"b01\"", COMMAND_KEY_to_bed},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_fault(cases[i].more, cases[i].key);
    }
    expect_fault("\"command\":\"admit\",\"patient\":\"x\"", COMMAND_FAULT_UNKNOWN_KEY);
    expect_fault("\"command\":\"admit\",\"comm\\u0061nd\":\"back\"", COMMAND_FAULT_UNKNOWN_KEY);
    expect_fault("\"command\":\"admit\",\"command\":\"back\"", COMMAND_FAULT_UNKNOWN_KEY); /* twice */
    expect_fault("\"command\":\"admit\",\"\":1", COMMAND_FAULT_UNKNOWN_KEY);
}

static void expect_head_fault(const char *json, enum command_key key)
{
    read_text(json);
    assert_int_equal(command.verdict, VERDICT_MALFORMED);
    assert_int_equal(command.fault, key);
}

#define AT "\"at\":\"2026-01-31T23:59:59Z\""

static void test_ids_stays_and_times_that_cannot_be(void **state)
{
    (void)state;
    expect_head_fault("{\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":\"\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":7,\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":\"a b\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":\"a\\n\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":\"a\\u0000b\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":\"\xC3\xA4\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_id);
    expect_head_fault("{\"id\":\"1234567890123456789012345678901234567890\",\"by\":\"n\",\"command\":\"back\","
                      "\"stay\":null," AT "}",
                      COMMAND_KEY_id);
    assert_string_equal(command.id, ""); /* half an id is another's */
    read_text("{\"id\":\"123456789012345678901234567890123456789\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT
              "}");
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    expect_head_fault("{\"id\":\"c\",\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_by);
    expect_head_fault("{\"id\":\"c\",\"by\":null,\"command\":\"back\",\"stay\":null," AT "}", COMMAND_KEY_by);
    expect_head_fault("{\"id\":\"c\",\"by\":\"n\",\"command\":\"back\"," AT "}", COMMAND_KEY_stay);
    expect_head_fault("{\"id\":\"c\",\"by\":\"n\",\"command\":\"back\",\"stay\":\"12\"," AT "}", COMMAND_KEY_stay);
    expect_head_fault("{\"id\":\"c\",\"by\":\"n\",\"command\":\"back\",\"stay\":0," AT "}", COMMAND_KEY_stay);
    expect_head_fault("{\"id\":\"c\",\"by\":\"n\",\"command\":\"back\",\"stay\":null}", COMMAND_KEY_at);
    static const char *const no_times[] = {
        "2026-01-31T23:59:59",  "2026-01-31",           "2026-02-30T00:00:00Z", "1769903999", "", "now",
        "2026-01-31T25:00:00Z", "2026-01-31T23:59:59Z "};
    for (size_t i = 0; i < sizeof no_times / sizeof no_times[0]; i++) {
        char json[256];
        (void)snprintf(json, sizeof json,
                       "{\"id\":\"c\",\"by\":\"n\",\"command\":\"back\",\"stay\":null,\"at\":\"%s\"}", no_times[i]);
        expect_head_fault(json, COMMAND_KEY_at);
        (void)snprintf(json, sizeof json,
                       "{\"id\":\"c\",\"by\":\"n\",\"command\":\"back\",\"stay\":null," AT ",\"expires_at\":\"%s\"}",
                       no_times[i]);
        expect_head_fault(json, COMMAND_KEY_expires_at);
    }
}

/* Of these the form is good. */
static void test_what_this_gateway_does_not_have(void **state)
{
    (void)state;
    read_with("\"command\":\"dance\"");
    assert_int_equal(command.verdict, VERDICT_UNKNOWN_COMMAND);
    assert_int_equal(command.kind, COMMAND_KIND_COUNT);
    read_with("\"command\":\"set_limit\",\"rule\":\"hr_high\",\"value\":1");
    assert_int_equal(command.verdict, VERDICT_UNKNOWN_RULE);
    read_with("\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"parameter\":\"low\",\"value\":1");
    assert_int_equal(command.verdict, VERDICT_UNKNOWN_RULE);
    read_with("\"command\":\"set_limit\",\"rule\":\"hr_odd\",\"value\":1"); /* it has no `limit` */
    assert_int_equal(command.verdict, VERDICT_UNKNOWN_RULE);
    read_with("\"command\":\"transfer\",\"to_bed\":\"b03\"");
    assert_int_equal(command.verdict, VERDICT_UNKNOWN_BED);
    assert_int_equal(command.to_bed, BED_NONE);
}

static void test_what_is_no_flat_object(void **state)
{
    (void)state;
    static const char *const none[] = {"",
                                       " ",
                                       "null",
                                       "7",
                                       "\"x\"",
                                       "[]",
                                       "[{}]",
                                       "{",
                                       "}",
                                       "{]",
                                       "{}x",
                                       "{}{}",
                                       "{\"id\"}",
                                       "{\"id\":}",
                                       "{\"id\":\"c\",}",
                                       "{,\"id\":\"c\"}",
                                       "{\"id\" \"c\"}",
                                       "{\"id\":\"c\" \"by\":\"n\"}",
                                       "{\"id\":\"c\":\"by\"}",
                                       "{id:\"c\"}",
                                       "{'id':'c'}",
                                       "{\"id\":\"c}",
                                       "{\"id\":\"c\\\"}",
                                       "{\"id\":\"\\x\"}",
                                       "{\"id\":\"\\u12\"}",
                                       "{\"id\":\"\\u12g4\"}",
                                       "{\"id\":\"a\tb\"}",
                                       "{\"id\":{}}",
                                       "{\"id\":[]}",
                                       "{\"id\":{\"a\":1}}",
                                       "{\"id\":[1,2]}",
                                       "{\"rev\":01}",
                                       "{\"rev\":+1}",
                                       "{\"rev\":.5}",
                                       "{\"rev\":1.}",
                                       "{\"rev\":1e}",
                                       "{\"rev\":0x10}",
                                       "{\"rev\":-}",
                                       "{\"rev\":1 2}",
                                       "{\"rev\":tru}",
                                       "{\"rev\":True}",
                                       "{\"rev\":NaN}",
                                       "{\"rev\":Infinity}",
                                       "{\"rev\":nullx}",
                                       "/**/{}",
                                       "{}//",
                                       "{\"id\":\"c\"}\n,"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        read_text(none[i]);
        if (command.verdict != VERDICT_MALFORMED || command.fault != COMMAND_FAULT_FORM) {
            print_error("taken for an object: %s\n", none[i]);
        }
        assert_int_equal(command.verdict, VERDICT_MALFORMED);
        assert_int_equal(command.fault, COMMAND_FAULT_FORM);
    }
    read_bytes("{\"id\":\"c\"}\0", 11, ROLE_nurse);
    assert_int_equal(command.fault, COMMAND_FAULT_FORM);
    read_bytes("{\"id\":\"c\0\"}", 11, ROLE_nurse);
    assert_int_equal(command.fault, COMMAND_FAULT_FORM);
    read_text("{}");
    assert_int_equal(command.fault, COMMAND_KEY_id);
    /* more members than there are keys */
    char many[512] = "{";
    for (unsigned i = 0; i <= COMMAND_KEYS_MAX; i++) {
        (void)snprintf(many + strlen(many), sizeof many - strlen(many), "%s\"k%u\":1", i > 0 ? "," : "", i);
    }
    (void)snprintf(many + strlen(many), sizeof many - strlen(many), "}");
    read_text(many);
    assert_int_equal(command.fault, COMMAND_FAULT_FORM);
}

static void test_from_the_box_itself_less_is_asked(void **state)
{
    (void)state;
    static const char back[] = "{\"command\":\"back\"}";
    read_bytes(back, sizeof back - 1, ROLE_local);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    assert_false(times.has_stay);
    assert_string_equal(command.id, "");
    read_bytes(back, sizeof back - 1, ROLE_nurse);
    assert_int_equal(command.verdict, VERDICT_MALFORMED);
    static const char half[] = "{\"command\":\"acknowledge\",\"rev\":1}";
    read_bytes(half, sizeof half - 1, ROLE_local);
    assert_int_equal(command.fault, COMMAND_KEY_alarm_id);
}

/* Cut anywhere, or with any byte another: never taken for more than it is, and no byte beyond it read. */
static void test_damaged_payloads(void **state)
{
    (void)state;
    static const char whole[] =
        HEAD EXPIRY ",\"command\":\"set_limit\",\"rule\":\"spo2_low\",\"parameter\":\"limit\",\"value\":88.5}";
    char bytes[sizeof whole];
    draw_seed(11);
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        read_bytes(whole, length, ROLE_nurse);
        assert_int_equal(command.verdict, VERDICT_MALFORMED);
    }
    read_bytes(whole, sizeof whole - 1, ROLE_nurse);
    assert_int_equal(command.verdict, VERDICT_ACCEPTED);
    for (unsigned round = 0; round < 20000; round++) {
        memcpy(bytes, whole, sizeof bytes);
        for (unsigned i = 0; i <= draw(3); i++) {
            bytes[draw(sizeof whole - 1)] = (char)draw(256);
        }
        read_bytes(bytes, sizeof whole - 1, ROLE_nurse);
        assert_true(command.verdict < VERDICT_COUNT);
        assert_true(memchr(command.id, '\0', sizeof command.id) != NULL && strlen(command.by) < sizeof command.by);
        assert_true(command.verdict != VERDICT_ACCEPTED || (command.kind < COMMAND_KIND_COUNT && command.rule < 2));
    }
}

/* ---- json_read.h ---- */

static void test_members(void **state)
{
    (void)state;
    struct json_member members[4];
    unsigned count = 99;
    char text[4];
    static const char json[] = "{\"a\":\"\",\"b\":-0.5e+7,\"c\":true,\"a\":null}";
    assert_true(json_read_object(json, sizeof json - 1, members, 4, &count));
    assert_int_equal(count, 4);
    assert_int_equal(members[0].kind, JSON_TEXT);
    assert_int_equal(members[0].value_length, 0);
    assert_int_equal(members[1].kind, JSON_NUMBER);
    assert_int_equal(members[1].value_length, 7);
    assert_int_equal(members[2].kind, JSON_TRUE);
    assert_int_equal(members[3].kind, JSON_NULL);
    assert_true(json_member_is(&members[3], "a") && !json_member_is(&members[3], "ab") &&
                !json_member_is(&members[3], ""));
    assert_true(json_read_text(&members[0], text, 1));
    assert_string_equal(text, "");
    assert_false(json_read_text(&members[1], text, sizeof text));
    count = 99;
    assert_false(json_read_object(json, sizeof json - 1, members, 3, &count));
    assert_int_equal(count, 99);
    assert_true(json_read_object("{}", 2, members, 0, &count));
    assert_int_equal(count, 0);
    static const char three[] = "{\"t\":\"a\\u007e\\\"\"}";
    assert_true(json_read_object(three, sizeof three - 1, members, 4, &count));
    assert_true(json_read_text(&members[0], text, 4));
    assert_string_equal(text, "a~\"");
    assert_false(json_read_text(&members[0], text, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_all_have),
        cmocka_unit_test(test_every_command_with_its_keys),
        cmocka_unit_test(test_values_are_exact),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_staff_on_duty),
        cmocka_unit_test(test_alerts_once_more),
        cmocka_unit_test(test_what_is_told_of_a_patient),
        cmocka_unit_test(test_keys_that_cannot_be),
        cmocka_unit_test(test_ids_stays_and_times_that_cannot_be),
        cmocka_unit_test(test_what_this_gateway_does_not_have),
        cmocka_unit_test(test_what_is_no_flat_object),
        cmocka_unit_test(test_from_the_box_itself_less_is_asked),
        cmocka_unit_test(test_damaged_payloads),
        cmocka_unit_test(test_members),
    };
    return cmocka_run_group_tests_name("command_read", tests, NULL, NULL);
}
