/* A store that is set aside while the gateway runs: what is on is told once more, for the next one does not know it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/engine_ward.h"

static void say(struct ward *ward, int64_t at_ms, bool replaced, const char *detail)
{
    engine_condition(ward->engine, at_ms, BUILTIN_store_replaced, replaced, PRIORITY_NONE, detail);
}

/* Low since 5 s at the one bed; a line is down. */
static struct ward *start_alarmed(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_rule("spo2_low", "spo2 < limit", NULL, 90, PRIORITY_HIGH);
    ward_add_rule("spo2_lower", "spo2 < limit", NULL, 80, PRIORITY_HIGH);
    struct ward *ward = ward_start();
    ward_values(ward, 0, 4, VITAL_spo2, 97);
    ward_values(ward, 5, 9, VITAL_spo2, 85);
    ward_until(ward, 9);
    engine_condition(ward->engine, 9500, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    ward_until_ms(ward, 9500);
    ward_expect(ward, "5 spo2_low start active high 85\n9.5 bus_down start active medium -1\n");
    return ward;
}

static void test_what_is_on_is_told_anew(void **state)
{
    (void)state;
    struct ward *ward = start_alarmed();
    say(ward, 9800, true, "");
    ward_until_ms(ward, 9800);
    ward_expect(ward, "9.8 bus_down update active medium -1\n9.8 store_replaced start active low -1\n"
                      "9.8 spo2_low update active high 85\n");
    assert_int_equal(ward_newest(ward)->rev, 2);
    say(ward, 9900, true, "");
    ward_until_ms(ward, 9900);
    ward_expect(ward, ""); /* that is no news */
    ward_close(ward);
}

static void test_each_time_it_is_news(void **state)
{
    (void)state;
    struct ward *ward = start_alarmed();
    say(ward, 9600, true, "");
    ward_until_ms(ward, 9600);
    ward_expect(ward, "9.6 bus_down update active medium -1\n9.6 store_replaced start active low -1\n"
                      "9.6 spo2_low update active high 85\n");
    say(ward, 9800, true, "2 times since the start");
    ward_until_ms(ward, 9800);
    ward_expect(ward, "9.8 bus_down update active medium -1\n9.8 store_replaced update active low -1\n"
                      "9.8 spo2_low update active high 85\n");
    ward_close(ward);
}

static void test_trends_are_not_worth_it(void **state)
{
    (void)state;
    struct ward *ward = start_alarmed();
    say(ward, 9800, true, CONDITION_TRENDS_ONLY);
    ward_until_ms(ward, 9800);
    ward_expect(ward, "9.8 store_replaced start active low -1\n");
    say(ward, 9900, true, ""); /* now the alerts, too */
    ward_until_ms(ward, 9900);
    ward_expect(ward, "9.9 bus_down update active medium -1\n9.9 store_replaced update active low -1\n"
                      "9.9 spo2_low update active high 85\n");
    ward_close(ward);
}

/* What the same instant says of an alarm needs no second word. */
static void test_one_word_an_instant(void **state)
{
    (void)state;
    struct ward *ward = start_alarmed();
    say(ward, 10000, true, "");
    ward_value(ward, 10, VITAL_spo2, 97);
    ward_until(ward, 10);
    ward_expect(ward, "10 bus_down update active medium -1\n10 store_replaced start active low -1\n"
                      "10 spo2_low end ended high 97\n");
    ward_close(ward);
}

/* After a restart it still holds: that store has what is on. */
static void test_not_after_a_restart(void **state)
{
    (void)state;
    ward_clear_config();
    ward_config.engine.replay = false;
    ward_add_channel(VITAL_hr, 1000);
    struct ward *before = ward_start();
    ward_until(before, 0);
    engine_condition(before->engine, 1000, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    say(before, 1000, true, "");
    ward_until(before, 1);
    const struct ward_break lost = {.committed = before->record_count, .begin_ms = 5000};
    struct ward *after = ward_restart(before, &lost);
    ward_until(after, 5);
    engine_condition(after->engine, 5500, BUILTIN_bus_down, true, PRIORITY_NONE, "line-a");
    say(after, 5500, true, "");
    ward_heard(after, 10, 0);
    ward_until(after, 16);
    ward_expect(after, "");
    ward_close(before);
    ward_close(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_on_is_told_anew), cmocka_unit_test(test_each_time_it_is_news),
        cmocka_unit_test(test_trends_are_not_worth_it), cmocka_unit_test(test_one_word_an_instant),
        cmocka_unit_test(test_not_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
