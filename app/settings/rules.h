/*
 * rules.h: the parts of a rule: its parameters, and the whole of it. Private to app/settings.
 *
 * Each returns false after it has reported what is wrong. Thread: that which loads.
 */
#ifndef WARDGATE_RULES_H
#define WARDGATE_RULES_H

#include "app/engine/rule.h"
#include "app/settings/keys.h"

/* The parameters of a rule as written: limit first, then those under `parameters`. */
struct parameter_nodes {
    const struct node *nodes[PARAMETERS_MAX]; /* NULL: there is none in this place */
    struct parameter_names names;
};

bool parameters_collect(const struct reader *reader, const struct rule_keys *keys,
                        struct parameter_nodes *out) MUST_CHECK;

/* Reads values and what is settable into the rule, whose expressions are compiled. */
bool parameters_read(const struct reader *reader, const struct rule_keys *keys,
                     const struct parameter_nodes *parameters, struct rule *rule) MUST_CHECK;

/* The place of a parameter by its name. False: reported at the key of `node`. */
bool parameters_find(const struct reader *reader, const struct node *node, const struct rule *rule,
                     uint8_t *out) MUST_CHECK;

/* One value of the parameter in a place, in the unit of what the rule compares it with. */
bool parameters_read_value(const struct reader *reader, const struct node *node, const struct rule *rule, uint8_t place,
                           int32_t *out_milli) MUST_CHECK;

/* `out` holds zeros. */
bool rule_read(const struct reader *reader, const struct node *node, struct rule *out) MUST_CHECK;

#endif
