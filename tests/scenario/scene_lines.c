#include "tests/scenario/scene_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings/value.h"

void line_take_apart(struct line *line, const char *text)
{
    char *state = NULL;
    (void)snprintf(line->text, sizeof line->text, "%s", text);
    line->text[strcspn(line->text, "#\r\n")] = '\0';
    const char *rest = line->text + strspn(line->text, " ");
    for (unsigned i = 0; i < 2; i++) {
        rest += strcspn(rest, " ");
        rest += strspn(rest, " ");
        (void)snprintf(line->after[i], sizeof line->after[i], "%s", rest);
    }
    line->count = line->at = 0;
    for (char *word = strtok_r(line->text, " ,", &state); word != NULL && line->count < SCENE_WORDS_MAX;
         word = strtok_r(NULL, " ,", &state)) {
        line->words[line->count++] = word;
    }
}

const char *line_peek(const struct line *line)
{
    return line->at < line->count ? line->words[line->at] : "";
}

const char *line_next(struct line *line)
{
    return line->at < line->count ? line->words[line->at++] : "";
}

bool line_take(struct line *line, const char *word)
{
    const bool is = strcmp(line_peek(line), word) == 0;
    line->at += is ? 1 : 0;
    return is;
}

void line_fault(struct reading *r, const struct line *line, const char *wanted)
{
    scene_fail(&r->scene, line->number, "'%s' is not understood here, %s", line_peek(line), wanted);
}

bool line_take_vital(struct line *line, uint8_t *out)
{
    const enum vital vital = vital_by_name(line_peek(line), strlen(line_peek(line)));
    *out = (uint8_t)vital;
    line->at += vital != VITAL_NONE ? 1 : 0;
    return vital != VITAL_NONE;
}

bool line_take_time(struct line *line, int64_t *out_ms)
{
    const bool is = scene_read_time(line_peek(line), out_ms);
    line->at += is ? 1 : 0;
    return is;
}

bool line_take_duration(struct line *line, int64_t *out_ms)
{
    const bool is = value_read_duration(line_peek(line), out_ms) == VALUE_OK;
    line->at += is ? 1 : 0;
    return is;
}

bool line_take_number(struct line *line, int32_t *out_milli)
{
    const bool is = scene_read_milli(line_peek(line), out_milli);
    line->at += is ? 1 : 0;
    return is;
}

const char *quality_word_of(unsigned index)
{
    return quality_word((enum quality)index);
}

const char *priority_word_of(unsigned index)
{
    return priority_word((enum priority)index);
}

bool line_take_word(struct line *line, const char *(*word_of)(unsigned index), unsigned count, uint8_t *out)
{
    const int index = scene_word_index(line_peek(line), word_of, count);
    *out = index >= 0 ? (uint8_t)index : *out;
    line->at += index >= 0 ? 1 : 0;
    return index >= 0;
}

void line_take_until(struct line *line, const char *end, char *out, size_t size)
{
    out[0] = '\0';
    while (line->at < line->count && strcmp(line_peek(line), end) != 0) {
        const size_t length = strlen(out);
        (void)snprintf(out + length, size - length, "%s%s", length > 0 ? " " : "", line_next(line));
    }
}

void line_take_rest(struct line *line, char *out, size_t size)
{
    line_take_until(line, "", out, size);
}

void text_copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
}

bool line_take_every(struct line *line, int64_t *out_ms)
{
    return !line_take(line, "every") || (line_take_duration(line, out_ms) && *out_ms > 0);
}

struct scene_item *scene_add_item(struct reading *r, const struct line *line, enum scene_kind kind, int64_t at_ms)
{
    struct scene *scene = &r->scene;
    if (scene->count == scene->room) {
        scene->room = scene->room * 2 + 256;
        scene->items = realloc(scene->items, scene->room * sizeof *scene->items);
        if (scene->items == NULL) {
            abort();
        }
    }
    struct scene_item *item = &scene->items[scene->count];
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->line = line->number;
    item->order = scene->count++;
    item->at_ms = at_ms;
    item->bed = r->bed;
    return item;
}
