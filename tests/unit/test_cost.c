/* The most that a rule can cost: what makes it more, what the numbers are for rules and beds, and that none is free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/cost.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])

static struct channel_config channels[] = {{.vital = VITAL_hr, .period_ms = 1000},
                                           {.vital = VITAL_spo2, .period_ms = 1000},
                                           {.vital = VITAL_resp, .period_ms = 1000}};
static struct bed_config beds[2] = {
    {.id = "b1", .patient_class = CLASS_adult, .channels = channels, .channel_count = LENGTH_OF(channels)},
    {.id = "b2", .patient_class = CLASS_adult, .channels = channels, .channel_count = 1}};

static struct rule rule_of(const char *when, const char *clear)
{
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct rule rule = {.name = "rule", .has_clear = clear != NULL};
    struct expression_fault fault;
    assert_true(expression_compile(when, &names, 700, &rule.when, &fault));
    if (clear != NULL) {
        assert_true(expression_compile(clear, &names, 700, &rule.clear, &fault));
    }
    return rule;
}

static struct rule_cost cost_of(const char *when, const char *clear)
{
    const struct rule rule = rule_of(when, clear);
    return rule_cost_at(&rule, &beds[0]);
}

/* Each costs more than the one before it, a look and a second. */
static void test_more_asked_costs_more(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "spo2 < limit",
        "mean(spo2, 5s) < limit",
        "mean(spo2, 1min) < limit",
        "mean(spo2, 1h) < limit",
        "mean(spo2, 1h) < limit and spo2 < 90",
        "mean(spo2, 1h) < limit and max(hr, 10s) > 100",
        "mean(spo2, 1h) < limit and max(hr, 10s) > 100 and slope(resp, 1h) > 3",
    };
    struct rule_cost before = {.look = 0};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        const struct rule_cost cost = cost_of(texts[i], NULL);
        if (cost.look <= before.look || cost.per_s <= before.per_s) {
            fail_msg("%s: %llu a look, %llu a second", texts[i], (unsigned long long)cost.look,
                     (unsigned long long)cost.per_s);
        }
        before = cost;
    }
}

static void test_what_ends_an_alarm_counts(void **state)
{
    (void)state;
    const struct rule_cost plain = cost_of("spo2 < limit", NULL);
    assert_true(cost_of("spo2 < limit", "min(spo2, 5s) > limit").look > plain.look);
    struct rule rule = rule_of("spo2 < limit", NULL);
    rule.has_hysteresis = true;
    assert_true(rule_cost_at(&rule, &beds[0]).look > plain.look);
}

static struct rule_cost cost_of_score(const char *when)
{
    beds[0].scores = 1U << SCORE_news2;
    const struct rule_cost cost = cost_of(when, NULL);
    beds[0].scores = 0;
    return cost;
}

/* More of N observations, an answer to calculate with, an age (looked at twice), a share (which is tallied as values come). */
static void test_each_kind_of_question_counts(void **state)
{
    (void)state;
    assert_true(cost_of("max(spo2, 1000) < limit", NULL).look > cost_of("max(spo2, 3) < limit", NULL).look);
    assert_true(cost_of("max(spo2, 1000) < limit", NULL).per_s > cost_of("max(spo2, 3) < limit", NULL).per_s);
    assert_true(cost_of("mean(hr, 1min) - mean(hr, 1h) > 5", NULL).look >
                cost_of("mean(hr, 1min) > 5 and mean(hr, 1h) > 5", NULL).look);
    assert_true(cost_of("age(spo2) > 1min", NULL).look > cost_of("spo2 < limit", NULL).look);
    const struct rule_cost mean = cost_of("mean(spo2, 1min) > 0.5", NULL);
    const struct rule_cost share = cost_of("share(spo2 < limit, 1min) > 0.5", NULL);
    assert_true(share.per_s - mean.per_s > 2 * (share.look - mean.look));
}

/* What a score is made of comes together once a second, also where the rule asks for nothing else. */
static void test_a_score_is_asked_once_a_second(void **state)
{
    (void)state;
    const struct rule_cost score = cost_of_score("news2 >= 7");
    assert_true(score.per_s > score.look);
    assert_true(score.per_s < 2 * score.look);
    assert_true(cost_of_score("news2 >= 7 and spo2 < limit").per_s > cost_of("spo2 < limit", NULL).per_s + score.look);
}

/* A trend costs, but only of what is measured all the time, and an estimate a bin is less than a look a value. */
static void test_what_is_foreseen_counts(void **state)
{
    (void)state;
    struct rule rule = rule_of("spo2 < limit", NULL);
    const struct rule_cost plain = rule_cost_at(&rule, &beds[0]);
    rule.foresee_ms = 900000;
    const struct rule_cost foreseen = rule_cost_at(&rule, &beds[0]);
    assert_true(foreseen.look == plain.look);
    assert_true(foreseen.per_s > plain.per_s + plain.look / 30 && foreseen.per_s < 3 * plain.per_s);
    channels[1].episodic = true;
    assert_true(rule_cost_at(&rule, &beds[0]).per_s == plain.per_s);
    channels[1].episodic = false;
}

/* Twice as often costs twice as much; what is passed over, little. */
static void test_how_often_counts(void **state)
{
    (void)state;
    const uint64_t slow = cost_of("spo2 < limit", NULL).per_s;
    channels[1].period_ms = 500;
    const uint64_t fast = cost_of("spo2 < limit", NULL).per_s;
    channels[1].period_ms = 1000;
    assert_true(fast > slow + slow / 2 && fast <= 2 * slow);
    channels[2].period_ms = 10;
    const uint64_t passed = cost_of("spo2 < limit", NULL).per_s;
    channels[2].period_ms = 1000;
    assert_true(passed > slow && passed < 3 * slow);
    channels[1].period_ms = 60 * 60 * 1000; /* once an hour is not nothing */
    assert_true(cost_of("spo2 < limit", NULL).per_s > 0);
    channels[1].period_ms = 1000;
}

static void test_sum_is_over_the_beds_that_have_it(void **state)
{
    (void)state;
    struct rule rules[2] = {rule_of("spo2 < limit", NULL), rule_of("hr > limit", NULL)};
    const struct engine_config config = {.beds = beds, .bed_count = 2, .rules = rules, .rule_count = 2};
    const uint64_t wanted = rule_cost_at(&rules[0], &beds[0]).per_s + rule_cost_at(&rules[1], &beds[0]).per_s +
                            rule_cost_at(&rules[1], &beds[1]).per_s;
    assert_true(engine_config_cost_per_s(&config) == wanted);
    static const struct override_config off = {.rule = 1, .parameter = OVERRIDE_OFF};
    const uint64_t less = rule_cost_at(&rules[1], &beds[0]).per_s;
    beds[0].overrides = &off;
    beds[0].override_count = 1;
    assert_true(engine_config_cost_per_s(&config) == wanted - less);
    beds[0].override_count = 0;
}

/* The dearest that the language allows, every millisecond, is far from what the numbers hold. */
static void test_dearest_rule_fits(void **state)
{
    (void)state;
    static const char text[] = "stddev(hr, 24h) > 3 or stddev(hr, 23h) > 3 or stddev(hr, 22h) > 3 or "
                               "stddev(spo2, 24h) > 3 or stddev(spo2, 23h) > 3 or stddev(spo2, 22h) > 3 or "
                               "slope(resp, 24h) > 3 or slope(resp, 23h) > 3 or slope(resp, 22h) > 3";
    for (unsigned c = 0; c < LENGTH_OF(channels); c++) {
        channels[c].period_ms = 1;
    }
    const struct rule_cost cost = cost_of(text, NULL);
    for (unsigned c = 0; c < LENGTH_OF(channels); c++) {
        channels[c].period_ms = 1000;
    }
    assert_true(cost.per_s > COST_CORE_PER_S / 2);
    assert_true(cost.per_s < UINT64_MAX / 256 / 128 / 1000);
}

/* A channel whose period nobody knows is taken as the fastest there is; an age costs once, however often it is asked. */
static void test_what_is_not_known_is_dear(void **state)
{
    (void)state;
    const uint64_t known = cost_of("mean(hr, 10s) > limit", NULL).per_s;
    channels[0].period_ms = 0;
    assert_true(cost_of("mean(hr, 10s) > limit", NULL).per_s > known);
    struct rule foreseen = rule_of("hr > limit", NULL);
    const uint64_t unforeseen = rule_cost_at(&foreseen, &beds[0]).per_s;
    foreseen.foresee_ms = 600000;
    assert_true(rule_cost_at(&foreseen, &beds[0]).per_s > unforeseen);
    channels[0].period_ms = 1000;
    const uint64_t once = cost_of("age(hr) > limit", NULL).look,
                   twice = cost_of("age(hr) > limit or age(spo2) > 3s", NULL).look;
    assert_true(twice > once && twice < 2 * once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_asked_costs_more),
        cmocka_unit_test(test_what_ends_an_alarm_counts),
        cmocka_unit_test(test_what_is_foreseen_counts),
        cmocka_unit_test(test_how_often_counts),
        cmocka_unit_test(test_sum_is_over_the_beds_that_have_it),
        cmocka_unit_test(test_each_kind_of_question_counts),
        cmocka_unit_test(test_a_score_is_asked_once_a_second),
        cmocka_unit_test(test_dearest_rule_fits),
        cmocka_unit_test(test_what_is_not_known_is_dear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
