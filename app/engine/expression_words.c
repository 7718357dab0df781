#include "app/engine/expression_words.h"

#include <assert.h>
#include <string.h>

#include "app/engine/suggest.h"

static const char *const aggregates[] = {
    [AGGREGATE_MEAN] = "mean",   [AGGREGATE_MAX] = "max",       [AGGREGATE_MIN] = "min",
    [AGGREGATE_SHARE] = "share", [AGGREGATE_STDDEV] = "stddev", [AGGREGATE_SLOPE] = "slope",
    [AGGREGATE_DELTA] = "delta", [AGGREGATE_COUNT] = "count",   [AGGREGATE_LAST] = "last",
    [AGGREGATE_AGE] = "age",
};

enum {
    AGGREGATES = sizeof aggregates / sizeof aggregates[0],
    WORDS_MAX = VITAL_COUNT + SCORE_COUNT + AGGREGATES + PARAMETERS_MAX
};

/* Words that would have done. */
struct words {
    const char *list[WORDS_MAX];
    size_t count;
};

static void add_word(struct words *words, const char *word)
{
    assert(words->count < WORDS_MAX);
    words->list[words->count++] = word;
}

static void add_vitals(struct words *words)
{
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        add_word(words, vital_info((enum vital)i)->name);
    }
}

static bool is_word(const struct expression_word *word, const char *other)
{
    return strlen(other) == word->where.length &&
           memcmp(word->text + word->where.offset, other, word->where.length) == 0;
}

bool expression_word_is_aggregate(const struct expression_word *word, enum aggregate *out)
{
    for (unsigned i = 0; i < AGGREGATES; i++) {
        if (is_word(word, aggregates[i])) {
            *out = (enum aggregate)i;
            return true;
        }
    }
    return false;
}

bool expression_word_is_vital(const struct expression_word *word, enum vital *out)
{
    const enum vital vital = vital_by_name(word->text + word->where.offset, word->where.length);
    if (vital == VITAL_NONE) {
        return false;
    }
    *out = vital;
    return true;
}

bool expression_word_is_score(const struct expression_word *word, enum score *out)
{
    const enum score score = score_by_name(word->text + word->where.offset, word->where.length);
    if (score == SCORE_COUNT) {
        return false;
    }
    *out = score;
    return true;
}

bool expression_word_is_parameter(const struct expression_word *word, uint8_t *out)
{
    for (uint8_t i = 0; i < word->parameters->count; i++) {
        if (word->parameters->names[i] != NULL && is_word(word, word->parameters->names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *expression_aggregate_word(enum aggregate aggregate)
{
    assert((unsigned)aggregate < AGGREGATES);
    return aggregates[aggregate];
}

static bool fail_unknown(const struct expression_word *word, const struct words *meant, const char *what,
                         struct expression_fault *fault)
{
    const char *near = suggest(word->text + word->where.offset, word->where.length, meant->list, meant->count);
    if (near != NULL) {
        return expression_fail(fault, word->where, "unknown name \"%.*s\", did you mean \"%s\"?",
                               QUOTE(word->text, word->where), near);
    }
    return expression_fail(fault, word->where, "unknown name \"%.*s\", %s", QUOTE(word->text, word->where), what);
}

bool expression_fail_vital(const struct expression_word *word, struct expression_fault *fault)
{
    struct words meant = {.count = 0};
    add_vitals(&meant);
    return fail_unknown(word, &meant, "a vital from the list must stand here", fault);
}

bool expression_fail_value(const struct expression_word *word, struct expression_fault *fault)
{
    if (is_word(word, "limit")) {
        return expression_fail(fault, word->where, "this rule has no limit, give it the key \"limit\"");
    }
    struct words meant = {.count = 0};
    add_vitals(&meant);
    for (uint8_t i = 0; i < word->parameters->count; i++) {
        add_word(&meant, word->parameters->names[i]);
    }
    for (unsigned i = 0; i < AGGREGATES; i++) {
        add_word(&meant, aggregates[i]);
    }
    for (unsigned i = 0; i < SCORE_COUNT; i++) {
        add_word(&meant, score_name((enum score)i));
    }
    return fail_unknown(word, &meant, "it is no vital, score, function or parameter of this rule", fault);
}

bool expression_fail_operator(const struct expression_word *word, struct expression_fault *fault)
{
    struct words meant = {.count = 0};
    add_word(&meant, "and");
    add_word(&meant, "or");
    return fail_unknown(word, &meant, "an operator such as and, or, < must stand here", fault);
}
