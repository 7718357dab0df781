/*
 * cost.h: the most that a rule can cost at a bed, known when it is read.
 *
 * A model in instructions of a 64-bit processor: each part of a rule has a weight (cost.c), chosen above what callgrind counts
 * (`make count-rules` counts some rules and fails when one costs more than is said here). Two numbers come of it:
 *
 *     look        one evaluation: all steps of when, clear and the moved when; each window asked, its cursor moved as far as a
 *                 search goes (log2 of what it holds), and its next change worked out
 *     per second  looks x how often: once an observation of each vital that it asks, and once more for each span that observations
 *                 leave between two of them; what is kept of each observation for its windows; and being passed over
 *                 when other vitals of the bed come; with `foresee` the keeping of its trend, and a look and an estimate a bin
 *
 * Alerts themselves are not in it: they are rare. Pure.
 */
#ifndef WARDGATE_COST_H
#define WARDGATE_COST_H

#include <stdint.h>

#include "app/engine/engine.h"

/* What the slowest processor that wardgate runs on does in a second, in instructions: a core of 500 MHz that finishes
 * one a cycle. */
#define COST_CORE_PER_S UINT64_C(500000000)

struct rule_cost {
    uint64_t look;  /* instructions */
    uint64_t per_s; /* instructions a second at this bed */
};

/* Of a rule that applies at the bed. */
struct rule_cost rule_cost_at(const struct rule *rule, const struct bed_config *bed);

/* Of all rules at all beds. */
uint64_t engine_config_cost_per_s(const struct engine_config *config);

#endif
