/* Cells of a recording: numbers and times. */
#include <string.h>

#include "app/cli/recording_cell.h"
#include "app/flow/timebase.h"

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

bool recording_time(const char *text, int64_t *out_ms, bool *out_absolute)
{
    *out_absolute = strlen(text) > 10 && text[4] == '-';
    if (*out_absolute) {
        return time_read(text, out_ms);
    }
    return parse_milli(text, INT64_C(1) << 52, out_ms);
}
