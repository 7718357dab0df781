/*
 * deliver_internal.h: the parts of deliver and what they share. Private to app/flow/deliver*.c; one thread at a time: who
 * makes the round (uplink.h), or the deliver thread before the first and after the last.
 *
 *     deliver.c          the round, the thread, its end
 *     deliver_link.c     the connection and its retries
 *     deliver_window.c   the window of unacknowledged publishes
 *     deliver_brokers.c  what is known of the other brokers, and the way back to an earlier one
 *     deliver_leave.c    what is said to a broker that is left for another
 *     deliver_refused.c  what a broker refuses, or ends the connection for
 *     deliver_present.c  the retained present: status, settings, vitals, health
 *     deliver_scores.c   the retained scores and estimates
 *     deliver_ward.c     the retained summary of the ward
 *     deliver_alarms.c   the retained states of alarms
 *     deliver_outbox.c   the rows of the outbox, in order per bed
 *     deliver_acked.c    acknowledged rows, and how far they go
 *     deliver_ahead.c    rows of the backlog, read some at a time
 *     deliver_direct.c   alerts that a sick store could not commit
 *     deliver_clock.c    the wall clock, and what a step of it makes wrong
 *     deliver_commands.c commands that come in, and their replies
 *     deliver_boards.c   boards that say that they are there
 *     deliver_resend.c   alerts that are sent again on request
 *
 * Every step does what can be done now and says by deliver_due when it wants the next round; an acknowledgement or news
 * bring it sooner.
 */
#ifndef WARDGATE_DELIVER_INTERNAL_H
#define WARDGATE_DELIVER_INTERNAL_H

#include <pthread.h>

#include "app/flow/asides.h"
#include "app/flow/deliver.h"
#include "app/flow/direct.h"
#include "app/flow/firsts.h"
#include "app/flow/presence.h"
#include "app/flow/spans.h"
#include "app/settings/settings.h"

#define DELIVER_STATES_IN_FLIGHT 8 /* retained states, beside DELIVER_IN_FLIGHT alerts */
#define DELIVER_FLIGHTS          (DELIVER_IN_FLIGHT + DELIVER_STATES_IN_FLIGHT)
#define DELIVER_ACK_TIMEOUT_US   15000000
#define DELIVER_CONNECT_GUARD_US 60000000 /* an attempt ends long before, unless the library fails to say so */
#define DELIVER_IDLE_US          1000000  /* the longest wait, so that its sign of life stays fresh */
#define DELIVER_STANDBY_SLACK_US 500000
#define DELIVER_LEAVE_SLACK_US   50      /* what waits for its end waits for less than that */
#define DELIVER_RETRY_US         2000    /* after the uplink's queue was full */
#define DELIVER_STORE_RETRY_US   1000000 /* after a fault of the store */
#define DELIVER_VITALS_REPEAT_US 9000000 /* at least every 10 s is promised */
#define DELIVER_HEALTH_US        10000000
#define DELIVER_HEALTH_AGAIN_US  100000 /* when there was no room for it */
#define DELIVER_ALARMS_US        20000000
#define DELIVER_SETTINGS_US      60000000
#define DELIVER_WARD_US          30000000
#define DELIVER_WARD_LEAST_US    2000000  /* between two, whatever changes */
#define DELIVER_REFRESH_US       5000     /* of what is no alert, beside a backlog */
#define DELIVER_AGAIN_US         30000000 /* until what had to be left in the outbox is tried again; */
#define DELIVER_STALLED_US       1000000  /* without room for what is delivered: its disk hangs */
#define DELIVER_NOTED_US         50000    /* until it is looked again whether all that was delivered is noted; */
#define DELIVER_NOTED_US_MAX \
    10000000 /* after so long what was left is tried all the same: better twice than not at all */
#define DELIVER_AGAIN_US_MAX      480000000 /* twice as long each time, up to this */
#define DELIVER_BARRED_MAX        16
#define DELIVER_DIRECT_MAX        32
#define DELIVER_TOLD_ANEW_US      5000000 /* behind the record of a store that is gone, all that is on has been told anew */
#define DELIVER_COMMANDS_A_SECOND 10
#define DELIVER_COMMAND_IDS       512U
#define DELIVER_STATUS_MAX        512
#define DELIVER_ALARM_PAYLOAD_MAX (PAYLOAD_ALERT_MAX + 64) /* and expires_at */
#define DELIVER_GATHERED_MAX      65536
#define DELIVER_AHEAD_MAX         32768
#define DELIVER_SCRATCH_MAX       PAYLOAD_SETTINGS_MAX /* the largest payload */
#define DELIVER_STALE_GRACE_MS    2000 /* a value this long past its stale time: the engine's thread stands still */

_Static_assert(DELIVER_SCRATCH_MAX >= PAYLOAD_HEALTH_MAX && DELIVER_SCRATCH_MAX >= PAYLOAD_VITALS_MAX &&
                   DELIVER_SCRATCH_MAX >= PAYLOAD_WARD_MAX && DELIVER_SCRATCH_MAX >= DELIVER_ALARM_PAYLOAD_MAX,
               "one scratch buffer holds any payload");
_Static_assert(DELIVER_GATHERED_MAX >= 2 * STORE_VALUE_MAX, "a batch holds any alarm");
_Static_assert(BOARD_BROKERS_MAX - SETTINGS_BROKERS_MAX >= 0, "the board has a place for each broker");
_Static_assert(PRESENCE_BOARDS_MAX >= SETTINGS_BOARDS_MAX, "as many as may be expected are known");
_Static_assert(DELIVER_FLIGHTS <= UPLINK_TAGS_MAX, "the uplink keeps a place for each publish in flight");

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

/* What an unacknowledged publish carries. */
enum flight_kind { FLIGHT_FREE, FLIGHT_STATE, FLIGHT_ROW, FLIGHT_DIRECT, FLIGHT_RESEND };

struct flight {
    enum flight_kind kind;
    bool record;     /* FLIGHT_ROW: no alert, but the record of some; who hears it says nothing of who hears alerts */
    bool foreign;    /* FLIGHT_ROW: of an epoch that we do not go on with: its seq says nothing of ours */
    bool acked;      /* a row whose acknowledgement waits for room in the ring to the store thread */
    bool alone;      /* nothing else was under way, nor is until it is acknowledged */
    uint16_t direct; /* FLIGHT_DIRECT: its slot */
    uint64_t tag;    /* how the uplink names it */
    uint64_t row;    /* FLIGHT_ROW; FLIGHT_RESEND: its row in history, 0 of the end of a request */
    uint64_t seq;    /* of an alert */
    int64_t sent_us;
    char topic[PAYLOAD_TOPIC_MAX];
};

/* What is known of a broker that is not connected to. */
struct broker_known {
    int64_t ask_us;   /* when it is to be asked again */
    int64_t since_us; /* of the probes that it answered in a row, the first */
    uint8_t in_row;
    bool told_silent;
    int64_t ends_ms; /* of the certificate that it showed; 0: none is known */
};
struct brokers {
    struct broker_known known[SETTINGS_BROKERS_MAX];
    uint8_t asked; /* which one a probe is about; SETTINGS_BROKERS_MAX: none */
    uint8_t to;    /* while leaving: which one is next */
    bool leaving;  /* until leave_us at the latest */
    int64_t leave_us;
    int64_t wait_us;     /* for so long an earlier one must have answered */
    int64_t returned_us; /* when it was returned to one, until that has lasted; 0: it was not */
};

enum leave_stage { LEAVE_ALARMS, LEAVE_DIRECT, LEAVE_BEDS, LEAVE_GATEWAY, LEAVE_STATUS, LEAVE_WAITS, LEAVE_DONE };
struct leave {
    enum leave_stage stage;
    bool cut;                 /* within a visit: no room */
    uint32_t emptied, passed; /* alarms, in all visits; within the one under way */
    uint16_t direct;          /* next slot */
    uint16_t bed;
    unsigned topic; /* of the bed, then of the gateway */
};

/* A publish that the connection did not outlive, or that was never acknowledged. */
struct barred {
    uint64_t key; /* 0: none */
    int64_t until_us, wait_us;
};
struct refused {
    bool holds;       /* an alert is set aside, or was when the outbox was last gone through */
    bool careful;     /* one publish at a time */
    bool waits;       /* a barred one is to be tried again, as soon as nothing is under way */
    bool any_barred;  /* there may be one */
    uint8_t losses;   /* in a row */
    uint8_t strikes;  /* of the suspect, in a row */
    uint64_t suspect; /* key of the one that was under way alone at the newest loss; 0: none */
    struct barred barred[DELIVER_BARRED_MAX];
    struct spans noted; /* seqs of alerts that the audit log was told of */
};
enum refused_gate {
    GATE_OPEN,
    GATE_ALONE, /* if nothing else is under way */
    GATE_WAIT,
    GATE_SHUT /* not now, and nothing is to wait for it */
};

/* Requests for alerts that were delivered before: the first is under way. */
struct resend {
    struct resend_request waiting[RESEND_WAITING];
    unsigned count;
    bool is_begun;       /* `row` is known */
    bool is_over;        /* its end is to be told */
    enum resend_end end; /* how */
    uint64_t row;        /* of history, done up to here */
    uint64_t sent;
    unsigned seen; /* within a visit */
    int64_t due_us;
};

/* What goes on while the deliver around it is made anew. */
struct deliver_link {
    struct uplink *uplink;   /* NULL: not open yet */
    struct wake wake;        /* for a round */
    struct wake standing_by; /* for the end of the deliver thread */
    enum link_state state;
    uint8_t broker;
    uint32_t backoff_ms;
    uint32_t takes;                    /* the broker, unacknowledged */
    uint32_t window, window_of_states; /* unacknowledged at most: alerts, and beside them states */
    int64_t retry_us, changed_us;      /* when it may connect again; when its state changed */
    int64_t look_us;                   /* when its files are to be looked at again */
    uint64_t random, next_tag;
    uint64_t
        told_failures[SETTINGS_BROKERS_MAX]; /* what people were told last of each broker, until a connection lasts */
    bool told_refusal;                       /* once a connection */
    struct flight flights[DELIVER_FLIGHTS];
    char will_topic[PAYLOAD_TOPIC_MAX];
    char will_payload[DELIVER_STATUS_MAX];
    char filter[PAYLOAD_TOPIC_MAX]; /* of commands */
    const char *filters[1];
    uint32_t stand_ins;        /* of the uplink, as far as board.uplink_stand_ins has them */
    uint32_t messages_dropped; /* by the uplink, as far as board.commands_dropped has them */
    char presence_filter[PAYLOAD_TOPIC_MAX];
    uint32_t presences_dropped; /* likewise, board.boards_dropped */
    struct presence presence;   /* of boards, since this connection was made */
    bool presence_changed, told_presence;
    int64_t presence_due_us; /* when it changes by itself */
    struct brokers brokers;
    struct refused refused;
    struct resend resend;
};

/* The order in which a connection gets to know the present. */
enum present_stage {
    PRESENT_STATUS,
    PRESENT_ALARMS,
    PRESENT_SETTINGS,
    PRESENT_VITALS,
    PRESENT_SCORES,
    PRESENT_WARD,
    PRESENT_CLOCK,
    PRESENT_COMPLETE
};

/* What was published last of a score, as far as a change of it is news. */
struct score_said {
    uint64_t stay;
    int64_t due_ms;
    struct score_result result;
    uint8_t spo2_scale;
};

/* The same of an estimate. */
struct estimate_said {
    uint64_t stay;
    struct estimate_result result;
};

struct bed_present {
    uint64_t version;       /* of the view published last */
    uint64_t changes;       /* as the board counted them when its view was looked at last */
    uint64_t settings_stay; /* what the settings published last said of it, of the patient being away, and of limits */
    int64_t settings_away_until_ms;
    struct set_limit settings_limits[ENGINE_LIMITS_PER_BED_MAX];
    struct pause settings_pauses[PAUSES_PER_BED_MAX];
    int64_t vitals_us; /* when its vitals were published last */
    int64_t tick_us;   /* the next tick at which news are looked for; 0: news wake us */
    bool settings_due, vitals_due;
    uint8_t settings_scale, settings_oxygen;
    uint32_t scores_due; /* bit per enum score, behind them one per estimate */
    int64_t scores_us;   /* from when on they may be published again */
    struct score_said said[SCORE_COUNT];
    struct estimate_said estimated[ESTIMATES_MAX];
    uint8_t quality[VITAL_COUNT]; /* by enum vital: what people enter comes and goes in a view */
};

struct present {
    enum present_stage stage;
    int64_t settings_us, health_us; /* when they are due again */
    int64_t refreshed_us;           /* when it was looked through last */
    struct bed_present *beds;
    bool gone_is_left;   /* topics of what is gone are still to be emptied, behind everything else */
    size_t gone_at;      /* the next of config.known_beds */
    unsigned gone_topic; /* and of its topics */
    uint32_t gone_score; /* the next of config.known_scores */
    uint16_t gone_bed;   /* and of the beds */
};

struct alarms {
    /* the pass */
    bool running;
    bool with_ended;
    bool failed;      /* the store could not be read: the next pass is a whole one again */
    uint64_t begun;   /* passes, this one too */
    int64_t due_us;   /* when the next one begins */
    uint16_t direct;  /* next slot */
    int priority;     /* of the store's alarms now; below PRIORITY_NONE: all shown */
    uint32_t taken;   /* alarms of that priority gathered so far, in all batches */
    uint32_t waiting; /* of the batch, not shown yet */
    bool complete;    /* the batch reaches the last alarm of that priority */
    uint32_t passed;  /* within the visit under way */
    char *gathered;   /* the batch */
    size_t gathered_size, gathered_at;
    /* the state behind an alert handed over already, when the uplink's queue had no room for both */
    bool owes;
    char owed_topic[PAYLOAD_TOPIC_MAX];
    char owed[DELIVER_ALARM_PAYLOAD_MAX];
    size_t owed_length;
};

/* Rows up to `through` were handed over, except those of places that are behind; rows up to `behind_through` too,
 * wherever they belong. */
struct outbox {
    bool begun;
    bool unread;                              /* it could not be read when it was tried last */
    bool stopped;                             /* within a visit: no room */
    uint64_t through, behind_through;         /* rows */
    uint64_t through_seq, behind_through_seq; /* and their seq */
    uint64_t behind_rows;                     /* sum over places */
    uint32_t last_place; /* of them, the one that was asked for last: alerts of a bed often follow each other */
    uint32_t *behind;    /* a place: a bed, or one of the two behind them: the gateway, and beds no longer configured */
    struct firsts firsts;  /* of them, those that go first */
    uint64_t newest;       /* committed when this connection began: its alarms' states are part of the present */
    int64_t behind_due_us; /* pace */
    int64_t again_us;      /* when what had to be left in it is tried again; 0: nothing was */
    int64_t again_wait_us; /* until then, the newest time */
    int64_t full_since_us; /* the ring of delivered rows has had no room; 0: it has */
    bool left;             /* some of it was refused since it was begun */
    uint64_t shown_by; /* the pass over alarms that has the state of one that the live pass could not read; 0: none */
};

/* Rows behind behind_through, as they were read. */
struct ahead {
    unsigned char *bytes; /* DELIVER_AHEAD_MAX */
    uint64_t omitted;     /* as config.omitted counted before they were read: else some may be a record's by now */
    uint64_t last;        /* the row up to which the outbox was read */
    size_t filled, at;
};

enum direct_state { DIRECT_FREE, DIRECT_WAITING, DIRECT_IN_FLIGHT, DIRECT_SETTLED };

/* Of one alarm, the newer of two of one run has the higher id, or the higher rev under the same: what is folded has no seq. What is of another run is of
 * one before, whose ids may be any: a run that began without the store has its own. */
struct revision {
    uint64_t run; /* payload_context.boot */
    uint64_t id;
    uint32_t rev;
};

/* Those out of our hands (delivered, or refused) stay until the store knows them: till then they are newer than its
 * alarms. */
struct direct_slot {
    enum direct_state state;
    bool overtaken;  /* by what the store has shown of its alarm, or by its end: it is sent, and shown no more */
    int64_t lost_us; /* when it was learnt that a store which knew it is gone; 0: none is */
    uint64_t place;  /* in the order in which they came */
    struct direct_alert alert;
};

struct command_id {
    uint8_t role;
    char id[COMMAND_ID_MAX]; /* "": none */
};

struct commands {
    struct command_id *ids; /* the newest DELIVER_COMMAND_IDS, a ring */
    uint32_t next_id;
    bool learnt;             /* those from before, out of the audit log */
    int64_t due_us, busy_us; /* pace of what comes; when a sender was told to wait */
    bool has_reply;          /* one that waits for its alerts, or for room */
    struct reply reply;
    struct uplink_incoming incoming;
};

struct ward {
    struct ward_bed beds[SETTINGS_BEDS_MAX];
    bool seen[SETTINGS_BEDS_MAX]; /* has had a view */
    uint16_t seen_count;
    unsigned puts;    /* as the board counted what it holds of the ward when that was shown */
    bool is_news;     /* a bed is not as it was shown */
    int64_t shown_us; /* when it was published last */
    struct ward_figures figures;
};

struct deliver_clock {
    struct clock_record record; /* as it was shown */
    unsigned puts;              /* as the board counted them when that was taken */
    bool is_owed;               /* it could not be shown yet */
    int64_t correction_ms;      /* wall - engine, by which everything retained is shown */
    int64_t shown_us;
};

struct deliver {
    struct deliver_config config;
    const struct payload_context *context; /* the config's */
    struct store *store;                   /* as seen in this round; NULL until it is open */
    struct deliver_link *link;             /* the config's */
    struct thread thread;
    atomic_bool stop;
    pthread_mutex_t taking; /* while it takes a command; guards `held` */
    bool held;
    bool detaching;          /* the link goes on without us */
    int64_t now_us, wall_ms; /* of this round */
    int64_t due_us;          /* of the next */
    bool congested;          /* the uplink's queue was full in this round: figures give way to alerts */
    struct present present;
    struct ward ward;
    struct deliver_clock clock;
    struct alarms alarms;
    struct leave leave;
    struct outbox outbox;
    struct ahead ahead;
    struct commands commands;
    struct direct_slot *direct;
    unsigned direct_waiting;     /* of them, DIRECT_WAITING: usually none, then nothing of them is touched */
    uint64_t direct_place;       /* of the next */
    uint64_t direct_refused_seq; /* the oldest that the broker refused; 0: none */
    uint64_t direct_lost_seq;    /* the newest that a store knew which is gone; 0: none is */
    const uint16_t *beds_by_id;  /* indices of beds, sorted by id */
    char *scratch;
};

static inline void deliver_due(struct deliver *d, int64_t at_us)
{
    if (at_us < d->due_us) {
        d->due_us = at_us;
    }
}

/* wall = engine + this, now */
int64_t deliver_correction_ms(const struct deliver *d);
int64_t deliver_engine_ms(const struct deliver *d);

/* deliver_link.c */
enum status deliver_link_open(struct deliver *d); /* does nothing when it is open */
void link_begin(struct deliver *d);               /* another deliver goes on with it */
void link_leave(struct deliver *d); /* waits a little for what is not acknowledged; the rest will be sent again */
void link_step(struct deliver *d); /* takes events, connects when due, gives up on a broker that does not acknowledge */
void link_farewell(struct deliver *d);

/* deliver_window.c */
struct flight *window_find(struct deliver_link *link, uint64_t tag); /* NULL: it is not unacknowledged */
bool link_has_room(const struct deliver *d, enum flight_kind kind);
bool link_has_spare_room(const struct deliver *d); /* for a state that no alert waits for: it leaves half the window */
uint32_t link_in_flight(const struct deliver *d, enum flight_kind kind);
/* QoS 1. False: not now. Of `what`, kind, row, seq and direct are looked at. */
bool link_publish(struct deliver *d, const struct uplink_message *message, const struct flight *what);
/* Retained, QoS 1, within the window; length 0 empties the topic. */
bool link_publish_state(struct deliver *d, const char *topic, const char *payload, size_t length, int64_t expiry_ms);
/* Retained, QoS 0. */
bool link_publish_figures(struct deliver *d, const char *topic, const char *payload, size_t length, int64_t expiry_ms);

/* deliver_brokers.c */
void brokers_begin(struct deliver_link *link, uint32_t return_after_ms);
void brokers_step(struct deliver *d);              /* probes what is due, decides to leave */
void brokers_risen(struct deliver *d);             /* a connection stands */
void brokers_moved(struct deliver *d, uint8_t to); /* we go over to another one, and lost none */
void brokers_lost(struct deliver *d);              /* one is lost, or did not succeed */
bool brokers_leaving(const struct deliver *d);
bool brokers_leave_step(struct deliver *d); /* true: now the link is to go over to brokers.to */
void brokers_note_ends(const struct deliver *d, struct uplink_certificate *first_end);

/* deliver_leave.c */
void leave_begin(struct deliver *d);
bool leave_step(struct deliver *d); /* true once the broker has it all */

/* deliver_refused.c */
void refused_take(struct deliver *d, const struct flight *flight, int reason, const char *why); /* NULL: figures */
void refused_over(struct deliver *d); /* the outbox was gone through, and nothing of it refused */
/* Before the flights are forgotten; false: nobody is to blame. answered: else an acknowledgement did not come. */
bool refused_lost(struct deliver *d, bool answered);
void refused_step(struct deliver *d, int64_t oldest_unacked_us);
bool refused_leaves_room(const struct deliver *d);
bool refused_watches(const struct deliver *d, const char *topic);               /* figures there go at QoS 1 now */
enum refused_gate refused_look(struct deliver *d, const struct flight *flight); /* of a publish that is to go now */
void refused_shut(struct deliver *d, const struct flight *flight);              /* it does not go now */
void refused_acked(struct deliver *d, const struct flight *flight);

/* deliver_present.c */
void present_begin(struct deliver *d);
bool present_step(struct deliver *d); /* true once this connection knows the whole present */
void present_refresh(struct deliver *d);
bool present_status(struct deliver *d, const char *state, const char *reason); /* as of payload_status */

/* deliver_scores.c */
void scores_note(struct deliver *d, const struct bed_view *view); /* what is news in it becomes due */
void scores_make_due(struct deliver *d, bool emptied_too);        /* on connect; else before they expire */
bool scores_show(struct deliver *d);                              /* those that are due; false: not all of them now */
bool scores_empty_at(struct deliver *d, const char *bed, const char *name); /* false: not now */
#define SCORES_TOPICS ((unsigned)SCORE_COUNT + ESTIMATES_MAX)
const char *scores_name_at(const struct deliver *d, uint16_t bed, unsigned topic); /* NULL: it is not told there */
bool scores_empty_gone(struct deliver *d); /* of those that a bed has not, or no more; false: not all of them now */

/* deliver_ward.c */
void ward_note(struct deliver *d, const struct bed_view *view); /* what is news in it becomes due */
bool ward_show(struct deliver *d);                              /* on connect */
void ward_refresh(struct deliver *d);                           /* when it is due */

/* deliver_clock.c */
bool clock_show(struct deliver *d);    /* on connect */
void clock_refresh(struct deliver *d); /* when it is due */
void clock_note(struct deliver *d);    /* all that is retained is told from here on, by the clock as it is */
bool clock_was_set(struct deliver *d); /* since then, or the call before: what is retained expires at other instants */
bool clock_makes_late(const struct deliver *d, const struct store_alert *alert);

/* deliver_alarms.c */
void alarms_begin(struct deliver *d, bool with_ended);
bool alarms_step(struct deliver *d);           /* goes on with the pass; true when it is over */
uint64_t alarms_begin_soon(struct deliver *d); /* a pass that knows what is committed now: its number */
bool alarms_have_shown(const struct deliver *d, uint64_t pass); /* that pass, or one behind it, is over */
/* The state behind an alert: its content, or an empty topic at the end. Kept and tried again when it cannot go now. */
void alarms_show(struct deliver *d, const char *bed, const char *alarm, const char *json, size_t length, bool ended);
/* The same of a row of the store, unless something direct is newer. */
void alarms_show_stored(struct deliver *d, const struct store_alert *alert);
/* What the store has of an alarm. False: nothing that could be read. */
bool alarms_find(const struct deliver *d, const char *bed, const char *alarm, struct revision *out);
bool alarms_settle(struct deliver *d); /* publishes what is kept; true when nothing is left */

/* deliver_outbox.c */
void outbox_step_live(struct deliver *d);   /* begins, if it has to, and hands over what is new */
void outbox_step_behind(struct deliver *d); /* hands over backlog */
/* It still holds what is to be handed over before anything that came later at this bed. */
bool outbox_precedes(const struct deliver *d, const char *bed);
void outbox_leave(struct deliver *d);         /* one of its rows is refused, and tried again later */
bool outbox_is_settled(struct deliver *d);    /* the store, too, knows that everything is delivered that can be */
bool outbox_is_busy(const struct deliver *d); /* an alert waits, or is not acknowledged */

/* deliver_acked.c */
void acked_return_all(struct deliver *d);           /* acknowledged rows to the store thread */
bool acked_return(struct deliver *d, uint64_t row); /* one that has done its work; false: not now, there is no room */
bool acked_is_stalled(const struct deliver *d);     /* there has been no room for some time: its disk hangs */

/* deliver_ahead.c */
/* Some of the outbox's rows from `after` on up to `through`, in the place of those that are there; none: there are no more. As store_each_outbox. */
enum status ahead_read(struct deliver *d, uint64_t after, uint64_t through) MUST_CHECK;
const struct store_alert *ahead_first(const struct deliver *d); /* NULL: there is none */
void ahead_pass(struct deliver *d);                             /* over the first */
/* Some behind those that are there, if there is room for them. */
enum status ahead_read_on(struct deliver *d, uint64_t through) MUST_CHECK;
void ahead_forget(struct deliver *d);

/* deliver_direct.c */
void direct_take(struct deliver *d);
void direct_step(struct deliver *d);
void direct_settled(struct deliver *d, uint16_t index, bool refused);
void direct_unsent(struct deliver *d);                                        /* the connection is gone */
void direct_drop_durable(struct deliver *d, const struct store_alert *alert); /* one that the outbox has handed over */
const char *direct_bed(const struct deliver *d, const struct direct_slot *slot);
/* True when a direct alert of this alarm is newer than that revision of it, which is about to be shown; those that are not are let go, or are when
 * they are out of our hands. */
bool direct_is_newer(struct deliver *d, const char *bed, const char *alarm, const struct revision *revision);
bool direct_is_newest(const struct deliver *d, uint16_t slot); /* of its alarm, and not a test */
/* A store is gone that knew alerts up to seq: of their alarms, those that are on are told anew, by newer ones. */
void direct_lost(struct deliver *d, uint64_t seq);
/* True: it was lost and has not been told anew, so its alarm is over. */
bool direct_is_over(const struct deliver *d, uint16_t slot);

/* deliver_resend.c */
void resend_step(struct deliver *d); /* the next alert of a request, when nothing else is behind */
void resend_settled(struct deliver *d, const struct flight *flight, bool refused);
void resend_leave(struct deliver *d);    /* before the deliver is made anew */
void resend_farewell(struct deliver *d); /* says that what is left of them has ended */

/* deliver_boards.c */
void boards_listen(struct deliver *d,
                   struct uplink_config *uplink); /* has an uplink that is to be opened subscribe to them */
void boards_begin(struct deliver *d);             /* a connection stands */
void boards_take(struct deliver *d, const struct uplink_incoming *incoming);
void boards_step(struct deliver *d); /* behind those: tells the others who is there */

/* deliver_commands.c */
/* Has an uplink that is to be opened subscribe to commands, if they are on. */
void commands_listen(struct deliver *d, struct uplink_config *uplink);
void commands_learn(struct deliver *d); /* once the store is open: ids that were used before */
void commands_take(struct deliver *d);  /* what has come in: to the engine, or of boards to boards_take */
void commands_reply(struct deliver *d);

#endif
