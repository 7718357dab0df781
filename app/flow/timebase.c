#include "app/flow/timebase.h"

#include <assert.h>
#include <stdbool.h>

#define DAY_MS             INT64_C(86400000)
#define WALL_MS_LOWEST     INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define WALL_MS_HIGHEST    INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define DAYS_TO_MARCH_0    INT64_C(719468)          /* from 0000-03-01 to 1970-01-01 */
#define DAYS_PER_400_YEARS 146097

struct date {
    int year, month, day;
};

/* Proleptic Gregorian. Years are counted from 1 March, so that the leap day is the last of its year and a month's first
 * day follows from its number alone (153 days in each five months). */
static struct date date_of_day(int64_t days_since_1970)
{
    const int64_t days = days_since_1970 + DAYS_TO_MARCH_0 + DAYS_PER_400_YEARS; /* not negative from year 0 on */
    const int cycle = (int)(days / DAYS_PER_400_YEARS) - 1;
    const int day_of_cycle = (int)(days % DAYS_PER_400_YEARS);
    const int year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / (DAYS_PER_400_YEARS - 1)) / 365;
    const int day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    const int month_from_march = (5 * day_of_year + 2) / 153;
    const bool is_next_year = month_from_march >= 10;
    return (struct date){
        .year = 400 * cycle + year_of_cycle + (is_next_year ? 1 : 0),
        .month = is_next_year ? month_from_march - 9 : month_from_march + 3,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

int64_t timebase_engine_ms(const struct timebase *base, int64_t boot_us)
{
    return boot_us / 1000 + base->anchor_ms;
}

int64_t timebase_boot_us(const struct timebase *base, int64_t engine_ms)
{
    return (engine_ms - base->anchor_ms) * 1000;
}

/* So many digits, and what stands behind them; printf takes ten times as long, and every payload has instants. */
static char *put_number(char *out, unsigned number, unsigned digits, char behind)
{
    for (unsigned i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    out[digits] = behind;
    return out + digits + 1;
}

void time_text(int64_t wall_ms, char text[TIME_TEXT_MAX])
{
    const int64_t clamped = wall_ms < WALL_MS_LOWEST    ? WALL_MS_LOWEST
                            : wall_ms > WALL_MS_HIGHEST ? WALL_MS_HIGHEST
                                                        : wall_ms;
    const int64_t since_lowest = clamped - WALL_MS_LOWEST; /* not negative: / and % round the way days do */
    const struct date date = date_of_day(since_lowest / DAY_MS + WALL_MS_LOWEST / DAY_MS);
    const unsigned ms = (unsigned)(since_lowest % DAY_MS);
    char *at = text;
    at = put_number(at, (unsigned)date.year, 4, '-');
    at = put_number(at, (unsigned)date.month, 2, '-');
    at = put_number(at, (unsigned)date.day, 2, 'T');
    at = put_number(at, ms / 3600000, 2, ':');
    at = put_number(at, ms / 60000 % 60, 2, ':');
    at = put_number(at, ms / 1000 % 60, 2, '.');
    at = put_number(at, ms % 1000, 3, 'Z');
    *at = '\0';
    assert(at == text + TIME_TEXT_MAX - 1);
}
