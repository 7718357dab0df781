/* Rules over all beds: votes of beds, the gateway's alarm, whom it names, restart and retirement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/engine_internal.h"
#include "app/engine/ward_rule.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/supply_ward.h"

enum { BEDS = 4 };

/* SpO2 once a second at four beds; `beds` of them below 90 at once are the condition. */
static int set_up(void **state)
{
    (void)state;
    supply_configure(BEDS, 3, PRIORITY_HIGH);
    return 0;
}

static void test_enough_beds_at_once(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 3, 3);
    ward_expect(ward, "");
    all(ward, 4, 4, 7);
    ward_expect(ward, "4 supply start active high -1\n");
    const struct alert *a = ward_newest(ward);
    assert_int_equal(a->key.bed, BED_NONE);
    assert_int_equal(a->kind, KIND_PHYSIOLOGICAL);
    assert_int_equal(a->bed_seq, 0);
    assert_false(a->has_limit || a->has_value);
    assert_string_equal(a->detail, "b1, b2, b3");
    all(ward, 5, 5, 3);
    ward_expect(ward, "5 supply end ended high -1\n");
    ward_close(ward);
}

static void test_met_though_others_are_unknown(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    some(ward, 1, 2, 7, 7);
    ward_expect(ward, "1 supply start active high -1\n");
    ward_close(ward);
}

/* Two met, two unknown of three: neither; it is timed, and known as soon as one of them is. */
static void test_unknown_is_timed_and_ends_nothing(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 0);
    some(ward, 3, 20, 3, 3); /* two and two: they may be it */
    ward_expect(ward, "");
    some(ward, 21, 40, 3, 3);
    ward_expect(ward, "33.5 supply.not_monitored start active high -1\n"); /* from 3.5 on nothing stands there */
    some(ward, 41, 41, 7, 3);
    ward_expect(ward, "");
    all(ward, 42, 42, 3);
    ward_expect(ward, "42 supply.not_monitored end ended high -1\n");
    all(ward, 43, 43, 7);
    ward_expect(ward, "43 supply start active high -1\n");
    some(ward, 44, 60, 3, 3); /* the others say nothing: it goes on */
    ward_expect(ward, "");
    some(ward, 61, 80, 3, 0); /* nor would they be enough */
    ward_expect(ward, "61 supply end ended high -1\n");
    ward_close(ward);
}

static void test_delay_clear_delay_and_ties(void **state)
{
    (void)state;
    rule->delay_ms = 2000;
    rule->clear_delay_ms = 3000;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    all(ward, 3, 3, 3); /* the delay's last instant: not any more */
    ward_expect(ward, "");
    all(ward, 4, 6, 7);
    ward_expect(ward, "6 supply start active high -1\n");
    assert_int_equal(ward_newest(ward)->violated_at_ms, 4000);
    all(ward, 7, 9, 3);
    all(ward, 10, 10, 11);
    all(ward, 11, 14, 3);
    ward_expect(ward, "10 supply update active high -1\n14 supply end ended high -1\n");
    ward_close(ward);
}

/* Who joins is told once in an alarm; who leaves is not forgotten. */
static void test_who_joins_is_named(void **state)
{
    (void)state;
    rule->beds = 2;
    struct ward *ward = ward_start();
    all(ward, 1, 1, 6);
    assert_string_equal(ward_newest(ward)->detail, "b2, b3");
    all(ward, 2, 2, 3);
    all(ward, 3, 3, 6);
    all(ward, 4, 4, 15);
    ward_expect(ward,
                "1 supply start active high -1\n2 supply update active high -1\n4 supply update active high -1\n");
    assert_string_equal(ward_newest(ward)->detail, "b1, b2, b3, b4");
    all(ward, 5, 5, 0);
    all(ward, 6, 6, 12);
    ward_expect(ward, "5 supply end ended high -1\n6 supply start active high -1\n");
    assert_string_equal(ward_newest(ward)->detail, "b3, b4");
    ward_close(ward);
}

static void test_long_lists_are_cut(void **state)
{
    (void)state;
    for (unsigned b = 0; b < BEDS; b++) {
        static const char *const ids[BEDS] = {"a-bed-with-a-very-long-name-0001", "a-bed-with-a-very-long-name-0002",
                                              "a-bed-with-a-very-long-name-0003", "a-bed-with-a-very-long-name-0004"};
        ward_config.beds[b].id = ids[b];
    }
    struct ward *ward = ward_start();
    all(ward, 1, 1, 15);
    assert_string_equal(ward_newest(ward)->detail,
                        "a-bed-with-a-very-long-name-0001, a-bed-with-a-very-long-name-0002 and 2 more");
    ward_close(ward);
}

static void test_hysteresis_at_each_bed(void **state)
{
    (void)state;
    rule->has_hysteresis = true;
    rule->hysteresis_milli = 2000;
    struct ward *ward = ward_start();
    all(ward, 1, 1, 7);
    for (uint16_t b = 0; b < (uint16_t)BEDS; b++) {
        ward_bed_value(ward, 2, b, VITAL_spo2, b == 3 ? ABOVE : 91);
    }
    ward_until(ward, 2);
    ward_expect(ward, "1 supply start active high -1\n");
    ward_bed_value(ward, 3, 0, VITAL_spo2, 92);
    ward_until(ward, 3);
    ward_expect(ward, "3 supply end ended high -1\n");
    ward_close(ward);
}

static void test_clear_at_each_bed(void **state)
{
    (void)state;
    static const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    rule->has_clear = true;
    assert_true(expression_compile("spo2 >= limit + 3", &names, 700, &rule->clear, &fault));
    struct ward *ward = ward_start();
    all(ward, 1, 1, 7);
    for (uint16_t b = 0; b < (uint16_t)BEDS; b++) {
        ward_bed_value(ward, 2, b, VITAL_spo2, b == 3 ? ABOVE : 92);
    }
    ward_until(ward, 2);
    ward_expect(ward, "1 supply start active high -1\n");
    ward_bed_value(ward, 3, 0, VITAL_spo2, 93);
    ward_until(ward, 3);
    ward_expect(ward, "3 supply end ended high -1\n");
    ward_close(ward);
}

/* A patient who is away or gone has no vote, and does not make the others unknown. */
static void test_away_and_discharged_beds_have_no_vote(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    assert_int_equal(ward_tell(ward, 3, COMMAND_away), VERDICT_ACCEPTED);
    ward_until(ward, 3);
    ward_expect(ward,
                "1 supply start active high -1\n3 patient_away start active none -1\n3 supply end ended high -1\n");
    ward_close(ward);
    ward = ward_start();
    all(ward, 1, 2, 7);
    assert_int_equal(ward_tell(ward, 3, COMMAND_discharge), VERDICT_ACCEPTED);
    some(ward, 4, 40, 14, 6);
    ward_expect(ward, "1 supply start active high -1\n3 supply end ended high -1\n");
    ward_close(ward);
}

/* A limit of one bed's own counts there. */
static void test_limits_are_those_of_the_bed(void **state)
{
    (void)state;
    static const struct override_config own = {.rule = 0, .value_milli = 80000};
    ward_config.beds[2].overrides = &own;
    ward_config.beds[2].override_count = 1;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    ward_expect(ward, "");
    all(ward, 3, 3, 11);
    ward_expect(ward, "3 supply start active high -1\n");
    ward_close(ward);
}

/* A bed that does not have the vital is none of those asked: it neither votes nor leaves the rule unknown. */
static void test_a_bed_without_the_vital_has_no_vote(void **state)
{
    (void)state;
    static struct channel_config heart = {.vital = VITAL_hr, .period_ms = 1000, .high_milli = 300000};
    ward_config.beds[3].channels = &heart;
    struct ward *ward = ward_start();
    some(ward, 1, 3, 7, 3);
    ward_expect(ward, "");
    ward_bed_value(ward, 4, 3, VITAL_hr, 70);
    some(ward, 4, 4, 7, 7);
    ward_expect(ward, "4 supply start active high -1\n");
    assert_string_equal(ward_newest(ward)->detail, "b1, b2, b3");
    some(ward, 5, 5, 7, 3);
    ward_expect(ward, "5 supply end ended high -1\n"); /* two, and nobody could be the third */
    ward_close(ward);
}

/* Windows that fill for the first time are not missed, however long they take. */
static void test_filling_windows_are_excused(void **state)
{
    (void)state;
    (void)set_up(state);
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    rule = ward_add_ward_rule("supply", "mean(spo2, 1min) < limit", 3, 90, PRIORITY_HIGH);
    ward_add_beds(BEDS);
    struct ward *ward = ward_start();
    all(ward, 1, 60, 7);
    ward_expect(ward, "");
    all(ward, 61, 61, 7);
    ward_expect(ward, "61 supply start active high -1\n");
    ward_close(ward);
}

/* In the name of whoever lies in the third bed. */
static enum command_verdict acknowledge(struct ward *ward, double seconds, const struct alert *alert)
{
    const struct bed_command command = {
        .kind = COMMAND_acknowledge, .bed = 2, .stay = ward_stay(ward, 2), .alarm_id = alert->id, .rev = alert->rev};
    return ward_command(ward, seconds, &command);
}

/* From any bed: silenced until it ends; one that latches stays until then. */
static void test_acknowledged_from_a_bed(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    const struct alert seen = *ward_newest(ward);
    assert_int_equal(acknowledge(ward, 2.5, &seen), VERDICT_ACCEPTED);
    assert_int_equal(ward_newest(ward)->key.bed, BED_NONE);
    assert_int_equal(ward_newest(ward)->inactivation, INACTIVATION_ACKNOWLEDGED);
    assert_int_equal(acknowledge(ward, 2.6, &seen), VERDICT_REVISION);
    const struct alert silenced = *ward_newest(ward);
    assert_int_equal(acknowledge(ward, 2.7, &silenced), VERDICT_NOTHING);
    all(ward, 3, 3, 0);
    ward_expect(ward, "1 supply start active high -1\n2.5 supply acknowledge active high -1\n"
                      "3 supply end ended high -1\n");
    assert_int_equal(acknowledge(ward, 3.5, &silenced), VERDICT_UNKNOWN_ALARM);
    ward_close(ward);
}

static void test_latched_until_acknowledged(void **state)
{
    (void)state;
    rule->latching = true;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    all(ward, 3, 5, 0);
    ward_expect(ward, "1 supply start active high -1\n3 supply update latched high -1\n");
    const struct alert seen = *ward_newest(ward);
    assert_int_equal(acknowledge(ward, 5.5, &seen), VERDICT_ACCEPTED);
    all(ward, 6, 7, 0);
    all(ward, 8, 8, 7);
    ward_expect(ward, "5.5 supply end ended high -1\n8 supply start active high -1\n");
    ward_close(ward);
}

/* Met again by more beds while it waits for somebody: one update says both. */
static void test_latched_and_joined_at_once(void **state)
{
    (void)state;
    rule->latching = true;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    all(ward, 3, 5, 0);
    all(ward, 6, 6, 15);
    ward_expect(ward, "1 supply start active high -1\n3 supply update latched high -1\n"
                      "6 supply update active high -1\n");
    assert_string_equal(ward_newest(ward)->detail, "b1, b2, b3, b4");
    assert_int_equal(ward_newest(ward)->rev, 3);
    ward_close(ward);
}

/* Two rules over the same beds: each has its own alarm, its own acknowledgement, and both come back after a restart. */
static void test_two_rules(void **state)
{
    (void)state;
    static const char *const ids[BEDS] = {"bed", "b", "be", "bed1"};
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_ward_rule("supply", "spo2 < limit", 3, 90, PRIORITY_HIGH);
    ward_add_ward_rule("many", "spo2 < limit", 2, 90, PRIORITY_LOW);
    ward_add_beds(BEDS);
    for (unsigned b = 0; b < BEDS; b++) {
        ward_config.beds[b].id = ids[b];
    }
    struct ward *ward = ward_start();
    all(ward, 1, 2, 10);
    ward_expect(ward, "1 many start active low -1\n");
    assert_string_equal(ward_newest(ward)->detail, "b, bed1");
    const struct alert seen = *ward_newest(ward);
    assert_int_equal(acknowledge(ward, 2.5, &seen), VERDICT_ACCEPTED);
    ward_expect(ward, "2.5 many acknowledge active low -1\n");
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 3000, .none = true};
    struct ward *next = ward_restart(ward, &lost);
    ward_until(next, 3);
    all(next, 4, 5, 10); /* nobody new: those two are named already */
    ward_expect(next, "");
    all(next, 6, 6, 11);
    ward_expect(next, "6 supply start active high -1\n6 many update active low -1\n");
    assert_string_equal(ward_newest(next)->detail, "bed, b, bed1");
    all(next, 7, 7, 0);
    ward_expect(next, "7 supply end ended high -1\n7 many end ended low -1\n");
    ward_close(next);
    ward_close(ward);
}

/* That nobody can tell is an alarm, too, and goes on after a restart. */
static void test_not_monitored_over_a_restart(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 0);
    some(ward, 3, 40, 3, 3);
    ward_expect(ward, "33.5 supply.not_monitored start active high -1\n");
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 40500, .none = true};
    struct ward *next = ward_restart(ward, &lost);
    some(next, 41, 50, 3, 3);
    ward_expect(next, "");
    all(next, 51, 51, 3);
    ward_expect(next, "51 supply.not_monitored end ended high -1\n");
    ward_close(next);
    ward_close(ward);
}

/* Stops after 5 s, goes on at 6 s with what was committed. */
static void test_restart(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 5, 7);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 6000, .none = true};
    struct ward *next = ward_restart(ward, &lost);
    ward_until(next, 6);
    ward_expect(next, "");
    all(next, 7, 8, 7);
    ward_expect(next, "");
    all(next, 9, 9, 15);
    ward_expect(next, "9 supply update active high -1\n");
    assert_string_equal(ward_newest(next)->detail, "b1, b2, b3, b4");
    assert_int_equal(ward_newest(next)->rev, 2);
    all(next, 10, 10, 0);
    ward_expect(next, "10 supply end ended high -1\n");
    ward_close(next);
    ward_close(ward);
}

/* What started after the last commit starts once more, though no vote changes; what nobody can vouch for says so. */
static void test_restart_before_the_commit(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 4, 3);
    const unsigned committed = ward->record_count;
    all(ward, 5, 5, 7);
    ward_expect(ward, "5 supply start active high -1\n");
    struct ward *next = ward_restart(ward, &(struct ward_break){.committed = committed, .begin_ms = 5500});
    ward_until(next, 6);
    ward_expect(next, "5.5 supply start active high -1\n");
    ward_close(next);
    next =
        ward_restart(ward, &(struct ward_break){.committed = ward->record_count, .begin_ms = 6000, .unverified = true});
    ward_until(next, 6);
    ward_expect(next, "6 supply update active high -1\n");
    assert_true(ward_newest(next)->unverified);
    ward_close(next);
    ward_close(ward);
}

/* The delay goes on through a restart whose journal has what came. */
static void test_restart_within_the_delay(void **state)
{
    (void)state;
    rule->delay_ms = 10000;
    struct ward *ward = ward_start();
    all(ward, 1, 5, 7);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 5000, .none = true};
    struct ward *next = ward_restart(ward, &lost);
    all(next, 6, 11, 7);
    ward_expect(next, "11 supply start active high -1\n");
    assert_int_equal(ward_newest(next)->violated_at_ms, 1000);
    ward_close(next);
    ward_close(ward);
}

static void test_unverified_after_a_break(void **state)
{
    (void)state;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 100000, .unverified = true};
    struct ward *next = ward_restart(ward, &lost);
    ward_until(next, 100);
    ward_expect(next, "100 supply update active high -1\n");
    assert_true(ward_newest(next)->unverified);
    all(next, 101, 101, 7);
    ward_expect(next, "101 supply update active high -1\n");
    assert_false(ward_newest(next)->unverified);
    ward_close(next);
    ward_close(ward);
}

static void test_retired_when_the_next_has_it_no_more(void **state)
{
    (void)state;
    struct engine_config next = ward_config.engine;
    struct ward *ward = ward_start();
    all(ward, 1, 2, 7);
    engine_retire(ward->engine, 2000, &next);
    ward_until(ward, 2);
    ward_expect(ward, "1 supply start active high -1\n"); /* it is there */
    ward_close(ward);
    ward = ward_start();
    all(ward, 1, 2, 7);
    next.rule_count = 0;
    engine_retire(ward->engine, 2000, &next);
    ward_until(ward, 2);
    ward_expect(ward, "1 supply start active high -1\n2 supply end ended high -1\n");
    ward_close(ward);
    struct rule of_bed = *rule; /* the same name, another thing */
    ward = ward_start();
    all(ward, 1, 2, 7);
    of_bed.is_of_ward = false;
    next.rules = &of_bed;
    next.rule_count = 1;
    engine_retire(ward->engine, 2000, &next);
    ward_until(ward, 2);
    ward_expect(ward, "1 supply start active high -1\n2 supply end ended high -1\n");
    ward_close(ward);
}

static void test_names_are_found_where_they_are(void **state)
{
    (void)state;
    struct alarm_key key;
    assert_true(alarm_find(&ward_config.engine, BED_NONE, "supply", &key));
    assert_int_equal(key.family, ALARM_OF_RULE);
    assert_true(alarm_find(&ward_config.engine, BED_NONE, "supply.not_monitored", &key));
    assert_int_equal(key.family, ALARM_NOT_MONITORED);
    assert_false(alarm_find(&ward_config.engine, 0, "supply", &key));
    assert_true(alarm_find(&ward_config.engine, BED_NONE, "bus_down", &key));
    assert_false(alarm_find(&ward_config.engine, 0, "bus_down", &key));
}

/* What is counted by changes is what a look at all beds finds: through random values, silence, absence, discharges. */
static void check_votes(const struct ward *ward, unsigned met_and_unknown[2])
{
    const struct ward_rule *w = &ward->engine->ward_rules[0];
    unsigned met = 0, unknown = 0;
    for (unsigned b = 0; b < BEDS; b++) {
        const struct bed *bed = &ward->engine->beds[b];
        if (bed->state.stay == 0 || bed_is_away(bed) || engine_now(ward->engine) < bed->state.stay_start_ms) {
            continue;
        }
        const enum verdict verdict =
            expression_verdict(&w->at[b]->when, w->at[b]->parameters_micro, engine_now(ward->engine));
        met += verdict == VERDICT_MET ? 1 : 0;
        unknown += verdict == VERDICT_UNKNOWN ? 1 : 0;
    }
    assert_int_equal(w->when.met, met);
    assert_int_equal(w->when.unknown, unknown);
    if (met >= rule->beds) {
        assert_true(w->life.alarm.raised);
    } else if (met + unknown < rule->beds) {
        assert_false(w->life.alarm.raised);
    }
    met_and_unknown[0] += met >= rule->beds ? 1 : 0;
    met_and_unknown[1] += met < rule->beds && met + unknown >= rule->beds ? 1 : 0;
}

static void test_random_votes_are_counted_right(void **state)
{
    (void)state;
    unsigned seen[2] = {0};
    rule->beds = 2;
    draw_seed(20260901);
    struct ward *ward = ward_start();
    for (int t = 1; t <= 2500; t++) {
        for (uint16_t b = 0; b < (uint16_t)BEDS; b++) {
            if (chance(60)) {
                ward_bed_value(ward, t, b, VITAL_spo2, chance(40) ? BELOW : ABOVE);
            }
        }
        ward_until(ward, t);
        check_votes(ward, seen);
        if (chance(5)) {
            static const enum command_kind kinds[] = {COMMAND_away, COMMAND_back, COMMAND_discharge, COMMAND_admit};
            (void)ward_tell(ward, t + 0.5, kinds[draw(4)]);
            check_votes(ward, seen);
        }
        ward->text[0] = '\0';
    }
    assert_true(seen[0] > 300 && seen[1] > 300);
    ward_close(ward);
}

/* What changes nothing of one rule does not make it begin earlier when another one is looked at. */
static void test_rules_on_different_vitals(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_channel(VITAL_hr, 1000);
    ward_add_ward_rule("supply", "spo2 < limit", 2, 90, PRIORITY_HIGH)->delay_ms = 5000;
    ward_add_ward_rule("hearts", "hr > limit", 2, 120, PRIORITY_MEDIUM);
    ward_add_beds(BEDS);
    struct ward *ward = ward_start();
    for (int t = 1; t <= 7; t++) {
        for (uint16_t b = 0; b < (uint16_t)BEDS; b++) {
            ward_bed_value(ward, t, b, VITAL_spo2, BELOW);
            ward_bed_value(ward, t, b, VITAL_hr, t == 3 ? 130 : 80);
        }
    }
    ward_until(ward, 7);
    ward_expect(ward, "3 hearts start active medium -1\n4 hearts end ended medium -1\n6 supply start active high -1\n");
    ward_close(ward);
}

/* Each has its own life, over a restart, too. */
static void test_the_second_of_two_rules_comes_back(void **state)
{
    (void)state;
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_ward_rule("most", "spo2 < limit", 4, 90, PRIORITY_HIGH);
    ward_add_ward_rule("some", "spo2 < limit", 2, 90, PRIORITY_MEDIUM)->latching = true;
    ward_add_beds(BEDS);
    struct ward *ward = ward_start();
    all(ward, 1, 3, 3);
    ward_expect(ward, "1 some start active medium -1\n");
    const struct ward_break lost = {.committed = ward->record_count, .begin_ms = 4000, .none = true};
    struct ward *next = ward_restart(ward, &lost);
    all(next, 4, 6, 0);
    ward_expect(next, "4 some update latched medium -1\n");
    assert_int_equal(acknowledge(next, 7, ward_newest(next)), VERDICT_ACCEPTED);
    ward_expect(next, "7 some end ended medium -1\n");
    ward_close(next);
    ward_close(ward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_on_different_vitals),
        cmocka_unit_test(test_the_second_of_two_rules_comes_back),
        cmocka_unit_test_setup(test_enough_beds_at_once, set_up),
        cmocka_unit_test_setup(test_met_though_others_are_unknown, set_up),
        cmocka_unit_test_setup(test_unknown_is_timed_and_ends_nothing, set_up),
        cmocka_unit_test_setup(test_delay_clear_delay_and_ties, set_up),
        cmocka_unit_test_setup(test_who_joins_is_named, set_up),
        cmocka_unit_test_setup(test_long_lists_are_cut, set_up),
        cmocka_unit_test_setup(test_hysteresis_at_each_bed, set_up),
        cmocka_unit_test_setup(test_clear_at_each_bed, set_up),
        cmocka_unit_test_setup(test_away_and_discharged_beds_have_no_vote, set_up),
        cmocka_unit_test_setup(test_limits_are_those_of_the_bed, set_up),
        cmocka_unit_test_setup(test_filling_windows_are_excused, set_up),
        cmocka_unit_test_setup(test_acknowledged_from_a_bed, set_up),
        cmocka_unit_test_setup(test_latched_until_acknowledged, set_up),
        cmocka_unit_test_setup(test_a_bed_without_the_vital_has_no_vote, set_up),
        cmocka_unit_test_setup(test_latched_and_joined_at_once, set_up),
        cmocka_unit_test_setup(test_two_rules, set_up),
        cmocka_unit_test_setup(test_not_monitored_over_a_restart, set_up),
        cmocka_unit_test_setup(test_restart, set_up),
        cmocka_unit_test_setup(test_restart_before_the_commit, set_up),
        cmocka_unit_test_setup(test_restart_within_the_delay, set_up),
        cmocka_unit_test_setup(test_unverified_after_a_break, set_up),
        cmocka_unit_test_setup(test_retired_when_the_next_has_it_no_more, set_up),
        cmocka_unit_test_setup(test_names_are_found_where_they_are, set_up),
        cmocka_unit_test_setup(test_random_votes_are_counted_right, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
