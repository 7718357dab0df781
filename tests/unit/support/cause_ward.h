/*
 * cause_ward.h: a bed of which much may be blind for one reason, and the line on which it hangs. Included by one file of a program.
 */
#ifndef WARDGATE_TESTS_CAUSE_WARD_H
#define WARDGATE_TESTS_CAUSE_WARD_H

#include "tests/unit/support/engine_ward.h"

/* A live bed with a saturation and a heart rate a second, both on line 0, and rules of each priority. */
static inline void configure(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("desat", "spo2 < limit", NULL, 80, PRIORITY_HIGH);
    ward_add_rule("low", "mean(spo2, 20s) < limit", NULL, 90, PRIORITY_MEDIUM);
    ward_add_rule("fast", "hr > limit", NULL, 120, PRIORITY_HIGH);
    ward_config.engine.replay = false;
    ward_config.engine.line_count = 2;
    ward_config.engine.stay_after_ms = 1000;
}

static inline void both(struct ward *ward, int from_s, int to_s)
{
    for (int s = from_s; s <= to_s; s++) {
        ward_value(ward, s, VITAL_hr, 80);
        ward_value(ward, s, VITAL_spo2, 97);
    }
}

/* Until 20 s with a patient, whose admission is entered. */
static inline struct ward *start(void)
{
    struct ward *ward = ward_start();
    both(ward, 0, 10);
    assert_int_equal(ward_tell(ward, 10.5, COMMAND_admit), VERDICT_ACCEPTED);
    both(ward, 11, 50);
    ward->text[0] = '\0';
    return ward;
}

static inline void line(struct ward *ward, double seconds, uint16_t number, enum line_state state)
{
    const int64_t at_ms = (int64_t)(seconds * 1000);
    ward_until_ms(ward, at_ms - 1);
    engine_line(ward->engine, at_ms, number, state);
}

static inline void bus(struct ward *ward, double seconds, bool on, const char *detail)
{
    const int64_t at_ms = (int64_t)(seconds * 1000);
    ward_until_ms(ward, at_ms - 1);
    engine_condition(ward->engine, at_ms, BUILTIN_bus_down, on, PRIORITY_NONE, detail);
    ward_until_ms(ward, at_ms);
}

/* As app/flow/conditions.c tells it: closed first, down after 10 s. */
static inline void down(struct ward *ward, double closed_s, double down_s)
{
    line(ward, closed_s, 0, LINE_CLOSED);
    line(ward, down_s, 0, LINE_DOWN);
    bus(ward, down_s, true, "line-a");
}

static inline void back(struct ward *ward, double seconds)
{
    line(ward, seconds, 0, LINE_OPEN);
    bus(ward, seconds, false, "");
}

#endif
