/* Inputs of an engine as lines. */
#include "app/flow/input_line.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/json.h"
#include "app/flow/snapshot_read.h"

enum { HEX_DIGITS = 16 };

static size_t finish(struct json *json)
{
    const size_t length = json_end(json);
    if (length == 0 || length + 1 >= json->size) {
        return 0;
    }
    json->out[length] = '\n';
    json->out[length + 1] = '\0';
    return length + 1;
}

static const char *bed_id(const struct engine_config *config, uint16_t bed)
{
    return bed < config->bed_count ? config->beds[bed].id : NULL;
}

static void put_place(struct json *json, const struct engine_config *config, int64_t at_ms, bool stepped, uint16_t bed)
{
    json_seconds(json, "t", at_ms);
    if (stepped) {
        json_bool(json, "stepped", true);
    }
    if (bed < config->bed_count) {
        json_text(json, "bed", bed_id(config, bed));
    }
}

static void put_monitor(struct json *json, unsigned monitor)
{
    if (monitor != 0) {
        json_unsigned(json, "monitor", monitor);
    }
}

/* --- observations -------------------------------------------------------------------------------------------- */

static void put_value(struct json *json, const char *key, const struct observation *o)
{
    const bool found = (o->flags & OBSERVATION_AGE_UNKNOWN) != 0;
    const bool entered = (o->flags & OBSERVATION_ENTERED) != 0;
    if (o->quality == QUALITY_VALID && !found && !entered) {
        json_milli(json, key, o->value_milli);
        return;
    }
    const char *word = quality_word((enum quality)o->quality);
    json_text_open(json, key, INPUT_WORD_MAX);
    json_text_add_milli(json, o->value_milli);
    json_text_add(json, " ", 1);
    json_text_add(json, word, strlen(word));
    if (found) {
        json_text_add(json, " found", 6);
    }
    if (entered) {
        json_text_add(json, " entered", 8);
    }
    json_text_close(json);
}

static void put_signal(struct json *json, const struct engine_config *config, const struct observation *o)
{
    char key[INPUT_WORD_MAX];
    const struct bed_config *bed = &config->beds[o->bed];
    (void)snprintf(key, sizeof key, "signal.%u", o->signal);
    for (unsigned i = 0; i < bed->signal_count; i++) {
        const struct signal_config *signal = &bed->signals[i];
        if (signal->monitor == o->monitor && signal->number == o->signal) {
            (void)snprintf(key, sizeof key, "signal.%s", signal->name);
        }
    }
    json_bool(json, key, o->value_milli != 0);
}

static void put_observation(struct json *json, const struct engine_config *config, const struct observation *o)
{
    char key[INPUT_WORD_MAX];
    const char *vital = o->vital < VITAL_COUNT ? vital_info((enum vital)o->vital)->name : "none";
    switch ((enum observation_kind)o->kind) {
    case OBSERVATION_VALUE:
        put_value(json, vital, o);
        break;
    case OBSERVATION_HEARD:
        json_bool(json, "heard", true);
        break;
    case OBSERVATION_SIGNAL:
        put_signal(json, config, o);
        break;
    case OBSERVATION_LOST:
        json_bool(json, "lost", true);
        break;
    case OBSERVATION_IDENTITY:
        json_hex(json, "identity", (uint32_t)o->value_milli, 8);
        break;
    case OBSERVATION_REFUSED:
        (void)snprintf(key, sizeof key, "refused.%s", vital);
        json_bool(json, key, o->value_milli != 0);
        break;
    case OBSERVATION_OUTDATED:
        json_bool(json, "outdated", true);
        break;
    }
}

size_t input_line_observations(const struct engine_config *config, const struct observation *observations,
                               unsigned count, bool stepped, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    put_place(&json, config, observations[0].at_ms, stepped, observations[0].bed);
    put_monitor(&json, observations[0].monitor);
    for (unsigned i = 0; i < count; i++) {
        put_observation(&json, config, &observations[i]);
    }
    return finish(&json);
}

/* --- all others ---------------------------------------------------------------------------------------------- */

static void put_reported(struct json *json, const struct monitor_alarm *alarm)
{
    put_monitor(json, alarm->monitor);
    json_text(json, "alarm", alarm->name);
    json_text(json, "phase", alarm->phase == MONITOR_ALARM_ENDED ? "ended" : "present");
    json_text(json, "priority", priority_word((enum priority)alarm->priority));
    json_text(json, "kind", alarm_kind_word(alarm->kind));
    if (alarm->vital < VITAL_COUNT) {
        json_text(json, "vital", vital_info((enum vital)alarm->vital)->name);
    }
    json_text(json, "inactivation", alarm_inactivation_word(alarm->inactivation));
    json_bool(json, "repeated", alarm->is_repeated);
    json_text(json, "text", alarm->text);
}

static void put_rule(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    if (command->rule < config->rule_count) {
        const struct rule *rule = &config->rules[command->rule];
        json_text(json, "rule", rule->name);
        json_text(json, "parameter",
                  command->parameter < PARAMETERS_MAX ? rule->parameters[command->parameter].name : NULL);
        json_milli(json, "value", command->value_milli);
    }
}

static void put_entry(struct json *json, const struct bed_command *command)
{
    json_text(json, "vital", command->vital < VITAL_COUNT ? vital_info((enum vital)command->vital)->name : NULL);
    json_milli(json, "value", command->value_milli);
    if (command->has_observed) {
        json_seconds(json, "observed_at", command->observed_ms);
    }
}

static void put_pause(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    if (command->what != PAUSE_NONE) {
        json_text(json, "what", pause_word(command->what));
    }
    if (command->rule < config->rule_count) {
        json_text(json, "rule", config->rules[command->rule].name);
    }
    if (command->kind == COMMAND_pause) {
        json_seconds(json, "duration", command->duration_ms);
    }
}

static void put_told(struct json *json, const struct bed_command *command)
{
    json_text(json, "attribute", command->attribute < ATTRIBUTE_COUNT ? estimate_input_name(command->attribute) : NULL);
    if (command->has_value) {
        json_milli(json, "value", command->value_milli);
    }
}

static void put_staff(struct json *json, const struct bed_command *command)
{
    json_unsigned(json, "nurses", command->nurses);
    if (command->has_until) {
        json_seconds(json, "until", command->until_ms);
    }
    json_text(json, "reason", command->reason);
}

static void put_command(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    json_text(json, "command", command_word(command->kind));
    json_text(json, "role", role_word(command->role));
    json_text(json, "id", command->id);
    json_text(json, "by", command->by);
    json_hex(json, "stay", command->stay, HEX_DIGITS);
    if (command->verdict != VERDICT_ACCEPTED) {
        json_text(json, "refused", verdict_word(command->verdict)); /* whatever it says means nothing */
    } else if (command->kind == COMMAND_transfer && command->to_bed < config->bed_count) {
        json_text(json, "to_bed", bed_id(config, command->to_bed));
    } else if (command->kind == COMMAND_away) {
        json_seconds(json, "duration", command->duration_ms);
    } else if (command->kind == COMMAND_acknowledge) {
        json_hex(json, "alarm_id", command->alarm_id, HEX_DIGITS);
        json_unsigned(json, "rev", command->rev);
    } else if (command->kind == COMMAND_set_limit || command->kind == COMMAND_reset_limit) {
        put_rule(json, config, command);
    } else if (command->kind == COMMAND_observe || command->kind == COMMAND_retract) {
        put_entry(json, command);
    } else if (command->kind == COMMAND_pause || command->kind == COMMAND_resume) {
        put_pause(json, config, command);
    } else if (command->kind == COMMAND_set_scale) {
        json_unsigned(json, "scale", command->scale);
        json_text(json, "reason", command->reason);
    } else if (command->kind == COMMAND_describe) {
        put_told(json, command);
    } else if (command->kind == COMMAND_set_staff) {
        put_staff(json, command);
    } else if (command->kind == COMMAND_resend) {
        json_unsigned(json, "from_seq", command->from_seq);
        json_unsigned(json, "through_seq", command->through_seq);
    } else if (command->kind == COMMAND_test_alert) {
        json_text(json, "priority", priority_word((enum priority)command->priority));
    }
}

static void put_condition(struct json *json, const struct engine_input *input)
{
    json_text(json, "input", engine_input_word(input->kind));
    json_text(json, "condition", builtin_alarm_info((enum builtin_alarm)input->number)->name);
    json_bool(json, "on", input->flag);
    json_text(json, "priority", priority_word(input->priority));
    json_text(json, "detail", input->detail);
}

/* "1 2 0 0", with nothing behind the last that is not 0. */
static void put_identities(struct json *json, const struct bed_snapshot *stay)
{
    char text[ENGINE_MONITORS_PER_BED_MAX * 12] = "";
    size_t length = 0;
    for (unsigned i = 0; i < ENGINE_MONITORS_PER_BED_MAX; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%08x", i == 0 ? "" : " ",
                                   (unsigned)stay->identity[i]);
    }
    json_text(json, "identities", text);
}

static void put_limits(struct json *json, const struct bed_snapshot *stay)
{
    char text[ENGINE_LIMITS_PER_BED_MAX * 24] = "";
    size_t length = 0;
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%08x %08x", i == 0 ? "" : " ",
                                   (unsigned)stay->limits[i].key, (unsigned)stay->limits[i].value_milli);
    }
    json_text(json, "limits", text);
}

/* "what rule from until", in hexadecimal, of each that is on. */
static void put_pauses(struct json *json, const struct bed_snapshot *stay)
{
    char text[PAUSES_PER_BED_MAX * 48] = "";
    size_t length = 0;
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const struct pause *pause = &stay->pauses[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%x %08x %016llx %016llx", i == 0 ? "" : " ",
                                   (unsigned)pause->what, (unsigned)pause->rule_key, (unsigned long long)pause->from_ms,
                                   (unsigned long long)pause->until_ms);
    }
    json_text(json, "pauses", text);
}

/* Of each whether it is known, and its value. */
static void put_attributes(struct json *json, const struct bed_snapshot *stay)
{
    char text[ATTRIBUTE_COUNT * 24] = "";
    size_t length = 0;
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        const bool known = (stay->attributes.known >> i & 1U) != 0;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%08x %08x", i == 0 ? "" : " ",
                                   known ? 1U : 0U, (unsigned)stay->attributes.value_milli[i]);
    }
    json_text(json, "attributes", text);
    json_seconds(json, "fed_at", stay->attributes.fed_at_ms);
}

static void put_stay(struct json *json, const struct bed_snapshot *stay)
{
    json_hex(json, "stay", stay->stay, HEX_DIGITS);
    json_seconds(json, "from", stay->stay_start_ms);
    json_seconds(json, "began", stay->stay_began_ms);
    json_seconds(json, "admission", stay->admission_ms);
    json_unsigned(json, "bed_seq", stay->bed_seq);
    json_seconds(json, "away_until", stay->away_until_ms);
    json_seconds(json, "away_at", stay->away_at_ms);
    json_unsigned(json, "spo2_scale", stay->spo2_scale);
    put_identities(json, stay);
    put_limits(json, stay);
    put_pauses(json, stay);
    put_attributes(json, stay);
}

static void put_flags(struct json *json, const struct alert *a, bool unverified)
{
    static const char *const words[] = {"synced", "test",     "unverified",     "value",
                                        "limit",  "repeated", "now_unverified", "escalated"};
    const bool set[] = {a->clock_synced, a->test,        a->unverified, a->has_value,
                        a->has_limit,    a->is_repeated, unverified,    a->escalated};
    char text[96] = "";
    for (unsigned i = 0; i < sizeof set / sizeof set[0]; i++) {
        const size_t length = strlen(text);
        (void)snprintf(text + length, sizeof text - length, "%s%s", set[i] && length > 0 ? " " : "",
                       set[i] ? words[i] : "");
    }
    json_text(json, "flags", text);
}

static void put_stands_for(struct json *json, const struct alert *a)
{
    char digits[2 * sizeof a->stands_for + 1] = "";
    for (unsigned i = 0; i < sizeof a->stands_for; i++) {
        (void)snprintf(digits + (size_t)2 * i, 3, "%02x", a->stands_for[i]);
    }
    json_text(json, "stands_for", digits);
    json_unsigned(json, "stands_for_key", a->stands_for_key);
}

/* Enough to begin from: what configuration gives is not said. */
static void put_alarm(struct json *json, const struct engine_config *config, const struct engine_input *input)
{
    const struct alert *a = &input->alarm->last;
    struct alert named = *a;
    char name[ALARM_NAME_MAX];
    named.key = *input->key;
    alarm_name(config, &named, name);
    json_text(json, "bed", bed_id(config, input->key->bed));
    json_text(json, "name", name);
    json_hex(json, "id", a->id, HEX_DIGITS);
    json_unsigned(json, "rev", a->rev);
    json_unsigned(json, "seq", a->seq);
    json_unsigned(json, "bed_seq", a->bed_seq);
    json_hex(json, "stay", a->stay, HEX_DIGITS);
    json_unsigned(json, "phase", a->phase);
    json_unsigned(json, "state", a->state);
    json_unsigned(json, "inactivation", a->inactivation);
    json_unsigned(json, "unpaused", a->unpaused);
    json_unsigned(json, "priority", a->priority);
    json_unsigned(json, "kind", a->kind);
    json_unsigned(json, "source", a->source);
    json_unsigned(json, "reason", a->reason);
    json_unsigned(json, "vital", snapshot_vital(a->vital));
    put_flags(json, a, input->flag);
    json_milli(json, "value", a->value_milli);
    json_milli(json, "limit", a->limit_milli);
    json_seconds(json, "at", a->at_ms);
    json_seconds(json, "violated_at", a->violated_at_ms);
    json_seconds(json, "condition_at", a->condition_at_ms);
    json_seconds(json, "raised_at", a->raised_at_ms);
    json_seconds(json, "pressing_at", a->pressing_at_ms);
    json_seconds(json, "unseen_since", a->unseen_since_ms);
    json_text(json, "detail", a->detail);
    json_text(json, "reported", a->reported);
    json_hex(json, "part_of", a->part_of, HEX_DIGITS);
    json_unsigned(json, "part_of_alarm", a->part_of_index);
    put_stands_for(json, a);
}

static void put_other(struct json *json, const struct engine_config *config, const struct engine_input *input)
{
    json_text(json, "input", engine_input_word(input->kind));
    switch (input->kind) {
    case INPUT_SEED:
        json_hex(json, "seed", input->number, HEX_DIGITS);
        break;
    case INPUT_CLOCK:
        json_bool(json, "on", input->flag);
        break;
    case INPUT_NUMBERS:
        json_unsigned(json, "seq", input->number);
        json_unsigned(json, "next_id", input->number_2);
        break;
    case INPUT_STAY:
        json_text(json, "bed", bed_id(config, input->bed));
        put_stay(json, input->stay);
        break;
    case INPUT_PAST:
    case INPUT_ALARM:
        put_alarm(json, config, input);
        break;
    case INPUT_SAID:
        json_text(json, "bed", bed_id(config, input->bed));
        json_text(json, "name", input->detail);
        json_seconds(json, "said_at", input->at_ms);
        break;
    case INPUT_LINE:
        json_unsigned(json, "line", input->number);
        json_unsigned(json, "state", input->number_2);
        break;
    case INPUT_RESTORE_BEGIN:
    case INPUT_RESTORE_END:
    case INPUT_BEGIN:
    case INPUT_CONTINUE:
    case INPUT_RETIRE:
    case INPUT_OBSERVATION:
    case INPUT_REPORTED:
    case INPUT_COMMAND:
    case INPUT_CONDITION:
    case INPUT_KIND_COUNT:
        break;
    }
}

static bool has_instant(enum engine_input_kind kind)
{
    return kind != INPUT_SEED && kind != INPUT_NUMBERS && kind != INPUT_STAY && kind != INPUT_PAST &&
           kind != INPUT_ALARM && kind != INPUT_SAID;
}

size_t input_line_other(const struct engine_config *config, const struct engine_input *input, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    if (input->kind == INPUT_REPORTED) {
        put_place(&json, config, input->at_ms, input->stepped, input->reported->bed);
        put_reported(&json, input->reported);
    } else if (input->kind == INPUT_COMMAND) {
        put_place(&json, config, input->at_ms, input->stepped, input->command->bed);
        put_command(&json, config, input->command);
    } else {
        if (has_instant(input->kind)) {
            put_place(&json, config, input->at_ms, input->stepped, BED_NONE);
        }
        if (input->kind == INPUT_CONDITION) {
            put_condition(&json, input);
        } else {
            put_other(&json, config, input);
        }
    }
    return finish(&json);
}

/* --- marks --------------------------------------------------------------------------------------------------- */

size_t input_line_head(const struct input_head *head, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "recording", "wardgate");
    json_unsigned(&json, "version", INPUT_LINE_VERSION);
    json_text(&json, "program", head->program);
    json_hex(&json, "configuration", head->configuration, HEX_DIGITS);
    json_text(&json, "gateway", head->gateway);
    json_text(&json, "boot", head->boot);
    json_text(&json, "epoch", head->epoch);
    return finish(&json);
}

size_t input_line_check(int64_t at_ms, bool stepped, uint64_t records, uint64_t digest, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_seconds(&json, "t", at_ms);
    if (stepped) {
        json_bool(&json, "stepped", true);
    }
    json_text(&json, "input", "check");
    json_unsigned(&json, "records", records);
    json_hex(&json, "digest", digest, HEX_DIGITS);
    return finish(&json);
}

size_t input_line_dropped(uint64_t count, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "input", "dropped");
    json_unsigned(&json, "records", count);
    return finish(&json);
}

size_t input_line_end(const char *why, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "input", "end");
    json_text(&json, "why", why);
    return finish(&json);
}
