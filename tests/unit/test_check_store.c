/* What is written to the disk in a day, as `wardgate check` tells: from the beds, their vitals and the store's settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/cli/check_store.h"
#include "drivers/store/trends.h"

enum { BEDS = 4, CHANNELS = 6 };

static struct settings settings;
static struct channel_config channels[CHANNELS];
static struct bed_config beds[BEDS];
static struct plan plan;

static int set_up(void **state)
{
    (void)state;
    for (unsigned c = 0; c < CHANNELS; c++) {
        channels[c] = (struct channel_config){.vital = (enum vital)c, .period_ms = 1000};
    }
    for (unsigned b = 0; b < BEDS; b++) {
        beds[b] = (struct bed_config){.channels = channels, .channel_count = CHANNELS};
    }
    settings.store.journal_interval_ms = 10000;
    settings.store.trends_keep_ms = 86400000;
    plan = (struct plan){.settings = &settings, .engine = {.beds = beds, .bed_count = BEDS}};
    return 0;
}

static struct store_wear wear(void)
{
    struct store_wear out;
    check_store_wear(&plan, &out);
    return out;
}

static void test_the_journal(void **state)
{
    (void)state;
    const uint64_t put = BEDS * (CHANNELS * 5 / 2 + 8) + 48; /* bytes a second: under a sector */
    assert_true(put < 512);
    assert_true(wear().journal_bytes == (UINT64_C(86400) + 8640 * 7) * 512);
    settings.store.journal_interval_ms = 1000; /* ten times the syncs, the same sectors */
    assert_true(wear().journal_bytes == (UINT64_C(86400) + 86400 * 7) * 512);
    settings.store.journal_interval_ms = 60000;
    channels[0].period_ms = 1; /* so many that a row is full before its time */
    const uint64_t quick = UINT64_C(86400) * BEDS * (1000 * 105 / 10 + (CHANNELS - 1) * 5 / 2 + 0);
    const uint64_t sectors = (quick / 86400 + 48 + 511) / 512;
    assert_in_range(wear().journal_bytes, (86400 * sectors + quick / 15872 * 7 - 100) * 512,
                    (86400 * sectors + quick / 15872 * 7 + 5000) * 512);
}

/* What people enter, or a cuff measures, is too rare to count. */
static void test_nothing_comes_by_itself(void **state)
{
    (void)state;
    for (unsigned c = 0; c < CHANNELS; c++) {
        channels[c].entered = c % 2 == 0;
        channels[c].episodic = c % 2 == 1;
    }
    assert_int_equal(wear().journal_bytes, 0);
}

static void test_trends_and_alerts(void **state)
{
    (void)state;
    assert_true(wear().trends_bytes ==
                1440 * (UINT64_C(34816) + trends_minute_bytes(BEDS, BEDS * CHANNELS) * 460 / 100));
    assert_int_equal(wear().alert_bytes, 30 * BEDS * 110000);
    settings.store.trends_keep_ms = 0;
    assert_int_equal(wear().trends_bytes, 0);
    assert_true(plan_trends_bytes(&plan) == 0);
}

static void test_without_a_broker(void **state)
{
    (void)state;
    struct store_outage outage;
    settings.store.size_bytes = UINT64_C(128) << 20;
    check_store_outage(&plan, &outage);
    assert_int_equal(outage.alerts, (UINT64_C(96) << 20) / 100 * 70 / 900);
    assert_int_equal(outage.days, outage.alerts / (30 * BEDS));
    plan.engine.bed_count = 0;
    check_store_outage(&plan, &outage);
    assert_int_equal(outage.days, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_journal, set_up),
        cmocka_unit_test_setup(test_nothing_comes_by_itself, set_up),
        cmocka_unit_test_setup(test_trends_and_alerts, set_up),
        cmocka_unit_test_setup(test_without_a_broker, set_up),
    };
    return cmocka_run_group_tests_name("check_store", tests, NULL, NULL);
}
