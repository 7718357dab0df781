#include "tests/ward/ward_masimo.h"

#include <stdio.h>
#include <time.h>

enum { EXC_LOW_PERFUSION = 0x004, EXC_SEARCH = 0x008, EXC_SENSOR_OFF = 0x020, EXC_SET = 0x800, WEAK_MILLI = 400 };
enum { STAMP_MAX = 32, NUMBER_MAX = 16 };

static void write_stamp(int64_t wall_ms, char stamp[STAMP_MAX])
{
    struct tm when;
    const time_t seconds = (time_t)(wall_ms / 1000);
    (void)gmtime_r(&seconds, &when);
    (void)snprintf(stamp, STAMP_MAX, "%02d/%02d/%02d %02d:%02d:%02d", (when.tm_mon + 1) % 100, when.tm_mday % 100,
                   when.tm_year % 100, when.tm_hour % 100, when.tm_min % 100, when.tm_sec % 100);
}

static unsigned exceptions(const struct ward_bank *bank)
{
    const int32_t perfusion = ward_bank_get(bank, WARD_perfusion);
    if (ward_bank_has_bit(bank, WARD_BIT_probe_off)) {
        return EXC_SET | EXC_SENSOR_OFF;
    }
    if (ward_bank_get(bank, WARD_pulse) == WARD_ABSENT) {
        return EXC_SET | EXC_SEARCH;
    }
    return EXC_SET | (perfusion != WARD_ABSENT && perfusion < WEAK_MILLI ? EXC_LOW_PERFUSION : 0U);
}

/* 0 when there is none. */
static int32_t value(const struct ward_bank *bank, enum ward_vital vital)
{
    const int32_t milli = ward_bank_get(bank, vital);
    return milli == WARD_ABSENT || milli < 0 || ward_bank_has_bit(bank, WARD_BIT_probe_off) ? 0 : milli;
}

/* Three digits, or dashes. */
static void write_whole(int32_t milli, char text[NUMBER_MAX])
{
    (void)snprintf(text, NUMBER_MAX, milli == 0 ? "---" : "%03d", milli / 1000 % 1000);
}

size_t ward_masimo_ascii1(const struct ward_bank *bank, const char *serial, int64_t wall_ms,
                          char line[WARD_MASIMO_LINE_MAX])
{
    char stamp[STAMP_MAX];
    char spo2[NUMBER_MAX];
    char pulse[NUMBER_MAX];
    char perfusion[NUMBER_MAX] = "--.--";
    const int32_t pi = value(bank, WARD_perfusion);
    write_stamp(wall_ms, stamp);
    write_whole(value(bank, WARD_spo2), spo2);
    write_whole(value(bank, WARD_pulse), pulse);
    if (pi != 0) {
        (void)snprintf(perfusion, sizeof perfusion, "%02d.%02d", pi / 1000 % 100, pi / 10 % 100);
    }
    return (size_t)snprintf(line, WARD_MASIMO_LINE_MAX,
                            "%s SN=%s SPO2=%s%% BPM=%s PI=%s%% SPCO=--.-%% SPMET=--.-%% DESAT=-- PIDELTA=+-- PVI=--- "
                            "ALARM=0000 EXC=%06X\r\n",
                            stamp, serial, spo2, pulse, perfusion, exceptions(bank));
}

size_t ward_masimo_rad8(const struct ward_bank *bank, int64_t wall_ms, char line[WARD_MASIMO_LINE_MAX])
{
    char stamp[STAMP_MAX];
    const unsigned bits = exceptions(bank);
    const int32_t pi = value(bank, WARD_perfusion);
    const char *words = (bits & EXC_SENSOR_OFF) != 0      ? "OffPat,SET"
                        : (bits & EXC_SEARCH) != 0        ? "Search,SET"
                        : (bits & EXC_LOW_PERFUSION) != 0 ? "LowPI,SET"
                                                          : "SET";
    write_stamp(wall_ms, stamp);
    return (size_t)snprintf(line, WARD_MASIMO_LINE_MAX, "%s SpO2=%03d PR=%03d PI=%02d.%02d EXC=%03X:%s\n", stamp,
                            value(bank, WARD_spo2) / 1000 % 1000, value(bank, WARD_pulse) / 1000 % 1000,
                            pi / 1000 % 100, pi / 10 % 100, bits, words);
}
