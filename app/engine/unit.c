/*
 * Units: what else a vital's value may be given in. The canonical unit of the vital decides. A concentration of gas
 * where a pressure is wanted is not on the list: it would take the barometer.
 *
 * Exact by definition: 1 mm[Hg] = 133.322387415 Pa (13 595.1 kg/m3 at 9.80665 m/s2), 1 cm[H2O] = 98.0665 Pa,
 * 1 [in_i'H2O] = 249.08891 Pa, 1 psi = 4.4482216152605 N / 0.00064516 m2, 0 Cel = 273.15 K. Glucose: 1 mmol/L is
 * 18.016 mg/dL (180.16 g/mol). ST: the paper's 10 mm/mV.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/vital.h"
#include "app/engine/wide.h"

#define MICRO_PER_MILLI 1000

struct unit {
    const char *canonical;
    const char *names[4]; /* UCUM, or what stands for it in messages, first */
    struct unit_conversion conversion;
};

static const struct unit units[] = {
    {"/min", {"/min", "bpm", "1/min", "rpm"}, {1, 1, 0}},
    {"%", {"%", "percent"}, {1, 1, 0}},
    {"%", {"1", "fraction"}, {100, 1, 0}},
    {"mm[Hg]", {"mm[Hg]", "mmHg"}, {1, 1, 0}},
    {"mm[Hg]", {"kPa"}, {200000000000, 26664477483, 0}},
    {"mm[Hg]", {"mbar", "hPa"}, {20000000000, 26664477483, 0}},
    {"mm[Hg]", {"cm[H2O]", "cmH2O"}, {100000, 135951, 0}},
    {"Cel", {"Cel", "\302\260C", "degC", "C"}, {1, 1, 0}},
    {"Cel", {"[degF]", "\302\260F", "degF", "F"}, {5, 9, -32000}},
    {"Cel", {"K"}, {1, 1, -273150}},
    {"mmol/L", {"mmol/L", "mmol/l"}, {1, 1, 0}},
    {"mmol/L", {"mg/dL", "mg/dl"}, {1000, 18016, 0}},
    {"mm", {"mm"}, {1, 1, 0}},
    {"mm", {"mV"}, {10, 1, 0}},
    {"mm", {"uV", "\302\265V"}, {1, 100, 0}},
    {"Pa", {"Pa"}, {1, 1, 0}},
    {"Pa", {"hPa", "mbar"}, {100, 1, 0}},
    {"Pa", {"kPa"}, {1000, 1, 0}},
    {"Pa", {"mm[H2O]", "mmH2O"}, {980665, 100000, 0}},
    {"Pa", {"[in_i'H2O]", "inH2O", "inWC"}, {24908891, 100000, 0}},
    {"kOhm", {"kOhm", "k\316\251"}, {1, 1, 0}},
    {"kOhm", {"Ohm", "\316\251"}, {1, 1000, 0}},
    {"kOhm", {"MOhm", "M\316\251"}, {1000, 1, 0}},
    {"kPa", {"kPa"}, {1, 1, 0}},
    {"kPa", {"Pa"}, {1, 1000, 0}},
    {"kPa", {"MPa"}, {1000, 1, 0}},
    {"kPa", {"mbar", "hPa"}, {1, 10, 0}},
    {"kPa", {"bar"}, {100, 1, 0}},
    {"kPa", {"[psi]", "psi"}, {8896443230521, 1290320000000, 0}},
    {"kPa", {"mm[Hg]", "mmHg"}, {26664477483, 200000000000, 0}},
    {"L/min", {"L/min", "l/min"}, {1, 1, 0}},
    {"s", {"s"}, {1, 1, 0}},
    {"10*9/L", {"10*9/L", "10^9/L", "G/L"}, {1, 1, 0}},
    {"1", {"1"}, {1, 1, 0}},
};

enum { UNITS = sizeof(units) / sizeof(units[0]), UNIT_NAMES = sizeof(units[0].names) / sizeof(units[0].names[0]) };

static bool measures(const struct unit *unit, enum vital vital)
{
    return strcmp(unit->canonical, vital_info(vital)->unit) == 0;
}

static bool is_called(const struct unit *unit, const char *name)
{
    for (unsigned index = 0; index < UNIT_NAMES && unit->names[index] != NULL; index++) {
        if (strcmp(unit->names[index], name) == 0) {
            return true;
        }
    }
    return false;
}

bool unit_find(enum vital vital, const char *unit, struct unit_conversion *out)
{
    assert(unit != NULL && out != NULL);
    for (unsigned index = 0; index < UNITS; index++) {
        if (measures(&units[index], vital) && is_called(&units[index], unit)) {
            *out = units[index].conversion;
            return true;
        }
    }
    return false;
}

/* No result that fits comes from further out: of all units the smallest for its vital is a thousandth. */
#define VALUE_MICRO_MAX (INT64_MAX / 4)

bool unit_convert(const struct unit_conversion *conversion, int64_t value_micro, int32_t *out_milli)
{
    assert(conversion != NULL && conversion->multiplier > 0 && conversion->divisor > 0 && out_milli != NULL);
    if (value_micro > VALUE_MICRO_MAX || value_micro < -VALUE_MICRO_MAX) {
        return false;
    }
    const int64_t shifted_micro = value_micro + conversion->offset_milli * MICRO_PER_MILLI;
    const bool negative = shifted_micro < 0;
    const struct wide divisor = wide_product(conversion->divisor, MICRO_PER_MILLI);
    struct wide rest;
    const struct wide whole =
        wide_divide(wide_product(negative ? -shifted_micro : shifted_micro, conversion->multiplier), divisor, &rest);
    if (whole.high != 0 || whole.low > (uint64_t)INT32_MAX + 1) {
        return false;
    }
    const bool rounds_up = wide_compare(rest, wide_subtract(divisor, rest)) >= 0;
    const int64_t size_milli = (int64_t)whole.low + (rounds_up ? 1 : 0);
    const int64_t milli = negative ? -size_milli : size_milli;
    if (milli > INT32_MAX || milli < INT32_MIN) {
        return false;
    }
    *out_milli = (int32_t)milli;
    return true;
}

void unit_names(enum vital vital, char *text, size_t size)
{
    assert(text != NULL && size > 0);
    size_t used = 0;
    text[0] = '\0';
    for (unsigned index = 0; index < UNITS && used < size; index++) {
        if (measures(&units[index], vital)) {
            const int length = snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", units[index].names[0]);
            used += length > 0 ? (size_t)length : 0;
        }
    }
}
