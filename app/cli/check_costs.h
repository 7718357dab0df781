/*
 * check_costs.h: what the rules of a configuration cost at most (app/engine/cost.h), as `wardgate check` prints it.
 */
#ifndef WARDGATE_CHECK_COSTS_H
#define WARDGATE_CHECK_COSTS_H

#include <stdbool.h>

#include "app/plan.h"

/* All of it in a few lines or, with `each`, a line a rule and a bed. False when it is more than `rule_load:` allows; told on standard error. */
bool check_costs(const struct settings *settings, const struct plan *plan, bool each);

#endif
