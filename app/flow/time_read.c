/* A time as people and protocols write it. */
#include <string.h>

#include "app/flow/timebase.h"

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant's days_from_civil). */
static int64_t days_since_1970(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2 ? 1 : 0;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* Exactly `digits` digits as a number, moving *text on. */
static bool take_digits(const char **text, unsigned digits, unsigned *out)
{
    unsigned number = 0;
    for (unsigned i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(**text - '0');
    }
    *out = number;
    return true;
}

static bool take_one_of(const char **text, const char *allowed)
{
    const bool taken = **text != '\0' && strchr(allowed, **text) != NULL;
    *text += taken ? 1 : 0;
    return taken;
}

/* `Z`, `+01:00`, `-05:30`, up to the end of the text. */
static bool take_zone(const char *text, int64_t *out_ms)
{
    const int sign = *text == '-' ? -1 : 1;
    unsigned hours = 0;
    unsigned minutes = 0;
    *out_ms = 0;
    if (take_one_of(&text, "Zz")) {
        return *text == '\0';
    }
    if (!take_one_of(&text, "+-") || !take_digits(&text, 2, &hours) || !take_one_of(&text, ":") ||
        !take_digits(&text, 2, &minutes) || *text != '\0' || hours > 23 || minutes > 59) {
        return false;
    }
    *out_ms = (int64_t)(hours * 60 + minutes) * 60000 * sign;
    return true;
}

/* Thousandths of a second; finer digits are dropped. */
static bool take_fraction(const char **text, unsigned *out_ms)
{
    unsigned scale = 100;
    *out_ms = 0;
    if (!take_one_of(text, ".")) {
        return true;
    }
    const char *const first = *text;
    for (; **text >= '0' && **text <= '9'; (*text)++, scale /= 10) {
        *out_ms += (unsigned)(**text - '0') * scale;
    }
    return *text > first;
}

struct date_time {
    unsigned year, month, day, hour, minute, second, ms;
};

static bool take_date_time(const char **text, struct date_time *out)
{
    return take_digits(text, 4, &out->year) && take_one_of(text, "-") && take_digits(text, 2, &out->month) &&
           take_one_of(text, "-") && take_digits(text, 2, &out->day) && take_one_of(text, "Tt ") &&
           take_digits(text, 2, &out->hour) && take_one_of(text, ":") && take_digits(text, 2, &out->minute) &&
           take_one_of(text, ":") && take_digits(text, 2, &out->second) && take_fraction(text, &out->ms);
}

static bool is_on_the_calendar(const struct date_time *t)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (t->year % 4 == 0 && t->year % 100 != 0) || t->year % 400 == 0;
    if (t->month < 1 || t->month > 12 || t->day < 1 || t->hour > 23 || t->minute > 59 || t->second > 60) {
        return false;
    }
    return t->day <= days[t->month - 1] + (leap && t->month == 2 ? 1U : 0U);
}

bool time_read(const char *text, int64_t *out_wall_ms)
{
    struct date_time t;
    int64_t zone_ms = 0;
    if (!take_date_time(&text, &t) || !is_on_the_calendar(&t) || !take_zone(text, &zone_ms)) {
        return false;
    }
    const int64_t seconds = days_since_1970(t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
    *out_wall_ms = seconds * 1000 + t.ms - zone_ms;
    return true;
}
