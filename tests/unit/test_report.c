/* The report as JSON: what stands in it, that it is JSON, and what becomes of a ward that is too large for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

#include "app/flow/report.h"
#include "tests/unit/support/report_page.h"
#include "tests/unit/support/store_folder.h"

#define TOKENS_MAX 32768
#define WALL_MS    INT64_C(1769903999000) /* 2026-01-31T23:59:59.000Z */

static bool with_alarms;

static bool clock_is_kept = true;

/* What the kernel says of its time source (hal/clock.h). */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc names it __ntx */
int adjtimex(struct timex *buf)
{
    memset(buf, 0, sizeof *buf);
    buf->status = clock_is_kept ? 0 : STA_UNSYNC;
    return TIME_OK;
}

/* As many beds, each with a line of its own and so many monitors. */
static void make_ward(uint16_t bed_count, uint16_t monitor_count, const char *id, const char *name)
{
    with_alarms = false;
    report_bench_make(&payloads, bed_count, monitor_count, id, name);
}

static size_t json(size_t size)
{
    static jsmntok_t tokens[TOKENS_MAX];
    jsmn_parser parser;
    memset(page, 0x5A, sizeof page);
    const size_t length =
        with_alarms ? report_json_with_alarms(&report, WALL_MS, page, size) : report_json(&report, WALL_MS, page, size);
    if (length == 0) {
        return 0;
    }
    assert_true(length < size);
    assert_int_equal(strlen(page), length);
    jsmn_init(&parser);
    assert_true(jsmn_parse(&parser, page, length, tokens, TOKENS_MAX) > 0);
    assert_int_equal(tokens[0].type, JSMN_OBJECT);
    assert_int_equal(tokens[0].end, length);
    return length;
}

/* ---- health ---- */

static void test_a_gateway_that_has_just_started(void **state)
{
    (void)state;
    make_ward(1, 1, "b", "line-");
    assert_true(json(sizeof page) > 0);
    expect("{\"schema\":\"1\",\"at\":\"2026-01-31T23:59:59.000Z\",\"gateway\":\"gw-7e\",\"boot\":\"00c0ffee\","
           "\"epoch\":\"8f3a\",\"version\":\"1.2.3\",\"uptime_s\":61,\"clock\":");
    expect("\"uplink\":{\"connected\":false,\"broker\":\"mqtts://"
           "broker-a.example:8883\",\"connects\":0,\"certificate_days\":null,\"failures\":{\"connect\":0,\"lost\":0,"
           "\"unacknowledged\":0,\"refused\":0,\"unheard\":0,\"stand_ins\":0},\"brokers\":["
           "{\"broker\":\"mqtts://broker-a.example:8883\",\"state\":\"unknown\"},"
           "{\"broker\":\"mqtt://127.0.0.1:1883\",\"state\":\"unknown\"}]}");
    expect("\"queue\":{\"waiting\":0,\"delivered_through\":0,\"history\":0,\"omitted\":0}");
    expect(
        "\"storage\":{\"state\":\"ok\",\"error\":null,\"commits\":0,\"commit_us\":0,\"failures\":{},\"not_stored\":0,"
        "\"replaced\":false,\"dead_readers\":0,");
    expect_not("\"metrics\":");
    expect("\"trends\":\"off\",\"audit_newest\":null}");
    expect("\"engine\":{\"observations\":0,\"late\":0,\"replaced\":0,\"dropped\":0,\"journal_dropped\":0,"
           "\"window_overruns\":0,\"alarms_dropped\":0},\"commands\":"
           "{\"taken\":0,"
           "\"dropped\":0,\"unaudited\":0}");
    expect("\"memory\":{\"arena_bytes\":1234567}");
    expect("\"left_out\":null,\"buses\":[{\"bus\":\"line-1\",\"kind\":\"modbus-rtu\",\"state\":\"closed\",\"error\":"
           "null,\"opened\":0,");
    expect("\"monitor_count\":1,\"answering_count\":0,\"monitors\":[{\"bed\":\"b01\",\"address\":1,"
           "\"profile\":\"generic-vitals\",\"answering\":false,\"outdated\":false,\"polls\":0,\"answers\":0,\"answer_"
           "us\":0,\"missed\":0,\"exception\":"
           "0,\"failures\":{"
           "}}]}],\"rejected\":[]");
    expect("\"expires_at\":\"2026-02-01T00:00:29.000Z\"}");
}

static void test_figures(void **state)
{
    (void)state;
    make_ward(2, 2, "b", "line-");
    atomic_store(&lines[0].health.state, BUS_OPEN);
    atomic_store(&lines[0].health.opened, 3);
    atomic_store(&lines[0].health.requests, 1000);
    atomic_store(&lines[0].health.gap_us_min, 1750);
    atomic_store(&lines[0].health.busy_us, 5000000000);
    atomic_store(&lines[0].monitors[1].answering, true);
    atomic_store(&lines[0].monitors[1].polls, 500);
    atomic_store(&lines[0].monitors[1].answers, 498);
    atomic_store(&lines[0].monitors[1].answer_us, 12345);
    atomic_store(&lines[0].monitors[1].exceptions, 6);
    atomic_store(&lines[0].health.adapter_us, 900);
    atomic_store(&lines[0].health.planned_permille, 1250);
    atomic_store(&lines[0].health.busy_permille, 998);
    atomic_store(&lines[0].health.turns, 2000);
    atomic_store(&lines[0].health.missed, 400);
    atomic_store(&lines[0].monitors[1].missed, 300);
    atomic_store(&lines[0].health.unasked, 12);
    atomic_store(&lines[0].health.foreign, 2);
    atomic_store(&lines[0].health.refused, 3);
    atomic_store(&lines[0].health.repeated, 5);
    atomic_store(&lines[0].health.lost, 6);
    atomic_store(&lines[0].health.connections, 4);
    atomic_store(&lines[0].health.speaks, "nonin-df8");
    atomic_store(&lines[0].monitors[1].failures[STATUS_TIMEOUT], 1);
    atomic_store(&lines[0].monitors[1].failures[STATUS_BAD_CHECKSUM], 2);
    atomic_store(&lines[1].health.state, BUS_OPENING);
    atomic_store(&lines[1].health.last_error, STATUS_DENIED);
    atomic_store(&board.uplink_connected, true);
    atomic_store(&board.uplink_connects, 7);
    atomic_store(&board.uplink_broker, 1);
    atomic_store(&board.broker_answers[0], BROKER_SILENT);
    atomic_store(&board.delivered_seq, 4711);
    atomic_store(&board.observations, 123456789012);
    atomic_store(&board.observations_late, 3);
    atomic_store(&board.observations_replaced, 2);
    atomic_store(&board.journal_dropped, 4);
    atomic_store(&board.commands, 8);
    atomic_store(&board.commands_dropped, 9);
    atomic_store(&store_state.unaudited, 10);
    atomic_store(&runners[0].dropped, 5);
    atomic_store(&runners[1].dropped, 6);
    atomic_store(&store_state.status, STATUS_FULL);
    atomic_store(&store_state.failing_since_us, clock_boot_us() - 5000000);
    board_put_boards(&board, &(struct presence){.boards = {{"wall", true, PRESENCE_SOUND_blocked, INT64_MAX, 0, true},
                                                           {"gone", true, PRESENCE_SOUND_on, 1, 0, true},
                                                           {"phone", false, PRESENCE_SOUND_off, INT64_MAX, 0, false}}});
    atomic_store(&board.boards_bad, 11);
    atomic_store(&board.boards_dropped, 12);
    assert_true(json(sizeof page) > 0);
    expect("\"boards\":{\"expected\":2,\"looking\":1,\"there\":2,\"bad\":11,\"dropped\":12,\"list\":["
           "{\"board\":\"wall\",\"visible\":true,\"sound\":\"blocked\"},"
           "{\"board\":\"phone\",\"visible\":false,\"sound\":\"off\"}]}");
    expect("\"connected\":true,\"broker\":\"mqtt://127.0.0.1:1883\",\"connects\":7");
    expect("\"delivered_through\":4711");
    expect("\"storage\":{\"state\":\"failing\",\"error\":\"no room left\"");
    expect("\"observations\":123456789012,\"late\":3,\"replaced\":2,\"dropped\":11,\"journal_dropped\":4");
    expect("\"commands\":{\"taken\":8,\"dropped\":9,\"unaudited\":10}");
    expect(
        "\"state\":\"open\",\"error\":null,\"opened\":3,\"requests\":1000,\"gap_us_min\":1750,\"busy_us\":5000000000,"
        "\"load\":{\"planned_permille\":1250,\"busy_permille\":998,\"turns\":2000,\"missed\":400},"
        "\"adapter_us\":900,\"unasked\":12,\"foreign\":2,\"refused\":3,\"connections\":4,\"lost\":6,\"repeated\":5,"
        "\"speaks\":"
        "\"nonin-df8\"");
    expect("\"monitor_count\":2,\"answering_count\":1");
    expect("\"answering\":true,\"outdated\":false,\"polls\":500,\"answers\":498,\"answer_us\":12345,\"missed\":300,"
           "\"exception\":6,"
           "\"failures\":{\"timeout\":1,\"bad_checksum\":2}");
    expect("\"state\":\"opening\",\"error\":\"permission denied\"");
    expect("{\"broker\":\"mqtts://broker-a.example:8883\",\"state\":\"silent\"},"
           "{\"broker\":\"mqtt://127.0.0.1:1883\",\"state\":\"connected\"}");
    atomic_store(&board.broker_answers[0], BROKER_ANSWERS);
    atomic_store(&board.uplink_connected, false);
    assert_true(json(sizeof page) > 0);
    expect("\"state\":\"answers\"},{\"broker\":\"mqtt://127.0.0.1:1883\",\"state\":\"unknown\"}");
    atomic_store(&board.uplink_broker, 9);
    assert_true(json(sizeof page) > 0);
    expect("\"broker\":null");
}

/* A monitor is not what it should be although it answers, another does not answer, and their line talks by itself. */
static void make_faults(int64_t seen_us)
{
    make_ward(1, 2, "b", "line-");
    for (unsigned m = 0; m < 2; m++) {
        atomic_store(&lines[0].monitors[m].answering, m == 0);
        atomic_store(&lines[0].monitors[m].last_failure, m == 0 ? STATUS_WRONG_ADDRESS : STATUS_TIMEOUT);
        atomic_store(&lines[0].monitors[m].failed_us, seen_us);
    }
    atomic_store(&lines[0].health.state, BUS_OPEN);
    atomic_store(&lines[0].health.fault, STATUS_UNASKED);
    atomic_store(&lines[0].health.fault_until_us, seen_us + FAULT_US);
}

static void test_faults_are_named(void **state)
{
    (void)state;
    make_faults(clock_boot_us());
    assert_true(json(sizeof page) > 0);
    expect("\"error\":null,\"fault\":\"unasked\",");
    expect("\"failures\":{},\"fault\":\"wrong_address\"}");
    expect("\"failures\":{},\"fault\":\"timeout\",\"failing\":\"no answer in time\"}");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("0 answers  bytes on the line that nobody asked for  b01: answer from another address and 1 more\n");
}

static void test_faults_clear_by_themselves(void **state)
{
    (void)state;
    make_faults(clock_boot_us() - FAULT_US);
    assert_true(json(sizeof page) > 0);
    expect_not("\"fault\":\"unasked\"");
    expect_not("\"fault\":\"wrong_address\"");
    expect("\"fault\":\"timeout\",\"failing\":\"no answer in time\"}"); /* it still does not answer */
    atomic_store(&lines[0].monitors[1].answering, true);
    assert_true(json(sizeof page) > 0);
    expect_not("\"fault\"");
    expect_not("\"failing\"");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("0 answers  open\n");
}

/* A line that is not open says so, and nothing of what was wrong before. */
static void test_an_error_comes_before_a_fault(void **state)
{
    (void)state;
    make_faults(clock_boot_us());
    atomic_store(&lines[0].health.last_error, STATUS_RESET);
    assert_true(json(sizeof page) > 0);
    expect("\"error\":\"connection reset by the other side\",\"opened\"");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("0 answers  connection reset by the other side  b01: ");
}

/* What was not used, by bed, vital and reason; beds that used everything are not listed. */
static void test_what_was_not_used(void **state)
{
    (void)state;
    make_ward(3, 1, "b", "line-");
    struct bed_view view = {.bed = 2,
                            .rejected = 130,
                            .rejection_count = 3,
                            .rejections = {{VITAL_hr, QUALITY_ABSENT, 52},
                                           {VITAL_pulse, QUALITY_IMPLAUSIBLE, 2},
                                           {VITAL_pulse, QUALITY_RATE, UINT32_MAX}}};
    board_put(&board, &view);
    view = (struct bed_view){.bed = 0};
    board_put(&board, &view);
    assert_true(json(sizeof page) > 0);
    expect("\"rejected\":[{\"bed\":\"b03\",\"count\":130,\"vitals\":{\"hr\":{\"absent\":52},\"pulse\":{"
           "\"implausible\":2,\"rate\":4294967295}}}],\"expires_at\"");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("\nbed      vital         values not used, and why\n"
           "b03      hr            52 absent\n"
           "b03      pulse         2 implausible, 4294967295 rate\n");
}

/* The first to go where a large ward does not fit. */
static void test_what_was_not_used_goes_first(void **state)
{
    (void)state;
    make_ward(64, 1, "b", "line-");
    for (uint16_t b = 0; b < 64; b++) {
        struct bed_view view = {.bed = b, .rejected = 1, .rejection_count = ENGINE_REJECTIONS_VIEWED};
        for (unsigned i = 0; i < ENGINE_REJECTIONS_VIEWED; i++) {
            view.rejections[i] =
                (struct rejection_view){(uint8_t)(i / 4), (uint8_t)(QUALITY_ABSENT + i % 4), UINT32_MAX};
        }
        board_put(&board, &view);
    }
    assert_true(json(PAYLOAD_HEALTH_MAX) > 0);
    expect("\"left_out\":\"rejected\"");
    expect_not("\"rejected\":[");
    expect("\"monitors\":[");
}

static void test_the_store_s_own_figures(void **state)
{
    (void)state;
    struct store_folder folder;
    make_ward(1, 1, "b", "line-");
    store_folder_init(&folder);
    struct store *opened = store_folder_open(&folder);
    atomic_store(&report_store, opened);
    assert_int_equal(test_alerts_commit(opened, 1, 3, 200), STATUS_OK);
    assert_true(json(sizeof page) > 0);
    expect("\"queue\":{\"waiting\":3,");
    expect("\"commits\":1,");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("store    ok, 3 alerts waiting, 0 in history");
    store_close(opened);
    store_folder_fini(&folder);
}

/* ---- large wards ---- */

/* Of the broker, the store, the file for Prometheus and the engine: each is told from the start. */
static void test_failures(void **state)
{
    (void)state;
    make_ward(1, 1, "b", "line-");
    static struct metrics_file metrics;
    atomic_store(&metrics.error, ENOSPC);
    atomic_store(&metrics.failures, 13);
    report.metrics = &metrics;
    atomic_store(&board.uplink_failures, 14);
    atomic_store(&board.uplink_losses, 15);
    atomic_store(&board.uplink_unacknowledged, 16);
    atomic_store(&board.uplink_refusals, 17);
    atomic_store(&board.uplink_unheard_alerts, 18);
    atomic_store(&board.uplink_stand_ins, 19);
    atomic_store(&board.window_overruns, 20);
    atomic_store(&board.alarms_dropped, 21);
    atomic_store(&store_state.failures[STATUS_FULL], 22);
    atomic_store(&store_state.failures[STATUS_IO], 23);
    atomic_store(&store_state.commit_us, 24);
    atomic_store(&store_state.unstored, 25);
    atomic_store(&store_state.replaced, true);
    assert_true(json(sizeof page) > 0);
    expect("\"metrics\":{\"error\":\"No space left on device\",\"failures\":13}");
    expect("\"failures\":{\"connect\":14,\"lost\":15,\"unacknowledged\":16,\"refused\":17,\"unheard\":18,\"stand_ins\":"
           "19}");
    expect("\"window_overruns\":20,\"alarms_dropped\":21");
    expect(
        "\"commit_us\":24,\"failures\":{\"full\":22,\"io\":23},\"not_stored\":25,\"replaced\":true,\"dead_readers\":0");
}

/* 64 beds, the size this is made for: each at the end of a link of its own, every figure large. */
static void test_a_usual_ward_is_whole(void **state)
{
    (void)state;
    make_ward(64, 1, "b", "modbus-tcp://10.107.200.132:10");
    for (unsigned i = 0; i < 64; i++) {
        report_bench_worst_figures(i);
        for (unsigned s = 4; s < STATUS_COUNT; s++) { /* three kinds of failure at each */
            atomic_store(&lines[i].monitors[0].failures[s], 0);
        }
    }
    const size_t length = json(PAYLOAD_HEALTH_MAX);
    print_message("64 beds: %zu bytes\n", length);
    assert_true(length > 0);
    expect("\"left_out\":null");
    expect("\"bed\":\"b64\"");
}

static void test_256_beds_without_their_monitors(void **state)
{
    (void)state;
    make_ward(256, 1, "b", "modbus-tcp://10.107.200.132:10");
    for (unsigned i = 0; i < 256; i++) {
        atomic_store(&lines[i].monitors[0].answering, true);
    }
    const size_t length = json(PAYLOAD_HEALTH_MAX);
    print_message("256 beds: %zu bytes\n", length);
    assert_true(length > 0);
    expect("\"left_out\":\"monitors\"");
    expect("\"bus\":\"modbus-tcp://10.107.200.132:10256\"");
    expect("\"monitor_count\":1,\"answering_count\":1}");
    expect_not("\"monitors\":[");
    expect("\"expires_at\":");
}

static void test_the_worst_ward_and_without_its_lines(void **state)
{
    (void)state;
    make_ward(256, FAKE_MONITORS_MAX, "a-bed-with-an-id-of-32-letter",
              "modbus-tcp://[2001:0db8:1234:5678:9abc:def0:1234:5678]:10");
    for (unsigned i = 0; i < 256; i++) {
        report_bench_worst_figures(i);
    }
    const size_t whole = json(PAYLOAD_HEALTH_MAX);
    print_message("the worst 256 beds: %zu bytes\n", whole);
    expect("\"left_out\":\"monitors\""); /* their lines fit */
    assert_true(json(whole) > 0);
    expect("\"left_out\":\"buses\"");
    expect_not("\"buses\":[");
    expect("\"expires_at\":");
}

static void test_a_recording(void **state)
{
    (void)state;
    static struct recorder recorder;
    make_ward(1, 1, "b", "line-");
    assert_true(json(sizeof page) > 0);
    expect_not("\"recording\"");
    atomic_store(&recorder.runs, true);
    atomic_store(&recorder.part, 2);
    report.recorder = &recorder;
    assert_true(json(sizeof page) > 0);
    expect("\"recording\":{\"state\":\"on\",\"part\":2,\"dropped\":0}");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("record   on, part 2\n");
    atomic_store(&recorder.runs, false);
    atomic_store(&recorder.lost, 7);
    assert_true(json(sizeof page) > 0);
    expect("\"recording\":{\"state\":\"ended\",\"part\":2,\"dropped\":7}");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("record   ended, part 2, 7 inputs missing\n");
}

static void test_the_clock(void **state)
{
    (void)state;
    make_ward(1, 1, "b", "line-");
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect_not("clock ");
    assert_true(json(sizeof page) > 0);
    expect("\"clock\":\"synced\"");
    clock_is_kept = false;
    assert_true(report_text(&report, page, sizeof page) > 0);
    expect("\nclock    no time source: instants may be off, alarms are not affected (`timedatectl`)\n");
    assert_true(json(sizeof page) > 0);
    expect("\"clock\":\"unsynced\"");
    clock_is_kept = true;
}

static void test_alarms_of_beds(void **state)
{
    (void)state;
    make_ward(3, 1, "b", "line-");
    report_bench_show_alarms(0, 2);
    report_bench_show_alarms(2, 0);
    assert_true(json(sizeof page) > 0);
    expect_not("\"beds\""); /* the health topic has none */
    with_alarms = true;
    assert_true(json(sizeof page) > 0);
    expect("\"left_out\":null");
    expect("\"beds\":[{\"bed\":\"b01\",\"stay\":\"000000000000abcd\",\"alarm_count\":2,\"alarms\":["
           "{\"rule\":\"monitor.vtach\",\"priority\":\"high\",\"id\":\"fedcba9876543210\",\"rev\":1,"
           "\"state\":\"latched\",\"inactivation\":\"none\"},"
           "{\"rule\":\"spo2_low\",\"priority\":\"medium\",\"id\":\"0000000000000012\",\"rev\":3,"
           "\"state\":\"active\",\"inactivation\":\"acknowledged\"}],\"vitals\":{},\"invalid\":{}},"
           "{\"bed\":\"b03\",\"stay\":\"000000000000abcd\",\"alarm_count\":0,\"alarms\":[],\"vitals\":{},\"invalid\":{}"
           "}]");
    assert_true(json(strlen(page)) > 0);
    expect("\"left_out\":\"values\"");
    expect_not("\"vitals\"");
    assert_true(json(strlen(page)) > 0);
    expect("\"left_out\":\"alarms\"");
}

/* As the vitals topic has them: a number, or the reason why there is none. */
static void test_values_of_beds(void **state)
{
    (void)state;
    make_ward(1, 1, "b", "line-");
    const struct bed_view view = {.stay = 1,
                                  .monitored = true,
                                  .vital_count = 2,
                                  .vitals = {{.vital = VITAL_temp, .quality = QUALITY_VALID, .value_milli = 36850},
                                             {.vital = VITAL_hr, .quality = QUALITY_STALE, .value_milli = 72000}}};
    board_put(&board, &view);
    with_alarms = true;
    assert_true(json(sizeof page) > 0);
    expect("\"alarms\":[],\"vitals\":{\"temp\":36.85},\"invalid\":{\"hr\":\"stale\"}}]");
}

/* Any buffer: whole JSON of less and less detail, or nothing. */
static void test_every_size_of_buffer(void **state)
{
    (void)state;
    make_ward(3, 2, "b", "line-");
    with_alarms = true;
    report_bench_show_alarms(1, 9);
    const size_t whole = json(sizeof page);
    size_t longest = 0;
    for (size_t size = 1; size <= whole + 1; size++) {
        const size_t length = json(size);
        assert_true(length == 0 ? longest == 0 : length >= longest);
        longest = length > longest ? length : longest;
    }
    assert_int_equal(longest, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gateway_that_has_just_started),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_faults_are_named),
        cmocka_unit_test(test_faults_clear_by_themselves),
        cmocka_unit_test(test_an_error_comes_before_a_fault),
        cmocka_unit_test(test_what_was_not_used),
        cmocka_unit_test(test_what_was_not_used_goes_first),
        cmocka_unit_test(test_the_store_s_own_figures),
        cmocka_unit_test(test_a_usual_ward_is_whole),
        cmocka_unit_test(test_256_beds_without_their_monitors),
        cmocka_unit_test(test_the_worst_ward_and_without_its_lines),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_a_recording),
        cmocka_unit_test(test_the_clock),
        cmocka_unit_test(test_alarms_of_beds),
        cmocka_unit_test(test_values_of_beds),
        cmocka_unit_test(test_every_size_of_buffer),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
