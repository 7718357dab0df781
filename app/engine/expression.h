/*
 * expression.h: the rule language: window aggregates joined by arithmetic, comparisons, and / or / not.
 *
 *     when: share(spo2 < limit, 15s) >= 0.8 and mean(hr, 1min) > 120
 *
 * Compiled once, at load, to a short postfix program; evaluated without allocation or recursion in three-valued
 * (Kleene) logic. Values are int64 millionths; every operation rounds half away from zero; overflow and division by
 * zero are unknown. Precedence: or < and < not < comparison < sum < product < minus; comparisons are not chained.
 * Durations are seconds where a number is wanted (`age(nibp_sys) > 30min`). An aggregate takes one vital and a span
 * (`15s`, `5min`) or a number of observations (`mean(hr, 16)`); `share` takes a comparison of one vital with a value
 * made of numbers and parameters. Both sides of a sum, a difference or a comparison are in one unit (dimension.h): what
 * adds /min to % does not compile, and a parameter keeps the unit of what it meets first. A score (`news2 >= 7`) is known when it is complete; compared with such a value, its
 * lower bound decides as far as it can. An aggregate compared with such a value is decided exactly, with witness (series.h).
 * Pure. Compiling: start-up thread; evaluating: the engine's.
 */
#ifndef WARDGATE_EXPRESSION_H
#define WARDGATE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/dimension.h"
#include "app/engine/scoring.h"
#include "app/engine/series.h"

#define EXPRESSION_OPS_MAX     64
#define EXPRESSION_WINDOWS_MAX 12
#define EXPRESSION_DEPTH_MAX   16
#define EXPRESSION_TEXT_MAX    512
#define PARAMETERS_MAX         6
#define PARAMETER_LIMIT        0 /* `limit` is always parameter 0, even where a rule has none */

struct parameter_names {
    const char *names[PARAMETERS_MAX]; /* names[PARAMETER_LIMIT] is "limit", or NULL when the rule has no limit */
    uint8_t count;
    /* As another expression of the rule uses them, PARAMETERS_MAX of them: this one must agree. NULL: none has. */
    const struct dimension *dimensions;
};

struct expression_op {
    uint8_t code;            /* enum expression_code */
    uint8_t index;           /* window or parameter, as the code needs */
    uint8_t comparison;      /* enum comparison, where the code compares */
    uint8_t first_op;        /* where the code compares: of its right side, which ends here */
    uint16_t offset, length; /* where the code compares: its place in the text */
    int64_t constant_micro;
};

struct expression_share {
    uint8_t window;
    uint8_t comparison;         /* enum comparison, the vital on the left */
    uint8_t first_op, op_count; /* its threshold: a program of constants and parameters in threshold_ops */
    uint16_t offset, length;    /* of the comparison in the text */
};

struct expression {
    struct expression_op ops[EXPRESSION_OPS_MAX];
    struct expression_op threshold_ops[EXPRESSION_OPS_MAX];
    struct window_spec windows[EXPRESSION_WINDOWS_MAX];
    struct expression_share shares[EXPRESSION_WINDOWS_MAX];
    uint8_t op_count, threshold_op_count, window_count, share_count;
    uint32_t vitals;     /* bit per enum vital that it asks for */
    uint16_t scores;     /* bit per enum score that it asks for */
    uint8_t first_vital; /* enum vital: the first one named; its newest value stands in alerts. VITAL_NONE: none is */
    uint8_t parameters;  /* bit per parameter used */
    struct dimension dimensions[PARAMETERS_MAX]; /* of the parameters; any: only numbers stand against it */
    int8_t limit_direction; /* safe side of `limit`: +1 up (x < limit), -1 down (x > limit), 0 none or both */
};

/* Where and why a text does not compile; offset counts bytes from its start, length 0 is the text's end. */
struct expression_fault {
    size_t offset, length;
    char message[160];
};

/* coverage_permille goes into every window. False: *fault says what, where and what to do; *out is untouched. */
bool expression_compile(const char *text, const struct parameter_names *parameters, uint16_t coverage_permille,
                        struct expression *out, struct expression_fault *fault);

/* True when a window in time asks more than last, age, count of a vital in `episodic` (bit per vital): an error at
 * load. Ask a bit at a time to name the vital; compile already refuses vitals that are episodic by nature. */
bool expression_is_wrong_for_episodic(const struct expression *expression, uint32_t episodic);

/* True when only a continuous vital can answer: a window in time that asks more than last, age, count. */
bool window_spec_is_continuous_only(const struct window_spec *spec);

/* True when its answer lies in the range of the vital itself: mean, max, min, last. */
bool window_spec_is_of_values(const struct window_spec *spec);

/* An expression over the windows of one bed. The caller owns all; parameters_micro points at PARAMETERS_MAX values. */
struct bound_expression {
    const struct expression *expression;
    struct window **windows;       /* as many as the expression has */
    const struct scoring *scoring; /* of the bed; NULL: no score is known */
    uint16_t windows_unknown;      /* bit per share whose threshold overflows or divides by zero: it answers unknown */
};

/* Sets the thresholds of all shares; call after binding and whenever a parameter changed. */
void expression_set_parameters(struct bound_expression *bound, const int64_t parameters_micro[PARAMETERS_MAX]);

enum verdict expression_verdict(const struct bound_expression *bound, const int64_t parameters_micro[PARAMETERS_MAX],
                                int64_t now_ms);

/* The next instant after now_ms at which the verdict may change although nothing arrives: that of a window, or an age
 * that reaches what it is compared with (inside arithmetic: any whole second of it). SERIES_NEVER when none. */
int64_t expression_next_change(const struct bound_expression *bound, const int64_t parameters_micro[PARAMETERS_MAX],
                               int64_t now_ms);

/* What `expression` asks of the channel of `vital`; adds to *demand. */
void expression_demand(const struct expression *expression, enum vital vital, struct series_demand *demand);

#endif
