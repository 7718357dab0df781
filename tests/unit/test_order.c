/* The engine's order: time, bed, marks before values, vital; what is equal stays as it came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/flow/order.h"
#include "tests/unit/support/draw.h"

#define COUNT_MAX 512

static struct observation sorted[COUNT_MAX + 1], spare[COUNT_MAX + 1], usual[COUNT_MAX];

static struct observation value(int64_t at_ms, uint16_t bed, enum vital vital, int32_t value_milli)
{
    return (struct observation){.at_ms = at_ms, .bed = bed, .vital = (uint8_t)vital, .value_milli = value_milli};
}

static struct observation mark(int64_t at_ms, uint16_t bed, enum observation_kind kind)
{
    return (struct observation){.at_ms = at_ms, .bed = bed, .kind = (uint8_t)kind};
}

static void expect_same(const struct observation *a, const struct observation *b)
{
    assert_int_equal(a->at_ms, b->at_ms);
    assert_int_equal(a->bed, b->bed);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->vital, b->vital);
    assert_int_equal(a->value_milli, b->value_milli);
}

static void expect_order(const struct observation *given, const unsigned *order, size_t count)
{
    memcpy(sorted, given, count * sizeof *given);
    observations_sort(sorted, spare, count);
    for (size_t i = 0; i < count; i++) {
        expect_same(&sorted[i], &given[order[i]]);
    }
}

static void test_time_then_bed_then_vital(void **state)
{
    (void)state;
    const struct observation given[] = {value(5, 0, VITAL_hr, 1), value(-3, 1, VITAL_hr, 2),
                                        value(-3, 0, VITAL_spo2, 3), value(-3, 0, VITAL_hr, 4),
                                        value(INT64_MIN, 9, VITAL_temp, 5)};
    expect_order(given, (const unsigned[]){4, 3, 2, 1, 0}, 5);
}

static void test_the_last_of_one_instant_stays_last(void **state)
{
    (void)state;
    const struct observation given[] = {value(1, 0, VITAL_hr, 70), value(0, 0, VITAL_hr, 1), value(1, 0, VITAL_hr, 72),
                                        value(1, 0, VITAL_hr, 71)};
    expect_order(given, (const unsigned[]){1, 0, 2, 3}, 4);
}

/* A hole is noted before what came after it; that marks have no vital must not mix up the values around them. */
static void test_marks_come_first(void **state)
{
    (void)state;
    const struct observation given[] = {
        value(1, 0, VITAL_spo2, 90),    mark(1, 0, OBSERVATION_HEARD), value(1, 0, VITAL_hr, 70),
        value(1, 0, VITAL_spo2, 91),    mark(1, 0, OBSERVATION_LOST),  value(1, 0, VITAL_hr, 71),
        mark(1, 0, OBSERVATION_SIGNAL), value(1, 0, VITAL_hr, 72),
    };
    expect_order(given, (const unsigned[]){1, 4, 6, 2, 5, 7, 0, 3}, 8);
}

static void test_few(void **state)
{
    (void)state;
    const struct observation alone = value(3, 1, VITAL_hr, 1);
    observations_sort(sorted, spare, 0);
    expect_order(&alone, (const unsigned[]){0}, 1);
}

static int64_t key(const struct observation *o)
{
    return o->at_ms * 1000 + o->bed * 100 + (o->kind == OBSERVATION_VALUE ? o->vital + 1 : 0);
}

/* Against a plain insertion sort, with few keys so that many are equal. */
static void test_random(void **state)
{
    (void)state;
    draw_seed(11);
    for (unsigned run = 0; run < 300; run++) {
        const size_t count = draw(run < 250 ? 40 : COUNT_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            struct observation o = value((int64_t)draw(3), (uint16_t)draw(2), (enum vital)draw(3), (int32_t)i);
            o.kind = (uint8_t)(chance(30) ? draw(4) : 0);
            sorted[i] = o;
            size_t at = i;
            for (; at > 0 && key(&usual[at - 1]) > key(&o); at--) {
                usual[at] = usual[at - 1];
            }
            usual[at] = o;
        }
        memset(&sorted[count], 0x5A, sizeof sorted[0]);
        memset(spare, 0x5A, sizeof spare);
        observations_sort(sorted, spare, count);
        for (size_t i = 0; i < count; i++) {
            expect_same(&sorted[i], &usual[i]);
        }
        assert_memory_equal(&sorted[count], &spare[count], sizeof sorted[0]); /* neither was written beyond its end */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_then_bed_then_vital),
        cmocka_unit_test(test_the_last_of_one_instant_stays_last),
        cmocka_unit_test(test_marks_come_first),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
