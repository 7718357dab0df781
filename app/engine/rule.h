/*
 * rule.h: what must hold for an alarm condition; read from a rules file, compiled, constant while the gateway runs.
 *
 * Numbers are thousandths of the canonical unit of the vital (or plain numbers) for parameters; delays in ms.
 */
#ifndef WARDGATE_RULE_H
#define WARDGATE_RULE_H

#include "app/engine/expression.h"
#include "app/engine/vital.h"

#define RULE_NAME_MAX     32
#define RULE_BEDS_NAME    "beds" /* in braces in the text of a rule of the ward: the beds where it holds */
#define RULE_DELAY_MS_MAX 60000

enum priority { PRIORITY_NONE, PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_HIGH };

struct rule_parameter {
    const char *name; /* NULL: this place is empty (a rule without `limit`) */
    bool has[CLASS_COUNT];
    int32_t value_milli[CLASS_COUNT];
    bool settable;
    int32_t settable_low_milli, settable_high_milli;
};

struct rule {
    const char *name;   /* letters, digits, underscores */
    const char *text;   /* may hold {limit} and other parameters in braces */
    const char *advice; /* may be empty */
    enum priority priority;
    bool latching;
    bool is_of_ward; /* `when` (`each` in the file) is judged at every bed; so many beds at once are the condition */
    uint16_t beds;   /* of a rule of the ward: how many ... */
    uint8_t beds_parameter; /* ... and its place among the parameters, where a command may set it; 0: it may not */
    bool has_clear, has_hysteresis;
    struct expression when, clear;
    int32_t hysteresis_milli;
    uint32_t delay_ms, clear_delay_ms, unknown_after_ms;
    uint32_t escalate_ms; /* active and not acknowledged for so long: escalate_to; 0: never */
    enum priority escalate_to;
    uint32_t foresee_ms; /* how far ahead its limit is foreseen (foresee.h); 0: not at all */
    struct rule_parameter parameters[PARAMETERS_MAX]; /* [PARAMETER_LIMIT] is `limit` */
    uint8_t parameter_count;
};

/* unknown_after where a rule has none: 30 s for high, 60 s for medium, 120 s for low priority. */
uint32_t rule_unknown_after_ms(enum priority priority);
const char *priority_word(enum priority priority); /* "high" ... "none" */

/* Bit per enum vital that `when` or `clear` asks for. */
uint32_t rule_vitals(const struct rule *rule);

/* Whether its limit can be foreseen: `when` is one vital, or one aggregate of one at its own level, compared with `limit`. */
bool rule_may_foresee(const struct rule *rule);

/* Bit per enum score, likewise. */
uint16_t rule_scores(const struct rule *rule);

#endif
