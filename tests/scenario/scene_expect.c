#include <string.h>

#include "tests/scenario/scene_lines.h"

/* Words up to what may stand behind them; "nothing": there are none. */
static bool take_names(struct line *line, char *out, size_t size)
{
    line_take_until(line, "stands_for", out, size);
    if (strcmp(out, "nothing") == 0) {
        out[0] = '\0';
    }
    return true;
}

static const char *word_of_reason(unsigned index)
{
    return index != REASON_NONE ? alarm_reason_word(index) : "none";
}

static const char *word_of_state(unsigned index)
{
    return alarm_state_word(index);
}

static const char *word_of_inactivation(unsigned index)
{
    return alarm_inactivation_word(index);
}

static bool take_saying(struct line *line, struct scene_alert *alert)
{
    unsigned bit = 0;
    bool is = false;
    if (line_take_word(line, priority_word_of, PRIORITY_HIGH + 1, &alert->priority)) {
        bit = SAYS_PRIORITY;
        is = true;
    } else if (line_take(line, "value")) {
        bit = SAYS_VALUE;
        is = line_take_number(line, &alert->value_milli);
    } else if (line_take(line, "limit")) {
        bit = SAYS_LIMIT;
        is = line_take_number(line, &alert->limit_milli);
    } else if (line_take(line, "violated")) {
        bit = SAYS_VIOLATED;
        is = line_take_time(line, &alert->violated_ms);
    } else if (line_take(line, "condition")) {
        bit = SAYS_CONDITION;
        is = line_take_time(line, &alert->condition_ms);
    } else if (line_take(line, "reason")) {
        bit = SAYS_REASON;
        is = line_take_word(line, word_of_reason, REASON_COUNT, &alert->reason);
    } else if (line_take(line, "state")) {
        bit = SAYS_STATE;
        is = line_take_word(line, word_of_state, ALARM_ENDED + 1, &alert->state);
    } else if (line_take(line, "inactivation")) {
        bit = SAYS_INACTIVATION;
        is = line_take_word(line, word_of_inactivation, INACTIVATION_ALARM_PAUSED + 1, &alert->inactivation);
    } else if (line_take(line, "part_of")) {
        bit = SAYS_PART;
        is = line->at < line->count;
        text_copy(alert->part_of, sizeof alert->part_of, line_next(line));
    } else if (line_take(line, "about")) {
        bit = SAYS_ABOUT;
        is = take_names(line, alert->about, sizeof alert->about);
    } else if (line_take(line, "stands_for")) {
        bit = SAYS_STANDS;
        is = take_names(line, alert->stands_for, sizeof alert->stands_for);
    }
    alert->says |= bit;
    return is;
}

static void read_alert(struct reading *r, struct line *line, int64_t at_ms, unsigned phase)
{
    struct scene_item *item = scene_add_item(r, line, SCENE_ALERT, at_ms);
    item->alert = (struct scene_alert){.at_ms = at_ms, .bed = item->bed, .phase = (uint8_t)phase};
    text_copy(item->alert.name, sizeof item->alert.name, line_next(line));
    while (line->at < line->count) {
        if (!take_saying(line, &item->alert)) {
            line_fault(
                r, line,
                "say the priority, value, limit, violated, condition, reason, state, inactivation, part_of, about or "
                "stands_for");
            return;
        }
    }
}

static bool take_missing(struct line *line, uint16_t *out)
{
    *out = 0;
    if (!line_take(line, "missing") || line_take(line, "none")) {
        return line->at > 0 && strcmp(line->words[line->at - 1], "none") == 0;
    }
    while (line->at < line->count) {
        unsigned part = 0;
        while (part < SCORE_PART_COUNT && strcmp(score_part_name((enum score_part)part), line_peek(line)) != 0) {
            part++;
        }
        if (part == SCORE_PART_COUNT) {
            return false;
        }
        *out |= (uint16_t)(1U << part);
        line->at++;
    }
    return *out != 0;
}

/* news2 = 7 high missing none; news2 >= 5 medium missing temp; news2 unknown missing temp */
static void read_score(struct reading *r, struct line *line, int64_t at_ms, enum score score)
{
    struct scene_item *item = scene_add_item(r, line, SCENE_SCORE, at_ms);
    item->score = (struct scene_score){.score = score, .sign = '?'};
    bool is = true;
    if (!line_take(line, "unknown")) {
        item->score.sign = strcmp(line_peek(line), "=") == 0 ? '=' : '>';
        is = (line_take(line, "=") || line_take(line, ">=")) && line_take_number(line, &item->score.total_milli);
        text_copy(item->score.band, sizeof item->score.band, line_next(line));
    }
    if (!is || !take_missing(line, &item->score.missing)) {
        line_fault(r, line, "say = TOTAL BAND missing none, >= TOTAL BAND missing PARTS, or unknown missing PARTS");
    }
}

static unsigned find_input(const char *name)
{
    unsigned input = 0;
    while (input < ESTIMATE_INPUT_COUNT && strcmp(estimate_input_name(input), name) != 0) {
        input++;
    }
    return input;
}

/* estimate NAME RESULT missing none; estimate NAME unknown missing age, bmi */
static void read_estimate(struct reading *r, struct line *line, int64_t at_ms)
{
    struct scene_item *item = scene_add_item(r, line, SCENE_ESTIMATE, at_ms);
    struct scene_estimate *e = &item->estimate;
    text_copy(e->name, sizeof e->name, line_next(line));
    text_copy(e->result, sizeof e->result, line_next(line));
    if (line_take(line, "reached")) {
        text_copy(e->result + strlen(e->result), sizeof e->result - strlen(e->result), " reached");
    }
    bool is =
        line_take(line, "missing") && (line_take(line, "none") || find_input(line_peek(line)) < ESTIMATE_INPUT_COUNT);
    while (is && line->at < line->count) {
        const unsigned input = find_input(line_next(line));
        is = input < ESTIMATE_INPUT_COUNT;
        e->missing |= is ? (uint16_t)(1U << input) : 0;
    }
    if (!is) {
        line_fault(r, line, "say NAME, its result or unknown, and missing none or INPUTS");
    }
}

/* shown VITAL NUMBER [from VITAL]; shown VITAL QUALITY */
static void read_shown(struct reading *r, struct line *line, int64_t at_ms)
{
    struct scene_item *item = scene_add_item(r, line, SCENE_SHOWN, at_ms);
    bool is = line_take_vital(line, &item->shown.vital);
    item->shown.source = item->shown.vital;
    is = is && (line_take_number(line, &item->shown.value_milli) ||
                line_take_word(line, quality_word_of, QUALITY_COUNT, &item->shown.quality));
    if (!is || (line_take(line, "from") && !line_take_vital(line, &item->shown.source))) {
        line_fault(r, line, "say VITAL NUMBER [from VITAL], or VITAL and why it is not valid");
    }
}

static const char *word_of_phase(unsigned index)
{
    return alarm_phase_word(index);
}

bool scene_read_expectation(struct reading *r, struct line *line, int64_t at_ms)
{
    const char *word = line_peek(line);
    const int phase = scene_word_index(word, word_of_phase, PHASE_END + 1);
    const enum score score = score_by_name(word, strlen(word));
    if (phase >= 0) {
        (void)line_next(line);
        read_alert(r, line, at_ms, (unsigned)phase);
    } else if (score != SCORE_COUNT) {
        (void)line_next(line);
        read_score(r, line, at_ms, score);
    } else if (line_take(line, "estimate")) {
        read_estimate(r, line, at_ms);
    } else if (line_take(line, "shown")) {
        read_shown(r, line, at_ms);
    } else {
        return false;
    }
    return true;
}
