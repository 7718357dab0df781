/*
 * What a box says of itself: the worst first, what to do about it, seldom to flash, and by a lamp. A gateway of the test's own answers at the local socket.
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

#include "app/box/boot_partition.h"
#include "app/box/led.h"
#include "app/box/report.h"
#include "app/box/report_text.h"
#include "tests/unit/support/box_files.h"

#define MINUTE_US INT64_C(60000000)

static char folder[] = "/tmp/wardgate-report-XXXXXX";
static char boot[64], data[64], run[64], leds[64], console[64];
static struct box_places places = {boot, data, run, "/bin/false", NULL};
static const struct report_ways ways = {.consoles = {console}, .leds = leds};
static struct facts facts;
static struct reporter reporter;
static char *text;

/* What is in a file; "" where there is none. */
static const char *get(const char *where, const char *name)
{
    static char bytes[65536];
    char path[256];
    in_folder(path, where, name);
    FILE *stream = fopen(path, "r");
    const size_t length = stream != NULL ? fread(bytes, 1, sizeof bytes - 1, stream) : 0;
    bytes[length] = '\0';
    if (stream != NULL) {
        assert_int_equal(fclose(stream), 0);
    }
    return bytes;
}

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(boot, sizeof boot, "%s/efi", folder);
    (void)snprintf(data, sizeof data, "%s/data", folder);
    (void)snprintf(run, sizeof run, "%s/run", folder);
    (void)snprintf(leds, sizeof leds, "%s/leds", folder);
    (void)snprintf(console, sizeof console, "%s/console", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(text);
    return publish_remove(folder) == STATUS_OK ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    (void)!publish_remove(boot);
    (void)!publish_remove(data);
    (void)!publish_remove(run);
    (void)!publish_remove(leds);
    put(boot, "wardgate.yaml", "");
    put(run, "outcome", "ward new\nnetwork new\nsince_ms 1795300000000\nconsole 1\ngateway gw-7e\nled auto\n");
    put(folder, "console", "");
    memset(&facts, 0, sizeof facts);
    facts_init(&facts);
    memset(&reporter, 0, sizeof reporter);
    return 0;
}

static void take_row(const char *row)
{
    watch_ward_take(&facts.ward, row, strlen(row));
}

/* A ward of two beds on one line, all well; somebody lies in the first, or not. */
static void be_well_with(const char *bed, const char *vital)
{
    facts.has_outcome = true;
    facts.outcome = (struct box_outcome){
        .ward = BOX_NEW, .network = BOX_NEW, .gateway = "gw-7e", .since_ms = INT64_C(1795300000000)};
    facts.gateway = STATUS_OK;
    facts.is_synchronised = true;
    facts.interface_count = 1;
    facts.interfaces[0] = (struct facts_interface){"eth0", "02:00:00:00:00:01", true, true, {"10.7.0.20/24"}};
    watch_ward_init(&facts.ward);
    take_row("{\"row\":\"gateway\",\"gateway\":\"gw-7e\",\"version\":\"1\",\"synced\":true}");
    take_row("{\"row\":\"broker\",\"broker\":\"mqtts://broker.example:8883\",\"in_use\":true,\"state\":\"connected\"}");
    take_row(bed);
    take_row(vital);
    take_row("{\"row\":\"bed\",\"bed\":\"b02\",\"state\":\"vacant\"}");
    take_row("{\"row\":\"bus\",\"bus\":\"line-a\",\"kind\":\"modbus-rtu\",\"where\":\"/dev/"
             "ttyUSB0\",\"state\":\"open\",\"monitors\":2,\"answering\":2}");
    take_row("{\"row\":\"monitor\",\"bed\":\"b01\",\"address\":1,\"profile\":\"generic-vitals\",\"answering\":true}");
    take_row("{\"row\":\"monitor\",\"bed\":\"b02\",\"address\":2,\"profile\":\"generic-vitals\",\"answering\":true}");
    take_row("{\"row\":\"end\"}");
    assert_int_equal(facts.ward.bed_count, 2);
    assert_int_equal(facts.ward.monitor_count, 2);
}

static void be_well(void)
{
    be_well_with("{\"row\":\"bed\",\"bed\":\"b01\",\"state\":\"occupied\"}",
                 "{\"row\":\"vital\",\"vital\":\"hr\",\"value\":72}");
}

static const char *body(void)
{
    size_t size = 0;
    free(text);
    text = NULL;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    report_body(&facts, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void says(const char *what)
{
    if (strstr(body(), what) == NULL) {
        fail_msg("\"%s\" is not said:\n%s", what, text);
    }
}

static void all_is_well(void **state)
{
    (void)state;
    be_well();
    assert_int_equal(facts_state(&facts), BOX_STATE_WATCHES);
    assert_int_equal(strncmp(body(), "gw-7e watches 2 beds\n", 21), 0);
    says("wardgate.yaml: the one of this partition is in force, since 2026-11-21");
    says("line-a (modbus-rtu /dev/ttyUSB0): 2 of 2 monitors answer\n");
    says("mqtts://broker.example:8883: connected\n");
    says("does not replace the alarms of the monitors");
    assert_null(strstr(text, "->"));
    assert_null(strstr(text, "occupied"));
}

static void vital_signs_and_stays_change_nothing(void **state)
{
    (void)state;
    be_well();
    char *before = strdup(body());
    assert_non_null(before);
    be_well_with("{\"row\":\"bed\",\"bed\":\"b01\",\"state\":\"vacant\"}",
                 "{\"row\":\"vital\",\"vital\":\"hr\",\"value\":191}");
    assert_string_equal(body(), before);
    free(before);
}

static void the_worst_is_said_first(void **state)
{
    (void)state;
    be_well();
    (void)snprintf(facts.ward.brokers[0].state, sizeof facts.ward.brokers[0].state, "not connected");
    assert_int_equal(facts_state(&facts), BOX_STATE_NO_BROKER);
    says("NO BROKER IS REACHED");
    says("not connected -> look at the network, then at ca, cert and key");
    facts.is_synchronised = false;
    says("the clock is not set, so certificates cannot be trusted");
    facts.ward.buses[0].answering_count = 1;
    assert_int_equal(facts_state(&facts), BOX_STATE_NO_BROKER);
    facts.ward.buses[0].answering_count = 0;
    assert_int_equal(facts_state(&facts), BOX_STATE_NO_MONITORS);
    says("gw-7e NO MONITOR ANSWERS\n");
    (void)snprintf(facts.outcome.network_problems, sizeof facts.outcome.network_problems, "network.yaml:1:1: x\n");
    assert_int_equal(facts_state(&facts), BOX_STATE_WRONG);
    says("    network.yaml:1:1: x\n    -> correct it; until then every wired interface asks by DHCP");
    facts.gateway = STATUS_TIMEOUT;
    assert_int_equal(facts_state(&facts), BOX_STATE_NOT_RUNNING);
    says("DOES NOT ANSWER (no answer in time) ->");
    facts.outcome.ward = BOX_NONE;
    assert_int_equal(facts_state(&facts), BOX_STATE_NOTHING);
    says("NOTHING IS WATCHED: there is no good configuration");
    assert_null(strstr(text, "DOES NOT ANSWER"));
}

static void put_process(const char *number)
{
    put(run, "processes", number);
}

static void a_gateway_that_starts_is_told_from_one_that_is_gone_or_hangs(void **state)
{
    (void)state;
    static char processes[256];
    in_folder(processes, run, "processes");
    struct box_places with = places;
    with.processes = processes;
    facts_take(&facts, &with);
    assert_int_equal(facts_state(&facts), BOX_STATE_NOT_RUNNING);
    put_process("812\n813\n");
    facts_take(&facts, &with);
    assert_int_equal(facts_state(&facts), BOX_STATE_STARTING);
    says("gw-7e NOTHING IS WATCHED YET: the gateway was started, but does not answer\n");
    says("Gateway\n  STARTS: it runs, but has not said yet that it watches -> if it stays so for a minute");
    facts.answered = 812; /* it did, and does no more */
    facts_take(&facts, &with);
    assert_int_equal(facts_state(&facts), BOX_STATE_NOT_RUNNING);
    put_process("");
    facts_take(&facts, &with);
    assert_int_equal(facts_state(&facts), BOX_STATE_NOT_RUNNING);
    put_process("914\n"); /* started anew */
    facts_take(&facts, &with);
    assert_int_equal(facts_state(&facts), BOX_STATE_STARTING);
}

static void what_is_wrong_with_the_box_is_told_at_once(void **state)
{
    (void)state;
    put(run, "data-lost", "there is no data partition\n");
    put(run, "wrong.d/firewall", "THE FIREWALL CANNOT BE LOADED\n  it says: \x1b[2Jno\n");
    reporter_init(&reporter, &places, &ways, 0);
    assert_int_equal(reporter_look(&reporter, 0, true, NULL), STATUS_OK);
    assert_non_null(
        strstr(get(folder, "console"),
               "\r\n  there is no data partition\r\n  THE FIREWALL CANNOT BE LOADED\r\n    it says:  [2Jno\r\n"));
    assert_non_null(
        strstr(get(boot, "report.txt"), "Wrong with this box\r\n  there is no data partition\r\n  THE FIREWALL"));
}

/* What stands on console and screen. */
static const char *brief(void)
{
    size_t size = 0;
    free(text);
    text = NULL;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    report_brief(&facts, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void what_is_not_kept_is_no_good_watch(void **state)
{
    (void)state;
    be_well();
    facts.is_full = true;
    (void)snprintf(facts.notes, sizeof facts.notes, "THE DISK IS FULL (/data) -> look\n");
    assert_int_equal(facts_state(&facts), BOX_STATE_FULL);
    assert_string_equal(brief(),
                        "gw-7e THE DISK IS FULL: changed files are not taken, no log is kept; 2 beds are watched\n"
                        "  THE DISK IS FULL (/data) -> look\n  eth0 10.7.0.20/24\n");
    facts.is_data_lost = true;
    facts.notes[0] = '\0';
    (void)snprintf(facts.wrong, sizeof facts.wrong, "there is no data partition\n");
    assert_int_equal(facts_state(&facts), BOX_STATE_NOT_KEPT);
    assert_string_equal(brief(), "gw-7e NOTHING IS KEPT: what was not sent is gone with the power; 2 beds are watched\n"
                                 "  there is no data partition\n  eth0 10.7.0.20/24\n");
    facts.is_data_lost = false;
    facts.wrong[0] = '\0';
    (void)snprintf(facts.ward.store_error, sizeof facts.ward.store_error, "no room left");
    assert_int_equal(facts_state(&facts), BOX_STATE_NOT_KEPT);
    assert_non_null(strstr(brief(), "\n  store CANNOT BE WRITTEN: no room left\n"));
    (void)snprintf(facts.ward.brokers[0].state, sizeof facts.ward.brokers[0].state, "not connected");
    assert_int_equal(facts_state(&facts), BOX_STATE_LOST); /* no word of alerts that are stored */
    assert_int_equal(strncmp(brief(), "gw-7e NO BROKER IS REACHED AND NOTHING IS KEPT: ", 48), 0);
    assert_non_null(strstr(text, "\n  store CANNOT BE WRITTEN: no room left\n"));
    (void)snprintf(facts.outcome.ward_problems, sizeof facts.outcome.ward_problems, "wardgate.yaml:1:1: x\n");
    facts.ward.buses[0].answering_count = 0;
    assert_int_equal(facts_state(&facts), BOX_STATE_LOST);
    (void)snprintf(facts.ward.brokers[0].state, sizeof facts.ward.brokers[0].state, "connected");
    assert_int_equal(facts_state(&facts), BOX_STATE_WRONG);
    says("an older one, or a default, is in force; NOTHING IS KEPT; 2 beds are watched\n");
    facts.outcome.ward_problems[0] = '\0';
    says("gw-7e NO MONITOR ANSWERS; NOTHING IS KEPT\n");
}

static void what_is_wrong_with_the_box_is_no_good_watch(void **state)
{
    (void)state;
    be_well();
    facts.is_full = true;
    (void)snprintf(facts.wrong, sizeof facts.wrong, "THERE IS NO FIREWALL\n");
    assert_int_equal(facts_state(&facts), BOX_STATE_FAULTY);
    assert_string_equal(brief(), "gw-7e SOMETHING IS WRONG WITH THIS BOX; 2 beds are watched\n"
                                 "  THERE IS NO FIREWALL\n  eth0 10.7.0.20/24\n");
    facts.is_full = false;
    facts.wrong[0] = '\0';
    (void)snprintf(facts.outcome.network_warnings, sizeof facts.outcome.network_warnings, "network.yaml:1:1: x\n");
    assert_int_equal(facts_state(&facts), BOX_STATE_FAULTY);
    assert_non_null(strstr(brief(), "\n  network.yaml:1:1: x\n"));
    says("  WRONG with the network.yaml in force:\n    network.yaml:1:1: x\n    -> correct it");
    facts.ward.buses[0].answering_count = 0;
    assert_int_equal(facts_state(&facts), BOX_STATE_NO_MONITORS);
}

static void a_lost_data_partition_is_seen(void **state)
{
    (void)state;
    facts_take(&facts, &places);
    assert_false(facts.is_data_lost);
    put(run, "data-lost", "there is no data partition\n");
    facts_take(&facts, &places);
    assert_true(facts.is_data_lost);
    assert_string_equal(facts.wrong, "there is no data partition\n");
}

static void an_interface_that_is_not_there_is_told(void **state)
{
    (void)state;
    char text_of_outcome[160];
    put(run, "outcome", "ward new\nnetwork new\ngateway gw-7e\ninterface nowhere0\n");
    facts_take(&facts, &places);
    assert_int_equal(strncmp(facts.wrong, "network.yaml names the interface nowhere0, and this box has ", 60), 0);
    assert_non_null(strstr(facts.wrong, " -> correct the name, or plug it in\n"));
    if (facts.interface_count > 0) { /* of this machine */
        const char *name = facts.interfaces[0].name;
        assert_non_null(strstr(strstr(facts.wrong, " has "), name));
        (void)snprintf(text_of_outcome, sizeof text_of_outcome, "network new\ninterface %s\ninterface %sx\n", name,
                       name);
        put(run, "outcome", text_of_outcome);
        facts_take(&facts, &places);
        assert_string_equal(strchr(facts.wrong, '\n'), "\n"); /* of the one that is not there alone */
        assert_non_null(strstr(facts.wrong, "x, and this box has "));
    }
    put(run, "outcome", "network new\n");
    facts_take(&facts, &places);
    assert_string_equal(facts.wrong, "");
}

static void a_bad_file_is_told_with_its_place_and_what_is_in_force(void **state)
{
    (void)state;
    be_well();
    facts.outcome.ward = BOX_OLDER;
    (void)snprintf(facts.outcome.ward_problems, sizeof facts.outcome.ward_problems,
                   "wardgate.yaml:12:3: beds.b03.class: \x1b[2J\xc2\x9b[2J\n    x\n    ^\n");
    says("wardgate.yaml: the last good one is in force, NOT that of this partition, since 2026-11-21");
    says("    wardgate.yaml:12:3: beds.b03.class:  [2J  [2J\n        x\n        ^\n    -> correct it here");
    says("A CONFIGURATION IS WRONG: an older one, or a default, is in force; 2 beds are watched");
    facts.outcome.since_ms = 5000;
    says("NOT that of this partition, taken while the clock was not set\n");
}

static void each_monitor_and_line_has_what_to_do(void **state)
{
    (void)state;
    be_well();
    facts.ward.monitors[1].is_answering = false;
    facts.ward.buses[0].answering_count = 1;
    says("1 of 2 monitors answer\n    b02 at 2 (generic-vitals): SILENT, no answer in time -> switch it on");
    (void)snprintf(facts.ward.monitors[0].fault, sizeof facts.ward.monitors[0].fault, "checksum wrong");
    says("    b01 at 1 (generic-vitals): answers, but checksum wrong -> look at its cable and plug, and");
    (void)snprintf(facts.ward.monitors[0].fault, sizeof facts.ward.monitors[0].fault, "no answer in time");
    says("    b01 at 1 (generic-vitals): answers, but not every time -> look at its cable and plug\n");
    (void)snprintf(facts.ward.monitors[1].fault, sizeof facts.ward.monitors[1].fault, "checksum wrong");
    says("    b02 at 2 (generic-vitals): SILENT, checksum wrong -> correct baud and parity");
    (void)snprintf(facts.ward.buses[0].fault, sizeof facts.ward.buses[0].fault, "not found");
    says("    WRONG: not found -> plug the adapter in, or correct the device\n");
    (void)snprintf(facts.ward.buses[0].fault, sizeof facts.ward.buses[0].fault, "another protocol on the line");
    (void)snprintf(facts.ward.buses[0].speaks, sizeof facts.ward.buses[0].speaks, "masimo");
    says("    WRONG: another protocol on the line (masimo) -> another device is plugged in here");
    (void)snprintf(facts.ward.store_error, sizeof facts.ward.store_error, "no room left");
    says("CANNOT BE WRITTEN: no room left\n");
}

static void interfaces_without_cable_or_address(void **state)
{
    (void)state;
    be_well();
    facts.interface_count = 4;
    facts.interfaces[0] =
        (struct facts_interface){"eth0", "02:00:00:00:00:01", true, true, {"10.7.0.20/24", "fe80::1/64"}};
    facts.interfaces[1] = (struct facts_interface){"eth1", "02:00:00:00:00:02", true, false, {""}};
    facts.interfaces[2] = (struct facts_interface){"eth2", "02:00:00:00:00:03", true, true, {""}};
    facts.interfaces[3] = (struct facts_interface){"eth3", "02:00:00:00:00:04", false, false, {""}};
    says("eth0            02:00:00:00:00:01  10.7.0.20/24, fe80::1/64\n");
    says("eth1            02:00:00:00:00:02  NO CABLE ->");
    says("eth2            02:00:00:00:00:03  NO ADDRESS ->");
    says("eth3            02:00:00:00:00:04  not used\n");
    facts.is_synchronised = false;
    says("time: NO TIME SERVER ANSWERS ->");
}

static void an_update_that_was_given_up_has_its_reason_and_what_to_do(void **state)
{
    (void)state;
    be_well();
    body();
    assert_null(strstr(text, "Update"));
    put(data, "update/failed",
        "version=0.3.0\nbundle=ab\nslot=B\nstate=installed\nreason=line-a is not \x1b[2Jopen, before it was\n");
    facts_take(&facts, &places);
    be_well();
    body();
    says("\nUpdate\n  the update to 0.3.0 WAS GIVEN UP: line-a is not  [2Jopen, before it was\n");
    says("    -> the box goes on with " WARDGATE_VERSION ". Mend what it says");
    says("journalctl -b -1 -u wardgate -u wardgate-good");
    put(data, "update/failed", "version=0.3.0\nstate=installing\nreason=its installation was cut off\n");
    facts_take(&facts, &places);
    be_well();
    body();
    says("WAS GIVEN UP: its installation was cut off\n");
    says("`wardgate update FILE` installs it again; leave power and stick alone until it is done\n");
    (void)!publish_remove(data);
    facts_take(&facts, &places);
    be_well();
    body();
    assert_null(strstr(text, "Update"));
}

static void the_file_has_the_instant_and_line_ends_for_any_laptop(void **state)
{
    (void)state;
    be_well();
    facts.wall_ms = INT64_C(1795332600000);
    char *file = report_file(&facts, "one\n\ntwo\n");
    assert_string_equal(file, "Report of this box, at 2026-11-22 07:30 UTC by its clock\r\n\r\none\r\n\r\ntwo\r\n");
    free(file);
    facts.is_synchronised = false;
    file = report_file(&facts, "");
    assert_non_null(strstr(file, "by its clock, which no time server confirms\r\n"));
    free(file);
}

/* ---- flash ---- */

static void the_boot_partition_is_written_seldom(void **state)
{
    (void)state;
    struct report_budget budget;
    unsigned written = 0;
    report_budget_init(&budget, 0);
    for (int64_t now_us = 0; now_us < INT64_C(24) * 60 * MINUTE_US; now_us += MINUTE_US / 20) {
        written += report_budget_take(&budget, now_us) ? 1U : 0U;
    }
    assert_int_equal(written, REPORT_BURST + 24 * 3600 / REPORT_REFILL_S - 1);
    report_budget_init(&budget, 0);
    assert_true(report_budget_take(&budget, INT64_C(1000) * 60 * MINUTE_US)); /* rest saves up no more than a burst */
    for (unsigned i = 1; i < REPORT_BURST; i++) {
        assert_true(report_budget_take(&budget, INT64_C(1000) * 60 * MINUTE_US));
    }
    assert_false(report_budget_take(&budget, INT64_C(1000) * 60 * MINUTE_US));
}

static void look(int64_t now_us)
{
    assert_int_equal(reporter_look(&reporter, now_us, false, NULL), STATUS_OK);
}

static void what_is_seen_twice_is_told_once(void **state)
{
    (void)state;
    reporter_init(&reporter, &places, &ways, 0);
    look(0);
    assert_string_equal(get(boot, "report.txt"), "");
    assert_string_equal(get(folder, "console"), "");
    look(1);
    assert_non_null(strstr(get(boot, "report.txt"), "gw-7e NOTHING IS WATCHED: the gateway does not answer\r\n"));
    assert_int_equal(strncmp(get(folder, "console"), "\r\n*** wardgate: gw-7e NOTHING IS WATCHED", 38), 0);
    put(boot, "report.txt", "");
    put(folder, "console", "");
    look(2);
    look(3);
    assert_string_equal(get(boot, "report.txt"), "");
    assert_string_equal(get(folder, "console"), "");
    put(run, "outcome", "ward none\nnetwork none\nsince_ms 0\nconsole 1\nward_problem wardgate.yaml:3:1: x\n");
    put(run, "report.d/stick", "the stick holds two bundles\n");
    look(4);
    assert_string_equal(get(folder, "console"), "");
    look(5);
    assert_non_null(strstr(get(folder, "console"), "there is no good configuration\r\n  wardgate.yaml:3:1: x\r\n"));
    assert_non_null(strstr(get(boot, "report.txt"), "Besides\r\n  the stick holds two bundles\r\n"));
}

static void nothing_is_shown_where_it_is_not_wanted(void **state)
{
    (void)state;
    put(run, "outcome", "ward new\nnetwork new\nconsole 0\nled none\n");
    put(leds, "ACT/brightness", "1");
    reporter_init(&reporter, &places, &ways, 0);
    assert_int_equal(reporter_look(&reporter, 0, true, NULL), STATUS_OK);
    assert_string_equal(get(folder, "console"), "");
    assert_string_equal(get(leds, "ACT/brightness"), "1");
    assert_string_not_equal(get(boot, "report.txt"), "");
}

static void the_request_for_a_certificate_is_put_there(void **state)
{
    (void)state;
    put(data, "etc/keys/gateway.csr", "REQUEST");
    put(data, "etc/keys/gateway.key", "KEY");
    reporter_init(&reporter, &places, &ways, 0);
    char *said = NULL;
    assert_int_equal(reporter_look(&reporter, 0, true, &said), STATUS_OK);
    assert_non_null(strstr(said, "gateway.csr asks for a certificate"));
    free(said);
    assert_string_equal(get(boot, "gateway.csr"), "REQUEST");
    assert_string_equal(get(boot, "gateway.key"), "");
}

static void a_boot_partition_that_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(publish_remove(boot), STATUS_OK);
    reporter_init(&reporter, &places, &ways, 0);
    char *said = NULL;
    assert_int_equal(reporter_look(&reporter, 0, true, &said), STATUS_NOT_FOUND);
    assert_non_null(said); /* the console and the lamp have it all the same */
    free(said);
    assert_string_not_equal(get(folder, "console"), "");
    assert_null(strstr(get(folder, "console"), "report.txt cannot be written"));
    assert_int_equal(reporter_look(&reporter, 1, true, NULL),
                     STATUS_NOT_FOUND); /* it is wrong with the box, too, from now on */
    assert_non_null(
        strstr(get(folder, "console"), "\r\n  report.txt cannot be written to the boot partition (not found), "));
    put(folder, "console", "");
    put(boot, "wardgate.yaml", ""); /* there again */
    assert_int_equal(reporter_look(&reporter, MINUTE_US, true, NULL), STATUS_OK);
    assert_string_equal(get(boot, "report.txt"), "");
    assert_int_equal(reporter_look(&reporter, 6 * MINUTE_US, true, NULL), STATUS_OK);
    assert_string_not_equal(get(boot, "report.txt"), "");
    assert_int_equal(reporter_look(&reporter, 6 * MINUTE_US + 1, true, NULL), STATUS_OK);
    assert_null(strstr(get(boot, "report.txt"), "cannot be written"));
    assert_int_equal(strncmp(get(folder, "console"), "\r\n*** wardgate: gw-7e ", 22), 0);
    assert_null(strstr(get(folder, "console"), "cannot be written"));
}

/* ---- the lamp ---- */

static void make_lamp(const char *name)
{
    static const char *const attributes[] = {"trigger", "delay_on", "delay_off", "brightness"};
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", name, attributes[i]);
        put(leds, path, "");
    }
}

static void the_lamp_of_the_state_is_found(void **state)
{
    (void)state;
    char name[LED_NAME_MAX];
    assert_false(led_find(leds, "auto", name));
    make_lamp("input0::capslock");
    assert_false(led_find(leds, "auto", name));
    make_lamp("led0");
    assert_true(led_find(leds, "auto", name));
    assert_string_equal(name, "led0");
    make_lamp("ACT");
    make_lamp("green:status");
    assert_true(led_find(leds, "auto", name));
    assert_string_equal(name, "green:status");
    assert_true(led_find(leds, "input0::capslock", name));
    assert_string_equal(name, "input0::capslock");
    assert_false(led_find(leds, "none", name));
    assert_false(led_find(leds, "no-such", name));
}

static void each_state_has_its_pattern(void **state)
{
    (void)state;
    make_lamp("ACT");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_WRONG), STATUS_OK);
    assert_string_equal(get(leds, "ACT/trigger"), "timer");
    assert_string_equal(get(leds, "ACT/delay_on"), "100");
    assert_string_equal(get(leds, "ACT/delay_off"), "100");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_NO_BROKER), STATUS_OK);
    assert_string_equal(get(leds, "ACT/delay_on"), "1900");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_NOT_KEPT), STATUS_OK);
    assert_string_equal(get(leds, "ACT/delay_on"), "900");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_LOST), STATUS_OK);
    assert_string_equal(get(leds, "ACT/delay_off"), "500");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_FAULTY), STATUS_OK);
    assert_string_equal(get(leds, "ACT/delay_on"), "900");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_FULL), STATUS_OK);
    assert_string_equal(get(leds, "ACT/delay_off"), "100");
    assert_int_equal(led_show(leds, "ACT", BOX_STATE_WATCHES), STATUS_OK);
    assert_string_equal(get(leds, "ACT/trigger"), "none");
    assert_string_equal(get(leds, "ACT/brightness"), "255");
    put(leds, "plain/trigger", ""); /* a kernel without the timer: its keys are not there */
    put(leds, "plain/brightness", "");
    assert_int_equal(led_show(leds, "plain", BOX_STATE_NOTHING), STATUS_OK);
    assert_string_equal(get(leds, "plain/trigger"), "none");
    assert_string_equal(get(leds, "plain/brightness"), "0");
    assert_int_equal(led_show(leds, "gone", BOX_STATE_NOTHING), STATUS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_is_well, clean),
        cmocka_unit_test_setup(vital_signs_and_stays_change_nothing, clean),
        cmocka_unit_test_setup(the_worst_is_said_first, clean),
        cmocka_unit_test_setup(a_gateway_that_starts_is_told_from_one_that_is_gone_or_hangs, clean),
        cmocka_unit_test_setup(what_is_wrong_with_the_box_is_told_at_once, clean),
        cmocka_unit_test_setup(what_is_not_kept_is_no_good_watch, clean),
        cmocka_unit_test_setup(what_is_wrong_with_the_box_is_no_good_watch, clean),
        cmocka_unit_test_setup(a_lost_data_partition_is_seen, clean),
        cmocka_unit_test_setup(an_interface_that_is_not_there_is_told, clean),
        cmocka_unit_test_setup(a_bad_file_is_told_with_its_place_and_what_is_in_force, clean),
        cmocka_unit_test_setup(each_monitor_and_line_has_what_to_do, clean),
        cmocka_unit_test_setup(interfaces_without_cable_or_address, clean),
        cmocka_unit_test_setup(an_update_that_was_given_up_has_its_reason_and_what_to_do, clean),
        cmocka_unit_test_setup(the_file_has_the_instant_and_line_ends_for_any_laptop, clean),
        cmocka_unit_test_setup(the_boot_partition_is_written_seldom, clean),
        cmocka_unit_test_setup(what_is_seen_twice_is_told_once, clean),
        cmocka_unit_test_setup(nothing_is_shown_where_it_is_not_wanted, clean),
        cmocka_unit_test_setup(the_request_for_a_certificate_is_put_there, clean),
        cmocka_unit_test_setup(a_boot_partition_that_cannot_be_written, clean),
        cmocka_unit_test_setup(the_lamp_of_the_state_is_found, clean),
        cmocka_unit_test_setup(each_state_has_its_pattern, clean),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
