/*
 * alert.h: the immutable record of one alarm transition, and the words of the alarm (IEC 60601-1-8).
 *
 * (epoch, id) names the alarm occurrence through its phases and rev counts them from 1; seq counts the gateway's alerts,
 * bed_seq the bed's, both from 1 in an epoch. Plain data, copied through rings and owned by nobody; no patient data but vital values.
 */
#ifndef WARDGATE_ALERT_H
#define WARDGATE_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/observation.h"
#include "app/engine/rule.h"
#include "app/engine/vital.h"

#define ALARM_NAME_MAX   64
#define ALERT_DETAIL_MAX 96
#define BED_NONE         UINT16_MAX
#define STANDS_FOR_MAX   256 /* beds, or rules, that one alarm can list: those of a higher index it does not */

/* Alarms that no rules file defines, in the closed list: name, at a bed?, kind, priority, text, advice */
#define BUILTIN_ALARM_LIST(X)                                                                                          \
    X(monitor_silent, BED, TECHNICAL, MEDIUM, "Monitor does not answer", "Check the monitor, its cable and the line")  \
    X(sensor_off, BED, TECHNICAL, LOW, "No signal from sensor", "Check probe and leads")                               \
    X(implausible, BED, TECHNICAL, MEDIUM, "Value not believable", "Check the patient, then the sensor")               \
    X(no_pulse_signal, BED, TECHNICAL, HIGH, "No pulse signal, check patient", "Check the patient at once")            \
    X(identity_changed, BED, TECHNICAL, HIGH, "Another monitor answers here", "Confirm which monitor is at this bed")  \
    X(admission_not_entered, BED, ADVISORY, NONE, "Admission not entered", "Enter the admission of this patient")      \
    X(patient_away, BED, ADVISORY, NONE, "Patient away, not monitored", "Enter the return of the patient")             \
    X(register_refused, BED, ADVISORY, NONE, "Monitor has no such value", "Check the profile of the monitor")          \
    X(pulse_disagrees, BED, TECHNICAL, LOW, "ECG and pulse disagree", "Check the pulse, then leads and probe")         \
    X(test_alert, BED, ADVISORY, LOW, "Test alert, nothing to do", "Confirm that it is seen and heard")                \
    X(alarms_paused, BED, ADVISORY, NONE, "Alarms are paused, off or silenced", "Watch the patient until they are on") \
    X(bus_down, GATEWAY, TECHNICAL, MEDIUM, "A line to monitors is down", "Check adapter, cable and network")          \
    X(bus_overbooked, GATEWAY, TECHNICAL, LOW, "A line carries more than it can", "Raise the speed or move monitors")  \
    X(store_failing, GATEWAY, TECHNICAL, MEDIUM, "Alerts cannot be stored", "Check the disk of the gateway")           \
    X(store_replaced, GATEWAY, TECHNICAL, LOW, "A damaged store was set aside", "Keep the set-aside files")            \
    X(clock_unsynced, GATEWAY, TECHNICAL, LOW, "Clock is not synchronised", "Check the time server")                   \
    X(uplink_down, GATEWAY, TECHNICAL, MEDIUM, "No broker is reached", "Check network and broker")                     \
    X(nobody_listening, GATEWAY, TECHNICAL, MEDIUM, "Nobody receives alerts", "Check the dashboards")                  \
    X(certificate_expiring, GATEWAY, TECHNICAL, LOW, "A certificate ends soon", "Renew the certificate")               \
    X(thread_stuck, GATEWAY, TECHNICAL, MEDIUM, "A part of the gateway is stuck", "Restart the gateway")               \
    X(refused_publish, GATEWAY, TECHNICAL, MEDIUM, "The broker refuses messages", "Check the broker's access rules")   \
    X(board_missing, GATEWAY, TECHNICAL, LOW, "Fewer boards than expected are on", "Check the dashboards")

enum builtin_alarm {
#define BUILTIN_ENUM(name, place, kind, priority, text, advice) BUILTIN_##name,
    BUILTIN_ALARM_LIST(BUILTIN_ENUM)
#undef BUILTIN_ENUM
        BUILTIN_COUNT
};
#define BUILTIN_BED_COUNT ((unsigned)BUILTIN_bus_down) /* those at a bed come first */

enum alarm_kind { KIND_PHYSIOLOGICAL, KIND_TECHNICAL, KIND_ADVISORY };
enum alarm_source { SOURCE_RULE, SOURCE_MONITOR };
enum alarm_state { ALARM_INACTIVE, ALARM_ACTIVE, ALARM_LATCHED, ALARM_ENDED };
enum alarm_phase { PHASE_START, PHASE_UPDATE, PHASE_ESCALATE, PHASE_DEESCALATE, PHASE_ACKNOWLEDGE, PHASE_END };
enum alarm_inactivation {
    INACTIVATION_NONE,
    INACTIVATION_ACKNOWLEDGED,
    INACTIVATION_AUDIO_PAUSED,
    INACTIVATION_ALARM_PAUSED
};

/* Why a technical alarm is there; the word goes into `reason`, none is null. */
#define REASON_LIST(X)                \
    X(NONE, "")                       \
    X(NOT_MONITORED, "not_monitored") \
    X(NO_ANSWER, "no_answer")         \
    X(SENSOR_OFF, "sensor_off")       \
    X(ABSENT, "absent")               \
    X(IMPLAUSIBLE, "implausible") X(IDENTITY, "identity") X(UNVERIFIED, "unverified") X(FORESEEN, "foreseen")

enum alarm_reason {
#define REASON_ENUM(name, word) REASON_##name,
    REASON_LIST(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

/* Which alarm: the family and the index in it give name, text, advice and kind (see alarm_name in engine.h). */
enum alarm_family {
    ALARM_OF_RULE,
    ALARM_NOT_MONITORED,
    ALARM_BUILTIN,
    ALARM_OF_MONITOR,             /* a bit of a profile */
    ALARM_REPORTED,               /* one that the monitor names: `reported` is the name, `detail` the monitor's words */
    ALARM_REPORTED_NOT_MONITORED, /* of one that the monitor has stopped to say again */
    ALARM_FORESEEN                /* a rule's limit will be reached: an advisory, `detail` says when */
};

struct alarm_key {
    uint16_t bed;    /* BED_NONE: the gateway's own */
    uint16_t family; /* enum alarm_family */
    uint16_t index;  /* rule, rule, enum builtin_alarm, signal of the bed, slot of the bed (twice), or rule */
};

/*
 * What an alarm keeps of its newest alert, whatever it is about. An alarm that is the consequence of another one (cause.c)
 * has no alert of its own: it takes no seq and no bed_seq (these are the newest ones given), and what became of it is only
 * its state; part_of is the id of that other alarm (0: it stands by itself), part_of_index which it is (enum
 * builtin_alarm, at the same bed or the gateway's).
 *
 *     phase ... reason    the enums above
 *     unpaused            the inactivation apart from pauses: acknowledged, or as the monitor says
 *     escalated           it has the priority of its escalation, or a higher one
 *     is_repeated         ALARM_REPORTED: the monitor says it again while it is there (struct monitor_alarm)
 *     vital               enum vital, VITAL_NONE: null
 *     parameters_milli    in force at this instant, for the text
 *     stay                0: vacant
 *     pressing_at_ms      it began, took this priority, took more with it, or was met again while latched: older pauses do not know it
 *     unseen_since_ms     it began, the configuration gave its rule another priority, or it is no more as it was acknowledged;
 *                         escalation counts on
 */
#define ALERT_FIELDS                                                              \
    struct alarm_key key;                                                         \
    uint8_t phase, state, inactivation, priority, kind, source, reason;           \
    uint8_t unpaused;                                                             \
    bool clock_synced, test, unverified;                                          \
    bool has_value, has_limit;                                                    \
    bool escalated;                                                               \
    bool is_repeated;                                                             \
    uint8_t vital;                                                                \
    uint16_t part_of_index;                                                       \
    int32_t value_milli, limit_milli;                                             \
    uint32_t rev;                                                                 \
    int32_t parameters_milli[PARAMETERS_MAX];                                     \
    uint64_t id, seq, bed_seq, stay;                                              \
    int64_t at_ms, violated_at_ms, condition_at_ms, raised_at_ms, pressing_at_ms; \
    int64_t unseen_since_ms;                                                      \
    uint64_t part_of;

/* And what it keeps of it in words, which few alarms ever need. */
struct alert_words {
    /* The other way round than part_of: bit per bed (a gateway's alarm) or per rule of the bed that cannot be judged
     * because of it. */
    uint8_t stands_for[STANDS_FOR_MAX / 8];
    uint32_t stands_for_key; /* of their names: what is the same list under another configuration */
    char detail
        [ALERT_DETAIL_MAX]; /* technical alarms: what it is about, e.g. the vitals without signal; added to the text */
    char reported[MONITOR_ALARM_NAME_MAX]; /* ALARM_REPORTED*: its name */
};

/* clang-format off */
struct alert_head { ALERT_FIELDS };

struct alert {
    ALERT_FIELDS
    uint8_t stands_for[STANDS_FOR_MAX / 8]; /* as in struct alert_words, these and the following */
    uint32_t stands_for_key;
    char detail[ALERT_DETAIL_MAX];
    char reported[MONITOR_ALARM_NAME_MAX];
};
/* clang-format on */

_Static_assert(offsetof(struct alert, stands_for) == sizeof(struct alert_head), "one begins with the other");

struct builtin_alarm_info {
    const char *name, *text, *advice;
    enum alarm_kind kind;
    enum priority priority;
    bool at_bed;
};
const struct builtin_alarm_info *builtin_alarm_info(enum builtin_alarm alarm);

bool alert_is_folded(const struct alert *alert);
bool alert_stands_for(const struct alert *alert, unsigned index);

/* Words as they stand in payloads; never NULL. */
const char *alarm_kind_word(unsigned kind);
const char *alarm_source_word(unsigned source);
const char *alarm_state_word(unsigned state);
const char *alarm_phase_word(unsigned phase);
const char *alarm_inactivation_word(unsigned inactivation);
const char *alarm_reason_word(unsigned reason); /* "" for none */

#endif
