/*
 * Every payload with everything in it as large as its reader lets it be: it fits its bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/flow/payload.h"
#include "tests/unit/support/json_check.h"

static char out[PAYLOAD_SETTINGS_MAX + 1];

enum { RULES_MOST = 128 };

static char id_most[33], name_most[RULE_NAME_MAX], signal_most[ALARM_NAME_MAX], words_most[4000];
static struct rule rules_most[RULES_MOST];
static struct channel_config channels_most[VITAL_COUNT];
static struct signal_config signal_of_most = {.name = signal_most, .text = words_most};
static struct bed_config bed_most = {.id = id_most,
                                     .channels = channels_most,
                                     .channel_count = VITAL_COUNT,
                                     .signals = &signal_of_most,
                                     .signal_count = 1};
static struct engine_config engine_config = {
    .beds = &bed_most, .bed_count = 1, .rules = rules_most, .rule_count = RULES_MOST};
static struct payload_context context = {.config = &engine_config,
                                         .topic_root = id_most,
                                         .site = id_most,
                                         .ward = id_most,
                                         .gateway = id_most,
                                         .boot = "ffffffff",
                                         .epoch = id_most,
                                         .version = id_most,
                                         .command_roles = UINT8_MAX};

static void make_most(void)
{
    memset(id_most, 'i', sizeof id_most - 1);
    memset(name_most, 'n', sizeof name_most - 1);
    memset(signal_most, 's', sizeof signal_most - 1);
    memset(words_most, 0x01, sizeof words_most - 1); /* six bytes each in JSON */
    for (unsigned i = 0; i < RULES_MOST; ++i) {
        rules_most[i] =
            (struct rule){.name = name_most, .text = words_most, .advice = words_most, .priority = PRIORITY_MEDIUM};
        rules_most[i].delay_ms = RULE_DELAY_MS_MAX - 1;
        rules_most[i].clear_delay_ms = 599999;
        rules_most[i].unknown_after_ms = 86399999;
        rules_most[i].escalate_ms = 3599999;
        rules_most[i].when.window_count = 1;
        rules_most[i].when.windows[0].span_ms = 86399999;
        for (unsigned p = 0; p < PARAMETERS_MAX; ++p) {
            rules_most[i].parameters[p] = (struct rule_parameter){.name = name_most,
                                                                  .has = {true},
                                                                  .value_milli = {INT32_MIN + 1},
                                                                  .settable = true,
                                                                  .settable_low_milli = INT32_MIN + 1,
                                                                  .settable_high_milli = INT32_MIN + 1};
        }
    }
    for (unsigned v = 0; v < VITAL_COUNT; ++v) {
        channels_most[v] = (struct channel_config){.vital = (enum vital)v, .episodic = true};
    }
}

static void expect_largest_alert(struct alert *alert, enum alarm_family family)
{
    char delivered[PAYLOAD_ALERT_MAX + 64];
    alert->key.family = (uint16_t)family;
    const size_t length = payload_alert(&context, alert, 0, out, PAYLOAD_ALERT_MAX);
    expect_json(out, length);
    print_message("largest alert of family %d: %zu bytes\n", (int)family, length);
    expect_json(delivered, payload_alert_delivery(out, length, false, false, delivered, sizeof delivered));
    expect_json(delivered, payload_alarm(out, length, INT64_MAX, delivered, sizeof delivered));
}

static void test_largest_alert_fits(void **state)
{
    (void)state;
    struct alert alert = {.phase = PHASE_ACKNOWLEDGE,
                          .state = ALARM_LATCHED,
                          .inactivation = INACTIVATION_ALARM_PAUSED,
                          .priority = PRIORITY_MEDIUM,
                          .kind = KIND_PHYSIOLOGICAL,
                          .source = SOURCE_MONITOR,
                          .reason = REASON_NOT_MONITORED,
                          .vital = VITAL_room_pressure,
                          .has_value = true,
                          .has_limit = true,
                          .value_milli = INT32_MIN + 1,
                          .limit_milli = INT32_MIN + 1,
                          .rev = UINT32_MAX,
                          .id = UINT64_MAX,
                          .seq = UINT64_MAX,
                          .bed_seq = UINT64_MAX,
                          .stay = UINT64_MAX};
    memset(alert.detail, 0x02, sizeof alert.detail - 1);
    expect_largest_alert(&alert, ALARM_OF_RULE);
    expect_largest_alert(&alert, ALARM_NOT_MONITORED);
    expect_largest_alert(&alert, ALARM_FORESEEN);
    expect_largest_alert(&alert, ALARM_BUILTIN);
    expect_largest_alert(&alert, ALARM_OF_MONITOR);

    memset(alert.stands_for, 0xFF, sizeof alert.stands_for); /* as many as there are */
    alert.stands_for_key = 1;
    alert.part_of = UINT64_MAX;
    alert.part_of_index = BUILTIN_bus_down;
    expect_largest_alert(&alert, ALARM_BUILTIN);
    expect_largest_alert(&alert, ALARM_NOT_MONITORED);
}

static void test_largest_vitals_and_settings_fit(void **state)
{
    (void)state;
    struct bed_view view = {.stay = UINT64_MAX, .vital_count = VITAL_COUNT, .patient_class = CLASS_adult};
    for (unsigned v = 0; v < VITAL_COUNT; ++v) {
        view.vitals[v] = (struct vital_view){.vital = (uint8_t)v, .episodic = true, .value_milli = INT32_MIN + 1};
    }
    size_t length = payload_vitals(&context, &view, 0, INT64_MAX, out, PAYLOAD_VITALS_MAX);
    expect_json(out, length);
    print_message("largest vitals: %zu bytes\n", length);
    view.away_until_ms = INT64_MAX;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; ++i) {
        view.pauses[i] = (struct pause){INT64_MAX, INT64_MAX, PAUSE_ALARM, pause_key(context.config->rules[i].name)};
    }
    length = payload_settings(&context, &view, 0, INT64_MAX, INT64_MAX, out, PAYLOAD_SETTINGS_MAX);
    expect_json(out, length);
    print_message("largest settings: %zu bytes\n", length);
    struct epochs before = {.count = 1};
    memset(before.names[0], 'f', STORE_EPOCH_MAX - 1);
    context.epochs_before = &before;
    length = payload_status(&context, "offline", "shutdown", UINT32_MAX, INT64_MAX, out, 512);
    expect_json(out, length);
    context.epochs_before = NULL;
}

static void test_largest_topics_fit(void **state)
{
    (void)state;
    char topic[PAYLOAD_TOPIC_MAX];
    topic_of_alarm(&context, id_most, signal_most, topic);
    assert_true(strlen(topic) > 190);
    topic_of_alarm(&context, "", signal_most, topic);
    assert_true(strlen(topic) > 200);
}

int main(void)
{
    make_most();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_largest_alert_fits),
        cmocka_unit_test(test_largest_vitals_and_settings_fit),
        cmocka_unit_test(test_largest_topics_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
