/*
 * Lines to monitors as the engine hears them: how long nobody on a line has been heard, and how many should have been.
 */
#include "app/engine/engine_internal.h"

/* A monitor on one of the lines that are asked for. */
typedef void line_visitor(const struct bed *bed, unsigned monitor, int64_t now_ms, struct line_silence *line);

static void note_newest(const struct bed *bed, unsigned monitor, int64_t now_ms, struct line_silence *line)
{
    const int64_t silent_ms = now_ms - monitor_unheard_since(&bed->monitors[monitor]);
    const int64_t patience_ms = monitor_patience_ms(bed, monitor);
    line->shortest_ms = patience_ms < line->shortest_ms ? patience_ms : line->shortest_ms;
    if (bed->monitors[monitor].back_at_ms != INSTANT_NONE && silent_ms < line->quiet_ms) {
        line->quiet_ms = silent_ms;
        line->unheard = false;
    }
}

static void note_unheard(const struct bed *bed, unsigned monitor, int64_t now_ms, struct line_silence *line)
{
    const int64_t silent_ms = now_ms - monitor_unheard_since(&bed->monitors[monitor]);
    line->quiet_ms = line->unheard && silent_ms < line->quiet_ms ? silent_ms : line->quiet_ms;
}

/* Half a time-out is at least one poll and a half: whoever was heard before the line went has missed one by then. */
static void count_missed(const struct bed *bed, unsigned monitor, int64_t now_ms, struct line_silence *line)
{
    const struct monitor_state *state = &bed->monitors[monitor];
    const int64_t patience_ms = monitor_patience_ms(bed, monitor);
    const int64_t silent_ms = now_ms - monitor_unheard_since(state);
    const bool is_older = silent_ms - line->quiet_ms > patience_ms; /* told long ago, for a reason of its own */
    if (silent_ms < patience_ms / 2 || is_older) {
        return;
    }
    line->missed++;
    line->silent = (uint16_t)(line->silent + (silent_ms >= patience_ms ? 1 : 0));
    line->outdated = (uint16_t)(line->outdated + (state->outdated_at_ms != INSTANT_NONE ? 1 : 0));
}

static void each_monitor(const struct engine *engine, int64_t now_ms, uint16_t first, uint16_t count,
                         line_visitor *visit, struct line_silence *out)
{
    for (unsigned b = 0; b < engine->config->bed_count; b++) {
        const struct bed *bed = &engine->beds[b];
        for (unsigned m = 0; m < bed->config->monitor_count; m++) {
            const uint16_t line = bed->config->monitor_line[m];
            if (line >= first && line - first < count) {
                visit(bed, m, now_ms, &out[line - first]);
            }
        }
    }
}

void engine_hear_lines(const struct engine *engine, int64_t now_ms, uint16_t first, uint16_t count,
                       struct line_silence *out)
{
    for (unsigned i = 0; i < count; i++) {
        out[i] = (struct line_silence){.quiet_ms = INT64_MAX, .shortest_ms = INT64_MAX, .unheard = true};
    }
    each_monitor(engine, now_ms, first, count, note_newest, out);
    each_monitor(engine, now_ms, first, count, note_unheard, out);
    each_monitor(engine, now_ms, first, count, count_missed, out);
}

bool line_is_quiet(const struct line_silence *line)
{
    return line->missed > 0 && line->quiet_ms >= line->shortest_ms / 2;
}
