/*
 * pause.h: alarms that are silenced for a while (IEC 60601-1-8: AUDIO PAUSED, ALARM PAUSED), rules that are off (ALARM OFF),
 * and the REMINDER SIGNAL that says so.
 *
 * An audio pause silences what is active and what begins meanwhile; alarms of high priority that begin, rise to it or
 * are met again while latched at or after its beginning break through it. An alarm pause stands for no signals at all, of
 * whatever priority. Both only mark alerts (`inactivation`): alarms go on being evaluated, sent and retained. Of what holds for an
 * alarm the strongest counts: alarm paused, acknowledged, audio paused.
 *
 * Part of a bed's persistent state, 8 at a time; they end by time (time that passed counts), by command, with the stay, and by a
 * break of unknown length. Plain data. Thread: the engine's.
 */
#ifndef WARDGATE_PAUSE_H
#define WARDGATE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#define PAUSES_PER_BED_MAX 8

enum pause_what { PAUSE_NONE, PAUSE_AUDIO, PAUSE_ALARM, PAUSE_WHAT_COUNT };

/* One at a bed; there is at most one of each `what` for the bed and for each rule. */
struct pause {
    int64_t from_ms, until_ms;
    uint32_t what; /* enum pause_what; NONE: this place is free */
    uint32_t
        rule_key; /* pause_key of its rule, which outlives changes of the configuration's order; 0: the whole bed */
};

/* What commands may do, and how often is reminded. */
struct pause_config {
    uint32_t audio_ms, audio_ms_max; /* unless said, and at most */
    uint32_t alarm_ms, alarm_ms_max;
    uint32_t reminder_ms;     /* between two reminders while something is paused; 0: none but for what changes */
    uint32_t reminder_off_ms; /* while something is off or acknowledged */
    uint8_t alarm_roles;      /* bit per enum command_role that may pause alarms; local may in any case */
};

uint32_t pause_key(const char *rule);
const char *pause_word(unsigned what); /* "audio", "alarm"; "none" */

#endif
