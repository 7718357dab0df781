#include "app/flow/lines.h"

const char *line_fault_text(enum line_fault fault)
{
    static const char *const texts[] = {[LINE_NOT_OPEN] = "",
                                        [LINE_UNANSWERED] = " (nobody answers)",
                                        [LINE_OUTDATED] = " (values are not current)",
                                        [LINE_STUCK] = " (its thread is stuck)"};
    return texts[fault];
}

static bool is_together(const struct line_look *a, const struct line_look *b)
{
    const int64_t apart_ms = a->silence.quiet_ms - b->silence.quiet_ms;
    return apart_ms <= LINES_TOGETHER_MS && apart_ms >= -LINES_TOGETHER_MS;
}

/* How many monitors have missed their word for what may be one reason. */
static unsigned count_missed(const struct lines *lines, const struct line_look *line)
{
    unsigned missed = line->silence.missed;
    for (unsigned i = 0; line->networked && missed < 2 && i < lines->count; i++) {
        const struct line_look *other = &lines->looks[i];
        if (other != line && other->networked && line_is_quiet(&other->silence) && is_together(line, other)) {
            missed += other->silence.missed;
        }
    }
    return missed;
}

/* What a look says of one line. */
enum finding { FOUND_WELL, FOUND_SUSPECT, FOUND_DOWN };

/* Under a new configuration a line that was down is, until its monitors have had time to speak. */
static bool goes_on(const struct line_kept *kept, const struct line_silence *silence)
{
    return kept->down && silence->unheard && silence->quiet_ms < silence->shortest_ms;
}

static enum finding judge(const struct lines *lines, unsigned i, int64_t boot_us)
{
    const struct line_look *look = &lines->looks[i];
    const int64_t closed_us = boot_us - lines->kept[i].open_us;
    if (look->still_us >= LINES_STUCK_US || closed_us >= LINES_CLOSED_US || goes_on(&lines->kept[i], &look->silence)) {
        return FOUND_DOWN;
    }
    const bool quiet = line_is_quiet(&look->silence);
    const bool lost = quiet && (closed_us >= LINES_LOST_US || count_missed(lines, look) > 1);
    if (lost && look->silence.silent > 0) {
        return FOUND_DOWN;
    }
    return lost || closed_us > 0 || look->still_us >= LINES_STILL_US ? FOUND_SUSPECT : FOUND_WELL;
}

static enum line_fault fault_of(const struct line_look *look)
{
    if (look->still_us >= LINES_STUCK_US) {
        return LINE_STUCK;
    }
    if (!look->open) {
        return LINE_NOT_OPEN;
    }
    return look->silence.outdated == look->silence.missed ? LINE_OUTDATED : LINE_UNANSWERED;
}

/* They are told once no other may be next, or they have waited for long enough. */
static bool are_held(struct lines *lines, bool any_new, bool any_suspect, int64_t boot_us)
{
    if (!any_new) {
        lines->held_us = 0;
        return false;
    }
    lines->held_us = lines->held_us != 0 ? lines->held_us : boot_us;
    const bool held = any_suspect && boot_us - lines->held_us < LINES_HELD_US;
    lines->held_us = held ? lines->held_us : 0;
    return held;
}

void lines_judge(struct lines *lines, int64_t boot_us)
{
    bool any_new = false, any_suspect = false;
    for (unsigned i = 0; i < lines->count; i++) {
        struct line_kept *kept = &lines->kept[i];
        kept->open_us = lines->looks[i].open ? boot_us : kept->open_us;
        const enum finding found = judge(lines, i, boot_us);
        kept->down = kept->down && found == FOUND_DOWN;
        kept->state = found == FOUND_WELL ? LINE_OPEN : found == FOUND_DOWN ? LINE_DOWN : LINE_CLOSED;
        any_new |= kept->state == LINE_DOWN && !kept->down;
        any_suspect |= found == FOUND_SUSPECT;
    }
    const bool held = are_held(lines, any_new, any_suspect, boot_us);
    for (unsigned i = 0; i < lines->count; i++) {
        struct line_kept *kept = &lines->kept[i];
        if (kept->state == LINE_DOWN && !kept->down) {
            kept->state = held ? LINE_CLOSED : LINE_DOWN;
            kept->down = !held;
            kept->fault = fault_of(&lines->looks[i]);
        }
    }
}
