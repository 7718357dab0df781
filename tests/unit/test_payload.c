/*
 * Every payload: its exact text, that it is JSON, and that no text can break it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/flow/payload.h"
#include "tests/unit/support/json_check.h"

#define NOW_MS        INT64_C(1769903999000) /* 2026-01-31T23:59:59.000Z */
#define CORRECTION_MS 500

static const struct channel_config channels[] = {
    {.vital = VITAL_hr}, {.vital = VITAL_spo2}, {.vital = VITAL_nibp_sys, .episodic = true}, {.vital = VITAL_temp}};
static const struct signal_config signals[] = {{.name = "vtach", .text = "Ventricular tachycardia (monitor)"},
                                               {.name = "asystole", .text = ""}};
static const struct override_config overrides[] = {{.rule = 0, .parameter = 0, .value_milli = 88500}};
static const struct rule rules[] = {
    {.name = "spo2_low",
     .text = "SpO2 below {limit} % for {span} s, {other} {limit",
     .advice = "Check the probe, then airway and oxygen",
     .priority = PRIORITY_MEDIUM,
     .has_clear = true,
     .when = {.vitals = 1U << VITAL_spo2},
     .clear = {.vitals = 1U << VITAL_spo2},
     .parameters = {{.name = "limit", .has = {true, true}, .value_milli = {90000, 91000}},
                    {.name = "span", .has = {true}, .value_milli = {15000}}},
     .parameter_count = 2},
    {.name = "resp_high",
     .text = "Breathing too fast",
     .advice = "",
     .priority = PRIORITY_HIGH,
     .when = {.vitals = 1U << VITAL_resp}},
    {.name = "hr_low",
     .text = "{low}",
     .advice = "Look",
     .priority = PRIORITY_LOW,
     .when = {.vitals = 1U << VITAL_hr},
     .clear = {.vitals = 1U << VITAL_resp}, /* not in force without has_clear */
     .parameters = {{.name = NULL}, {.name = "low", .has = {false, true}, .value_milli = {0, -500}}},
     .parameter_count = 2},
    {.name = "supply", .text = "Low at {beds}, {limit}", .advice = "", .is_of_ward = true, .beds = 2},
    {.name = "supply_2", .text = "Low", .advice = "", .is_of_ward = true, .beds = 2}};
static const struct bed_config beds[] = {{.id = "b12",
                                          .patient_class = CLASS_adult,
                                          .channels = channels,
                                          .channel_count = 4,
                                          .signals = signals,
                                          .signal_count = 2,
                                          .overrides = overrides,
                                          .override_count = 1,
                                          .monitor_count = 1}};
static const struct engine_config engine_config = {.beds = beds, .bed_count = 1, .rules = rules, .rule_count = 3};
static const struct payload_context context = {.config = &engine_config,
                                               .topic_root = "wardgate",
                                               .site = "st-marys",
                                               .ward = "w7e",
                                               .gateway = "gw-7e",
                                               .boot = "00c0ffee",
                                               .epoch = "8f3a",
                                               .version = "1.2.3"};

static char out[PAYLOAD_SETTINGS_MAX + 1];
static void expect_text(const char *text, size_t length, const char *expected)
{
    assert_string_equal(text, expected);
    expect_json(text, length);
}

static struct alert alert_of_rule(void)
{
    return (struct alert){.key = {.bed = 0, .family = ALARM_OF_RULE, .index = 0},
                          .phase = PHASE_START,
                          .state = ALARM_ACTIVE,
                          .priority = PRIORITY_MEDIUM,
                          .kind = KIND_PHYSIOLOGICAL,
                          .source = SOURCE_RULE,
                          .clock_synced = true,
                          .has_value = true,
                          .has_limit = true,
                          .vital = VITAL_spo2,
                          .value_milli = 84000,
                          .limit_milli = 90000,
                          .rev = 2,
                          .id = 0xabc,
                          .seq = 4711,
                          .bed_seq = 93,
                          .stay = UINT64_C(0x0123456789abcdef),
                          .at_ms = NOW_MS,
                          .violated_at_ms = NOW_MS - 15000,
                          .condition_at_ms = NOW_MS - 1,
                          .raised_at_ms = NOW_MS,
                          .parameters_milli = {90000, 15000}};
}

/* ---- alerts ---- */

static void test_alert_of_a_rule(void **state)
{
    (void)state;
    const struct alert alert = alert_of_rule();
    const size_t length = payload_alert(&context, &alert, CORRECTION_MS, out, PAYLOAD_ALERT_MAX);
    expect_text(
        out, length,
        "{\"schema\":\"1\",\"epoch\":\"8f3a\",\"id\":\"0000000000000abc\",\"rev\":2,\"seq\":4711,\"bed_seq\":93,"
        "\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\",\"bed\":\"b12\",\"stay\":\"0123456789abcdef\","
        "\"phase\":\"start\",\"state\":\"active\",\"inactivation\":\"none\",\"priority\":\"medium\","
        "\"kind\":\"physiological\",\"source\":\"rule\",\"rule\":\"spo2_low\","
        "\"text\":\"SpO2 below 90 % for 15 s, {other} {limit\","
        "\"advice\":\"Check the probe, then airway and oxygen\","
        "\"vital\":\"spo2\",\"value\":84,\"limit\":90,\"unit\":\"%\",\"reason\":null,"
        "\"delays\":{\"delay_s\":0,\"window_s\":0,\"clear_delay_s\":0,\"unknown_after_s\":0,\"escalate_s\":null},"
        "\"at\":\"2026-01-31T23:59:59.500Z\",\"violated_at\":\"2026-01-31T23:59:44.500Z\","
        "\"condition_at\":\"2026-01-31T23:59:59.499Z\",\"raised_at\":\"2026-01-31T23:59:59.500Z\","
        "\"clock\":\"synced\",\"test\":false}");
}

/* What lies by configuration between the patient and the alert; a number of observations takes what they take. */
static void test_delays_are_disclosed(void **state)
{
    (void)state;
    static const struct channel_config hr[] = {{.vital = VITAL_hr, .period_ms = 2500}};
    static const struct bed_config bed = {.id = "b12", .channels = hr, .channel_count = 1};
    static struct rule rule = {
        .name = "hr_high",
        .text = "",
        .advice = "",
        .delay_ms = 10000,
        .clear_delay_ms = 500,
        .unknown_after_ms = 60000,
        .escalate_ms = 90000,
        .when = {.window_count = 2,
                 .windows = {{.vital = VITAL_hr, .span_ms = 5000}, {.vital = VITAL_hr, .count = 16}}}};
    const struct engine_config config = {.beds = &bed, .bed_count = 1, .rules = &rule, .rule_count = 1};
    struct payload_context of_rule = context;
    of_rule.config = &config;
    struct alert alert = {.vital = VITAL_hr};
    expect_json(out, payload_alert(&of_rule, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"delays\":{\"delay_s\":10,\"window_s\":40,\"clear_delay_s\":0.5,"
                                "\"unknown_after_s\":60,\"escalate_s\":90},\"at\""));
    alert.key.family = ALARM_NOT_MONITORED;
    rule.when.window_count = 1;
    rule.escalate_ms = 0;
    expect_json(out, payload_alert(&of_rule, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"window_s\":5,\"clear_delay_s\":0.5,\"unknown_after_s\":60,\"escalate_s\":null}"));
}

static void expect_delays(const struct engine_config *config, struct alarm_key key, const char *delays)
{
    struct payload_context of_alarm = context;
    const struct alert alert = {.key = key, .vital = VITAL_NONE};
    char text[160];
    of_alarm.config = config;
    (void)snprintf(text, sizeof text, "\"delays\":{%s},\"at\"", delays);
    expect_json(out, payload_alert(&of_alarm, &alert, 0, out, PAYLOAD_ALERT_MAX));
    if (strstr(out, text) == NULL) {
        fail_msg("no %s in %s", text, out);
    }
}

static void expect_builtin(const struct engine_config *config, enum builtin_alarm alarm, const char *delays)
{
    const bool at_bed = builtin_alarm_info(alarm)->at_bed;
    expect_delays(config,
                  (struct alarm_key){.bed = at_bed ? 0 : BED_NONE, .family = ALARM_BUILTIN, .index = (uint16_t)alarm},
                  delays);
}

#define NO_DELAY "\"delay_s\":0,\"window_s\":0,\"clear_delay_s\":0,\"unknown_after_s\":null,\"escalate_s\":null"
#define DELAY(s) "\"delay_s\":" s ",\"window_s\":0,\"clear_delay_s\":0,\"unknown_after_s\":null,\"escalate_s\":null"
#define ANEW(c)  "\"delay_s\":" c ",\"window_s\":0,\"clear_delay_s\":" c ",\"unknown_after_s\":null,\"escalate_s\":null"
#define OF_GATEWAY(delay, window, clear)                                     \
    "\"delay_s\":" delay ",\"window_s\":" window ",\"clear_delay_s\":" clear \
    ",\"unknown_after_s\":null,\"escalate_s\":90"

/* A silence takes the slowest monitor's time, and the line's if it is on one; a time-out is never shorter than 10 s. */
static void test_delays_of_alarms_at_a_bed(void **state)
{
    (void)state;
    struct channel_config sources[] = {{.vital = VITAL_hr, .period_ms = 6666}, {.vital = VITAL_pulse, .period_ms = 1}};
    struct bed_config bed = {.id = "b12", .channels = sources, .channel_count = 2, .monitor_count = 1};
    struct engine_config config = {
        .beds = &bed, .bed_count = 1, .stay_after_ms = 45000, .escalate_ms = 90000, .pulse = {.disagree_ms = 30000}};
    bed.monitor_period_ms[0] = 3333;
    expect_builtin(&config, BUILTIN_monitor_silent, DELAY("10")); /* on no line */
    config.line_count = 1;
    expect_builtin(&config, BUILTIN_monitor_silent, DELAY("13"));
    bed.monitor_period_ms[0] = 3334;
    expect_builtin(&config, BUILTIN_monitor_silent, DELAY("13.002"));
    bed.monitor_count = 2;
    bed.monitor_period_ms[1] = 60000;
    bed.monitor_line[1] = 1; /* none */
    expect_builtin(&config, BUILTIN_monitor_silent, DELAY("180"));
    expect_builtin(&config, BUILTIN_sensor_off, DELAY("10"));
    expect_builtin(&config, BUILTIN_implausible, DELAY("10"));
    expect_builtin(&config, BUILTIN_no_pulse_signal, DELAY("10"));
    sources[1].period_ms = 6668;
    expect_builtin(&config, BUILTIN_no_pulse_signal, DELAY("10.002"));
    expect_builtin(&config, BUILTIN_pulse_disagrees, ANEW("30"));
    expect_builtin(&config, BUILTIN_admission_not_entered, DELAY("45"));
    expect_builtin(&config, BUILTIN_identity_changed, NO_DELAY);
    expect_builtin(&config, BUILTIN_test_alert, NO_DELAY);
}

static void test_delays_of_alarms_of_the_gateway(void **state)
{
    (void)state;
    struct bed_config bed = {.id = "b12", .monitor_count = 1, .monitor_period_ms = {4000}};
    struct engine_config config = {.beds = &bed, .bed_count = 1, .escalate_ms = 90000};
    expect_builtin(&config, BUILTIN_bus_down, OF_GATEWAY("11.5", "0", "0")); /* that monitor is on no line */
    config.line_count = 1;
    expect_builtin(&config, BUILTIN_bus_down, OF_GATEWAY("13.5", "0", "0"));
    expect_builtin(&config, BUILTIN_bus_overbooked, OF_GATEWAY("0", "30", "0"));
    expect_builtin(&config, BUILTIN_store_failing, OF_GATEWAY("1", "0", "0"));
    expect_builtin(&config, BUILTIN_uplink_down, OF_GATEWAY("10", "0", "0"));
    expect_builtin(&config, BUILTIN_thread_stuck, OF_GATEWAY("10", "0", "0"));
    expect_builtin(&config, BUILTIN_clock_unsynced, OF_GATEWAY("600", "0", "0"));
    expect_builtin(&config, BUILTIN_refused_publish, OF_GATEWAY("0", "0", "60"));
    expect_builtin(&config, BUILTIN_nobody_listening, OF_GATEWAY("60", "0", "0"));
    expect_builtin(&config, BUILTIN_board_missing, OF_GATEWAY("60", "0", "0"));
    expect_builtin(&config, BUILTIN_certificate_expiring, OF_GATEWAY("0", "0", "0"));
    config.escalate_ms = 0;
    expect_builtin(&config, BUILTIN_store_replaced, NO_DELAY);
}

static void test_alert_of_the_gateway_has_no_bed(void **state)
{
    (void)state;
    const struct alert alert = {.key = {.bed = BED_NONE, .family = ALARM_BUILTIN, .index = BUILTIN_bus_down},
                                .phase = PHASE_END,
                                .state = ALARM_ENDED,
                                .inactivation = INACTIVATION_ACKNOWLEDGED,
                                .priority = PRIORITY_MEDIUM,
                                .kind = KIND_TECHNICAL,
                                .vital = VITAL_NONE,
                                .rev = 1,
                                .id = UINT64_MAX,
                                .seq = UINT64_MAX,
                                .test = true,
                                .detail = "line-a"};
    const size_t length = payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX);
    expect_text(
        out, length,
        "{\"schema\":\"1\",\"epoch\":\"8f3a\",\"id\":\"ffffffffffffffff\",\"rev\":1,\"seq\":18446744073709551615,"
        "\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\","
        "\"phase\":\"end\",\"state\":\"ended\",\"inactivation\":\"acknowledged\",\"priority\":\"medium\","
        "\"kind\":\"technical\",\"source\":\"rule\",\"rule\":\"bus_down\","
        "\"text\":\"A line to monitors is down: line-a\",\"advice\":\"Check adapter, cable and network\","
        "\"vital\":null,\"value\":null,\"limit\":null,\"unit\":null,\"reason\":null,"
        "\"delays\":{\"delay_s\":11.5,\"window_s\":0,\"clear_delay_s\":0,\"unknown_after_s\":null,\"escalate_s\":null},"
        "\"at\":\"1970-01-01T00:00:00.000Z\",\"violated_at\":\"1970-01-01T00:00:00.000Z\","
        "\"condition_at\":\"1970-01-01T00:00:00.000Z\",\"raised_at\":\"1970-01-01T00:00:00.000Z\","
        "\"clock\":\"unsynced\",\"test\":true}");
}

static void expect_part(const struct alert *alert, const char *part)
{
    const size_t length = payload_alert(&context, alert, 0, out, PAYLOAD_ALERT_MAX);
    expect_json(out, length);
    if (strstr(out, part) == NULL) {
        fail_msg("no %s in %s", part, out);
    }
}

/* What is folded has no number in the stream and names what it is part of; a cause lists what it stands for. */
static void test_causes(void **state)
{
    (void)state;
    struct alert alert = alert_of_rule();
    alert.key.family = ALARM_NOT_MONITORED;
    alert.part_of = 0xB05;
    alert.part_of_index = BUILTIN_bus_down;
    expect_part(&alert, "\"rev\":2,\"seq\":null,\"bed_seq\":null,");
    expect_part(&alert, ",\"part_of\":{\"gateway\":\"gw-7e\",\"rule\":\"bus_down\",\"id\":\"0000000000000b05\"}}");
    alert.part_of_index = BUILTIN_sensor_off;
    expect_part(&alert, ",\"part_of\":{\"bed\":\"b12\",\"rule\":\"sensor_off\",\"id\":\"0000000000000b05\"}}");

    alert.part_of = 0;
    alert.key.family = ALARM_BUILTIN;
    alert.key.index = BUILTIN_sensor_off;
    alert.stands_for[0] = 1;
    alert.stands_for_key = 1;
    expect_part(&alert, "\"seq\":4711,");
    expect_part(&alert, ",\"stands_for\":[\"spo2_low.not_monitored\"],\"stands_for_more\":0}");
    alert.key = (struct alarm_key){.bed = BED_NONE, .family = ALARM_BUILTIN, .index = BUILTIN_bus_down};
    expect_part(&alert, ",\"stands_for\":[\"b12\"],\"stands_for_more\":0}");
}

/* More than there is room for are counted. */
static void test_what_is_not_listed_is_counted(void **state)
{
    (void)state;
    static struct bed_config ward_beds[STANDS_FOR_MAX];
    static const struct engine_config config = {.beds = ward_beds, .bed_count = STANDS_FOR_MAX};
    const struct payload_context many = {.config = &config, .site = "s", .ward = "w", .gateway = "gw", .boot = "b"};
    struct alert alert = {.key = {.bed = BED_NONE, .family = ALARM_BUILTIN, .index = BUILTIN_bus_down},
                          .vital = VITAL_NONE,
                          .stands_for_key = 1};
    memset(alert.stands_for, 0xFF, sizeof alert.stands_for);
    for (unsigned b = 0; b < STANDS_FOR_MAX; ++b) {
        ward_beds[b].id = "bed-1234";
    }
    const size_t length = payload_alert(&many, &alert, 0, out, PAYLOAD_ALERT_MAX);
    expect_json(out, length);
    unsigned listed = 0;
    for (const char *at = out; (at = strstr(at, "\"bed-1234\"")) != NULL; ++at) {
        ++listed;
    }
    char more[40];
    (void)snprintf(more, sizeof more, "\"stands_for_more\":%u}", STANDS_FOR_MAX - listed);
    assert_true(listed > 30 && listed < STANDS_FOR_MAX);
    assert_non_null(strstr(out, more));
}

/* A rule over the whole ward names the beds in its text, or behind it. */
static void test_alert_of_the_ward_names_beds(void **state)
{
    (void)state;
    static const struct engine_config all = {.beds = beds, .bed_count = 1, .rules = rules, .rule_count = 5};
    struct payload_context ward = context;
    struct alert alert = {.key = {.bed = BED_NONE, .family = ALARM_OF_RULE, .index = 3}, .vital = VITAL_spo2};
    ward.config = &all;
    (void)snprintf(alert.detail, sizeof alert.detail, "b01, b02 and 2 more");
    expect_json(out, payload_alert(&ward, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"text\":\"Low at b01, b02 and 2 more, {limit}\","));
    assert_null(strstr(out, "\"bed\""));
    alert.key.index = 4;
    expect_json(out, payload_alert(&ward, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(strstr(out, "\"text\":\"Low: b01, b02 and 2 more\","));
    alert.key = (struct alarm_key){.bed = BED_NONE, .family = ALARM_NOT_MONITORED, .index = 3};
    alert.detail[0] = '\0';
    expect_json(out, payload_alert(&ward, &alert, 0, out, PAYLOAD_ALERT_MAX));
    assert_non_null(
        strstr(out, "\"rule\":\"supply\",\"text\":\"supply is not monitored: Low at several beds, {limit}\","));
}

static void test_alert_words(void **state)
{
    (void)state;
    struct alert alert = alert_of_rule();
    alert.stay = 0;
    expect_part(&alert, ",\"bed\":\"b12\",\"stay\":null,");
    alert.key.family = ALARM_NOT_MONITORED;
    alert.reason = REASON_NOT_MONITORED;
    expect_part(
        &alert,
        "\"rule\":\"spo2_low\",\"text\":\"spo2_low is not monitored: SpO2 below 90 % for 15 s, {other} {limit\"");
    expect_part(&alert, "\"reason\":\"not_monitored\"");
    alert.key.family = ALARM_FORESEEN;
    alert.reason = REASON_FORESEEN;
    expect_part(&alert, "\"rule\":\"spo2_low\",\"text\":\"Screening estimate, no alarm");
    expect_part(&alert, "\"advice\":\"Look at the patient; it is not validated for inpatients\"");
    expect_part(&alert, "\"reason\":\"foreseen\"");
    alert.key.family = ALARM_OF_MONITOR;
    alert.source = SOURCE_MONITOR;
    expect_part(&alert, "\"source\":\"monitor\",\"rule\":\"monitor.vtach\",\"text\":\"Ventricular tachycardia "
                        "(monitor)\",\"advice\":\"\"");
    alert.key.index = 1;
    expect_part(&alert, "\"rule\":\"monitor.asystole\",\"text\":\"asystole\"");
    alert.value_milli = -1;
    alert.limit_milli = INT32_MIN;
    expect_part(&alert, "\"value\":-0.001,\"limit\":-2147483.648,");
    alert.value_milli = INT32_MAX;
    alert.limit_milli = 36500;
    expect_part(&alert, "\"value\":2147483.647,\"limit\":36.5,");
    (void)snprintf(alert.detail, sizeof alert.detail, "spo2, hr");
    expect_part(&alert, "\"text\":\"asystole: spo2, hr\"");
    memset(alert.detail, 'd', sizeof alert.detail); /* not ended by a NUL */
    expect_part(&alert, "ddd\"");
}

static void test_delivery_and_expiry_are_added(void **state)
{
    (void)state;
    static const char content[] = "{\"a\":1}";
    size_t length = payload_alert_delivery(content, 7, true, false, out, sizeof out);
    expect_text(out, length, "{\"a\":1,\"delivery\":{\"late\":true,\"durable\":false}}");
    length = payload_alert_delivery(content, 7, false, true, out, sizeof out);
    expect_text(out, length, "{\"a\":1,\"delivery\":{\"late\":false,\"durable\":true}}");
    length = payload_alarm(content, 7, NOW_MS, out, sizeof out);
    expect_text(out, length, "{\"a\":1,\"expires_at\":\"2026-01-31T23:59:59.000Z\"}");
    assert_int_equal(payload_alarm(content, 7, NOW_MS, out, length + 1), length); /* the NUL just fits */
    assert_int_equal(payload_alarm(content, 7, NOW_MS, out, length), 0);
}

static void test_damaged_content_is_not_passed_on(void **state)
{
    (void)state;
    assert_int_equal(payload_alarm("", 0, NOW_MS, out, sizeof out), 0);
    assert_int_equal(payload_alarm("{}", 2, NOW_MS, out, sizeof out), 0); /* would begin with a comma */
    assert_int_equal(payload_alarm("{\"a\":1", 6, NOW_MS, out, sizeof out), 0);
    assert_int_equal(payload_alert_delivery("}", 1, true, true, out, sizeof out), 0);
}

/* ---- vitals ---- */

static struct bed_view view_of_bed(void)
{
    return (struct bed_view){
        .monitored = true,
        .stay = 0xfe,
        .stay_start_ms = NOW_MS - 60000,
        .at_ms = NOW_MS,
        .vital_count = 4,
        .vitals = {{.vital = VITAL_hr, .source = VITAL_hr, .value_milli = 72000, .at_ms = NOW_MS},
                   {.vital = VITAL_spo2, .source = VITAL_spo2, .quality = QUALITY_SENSOR_OFF, .value_milli = 97000},
                   {.vital = VITAL_nibp_sys,
                    .source = VITAL_nibp_sys,
                    .episodic = true,
                    .value_milli = 120000,
                    .at_ms = NOW_MS - 900000},
                   {.vital = VITAL_temp, .source = VITAL_temp, .value_milli = 36800, .at_ms = NOW_MS}}};
}

static void test_vitals(void **state)
{
    (void)state;
    const struct bed_view view = view_of_bed();
    const size_t length = payload_vitals(&context, &view, CORRECTION_MS, NOW_MS + 30500, out, PAYLOAD_VITALS_MAX);
    expect_text(out, length,
                "{\"schema\":\"1\",\"at\":\"2026-01-31T23:59:59.500Z\",\"bed\":\"b12\",\"stay\":\"00000000000000fe\","
                "\"hr\":72,\"nibp_sys\":120,\"temp\":36.8,\"observed\":{\"nibp_sys\":\"2026-01-31T23:44:59.500Z\"},"
                "\"source\":{},\"invalid\":{\"spo2\":\"sensor_off\"},\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\","
                "\"expires_at\":\"2026-02-01T00:00:29.500Z\"}");
}

static void test_vitals_of_a_vacant_bed_without_anything_valid(void **state)
{
    (void)state;
    struct bed_view view = view_of_bed();
    view.stay = 0;
    view.monitored = false;
    view.vitals[0].quality = QUALITY_NO_ANSWER;
    view.vitals[2].quality = QUALITY_NEVER;
    view.vitals[3].quality = QUALITY_STALE;
    const size_t length = payload_vitals(&context, &view, 0, NOW_MS + 30000, out, PAYLOAD_VITALS_MAX);
    expect_text(out, length,
                "{\"schema\":\"1\",\"at\":\"2026-01-31T23:59:59.000Z\",\"bed\":\"b12\",\"stay\":null,\"observed\":{},"
                "\"source\":{},\"invalid\":{\"hr\":\"no_answer\",\"spo2\":\"sensor_off\",\"nibp_sys\":\"never\","
                "\"temp\":\"stale\"},\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\","
                "\"expires_at\":\"2026-02-01T00:00:29.000Z\"}");
}

/* Whose value it is; of a value that is not shown nobody's. */
static void test_a_vital_that_another_stands_in_for(void **state)
{
    (void)state;
    struct bed_view view = view_of_bed();
    view.vitals[0].source = VITAL_pulse;
    size_t length = payload_vitals(&context, &view, 0, NOW_MS, out, PAYLOAD_VITALS_MAX);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"hr\":72,"));
    assert_non_null(strstr(out, "\"source\":{\"hr\":\"pulse\"},\"invalid\":{\"spo2\":\"sensor_off\"}"));
    view.vitals[0].quality = QUALITY_ABSENT;
    length = payload_vitals(&context, &view, 0, NOW_MS, out, PAYLOAD_VITALS_MAX);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"source\":{},\"invalid\":{\"hr\":\"absent\",\"spo2\":\"sensor_off\"}"));
}

static void test_vital_of_unknown_age_is_observed_null(void **state)
{
    (void)state;
    struct bed_view view = view_of_bed();
    view.vitals[2].age_unknown = true;
    const size_t length = payload_vitals(&context, &view, 0, NOW_MS, out, PAYLOAD_VITALS_MAX);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"nibp_sys\":120,"));
    assert_non_null(strstr(out, "\"observed\":{\"nibp_sys\":null}"));
}

/* ---- settings and status ---- */

static void test_settings(void **state)
{
    (void)state;
    const struct bed_view view = view_of_bed();
    const size_t length = payload_settings(&context, &view, CORRECTION_MS, NOW_MS, NOW_MS + 120000, out, sizeof out);
    expect_text(out, length,
                "{\"schema\":\"1\",\"at\":\"2026-01-31T23:59:59.000Z\",\"bed\":\"b12\",\"stay\":\"00000000000000fe\","
                "\"stay_start\":\"2026-01-31T23:58:59.500Z\",\"class\":\"adult\",\"away\":null,\"rules\":{"
                "\"spo2_low\":{\"priority\":\"medium\",\"limit_of\":null,\"limit_side\":null,\"parameters\":{"
                "\"limit\":{\"value\":88.5,\"default\":90,\"overridden\":true,"
                "\"source\":\"overridden\",\"settable\":null},"
                "\"span\":{\"value\":15,\"default\":15,\"overridden\":false,\"source\":\"default\","
                "\"settable\":null}}},"
                "\"hr_low\":{\"priority\":\"low\",\"limit_of\":null,\"limit_side\":null,\"parameters\":{}}},"
                "\"rules_off\":[],\"pauses\":[],\"oxygen\":null,\"spo2_scale\":null,\"commands\":[],"
                "\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\",\"expires_at\":\"2026-02-01T00:01:59.000Z\"}");
}

static void test_settings_of_a_vacant_bed(void **state)
{
    (void)state;
    struct bed_view view = view_of_bed();
    view.stay = 0;
    const size_t length = payload_settings(&context, &view, 0, NOW_MS, NOW_MS, out, sizeof out);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"stay\":null,\"stay_start\":null,"));
}

static void test_status(void **state)
{
    (void)state;
    size_t length = payload_status(&context, "online", NULL, 7, NOW_MS, out, sizeof out);
    expect_text(out, length,
                "{\"schema\":\"1\",\"state\":\"online\",\"reason\":null,\"gateway\":\"gw-7e\",\"version\":\"1.2.3\","
                "\"boot\":\"00c0ffee\","
                "\"epoch\":\"8f3a\",\"epoch_before\":null,\"connect_count\":7,\"at\":\"2026-01-31T23:59:59.000Z\"}");
    struct payload_context without_epoch = context;
    without_epoch.epoch = "";
    length = payload_status(&without_epoch, "offline", PAYLOAD_LOST, 0, NOW_MS, out, sizeof out);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"state\":\"offline\",\"reason\":\"lost\","));
    assert_non_null(strstr(out, "\"epoch\":null"));
    struct epochs before = {.count = 0};
    epochs_add(&before, "8f39");
    epochs_add(&before, "8f38");
    struct payload_context that_goes_on = context;
    that_goes_on.epochs_before = &before;
    length = payload_status(&that_goes_on, "online", NULL, 1, NOW_MS, out, sizeof out);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"epoch\":\"8f3a\",\"epoch_before\":\"8f38\","));
}

static void test_clock(void **state)
{
    (void)state;
    const struct clock_record record = {
        .epoch = "8f3a", .synced = 1, .count = 2, .spans = {{1, 46, INT64_C(1769903999000), 1}, {47, 47, -3600500, 0}}};
    size_t length = payload_clock(&context, &record, NOW_MS, NOW_MS + 120000, out, sizeof out);
    expect_text(out, length,
                "{\"schema\":\"1\",\"at\":\"2026-01-31T23:59:59.000Z\",\"clock\":\"synced\",\"epoch\":\"8f3a\","
                "\"corrections\":[{\"from_seq\":1,\"through_seq\":46,\"off_s\":1769903999.000,\"clock\":\"synced\"},"
                "{\"from_seq\":47,\"through_seq\":47,\"off_s\":-3600.500,\"clock\":\"unsynced\"}],"
                "\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\",\"expires_at\":\"2026-02-01T00:01:59.000Z\"}");
    const struct clock_record none = {.epoch = "8f3a"};
    length = payload_clock(&context, &none, NOW_MS, NOW_MS, out, sizeof out);
    expect_json(out, length);
    assert_non_null(strstr(out, "\"clock\":\"unsynced\",\"epoch\":\"8f3a\",\"corrections\":[]"));
}

static void test_largest_clock_fits(void **state)
{
    (void)state;
    struct clock_record record = {.count = CLOCK_SPANS_MAX};
    memset(record.epoch, 'f', sizeof record.epoch - 1);
    for (unsigned i = 0; i < CLOCK_SPANS_MAX; i++) {
        record.spans[i] = (struct clock_span){UINT64_MAX, UINT64_MAX, INT64_MIN + 1, 0};
    }
    const size_t length = payload_clock(&context, &record, INT64_MAX, INT64_MAX, out, PAYLOAD_CLOCK_MAX);
    expect_json(out, length);
    print_message("largest clock: %zu bytes\n", length);
}

/* ---- topics ---- */

static void test_topics(void **state)
{
    (void)state;
    char topic[PAYLOAD_TOPIC_MAX];
    topic_of_bed(&context, "b12", "vitals", topic);
    assert_string_equal(topic, "wardgate/st-marys/w7e/b12/vitals");
    topic_of_alarm(&context, "b12", "spo2_low.not_monitored", topic);
    assert_string_equal(topic, "wardgate/st-marys/w7e/b12/alarm/spo2_low.not_monitored");
    topic_of_gateway(&context, "status", topic);
    assert_string_equal(topic, "wardgate/st-marys/w7e/gateway/gw-7e/status");
    topic_of_bed(&context, "", "alert", topic);
    assert_string_equal(topic, "wardgate/st-marys/w7e/gateway/gw-7e/alert");
    topic_of_bed(&context, NULL, "alert", topic);
    assert_string_equal(topic, "wardgate/st-marys/w7e/gateway/gw-7e/alert");
    topic_of_alarm(&context, "", "bus_down", topic);
    assert_string_equal(topic, "wardgate/st-marys/w7e/gateway/gw-7e/alarm/bus_down");
}

/* ---- bounds ---- */

/* Whatever does not fit is refused, at any size, and nothing is written beyond. */
static void test_small_buffers_are_refused(void **state)
{
    (void)state;
    const struct alert alert = alert_of_rule();
    const size_t whole = payload_alert(&context, &alert, 0, out, PAYLOAD_ALERT_MAX);
    assert_true(whole > 0);
    for (size_t size = 1; size <= whole; ++size) {
        memset(out, 'x', whole + 2);
        assert_int_equal(payload_alert(&context, &alert, 0, out, size), 0);
        assert_int_equal(out[size], 'x');
    }
    assert_int_equal(payload_alert(&context, &alert, 0, out, whole + 1), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert_of_a_rule),
        cmocka_unit_test(test_delays_are_disclosed),
        cmocka_unit_test(test_delays_of_alarms_at_a_bed),
        cmocka_unit_test(test_delays_of_alarms_of_the_gateway),
        cmocka_unit_test(test_alert_of_the_gateway_has_no_bed),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_what_is_not_listed_is_counted),
        cmocka_unit_test(test_alert_of_the_ward_names_beds),
        cmocka_unit_test(test_alert_words),
        cmocka_unit_test(test_delivery_and_expiry_are_added),
        cmocka_unit_test(test_damaged_content_is_not_passed_on),
        cmocka_unit_test(test_vitals),
        cmocka_unit_test(test_vitals_of_a_vacant_bed_without_anything_valid),
        cmocka_unit_test(test_a_vital_that_another_stands_in_for),
        cmocka_unit_test(test_vital_of_unknown_age_is_observed_null),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_of_a_vacant_bed),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_largest_clock_fits),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_small_buffers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
