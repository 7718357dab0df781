/*
 * network.h: network.yaml as data: what a box needs to be reached, and nothing of the ward.
 *
 * Read like wardgate.yaml (app/settings): every fault with file:line:column and key, nothing half-applied. A file that
 * says nothing, and one that is not there, give the defaults: DHCP on every wired interface, the time servers that DHCP
 * names, nobody may log in. All texts live in the pool. Thread: that which loads.
 */
#ifndef WARDGATE_NETWORK_H
#define WARDGATE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "app/settings/pool.h"
#include "app/settings/settings.h"

#define NETWORK_INTERFACES_MAX     8
#define NETWORK_INTERFACE_NAME_MAX 15 /* IFNAMSIZ less its NUL */
#define NETWORK_DNS_MAX            3
#define NETWORK_TIME_SERVERS_MAX   4
#define NETWORK_SSH_KEYS_MAX       16

struct network_interface {
    const char *name;
    const char *address; /* 10.7.0.20/24, or an IPv6 one; NULL: by DHCP */
    const char *gateway; /* NULL: none */
    const char *dns[NETWORK_DNS_MAX];
    uint8_t dns_count;
    uint16_t vlan; /* 0: untagged */
};

enum syslog_transport { SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS };

struct network_settings {
    struct network_interface interfaces[NETWORK_INTERFACES_MAX]; /* none: every wired one, by DHCP */
    uint8_t interface_count;
    const char *time_servers[NETWORK_TIME_SERVERS_MAX]; /* none: those that DHCP names */
    uint8_t time_server_count;
    bool nts;
    const char *time_ca;   /* of NTS: a path as it was written, seen from the file's folder; NULL: there is none */
    const char *time_zone; /* UTC */
    const char *ssh_keys[NETWORK_SSH_KEYS_MAX]; /* none: no login at all */
    uint8_t ssh_key_count;
    const char *syslog_host; /* NULL: the log stays here */
    uint16_t syslog_port;
    enum syslog_transport syslog_transport;
    const char *syslog_ca; /* of TLS: a path as it was written, seen from the file's folder */
    bool console;          /* the report is shown there */
    const char *led;       /* of /sys/class/leds; "auto", "none" */
};

/* True: *out is the whole file, or the defaults where it says nothing; what it warns of holds while the file is in force. False: report->fault_count > 0. */
bool network_read(const char *file, struct pool *pool, struct network_settings *out,
                  struct settings_report *report) MUST_CHECK;

/* As if the file said nothing. */
void network_defaults(struct network_settings *out);

#endif
