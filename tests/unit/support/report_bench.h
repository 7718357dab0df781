/*
 * report_bench.h: a gateway's figures with beds, lines and monitors of which only those are there, for tests of its reports. Included by one
 * file of a program, behind cmocka.h.
 */
#ifndef WARDGATE_TESTS_REPORT_BENCH_H
#define WARDGATE_TESTS_REPORT_BENCH_H

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/report.h"
#include "hal/clock.h"
#include "tests/unit/support/fake_bus.h"

#define BEDS_MAX 256

static struct bed_config beds[BEDS_MAX];
static char ids[BEDS_MAX][48], names[BEDS_MAX][96];
static struct engine_config report_config = {.beds = beds};
static const struct profile profile = {.name = "generic-vitals"};
static const char *const brokers[] = {"mqtts://broker-a.example:8883", "mqtt://127.0.0.1:1883"};

static struct bus lines[BEDS_MAX];
static struct acquire_bus buses[BEDS_MAX];
static struct bus_config bus_configs[BEDS_MAX];
static struct monitor_config monitors[BEDS_MAX][FAKE_MONITORS_MAX];
static struct runner runners[2];
static const struct runner *const runner_list[] = {&runners[0], &runners[1]};
static struct board board;
static struct store_state store_state;
static _Atomic(struct store *) report_store;
static struct report report;

static inline void report_bench_add_line(uint16_t number, uint16_t monitor_count)
{
    for (uint16_t m = 0; m < monitor_count; m++) {
        monitors[number][m] = (struct monitor_config){
            .bed = number, .monitor = (uint8_t)m, .address = (uint8_t)(m + 1), .profile = &profile};
    }
    buses[number] = fake_bus_init(&lines[number]);
    bus_configs[number] = (struct bus_config){
        .name = names[number], .kind = "modbus-rtu", .monitors = monitors[number], .monitor_count = monitor_count};
}

/* As many beds, each with a line of its own and so many monitors: IDnn and NAMEn. It has been running for 61 s. */
static inline void report_bench_make(const struct payload_context *payloads, uint16_t bed_count, uint16_t monitor_count,
                                     const char *id, const char *name)
{
    static alignas(64) unsigned char storage[1 << 20];
    struct arena arena = {.base = storage, .size = sizeof storage};
    memset(storage, 0, sizeof storage);
    memset(lines, 0, sizeof lines);
    memset(&board, 0, sizeof board);
    memset(&store_state, 0, sizeof store_state);
    memset(runners, 0, sizeof runners);
    atomic_store(&report_store, NULL);
    board_init(&board, &arena, bed_count);
    report_config.bed_count = bed_count;
    for (uint16_t b = 0; b < bed_count; b++) {
        (void)snprintf(ids[b], sizeof ids[b], "%s%02d", id, b + 1);
        (void)snprintf(names[b], sizeof names[b], "%s%d", name, b + 1);
        beds[b] = (struct bed_config){.id = ids[b], .patient_class = CLASS_adolescent};
        report_bench_add_line(b, monitor_count);
    }
    report = (struct report){.payloads = payloads,
                             .board = &board,
                             .store = &report_store,
                             .store_state = &store_state,
                             .configs = bus_configs,
                             .buses = buses,
                             .runners = runner_list,
                             .brokers = brokers,
                             .boards_expected = 2,
                             .bus_count = bed_count,
                             .runner_count = 2,
                             .bed_count = bed_count,
                             .broker_count = 2,
                             .arena_bytes = 1234567,
                             .started_us = clock_boot_us() - 61500000};
}

/* Every figure of a line as large as it can be. */
static inline void report_bench_worst_figures(unsigned line)
{
    atomic_store(&lines[line].health.state, BUS_OPENING);
    atomic_store(&lines[line].health.last_error, STATUS_UNASKED);
    atomic_store(&lines[line].health.opened, UINT32_MAX);
    atomic_store(&lines[line].health.lost, UINT32_MAX);
    atomic_store(&lines[line].health.requests, UINT32_MAX);
    atomic_store(&lines[line].health.gap_us_min, UINT32_MAX);
    atomic_store(&lines[line].health.busy_us, UINT64_MAX);
    for (unsigned m = 0; m < FAKE_MONITORS_MAX; m++) {
        atomic_store(&lines[line].monitors[m].polls, UINT32_MAX);
        for (unsigned s = 1; s < STATUS_COUNT; s++) {
            atomic_store(&lines[line].monitors[m].failures[s], UINT32_MAX);
        }
    }
}

static inline void report_bench_expect(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in %s", part, text);
    }
}

static inline void report_bench_expect_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("'%s' is in %s", part, text);
    }
}

/* So many times the desaturation, the most urgent first. */
static inline void report_bench_show_alarms(uint16_t bed, uint8_t count)
{
    static const struct alarm_view desaturation = {.name = "spo2_low",
                                                   .id = 0x12,
                                                   .rev = 3,
                                                   .priority = PRIORITY_MEDIUM,
                                                   .state = ALARM_ACTIVE,
                                                   .inactivation = INACTIVATION_ACKNOWLEDGED};
    static const struct alarm_view latched = {
        .name = "monitor.vtach", .id = 0xfedcba9876543210, .rev = 1, .priority = PRIORITY_HIGH, .state = ALARM_LATCHED};
    struct bed_view view = {.bed = bed, .stay = 0xabcd, .monitored = true, .alarm_count = count};
    view.priority = PRIORITY_HIGH;
    view.alarms[0] = latched;
    for (unsigned i = 1; i < ENGINE_ALARMS_VIEWED; i++) {
        view.alarms[i] = desaturation;
    }
    board_put(&board, &view);
}

#endif
