/*
 * Storms of observations, signals, admissions and restarts over many rules. What must hold of every record and every
 * step stands in support/engine_ward.c; here: the same input gives the same records however it is stepped.
 *
 * WARDGATE_SEED=N runs the storm of that seed first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/draw.h"
#include "tests/unit/support/engine_ward.h"

#define STORMS     12
#define EVENTS     2500
#define RESTART_IN 150

enum what { WHAT_OBSERVATION, WHAT_ADMISSION, WHAT_CONDITION };

struct event {
    enum what what;
    struct observation o;
    uint16_t bed;
    bool on;
};

static struct event events[EVENTS];

static const struct {
    const char *when, *clear;
    int limit;
} pool[] = {
    {"hr > limit", NULL, 120},
    {"hr < limit or pulse < limit", "min(hr, 5s) > limit + 5", 60},
    {"mean(hr, 10s) > limit and spo2 < 92", NULL, 100},
    {"share(spo2 < limit, 15s) >= 0.8", "min(spo2, 5s) >= limit + 1", 90},
    {"min(spo2, 8s) < limit", "max(spo2, 8s) > 95", 85},
    {"mean(pulse, 4) > limit", NULL, 110},
    {"slope(hr, 20s) > limit", NULL, 30},
    {"nibp_sys < limit", NULL, 90},
    {"mean(nibp_sys, 2) < limit or age(nibp_sys) > 2min", NULL, 95},
    {"max(spo2, 6min) - min(spo2, 6min) > limit", NULL, 20},
    {"count(hr, 10s) < limit", "count(hr, 10s) > limit + 2", 3},
    {"hr / pulse > limit", NULL, 2},
};

static void draw_rule(unsigned number)
{
    static const char *const names[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    const unsigned pick = (unsigned)draw(sizeof pool / sizeof pool[0]);
    const enum priority priority = (enum priority)(1 + draw(3));
    struct rule *rule = ward_add_rule(names[number], pool[pick].when, pool[pick].clear, pool[pick].limit, priority);
    rule->delay_ms = chance(50) ? (uint32_t)draw(12) * 1000 : 0;
    rule->clear_delay_ms = chance(30) ? (uint32_t)draw(8000) : 0;
    rule->latching = chance(20);
    if (pool[pick].clear == NULL && rule->when.limit_direction != 0 && chance(40)) {
        rule->has_hysteresis = true;
        rule->hysteresis_milli = 3000;
    }
    if (chance(50)) {
        rule->unknown_after_ms = 1000 + (uint32_t)draw(20000);
    }
}

static void draw_config(bool replay)
{
    ward_clear_config();
    ward_config.engine.replay = replay;
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_pulse, chance(50) ? 1000 : 3000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_channel(VITAL_nibp_sys, 1000);
    ward_config.channels[2].high_milli = 100000;
    ward_config.channels[3].stale_ms = 100000;
    if (chance(50)) {
        ward_add_monitor();
        ward_config.channels[1].monitor = ward_config.channels[2].monitor = 1;
    }
    ward_add_signal("vtach", SIGNAL_monitor_alarm_high, 0, 0);
    for (unsigned i = 0; i < WARD_RULES_MAX; i++) {
        draw_rule(i);
    }
    ward_add_second_bed();
}

static int64_t draw_pause_ms(void)
{
    if (chance(40)) {
        return chance(60) ? 0 : (int64_t)draw(50);
    }
    if (chance(96)) {
        return (int64_t)draw(1100);
    }
    return (int64_t)draw(chance(90) ? 20000 : 300000);
}

static struct observation draw_observation(void)
{
    static const enum quality bad[] = {QUALITY_ABSENT, QUALITY_SENSOR_OFF, QUALITY_STANDBY, QUALITY_IDENTITY};
    const unsigned c = (unsigned)draw(4);
    struct observation o = {.bed = (uint16_t)draw(2),
                            .monitor = ward_config.channels[c].monitor,
                            .kind = OBSERVATION_VALUE,
                            .vital = (uint8_t)ward_config.channels[c].vital};
    o.value_milli = c == 2 ? (int32_t)(78 + draw(24)) * 1000 : (int32_t)(50 + draw(90)) * 1000;
    if (chance(6)) {
        o.quality = (uint8_t)bad[draw(4)];
    } else if (chance(4)) {
        o.kind = chance(50) ? OBSERVATION_HEARD : OBSERVATION_LOST;
    } else if (chance(2)) {
        o = (struct observation){.bed = o.bed, .kind = OBSERVATION_SIGNAL, .value_milli = (int32_t)draw(2)};
    } else if (c == 3 && chance(50)) {
        o.flags = OBSERVATION_AGE_UNKNOWN;
    }
    return o;
}

static void draw_events(void)
{
    int64_t at_ms = 1000;
    for (unsigned i = 0; i < EVENTS; i++) {
        at_ms += draw_pause_ms();
        events[i] = (struct event){.what = WHAT_OBSERVATION, .o = draw_observation()};
        if (chance(1)) {
            events[i].what = chance(50) ? WHAT_ADMISSION : WHAT_CONDITION;
            events[i].bed = (uint16_t)draw(2);
            events[i].on = chance(50);
            at_ms++; /* observations of the instant of an admission come after it, as in a journal */
        }
        events[i].o.at_ms = at_ms;
    }
}

static void begin_storm(unsigned storm, bool replay)
{
    printf("storm %u: WARDGATE_SEED=%llu\n", storm, (unsigned long long)draw_state);
    draw_config(replay && chance(50));
    draw_events();
}

/* At random instants on the way, or not at all. */
static void step_to(struct ward *ward, int64_t at_ms, bool finely)
{
    while (finely && engine_now(ward->engine) < at_ms - 1 && chance(70)) {
        const int64_t from_ms = engine_now(ward->engine);
        ward_until_ms(ward, from_ms + (int64_t)draw((uint64_t)(at_ms - from_ms)));
        if (engine_next(ward->engine) >= at_ms) {
            break;
        }
    }
    ward_until_ms(ward, at_ms - 1);
}

static void happen(struct ward *ward, const struct event *event, bool finely)
{
    step_to(ward, event->o.at_ms, finely);
    if (event->what == WHAT_OBSERVATION) {
        ward_feed(ward, &event->o);
        return;
    }
    ward_until_ms(ward, event->o.at_ms - 1);
    if (event->what == WHAT_ADMISSION) {
        engine_admit(ward->engine, event->bed, event->o.at_ms);
    } else {
        engine_condition(ward->engine, event->o.at_ms, BUILTIN_bus_down, event->on, PRIORITY_NONE,
                         event->bed == 0 ? "a" : "b");
    }
}

static void assert_same_records(const struct ward *a, const struct ward *b)
{
    char left[WARD_RECORD_TEXT_MAX], right[WARD_RECORD_TEXT_MAX];
    for (unsigned i = 0; i < a->record_count && i < b->record_count; i++) {
        ward_describe(&a->records[i], left);
        ward_describe(&b->records[i], right);
        assert_string_equal(left, right);
    }
    assert_int_equal(a->record_count, b->record_count);
}

/* The same input gives the same records, whenever somebody steps in between. */
static void test_the_same_records_however_stepped(void **state)
{
    (void)state;
    draw_seed(20250107);
    unsigned records = 0;
    for (unsigned storm = 0; storm < STORMS; storm++) {
        begin_storm(storm, true);
        struct ward *coarse = ward_start();
        struct ward *fine = ward_start();
        for (unsigned i = 0; i < EVENTS; i++) {
            happen(coarse, &events[i], false);
            happen(fine, &events[i], true);
        }
        ward_until_ms(coarse, events[EVENTS - 1].o.at_ms + 600000);
        ward_until_ms(fine, events[EVENTS - 1].o.at_ms + 600000);
        assert_same_records(coarse, fine);
        records += coarse->record_count;
        ward_close(coarse);
        ward_close(fine);
    }
    assert_true(records > STORMS * 200);
}

static struct ward *restart_at(struct ward *ward, const struct ward_break *lost)
{
    struct ward *next = ward_restart(ward, lost);
    ward_close(ward);
    return next;
}

/* The next alert of a rule's alarm from record *next on, as text without its numbers; false when there is none. */
static bool next_of_rule(const struct ward *ward, unsigned *next, char text[WARD_RECORD_TEXT_MAX])
{
    for (; *next < ward->record_count; (*next)++) {
        const struct alert *a = &ward->records[*next].alert;
        if (ward->records[*next].kind == RECORD_ALERT && a->key.family == ALARM_OF_RULE) {
            (void)snprintf(text, WARD_RECORD_TEXT_MAX, "%lld: bed %u r%u phase %u state %u value %d since %lld %lld",
                           (long long)a->at_ms, a->key.bed, a->key.index, a->phase, a->state, a->value_milli,
                           (long long)a->violated_at_ms, (long long)a->condition_at_ms);
            (*next)++;
            return true;
        }
    }
    return false;
}

static struct ward *start_admitted(void)
{
    struct ward *ward = ward_start();
    engine_admit(ward->engine, 0, 0);
    engine_admit(ward->engine, 1, 0);
    ward_until_ms(ward, 0);
    return ward;
}

/* A restart that takes no time and loses nothing changes no rule's alarm, ever after. (What stood in a register before
 * the stay is not kept: a value found there counts for nothing after a restart.) */
static void test_a_short_restart_changes_nothing(void **state)
{
    (void)state;
    draw_seed(20250109);
    for (unsigned storm = 0; storm < STORMS; storm++) {
        begin_storm(storm, false);
        struct ward *through = start_admitted();
        struct ward *broken = start_admitted();
        for (unsigned i = 0; i < EVENTS; i++) {
            events[i].o.flags = 0;
            happen(through, &events[i], false);
            happen(broken, &events[i], false);
            if (draw(RESTART_IN) == 0 && i + 1 < EVENTS && events[i + 1].o.at_ms > events[i].o.at_ms) {
                ward_until_ms(broken, events[i].o.at_ms);
                broken = restart_at(
                    broken, &(struct ward_break){.committed = broken->record_count, .begin_ms = events[i].o.at_ms});
            }
        }
        char left[WARD_RECORD_TEXT_MAX], right[WARD_RECORD_TEXT_MAX];
        unsigned a = 0, b = 0;
        while (next_of_rule(through, &a, left)) {
            assert_true(next_of_rule(broken, &b, right));
            assert_string_equal(left, right);
        }
        assert_false(next_of_rule(broken, &b, right));
        ward_close(through);
        ward_close(broken);
    }
}

/* The gateway dies now and then, with some of its records not committed; it comes back after a while, or another boot. */
static void test_storms_with_restarts(void **state)
{
    (void)state;
    draw_seed(20250108);
    for (unsigned storm = 0; storm < STORMS; storm++) {
        begin_storm(storm, false);
        int64_t shift_ms = 0;
        struct ward *ward = ward_start();
        for (unsigned i = 0; i < EVENTS; i++) {
            events[i].o.at_ms += shift_ms;
            happen(ward, &events[i], false);
            if (draw(RESTART_IN) > 0) {
                continue;
            }
            ward_until_ms(ward, events[i].o.at_ms);
            const int64_t down_ms = (int64_t)draw(chance(50) ? 2000 : 200000);
            const unsigned lost = (unsigned)draw(4);
            ward = restart_at(
                ward, &(struct ward_break){.committed = ward->record_count - (lost < ward->record_count ? lost : 0),
                                           .journal_from_ms = events[i].o.at_ms - 600000,
                                           .begin_ms = events[i].o.at_ms + down_ms,
                                           .unverified = chance(20)});
            shift_ms += down_ms;
        }
        ward_until_ms(ward, events[EVENTS - 1].o.at_ms + 600000);
        ward_close(ward);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_records_however_stepped),
        cmocka_unit_test(test_a_short_restart_changes_nothing),
        cmocka_unit_test(test_storms_with_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
