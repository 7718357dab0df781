/*
 * json_check.h: that a text is one JSON object and nothing else, by a parser that is not ours.
 */
#ifndef WARDGATE_TESTS_JSON_CHECK_H
#define WARDGATE_TESTS_JSON_CHECK_H

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

#define JSON_TOKENS_MAX 32768

static inline void expect_json(const char *text, size_t length)
{
    static jsmntok_t tokens[JSON_TOKENS_MAX];
    jsmn_parser parser;
    assert_true(length > 0);
    assert_int_equal(strlen(text), length);
    jsmn_init(&parser);
    assert_true(jsmn_parse(&parser, text, length, tokens, JSON_TOKENS_MAX) > 0);
    assert_int_equal(tokens[0].type, JSMN_OBJECT);
    assert_int_equal(tokens[0].end, length);
}

#endif
