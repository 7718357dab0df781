/*
 * What is published of commands: replies, what they changed in the settings; the audit log's rows; and alarms that a monitor names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/flow/command_read.h"
#include "app/flow/payload.h"
#include "drivers/store/store.h"
#include "tests/unit/support/json_check.h"

#define NOW_MS INT64_C(1769903999000) /* 2026-01-31T23:59:59.000Z */
#define STAY   UINT64_C(0x0123456789abcdef)

static const struct channel_config channels[] = {{.vital = VITAL_spo2}};
static struct rule rules[1];
static const struct override_config overrides[] = {{.rule = 0, .parameter = 1, .value_milli = 12000}};
static const struct bed_config beds[] = {{.id = "b12",
                                          .patient_class = CLASS_adult,
                                          .channels = channels,
                                          .channel_count = 1,
                                          .overrides = overrides,
                                          .override_count = 1,
                                          .reports_alarms = true},
                                         {.id = "b13", .channels = channels, .channel_count = 1}};
static const struct engine_config engine = {.beds = beds,
                                            .bed_count = 2,
                                            .rules = rules,
                                            .rule_count = 1,
                                            .pause = {.audio_ms_max = 300000, .alarm_ms_max = 180500}};
static struct payload_context context;
static char out[PAYLOAD_SETTINGS_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    rules[0] = (struct rule){.name = "spo2_low",
                             .text = "",
                             .advice = "",
                             .priority = PRIORITY_MEDIUM,
                             .when = {.vitals = 1U << VITAL_spo2},
                             .parameters = {{.name = "limit",
                                             .has = {true},
                                             .value_milli = {90000},
                                             .settable = true,
                                             .settable_low_milli = 85000,
                                             .settable_high_milli = 95500},
                                            {.name = "span", .has = {true}, .value_milli = {15000}}},
                             .parameter_count = 2};
    context = (struct payload_context){.config = &engine,
                                       .topic_root = "wardgate",
                                       .site = "st-marys",
                                       .ward = "w7e",
                                       .gateway = "gw-7e",
                                       .boot = "00c0ffee",
                                       .epoch = "8f3a",
                                       .version = "1.2.3",
                                       .command_roles = 1U << ROLE_nurse | 1U << ROLE_biomed};
    return 0;
}

static void expect(size_t length, const char *expected)
{
    assert_string_equal(out, expected);
    expect_json(out, length);
}

static struct bed_command command_of(enum command_kind kind, enum command_verdict verdict)
{
    return (struct bed_command){.kind = (uint8_t)kind,
                                .what = PAUSE_AUDIO,
                                .role = ROLE_charge,
                                .verdict = (uint8_t)verdict,
                                .stay = STAY,
                                .value_milli = 88500,
                                .was_milli = 90000,
                                .to_bed = 1,
                                .duration_ms = 1800000,
                                .rev = 3,
                                .alarm_id = 0xabc,
                                .priority = PRIORITY_HIGH,
                                .vital = VITAL_temp,
                                .attribute = INPUT_OF_age,
                                .has_value = true,
                                .has_observed = true,
                                .observed_wall_ms = NOW_MS - 60000,
                                .scale = 2,
                                .nurses = 3,
                                .from_seq = 4711,
                                .through_seq = 4800,
                                .has_until = true,
                                .until_wall_ms = NOW_MS + 7 * 3600000 + 1000,
                                .reason = "COPD",
                                .id = "c-1",
                                .by = "n-17"};
}

/* ---- replies ---- */

static void test_an_accepted_command(void **state)
{
    (void)state;
    const struct reply reply = {
        .command = command_of(COMMAND_admit, VERDICT_ACCEPTED), .stay = 0xfe, .row = 9, .wall_ms = NOW_MS};
    expect(payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX),
           "{\"schema\":\"1\",\"id\":\"c-1\",\"command\":\"admit\",\"bed\":\"b12\",\"stay\":\"00000000000000fe\","
           "\"accepted\":true,\"reason\":null,\"text\":\"done\",\"at\":\"2026-01-31T23:59:59.000Z\","
           "\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\"}");
}

static void test_one_that_nobody_can_read(void **state)
{
    (void)state;
    struct reply reply = {.command = command_of(COMMAND_KIND_COUNT, VERDICT_MALFORMED), .wall_ms = NOW_MS};
    reply.command.bed = BED_NONE;
    reply.command.id[0] = '\0';
    reply.command.fault = COMMAND_FAULT_FORM;
    expect(payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX),
           "{\"schema\":\"1\",\"id\":null,\"command\":null,\"bed\":null,\"stay\":null,\"accepted\":false,"
           "\"reason\":\"malformed\",\"text\":\"the payload is not a command: not a flat JSON object\","
           "\"at\":\"2026-01-31T23:59:59.000Z\",\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\"}");
}

static void expect_text(struct bed_command command, const char *text)
{
    char wanted[256];
    const struct reply reply = {.command = command, .wall_ms = NOW_MS};
    expect_json(out, payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX));
    (void)snprintf(wanted, sizeof wanted, "\"text\":\"%s\"", text);
    if (strstr(out, wanted) == NULL) {
        fail_msg("%s is not in %s", wanted, out);
    }
}

/* What to write instead. */
static void test_a_refusal_helps(void **state)
{
    (void)state;
    struct bed_command command = command_of(COMMAND_set_limit, VERDICT_BOUNDS);
    command.value_milli = 20500;
    expect_text(command, "20.5 is outside of 85 to 95.5");
    command.rule = 1; /* a configuration before had it */
    expect_text(command, "outside of what may be set");
    command = command_of(COMMAND_away, VERDICT_BOUNDS);
    expect_text(command, "outside of what may be set");
    command = command_of(COMMAND_pause, VERDICT_BOUNDS);
    expect_text(command, "at most 300 s of audio pause");
    command.what = PAUSE_ALARM;
    expect_text(command, "at most 180.5 s of alarm pause");
    command = command_of(COMMAND_away, VERDICT_MALFORMED);
    command.fault = COMMAND_KEY_duration;
    expect_text(command, "duration: for away and pause, a time with its unit, such as 30min; at most 12 h");
    command.fault = COMMAND_KEY_schema;
    expect_text(command, "schema: \\\"1\\\", or left out");
    command = command_of(COMMAND_back, VERDICT_UNKNOWN_BED);
    command.bed = BED_NONE;
    expect_text(command, "there is no such bed; beds: b12 b13");
}

static void test_many_beds_are_not_all_named(void **state)
{
    (void)state;
    static struct bed_config many[64];
    const struct engine_config ward = {.beds = many, .bed_count = 64};
    struct bed_command command = command_of(COMMAND_back, VERDICT_UNKNOWN_BED);
    for (unsigned b = 0; b < 64; b++) {
        many[b] = (struct bed_config){.id = "bed-of-32-letters-in-the-north-w"};
    }
    context.config = &ward;
    command.bed = BED_NONE;
    expect_text(command,
                "there is no such bed; beds: bed-of-32-letters-in-the-north-w bed-of-32-letters-in-the-north-w "
                "bed-of-32-letters-in-the-north-w bed-of-32-letters-in-the-north-w ...");
}

/* Every reason, and every fault of a payload, has words of its own. */
static void test_every_refusal_says_why(void **state)
{
    (void)state;
    char wanted[64];
    for (unsigned verdict = VERDICT_ACCEPTED + 1; verdict < VERDICT_COUNT; verdict++) {
        const struct reply reply = {.command = command_of(COMMAND_back, (enum command_verdict)verdict)};
        expect_json(out, payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX));
        (void)snprintf(wanted, sizeof wanted, "\"accepted\":false,\"reason\":\"%s\",\"text\":\"",
                       verdict_word(verdict));
        assert_non_null(strstr(out, wanted));
        assert_null(strstr(out, "\"text\":\"\""));
        for (unsigned other = VERDICT_ACCEPTED; other < verdict; other++) {
            assert_string_not_equal(verdict_word(verdict), verdict_word(other));
        }
    }
    for (unsigned fault = 0; fault <= COMMAND_FAULT_TOO_LONG; fault++) {
        struct reply reply = {.command = command_of(COMMAND_back, VERDICT_MALFORMED)};
        reply.command.fault = (uint8_t)fault;
        expect_json(out, payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX));
        assert_true(command_fault_text(fault)[0] != '\0');
        assert_non_null(strstr(out, command_fault_text(fault)));
    }
    assert_string_equal(command_fault_text(255), "");
}

/* ---- audit ---- */

static void test_a_row_for_every_command(void **state)
{
    (void)state;
    static const char *const details[COMMAND_KIND_COUNT] = {
        [COMMAND_transfer] = ",\"to_bed\":\"b13\"",
        [COMMAND_away] = ",\"duration_s\":1800",
        [COMMAND_acknowledge] = ",\"alarm_id\":\"0000000000000abc\",\"rev\":3",
        [COMMAND_set_limit] = ",\"rule\":\"spo2_low\",\"parameter\":\"limit\",\"old\":90,\"new\":88.5",
        [COMMAND_reset_limit] = ",\"rule\":\"spo2_low\",\"parameter\":\"limit\",\"old\":90,\"new\":null",
        [COMMAND_observe] = ",\"vital\":\"temp\",\"value\":88.5,\"observed_at\":\"2026-01-31T23:58:59.000Z\"",
        [COMMAND_retract] = ",\"vital\":\"temp\",\"value\":88.5,\"observed_at\":\"2026-01-31T23:58:59.000Z\"",
        [COMMAND_set_scale] = ",\"scale\":2,\"reason\":\"COPD\"",
        [COMMAND_describe] = ",\"attribute\":\"age\",\"value\":88.5",
        [COMMAND_test_alert] = ",\"priority\":\"high\"",
        [COMMAND_pause] = ",\"what\":\"audio\",\"rule\":\"spo2_low\",\"duration_s\":1800",
        [COMMAND_resume] = ",\"what\":\"audio\",\"rule\":\"spo2_low\"",
        [COMMAND_resend] = ",\"from_seq\":4711,\"through_seq\":4800",
        [COMMAND_set_staff] = ",\"nurses\":3,\"until\":\"2026-02-01T07:00:00.000Z\",\"reason\":\"COPD\""};
    for (unsigned kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        char wanted[512];
        const struct bed_command command = command_of((enum command_kind)kind, VERDICT_ACCEPTED);
        (void)snprintf(wanted, sizeof wanted,
                       "{\"at\":\"2026-01-31T23:59:59.000Z\",\"kind\":\"command\",\"command\":\"%s\",\"bed\":\"b12\","
                       "\"stay\":\"0123456789abcdef\",\"stay_after\":null,\"by\":\"n-17\",\"role\":\"charge\","
                       "\"id\":\"c-1\",\"result\":\"accepted\"%s}",
                       command_word(kind), details[kind] != NULL ? details[kind] : "");
        expect(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX), wanted);
    }
}

static void test_staff_till_the_next_shift(void **state)
{
    (void)state;
    struct bed_command command = command_of(COMMAND_set_staff, VERDICT_ACCEPTED);
    command.has_until = false;
    assert_true(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"result\":\"accepted\",\"nurses\":3,\"until\":null,\"reason\":\"COPD\"}"));
    command.verdict = VERDICT_BOUNDS;
    expect_text(command, "until must lie ahead, at most 24 h");
}

static void test_alerts_once_more(void **state)
{
    (void)state;
    struct bed_command command = command_of(COMMAND_resend, VERDICT_BOUNDS);
    expect_text(command, "through_seq is from_seq or up to 999 more");
    command.through_seq = 0;
    assert_true(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"result\":\"bounds\",\"from_seq\":4711,\"through_seq\":null}"));
    const struct reply reply = {.command = command_of(COMMAND_resend, VERDICT_ACCEPTED), .wall_ms = NOW_MS};
    expect_json(out, payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX));
    assert_non_null(strstr(out, "\"text\":\"alerts 4711 to 4800 follow on resend\""));
    struct resend_result result = {
        .request = {.id = "c-1", .from_seq = 4711, .through_seq = 4800}, .sent = 88, .wall_ms = NOW_MS};
    expect(payload_resend_end(&context, &result, out, PAYLOAD_REPLY_MAX),
           "{\"schema\":\"1\",\"id\":\"c-1\",\"epoch\":\"8f3a\",\"from_seq\":4711,\"through_seq\":4800,\"sent\":88,"
           "\"missing\":2,\"complete\":true,\"reason\":null,\"at\":\"2026-01-31T23:59:59.000Z\","
           "\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\"}");
    result.end = RESEND_STOPPED;
    assert_true(payload_resend_end(&context, &result, out, PAYLOAD_REPLY_MAX) > 0);
    assert_non_null(strstr(out, "\"complete\":false,\"reason\":\"stopped\""));
    result.end = RESEND_REFUSED;
    assert_true(payload_resend_end(&context, &result, out, PAYLOAD_REPLY_MAX) > 0);
    assert_non_null(strstr(out, "\"complete\":false,\"reason\":\"refused\""));
}

static void test_a_row_of_a_refusal(void **state)
{
    (void)state;
    struct bed_command command = command_of(COMMAND_set_limit, VERDICT_BOUNDS);
    assert_true(payload_audit(&context, &command, 0xfe, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"stay_after\":\"00000000000000fe\""));
    assert_non_null(
        strstr(out, "\"result\":\"bounds\",\"rule\":\"spo2_low\",\"parameter\":\"limit\",\"old\":null,\"new\":88.5}"));
    command.verdict = VERDICT_UNKNOWN_RULE;
    command.rule = UINT16_MAX;
    assert_true(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"result\":\"unknown_rule\"}"));
    command.rule = 0;
    command.parameter = UINT8_MAX;
    assert_true(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"result\":\"unknown_rule\"}"));
    command = command_of(COMMAND_KIND_COUNT, VERDICT_MALFORMED);
    command.fault = COMMAND_KEY_value;
    command.bed = BED_NONE;
    command.role = ROLE_COUNT;
    command.id[0] = command.by[0] = '\0';
    expect(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX),
           "{\"at\":\"2026-01-31T23:59:59.000Z\",\"kind\":\"command\",\"command\":null,\"bed\":null,"
           "\"stay\":\"0123456789abcdef\",\"stay_after\":null,\"by\":null,\"role\":\"unknown\",\"id\":null,"
           "\"result\":\"malformed\",\"fault\":\"value\"}");
}

/* Coded values by their words; what is refused is told with what would be taken. */
static void test_entries(void **state)
{
    (void)state;
    struct bed_command command = command_of(COMMAND_observe, VERDICT_ACCEPTED);
    command.vital = VITAL_consciousness;
    command.value_milli = 2000;
    command.has_observed = false;
    assert_true(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"vital\":\"consciousness\",\"value\":\"voice\",\"observed_at\":null}"));
    command.kind = COMMAND_retract;
    command.verdict = VERDICT_NOTHING;
    assert_true(payload_audit(&context, &command, 0, NOW_MS, out, STORE_AUDIT_MAX) > 0);
    assert_non_null(strstr(out, "\"value\":null"));
    struct reply reply = {.command = command_of(COMMAND_observe, VERDICT_BOUNDS)};
    assert_true(payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX) > 0);
    assert_non_null(strstr(out, "\"text\":\"88.5 is outside of 15 to 45\""));
    reply.command.vital = VITAL_effort;
    assert_true(payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX) > 0);
    assert_non_null(strstr(out, "\"text\":\"it is one of normal, mild, moderate, severe\""));
}

static void test_the_largest_fit(void **state)
{
    (void)state;
    static char name[RULE_NAME_MAX], id[33];
    static struct bed_config bed;
    memset(name, 'n', sizeof name - 1);
    memset(id, 'i', sizeof id - 1);
    bed = beds[0];
    bed.id = id;
    const struct engine_config most = {.beds = &bed, .bed_count = 1, .rules = rules, .rule_count = 1};
    rules[0].name = rules[0].parameters[0].name = name;
    context.config = &most;
    context.gateway = id;
    for (unsigned kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            struct reply reply = {.command = command_of((enum command_kind)kind, (enum command_verdict)verdict),
                                  .stay = UINT64_MAX,
                                  .wall_ms = INT64_MAX};
            struct bed_command *c = &reply.command;
            memset(c->id, '"', sizeof c->id - 1); /* two bytes each in JSON */
            memset(c->by, '\\', sizeof c->by - 1);
            memset(c->reason, '"', sizeof c->reason - 1);
            c->vital = VITAL_consciousness;
            c->observed_wall_ms = INT64_MAX;
            c->value_milli = c->was_milli = INT32_MIN + 1;
            c->duration_ms = c->rev = UINT32_MAX;
            c->alarm_id = UINT64_MAX;
            c->to_bed = 0;
            c->fault = COMMAND_FAULT_UNKNOWN_KEY;
            expect_json(out, payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX));
            expect_json(out, payload_audit(&context, c, UINT64_MAX, INT64_MAX, out, STORE_AUDIT_MAX));
        }
    }
}

/* ---- settings ---- */

static void test_settings_show_what_commands_have_set(void **state)
{
    (void)state;
    struct bed_view view = {.stay = STAY, .stay_start_ms = NOW_MS, .away_until_ms = NOW_MS + 60000};
    view.limits[5] = (struct set_limit){.key = limit_key("spo2_low", "limit"), .value_milli = 88000};
    assert_true(payload_settings(&context, &view, 0, NOW_MS, NOW_MS, out, sizeof out) > 0);
    assert_non_null(strstr(out, "\"away\":{\"until\":\"2026-02-01T00:00:59.000Z\"}"));
    assert_non_null(strstr(out, "\"limit\":{\"value\":88,\"default\":90,\"overridden\":false,\"source\":\"set\","
                                "\"settable\":[85,95.5]}"));
    assert_non_null(strstr(out, "\"span\":{\"value\":12,\"default\":15,\"overridden\":true,\"source\":\"overridden\","
                                "\"settable\":null}"));
    assert_non_null(strstr(out, "\"commands\":[\"nurse\",\"biomed\"]"));
    view.limits[6] = (struct set_limit){.key = limit_key("spo2_low", "span"), .value_milli = 20000};
    view.limits[5].key = 0;
    assert_true(payload_settings(&context, &view, 0, NOW_MS, NOW_MS, out, sizeof out) > 0);
    assert_non_null(strstr(out, "\"limit\":{\"value\":90,\"default\":90,\"overridden\":false,\"source\":\"default\""));
    assert_non_null(strstr(out, "\"span\":{\"value\":20,\"default\":15,\"overridden\":true,\"source\":\"set\""));
}

/* A pause of a rule that the configuration no longer has silences nothing. */
static void test_settings_show_pauses_and_rules_that_are_off(void **state)
{
    (void)state;
    struct bed_view view = {.stay = STAY, .stay_start_ms = NOW_MS};
    view.pauses[1] = (struct pause){NOW_MS, NOW_MS + 60000, PAUSE_AUDIO, 0};
    view.pauses[2] = (struct pause){NOW_MS, NOW_MS + 90000, PAUSE_ALARM, pause_key("spo2_low")};
    view.pauses[3] = (struct pause){NOW_MS, NOW_MS + 90000, PAUSE_ALARM, pause_key("gone")};
    assert_true(payload_settings(&context, &view, 0, NOW_MS, NOW_MS, out, sizeof out) > 0);
    assert_non_null(strstr(out, "\"rules_off\":[],\"pauses\":[{\"what\":\"audio\",\"rule\":null,"
                                "\"from\":\"2026-01-31T23:59:59.000Z\",\"until\":\"2026-02-01T00:00:59.000Z\"},"
                                "{\"what\":\"alarm\",\"rule\":\"spo2_low\",\"from\":\"2026-01-31T23:59:59.000Z\","
                                "\"until\":\"2026-02-01T00:01:29.000Z\"}],"));
    static const struct override_config off[] = {{.rule = 0, .parameter = OVERRIDE_OFF, .value_milli = 1}};
    static const struct bed_config bed = {
        .id = "b12", .channels = channels, .channel_count = 1, .overrides = off, .override_count = 1};
    static struct engine_config config;
    config = engine;
    config.beds = &bed;
    context.config = &config;
    assert_true(payload_settings(&context, &view, 0, NOW_MS, NOW_MS, out, sizeof out) > 0);
    assert_non_null(strstr(out, "\"rules\":{},\"rules_off\":[\"spo2_low\"]"));
}

/* ---- alarms that a monitor names ---- */

static struct alert reported(enum alarm_family family)
{
    return (struct alert){.key = {.bed = 0, .family = (uint16_t)family, .index = 4},
                          .phase = PHASE_START,
                          .state = ALARM_ACTIVE,
                          .priority = PRIORITY_HIGH,
                          .kind = family == ALARM_REPORTED ? KIND_PHYSIOLOGICAL : KIND_TECHNICAL,
                          .source = family == ALARM_REPORTED ? SOURCE_MONITOR : SOURCE_RULE,
                          .reason = family == ALARM_REPORTED ? REASON_NONE : REASON_NOT_MONITORED,
                          .vital = VITAL_NONE,
                          .rev = 1,
                          .id = 5,
                          .seq = 6,
                          .bed_seq = 7,
                          .stay = STAY,
                          .reported = "vtach",
                          .detail = "** V-TACH \"now\"\n"};
}

static void test_an_alarm_that_a_monitor_names(void **state)
{
    (void)state;
    struct alert alert = reported(ALARM_REPORTED);
    expect_json(out, payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"source\":\"monitor\",\"rule\":\"monitor.vtach\","));
    assert_non_null(strstr(out, "\"text\":\"Monitor: ** V-TACH \\\"now\\\"\\n\""));
    assert_non_null(strstr(out, "\"reason\":null,\"delays\":{\"delay_s\":0,\"window_s\":0,\"clear_delay_s\":0,"
                                "\"unknown_after_s\":null,\"escalate_s\":null}"));
    alert.is_repeated = true;
    expect_json(out, payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"unknown_after_s\":35,\"escalate_s\":null}"));
    alert = reported(ALARM_REPORTED_NOT_MONITORED);
    expect_json(out, payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"kind\":\"technical\",\"source\":\"rule\",\"rule\":\"monitor.vtach\","));
    assert_non_null(strstr(out, "\"reason\":\"not_monitored\",\"delays\":{\"delay_s\":0,\"window_s\":0,"
                                "\"clear_delay_s\":0,\"unknown_after_s\":35,\"escalate_s\":null}"));
}

static void test_the_largest_that_a_monitor_names_fits(void **state)
{
    (void)state;
    struct alert alert = reported(ALARM_REPORTED_NOT_MONITORED);
    char topic[PAYLOAD_TOPIC_MAX], name[ALARM_NAME_MAX];
    memset(alert.reported, 'n', sizeof alert.reported - 1);
    memset(alert.detail, 0x01, sizeof alert.detail); /* six bytes each in JSON, and no NUL */
    alarm_name(&engine, &alert, name);
    assert_int_equal(strlen(name), strlen("monitor..not_monitored") + MONITOR_ALARM_NAME_MAX - 1); /* not cut */
    topic_of_alarm(&context, "b12", name, topic);
    expect_json(out, payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX));
    alert.detail[sizeof alert.detail - 1] = '\xC3'; /* a character that was cut */
    expect_json(out, payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\xEF\xBF\xBD"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_an_accepted_command, set_up),
        cmocka_unit_test_setup(test_one_that_nobody_can_read, set_up),
        cmocka_unit_test_setup(test_a_refusal_helps, set_up),
        cmocka_unit_test_setup(test_many_beds_are_not_all_named, set_up),
        cmocka_unit_test_setup(test_every_refusal_says_why, set_up),
        cmocka_unit_test_setup(test_a_row_for_every_command, set_up),
        cmocka_unit_test_setup(test_staff_till_the_next_shift, set_up),
        cmocka_unit_test_setup(test_alerts_once_more, set_up),
        cmocka_unit_test_setup(test_a_row_of_a_refusal, set_up),
        cmocka_unit_test_setup(test_entries, set_up),
        cmocka_unit_test_setup(test_the_largest_fit, set_up),
        cmocka_unit_test_setup(test_settings_show_pauses_and_rules_that_are_off, set_up),
        cmocka_unit_test_setup(test_settings_show_what_commands_have_set, set_up),
        cmocka_unit_test_setup(test_an_alarm_that_a_monitor_names, set_up),
        cmocka_unit_test_setup(test_the_largest_that_a_monitor_names_fits, set_up),
    };
    return cmocka_run_group_tests_name("payload_command", tests, NULL, NULL);
}
