#include "app/cli/check_store.h"

#include <stdio.h>

#include "app/flow/commit.h"
#include "app/flow/trend_keeper.h"
#include "app/settings/value.h"
#include "drivers/store/store.h"
#include "drivers/store/trends.h"

#define DAY_MS        86400000ULL
#define DAYS_A_YEAR   365U
#define MINUTES_A_DAY 1440U
#define BEATS_A_DAY   (DAY_MS * 1000 / COMMIT_BEAT_US)
#define YEARS_TOLD    100U /* more is no figure to tell */

/* The monitor is heard as often as its quickest vital comes, which stands in the journal, too. */
static uint64_t journal_tenths_a_day(const struct bed_config *bed)
{
    uint64_t values = 0;
    uint32_t quickest_ms = UINT32_MAX;
    for (uint16_t c = 0; c < bed->channel_count; c++) {
        const struct channel_config *channel = &bed->channels[c];
        if (channel->entered || channel->episodic || channel->period_ms == 0) {
            continue;
        }
        values += DAY_MS / channel->period_ms;
        quickest_ms = channel->period_ms < quickest_ms ? channel->period_ms : quickest_ms;
    }
    return values * WEAR_VALUE_TENTHS + (quickest_ms == UINT32_MAX ? 0 : DAY_MS / quickest_ms * WEAR_HEARD_TENTHS);
}

/* Each second puts whole sectors into the file; a sync writes the blocks that they lie in, and begins and ends amid one. */
static uint64_t journal_wear(const struct plan *plan)
{
    uint64_t tenths = 0;
    for (uint16_t b = 0; b < plan->engine.bed_count; b++) {
        tenths += journal_tenths_a_day(&plan->engine.beds[b]);
    }
    if (tenths == 0) {
        return 0;
    }
    const uint64_t put = tenths / 10 / BEATS_A_DAY + WEAR_PUT_BYTES;
    const uint64_t sectors = (put + STORE_JOURNAL_SECTOR - 1) / STORE_JOURNAL_SECTOR;
    const uint64_t by_time = DAY_MS / plan->settings->store.journal_interval_ms;
    const uint64_t by_size = tenths / 10 / COMMIT_JOURNAL_BYTES;
    return (BEATS_A_DAY * sectors + (by_time > by_size ? by_time : by_size) * WEAR_SYNC_SECTORS) * STORE_JOURNAL_SECTOR;
}

static uint64_t trends_wear(const struct plan *plan)
{
    unsigned vitals = 0;
    for (uint16_t b = 0; b < plan->engine.bed_count; b++) {
        vitals += plan->engine.beds[b].channel_count;
    }
    const uint64_t minute = trends_minute_bytes(plan->engine.bed_count, vitals);
    const uint64_t commits = (plan->engine.bed_count + TREND_ROWS_MOST - 1) / TREND_ROWS_MOST;
    return plan_trends_bytes(plan) == 0
               ? 0
               : MINUTES_A_DAY * (commits * WEAR_COMMIT_BYTES + minute * WEAR_TRENDS_PERCENT / 100);
}

void check_store_wear(const struct plan *plan, struct store_wear *out)
{
    *out = (struct store_wear){.journal_bytes = journal_wear(plan),
                               .trends_bytes = trends_wear(plan),
                               .alert_bytes = (uint64_t)plan->engine.bed_count * WEAR_ALERTS_A_DAY * WEAR_ALERT_BYTES};
}

void check_store_outage(const struct plan *plan, struct store_outage *out)
{
    const uint64_t alerts = store_outbox_bytes(plan->settings->store.size_bytes) / OUTBOX_ALERT_BYTES;
    const uint64_t a_day = (uint64_t)plan->engine.bed_count * WEAR_ALERTS_A_DAY;
    *out = (struct store_outage){.alerts = alerts, .days = a_day == 0 ? 0 : alerts / a_day};
}

static void print_outage(const struct plan *plan)
{
    struct store_outage outage;
    check_store_outage(plan, &outage);
    (void)printf(
        "  without a broker: about %llu alerts wait, %llu days of %u a bed; then those that are over give way, low\n"
        "  priority first, and a record says which\n",
        (unsigned long long)outage.alerts, (unsigned long long)outage.days, WEAR_ALERTS_A_DAY);
}

static uint64_t mib_of(uint64_t bytes)
{
    return (bytes + (1U << 20) - 1) >> 20;
}

static void print_trends(const struct plan *plan)
{
    char keep[VALUE_TEXT_MAX];
    const uint64_t bytes = plan_trends_bytes(plan);
    value_print_duration(plan->settings->store.trends_keep_ms, keep);
    if (bytes == 0) {
        (void)printf("  trends: none are kept\n");
    } else {
        (void)printf("  trends: a row a minute of each vital for %s, %llu MiB beside that\n", keep,
                     (unsigned long long)mib_of(bytes));
    }
}

static void print_years(const struct plan *plan, uint64_t day_bytes)
{
    char endurance[VALUE_TEXT_MAX];
    const uint64_t years =
        day_bytes == 0 ? YEARS_TOLD : plan->settings->store.endurance_bytes / day_bytes / DAYS_A_YEAR;
    value_print_size((int64_t)plan->settings->store.endurance_bytes, endurance);
    if (years >= YEARS_TOLD) {
        (void)printf("  a disk that bears %s lasts over %u years of that\n", endurance, YEARS_TOLD);
    } else if (years == 0) {
        (void)printf("  a disk that bears %s lasts LESS THAN A YEAR of that: raise journal_interval\n", endurance);
    } else {
        (void)printf("  a disk that bears %s lasts about %llu years of that\n", endurance, (unsigned long long)years);
    }
}

void check_store(const struct plan *plan)
{
    const struct settings *settings = plan->settings;
    struct store_wear wear;
    char keep[VALUE_TEXT_MAX];
    check_store_wear(plan, &wear);
    const uint64_t together = wear.journal_bytes + wear.trends_bytes + wear.alert_bytes;
    value_print_duration(settings->store.history_keep_ms, keep);
    (void)printf("\nstore %s, %llu MiB; history for %s, or until the room is needed\n", settings->store.path,
                 (unsigned long long)settings->store.size_bytes >> 20, keep);
    print_outage(plan);
    print_trends(plan);
    (void)printf("  written in a day: about %llu MiB (journal %llu, trends %llu, %u alerts a bed %llu)\n",
                 (unsigned long long)mib_of(together), (unsigned long long)mib_of(wear.journal_bytes),
                 (unsigned long long)mib_of(wear.trends_bytes), WEAR_ALERTS_A_DAY,
                 (unsigned long long)mib_of(wear.alert_bytes));
    print_years(plan, together);
}
