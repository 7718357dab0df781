/*
 * ward_rule.h: rules over all beds of the ward (`scope: ward`): so many beds at once make the condition.
 *
 * At each bed that has what the rule asks its expressions are judged like those of a rule of the bed, and give a vote:
 * met, clear or unknown. Only a vote that changed is looked at, so what a bed costs does not depend on how many there are. After
 * the beds of an instant, once, the votes are the verdict: met as soon as enough beds are, clear when not even those that are unknown
 * would be enough, else unknown. From there the alarm lives as one of a bed (rule_alarm.c), but is the gateway's (BED_NONE).
 *
 * A vacant bed, a patient who is away, and a vital that may never come have no vote. Windows that fill for the first
 * time are unknown without being missed. Private to the engine's files.
 */
#ifndef WARDGATE_WARD_RULE_H
#define WARDGATE_WARD_RULE_H

#include "app/engine/engine_internal.h"

struct ward_tally {
    uint16_t met, unknown, filling; /* filling: of the unknown ones */
};

struct ward_rule {
    struct rule_alarm life;  /* delay and alarms; it has no expressions of its own */
    struct rule_alarm **at;  /* one a bed: the rule there; NULL: it does not apply */
    struct ward_vote *votes; /* one a bed, as counted */
    bool *named;             /* one a bed: the text of the alarm names it, or would */
    struct ward_tally when, held;
    bool is_due; /* a vote has changed */
};

/* Into out->ward_rules, over the beds that are made. */
void ward_rules_make(struct arena *arena, const struct engine_config *config, struct engine *out);

/* Judges the rule at one bed, at which it is r; sets r->vote and its deadline. */
void ward_rule_judge(struct engine *engine, struct bed *bed, struct rule_alarm *r);

/* Counts the votes of a bed that was just stepped. */
void ward_rules_count(struct engine *engine, const struct bed *bed);

/* After the beds of an instant; sets the engine's next deadline for it. */
bool ward_rules_are_due(const struct engine *engine);
void ward_rules_step(struct engine *engine);

struct rule_alarm *ward_rule_life(const struct engine *engine, unsigned rule); /* by its index; it is one */

/* By its index, NULL when it is none. `last` is being restored: who is named in it has been told. */
struct rule_alarm *ward_rule_restore(struct engine *engine, unsigned rule, const struct alert *last);
void ward_rules_each_alarm(const struct engine *engine, alarm_visitor *visit, void *context);
/* A run begins: they are looked at although no vote changes, for what a journal started may have to start once more. */
void ward_rules_begin(struct engine *engine);
void ward_rules_look(struct engine *engine);  /* pauses of them may be others */
void ward_rules_reset(struct engine *engine); /* before a journal is fed */

#endif
