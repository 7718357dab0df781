#include "app/box/network_keys.h"

#define SECTION(what, fields_of_it) \
    .name = (what), .fields = (fields_of_it), .count = sizeof(fields_of_it) / sizeof((fields_of_it)[0])
#define KEY(structure, member) .name = #member, .offset = offsetof(struct structure, member)

enum { ADDRESS_MAX = 64, HOST_MAX = 95, PATH_MAX_BYTES = 200, VLAN_MAX = 4094 };

static const struct field interface_fields[] = {
    {KEY(interface_keys, dhcp), .type = FIELD_BOOLEAN,
     .help = "true asks the network for an address; that is so unless address is given"},
    {KEY(interface_keys, address), .type = FIELD_TEXT, .high = ADDRESS_MAX, .sample = "10.7.0.20/24",
     .help = "a fixed address with the length of its network"},
    {KEY(interface_keys, gateway), .type = FIELD_TEXT, .high = ADDRESS_MAX, .sample = "10.7.0.1",
     .help = "the router to other networks; together with address"},
    {KEY(interface_keys, dns), .type = FIELD_LIST, .sample = "[10.7.0.2]", .help = "at most 3 name servers"},
    {KEY(interface_keys, vlan), .type = FIELD_INTEGER, .low = 1, .high = VLAN_MAX, .sample = "7",
     .help = "all of this with this tag, nothing without"},
};
const struct section interface_section = {SECTION("an interface", interface_fields)};

static const struct field time_fields[] = {
    {KEY(time_keys, servers), .type = FIELD_LIST, .sample = "[ntp.example]",
     .help = "at most 4 time servers; without them those that DHCP names"},
    {KEY(time_keys, nts), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true asks them with proof of who they are (NTS); it needs ca, without it the clock is not set"},
    {KEY(time_keys, ca), .type = FIELD_TEXT, .high = PATH_MAX_BYTES, .sample = "tls/time-ca.pem",
     .help = "file with the certificates that may sign those of the time servers (PEM)"},
    {KEY(time_keys, zone), .type = FIELD_TEXT, .high = ADDRESS_MAX, .fallback = "UTC", .sample = "Europe/Berlin",
     .help = "by which shifts begin"},
};
const struct section time_section = {SECTION("time", time_fields)};

static const struct field ssh_fields[] = {
    {KEY(ssh_keys, keys), .type = FIELD_LIST, .is_required = true, .sample = "[\"ssh-ed25519 AAAA... name\"]",
     .help = "public keys whose owners may log in as root; without them nobody can"},
};
const struct section ssh_section = {SECTION("ssh", ssh_fields)};

static const struct field syslog_fields[] = {
    {KEY(syslog_keys, target), .type = FIELD_TEXT, .is_required = true, .high = HOST_MAX, .sample = "tls://log.example",
     .help = "tls://HOST[:PORT], tcp:// or udp://; ports 6514 and 514 unless said"},
    {KEY(syslog_keys, ca), .type = FIELD_TEXT, .high = PATH_MAX_BYTES, .sample = "tls/log-ca.pem",
     .help = "file with the certificates that may sign the target's (PEM); tls:// needs it"},
};
const struct section syslog_section = {SECTION("syslog", syslog_fields)};

static const struct field network_fields[] = {
    {KEY(network_keys, interfaces), .type = FIELD_ENTRIES, .section = &interface_section,
     .sample = "{eth0: {dhcp: true}}", .help = "the network interfaces to use; without this every wired one, by DHCP"},
    {KEY(network_keys, time), .type = FIELD_SECTION, .section = &time_section, .help = "where the time comes from"},
    {KEY(network_keys, ssh), .type = FIELD_SECTION, .section = &ssh_section, .help = "who may log in"},
    {KEY(network_keys, syslog), .type = FIELD_SECTION, .section = &syslog_section,
     .help = "where the log is sent to, too"},
    {KEY(network_keys, console), .type = FIELD_BOOLEAN, .fallback = "true",
     .help = "whether the report is shown on the console"},
    {KEY(network_keys, led), .type = FIELD_TEXT, .high = ADDRESS_MAX, .fallback = "auto",
     .help = "a lamp of /sys/class/leds, auto or none"},
};
const struct section network_section = {SECTION("network.yaml", network_fields)};
