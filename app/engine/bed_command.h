/*
 * bed_command.h: what people tell the gateway about a bed: admissions, acknowledgements, limits.
 *
 * Comes from a role's command topic or from the local socket; app/flow has checked form, age and role, the engine checks
 * what it means. Every command, refused or not, becomes one RECORD_COMMAND: committed as a row of the audit log, with what
 * it caused, before the reply is sent. Plain data, copied through rings; no patient data. Thread: any.
 */
#ifndef WARDGATE_BED_COMMAND_H
#define WARDGATE_BED_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_ID_MAX     40 /* with its NUL */
#define COMMAND_BY_MAX     40
#define COMMAND_REASON_MAX 64

#define AWAY_MS_MAX     (12 * 60 * 60 * 1000)
#define AWAY_MS_DEFAULT (60 * 60 * 1000)
#define RULE_NONE       UINT16_MAX

#define RESEND_ALERTS_MAX 1000U /* sent again for one command */

/* The words are those of the `command` key of a payload. */
#define COMMAND_LIST(X)                                                                           \
    X(admit)       /* a stay begins; one that began by itself, or is on, ends */                  \
    X(discharge)   /* the stay ends, the bed is vacant */                                         \
    X(transfer)    /* the stay ends here and another begins at to_bed, which must be vacant */    \
    X(away)        /* the patient is elsewhere for duration_ms; ends when data return */          \
    X(back)        /* ends `away` */                                                              \
    X(assign)      /* the monitors that answer now are this bed's */                              \
    X(acknowledge) /* alarm_id in the rev that was seen */                                        \
    X(set_limit)   /* rule and parameter to value_milli, within `settable` */                     \
    X(reset_limit) /* back to the configuration's */                                              \
    X(observe)     /* an entry: a vital, its value and when it was observed (entry.h) */          \
    X(retract)     /* takes the newest entry of a vital back */                                   \
    X(set_scale)   /* the SpO2 scale of NEWS2, 1 or 2, with the reason */                         \
    X(describe)    /* what estimates ask of a patient: an attribute and its value, or none */     \
    X(test_alert)  /* a marked alert through the whole chain, touching no alarm */                \
    X(pause)       /* audio or alarms are paused for duration_ms, of one rule or all (pause.h) */ \
    X(resume)      /* ends pauses */                                                              \
    X(set_staff)   /* so many nurses are on duty in the ward, till has_until or the next shift */ \
    X(resend)      /* delivered alerts of the gateway, from_seq to through_seq, are sent once more */

enum command_kind {
#define COMMAND_ENUM(name) COMMAND_##name,
    COMMAND_LIST(COMMAND_ENUM)
#undef COMMAND_ENUM
        COMMAND_KIND_COUNT
};

/* Broker access rules enforce the first three; local is whoever may open the gateway's socket. */
#define ROLE_LIST(X) X(nurse) X(charge) X(biomed) X(local)
enum command_role {
#define ROLE_ENUM(name) ROLE_##name,
    ROLE_LIST(ROLE_ENUM)
#undef ROLE_ENUM
        ROLE_COUNT
};

/* What became of it; the second column is the word in the reply's `reason` (none: accepted), the third is for a person. */
#define VERDICT_LIST(X)                                                                                       \
    X(ACCEPTED, "", "done")                                                                                   \
    X(MALFORMED, "malformed", "the payload is not a command")                                                 \
    X(RETAINED, "retained", "commands must not be retained")                                                  \
    X(EXPIRED, "expired", "it came after its expires_at")                                                     \
    X(EXPIRY, "expiry", "expires_at is missing or more than 30 s ahead")                                      \
    X(CLOCK, "clock", "it is not of now by the gateway's clock, which has no time source")                    \
    X(REPEATED, "repeated", "this id was used before")                                                        \
    X(ROLE, "role", "this role may not do that")                                                              \
    X(BUSY, "busy", "too many commands at once, try again")                                                   \
    X(UNKNOWN_COMMAND, "unknown_command", "there is no such command")                                         \
    X(STAY, "stay", "another patient is in this bed now")                                                     \
    X(VACANT, "vacant", "nobody is in this bed")                                                              \
    X(OCCUPIED, "occupied", "somebody is in that bed")                                                        \
    X(UNKNOWN_BED, "unknown_bed", "there is no such bed")                                                     \
    X(UNKNOWN_ALARM, "unknown_alarm", "this alarm is over, or never was")                                     \
    X(REVISION, "rev", "the alarm has changed since it was seen")                                             \
    X(UNKNOWN_RULE, "unknown_rule", "this bed has no such rule or parameter")                                 \
    X(NOT_SETTABLE, "not_settable", "the configuration does not let this be set")                             \
    X(BOUNDS, "bounds", "outside of what may be set")                                                         \
    X(NOTHING, "nothing_to_do", "there is nothing to change")                                                 \
    X(NOT_ENTERED, "not_entered", "nobody enters this vital by hand")                                         \
    X(OBSERVED_AT, "observed_at", "observed_at lies ahead, more than 12 h back, or before this patient came") \
    X(CLASS, "class", "NEWS2 must not be used under 16 years, and this class may be")                         \
    X(FULL, "full", "no room for one more limit or pause at this bed")

enum command_verdict {
#define VERDICT_ENUM(name, word, text) VERDICT_##name,
    VERDICT_LIST(VERDICT_ENUM)
#undef VERDICT_ENUM
        VERDICT_COUNT
};

struct bed_command {
    uint8_t kind;        /* enum command_kind */
    uint8_t role;        /* enum command_role */
    uint8_t verdict;     /* enum command_verdict: other than ACCEPTED, it was refused on the way and is only recorded */
    uint8_t parameter;   /* set_limit, reset_limit: index in the rule's parameters */
    uint8_t priority;    /* test_alert: enum priority */
    uint8_t vital;       /* observe, retract: enum vital */
    uint8_t scale;       /* set_scale: 1 or 2 */
    uint8_t what;        /* pause, resume: enum pause_what; resume: NONE is both */
    uint8_t attribute;   /* describe: below ATTRIBUTE_COUNT (estimate.h) */
    bool has_value;      /* describe; without it what was told is taken back */
    uint8_t nurses;      /* set_staff */
    bool has_until;      /* set_staff; without it till the next shift */
    uint8_t fault;       /* MALFORMED: what is wrong, for app/flow alone */
    uint16_t bed;        /* BED_NONE when unknown */
    uint16_t to_bed;     /* transfer */
    uint16_t rule;       /* set_limit, reset_limit; pause, resume: RULE_NONE is the whole bed */
    bool has_observed;   /* observe, retract; else now, or the newest there is */
    int64_t observed_ms; /* engine time ... */
    int64_t observed_wall_ms;        /* ... and as it was said */
    int64_t until_ms, until_wall_ms; /* set_staff: likewise */
    int32_t value_milli;
    int32_t was_milli;    /* set_limit, reset_limit: what was in force before, told by the engine when it accepts */
    uint32_t duration_ms; /* away, pause; 0: AWAY_MS_DEFAULT, or as configured */
    uint32_t rev;         /* acknowledge */
    uint64_t stay;        /* the stay it is meant for; 0: the bed was vacant */
    uint64_t alarm_id;
    uint64_t from_seq, through_seq;  /* resend; through_seq 0: as far as one command may ask */
    uint64_t origin;                 /* who is to have the reply; opaque to the engine */
    char id[COMMAND_ID_MAX];         /* the sender's; printable ASCII */
    char by[COMMAND_BY_MAX];         /* who, a staff or station id; printable ASCII */
    char reason[COMMAND_REASON_MAX]; /* set_scale, set_staff; printable ASCII */
};

const char *command_word(unsigned kind);
const char *role_word(unsigned role);
const char *verdict_word(unsigned verdict);
const char *verdict_text(unsigned verdict);

/* Every role may do what it needs and nothing else: all may ask for alerts once more; nurse admits, discharges, transfers, sends away, acknowledges, pauses audio and enters; charge may set limits,
 * the SpO2 scale and the staff on duty, too (who may pause alarms, the configuration says: pause.h); biomed assigns monitors and tests; local may do all. */
bool role_may(unsigned role, unsigned kind);

#endif
