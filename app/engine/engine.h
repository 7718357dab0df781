/*
 * engine.h: the core. Observations go in, records come out.
 *
 * Pure and deterministic: time is an argument, ids come from a seed and from restored state, nothing is read, allocated or logged. The
 * same input gives the same records on every CPU.
 *
 * Use: engine_make over an arena (measured first), engine_seed, then restore or not, engine_begin; then for ever
 *     while (engine_next(e) < o.at_ms) engine_step(e, o.at_ms - 1, sink);     everything due before the observation
 *     engine_observe(e, &o);                                                   observations of one instant
 *     engine_step(e, now, sink) until engine_next(e) > now                     what is due up to now
 * All observations and expiries of one instant are applied, then rules are evaluated once. Its records bear that instant, not
 * that of the call. An instant may take several steps, one a bed, and engine_next stays there until it is over; meanwhile
 * (engine_is_amid) only engine_step may be called. A step emits at most engine_records_max() records: the caller takes no step
 * before its sink has that much room, so that overflow never loses an alarm. What a step costs follows what changed, not the
 * beds there are.
 * Thread: the engine's own. Every instant is engine time in ms (observation.h).
 */
#ifndef WARDGATE_ENGINE_H
#define WARDGATE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/alert.h"
#include "app/engine/arena.h"
#include "app/engine/bed_command.h"
#include "app/engine/entry.h"
#include "app/engine/estimate.h"
#include "app/engine/observation.h"
#include "app/engine/pause.h"
#include "app/engine/rule.h"
#include "app/engine/scoring.h"
#include "app/engine/signal.h"

#define ENGINE_STAY_AFTER_MS        30000 /* valid vitals for this long begin a stay by themselves, unless configured */
#define ENGINE_SILENT_AFTER_MS      10000 /* a technical alarm starts this long after the loss */
#define ENGINE_CAUSE_WAIT_MS        2000 /* beside a silence's time, for what says why an alarm goes on without its cause */
#define ENGINE_LINE_WAIT_MS         3000 /* a silent monitor on a line that may be down waits so much longer at most */
#define ENGINE_MONITORS_PER_BED_MAX 8
#define ENGINE_SIGNALS_PER_BED_MAX  64
#define ENGINE_REPORTED_PER_BED_MAX 16    /* alarms of a monitor's own, by name, at one time (struct monitor_alarm) */
#define ENGINE_LIMITS_PER_BED_MAX   16    /* limits set by command */
#define ENGINE_ALARMS_VIEWED        8     /* of a bed, for screens; the others are counted */
#define ENGINE_REJECTIONS_VIEWED    64    /* pairs of vital and reason of a bed; the others are counted */
#define ENGINE_REPORTED_SILENT_MS   35000 /* a repeated one that is not said again for this long is not monitored */

struct signal_config {
    const char *name;
    const char *text; /* for monitor alarms */
    enum signal_meaning means;
    uint32_t vitals; /* bit per enum vital concerned; 0: the whole monitor */
    uint8_t monitor; /* index at its bed */
    uint8_t number;  /* the `signal` of its observations */
};

struct channel_config {
    enum vital vital;
    uint8_t monitor; /* the first monitor of the bed that gives it */
    bool episodic;
    bool entered;       /* no monitor gives it, people do (entry.h); `monitor` means nothing */
    bool optional;      /* the monitor may have it or not: what rests on it waits until it has come once in the stay */
    uint32_t period_ms; /* expected period */
    uint32_t stale_ms;  /* how long a value is current: vital.h's, 6 h for an episodic temperature */
    int32_t low_milli, high_milli; /* plausible */
    /* Of continuous vitals only; see belief.h. */
    uint32_t rate_milli_per_s; /* largest believable change; 0: any */
    uint32_t frozen_ms;        /* the very same number for so long is no measurement; 0: however long */
    bool median;               /* spikes are cut off */
    bool polled;               /* the monitor is asked, so it never gives more than one value a period */
};

/* Two sources of one rate: the ECG (hr) and the oximeter (pulse). All zero: they know nothing of each other. */
struct pulse_config {
    bool hr_from_pulse, pulse_from_hr; /* the one stands in while the other has no valid value of its own */
    int32_t disagree_milli;            /* differing by more than this ... */
    uint32_t disagree_ms;              /* ... for so long is an alarm; 0: never */
};

#define OVERRIDE_OFF PARAMETERS_MAX /* in the place of a parameter: this rule is off at this bed */

struct override_config {
    uint16_t rule;
    uint8_t parameter;
    int32_t value_milli;
};

struct bed_config {
    const char *id;
    enum patient_class patient_class;
    const struct channel_config *channels; /* at most one a vital, in list order of vitals */
    const struct signal_config *signals;
    const struct override_config *overrides;
    uint16_t channel_count, signal_count, override_count;
    uint16_t scores;                  /* bit per enum score: those kept here, as far as they are for its class */
    uint32_t observation_interval_ms; /* rounds of observations, for scores */
    uint8_t monitor_count;
    bool reports_alarms; /* one of its monitors tells alarms by name */
    uint32_t monitor_period_ms[ENGINE_MONITORS_PER_BED_MAX];
    uint16_t monitor_line[ENGINE_MONITORS_PER_BED_MAX]; /* the line it hangs on; at or above line_count: none */
};

struct engine_config {
    const struct bed_config *beds;
    const struct rule *rules; /* in file order; each applies at every bed that has all its vitals */
    uint16_t bed_count, rule_count;
    uint32_t stay_after_ms; /* valid vitals at a vacant bed for this long begin a stay */
    uint16_t line_count;    /* lines to monitors, that may be down (engine_line) */
    bool replay;            /* stays begin at engine_admit; monitors are never silent */
    struct pulse_config pulse;
    struct pause_config pause;
    uint32_t escalate_ms; /* the gateway's own alarms, not acknowledged for so long: escalate_to; 0: never */
    enum priority escalate_to;
    enum pressure_scheme pressure_scheme; /* of adults' cuffs; NONE: no category */
    const struct estimate_model *models;
    uint8_t model_count; /* at most ESTIMATE_MODELS_MAX */
};

/* Persistent state of one alarm: enough to go on after a restart. */
struct alarm_snapshot {
    struct alert last; /* the newest alert of this alarm */
};

/* A limit set by command for the stay; the key outlives changes of the configuration's order. */
struct set_limit {
    uint32_t key; /* limit_key of rule and parameter; 0: free */
    int32_t value_milli;
};
uint32_t limit_key(const char *rule, const char *parameter);

/* Persistent state of one bed. */
struct bed_snapshot {
    uint64_t stay;         /* 0: vacant */
    int64_t stay_start_ms; /* observations from before are not this patient's; vacant: since when, 0: ever */
    int64_t stay_began_ms; /* alarms are off before: of a stay that begins by itself its seconds count, but not they */
    int64_t admission_ms;  /* when somebody entered its admission; 0: nobody has */
    uint64_t bed_seq;
    int64_t away_until_ms;                         /* 0: the patient is here */
    int64_t away_at_ms;                            /* of the newest going or coming back in this stay; 0: none */
    int32_t identity[ENGINE_MONITORS_PER_BED_MAX]; /* identity_hash of the monitors that belong here; 0: none known */
    struct set_limit limits[ENGINE_LIMITS_PER_BED_MAX];
    struct pause pauses[PAUSES_PER_BED_MAX];
    uint8_t spo2_scale;           /* NEWS2: SCORING_SPO2_SCALE_2 where somebody decided so for this stay */
    struct attributes attributes; /* told of this patient */
};

enum record_kind {
    RECORD_ALERT, /* alert: to be committed with its alarm's state and the numbers below, then sent */
    RECORD_FOLDED, /* alert: the state of an alarm that is part of another one; to be committed and shown, no alert is sent */
    RECORD_BED,         /* the bed's stay changed without an alert */
    RECORD_MEASUREMENT, /* measurement: the newest of an episodic vital, to be found again after a restart */
    RECORD_ENTRIES,     /* entries: those kept of a vital have changed by command, to be found again after a restart */
    RECORD_COMMAND      /* command: what became of it; an audit row, then a reply. Comes after the records it caused */
};

/* What is kept of one vital of a bed. */
struct entries_snapshot {
    uint8_t vital;
    struct entries entries;
};

struct record {
    enum record_kind kind;
    uint16_t bed; /* BED_NONE: gateway */
    bool
        of_command; /* of the instant of a command, whose RECORD_COMMAND follows and is durable with it or not at all */
    union {         /* as kind says; of a RECORD_BED none */
        struct alert alert;
        struct observation measurement;
        struct entries_snapshot entries;
        struct bed_command command;
    };
    struct bed_snapshot bed_state; /* of `bed`, after this record */
    uint64_t seq;                  /* the gateway's numbers after this record */
    uint64_t next_id;
};

struct record_sink {
    void (*put)(struct record_sink *sink, const struct record *record);
};

/* One bed as a screen sees it. */
struct vital_view {
    uint8_t vital;
    uint8_t quality; /* enum quality; VALID: value is current */
    uint8_t source;  /* enum vital: itself, or the one that stands in for it */
    bool age_unknown;
    bool episodic;
    int32_t value_milli;
    int64_t at_ms; /* of the value */
};
/* How many observations of a vital were not used, for that reason, since the engine was made; those of a journal aside. */
struct rejection_view {
    uint8_t vital, quality;
    uint32_t count;
};
/* One that is active or latched. */
struct alarm_view {
    char name[ALARM_NAME_MAX];
    uint64_t id;
    uint32_t rev;
    uint8_t priority, state, inactivation; /* the enums of alert.h */
    int64_t raised_ms;
};

struct bed_view {
    uint16_t bed;
    uint8_t patient_class;
    uint8_t vital_count;
    bool monitored; /* a stay is on */
    uint64_t stay;
    int64_t stay_start_ms, at_ms;
    uint8_t priority;                               /* highest among its alarms */
    uint8_t alarm_count;                            /* active or latched; 255 also for more */
    struct alarm_view alarms[ENGINE_ALARMS_VIEWED]; /* the first of them, the most urgent ones first */
    int64_t away_until_ms;                          /* 0: the patient is here */
    struct set_limit limits[ENGINE_LIMITS_PER_BED_MAX];
    struct pause pauses[PAUSES_PER_BED_MAX];
    uint8_t rejection_count;
    uint64_t rejected; /* all of them together */
    struct rejection_view rejections[ENGINE_REJECTIONS_VIEWED];
    struct vital_view vitals[VITAL_COUNT];
    uint8_t spo2_scale; /* of NEWS2; 0: it is not kept here */
    struct scoring scoring;
    struct estimates estimates;
};

struct engine;

/* With an arena that only measures, returns NULL. `config` must outlive the engine. */
struct engine *engine_make(struct arena *arena, const struct engine_config *config);
void engine_seed(struct engine *engine, uint64_t seed);

/* Restore, before engine_begin, in this order: numbers, beds, the past of rules' alarms, then the observations since the last run, entries
 * (RECORD_ENTRIES) among them, through engine_observe and engine_step into a sink that drops them (engine_restore_begin / _end around; values from before a
 * bed's stay are passed over), alarms last. What today's configuration says of an alarm (priority, limits) counts; a
 * limit set by command that it no longer lets be set is given up, and the bed told. */
void engine_restore_numbers(struct engine *engine, uint64_t seq, uint64_t next_id);
uint64_t engine_seq(const struct engine *engine); /* the newest that it has given, or was restored with */
/* Behind all of it: so many ids of alarms and stays may have been given, and heard of, without being committed. */
void engine_skip_ids(struct engine *engine, uint64_t count);
void engine_restore_bed(struct engine *engine, uint16_t bed, const struct bed_snapshot *snapshot);
/* The newest alert of a rule's alarm, over or not: a journal does not hold what people did, and delays hang on it. False, and nothing
 * has changed: it is of no rule here, or of another stay. */
bool engine_restore_past(struct engine *engine, const struct alarm_key *key, const struct alarm_snapshot *snapshot);
void engine_restore_begin(struct engine *engine, int64_t from_ms);
void engine_restore_end(struct engine *engine);
/* key: found again by its name (alarm_find); false when that rule no longer applies at the bed.
 * unverified: another boot with an unsynchronised clock: the alarm stays active, marked, until data confirm or clear it. */
bool engine_restore_alarm(struct engine *engine, const struct alarm_key *key, const struct alarm_snapshot *snapshot,
                          bool unverified);

/* When monitors last said the alarms that they repeat, which no journal holds: what the engine before a reload tells the next one, behind its
 * alarms. False, and nothing has changed: it has no such alarm. */
void engine_each_said(const struct engine *engine,
                      void (*visit)(void *context, uint16_t bed, const char *name, int64_t at_ms), void *context);
bool engine_restore_said(struct engine *engine, uint16_t bed, const char *name, int64_t at_ms);

/* A run begins. After a restore monitors get time to speak: until they would count as silent (12 s for the gateway's own
 * alarms) restored technical alarms do not end because nothing shows, and nothing begins that rests on what was not
 * heard meanwhile. */
void engine_begin(struct engine *engine, int64_t now_ms);

/* The same where nobody was deaf meanwhile (a reload): silence counts from what the journal heard last. */
void engine_continue(struct engine *engine, int64_t now_ms);

uint32_t engine_records_max(const struct engine *engine);
/* The same, known before the engine is made. */
uint32_t engine_config_records_max(const struct engine_config *config);
int64_t engine_next(const struct engine *engine); /* next instant with something to do; SERIES_NEVER when none */
bool engine_is_amid(const struct engine *engine);
/* Goes on with the instant under way, whatever until_ms; else with the next one that is not after it. */
void engine_step(struct engine *engine, int64_t until_ms, struct record_sink *sink);

/* o->at_ms must not lie before engine_now; false (and counted) when it does. */
bool engine_observe(struct engine *engine, const struct observation *o);
int64_t engine_now(const struct engine *engine);

/* Makes `o`, which was just observed, what the journal keeps: a value of a monitor whose identity is in doubt becomes
 * QUALITY_IDENTITY. A journal fed again is not judged once more: by then somebody may have confirmed that monitor. */
void engine_journal(const struct engine *engine, struct observation *o);

/* An alarm of a monitor's own; as engine_observe. False, too, and counted: no alarm (a name that is none), a bed whose
 * configuration says that nobody reports alarms, or no slot left (reported.c). */
bool engine_observe_alarm(struct engine *engine, const struct monitor_alarm *alarm);

/* A command, at an instant not before engine_now, after everything due before it has been stepped. The instant that is stepped next
 * does it and ends with its RECORD_COMMAND; one command at a time. What was observed at its instant before is applied already. */
void engine_command(struct engine *engine, int64_t at_ms, const struct bed_command *command);

/* Ends (phase `end`) what `next`, the configuration that is to come, does not have any more: alarms of rules, monitors and
 * beds that go. At an instant up to which everything has been stepped. The next steps do it and are the engine's last:
 * after them nothing is due, and nothing is taken (false). Saying so again makes no difference. */
void engine_retire(struct engine *engine, int64_t at_ms, const struct engine_config *next);

/* A condition of the gateway itself holds or does not (bus_down ... refused_publish); detail goes into the alert's text.
 * priority: PRIORITY_NONE for the table's; a change while it holds escalates or de-escalates the alarm. When it is news that a store of alerts was
 * set aside (store_replaced, with any detail but CONDITION_TRENDS_ONLY) every alarm that is on is told anew: the next store does not know it. */
#define CONDITION_TRENDS_ONLY "trends only"
void engine_condition(struct engine *engine, int64_t at_ms, enum builtin_alarm alarm, bool on, enum priority priority,
                      const char *detail);
void engine_clock_synced(struct engine *engine, bool synced);

/* How a line to monitors is doing, told before the condition bus_down that it means. Closed: not open, not long enough to be an
 * alarm. Lines are open until somebody says otherwise. */
enum line_state { LINE_OPEN, LINE_CLOSED, LINE_DOWN };
void engine_line(struct engine *engine, int64_t at_ms, uint16_t line, enum line_state state);

/* How a line is heard, for whoever judges that. Of its monitors those have missed a word that should have been heard for
 * half their time-out, and fell silent within a time-out of the newest word on the line: not one that is off for days. */
struct line_silence {
    int64_t quiet_ms;    /* nobody on it has been heard for so long; INT64_MAX: nobody hangs on it */
    bool unheard;        /* nobody at all since the run began: quiet_ms counts from there */
    int64_t shortest_ms; /* the shortest time-out of its monitors */
    uint16_t missed;     /* monitors */
    uint16_t silent;     /* of those: beyond their time-out */
    uint16_t outdated;   /* of those that missed: they speak, but of nothing that is current */
};

/* Of the lines from `first` on, so many. */
void engine_hear_lines(const struct engine *engine, int64_t now_ms, uint16_t first, uint16_t count,
                       struct line_silence *out);

/* Nobody on it has been heard for half the shortest time-out. */
bool line_is_quiet(const struct line_silence *line);

/* A stay begins at at_ms (admission): windows, delays, alarms and scores start anew. Alarms of the stay before end with it; a
 * technical one that still holds begins in the new stay, under another id. */
void engine_admit(struct engine *engine, uint16_t bed, int64_t at_ms);

/* A bed that has had news for a screen since it was told here last, in order of beds; BED_NONE: no more of them. */
uint16_t engine_take_news(struct engine *engine);
void engine_view_bed(const struct engine *engine, uint16_t bed, struct bed_view *out);

/* Whether the bed has all that the rule asks. What people enter where they might have a monitor is not watched by
 * rules; what only people give is. */
bool rule_applies(const struct bed_config *bed, const struct rule *rule);

/* Whether the bed's configuration switches it off, by its index: it is not evaluated there. */
bool rule_is_off(const struct bed_config *bed, unsigned rule);

/* The name of an alarm ("spo2_low", "spo2_low.not_monitored", "sensor_off", "monitor.vtach") into text of ALARM_NAME_MAX. */
void alarm_name(const struct engine_config *config, const struct alert *alert, char *text);
/* The other way round; false when the configuration no longer has it. Of a monitor's alarm by name it gives the family and no index. */
bool alarm_find(const struct engine_config *config, uint16_t bed, const char *name, struct alarm_key *out);

/* Alarms that are active or latched now, for a summary: calls visit with each one's newest alert. */
void engine_each_alarm(const struct engine *engine, void (*visit)(void *context, const struct alert *alert),
                       void *context);

/* Observations rejected because they came too late, replaced at one instant, or over a full ring; monitors' alarms by name that
 * were not taken, or gave way to a more urgent one; per engine. */
struct engine_counts {
    uint64_t observations, late, replaced, overruns, rejected[QUALITY_COUNT];
    uint64_t reported_dropped;
};
void engine_count(const struct engine *engine, struct engine_counts *out);

#endif
