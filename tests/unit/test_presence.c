/* Which boards are there: what they may say, for how long it counts, and that any number of them fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/flow/presence.h"
#include "drivers/uplink/filter.h"

#define S INT64_C(1000000)

#define NAMED(name)  "{\"schema\":\"1\",\"board\":\"" name "\","
#define TIMES        "\"at\":\"2026-03-01T07:00:00.000Z\",\"expires_at\":\"2026-03-01T07:01:00.000Z\","
#define SEEN         "\"visible\":true,"
#define GOOD         NAMED("wall") TIMES SEEN "\"sound\":\"on\"}"
#define EXPIRES_WALL INT64_C(1772348460000)

static struct presence presence;

static int set_up(void **state)
{
    (void)state;
    memset(&presence, 0, sizeof presence);
    return 0;
}

static const char *read_it(const char *json)
{
    struct presence_said said;
    return presence_read("wall", json, strlen(json), &said);
}

static void test_what_it_says(void **state)
{
    (void)state;
    struct presence_said said;
    assert_null(presence_read("wall", GOOD, strlen(GOOD), &said));
    assert_true(said.visible);
    assert_int_equal(said.sound, PRESENCE_SOUND_on);
    assert_int_equal(said.expires_wall_ms, EXPIRES_WALL);
    static const char hidden[] =
        "{\"sound\":\"blocked\",\"new_key\":3,\"visible\":false,\"board\":\"wall\",\"schema\":\"1\"," TIMES
        "\"more\":null}";
    assert_null(presence_read("wall", hidden, strlen(hidden), &said));
    assert_false(said.visible);
    assert_int_equal(said.sound, PRESENCE_SOUND_blocked);
    assert_string_equal(presence_sound_word(said.sound), "blocked");
    assert_string_equal(presence_sound_word(PRESENCE_SOUND_COUNT), "unknown");
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "wall",
        "[]",
        "{}",
        "{\"schema\":\"1\"",
        NAMED("wall") TIMES "\"sound\":\"on\"}",
        NAMED("wall") TIMES SEEN "\"sound\":\"loud\"}",
        NAMED("wall") TIMES SEEN "\"sound\":1}",
        NAMED("wall") TIMES SEEN "\"sound\":\"on\"} ]",
        NAMED("wall") TIMES SEEN SEEN "\"sound\":\"on\"}",
        NAMED("wall") TIMES "\"visible\":\"true\",\"sound\":\"on\"}",
        NAMED("wall") TIMES "\"visible\":1,\"sound\":\"on\"}",
        NAMED("hall") TIMES SEEN "\"sound\":\"on\"}",
        NAMED("wall") "\"at\":\"today\",\"expires_at\":\"2026-03-01T07:01:00.000Z\"," SEEN "\"sound\":\"on\"}",
        NAMED("wall") "\"at\":\"2026-03-01T07:00:00.000Z\",\"expires_at\":0," SEEN "\"sound\":\"on\"}",
        "{\"schema\":\"2\",\"board\":\"wall\"," TIMES SEEN "\"sound\":\"on\"}",
        "{\"schema\":1,\"board\":\"wall\"," TIMES SEEN "\"sound\":\"on\"}",
        NAMED("wall") TIMES SEEN "\"sound\":\"on\",\"more\":{}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (read_it(bad[i]) == NULL) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    assert_null(read_it(GOOD));
    assert_string_equal(read_it("{}"), "lacks a key");
}

/* Cut anywhere it is none, and any one byte of it may be anything. */
static void test_damage(void **state)
{
    (void)state;
    char json[] = GOOD;
    struct presence_said said;
    for (size_t cut = 0; cut < sizeof json - 1; cut++) {
        assert_non_null(presence_read("wall", json, cut, &said));
    }
    for (size_t at = 0; at < sizeof json - 1; at++) {
        const char was = json[at];
        for (int byte = 0; byte < 256; byte++) {
            json[at] = (char)byte;
            (void)presence_read("wall", json, sizeof json - 1, &said);
        }
        json[at] = was;
    }
    assert_null(read_it(json));
}

static void test_names(void **state)
{
    (void)state;
    assert_true(presence_is_name("w"));
    assert_true(presence_is_name("W7e_wall-1"));
    assert_true(presence_is_name("a1234567890123456789012345678901"));
    assert_false(presence_is_name("a12345678901234567890123456789012"));
    assert_false(presence_is_name(""));
    assert_false(presence_is_name("7e"));
    assert_false(presence_is_name("-a"));
    assert_false(presence_is_name("a b"));
    assert_false(presence_is_name("a\n"));
    assert_false(presence_is_name("w\xc3\xa4nde"));
}

static void put(const char *name, bool visible, int64_t lasts_us, int64_t now_us)
{
    const struct presence_said said = {.visible = visible};
    assert_true(presence_put(&presence, name, &said, lasts_us, now_us));
}

static void expect(int64_t now_us, unsigned looking, unsigned there, unsigned lately, int64_t next_us)
{
    const struct presence_count count = presence_count(&presence, now_us);
    assert_int_equal(count.looking, looking);
    assert_int_equal(count.there, there);
    assert_int_equal(count.lately, lately);
    assert_int_equal(count.next_us, next_us);
}

static void test_silence_ends_it_after_a_minute(void **state)
{
    (void)state;
    expect(0, 0, 0, 0, INT64_MAX);
    put("wall", true, 60 * S, 100 * S);
    expect(100 * S, 1, 1, 1, 160 * S);
    put("wall", true, 60 * S, 120 * S);
    expect(179 * S, 1, 1, 1, 180 * S);
    expect(180 * S, 0, 0, 0, INT64_MAX);
    put("wall", true, 1000 * S, 200 * S); /* never longer */
    expect(200 * S, 1, 1, 1, 260 * S);
}

/* It was looked at until it said that it goes, or hides: a minute from then on. */
static void test_a_farewell_counts_for_a_minute(void **state)
{
    (void)state;
    put("wall", true, 60 * S, 0);
    presence_drop(&presence, "wall", 30 * S);
    presence_drop(&presence, "nobody", 30 * S);
    expect(30 * S, 0, 0, 1, 90 * S);
    presence_drop(&presence, "wall", 50 * S); /* again: nothing new */
    expect(89 * S, 0, 0, 1, 90 * S);
    expect(90 * S, 0, 0, 0, INT64_MAX);
    put("phone", true, 60 * S, 100 * S);
    put("phone", false, 60 * S, 110 * S);
    expect(110 * S, 0, 1, 1, 170 * S);
    put("phone", false, 60 * S, 130 * S);
    expect(169 * S, 0, 1, 1, 170 * S);
    expect(170 * S, 0, 1, 0, 190 * S);
    put("phone", true, 60 * S, 180 * S);
    expect(180 * S, 1, 1, 1, 240 * S);
}

/* What stood at the broker before counts until it expires, and not a second more. */
static void test_what_was_there_before(void **state)
{
    (void)state;
    put("wall", true, 15 * S, 100 * S);
    expect(100 * S, 1, 1, 1, 115 * S);
    expect(115 * S, 0, 0, 0, INT64_MAX);
}

static void put_many(char letter, unsigned count, bool visible, int64_t now_us, bool fits)
{
    const struct presence_said said = {.visible = visible};
    for (unsigned i = 0; i < count; i++) {
        char name[PRESENCE_NAME_MAX];
        (void)snprintf(name, sizeof name, "%c%u", letter, i);
        assert_int_equal(presence_put(&presence, name, &said, 60 * S, now_us), fits);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    put_many('h', PRESENCE_BOARDS_MAX, false, 0, true);
    put_many('i', 5, false, 1 * S, false);
    expect(1 * S, 0, PRESENCE_BOARDS_MAX, 0, 60 * S);
    put_many('v', PRESENCE_BOARDS_MAX, true, 2 * S, true); /* one that can be seen comes first */
    expect(2 * S, PRESENCE_BOARDS_MAX, PRESENCE_BOARDS_MAX, PRESENCE_BOARDS_MAX, 62 * S);
    put_many('w', 5, true, 3 * S, false);
    put_many('v', PRESENCE_BOARDS_MAX, true, 20 * S, true); /* those that are known go on */
    presence_drop(&presence, "v3", 21 * S);
    put_many('x', 1, true, 22 * S, true); /* instead of it */
    expect(22 * S, PRESENCE_BOARDS_MAX, PRESENCE_BOARDS_MAX, PRESENCE_BOARDS_MAX, 80 * S);
    put_many('y', PRESENCE_BOARDS_MAX, true, 100 * S, true); /* all are gone */
}

static void test_filters(void **state)
{
    (void)state;
    assert_true(filter_matches("w/a/board/+", "w/a/board/wall"));
    assert_true(filter_matches("w/a/board/+", "w/a/board/"));
    assert_false(filter_matches("w/a/board/+", "w/a/board"));
    assert_false(filter_matches("w/a/board/+", "w/a/board/wall/more"));
    assert_false(filter_matches("w/a/board/+", "w/a/b01/command/nurse"));
    assert_false(filter_matches("w/a/board/+", "w/a/boards/wall"));
    assert_false(filter_matches("w/a/board/+", "w/a/boar/wall"));
    assert_false(filter_matches("w/a/board/+", ""));
    assert_true(filter_matches("w/+/command/+", "w/b01/command/nurse"));
    assert_true(filter_matches("w/#", "w/b01/command/nurse"));
    assert_true(filter_matches("w/#", "w"));
    assert_false(filter_matches("w/a", "w"));
    assert_true(filter_matches("w/a", "w/a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup(test_silence_ends_it_after_a_minute, set_up),
        cmocka_unit_test_setup(test_a_farewell_counts_for_a_minute, set_up),
        cmocka_unit_test_setup(test_what_was_there_before, set_up),
        cmocka_unit_test_setup(test_too_many, set_up),
        cmocka_unit_test(test_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
