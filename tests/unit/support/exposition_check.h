/*
 * exposition_check.h: that a text is Prometheus' text format (0.0.4) and nothing else, by a reader that shares nothing with the one who wrote it, and looking samples up in it.
 */
#ifndef WARDGATE_TESTS_EXPOSITION_CHECK_H
#define WARDGATE_TESTS_EXPOSITION_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXPOSITION_NAME_MAX 96

struct exposition_reader {
    const char *at;
    char name[EXPOSITION_NAME_MAX]; /* whose samples stand here */
    bool is_counter;
    const char *problem; /* NULL: none so far */
    unsigned samples;
};

static inline bool exposition_fail(struct exposition_reader *r, const char *problem)
{
    r->problem = r->problem != NULL ? r->problem : problem;
    return false;
}

static inline bool exposition_take(struct exposition_reader *r, const char *text)
{
    const size_t length = strlen(text);
    if (strncmp(r->at, text, length) != 0) {
        return false;
    }
    r->at += length;
    return true;
}

static inline bool exposition_name(struct exposition_reader *r, char out[EXPOSITION_NAME_MAX])
{
    const size_t length = strspn(r->at, "abcdefghijklmnopqrstuvwxyz_0123456789");
    if (length == 0 || length >= EXPOSITION_NAME_MAX || (*r->at >= '0' && *r->at <= '9')) {
        return exposition_fail(r, "a name that is none");
    }
    memcpy(out, r->at, length);
    out[length] = '\0';
    r->at += length;
    return true;
}

/* Up to `end`; a backslash only before itself, an n or, in a label, a quote. */
static inline bool exposition_text(struct exposition_reader *r, char end)
{
    for (; *r->at != end; r->at++) {
        if (*r->at == '\0' || *r->at == '\n') {
            return exposition_fail(r, "a text without an end");
        }
        if (*r->at == '\\' && *++r->at != '\\' && *r->at != 'n' && !(end == '"' && *r->at == '"')) {
            return exposition_fail(r, "an escape that is none");
        }
    }
    r->at++;
    return true;
}

/* Two lines. Each name once: what came before this is looked through for another head of it. */
static inline bool exposition_head(struct exposition_reader *r, const char *text)
{
    char again[EXPOSITION_NAME_MAX], head[EXPOSITION_NAME_MAX + 16];
    const char *const from = r->at;
    if (!exposition_take(r, "# HELP ") || !exposition_name(r, r->name) || !exposition_take(r, " ")) {
        return exposition_fail(r, "no HELP");
    }
    (void)snprintf(head, sizeof head, "# HELP %s ", r->name);
    if (strstr(text, head) != from) {
        return exposition_fail(r, "a metric that comes again");
    }
    if (!exposition_text(r, '\n') || !exposition_take(r, "# TYPE ") || !exposition_name(r, again) ||
        strcmp(again, r->name) != 0) {
        return exposition_fail(r, "no TYPE behind its HELP");
    }
    r->is_counter = exposition_take(r, " counter\n");
    if (!r->is_counter && !exposition_take(r, " gauge\n")) {
        return exposition_fail(r, "another type");
    }
    const size_t length = strlen(r->name);
    const bool is_total = length > 6 && strcmp(r->name + length - 6, "_total") == 0;
    return (is_total == r->is_counter && strncmp(r->name, "wardgate_", 9) == 0) ||
           exposition_fail(r, "a name against the conventions");
}

static inline bool exposition_number(struct exposition_reader *r)
{
    const size_t whole = strspn(r->at, "0123456789");
    r->at += whole;
    if (whole > 0 && *r->at == '.') {
        const size_t rest = strspn(++r->at, "0123456789");
        r->at += rest;
        if (rest == 0 || r->at[-1] == '0') {
            return exposition_fail(r, "a fraction that is none");
        }
    }
    return (whole > 0 && exposition_take(r, "\n")) || exposition_fail(r, "a number that is none");
}

static inline bool exposition_sample_line(struct exposition_reader *r)
{
    char name[EXPOSITION_NAME_MAX];
    if (!exposition_name(r, name) || strcmp(name, r->name) != 0) {
        return exposition_fail(r, "a sample under another's head");
    }
    if (exposition_take(r, "{")) {
        do {
            if (!exposition_name(r, name) || !exposition_take(r, "=\"") || !exposition_text(r, '"')) {
                return exposition_fail(r, "a label that is none");
            }
        } while (exposition_take(r, ","));
        if (!exposition_take(r, "}")) {
            return exposition_fail(r, "labels without an end");
        }
    }
    r->samples++;
    return (exposition_take(r, " ") && exposition_number(r)) || exposition_fail(r, "no number");
}

/* NULL: it is sound; else why not. */
static inline const char *exposition_problem(const char *text)
{
    struct exposition_reader r = {.at = text};
    while (r.problem == NULL && *r.at != '\0') {
        (void)(*r.at == '#' ? exposition_head(&r, text) : exposition_sample_line(&r));
    }
    return r.problem != NULL ? r.problem : r.samples == 0 ? "no sample" : NULL;
}

/* The number behind this name and labels, as it stands there; NULL: no such sample. */
static inline const char *exposition_find(const char *text, const char *series, char out[32])
{
    const size_t length = strlen(series);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line, series, length) == 0 && line[length] == ' ') {
            (void)snprintf(out, 32, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
            return out;
        }
    }
    return NULL;
}

#endif
