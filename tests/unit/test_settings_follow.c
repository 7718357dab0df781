/*
 * What a running gateway can take over from a changed configuration: every key of the sections that it cannot is
 * changed in turn, straight from the tables, so that a new key comes here by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/settings/keys.h"
#include "app/settings/settings.h"
#include "tests/unit/support/field_values.h"

static char folder[] = "/tmp/wardgate-follow-XXXXXX";
static const char *const names[] = {"profiles/p.yaml", "one", "two", "ward.yaml"};
static struct settings_report report;
static struct settings *first;

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, 0600), 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("profiles", 0700), 0);
    write_file("profiles/p.yaml", "profile: p\nchannels:\n  hr: {register: 0, type: u16, unit: \"/min\"}\n");
    write_file("one", "1");
    write_file("two", "2");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    settings_free(first);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(names[i]);
    }
    (void)rmdir("profiles");
    return chdir("/") + rmdir(folder);
}

/* --- one line a key --- */

#define LINES_MAX 64

struct line {
    char path[64]; /* as a fault names it */
    char text[128];
};

struct ward {
    struct line lines[LINES_MAX];
    size_t count;
    char rest[512];
};

static void add_line(struct ward *ward, const char *path, const char *text)
{
    assert_true(ward->count < LINES_MAX);
    (void)snprintf(ward->lines[ward->count].path, sizeof ward->lines[0].path, "%s", path);
    (void)snprintf(ward->lines[ward->count++].text, sizeof ward->lines[0].text, "%s", text);
}

static void write_key(const struct field *field, bool is_other, char *text, size_t room)
{
    if (write_value(field, is_other, text, room)) {
        return;
    }
    if (strcmp(field->name, "metrics") == 0) {
        (void)snprintf(text, room, "%s.prom", is_other ? "two" : "one");
    } else if (strcmp(field->name, "url") == 0) {
        (void)snprintf(text, room, "mqtts://%s.example", is_other ? "b" : "a");
    } else {
        assert_true(field->type == FIELD_ID || field->type == FIELD_TEXT);
        (void)snprintf(text, room, "%s", is_other ? "two" : "one");
    }
}

static void add_keys(struct ward *ward, const char *path, unsigned indent, const struct section *section,
                     const char *changed)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct field *field = &section->fields[i];
        char key[64], value[64], text[128];
        if (field->can_follow || (field->type == FIELD_LIST && field->section != NULL)) {
            continue;
        }
        (void)snprintf(key, sizeof key, "%s.%s", path, field->name);
        const bool is_other = changed != NULL && strcmp(changed, key) == 0;
        if (field->type == FIELD_LIST) {
            (void)snprintf(value, sizeof value, "[/bin/sh, %s]", is_other ? "two" : "one");
        } else {
            write_key(field, is_other, value, sizeof value);
        }
        const bool is_item = indent > 2 && i == 0;
        (void)snprintf(text, sizeof text, "%*s%s%s: %s", (int)indent - (is_item ? 2 : 0), "", is_item ? "- " : "",
                       field->name, value);
        add_line(ward, key, text);
    }
}

/* A ward that sets every key of every section that needs a restart; `changed` has its other value. */
static void make_ward(struct ward *ward, const char *changed)
{
    ward->count = 0;
    for (size_t i = 0; i < ward_section.count; i++) {
        const struct field *field = &ward_section.fields[i];
        char text[128];
        if (!field->needs_restart) {
            continue;
        }
        if (field->type != FIELD_SECTION) {
            char value[64];
            write_key(field, changed != NULL && strcmp(changed, field->name) == 0, value, sizeof value);
            (void)snprintf(text, sizeof text, "%s: %s", field->name, value);
            add_line(ward, field->name, text);
            continue;
        }
        (void)snprintf(text, sizeof text, "%s:", field->name);
        add_line(ward, "", text);
        add_keys(ward, field->name, 2, field->section, changed);
        if (field->section == &uplink_section) {
            add_line(ward, "uplink.brokers", "  brokers:");
            add_keys(ward, "uplink.brokers[1]", 8, &broker_section, changed);
        }
    }
    (void)snprintf(ward->rest, sizeof ward->rest,
                   "buses: {a: {kind: modbus-tcp, host: 10.0.0.1}}\n"
                   "beds: {b1: {bus: a, address: 1, profile: p, class: adult}}\n");
}

static struct settings *load_text(const char *text)
{
    struct settings *settings = NULL;
    write_file("ward.yaml", text);
    if (!settings_load("ward.yaml", NULL, &settings, &report)) {
        settings_print_report(&report, stderr, false);
        fail();
    }
    return settings;
}

static struct settings *load_ward(const struct ward *ward)
{
    static char text[16384];
    size_t length = 0;
    for (size_t i = 0; i < ward->count; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", ward->lines[i].text);
    }
    length += (size_t)snprintf(text + length, sizeof text - length, "%s", ward->rest);
    assert_true(length < sizeof text);
    return load_text(text);
}

static void each_key_that_needs_a_restart_is_named_with_its_line(void **state)
{
    (void)state;
    static struct ward ward, other;
    unsigned keys = 0;
    make_ward(&ward, NULL);
    first = load_ward(&ward);
    for (size_t i = 0; i < ward.count; i++) {
        const char *path = ward.lines[i].path;
        if (*path == '\0' || strcmp(path, "uplink.brokers") == 0) {
            continue;
        }
        make_ward(&other, path);
        struct settings *next = load_ward(&other);
        assert_false(settings_can_follow(first, next, &report));
        if (report.fault_count != 1 || strcmp(report.faults[0].key, path) != 0) {
            settings_print_report(&report, stderr, false);
            fail_msg("%s was changed", path);
        }
        assert_int_equal(report.faults[0].mark.line, i + 1);
        assert_string_equal(report.faults[0].mark.file, "ward.yaml");
        assert_non_null(strstr(report.faults[0].message, "needs a restart"));
        settings_free(next);
        keys++;
    }
    assert_true(keys >= 24);
}

static void what_stays_the_same_can_be_followed(void **state)
{
    (void)state;
    static struct ward ward;
    make_ward(&ward, NULL);
    struct settings *next = load_ward(&ward);
    assert_true(settings_can_follow(first, next, &report));
    assert_int_equal(report.fault_count, 0);
    settings_free(next);
}

/* --- pairs of wards --- */

#define HEAD "gateway: {id: g, site: s, ward: w}\n"
#define TAIL                                           \
    "buses: {a: {kind: modbus-tcp, host: 10.0.0.1}}\n" \
    "beds: {b1: {bus: a, address: 1, profile: p, class: adult}}\n"
#define UPLINK "uplink: {brokers: [\"mqtt://127.0.0.1\"]}\n"

static bool can_follow(const char *now, const char *next)
{
    struct settings *running = load_text(now);
    struct settings *changed = load_text(next);
    const bool can = settings_can_follow(running, changed, &report);
    assert_true(can == (report.fault_count == 0));
    settings_free(running);
    settings_free(changed);
    return can;
}

static void a_default_is_the_same_written_or_not(void **state)
{
    (void)state;
    assert_true(can_follow(HEAD UPLINK TAIL, HEAD "store: {size: 131072KiB, journal_interval: 5000ms}\n"
                                                  "commands: {enabled: false}\n"
                                                  "uplink: {keep_alive: 0.5min, brokers: [mqtt://127.0.0.1]}\n" TAIL));
    assert_true(can_follow(HEAD UPLINK "commands: {enabled: true}\n" TAIL,
                           HEAD UPLINK "commands: {enabled: true, roles: [biomed, nurse, charge]}\n" TAIL));
    assert_true(can_follow(HEAD UPLINK TAIL, HEAD "uplink: {brokers: [\"mqtt://127.0.0.1:1883\"]}\n" TAIL));
    assert_true(can_follow(HEAD "uplink: {brokers: [{url: \"mqtt://127.0.0.1:1883\"}]}\n" TAIL, HEAD UPLINK TAIL));
    assert_false(can_follow(HEAD UPLINK "commands: {enabled: true}\n" TAIL,
                            HEAD UPLINK "commands: {enabled: true, roles: [biomed, nurse]}\n" TAIL));
    assert_string_equal(report.faults[0].key, "commands.roles");
}

static void everything_else_can_be_followed(void **state)
{
    (void)state;
    assert_true(can_follow(HEAD UPLINK TAIL,
                           HEAD UPLINK "stay_after: 1min\n"
                                       "memory: 32MiB\n"
                                       "buses: {b: {kind: modbus-rtu, device: /dev/ttyS0}}\n"
                                       "beds: {b2: {bus: b, address: 7, profile: p, class: child}}\n"));
}

static void a_key_that_is_gone_is_told_at_its_section(void **state)
{
    (void)state;
    assert_false(can_follow(HEAD "store: {path: one}\n" UPLINK TAIL, HEAD "store: {size: 128MiB}\n" UPLINK TAIL));
    assert_int_equal(report.fault_count, 1);
    assert_string_equal(report.faults[0].key, "store.path");
    assert_int_equal(report.faults[0].mark.line, 2);
    assert_false(can_follow(HEAD "commands: {enabled: true}\n" UPLINK TAIL, HEAD UPLINK TAIL));
    assert_string_equal(report.faults[0].key, "commands.enabled");
    assert_int_equal(report.faults[0].mark.line, 1);
}

static void brokers_more_or_fewer(void **state)
{
    (void)state;
    static const char two[] = HEAD "uplink:\n"
                                   "  brokers:\n"
                                   "    - mqtt://127.0.0.1\n"
                                   "    - mqtt://localhost\n" TAIL;
    static const char turned[] = HEAD "uplink:\n"
                                      "  brokers:\n"
                                      "    - mqtt://localhost\n"
                                      "    - mqtt://127.0.0.1\n" TAIL;
    assert_false(can_follow(HEAD UPLINK TAIL, two));
    assert_int_equal(report.fault_count, 1);
    assert_string_equal(report.faults[0].key, "uplink.brokers");
    assert_false(can_follow(two, HEAD UPLINK TAIL));
    assert_int_equal(report.fault_count, 1);
    assert_int_equal(report.faults[0].mark.line, 2);
    assert_false(can_follow(two, turned));
    assert_int_equal(report.fault_count, 2);
    assert_string_equal(report.faults[1].key, "uplink.brokers[2].url");
    assert_int_equal(report.faults[1].mark.line, 5);
    assert_true(can_follow(two, two));
}

static void a_broker_in_full_is_the_same_as_its_address(void **state)
{
    (void)state;
    assert_true(can_follow(HEAD UPLINK TAIL, HEAD "uplink: {brokers: [{url: \"mqtt://127.0.0.1\"}]}\n" TAIL));
    assert_false(
        can_follow(HEAD UPLINK TAIL, HEAD "uplink: {brokers: [{url: \"mqtt://127.0.0.1\", username: u}]}\n" TAIL));
    assert_string_equal(report.faults[0].key, "uplink.brokers[1].username");
}

/* Warnings of loading are kept beside the faults. */
static void the_report_is_that_of_loading(void **state)
{
    (void)state;
    assert_false(can_follow(HEAD UPLINK TAIL, "gateway: {id: h, site: s, ward: w}\n" UPLINK TAIL));
    assert_int_equal(report.warning_count, 1); /* there are no rules */
    assert_string_equal(report.faults[0].key, "gateway.id");
    assert_string_equal(report.faults[0].message, "has changed, which needs a restart of the gateway");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_that_needs_a_restart_is_named_with_its_line),
        cmocka_unit_test(what_stays_the_same_can_be_followed),
        cmocka_unit_test(a_default_is_the_same_written_or_not),
        cmocka_unit_test(everything_else_can_be_followed),
        cmocka_unit_test(a_key_that_is_gone_is_told_at_its_section),
        cmocka_unit_test(brokers_more_or_fewer),
        cmocka_unit_test(a_broker_in_full_is_the_same_as_its_address),
        cmocka_unit_test(the_report_is_that_of_loading),
    };
    return cmocka_run_group_tests_name("settings_follow", tests, set_up, tear_down);
}
