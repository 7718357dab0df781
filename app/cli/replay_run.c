#include "app/cli/replay_run.h"

#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct replay_run *run = (struct replay_run *)(void *)sink; /* its first member */
    char json[PAYLOAD_ALERT_MAX];
    if (!run->begun) {
        return;
    }
    run->records++;
    run->digest = input_digest_record(run->digest, record);
    tally_take(&run->tally, record, engine_now(run->engine));
    if (record->kind == RECORD_ALERT && run->alerts != NULL) {
        const size_t length = payload_alert(&run->payloads, &record->alert, 0, json, sizeof json);
        json[length] = '\n';
        run->write_failed |= fwrite(json, 1, length + 1, run->alerts) != length + 1;
    }
}

bool replay_run_make(struct replay_run *run, const struct engine_config *config, const struct payload_context *payloads,
                     FILE *alerts)
{
    *run = (struct replay_run){.sink = {.put = put_record},
                               .payloads = *payloads,
                               .alerts = alerts,
                               .vitals = UINT32_MAX,
                               .digest = INPUT_DIGEST_BEGIN};
    run->payloads.config = config;
    (void)engine_make(&run->arena, config);
    run->arena = (struct arena){.size = (run->arena.used + 63) / 64 * 64};
    run->arena.base = aligned_alloc(64, run->arena.size);
    run->admitted = calloc(config->bed_count, sizeof *run->admitted);
    if (!tally_make(&run->tally, config) || run->arena.base == NULL || run->admitted == NULL) {
        command_complain("out of memory: the windows of the rules need %zu bytes", run->arena.size);
        return false;
    }
    memset(run->arena.base, 0, run->arena.size);
    run->engine = engine_make(&run->arena, config);
    engine_clock_synced(run->engine, true);
    return true;
}

void replay_run_free(struct replay_run *run)
{
    tally_free(&run->tally);
    free(run->admitted);
    free(run->arena.base);
}

void replay_run_begin(struct replay_run *run, int64_t at_ms)
{
    run->begun = true;
    engine_begin(run->engine, at_ms);
    tally_begin(&run->tally, run->engine, at_ms);
}

void replay_run_step(struct replay_run *run, int64_t until_ms)
{
    while (engine_next(run->engine) <= until_ms) {
        engine_step(run->engine, until_ms, &run->sink);
    }
}

void replay_run_observe(struct replay_run *run, const struct observation *observations, size_t count)
{
    int64_t at_ms = INT64_MIN; /* everything due before it has been stepped */
    for (size_t i = 0; i < count; i++) {
        const struct observation *o = &observations[i];
        if (o->at_ms != at_ms) {
            at_ms = o->at_ms;
            replay_run_step(run, at_ms - 1);
        }
        if (!run->admitted[o->bed]) {
            run->admitted[o->bed] = true;
            engine_admit(run->engine, o->bed, at_ms);
        }
        if (o->kind != OBSERVATION_VALUE || (run->vitals >> o->vital & 1U) != 0) {
            (void)engine_observe(run->engine, o);
        }
    }
}

/* --- recordings of runs -------------------------------------------------------------------------------------- */

struct search {
    const struct engine_config *config;
    uint16_t bed;
    const char *name; /* NULL: by its id */
    uint64_t id;
    struct alert *out;
    bool found;
};

static void look_at(void *context, const struct alert *alert)
{
    struct search *search = context;
    char name[ALARM_NAME_MAX];
    alarm_name(search->config, alert, name);
    const bool is_there = alert->key.bed == search->bed || (alert->key.bed == BED_NONE && !search->found);
    if (is_there && (search->name != NULL ? strcmp(name, search->name) == 0 : alert->id == search->id)) {
        *search->out = *alert;
        search->found = true;
    }
}

bool replay_run_find_alarm(const struct replay_run *run, uint16_t bed, const char *name, struct alert *out)
{
    struct search search = {.config = run->payloads.config, .bed = bed, .name = name, .out = out};
    engine_each_alarm(run->engine, look_at, &search);
    return search.found;
}

bool replay_run_find_alarm_id(const struct replay_run *run, uint16_t bed, uint64_t id, struct alert *out)
{
    struct search search = {.config = run->payloads.config, .bed = bed, .id = id, .out = out};
    engine_each_alarm(run->engine, look_at, &search);
    return search.found;
}

/* What the command means here and now. In a run with other rules stays have other ids than in the one recorded. */
static void resolve(const struct replay_run *run, const struct input_line *line, struct bed_command *command)
{
    struct alert alert;
    if (command->bed >= run->payloads.config->bed_count) {
        return;
    }
    if (line->any_stay || run->differs) {
        struct bed_view view;
        engine_view_bed(run->engine, command->bed, &view);
        command->stay = view.stay;
    }
    if (line->any_alarm && replay_run_find_alarm(run, command->bed, line->alarm_name, &alert)) {
        command->alarm_id = alert.id;
        command->rev = alert.rev;
    }
}

bool replay_run_take(struct replay_run *run, const struct input_line *line, const struct engine_input *given)
{
    struct engine_input input = *given;
    struct bed_command command;
    if (!run->begun && (input.kind == INPUT_BEGIN || input.kind == INPUT_CONTINUE)) {
        const bool begun = engine_take(run->engine, &input, &run->sink);
        run->begun = begun;
        tally_begin(&run->tally, run->engine, input.at_ms);
        return begun;
    }
    if (input.kind == INPUT_COMMAND && run->begun && input.at_ms >= engine_now(run->engine)) {
        command = *input.command;
        input.stepped |= line->any_stay; /* one by hand comes after what else there is at its instant */
        replay_run_step(run, input.stepped ? input.at_ms : input.at_ms - 1);
        resolve(run, line, &command);
        input.command = &command;
    }
    return engine_take(run->engine, &input, &run->sink);
}

void replay_run_end(struct replay_run *run, int64_t at_ms)
{
    replay_run_step(run, at_ms);
    tally_end(&run->tally, run->engine, at_ms);
}
