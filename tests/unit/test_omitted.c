/* The ranges of a record: whatever comes in whatever order, they hold it exactly, in order, and tell when they can hold no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/flow/omitted.h"
#include "app/flow/payload.h"
#include "drivers/store/store.h"
#include "tests/unit/support/draw.h"

enum { SEQ_MAX_TRIED = 400 };

static void check(const struct omitted *o, const bool wanted[SEQ_MAX_TRIED + 2], unsigned count)
{
    uint64_t held = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        const struct omitted_range *range = &o->ranges[i];
        assert_true(range->from <= range->through);
        assert_true(i == 0 || range->from > range[-1].through + 1);
        for (uint64_t seq = range->from; seq <= range->through; seq++) {
            assert_true(wanted[seq]);
        }
        held += range->through - range->from + 1;
    }
    assert_int_equal(held, count);
    assert_int_equal(omitted_alerts(o), count);
}

static void test_any_order(void **state)
{
    (void)state;
    draw_seed(20260401);
    for (unsigned run = 0; run < 300; run++) {
        struct omitted o = {.count = 0};
        bool wanted[SEQ_MAX_TRIED + 2] = {false};
        unsigned count = 0;
        const uint64_t most = 2 + draw(SEQ_MAX_TRIED - 2);
        for (unsigned i = 0; i < 600; i++) {
            const uint64_t seq = 1 + draw(most);
            const uint32_t ranges = o.count;
            const bool new = !wanted[seq];
            if (omitted_add(&o, seq, (enum priority)draw(4), (int64_t)seq * 1000)) {
                wanted[seq] = true;
                count += new ? 1 : 0;
            } else {
                assert_true(new &&ranges == OMITTED_RANGES_MAX && !wanted[seq - 1] && !wanted[seq + 1]);
            }
            check(&o, wanted, count);
        }
        assert_int_equal(o.oldest_wall_ms % 1000, 0);
        assert_true(o.oldest_wall_ms <= o.newest_wall_ms && wanted[o.oldest_wall_ms / 1000]);
    }
}

static void test_as_it_is_sent(void **state)
{
    (void)state;
    static const struct payload_context context = {.gateway = "gw-7e", .boot = "00c0ffee", .epoch = "8f3a"};
    char out[STORE_VALUE_MAX];
    struct omitted o = {.count = 0};
    assert_true(omitted_add(&o, 8, PRIORITY_MEDIUM, 1767323045678));
    assert_true(omitted_add(&o, 2, PRIORITY_LOW, 1767323046678));
    assert_true(omitted_add(&o, 3, PRIORITY_NONE, 1767323044678));
    assert_true(payload_omitted(&context, &o, 1767323100000, out, sizeof out) > 0);
    assert_string_equal(out,
                        "{\"schema\":\"1\",\"epoch\":\"8f3a\",\"alerts\":3,\"by_priority\":{\"high\":0,\"medium\":1,"
                        "\"low\":1,\"none\":1},\"seq_ranges\":[[2,3],[8,8]],"
                        "\"oldest_at\":\"2026-01-02T03:04:04.678Z\",\"newest_at\":\"2026-01-02T03:04:06.678Z\","
                        "\"at\":\"2026-01-02T03:05:00.000Z\",\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\"}");
}

/* The largest fits a row of the store. */
static void test_the_largest_fits(void **state)
{
    (void)state;
    static const struct payload_context context = {
        .gateway = "abcdefghijklmnopqrstuvwxyz012345", .boot = "00c0ffee", .epoch = "0123456789abcdef0123456789abcdef"};
    char out[STORE_VALUE_MAX];
    struct omitted o = {.count = 0};
    for (unsigned i = 0; i < OMITTED_RANGES_MAX; i++) {
        assert_true(omitted_add(&o, UINT64_MAX - 1 - 2ULL * i, PRIORITY_LOW, 253402300799999));
    }
    for (unsigned p = 0; p <= PRIORITY_HIGH; p++) {
        o.alerts[p] = UINT64_MAX / 4;
    }
    assert_false(omitted_add(&o, 7, PRIORITY_LOW, 0));
    assert_true(payload_omitted(&context, &o, 253402300799999, out, sizeof out) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_as_it_is_sent),
        cmocka_unit_test(test_the_largest_fits),
    };
    return cmocka_run_group_tests_name("omitted", tests, NULL, NULL);
}
