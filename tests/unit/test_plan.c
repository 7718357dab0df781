/* The plan, from configurations as a hospital writes them: which monitor gives a vital, periods, signals, lines, recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/plan_bench.h"

/* "vital/monitor period stale low-high e", a channel a word pair; e: episodic. */
static const char *channels_of(const struct bed_config *bed)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < bed->channel_count; i++) {
        const struct channel_config *c = &bed->channels[i];
        if (c->entered) {
            continue;
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "%s/%u %u %u %d-%d%s\n",
                                   vital_info(c->vital)->name, c->monitor, c->period_ms, c->stale_ms / 1000,
                                   c->low_milli / 1000, c->high_milli / 1000, c->episodic ? " e" : "");
        assert_true(length < sizeof text);
    }
    return text;
}

#define TWO_MONITORS                                                     \
    "buses:\n"                                                           \
    "  line-a: {kind: modbus-rtu, device: /dev/ttyUSB0}\n"               \
    "beds:\n"                                                            \
    "  b1:\n"                                                            \
    "    class: neonate\n"                                               \
    "    monitors:\n"                                                    \
    "      - {bus: line-a, address: 3, profile: %s}\n"                   \
    "      - {bus: line-a, address: 33, profile: %s}\n"                  \
    "  b2: {bus: line-a, address: 4, profile: oximeter, class: adult}\n" \
    "rules: [rules.yaml]\n"

static struct plan plan_of_two(const char *first, const char *second)
{
    char text[1024];
    (void)snprintf(text, sizeof text, TWO_MONITORS, first, second);
    return plan_of(text);
}

static void test_the_first_monitor_that_gives_a_vital_wins(void **state)
{
    (void)state;
    struct plan plan = plan_of_two("module", "oximeter");
    assert_int_equal(plan.engine.bed_count, 2);
    assert_int_equal(plan.beds[0].monitor_count, 2);
    assert_int_equal(plan.beds[0].patient_class, CLASS_neonate);
    assert_string_equal(channels_of(&plan.beds[0]), "hr/0 2000 10 0-350\n"
                                                    "pulse/1 1000 10 0-350\n"
                                                    "spo2/0 500 10 0-100\n"
                                                    "nibp_sys/0 2000 4500 10-200 e\n"
                                                    "temp/0 10000 21600 15-45 e\n");
    assert_int_equal(plan.beds[0].monitor_period_ms[0], 500);
    assert_int_equal(plan.beds[0].monitor_period_ms[1], 1000);
    assert_string_equal(channels_of(&plan.beds[1]), "pulse/0 1000 10 0-250\nspo2/0 1000 10 0-100\n");
    plan_free(&plan);
    settings_free(settings);
    plan = plan_of_two("oximeter", "module");
    assert_string_equal(channels_of(&plan.beds[0]), "hr/1 2000 10 0-350\n"
                                                    "pulse/0 1000 10 0-350\n"
                                                    "spo2/0 1000 10 0-100\n"
                                                    "nibp_sys/1 2000 4500 10-200 e\n"
                                                    "temp/1 10000 21600 15-45 e\n");
    plan_free(&plan);
}

static void test_signals_of_every_monitor(void **state)
{
    (void)state;
    struct plan plan = plan_of_two("oximeter", "module");
    const struct bed_config *bed = &plan.beds[0];
    assert_int_equal(bed->signal_count, 3);
    assert_string_equal(bed->signals[0].name, "finger_off");
    assert_int_equal(bed->signals[0].vitals, 1U << VITAL_spo2 | 1U << VITAL_pulse);
    assert_int_equal(bed->signals[0].monitor, 0);
    assert_int_equal(bed->signals[0].number, 0);
    assert_string_equal(bed->signals[2].name, "vtach");
    assert_string_equal(bed->signals[2].text, "VT (monitor)");
    assert_int_equal(bed->signals[2].means, SIGNAL_monitor_alarm_high);
    assert_int_equal(bed->signals[2].vitals, 0);
    assert_int_equal(bed->signals[2].monitor, 1);
    assert_int_equal(bed->signals[2].number, 1); /* counted within its monitor, as the driver does */
    plan_free(&plan);
}

static void test_serial_lines_come_first(void **state)
{
    (void)state;
    struct plan plan = plan_of("buses:\n"
                               "  net-a: {kind: modbus-tcp, host: 10.7.0.32, port: 1502, timeout: 300ms}\n"
                               "  line-a: {kind: modbus-rtu, device: /dev/ttyUSB0, baud: 9600, parity: none}\n"
                               "  spare: {kind: modbus-rtu, device: /dev/ttyUSB9}\n"
                               "  line-b: {kind: modbus-rtu, device: /dev/ttyUSB1, parity: odd}\n"
                               "beds:\n"
                               "  b1: {bus: net-a, address: 1, profile: module, class: adult}\n"
                               "  b2: {bus: line-b, address: 1, profile: module, class: adult}\n"
                               "  b3: {bus: line-a, address: 7, profile: module, class: adult}\n"
                               "  b4:\n"
                               "    class: adult\n"
                               "    monitors:\n"
                               "      - {bus: \"modbus-tcp://10.7.0.33\", address: 1, profile: module}\n"
                               "      - {bus: line-a, address: 8, profile: oximeter}\n"
                               "rules: [rules.yaml]\n");
    assert_int_equal(plan.bus_count, 4); /* without the one that nobody uses */
    assert_string_equal(plan.buses[0].name, "line-a");
    assert_string_equal(plan.buses[1].name, "line-b");
    assert_string_equal(plan.buses[2].name, "net-a");
    assert_string_equal(plan.buses[3].host, "10.7.0.33");
    assert_int_equal(plan.buses[3].port, 502);
    assert_string_equal(plan.buses[0].kind, "modbus-rtu");
    assert_string_equal(plan.buses[2].kind, "modbus-tcp");
    assert_string_equal(plan.buses[0].device, "/dev/ttyUSB0");
    assert_int_equal(plan.buses[0].baud, 9600);
    assert_int_equal(plan.buses[0].parity, PARITY_NONE);
    assert_int_equal(plan.buses[0].stop_bits, 2);
    assert_int_equal(plan.buses[1].parity, PARITY_ODD);
    assert_int_equal(plan.buses[1].baud, 19200);
    assert_int_equal(plan.buses[2].timeout_ms, 300);
    assert_null(plan.buses[2].device);
    const struct bus_config *line = &plan.buses[0];
    assert_int_equal(line->monitor_count, 2);
    assert_int_equal(line->monitors[0].bed, 2);
    assert_int_equal(line->monitors[0].monitor, 0);
    assert_int_equal(line->monitors[0].address, 7);
    assert_string_equal(line->monitors[0].profile->name, "module");
    assert_int_equal(line->monitors[1].bed, 3);
    assert_int_equal(line->monitors[1].monitor, 1);
    assert_string_equal(line->monitors[1].profile->name, "oximeter");
    plan_free(&plan);
}

static void test_every_kind_of_bus(void **state)
{
    (void)state;
    struct plan plan = plan_of("buses:\n"
                               "  central: {kind: hl7, listen: \"10.7.0.1:6661\", believe_debug: true}\n"
                               "  conv: {kind: rtu-over-tcp, host: 10.7.0.9, port: 4001, baud: 9600}\n"
                               "  ox: {kind: serial, device: /dev/ttyUSB1}\n"
                               "  line: {kind: modbus-rtu, device: /dev/ttyUSB0, rs485: true}\n"
                               "beds:\n"
                               "  b1: {bus: conv, address: 5, profile: module, class: adult}\n"
                               "  b2: {bus: ox, profile: test-oximeter, class: adult}\n"
                               "  b3:\n"
                               "    class: adult\n"
                               "    monitors:\n"
                               "      - {bus: line, address: 3, profile: oximeter}\n"
                               "      - {bus: central, address: W7E^3^A, profile: test-central}\n"
                               "rules: [rules.yaml]\n");
    static const char *const order[][2] = {
        {"ox", "serial"}, {"line", "modbus-rtu"}, {"central", "hl7"}, {"conv", "rtu-over-tcp"}};
    assert_int_equal(plan.bus_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(plan.buses[i].name, order[i][0]);
        assert_string_equal(plan.buses[i].kind, order[i][1]);
        assert_true(plan.buses[i].rs485 == (i == 1));
        assert_true(plan.buses[i].believe_debug == (i == 2));
        assert_int_equal(plan.buses[i].monitor_count, 1);
    }
    assert_int_equal(plan.buses[0].baud, 9600);
    assert_int_equal(plan.buses[0].parity, PARITY_NONE);
    assert_string_equal(plan.buses[2].host, "10.7.0.1");
    assert_int_equal(plan.buses[2].port, 6661);
    assert_string_equal(plan.buses[2].monitors[0].place, "W7E^3^A");
    assert_int_equal(plan.buses[2].monitors[0].bed, 2);
    assert_int_equal(plan.buses[2].monitors[0].monitor, 1);
    assert_int_equal(plan.buses[3].baud, 9600);
    assert_null(plan.buses[3].monitors[0].place);
    assert_false(plan.beds[0].reports_alarms || plan.beds[1].reports_alarms);
    assert_true(plan.beds[2].reports_alarms);
    assert_string_equal(plan.beds[1].signals[0].name, "finger_off");
    plan_free(&plan);
}

static void test_overrides_reach_the_engine(void **state)
{
    (void)state;
    struct plan plan = plan_of("buses: {line-a: {kind: modbus-rtu, device: /dev/ttyUSB0}}\n"
                               "beds:\n"
                               "  b1: {bus: line-a, address: 3, profile: module, class: adult}\n"
                               "  b2: {bus: line-a, address: 4, profile: module, class: adult,"
                               " overrides: {hr_trend: {limit: 130}}}\n"
                               "rules: [rules.yaml]\n"
                               "stay_after: 12s\n");
    assert_int_equal(plan.beds[0].override_count, 0);
    assert_int_equal(plan.beds[1].override_count, 1);
    assert_int_equal(plan.beds[1].overrides[0].rule, 1);
    assert_int_equal(plan.beds[1].overrides[0].value_milli, 130000);
    assert_int_equal(plan.engine.rule_count, 2);
    assert_int_equal(plan.engine.stay_after_ms, 12000);
    assert_false(plan.engine.replay);
    plan_free(&plan);
}

/* Every bed has what was recorded, at the period of the recording, else of its profile, else 1 s. */
static void test_recordings(void **state)
{
    (void)state;
    struct plan_recording recording = {
        .vitals = 1U << VITAL_hr | 1U << VITAL_pulse | 1U << VITAL_temp | 1U << VITAL_nibp_sys, .period_ms = 60000};
    char text[1024];
    struct plan plan;
    (void)snprintf(text, sizeof text, TWO_MONITORS, "module", "oximeter");
    load(text);
    assert_int_equal(plan_make_replay(settings, &recording, &plan), STATUS_OK);
    assert_true(plan.engine.replay);
    assert_int_equal(plan.bus_count, 0);
    assert_int_equal(plan.beds[0].monitor_count, 1);
    assert_int_equal(plan.beds[0].signal_count, 0);
    assert_string_equal(channels_of(&plan.beds[0]), "hr/0 60000 10 0-350\n"
                                                    "pulse/0 60000 10 0-350\n"
                                                    "nibp_sys/0 60000 4500 10-200 e\n"
                                                    "temp/0 60000 10 15-45\n");
    plan_free(&plan);
    recording.period_ms = 0;
    recording.episodic = 1U << VITAL_temp;
    assert_int_equal(plan_make_replay(settings, &recording, &plan), STATUS_OK);
    assert_string_equal(channels_of(&plan.beds[0]), "hr/0 2000 10 0-350\n"
                                                    "pulse/0 1000 10 0-350\n"
                                                    "nibp_sys/0 2000 4500 10-200 e\n"
                                                    "temp/0 10000 21600 15-45 e\n");
    assert_string_equal(channels_of(&plan.beds[1]), "hr/0 1000 10 0-300\n"
                                                    "pulse/0 1000 10 0-250\n"
                                                    "nibp_sys/0 1000 4500 10-300 e\n"
                                                    "temp/0 1000 21600 15-45 e\n");
    plan_free(&plan);
}

/* What people may enter and no monitor of the bed gives, in list order among the others. */
static void people_have_channels_of_their_own(void **state)
{
    (void)state;
    struct plan plan = plan_of_two("module", "oximeter");
    uint32_t entered = 0, given = 0;
    for (unsigned i = 0; i < plan.beds[0].channel_count; i++) {
        const struct channel_config *c = &plan.beds[0].channels[i];
        assert_true(i == 0 || c->vital > plan.beds[0].channels[i - 1].vital);
        entered |= c->entered ? UINT32_C(1) << c->vital : 0;
        given |= c->entered ? 0 : UINT32_C(1) << c->vital;
        assert_true(!c->entered || (c->episodic && c->optional));
    }
    assert_int_equal(entered, ENTRY_VITALS & ~given);
    assert_int_equal(entered & ENTRY_ONLY, ENTRY_ONLY);
    assert_int_equal(plan.beds[0].observation_interval_ms, 4 * 60 * 60 * 1000);
    assert_int_equal(plan.beds[0].scores, 1U << SCORE_news2 | 1U << SCORE_bedside_pews);
    plan_free(&plan);
}

/* A bed's own take the place of the ward's. */
static void test_scores_of_a_bed(void **state)
{
    (void)state;
    char text[1200];
    (void)snprintf(text, sizeof text, TWO_MONITORS, "module", "oximeter");
    char *end = strstr(text, "class: adult}");
    assert_non_null(end);
    (void)snprintf(end, sizeof text - (size_t)(end - text),
                   "class: adult, scores: [shock_index, mews]}\nrules: [rules.yaml]\n");
    struct plan plan = plan_of(text);
    assert_int_equal(plan.beds[0].scores, 1U << SCORE_news2 | 1U << SCORE_bedside_pews);
    assert_int_equal(plan.beds[1].scores, 1U << SCORE_shock_index | 1U << SCORE_mews);
    plan_free(&plan);
}

static uint32_t bit(enum vital vital)
{
    return UINT32_C(1) << vital;
}

/* Of each monitor those that a rule needs, of rules that the bed has all vitals for, and only from whom they are taken. */
static void test_what_rules_wait_for(void **state)
{
    (void)state;
    struct plan plan = plan_of_two("module", "oximeter");
    const struct monitor_config *monitors = plan.buses[0].monitors;
    assert_int_equal(monitors[0].urgent_vitals, bit(VITAL_hr) | bit(VITAL_spo2));
    assert_int_equal(monitors[1].urgent_vitals, 0); /* its SpO2 comes from the first one */
    assert_int_equal(monitors[2].urgent_vitals, bit(VITAL_spo2));
    plan_free(&plan);
}

static void test_longest_span(void **state)
{
    (void)state;
    struct plan plan = plan_of_two("module", "oximeter");
    assert_int_equal(plan_longest_span_ms(&plan), 40000); /* the one of `clear`; a window by number has none */
    plan_free(&plan);
    const struct plan empty = {.settings = NULL};
    assert_int_equal(plan_longest_span_ms(&empty), 0);
    write_file("profiles/oximeter.yaml", "profile: oximeter\nchannels:\n"
                                         "  pulse: {register: 1, type: u16, unit: \"/min\", frozen_after: 15min}\n");
    settings_free(settings);
    settings = NULL;
    plan = plan_of_two("module", "oximeter");
    assert_int_equal(plan_longest_span_ms(&plan), 900000); /* or a restart would begin it anew */
    plan_free(&plan);
}

static const struct channel_config *channel_of(const struct plan *plan, enum vital vital)
{
    for (unsigned i = 0; i < plan->beds[0].channel_count; i++) {
        if (plan->beds[0].channels[i].vital == vital) {
            return &plan->beds[0].channels[i];
        }
    }
    fail_msg("the bed has no %s", vital_info(vital)->name);
    return NULL;
}

/* What the profile says of judging a channel, live and in a replay; of episodic vitals nothing of what came before. */
static void test_how_channels_are_judged(void **state)
{
    (void)state;
    write_file("profiles/oximeter.yaml",
               "profile: oximeter\nchannels:\n"
               "  temp:  {register: 2, type: s16, unit: Cel, stale_after: 4s, frozen_after: 1h, spike: median}\n"
               "  glucose: {register: 3, type: u16, unit: mg/dL, stale_after: 12h}\n"
               "  pulse: {register: 1, type: u16, unit: \"/min\", frozen_after: 15min, spike: median}\n");
    struct plan plan = plan_of("buses:\n  a: {kind: modbus-rtu, device: /dev/ttyUSB0}\n"
                               "pulse: {fallback: pulse, disagree_by: 20, disagree_for: 1min}\n"
                               "beds: {b1: {bus: a, address: 4, profile: oximeter, class: neonate}}\n");
    const struct channel_config *pulse = channel_of(&plan, VITAL_pulse), *temp = channel_of(&plan, VITAL_temp);
    const struct channel_config *glucose = channel_of(&plan, VITAL_glucose);
    assert_int_equal(pulse->rate_milli_per_s, 200000);
    assert_int_equal(pulse->stale_ms, 10000);
    assert_int_equal(pulse->frozen_ms, 900000);
    assert_true(pulse->median && temp->median && !glucose->median);
    assert_int_equal(temp->stale_ms, 4000);
    assert_int_equal(glucose->stale_ms, 12 * 3600000);
    assert_int_equal(glucose->rate_milli_per_s, 0);
    assert_true(plan.engine.pulse.pulse_from_hr && !plan.engine.pulse.hr_from_pulse);
    assert_int_equal(plan.engine.pulse.disagree_milli, 20000);
    assert_int_equal(plan.engine.pulse.disagree_ms, 60000);
    plan_free(&plan);
    const struct plan_recording recording = {.vitals = 1U << VITAL_temp | 1U << VITAL_pulse,
                                             .episodic = 1U << VITAL_temp};
    assert_int_equal(plan_make_replay(settings, &recording, &plan), STATUS_OK);
    pulse = channel_of(&plan, VITAL_pulse);
    temp = channel_of(&plan, VITAL_temp);
    assert_int_equal(pulse->frozen_ms, 900000);
    assert_true(pulse->median && !temp->median);
    assert_int_equal(temp->stale_ms, PLAN_EPISODIC_STALE_MS); /* the profile's is of a continuous one */
    assert_int_equal(temp->frozen_ms, 0);
    assert_int_equal(temp->rate_milli_per_s, 0);
    plan_free(&plan);
}

static void test_more_than_a_bed_has_room_for(void **state)
{
    (void)state;
    static const struct profile_bit bits[PROFILE_BITS_MAX];
    static struct profile profile = {.bit_count = PROFILE_BITS_MAX, .bits = bits};
    static struct monitor_settings monitors[ENGINE_MONITORS_PER_BED_MAX + 1];
    static struct bus_settings bus = {.name = "a"};
    struct bed_settings bed = {.id = "b1", .monitors = monitors, .monitor_count = 2};
    const struct settings made = {
        .beds = &bed, .bed_count = 1, .profiles = &profile, .profile_count = 1, .buses = &bus, .bus_count = 1};
    struct plan plan;
    assert_int_equal(plan_make(&made, &plan), STATUS_OK);
    assert_int_equal(plan.beds[0].signal_count, 64);
    plan_free(&plan);
    bed.monitor_count = 3;
    assert_int_equal(plan_make(&made, &plan), STATUS_TOO_LARGE);
    profile.bit_count = 0;
    bed.monitor_count = ENGINE_MONITORS_PER_BED_MAX;
    assert_int_equal(plan_make(&made, &plan), STATUS_OK);
    plan_free(&plan);
    bed.monitor_count = ENGINE_MONITORS_PER_BED_MAX + 1;
    assert_int_equal(plan_make(&made, &plan), STATUS_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_monitor_that_gives_a_vital_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signals_of_every_monitor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_serial_lines_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_kind_of_bus, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overrides_reach_the_engine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recordings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_rules_wait_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(people_have_channels_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scores_of_a_bed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_span, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_how_channels_are_judged, set_up, tear_down),
        cmocka_unit_test(test_more_than_a_bed_has_room_for),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
