/* What --what-if understands, what it makes of a configuration, and the figures of a tally. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/replay_tally.h"
#include "app/cli/what_if.h"
#include "tests/unit/support/capture.h"
#include "tests/unit/support/engine_ward.h"

static struct what_if what_if;
static char said[4096];

static void configure(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("spo2_low", "spo2 < limit", NULL, 90, PRIORITY_MEDIUM);
    struct rule *high = ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_HIGH);
    high->has_hysteresis = true;
    high->hysteresis_milli = 3000;
    ward_add_second_bed();
}

static int read_options(const char *const *texts, unsigned count)
{
    struct capture capture;
    what_if_free(&what_if);
    capture_begin(&capture);
    const int result = what_if_read(&what_if, texts, count, ward_config.engine.rules, ward_config.engine.rule_count);
    capture_end(&capture, said, sizeof said);
    return result;
}

static void test_a_grid(void **state)
{
    (void)state;
    static const char *const texts[] = {"hr_high.limit=100..110:5", "hr_high.delay=0s..30s:10s", "spo2_low.limit=88",
                                        "hr_high.hysteresis=0.5..1.5:0.5"};
    struct what_if_point point;
    configure();
    assert_int_equal(read_options(texts, 4), COMMAND_OK);
    assert_int_equal(what_if.point_count, 3 * 4 * 1 * 3);
    assert_int_equal(what_if.rule_count, 2);
    assert_true(what_if_point_make(&point, &what_if, 0, &ward_config.engine)); /* the last axis turns fastest */
    assert_string_equal(point.config.rules[0].name, "hr_high");
    assert_int_equal(point.config.rules[0].parameters[PARAMETER_LIMIT].value_milli[CLASS_adult], 100000);
    assert_int_equal(point.config.rules[0].delay_ms, 0);
    assert_int_equal(point.config.rules[0].hysteresis_milli, 500);
    assert_int_equal(point.config.rules[1].parameters[PARAMETER_LIMIT].value_milli[CLASS_neonate], 88000);
    what_if_point_free(&point);
    assert_true(what_if_point_make(&point, &what_if, 35, &ward_config.engine));
    assert_int_equal(point.config.rules[0].parameters[PARAMETER_LIMIT].value_milli[CLASS_adult], 110000);
    assert_int_equal(point.config.rules[0].delay_ms, 30000);
    assert_int_equal(point.config.rules[0].hysteresis_milli, 1500);
    what_if_point_free(&point);
    assert_int_equal(ward_config.rules[1].delay_ms, 0); /* what was there is untouched */
}

/* A bed's own limits hold, but for what is varied; they go by the rules' new places. */
static void test_overrides(void **state)
{
    (void)state;
    static const char *const texts[] = {"hr_high.delay=5s", "spo2_low.limit=88"};
    struct what_if_point point;
    configure();
    ward_config.overrides[0] = (struct override_config){.rule = 0, .parameter = PARAMETER_LIMIT, .value_milli = 85000};
    ward_config.overrides[1] = (struct override_config){.rule = 1, .parameter = PARAMETER_LIMIT, .value_milli = 140000};
    ward_config.beds[1].overrides = ward_config.overrides;
    ward_config.beds[1].override_count = 2;
    assert_int_equal(read_options(texts, 2), COMMAND_OK);
    assert_true(what_if_point_make(&point, &what_if, 0, &ward_config.engine));
    assert_int_equal(point.config.beds[0].override_count, 0);
    assert_int_equal(point.config.beds[1].override_count, 1);
    assert_int_equal(point.config.beds[1].overrides[0].rule, 0); /* hr_high, named first */
    assert_int_equal(point.config.beds[1].overrides[0].value_milli, 140000);
    what_if_point_free(&point);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } bad[] = {
        {"spo2_low", "say RULE.NUMBER=FROM..TO"},
        {"=", "say RULE.NUMBER=FROM..TO"},
        {".limit=1", "'' is no rule"},
        {"spo2_lo.limit=1", "did you mean 'spo2_low'?"},
        {"spo2_low.=1", "'' is no number of rule spo2_low"},
        {"spo2_low.delya=1s", "did you mean 'delay'?"},
        {"spo2_low.hysteresis=1", "'hysteresis' is no number of rule spo2_low"},
        {"spo2_low.limit", "what values?"},
        {"spo2_low.limit=", "'' is no number"},
        {"spo2_low.limit=..", "'' is no number"},
        {"spo2_low.limit=1..", "'' is no number"},
        {"spo2_low.limit=1..2:", "'' is no number"},
        {"spo2_low.limit=1..2:0", "has no step"},
        {"spo2_low.limit=1..2:-1", "has no step"},
        {"spo2_low.limit=2..1", "runs backwards"},
        {"spo2_low.limit=88 %", "is no plain number"},
        {"spo2_low.limit=1.0001", "is no plain number"},
        {"spo2_low.limit=99999999", "is no plain number"},
        {"spo2_low.limit=1..99999", "has too many values"},
        {"spo2_low.delay=5", "is no duration"},
        {"spo2_low.delay=0s..61s", "'61s' is no duration"},
        {"spo2_low.clear_delay=-1s", "is no duration"},
    };
    configure();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (read_options(&bad[i].text, 1) != COMMAND_USAGE || strstr(said, bad[i].fault) == NULL) {
            fail_msg("'%s' is not said of %s: %s", bad[i].fault, bad[i].text, said);
        }
    }
    static const char *const large[] = {"spo2_low.limit=0..999", "hr_high.limit=0..999"};
    assert_int_equal(read_options(large, 1), COMMAND_OK);
    assert_int_equal(read_options(large, 2), COMMAND_USAGE);
    assert_non_null(strstr(said, "more than 1000 points"));
    static const char *const twice[] = {"spo2_low.limit=88", "spo2_low.limit=89"};
    assert_int_equal(read_options(twice, 2), COMMAND_USAGE);
    assert_non_null(strstr(said, "is varied twice"));
}

/* ---- the tally ---- */

static void put(struct tally *tally, enum alarm_phase phase, double from_s, double to_s)
{
    struct record record = {.kind = RECORD_ALERT, .bed = 0, .bed_state = {.stay = 1}};
    record.alert = (struct alert){.phase = (uint8_t)phase,
                                  .priority = PRIORITY_HIGH,
                                  .raised_at_ms = (int64_t)(from_s * 1000),
                                  .at_ms = (int64_t)(to_s * 1000)};
    tally_take(tally, &record, record.alert.at_ms);
}

static void alarm_of(struct tally *tally, double from_s, double to_s)
{
    put(tally, PHASE_START, from_s, from_s);
    put(tally, PHASE_END, from_s, to_s);
}

static void test_a_tally(void **state)
{
    (void)state;
    struct tally tally;
    configure();
    assert_true(tally_make(&tally, &ward_config.engine));
    alarm_of(&tally, 0, 10);
    alarm_of(&tally, 69.9, 72.4); /* a repeat: 59.9 s after the end */
    alarm_of(&tally, 132.4, 600); /* none: a minute after */
    const struct tally_row *row = &tally.rows[0];
    assert_string_equal(row->name, "spo2_low");
    assert_int_equal(row->starts, 3);
    assert_int_equal(row->repeats, 1);
    assert_int_equal(row->total_ms, 10000 + 2500 + 467600);
    assert_int_equal(row->longest_ms, 467600);
    assert_int_equal(tally_median_ms(row), 10000);
    tally_free(&tally);
}

/* The median of one is itself, to the step. */
static void test_medians(void **state)
{
    (void)state;
    static const double lasted_s[] = {0, 0.1, 55, 199.9, 204.8, 1000, 86400, 3.0e7};
    configure();
    for (size_t i = 0; i < sizeof lasted_s / sizeof lasted_s[0]; i++) {
        struct tally tally;
        assert_true(tally_make(&tally, &ward_config.engine));
        alarm_of(&tally, 0, lasted_s[i]);
        const int64_t median_ms = tally_median_ms(&tally.rows[0]), lasted_ms = (int64_t)(lasted_s[i] * 1000);
        assert_true(median_ms <= lasted_ms && median_ms >= lasted_ms - lasted_ms / 1024 - 100);
        assert_true(lasted_s[i] > 200 || median_ms == lasted_ms);
        tally_free(&tally);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_grid), cmocka_unit_test(test_overrides),
                                       cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_a_tally),
                                       cmocka_unit_test(test_medians)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
