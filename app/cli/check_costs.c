#include "app/cli/check_costs.h"

#include <stdio.h>

#include "app/cli/command.h"
#include "app/engine/cost.h"
#include "app/engine/plural.h"

#define CORE_MHZ ((unsigned long long)COST_CORE_PER_S / 1000000)

/* Of one rule at all its beds, or of one bed with all its rules. */
struct costs {
    uint64_t look, per_s; /* look: the dearest */
    unsigned count;
};

static double percent_of_core(uint64_t per_s)
{
    return (double)per_s / (double)COST_CORE_PER_S * 100.0;
}

static void add(struct costs *costs, const struct plan *plan, unsigned r, const struct bed_config *bed)
{
    const struct rule *rule = &plan->engine.rules[r];
    if (rule_applies(bed, rule) && !rule_is_off(bed, r)) {
        const struct rule_cost cost = rule_cost_at(rule, bed);
        costs->look = cost.look > costs->look ? cost.look : costs->look;
        costs->per_s += cost.per_s;
        costs->count++;
    }
}

static struct costs costs_of_rule(const struct plan *plan, unsigned r)
{
    struct costs costs = {.count = 0};
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        add(&costs, plan, r, &plan->beds[b]);
    }
    return costs;
}

static struct costs costs_of_bed(const struct plan *plan, unsigned b)
{
    struct costs costs = {.count = 0};
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        add(&costs, plan, r, &plan->beds[b]);
    }
    return costs;
}

static void print_each(const struct plan *plan, uint64_t per_s, uint64_t allowed)
{
    (void)printf("\nrules and beds, instructions at most, and of a core of %llu MHz\n", CORE_MHZ);
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        const struct costs costs = costs_of_rule(plan, r);
        if (costs.count > 0) {
            (void)printf("  %-24s %7llu a look %9llu a second at %3u beds %7.3f %%\n", plan->engine.rules[r].name,
                         (unsigned long long)costs.look, (unsigned long long)costs.per_s, costs.count,
                         percent_of_core(costs.per_s));
        }
    }
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        const struct costs costs = costs_of_bed(plan, b);
        (void)printf("  %-24s %28llu a second by %3u rules %6.3f %%\n", plan->beds[b].id,
                     (unsigned long long)costs.per_s, costs.count, percent_of_core(costs.per_s));
    }
    (void)printf("  %-24s %28llu a second %13s %7.3f %% of %.2f %% allowed\n", "together", (unsigned long long)per_s,
                 "", percent_of_core(per_s), percent_of_core(allowed));
}

/* The dearest at all its beds together. */
static void print_dearest_rule(const struct plan *plan)
{
    struct costs most = {.count = 0};
    const char *name = NULL;
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        const struct costs costs = costs_of_rule(plan, r);
        if (costs.per_s > most.per_s) {
            most = costs;
            name = plan->engine.rules[r].name;
        }
    }
    if (name != NULL) {
        (void)printf("  dearest rule   %s, %.3f %% at %u bed%s\n", name, percent_of_core(most.per_s), most.count,
                     plural_s(most.count));
    }
}

static void print_dearest_bed(const struct plan *plan)
{
    struct costs most = {.count = 0};
    const char *id = NULL;
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        const struct costs costs = costs_of_bed(plan, b);
        if (costs.per_s > most.per_s) {
            most = costs;
            id = plan->beds[b].id;
        }
    }
    if (id != NULL) {
        (void)printf("  dearest bed    %s, %.3f %% with %u rule%s\n", id, percent_of_core(most.per_s), most.count,
                     plural_s(most.count));
    }
}

static void print_summary(const struct plan *plan, uint64_t per_s, uint64_t allowed)
{
    (void)printf("\nrules, at most\n  together       %.3f %% of a core of %llu MHz, of %.2f %% allowed\n",
                 percent_of_core(per_s), CORE_MHZ, percent_of_core(allowed));
    print_dearest_rule(plan);
    print_dearest_bed(plan);
    (void)printf("  each of them   wardgate check --costs\n");
}

bool check_costs(const struct settings *settings, const struct plan *plan, bool each)
{
    const uint64_t per_s = plan_rule_cost_per_s(plan), allowed = plan_rule_cost_allowed(settings);
    if (each) {
        print_each(plan, per_s, allowed);
    } else {
        print_summary(plan, per_s, allowed);
    }
    if (per_s > allowed) {
        command_complain("the rules may take %.1f %% of a core, more than rule_load: allows (%s), leave out rules, ask "
                         "for fewer windows or raise rule_load:",
                         percent_of_core(per_s), settings->file);
    }
    return per_s <= allowed;
}
