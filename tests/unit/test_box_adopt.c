/*
 * Which configuration a box takes from its boot partition, and what stays in force when that is not good. What judges it is a program of the
 * test's own: it finds a fault in every wardgate.yaml that has the word "bad" in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/box/adopt.h"
#include "app/box/fileset.h"
#include "app/box/setup.h"
#include "tests/unit/support/box_files.h"

#define NOW_MS INT64_C(1795300000000)

static char folder[] = "/tmp/wardgate-adopt-XXXXXX";
static char boot[64], data[64], run[64], checker[64];
static struct box_places places = {boot, data, run, checker, NULL};
static struct box_outcome outcome;
static int64_t now_ms;

static const char judge[] = "#!/bin/sh\n"
                            "grep -q crash wardgate.yaml && kill -SEGV $$\n"
                            "grep -q mute wardgate.yaml && exit 1\n"
                            "line=$(grep -n bad wardgate.yaml) || { grep -q warned wardgate.yaml && echo 'wardgate: "
                            "warned' >&2; exit 0; }\n"
                            "echo \"wardgate: wardgate.yaml:${line%%:*}:1: bad\" >&2\n"
                            "exit 2\n";

static void assert_text(const char *where, const char *name, const char *text)
{
    char path[256];
    in_folder(path, where, name);
    if (!publish_is_there(path, text, strlen(text))) {
        fail_msg("%s is not \"%s\"", path, text);
    }
}

static bool is_there(const char *where, const char *name)
{
    char path[256];
    in_folder(path, where, name);
    return access(path, F_OK) == 0;
}

static void drop(const char *where, const char *name)
{
    char path[256];
    in_folder(path, where, name);
    assert_int_equal(publish_remove(path), STATUS_OK);
}

/* One boot, an hour later. */
static void adopt(enum box_source expected)
{
    memset(&outcome, 0, sizeof outcome);
    now_ms += 3600000;
    adopt_settle(&places);
    adopt_run(&places, now_ms, NULL, &outcome);
    if (outcome.ward != expected) {
        fail_msg("%s, not %s: %s", box_source_word(outcome.ward), box_source_word(expected), outcome.ward_problems);
    }
}

/* All of setup. */
static void set_up(enum box_source network)
{
    assert_int_equal(setup_run(&places, now_ms, &outcome), STATUS_OK);
    if (outcome.network != network) {
        fail_msg("%s, not %s: %s", box_source_word(outcome.network), box_source_word(network),
                 outcome.network_problems);
    }
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
    (void)snprintf(checker, sizeof checker, "%s/check", folder);
    put(folder, "check", judge);
    return chmod(checker, 0700);
}

static int end(void **state)
{
    (void)state;
    return publish_remove(folder) == STATUS_OK ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    now_ms = NOW_MS;
    (void)!publish_remove(boot);
    (void)!publish_remove(data);
    put(boot, "wardgate.yaml", "gateway: {id: gw-7e}\n");
    return publish_remove(run) == STATUS_OK ? 0 : -1;
}

static void a_good_one_is_taken_with_what_lies_beside_it(void **state)
{
    (void)state;
    put(boot, "profiles/acme.yaml", "profile: acme\n");
    put(boot, "rules/own.yaml", "rules: {}\n");
    put(boot, "ca.pem", "CA");
    put(boot, "tls/password", "secret");
    put(boot, "EFI/BOOT/BOOTX64.EFI", "no");
    put(boot, "kernel.img", "no");
    put(boot, "._wardgate.yaml", "no");
    put(boot, "report.txt", "no");
    adopt(BOX_NEW);
    assert_int_equal(outcome.since_ms, now_ms);
    assert_string_equal(outcome.gateway, "gw-7e");
    assert_string_equal(outcome.ward_problems, "");
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: gw-7e}\n");
    assert_text(data, "etc/profiles/acme.yaml", "profile: acme\n");
    assert_text(data, "etc/rules/own.yaml", "rules: {}\n");
    assert_text(data, "etc/ca.pem", "CA");
    assert_text(data, "etc/tls/password", "secret");
    assert_false(is_there(data, "etc/EFI"));
    assert_false(is_there(data, "etc/kernel.img"));
    assert_false(is_there(data, "etc/._wardgate.yaml"));
    assert_false(is_there(data, "etc/report.txt"));
    assert_false(is_there(data, "etc.new"));
    assert_false(is_there(run, "candidate"));
}

static void what_has_not_changed_stays_since_then(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    const int64_t taken_ms = now_ms;
    adopt(BOX_SAME);
    assert_int_equal(outcome.since_ms, taken_ms);
    put(boot, "wardgate.yaml", "gateway: {id: gw-8}\n");
    adopt(BOX_NEW);
    assert_int_equal(outcome.since_ms, now_ms);
    put(boot, "unasked.yaml", "more");
    adopt(BOX_NEW);
    drop(boot, "unasked.yaml");
    adopt(BOX_NEW);
    assert_false(is_there(data, "etc/unasked.yaml"));
}

static void a_bad_one_is_told_and_the_last_good_one_stays(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    const int64_t taken_ms = now_ms;
    put(boot, "wardgate.yaml", "gateway: {id: gw-9}\nbad: 1\n");
    adopt(BOX_OLDER);
    assert_string_equal(outcome.ward_problems, "wardgate.yaml:2:1: bad\n");
    assert_int_equal(outcome.since_ms, taken_ms);
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: gw-7e}\n");
    put(boot, "wardgate.yaml", "crash\n");
    adopt(BOX_OLDER);
    assert_non_null(strstr(outcome.ward_problems, "did not come to an end"));
    put(boot, "wardgate.yaml", "mute\n");
    adopt(BOX_OLDER);
    assert_non_null(strstr(outcome.ward_problems, "exit status 1"));
    put(boot, "wardgate.yaml", "gateway: {id: gw-7e}\n");
    adopt(BOX_SAME); /* put right again */
    assert_string_equal(outcome.ward_problems, "");
    assert_int_equal(outcome.since_ms, taken_ms);
}

static void without_any_good_one_there_is_none(void **state)
{
    (void)state;
    put(boot, "wardgate.yaml", "gateway: {id: gw-9}\nbad: 1\n");
    adopt(BOX_NONE);
    assert_string_equal(outcome.gateway, "gw-9"); /* by which a certificate is asked for */
    assert_false(is_there(data, "etc/wardgate.yaml"));
    drop(boot, "wardgate.yaml");
    adopt(BOX_NONE);
    assert_non_null(strstr(outcome.ward_problems, "there is no such file on the boot partition, put it there"));
}

static void a_file_with_a_name_nearly_right_is_named(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    drop(boot, "wardgate.yaml");
    put(boot, "Wardgate.yaml.txt", "gateway: {id: gw-7e}\n");
    adopt(BOX_OLDER);
    assert_non_null(strstr(outcome.ward_problems, "\"Wardgate.yaml.txt\": rename it"));
}

static void a_boot_partition_that_cannot_be_read(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    drop(folder, "efi");
    adopt(BOX_OLDER);
    assert_non_null(strstr(outcome.ward_problems, "the boot partition cannot be read (No such file or directory)"));
    put(folder, "efi", "a file");
    adopt(BOX_OLDER);
    assert_non_null(strstr(outcome.ward_problems, "the boot partition cannot be read (Not a directory)"));
}

/* Where it is not mounted there is an empty folder. */
static void a_boot_partition_that_is_not_mounted(void **state)
{
    (void)state;
    put(boot, "network.yaml", "interfaces: {eth0: {address: 10.7.0.20/24}}\n");
    adopt(BOX_NEW);
    set_up(BOX_NEW);
    drop(boot, "wardgate.yaml");
    drop(boot, "network.yaml");
    put(run, "boot-lost", "the boot partition cannot be mounted: repair it\nmore\n");
    set_up(BOX_OLDER);
    assert_int_equal(outcome.ward, BOX_OLDER);
    assert_string_equal(outcome.ward_problems, "the boot partition cannot be mounted: repair it\n");
    assert_string_equal(outcome.network_problems, "");
    assert_true(is_there(run, "network/50-eth0.network"));
    drop(run, "boot-lost");
    set_up(BOX_OLDER);
    assert_non_null(strstr(outcome.ward_problems, "there is no such file on the boot partition, put it there"));
}

static void keys_stay_when_the_boot_partition_loses_them(void **state)
{
    (void)state;
    static const char key[] = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";
    put(boot, "tls/gw.key", key);
    put(boot, "keys/password", "secret");
    put(boot, "tls/ca.pem", "CA");
    put(data, "etc/keys/gateway.key", key); /* the box's own */
    put(data, "etc/ssh/ssh_host_ed25519_key", "host");
    put(data, "etc/network.yaml", "# kept\n");
    adopt(BOX_NEW);
    assert_non_null(strstr(outcome.notes, "tls/gw.key: this private key is kept on the box now; delete it"));
    assert_null(strstr(outcome.notes, "gateway.key"));
    drop(boot, "tls");
    drop(boot, "keys");
    adopt(BOX_NEW);
    assert_string_equal(outcome.notes, "");
    assert_text(data, "etc/tls/gw.key", key);
    assert_text(data, "etc/keys/password", "secret");
    assert_text(data, "etc/keys/gateway.key", key);
    assert_text(data, "etc/ssh/ssh_host_ed25519_key", "host");
    assert_text(data, "etc/network.yaml", "# kept\n");
    assert_false(is_there(data, "etc/tls/ca.pem"));
    char path[256];
    struct stat about;
    in_folder(path, data, "etc/tls/gw.key");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07, 0);
}

static void one_that_was_restored_stays_until_the_boot_partition_changes(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    put(data, "etc/wardgate.yaml", "gateway: {id: restored}\n");
    adopt(BOX_OTHER);
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: restored}\n");
    put(boot, "wardgate.yaml", "gateway: {id: edited}\n");
    adopt(BOX_NEW);
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: edited}\n");
}

static void one_that_was_restored_needs_none_on_the_boot_partition(void **state)
{
    (void)state;
    drop(boot, "wardgate.yaml");
    adopt(BOX_NONE);
    put(data, "etc/wardgate.yaml", "gateway: {id: restored}\n");
    adopt(BOX_OTHER);
    assert_string_equal(outcome.ward_problems, "");
    assert_true(outcome.since_ms > NOW_MS); /* when it came there, by the box's clock */
    put(boot, "wardgate.yaml.txt", "");
    adopt(BOX_OTHER);
    assert_non_null(strstr(outcome.ward_problems, "\"wardgate.yaml.txt\": rename it"));
    drop(boot, "wardgate.yaml.txt");
    put(boot, "wardgate.yaml", "bad\n");
    adopt(BOX_OLDER);
    put(boot, "wardgate.yaml", "gateway: {id: own}\n");
    adopt(BOX_NEW);
    drop(boot, "wardgate.yaml");
    adopt(BOX_OLDER); /* what is in force came from there */
    assert_string_equal(outcome.ward_problems,
                        "wardgate.yaml: there is no such file on the boot partition, put it there\n");
    put(data, "etc/wardgate.yaml", "gateway: {id: restored}\n");
    adopt(BOX_OTHER);
}

static void rules_that_were_restored_are_told_from_those_that_were_taken(void **state)
{
    (void)state;
    put(boot, "rules/own.yaml", "rules: {}\n");
    put(boot, "tls/ca.pem", "CA");
    adopt(BOX_NEW);
    put(data, "etc/tls/log.pem", "CA of the log"); /* as network.yaml brings it */
    put(data, "etc/keys/gateway.key", "made here");
    drop(boot, "wardgate.yaml");
    adopt(BOX_OLDER);
    put(data, "etc/rules/own.yaml", "rules: {restored: {}}\n");
    adopt(BOX_OTHER);
    assert_string_equal(outcome.ward_problems, "");
}

static void what_an_older_version_noted_is_enough(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    char path[256], record[64] = "";
    in_folder(path, data, "box/taken");
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    assert_non_null(fgets(record, sizeof record, stream));
    assert_int_equal(fclose(stream), 0);
    *strrchr(record, ' ') = '\0'; /* without what was kept */
    put(data, "box/taken", record);
    drop(boot, "wardgate.yaml");
    adopt(BOX_OLDER);
    put(boot, "wardgate.yaml", "gateway: {id: gw-7e}\n");
    adopt(BOX_SAME);
    assert_int_equal(outcome.since_ms, NOW_MS + 3600000);
    const size_t length = strlen(record);
    (void)snprintf(record + length, sizeof record - length, " aa"); /* what was kept, told by another digest */
    put(data, "box/taken", record);
    adopt(BOX_SAME);
    drop(boot, "wardgate.yaml");
    adopt(BOX_OLDER);
    put(data, "etc/wardgate.yaml", "gateway: {id: restored}\n");
    drop(boot, "wardgate.yaml");
    adopt(BOX_OTHER); /* it has noted it meanwhile */
}

static void one_that_this_version_refuses_is_told_and_stays(void **state)
{
    (void)state;
    adopt(BOX_NEW);
    put(folder, "check", "#!/bin/sh\necho 'wardgate: wardgate.yaml:1:1: no more' >&2\nexit 2\n");
    adopt(BOX_SAME);
    assert_string_equal(outcome.ward_problems, "wardgate.yaml:1:1: no more\n");
    assert_true(is_there(data, "etc/wardgate.yaml"));
    put(folder, "check", judge);
}

static void warnings_of_a_good_one_are_notes(void **state)
{
    (void)state;
    put(boot, "wardgate.yaml", "# warned\n");
    adopt(BOX_NEW);
    assert_string_equal(outcome.ward_problems, "");
    assert_string_equal(outcome.notes, "warned\n");
}

static void a_disk_that_takes_nothing_is_told(void **state)
{
    (void)state;
    put(folder, "data", "no folder");
    adopt(BOX_NONE);
    assert_non_null(strstr(outcome.ward_problems, "it is good, but cannot be kept"));
}

/* The steps in order, each cut off behind it. */
static void a_cut_in_the_midst_is_gone_on_with(void **state)
{
    (void)state;
    char next[256];
    adopt(BOX_NEW);
    put(data, "etc/network.yaml", "# kept\n");
    put(boot, "wardgate.yaml", "gateway: {id: gw-8}\n");
    put(data, "etc.new/wardgate.yaml", "gateway: {id: half"); /* while it was written */
    adopt(BOX_NEW);
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: gw-8}\n");
    put(data, "etc.new/wardgate.yaml", "gateway: {id: gw-7e}\n"); /* behind the exchange: the old folder */
    in_folder(next, data, "etc/network.yaml");
    put(data, "etc.new/network.yaml", "# kept\n");
    put(data, "etc.new/ssh/host", "key");
    assert_int_equal(unlink(next), 0);
    adopt(BOX_SAME);
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: gw-8}\n");
    assert_text(data, "etc/network.yaml", "# kept\n");
    assert_text(data, "etc/ssh/host", "key");
    assert_false(is_there(data, "etc.new"));
}

static void names_of_any_length(void **state)
{
    (void)state;
    char name[256 + 16] = "profiles/";
    memset(name + 9, 'n', 250);
    memcpy(name + 9 + 250, ".yaml", 6);
    put(boot, name, "profile: n\n");
    adopt(BOX_NEW);
    assert_true(is_there(data, "etc/profiles"));
    assert_text(data, "etc/wardgate.yaml", "gateway: {id: gw-7e}\n");
}

static void too_many_files_are_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= FILESET_FILES_MAX; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "profiles/p%u.yaml", i);
        put(boot, name, "x");
    }
    adopt(BOX_NONE);
    assert_non_null(strstr(outcome.ward_problems, "too many files"));
}

static void a_file_that_is_too_large_is_told(void **state)
{
    (void)state;
    char path[256];
    in_folder(path, boot, "wardgate.yaml");
    assert_int_equal(truncate(path, FILE_BYTES_MAX + 1), 0);
    adopt(BOX_NONE);
    assert_string_equal(outcome.ward_problems, "wardgate.yaml cannot be read (too large)\n");
}

/* ---- the outcome, from one command to the other ---- */

static void the_outcome_is_read_as_it_was_written(void **state)
{
    (void)state;
    static struct box_outcome written = {.ward = BOX_OLDER,
                                         .network = BOX_NEW,
                                         .gateway = "gw-7e",
                                         .since_ms = NOW_MS,
                                         .led = "ACT",
                                         .interfaces = "eth0\neth1\n",
                                         .ward_problems = "wardgate.yaml:2:1: bad\n    one\n    ^\n",
                                         .network_problems = "network.yaml: gone\n",
                                         .network_warnings = "network.yaml:1:1: x\n    one\n",
                                         .notes = "one\ntwo\n"};
    static struct box_outcome seen;
    put(run, "outcome", "");
    assert_int_equal(box_outcome_write(&written, run), STATUS_OK);
    assert_true(box_outcome_read(run, &seen));
    assert_int_equal(seen.ward, BOX_OLDER);
    assert_int_equal(seen.network, BOX_NEW);
    assert_string_equal(seen.gateway, "gw-7e");
    assert_int_equal(seen.since_ms, NOW_MS);
    assert_false(seen.console);
    assert_string_equal(seen.led, "ACT");
    assert_string_equal(seen.interfaces, written.interfaces);
    assert_string_equal(seen.ward_problems, written.ward_problems);
    assert_string_equal(seen.network_problems, written.network_problems);
    assert_string_equal(seen.network_warnings, written.network_warnings);
    assert_string_equal(seen.notes, written.notes);
    drop(run, "outcome");
    assert_false(box_outcome_read(run, &seen));
}

static void lines_beyond_the_room_are_cut(void **state)
{
    (void)state;
    char lines[16] = "";
    box_add_line(lines, sizeof lines, "%s", "twelve bytes");
    assert_string_equal(lines, "twelve bytes\n");
    box_add_line(lines, sizeof lines, "%s", "more");
    assert_string_equal(lines, "twelve bytes\nmo");
    box_add_line(lines, sizeof lines, "%s", "more");
    assert_string_equal(lines, "twelve bytes\nmo");
}

/* ---- all of setup ---- */

static void network_yaml_has_its_own_way(void **state)
{
    (void)state;
    set_up(BOX_NONE);
    assert_true(is_there(run, "network/50-wired.network"));
    assert_true(is_there(run, "nftables.conf"));
    assert_false(is_there(run, "authorized_keys"));
    assert_false(is_there(run, "rsyslog.conf"));
    assert_text(run, "hostname", "gw-7e\n");
    assert_text(run, "wardgate.env", "TZ=UTC\n");
    put(boot, "network.yaml", "interfaces: {eth0: {address: 10.7.0.20/24}}\nsyslog: {target: \"udp://10.7.0.9\"}\n");
    set_up(BOX_NEW);
    assert_false(is_there(run, "network/50-wired.network"));
    assert_true(is_there(run, "network/50-eth0.network"));
    assert_true(is_there(run, "rsyslog.conf"));
    assert_true(is_there(data, "etc/network.yaml"));
    assert_string_equal(outcome.interfaces, "eth0\n");
    put(boot, "network.yaml", "interfaces: {eth0: {address: 10.7.0.20}}\n");
    set_up(BOX_OLDER);
    assert_true(is_there(run, "network/50-eth0.network"));
    assert_true(is_there(run, "rsyslog.conf"));
    assert_int_equal(strncmp(outcome.network_problems, "network.yaml:1:30: interfaces.eth0.address: ", 44), 0);
    drop(boot, "network.yaml");
    set_up(BOX_OLDER);
    assert_string_equal(outcome.network_problems, "network.yaml: there is no such file, check its name and folder\n");
    put(boot, "network.yaml", "# nothing\r\n");
    set_up(BOX_NEW);
    assert_true(is_there(run, "network/50-wired.network"));
    assert_false(is_there(run, "network/50-eth0.network"));
    assert_string_equal(outcome.interfaces, "");
    assert_false(is_there(run, "rsyslog.conf"));
}

static void network_yaml_that_was_restored_stays_until_its_own_changes(void **state)
{
    (void)state;
    put(boot, "network.yaml", "# nothing\n");
    set_up(BOX_NEW);
    put(data, "etc/network.yaml",
        "interfaces: {eth0: {address: 10.7.0.20/24}}\nsyslog: {target: \"tls://log.example\", ca: tls/log.pem}\n");
    put(data, "etc/tls/log.pem", "CA of the log");
    set_up(BOX_OTHER);
    assert_true(is_there(run, "network/50-eth0.network"));
    put(boot, "wardgate.yaml", "gateway: {id: another}\n"); /* with files of its own */
    set_up(BOX_OTHER);
    assert_int_equal(outcome.ward, BOX_NEW);
    assert_text(run, "syslog-ca.pem", "CA of the log");
    assert_string_equal(outcome.notes, "");
    drop(boot, "network.yaml");
    set_up(BOX_OTHER);
    assert_int_equal(outcome.ward, BOX_SAME);
    assert_string_equal(outcome.network_problems, "");
    put(boot, "network.yaml", "interfaces: {eth1: {address: 10.8.0.20/24}}\n");
    set_up(BOX_NEW);
    assert_false(is_there(run, "network/50-eth0.network"));
    set_up(BOX_NEW);
    drop(boot, "network.yaml");
    set_up(BOX_OLDER);
    assert_string_equal(outcome.network_problems, "network.yaml: there is no such file, check its name and folder\n");
}

static void a_certificate_of_the_log_comes_into_force_with_the_ward(void **state)
{
    (void)state;
    const char *const names[] = {"tls/log.pem", "log.pem", "tls/log/ca.pem", "log/ca.pem"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct fileset_file file = {.path = names[i], .text = {(const unsigned char *)"CA", 2}};
        static struct fileset also;
        also.count = 0;
        assert_true(fileset_add(&also, &file));
        char name[32];
        (void)!publish_remove(data);
        (void)snprintf(name, sizeof name, "etc/%s", names[i]);
        put(data, name, "CA");
        put(data, "etc/log/other", "stays");
        adopt_run(&places, now_ms, &also, &outcome);
        assert_int_equal(outcome.ward, BOX_NEW);
        assert_text(data, name, "CA");
        assert_text(data, "etc/log/other", "stays");
        adopt_run(&places, now_ms, &also, &outcome);
        assert_int_equal(outcome.ward, BOX_SAME);
    }
}

static void a_cut_behind_the_exchange_loses_no_certificate_of_the_log(void **state)
{
    (void)state;
    put(data, "etc/wardgate.yaml", "gateway: {id: gw-7e}\n");
    put(data, "etc/tls/log.pem", "CA of the log");
    put(data, "etc.new/wardgate.yaml", "gateway: {id: before}\n");
    put(data, "etc.new/network.yaml", "syslog: {target: \"tls://log.example\", ca: tls/log.pem}\n");
    put(data, "etc.new/tls/log.pem", "CA of the log");
    set_up(BOX_OTHER);
    assert_int_equal(outcome.ward, BOX_SAME);
    assert_text(data, "etc/tls/log.pem", "CA of the log");
    assert_text(run, "syslog-ca.pem", "CA of the log");
}

static void another_certificate_in_the_place_of_the_logs_is_told(void **state)
{
    (void)state;
    put(data, "etc/network.yaml", "syslog: {target: \"tls://log.example\", ca: ./ca.pem}\n");
    put(data, "etc/ca.pem", "CA of the log");
    put(boot, "ca.pem", "CA of the ward");
    set_up(BOX_OTHER);
    assert_text(data, "etc/ca.pem", "CA of the ward");
    assert_non_null(strstr(outcome.notes, "ca.pem: the one of wardgate.yaml has taken the place of"));
}

static void certificates_of_time_servers_are_kept_beside_those_of_the_log(void **state)
{
    (void)state;
    put(boot, "network.yaml",
        "time: {servers: [ntp.example], nts: true, ca: ./tls/time.pem}\n"
        "syslog: {target: \"tls://log.example\", ca: tls/log.pem}\n");
    put(boot, "tls/time.pem", "CA of the time");
    put(boot, "tls/log.pem", "CA of the log");
    put(boot, "wardgate.yaml", "bad\n");
    set_up(BOX_NEW);
    assert_text(run, "time-ca.pem", "CA of the time");
    drop(boot, "network.yaml");
    drop(boot, "tls");
    drop(run, "time-ca.pem");
    put(boot, "wardgate.yaml", "gateway: {id: another}\n"); /* with files of its own */
    put(boot, "tls/time.pem", "CA of the ward");
    set_up(BOX_OLDER);
    assert_int_equal(outcome.ward, BOX_NEW);
    assert_text(run, "syslog-ca.pem", "CA of the log");
    assert_text(run, "time-ca.pem", "CA of the ward");
    assert_non_null(strstr(outcome.notes, "has taken the place of the certificate of the time servers that"));
}

/* As README once had it: a box that has it in force keeps its address and its logins. */
static void time_servers_without_certificates_leave_the_network_in_force(void **state)
{
    (void)state;
    const char *const yaml = "interfaces: {eth0: {address: 10.7.0.20/24}}\n"
                             "time: {servers: [ntp.example], nts: true}\n";
    put(boot, "network.yaml", yaml);
    set_up(BOX_NEW);
    assert_string_equal(outcome.network_problems, "");
    assert_int_equal(strncmp(outcome.network_warnings, "network.yaml:2:37: warning: time.nts: needs ca", 46), 0);
    assert_true(is_there(run, "network/50-eth0.network"));
    drop(boot, "network.yaml");
    set_up(BOX_OLDER); /* the one that is kept */
    assert_non_null(strstr(outcome.network_warnings, "no server can prove itself"));
    assert_true(is_there(run, "network/50-eth0.network"));
    put(boot, "network.yaml", "# nothing\n");
    set_up(BOX_NEW);
    assert_string_equal(outcome.network_warnings, "");
    drop(boot, "network.yaml");
    drop(data, "etc/network.yaml");
    put(data, "etc/network.yaml", yaml); /* restored */
    set_up(BOX_OTHER);
    assert_non_null(strstr(outcome.network_warnings, "no server can prove itself"));
}

static void certificates_of_the_log_are_kept(void **state)
{
    (void)state;
    put(boot, "network.yaml", "syslog: {target: \"tls://log.example\", ca: tls/log-ca.pem}\n");
    put(boot, "tls/log-ca.pem", "CA of the log");
    put(boot, "wardgate.yaml", "bad\n"); /* so that nothing else takes the certificates along */
    set_up(BOX_NEW);
    assert_text(run, "syslog-ca.pem", "CA of the log");
    drop(boot, "network.yaml");
    drop(boot, "tls");
    drop(run, "syslog-ca.pem");
    set_up(BOX_OLDER);
    assert_text(run, "syslog-ca.pem", "CA of the log");
}

static void a_run_folder_that_cannot_be_written_is_a_failure(void **state)
{
    (void)state;
    put(folder, "run", "no folder");
    assert_int_not_equal(setup_run(&places, now_ms, &outcome), STATUS_OK);
    drop(folder, "run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_one_is_taken_with_what_lies_beside_it, clean),
        cmocka_unit_test_setup(what_has_not_changed_stays_since_then, clean),
        cmocka_unit_test_setup(a_bad_one_is_told_and_the_last_good_one_stays, clean),
        cmocka_unit_test_setup(without_any_good_one_there_is_none, clean),
        cmocka_unit_test_setup(a_file_with_a_name_nearly_right_is_named, clean),
        cmocka_unit_test_setup(a_boot_partition_that_cannot_be_read, clean),
        cmocka_unit_test_setup(a_boot_partition_that_is_not_mounted, clean),
        cmocka_unit_test_setup(keys_stay_when_the_boot_partition_loses_them, clean),
        cmocka_unit_test_setup(one_that_was_restored_stays_until_the_boot_partition_changes, clean),
        cmocka_unit_test_setup(one_that_was_restored_needs_none_on_the_boot_partition, clean),
        cmocka_unit_test_setup(rules_that_were_restored_are_told_from_those_that_were_taken, clean),
        cmocka_unit_test_setup(what_an_older_version_noted_is_enough, clean),
        cmocka_unit_test_setup(one_that_this_version_refuses_is_told_and_stays, clean),
        cmocka_unit_test_setup(warnings_of_a_good_one_are_notes, clean),
        cmocka_unit_test_setup(a_disk_that_takes_nothing_is_told, clean),
        cmocka_unit_test_setup(a_cut_in_the_midst_is_gone_on_with, clean),
        cmocka_unit_test_setup(names_of_any_length, clean),
        cmocka_unit_test_setup(too_many_files_are_told, clean),
        cmocka_unit_test_setup(a_file_that_is_too_large_is_told, clean),
        cmocka_unit_test_setup(the_outcome_is_read_as_it_was_written, clean),
        cmocka_unit_test_setup(lines_beyond_the_room_are_cut, clean),
        cmocka_unit_test_setup(network_yaml_has_its_own_way, clean),
        cmocka_unit_test_setup(network_yaml_that_was_restored_stays_until_its_own_changes, clean),
        cmocka_unit_test_setup(a_certificate_of_the_log_comes_into_force_with_the_ward, clean),
        cmocka_unit_test_setup(a_cut_behind_the_exchange_loses_no_certificate_of_the_log, clean),
        cmocka_unit_test_setup(another_certificate_in_the_place_of_the_logs_is_told, clean),
        cmocka_unit_test_setup(certificates_of_time_servers_are_kept_beside_those_of_the_log, clean),
        cmocka_unit_test_setup(time_servers_without_certificates_leave_the_network_in_force, clean),
        cmocka_unit_test_setup(certificates_of_the_log_are_kept, clean),
        cmocka_unit_test_setup(a_run_folder_that_cannot_be_written_is_a_failure, clean),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
