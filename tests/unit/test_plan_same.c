/* Which buses go on as they are when the configuration is loaded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/settings/keys.h"
#include "tests/unit/support/field_values.h"
#include "tests/unit/support/plan_bench.h"

struct pair {
    struct settings *running;
    struct plan now, next;
};

/* next_rules: what stands in rules.yaml by then; NULL: the same as before. */
static void load_pair(struct pair *pair, const char *ward, const char *next_ward, const char *next_rules)
{
    pair->now = plan_of(ward);
    pair->running = settings;
    if (next_rules != NULL) {
        write_file("rules.yaml", next_rules);
    }
    pair->next = plan_of(next_ward);
}

static void free_pair(struct pair *pair)
{
    plan_free(&pair->now);
    plan_free(&pair->next);
    settings_free(pair->running);
    settings_free(settings);
    settings = NULL;
}

/* The first bus of two configurations. */
static bool stays(const char *ward, const char *next_ward)
{
    struct pair pair;
    load_pair(&pair, ward, next_ward, NULL);
    const bool is_same = plan_bus_is_same(&pair.now, &pair.now.buses[0], &pair.next, &pair.next.buses[0]);
    assert_true(plan_bus_is_same(&pair.next, &pair.next.buses[0], &pair.now, &pair.now.buses[0]) == is_same);
    assert_true(plan_bus_is_same(&pair.now, &pair.now.buses[0], &pair.now, &pair.now.buses[0]));
    free_pair(&pair);
    return is_same;
}

#define LINE(keys)    "buses: {a: {kind: modbus-rtu, device: /dev/ttyUSB0" keys "}}\n"
#define LINK(keys)    "buses: {a: {kind: modbus-tcp, host: 10.0.0.1" keys "}}\n"
#define CALL(keys)    "buses: {a: {kind: hl7, listen: 10.0.0.1" keys "}}\n"
#define BED(id, keys) "  " id ": {bus: a, class: adult, " keys "}\n"
#define BEDS          "beds:\n" BED("b1", "address: 1, profile: module") BED("b2", "address: 2, profile: oximeter")
#define PLACES        "beds:\n" BED("b1", "address: W7E^1^A, profile: test-central")

static void test_a_bus_stays_when_nothing_of_it_changes(void **state)
{
    (void)state;
    assert_true(stays(LINE("") BEDS, LINE(", baud: 19200, parity: even, stop_bits: 1") BEDS));
    assert_true(stays(LINE("") BEDS, LINE("") "memory: 32MiB\nrules: [rules.yaml]\n" BEDS));
    assert_true(stays(CALL("") PLACES, CALL("") PLACES));
    /* Another bed before the others, on another bus: indices differ, ids do not. */
    assert_true(stays(
        LINE("") BEDS,
        LINE("") "beds:\n  new: {bus: \"modbus-tcp://10.0.0.9\", address: 1, profile: module, class: adult}\n" BED(
            "b1", "address: 1, profile: module") BED("b2", "address: 2, profile: oximeter")));
}

static void test_a_bus_starts_anew_when_its_line_changes(void **state)
{
    (void)state;
    static const char *const lines[] = {
        LINE(", baud: 9600"),  LINE(", parity: odd"),    LINE(", stop_bits: 2"),
        LINE(", rs485: true"), LINE(", timeout: 501ms"), "buses: {a: {kind: modbus-rtu, device: /dev/ttyUSB1}}\n"};
    static const char *const links[] = {LINK(", port: 503"), LINK(", hang_up: true"),
                                        "buses: {a: {kind: modbus-tcp, host: 10.0.0.2}}\n",
                                        "buses: {a: {kind: rtu-over-tcp, host: 10.0.0.1}}\n"};
    static const char *const calls[] = {CALL(", believe_debug: true"),
                                        "buses: {a: {kind: hl7, listen: \"10.0.0.1:1\"}}\n"};
    char ward[1024];
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        (void)snprintf(ward, sizeof ward, "%s%s", lines[i], BEDS);
        assert_false(stays(LINE("") BEDS, ward));
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        (void)snprintf(ward, sizeof ward, "%s%s", links[i], BEDS);
        assert_false(stays(LINK("") BEDS, ward));
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        (void)snprintf(ward, sizeof ward, "%s%s", calls[i], PLACES);
        assert_false(stays(CALL("") PLACES, ward));
    }
    assert_false(stays("buses: {b: {kind: modbus-rtu, device: /dev/ttyUSB0}}\n"
                       "beds: {b1: {bus: b, address: 1, profile: module, class: adult}}\n",
                       LINE("") "beds:\n" BED("b1", "address: 1, profile: module")));
}

/* One of two values that differ and that a key of this type takes. */
static void write_bus_value(const struct field *field, bool is_other, char *text, size_t room)
{
    if (!write_value(field, is_other, text, room)) {
        assert_int_equal(field->type, FIELD_TEXT);
        const bool is_device = strcmp(field->name, "device") == 0;
        (void)snprintf(text, room, "%s%d", is_device ? "/dev/tty" : "10.0.0.", is_other ? 2 : 1);
    }
}

/* A bus of this kind with all of its keys, and its bed. changed: the place of the key that has its other value; 0 (that
 * is `kind`): none. */
static void write_bus(enum bus_kind kind, size_t changed, char *ward, size_t room)
{
    static const char *const monitors[] = {[BUS_MODBUS_RTU] = "address: 1, profile: module",
                                           [BUS_MODBUS_TCP] = "address: 1, profile: module",
                                           [BUS_RTU_OVER_TCP] = "address: 1, profile: module",
                                           [BUS_SERIAL] = "profile: test-oximeter",
                                           [BUS_HL7] = "address: W7E^1^A, profile: test-central"};
    const struct section *section = bus_section.variants[kind];
    size_t used = (size_t)snprintf(ward, room, "buses: {a: {kind: %s", section->fields[0].words[kind]);
    for (size_t i = 1; i < section->count; i++) {
        char value[64];
        write_bus_value(&section->fields[i], i == changed, value, sizeof value);
        used += (size_t)snprintf(ward + used, room - used, ", %s: %s", section->fields[i].name, value);
    }
    used += (size_t)snprintf(ward + used, room - used, "}}\nbeds:\n  b1: {bus: a, class: adult, %s}\n", monitors[kind]);
    assert_true(used < room);
}

/* Each key of each kind of bus, straight from the tables, so that a new one comes here by itself. */
static void test_a_bus_starts_anew_when_any_of_its_keys_changes(void **state)
{
    (void)state;
    char ward[512], next[512];
    unsigned keys = 0;
    for (enum bus_kind kind = BUS_MODBUS_RTU; kind <= BUS_HL7; kind++) {
        write_bus(kind, 0, ward, sizeof ward);
        assert_true(stays(ward, ward));
        for (size_t i = 1; i < bus_section.variants[kind]->count; i++, keys++) {
            write_bus(kind, i, next, sizeof next);
            if (stays(ward, next)) {
                fail_msg("%s was changed: %s", bus_section.variants[kind]->fields[i].name, next);
            }
        }
    }
    assert_true(keys >= 19);
}

static void test_a_bus_starts_anew_when_its_monitors_change(void **state)
{
    (void)state;
    static const char *const beds[] = {
        "beds:\n" BED("b1", "address: 1, profile: module"),
        "beds:\n" BED("b2", "address: 2, profile: oximeter") BED("b1", "address: 1, profile: module"),
        "beds:\n" BED("b1", "address: 1, profile: module") BED("b3", "address: 2, profile: oximeter"),
        "beds:\n" BED("b1", "address: 1, profile: module") BED("b2", "address: 3, profile: oximeter"),
        "beds:\n" BED("b1", "address: 1, profile: module") BED("b2", "address: 2, profile: module"),
        "beds:\n  b1: {class: adult, monitors: [{bus: \"modbus-tcp://10.0.0.9\", address: 1, profile: module}, "
        "{bus: a, address: 1, profile: module}]}\n" BED("b2", "address: 2, profile: oximeter"),
    };
    char ward[1024];
    for (size_t i = 0; i < sizeof beds / sizeof beds[0]; i++) {
        (void)snprintf(ward, sizeof ward, LINE("") "%s", beds[i]);
        assert_false(stays(LINE("") BEDS, ward));
    }
    assert_false(stays(CALL("") PLACES, CALL("") "beds:\n" BED("b1", "address: W7E^1^B, profile: test-central")));
}

/* Each change of the profile's file, and the file as it was. */
static void test_a_bus_starts_anew_when_a_profile_changes(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"An oximeter", "Another"},
        {"poll_interval: 1s", "poll_interval: 2s"},
        {"register: 0", "register: 9"},
        {"type: u16, unit: \"%\"", "type: s16, unit: \"%\""},
        {"unit: \"%\"", "unit: \"%\", scale: 2"},
        {"unit: \"%\"", "unit: \"%\", offset: 1"},
        {"unit: \"%\"", "unit: \"%\", absent: [5]"},
        {"unit: \"%\"", "unit: \"%\", range: [1, 99]"},
        {"unit: \"%\"", "unit: \"%\", table: input"},
        {"unit: \"%\"", "unit: \"%\", poll_interval: 3s"},
        {"bit: 0", "bit: 1"},
        {"register: 3", "register: 4"},
        {"finger_off", "finger_gone"},
        {"[spo2, pulse]", "[spo2]"},
        {"sensor_off", "standby"},
        {"means: sensor_off", "means: sensor_off, text: Off"},
        {"channels:", "identity: {register: 90}\nchannels:"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        static const char ward[] = LINE("") "beds:\n" BED("b1", "address: 1, profile: oximeter");
        char text[2048];
        const char *at = strstr(oximeter, changes[i][0]);
        assert_non_null(at);
        struct plan now = plan_of(ward);
        struct settings *running = settings;
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - oximeter), oximeter, changes[i][1],
                       at + strlen(changes[i][0]));
        write_file("profiles/oximeter.yaml", text);
        struct plan next = plan_of(ward);
        assert_false(plan_bus_is_same(&now, &now.buses[0], &next, &next.buses[0]));
        plan_free(&now);
        plan_free(&next);
        settings_free(running);
        settings_free(settings);
        settings = NULL;
        write_file("profiles/oximeter.yaml", oximeter);
        assert_true(stays(ward, ward));
    }
}

static bool bed_stays(const char *keys, const char *next_keys, const char *next_rules)
{
    static const char two_rules[] =
        "rules:\n  low: {when: hr < limit and a > 0, limit: 50, parameters: {a: 1}, priority: low}\n"
        "  high: {when: hr > limit, limit: 120, priority: low}\n";
    static const char bed[] = LINE("") "rules: [rules.yaml]\nbeds:\n  b1: {bus: a, address: 1, profile: module, %s}\n";
    char ward[1024], next_ward[1024];
    struct pair pair;
    write_file("rules.yaml", two_rules);
    (void)snprintf(ward, sizeof ward, bed, keys);
    (void)snprintf(next_ward, sizeof next_ward, bed, next_keys);
    load_pair(&pair, ward, next_ward, next_rules);
    const bool is_same = plan_bed_is_same(&pair.now, &pair.now.beds[0], &pair.next, &pair.next.beds[0]);
    assert_true(plan_bed_is_same(&pair.next, &pair.next.beds[0], &pair.now, &pair.now.beds[0]) == is_same);
    free_pair(&pair);
    return is_same;
}

#define OWN(limits) "class: adult, overrides: {" limits "}"

static void test_a_bed_changes_with_its_class_and_its_own_limits(void **state)
{
    (void)state;
    static const char other_order[] =
        "rules:\n  high: {when: hr > limit, limit: 130, priority: low}\n"
        "  low: {when: hr < limit and a > 0, limit: 50, parameters: {a: 1}, priority: low}\n";
    static const char own[] = OWN("low: {limit: 40, a: 2}, high: {limit: 130}");
    assert_true(bed_stays("class: adult", "class: adult", NULL));
    assert_false(bed_stays("class: adult", "class: child", NULL));
    assert_true(bed_stays(own, OWN("high: {limit: 130}, low: {a: 2, limit: 40}"), other_order));
    assert_false(bed_stays(own, "class: adult", NULL));
    assert_false(bed_stays(own, OWN("low: {limit: 41, a: 2}, high: {limit: 130}"), NULL));
    assert_false(bed_stays(OWN("low: {limit: 40}"), OWN("low: {a: 40}"), NULL));
    assert_false(bed_stays(OWN("low: {limit: 40}"), OWN("high: {limit: 40}"), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_bus_stays_when_nothing_of_it_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bus_starts_anew_when_its_line_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bus_starts_anew_when_any_of_its_keys_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bus_starts_anew_when_its_monitors_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bus_starts_anew_when_a_profile_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bed_changes_with_its_class_and_its_own_limits, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("plan_same", tests, NULL, NULL);
}
