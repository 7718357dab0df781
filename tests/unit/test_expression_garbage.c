/*
 * Garbage as expressions: bytes, words of the language in any order, and damaged good texts. Nothing may do harm, and
 * every fault must point into its text. WARDGATE_SEED in the environment repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/expression.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/emulated.h"

#define GARBAGE_TEXTS 300000

static const struct parameter_names names = {.names = {"limit", "low", "high"}, .count = 3};
static size_t random_bytes(char *text, size_t size)
{
    const size_t length = draw(size);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)(chance(5) ? 1 + draw(255) : ' ' + draw(95));
    }
    return length;
}

/* Words of the language in any order. */
static size_t random_words(char *text, size_t size)
{
    static const char *const words[] = {
        "hr", "spo2", "nibp_sys", "limit", "low",  "mean(", "share(", "last(", "age(",     "count(", "(",          ")",
        ",",  "5s",   "16",       "0",     "90.5", "<",     ">=",     "==",    "!=",       "+",      "-",          "*",
        "/",  "and",  "or",       "not",   ",5s)", ",3)",   "hr,5s)", "hr<90", "spo2<90,", "1e9",    "99999999999"};
    size_t length = 0;
    for (uint64_t i = draw(24); i > 0; i--) {
        const char *word = words[draw(sizeof words / sizeof words[0])];
        if (length + strlen(word) + 2 > size) {
            break;
        }
        memcpy(text + length, word, strlen(word));
        length += strlen(word);
        text[length++] = ' ';
    }
    return length;
}

/* A good text with a few bytes lost, changed or doubled. */
static size_t random_damage(char *text, size_t size)
{
    static const char *const good[] = {
        "share(spo2 < limit, 15s) >= 0.8 and mean(hr, 1min) > 120",
        "not (age(nibp_sys) > 30min or nibp_sys / 2 + 1.5 * low < -(3 - hr))",
        "last(hr, 5s) == 3 or count(spo2, 16) != 16 and slope(resp, 5min) <= 0.000001",
        "((limit + 1) * 2 > max(temp, 10min)) and stddev(hr, 30s) + delta(hr, 500ms) > 1",
    };
    const char *chosen = good[draw(sizeof good / sizeof good[0])];
    size_t length = strlen(chosen);
    assert_true(length + 4 < size);
    memcpy(text, chosen, length);
    for (uint64_t i = 1 + draw(4); i > 0; i--) {
        const size_t at = draw(length);
        if (chance(50)) {
            text[at] = (char)(' ' + draw(95));
        } else if (chance(50)) {
            memmove(text + at, text + at + 1, --length - at);
        } else {
            memmove(text + at + 1, text + at, length - at);
            length++;
        }
    }
    return length;
}

static bool check_garbage(const char *text)
{
    static struct expression expression;
    struct expression_fault fault = {.offset = SIZE_MAX};
    if (expression_compile(text, &names, 700, &expression, &fault)) {
        assert_in_range(expression.op_count, 1, EXPRESSION_OPS_MAX);
        assert_in_range(expression.window_count, 1, EXPRESSION_WINDOWS_MAX);
        assert_int_not_equal(expression.vitals >> expression.first_vital & 1U, 0);
        return true;
    }
    const size_t length = strlen(text);
    if (fault.offset > length || fault.length > length - fault.offset || fault.message[0] == '\0') {
        fail_msg("%s: fault at %zu, %zu long: %s", text, fault.offset, fault.length, fault.message);
    }
    return false;
}

static void test_garbage_does_no_harm(void **state)
{
    (void)state;
    static size_t (*const sources[])(char *, size_t) = {random_bytes, random_words, random_damage};
    draw_seed(20061101);
    const unsigned texts = emulated_share(GARBAGE_TEXTS);
    unsigned good = 0;
    for (unsigned i = 0; i < texts; i++) {
        char text[EXPRESSION_TEXT_MAX + 64];
        text[sources[i % 3](text, sizeof text - 1)] = '\0';
        good += check_garbage(text) ? 1 : 0;
    }
    print_message("%u of %u texts compiled\n", good, texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
