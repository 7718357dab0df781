/*
 * A file into situations. What stands before the first `situation` holds for all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/scene_lines.h"

static const char *class_word_of(unsigned index)
{
    return patient_class_name((enum patient_class)index);
}

/* `b2` behind a time: at which bed. */
static bool take_bed(struct reading *r, struct line *line)
{
    const char *word = line_peek(line);
    const unsigned count = r->scene.given.beds > 0 ? r->scene.given.beds : 1;
    r->bed = 0;
    if (word[0] != 'b' || word[1] < '1' || word[1] > '9' || word[2] != '\0') {
        return true;
    }
    r->bed = (uint16_t)(word[1] - '1');
    line->at += r->bed < count ? 1 : 0;
    return r->bed < count;
}

static void read_timed(struct reading *r, struct line *line)
{
    int64_t at_ms = 0;
    if (!line_take_time(line, &at_ms)) {
        line_fault(r, line, "begin with a time (01:25), situation, given, watch, nothing or fails");
        return;
    }
    if (at_ms < r->newest_ms) {
        scene_fail(&r->scene, line->number, "this time lies before that of the line above");
        return;
    }
    r->newest_ms = at_ms;
    if (!take_bed(r, line)) {
        line_fault(r, line, "say `given beds` first");
    } else if (!scene_read_happening(r, line, at_ms) && !scene_read_expectation(r, line, at_ms)) {
        line_fault(r, line, "say what happens, or what is expected");
    }
}

static void read_nothing(struct reading *r, struct line *line)
{
    int64_t at_ms = 0;
    if (!line_take(line, "until") || !line_take_time(line, &at_ms) || at_ms < r->newest_ms) {
        line_fault(r, line, "say `nothing until` a time that lies ahead");
        return;
    }
    r->newest_ms = at_ms;
    (void)scene_add_item(r, line, SCENE_NOTHING, at_ms);
}

/* given monitor VITAL, VITAL [every DURATION]; at each of its times an episodic vital is a measurement */
static bool give_vitals(struct line *line, struct scene_given *given, bool episodic)
{
    uint32_t vitals = 0;
    uint8_t vital = 0;
    int64_t every_ms = 1000;
    while (line_take_vital(line, &vital)) {
        vitals |= UINT32_C(1) << vital;
    }
    if (vitals == 0 || !line_take_every(line, &every_ms)) {
        return false;
    }
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        if ((vitals >> v & 1U) != 0) {
            given->period_ms[v] = (uint32_t)every_ms;
        }
    }
    given->vitals |= vitals;
    given->episodic |= episodic ? vitals : 0;
    return true;
}

/* given beds 3: all alike */
static bool give_beds(struct line *line, struct scene_given *given)
{
    int32_t milli = 0;
    const bool is = line_take_number(line, &milli) && milli > 0 && milli <= SCENE_BEDS_MAX * 1000 && milli % 1000 == 0;
    given->beds = is ? (unsigned)milli / 1000 : 0;
    return is;
}

static void append(char *text, size_t size, const char *indent, const char *more)
{
    const size_t length = strlen(text);
    (void)snprintf(text + length, size - length, "%s%s\n", indent, more);
}

static void read_given(struct reading *r, struct line *line)
{
    struct scene_given *given = r->is_open ? &r->scene.given : &r->given;
    uint8_t patient_class = 0;
    bool is = true;
    if (line_take_word(line, class_word_of, CLASS_COUNT, &patient_class)) {
        given->patient_class = (enum patient_class)patient_class;
        return;
    }
    if (line_take(line, "monitor")) {
        is = give_vitals(line, given, false);
    } else if (line_take(line, "measured")) {
        is = give_vitals(line, given, true);
    } else if (line_take(line, "config")) {
        append(given->config, sizeof given->config, "", line->after[1]);
        line->at = line->count;
    } else if (line_take(line, "bed")) {
        append(given->bed, sizeof given->bed, "    ", line->after[1]);
        line->at = line->count;
    } else if (line_take(line, "rule")) {
        append(given->rules, sizeof given->rules, "  ", line->after[1]);
        line->at = line->count;
    } else if (line_take(line, "rules")) {
        text_copy(given->rule_file, sizeof given->rule_file, line_next(line));
    } else if (line_take(line, "model")) {
        text_copy(given->model_file, sizeof given->model_file, line_next(line));
    } else if (line_take(line, "beds")) {
        is = give_beds(line, given);
    } else {
        is = false;
    }
    if (!is || line->at < line->count) {
        line_fault(r, line,
                   "say a class, monitor VITALS, measured VITALS, beds NUMBER, config YAML, bed YAML, rule YAML, "
                   "rules FILE or model FILE");
    }
}

static void read_watch(struct reading *r, struct line *line)
{
    struct scene_given *given = r->is_open ? &r->scene.given : &r->given;
    while (line->at < line->count && given->watched_count < SCENE_WATCHED_MAX) {
        text_copy(given->watched[given->watched_count++], ALARM_NAME_MAX, line_next(line));
    }
}

static void close_scene(struct reading *r)
{
    if (r->is_open || r->scene.fault[0] != '\0') {
        r->visit(r->context, &r->scene);
    }
    free(r->scene.items);
    r->scene = (struct scene){.file = r->file, .given = r->given};
    r->is_open = false;
    r->newest_ms = 0;
    r->bed = 0;
}

static void read_line(struct reading *r, struct line *line)
{
    if (line->count == 0) {
        return;
    }
    if (line_take(line, "situation")) {
        close_scene(r);
        r->is_open = true;
        r->scene.line = line->number;
        line_take_rest(line, r->scene.title, sizeof r->scene.title);
    } else if (line_take(line, "given")) {
        read_given(r, line);
    } else if (line_take(line, "watch")) {
        read_watch(r, line);
    } else if (!r->is_open) {
        line_fault(r, line, "begin a situation first");
    } else if (line_take(line, "nothing")) {
        read_nothing(r, line);
    } else if (strcmp(line_peek(line), "fails") == 0) {
        text_copy(r->scene.wanted_fault, sizeof r->scene.wanted_fault, line->after[0]);
        line->at = line->count;
    } else {
        read_timed(r, line);
    }
    if (line->at < line->count && r->scene.fault[0] == '\0') {
        line_fault(r, line, "the line should end here");
    }
}

bool scene_read_file(const char *file, scene_visitor *visit, void *context)
{
    static struct reading r;
    char text[SCENE_TEXT_MAX];
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        return false;
    }
    r = (struct reading){.file = file, .scene = {.file = file}, .visit = visit, .context = context};
    for (unsigned number = 1; fgets(text, sizeof text, stream) != NULL; number++) {
        struct line line = {.number = number};
        line_take_apart(&line, text);
        read_line(&r, &line);
    }
    (void)fclose(stream);
    close_scene(&r);
    return true;
}
