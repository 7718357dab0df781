/*
 * network.yaml: what it says, what is wrong with it and where, and what the services of a box are told of it.
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

#include "app/box/generate.h"
#include "app/box/network.h"
#include "app/box/ssh_key.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me"
#define PEM_BEGIN    "# -----BEGIN CERTIFICATE-----\n"
#define RSA_BEGIN \
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDQCKXuQb3jEISrdWQCzYrH0xm4Ugj1RhK6iYSfZlSrAG2xPktgku98gLegQxWQa8N+"
#define RSA_END \
    "ad/Q9qyMvH5DQmFwjTPR73MfQm6oauPNJWY90T6YXeRAZNL2PV1xMDgeEySnXbmbxmjpsbCjNaa3bmNtUf6hWrRSCvKs4uacK+n2RbGH5Q=="

static char folder[] = "/tmp/wardgate-network-XXXXXX";
static char path[64];
static struct pool pool;
static struct network_settings network;
static struct settings_report report;
static char *text;

static int make_folder(void **state)
{
    (void)state;
    pool_init(&pool, (size_t)4 * 1024 * 1024);
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/network.yaml", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    pool_fini(&pool);
    (void)unlink(path);
    return rmdir(folder);
}

static int forget(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static bool read_bytes(const char *bytes, size_t size)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
    return network_read(path, &pool, &network, &report);
}

static bool read_text(const char *yaml)
{
    return read_bytes(yaml, strlen(yaml));
}

static void assert_defaults(void)
{
    assert_int_equal(network.interface_count, 0);
    assert_int_equal(network.time_server_count, 0);
    assert_int_equal(network.ssh_key_count, 0);
    assert_null(network.syslog_host);
    assert_true(network.console);
    assert_string_equal(network.time_zone, "UTC");
    assert_string_equal(network.led, "auto");
}

static void a_file_that_says_nothing_gives_the_defaults(void **state)
{
    (void)state;
    static const char *const nothing[] = {"", "\n", "# only a comment", "\r\n# with\r\n  # space\r\n\t\r\n",
                                          "\xEF\xBB\xBF# a laptop's mark\n"};
    for (size_t i = 0; i < COUNT(nothing); i++) {
        assert_true(read_text(nothing[i]));
        assert_defaults();
    }
}

static void the_shipped_example_says_nothing_and_is_right_without_its_marks(void **state)
{
    (void)state;
    static char shipped[16384], bare[16384];
    FILE *file = fopen("config/box/network.yaml", "r");
    assert_non_null(file);
    const size_t length = fread(shipped, 1, sizeof shipped - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_true(read_bytes(shipped, length));
    assert_defaults();
    char *to = bare;
    for (const char *line = shipped; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const bool is_key = strncmp(line, "# ", 2) == 0 && strchr(" abcdefghijklmnopqrstuvwxyz", line[2]) != NULL &&
                            strncmp(line + 2, "network", 7) != 0 && memchr(line, ':', strcspn(line, "\n")) != NULL;
        const bool is_item = strncmp(line, "#     - ", 8) == 0;
        if (is_item) {
            to += sprintf(to, "    - " KEY "\n");
        } else if (is_key && strstr(line, "ca: ") != line + 4) {
            to += sprintf(to, "%.*s\n", (int)strcspn(line, "\n") - 2, line + 2);
        }
    }
    char *tls = strstr(bare, "tls://log");
    assert_non_null(tls);
    memcpy(tls, "tcp", 3); /* its certificates are not here */
    if (!read_text(bare)) {
        settings_print_report(&report, stderr, false);
        fail();
    }
    assert_int_equal(network.interface_count, 2);
    assert_int_equal(network.time_server_count, 2);
    assert_int_equal(network.ssh_key_count, 1);
    assert_string_equal(network.time_zone, "Europe/Berlin");
    assert_string_equal(network.syslog_host, "log.example");
}

static void every_key_is_taken(void **state)
{
    (void)state;
    assert_true(
        read_text("interfaces:\r\n"
                  "  eth0: {address: 10.7.0.20/24, gateway: 10.7.0.1, dns: [10.7.0.2, \"fd00::2\"], vlan: 7}\r\n"
                  "  enp1s0: {}\r\n"
                  "time: {servers: [ntp.example, 10.7.0.3], nts: true, ca: network.yaml, zone: Europe/Berlin}\r\n"
                  "ssh: {keys: [\"" KEY "\"]}\r\n"
                  "syslog: {target: \"udp://[fd00::9]:5514\"}\r\n"
                  "console: false\r\nled: none\r\n"));
    const struct network_interface *in = network.interfaces;
    assert_int_equal(network.interface_count, 2);
    assert_string_equal(in[0].name, "eth0");
    assert_string_equal(in[0].address, "10.7.0.20/24");
    assert_string_equal(in[0].gateway, "10.7.0.1");
    assert_int_equal(in[0].dns_count, 2);
    assert_string_equal(in[0].dns[1], "fd00::2");
    assert_int_equal(in[0].vlan, 7);
    assert_string_equal(in[1].name, "enp1s0");
    assert_null(in[1].address);
    assert_int_equal(network.time_server_count, 2);
    assert_true(network.nts);
    assert_string_equal(network.time_ca, "network.yaml");
    assert_string_equal(network.ssh_keys[0], KEY);
    assert_string_equal(network.syslog_host, "fd00::9");
    assert_int_equal(network.syslog_port, 5514);
    assert_int_equal(network.syslog_transport, SYSLOG_UDP);
    assert_false(network.console);
    assert_string_equal(network.led, "none");
}

struct bad {
    const char *yaml;
    uint32_t line, column;
    const char *key, *message;
};

/* Each has just one fault, at that place. */
static const struct bad bads[] = {
    {"interfaces:\n\teth0: {}\n", 2, 1, "", "a tab stands here"},
    {"intefaces: {eth0: {}}\n", 1, 1, "intefaces", "did you mean \"interfaces\"?"},
    {"interfaces: {eth0: {adress: 10.7.0.2/24}}\n", 1, 21, "interfaces.eth0.adress", "did you mean \"address\"?"},
    {"interfaces: {eth0: {address: 10.7.0.2}}\n", 1, 30, "interfaces.eth0.address", "write such as 10.7.0.20/24"},
    {"interfaces: {eth0: {address: 10.7.0.2/33}}\n", 1, 30, "interfaces.eth0.address", "write such as 10.7.0.20/24"},
    {"interfaces: {eth0: {address: 10.7.0/24}}\n", 1, 30, "interfaces.eth0.address", "write such as 10.7.0.20/24"},
    {"interfaces: {eth0: {address: 10.7.0.2/24, dhcp: true}}\n", 1, 49, "interfaces.eth0.dhcp", "give one of them"},
    {"interfaces: {eth0: {dhcp: false}}\n", 1, 14, "interfaces.eth0", "\"address\" is missing"},
    {"interfaces: {eth0: {gateway: 10.7.0.1}}\n", 1, 14, "interfaces.eth0", "a gateway comes with a fixed address"},
    {"interfaces: {eth0: {address: 10.7.0.2/24, gateway: 10.7.1.1}}\n", 1, 52, "interfaces.eth0.gateway",
     "is not in the network of 10.7.0.2/24"},
    {"interfaces: {eth0: {address: 10.7.0.2/24, gateway: \"fd00::1\"}}\n", 1, 52, "interfaces.eth0.gateway",
     "is not in the network"},
    {"interfaces: {eth0: {address: 10.7.0.2/24, gateway: router}}\n", 1, 52, "interfaces.eth0.gateway",
     "is no address"},
    {"interfaces: {eth0: {dns: [ns.example]}}\n", 1, 27, "interfaces.eth0.dns[1]", "is no address"},
    {"interfaces: {eth0: {dns: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]}}\n", 1, 26, "interfaces.eth0.dns",
     "has 4 entries, at most 3"},
    {"interfaces: {eth0: {vlan: 4095}}\n", 1, 27, "interfaces.eth0.vlan", "must be from 1 to 4094"},
    {"interfaces: {enx001122334455: {vlan: 7}}\n", 1, 14, "interfaces.enx001122334455", "is too long"},
    {"interfaces: {\"../x\": {}}\n", 1, 14, "interfaces.../x", "is no name of an interface"},
    {"interfaces: {eth-0123456789-x: {}}\n", 1, 14, "interfaces.eth-0123456789-x", "is no name of an interface"},
    {"interfaces: [eth0]\n", 1, 13, "interfaces", "must be a mapping"},
    {"interfaces: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}}\n", 1, 13, "interfaces",
     "has 9 interfaces, at most 8"},
    {"time: {servers: [\"a b\"]}\n", 1, 18, "time.servers[1]", "is no host"},
    {"time: {servers: [\"ntp.example:123\"]}\n", 1, 18, "time.servers[1]", "is no host"},
    {"time: {nts: true}\n", 1, 13, "time.nts", "needs servers"},
    {"time: {nts: true, ca: network.yaml}\n", 1, 13, "time.nts", "needs servers"},
    {"time: {servers: [a.example], nts: true, ca: none.pem}\n", 1, 45, "time.ca", "not found"},
    {"time: {servers: [a.example], nts: true, ca: ../network.yaml}\n", 1, 45, "time.ca", "must lie beside this file"},
    {"time: {zone: Europe/Atlantis}\n", 1, 14, "time.zone", "is no time zone"},
    {"time: {zone: ../../../etc/passwd}\n", 1, 14, "time.zone", "is no time zone"},
    {"ssh: {}\n", 1, 1, "ssh", "\"keys\" is missing"},
    {"ssh: {keys: [\"-----BEGIN OPENSSH PRIVATE KEY-----\"]}\n", 1, 14, "ssh.keys[1]", "keep the other to yourself"},
    {"ssh: {keys: [\"ssh-ed25519 AAAA\"]}\n", 1, 14, "ssh.keys[1]", "is not a whole key"},
    {"ssh: {keys: [\"command=x " KEY "\"]}\n", 1, 14, "ssh.keys[1]", "does not begin as a public key does"},
    {"syslog: {target: log.example}\n", 1, 18, "syslog.target", "is not an address"},
    {"syslog: {target: \"http://log.example\"}\n", 1, 18, "syslog.target", "write tls://, tcp:// or udp://"},
    {"syslog: {target: \"tls://log.example\"}\n", 1, 18, "syslog.target", "needs ca"},
    {"syslog: {target: \"tls://log.example\", ca: none.pem}\n", 1, 43, "syslog.ca", "not found"},
    {"syslog: {target: \"tls://log.example\", ca: ../network.yaml}\n", 1, 43, "syslog.ca", "must lie beside this file"},
    {"led: ../../sda\n", 1, 6, "led", "names no lamp"},
    {"console: maybe\n", 1, 10, "console", "possible: false, true"},
};

static void each_fault_is_told_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bads); i++) {
        const struct bad *bad = &bads[i];
        const bool is_read = read_text(bad->yaml);
        const struct settings_fault *fault = &report.faults[0];
        if (is_read || report.fault_count != 1 || fault->mark.line != bad->line || fault->mark.column != bad->column ||
            strcmp(fault->key, bad->key) != 0 || strstr(fault->message, bad->message) == NULL) {
            settings_print_report(&report, stderr, false);
            fail_msg("not what was to be told of: %s", bad->yaml);
        }
    }
}

static void servers_that_prove_themselves_to_nobody_are_warned_of(void **state)
{
    (void)state;
    assert_true(read_text("time: {servers: [a.example], nts: true}\nconsole: false\n"));
    assert_int_equal(report.warning_count, 1);
    assert_int_equal(report.warnings[0].mark.line, 1);
    assert_int_equal(report.warnings[0].mark.column, 35);
    assert_string_equal(report.warnings[0].key, "time.nts");
    assert_non_null(strstr(report.warnings[0].message, "no server can prove itself"));
    assert_true(network.nts);
    assert_null(network.time_ca);
    assert_false(network.console); /* the rest is in force */
    assert_true(read_text("time: {servers: [a.example], nts: true, ca: network.yaml} " PEM_BEGIN));
    assert_int_equal(report.warning_count, 0);
}

/* The file itself stands for it. */
static void certificates_in_another_form_are_warned_of(void **state)
{
    (void)state;
    assert_true(
        read_text("time: {servers: [a.example], nts: true, ca: network.yaml}\n"
                  "syslog: {target: \"tls://log.example\", ca: network.yaml} # -----BEGIN CERTIFICATE REQUEST-----\n"));
    assert_int_equal(report.warning_count, 2);
    assert_string_equal(report.warnings[0].key, "time.ca");
    assert_non_null(strstr(report.warnings[0].message, "holds no certificate in PEM form"));
    assert_string_equal(report.warnings[1].key, "syslog.ca");
    assert_int_equal(report.warnings[1].mark.line, 2);
    assert_string_equal(network.syslog_host, "log.example"); /* it is in force, and tells nobody */
    assert_true(read_text("syslog: {target: \"tls://log.example\", ca: network.yaml} " PEM_BEGIN));
    assert_int_equal(report.warning_count, 0);
}

static void certificates_that_nothing_is_held_against_need_not_be_there(void **state)
{
    (void)state;
    assert_true(read_text("time: {servers: [a.example], ca: none.pem}\n"
                          "syslog: {target: \"tcp://log.example\", ca: none.pem}\n"));
    assert_null(network.time_ca);
    assert_null(network.syslog_ca);
}

static void a_file_that_is_not_there_is_a_fault(void **state)
{
    (void)state;
    (void)unlink(path);
    assert_false(network_read(path, &pool, &network, &report));
    assert_non_null(strstr(report.faults[0].message, "there is no such file"));
    assert_true(read_text("")); /* for the next, and for whoever removes it */
}

static void keys_of_every_kind(void **state)
{
    (void)state;
    assert_null(ssh_key_fault(KEY));
    assert_null(ssh_key_fault(RSA_BEGIN RSA_END " me"));
    assert_null(ssh_key_fault("ecdsa-sha2-nistp256 "
                              "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGA4OTVy6xPNOQuX4JGDg8GZmilaUeU2Jby4"
                              "KulyAAnDFkGztT9wBaPUnJS1VX8sfVNmKXHveoUnZEP15SQrGsk="));
    assert_non_null(ssh_key_fault(""));
    assert_non_null(ssh_key_fault("ssh-ed25519"));
    assert_non_null(ssh_key_fault("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJ"));
    assert_non_null(ssh_key_fault("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOo;KLsabgH5C9okWi0dh2l9GKJl"));
}

/* By a program for mail, say: YAML makes one line of both halves, with a blank between them. */
static void a_key_that_was_broken_is_warned_of(void **state)
{
    (void)state;
    static const char *const broken[] = {
        RSA_BEGIN " " RSA_END, RSA_BEGIN "AAAA " RSA_END,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"};
    assert_true(ssh_key_is_whole(KEY));
    assert_true(ssh_key_is_whole(RSA_BEGIN RSA_END " me"));
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char yaml[1024];
        assert_null(ssh_key_fault(broken[i]));
        assert_false(ssh_key_is_whole(broken[i]));
        (void)snprintf(yaml, sizeof yaml, "interfaces: {eth0: {}}\nssh: {keys: [\"%s\", \"" KEY "\"]}\n", broken[i]);
        assert_true(read_text(yaml)); /* the rest is in force */
        assert_int_equal(network.ssh_key_count, 1);
        assert_string_equal(network.ssh_keys[0], KEY);
        assert_int_equal(network.interface_count, 1);
        assert_int_equal(report.warning_count, 1);
        assert_non_null(strstr(report.warnings[0].message, "is not a whole key"));
    }
}

/* ---- what the services read ---- */

static void has(const char *what)
{
    if (text == NULL || strstr(text, what) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", what, text != NULL ? text : "(nothing)");
    }
}

static void lacks(const char *what)
{
    if (text == NULL || strstr(text, what) != NULL) {
        fail_msg("\"%s\" is in:\n%s", what, text != NULL ? text : "(nothing)");
    }
}

static void hold(char *made)
{
    free(text);
    text = made;
}

static void without_interfaces_every_wired_one_asks(void **state)
{
    (void)state;
    hold(generate_network(NULL));
    has("Type=ether\n");
    has("DHCP=yes\n");
    has("ClientIdentifier=mac\n");
    has("KeepConfiguration=dhcp-on-stop\n");
    lacks("Name=");
}

static void a_tagged_interface_is_three_files(void **state)
{
    (void)state;
    assert_true(read_text("interfaces: {eth0: {address: 10.7.0.20/24, gateway: 10.7.0.1, dns: [10.7.0.2], vlan: 7}}"));
    const struct network_interface *in = &network.interfaces[0];
    hold(generate_network(in));
    has("Name=eth0\n");
    has("VLAN=eth0.7\n");
    lacks("Address=");
    hold(generate_tagged_device(in));
    has("Name=eth0.7\nKind=vlan\n");
    has("Id=7\n");
    hold(generate_tagged_network(in));
    has("Name=eth0.7\n");
    has("DHCP=no\nIPv6AcceptRA=no\nAddress=10.7.0.20/24\nGateway=10.7.0.1\nDNS=10.7.0.2\n");
}

static void the_time_is_that_of_the_file_or_of_dhcp(void **state)
{
    (void)state;
    assert_true(read_text("time: {servers: [ntp.example], nts: true, ca: network.yaml}"));
    hold(generate_time(&network, "/data/chrony", "/run/box/time-ca.pem"));
    has("server ntp.example iburst nts\n");
    has("ntstrustedcerts /run/box/time-ca.pem\nnosystemcert\n");
    has("nocerttimecheck 1\n");
    has("driftfile /data/chrony/drift\n");
    has("rtcsync\n"); /* else no window goes on over a restart of the box */
    lacks("sourcedir");
    assert_true(read_text("time: {servers: [ntp.example], nts: true}"));
    hold(generate_time(&network, "/data/chrony", "/run/box/time-ca.pem"));
    has("server ntp.example iburst nts\n"); /* never without a proof that was asked for */
    has("nosystemcert\n");
    lacks("ntstrustedcerts");
    assert_true(read_text("time: {servers: [ntp.example], ca: network.yaml}"));
    hold(generate_time(&network, "/data/chrony", "/run/box/time-ca.pem"));
    has("server ntp.example iburst\n");
    lacks("cert");
    assert_true(read_text(""));
    hold(generate_time(&network, "/data/chrony", "/run/box/time-ca.pem"));
    has("sourcedir /run/chrony-dhcp\n");
    has("cmdport 0\n");
    lacks("server ");
    lacks("nocerttimecheck");
}

static const struct bus_settings buses[] = {
    {.name = "line-a", .kind = BUS_MODBUS_TCP, .host = "10.7.0.32", .port = 502},
    {.name = "central", .kind = BUS_HL7, .host = "0.0.0.0", .port = 2575},
    {.name = "icu", .kind = BUS_HL7, .host = "10.7.0.20", .port = 2576},
    {.name = "six", .kind = BUS_HL7, .host = "fd00::20", .port = 2577},
    {.name = "here", .kind = BUS_HL7, .host = "127.0.0.1", .port = 2578},
    {.name = "all", .kind = BUS_HL7, .host = "0::0", .port = 2579},
    {.name = "each", .kind = BUS_HL7, .host = "0:0:0:0:0:0:0:0", .port = 2580},
};

static void in_comes_what_is_listened_for(void **state)
{
    (void)state;
    const struct settings settings = {.buses = buses, .bus_count = COUNT(buses)};
    assert_true(read_text("ssh: {keys: [\"" KEY "\"]}"));
    hold(generate_firewall(&network, &settings));
    has("policy drop;\n");
    has("        tcp dport 2575 accept comment \"central\"\n");
    has("        ip daddr 10.7.0.20 tcp dport 2576 accept comment \"icu\"\n");
    has("        ip6 daddr fd00::20 tcp dport 2577 accept comment \"six\"\n");
    has("tcp dport 22 ");
    has("        tcp dport 2579 accept comment \"all\"\n");
    has("        tcp dport 2580 accept comment \"each\"\n");
    lacks("2578");
    lacks("502");
    assert_true(read_text(""));
    hold(generate_firewall(&network, NULL));
    has("policy drop;\n");
    lacks("dport 22 ");
    lacks("2575");
}

static void the_log_goes_where_it_is_wanted(void **state)
{
    (void)state;
    assert_true(read_text("syslog: {target: \"tcp://log.example\"}"));
    hold(generate_syslog(&network, "gw-7e", ""));
    has("target=\"log.example\" port=\"514\" protocol=\"tcp\"");
    has("localHostname=\"gw-7e\"");
    lacks("ossl");
    network.syslog_transport = SYSLOG_TLS;
    hold(generate_syslog(&network, "gw-7e", "/run/box/syslog-ca.pem"));
    has("StreamDriverAuthMode=\"x509/name\"");
    has("StreamDriverPermittedPeers=\"log.example\"");
    has("defaultNetstreamDriverCAFile=\"/run/box/syslog-ca.pem\"");
    assert_true(read_text(""));
    hold(generate_syslog(&network, "gw-7e", ""));
    assert_null(text);
    hold(generate_authorized_keys(&network));
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_says_nothing_gives_the_defaults),
        cmocka_unit_test(the_shipped_example_says_nothing_and_is_right_without_its_marks),
        cmocka_unit_test(every_key_is_taken),
        cmocka_unit_test(each_fault_is_told_with_its_place),
        cmocka_unit_test(servers_that_prove_themselves_to_nobody_are_warned_of),
        cmocka_unit_test(certificates_in_another_form_are_warned_of),
        cmocka_unit_test(certificates_that_nothing_is_held_against_need_not_be_there),
        cmocka_unit_test(a_file_that_is_not_there_is_a_fault),
        cmocka_unit_test(keys_of_every_kind),
        cmocka_unit_test(a_key_that_was_broken_is_warned_of),
        cmocka_unit_test_teardown(without_interfaces_every_wired_one_asks, forget),
        cmocka_unit_test_teardown(a_tagged_interface_is_three_files, forget),
        cmocka_unit_test_teardown(the_time_is_that_of_the_file_or_of_dhcp, forget),
        cmocka_unit_test_teardown(in_comes_what_is_listened_for, forget),
        cmocka_unit_test_teardown(the_log_goes_where_it_is_wanted, forget),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
