#include "app/engine/marks.h"

#include <assert.h>
#include <stddef.h>

enum { WORD_BITS = 64 };

static uint32_t words_of(uint32_t size)
{
    return (size + WORD_BITS - 1) / WORD_BITS;
}

static uint64_t bit_of(uint32_t number)
{
    return UINT64_C(1) << number % WORD_BITS;
}

void marks_init(struct marks *marks, struct arena *arena, uint32_t size)
{
    uint64_t *words = ARENA_TAKE(arena, uint64_t, words_of(size));
    if (words != NULL) {
        *marks = (struct marks){.words = words, .size = size};
    }
}

bool marks_has(const struct marks *marks, uint32_t number)
{
    assert(number < marks->size);
    return (marks->words[number / WORD_BITS] & bit_of(number)) != 0;
}

void marks_add(struct marks *marks, uint32_t number)
{
    marks->count += !marks_has(marks, number);
    marks->words[number / WORD_BITS] |= bit_of(number);
}

void marks_remove(struct marks *marks, uint32_t number)
{
    marks->count -= marks_has(marks, number);
    marks->words[number / WORD_BITS] &= ~bit_of(number);
}

uint32_t marks_first(const struct marks *marks, uint32_t from)
{
    if (marks->count == 0 || from >= marks->size) {
        return MARKS_NONE;
    }
    uint32_t at = from / WORD_BITS;
    uint64_t word = marks->words[at] & ~(bit_of(from) - 1);
    while (word == 0 && ++at < words_of(marks->size)) {
        word = marks->words[at];
    }
    return word != 0 ? at * WORD_BITS + (uint32_t)__builtin_ctzll(word) : MARKS_NONE;
}
