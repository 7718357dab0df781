#include "app/flow/commit_clock.h"

#include <inttypes.h>

#include "app/flow/json.h"
#include "app/flow/log.h"
#include "hal/clock.h"

#define ASK_US  500000 /* as often as conditions.c asks */
#define NEAR_US 200    /* two looks at one clock with one at the other between them */
#define LOOKS   8

void commit_clock_init(struct commit_clock *clock, struct clock_record *record, struct clock_bridge *bridge,
                       struct clock_hardware *hardware, const struct timebase *timebase)
{
    *clock = (struct commit_clock){.record = record, .bridge = bridge, .hardware = hardware, .timebase = timebase};
}

void commit_clock_continue(struct commit_clock *clock, const struct commit_clock *before)
{
    clock->begun = before->begun;
    clock->synced = before->synced;
    clock->asked_us = before->asked_us;
    clock->steady_us = before->steady_us;
    clock->steady_correction_ms = before->steady_correction_ms;
    clock->noted_us = before->noted_us;
    clock->unnoted_ms = before->unnoted_ms;
    clock->is_noted = before->is_noted;
}

/* Of one instant: who is put aside between the two clocks would take that for a step. */
static int64_t find_correction_ms(const struct timebase *timebase)
{
    int64_t nearest_us = INT64_MAX, correction_ms = 0;
    for (unsigned i = 0; i < LOOKS && nearest_us > NEAR_US; i++) {
        const int64_t before_us = clock_boot_us();
        const int64_t wall_ms = clock_wall_ms();
        const int64_t took_us = clock_boot_us() - before_us;
        if (took_us < nearest_us) {
            nearest_us = took_us;
            correction_ms = wall_ms - timebase_engine_ms(timebase, before_us);
        }
    }
    return correction_ms;
}

static void find_steady(struct commit_clock *c, int64_t now_us)
{
    const int64_t moved_ms = c->correction_ms - c->steady_correction_ms;
    const bool stepped = moved_ms > CLOCK_STEP_MS || moved_ms < -CLOCK_STEP_MS;
    if (stepped || !c->synced || !c->begun) {
        c->steady_us = now_us;
        c->steady_correction_ms = c->correction_ms;
    }
}

bool commit_clock_is_steady(const struct commit_clock *clock, int64_t now_us)
{
    return clock->begun && clock->synced && now_us - clock->steady_us >= COMMIT_CLOCK_STEADY_US;
}

static void tell(const struct clock_record *record, int64_t step_ms)
{
    const bool was_shown = record->count > record->older;
    log_note("the clock was set %s by %" PRId64 " s; alarms and windows go on as they were%s",
             step_ms < 0 ? "back" : "forward", (step_ms < 0 ? -step_ms : step_ms) / 1000,
             was_shown ? ", `wardgate history` shows earlier alerts by the clock as it is now" : "");
}

static void make_note(struct commit_clock *c)
{
    struct json json;
    json_begin(&json, c->note.json, sizeof c->note.json);
    c->note.wall_ms = clock_wall_ms();
    json_time(&json, "at", c->note.wall_ms);
    json_text(&json, "kind", "clock");
    json_seconds(&json, "step_s", c->unnoted_ms);
    json_text(&json, "clock", c->synced ? "synced" : "unsynced");
    json_unsigned(&json, "through_seq", c->record->newest_seq);
    c->note.length = (uint32_t)json_end(&json);
    c->has_note = c->note.length > 0;
    c->unnoted_ms = 0;
}

/* Not while the one before still waits for the disk. */
static void note_step(struct commit_clock *c, int64_t now_us)
{
    const bool may_note = !c->has_note && (!c->is_noted || now_us - c->noted_us >= COMMIT_CLOCK_NOTE_US);
    if (c->unnoted_ms != 0 && may_note) {
        tell(c->record, c->unnoted_ms);
        make_note(c);
        c->noted_us = now_us;
        c->is_noted = true;
    }
}

static void look_at_bridge(struct commit_clock *c)
{
    const int64_t wall_offset_ms = c->correction_ms + c->timebase->anchor_ms;
    int64_t wrong_ms = 0;
    const bool in_step = clock_bridge_in_step(atomic_load(&c->hardware->offset_ms), wall_offset_ms);
    c->is_due |= clock_bridge_look(c->bridge, c->correction_ms, c->synced, in_step, &wrong_ms);
    const bool is_anew = atomic_load(&c->hardware->anew);
    c->is_due |= is_anew && c->bridge->open != 0;
    atomic_store(&c->hardware->wrong_ms, is_anew ? 0 : wrong_ms);
}

bool commit_clock_end(struct commit_clock *clock)
{
    if (clock->bridge == NULL || clock->bridge->ended != 0 || !atomic_load(&clock->hardware->ends)) {
        return false;
    }
    clock->bridge->ended = 1;
    clock->is_due = true;
    return true;
}

/* What sets the clock says that it is right after that: it is asked about once more at a step, and the clock is looked at behind the answer. */
static void ask(struct commit_clock *c, int64_t now_us)
{
    const int64_t before_ms = c->correction_ms;
    c->correction_ms = find_correction_ms(c->timebase);
    const int64_t moved_ms = c->correction_ms - before_ms;
    const bool stepped = moved_ms > CLOCK_STEP_MS || moved_ms < -CLOCK_STEP_MS;
    if (stepped || !c->begun || now_us - c->asked_us >= ASK_US) {
        c->synced = clock_is_synchronised();
        c->asked_us = now_us;
        c->correction_ms = find_correction_ms(c->timebase);
    }
}

void commit_clock_look(struct commit_clock *clock, int64_t now_us)
{
    int64_t step_ms = 0;
    ask(clock, now_us);
    find_steady(clock, now_us);
    clock->begun = true;
    if (clock->record == NULL) {
        return;
    }
    clock->is_due |= clock_record_look(clock->record, clock->correction_ms, clock->synced, &step_ms);
    if (clock->bridge != NULL) {
        look_at_bridge(clock);
    }
    clock->unnoted_ms += step_ms;
    note_step(clock, now_us);
}
