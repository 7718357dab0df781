/*
 * engine_internal.h: the engine's rooms as its own files see them. Nobody else includes this.
 *
 *     make.c       builds it
 *     engine.c     takes observations, steps through instants
 *     restore.c    goes on after a restart
 *     bed.c        a bed's channels by vital, its alarms one by one
 *     channel.c    quality of observations, what a screen sees of a vital
 *     belief.c     what can be believed beside what came just before
 *     identity.c   whose a monitor's values are
 *     stay.c       beds from vacant to occupied and back
 *     away.c       a patient who is elsewhere for a while
 *     pause.c      alarms paused, rules off, and the reminder of them
 *     escalate.c   alarms that nobody acknowledges
 *     entered.c    what people enter of a patient
 *     scoring.c    early-warning scores
 *     limit.c      parameters of rules: the configuration's, or set by command
 *     command.c    what people tell
 *     ward_rule.c  rules over all beds: votes of beds, the gateway's alarm
 *     rule_alarm.c the life of a rule's alarm and of its not_monitored
 *     past.c       a rule's alarm while a journal is fed
 *     foreseen.c   the advisory that a rule's limit will be reached
 *     estimating.c the screening estimates of a bed
 *     condition.c  what a built-in alarm is judged to be
 *     pulse.c      the two sources of a pulse: both lost, or at odds
 *     cause.c      alarms that are the consequence of another one
 *     line.c       lines to monitors as they are heard
 *     technical.c  the built-in alarms of beds and gateway, and the alarms that bits of a monitor are
 *     reported.c   the alarms that monitors tell by name
 *     input.c      what goes in, told to a witness or put in again
 *     retire.c     ends what the next configuration does not have
 *     alarm.c      one alarm's alerts: numbers, phases, records
 */
#ifndef WARDGATE_ENGINE_INTERNAL_H
#define WARDGATE_ENGINE_INTERNAL_H

#include "app/engine/belief.h"
#include "app/engine/deadlines.h"
#include "app/engine/engine.h"
#include "app/engine/expression.h"
#include "app/engine/foresee.h"
#include "app/engine/input.h"
#include "app/engine/marks.h"
#include "app/engine/series.h"

#define INSTANT_NONE INT64_MIN

/* One vital of one bed. */
struct channel {
    const struct channel_config *config;
    struct series *series;
    struct belief belief; /* continuous: what its newest numbers are compared with */
    enum quality quality; /* of the newest observation; NEVER before the first */
    uint8_t source;       /* enum vital: whose the newest value of the series is; another's stands in */
    int32_t raw_milli;    /* newest value, believed or not */
    int64_t lost_at_ms; /* the first one rejected since a valid one; INSTANT_NONE: the newest is valid, or none came */
    int64_t resumed_at_ms, resumed_after_ms; /* the newest observation after a hole, and how long that was */
    int64_t first_at_ms;                     /* the first valid observation of the stay, or INSTANT_NONE */
    bool was_valid;                          /* in this stay */
    bool has_come;                           /* the same, as far as alarms of before a restart tell, too */
    bool age_unknown;                        /* episodic: the newest value was found, not seen to be measured */
    bool has_baseline; /* episodic: baseline_milli stood in the register before the stay and counts for nothing */
    int32_t baseline_milli;
    uint32_t *rejected, reasons; /* how many, by quality, and a bit for each reason that there was */
    struct entries *entries;     /* what is kept of a vital that people may enter; NULL: they may not */
};

/* One alarm: inactive, active or latched, and its newest alert. */
struct alarm {
    struct alert_head last;    /* key and constant parts are filled when the engine is made */
    struct alert_words *words; /* and of it in words; NULL: it never has any. Written only when there is a need */
    uint8_t priority;          /* enum priority that configuration or table give it; alerts bear the one last told */
    bool raised;               /* active or latched */
    bool announce;             /* restored and unverified: to be said once */
    bool from_before;  /* restored, and its condition not seen since; of a rule, while a journal is fed: see past.c */
    uint32_t about;    /* technical: bit per vital that its detail names */
    uint32_t gone;     /* technical: bit per vital that is not there because of it */
    uint32_t gone_now; /* the same as judged at this instant, before the alarm itself says so */
    int64_t alone_since_ms; /* folded: since when what it is part of explains it no more; INSTANT_NONE: it does */
};

/* What a bed says of a rule of the ward: whether its condition holds here, and whether it would go on holding. */
struct ward_vote {
    bool counts;
    uint8_t when, held;          /* enum verdict */
    bool when_fills, held_fills; /* unknown, since windows fill for the first time */
};

/* That a rule's limit will be reached; see foreseen.c. */
struct foreseen {
    struct foresee trend;
    struct alarm alarm;
    uint8_t good; /* estimates in a row */
};

/* One rule at one bed; see rule_alarm.c for its states. */
struct rule_alarm {
    const struct rule *rule;
    struct bound_expression when;
    struct bound_expression *ending; /* that of `clear`, of `when` with its limit moved by the hysteresis, or `when` */
    int64_t *parameters_micro, *ending_micro; /* as many as the rule has, and the limit; NULL: of the ward as a whole */
    struct alarm alarm, not_monitored;
    struct foreseen *foreseen; /* NULL: the rule does not foresee */
    int64_t violated_at_ms;    /* start of the delay; INSTANT_NONE: none runs */
    int64_t delay_resumed_ms;  /* INSTANT_NONE: frozen */
    int64_t delay_elapsed_ms;
    int64_t
        condition_at_ms; /* when the delay was over, perhaps before the stay or a restart; INSTANT_NONE: it is not */
    int64_t clear_since_ms, unknown_since_ms;
    int64_t deadline_ms;
    bool blind_due;        /* not_monitored starts at this instant */
    struct ward_vote vote; /* of a rule of the ward, which has no alarm here */
};

struct monitor_state {
    int64_t heard_at_ms;
    int64_t back_at_ms;     /* heard again after a start or a silence; INSTANT_NONE: not heard since the start */
    int64_t outdated_at_ms; /* since when it has said nothing that is current; INSTANT_NONE: it does, or is silent */
    int32_t answers;        /* identity_hash of who answers; 0: nobody said */
    bool foreign;           /* and whether that one is in doubt: its values count for nothing */
    uint16_t also_at;       /* foreign: the bed that has this monitor, BED_NONE: none */
};

/* One alarm that a monitor tells by name, from its first word to its end; see reported.c. */
struct reported {
    struct alarm alarm, silent;   /* silent: not said again for too long */
    struct monitor_alarm said;    /* the newest word; without a name: this slot is free */
    int64_t since_ms, said_at_ms; /* of the first word and of the newest one */
    bool began, ended, heard;     /* at this instant it began, it ended (and may have begun again), it was said */
    uint8_t inactivation;         /* at the monitor, as told last */
};

struct bed {
    const struct bed_config *config;
    uint16_t index;
    struct bed_snapshot state, saved; /* saved: while the journal is fed again */
    struct channel *channels;
    uint8_t channel_of[VITAL_COUNT]; /* index into channels, or VITAL_NONE */
    struct rule_alarm *rules;
    uint16_t rule_count;
    struct alarm technical[BUILTIN_BED_COUNT];
    struct alarm *signals; /* one a signal; only those that are a monitor's alarm are ever raised */
    bool *signal_on;
    struct reported *reported; /* ENGINE_REPORTED_PER_BED_MAX; NULL where no monitor reports alarms */
    struct monitor_state monitors[ENGINE_MONITORS_PER_BED_MAX];
    uint32_t refused;                      /* bit per vital that its monitor says it does not have */
    int64_t valid_since_ms, valid_last_ms; /* valid continuous values without a break; INSTANT_NONE: none since the bed
                                              became vacant. At a vacant bed they are a stay that may begin. */
    bool begin_due;                        /* the stay begins when this instant is stepped */
    bool admitted;                         /* somebody said so ... */
    int64_t admitted_at_ms;                /* ... at this instant */
    bool return_due;                       /* away ends when this instant is stepped: data have returned */
    bool state_changed, saved_changed;     /* without a record yet */
    uint32_t changed;                      /* bit per vital observed at this instant */
    uint32_t measured;                     /* bit per episodic vital measured at this instant */
    bool evaluate_all;
    bool may_fold;   /* one of its alarms may be folded */
    bool tells_anew; /* see anew.c */
    int64_t
        pulse_turned_ms; /* since when hr and pulse disagree, while that is alarmed agree; INSTANT_NONE: they do not */
    struct scoring scoring;
    int64_t scoring_deadline_ms;
    struct estimates estimates;
    int64_t estimating_deadline_ms;
    bool scored;    /* at this instant: rules over scores are to be looked at */
    bool pause_due; /* alarms or pauses have changed: pause_step looks at them */
    int64_t pause_deadline_ms;
    int64_t deadline_ms;
    int64_t settle_until_ms; /* after a restart monitors get this long to speak; see technical.c */
};

struct gateway_condition {
    struct alarm alarm;
    bool on, changed;
    bool said;              /* by somebody in this run */
    bool tells_anew;        /* see anew.c */
    enum priority priority; /* NONE: the table's */
    char detail[ALERT_DETAIL_MAX];
};

/* How far the instant that is being stepped has come: first all stays end and begin, then the beds are looked at, then
 * the rules over all of them. */
enum stage { STAGE_NONE, STAGE_STAYS, STAGE_BEDS, STAGE_WARD };

struct engine {
    const struct engine_config *config;
    struct bed *beds;
    struct marks dirty;         /* beds to be looked at in this instant */
    struct marks news;          /* beds that have some for a screen */
    struct deadlines deadlines; /* of the beds; one that has come becomes dirty */
    enum stage stage;
    uint32_t next_bed; /* of the stage, from which on it goes on */
    struct gateway_condition gateway[BUILTIN_COUNT - BUILTIN_bus_down];
    uint8_t *lines;               /* enum line_state, of each */
    struct ward_rule *ward_rules; /* those of the ward, in file order */
    uint16_t ward_rule_count;
    int64_t ward_deadline_ms;
    bool gateway_dirty;
    bool ward_tells_anew; /* see anew.c */
    bool clock_synced, restoring, begun;
    bool unbroken; /* the journal heard all that was said up to the beginning of this run */
    uint64_t seed, seq, next_id;
    uint64_t saved_seq, saved_next_id;
    int64_t now_ms;
    int64_t settle_until_ms; /* as a bed's, for the gateway's own alarms */
    int64_t gateway_deadline_ms;
    bool restored; /* something was */
    bool command_due;
    struct bed_command command;
    const struct engine_config *next; /* the configuration to come; NULL: none. All steps are of retiring then */
    bool retired;
    uint32_t records_max;
    struct engine_counts counts;
    struct record_sink *sink;       /* of the step under way */
    struct engine_witness *witness; /* NULL: nobody */
    int64_t stepped_ms;             /* the newest instant of a step since the witness was told of an input */
};

/* engine.c */
void bed_make_dirty(struct engine *engine, const struct bed *bed);
void bed_has_news(struct engine *engine, const struct bed *bed);

/* bed.c */
struct channel *bed_channel(const struct bed *bed, enum vital vital); /* NULL when the bed has no such vital */
struct rule_alarm *bed_rule(const struct bed *bed, unsigned rule); /* by its index; NULL when it does not apply here */
typedef void alarm_visitor(void *context, struct alarm *alarm);
void bed_each_alarm(struct bed *bed, alarm_visitor *visit, void *context); /* raised or not, rules first */

/* channel.c */
void channel_reset(struct channel *channel, int64_t start_ms);
enum quality channel_judge(const struct channel *channel, const struct observation *o);
void channel_take(struct engine *engine, struct bed *bed, struct channel *channel, const struct observation *o,
                  enum quality quality);
/* One came too late to say anything of now: what stands goes on standing. */
void channel_count_late(struct engine *engine, struct channel *channel);
/* The series anew out of what is kept, for a value that was entered between others or taken back. */
void channel_rebuild(struct bed *bed, struct channel *channel);
int64_t channel_next_change(const struct channel *channel, int64_t now_ms); /* when it goes stale */
void channel_view(const struct channel *channel, bool monitor_silent, int64_t now_ms, struct vital_view *out);
int64_t channel_lost_at(const struct channel *channel,
                        int64_t now_ms); /* since when nothing stands; INSTANT_NONE while something does */

/* pulse.c */
bool pulse_denies(const struct bed *bed, const struct observation *o); /* `o` is a heart rate that cannot be */

/* entered.c */
enum command_verdict entry_observe(struct engine *engine, struct bed *bed, struct bed_command *command);
enum command_verdict entry_retract(struct engine *engine, struct bed *bed, struct bed_command *command);
void entry_restore(struct bed *bed, const struct observation *o);
void entry_measured(struct channel *channel, int64_t at_ms, int32_t value_milli); /* by a monitor */

/* scoring.c */
uint16_t scoring_scores(const struct bed_config *bed);
/* Whether a part of these scores has no source left without these vitals; whether they explain each part that is missing. */
bool scoring_loses(const struct bed *bed, uint16_t scores, uint32_t gone);
bool scoring_explained(const struct bed *bed, uint16_t scores, uint32_t gone);
int64_t scoring_step(const struct engine *engine, struct bed *bed); /* returns its next deadline */

/* estimating.c */
uint16_t estimating_estimates(const struct engine_config *config, const struct bed_config *bed);
int64_t estimating_step(const struct engine *engine, struct bed *bed); /* returns its next deadline */
enum command_verdict estimating_describe(struct engine *engine, struct bed *bed, struct bed_command *command);

/* identity.c */
void identity_note(struct engine *engine, struct bed *bed, const struct observation *o);
void identity_anew(struct engine *engine, struct bed *bed);   /* between two stays: who answers now is known */
bool identity_assign(struct engine *engine, struct bed *bed); /* somebody confirms it; false: nothing to confirm */
void identity_release(struct engine *engine, const struct bed *bed); /* it may not have its monitors any more */
void identity_restored(struct engine *engine, struct bed *bed);      /* a journal has been fed */

/* stay.c */
void stay_note_valid(const struct engine *engine, struct bed *bed, const struct channel *channel, int64_t at_ms);
void stay_begin_due(struct engine *engine, struct bed *bed);
bool stay_is_on(const struct engine *engine, const struct bed *bed); /* now: alarms may begin */
/* By command: what was observed at this instant belongs to nobody, the stay (or the vacancy) counts from the next. */
void stay_admit(struct engine *engine, struct bed *bed);
void stay_discharge(struct engine *engine, struct bed *bed);

/* away.c */
bool bed_is_away(const struct bed *bed);
int64_t away_counts_from(const struct bed *bed, int64_t since_ms); /* what is missing counts from the return on */
void away_begin(struct engine *engine, struct bed *bed, int64_t until_ms);
void away_end(struct engine *engine, struct bed *bed);
int64_t away_step(struct engine *engine, struct bed *bed); /* returns its next deadline */

/* pause.c */
enum alarm_inactivation pause_inactivation(const struct bed *bed, const struct alert_head *alert); /* in force */
/* Of an alarm of the ward: an audio pause of its rule, kept at any bed. */
enum alarm_inactivation pause_ward_inactivation(const struct engine *engine, const struct alert_head *alert);
enum command_verdict pause_set(struct engine *engine, struct bed *bed, struct bed_command *command);
enum command_verdict pause_resume(struct engine *engine, struct bed *bed, struct bed_command *command);
void pause_expire(struct engine *engine, struct bed *bed);  /* before the alarms of an instant are looked at ... */
int64_t pause_step(struct engine *engine, struct bed *bed); /* ... and after; returns its next deadline */
void pause_forget(struct engine *engine, struct bed *bed);  /* the stay ends */

/* escalate.c */
int64_t escalate_at(const struct rule_alarm *rule_alarm); /* SERIES_NEVER: it does not */
void escalate_step(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm);
void escalate_reset(struct rule_alarm *rule_alarm);   /* before its alarm starts */
void escalate_restore(struct rule_alarm *rule_alarm); /* its alarm is as it was stored */
/* The same of the gateway's own alarms; step notes that it has come to that, priority is then at least what it escalates to. */
int64_t escalate_gateway_at(const struct engine *engine, const struct alarm *alarm);
void escalate_gateway_step(const struct engine *engine, struct alarm *alarm);
enum priority escalate_gateway_priority(const struct engine *engine, const struct alarm *alarm, enum priority usual);

/* limit.c */
int32_t limit_in_force(const struct bed *bed, const struct rule *rule, unsigned rule_index, unsigned parameter);
enum command_verdict limit_set(struct engine *engine, struct bed *bed, struct bed_command *command);
enum command_verdict limit_reset(struct engine *engine, struct bed *bed, struct bed_command *command);
void limit_reset_all(struct bed *bed);
void limit_restore(struct bed *bed); /* puts those of its state in force */

/* command.c */
void command_step(struct engine *engine);

/* reported.c */
/* words: two a slot */
void reported_prepare(struct bed *bed, struct reported *slots, struct alert_words *words);
int64_t reported_step(struct engine *engine, struct bed *bed); /* returns its next deadline */
void reported_forget(struct bed *bed);                         /* a stay ends: what holds must be said again */
void reported_begin(struct bed *bed, int64_t now_ms);
struct alarm *reported_restore(struct bed *bed, const struct alarm_key *key, const struct alert *last);

/* input.c */
void input_tell(struct engine *engine, struct engine_input input); /* `stepped` is filled in */

/* retire.c */
void retire_bed(struct engine *engine, uint16_t bed);
void retire_ward_rules(struct engine *engine);

/* rule_alarm.c */
void rule_alarm_prepare(struct rule_alarm *out, uint16_t bed, uint16_t rule_index); /* its two alarms */
void rule_alarm_make(struct arena *arena, struct bed *bed, struct rule_alarm *out, const struct rule *rule,
                     uint16_t rule_index);
/* For a new stay. unknown_since_ms: its start, from which an unknown counts if no value ever comes; or INSTANT_NONE. */
void rule_alarm_reset(struct rule_alarm *rule_alarm, int64_t unknown_since_ms);
void rule_alarm_reset_delay(struct rule_alarm *rule_alarm);
void rule_alarm_set_parameters(const struct bed *bed, struct rule_alarm *rule_alarm);
void rule_alarm_step(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm);
int64_t rule_alarm_span_ms(const struct bed *bed, const struct rule_alarm *rule_alarm); /* of its longest window */
/* The parts of a step; bed NULL: of a rule of the ward. live: clear counts while the alarm is active; returns the
 * verdict that must be known, for note_seen. */
enum verdict rule_alarm_live(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm, enum verdict when,
                             enum verdict clear);
void rule_alarm_note_seen(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm, enum verdict seen,
                          int64_t excused_until_ms);
/* Lowers *deadline_ms to the next instant at which delays and what is missed change something. */
void rule_alarm_life_deadline(const struct engine *engine, const struct bed *bed, const struct rule_alarm *rule_alarm,
                              int64_t *deadline_ms);
/* Of its expressions; all: with those that only count while its alarm is active. */
int64_t rule_alarm_next_change(const struct rule_alarm *rule_alarm, bool all, int64_t now_ms);
enum verdict rule_alarm_clear(const struct rule_alarm *rule_alarm, enum verdict when,
                              int64_t now_ms); /* met: may end */
int64_t rule_alarm_excused_until(const struct bed *bed, const struct bound_expression *bound, int64_t now_ms);
/* Its not_monitored is due at this instant, as far as the rule has been looked at. */
bool rule_alarm_goes_blind(const struct engine *engine, const struct bed *bed, const struct rule_alarm *rule_alarm);
bool rule_alarm_waits_for_first(const struct bed *bed, const struct rule_alarm *rule_alarm);

/* past.c */
void past_take(struct rule_alarm *rule_alarm, const struct alert *last); /* before a journal is fed */
void past_follow(struct rule_alarm *rule_alarm, int64_t now_ms);         /* before the alarm is looked at ... */
void past_follow_instant(struct rule_alarm *rule_alarm, int64_t now_ms); /* ... and after */
void past_leave(struct rule_alarm *rule_alarm);                          /* it has been fed */

/* foreseen.c */
/* A rule without, or one whose vital is measured now and then at this bed, has none. */
bool foreseen_applies(const struct bed_config *bed, const struct rule *rule);
void foreseen_make(struct arena *arena, const struct bed *bed, struct rule_alarm *rule_alarm);
void foreseen_reset(struct rule_alarm *rule_alarm); /* its trend begins anew */
void foreseen_end(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm);
void foreseen_step(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm);
int64_t foreseen_next_ms(const struct rule_alarm *rule_alarm);

/* technical.c */
int64_t technical_step(struct engine *engine, struct bed *bed); /* returns its next deadline */

/* anew.c: what is on is told once more by the next step of its bed, of its condition, of the ward. */
void anew_begin(struct engine *engine);
void anew_tell_bed(struct engine *engine, struct bed *bed);
void anew_tell_condition(struct engine *engine, struct gateway_condition *g);
void anew_tell_ward(struct engine *engine);
void technical_gateway_step(struct engine *engine);
/* What is gone because of those that others are folded into, before the first of them says so: gone_now. */
void technical_judge_causes(const struct engine *engine, struct bed *bed);
void technical_begin(struct engine *engine, struct bed *bed); /* a run begins */
enum priority signal_priority(enum signal_meaning means);
void monitor_note_heard(struct engine *engine, struct bed *bed, unsigned monitor);
void monitor_note_outdated(struct engine *engine, struct bed *bed, unsigned monitor);
int64_t monitor_unheard_since(const struct monitor_state *monitor);
bool monitor_is_silent(const struct engine *engine, const struct bed *bed, unsigned monitor);
int64_t monitor_patience_ms(const struct bed *bed, unsigned monitor);

/* cause.c */
void cause_take_silence(const struct engine *engine, struct bed *bed); /* before monitor_silent starts */
/* A silent monitor waits until then, or is looked at again, for its line's alarm to come first; INSTANT_NONE: it does not. */
int64_t cause_line_awaited_ms(const struct engine *engine, const struct bed *bed, unsigned monitor, int64_t silent_ms);
/* After a restart the line's alarm is not over before those that are part of it have had time to speak. */
int64_t cause_lines_settle_ms(const struct engine *engine);
/* Behind what is judged of the bed: starts the not_monitored that are due, and looks after all that are folded. True: some are part
 * of another cause now. */
bool cause_step(struct engine *engine, struct bed *bed, int64_t *next_ms);
/* At least `usual`, and that of the most urgent alarm that is part of this one, or will be at the instant of its start. */
enum priority cause_priority(const struct engine *engine, const struct bed *bed, const struct alarm *alarm,
                             enum priority usual);
/* What the alarm stands for: rules of the bed without these vitals; the gateway's (bed is NULL): beds. */
void cause_list(const struct engine *engine, const struct bed *bed, const struct alarm *alarm, uint32_t gone,
                uint8_t stands_for[STANDS_FOR_MAX / 8]);
/* Every alarm of the bed that is folded into this one is in the list that was told. */
bool cause_has_listed(const struct bed *bed, const struct alarm *alarm);
uint32_t cause_list_key(const struct engine *engine, const struct bed *bed,
                        const uint8_t stands_for[STANDS_FOR_MAX / 8]);

/* alarm.c */
static inline bool alarm_is_folded(const struct alarm *alarm)
{
    return alarm->last.part_of != 0;
}
void alarm_alert(const struct alarm *alarm, struct alert *out);       /* its newest, whole */
void alarm_take_alert(struct alarm *alarm, const struct alert *last); /* the other way round */
void alarm_set_detail(struct alarm *alarm, const char detail[ALERT_DETAIL_MAX]);
void alarm_name_of(const struct engine_config *config, const struct alarm *alarm, char *text); /* as alarm_name */
void alarm_prepare(struct alarm *alarm, const struct alarm_key *key, enum alarm_kind kind, enum alarm_source source,
                   enum priority priority, enum alarm_reason reason);
void alarm_start(struct engine *engine, struct bed *bed, struct alarm *alarm, int64_t violated_at_ms,
                 int64_t condition_at_ms);
void alarm_tell(struct engine *engine, struct bed *bed, struct alarm *alarm); /* one that was folded, by itself now */
/* One that is folded is part of this one from now on. */
void alarm_fold(struct engine *engine, struct bed *bed, struct alarm *alarm, const struct alert_head *cause);
/* It is more than whoever acknowledged or paused it has seen: before it is told so. */
void alarm_see_anew(const struct engine *engine, struct alarm *alarm);
void alarm_update(struct engine *engine, struct bed *bed, struct alarm *alarm, enum alarm_phase phase);
void alarm_end(struct engine *engine, struct bed *bed, struct alarm *alarm);
void alarm_end_if_raised(struct engine *engine, struct bed *bed, struct alarm *alarm);
/* Takes a priority; returns the phase that tells it, PHASE_UPDATE when it is the present one. A higher one is
 * to be acknowledged anew. */
enum alarm_phase alarm_take_priority(struct alarm *alarm, enum priority priority);
void alarm_acknowledge(struct engine *engine, struct bed *bed, struct alarm *alarm);
/* One alert that touches no alarm. */
void alarm_test(struct engine *engine, struct bed *bed, enum priority priority);
void record_command(struct engine *engine, struct bed *bed, const struct bed_command *command);
void record_bed(struct engine *engine, struct bed *bed);
void record_entries(struct engine *engine, struct bed *bed, const struct channel *channel);
void record_measurement(struct engine *engine, struct bed *bed, const struct channel *channel);

#endif
