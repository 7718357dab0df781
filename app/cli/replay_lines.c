#include "app/cli/replay_lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"

enum { FAULT_MAX = 200, LINE_MAX_BYTES = 2 * INPUT_LINE_MAX };

struct reader {
    const char *file;
    struct replay_run *runs;
    unsigned run_count;
    struct replay_run *reference;
    const struct engine_config *config; /* the one that lines are read by */
    struct replay_lines *out;
    uint64_t number; /* of the line */
    bool begun, has_head, retired, ended;
    bool incomplete; /* inputs are missing: records differ for that */
    struct input_line line;
};

bool replay_lines_is_one(const char *file)
{
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        return false;
    }
    const int first = fgetc(stream);
    (void)fclose(stream);
    return first == '{';
}

static bool complain(const struct reader *r, const char *what, const char *advice)
{
    command_complain("%s (%s:%llu), %s", what, r->file, (unsigned long long)r->number, advice);
    return false;
}

static void note_instant(struct reader *r, int64_t at_ms)
{
    r->out->last_ms = at_ms > r->out->last_ms ? at_ms : r->out->last_ms;
}

/* --- marks --------------------------------------------------------------------------------------------------- */

static bool take_head(struct reader *r)
{
    if (r->number != 1) {
        return complain(r, "a second recording begins here", "replay one at a time");
    }
    r->has_head = true;
    r->out->head = r->line.head;
    if (r->line.head.configuration != input_digest_configuration(r->config)) {
        command_complain(
            "this is not the configuration of the recording (%s:1), alerts may be others than those of the run",
            r->file);
    }
    for (unsigned i = 0; i < r->run_count; i++) {
        struct payload_context *payloads = &r->runs[i].payloads;
        payloads->boot = r->out->head.boot;
        payloads->epoch = r->out->head.epoch;
        payloads->gateway = r->out->head.gateway;
        engine_clock_synced(r->runs[i].engine, false); /* until it says so */
    }
    if (r->reference != NULL) {
        engine_clock_synced(r->reference->engine, false);
    }
    return true;
}

static void check(struct reader *r)
{
    struct replay_run *run = &r->runs[0];
    const struct input_line *line = &r->line;
    note_instant(r, line->at_ms);
    for (unsigned i = 0; i < r->run_count; i++) {
        replay_run_step(&r->runs[i], line->stepped ? line->at_ms : line->at_ms - 1);
    }
    if (r->reference != NULL) {
        replay_run_step(r->reference, line->stepped ? line->at_ms : line->at_ms - 1);
    }
    if (run->differs || r->incomplete || r->out->differed) {
        return;
    }
    if (run->records != line->records || run->digest != line->digest) {
        r->out->differed = true;
        command_complain(
            "the records up to here are not those of the run (%s:%llu: %llu and %llu), take the configuration "
            "and the version of then (%s)",
            r->file, (unsigned long long)r->number, (unsigned long long)run->records, (unsigned long long)line->records,
            r->out->head.program);
    }
}

static void tell_end(const struct reader *r)
{
    if (r->retired) {
        command_complain("the recording ends at a reload (%s:%llu), what came then is in its next part", r->file,
                         (unsigned long long)r->number);
    }
}

static bool take_mark(struct reader *r)
{
    switch (r->line.mark) {
    case INPUT_MARK_HEAD:
        return take_head(r);
    case INPUT_MARK_CHECK:
        check(r);
        return true;
    case INPUT_MARK_DROPPED:
        r->incomplete = true;
        command_complain("%llu input%s missing from here on (%s:%llu), alerts may be others than those of the run",
                         (unsigned long long)r->line.records, r->line.records == 1 ? " is" : "s are", r->file,
                         (unsigned long long)r->number);
        return true;
    case INPUT_MARK_END:
        r->ended = true;
        tell_end(r);
        return true;
    case INPUT_MARK_NONE:
        break;
    }
    return true;
}

/* --- inputs -------------------------------------------------------------------------------------------------- */

static void note_observation(struct reader *r, const struct observation *o)
{
    if (o->kind == OBSERVATION_VALUE) {
        r->out->vitals |= UINT32_C(1) << o->vital;
    } else {
        r->out->heard++;
    }
}

/* One by hand need not say that it begins. */
static void begin_if_needed(struct reader *r, const struct engine_input *input)
{
    const bool lives = input->kind >= INPUT_OBSERVATION;
    if (!r->begun && !r->has_head && lives) {
        for (unsigned i = 0; i < r->run_count; i++) {
            replay_run_begin(&r->runs[i], input->at_ms);
        }
        if (r->reference != NULL) {
            replay_run_begin(r->reference, input->at_ms);
        }
        r->begun = true;
    }
}

/* An input as a run with other rules has it. */
struct translated {
    struct engine_input input;
    struct bed_command command;
    struct alarm_key key;
    struct alarm_snapshot alarm;
};

static bool translate_limit(const struct reader *r, const struct replay_run *run, struct bed_command *command)
{
    const struct engine_config *config = run->payloads.config;
    uint16_t rule = 0;
    while (rule < config->rule_count && strcmp(config->rules[rule].name, r->config->rules[command->rule].name) != 0) {
        rule++;
    }
    command->rule = rule;
    return rule < config->rule_count;
}

/* One that was not up to date then is not here either. */
static bool translate_acknowledged(const struct reader *r, struct replay_run *run, const struct engine_input *input,
                                   struct bed_command *command)
{
    struct alert then, here;
    char name[ALARM_NAME_MAX];
    const int64_t until_ms = input->stepped ? input->at_ms : input->at_ms - 1;
    if (!run->begun || input->at_ms < engine_now(run->engine)) {
        return true; /* refused as in any run */
    }
    replay_run_step(r->reference, until_ms);
    replay_run_step(run, until_ms);
    if (!replay_run_find_alarm_id(r->reference, command->bed, command->alarm_id, &then) || then.rev != command->rev) {
        return false;
    }
    alarm_name(r->config, &then, name);
    if (!replay_run_find_alarm(run, command->bed, name, &here)) {
        return false;
    }
    command->alarm_id = here.id;
    command->rev = here.rev;
    return true;
}

static bool translate_alarm(const struct reader *r, const struct replay_run *run, struct translated *here)
{
    char name[ALARM_NAME_MAX];
    here->alarm = *here->input.alarm;
    alarm_name(r->config, &here->alarm.last, name);
    if (!alarm_find(run->payloads.config, here->input.key->bed, name, &here->key)) {
        return false;
    }
    here->alarm.last.key = here->key;
    here->input.key = &here->key;
    here->input.alarm = &here->alarm;
    return true;
}

/* False: it is of a rule that this run does not have, or of an alarm that never was here. */
static bool translate(const struct reader *r, struct replay_run *run, const struct engine_input *input,
                      struct translated *here)
{
    if (input->kind == INPUT_ALARM || input->kind == INPUT_PAST) {
        return translate_alarm(r, run, here);
    }
    if (input->kind != INPUT_COMMAND || input->command->verdict != VERDICT_ACCEPTED) {
        return true;
    }
    here->command = *input->command;
    here->input.command = &here->command;
    if (input->command->kind == COMMAND_set_limit || input->command->kind == COMMAND_reset_limit) {
        return translate_limit(r, run, &here->command);
    }
    return input->command->kind != COMMAND_acknowledge || r->line.any_alarm ||
           translate_acknowledged(r, run, input, &here->command);
}

static bool complain_place(const struct reader *r)
{
    return complain(r, "this cannot come here: it lies before what came already, or is no part of a start",
                    "put the lines in order");
}

static bool take_input(struct reader *r, unsigned index)
{
    const struct engine_input *input = &r->line.inputs[index];
    begin_if_needed(r, input);
    if (r->retired) {
        return complain(r, "something comes after the engine was over", "replay one recording at a time");
    }
    if (input->kind == INPUT_RETIRE) {
        r->retired = true;
        return true;
    }
    for (unsigned i = 0; i < r->run_count; i++) {
        struct translated here = {.input = *input};
        const bool means_something = !r->runs[i].differs || translate(r, &r->runs[i], input, &here);
        if (means_something && !replay_run_take(&r->runs[i], &r->line, &here.input)) {
            return complain_place(r);
        }
    }
    if (r->reference != NULL && !replay_run_take(r->reference, &r->line, input)) {
        return complain_place(r);
    }
    r->begun |= input->kind == INPUT_BEGIN || input->kind == INPUT_CONTINUE;
    if (r->begun) {
        note_instant(r, input->at_ms);
    }
    if (input->kind == INPUT_OBSERVATION) {
        note_observation(r, input->observation);
    }
    return true;
}

static bool take_line(struct reader *r, const char *text, size_t length, bool is_whole)
{
    char fault[FAULT_MAX];
    if (!input_line_read(r->config, text, length, &r->line, fault, sizeof fault)) {
        if (!is_whole) {
            (void)complain(r, "the last line is cut off", "what it would say is left out");
            return true;
        }
        return complain(r, fault, "mend the line");
    }
    if (r->line.mark != INPUT_MARK_NONE) {
        return take_mark(r);
    }
    for (unsigned i = 0; i < r->line.count; i++) {
        if (!take_input(r, i)) {
            return false;
        }
    }
    return true;
}

/* --- lines --------------------------------------------------------------------------------------------------- */

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static bool read_stream(struct reader *r, FILE *stream)
{
    char text[LINE_MAX_BYTES];
    while (fgets(text, sizeof text, stream) != NULL) {
        const size_t length = strlen(text);
        const bool is_whole = length > 0 && text[length - 1] == '\n';
        r->number++;
        if (!is_whole && feof(stream) == 0) {
            return complain(r, "a line is longer than 8191 bytes or has a NUL in it",
                            "is this a recording of wardgate?");
        }
        if (is_blank(text)) {
            continue;
        }
        if (r->ended) {
            return complain(r, "something comes after the end", "replay one recording at a time");
        }
        r->out->lines++;
        if (!take_line(r, text, length, is_whole)) {
            return false;
        }
    }
    if (ferror(stream) != 0) {
        command_complain("cannot read the recording (%s: %s), check the file", r->file, strerror(errno));
    }
    return ferror(stream) == 0;
}

bool replay_lines_read(const char *file, struct replay_run *runs, unsigned run_count, struct replay_run *reference,
                       struct replay_lines *out)
{
    FILE *stream = fopen(file, "re");
    *out = (struct replay_lines){.last_ms = INT64_MIN};
    struct reader reader = {.file = file,
                            .runs = runs,
                            .run_count = run_count,
                            .reference = reference,
                            .config = (reference != NULL ? reference : runs)->payloads.config,
                            .out = out};
    if (stream == NULL) {
        command_complain("cannot open the recording (%s: %s), check its name", file, strerror(errno));
        return false;
    }
    const bool read = read_stream(&reader, stream);
    (void)fclose(stream);
    if (!read) {
        return false;
    }
    if (reader.has_head && !reader.ended) {
        command_complain("the recording breaks off (%s:%llu), the gateway or its disk stopped there", file,
                         (unsigned long long)reader.number);
    }
    for (unsigned i = 0; i < run_count; i++) {
        if (reader.begun) {
            replay_run_end(&runs[i], out->last_ms);
        }
    }
    return true;
}
