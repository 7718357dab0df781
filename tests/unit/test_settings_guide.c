/*
 * What the tables of keys say to people: help on a key, and the shipped example, which is written from them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings/guide.h"
#include "app/settings/keys.h"
#include "app/settings/place.h"

static char *text;
static size_t size;
static unsigned found;

/* What is printed of a key. */
static void ask(const char *key)
{
    free(text);
    text = NULL;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    found = guide_print_key(key, stream);
    assert_int_equal(fclose(stream), 0);
    assert_true((found > 0) == (size > 0));
}

static int forget(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static void the_shipped_example_is_what_the_tables_say(void **state)
{
    (void)state;
    static char shipped[65536];
    FILE *file = fopen("config/wardgate.yaml", "r");
    assert_non_null(file);
    const size_t length = fread(shipped, 1, sizeof shipped - 1, file);
    assert_int_equal(fclose(file), 0);
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    guide_print_example(stream);
    assert_int_equal(fclose(stream), 0);
    if (length != size || memcmp(shipped, text, size) != 0) {
        fail_msg("config/wardgate.yaml is not what the tables say, run `make example`");
    }
}

static void no_line_of_the_example_is_too_long(void **state)
{
    (void)state;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    guide_print_example(stream);
    assert_int_equal(fclose(stream), 0);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const size_t length = strcspn(line, "\n");
        assert_in_range(length, 0, 120);
        assert_true(length == 0 || line[length - 1] != ' ');
    }
}

static void a_duration(void **state)
{
    (void)state;
    ask("uplink.keep_alive");
    assert_int_equal(found, 1);
    assert_string_equal(
        text, "uplink.keep_alive    (wardgate.yaml)\n"
              "  within this time a link that carries nothing any more is found, by the gateway and by the broker\n"
              "  type      a duration such as 500ms, 15s, 5min, 2h or 1d\n"
              "  range     5s to 1h\n"
              "  default   30s\n"
              "  a change needs a restart\n");
}

static void a_word(void **state)
{
    (void)state;
    ask("beds.class");
    assert_int_equal(found, 1);
    assert_string_equal(text,
                        "beds.NAME.class    (wardgate.yaml)\n"
                        "  adult (18 years), adolescent (13), child (5), toddler (1), infant (3 months) or neonate: "
                        "limits depend on it\n"
                        "  type      one word\n"
                        "  words     adult, adolescent, child, toddler, infant, neonate\n"
                        "  required\n");
}

static void sections_name_their_keys(void **state)
{
    (void)state;
    ask("commands");
    assert_non_null(strstr(text, "  keys      enabled, roles\n"));
    ask("buses");
    assert_non_null(strstr(text, "  hl7           kind, listen, believe_debug\n"));
}

/* The paths of fault messages, with the names of beds and places in lists, are asked for as they are. */
static void paths_may_name_their_entries(void **state)
{
    (void)state;
    static const char *const same[] = {"class", "beds.class", "beds.b03.class", "beds.class.class", "beds.beds.class"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        ask(same[i]);
        assert_int_equal(found, 1);
        assert_memory_equal(text, "beds.NAME.class ", 16);
    }
    ask("beds.b03.monitors[2].address");
    assert_int_equal(found, 1);
    assert_memory_equal(text, "beds.NAME.monitors.address ", 27);
    ask("uplink.brokers[1].ca");
    assert_int_equal(found, 1);
    ask("channels.hr.scale");
    assert_int_equal(found, 1);
    assert_non_null(strstr(text, "  range     -1000 to 1000\n"));
    ask("rules.spo2_low.when");
    assert_int_equal(found, 1);
}

static void all_of_one_name_are_told(void **state)
{
    (void)state;
    ask("baud");
    assert_int_equal(found, 3); /* modbus-rtu, rtu-over-tcp, serial */
    assert_non_null(strstr(text, "an rtu-over-tcp bus"));
    ask("ca");
    assert_int_equal(found, 2);
    ask("register");
    assert_int_equal(found, 3); /* of the identity, a channel, a bit */
    ask("rules");
    assert_int_equal(found, 2); /* in the ward and in a rules file */
}

static void what_is_no_key(void **state)
{
    (void)state;
    static const char *const none[] = {"",
                                       ".",
                                       "..",
                                       "beds.",
                                       ".class",
                                       "clas",
                                       "beds..class",
                                       "[1]",
                                       "uplink.class",
                                       "x.beds.b03.class",
                                       "a.b.c.d.e.f.g.h.class"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ask(none[i]);
        assert_int_equal(found, 0);
    }
    char large[300];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    ask(large);
    assert_int_equal(found, 0);
    assert_null(guide_nearest(large));
    assert_null(guide_nearest("."));
    assert_null(guide_nearest("xylophone"));
    assert_string_equal(guide_nearest("uplink.kep_alive"), "keep_alive");
    assert_string_equal(guide_nearest("beds.b03.clas"), "class");
}

/* Every key can be asked for by where it stands, and its default and help are told. */
static void check_section(const char *path, const struct section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct field *field = &section->fields[i];
        char key[96], line[160];
        (void)snprintf(key, sizeof key, "%s%s%s", path, *path != '\0' ? "." : "", field->name);
        ask(key);
        assert_true(found >= 1);
        assert_non_null(strstr(text, field->help));
        (void)snprintf(line, sizeof line, "  default   %s\n", field->fallback);
        assert_true(field->fallback == NULL || strstr(text, line) != NULL);
        assert_true(!field->is_required || strstr(text, "  required\n") != NULL);
    }
}

static void every_key_can_be_asked_for(void **state)
{
    (void)state;
    check_section("", &ward_section);
    check_section("gateway", &gateway_section);
    check_section("store", &store_section);
    check_section("uplink", &uplink_section);
    check_section("uplink.brokers", &broker_section);
    check_section("commands", &commands_section);
    check_section("beds", &bed_section);
    check_section("beds.monitors", &monitor_section);
    check_section("", &profile_section);
    check_section("identity", &identity_section);
    check_section("channels", &channel_section);
    check_section("bits", &bit_section);
    check_section("", &rules_section);
    check_section("rules", &rule_section);
    for (size_t i = 0; bus_section.fields[0].words[i] != NULL; i++) {
        check_section("buses", bus_section.variants[i]);
    }
}

/* --- places on an HL7 bus --- */

static void what_is_a_place(void **state)
{
    (void)state;
    static const char *const good[] = {"W7E^12^A", "^^", "W7E^^", "^12^", "^^A", "monitor-7", "00:1A:2B", "W 7^1^ü"};
    static const char *const bad[] = {"W7E^12", "^", "^^^", "W7E^12^A^St Mary", "a|b", "a~b^c^d", "a\\b", "a&b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(place_fault(good[i]));
        assert_true(place_fits_all(good[i]) == (i == 1));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(place_fault(bad[i]));
    }
}

static void which_places_one_message_can_fit(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool may;
    } pairs[] = {
        {"W7E^12^A", "W7E^12^A", true}, {"W7E^12^A", "W7E^12^B", false},  {"W7E^12^A", "W7E^13^A", false},
        {"W7E^12^", "W7E^^A", true},    {"W7E^12^", "W7E^13^A", false},   {"^^", "W7E^12^A", true},
        {"^12^", "W7E^^", true},        {"W7E^1^A", "W7E^12^A", false},   {"W7^E1^A", "W7E^1^A", false},
        {"^^A", "^^AB", false},         {"monitor-7", "monitor-7", true}, {"monitor-7", "monitor-70", false},
        {"monitor-7", "^^", false},     {"w7e^12^A", "W7E^12^A", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(place_may_be_same(pairs[i].a, pairs[i].b) == pairs[i].may);
        assert_true(place_may_be_same(pairs[i].b, pairs[i].a) == pairs[i].may);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_shipped_example_is_what_the_tables_say, forget),
        cmocka_unit_test_teardown(no_line_of_the_example_is_too_long, forget),
        cmocka_unit_test_teardown(a_duration, forget),
        cmocka_unit_test_teardown(a_word, forget),
        cmocka_unit_test_teardown(sections_name_their_keys, forget),
        cmocka_unit_test_teardown(paths_may_name_their_entries, forget),
        cmocka_unit_test_teardown(all_of_one_name_are_told, forget),
        cmocka_unit_test_teardown(what_is_no_key, forget),
        cmocka_unit_test_teardown(every_key_can_be_asked_for, forget),
        cmocka_unit_test(what_is_a_place),
        cmocka_unit_test(which_places_one_message_can_fit),
    };
    return cmocka_run_group_tests_name("settings_guide", tests, NULL, NULL);
}
