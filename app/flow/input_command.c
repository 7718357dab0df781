/* Lines that hold a command, or an alarm that a monitor tells by name. */
#include "app/flow/input_reading.h"

#include <string.h>

#include "app/engine/staffing.h"

bool input_read_reported(struct reading *r)
{
    struct input_line *line = r->line;
    struct monitor_alarm *a = &line->reported;
    char phase[INPUT_WORD_MAX] = "present";
    *a = (struct monitor_alarm){.priority = PRIORITY_MEDIUM, .vital = VITAL_NONE};
    if (!reading_place(r, &a->at_ms, &line->stepped) || !reading_bed(r, "bed", &a->bed) ||
        !reading_monitor(r, &a->monitor) || !reading_text(r, "alarm", a->name, sizeof a->name) ||
        !reading_text(r, "phase", phase, sizeof phase) ||
        !reading_word(r, "priority", reading_priority_word, PRIORITY_HIGH + 1, &a->priority) ||
        !reading_word(r, "kind", alarm_kind_word, KIND_ADVISORY + 1, &a->kind) ||
        !reading_word(r, "vital", reading_vital_word, VITAL_COUNT, &a->vital) ||
        !reading_word(r, "inactivation", alarm_inactivation_word, INACTIVATION_ALARM_PAUSED + 1, &a->inactivation) ||
        !reading_flag(r, "repeated", &a->is_repeated) || !reading_utf8(r, "text", a->text, sizeof a->text)) {
        return false;
    }
    if (strcmp(phase, "present") != 0 && strcmp(phase, "ended") != 0) {
        return reading_refuse(r, "'phase' is neither 'present' nor 'ended'");
    }
    a->phase = strcmp(phase, "ended") == 0 ? MONITOR_ALARM_ENDED : MONITOR_ALARM_PRESENT;
    line->inputs[line->count++] =
        (struct engine_input){.kind = INPUT_REPORTED, .at_ms = a->at_ms, .stepped = line->stepped, .reported = a};
    return true;
}

static bool read_parameter(struct reading *r, struct bed_command *command)
{
    char rule[INPUT_WORD_MAX] = "", parameter[INPUT_WORD_MAX] = "limit";
    if (!reading_text(r, "rule", rule, sizeof rule) || !reading_text(r, "parameter", parameter, sizeof parameter) ||
        !reading_milli(r, "value", &command->value_milli)) {
        return false;
    }
    for (uint16_t i = 0; i < r->config->rule_count; i++) {
        const struct rule *found = &r->config->rules[i];
        for (uint8_t p = 0; strcmp(found->name, rule) == 0 && p < PARAMETERS_MAX; p++) {
            if (found->parameters[p].name != NULL && strcmp(found->parameters[p].name, parameter) == 0) {
                command->rule = i;
                command->parameter = p;
                return true;
            }
        }
    }
    return reading_refuse(r, "no rule '%s' with a parameter '%s' is in the configuration", rule, parameter);
}

static bool read_acknowledged(struct reading *r, struct bed_command *command)
{
    struct input_line *line = r->line;
    uint64_t rev = 0;
    if (!reading_hex(r, "alarm_id", &command->alarm_id) || !reading_unsigned(r, "rev", UINT32_MAX, &rev) ||
        !reading_text(r, "name", line->alarm_name, sizeof line->alarm_name)) {
        return false;
    }
    command->rev = (uint32_t)rev;
    line->any_alarm = command->alarm_id == 0;
    return !line->any_alarm || line->alarm_name[0] != '\0' ||
           reading_refuse(r, "which alarm? 'name', or 'alarm_id' and 'rev'");
}

static bool read_entry(struct reading *r, struct bed_command *command)
{
    command->has_observed = reading_find(r, "observed_at") != NULL;
    command->vital = VITAL_NONE;
    if (!reading_word(r, "vital", reading_vital_word, VITAL_COUNT, &command->vital) ||
        !reading_milli(r, "value", &command->value_milli) ||
        !reading_instant(r, "observed_at", &command->observed_ms)) {
        return false;
    }
    command->observed_wall_ms = command->observed_ms;
    return command->vital != VITAL_NONE || reading_refuse(r, "the 'vital' is missing");
}

static bool read_told(struct reading *r, struct bed_command *command)
{
    command->attribute = ATTRIBUTE_NONE;
    command->has_value = reading_find(r, "value") != NULL;
    return reading_word(r, "attribute", estimate_input_name, ATTRIBUTE_COUNT, &command->attribute) &&
           reading_milli(r, "value", &command->value_milli) &&
           (command->attribute != ATTRIBUTE_NONE || reading_refuse(r, "the 'attribute' is missing"));
}

static bool read_duration(struct reading *r, struct bed_command *command)
{
    int64_t duration_ms = 0;
    if (!reading_instant(r, "duration", &duration_ms) || duration_ms < 0 || duration_ms > UINT32_MAX) {
        return reading_refuse(r, "'duration' is no time in seconds");
    }
    command->duration_ms = (uint32_t)duration_ms;
    return true;
}

static bool read_pause(struct reading *r, struct bed_command *command)
{
    char rule[INPUT_WORD_MAX] = "";
    if (!reading_word(r, "what", pause_word, PAUSE_WHAT_COUNT, &command->what) ||
        !reading_text(r, "rule", rule, sizeof rule) || !read_duration(r, command)) {
        return false;
    }
    for (uint16_t i = 0; i < r->config->rule_count && rule[0] != '\0'; i++) {
        command->rule = strcmp(r->config->rules[i].name, rule) == 0 ? i : command->rule;
    }
    return rule[0] == '\0' || command->rule != RULE_NONE ||
           reading_refuse(r, "no rule '%s' is in the configuration", rule);
}

static bool read_staff(struct reading *r, struct bed_command *command)
{
    command->has_until = reading_find(r, "until") != NULL;
    const bool good = reading_number(r, "nurses", STAFFING_NURSES_MAX, &command->nurses) &&
                      reading_instant(r, "until", &command->until_ms) &&
                      reading_text(r, "reason", command->reason, sizeof command->reason);
    command->until_wall_ms = command->until_ms;
    return good;
}

static bool read_details(struct reading *r, struct bed_command *command)
{
    switch ((enum command_kind)command->kind) {
    case COMMAND_transfer:
        return reading_bed(r, "to_bed", &command->to_bed);
    case COMMAND_away:
        return read_duration(r, command);
    case COMMAND_acknowledge:
        return read_acknowledged(r, command);
    case COMMAND_set_limit:
    case COMMAND_reset_limit:
        return read_parameter(r, command);
    case COMMAND_observe:
    case COMMAND_retract:
        return read_entry(r, command);
    case COMMAND_pause:
    case COMMAND_resume:
        return read_pause(r, command);
    case COMMAND_set_scale:
        return reading_number(r, "scale", 2, &command->scale) &&
               reading_text(r, "reason", command->reason, sizeof command->reason);
    case COMMAND_set_staff:
        return read_staff(r, command);
    case COMMAND_resend:
        return reading_unsigned(r, "from_seq", UINT64_MAX, &command->from_seq) &&
               reading_unsigned(r, "through_seq", UINT64_MAX, &command->through_seq);
    case COMMAND_describe:
        return read_told(r, command);
    case COMMAND_test_alert:
        return reading_word(r, "priority", reading_priority_word, PRIORITY_HIGH + 1, &command->priority);
    case COMMAND_admit:
    case COMMAND_discharge:
    case COMMAND_back:
    case COMMAND_assign:
    case COMMAND_KIND_COUNT:
        break;
    }
    return true;
}

/* One that was refused on its way may be for no bed, and have no sense in it; it is only counted. */
bool input_read_command(struct reading *r)
{
    struct input_line *line = r->line;
    struct bed_command *command = &line->command;
    int64_t at_ms = 0;
    *command = (struct bed_command){.role = ROLE_local, .bed = BED_NONE, .to_bed = BED_NONE, .rule = RULE_NONE};
    if (!reading_place(r, &at_ms, &line->stepped) ||
        !reading_word(r, "command", command_word, COMMAND_KIND_COUNT, &command->kind) ||
        !reading_word(r, "role", role_word, ROLE_COUNT, &command->role) ||
        !reading_text(r, "id", command->id, sizeof command->id) ||
        !reading_text(r, "by", command->by, sizeof command->by) || !reading_hex(r, "stay", &command->stay) ||
        !reading_word(r, "refused", verdict_word, VERDICT_COUNT, &command->verdict)) {
        return false;
    }
    line->any_stay = reading_find(r, "stay") == NULL;
    line->inputs[line->count++] =
        (struct engine_input){.kind = INPUT_COMMAND, .at_ms = at_ms, .stepped = line->stepped, .command = command};
    if (command->verdict != VERDICT_ACCEPTED) {
        r->asked = UINT32_MAX;
        return reading_find(r, "bed") == NULL || reading_bed(r, "bed", &command->bed);
    }
    return reading_bed(r, "bed", &command->bed) && read_details(r, command);
}
