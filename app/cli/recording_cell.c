/* Cells of a recording: numbers and times. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/recording.h"

/* A decimal number as thousandths; digits beyond the third round half away from zero. */
static bool parse_milli(const char *text, int64_t most, int64_t *out)
{
    const bool negative = *text == '-';
    text += *text == '-' || *text == '+' ? 1 : 0;
    int64_t milli = 0;
    int digits = 0;
    int places = -1; /* before the point */
    bool round_up = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && places < 0); text++) {
        if (*text == '.') {
            places = 0;
            continue;
        }
        digits++;
        if (places < 3) {
            milli = milli * 10 + (*text - '0');
        } else if (places == 3) {
            round_up = *text >= '5';
        }
        places += places >= 0 && places < 4 ? 1 : 0;
        if (milli > most) {
            return false;
        }
    }
    for (int scale = places < 0 ? 0 : places; scale < 3; scale++) {
        milli *= 10;
    }
    milli += round_up ? 1 : 0;
    if (digits == 0 || *text != '\0' || milli > most) {
        return false;
    }
    *out = negative ? -milli : milli;
    return true;
}

bool recording_number(const char *text, int32_t *out_milli)
{
    int64_t milli = 0;
    if (!parse_milli(text, INT32_MAX, &milli)) {
        return false;
    }
    *out_milli = (int32_t)milli;
    return true;
}

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

static bool parse_zone(const char *text, int64_t *out_ms)
{
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *out_ms = 0;
        return true;
    }
    unsigned hours = 0;
    unsigned minutes = 0;
    int length = 0;
    if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &length) != 2 ||
        text[1 + length] != '\0' || hours > 23 || minutes > 59) {
        return false;
    }
    *out_ms = (int64_t)(hours * 60 + minutes) * 60000 * (*text == '-' ? -1 : 1);
    return true;
}

static bool is_date(unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 60;
}

static bool parse_rfc3339(const char *text, int64_t *out_ms)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    int length = 0;
    if (sscanf(text, "%4u-%2u-%2u%*1[Tt ]%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute, &second, &length) != 6 ||
        !is_date(month, day, hour, minute, second)) {
        return false;
    }
    text += length;
    int64_t fraction_ms = 0;
    if (*text == '.') {
        char digits[12] = "0";
        const size_t count = strspn(text + 1, "0123456789");
        (void)snprintf(digits, sizeof digits, "0%.*s", (int)(count > 9 ? 9 : count) + 1, text);
        if (count == 0 || !parse_milli(digits, 1000, &fraction_ms)) {
            return false;
        }
        text += 1 + count;
    }
    int64_t zone_ms = 0;
    if (!parse_zone(text, &zone_ms)) {
        return false;
    }
    const int64_t seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *out_ms = seconds * 1000 + fraction_ms - zone_ms;
    return true;
}

bool recording_time(const char *text, int64_t *out_ms, bool *out_absolute)
{
    *out_absolute = strlen(text) > 10 && text[4] == '-';
    if (*out_absolute) {
        return parse_rfc3339(text, out_ms);
    }
    return parse_milli(text, INT64_C(1) << 52, out_ms);
}
