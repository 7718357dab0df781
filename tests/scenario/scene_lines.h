/*
 * scene_lines.h: lines of a scenario while they are read; shared by the files that read them, and by nobody else.
 *
 *     scene_read.c    a file: situations, what is given, and whose turn a line is
 *     scene_lines.c   a line: its words
 *     scene_happen.c  what happens: values, commands, restarts
 *     scene_expect.c  what is expected: alerts, scores, what a screen shows
 */
#ifndef WARDGATE_TESTS_SCENE_LINES_H
#define WARDGATE_TESTS_SCENE_LINES_H

#include "tests/scenario/scene.h"

/* Its words; `after` is its text from the second word on as it stands, and from the third one. */
struct line {
    unsigned number, count, at;
    char text[SCENE_TEXT_MAX], after[2][SCENE_TEXT_MAX];
    char *words[SCENE_WORDS_MAX];
};

struct reading {
    const char *file;
    struct scene_given given; /* for all */
    struct scene scene;
    bool is_open;
    int64_t newest_ms;
    uint16_t bed; /* of this line */
    scene_visitor *visit;
    void *context;
};

/* Commas are for people; what follows # is, too. */
void line_take_apart(struct line *line, const char *text);

const char *line_peek(const struct line *line); /* the word that comes next, "" at the end */
const char *line_next(struct line *line);

/* Each true, and one word further, when the next word is such a one. Outputs are written then alone. */
bool line_take(struct line *line, const char *word);
bool line_take_vital(struct line *line, uint8_t *out);
bool line_take_time(struct line *line, int64_t *out_ms);
bool line_take_duration(struct line *line, int64_t *out_ms);
bool line_take_number(struct line *line, int32_t *out_milli);
bool line_take_word(struct line *line, const char *(*word_of)(unsigned index), unsigned count, uint8_t *out);
bool line_take_every(struct line *line, int64_t *out_ms);                         /* also when nothing is said of it */
void line_take_until(struct line *line, const char *end, char *out, size_t size); /* up to that word */
void line_take_rest(struct line *line, char *out, size_t size);
void text_copy(char *out, size_t size, const char *text);

const char *quality_word_of(unsigned index);
const char *priority_word_of(unsigned index);

void line_fault(struct reading *r, const struct line *line, const char *wanted); /* of the word that comes next */
struct scene_item *scene_add_item(struct reading *r, const struct line *line, enum scene_kind kind, int64_t at_ms);

/* False: the next word begins no such line. */
bool scene_read_happening(struct reading *r, struct line *line, int64_t at_ms);
bool scene_read_expectation(struct reading *r, struct line *line, int64_t at_ms);

#endif
