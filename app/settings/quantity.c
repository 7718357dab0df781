#include "app/settings/quantity.h"

#include <assert.h>

#include "app/engine/vital.h"
#include "app/settings/report.h"
#include "app/settings/value.h"

static bool is_same_conversion(const struct unit_conversion *a, const struct unit_conversion *b)
{
    return a->multiplier == b->multiplier && a->divisor == b->divisor && a->offset_milli == b->offset_milli;
}

static bool report_wrong_unit(const struct reader *reader, const struct node *node, const char *unit, uint32_t vitals)
{
    char units[96] = "";
    for (unsigned i = 0; i < VITAL_COUNT && units[0] == '\0'; i++) {
        if ((vitals & UINT32_C(1) << i) != 0) {
            unit_names((enum vital)i, units, sizeof units);
        }
    }
    if (units[0] == '\0') {
        report_fault(reader->report, node, "\"%.20s\" is no unit here, give a plain number", unit);
    } else {
        report_fault(reader->report, node, "\"%.20s\" is no unit of this value, possible: %s", unit, units);
    }
    return false;
}

/* What a unit means for the vitals that can be measured in it. */
static bool find_conversion(const struct reader *reader, const struct node *node, const char *unit, uint32_t vitals,
                            struct unit_conversion *out)
{
    bool is_found = false;
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        struct unit_conversion conversion;
        if ((vitals & UINT32_C(1) << i) == 0 || !unit_find((enum vital)i, unit, &conversion)) {
            continue;
        }
        if (is_found && !is_same_conversion(&conversion, out)) {
            report_fault(reader->report, node,
                         "\"%.20s\" means different things for the vitals here, give plain numbers", unit);
            return false;
        }
        *out = conversion;
        is_found = true;
    }
    return is_found || report_wrong_unit(reader, node, unit, vitals);
}

static bool read_written(const struct reader *reader, const struct node *node, int64_t *out_micro, const char **unit)
{
    enum value_result result = VALUE_NOT_A_NUMBER;
    if (node->kind == NODE_TEXT) {
        result = value_read_quantity(node->text, out_micro, unit);
    }
    if (result != VALUE_OK) {
        report_fault(reader->report, node, "must be a number, with its unit or without, such as 90 or \"180 mg/dL\"");
    }
    return result == VALUE_OK;
}

/* False: it is no duration, or one that does not fit. */
static bool read_time(const struct node *node, int32_t *out_milli)
{
    int64_t ms = 0;
    if (node->kind != NODE_TEXT || value_read_duration(node->text, &ms) != VALUE_OK || ms > INT32_MAX) {
        return false;
    }
    *out_milli = (int32_t)ms; /* thousandths of seconds */
    return true;
}

bool quantity_read(const struct reader *reader, const struct node *node, struct quantity_use use, int32_t *out_milli)
{
    assert(reader != NULL && node != NULL && out_milli != NULL);
    if (use.is_time && read_time(node, out_milli)) {
        return true;
    }
    int64_t micro = 0;
    const char *unit = "";
    static const struct unit_conversion canonical = {.multiplier = 1, .divisor = 1};
    struct unit_conversion conversion = use.unit != NULL ? *use.unit : canonical;
    if (!read_written(reader, node, &micro, &unit) ||
        (*unit != '\0' && !find_conversion(reader, node, unit, use.vitals, &conversion))) {
        return false;
    }
    if (use.kind == QUANTITY_EITHER && conversion.offset_milli != 0) {
        report_fault(reader->report, node,
                     "the rule compares differences, so \"%.20s\" is ambiguous, give a plain number", unit);
        return false;
    }
    if (use.kind == QUANTITY_DIFFERENCE) {
        conversion.offset_milli = 0;
    }
    if (!unit_convert(&conversion, micro, out_milli)) {
        report_fault(reader->report, node, "%.40s is out of range", node->text);
        return false;
    }
    return true;
}

bool quantity_read_range(const struct reader *reader, const struct node *node, struct quantity_use use,
                         int32_t *out_low_milli, int32_t *out_high_milli)
{
    assert(node != NULL && out_low_milli != NULL && out_high_milli != NULL);
    if (node->kind != NODE_LIST || node->child_count != 2) {
        report_fault(reader->report, node, "must be two numbers [lowest, highest]");
        return false;
    }
    int32_t low = 0, high = 0;
    const bool has_low = quantity_read(reader, node->first, use, &low);
    const bool has_high = quantity_read(reader, node->last, use, &high);
    if (!has_low || !has_high) {
        return false;
    }
    if (low > high) {
        report_fault(reader->report, node, "the lowest (%s) is above the highest (%s), swap them", node->first->text,
                     node->last->text);
        return false;
    }
    *out_low_milli = low;
    *out_high_milli = high;
    return true;
}
