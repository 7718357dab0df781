#include "app/engine/input.h"

#include <assert.h>

#include "app/engine/engine_internal.h"

void engine_set_witness(struct engine *engine, struct engine_witness *witness)
{
    engine->witness = witness;
}

void input_tell(struct engine *engine, struct engine_input input)
{
    if (engine->witness != NULL) {
        input.stepped = engine->stepped_ms == input.at_ms && input.at_ms != INSTANT_NONE;
        engine->stepped_ms = INSTANT_NONE;
        engine->witness->takes(engine->witness, &input);
    }
}

const char *engine_input_word(unsigned kind)
{
    static const char *const words[INPUT_KIND_COUNT] = {
#define INPUT_WORD(name, word) word,
        INPUT_LIST(INPUT_WORD)
#undef INPUT_WORD
    };
    return kind < INPUT_KIND_COUNT ? words[kind] : "unknown";
}

static void step_until(struct engine *engine, int64_t until_ms, struct record_sink *sink)
{
    while (engine_next(engine) <= until_ms) {
        engine_step(engine, until_ms, sink);
    }
}

/* What is from before the begin: numbers, stays, windows and alarms. */
static bool restores(struct engine *engine, const struct engine_input *input, struct record_sink *sink)
{
    if (engine->begun || engine->restoring != (input->kind == INPUT_RESTORE_END)) {
        return false;
    }
    switch (input->kind) {
    case INPUT_SEED:
        engine_seed(engine, input->number);
        return true;
    case INPUT_NUMBERS:
        if (input->number_2 > 0) {
            engine_restore_numbers(engine, input->number, input->number_2);
        }
        return input->number_2 > 0;
    case INPUT_STAY:
        if (input->bed < engine->config->bed_count) {
            engine_restore_bed(engine, input->bed, input->stay);
        }
        return input->bed < engine->config->bed_count;
    case INPUT_PAST:
        return !engine->restored && engine_restore_past(engine, input->key, input->alarm);
    case INPUT_RESTORE_BEGIN:
        if (!engine->restored) {
            engine_restore_begin(engine, input->at_ms);
            return true;
        }
        return false;
    case INPUT_RESTORE_END:
        step_until(engine, input->at_ms, sink);
        engine_restore_end(engine);
        return true;
    case INPUT_ALARM:
        return engine_restore_alarm(engine, input->key, input->alarm, input->flag);
    case INPUT_SAID:
        return input->bed < engine->config->bed_count &&
               engine_restore_said(engine, input->bed, input->detail, input->at_ms);
    case INPUT_CLOCK:
    case INPUT_BEGIN:
    case INPUT_CONTINUE:
    case INPUT_OBSERVATION:
    case INPUT_REPORTED:
    case INPUT_COMMAND:
    case INPUT_CONDITION:
    case INPUT_LINE:
    case INPUT_RETIRE:
    case INPUT_KIND_COUNT:
        break;
    }
    return false;
}

static bool begins(struct engine *engine, const struct engine_input *input)
{
    if (engine->begun || engine->restoring || input->at_ms < engine->now_ms) {
        return false;
    }
    (input->kind == INPUT_BEGIN ? engine_begin : engine_continue)(engine, input->at_ms);
    return true;
}

static bool is_condition(uint64_t number)
{
    return number >= BUILTIN_BED_COUNT && number < BUILTIN_COUNT;
}

static bool is_line(const struct engine *engine, const struct engine_input *input)
{
    return input->number < engine->config->line_count && input->number_2 <= LINE_DOWN;
}

/* What happens at an instant: everything due before it has been stepped. */
static bool happens(struct engine *engine, const struct engine_input *input)
{
    switch (input->kind) {
    case INPUT_OBSERVATION:
        return engine_observe(engine, input->observation);
    case INPUT_REPORTED:
        return engine_observe_alarm(engine, input->reported);
    case INPUT_COMMAND:
        engine_command(engine, input->at_ms, input->command);
        return true;
    case INPUT_CONDITION:
        if (is_condition(input->number)) {
            engine_condition(engine, input->at_ms, (enum builtin_alarm)input->number, input->flag, input->priority,
                             input->detail);
        }
        return is_condition(input->number);
    case INPUT_LINE:
        if (is_line(engine, input)) {
            engine_line(engine, input->at_ms, (uint16_t)input->number, (enum line_state)input->number_2);
        }
        return is_line(engine, input);
    case INPUT_CLOCK:
        engine_clock_synced(engine, input->flag);
        return true;
    case INPUT_SEED:
    case INPUT_NUMBERS:
    case INPUT_STAY:
    case INPUT_PAST:
    case INPUT_RESTORE_BEGIN:
    case INPUT_RESTORE_END:
    case INPUT_ALARM:
    case INPUT_SAID:
    case INPUT_BEGIN:
    case INPUT_CONTINUE:
    case INPUT_RETIRE:
    case INPUT_KIND_COUNT:
        break;
    }
    return false;
}

bool engine_take(struct engine *engine, const struct engine_input *input, struct record_sink *sink)
{
    assert(engine->stage == STAGE_NONE);
    if (input->kind == INPUT_BEGIN || input->kind == INPUT_CONTINUE) {
        return begins(engine, input);
    }
    if (input->kind < INPUT_BEGIN && input->kind != INPUT_CLOCK) {
        return restores(engine, input, sink);
    }
    const bool lives = engine->begun || (engine->restoring && input->kind == INPUT_OBSERVATION);
    if (input->kind == INPUT_CLOCK && !engine->begun) {
        return happens(engine, input);
    }
    if (!lives || engine->retired || input->at_ms < engine->now_ms || input->at_ms == INT64_MIN) {
        return false;
    }
    if (engine->command_due) {
        step_until(engine, engine->now_ms, sink); /* a command's instant is over with it */
    }
    step_until(engine, input->stepped ? input->at_ms : input->at_ms - 1, sink);
    return happens(engine, input);
}
