/*
 * alarms.h: alarms of PCD-04 (ORU^R40): the facets of one alarm, one OBX each, in; one struct monitor_alarm out.
 *
 * A facet is told by the name in OBX-3, else by its number, of which there is an older and a newer set. The event
 * itself begins an alarm; what follows describes it. Priority and type stand in facets of their own, in OBX-8
 * ("A~PL~ST"), or nowhere.
 *
 * The name of an alarm is the reference id of its event in lower case without "mdc_evt_", else its number, else its
 * text. The events that only say "too high" or "too low" are told apart by what they are about: "hi_val_gt_lim_spo2".
 *
 * Pure; thread: the bus's. Source: IHE PCD TF-2 PCD-04, ISO/IEEE 11073-10101, IEC 60601-1-8 for the words.
 */
#ifndef WARDGATE_HL7_ALARMS_H
#define WARDGATE_HL7_ALARMS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/observation.h"
#include "drivers/monitor/hl7/message.h"

enum alarm_said { SAID_NOTHING, SAID_BEGIN, SAID_AGAIN, SAID_ONCE, SAID_END };

struct alarm_facts {
    bool begun;           /* an event has been seen */
    bool is_limit;        /* its name needs what it is about */
    bool is_sign_of_life; /* a heartbeat that only says so, if its priority is none */
    bool is_watchdog;
    bool has_priority, has_kind;
    bool is_unreal;       /* a demonstration, a test, or taken back */
    bool is_off;          /* by its state */
    enum alarm_said said; /* by its phase */
    uint8_t priority, kind, inactivation, vital;
    char source[MONITOR_ALARM_NAME_MAX]; /* what it is about, as a name */
    char name[MONITOR_ALARM_NAME_MAX];
    char text[MONITOR_ALARM_TEXT_MAX];
};

/* True when this OBX is the event that begins an alarm: what was gathered before is whole. */
bool alarms_is_event(const struct message *message, struct text segment);

/* One OBX of the alarm. */
void alarms_take(const struct message *message, struct text segment, struct alarm_facts *facts);

/* True when it is an alarm, not a heartbeat, and a real one. Of the alarm only what the facts say is written: instant,
 * bed and monitor are the caller's. */
bool alarms_conclude(const struct alarm_facts *facts, struct monitor_alarm *out);

/* True when it was a point of time (phase tpoint) and is not active: no other word will end it. */
bool alarms_is_over(const struct alarm_facts *facts);

#endif
