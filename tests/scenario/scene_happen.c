#include <string.h>

#include "tests/scenario/scene_lines.h"

static void add_value(struct reading *r, const struct line *line, int64_t at_ms, const struct observation *value)
{
    struct scene_item *item = scene_add_item(r, line, SCENE_VALUE, at_ms);
    item->value = *value;
    item->value.at_ms = at_ms;
    item->value.bed = item->bed;
}

/* `spo2 84` or `spo2 sensor_off`; the monitor must give it. */
static bool take_value(struct reading *r, struct line *line, struct observation *out)
{
    *out = (struct observation){.kind = OBSERVATION_VALUE};
    if (!line_take_vital(line, &out->vital) || (r->scene.given.vitals >> out->vital & 1U) == 0) {
        line->at -= out->vital != (uint8_t)VITAL_NONE ? 1 : 0;
        line_fault(r, line, "say a vital that the monitor gives");
        return false;
    }
    if (!line_take_number(line, &out->value_milli) &&
        !line_take_word(line, quality_word_of, QUALITY_COUNT, &out->quality)) {
        line_fault(r, line, "say a number, or why there is none (absent, sensor_off ...)");
        return false;
    }
    return true;
}

static void read_values(struct reading *r, struct line *line, int64_t at_ms)
{
    struct observation value;
    while (line->at < line->count && take_value(r, line, &value)) {
        add_value(r, line, at_ms, &value);
    }
}

/* hold VITAL VALUE, VITAL VALUE ... [every DURATION] for DURATION */
static void read_hold(struct reading *r, struct line *line, int64_t at_ms)
{
    struct observation values[SCENE_WORDS_MAX];
    unsigned count = 0;
    int64_t every_ms = 0, for_ms = 0;
    while (strcmp(line_peek(line), "every") != 0 && strcmp(line_peek(line), "for") != 0) {
        if (!take_value(r, line, &values[count++])) {
            return;
        }
    }
    if (!line_take_every(line, &every_ms) || !line_take(line, "for") || !line_take_duration(line, &for_ms)) {
        line_fault(r, line, "say `for` how long");
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        const int64_t step_ms = every_ms > 0 ? every_ms : r->scene.given.period_ms[values[i].vital];
        for (int64_t t = 0; t < for_ms; t += step_ms) {
            add_value(r, line, at_ms + t, &values[i]);
        }
    }
}

/* ramp VITAL FROM -> TO over DURATION [every DURATION]: the first and the last value, too */
static void read_ramp(struct reading *r, struct line *line, int64_t at_ms)
{
    struct observation value;
    int32_t to_milli = 0;
    int64_t over_ms = 0;
    if (!take_value(r, line, &value)) {
        return;
    }
    int64_t step_ms = r->scene.given.period_ms[value.vital];
    if (!line_take(line, "->") || !line_take_number(line, &to_milli) || !line_take(line, "over") ||
        !line_take_duration(line, &over_ms) || over_ms <= 0 || !line_take_every(line, &step_ms)) {
        line_fault(r, line, "say FROM -> TO over DURATION");
        return;
    }
    const int64_t from_milli = value.value_milli;
    for (int64_t t = 0; t <= over_ms; t += step_ms) {
        value.value_milli = (int32_t)(from_milli + (to_milli - from_milli) * t / over_ms);
        add_value(r, line, at_ms + t, &value);
    }
}

/* restart for DURATION; power off for DURATION [without clock] */
static void read_restart(struct reading *r, struct line *line, int64_t at_ms, bool boots)
{
    struct scene_restart restart = {.boots = boots};
    if (!line_take(line, "for") || !line_take_duration(line, &restart.away_ms)) {
        line_fault(r, line, "say `for` how long");
        return;
    }
    restart.clock_lost = boots && line_take(line, "without") && line_take(line, "clock");
    scene_add_item(r, line, SCENE_RESTART, at_ms)->restart = restart;
}

/* line down; line up */
static void read_line(struct reading *r, struct line *line, int64_t at_ms)
{
    const bool works = line_take(line, "up");
    if (!works && !line_take(line, "down")) {
        line_fault(r, line, "say `line down` or `line up`");
        return;
    }
    scene_add_item(r, line, SCENE_LINE, at_ms)->line_works = works;
}

/* --- commands ------------------------------------------------------------------------------------------------ */

static const char *word_of_verdict(unsigned index)
{
    return verdict_word(index);
}

static void read_entry(struct reading *r, struct line *line, struct bed_command *command)
{
    if (!line_take_vital(line, &command->vital)) {
        line_fault(r, line, "say a vital that people enter");
    } else if (command->kind == COMMAND_observe && !line_take_number(line, &command->value_milli) &&
               !entry_value((enum vital)command->vital, line_next(line), &command->value_milli)) {
        scene_fail(&r->scene, line->number, "this is no value that people enter");
    }
}

static void read_limit(struct reading *r, struct line *line, struct scene_item *item)
{
    text_copy(item->rule, sizeof item->rule, line_next(line));
    const bool is_named = line->count > line->at + 1 && strcmp(line->words[line->at + 1], "refused") != 0 &&
                          !scene_read_milli(line_peek(line), &item->command.value_milli);
    text_copy(item->parameter, sizeof item->parameter, is_named ? line_next(line) : "limit");
    if (item->command.kind == COMMAND_set_limit && !line_take_number(line, &item->command.value_milli)) {
        line_fault(r, line, "say what it is set to");
    }
}

/* describe ATTRIBUTE NUMBER, WORD or null */
static void read_attribute(struct reading *r, struct line *line, struct bed_command *command)
{
    const char *name = line_next(line);
    command->has_value = !line_take(line, "null");
    command->attribute = attribute_by_name(name);
    if (command->attribute == ATTRIBUTE_NONE ||
        (command->has_value && !line_take_number(line, &command->value_milli) &&
         !attribute_value(command->attribute, line_next(line), &command->value_milli))) {
        line_fault(r, line, "say what is told of the patient, and its value");
    }
}

/* pause audio|alarm [DURATION] [of RULE]; resume [audio|alarm] [of RULE] */
static void read_pause(struct reading *r, struct line *line, struct scene_item *item)
{
    int64_t ms = 0;
    const bool is = line_take_word(line, pause_word, PAUSE_WHAT_COUNT, &item->command.what);
    if (!is && item->command.kind == COMMAND_pause) {
        line_fault(r, line, "say audio or alarm");
    }
    item->command.duration_ms = line_take_duration(line, &ms) ? (uint32_t)ms : 0;
    item->command.rule = RULE_NONE;
    if (line_take(line, "of")) {
        text_copy(item->rule, sizeof item->rule, line_next(line));
    }
}

static void read_command(struct reading *r, struct line *line, int64_t at_ms, enum command_kind kind)
{
    struct scene_item *item = scene_add_item(r, line, SCENE_COMMAND, at_ms);
    item->command.kind = (uint8_t)kind;
    item->command.role = ROLE_local;
    int64_t ms = 0;
    int32_t milli = 0;
    if (kind == COMMAND_acknowledge) {
        text_copy(item->alarm, sizeof item->alarm, line_next(line));
    } else if (kind == COMMAND_set_limit || kind == COMMAND_reset_limit) {
        read_limit(r, line, item);
    } else if (kind == COMMAND_pause || kind == COMMAND_resume) {
        read_pause(r, line, item);
    } else if (kind == COMMAND_describe) {
        read_attribute(r, line, &item->command);
    } else if (kind == COMMAND_observe || kind == COMMAND_retract) {
        read_entry(r, line, &item->command);
    } else if (kind == COMMAND_set_scale && line_take_number(line, &milli)) {
        item->command.scale = (uint8_t)(milli / 1000);
    } else if (kind == COMMAND_away && line_take_duration(line, &ms)) {
        item->command.duration_ms = (uint32_t)ms;
    }
    if (line_take(line, "refused") && !line_take_word(line, word_of_verdict, VERDICT_COUNT, &item->verdict)) {
        line_fault(r, line, "say the reason of the reply");
    }
}

static int command_of(const char *word)
{
    static const struct {
        const char *word;
        enum command_kind kind;
    } commands[] = {{"admit", COMMAND_admit},
                    {"discharge", COMMAND_discharge},
                    {"away", COMMAND_away},
                    {"back", COMMAND_back},
                    {"ack", COMMAND_acknowledge},
                    {"set_limit", COMMAND_set_limit},
                    {"reset_limit", COMMAND_reset_limit},
                    {"enter", COMMAND_observe},
                    {"retract", COMMAND_retract},
                    {"pause", COMMAND_pause},
                    {"resume", COMMAND_resume},
                    {"describe", COMMAND_describe},
                    {"scale", COMMAND_set_scale}};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].word, word) == 0) {
            return (int)commands[i].kind;
        }
    }
    return -1;
}

bool scene_read_happening(struct reading *r, struct line *line, int64_t at_ms)
{
    const char *word = line_peek(line);
    const int command = command_of(word);
    if (vital_by_name(word, strlen(word)) != VITAL_NONE) {
        read_values(r, line, at_ms);
    } else if (command >= 0) {
        (void)line_next(line);
        read_command(r, line, at_ms, (enum command_kind)command);
    } else if (line_take(line, "hold")) {
        read_hold(r, line, at_ms);
    } else if (line_take(line, "ramp")) {
        read_ramp(r, line, at_ms);
    } else if (line_take(line, "line")) {
        read_line(r, line, at_ms);
    } else if (line_take(line, "restart")) {
        read_restart(r, line, at_ms, false);
    } else if (line_take(line, "power") && line_take(line, "off")) {
        read_restart(r, line, at_ms, true);
    } else {
        return false;
    }
    return true;
}
