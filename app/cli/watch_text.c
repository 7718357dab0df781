#include "app/cli/watch_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/payload.h"

const char *watch_mark(unsigned priority)
{
    static const char *const marks[] = {
        [PRIORITY_NONE] = "", [PRIORITY_LOW] = "!", [PRIORITY_MEDIUM] = "!!", [PRIORITY_HIGH] = "!!!"};
    return marks[priority <= PRIORITY_HIGH ? priority : PRIORITY_NONE];
}

enum style watch_priority_style(unsigned priority)
{
    static const enum style styles[] = {[PRIORITY_NONE] = STYLE_PLAIN,
                                        [PRIORITY_LOW] = STYLE_LOW,
                                        [PRIORITY_MEDIUM] = STYLE_MEDIUM,
                                        [PRIORITY_HIGH] = STYLE_HIGH};
    return styles[priority <= PRIORITY_HIGH ? priority : PRIORITY_NONE];
}

void watch_age_text(int64_t age_ms, char text[WATCH_SHORT_MAX])
{
    const int64_t s = age_ms / 1000;
    if (age_ms < 0) {
        text[0] = '\0';
    } else if (s < 100) {
        (void)snprintf(text, WATCH_SHORT_MAX, "%" PRId64 "s", s);
    } else if (s < 100 * 60) {
        (void)snprintf(text, WATCH_SHORT_MAX, "%" PRId64 "m", s / 60);
    } else if (s < 100 * 3600) {
        (void)snprintf(text, WATCH_SHORT_MAX, "%" PRId64 "h", s / 3600);
    } else {
        (void)snprintf(text, WATCH_SHORT_MAX, "%" PRId64 "d", s / 86400);
    }
}

void watch_span_text(int64_t seconds, char text[WATCH_SHORT_MAX])
{
    const int64_t days = seconds / 86400;
    const int hour = (int)(seconds / 3600 % 24), minute = (int)(seconds / 60 % 60);
    if (days > 0) {
        (void)snprintf(text, WATCH_SHORT_MAX, "%" PRId64 "d %02d:%02d", days, hour, minute);
    } else {
        (void)snprintf(text, WATCH_SHORT_MAX, "%02d:%02d:%02d", hour, minute, (int)(seconds % 60));
    }
}

/* Half away from zero, as a screen shows it. */
void watch_milli_text(int32_t milli, int places, char text[WATCH_SHORT_MAX])
{
    static const int64_t units[] = {1000, 100, 10, 1};
    const int64_t unit = units[places < 0 || places > 3 ? 3 : places];
    const int64_t magnitude = milli < 0 ? -(int64_t)milli : milli;
    const int64_t rounded = (magnitude + unit / 2) / unit, ten = 1000 / unit;
    const char *const sign = milli < 0 && rounded > 0 ? "-" : "";
    if (ten == 1) {
        (void)snprintf(text, WATCH_SHORT_MAX, "%s%" PRId64, sign, rounded);
    } else {
        (void)snprintf(text, WATCH_SHORT_MAX, "%s%" PRId64 ".%0*" PRId64, sign, rounded / ten, places, rounded % ten);
    }
}

const char *watch_unit_text(enum vital vital, bool unicode)
{
    static const struct {
        const char *ucum, *text, *ascii;
    } units[] = {{"mm[Hg]", "mmHg", "mmHg"},
                 {"Cel",
                  "\xC2\xB0"
                  "C",
                  "C"},
                 {"1", "", ""},
                 {"kOhm", "k\xCE\xA9", "kOhm"},
                 {"10*9/L", "10\xE2\x81\xB9/L", "10^9/L"}};
    const char *const ucum = vital_info(vital)->unit;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(ucum, units[i].ucum) == 0) {
            return unicode ? units[i].text : units[i].ascii;
        }
    }
    return ucum;
}

const char *watch_invalid_text(const char *why)
{
    static const struct {
        const char *word, *text;
    } words[] = {{"never", "-"},       {"absent", "--"},     {"sensor_off", "off"}, {"implausible", "impl"},
                 {"rate", "jump"},     {"spike", "spik"},    {"frozen", "frzn"},    {"stale", "old"},
                 {"no_answer", "n/a"}, {"identity", "who?"}, {"demo", "demo"},      {"standby", "stby"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(why, words[i].word) == 0) {
            return words[i].text;
        }
    }
    return "?";
}

bool watch_is_live(const struct watch_vital *vital, int64_t since_ms)
{
    const int64_t age_ms = vital->age_ms > 0 && !vital->is_episodic ? vital->age_ms : 0;
    return vital->is_valid && age_ms + since_ms <= PAYLOAD_VITALS_EXPIRY_MS;
}
