/* The answer to a command, and its row in the audit log. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/staffing.h"
#include "app/flow/command_read.h"
#include "app/flow/payload_internal.h"

#define BEDS_TOLD_BYTES 160

static void put_bed(struct json *json, const struct payload_context *context, const char *key, uint16_t bed)
{
    json_text(json, key, bed < context->config->bed_count ? context->config->beds[bed].id : NULL);
}

/* One that could not be read has no name. */
static void put_command(struct json *json, const struct bed_command *command)
{
    json_text(json, "command", command->kind < COMMAND_KIND_COUNT ? command_word(command->kind) : NULL);
}

static void add(struct json *json, const char *text)
{
    json_text_add(json, text, strlen(text));
}

static void add_fault(struct json *json, const struct bed_command *command)
{
    const char *wanted = command_fault_wanted(command->fault);
    if (wanted[0] == '\0') {
        add(json, verdict_text(command->verdict));
        add(json, ": ");
    }
    add(json, command_fault_text(command->fault));
    add(json, wanted[0] != '\0' ? ": " : "");
    add(json, wanted);
}

static void add_bounds(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    const struct rule_parameter *parameter = &config->rules[command->rule].parameters[command->parameter];
    json_text_add_milli(json, command->value_milli);
    add(json, " is outside of ");
    json_text_add_milli(json, parameter->settable_low_milli);
    add(json, " to ");
    json_text_add_milli(json, parameter->settable_high_milli);
}

/* What is believable, or the words of a coded vital. */
static void add_believable(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    const enum vital vital = (enum vital)command->vital;
    const struct vital_range range = vital_range(vital, config->beds[command->bed].patient_class);
    if (entry_words(vital)[0] != '\0') {
        add(json, "it is one of ");
        add(json, entry_words(vital));
        return;
    }
    json_text_add_milli(json, command->value_milli);
    add(json, " is outside of ");
    json_text_add_milli(json, range.low_milli);
    add(json, " to ");
    json_text_add_milli(json, range.high_milli);
}

static void add_longest(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    const struct pause_config *pause = &config->pause;
    const uint32_t most_ms = command->what == PAUSE_AUDIO ? pause->audio_ms_max : pause->alarm_ms_max;
    add(json, "at most ");
    json_text_add_milli(json, (int32_t)most_ms);
    add(json, " s of ");
    add(json, pause_word(command->what));
    add(json, " pause");
}

static void add_staff_bounds(struct json *json)
{
    add(json, "until must lie ahead, at most ");
    json_text_add_milli(json, STAFFING_TOLD_MS_MAX / 3600);
    add(json, " h");
}

static void add_resend(struct json *json, const struct bed_command *command)
{
    char text[96];
    const int length =
        command->verdict == VERDICT_BOUNDS
            ? snprintf(text, sizeof text, "through_seq is from_seq or up to %u more", RESEND_ALERTS_MAX - 1)
            : snprintf(text, sizeof text, "alerts %" PRIu64 " to %" PRIu64 " follow on resend", command->from_seq,
                       command->through_seq);
    json_text_add(json, text, (size_t)length);
}

static bool tells_resend(const struct bed_command *command)
{
    return command->kind == COMMAND_resend &&
           (command->verdict == VERDICT_ACCEPTED || command->verdict == VERDICT_BOUNDS);
}

static bool names_vital(const struct engine_config *config, const struct bed_command *command)
{
    return command->kind == COMMAND_observe && command->vital < VITAL_COUNT && command->bed < config->bed_count;
}

static void add_beds(struct json *json, const struct engine_config *config)
{
    size_t room = BEDS_TOLD_BYTES;
    add(json, "; beds:");
    for (uint16_t b = 0; b < config->bed_count; b++) {
        const char *id = config->beds[b].id;
        if (strlen(id) >= room) {
            add(json, " ...");
            return;
        }
        room -= strlen(id) + 1;
        add(json, " ");
        add(json, id);
    }
}

static bool names_parameter(const struct engine_config *config, const struct bed_command *command)
{
    return command->kind == COMMAND_set_limit && command->rule < config->rule_count &&
           command->parameter < PARAMETERS_MAX;
}

static void put_text(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    json_text_open(json, "text", SIZE_MAX);
    if (command->verdict == VERDICT_MALFORMED) {
        add_fault(json, command);
    } else if (command->verdict == VERDICT_BOUNDS && names_parameter(config, command)) {
        add_bounds(json, config, command);
    } else if (command->verdict == VERDICT_BOUNDS && command->kind == COMMAND_pause) {
        add_longest(json, config, command);
    } else if (command->verdict == VERDICT_BOUNDS && command->kind == COMMAND_set_staff) {
        add_staff_bounds(json);
    } else if (tells_resend(command)) {
        add_resend(json, command);
    } else if (command->verdict == VERDICT_BOUNDS && names_vital(config, command)) {
        add_believable(json, config, command);
    } else {
        add(json, verdict_text(command->verdict));
    }
    if (command->verdict == VERDICT_UNKNOWN_BED) {
        add_beds(json, config);
    }
    json_text_close(json);
}

size_t payload_reply(const struct payload_context *context, const struct reply *reply, char *out, size_t size)
{
    const struct bed_command *command = &reply->command;
    const bool accepted = command->verdict == VERDICT_ACCEPTED;
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_text(&json, "id", command->id[0] != '\0' ? command->id : NULL);
    put_command(&json, command);
    put_bed(&json, context, "bed", command->bed);
    payload_put_id(&json, "stay", reply->stay);
    json_bool(&json, "accepted", accepted);
    json_text(&json, "reason", accepted ? NULL : verdict_word(command->verdict));
    put_text(&json, context->config, command);
    json_time(&json, "at", reply->wall_ms);
    payload_put_origin(&json, context);
    return json_end(&json);
}

size_t payload_resend_end(const struct payload_context *context, const struct resend_result *result, char *out,
                          size_t size)
{
    static const char *const reasons[] = {
        [RESEND_COMPLETE] = NULL, [RESEND_STOPPED] = "stopped", [RESEND_REFUSED] = "refused"};
    const struct resend_request *request = &result->request;
    const uint64_t asked = request->through_seq - request->from_seq + 1;
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_text(&json, "id", request->id);
    json_text(&json, "epoch", context->epoch);
    json_unsigned(&json, "from_seq", request->from_seq);
    json_unsigned(&json, "through_seq", request->through_seq);
    json_unsigned(&json, "sent", result->sent);
    json_unsigned(&json, "missing", asked - result->sent);
    json_bool(&json, "complete", result->end == RESEND_COMPLETE);
    json_text(&json, "reason", reasons[result->end]);
    json_time(&json, "at", result->wall_ms);
    payload_put_origin(&json, context);
    return json_end(&json);
}

/* ---- audit ---- */

static void put_limit(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    const bool accepted = command->verdict == VERDICT_ACCEPTED;
    if (command->rule >= config->rule_count || command->parameter >= PARAMETERS_MAX) {
        return; /* no rule of ours */
    }
    const struct rule *rule = &config->rules[command->rule];
    json_text(json, "rule", rule->name);
    json_text(json, "parameter", rule->parameters[command->parameter].name);
    payload_put_milli(json, "old", accepted, command->was_milli);
    payload_put_milli(json, "new", command->kind == COMMAND_set_limit, command->value_milli);
}

/* A retracted value is told, too, but only one that was there is known. */
static void put_entry(struct json *json, const struct bed_command *command)
{
    const bool has_value = command->kind == COMMAND_observe || command->verdict == VERDICT_ACCEPTED;
    if (command->vital >= VITAL_COUNT) {
        return;
    }
    const char *word = entry_word((enum vital)command->vital, command->value_milli);
    json_text(json, "vital", vital_info((enum vital)command->vital)->name);
    if (has_value && word != NULL) {
        json_text(json, "value", word);
    } else {
        payload_put_milli(json, "value", has_value, command->value_milli);
    }
    if (command->has_observed) {
        json_time(json, "observed_at", command->observed_wall_ms);
    } else {
        json_null(json, "observed_at");
    }
}

static void put_pause(struct json *json, const struct engine_config *config, const struct bed_command *command)
{
    json_text(json, "what", command->what != PAUSE_NONE ? pause_word(command->what) : NULL);
    json_text(json, "rule", command->rule < config->rule_count ? config->rules[command->rule].name : NULL);
    if (command->kind == COMMAND_pause) {
        json_unsigned(json, "duration_s", command->duration_ms / 1000U);
    }
}

static void put_told(struct json *json, const struct bed_command *command)
{
    if (command->attribute >= ATTRIBUTE_COUNT) {
        return;
    }
    const char *word = attribute_word(command->attribute, command->value_milli);
    json_text(json, "attribute", estimate_input_name(command->attribute));
    if (command->has_value && word != NULL) {
        json_text(json, "value", word);
    } else {
        payload_put_milli(json, "value", command->has_value, command->value_milli);
    }
}

static void put_staff(struct json *json, const struct bed_command *command)
{
    json_unsigned(json, "nurses", command->nurses);
    if (command->has_until) {
        json_time(json, "until", command->until_wall_ms);
    } else {
        json_null(json, "until");
    }
    json_text(json, "reason", command->reason);
}

static void put_resend(struct json *json, const struct bed_command *command)
{
    json_unsigned(json, "from_seq", command->from_seq);
    if (command->through_seq != 0) {
        json_unsigned(json, "through_seq", command->through_seq);
    } else {
        json_null(json, "through_seq");
    }
}

static void put_detail(struct json *json, const struct payload_context *context, const struct bed_command *command)
{
    switch ((enum command_kind)command->kind) {
    case COMMAND_transfer:
        put_bed(json, context, "to_bed", command->to_bed);
        break;
    case COMMAND_away:
        json_unsigned(json, "duration_s", command->duration_ms / 1000U);
        break;
    case COMMAND_acknowledge:
        json_hex(json, "alarm_id", command->alarm_id, PAYLOAD_ID_DIGITS);
        json_unsigned(json, "rev", command->rev);
        break;
    case COMMAND_set_limit:
    case COMMAND_reset_limit:
        put_limit(json, context->config, command);
        break;
    case COMMAND_observe:
    case COMMAND_retract:
        put_entry(json, command);
        break;
    case COMMAND_pause:
    case COMMAND_resume:
        put_pause(json, context->config, command);
        break;
    case COMMAND_set_scale:
        json_unsigned(json, "scale", command->scale);
        json_text(json, "reason", command->reason);
        break;
    case COMMAND_describe:
        put_told(json, command);
        break;
    case COMMAND_set_staff:
        put_staff(json, command);
        break;
    case COMMAND_resend:
        put_resend(json, command);
        break;
    case COMMAND_test_alert:
        json_text(json, "priority", priority_word((enum priority)command->priority));
        break;
    case COMMAND_admit:
    case COMMAND_discharge:
    case COMMAND_back:
    case COMMAND_assign:
    case COMMAND_KIND_COUNT:
        break;
    }
}

size_t payload_audit(const struct payload_context *context, const struct bed_command *command, uint64_t stay,
                     int64_t wall_ms, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_time(&json, "at", wall_ms);
    json_text(&json, "kind", "command");
    put_command(&json, command);
    put_bed(&json, context, "bed", command->bed);
    payload_put_id(&json, "stay", command->stay);
    payload_put_id(&json, "stay_after", stay);
    json_text(&json, "by", command->by[0] != '\0' ? command->by : NULL);
    json_text(&json, "role", role_word(command->role));
    json_text(&json, "id", command->id[0] != '\0' ? command->id : NULL);
    json_text(&json, "result", command->verdict == VERDICT_ACCEPTED ? "accepted" : verdict_word(command->verdict));
    if (command->verdict == VERDICT_MALFORMED) {
        json_text(&json, "fault", command_fault_text(command->fault));
    } else {
        put_detail(&json, context, command);
    }
    return json_end(&json);
}
