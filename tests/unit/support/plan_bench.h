/*
 * plan_bench.h: a folder with two profiles and rules, and plans of wards that are written into it.
 *
 * One bench a program: set_up and tear_down around each test.
 */
#ifndef WARDGATE_PLAN_BENCH_H
#define WARDGATE_PLAN_BENCH_H

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

#include "app/plan.h"
#include "tests/unit/support/settings_data.h"

#define HEAD                                           \
    "gateway: {id: gw-1, site: s, ward: w}\n"          \
    "uplink: {brokers: [\"mqtt://127.0.0.1:1883\"]}\n" \
    "store: {path: store, size: 16MiB}\n"

static const char module[] =
    "profile: module\n"
    "title: A module\n"
    "poll_interval: 2s\n"
    "channels:\n"
    "  temp:     {register: 3, type: s16, scale: 0.1, unit: Cel, poll_interval: 10s, episodic: true}\n"
    "  hr:       {register: 0, type: u16, unit: \"/min\"}\n"
    "  spo2:     {register: 1, type: u16, unit: \"%\", poll_interval: 500ms}\n"
    "  nibp_sys: {register: 4, type: u16, unit: \"mm[Hg]\", episodic: true}\n"
    "bits:\n"
    "  leads_off: {register: 10, bit: 1, channels: [hr], means: sensor_off}\n"
    "  vtach:     {register: 11, bit: 3, means: monitor_alarm_high, text: \"VT (monitor)\"}\n";

static const char oximeter[] = "profile: oximeter\n"
                               "title: An oximeter\n"
                               "poll_interval: 1s\n"
                               "channels:\n"
                               "  spo2:  {register: 0, type: u16, unit: \"%\"}\n"
                               "  pulse: {register: 1, type: u16, unit: \"/min\"}\n"
                               "bits:\n"
                               "  finger_off: {register: 3, bit: 0, channels: [spo2, pulse], means: sensor_off}\n";

static const char rules[] = "optional: true\n"
                            "rules:\n"
                            "  spo2_low:\n"
                            "    when: share(spo2 < limit, 15s) >= 0.8\n"
                            "    clear: min(spo2, 40s) >= limit + 1\n"
                            "    limit: {adult: 90, adolescent: 90, child: 90, toddler: 90, infant: 90, neonate: 85}\n"
                            "    priority: medium\n"
                            "    text: low\n"
                            "  hr_trend:\n"
                            "    when: mean(hr, 16) > limit\n"
                            "    hysteresis: 3\n"
                            "    limit: 120\n"
                            "    priority: low\n"
                            "    text: high\n";

static char folder[64];
static struct settings *settings;

static void write_file(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    char path[128];
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/wardgate-plan-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/profiles", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("profiles/module.yaml", module);
    write_file("profiles/oximeter.yaml", oximeter);
    write_file("rules.yaml", rules);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"profiles/module.yaml", "profiles/oximeter.yaml", "rules.yaml", "ward.yaml"};
    char path[128];
    (void)state;
    settings_free(settings);
    settings = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/profiles", folder);
    (void)rmdir(path);
    return rmdir(folder);
}

static void load(const char *ward)
{
    static struct settings_report report;
    char path[128];
    char text[4096];
    memset(&report, 0, sizeof report);
    (void)snprintf(text, sizeof text, HEAD "%s", ward);
    write_file("ward.yaml", text);
    (void)snprintf(path, sizeof path, "%s/ward.yaml", folder);
    if (!settings_load(path, builtin_profiles, &settings, &report)) {
        settings_print_report(&report, stderr, false);
        fail();
    }
}

static struct plan plan_of(const char *ward)
{
    struct plan plan;
    load(ward);
    assert_int_equal(plan_make(settings, &plan), STATUS_OK);
    assert_ptr_equal(plan.settings, settings);
    assert_ptr_equal(plan.engine.beds, plan.beds);
    assert_ptr_equal(plan.engine.rules, settings->rules);
    return plan;
}

#endif
