/*
 * engine_internal.h: the engine's rooms as its own files see them. Nobody else includes this.
 *
 *     engine.c     builds it, takes observations, steps through instants, restores
 *     bed.c        a bed's channels by vital
 *     channel.c    quality of observations, what a screen sees of a vital
 *     stay.c       beds from vacant to occupied
 *     rule_alarm.c the life of a rule's alarm and of its not_monitored
 *     technical.c  the built-in alarms of beds and gateway, and the monitors' own alarms
 *     alarm.c      one alarm's alerts: numbers, phases, records
 */
#ifndef WARDGATE_ENGINE_INTERNAL_H
#define WARDGATE_ENGINE_INTERNAL_H

#include "app/engine/engine.h"
#include "app/engine/expression.h"
#include "app/engine/series.h"

#define INSTANT_NONE INT64_MIN

/* One vital of one bed. */
struct channel {
    const struct channel_config *config;
    struct series *series;
    enum quality quality; /* of the newest observation; NEVER before the first */
    int32_t raw_milli;    /* newest value, believed or not */
    int64_t lost_at_ms; /* the first one rejected since a valid one; INSTANT_NONE: the newest is valid, or none came */
    int64_t resumed_at_ms, resumed_after_ms; /* the newest observation after a hole, and how long that was */
    int64_t first_at_ms;                     /* the first valid observation of the stay, or INSTANT_NONE */
    bool was_valid;                          /* in this stay */
    bool age_unknown;                        /* episodic: the newest value was found, not seen to be measured */
    bool has_baseline; /* episodic: baseline_milli stood in the register before the stay and counts for nothing */
    int32_t baseline_milli;
    uint64_t rejected;
};

/* One alarm: inactive, active or latched, and its newest alert. */
struct alarm {
    struct alert last; /* key and constant parts are filled when the engine is made */
    bool raised;       /* active or latched */
    bool announce;     /* restored and unverified: to be said once */
    bool from_before;  /* restored, and its condition not seen since */
    uint32_t about;    /* technical: bit per vital that its detail names */
};

/* One rule at one bed; see rule_alarm.c for its states. */
struct rule_alarm {
    const struct rule *rule;
    struct bound_expression when, clear, moved; /* moved: `when` with its limit moved by the hysteresis */
    int64_t parameters_micro[PARAMETERS_MAX], moved_micro[PARAMETERS_MAX];
    struct alarm alarm, not_monitored;
    int64_t violated_at_ms;   /* start of the delay; INSTANT_NONE: none runs */
    int64_t delay_resumed_ms; /* INSTANT_NONE: frozen */
    int64_t delay_elapsed_ms;
    int64_t
        condition_at_ms; /* when the delay was over, perhaps before the stay or a restart; INSTANT_NONE: it is not */
    int64_t clear_since_ms, unknown_since_ms;
    int64_t deadline_ms;
};

struct monitor_state {
    int64_t heard_at_ms;
    int64_t back_at_ms; /* heard again after a start or a silence; INSTANT_NONE: not heard since the start */
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
    struct monitor_state monitors[ENGINE_MONITORS_PER_BED_MAX];
    int64_t candidate_since_ms, candidate_last_ms; /* vacant: a stay that may begin */
    bool begin_due;                                /* the stay begins when this instant is stepped */
    bool admitted;                                 /* somebody said so */
    uint32_t changed;                              /* bit per vital observed at this instant */
    uint32_t measured;                             /* bit per episodic vital measured at this instant */
    bool dirty, news, evaluate_all;
    int64_t deadline_ms;
    int64_t settle_until_ms; /* after a restart monitors get this long to speak; see technical.c */
};

struct gateway_condition {
    struct alarm alarm;
    bool on, changed;
    char detail[ALERT_DETAIL_MAX];
};

struct engine {
    const struct engine_config *config;
    struct bed *beds;
    struct gateway_condition gateway[BUILTIN_COUNT - BUILTIN_bus_down];
    bool gateway_dirty;
    bool clock_synced, restoring, begun;
    uint64_t seed, seq, next_id;
    uint64_t saved_seq, saved_next_id;
    int64_t now_ms;
    int64_t settle_until_ms; /* as a bed's, for the gateway's own alarms */
    int64_t gateway_deadline_ms;
    bool restored; /* something was */
    uint32_t records_max;
    struct engine_counts counts;
    struct record_sink *sink; /* of the step under way */
};

/* bed.c */
struct channel *bed_channel(const struct bed *bed, enum vital vital); /* NULL when the bed has no such vital */

/* channel.c */
void channel_reset(struct channel *channel, int64_t start_ms);
enum quality channel_judge(const struct channel *channel, const struct observation *o);
void channel_take(struct engine *engine, struct bed *bed, struct channel *channel, const struct observation *o,
                  enum quality quality);
int64_t channel_next_change(const struct channel *channel, int64_t now_ms); /* when it goes stale */
void channel_view(const struct channel *channel, bool monitor_silent, int64_t now_ms, struct vital_view *out);
int64_t channel_lost_at(const struct channel *channel,
                        int64_t now_ms); /* since when nothing stands; INSTANT_NONE while something does */

/* stay.c */
void stay_note_valid(const struct engine *engine, struct bed *bed, const struct channel *channel, int64_t at_ms);
void stay_begin(struct engine *engine, struct bed *bed);

/* rule_alarm.c */
void rule_alarm_make(struct arena *arena, struct bed *bed, struct rule_alarm *out, const struct rule *rule,
                     uint16_t rule_index);
/* For a new stay. unknown_since_ms: its start, from which an unknown counts if no value ever comes; or INSTANT_NONE. */
void rule_alarm_reset(struct rule_alarm *rule_alarm, int64_t unknown_since_ms);
void rule_alarm_reset_delay(struct rule_alarm *rule_alarm);
void rule_alarm_step(struct engine *engine, struct bed *bed, struct rule_alarm *rule_alarm);

/* technical.c */
int64_t technical_step(struct engine *engine, struct bed *bed); /* returns its next deadline */
void technical_gateway_step(struct engine *engine);
void technical_begin(struct engine *engine, struct bed *bed); /* a run begins */
void monitor_note_heard(struct engine *engine, struct bed *bed, unsigned monitor);
bool monitor_is_silent(const struct engine *engine, const struct bed *bed, unsigned monitor);

/* alarm.c */
void alarm_prepare(struct alarm *alarm, const struct alarm_key *key, enum alarm_kind kind, enum alarm_source source,
                   enum priority priority, enum alarm_reason reason);
void alarm_start(struct engine *engine, struct bed *bed, struct alarm *alarm, int64_t violated_at_ms,
                 int64_t condition_at_ms);
void alarm_update(struct engine *engine, struct bed *bed, struct alarm *alarm, enum alarm_phase phase);
void alarm_end(struct engine *engine, struct bed *bed, struct alarm *alarm);
void record_bed(struct engine *engine, struct bed *bed);
void record_measurement(struct engine *engine, struct bed *bed, const struct channel *channel);

#endif
