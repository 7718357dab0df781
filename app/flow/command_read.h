/*
 * command_read.h: a command's JSON as a struct bed_command. Pure; any thread.
 *
 * One flat object of at most COMMAND_KEYS_MAX keys from this list, none twice, nothing behind it:
 *
 *     schema       "1", may be left out
 *     id           the sender's, new for each command: 1 to 39 printable characters of ASCII, no space
 *     by           who, a staff or station id, likewise
 *     command      a word of COMMAND_LIST
 *     stay         16 hexadecimal digits, as in the bed's payloads; null for a vacant bed
 *     at           when it was given: RFC 3339 with zone
 *     expires_at   the same, at most COMMAND_VALID_MS_MAX behind `at`
 *     alarm_id     acknowledge: 16 hexadecimal digits;   rev: a number from 1
 *     vital        observe, retract: its name
 *     observed_at  observe, retract: RFC 3339 with zone
 *     attribute    describe: its name (estimate.h); value: a number in its unit, a word, or null to take it back
 *     scale        set_scale: 1 or 2;                    reason: 1 to 63 printable characters of ASCII
 *     nurses       set_staff: 0 to 99;                    reason: as above; until: RFC 3339 with zone, at most 24 h
 *                  ahead, the beginning of the next shift when left out
 *     rule         set_limit, reset_limit: its name;     parameter: its name, `limit` when left out
 *     value        set_limit: a number in the vital's canonical unit, at most three decimal places; observe: the same,
 *                  or a word of a coded vital (entry.h)
 *     duration     away: `30min`, `2h` (as in the configuration), 1 h when left out; at most 12 h
 *     to_bed       transfer: a bed of this gateway
 *     from_seq     resend: a whole number from 1;        through_seq: likewise, as many as one command may ask for when left out
 *     priority     test_alert: `low`, `medium`, `high`; low when left out
 *
 * A key that the command does not ask for is wrong, too: whoever sends it means something else. Texts may hold the escapes that JSON has for printable
 * ASCII and no others. From the local socket id, at and expires_at are left out, and stay may be: then it is the present
 * one; observed_at, too: then it is now, or the newest entry.
 */
#ifndef WARDGATE_COMMAND_READ_H
#define WARDGATE_COMMAND_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/engine.h"

#define COMMAND_PAYLOAD_MAX  1024
#define COMMAND_VALID_MS_MAX 30000

/* What is wrong with a malformed one: a key, or the payload as a whole. */
/* In the order in which they are read; what is asked for, for a person. */
#define COMMAND_KEY_LIST(X)                                                                                       \
    X(id, "1 to 39 printable characters without a space")                                                         \
    X(by, "1 to 39 printable characters without a space")                                                         \
    X(command, "the word of a command is needed")                                                                 \
    X(schema, "\"1\", or left out")                                                                               \
    X(stay, "16 digits, as in the bed's payloads, or null for a vacant bed")                                      \
    X(at, "a time as RFC 3339 has it, with its zone")                                                             \
    X(expires_at, "a time as RFC 3339 has it, with its zone")                                                     \
    X(alarm_id, "for acknowledge, 16 digits, as in the alert")                                                    \
    X(rev, "for acknowledge, a whole number from 1, as in the alert")                                             \
    X(what, "for pause, audio or alarm; for resume, too, or left out for both")                                   \
    X(rule, "for set_limit, reset_limit, pause and resume, the name of a rule")                                   \
    X(parameter, "for set_limit and reset_limit, the name of a parameter")                                        \
    X(vital, "for observe and retract, the name of a vital")                                                      \
    X(attribute, "for describe, the name of what is told of the patient")                                         \
    X(value, "for set_limit and observe, a number with at most three decimal places, or a word of a coded vital") \
    X(observed_at, "for observe and retract, a time as RFC 3339 has it, with its zone")                           \
    X(scale, "for set_scale, 1 or 2")                                                                             \
    X(reason, "for set_scale and set_staff, why: 1 to 63 printable characters")                                   \
    X(duration, "for away and pause, a time with its unit, such as 30min; at most 12 h")                          \
    X(to_bed, "for transfer, a bed of this gateway")                                                              \
    X(priority, "for test_alert, low, medium or high")                                                            \
    X(nurses, "for set_staff, how many are on duty, a whole number from 0 to 99")                                 \
    X(until, "for set_staff, a time as RFC 3339 has it, with its zone, or left out for the next shift")           \
    X(from_seq, "for resend, the seq of the first alert, a whole number from 1")                                  \
    X(through_seq, "for resend, the seq of the last alert, at most 999 more, or left out")

enum command_key {
#define COMMAND_KEY_ENUM(name, wanted) COMMAND_KEY_##name,
    COMMAND_KEY_LIST(COMMAND_KEY_ENUM)
#undef COMMAND_KEY_ENUM
        COMMAND_KEYS_MAX
};
enum command_fault {
    COMMAND_FAULT_FORM = COMMAND_KEYS_MAX, /* no flat JSON object */
    COMMAND_FAULT_UNKNOWN_KEY,             /* or one twice */
    COMMAND_FAULT_TOO_LONG
};
const char *command_fault_text(unsigned fault);
/* What the key asks for; "" when the fault is none of a key. */
const char *command_fault_wanted(unsigned fault);

/* What a payload says beside the command itself. */
struct command_times {
    bool has_at, has_expires;
    int64_t at_wall_ms, expires_wall_ms;
    bool has_stay;
    bool has_observed;
    int64_t observed_wall_ms;
    bool has_until;
    int64_t until_wall_ms;
};

/* What an instant of `times` is in engine time, once wall time less engine time is known. */
void command_place(const struct command_times *times, int64_t correction_ms, struct bed_command *out);

/* `out` comes with bed and role and leaves with what could be read, id and by first; its verdict tells: ACCEPTED, MALFORMED (and `fault`),
 * UNKNOWN_COMMAND, UNKNOWN_RULE, UNKNOWN_BED. */
void command_read(const struct engine_config *config, const char *json, size_t length, struct bed_command *out,
                  struct command_times *out_times);

#endif
