/*
 * expression_range.h: comparisons of an expression whose outcome is sure before anything is measured, since the limit
 * lies outside what can be believed of the vital (vital_range): written in vain, most likely a slip. Pure.
 */
#ifndef WARDGATE_EXPRESSION_RANGE_H
#define WARDGATE_EXPRESSION_RANGE_H

#include "app/engine/expression.h"

struct expression_sure {
    bool is_met;           /* always; else never */
    size_t offset, length; /* of the comparison in the text */
    const struct window_spec *window;
    bool is_of_observations; /* the comparison inside a share: the range is that of single observations */
    bool has_high;
    int64_t low_micro, high_micro; /* between them lies what is compared */
};

/* The first such comparison of a window with numbers and parameters, in patients of that class. */
bool expression_find_sure(const struct expression *expression, const int64_t parameters_micro[PARAMETERS_MAX],
                          enum patient_class patient_class, struct expression_sure *out);

#endif
